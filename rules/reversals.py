"""What is said of money that went out of a payment in part, more than once, or not at all after it was recorded.

Told when it comes in, before anything is read; what ends it by itself is in `sync/part_refunds.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Money, Remedy
from receivables.payment import FeedStatus, Payment
from receivables.reversals import Reversal, out_minor
from receivables.words import Words, day_of, listed, plain
from rules import observations
from rules.fact_kinds import money
from rules.kinds import kind
from rules.money_back import CAUSES, INTAKE

_ALREADY = "Its receipt stays at the whole amount."
_NOT_YET = "No receipt for it is in the books yet; one that is recorded is for the whole amount."


@kind
def partly_refunded(
    fact: Fact, words: Words, *, refunded: Money, whole: Money, ways: tuple[str, ...] = (), posted: bool = True
) -> str:
    """`ways` (so it is stored) where a part went out otherwise than by a refund; `posted` where a receipt is in the books."""
    receipt = _ALREADY if posted else _NOT_YET
    if ways:
        return f"Of the {money(words, whole)} of {fact.document}, {_went(ways, whole, words)}. {receipt}"
    return f"{money(words, refunded)} of the {money(words, whole)} of {fact.document} was refunded in the portal. {receipt}"


@kind
def out_twice(fact: Fact, words: Words, *, ways: tuple[str, ...], out: Money, whole: Money) -> str:
    """Each of the `ways` (so it is stored) is a status, its day where the feed told one, and minor units."""
    excess = money(words, Money(out.amount_minor - whole.amount_minor, whole.currency))
    if any(way.startswith(FeedStatus.FAILED) for way in ways):
        sum_up = f"{excess} went out for a payment that never came"
    else:
        sum_up = f"{money(words, out)} went out for one payment of {money(words, whole)}"
    return f"Of {fact.document}, {_went(ways, whole, words)}: {sum_up}."


@kind
def won_again(fact: Fact, words: Words, *, amount: Money, entry: str = "") -> str:
    recorded = f", and the books have it as {plain(entry)}" if entry else ""
    return (
        f"The dispute over {fact.document} was won: {money(words, amount)} came back. Before, it was recorded as gone{recorded}."
    )


def gave_back_partly(payment: Payment, reversals: Sequence[Reversal], at: datetime, words: Words, *, posted: bool) -> Diagnosis:
    """A part of the payment went out, by these reversals and by a refund in part; the payment itself goes on."""
    status = reversals[-1].status if reversals else FeedStatus.REFUNDED
    fact = partly_refunded(
        _label(payment),
        Stamp("", at),
        refunded=Money(out_minor(payment, reversals), payment.currency),
        whole=Money(payment.amount_minor, payment.currency),
        ways=_told(payment, reversals, words) if reversals else (),
        posted=posted,
    )
    return _at_intake(CAUSES[status], payment, fact)


def went_out_twice(payment: Payment, reversals: Sequence[Reversal], at: datetime, words: Words) -> Diagnosis:
    """More went out than the payment brought in."""
    fact = out_twice(
        _label(payment),
        Stamp("", at),
        ways=_told(payment, reversals, words),
        out=Money(out_minor(payment, reversals), payment.currency),
        whole=Money(payment.amount_minor, payment.currency),
    )
    return _at_intake(CAUSES[reversals[-1].status], payment, fact, Remedy.DISMISS)


def won_after_recorded(payment: Payment, amount_minor: int, entry: str, at: datetime) -> Diagnosis:
    """A chargeback beside another reversal is won after it was settled in the books."""
    fact = won_again(_label(payment), Stamp("", at), amount=Money(amount_minor, payment.currency), entry=entry)
    return _at_intake(Cause.PAYMENT_CHARGED_BACK, payment, fact, Remedy.DISMISS)


def _at_intake(cause: Cause, payment: Payment, fact: Fact, *alternatives: Remedy) -> Diagnosis:
    """What is told when it comes in: one certain fact."""
    finding = Finding(cause, INTAKE, Remedy.RECORD_RETURN, Confidence.CERTAIN, alternatives, because=(fact,))
    return Diagnosis(finding, payment=observations.the_payment(payment))


def _label(payment: Payment) -> str:
    return f"payment {plain(payment.transaction_number)}"


def _told(payment: Payment, reversals: Sequence[Reversal], words: Words) -> tuple[str, ...]:
    """The reversals as a fact holds them; a refund in part, whose day nobody told, first."""
    beside_minor = out_minor(payment, reversals) - sum(reversal.amount_minor for reversal in reversals)
    beside = (f"{FeedStatus.REFUNDED}  {beside_minor}",) if beside_minor else ()
    days = [day_of(reversal.at, words.time_zone).isoformat() for reversal in reversals]
    return (*beside, *(f"{told.status} {day} {told.amount_minor}" for told, day in zip(reversals, days, strict=True)))


def _went(ways: Sequence[str], whole: Money, words: Words) -> str:
    """$500.00 was refunded on Mar 4, 2026 and charged back on Mar 9, 2026"""
    said, before = list[str](), 0
    for way in ways:
        status, day, minor = way.split(" ")
        on = f" on {words.day(date.fromisoformat(day))}" if day else ""
        if status == FeedStatus.FAILED:
            said.append(f"failed{on}" if before else f"{money(words, whole)} failed{on}")
            before = before or whole.amount_minor
            continue
        amount = "" if int(minor) == before else f"{money(words, Money(int(minor), whole.currency))} was "
        said.append(f"{amount}{status.replace('_', ' ')}{on}")
        before = int(minor)
    return listed(said)
