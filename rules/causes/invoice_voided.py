"""The invoice was voided, and nothing was created in its place."""

from __future__ import annotations

from collections.abc import Sequence

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words, capitalized, listed
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import money
from rules.invoice_lines import Flaw, LineReading
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, UNPOSTED, nothing_but


@rule(
    Cause.INVOICE_VOIDED,
    when=(UNPOSTED, a("line", flaw=Flaw.VOIDED)),
    whole=(nothing_but(Flaw.VOIDED),),
    certain=(*SAFE_TO_POST, a("payment", none_beside=True)),
)
def invoice_voided(reading: Reading, matched: Matched) -> Finding:
    """The invoice that the customer paid was voided, and nothing was created in its place.

    Shows as: the invoice is in the books, voided, with nothing open.
    Happens when: somebody voided it, often because another invoice of the customer already covers it; or the customer may
    be owed a refund. Certain where no other invoice of the customer is open.
    Remedy: where exactly one other invoice of the customer is open for this amount, a person posts to it. Otherwise the money
    is kept on account, posted to an open invoice that a person chooses, or dismissed with a reason. Never automatic.
    Prevention: take a voided invoice out of the portal at once, so that nobody pays it.
    Not to be confused with: an invoice that was voided and recreated (invoice_recreated), or deleted.
    """
    voided = [line for line in reading.lines if line.flaw is Flaw.VOIDED]
    same = _of_the_same_amount(voided)
    kept, chosen = Remedy.KEEP_ON_ACCOUNT, Remedy.RECREATE_RECEIPT
    offered = (chosen, kept) if same else (kept, chosen) if any(line.beside for line in voided) else (kept,)
    because = observations.lines_with(reading, Flaw.VOIDED)
    return matched.finding(offered[0], *offered[1:], Remedy.DISMISS, because=because, successors=same)


def _of_the_same_amount(voided: Sequence[LineReading]) -> tuple[tuple[int, str], ...]:
    """For each line the only other invoice that is open for just its amount; nothing where one line has none."""
    found = []
    for line in voided:
        fits = [invoice for invoice in line.beside if invoice.open_minor == line.need_minor == line.source.amount_minor]
        if len(fits) != 1:
            return ()
        found.append((line.source.line, fits[0].id))
    return tuple(found) if len({invoice_id for _, invoice_id in found}) == len(found) else ()


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"{capitalized(phrases.documents(diagnosis.primary.facts('invoice_voided')))} voided"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return phrases.all_of(_voided(diagnosis, invoice, words) for invoice in diagnosis.primary.facts("invoice_voided"))


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.facts("invoice_beside"):
        return ""
    return "The money can be left as an unapplied credit until the customer says what it is for."


def _voided(diagnosis: Diagnosis, invoice: Fact, words: Words) -> str:
    lost = phrases.lost_invoice(diagnosis, invoice, words)
    beside = [fact for fact in diagnosis.primary.facts("invoice_beside") if fact.text("replaces") == invoice.document]
    if not beside:
        return f"{lost}; no replacement invoice was found."
    named = listed([f"{fact.document} ({money(words, fact.money('open'))})" for fact in beside[: phrases.NAMED_AT_MOST]])
    more = ", and others," if len(beside) > phrases.NAMED_AT_MOST else ""
    is_open = "is" if len(beside) == 1 else "are"
    return f"{lost}; nothing was created in its place, but {named}{more} of the same customer {is_open} open."


CAUSE = CauseFile(Cause.INVOICE_VOIDED, title="Invoice voided", rules=(invoice_voided,), sentence=sentence, to_do=to_do, why=why)
