"""Causes that lie in credit memos: a credit took what the payment was meant for."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.invoice_lines import Flaw
from rules.patterns import a, above, neither, no
from rules.phrases import capitalised, credit_memo, day
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule

#: Some invoices are short, and each is short only by credits that were applied after the client paid.
SHORT_BY_CREDITS = (
    a("payment", unposted=True),
    a("line", flaw="short", unexplained_minor=0),
    no("line", flaw="short", unexplained_minor=above(0)),
)
#: Nothing else is wrong with any invoice of the payment.
NOTHING_ELSE = (no("line", flaw=neither("fits", "short")),)
#: Something can be posted without doubling: the customer is there, and no receipt by hand may be this money.
SAFE_TO_POST = (a("customer", active=True, merged=False), no("receipt", suspect=True))


@rule(Cause.CREDIT_MEMO_APPLIED, when=SHORT_BY_CREDITS, whole=NOTHING_ELSE, certain=SAFE_TO_POST)
def credit_memo_applied(reading: Reading, matched: Matched) -> Conclusion:
    """A credit memo was applied to the invoice after the client paid it, so the payment no longer fits.

    Shows as: less is open on the invoice than the payment needs.
    Happens when: credits applied after the payment explain all that is missing, on every invoice that is short.
    Remedy: take the latest of these credits off, just enough, then post. The credit stays open for another invoice.
    Prevention: turn off the automatic application of credits, and apply credits only to invoices that no client is paying.
    Not to be confused with: a credit that was there when the client paid, or one that explains only a part.
    """
    del matched
    short = [line for line in reading.lines if line.flaw is Flaw.SHORT]
    chosen = {credit.id: credit for line in short for credit in line.chosen_credits}
    newest_first = sorted(chosen.values(), key=lambda credit: (credit.applied.at, credit.id), reverse=True)
    because = tuple(dict.fromkeys(fact for line in short for fact in observations.line(reading, line)))
    closed_through = reading.evidence.settings.closed_through
    locked = [c for c in newest_first if closed_through is not None and c.applied.at.date() <= closed_through]
    blocked = ""
    if locked:
        which = f"{credit_memo(locked[0])} was applied on {day(locked[0].applied.at)}"
        blocked = capitalised(f"{which} and {observations.closed(reading)}.")
    return Conclusion(
        Remedy.UNAPPLY_CREDIT_MEMO,
        (Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS),
        because,
        applications=tuple(credit.id for credit in newest_first),
        blocked=blocked,
    )
