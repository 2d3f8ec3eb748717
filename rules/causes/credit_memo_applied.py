"""A credit memo took what the payment was meant for."""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import Evidence
from receivables.words import Words, listed
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import by, closed, money
from rules.invoice_lines import Flaw
from rules.kinds import kind
from rules.reading import Reading, is_day_closed
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, SHORT_BY_CREDITS, nothing_but

AUTO_APPLY = "auto_apply"  # the root where the books apply credits by themselves
CREDITS_AT_MOST = 3  # the latest; the facts beside the sentence have the rest


@kind
def credit_locked(fact: Fact, words: Words, *, through: date | None = None) -> str:
    on = f" on {words.day(fact.at)}" if fact.at else ""
    return f"{fact.document} was applied{on}, and {closed(through, words)}."


@rule(Cause.CREDIT_MEMO_APPLIED, when=SHORT_BY_CREDITS, whole=(nothing_but(Flaw.SHORT),), certain=SAFE_TO_POST)
def credit_memo_applied(reading: Reading, matched: Matched) -> Finding:
    """A credit memo was applied to the invoice after the customer paid it, so the payment no longer fits.

    Shows as: less is open on the invoice than the payment needs.
    Happens when: credits applied after the payment explain all that is missing, on every invoice that is short.
    Remedy: take the latest of these credits off, just enough, then post. The credit stays open for another invoice.
    Prevention: turn off the automatic application of credits, and apply credits only to invoices that no customer is paying.
    Not to be confused with: a credit that was there when the customer paid, or one that explains only a part.
    """
    chosen = {credit.id: credit for line in reading.lines if line.flaw is Flaw.SHORT for credit in line.chosen_credits}
    newest_first = sorted(chosen.values(), key=lambda credit: (credit.applied.at, credit.id), reverse=True)
    through = reading.evidence.settings.closed_through
    locked = [credit for credit in newest_first if is_day_closed(reading.evidence, credit.applied.at)]
    return matched.finding(
        Remedy.UNAPPLY_CREDIT_MEMO,
        Remedy.KEEP_ON_ACCOUNT,
        Remedy.RETRY,
        Remedy.DISMISS,
        because=observations.lines_with(reading, Flaw.SHORT),
        applications=tuple(credit.id for credit in newest_first),
        blocked=credit_locked(observations.credit_memo(locked[0]), locked[0].applied, through=through) if locked else None,
    )


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    """For each short invoice: what was open, which credits took it since, and what is left."""
    credits = diagnosis.primary.facts("credit_applied_after")
    return phrases.all_of(
        _short(diagnosis, invoice, [credit for credit in credits if credit.text("invoice") == invoice.document], words)
        for invoice in diagnosis.primary.facts("invoice_short")
    )


def _short(diagnosis: Diagnosis, invoice: Fact, credits: list[Fact], words: Words) -> str:
    open_now = invoice.money("open")
    left = f"only {money(words, open_now)}" if open_now.amount_minor else "nothing"
    taken = listed([_applied(credit, words) for credit in credits[-CREDITS_AT_MOST:]])
    paid_on = phrases.paid_on(diagnosis, words)
    if invoice.value("open_when_paid") is None:
        return f"The customer paid {invoice.document} on {paid_on}; {taken}, so {left} is open."
    then = money(words, invoice.money("open_when_paid"))
    return f"{invoice.document} had {then} open when the customer paid on {paid_on}; {taken}, so {left} is open."


def _applied(credit: Fact, words: Words) -> str:
    on = f"on {words.day(credit.at)} " if credit.at else ""
    return f"{on}{by(credit.person)} applied {credit.document} ({money(words, credit.money('amount'))})"


def root(finding: Finding, evidence: Evidence) -> str:
    """The setting of the books that applies credits by itself, where it is on."""
    return AUTO_APPLY if evidence.settings.auto_applies_credits else ""


CAUSE = CauseFile(
    Cause.CREDIT_MEMO_APPLIED,
    title="Credit memo applied",
    rules=(credit_memo_applied,),
    sentence=sentence,
    root=root,
    incident="The books apply credit memos automatically, and so take what portal payments were meant for. Turn off "
    "“Automatically apply credits” in the books; until then this will keep happening.",
    setting="the books' setting “Automatically apply credits” is on and takes what payments were meant for",
)
