"""The money was given back to the customer in the portal, says the feed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Finding
from receivables.payment import FeedStatus
from rules.cause_file import CauseFile
from rules.money_back import money_gone, sentence
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.PAYMENT_REFUNDED, when=(a("payment", feed=FeedStatus.REFUNDED),))
def payment_refunded(reading: Reading, matched: Matched) -> Finding:
    """The money was given back to the customer in the portal.

    Shows as: the feed reports the payment as refunded.
    Happens when: somebody refunded the payment where it was taken.
    Remedy: where a receipt is in the books, record the refund there by your own procedure; where none is, dismiss.
    Prevention: refund in the portal only after the receipt is in the books, or tell the bookkeeper at the same time.
    Not to be confused with: a payment that the bank took back (payment_returned).
    """
    return money_gone(reading, matched)


CAUSE = CauseFile(
    Cause.PAYMENT_REFUNDED, title="Payment was refunded", rules=(payment_refunded,), sentence=sentence, recorded=True
)
