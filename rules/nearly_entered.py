"""A receipt entered by hand for nearly the payment's amount: when two causes see one, and what both advise."""

from __future__ import annotations

from receivables.diagnosis import Finding, Remedy
from rules import observations
from rules.invoice_lines import Flaw
from rules.patterns import Pattern, a, neither, no, of
from rules.reading import Reading
from rules.rule import Matched
from rules.situations import UNPOSTED, other_money


def entered_nearly(*, less: bool) -> tuple[Pattern, ...]:
    """One such receipt, and no other that may be the payment, nor a credit that explains the difference."""
    return (
        UNPOSTED,
        a("receipt", less_fee=True, suspect=True, less=less),
        no("receipt", number=neither(of("receipt", "number")), suspect=of("receipt", "suspect")),
        no("application"),
    )


def which_money(reading: Reading, matched: Matched) -> Finding:
    """Nothing is posted beside it until a person says which money it is."""
    entered = [reading.receipts[place] for place in matched.places("receipt")]
    because = (*(observations.hand_receipt(found) for found in entered), *observations.lines_with(reading, Flaw.SHORT))
    return matched.finding(Remedy.ESCALATE, *other_money(reading, entered), Remedy.DISMISS, Remedy.RETRY, because=because)
