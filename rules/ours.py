"""What was observed of our own receipts for a payment: those that are there, and how they differ from what was posted."""

from __future__ import annotations

from receivables.as_meant import Change, paid_out_minor
from receivables.books_records import Gone, Receipt
from receivables.diagnosis import Fact, Money
from receivables.words import plain
from rules import fact_kinds as kinds
from rules import naming
from rules.hand_receipts import totals
from rules.posted_parts import PartReading
from rules.reading import Reading


def receipts(reading: Reading) -> tuple[Fact, ...]:
    """Every living receipt of ours for this payment."""
    return tuple(receipt(reading, found) for found in reading.marked)


def receipt(reading: Reading, found: Receipt) -> Fact:
    """A living receipt of ours for this payment."""
    return kinds.receipt_ours(
        naming.receipt(found),
        found.changed,
        amount=Money(found.amount_minor, found.currency),
        unapplied=Money(found.unapplied_minor, found.currency) if found.unapplied_minor else None,
        deposited=reading.evidence.is_banked(found) or None,
    )


def part(reading: Reading, found: PartReading) -> tuple[Fact, ...]:
    """What became of one receipt effect of ours, where it is not as it was meant."""
    source, currency = found.source, reading.evidence.payment.currency
    label = f"receipt {plain(source.document_id)}" if source.document_id else f"receipt part {source.part}"
    amount = Money(source.amount_minor, currency)
    if found.unanswered:
        return (kinds.outcome_unknown(label, amount=amount),)
    if found.missing:
        if isinstance(source.receipt, Receipt):
            return (kinds.receipt_voided(label, source.receipt.changed, amount=amount),)
        deleted = source.receipt.deleted if isinstance(source.receipt, Gone) else None
        return (kinds.receipt_deleted(label, deleted, amount=amount),)
    if found.live is None:
        return ()
    facts, label, touched = list[Fact](), naming.receipt(found.live), found.live.changed
    if found.changed:
        facts += [_change(reading, found, found.live, change) for change in found.changes]
        if not facts or (found.changes == (Change.CUSTOMER,) and found.off_minor > 0 and not found.left_unapplied):
            facts.append(_moved(reading, found, found.live))
    if found.left_unapplied and set(found.changes) <= {Change.CUSTOMER}:
        facts.append(kinds.receipt_unapplied(label, touched, unapplied=Money(found.excess_minor, currency)))
    through = reading.evidence.settings.closed_through
    if found.frozen == "deposited":
        facts.append(kinds.receipt_deposited(label, touched))
    elif found.frozen and through is not None:
        facts.append(kinds.receipt_closed(label, touched, through=through))
    return tuple(facts)


def _change(reading: Reading, found: PartReading, live: Receipt, change: Change) -> Fact:
    """One thing of a receipt of ours that is otherwise than meant."""
    label, touched, source = naming.receipt(live), live.changed, found.source
    match change:
        case Change.AMOUNT:
            posted = Money(source.amount_minor, reading.evidence.payment.currency)
            return kinds.receipt_changed(label, touched, posted=posted, now=Money(live.amount_minor, live.currency))
        case Change.CUSTOMER:
            return kinds.receipt_of_other_customer(label, touched)
        case Change.DAY:
            return kinds.receipt_redated(label, touched, was=source.received_on or live.received_on, now=live.received_on)
        case Change.RATE:
            return kinds.receipt_at_other_rate(label, touched, was=live.rate_sent, now=live.rate_booked)
        case Change.PAID_OUT:
            paid_out = Money(paid_out_minor(live), live.currency)
            return kinds.receipt_paid_out(label, touched, whole=Money(live.amount_minor, live.currency), paid_out=paid_out)
        case Change.ACCOUNT:
            return kinds.receipt_in_other_account(label, touched, was=source.deposit_account, now=live.deposit_account)


def _moved(reading: Reading, found: PartReading, live: Receipt) -> Fact:
    """That a receipt of ours is not on its invoices any more: unapplied, or applied to others."""
    names = {of_line.invoice_key: naming.invoice(of_line) for of_line in reading.lines}
    meant = totals(found.source.lines)
    invoices = tuple(names.get(invoice_id, "another invoice") for invoice_id in meant)
    total = Money(sum(meant.values()), live.currency)
    if found.excess_minor > 0:
        return kinds.receipt_taken_off(
            naming.receipt(live),
            live.changed,
            invoices=invoices,
            meant=total,
            unapplied=Money(live.unapplied_minor, live.currency),
        )
    moved = Money(found.off_minor, live.currency)
    return kinds.receipt_moved(naming.receipt(live), live.changed, invoices=invoices, meant=total, moved=moved)
