"""The money was taken back by the bank after the payment, says the feed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Finding
from receivables.payment import FeedStatus
from rules import money_back
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.PAYMENT_RETURNED, when=(a("payment", feed=FeedStatus.RETURNED),))
def payment_returned(reading: Reading, matched: Matched) -> Finding:
    """The bank took the money back after the payment: an ACH return or a bounced check.

    Shows as: the feed reports the payment as returned, with a reason code where it has one.
    Happens when: an ACH debit was returned days or weeks after the payment. R01 and R09 may be paid when tried again; after
    R05, R07, R10, R11 and R29 stop automatic debits and call the customer.
    Remedy: record the return, an entry dated the return day: the receipt stays at its own date, so that the bank matches,
    and the invoice is open again. Where nothing is in the books it closes by itself. Never automatic otherwise.
    Prevention: wait for the settlement of bank debits before they are posted, and stop repeated debits after a return.
    Not to be confused with: a refund, which you gave yourself, or a chargeback, which the cardholder disputes.
    """
    return money_back.went_back(reading, matched)


@rule(Cause.PAYMENT_RETURNED, when=(a("payment", feed=FeedStatus.PAID, told_before=FeedStatus.RETURNED),))
def paid_after_return(reading: Reading, matched: Matched) -> Finding:
    """The feed said that the payment was returned, and says now that it is paid after all.

    Shows as: the status changes from returned to paid.
    Happens when: the debit was tried again and paid, or an older file was imported after a newer one.
    Remedy: retry once the money is in the bank: the payment is posted, or its receipt confirmed. Never automatic.
    Prevention: import the files of the portal in their order.
    Not to be confused with: a new payment of the customer, which has a number of its own.
    """
    return money_back.came_after_all(reading, matched)


CAUSE = CauseFile(
    Cause.PAYMENT_RETURNED,
    title="Payment was returned",
    rules=(payment_returned, paid_after_return),
    sentence=money_back.sentence,
    to_do=money_back.to_do,
    why=money_back.why,
    recorded=True,
)
