"""What is near a payment that names nothing in the books exactly: looked for in the mirror by its keys, a bounded number.

Reads: the mirror. Leaves: candidates for `evidence`, which reads those invoices fresh. Never: a binding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import rules
from receivables.books_records import Customer, Invoice
from receivables.company import Company
from receivables.diagnosis import Remedy
from receivables.evidence import Evidence, NearCustomer, NearInvoice
from receivables.payment import Payment
from storage import mirror
from storage.bindings import Binding
from storage.engine import Connection
from storage.payments import StoredPayment
from sync import binding
from sync.binding import Known

Place = tuple[str, int]  # transaction number, allocation line


@dataclass(frozen=True)
class Nearby:
    """Near invoices by the line that may mean them, as last seen, and everybody whose they are."""

    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by transaction number: the customers it may be of
    invoices: Mapping[Place, Sequence[Invoice]] = field(default_factory=dict)
    by_id: Mapping[str, Customer] = field(default_factory=dict)

    @property
    def invoice_ids(self) -> set[str]:
        return {invoice.id for some in self.invoices.values() for invoice in some}

    def customers_of(self, payment: Payment) -> tuple[NearCustomer, ...]:
        """The customers that the payment may be of; none where its name says which, or where nothing is missing."""
        own = self.own.get(payment.transaction_number)
        return () if own is None else rules.near_customers(payment, self.by_id.values(), own, self.by_id)

    def of_line(self, payment: Payment, line: int, fresh: Mapping[str, Invoice]) -> tuple[NearInvoice, ...]:
        """The invoices that a line may mean, as they were read a moment ago."""
        found = [fresh[seen.id] for seen in self.invoices.get((payment.transaction_number, line), ()) if seen.id in fresh]
        own = self.own.get(payment.transaction_number, ())
        return rules.near_invoices(payment, payment.allocations[line - 1], found, own, self.by_id)


def look_up(
    connection: Connection,
    of: Company,
    batch: Sequence[StoredPayment],
    bound: Mapping[str, Mapping[int, Binding]],
    known: Known,
) -> Nearby:
    """What the mirror has near the payments of which an invoice, or the customer, was not found."""
    company = of.id
    lost = {stored.number: stored.payment for stored in batch if _is_lost(stored.payment, bound[stored.number], known, of)}
    if not lost:
        return Nearby()
    own = {number: binding.customer_ids_of(payment, known) for number, payment in lost.items()}
    nameless = {payment.customer for number, payment in lost.items() if not own[number]}
    customers = {customer.id: customer for customer in known.customers}
    customers |= {customer.id: customer for customer in mirror.customers_spelled_like(connection, company, nameless)}
    places = {
        (number, line): allocation
        for number, payment in lost.items()
        for line, allocation in enumerate(payment.allocations, start=1)
        if line not in bound[number]
    }
    alike = {
        number: _alike(connection, company, number, customers)
        for number in {allocation.invoice_number or allocation.invoice_id for allocation in places.values()}
    }
    invoices = {
        place: [*alike[allocation.invoice_number or allocation.invoice_id], *_with_id(allocation.invoice_id, known)]
        for place, allocation in places.items()
    }
    owners = {invoice.customer_id for some in invoices.values() for invoice in some} - set(customers)
    if owners:
        customers |= mirror.customers_and_heirs(connection, company, owners)
    return Nearby(own, invoices, mirror.with_parents(connection, company, list(customers.values())))


def with_named(
    connection: Connection, company: str, evidence: Evidence, remedy: Remedy, options: Mapping[str, object]
) -> Evidence:
    """The evidence with the invoices and customers that a person named for a match; else as it is."""
    names = rules.named_in(options, rules.TO_INVOICE), rules.named_in(options, rules.TO_CUSTOMER)
    if remedy is not Remedy.MATCH:
        return evidence
    return rules.with_named(evidence, mirror.named(connection, company, *names))


def _is_lost(payment: Payment, held: Mapping[int, Binding], known: Known, company: Company) -> bool:
    """Whether a person may have to say what it means."""
    problems = [
        binding.what_is_meant(payment, allocation, known, company).problem
        for line, allocation in enumerate(payment.allocations, start=1)
        if line not in held
    ]
    if not payment.allocations:
        return len(binding.customer_ids_of(payment, known)) != 1
    return any(problem in rules.MATCHABLE for problem in problems)


def _alike(connection: Connection, company: str, number: str, customers: Mapping[str, Customer]) -> Sequence[Invoice]:
    """Invoices of that number in whatever form, of anybody; those of the customers in question where there are too many."""
    found = mirror.invoices_spelled_like(connection, company, number)
    if len(found) < mirror.SPELLED_AT_MOST:
        return found
    return [*mirror.invoices_spelled_like(connection, company, number, customers), *found]


def _with_id(invoice_id: str, known: Known) -> list[Invoice]:
    """The living invoice of that id, of whatever customer."""
    living = [seen.document for seen in known.invoices if seen.deleted_at is None and seen.document.id == invoice_id]
    return [document for document in living if isinstance(document, Invoice)]
