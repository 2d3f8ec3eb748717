"""Each allocation is bound to the invoice that its number meant when the customer paid.

Reads: received payments and the mirror. Leaves: bindings, versioned. Never: a guess. `sync/invoice_meant.py` has the rule;
where it names no invoice, or the customer is not certain, the line stays unbound and a person chooses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import rules
from receivables.books_records import Customer, Invoice, heir_of
from receivables.company import Company
from receivables.evidence import BindingProblem
from receivables.payment import Allocation, Payment, PaymentState
from receivables.twins import folded
from storage import aliases, bindings, mirror, payments
from storage.aliases import Alias
from storage.bindings import Binding, Bound
from storage.engine import Connection
from storage.mirror import Seen
from storage.payments import StoredPayment
from storage.work import Work
from sync import news
from sync.desk import Desk
from sync.invoice_meant import Choice, Wanted, choose, told

PAYMENTS_PER_BATCH = 100
NOT_SEEN = ""  # the customer of an invoice that was deleted before it was ever read: it may be anybody's


@dataclass(frozen=True)
class Known:
    """What the mirror knows that a batch of payments may mean."""

    customers: Sequence[Customer]
    invoices: Sequence[Seen]
    aliases: Sequence[Alias] = ()  # what people said that spellings mean

    @cached_property
    def by_id(self) -> Mapping[str, Customer]:
        """The customers by their ids."""
        return {customer.id: customer for customer in self.customers}

    @cached_property
    def _called(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for customer in self.by_id.values():
            for name in rules.names_of(customer):
                found.setdefault(name, []).append(customer.id)
        return found

    @cached_property
    def _places(self) -> tuple[Mapping[str, int], Mapping[str, Sequence[int]]]:
        """Where each invoice stands among the invoices, by its id and by its number."""
        by_number: dict[str, list[int]] = {}
        for place, seen in enumerate(self.invoices):
            if isinstance(seen.document, Invoice):
                by_number.setdefault(seen.document.number, []).append(place)
        return {seen.document.id: place for place, seen in enumerate(self.invoices)}, by_number

    def called(self, name: str) -> Sequence[str]:
        """The ids of the customers of this name."""
        return self._called.get(folded(name), ())

    def numbered(self, numbers: Collection[str]) -> list[Seen]:
        """The invoices with one of these numbers, in their order."""
        return [self.invoices[place] for place in sorted(place for of in numbers for place in self._places[1].get(of, ()))]

    def with_id(self, invoice_id: str) -> list[Seen]:
        """The invoice with this id, if it is known."""
        place = self._places[0].get(invoice_id)
        return [] if place is None else [self.invoices[place]]

    def as_seen(self, invoice_id: str) -> Invoice | None:
        """An invoice as it was last seen."""
        found = (seen.document for seen in self.with_id(invoice_id))
        return next((invoice for invoice in found if isinstance(invoice, Invoice)), None)


@dataclass(frozen=True)
class Meant:
    """What one allocation means: an invoice, or why that cannot be said. `customer_ids` are those it may be of.

    `aliases` are the ids of the spellings it rests on, `late` is the invoice where it came after the customer paid.
    """

    problem: BindingProblem
    invoice_id: str = ""
    customer_id: str = ""
    customer_ids: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    late: Invoice | None = None


@dataclass(frozen=True)
class _Found:
    """A line of a payment, and what it means."""

    payment: Payment
    line: int
    meant: Meant


def run_once(desk: Desk) -> int:
    """Binds what can be bound of what waits to be posted, and of failures that something changed for; returns how many lines."""
    bound, after = 0, ""
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(connection, desk.company.id, PaymentState.RECEIVED, limit=PAYMENTS_PER_BATCH, after=after)
            found = _meant_by(connection, desk.company, batch)
        bound += _bind(desk, found)
        if len(batch) < PAYMENTS_PER_BATCH:
            break
        after = batch[-1].number
    due = news.due(desk).numbers
    for begin in range(0, len(due), PAYMENTS_PER_BATCH):
        with desk.db.read() as connection:
            known = payments.by_numbers(connection, desk.company.id, due[begin : begin + PAYMENTS_PER_BATCH])
            failed = [stored for stored in known.values() if stored.state is PaymentState.FAILED]
            found = _meant_by(connection, desk.company, failed)
        bound += _bind(desk, found)
    return bound


def _bind(desk: Desk, found: Sequence[_Found]) -> int:
    if not found:
        return 0
    with desk.work() as work:
        return _write(work, found)


def bind(work: Work, company: Company, batch: Sequence[StoredPayment]) -> int:
    """Binds what can be bound of these payments; returns how many lines."""
    return _write(work, _meant_by(work.connection, company, batch))


def _meant_by(connection: Connection, company: Company, batch: Sequence[StoredPayment]) -> list[_Found]:
    """The lines of these payments that are bound to nothing yet, and mean an invoice."""
    held = bindings.held(connection, company.id, [stored.number for stored in batch])
    unbound = [stored for stored in batch if len(held[stored.number]) < len(stored.payment.allocations)]
    known = look_up(connection, company.id, [stored.payment for stored in unbound])
    found = []
    for stored in unbound:
        for line, allocation in enumerate(stored.payment.allocations, start=1):
            if line in held[stored.number]:
                continue
            meant = what_is_meant(stored.payment, allocation, known, company)
            if not meant.problem:
                found.append(_Found(stored.payment, line, meant))
    return found


def _write(work: Work, found: Sequence[_Found]) -> int:
    """Binds these lines, but for those that were bound since they were read."""
    held = bindings.held(work.connection, work.company, {of.payment.transaction_number for of in found})
    unbound = [of for of in found if of.line not in held[of.payment.transaction_number]]
    bindings.bind_many(
        work, [Bound(of.payment.transaction_number, of.line, of.meant.invoice_id, of.meant.customer_id) for of in unbound]
    )
    for of in unbound:
        number = of.payment.transaction_number
        if of.meant.aliases:
            body = {"line": of.line, "aliases": list(of.meant.aliases)}
            work.record("allocation.bound_by_spelling", transaction_number=number, body=body)
        if of.meant.late:
            work.record("allocation.bound_late", transaction_number=number, body=_late(of, of.meant.late))
    return len(unbound)


def _late(of: _Found, late: Invoice) -> dict[str, object]:
    """That the books got the invoice only after the customer had paid it, and nothing spoke against it."""
    body = {"line": of.line, "invoice": late.number, "issued_on": late.issued_on.isoformat(), "created_by": late.created.person}
    return body | {"created_at": late.created.at.isoformat(), "paid_at": of.payment.paid_at.isoformat()}


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
    return Known(customers, list({seen.document.id: seen for seen in invoices}.values()), said)


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
    by_id = known.by_id
    said = [alias for alias in known.aliases if not alias.invoice_number and alias.is_of(payment, payment.customer)]
    only_here = [alias for alias in said if alias.transaction_number]
    if only_here:
        named = {alias.customer_id: alias.id for alias in only_here}
    elif payment.customer_id:
        named = {payment.customer_id: ""} if payment.customer_id in by_id else {}
    else:
        named = dict.fromkeys(known.called(payment.customer), "")
        named |= {alias.customer_id: alias.id for alias in said if alias.customer_id not in named}
    return tuple(sorted({heir_of(customer_id, by_id) for customer_id in named})), tuple(filter(None, named.values()))


def _numbers_meant(payment: Payment, allocation: Allocation, customer_id: str, known: Known) -> dict[str, str]:
    """The numbers in the books that the allocation's number may mean, each with the id of the spelling that says so, or ""."""
    said = {
        alias.invoice_number: alias.id
        for alias in known.aliases
        if alias.invoice_number
        and alias.is_of(payment, allocation.invoice_number)
        and heir_of(alias.customer_id, known.by_id) == customer_id
    }
    return said | {allocation.invoice_number: ""}


def what_is_meant(payment: Payment, allocation: Allocation, known: Known, company: Company) -> Meant:
    """Which invoice an allocation meant when the customer paid. Pure."""
    customers, spellings = _customers_meant(payment, known)
    if not customers:
        return Meant(BindingProblem.NO_SUCH_CUSTOMER)
    if len(customers) > 1:
        return Meant(BindingProblem.SEVERAL_CUSTOMERS, customer_ids=customers)
    numbers = _numbers_meant(payment, allocation, customers[0], known)
    named = [
        told(seen.document, seen.deleted_at)
        for seen in (known.with_id(allocation.invoice_id) if allocation.invoice_id else known.numbered(numbers))
        if isinstance(seen.document, Invoice) and seen.document.customer_id in (customers[0], NOT_SEEN)
    ]
    if allocation.invoice_id:  # the portal itself says which
        choice = Choice(BindingProblem.NONE if named else BindingProblem.NO_SUCH_INVOICE, named[0].invoice if named else None)
    else:
        choice = choose(named, _wanted(payment, allocation, company))
    if choice.invoice is None:
        return Meant(choice.problem, customer_ids=customers)
    spellings += tuple(filter(None, [numbers.get(choice.invoice.number)]))
    late = choice.invoice if choice.late else None
    return Meant(choice.problem, choice.invoice.id, customers[0], customers, spellings, late)


def _wanted(payment: Payment, allocation: Allocation, company: Company) -> Wanted:
    """What the payment wants of the invoice of this number, all its allocations to it together."""
    to_it = [line.amount_minor for line in payment.allocations if line.invoice_number == allocation.invoice_number]
    return Wanted(payment.paid_at, company.day_of(payment.paid_at), sum(to_it), payment.currency)
