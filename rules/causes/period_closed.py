"""A document that must be touched belongs to an accounting period that is closed."""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import Evidence
from receivables.refusal import Refusal
from receivables.words import Words, capitalized
from rules import observations, phrases
from rules.cause_file import CauseFile, about_as_it_is
from rules.causes import credit_memo_applied
from rules.fact_kinds import closed
from rules.invoice_lines import Flaw
from rules.kinds import kind
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, SHORT_BY_CREDITS, nothing_but, refused


@kind
def books_closed(fact: Fact, words: Words, *, through: date | None = None) -> str:
    return f"{closed(through, words)}."


@rule(Cause.PERIOD_CLOSED, when=(a("payment", unposted=True, day_closed=True),))
def period_closed(reading: Reading, matched: Matched) -> Finding:
    """The day of the payment is in an accounting period that is closed.

    Shows as: the books would not take a receipt of that date.
    Happens when: the last closed day of the books is the receipt's day, or later.
    Remedy: post on the first open day with the true date in the memo; that takes two people. Reopening is proposed only above
    the company's materiality.
    Prevention: close a period only after its last payments are posted; the list of open failures shows which are not.
    Not to be confused with: a closed period that contains nothing of this payment.
    """
    because = (*observations.period(reading), *observations.refusal(reading))
    ways = (Remedy.POST_ON_OPEN_DAY, Remedy.RETRY)
    if reading.evidence.material:
        ways = (Remedy.RETRY, Remedy.POST_ON_OPEN_DAY)
    return matched.finding(*ways, Remedy.DISMISS, because=because)


@rule(Cause.PERIOD_CLOSED, when=(refused(Refusal.PERIOD_CLOSED),), certain=None)
def period_closed_refused(reading: Reading, matched: Matched) -> Finding:
    """The books refused because a document of this payment is in a closed period.

    Shows as: a refusal that says so, though the receipt's own day is open.
    Happens when: an invoice of the payment, or the receipt at that time, was in a closed period.
    Remedy: retry; if it is refused again, date the document in an open period, or let the controller reopen the period. Only
    likely: it may have been reopened since.
    Prevention: close a period only after its last payments are posted.
    Not to be confused with: a refusal because the receipt is deposited.
    """
    because = (*observations.refusal(reading), *observations.period(reading))
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=because)


@rule(
    Cause.PERIOD_CLOSED,
    when=(*SHORT_BY_CREDITS, a("application", chosen=True, day_closed=True)),
    whole=(nothing_but(Flaw.SHORT),),
    certain=SAFE_TO_POST,
)
def credit_in_closed_period(reading: Reading, matched: Matched) -> Finding:
    """A credit memo must be taken off the invoice, but it was applied in a period that is closed by now.

    Shows as: the invoice is short by a credit applied after the customer paid.
    Happens when: the day on which the credit was applied is not after the last closed day.
    Remedy: keep on account what the invoice does not take: the closed period stays as it is. Reopening it and then retrying is
    proposed only above the company's materiality.
    Prevention: apply credits and resolve failures before the period is closed.
    Not to be confused with: an older credit in a closed period that need not be touched.
    """
    through = reading.evidence.settings.closed_through
    because = (*observations.lines_with(reading, Flaw.SHORT), books_closed(through=through))
    ways = (Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY)
    if reading.evidence.material:
        ways = (Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT)
    return matched.finding(*ways, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "period_closed_refused":
        return "This payment was rejected because a document of it is in a closed period."
    through = closed(_through(finding), words)
    if finding.rule == "credit_in_closed_period":
        return f"{credit_memo_applied.sentence(diagnosis, words)} {capitalized(through)}."
    return f"The customer paid on {phrases.paid_on(diagnosis, words)}, but {through}."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    match diagnosis.primary.remedy:
        case Remedy.POST_ON_OPEN_DAY:
            return "Post it on the first open day, with the payment date in the memo; two people decide."
        case Remedy.KEEP_ON_ACCOUNT:
            return "Leave what the invoice does not take as an unapplied credit; the closed period is not touched."
    return "Reopen the period in the books, then retry; it is listed until it is closed again."


def why(diagnosis: Diagnosis, words: Words) -> str:
    through = _through(diagnosis.primary)
    return f"Period closed through {words.day(through)}" if through else "Accounting period closed"


def _through(finding: Finding) -> date | None:
    """The last closed day, where the books tell."""
    said = [fact.text("through") for fact in finding.facts("period_closed", "books_closed")]
    return date.fromisoformat(said[0]) if said and said[0] else None


def root(finding: Finding, evidence: Evidence) -> str:
    """The last closed day."""
    through = evidence.settings.closed_through
    return through.isoformat() if through is not None else ""


def about(root: str, words: Words) -> str:
    try:
        return words.day(date.fromisoformat(root))
    except ValueError:  # not a day: shown as it is
        return about_as_it_is(root, words)


CAUSE = CauseFile(
    Cause.PERIOD_CLOSED,
    title="Accounting period closed",
    rules=(period_closed, period_closed_refused, credit_in_closed_period),
    sentence=sentence,
    to_do=to_do,
    why=why,
    root=root,
    about=about,
    incident="The books are closed through {about}, and these payments fall in the closed period. Post each on the first "
    "open day with its payment date in the memo, or ask the controller whether the period is to be reopened.",
    setting="the books are closed through {about}",
)
