"""A payment that was recorded as a customer deposit is applied to its invoice when that comes into the books.

Reads: verified payments that were kept on account because their invoice was not there, the mirror, and their receipts and
invoices, fresh. Leaves: bindings, and the intent to apply our receipt. Never: an invoice that the binding rule would not have
taken by itself (a person is asked about that), a receipt in a deposit or a closed period, or a second try where the books
refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import rules
from receivables.books_records import Invoice, InvoiceStatus, Receipt, ReceiptLine
from receivables.effects import ApplyReceipt, EffectKind, EffectState, effect_key, facts_of
from receivables.evidence import Evidence
from receivables.payment import Bucket, PaymentState
from storage import bindings, deposits, effects, mirror, payments
from storage.effects import PlannedEffect, StoredEffect
from storage.payments import StoredPayment
from storage.work import Work
from sync import binding, deposits_asked, resting
from sync.desk import Desk
from sync.evidence import gather

PAYMENTS_PER_BATCH = 60


def run_once(desk: Desk) -> int:
    """Plans to apply what can be applied; returns how many. Raises BooksError when the books cannot be read."""
    planned, after = 0, ""
    while True:
        with desk.work() as work:
            batch = deposits.waiting(work.connection, work.company, limit=PAYMENTS_PER_BATCH, after=after)
            binding.bind(work, desk.company, batch)
            come = _come(work, batch)
        gathered = gather(desk, come, isolated=True, full=False)
        with desk.work() as work:
            applied = {stored.number for stored in come if _apply(work, desk, stored, gathered[stored.number])}
        planned += len(applied)
        deposits_asked.ask(desk, [stored for stored in batch if stored.number not in applied])
        if len(batch) < PAYMENTS_PER_BATCH:
            return planned
        after = batch[-1].number


def _come(work: Work, batch: Sequence[StoredPayment]) -> list[StoredPayment]:
    """Those whose invoices are all there and open, as last seen, and that the books did not refuse before."""
    numbers = [stored.number for stored in batch]
    held = bindings.held(work.connection, work.company, numbers)
    chains = effects.of_payments(work.connection, work.company, numbers)
    ids = {line.invoice_id for lines in held.values() for line in lines.values()}
    seen = mirror.documents(work.connection, work.company, "invoice", ids) if ids else ()
    is_open = {
        found.document.id
        for found in seen
        if isinstance(found.document, Invoice) and found.document.status is InvoiceStatus.OPEN and found.deleted_at is None
    }
    return [
        stored
        for stored in batch
        if len(held[stored.number]) == len(stored.payment.allocations)
        and all(line.invoice_id in is_open for line in held[stored.number].values())
        and not _was_refused(chains[stored.number])
    ]


def _apply(work: Work, desk: Desk, stored: StoredPayment, evidence: Evidence) -> bool:
    chain = effects.of_payments(work.connection, work.company, [stored.number])[stored.number]
    generation = effects.next_generation(chain, stored.generation + 1)
    receipt = _applicable(evidence)
    if receipt is None or generation is None:
        return False
    body = {"receipt": receipt.number, "invoices": [line.invoice_number for line in evidence.lines]}
    if not payments.move(
        work, stored, PaymentState.POSTING, Bucket.IN_FLIGHT, action="payment.deposit_applied", body=body, generation=generation
    ):
        return False
    effects.plan(work, _effect(desk, stored, evidence, receipt, generation))
    return True


def _was_refused(chain: Sequence[StoredEffect]) -> bool:
    """Whether the books would not do it before: then it is a person's."""
    return any(
        effect.kind is EffectKind.APPLY_RECEIPT and effect.decision_id is None and effect.state is EffectState.FAILED
        for effect in chain
    )


def _applicable(evidence: Evidence) -> Receipt | None:
    """Our one receipt of the payment, where it can be applied to all its invoices as they are now."""
    reading, live = rules.read(evidence), evidence.living_receipts
    if evidence.unread or not reading.paid or reading.doubled or len(live) != 1 or any(part.frozen for part in reading.parts):
        return None
    (receipt,) = live
    needed: dict[str, int] = {}
    for line in evidence.lines:
        invoice = line.invoice
        if not isinstance(invoice, Invoice) or invoice.status is not InvoiceStatus.OPEN:
            return None
        if (invoice.customer_id, invoice.currency) != (receipt.customer_id, receipt.currency):
            return None
        needed[invoice.id] = needed.get(invoice.id, 0) + line.amount_minor
        if invoice.open_minor + receipt.applied_to(invoice.id) < needed[invoice.id]:
            return None
    missing = sum(amount - receipt.applied_to(invoice_id) for invoice_id, amount in needed.items())
    return receipt if 0 < missing <= receipt.unapplied_minor else None


def _effect(desk: Desk, stored: StoredPayment, evidence: Evidence, receipt: Receipt, generation: int) -> PlannedEffect:
    """The intent, resting on the receipt and the invoices as they were just read: a change since ends it."""
    key = effect_key(desk.company.id, stored.number, "deposit", generation)
    invoices = {
        f"invoice:{line.invoice_id}": facts_of(line.invoice) for line in evidence.lines if isinstance(line.invoice, Invoice)
    }
    return PlannedEffect(
        id=desk.ids.new(),
        company=desk.company.id,
        transaction_number=stored.number,
        part=1,
        generation=generation,
        key=key,
        marker=f"ra-{key[:16]}",
        write=ApplyReceipt(receipt.id, tuple(ReceiptLine(line.invoice_id, line.amount_minor) for line in evidence.lines)),
        expects={f"receipt:{receipt.id}": facts_of(receipt)} | invoices | resting.feed(stored.payment),
        attended=True,
        facts_read_at=evidence.taken_at,
    )
