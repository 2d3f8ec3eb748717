"""What several rules ask for in the same words."""

from __future__ import annotations

from collections.abc import Iterable

from receivables.credit_reasons import CreditReason
from receivables.diagnosis import Remedy
from receivables.refusal import Refusal
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import Flaw
from rules.patterns import Pattern, a, above, no
from rules.reading import CustomerState, Reading

#: Nothing of ours is in the books for the payment, and its money is here.
UNPOSTED = a("payment", unposted=True)
#: The customer can take a receipt.
CUSTOMER_READY = a("payment", customer=CustomerState.READY)
#: Something can be posted without doubling: the customer is there, and no receipt by hand is this money, or was.
SAFE_TO_POST = (CUSTOMER_READY, a("payment", suspected=False, vanished=False))
#: What took from the invoices is no write-off, rebill or correction of the tax: those do not come off.
GENUINE_CREDITS = a("payment", credits=CreditReason.GENUINE)
#: Some invoices are short, and each is short only by genuine credits that were applied after the customer paid.
SHORT_BY_CREDITS = (
    UNPOSTED,
    a("line", flaw=Flaw.SHORT, unexplained_minor=0),
    no("line", flaw=Flaw.SHORT, unexplained_minor=above(0)),
    GENUINE_CREDITS,
)


def refused(code: Refusal) -> Pattern:
    """The books refused with this code, and nothing of ours is there, or not the rest of the payment."""
    return a("payment", lacking=True, refusal=code)


def nothing_but(flaw: Flaw) -> Pattern:
    """Nothing else is wrong with any invoice of the payment."""
    return a("payment", flaw=flaw)


def other_money(reading: Reading, found: Iterable[ReceiptReading]) -> tuple[Remedy, ...]:
    """A person may say that one of these receipts is other money: not while something is unread, nor of one with our long
    number.
    """
    return () if reading.evidence.unread or all(receipt.named for receipt in found) else (Remedy.NOT_DUPLICATE,)


def can_be_recorded(reading: Reading) -> bool:
    """Whether a receipt on the customer's account can be recorded now: it can double nothing, and it is clear for whom."""
    evidence = reading.evidence
    doubled = evidence.unread or evidence.vanished or reading.suspects
    return not doubled and reading.may_post and reading.customer is CustomerState.READY
