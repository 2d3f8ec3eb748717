"""Xero: its limits, its sign-in, and how a company's books there are opened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from accounting.description import Connector, Opened, Premises
from accounting.provider import Provider
from accounting.tables import BooksTable
from receivables.effects import EffectKind
from receivables.limits import DAY, MINUTE, SECOND, Limit
from receivables.ports import BooksTraits

TRAITS = BooksTraits(
    package="Xero",
    orders_per_dispatch=50,  # Xero's advice for one request
    at_once=5,  # for each organization (developer.xero.com, API limits)
    settle_seconds=120.0,  # what Xero had begun when the connection broke is long done by then
    documents=(("receipt", "Xero payment"), ("credit memo", "credit note")),
    apply_by_hand="Allocate credit, on the overpayment",
    write_off_by_hand="remove the allocation of the credit note, then Credit Note Options › Void",
    able=(EffectKind.VOID_RECEIPT, EffectKind.VOID_CREDIT),
    return_by_hand=(
        "Spend Money from the bank account, dated the day it went back, to the customer, with the transaction number as "
        "reference; code it to a clearing account, and bill the customer again with an invoice coded to the same account. An "
        "overpayment is refunded on itself: Options › Refund"
    ),
    unnamed_account="Overpayments and prepayments, whose account is not told",
    not_read=("received money booked straight to an account", "manual journals"),
)
API = "https://api.xero.com/api.xro/2.0/"
CALLS_PER_DAY = 5000  # where the plan allows no fewer
_ID, _NAME, _TYPE = "tenantId", "tenantName", "tenantType"  # in Xero's list of organizations


def limits(calls_per_day: int = CALLS_PER_DAY) -> tuple[Limit, ...]:
    """Xero: 60 calls a minute, and so many in 24 hours as the plan of the app allows (developer.xero.com, API limits)."""
    return (
        Limit("minute", 60, MINUTE, 10 * SECOND, block=5),
        Limit("day", calls_per_day, DAY, 3600 * SECOND, block=10),
    )


def _organisations(listed: Any) -> dict[str, str]:
    return {str(entry[_ID]): str(entry[_NAME]) for entry in listed if entry[_TYPE] == "ORGANISATION"}


#: The granular scopes: apps made since 2 March 2026 have no others, older ones may ask for them since April 2026
#: (apideck.com and docs.codat.io on Xero's scopes; Xero's own OpenAPI of July 2026 still lists the broad ones).
SIGN_IN = Provider(
    kind="xero",
    package=TRAITS.package,
    authorize_url="https://login.xero.com/identity/connect/authorize",
    token_url="https://identity.xero.com/connect/token",  # noqa: S106  # an address
    scopes=(
        "offline_access",
        "accounting.invoices",  # invoices, credit notes and their allocations
        "accounting.payments",  # payments, and overpayments put on invoices
        "accounting.banktransactions",  # money on account is entered as a bank transaction
        "accounting.contacts.read",
        "accounting.settings.read",  # lock dates, accounts, home currency
    ),
    proof_key=True,
    refresh_life=timedelta(days=60),
    organisations_url="https://api.xero.com/connections",
    organisations=_organisations,
)


class XeroSettings(BooksTable):
    """Its organization is chosen when it is connected. `calls_per_day` is what the app's plan allows."""

    kind: Literal["xero"]
    calls_per_day: int = Field(
        CALLS_PER_DAY, ge=100, le=100_000, description="Write a whole number from 100 to 100000, without quotes"
    )


def _open(_: XeroSettings, premises: Premises) -> Opened:
    from accounting.xero.connector import XeroBooks  # noqa: PLC0415  # only where a company needs it

    api = premises.practice_address("xero_base_url") or API
    company, organisation = premises.company, premises.organisation()
    calls = premises.calls(api, premises.signed_in(), trace_header="xero-correlation-id")
    account = company.deposit_accounts.get("default", "")
    books = XeroBooks(
        calls,
        premises.clock,
        organisation=organisation,
        time_zone=company.time_zone,
        deposit_account=account,
        index=premises.marks,
    )
    return Opened(books, calls)


CONNECTOR = Connector(
    table=XeroSettings,
    traits=TRAITS,
    unapplying="done by deleting the allocation",
    open=_open,
    provider=SIGN_IN,
    limits=lambda books: limits(books.calls_per_day),
    secrets={"client_secret": "xero_client_secret"},
)
