"""Causes that lie in the money itself: the wrong currency."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.invoice_lines import Flaw
from rules.patterns import a, neither, no
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(
    Cause.CURRENCY_MISMATCH,
    when=(a("payment", unposted=True), a("line", flaw="currency")),
    whole=(no("line", flaw=neither("fits", "currency")),),
)
def currency_mismatch(reading: Reading, matched: Matched) -> Conclusion:
    """The invoice is in another currency than the payment.

    Shows as: an invoice that could take the amount, but not in this currency.
    Happens when: the invoice was made, or changed, in another currency. Nothing is ever converted.
    Remedy: put the currency right in the books, then retry.
    Not to be confused with: an amount that differs in the same currency.
    """
    del matched
    wrong = [line for line in reading.lines if line.flaw is Flaw.CURRENCY]
    because = tuple(dict.fromkeys(fact for line in wrong for fact in observations.line(reading, line)))
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), because)
