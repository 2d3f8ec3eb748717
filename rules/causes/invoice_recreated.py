"""The invoice was deleted, or voided, and created again."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words, capitalized
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import by, money
from rules.invoice_lines import Flaw
from rules.matching import SUCCESSOR_POSSIBLE
from rules.patterns import a, at_least, no
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, UNPOSTED, nothing_but


@rule(
    Cause.INVOICE_RECREATED,
    when=(UNPOSTED, a("line", flaw=Flaw.LOST, mendable=True, successor_score=at_least(SUCCESSOR_POSSIBLE))),
    whole=(nothing_but(Flaw.LOST), no("line", flaw=Flaw.LOST, mendable=False)),
    certain=(*SAFE_TO_POST, a("payment", replaced_surely=True)),
)
def invoice_recreated(reading: Reading, matched: Matched) -> Finding:
    """The invoice that the customer paid was deleted or voided and created again, so our link to it is broken.

    Shows as: the invoice is deleted or voided, and another one of the customer is open in its place.
    Happens when: somebody recreated the invoice instead of changing it, often for another amount. Certain when the books say
    the old one is deleted, and exactly one of the same number with enough open was created afterwards for the customer.
    Remedy: recreate the receipt on the new invoice, which has a due date of its own; the month of the old one's sales tax and
    commission is for the controller to check; what does not fit stays an unapplied credit. Where several could be meant,
    a person chooses, and may name any other invoice of the customer.
    Prevention: change an invoice instead of deleting it, or void it and tell the customer which one to pay.
    Not to be confused with: an invoice that was voided for good, or one that came late and replaces none (invoice_late).
    """
    lost = [line for line in reading.lines if line.flaw is Flaw.LOST]
    chosen = tuple((line.source.line, line.replacement.id) for line in lost if line.replacement is not None and line.mendable)
    return matched.finding(
        Remedy.RECREATE_RECEIPT,
        Remedy.KEEP_ON_ACCOUNT,
        Remedy.DISMISS,
        because=observations.lines_with(reading, Flaw.LOST),
        successors=chosen,
    )


def why(diagnosis: Diagnosis, words: Words) -> str:
    lost = diagnosis.primary.facts("invoice_deleted", "invoice_voided")
    did = "deleted" if lost[0].fact == "invoice_deleted" else "voided"
    return f"{capitalized(phrases.documents(lost))} {did} and recreated"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    lost = diagnosis.primary.facts("invoice_deleted", "invoice_voided")
    return phrases.all_of(_lost(diagnosis, invoice, words) for invoice in lost)


def _lost(diagnosis: Diagnosis, invoice: Fact, words: Words) -> str:
    what = phrases.lost_invoice(diagnosis, invoice, words)
    new = [fact for fact in diagnosis.primary.facts("invoice_may_replace") if fact.text("replaces") == invoice.document]
    if len(new) != 1 or not diagnosis.primary.successors:  # several that look the same are one fact
        number = str(len(new)) if len(new) > 1 else "several"
        return f"{what}; {number} invoices could be its replacement. Choose one."
    number = "of the same number" if new[0].value("same_number") else f"number {new[0].document.removeprefix('invoice ')}"
    on = f" on {words.day(new[0].at)}" if new[0].at else ""
    created = f"{what}; {by(new[0].person)} created one {number}{on}, with {money(words, new[0].money('open'))} open"
    return f"{created}.{phrases.what_is_left(new[0], words)}"


CAUSE = CauseFile(
    Cause.INVOICE_RECREATED,
    title="Invoice deleted and recreated",
    rules=(invoice_recreated,),
    sentence=sentence,
    why=why,
)
