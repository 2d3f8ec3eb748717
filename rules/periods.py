"""Causes that lie in the calendar: a document belongs to a period that is closed."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.credits import NOTHING_ELSE, SAFE_TO_POST, SHORT_BY_CREDITS
from rules.invoice_lines import Flaw
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(Cause.PERIOD_CLOSED, when=(a("payment", unposted=True, day_closed=True),))
def period_closed(reading: Reading, matched: Matched) -> Conclusion:
    """The day of the payment lies in an accounting period that is closed.

    Shows as: the books would not take a receipt of that date.
    Happens when: the last closed day of the books is the receipt's day, or later.
    Remedy: the controller opens the period, then retry.
    Prevention: close a period only after its last payments are posted; the list of open failures shows which are not.
    Not to be confused with: a closed period in which nothing of this payment lies.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.period(reading) + observations.refusal(reading))


@rule(Cause.PERIOD_CLOSED, when=(a("payment", unposted=True, refusal="period_closed"),), certain=None)
def period_closed_refused(reading: Reading, matched: Matched) -> Conclusion:
    """The books refused because some document touched lies in a closed period.

    Shows as: a refusal that says so, though the receipt's own day is open.
    Happens when: an invoice of the payment, or the receipt at that time, lay in a closed period.
    Remedy: the controller opens the period, then retry. Only likely: it may have been opened since.
    Prevention: close a period only after its last payments are posted.
    Not to be confused with: a refusal because the receipt is deposited.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.refusal(reading) + observations.period(reading))


@rule(
    Cause.PERIOD_CLOSED,
    when=(*SHORT_BY_CREDITS, a("application", chosen=True, day_closed=True)),
    whole=NOTHING_ELSE,
    certain=SAFE_TO_POST,
)
def credit_in_closed_period(reading: Reading, matched: Matched) -> Conclusion:
    """A credit memo must be taken off the invoice, but it was applied in a period that is closed by now.

    Shows as: the invoice is short by a credit applied after the client paid.
    Happens when: the day on which the credit was applied is not after the last closed day.
    Remedy: the controller opens the period, then retry; the credit can be taken off after that.
    Prevention: apply credits and resolve failures before the period is closed.
    Not to be confused with: an older credit in a closed period that need not be touched.
    """
    del matched
    short = [line for line in reading.lines if line.flaw is Flaw.SHORT]
    because = tuple(dict.fromkeys(fact for line in short for fact in observations.line(reading, line)))
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), because)
