"""Causes that nothing but the books' own refusal shows: an inactive account, a reference that is used already."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.patterns import a, neither, no
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(
    Cause.ACCOUNT_INACTIVE,
    when=(a("payment", unposted=True, refusal="account_inactive"),),
    certain=(a("customer", active=True, merged=False), no("line", flaw=neither("fits"))),
)
def account_inactive(reading: Reading, matched: Matched) -> Conclusion:
    """The account in which the money is deposited was made inactive, archived or deleted in the books.

    Shows as: every payment of the same method and currency is refused, whatever its invoices.
    Happens when: somebody closed the deposit or clearing account that the company's settings name.
    Remedy: make the account active again or name another in the settings, then retry; one change mends all of them.
    Prevention: before an account is closed in the books, change the deposit account of the company first.
    Not to be confused with: an inactive customer, which concerns the payments of that customer only.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.refusal(reading))


@rule(
    Cause.ACCOUNT_INACTIVE,
    when=(a("payment", unposted=True, refusal="reference_inactive"), a("customer", active=True, merged=False)),
    certain=None,
)
def reference_inactive(reading: Reading, matched: Matched) -> Conclusion:
    """The books refused because something the receipt names is inactive; the customer is active, so it is likely the account.

    Shows as: a refusal that says that something is inactive and not what.
    Happens when: the deposit account, or the account for what customers owe, was made inactive.
    Remedy: see which account is inactive, make it active again or name another in the settings, then retry.
    Prevention: before an account is closed in the books, change the deposit account of the company first.
    Not to be confused with: an inactive customer, which is read and named.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.refusal(reading))


@rule(Cause.DUPLICATE_REFERENCE, when=(a("payment", unposted=True, refusal="duplicate_reference"),), certain=None)
def duplicate_reference(reading: Reading, matched: Matched) -> Conclusion:
    """The books say that a receipt of this number is there already, and it is none that we can recognise.

    Shows as: a refusal that says so, though no receipt of the customer carries this payment's mark or its money.
    Happens when: the payment was recorded under another customer, or long ago, or the number was used for other money.
    Remedy: look for the number in the books. Where it is this money, dismiss with it as proof; else free the number and retry.
    Prevention: enter the portal's transaction number only on the receipt of that transaction.
    Not to be confused with: a receipt entered by hand that is found (receipt_already_entered), or a feed that brings the same
    transaction number with other content, which is told when it comes in.
    """
    del matched
    return Conclusion(Remedy.ESCALATE, (Remedy.DISMISS, Remedy.RETRY), observations.refusal(reading))
