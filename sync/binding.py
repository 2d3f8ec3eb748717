"""Each allocation is bound to the invoice that its number meant when the customer paid.

Reads: received payments and the mirror. Leaves: bindings, versioned. Never: a guess. Where the only invoice of
that number is newer than the payment, or the customer is not certain, the line stays unbound and a person chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rules
from receivables.books_records import Customer, Invoice, heir_of
from receivables.evidence import BindingProblem
from receivables.payment import Allocation, Payment, PaymentState
from storage import aliases, mirror, payments
from storage.aliases import Alias
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
    aliases: Sequence[Alias] = ()  # what people said that spellings mean


@dataclass(frozen=True)
class Meant:
    """What one allocation means: an invoice, or why that cannot be said. `customer_ids` are those it may be of.

    `aliases` are the ids of the spellings it rests on.
    """

    problem: BindingProblem
    invoice_id: str = ""
    customer_id: str = ""
    customer_ids: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


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
            if meant.aliases:
                body = {"line": line, "aliases": list(meant.aliases)}
                work.record("allocation.bound_by_spelling", transaction_number=stored.number, body=body)
            bound += 1
    return bound


def look_up(connection: Connection, company: str, wanted: Sequence[Payment]) -> Known:
    """Reads from the mirror everything these payments may mean."""
    if not wanted:
        return Known((), ())
    allocations = [allocation for payment in wanted for allocation in payment.allocations]
    numbers = {line.invoice_number for line in allocations if line.invoice_number}
    said = aliases.held(connection, company, numbers | {payment.customer for payment in wanted})
    numbers |= {alias.invoice_number for alias in said if alias.invoice_number}
    ids = {payment.customer_id for payment in wanted if payment.customer_id} | {alias.customer_id for alias in said}
    customers = [*mirror.customers_called(connection, company, {payment.customer for payment in wanted})]
    customers += _customers(connection, company, ids)
    merged_into = {customer.merged_into for customer in customers if customer.merged_into}
    customers += mirror.customers_and_heirs(connection, company, merged_into).values()
    invoices = [
        *mirror.invoices_numbered(connection, company, numbers),
        *mirror.documents(connection, company, "invoice", {line.invoice_id for line in allocations if line.invoice_id}),
    ]
    return Known(customers, invoices, said)


def _customers(connection: Connection, company: str, ids: set[str]) -> list[Customer]:
    seen = mirror.documents(connection, company, "customer", ids) if ids else ()
    return [document.document for document in seen if isinstance(document.document, Customer)]


def customers_of(stored: StoredPayment, held: Mapping[int, Binding], known: Known) -> set[str]:
    """The customers of the books that a payment is of: as its lines are bound (`held`), else all that it may be of."""
    return {line.customer_id for line in held.values()} or set(customer_ids_of(stored.payment, known))


def customer_ids_of(payment: Payment, known: Known) -> tuple[str, ...]:
    """The customers of the books that the payment may be of; merged ones stand for what they were merged into."""
    return _customers_meant(payment, known)[0]


def _customers_meant(payment: Payment, known: Known) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same, and the ids of the spellings that say so: of this payment alone before those of the company."""
    by_id = {customer.id: customer for customer in known.customers}
    said = [alias for alias in known.aliases if not alias.invoice_number and alias.is_of(payment, payment.customer)]
    only_here = [alias for alias in said if alias.transaction_number]
    if only_here:
        named = {alias.customer_id: alias.id for alias in only_here}
    elif payment.customer_id:
        named = {payment.customer_id: ""} if payment.customer_id in by_id else {}
    else:
        named = {customer.id: "" for customer in by_id.values() if rules.called(customer, payment.customer)}
        named |= {alias.customer_id: alias.id for alias in said if alias.customer_id not in named}
    return tuple(sorted({heir_of(customer_id, by_id) for customer_id in named})), tuple(filter(None, named.values()))


def _numbers_meant(payment: Payment, allocation: Allocation, customer_id: str, known: Known) -> dict[str, str]:
    """The numbers in the books that the allocation's number may mean, each with the id of the spelling that says so, or ""."""
    by_id = {customer.id: customer for customer in known.customers}
    said = {
        alias.invoice_number: alias.id
        for alias in known.aliases
        if alias.invoice_number
        and alias.is_of(payment, allocation.invoice_number)
        and heir_of(alias.customer_id, by_id) == customer_id
    }
    return said | {allocation.invoice_number: ""}


def what_is_meant(payment: Payment, allocation: Allocation, known: Known) -> Meant:
    """Which invoice an allocation meant when the customer paid. Pure."""
    customers, spellings = _customers_meant(payment, known)
    if not customers:
        return Meant(BindingProblem.NO_SUCH_CUSTOMER)
    if len(customers) > 1:
        return Meant(BindingProblem.SEVERAL_CUSTOMERS, customer_ids=customers)
    numbers = _numbers_meant(payment, allocation, customers[0], known)
    named = [
        seen
        for seen in known.invoices
        if isinstance(seen.document, Invoice)
        and seen.document.customer_id == customers[0]
        and (seen.document.id == allocation.invoice_id if allocation.invoice_id else seen.document.number in numbers)
    ]
    if allocation.invoice_id:
        existed = named[:1]
    else:
        existed = [
            seen
            for seen in named
            if seen.document.created.at <= payment.paid_at and (seen.deleted_at is None or seen.deleted_at > payment.paid_at)
        ]
    if len(existed) == 1 and isinstance(meant := existed[0].document, Invoice):
        spellings += tuple(filter(None, [numbers.get(meant.number)]))
        return Meant(BindingProblem.NONE, meant.id, customers[0], customers, spellings)
    if existed:
        return Meant(BindingProblem.SEVERAL_INVOICES, customer_ids=customers)
    newer = [seen for seen in named if seen.deleted_at is None]
    return Meant(BindingProblem.ONLY_NEWER if newer else BindingProblem.NO_SUCH_INVOICE, customer_ids=customers)
