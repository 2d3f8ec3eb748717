"""Our own receipts for a payment: which are in the books now, and how they differ from what was posted.

All amounts are minor units. A part is one receipt of the one or more that a payment needs in its books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receivables import as_meant
from receivables.as_meant import Change
from receivables.books_records import Gone, Receipt
from receivables.effects import IN_FLIGHT, EffectState
from receivables.evidence import Evidence, PostedPart
from receivables.payment import FeedStatus
from rules.hand_receipts import distinct, lines_of, totals

#: In these states a receipt of ours may be in the books; in the others it is known not to be, or was replaced.
POSSIBLY_POSTED = (*IN_FLIGHT, EffectState.DONE)
UNDER_WAY = (EffectState.SENDING, EffectState.UNKNOWN)


@dataclass(frozen=True)
class PartReading:
    """One receipt effect of ours and what became of it."""

    source: PostedPart
    live: Receipt | None
    unanswered: bool  # it may or may not be in the books
    missing: bool  # it was there, and the books say it is deleted or voided
    changes: tuple[Change, ...]  # what of the receipt itself is otherwise than meant
    off_minor: int  # what was meant for its invoices and is not on them: unapplied, or applied to others
    excess_minor: int  # on account beyond what was meant
    fits: bool  # its lines could be applied now
    frozen: str  # why it may not be changed: "deposited", "closed" or ""

    @property
    def swallowed(self) -> bool:
        """The books took it, and put more of it on account than was meant."""
        return not self.changes and self.left_unapplied

    @property
    def left_unapplied(self) -> bool:
        """More of it is on account than was meant, and it was never seen as it should be."""
        return not self.source.verified and self.excess_minor > 0

    @property
    def changed(self) -> bool:
        """It is otherwise than meant, and not because the books left it unapplied when they took it."""
        return bool(self.changes) or (self.off_minor > 0 and not self.swallowed)


def living(part: PostedPart) -> Receipt | None:
    """The receipt of this part where the books hold it and it counts."""
    return part.living if part.state in POSSIBLY_POSTED else None


def in_order(posted: tuple[PostedPart, ...]) -> list[PostedPart]:
    return sorted(posted, key=lambda part: (part.part, part.generation, part.document_id, part.state, part.amount_minor))


def marked_receipts(evidence: Evidence) -> tuple[Receipt, ...]:
    """Every living receipt in the books that is this payment's, whatever we know of how it came there."""
    of_parts = [part.receipt for part in in_order(evidence.posted) if isinstance(part.receipt, Receipt)]
    of_marker = [entry.receipt for entry in distinct(evidence.receipts) if entry.this_payment]
    other_money = {entry.receipt.id for entry in evidence.receipts if entry.other_money}
    found: dict[str, Receipt] = {}
    for receipt in (*of_parts, *of_marker):
        if not receipt.voided and receipt.id not in other_money:
            found.setdefault(receipt.id, receipt)
    return tuple(found[key] for key in sorted(found))


def is_doubled(evidence: Evidence, marked: tuple[Receipt, ...]) -> bool:
    """More living receipts of ours than the payment has parts, or more money than the payment."""
    parts = {part.part for part in evidence.posted if part.state in POSSIBLY_POSTED}
    if len(marked) > max(1, len(parts)):
        return True
    return len(marked) > 1 and sum(receipt.amount_minor for receipt in marked) > evidence.payment.amount_minor


def read_parts(evidence: Evidence, open_minor: Mapping[str, int], doubled: bool) -> tuple[PartReading, ...]:
    """`open_minor` is what is open on each of the payment's living invoices, by id."""
    posted = in_order(evidence.posted)
    wanted: dict[str, int] = {}
    for part in posted:
        receipt = living(part)
        if receipt is not None and not _changes(part, receipt, evidence) and _off(part, receipt) > 0:
            for invoice_id, missing_minor in _missing(part, receipt).items():
                wanted[invoice_id] = wanted.get(invoice_id, 0) + missing_minor
    return tuple(_read_part(part, evidence, open_minor, wanted, doubled) for part in posted)


def _read_part(
    part: PostedPart, evidence: Evidence, open_minor: Mapping[str, int], wanted: Mapping[str, int], doubled: bool
) -> PartReading:
    live = living(part)
    possible = part.state in POSSIBLY_POSTED
    not_found = possible and not isinstance(part.receipt, Receipt)
    left_to_person = part.state is EffectState.NEEDS_PERSON and not doubled  # two found is an answer, if not a good one
    meant = totals(part.lines)
    return PartReading(
        part,
        live,
        unanswered=not_found and (part.state in UNDER_WAY or left_to_person),
        missing=possible
        and live is None
        and (isinstance(part.receipt, Receipt) or (part.state is EffectState.DONE and isinstance(part.receipt, Gone))),
        changes=() if live is None else _changes(part, live, evidence),
        off_minor=0 if live is None else _off(part, live),
        excess_minor=0 if live is None else live.unapplied_minor - part.on_account_minor,
        fits=bool(meant) and all(open_minor.get(key, -1) >= wanted.get(key, 0) for key in meant),
        frozen="" if live is None else _frozen(live, evidence),
    )


def _changes(part: PostedPart, receipt: Receipt, evidence: Evidence) -> tuple[Change, ...]:
    paid = evidence.payment.status is FeedStatus.PAID and evidence.told_before is None  # nobody doubts it
    meant = as_meant.Meant(
        part.amount_minor,
        evidence.payment.currency,
        part.customer_id,
        part.received_on,
        part.deposit_account,
        may_leave_minor=part.on_account_minor + evidence.payment.refunded_minor if paid else None,
    )
    known = [customer for customer in (evidence.customer, evidence.merged_into) if customer is not None]
    return as_meant.changes(receipt, meant, {customer.id: customer for customer in known})


def _off(part: PostedPart, receipt: Receipt) -> int:
    return as_meant.off_its_invoices_minor(receipt, totals(part.lines)) - part.on_account_minor


def _missing(part: PostedPart, receipt: Receipt) -> dict[str, int]:
    """What each invoice still lacks of this part; the receipt may stand on some of it already."""
    there = lines_of(receipt)
    return {key: max(0, meant_minor - there.get(key, 0)) for key, meant_minor in totals(part.lines).items()}


def _frozen(receipt: Receipt, evidence: Evidence) -> str:
    closed_through = evidence.settings.closed_through
    if receipt.deposited:
        return "deposited"
    return "closed" if closed_through is not None and receipt.received_on <= closed_through else ""
