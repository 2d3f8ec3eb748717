"""What a sync would do with each received payment, in the order in which it would: what the first takes, the second finds taken.

Reads: the books and our rows, as a sync does. Leaves: nothing planned and nothing sent. Never: two payments shown as posted to
an invoice that only has room for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import rules
from receivables.books_records import Invoice, InvoiceStatus, Receipt, ReceiptLine, Stamp, by_invoice
from receivables.diagnosis import Diagnosis
from receivables.effects import ReceiptWrite
from receivables.evidence import Evidence, ReceiptEvidence
from receivables.payment import PaymentState
from storage import companies, effects, payments
from storage.effects import StoredEffect
from storage.payments import StoredPayment
from sync import binding, evidence, mirroring, posting
from sync.desk import Desk


@dataclass(frozen=True)
class Preview:
    """What a sync would do with one payment: post it (no obstacles), or why not, with the diagnosis."""

    stored: StoredPayment
    obstacles: tuple[rules.Obstacle, ...]
    diagnosis: Diagnosis | None


def run_once(desk: Desk) -> list[Preview]:
    """What a sync would post and what it would not, and why, in the order of the numbers; nothing is planned."""
    with desk.work() as work:
        companies.ensure(work.connection, work.company)
    mirroring.run_once(desk)
    binding.run_once(desk)
    with desk.db.read() as connection:
        taken = [_under_way(effect) for effect in effects.underway(connection, desk.company.id)]
    shown: dict[str, Preview] = {}
    after, rest = "", list[tuple[StoredPayment, Evidence]]()
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(
                connection, desk.company.id, PaymentState.RECEIVED, limit=posting.PAYMENTS_PER_BATCH, after=after
            )
        gathered = evidence.gather(desk, batch, isolated=True)
        for stored in batch:
            read = gathered[stored.number]
            if rules.obstacles(read) or not _has_room(_afterwards(read, taken)):
                rest.append((stored, read))
            else:
                taken.append(_would_be(desk, stored, read))
                shown[stored.number] = Preview(stored, (), None)
        if len(batch) < posting.PAYMENTS_PER_BATCH:
            break
        after = batch[-1].number
    for stored, read in rest:  # a sync diagnoses them when the others have landed
        then = _afterwards(read, taken)
        shown[stored.number] = Preview(stored, rules.obstacles(then), desk.diagnose(then))
    return [shown[number] for number in sorted(shown)]


def _has_room(read: Evidence) -> bool:
    need = by_invoice(ReceiptLine(line.invoice_id, line.amount_minor) for line in read.lines)
    return all(line.open_minor >= need[line.invoice_id] for line in read.lines)


def _afterwards(read: Evidence, taken: Sequence[ReceiptEvidence]) -> Evidence:
    """The same, had these receipts landed first."""
    invoices = {line.invoice_id for line in read.lines}
    on_them = [of for of in taken if invoices & {line.invoice_id for line in of.receipt.lines}]
    gone = by_invoice(line for of in taken for line in of.receipt.lines)
    return replace(
        read,
        lines=tuple(
            replace(line, invoice=_less(line.invoice, gone)) if isinstance(line.invoice, Invoice) else line for line in read.lines
        ),
        receipts=(*read.receipts, *on_them),
        other_invoices=tuple(left for invoice in read.other_invoices if (left := _less(invoice, gone)).open_minor),
    )


def _less(invoice: Invoice, gone: dict[str, int]) -> Invoice:
    left = max(0, invoice.open_minor - gone.get(invoice.id, 0))
    paid = invoice.status is InvoiceStatus.OPEN and not left
    return replace(invoice, open_minor=left, status=InvoiceStatus.PAID if paid else invoice.status)


def _would_be(desk: Desk, stored: StoredPayment, read: Evidence) -> ReceiptEvidence:
    lines = tuple(ReceiptLine(line.invoice_id, line.amount_minor) for line in read.lines)
    payment, customer = stored.payment, read.customer.id if read.customer else ""
    write = ReceiptWrite(
        customer_id=customer,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        received_on=desk.company.day_of(payment.paid_at),
        method=payment.method,
        reference=stored.number,
        memo="",
        deposit_account="",
        lines=lines,
    )
    return _landed(write, stored.number, Stamp("", desk.clock.now()))


def _under_way(effect: StoredEffect) -> ReceiptEvidence:
    if not isinstance(effect.write, ReceiptWrite):
        raise AssertionError(f"effect {effect.id} reserves and records no receipt")
    return _landed(effect.write, effect.transaction_number, Stamp("", effect.planned_at))


def _landed(write: ReceiptWrite, number: str, at: Stamp) -> ReceiptEvidence:
    """A receipt of ours as the books will hold it, for the payment of that number."""
    receipt = Receipt(
        id=f"planned:{number}",
        number="",
        customer_id=write.customer_id,
        currency=write.currency,
        amount_minor=write.amount_minor,
        unapplied_minor=write.on_account_minor,
        received_on=write.received_on,
        method=write.method,
        reference=write.reference,
        memo="",
        deposit_account=write.deposit_account,
        deposited=False,
        voided=False,
        version="",
        created=at,
        changed=at,
        lines=write.lines,
    )
    return ReceiptEvidence(receipt, ours=True, this_payment=False, names_payment=number)
