"""Why a payment failed and what may be done about it. The ids are stable for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    RECEIPT_ALREADY_ENTERED = "receipt_already_entered"
    CREDIT_MEMO_APPLIED = "credit_memo_applied"
    INVOICE_RECREATED = "invoice_recreated"
    INVOICE_LATE = "invoice_late"
    UNIDENTIFIED = "unidentified"
    ACCEPTED_UNAPPLIED = "accepted_unapplied"
    OUTCOME_UNKNOWN = "outcome_unknown"
    RECEIPT_DOUBLED = "receipt_doubled"
    RECEIPT_CHANGED = "receipt_changed"
    RECEIPT_DELETED = "receipt_deleted"
    INVOICE_VOIDED = "invoice_voided"
    INVOICE_NOT_READY = "invoice_not_ready"
    PERIOD_CLOSED = "period_closed"
    CUSTOMER_CHANGED = "customer_changed"
    CUSTOMER_INACTIVE = "customer_inactive"
    ACCOUNT_INACTIVE = "account_inactive"
    ACCESS_LOST = "access_lost"
    THROTTLED = "throttled"
    BOOKS_UNAVAILABLE = "books_unavailable"
    CURRENCY_MISMATCH = "currency_mismatch"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE_REFERENCE = "duplicate_reference"
    RECEIPT_DEPOSITED = "receipt_deposited"
    PAYMENT_RETURNED = "payment_returned"
    PAYMENT_REFUNDED = "payment_refunded"
    CUSTOMER_PAID_TWICE = "customer_paid_twice"
    OVERPAYMENT = "overpayment"
    SURCHARGE = "surcharge"
    ENTERED_NET_OF_FEE = "entered_net_of_fee"
    PAYMENT_CHARGED_BACK = "payment_charged_back"
    PAYMENT_FAILED = "payment_failed"
    PAID_BY_RETURNED = "paid_by_returned"


class Remedy(StrEnum):
    UNAPPLY_CREDIT_MEMO = "unapply_credit_memo"
    REVERSE_WRITE_OFF = "reverse_write_off"
    RECREATE_RECEIPT = "recreate_receipt"
    DISMISS = "dismiss"
    NOT_DUPLICATE = "not_duplicate"
    MATCH = "match"
    RECORD_RETURN = "record_return"
    VOID_RECEIPT = "void_receipt"
    APPLY_RECEIPT = "apply_receipt"
    KEEP_ON_ACCOUNT = "keep_on_account"
    POST_ON_OPEN_DAY = "post_on_open_day"
    ACCEPT_CORRECTION = "accept_correction"
    RETRY = "retry"
    WAIT = "wait"
    RECONNECT = "reconnect"
    ESCALATE = "escalate"

    @property
    def label(self) -> str:
        """What people call it, on buttons and in answers."""
        return _LABELS[self]


_LABELS: dict[Remedy, str] = {
    Remedy.UNAPPLY_CREDIT_MEMO: "Unapply credit memo",
    Remedy.REVERSE_WRITE_OFF: "Reverse the write-off",
    Remedy.RECREATE_RECEIPT: "Record receipt",
    Remedy.DISMISS: "Dismiss syncing",
    Remedy.NOT_DUPLICATE: "Not a duplicate: record it",
    Remedy.MATCH: "Match to invoice or customer",
    Remedy.RECORD_RETURN: "Record the return",
    Remedy.VOID_RECEIPT: "Void our receipt",
    Remedy.APPLY_RECEIPT: "Apply receipt",
    Remedy.KEEP_ON_ACCOUNT: "Leave as unapplied credit",
    Remedy.POST_ON_OPEN_DAY: "Post on the first open day",
    Remedy.ACCEPT_CORRECTION: "Accept the change",
    Remedy.RETRY: "Retry",
    Remedy.WAIT: "Wait",
    Remedy.RECONNECT: "Reconnect",
    Remedy.ESCALATE: "Escalate",
}


class Confidence(StrEnum):
    CERTAIN = "certain"
    LIKELY = "likely"
    UNIDENTIFIED = "unidentified"


@dataclass(frozen=True)
class Money:
    """An amount in minor units of its currency."""

    amount_minor: int
    currency: str


#: What a fact may hold; a day is held as its ISO text.
Value = bool | int | str | Money | tuple[str, ...]


@dataclass(frozen=True)
class Fact:
    """One thing observed: its kind, on what document, by whom in the books, when (UTC), and its figures by name.

    `rules` has the kinds and writes their sentences. `said` is the sentence itself where version 0.1.0 stored one.
    """

    fact: str
    document: str = ""
    person: str = ""
    at: datetime | None = None
    values: tuple[tuple[str, Value], ...] = ()
    said: str = ""

    def value(self, name: str) -> Value | None:
        """The value of that name, or None where the fact holds none."""
        return dict(self.values).get(name)

    def money(self, name: str) -> Money:
        """The amount of that name. Raises ValueError where the fact holds none."""
        found = self.value(name)
        if not isinstance(found, Money):
            raise ValueError(f"{self.fact} holds no amount {name!r}")
        return found

    def text(self, name: str) -> str:
        """The text of that name, or "" where the fact holds none."""
        found = self.value(name)
        return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class Finding:
    """One cause that fits the evidence, and what its remedy would touch.

    `applications` are ids of credit applications to take off, `successors` are (allocation line, invoice id),
    `proof` is (receipt id, amount in minor units), `blocked` says why the recommended remedy may not be carried out.
    """

    cause: Cause
    rule: str
    remedy: Remedy
    confidence: Confidence
    alternatives: tuple[Remedy, ...] = ()
    because: tuple[Fact, ...] = ()
    applications: tuple[str, ...] = ()
    successors: tuple[tuple[int, str], ...] = ()
    proof: tuple[tuple[str, int], ...] = ()
    blocked: Fact | None = None

    def facts(self, *kinds: str) -> tuple[Fact, ...]:
        """The facts of these kinds that it rests on, in their order."""
        return tuple(fact for fact in self.because if fact.fact in kinds)


@dataclass(frozen=True)
class Diagnosis:
    """The first finding, the runners-up, what was not checked, and the payment itself as a fact.

    No sentence is kept: `rules.sentence` writes it when it is shown. `said` is the one that version 0.1.0 stored.
    """

    primary: Finding
    runners_up: tuple[Finding, ...] = ()
    not_checked: tuple[Fact, ...] = ()
    payment: Fact = Fact("payment")
    said: str = ""

    @property
    def awaits_books(self) -> bool:
        """Nobody knows yet what happened, or it is tried again: there is nothing to decide, and no doubt to name, until then."""
        return self.primary.cause is Cause.OUTCOME_UNKNOWN or bool(self.primary.facts("not_taken"))
