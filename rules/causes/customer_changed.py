"""The customer was merged into another, or the invoice was moved to another."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.evidence import Evidence
from receivables.refusal import Refusal
from receivables.words import Words, capitalized
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.near import may_match
from rules.patterns import a
from rules.reading import CustomerState, Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, nothing_but, refused


@rule(Cause.CUSTOMER_CHANGED, when=(a("payment", unposted=True, customer=CustomerState.MERGED),))
def customer_merged(reading: Reading, matched: Matched) -> Finding:
    """The customer was merged into another, and the books take no receipt for a merged customer.

    Shows as: every payment of this customer that came before the merger fails in the same way.
    Happens when: somebody merged two customers; the documents of one moved to the other.
    Remedy: retry: the payment follows its invoices to the remaining customer and is posted there. Where somebody entered the
    receipt by hand meanwhile, dismiss with it as proof.
    Prevention: merge customers when none of their payments is on its way, and tell the portal the remaining customer.
    Not to be confused with: a customer that was only made inactive.
    """
    because = (*observations.customer(reading), *observations.refusal(reading))
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=because)


@rule(
    Cause.CUSTOMER_CHANGED,
    when=(UNPOSTED, a("line", flaw=Flaw.MOVED)),
    whole=(nothing_but(Flaw.MOVED),),
)
def invoice_moved(reading: Reading, matched: Matched) -> Finding:
    """The invoice belongs to another customer now than when the customer paid it.

    Shows as: the invoice is there and open, in another customer's name.
    Happens when: somebody changed the customer of the invoice instead of creating a new one.
    Remedy: move the invoice back; or, where the customer paid for it all the same, or was merged into the other one, two people
    match the payment to it. One customer's money is never put on another customer's invoice by itself.
    Prevention: void an invoice that was created for the wrong customer and create a new one.
    Not to be confused with: another customer's invoice that happens to have the same number.
    """
    match = (Remedy.MATCH,) if may_match(reading.evidence) else ()
    return matched.finding(Remedy.RETRY, *match, Remedy.DISMISS, because=observations.lines_with(reading, Flaw.MOVED))


@rule(Cause.CUSTOMER_CHANGED, when=(refused(Refusal.CUSTOMER_MISMATCH),), certain=None)
def customer_mismatch_refused(reading: Reading, matched: Matched) -> Finding:
    """The books refused because the receipt and an invoice are of different customers, though they read as one.

    Shows as: a refusal that says so.
    Happens when: the invoice belonged to another customer at that time, or to a job or branch of this one.
    Remedy: see in the books whose invoice it is, then retry. Only likely: it may have been moved back since.
    Prevention: let the portal name the customer of the books exactly, with its job or branch.
    Not to be confused with: an invoice that plainly belongs to another customer now.
    """
    because = (*observations.refusal(reading), *observations.customer(reading))
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=because)


def why(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if merged := finding.facts("customer_merged"):
        return f"Merged into {merged[0].text('into')}"
    if moved := finding.facts("invoice_moved"):
        return f"{capitalized(phrases.documents(moved))} moved to another customer"
    return "The invoice is another customer's"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding, name = diagnosis.primary, phrases.customer(diagnosis)
    if finding.rule == "customer_mismatch_refused":
        return f"This payment was rejected because an invoice is not customer {name}'s."
    if finding.rule == "invoice_moved":
        moved = finding.facts("invoice_moved")
        belong = "belongs" if len(moved) == 1 else "belong"
        return f"{capitalized(phrases.documents(moved))} {belong} to another customer than {name} now."
    into = finding.facts("customer_merged")[0].text("into")
    return f"Customer {name} was merged into {into}, and no receipt can be posted to a merged customer."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    match diagnosis.primary.rule:
        case "customer_mismatch_refused":
            return "See whose it is, correct it, then retry."
        case "invoice_moved":
            return (
                "Correct that in the books, then retry; or two people match the payment to it by its number. Money is never put "
                "on another customer's invoice by itself."
            )
    return "Retry to post it to the remaining customer, who has the invoices now."


def root(finding: Finding, evidence: Evidence) -> str:
    """The customer."""
    return evidence.customer.id if evidence.customer else evidence.payment.customer


CAUSE = CauseFile(
    Cause.CUSTOMER_CHANGED,
    title="Customer merged or moved",
    rules=(customer_merged, invoice_moved, customer_mismatch_refused),
    sentence=sentence,
    to_do=to_do,
    why=why,
    root=root,
    incident="The customer was merged or moved in the books. Check which customer the invoices belong to now, then "
    "retry all of them.",
    setting="a customer was merged or moved in the books",
)
