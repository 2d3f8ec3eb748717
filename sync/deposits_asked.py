"""A customer deposit whose invoice came, but is not plainly its own: a person is asked.

Reads: deposits that wait, the mirror, and where an invoice of the number came also the books. Leaves: the payment failed, with
a failure that offers the invoice. Never: anything applied.
"""

from __future__ import annotations

from collections.abc import Sequence

import rules
from receivables.books_records import Invoice, InvoiceStatus
from receivables.payment import Bucket, PaymentState
from storage import failures, payments
from storage.payments import StoredPayment
from storage.work import Work
from sync import binding
from sync.desk import Desk
from sync.evidence import gather

INVOICE_CAME = "invoice_came"


def ask(desk: Desk, waiting: Sequence[StoredPayment]) -> None:
    """Opens a failure for each of them that a person must decide. Raises BooksError when the books cannot be read."""
    with desk.work() as work:
        named = _named(work, waiting)
    gathered = gather(desk, named, isolated=True)
    with desk.work() as work:
        for stored in named:
            evidence = gathered[stored.number]
            if evidence.unread or not rules.awaits_decision(evidence):
                continue
            if payments.move(work, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.deposit_asked"):
                failures.open_one(
                    work, stored.payment, because=INVOICE_CAME, message="an invoice came that the deposit may be for"
                )


def _named(work: Work, waiting: Sequence[StoredPayment]) -> list[StoredPayment]:
    """Those for which the mirror has an open invoice of the number of a line, of the same customer."""
    known = binding.look_up(work.connection, work.company, [stored.payment for stored in waiting])
    living = [seen.document for seen in known.invoices if seen.deleted_at is None]
    is_open = [of for of in living if isinstance(of, Invoice) and of.status is InvoiceStatus.OPEN and of.open_minor > 0]
    found = []
    for stored in waiting:
        numbers = {line.invoice_number for line in stored.payment.allocations if line.invoice_number}
        ids = {line.invoice_id for line in stored.payment.allocations if line.invoice_id}
        customers = set(binding.customer_ids_of(stored.payment, known))
        if any(of.customer_id in customers and (of.number in numbers or of.id in ids) for of in is_open):
            found.append(stored)
    return found
