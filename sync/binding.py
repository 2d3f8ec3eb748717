"""Each allocation is bound to the invoice that its number meant when the customer paid.

Reads: received payments and the mirror. Leaves: bindings, versioned. Never: a guess. Where the only invoice of
that number is newer than the payment, or the customer is not certain, the line stays unbound and a person chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from receivables.books_records import Customer, Invoice, heir_of
from receivables.evidence import BindingProblem
from receivables.payment import Allocation, Payment, PaymentState
from receivables.twins import folded
from storage import mirror, payments
from storage.engine import Connection
from storage.mirror import Seen
from storage.payments import Binding, StoredPayment
from storage.work import Work
from sync.desk import Desk

PAYMENTS_PER_BATCH = 100


@dataclass(frozen=True)
class Known:
    """What the mirror knows that a batch of payments may mean."""

    customers: Sequence[Customer]
    invoices: Sequence[Seen]


@dataclass(frozen=True)
class Meant:
    """What one allocation means: an invoice, or why that cannot be said. `customer_ids` are those it may be of."""

    problem: BindingProblem
    invoice_id: str = ""
    customer_id: str = ""
    customer_ids: tuple[str, ...] = ()


def run_once(desk: Desk) -> int:
    """Binds what can be bound of every payment not yet posted; returns how many lines were bound."""
    return sum(_bind_all(desk, state) for state in (PaymentState.RECEIVED, PaymentState.FAILED))


def _bind_all(desk: Desk, state: PaymentState) -> int:
    bound, after = 0, ""
    while True:
        with desk.work() as work:
            batch = payments.in_state(work.connection, work.company, state, limit=PAYMENTS_PER_BATCH, after=after)
            bound += bind(work, batch)
        if len(batch) < PAYMENTS_PER_BATCH:
            return bound
        after = batch[-1].number


def bind(work: Work, batch: Sequence[StoredPayment]) -> int:
    """Binds what can be bound of these payments; returns how many lines were bound."""
    bound = 0
    held = payments.bindings(work.connection, work.company, [stored.number for stored in batch])
    unbound = [stored for stored in batch if len(held[stored.number]) < len(stored.payment.allocations)]
    known = look_up(work.connection, work.company, [stored.payment for stored in unbound])
    for stored in unbound:
        for line, allocation in enumerate(stored.payment.allocations, start=1):
            meant = what_is_meant(stored.payment, allocation, known)
            if line in held[stored.number] or meant.problem:
                continue
            payments.bind(work, stored.number, line, invoice_id=meant.invoice_id, customer_id=meant.customer_id)
            bound += 1
    return bound


def look_up(connection: Connection, company: str, wanted: Sequence[Payment]) -> Known:
    """Reads from the mirror everything these payments may mean."""
    if not wanted:
        return Known((), ())
    ids = {payment.customer_id for payment in wanted if payment.customer_id}
    allocations = [allocation for payment in wanted for allocation in payment.allocations]
    customers = [*mirror.customers_called(connection, company, {payment.customer for payment in wanted})]
    customers += _customers(connection, company, ids)
    merged_into = {customer.merged_into for customer in customers if customer.merged_into}
    customers += mirror.customers_and_heirs(connection, company, merged_into).values()
    invoices = [
        *mirror.invoices_numbered(connection, company, {line.invoice_number for line in allocations if line.invoice_number}),
        *mirror.documents(connection, company, "invoice", {line.invoice_id for line in allocations if line.invoice_id}),
    ]
    return Known(customers, invoices)


def _customers(connection: Connection, company: str, ids: set[str]) -> list[Customer]:
    seen = mirror.documents(connection, company, "customer", ids) if ids else ()
    return [document.document for document in seen if isinstance(document.document, Customer)]


def customers_of(stored: StoredPayment, held: Mapping[int, Binding], known: Known) -> set[str]:
    """The customers of the books that a payment is of: as its lines are bound (`held`), else all that it may be of."""
    return {line.customer_id for line in held.values()} or set(customer_ids_of(stored.payment, known))


def customer_ids_of(payment: Payment, known: Known) -> tuple[str, ...]:
    """The customers of the books that the payment may be of; merged ones stand for what they were merged into."""
    by_id = {customer.id: customer for customer in known.customers}
    if payment.customer_id:
        named = [by_id[payment.customer_id]] if payment.customer_id in by_id else []
    else:
        named = [customer for customer in by_id.values() if folded(customer.name) == folded(payment.customer)]
    return tuple(sorted({heir_of(customer.id, by_id) for customer in named}))


def what_is_meant(payment: Payment, allocation: Allocation, known: Known) -> Meant:
    """Which invoice an allocation meant when the customer paid. Pure."""
    customers = customer_ids_of(payment, known)
    if not customers:
        return Meant(BindingProblem.NO_SUCH_CUSTOMER)
    if len(customers) > 1:
        return Meant(BindingProblem.SEVERAL_CUSTOMERS, customer_ids=customers)
    named = [
        seen
        for seen in known.invoices
        if isinstance(seen.document, Invoice)
        and seen.document.customer_id == customers[0]
        and (
            seen.document.id == allocation.invoice_id
            if allocation.invoice_id
            else seen.document.number == allocation.invoice_number
        )
    ]
    if allocation.invoice_id:
        existed = named[:1]
    else:
        existed = [
            seen
            for seen in named
            if seen.document.created.at <= payment.paid_at and (seen.deleted_at is None or seen.deleted_at > payment.paid_at)
        ]
    if len(existed) == 1:
        return Meant(BindingProblem.NONE, existed[0].document.id, customers[0], customers)
    if existed:
        return Meant(BindingProblem.SEVERAL_INVOICES, customer_ids=customers)
    newer = [seen for seen in named if seen.deleted_at is None]
    return Meant(BindingProblem.ONLY_NEWER if newer else BindingProblem.NO_SUCH_INVOICE, customer_ids=customers)
