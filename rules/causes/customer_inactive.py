"""The customer was made inactive in the books."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.evidence import Evidence
from receivables.refusal import Refusal
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.mergers import may_be_merged
from rules.patterns import a, no
from rules.reading import CustomerState, Reading
from rules.rule import Matched, rule
from rules.situations import refused


@rule(
    Cause.CUSTOMER_INACTIVE,
    when=(a("payment", unposted=True, customer=CustomerState.INACTIVE), no("line", flaw=Flaw.MOVED)),
)
def customer_inactive(reading: Reading, matched: Matched) -> Finding:
    """The customer was made inactive in the books, and these take no receipt for an inactive customer.

    Shows as: nothing can be posted for this customer.
    Happens when: somebody made the customer inactive.
    Remedy: make the customer active again in the books, then retry. Where it was merged into another, and the books do not tell,
    two people match the payment to the customer that remains.
    Prevention: make a customer inactive only when nothing is open and no payment is on its way.
    Not to be confused with: a customer that was merged into another; some books show the merged one only as inactive, and its
    invoices in the other's name.
    """
    because = (*observations.customer(reading), *observations.refusal(reading))
    match = (Remedy.MATCH,) if may_be_merged(reading.evidence) else ()
    return matched.finding(Remedy.RETRY, *match, Remedy.DISMISS, because=because)


@rule(Cause.CUSTOMER_INACTIVE, when=(refused(Refusal.CUSTOMER_INACTIVE),), certain=None)
def customer_inactive_refused(reading: Reading, matched: Matched) -> Finding:
    """The books refused because the customer is inactive, though it reads as active now.

    Shows as: a refusal that says so.
    Happens when: the customer was inactive at that time, or another record of the same name is.
    Remedy: see whether the customer is active in the books, then retry. Only likely: it may have been corrected since.
    Prevention: make a customer inactive only when nothing is open and no payment is on its way.
    Not to be confused with: an inactive deposit account.
    """
    because = (*observations.refusal(reading), *observations.customer(reading))
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    name = phrases.customer(diagnosis)
    if diagnosis.primary.rule == "customer_inactive_refused":
        return f"This payment was rejected because customer {name} was inactive."
    return f"Customer {name} is inactive in the books."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule == "customer_inactive_refused":
        return "Check that the customer is active, then retry."
    again = "Make the customer active, then retry; you can make it inactive again afterward."
    merged = " If it was merged into another customer, two people match the payment to that one."
    return f"{again}{merged if Remedy.MATCH in diagnosis.primary.alternatives else ''}"


def root(finding: Finding, evidence: Evidence) -> str:
    """The customer."""
    return evidence.customer.id if evidence.customer else evidence.payment.customer


CAUSE = CauseFile(
    Cause.CUSTOMER_INACTIVE,
    title="Customer inactive",
    rules=(customer_inactive, customer_inactive_refused),
    sentence=sentence,
    to_do=to_do,
    root=root,
    incident="The customer is inactive in the books. Make the customer active, then retry all of them.",
    setting="a customer is inactive in the books",
)
