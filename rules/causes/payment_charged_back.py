"""The cardholder disputed the payment and the card network took or holds the money, says the feed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Finding
from receivables.payment import Dispute, FeedStatus
from rules import money_back
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.PAYMENT_CHARGED_BACK, when=(a("payment", feed=FeedStatus.CHARGED_BACK),))
def payment_charged_back(reading: Reading, matched: Matched) -> Finding:
    """The cardholder disputed the payment: open, won or lost.

    Shows as: the feed reports a chargeback. While the dispute is open the card network holds the money.
    Happens when: a cardholder does not know the charge, or is not content with what was delivered.
    Remedy: while it is open, wait, and the receipt stays as it is; or record the chargeback at once. Lost: record the
    chargeback, an entry dated its day, and its fee apart; the receipt stays and the invoice is open again. Won: it ends by
    itself; where the chargeback was recorded, that entry is taken out again.
    Prevention: a name on the statement that customers know, and an answer to the dispute in time.
    Not to be confused with: an ACH return (payment_returned), or a refund that you gave yourself.
    """
    lost = reading.evidence.payment.dispute is Dispute.LOST
    return money_back.went_back(reading, matched) if lost else money_back.held_by_the_network(reading, matched)


@rule(Cause.PAYMENT_CHARGED_BACK, when=(a("payment", feed=FeedStatus.PAID, told_before=FeedStatus.CHARGED_BACK),))
def paid_after_chargeback(reading: Reading, matched: Matched) -> Finding:
    """The feed said that the payment was charged back, and says now that it is paid, not that the dispute was won.

    Shows as: the status changes from charged_back to paid without an outcome.
    Happens when: the portal does not tell how disputes end, or an older file was imported after a newer one.
    Remedy: retry once the money is known to be there: the payment is posted, or its receipt confirmed. Never automatic.
    Prevention: import the outcome of disputes.
    Not to be confused with: a dispute that was won, which ends by itself.
    """
    return money_back.came_after_all(reading, matched)


CAUSE = CauseFile(
    Cause.PAYMENT_CHARGED_BACK,
    title="Payment was charged back",
    rules=(payment_charged_back, paid_after_chargeback),
    sentence=money_back.sentence,
    to_do=money_back.to_do,
    why=money_back.why,
    recorded=True,
)
