"""What the causes `payment_returned` and `payment_refunded` share: money that the feed says went back.

Some of it is told when it comes in (`sync/intake.py`), before anything is read; the functions with a diagnosis as their
answer say then what the rules would say later.
"""

from __future__ import annotations

from datetime import datetime

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Money, Remedy
from receivables.payment import FeedStatus, Payment, PaymentState
from receivables.words import Words, plain
from rules import fact_kinds, observations, phrases
from rules.kinds import kind
from rules.reading import Reading
from rules.rule import Matched

INTAKE = "intake"  # the rule of what is told when it comes in


@kind
def paid_after_all(fact: Fact, words: Words, *, before: str, state: str) -> str:
    return (
        f"The feed said that {fact.document} was {before} and now says that it is paid after all. "
        f"Nothing is changed automatically; the payment is {state}."
    )


@kind
def partly_refunded(fact: Fact, words: Words, *, refunded: Money, whole: Money) -> str:
    return (
        f"{fact_kinds.money(words, refunded)} of the {fact_kinds.money(words, whole)} of {fact.document} was refunded in the "
        "portal. Its receipt stays at the whole amount; record the refund in the books by your own procedure."
    )


def went_back(payment: Payment, at: datetime) -> Diagnosis:
    """The feed now says that the money of this payment went back, and a receipt of it may be in the books."""
    cause = _cause_of(payment.status)
    fact = fact_kinds.payment_returned if cause is Cause.PAYMENT_RETURNED else fact_kinds.payment_refunded
    return at_intake(cause, payment, fact(_label(payment), Stamp("", at)))


def came_after_all(payment: Payment, before: FeedStatus, state: PaymentState, at: datetime) -> Diagnosis:
    """The feed takes back that the money went back."""
    fact = paid_after_all(_label(payment), Stamp("", at), before=before.value, state=state.value)
    return at_intake(_cause_of(before), payment, fact)


def gave_back_partly(payment: Payment, refunded_minor: int, at: datetime) -> Diagnosis:
    """A part of the payment was refunded in the portal, in minor units; the payment itself goes on as it is."""
    refunded, whole = Money(refunded_minor, payment.currency), Money(payment.amount_minor, payment.currency)
    fact = partly_refunded(_label(payment), Stamp("", at), refunded=refunded, whole=whole)
    return at_intake(Cause.PAYMENT_REFUNDED, payment, fact)


def at_intake(cause: Cause, payment: Payment, fact: Fact) -> Diagnosis:
    """What is told when it comes in: one certain fact."""
    finding = Finding(cause, INTAKE, Remedy.RETRY, Confidence.CERTAIN, because=(fact,))
    return Diagnosis(finding, payment=observations.the_payment(payment))


def _label(payment: Payment) -> str:
    return f"payment {plain(payment.transaction_number)}"


def _cause_of(status: FeedStatus) -> Cause:
    return Cause.PAYMENT_RETURNED if status is FeedStatus.RETURNED else Cause.PAYMENT_REFUNDED


def money_gone(reading: Reading, matched: Matched) -> Finding:
    """Nothing is ever posted for money that is gone. What is in the books is a person's to reverse."""
    entered = tuple(observations.hand_receipt(found) for found in reading.suspects)
    because = (*observations.money_back(reading), *observations.our_receipts(reading), *entered)
    if reading.unposted and not entered:
        return matched.finding(Remedy.DISMISS, Remedy.ESCALATE, because=because)
    return matched.finding(Remedy.ESCALATE, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding, number = diagnosis.primary, phrases.transaction(diagnosis)
    returned = finding.cause is Cause.PAYMENT_RETURNED
    what, so = ("returned", "reverse it") if returned else ("refunded", "record the refund")
    if finding.facts("paid_after_all", "partly_refunded"):
        return phrases.told(finding.because, words)
    if finding.rule == INTAKE:
        return (
            f"The feed now says that payment {number} was {what}. If a receipt for it is in the books, {so} by your own "
            "procedure; nothing is changed automatically."
        )
    said = f"The feed says that payment {number} of {phrases.amount(diagnosis, words)} was {what}."
    entered = finding.facts("receipt_ours", "receipt_by_hand")
    if not entered:
        return f"{said} Nothing of it is in the books; it can be dismissed."
    receipts = phrases.documents(entered)
    so = f"Reverse {receipts}" if returned else f"Record the refund of {receipts}"
    return f"{said} {so} in the books by your own procedure; nothing is changed automatically."
