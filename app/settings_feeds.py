"""Where a company's payments come from besides files: a Stripe account, and the address that receives messages.

Keys and webhook secrets are no settings: `FeedAccess` takes them from the environment when they are needed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from accounting.tables import Table
from app.secrets import practice_address, read_secret, variable_of
from receivables.company import Company
from receivables.errors import ConfigurationError

if TYPE_CHECKING:
    from feeds.polled import PolledFeed

SHORTEST_SECRET = 24  # characters; what is shorter can be guessed

#: The name of a field of metadata, as Stripe allows them.
MetadataName = Annotated[str, StringConstraints(max_length=40, pattern=r"\A[^\x00-\x1f\x7f\[\]]*\z")]


class StripeFeedSettings(Table):
    """Charges of a Stripe account. Each value names the metadata field to read; "" is the charge's id, or nothing."""

    kind: Literal["stripe"]
    transaction_number: MetadataName = ""
    customer: Annotated[MetadataName, Field(min_length=1)] = "customer"
    customer_id: MetadataName = ""
    invoices: MetadataName = "invoices"


class HttpSettings(Table):
    """Where `resolve-now run` listens for messages. Port 0 is any free one."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\A[0-9A-Za-z.:-]+\z")] = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65_535)


class FeedAccess:
    """Keys and secrets of the companies' feeds, read from the environment when they are needed and never shown."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    def polled(self, company: Company, settings: StripeFeedSettings | None) -> PolledFeed | None:
        """The feed that a company polls, if it has one. Asks nothing yet."""
        if settings is None:
            return None
        from feeds.stripe import StripeFeed, StripeFields  # noqa: PLC0415  # the SDK takes half a second to import

        named = StripeFields(settings.transaction_number, settings.customer, settings.customer_id, settings.invoices)
        address = practice_address("stripe_base_url", self._environment) or ""
        return StripeFeed(company, named, lambda: self._stripe_key(company.id), address)

    def webhook_secrets(self, company_id: str) -> tuple[str, ...]:
        """The secrets that may sign messages for this company; none where it receives no messages."""
        return self._secrets(f"{company_id}_webhook_secret")

    def stripe_webhook_secrets(self, company_id: str) -> tuple[str, ...]:
        """The secrets of this company's webhook endpoints at Stripe; none where it receives no such messages."""
        return self._secrets(f"{company_id}_stripe_webhook_secret")

    def metrics_token(self) -> str | None:
        """What whoever asks for figures must show; None where only this machine may ask."""
        held = read_secret("metrics_token", self._environment)
        if held is not None and len(held.reveal()) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"{variable_of('metrics_token')} is too short. Use at least {SHORTEST_SECRET} characters that nobody can guess."
            )
        return held.reveal() if held else None

    def _stripe_key(self, company_id: str) -> str:
        key = read_secret(f"{company_id}_stripe_api_key", self._environment)
        if key is None:
            raise ConfigurationError(
                f"{variable_of(f'{company_id}_stripe_api_key')} is not set. Stripe cannot be read without it."
            )
        return key.reveal()

    def _secrets(self, name: str) -> tuple[str, ...]:
        """Several are separated by spaces or line ends: during a change, the old and the new secret are valid."""
        held = read_secret(name, self._environment)
        secrets = tuple(held.reveal().split()) if held else ()
        if any(len(secret) < SHORTEST_SECRET for secret in secrets):
            raise ConfigurationError(
                f"{variable_of(name)} is too short. Use at least {SHORTEST_SECRET} characters that nobody can guess."
            )
        return secrets
