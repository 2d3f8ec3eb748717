"""The invoice came into the books after the customer paid, and is not plainly what they paid."""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import by, money
from rules.invoice_lines import Flaw
from rules.patterns import a, no
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, nothing_but


@rule(
    Cause.INVOICE_LATE,
    when=(UNPOSTED, a("line", flaw=Flaw.LATE, mendable=True)),
    whole=(nothing_but(Flaw.LATE), no("line", flaw=Flaw.LATE, mendable=False)),
    certain=None,
)
def invoice_late(reading: Reading, matched: Matched) -> Finding:
    """The invoice was entered in the books after the customer paid, and may be another one than they paid.

    Shows as: the books had no invoice of that number when the customer paid, and have one now.
    Happens when: the late invoice is dated after the payment, is smaller than what was paid for it, or there are several.
    One that is dated by the day of the payment, large enough and the only one is posted by itself, with a record of it.
    Remedy: a person recreates the receipt on it, or keeps the money on account.
    Prevention: export invoices to the books before they can be paid, with the date on which they were issued.
    Not to be confused with: an invoice that was deleted or voided before (invoice_recreated).
    """
    late = [line for line in reading.lines if line.flaw is Flaw.LATE]
    return matched.finding(
        Remedy.RECREATE_RECEIPT,
        Remedy.KEEP_ON_ACCOUNT,
        Remedy.DISMISS,
        because=observations.lines_with(reading, Flaw.LATE),
        successors=tuple((line.source.line, line.replacement.id) for line in late if line.replacement is not None),
    )


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return phrases.all_of(_late(diagnosis, fact, words) for fact in diagnosis.primary.facts("invoice_only_newer"))


def _late(diagnosis: Diagnosis, late: Fact, words: Words) -> str:
    entered = [fact for fact in diagnosis.primary.facts("invoice_entered_late") if fact.document == late.document]
    paid_on = phrases.paid_on(diagnosis, words)
    if len(entered) != 1:
        return f"Several invoices match {late.document}, all entered after the customer paid on {paid_on}; a person must choose."
    (invoice,) = entered
    on = f" on {words.day(invoice.at)}" if invoice.at else ""
    dated = words.day(date.fromisoformat(invoice.text("issued")))
    doubt = f"it is dated {dated} and has {money(words, invoice.money('open'))} open"
    return f"{by(invoice.person)} entered {late.document}{on}, after the customer paid on {paid_on}; {doubt}."


CAUSE = CauseFile(Cause.INVOICE_LATE, title="Invoice entered after the payment", rules=(invoice_late,), sentence=sentence)
