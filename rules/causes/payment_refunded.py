"""The money was given back to the customer in the portal, says the feed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Finding
from receivables.payment import FeedStatus
from rules import money_back
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.PAYMENT_REFUNDED, when=(a("payment", feed=FeedStatus.REFUNDED),))
def payment_refunded(reading: Reading, matched: Matched) -> Finding:
    """The money was given back to the customer in the portal.

    Shows as: the feed reports the payment as refunded.
    Happens when: somebody refunded the payment where it was taken.
    Remedy: record the refund as a document of its own, dated the day of the refund. Never void the receipt: the invoice
    would be open again, and an automatic payment would charge it again. Where nothing is in the books it closes by itself.
    Prevention: refund in the portal only after the receipt is in the books, or tell the bookkeeper at the same time.
    Not to be confused with: a payment that the bank took back (payment_returned).
    """
    return money_back.went_back(reading, matched)


@rule(Cause.PAYMENT_REFUNDED, when=(a("payment", feed=FeedStatus.PAID, told_before=FeedStatus.REFUNDED),))
def paid_after_refund(reading: Reading, matched: Matched) -> Finding:
    """The feed said that the payment was refunded, and says now that it is paid after all.

    Shows as: the status changes from refunded to paid.
    Happens when: the refund failed or was canceled, or an older file was imported after a newer one.
    Remedy: retry once the money is known to be there: the payment is posted, or its receipt confirmed. Never automatic.
    Prevention: import the files of the portal in their order.
    Not to be confused with: a new payment of the customer, which has a number of its own.
    """
    return money_back.came_after_all(reading, matched)


CAUSE = CauseFile(
    Cause.PAYMENT_REFUNDED,
    title="Payment was refunded",
    rules=(payment_refunded, paid_after_refund),
    sentence=money_back.sentence,
    to_do=money_back.to_do,
    why=money_back.why,
    recorded=True,
)
