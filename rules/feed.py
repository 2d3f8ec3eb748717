"""Causes that the feed tells: the money went back to the client after it was taken in."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


def _went_back(reading: Reading) -> Conclusion:
    """Nothing is ever posted for money that is gone. What stands in the books is a person's to take out."""
    entered = tuple(observations.hand_receipt(found) for found in reading.suspects)
    because = observations.money_back(reading) + observations.our_receipts(reading) + entered
    if reading.unposted and not entered:
        return Conclusion(Remedy.DISMISS, (Remedy.ESCALATE,), because)
    return Conclusion(Remedy.ESCALATE, (Remedy.DISMISS,), because)


@rule(Cause.PAYMENT_RETURNED, when=(a("payment", feed="returned"),))
def payment_returned(reading: Reading, matched: Matched) -> Conclusion:
    """The bank took the money back after the payment: the books must not count it.

    Shows as: the feed reports the payment as returned.
    Happens when: a debit bounced, or the client's bank reversed it, days or weeks after the payment.
    Remedy: where a receipt stands in the books, take it out by your own procedure; where none does, dismiss. Never automatic.
    Prevention: wait for the settlement of bank debits before they are posted, and stop repeated debits after a return.
    Not to be confused with: a refund, which you gave yourself.
    """
    del matched
    return _went_back(reading)


@rule(Cause.PAYMENT_REFUNDED, when=(a("payment", feed="refunded"),))
def payment_refunded(reading: Reading, matched: Matched) -> Conclusion:
    """The money was given back to the client in the portal.

    Shows as: the feed reports the payment as refunded.
    Happens when: somebody refunded the payment where it was taken.
    Remedy: where a receipt stands in the books, record the refund there by your own procedure; where none does, dismiss.
    Prevention: refund in the portal only after the receipt is in the books, or tell the bookkeeper at the same time.
    Not to be confused with: a payment that the bank took back (payment_returned).
    """
    del matched
    return _went_back(reading)
