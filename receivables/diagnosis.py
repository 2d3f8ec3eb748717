"""Why a payment failed and what may be done about it. The ids are stable for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    RECEIPT_ALREADY_ENTERED = "receipt_already_entered"
    CREDIT_MEMO_APPLIED = "credit_memo_applied"
    INVOICE_RECREATED = "invoice_recreated"
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


class Remedy(StrEnum):
    UNAPPLY_CREDIT_MEMO = "unapply_credit_memo"
    RECREATE_RECEIPT = "recreate_receipt"
    DISMISS = "dismiss"
    APPLY_RECEIPT = "apply_receipt"
    KEEP_ON_ACCOUNT = "keep_on_account"
    RETRY = "retry"
    WAIT = "wait"
    RECONNECT = "reconnect"
    ESCALATE = "escalate"


class Confidence(StrEnum):
    CERTAIN = "certain"
    LIKELY = "likely"
    UNIDENTIFIED = "unidentified"


@dataclass(frozen=True)
class Fact:
    """One thing observed: which, on what document, by whom in the books, when (UTC). `text` is a sentence for people."""

    fact: str
    document: str
    text: str
    person: str = ""
    at: datetime | None = None


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
    blocked: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """The first finding, the runners-up, and what was not checked. `sentence` says what happened, for people."""

    primary: Finding
    sentence: str
    runners_up: tuple[Finding, ...] = ()
    not_checked: tuple[str, ...] = ()
