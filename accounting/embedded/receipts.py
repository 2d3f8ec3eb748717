"""Receipts of the embedded books: entered, applied to invoices, changed, deposited, voided, deleted.

How a receipt larger than the invoice's open balance ends depends on the temper of the books: *strict* ones
refuse it as QuickBooks Desktop and Xero do, *swallowing* ones take it as QuickBooks Online does, apply what fits
and leave the rest unapplied without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from accounting.embedded import checks
from accounting.embedded.change import Change, Kind, Temper
from accounting.embedded.checks import spoken
from receivables.books_records import Gone, Invoice, InvoiceStatus, Receipt, ReceiptLine, by_invoice
from receivables.effects import ReceiptWrite, stem_of
from receivables.errors import BooksRefused
from receivables.refusal import Refusal
from receivables.words import counted

_MARKER = re.compile(r"\[(rn-[^\s\[\]]+)\]")


def with_marker(memo: str, marker: str) -> str:
    """The memo as it is written: our marker stands at its end, in brackets, where a bookkeeper's copy keeps it."""
    return f"{memo} [{marker}]".lstrip()


def marker_in(memo: str) -> str:
    """The marker a memo carries, or "". Read from the memo always, because a receipt copied by hand copies it."""
    found = _MARKER.findall(memo)
    return str(found[-1]) if found else ""


def enter(change: Change, write: ReceiptWrite, number: str = "") -> Receipt:
    """Records a receipt and applies it to its lines. `number` is "" for the books' own numbering."""
    checks.positive_amount(write.amount_minor, write.currency, "A receipt")
    customer = checks.active_customer(change, write.customer_id)
    checks.account_active(change, write.deposit_account)
    checks.period_open(change, write.received_on, "a receipt")
    what = f"created: {spoken(write.amount_minor, write.currency)} of {customer.name}"
    receipt_id = change.created(Kind.RECEIPT, number, what)
    marker = marker_in(write.memo)
    change.connection.execute(
        "INSERT INTO receipts (id, customer_id, currency, amount_minor, unapplied_minor, received_on, method, reference,"
        " memo, marker, marker_stem, deposit_account) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            receipt_id,
            write.customer_id,
            write.currency,
            write.amount_minor,
            write.amount_minor,
            write.received_on.isoformat(),
            write.method,
            write.reference,
            write.memo,
            marker,
            stem_of(marker),
            write.deposit_account,
        ),
    )
    _stand_on(change, checks.receipt(change, receipt_id), write.lines, write.received_on)
    return checks.receipt(change, receipt_id)


def apply(change: Change, receipt_id: str, lines: Sequence[ReceiptLine]) -> Receipt:
    """Lets the receipt stand on these lines and no others; what they leave is unapplied."""
    return _applied(change, checks.changeable_receipt(change, receipt_id), lines)


def apply_by_hand(change: Change, receipt_id: str, lines: Sequence[ReceiptLine]) -> Receipt:
    """The same by a bookkeeper, who may apply a receipt that is deposited or of a closed month: neither amount nor date changes.

    What is applied anew is dated today, and what was applied in a closed month stays. QuickBooks offers the first under
    "Receive payment", where its interface for programs refuses it.
    """
    found = checks.unvoided_receipt(change, receipt_id)
    wanted = by_invoice(lines)
    for invoice_id, day in days_applied(change, found).items():
        if wanted.get(invoice_id, 0) != found.applied_to(invoice_id):
            checks.period_open(change, day, f"the application of receipt {found.number}")
    checks.period_open(change, change.day, f"the application of receipt {found.number}")
    return _applied(change, found, lines)


@dataclass(frozen=True)
class Correction:
    """What a bookkeeper types over on a receipt; None is left as it is. Another customer takes it off its invoices."""

    amount_minor: int | None = None
    received_on: date | None = None
    customer_id: str | None = None
    deposit_account: str | None = None
    reference: str | None = None
    memo: str | None = None


def correct(change: Change, receipt_id: str, new: Correction) -> Receipt:
    """Types over what a receipt says. Its lines stay; they and what was paid out must fit the new amount."""
    found = checks.changeable_receipt(change, receipt_id)
    amount_minor = found.amount_minor if new.amount_minor is None else new.amount_minor
    received_on, account = new.received_on or found.received_on, new.deposit_account
    customer_id = found.customer_id if new.customer_id is None else new.customer_id
    checks.positive_amount(amount_minor, found.currency, "A receipt")
    checks.period_open(change, received_on, f"receipt {found.number}")
    checks.account_active(change, found.deposit_account if account is None else account)
    if customer_id != found.customer_id:
        checks.active_customer(change, customer_id)
        _nothing_went_out(change, found)
        _stand_on(change, found, (), change.day)
    held = checks.receipt(change, receipt_id)
    used_minor = held.amount_minor - held.unapplied_minor
    if amount_minor < used_minor:
        used = spoken(used_minor, found.currency)
        raise BooksRefused(f"{used} of receipt {found.number} is applied or paid out. Unapply it first.", Refusal.INVALID)
    memo = found.memo if new.memo is None else new.memo
    change.connection.execute(
        "UPDATE receipts SET amount_minor = ?, unapplied_minor = ?, received_on = ?, customer_id = ?, deposit_account = ?,"
        " reference = ?, memo = ?, marker = ?, marker_stem = ? WHERE id = ?",
        (
            amount_minor,
            amount_minor - used_minor,
            received_on.isoformat(),
            customer_id,
            found.deposit_account if account is None else account,
            found.reference if new.reference is None else new.reference,
            memo,
            marker_in(memo),
            stem_of(marker_in(memo)),
            receipt_id,
        ),
    )
    after = checks.receipt(change, receipt_id)
    change.changed(Kind.RECEIPT, receipt_id, f"corrected: {', '.join(_corrected(found, after)) or 'nothing'}")
    return checks.receipt(change, receipt_id)


def void(change: Change, receipt_id: str) -> Receipt:
    """Voids a receipt: it stays, with an amount of zero and applied to nothing, as in QuickBooks Online."""
    found = checks.changeable_receipt(change, receipt_id)
    _nothing_went_out(change, found)
    _stand_on(change, found, (), change.day)
    change.connection.execute("UPDATE receipts SET voided = 1, amount_minor = 0, unapplied_minor = 0 WHERE id = ?", (receipt_id,))
    change.changed(Kind.RECEIPT, receipt_id, f"voided: was {spoken(found.amount_minor, found.currency)}")
    return checks.receipt(change, receipt_id)


def delete(change: Change, receipt_id: str) -> Gone:
    """Deletes a receipt; what it paid is open again."""
    found = checks.receipt(change, receipt_id)
    if not found.voided:
        found = checks.changeable_receipt(change, receipt_id)
    checks.period_open(change, found.received_on, f"receipt {found.number}")
    _nothing_went_out(change, found)
    _stand_on(change, found, (), change.day)
    change.connection.execute("DELETE FROM receipts WHERE id = ?", (receipt_id,))
    change.deleted(Kind.RECEIPT, receipt_id, f"deleted: was {spoken(found.amount_minor, found.currency)}")
    return Gone(Kind.RECEIPT.value, receipt_id, change.stamp, found.number)


def deposit(change: Change, receipt_id: str, deposited_on: date) -> Receipt:
    """Puts a receipt into a bank deposit, whose own date counts; from then on the receipt cannot be changed."""
    found = checks.undeposited_receipt(change, receipt_id)
    checks.period_open(change, deposited_on, f"the deposit of receipt {found.number}")
    if deposited_on < found.received_on:
        raise BooksRefused(
            f"Receipt {found.number} is dated {found.received_on.isoformat()}, after the deposit.", Refusal.INVALID
        )
    change.connection.execute("UPDATE receipts SET deposited_on = ? WHERE id = ?", (deposited_on.isoformat(), receipt_id))
    change.changed(Kind.RECEIPT, receipt_id, f"deposited on {deposited_on.isoformat()}")
    return checks.receipt(change, receipt_id)


def undo_deposit(change: Change, receipt_id: str) -> Receipt:
    """Takes a receipt out of its bank deposit, so that it can be changed again."""
    found = checks.receipt(change, receipt_id)
    row = change.connection.execute("SELECT deposited_on FROM receipts WHERE id = ?", (receipt_id,)).fetchone()
    if row["deposited_on"] is None:
        raise BooksRefused(f"Receipt {found.number} is not in a deposit.", Refusal.INVALID)
    checks.period_open(change, date.fromisoformat(row["deposited_on"]), f"the deposit of receipt {found.number}")
    change.connection.execute("UPDATE receipts SET deposited_on = NULL WHERE id = ?", (receipt_id,))
    change.changed(Kind.RECEIPT, receipt_id, "taken out of its deposit")
    return checks.receipt(change, receipt_id)


def take_off(change: Change, invoice: Invoice, why: str) -> None:
    """Takes every receipt off an invoice that is going away; the money becomes unapplied. Refused where one may not change."""
    rows = change.connection.execute("SELECT receipt_id FROM receipt_lines WHERE invoice_id = ?", (invoice.id,)).fetchall()
    for row in rows:
        found = checks.changeable_receipt(change, row["receipt_id"])
        change.connection.execute("DELETE FROM receipt_lines WHERE receipt_id = ? AND invoice_id = ?", (found.id, invoice.id))
        fell_off = spoken(found.applied_to(invoice.id), invoice.currency)
        change.changed(Kind.RECEIPT, found.id, f"{fell_off} unapplied, because invoice {invoice.number} was {why}")


def paid_out_minor(receipt: Receipt) -> int:
    """What of it went out again by returns, refunds and chargebacks, in minor units."""
    return receipt.amount_minor - receipt.unapplied_minor - sum(line.amount_minor for line in receipt.lines)


def move_off(change: Change, receipt: Receipt, lines: Sequence[ReceiptLine]) -> None:
    """Takes these amounts off their invoices, whatever the receipt's month and deposit: neither is touched by it."""
    less = by_invoice(lines)
    left = [replace(line, amount_minor=line.amount_minor - less.get(line.invoice_id, 0)) for line in receipt.lines]
    _stand_on(change, receipt, [line for line in left if line.amount_minor], change.day)


def days_applied(change: Change, receipt: Receipt) -> dict[str, date]:
    """Invoice id to the day from which the receipt pays it: its own, the application's or the invoice's, whichever is last."""
    rows = change.connection.execute(
        "SELECT l.invoice_id, max(coalesce(l.applied_on, ''), i.issued_on) FROM receipt_lines l JOIN invoices i"
        " ON i.id = l.invoice_id WHERE l.receipt_id = ?",
        (receipt.id,),
    ).fetchall()
    return {invoice_id: max(receipt.received_on, date.fromisoformat(day)) for invoice_id, day in rows}


def _applied(change: Change, found: Receipt, lines: Sequence[ReceiptLine]) -> Receipt:
    checks.active_customer(change, found.customer_id)
    _stand_on(change, found, lines, change.day)
    after = checks.receipt(change, found.id)
    if after.lines != found.lines:
        applied = spoken(after.amount_minor - after.unapplied_minor - paid_out_minor(after), after.currency)
        change.changed(Kind.RECEIPT, found.id, f"applied again: {applied} to {counted(len(after.lines), 'invoice')}")
    return checks.receipt(change, found.id)


def _corrected(before: Receipt, after: Receipt) -> Iterator[str]:
    """What a correction changed, for the history."""
    if before.amount_minor != after.amount_minor:
        yield f"{spoken(before.amount_minor, before.currency)} to {spoken(after.amount_minor, after.currency)}"
    if before.received_on != after.received_on:
        yield f"date {before.received_on.isoformat()} to {after.received_on.isoformat()}"
    for what in ("customer_id", "deposit_account", "reference", "memo"):
        if getattr(before, what) != getattr(after, what):
            yield f"{what.replace('_id', '').replace('_', ' ')} {getattr(before, what)!r} to {getattr(after, what)!r}"


def _nothing_went_out(change: Change, receipt: Receipt) -> None:
    """Raises BooksRefused for a receipt with entries that pay it out: they would pay out what never came in."""
    row = change.connection.execute("SELECT id FROM money_out WHERE receipt_id = ?", (receipt.id,)).fetchone()
    if row is not None:
        raise BooksRefused(
            f"Receipt {receipt.number} has entry #{row['id']}, which pays it out or is a fee for it. Delete that entry first.",
            Refusal.INVALID,
        )


def _stand_on(change: Change, receipt: Receipt, lines: Sequence[ReceiptLine], on: date) -> None:
    """Takes the old lines off, puts those that the books accept on, and gives the invoices concerned new versions.

    What is applied anew is dated `on`; a line that was there and did not grow keeps its day.
    """
    before = by_invoice(receipt.lines)
    days = days_applied(change, receipt) if before else {}
    if before:
        change.connection.execute("DELETE FROM receipt_lines WHERE receipt_id = ?", (receipt.id,))
    after: dict[str, int] = {}
    for invoice_id, amount_minor in _combined(receipt, lines).items():
        accepted_minor = _accepted(change, receipt, checks.invoice(change, invoice_id), amount_minor)
        if accepted_minor:
            after[invoice_id] = accepted_minor
            day = days[invoice_id] if accepted_minor <= before.get(invoice_id, 0) else on
            change.connection.execute(
                "INSERT INTO receipt_lines (receipt_id, invoice_id, amount_minor, applied_on) VALUES (?, ?, ?, ?)",
                (receipt.id, invoice_id, accepted_minor, day.isoformat()),
            )
    for invoice_id in {**before, **after}:
        moved_minor = after.get(invoice_id, 0) - before.get(invoice_id, 0)
        if moved_minor:
            verb = "received" if moved_minor > 0 else "lost"
            what = f"{verb} {spoken(abs(moved_minor), receipt.currency)} of receipt {receipt.number}"
            change.changed(Kind.INVOICE, invoice_id, what)


def _combined(receipt: Receipt, lines: Sequence[ReceiptLine]) -> dict[str, int]:
    """Invoice id to amount, several lines on one invoice added up, in the order given."""
    for line in lines:
        checks.positive_amount(line.amount_minor, receipt.currency, "A line of a receipt")
    amounts = by_invoice(lines)
    left_minor = receipt.amount_minor - paid_out_minor(receipt)
    if sum(amounts.values()) > left_minor:
        raise BooksRefused(
            f"The lines add up to more than the receipt's {spoken(left_minor, receipt.currency)}.", Refusal.INVALID
        )
    return amounts


def _accepted(change: Change, receipt: Receipt, invoice: Invoice, amount_minor: int) -> int:
    """How much of a line the books take. Strict books refuse what does not fit; swallowing ones take what fits."""
    checks.same_customer_and_currency(receipt, f"receipt {receipt.number}", invoice)
    payable_minor = invoice.open_minor if invoice.status is InvoiceStatus.OPEN else 0
    if amount_minor <= payable_minor:
        return amount_minor
    if change.temper is Temper.SWALLOWING:
        return payable_minor
    if invoice.status is not InvoiceStatus.OPEN:
        raise BooksRefused(
            f"Invoice {invoice.number} is {invoice.status.value}; nothing can be applied to it.", Refusal.INVOICE_NOT_OPEN
        )
    raise BooksRefused(
        f"Invoice {invoice.number} has {spoken(payable_minor, invoice.currency)} open; "
        f"{spoken(amount_minor, invoice.currency)} cannot be applied.",
        Refusal.OVER_APPLICATION,
    )
