"""The money of the payment never came, says the feed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Finding
from receivables.payment import FeedStatus
from rules import money_back
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.PAYMENT_FAILED, when=(a("payment", feed=FeedStatus.FAILED),))
def payment_failed(reading: Reading, matched: Matched) -> Finding:
    """The portal told of the payment before it was settled, and it failed: no cash ever moved.

    Shows as: the feed reports the payment as failed after it had reported it as paid.
    Happens when: a bank debit was refused before it was settled, or an authorization was let go.
    Remedy: void our receipt: two people, the month open, the receipt in no deposit. One that the books must keep is balanced by
    an entry of its own. Where nothing is in the books it closes by itself.
    Prevention: let the portal report payments once they are settled.
    Not to be confused with: a return (payment_returned), where the money came and went, and the receipt stays.
    """
    return money_back.never_came(reading, matched)


@rule(Cause.PAYMENT_FAILED, when=(a("payment", feed=FeedStatus.PAID, told_before=FeedStatus.FAILED),))
def paid_after_failure(reading: Reading, matched: Matched) -> Finding:
    """The feed said that the payment failed, and says now that it is paid after all.

    Shows as: the status changes from failed to paid.
    Happens when: the debit was tried again and paid, or an older file was imported after a newer one.
    Remedy: retry once the money is known to be there: the payment is posted, or its receipt confirmed. Never automatic.
    Prevention: import the files of the portal in their order.
    Not to be confused with: a new payment of the customer, which has a number of its own.
    """
    return money_back.came_after_all(reading, matched)


CAUSE = CauseFile(
    Cause.PAYMENT_FAILED,
    title="Payment failed in the portal",
    rules=(payment_failed, paid_after_failure),
    sentence=money_back.sentence,
    to_do=money_back.to_do,
    why=money_back.why,
    recorded=True,
)
