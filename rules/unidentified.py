"""What is said when no single cause explains a payment: all the facts, and a remedy that can do no harm."""

from __future__ import annotations

from receivables.diagnosis import Cause, Confidence, Finding, Remedy
from receivables.evidence import BindingProblem
from rules import observations
from rules.invoice_lines import Flaw
from rules.reading import Reading

#: Problems of an allocation that leave open whose money it is.
NOBODY = (BindingProblem.SEVERAL_CUSTOMERS, BindingProblem.NO_SUCH_CUSTOMER)

EXPLAINED = """No rule explains the whole payment, or several things are wrong that no one remedy mends.

Shows as: a payment that does not fit, with facts that point in no or in several directions.
Happens when: none of the causes above fits the whole payment.
Remedy: recreate the receipt (apply what fits, keep the rest on account) while the failure is isolated, every read
succeeded, nothing of ours is or may be in the books, and no receipt by hand may be this money; otherwise escalate.
Retry where everything fits by now.
Prevention: none that is known; where it happens again and again, tell us, because then it has a cause of its own.
Not to be confused with: a certain cause. Whoever decides sees every fact.
"""


def unidentified(reading: Reading) -> Finding:
    """The finding that always applies. Its confidence is never more than `unidentified`."""
    remedy, alternatives = _remedy(reading)
    because = observations.everything(reading)
    return Finding(
        Cause.UNIDENTIFIED, Cause.UNIDENTIFIED.value, remedy, Confidence.UNIDENTIFIED, alternatives=alternatives, because=because
    )


def _remedy(reading: Reading) -> tuple[Remedy, tuple[Remedy, ...]]:
    if reading.fits_now:
        return Remedy.RETRY, (Remedy.DISMISS, Remedy.ESCALATE)
    if reading.evidence.isolated and _harmless(reading):
        return Remedy.RECREATE_RECEIPT, (Remedy.DISMISS, Remedy.RETRY, Remedy.ESCALATE)
    return Remedy.ESCALATE, (Remedy.DISMISS, Remedy.RETRY)


def _harmless(reading: Reading) -> bool:
    """Recording a receipt now cannot double this payment, and it is clear for whom."""
    clear = all(line.flaw is not Flaw.UNREAD and line.source.problem not in NOBODY for line in reading.lines)
    return clear and not reading.evidence.unread and reading.may_post and reading.customer_ready and not reading.suspects
