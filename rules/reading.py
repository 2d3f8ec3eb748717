"""Evidence as the rules look at it, with what follows from it in numbers.

A rule can compare facts with each other, but it cannot add up, count or take the latest; whatever needs that is
computed here, in plain Python, once. Nothing here names a cause: these are observations. Everything is put in the
order of its ids first, so that the order in which it was read never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from receivables.books_records import Invoice, Receipt
from receivables.credit_reasons import GRAVEST_FIRST, CreditReason
from receivables.effects import EffectState
from receivables.evidence import Evidence
from receivables.payment import FeedStatus
from receivables.words import day_of
from rules import matching
from rules.hand_receipts import ReceiptReading, read_receipts, split
from rules.invoice_lines import Flaw, LineReading, have_room, needs_of, read_lines
from rules.posted_parts import PartReading, is_doubled, marked_receipts, read_parts


class CustomerState(StrEnum):
    """What is so with the customer of a payment in the books."""

    READY = "ready"  # a receipt can be posted for them
    INACTIVE = "inactive"
    MERGED = "merged"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """The evidence and everything derived from it."""

    evidence: Evidence
    lines: tuple[LineReading, ...]
    receipts: tuple[ReceiptReading, ...]
    parts: tuple[PartReading, ...]
    marked: tuple[Receipt, ...]  # living receipts with this payment's marker
    unposted: bool  # certainly nothing of ours is in the books for this payment
    doubled: bool

    @property
    def complete(self) -> bool:
        """Our living receipts add up to the payment."""
        return sum(receipt.amount_minor for receipt in self.marked) == self.evidence.payment.amount_minor

    @property
    def suspects(self) -> tuple[ReceiptReading, ...]:
        """Receipts entered by hand that may be this money."""
        return tuple(receipt for receipt in self.receipts if receipt.suspect)

    @property
    def competing(self) -> tuple[ReceiptReading, ...]:
        """Receipts entered by hand that could be the whole payment, however weak their tie to it."""
        return tuple(found for found in self.receipts if found.whole and found.score.points >= matching.RECEIPT_POSSIBLE)

    @property
    def split(self) -> tuple[ReceiptReading, ...]:
        """Receipts entered by hand that name the payment in part and together are all of it."""
        return split(self.receipts, self.evidence.payment.amount_minor)

    @property
    def repeated(self) -> tuple[ReceiptReading, ...]:
        """Receipts entered by hand that name the payment although one of ours is in the books."""
        return tuple(found for found in self.receipts if found.by_text) if self.marked else ()

    @property
    def paid(self) -> bool:
        """The feed has not said that the money went back."""
        return self.evidence.payment.status is FeedStatus.PAID

    @property
    def may_post(self) -> bool:
        """Posting can be thought of: the money is here, and nothing of ours is in the books for it."""
        return self.unposted and self.paid

    @property
    def customer(self) -> CustomerState:
        """What is so with the customer; one that was merged is asked for no more."""
        customer = self.evidence.customer
        if customer is None:
            return CustomerState.UNKNOWN
        if customer.merged_into:
            return CustomerState.MERGED
        return CustomerState.READY if customer.active else CustomerState.INACTIVE

    @property
    def credits(self) -> CreditReason:
        """What the credits are for that took from its invoices: the gravest reason of any of them."""
        return min((line.reason for line in self.lines), key=GRAVEST_FIRST.index, default=CreditReason.GENUINE)

    @property
    def near(self) -> bool:
        """Something that the payment may mean is in the books under another spelling, or another customer."""
        return bool(self.evidence.near_customers) or any(line.source.near for line in self.lines)

    @property
    def flaw(self) -> Flaw | None:
        """What is wrong with every invoice that does not fit; None where it is not the same with all."""
        flaws = {line.flaw for line in self.lines} - {Flaw.FITS} or {Flaw.FITS}
        return flaws.pop() if len(flaws) == 1 else None


def read(evidence: Evidence) -> Reading:
    """Everything the rules may ask about this evidence. Pure; raises for no evidence of the right types."""
    needs = needs_of(evidence.lines)
    receipts = read_receipts(evidence, needs, have_room(evidence, needs)) if evidence.receipts else ()
    lines = read_lines(evidence, needs, receipts)
    marked = marked_receipts(evidence)
    doubled = is_doubled(evidence, marked)
    parts = read_parts(evidence, open_on(lines), doubled)
    not_read = any(part.state is EffectState.DONE and part.receipt is None for part in evidence.posted)
    unposted = not marked and not not_read and not any(part.unanswered for part in parts)
    return Reading(evidence, lines, receipts, parts, marked, unposted, doubled)


def open_on(lines: tuple[LineReading, ...]) -> dict[str, int]:
    """What is open on each living invoice that this payment may be applied to, in minor units, by invoice id."""
    return {
        line.source.invoice.id: line.source.invoice.open_minor
        for line in lines
        if isinstance(line.source.invoice, Invoice) and line.flaw in (Flaw.FITS, Flaw.SHORT)
    }


def is_day_closed(evidence: Evidence, moment: datetime) -> bool:
    """Whether the company's day of a moment is in a closed period."""
    closed_through = evidence.settings.closed_through
    return closed_through is not None and day_of(moment, ZoneInfo(evidence.time_zone)) <= closed_through
