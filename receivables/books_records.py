"""What the books hold, as every connector reports it: one shape for all packages, no vendor's words.

Amounts are minor units of the record's currency, moments are UTC, days are the books' own calendar.
`version` changes whenever the books change the record; by itself it means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import quote

from receivables.credit_reasons import CreditReason


@dataclass(frozen=True)
class Stamp:
    """Who did something, and when; `person` is the books' own name for them and may be empty."""

    person: str
    at: datetime


@dataclass(frozen=True)
class Gone:
    """The books say plainly that this document was deleted. A read that failed never produces one."""

    kind: str
    id: str
    deleted: Stamp | None = None
    number: str = ""


class InvoiceStatus(StrEnum):
    OPEN = "open"
    PAID = "paid"
    VOIDED = "voided"
    DRAFT = "draft"


@dataclass(frozen=True)
class Customer:
    id: str
    name: str
    active: bool
    version: str
    created: Stamp
    changed: Stamp
    merged_into: str = ""
    parent_id: str = ""  # the customer that it is a job or branch of, where the books tell
    full_name: str = ""  # its name below those of its parents, such as "Hooli:West", where the books write one


@dataclass(frozen=True)
class Invoice:
    id: str
    number: str
    customer_id: str
    currency: str
    total_minor: int
    open_minor: int
    status: InvoiceStatus
    issued_on: date
    version: str
    created: Stamp
    changed: Stamp
    due_on: date | None = None  # where the books tell
    origin: str = ""  # what it was made from, such as an estimate, or the order it names; where the books tell
    items: tuple[str, ...] = ()  # what its lines are for, in their order; () where the books do not give them along


ITEMS_AT_MOST, ITEM_AT_MOST = 50, 100  # lines of an invoice, and characters of each: enough to tell invoices apart


def items_of(lines: Iterable[str]) -> tuple[str, ...]:
    """What lines are for, from the item and the words of each; one with neither is left out."""
    said = (" ".join(line.split())[:ITEM_AT_MOST] for line in lines)
    return tuple(filter(None, said))[:ITEMS_AT_MOST]


def heir_of(customer_id: str, customers: Mapping[str, Customer]) -> str:
    """Who has the documents of a customer now: whoever it was merged into, however often."""
    passed = {customer_id}
    while (known := customers.get(customer_id)) and known.merged_into and known.merged_into not in passed:
        customer_id = known.merged_into
        passed.add(customer_id)
    return customer_id


@dataclass(frozen=True)
class CreditApplication:
    """A part of a credit memo applied to one invoice."""

    id: str
    credit_memo_id: str
    credit_memo_number: str
    invoice_id: str
    amount_minor: int
    applied: Stamp
    shared: bool = False  # the books cannot take it off without taking off another one
    # Of the memo itself, where it was read beside:
    made: Stamp | None = None
    reason: CreditReason = CreditReason.GENUINE
    said: str = ""  # the words on it that tell why it was made
    dated: date | None = None
    of_minor: int = 0  # its total


@dataclass(frozen=True)
class CreditMemo:
    id: str
    number: str
    customer_id: str
    currency: str
    total_minor: int
    open_minor: int
    issued_on: date
    version: str
    created: Stamp
    changed: Stamp
    applications: tuple[CreditApplication, ...] = ()
    reason: str = ""  # its item or reason, in the books' own words: "Bad debt", "Rebill", "Sales tax"
    memo: str = ""
    voided: bool = False


@dataclass(frozen=True)
class ReceiptLine:
    """The part of a receipt applied to one invoice."""

    invoice_id: str
    amount_minor: int


def by_invoice(lines: Iterable[ReceiptLine]) -> dict[str, int]:
    """Invoice id to amount in minor units, several lines on one invoice added up, in the order given."""
    amounts: dict[str, int] = {}
    for line in lines:
        amounts[line.invoice_id] = amounts.get(line.invoice_id, 0) + line.amount_minor
    return amounts


@dataclass(frozen=True)
class Receipt:
    id: str
    number: str
    customer_id: str
    currency: str
    amount_minor: int
    unapplied_minor: int
    received_on: date
    method: str
    reference: str
    memo: str
    deposit_account: str
    deposited: bool
    voided: bool
    version: str
    created: Stamp
    changed: Stamp
    lines: tuple[ReceiptLine, ...] = ()
    texts: tuple[str, ...] = ()  # whatever else somebody wrote on it: lines, move, statement
    deposit: str = ""  # the number or name of the bank deposit it is in, where the books tell
    rate_sent: str = ""  # the exchange rate that we sent, where the books have it at another one:
    rate_booked: str = ""  # that one

    @property
    def written(self) -> tuple[str, ...]:
        """Every text of it in which a bookkeeper can have written a transaction number."""
        return tuple(text for text in (self.number, self.reference, self.memo, self.deposit, *self.texts) if text)

    def applied_to(self, invoice_id: str) -> int:
        """What of this receipt stands on that invoice, in minor units."""
        return sum(line.amount_minor for line in self.lines if line.invoice_id == invoice_id)


class MoneyOutKind(StrEnum):
    """Why money went out again. Stored words, so they do not change."""

    RETURN = "return"  # the bank took it back: an ACH return, a bounced check
    REFUND = "refund"  # the company paid it back
    CHARGEBACK = "chargeback"  # the cardholder disputed it
    FEE = "fee"  # what the bank or the processor charged beside; no part of the receipt


@dataclass(frozen=True)
class MoneyOut:
    """An entry that pays out what a receipt had brought in, or a fee for it; the receipt itself keeps its date and amount."""

    id: str
    number: str
    kind: MoneyOutKind
    customer_id: str
    currency: str
    amount_minor: int
    on: date
    receipt_id: str
    version: str
    created: Stamp
    memo: str = ""


@dataclass(frozen=True)
class Balances:
    """What the general ledger holds at the end of a day, as far as it is read; debits in minor units.

    A balance that is missing is not told: `why_not` says why, and where in the package somebody finds it.
    """

    accounts: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by currency, and account as receipts name it
    receivables: Mapping[str, int] = field(default_factory=dict)  # by currency, less what is kept apart as customers' deposits
    in_home_currency: bool = False  # whatever currencies are in an account, its balance is one sum in the home currency
    deposited_on: Mapping[str, date] | None = None  # by receipt id the day of its bank deposit; None where it is not told
    why_not: str = ""


@dataclass(frozen=True)
class BooksSettings:
    """What of the books' own settings decides whether a receipt will be taken."""

    home_currency: str
    closed_through: date | None  # the last day of the last closed period
    auto_applies_credits: bool = False
    last_reopened: Stamp | None = None  # who opened a closed period last, and when, where the books tell
    addresses: tuple[tuple[str, str], ...] = field(default=(), compare=False)  # by kind of document its page, with {id} in it

    def page_of(self, kind: str, document_id: str) -> str:
        """The address of a document's page in this company's books, as people open it; "" where there is none."""
        address = dict(self.addresses).get(kind, "")
        return address.replace("{id}", quote(document_id, safe="")) if address and document_id else ""


Document = Customer | Invoice | CreditMemo | Receipt


@dataclass(frozen=True)
class UnreadableReceipt:
    """A receipt with a figure or a day that is none: what can be read of it, so that it does not count as absent."""

    id: str
    customer_id: str
    texts: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Changes:
    """What changed in the books since a cursor, oldest first, and the cursor to ask with next time."""

    documents: tuple[Document, ...]
    gone: tuple[Gone, ...]
    cursor: str
    more: bool
    unreadable: tuple[UnreadableReceipt, ...] = ()
