"""Causes that lie in the customer: made inactive."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(Cause.CUSTOMER_INACTIVE, when=(a("payment", unposted=True), a("customer", active=False, merged=False)))
def customer_inactive(reading: Reading, matched: Matched) -> Conclusion:
    """The customer was made inactive in the books, and these take no receipt for an inactive customer.

    Shows as: nothing can be posted for this customer.
    Happens when: somebody made the customer inactive.
    Remedy: make the customer active again in the books, then retry.
    Not to be confused with: a customer that was merged into another.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.customer(reading) + observations.refusal(reading))
