"""The money was taken back by the bank after the payment, says the feed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Finding
from receivables.payment import FeedStatus
from rules.cause_file import CauseFile
from rules.money_back import money_gone, sentence
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.PAYMENT_RETURNED, when=(a("payment", feed=FeedStatus.RETURNED),))
def payment_returned(reading: Reading, matched: Matched) -> Finding:
    """The bank took the money back after the payment: the books must not count it.

    Shows as: the feed reports the payment as returned.
    Happens when: an ACH debit was returned, or the customer's bank reversed it, days or weeks after the payment.
    Remedy: where a receipt is in the books, reverse it by your own procedure; where none is, dismiss. Never automatic.
    Prevention: wait for the settlement of bank debits before they are posted, and stop repeated debits after a return.
    Not to be confused with: a refund, which you gave yourself.
    """
    return money_gone(reading, matched)


CAUSE = CauseFile(
    Cause.PAYMENT_RETURNED, title="Payment was returned", rules=(payment_returned,), sentence=sentence, recorded=True
)
