"""Causes that lie in the customer: made inactive, merged into another, or the invoice moved to another."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.invoice_lines import Flaw
from rules.patterns import a, neither, no
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(Cause.CUSTOMER_CHANGED, when=(a("payment", unposted=True), a("customer", merged=True)))
def customer_merged(reading: Reading, matched: Matched) -> Conclusion:
    """The customer was merged into another, and the books take no receipt for a merged customer.

    Shows as: every payment of this customer that came before the merger fails in the same way.
    Happens when: somebody merged two customers; the documents of one moved to the other.
    Remedy: retry: the payment follows its invoices to the remaining customer and is posted there. Where somebody entered the
    receipt by hand meanwhile, dismiss with it as proof.
    Prevention: merge customers when none of their payments is on its way, and tell the portal the remaining customer.
    Not to be confused with: a customer that was only made inactive.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.customer(reading) + observations.refusal(reading))


@rule(
    Cause.CUSTOMER_INACTIVE,
    when=(a("payment", unposted=True), a("customer", active=False, merged=False), no("line", flaw="moved")),
)
def customer_inactive(reading: Reading, matched: Matched) -> Conclusion:
    """The customer was made inactive in the books, and these take no receipt for an inactive customer.

    Shows as: nothing can be posted for this customer.
    Happens when: somebody made the customer inactive.
    Remedy: make the customer active again in the books, then retry.
    Prevention: make a customer inactive only when nothing is open and no payment is on its way.
    Not to be confused with: a customer that was merged into another; some books show the merged one only as inactive, and its
    invoices in the other's name.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.customer(reading) + observations.refusal(reading))


@rule(Cause.CUSTOMER_INACTIVE, when=(a("payment", unposted=True, refusal="customer_inactive"),), certain=None)
def customer_inactive_refused(reading: Reading, matched: Matched) -> Conclusion:
    """The books refused because the customer is inactive, though it reads as active now.

    Shows as: a refusal that says so.
    Happens when: the customer was inactive at that time, or another record of the same name is.
    Remedy: see whether the customer is active in the books, then retry. Only likely: it may have been mended since.
    Prevention: make a customer inactive only when nothing is open and no payment is on its way.
    Not to be confused with: an inactive deposit account.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.refusal(reading) + observations.customer(reading))


@rule(
    Cause.CUSTOMER_CHANGED,
    when=(a("payment", unposted=True), a("line", flaw="moved")),
    whole=(no("line", flaw=neither("fits", "moved")),),
)
def invoice_moved(reading: Reading, matched: Matched) -> Conclusion:
    """The invoice belongs to another customer now than when the client paid it.

    Shows as: the invoice is there and open, in another customer's name.
    Happens when: somebody changed the customer of the invoice instead of making a new one.
    Remedy: move the invoice back, or dismiss the payment with a receipt entered by hand as proof. One customer's money is
    never put on another customer's invoice by itself.
    Prevention: void an invoice that was made for the wrong customer and make a new one.
    Not to be confused with: another customer's invoice that happens to have the same number.
    """
    del matched
    moved = [line for line in reading.lines if line.flaw is Flaw.MOVED]
    because = tuple(dict.fromkeys(fact for line in moved for fact in observations.line(reading, line)))
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), because)


@rule(Cause.CUSTOMER_CHANGED, when=(a("payment", unposted=True, refusal="customer_mismatch"),), certain=None)
def customer_mismatch_refused(reading: Reading, matched: Matched) -> Conclusion:
    """The books refused because the receipt and an invoice are of different customers, though they read as one.

    Shows as: a refusal that says so.
    Happens when: the invoice belonged to another customer at that time, or to a job or branch of this one.
    Remedy: see in the books whose invoice it is, then retry. Only likely: it may have been moved back since.
    Prevention: let the portal name the customer of the books exactly, with its job or branch.
    Not to be confused with: an invoice that plainly belongs to another customer now.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.refusal(reading) + observations.customer(reading))
