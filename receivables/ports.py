"""What rooms need from each other, as protocols; implementations are handed in by `app`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from receivables.books_records import Balances, BooksSettings, Changes, CreditMemo, Customer, Gone, Invoice, MoneyOut, Receipt
from receivables.company import Company
from receivables.diagnosis import Remedy
from receivables.effects import Answer, Dispatch, EffectKind, Order, Part, Written
from receivables.payment import Payment


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The moment, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; for deadlines inside one process."""


class Ids(Protocol):
    """The only source of identities."""

    def new(self) -> str:
        """A fresh opaque id of 26 characters that nobody can guess."""


class Wake(Protocol):
    """Runs the scheduler of the same process early, so that a decision does not wait for its next turn."""

    def wake(self) -> None: ...


@dataclass(frozen=True)
class BooksTraits:
    """What a connector must be asked before planning for it."""

    package: str  # "Embedded books", "QuickBooks Online" ...
    orders_per_dispatch: int
    settle_seconds: float  # after a deadline, how long a late write may still land in these books
    at_once: int = 1  # reads of one company that may be on their way together; writes never overlap
    longest_reference: int = 0  # characters a receipt's reference is cut at; 0 where it never is
    able: tuple[EffectKind, ...] = ()  # what it writes at our order beyond receipts and what they and credits are applied to
    not_read: tuple[str, ...] = ()  # kinds of documents in which a receipt could hide and that are not read
    apply_by_hand: str = ""  # where in the package somebody applies an unapplied receipt, in words that end a sentence
    write_off_by_hand: str = ""  # how somebody takes the credit memo of a write-off back there, in words that end a sentence
    return_by_hand: str = ""  # how somebody records there that a receipt's money went back, in words that end a sentence
    documents: tuple[tuple[str, str], ...] = ()  # what people call a document there, by our word for it: ("receipt", "payment")
    unnamed_account: str = "Undeposited Funds"  # where the money of a receipt is that names no account
    deposits_hold: bool = False  # a receipt in a deposit or a closed month stays on its invoice whatever became of its money
    merges_untold: bool = False  # a customer that was merged into another reads as inactive, and nothing says into whom


#: Whether this look at the books is one of several questions asked together: what the others were answered then stays.
ASKED_TOGETHER: ContextVar[bool] = ContextVar("asked together", default=False)


class Books(Protocol):
    """A company's accounting package. One object is bound to one company.

    Reads return what the books hold; they raise BooksUnavailable, AccessLost or BooksRefused, and an
    answer never leaves out a document silently: a deleted one is `Gone`, one that could not be read raises.
    Nothing here retries a write.
    """

    @property
    def traits(self) -> BooksTraits: ...

    def settings(self) -> BooksSettings: ...

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        """What changed since the cursor ("" is from the beginning), in bounded pages.

        With `receipts_only`, books that keep receipts in lists of their own ask for no others, and leave the others' places
        in the cursor where they are; whoever reads all in one question answers all.
        """

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]: ...

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]: ...

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        """Every living invoice with one of these numbers, of whatever customer."""

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]: ...

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        """Every credit memo with an application on one of these invoices."""

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]: ...

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        """Every receipt of these customers received on or after that day that is not voided."""

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        """The receipts, not voided, that carry a marker with one of these stems; every stem is a key."""

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        """The returns, refunds, chargebacks and fees recorded against these receipts, oldest first; every id is a key.

        Books whose entries are not read answer nothing for each, and say so in `traits.not_read`.
        """

    def reconciled(self, receipts: Collection[Receipt]) -> Collection[str]:
        """The ids of those that are reconciled with the bank though they do not show it: the bank has their money."""

    def only_for_invoices(self, accounts: Collection[str]) -> Collection[str]:
        """Those of these deposit accounts that take what is applied to invoices, and no rest."""

    def balances(self, first: date, last: date) -> Balances:
        """The general ledger at the end of `last`, and the bank deposits dated `first` and later, as far as they are read."""

    def parts(self, payment: Payment, lines: Sequence[tuple[str, int]], company: Company, customer_id: str) -> Sequence[Part]:
        """How these books record the payment: which receipts, together adding up to it. Pure; asks nobody.

        `lines` are (invoice id, amount in minor units); what they leave of the amount stays on account.
        """

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        """For each order, every trace that it was carried out: none, one, or (a person must see it) several."""

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        """Carries the orders out, once, and answers for each in order. A raised BooksError answers for all."""


class MarkIndex(Protocol):
    """What was mirrored of the markers on receipts, for books that cannot be asked for a marker."""

    def carrying(self, stems: Collection[str]) -> tuple[str, Mapping[str, Collection[str]]]:
        """The cursor up to which the books were mirrored, and by stem the ids of the receipts that carry or carried it."""


class Feed(Protocol):
    """Where payments come from."""

    @property
    def name(self) -> str:
        """For people: the file's name, "Stripe" ..."""

    @property
    def digest(self) -> str:
        """Identifies the content, so that an interrupted intake resumes and a second one is recognized."""

    def payments(self) -> Iterator[Payment]:
        """Every payment, already validated. Raises FeedError with all that is wrong before the first."""


@dataclass(frozen=True)
class Choice:
    """What a person chose for a payment: which offer, on what evidence it was shown, why, and what the remedy was told."""

    company: str
    transaction_number: str
    remedy: Remedy
    offer_id: str
    evidence_id: str
    reason: str
    options: Mapping[str, object]


@dataclass(frozen=True)
class Decided:
    """What became of a decision so far: its id, its state, and words for the person."""

    id: str
    state: str
    words: str


class Deciding(Protocol):
    """Where what people press becomes decisions. Raises NotPermitted, StaleDecision and NotFound, with words to show.

    Nothing here writes to the books; what is accepted is carried out within seconds by the journey.
    """

    def choose(self, choice: Choice, *, by: str) -> Decided:
        """A person chose a remedy on the evidence they were shown. The same offer again gives the same decision."""

    def choose_all(self, company: str, incident_id: str, remedy: Remedy, *, by: str) -> str:
        """One remedy for every open payment of an incident, each checked again first. Returns words for the person."""

    def take(self, company: str, subject_kind: str, subject: str, *, by: str) -> str:
        """A person takes ownership of an incident or an escalation. Returns words for the person."""

    def assign(self, company: str, failure_id: str, to: str | None, *, by: str, note: str = "") -> str:
        """Gives a failure to somebody, with a note for them, or to nobody. Returns words for the person."""

    def snooze(self, company: str, failure_id: str, until: str, *, by: str) -> str:
        """Sets a failure aside until the morning of a day like "2026-03-16"; "" brings it back. Returns words for the person."""

    def approve(self, company: str, decision_id: str, *, by: str) -> Decided:
        """A second person agrees."""

    def decline(self, company: str, decision_id: str, *, by: str) -> Decided:
        """A person with the right says no, or the one who asked takes it back."""

    def reopen(self, company: str, transaction_number: str, *, by: str) -> None:
        """Undoes a dismissal."""

    def look_again(self, company: str) -> None:
        """Asks for a sync of the company as soon as possible."""


@dataclass(frozen=True)
class ReportFile:
    """A file to send; `alt` says in words what a picture shows, and is "" where it is none."""

    name: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True)
class Report:
    """A report as it is sent to somebody: what it says in short, and its files."""

    said: Sequence[str]
    files: Sequence[ReportFile]


class Reporting(Protocol):
    """Where the month-end package of a company is made, and lists as files."""

    def month_end(self, company: str, month: str) -> Report:
        """Takes as long as it takes. Raises ReceivablesError, as for a `month` that is not like "2026-03"."""

    def failures(self, companies: Sequence[str]) -> Report:
        """The failed payments of these companies, as a CSV file and a workbook."""


class TokenVault(Protocol):
    """Keeps tokens encrypted, one row for each company and purpose, refreshed by one process at a time."""

    def read(self, company: str, purpose: str) -> str: ...

    def exclusively(self, company: str, purpose: str) -> AbstractContextManager[str]:
        """The newest token while no other process can refresh it."""

    def store(self, company: str, purpose: str, token: str) -> None:
        """Durable before it is used."""


class CallBudget(Protocol):
    """How many calls a company's books still allow; reserved in blocks, never a write per call."""

    def take(self, company: str, calls: int) -> float:
        """Seconds to wait and then ask again; 0.0 is now, and only then are the calls counted as made."""
