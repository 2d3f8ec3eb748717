"""Effects: the writes we intend to make in the books, and what their answers mean.

Pure words and functions. The state machine is a table, the classifier of answers is one total function,
and whatever it does not know is *unknown*, because calling an unknown write a failure doubles it and
calling it done loses it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from receivables.books_records import CreditMemo, Customer, Gone, Invoice, MoneyOutKind, Receipt, ReceiptLine
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown


class EffectKind(StrEnum):
    RECEIPT = "receipt"  # record a receipt and apply it
    UNAPPLY_CREDIT = "unapply_credit"  # remove one application of a credit memo from an invoice
    APPLY_CREDIT = "apply_credit"  # apply a credit memo to an invoice (reapply, or compensate)
    APPLY_RECEIPT = "apply_receipt"  # change what a live receipt is applied to
    RECORD_RETURN = "record_return"  # record the entry by which a receipt's money left again
    VOID_RECEIPT = "void_receipt"  # take back a receipt of ours that no cash stands behind
    VOID_CREDIT = "void_credit"  # take back a credit memo that is applied to nothing


class EffectState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REFUSED_STALE = "refused_stale"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NEEDS_PERSON = "needs_person"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


#: Every permitted step; storage refuses any other.
STEPS: Mapping[EffectState, frozenset[EffectState]] = {
    EffectState.PLANNED: frozenset({EffectState.SENDING, EffectState.CANCELLED}),
    EffectState.SENDING: frozenset(
        {EffectState.DONE, EffectState.REFUSED_STALE, EffectState.FAILED, EffectState.UNKNOWN, EffectState.PLANNED}
    ),
    EffectState.UNKNOWN: frozenset({EffectState.DONE, EffectState.SENDING, EffectState.NEEDS_PERSON}),
    EffectState.NEEDS_PERSON: frozenset({EffectState.DONE, EffectState.CANCELLED}),
    EffectState.DONE: frozenset({EffectState.SUPERSEDED}),
    EffectState.REFUSED_STALE: frozenset(),
    EffectState.FAILED: frozenset(),
    EffectState.CANCELLED: frozenset(),
    EffectState.SUPERSEDED: frozenset(),
}

#: It may have reached the books, and nobody knows yet.
IN_FLIGHT = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.NEEDS_PERSON)
#: Something is still to become of it.
OPEN_STATES = (EffectState.PLANNED, *IN_FLIGHT)
#: A receipt effect in one of these may be, or become, a receipt in the books: at most one per part.
LIVE_STATES = (*OPEN_STATES, EffectState.DONE)
#: By these a part of the payment itself is recorded, or taken out; the others are about credits.
OF_PARTS = (EffectKind.RECEIPT, EffectKind.APPLY_RECEIPT, EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT)


@dataclass(frozen=True)
class ReceiptWrite:
    """Record a receipt of `amount_minor`, applied to `lines`; what the lines leave stays on account."""

    customer_id: str
    currency: str
    amount_minor: int
    received_on: date
    method: str
    reference: str  # the transaction number, as people look for it
    memo: str  # a sentence for the bookkeeper; the connector adds our marker
    deposit_account: str
    lines: tuple[ReceiptLine, ...] = ()
    kind: EffectKind = field(default=EffectKind.RECEIPT, init=False)

    @property
    def on_account_minor(self) -> int:
        return self.amount_minor - sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True)
class UnapplyCredit:
    """Remove one application of a credit memo from its invoice."""

    application_id: str
    credit_memo_id: str
    invoice_id: str
    amount_minor: int
    kind: EffectKind = field(default=EffectKind.UNAPPLY_CREDIT, init=False)


@dataclass(frozen=True)
class ApplyCredit:
    """Apply `amount_minor` of a credit memo to an invoice."""

    credit_memo_id: str
    invoice_id: str
    amount_minor: int
    kind: EffectKind = field(default=EffectKind.APPLY_CREDIT, init=False)


@dataclass(frozen=True)
class ApplyReceipt:
    """Apply a live receipt to exactly these lines; the rest stays on account."""

    receipt_id: str
    lines: tuple[ReceiptLine, ...]
    kind: EffectKind = field(default=EffectKind.APPLY_RECEIPT, init=False)


@dataclass(frozen=True)
class RecordReturn:
    """Record that a receipt's money left again: an entry of its own day. The receipt stays at its date and amount.

    `memo` is a sentence for the bookkeeper; the connector adds our marker.
    """

    receipt_id: str
    out: MoneyOutKind
    amount_minor: int
    on: date
    memo: str
    off: tuple[ReceiptLine, ...] = ()  # what comes off its invoices
    kind: EffectKind = field(default=EffectKind.RECORD_RETURN, init=False)


@dataclass(frozen=True)
class VoidReceipt:
    """Void a receipt of ours; never a deletion, where the package tells the two apart."""

    receipt_id: str
    kind: EffectKind = field(default=EffectKind.VOID_RECEIPT, init=False)


@dataclass(frozen=True)
class VoidCredit:
    """Void a credit memo that is applied to nothing any more, so that nobody spends it; never a deletion."""

    credit_memo_id: str
    kind: EffectKind = field(default=EffectKind.VOID_CREDIT, init=False)


Write = ReceiptWrite | UnapplyCredit | ApplyCredit | ApplyReceipt | RecordReturn | VoidReceipt | VoidCredit


@dataclass(frozen=True)
class Part:
    """One receipt of the one or more that a payment needs in these books."""

    number: int
    write: ReceiptWrite


@dataclass(frozen=True)
class Order:
    """One committed effect on its way to the books.

    `key` is the idempotency key, `marker` is written into the document so that it can be found again,
    `versions` are those of the documents read a moment ago (document id to version).
    """

    effect_id: str
    key: str
    marker: str
    write: Write
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dispatch:
    """Orders sent to the books in one call. `deadline` is monotonic seconds: nothing leaves after it."""

    key: str
    orders: tuple[Order, ...]
    deadline: float


@dataclass(frozen=True)
class Written:
    """The books did it. `trace` is the vendor's own handle for support, where it gives one."""

    document_id: str
    version: str
    trace: str = ""


Answer = Written | BooksError


class Verdict(StrEnum):
    DONE = "done"
    AGAIN = "again"  # definitely not done; may be tried again
    REFUSED = "refused"  # definitely not done; will not pass unchanged
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """What an answer means for the effect."""

    verdict: Verdict
    document_id: str = ""
    version: str = ""
    code: str = ""
    message: str = ""
    retry_after_seconds: float | None = None
    access_lost: bool = False
    trace: str = ""


def classify(answer: object) -> Outcome:
    """What an answer, or whatever was raised instead of one, means. Total: anything not known here is unknown."""
    match answer:
        case Written(document_id=str(document_id), version=str(version), trace=str(trace)) if document_id:
            return Outcome(Verdict.DONE, document_id=document_id, version=version, trace=trace)
        case AccessLost():
            return Outcome(Verdict.AGAIN, code=answer.code, message=answer.message, access_lost=True)
        case BooksUnavailable():
            return Outcome(
                Verdict.AGAIN, code=answer.code, message=answer.message, retry_after_seconds=answer.retry_after_seconds
            )
        case BooksRefused():
            return Outcome(Verdict.REFUSED, code=answer.refusal.value, message=answer.message)
        case _:
            return Outcome(Verdict.UNKNOWN, code=OutcomeUnknown.code, message=_in_words(answer))


def _in_words(answer: object) -> str:
    """An answer for the log. One that fails to describe itself must not turn an unknown write into a crash."""
    try:
        return f"{type(answer).__name__}: {answer}"[:500]
    except Exception:
        return type(answer).__name__


def next_state(verdict: Verdict) -> EffectState:
    """Where a sending effect goes with this verdict."""
    return {
        Verdict.DONE: EffectState.DONE,
        Verdict.AGAIN: EffectState.PLANNED,
        Verdict.REFUSED: EffectState.FAILED,
        Verdict.UNKNOWN: EffectState.UNKNOWN,
    }[verdict]


def _digest(*words: str) -> str:
    text = "|".join(word.replace("\\", "\\\\").replace("|", "\\|") for word in words)
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()


def effect_key(company: str, transaction_number: str, what: str, generation: int) -> str:
    """The idempotency key: the same intent always has the same key, a deliberate second one has another.

    36 characters, because QuickBooks allows no more in a batch (`requestid` elsewhere 50, Xero 128).
    `what` is the kind and what tells it from its siblings, such as "receipt/1".
    """
    return _digest("key-v1", company, transaction_number, what, str(generation))[:36]


@lru_cache(4096)  # each payment is asked for several times in a batch
def marker_stem(company: str, transaction_number: str) -> str:
    """What every receipt of one payment carries in the books, whatever its part and generation."""
    return "rn-" + _digest("marker-v1", company, transaction_number)[:16]


def marker(company: str, transaction_number: str, part: int, generation: int) -> str:
    """The marker of one part in one generation: its stem, then part and generation."""
    return f"{marker_stem(company, transaction_number)}.{part}.{generation}"


def place_of(marker: str) -> tuple[int, int]:
    """The part and the generation that a marker is of."""
    _, part, generation = marker.split(".")
    return int(part), int(generation)


def stem_of(marker: str) -> str:
    """What all markers of one payment begin with (`marker_stem`)."""
    return marker.partition(".")[0]


def credit_marker(key: str) -> str:
    """The marker of a credit that is applied under this key: of another form, so that it is never taken for a receipt's."""
    return f"rc-{key[:16]}"


_MARKER = re.compile(r"rn-[a-z2-7]{16}\.[0-9]{1,3}\.[0-9]{1,6}")
_CREDIT_MARKER = re.compile(r"rc-[a-z2-7]{16}")


def markers_in(text: str) -> tuple[str, ...]:
    """Every marker of ours in a memo, as written; copying a receipt by hand copies them too."""
    return tuple(_MARKER.findall(text))


def credit_markers_in(text: str) -> tuple[str, ...]:
    """Every marker of a credit that we applied."""
    return tuple(_CREDIT_MARKER.findall(text))


def stems_in(text: str) -> frozenset[str]:
    """The payments of which a memo carries markers of ours, by their stems."""
    return frozenset(stem_of(marker) for marker in markers_in(text))


Facts = dict[str, str | int | bool | list[str]]


def facts_of(document: Customer | Invoice | CreditMemo | Receipt | Gone) -> Facts:
    """What of a document a decision rests on. A bumped version alone changes none of it."""
    match document:
        case Invoice():
            return {
                "status": document.status.value,
                "customer": document.customer_id,
                "currency": document.currency,
                "open_minor": document.open_minor,
            }
        case CreditMemo():
            return {
                "customer": document.customer_id,
                "open_minor": document.open_minor,
                "applications": sorted(f"{a.id}:{a.invoice_id}:{a.amount_minor}" for a in document.applications),
            }
        case Receipt():
            return {
                "customer": document.customer_id,
                "amount_minor": document.amount_minor,
                "unapplied_minor": document.unapplied_minor,
                "voided": document.voided,
                "deposited": document.deposited,
                "texts": sorted(document.written),
                "lines": sorted(f"{line.invoice_id}:{line.amount_minor}" for line in document.lines),
            }
        case Customer():
            return {"active": document.active, "merged_into": document.merged_into}
        case Gone():
            return {"gone": True}
