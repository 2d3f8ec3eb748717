"""QuickBooks Online: its limits, its sign-in, and how a company's books there are opened."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from accounting.description import Connector, Opened, Premises
from accounting.provider import Provider
from accounting.tables import BooksTable
from receivables.effects import EffectKind
from receivables.limits import MINUTE, SECOND, Limit
from receivables.ports import BooksTraits

TRAITS = BooksTraits(
    package="QuickBooks Online",
    orders_per_dispatch=30,  # Intuit's limit of one batch
    at_once=10,  # Intuit's older text; the newer one says 10 a second, which `LIMITS` keeps
    settle_seconds=150.0,  # QuickBooks works on a request for up to 120
    longest_reference=21,  # characters of PaymentRefNum
    documents=(("receipt", "QuickBooks payment"),),  # a sales receipt is another document there
    apply_by_hand="Receive payment › Credits",
    write_off_by_hand="open the credit memo, then More › Void; QuickBooks lets no program do it",
    able=(EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT),
    return_by_hand=(
        "+ New › Journal entry: debit Accounts receivable (A/R) with the customer's name and credit the bank account, dated the "
        "day it went back, with the transaction number in the memo; then open the payment, clear the invoice and check the "
        "journal entry"
    ),
    deposits_hold=True,
    merges_untold=True,
    not_read=(
        "sales receipts",
        "journal entries that credit a customer",
        "bank deposits with lines of their own, and what is written on others",
    ),
)
API = {
    "production": "https://quickbooks.api.intuit.com/",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com/",
}
#: Where people open documents. With the company in it, whichever one they looked at last.
WEB = {"production": "https://qbo.intuit.com/app/login", "sandbox": "https://sandbox.qbo.intuit.com/app/login"}
PAGES = {"invoice": "invoice", "credit memo": "creditmemo", "receipt": "recvpayment"}
#: Intuit: 500 calls a minute and 10 a second for each company and app (developer.intuit.com, limits and throttles).
LIMITS = (
    Limit("minute", 500, MINUTE, 10 * SECOND, block=20),
    Limit("second", 10, SECOND, 10 * SECOND, block=4),
)
#: Batches count as calls as well, and 40 of them are allowed in a minute.
BATCHES = (Limit("batch", 40, MINUTE, 10 * SECOND, block=2),)
SIGN_IN = Provider(
    kind="quickbooks",
    package=TRAITS.package,
    authorize_url="https://appcenter.intuit.com/connect/oauth2",
    token_url="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",  # noqa: S106  # an address
    scopes=("com.intuit.quickbooks.accounting",),
    proof_key=False,
    refresh_life=timedelta(days=100),
    organisation_form=r"[0-9]{1,30}",  # the realm, which comes with the redirect
)


class QuickBooksSettings(BooksTable):
    """Its company is chosen when it is connected."""

    kind: Literal["quickbooks"]
    environment: Literal["production", "sandbox"] = "production"


def _open(books: QuickBooksSettings, premises: Premises) -> Opened:
    from accounting.quickbooks.connector import QuickBooksBooks  # noqa: PLC0415  # only where a company needs it

    api = premises.practice_address("quickbooks_base_url") or API[books.environment]
    realm = premises.organisation()
    calls = premises.calls(f"{api.rstrip('/')}/v3/company/{realm}/", premises.signed_in(), trace_header="intuit_tid")
    return Opened(QuickBooksBooks(calls, premises.clock, premises.marks, addresses(books.environment, realm)), calls)


def addresses(environment: str, realm: str) -> tuple[tuple[str, str], ...]:
    """By kind of document, its page in this company, with {id} where its id belongs."""
    begin = f"{WEB[environment]}?deeplinkcompanyid={realm}&pagereq="
    return tuple((kind, f"{begin}{page}%3FtxnId%3D{{id}}") for kind, page in PAGES.items())


CONNECTOR = Connector(
    table=QuickBooksSettings,
    traits=TRAITS,
    unapplying="done by deleting or changing the zero payment that links memo and invoice",
    open=_open,
    provider=SIGN_IN,
    limits=lambda _: LIMITS,
    scarce={"batch": BATCHES},
    secrets={"client_secret": "quickbooks_client_secret"},
)
