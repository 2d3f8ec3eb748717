"""The invoice was voided, and no replacement was found."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, UNPOSTED, nothing_but


@rule(
    Cause.INVOICE_VOIDED,
    when=(UNPOSTED, a("line", flaw=Flaw.VOIDED)),
    whole=(nothing_but(Flaw.VOIDED),),
    certain=SAFE_TO_POST,
)
def invoice_voided(reading: Reading, matched: Matched) -> Finding:
    """The invoice that the customer paid was voided, and no replacement was found.

    Shows as: the invoice is in the books, voided, with nothing open.
    Happens when: somebody voided it; the customer may be owed a refund.
    Remedy: a person keeps the money on account, or dismisses with a reason. Never automatic.
    Prevention: take a voided invoice out of the portal at once, so that nobody pays it.
    Not to be confused with: an invoice that was voided and recreated (invoice_recreated), or deleted.
    """
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS, because=observations.lines_with(reading, Flaw.VOIDED))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    voided = diagnosis.primary.facts("invoice_voided")
    texts = [f"{phrases.lost_invoice(diagnosis, invoice, words)}; no replacement invoice was found." for invoice in voided]
    return f"{phrases.all_of(texts)} The money can be left as an unapplied credit until the customer says what it is for."


CAUSE = CauseFile(Cause.INVOICE_VOIDED, title="Invoice voided", rules=(invoice_voided,), sentence=sentence)
