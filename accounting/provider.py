"""Where companies sign in to their package, what we ask them for there, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Provider:
    """One package's sign-in by OAuth 2.0, and how long a renewal token lives unused."""

    kind: str  # as configured, and the purpose under which tokens are stored
    package: str
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    proof_key: bool  # PKCE
    refresh_life: timedelta
    organisations_url: str = ""  # where one sign-in may open several organizations
    organisations: Callable[[Any], Mapping[str, str]] = dict  # id to name, of what is answered there
    organisation_form: str = r".+"  # of the id that comes back with the person, where there is no such list

    def at(self, base_url: str) -> Provider:
        """The same at another address, for a practice provider on this machine."""
        base = base_url.rstrip("/")
        organisations_url = f"{base}/connections" if self.organisations_url else ""
        return replace(self, authorize_url=f"{base}/authorize", token_url=f"{base}/token", organisations_url=organisations_url)
