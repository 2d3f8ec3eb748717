"""What can be known about a payment is read from the books, in batches, each fact with where it comes from.

Reads: the books and our own rows. Leaves: a period that was closed or opened, on record. Never: a read that failed taken
for a document that is gone. Failures, `posting` and `decisions` use the same reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from receivables.books_records import CreditApplication, Customer, Gone, Invoice, Receipt, heir_of
from receivables.company import Company
from receivables.evidence import BindingProblem, Evidence, LineEvidence, Refused
from receivables.ports import BooksTraits
from storage.payments import StoredPayment
from sync import (
    bank_side,
    binding,
    credit_memos,
    entries_out,
    invoice_wait,
    mergers,
    other_invoices,
    posted_parts,
    receipts_found,
    successors,
    taking_up,
)
from sync.batch_reading import Ours, Read, our_rows, read_books
from sync.desk import Desk
from sync.receipts_found import Search


def gather(
    desk: Desk,
    batch: Sequence[StoredPayment],
    *,
    isolated: bool,
    refusals: Mapping[str, Refused] | None = None,
    full: bool = True,
) -> Mapping[str, Evidence]:
    """Evidence for each payment, by transaction number. Without `full`, only what posting must know.

    The calls to the books depend on the batch, not on the number of payments in it.
    """
    if not batch:
        return {}
    at = desk.clock.now()  # before anything is asked: what an answer proves is how things were then
    ours = our_rows(desk, batch, isolated=isolated, refusals=refusals or {}, full=full)
    read = read_books(desk, batch, ours, full=full)
    traits = desk.books.traits
    candidates = [receipt for receipt in read.candidates.fresh.values() if isinstance(receipt, Receipt)]
    receipts = list({receipt.id: receipt for receipt in (*read.receipts, *candidates)}.values())
    search = Search(
        desk.company,
        receipts,
        read.marked,
        ours.claimed,
        read.candidates,
        traits.longest_reference,
        ours.other_money,
        proofs=ours.proofs,
        went_back=ours.went_back,
    )
    if receipts:
        with desk.db.read() as connection:
            search = receipts_found.with_others(connection, search, batch, set(read.invoices) if full else ())
    if read.candidates.fresh:
        with desk.work() as work:
            receipts_found.take_over(work, read.candidates, traits.longest_reference)
    found = entries_out.added(desk, batch, {stored.number: _assemble(stored, ours, read, search, at, traits) for stored in batch})
    return bank_side.added(desk, mergers.added(desk, found)) if full else found


def _assemble(stored: StoredPayment, ours: Ours, read: Read, search: Search, at: datetime, traits: BooksTraits) -> Evidence:
    company = search.company
    lines = tuple(_line(stored, number, ours, read, company) for number in range(1, len(stored.payment.allocations) + 1))
    lines = credit_memos.told(lines, read.memos, read.rebills, company)
    customers = binding.customers_of(stored, ours.bindings[stored.number], ours.known)
    customer = read.customers.get(next(iter(customers))) if len(customers) == 1 else None
    known = read.known_customers if isinstance(customer, Customer) and customer.merged_into else {}
    remaining = known.get(heir_of(customer.id, known)) if isinstance(customer, Customer) and known else None
    if remaining is not None:
        customers = {*customers, remaining.id}
    since, through = receipts_found.window(company, stored.payment)
    closed = read.settings.closed_through
    day = company.day_of(stored.payment.paid_at)
    return Evidence(
        payment=stored.payment,
        generation=stored.generation,
        taken_at=at,
        settings=read.settings,
        received_on_closed=closed is not None and day <= closed,
        isolated=ours.isolated,
        customer=customer if isinstance(customer, Customer) else None,
        lines=lines,
        receipts=receipts_found.of_payment(search, stored, lines, customers),
        posted=posted_parts.of(stored, ours.effects[stored.number], read.posted),
        refusal=ours.refusals.get(stored.number),
        unread=tuple(sorted([*read.unread, *read.candidates.unread_of(stored.number)])),
        cut_short=read.cut_short,
        not_checked=traits.not_read,
        merged_into=remaining,
        searched_from=since,
        searched_through=through,
        vanished=(
            *receipts_found.vanished(read.candidates, stored.number, search.longest_reference),
            *taking_up.voided(stored, ours.carrying, ours.effects[stored.number]),
        ),
        apply_by_hand=traits.apply_by_hand,
        write_off_by_hand=traits.write_off_by_hand,
        return_by_hand=traits.return_by_hand,
        deposits_hold=traits.deposits_hold,
        longest_reference=search.longest_reference,
        near_customers=ours.near.customers_of(stored.payment),
        other_invoices=other_invoices.beside(stored.payment, lines, customers, read.others),
        material=company.is_material(stored.payment.amount_minor, stored.payment.currency),
        twins=ours.twins.get(stored.number, ()),
        able=traits.able,
        time_zone=company.time_zone.key,
        awaited_long=invoice_wait.is_long(day, company.day_of(at)),
        is_deposit=stored.number in ours.deposits,
    )


def _line(stored: StoredPayment, number: int, ours: Ours, read: Read, company: Company) -> LineEvidence:
    allocation = stored.payment.allocations[number - 1]
    held = ours.bindings[stored.number].get(number)
    if held:
        problem, customers = BindingProblem.NONE, {held.customer_id}
    else:
        meant = binding.what_is_meant(stored.payment, allocation, ours.known, company)
        problem, customers = meant.problem, set(meant.customer_ids)
    invoice = read.invoices.get(held.invoice_id) if held else None
    seen = ours.known.as_seen(invoice.id) if isinstance(invoice, Gone) else None
    invoice_number = allocation.invoice_number or (invoice.number if invoice else "" if held else f"#{allocation.invoice_id}")
    credits, instead = tuple[CreditApplication, ...](), tuple[Invoice, ...]()
    if read.full and held:
        credits = credit_memos.on(held.invoice_id, read.memos)
    if read.full and not successors.takes_money(invoice):
        taken = {line.invoice_id for line in ours.bindings[stored.number].values()}  # by this line, and by the others
        of_customer = [found for found in read.numbered if found.customer_id in customers and found.id not in taken]
        wanted = successors.place(stored.payment, allocation, invoice, seen)
        instead = successors.of_line(of_customer, invoice_number, wanted)
    return LineEvidence(
        line=number,
        amount_minor=allocation.amount_minor,
        invoice_number=invoice_number,
        problem=problem,
        invoice_id=held.invoice_id if held else "",
        invoice=invoice,
        credits=credits,
        successors=instead,
        lost_minor=seen.total_minor if seen and seen.customer_id else None,
        lost_origin=seen.origin if seen else "",
        lost_items=seen.items if seen else (),
        never_seen=seen is not None and seen.customer_id == binding.NOT_SEEN,
        near=ours.near.of_line(stored.payment, number, read.known_invoices) if not held else (),
    )
