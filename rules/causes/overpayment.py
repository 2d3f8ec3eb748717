"""The customer paid more than the invoice is for."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import overpaid
from rules.cause_file import CauseFile
from rules.invoice_lines import Over
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST


@rule(
    Cause.OVERPAYMENT,
    when=overpaid.overpaid(Over.EXCESS),
    whole=overpaid.only_overpaid(Over.EXCESS),
    certain=SAFE_TO_POST,
)
def amount_over_invoice(reading: Reading, matched: Matched) -> Finding:
    """The customer paid more than the whole invoice is for, alone or together with other payments of theirs.

    Shows as: less is open than was paid, though nobody but other payments of the portal took anything from the invoice.
    Happens when: the customer rounded up or paid a balance that was partly paid, or the invoice's total was lowered since.
    Remedy: apply what the invoice takes and leave the rest as an unapplied credit, or apply it to another open invoice of the
    customer; nothing is rounded away silently. A refund is recorded in the books against that credit.
    Prevention: show in the portal what is paid already, and send a changed invoice there before the customer pays.
    Not to be confused with: an invoice of the full amount of which something else took a part.
    """
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=overpaid.facts(reading))


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"Overpaid by {overpaid.excess(diagnosis, words)}"


CAUSE = CauseFile(
    Cause.OVERPAYMENT,
    title="Overpayment",
    rules=(amount_over_invoice,),
    sentence=overpaid.sentence,
    to_do=overpaid.to_do,
    why=why,
)
