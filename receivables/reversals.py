"""The reversals of a payment: refunds, returns, failures and lost chargebacks, as the feed told them one after another. Pure.

Each is told once. A payment that was refunded and then charged back went out twice, whatever the feed says of it last; a part
that the bank took back is a reversal beside the payment, which stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from receivables.payment import Dispute, FeedStatus, Payment

#: Two words for one event: the money is not there. Where both are told, it did not go out twice.
_NOT_THERE = (FeedStatus.RETURNED, FeedStatus.FAILED)


@dataclass(frozen=True)
class Reversal:
    """So much of the payment, in minor units, went out again; `at` is when, as the feed says, or told us."""

    status: FeedStatus
    at: datetime
    amount_minor: int


def is_over(payment: Payment) -> bool:
    """Whether its money is gone for good: that of an open chargeback is only held."""
    held = payment.status is FeedStatus.CHARGED_BACK and payment.dispute is not Dispute.LOST
    return payment.status is not FeedStatus.PAID and not held


def disputed_minor(payment: Payment) -> int:
    """How much of it the card network holds, where that is another amount than the payment's; else 0."""
    return payment.status_minor if payment.status is FeedStatus.CHARGED_BACK and not is_over(payment) else 0


def told_by(payment: Payment, at: datetime) -> Reversal | None:
    """The reversal that a record of the feed tells; `at` is when it told. None where it tells none."""
    if not is_over(payment):
        return None
    return Reversal(payment.status, min(payment.status_at or at, at), payment.status_minor or payment.amount_minor)


def with_reversal(reversals: Sequence[Reversal], told: Reversal, payment: Payment) -> tuple[Reversal, ...]:
    """The reversals of the payment with this one. What was told before is not told again, nor by another word for one event.

    All of it went out by one word once, on whatever day; parts of equal amount are told from each other by their days.
    """
    words = _NOT_THERE if told.status in _NOT_THERE else (told.status,)
    alike = [reversal for reversal in reversals if reversal.status in words and reversal.amount_minor == told.amount_minor]
    if told.amount_minor < payment.amount_minor and payment.status_at is not None:
        alike = [reversal for reversal in alike if reversal.at == told.at]
    if any(reversal.status is told.status for reversal in alike):
        return tuple(reversals)
    return (*(reversal for reversal in reversals if reversal not in alike), told)


def out_minor(payment: Payment, reversals: Sequence[Reversal]) -> int:
    """How much of it went out in all, in minor units: by these reversals, and by a refund in part beside them."""
    refunds = [reversal for reversal in reversals if reversal.status is FeedStatus.REFUNDED]
    whole = any(refund.amount_minor >= payment.amount_minor for refund in refunds)
    return sum(reversal.amount_minor for reversal in reversals) + (0 if whole else payment.refunded_minor)


def parts(payment: Payment, reversals: Sequence[Reversal]) -> tuple[Reversal, ...]:
    """Those by which only a part of it went out."""
    return tuple(reversal for reversal in reversals if reversal.amount_minor < payment.amount_minor)


def as_held(told: Payment, before_minor: int = 0) -> Payment:
    """A record of the feed as we hold it: where only a part went back, the payment itself is paid and goes on as it is.

    `before_minor` is what went out of it before, in parts: the part that takes the last of it is the end of the payment.
    """
    if not is_over(told) or not 0 < told.status_minor < told.amount_minor - max(before_minor, told.refunded_minor):
        return told
    dispute = told.dispute if told.status is FeedStatus.CHARGED_BACK else Dispute.NONE
    return replace(told, status=FeedStatus.PAID, status_at=None, reason_code="", dispute=dispute, status_minor=0)
