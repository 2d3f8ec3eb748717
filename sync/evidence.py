"""What can be known about a payment is read from the books, in batches, each fact with where it comes from.

Reads: the books and our own rows. Leaves: evidence on each open failure, kept only when it says something new.
Never: a read that failed taken for a document that is gone. `posting` and `decisions` use the same reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from receivables.books_records import (
    BooksSettings,
    CreditApplication,
    CreditMemo,
    Customer,
    Gone,
    Invoice,
    InvoiceStatus,
    Receipt,
)
from receivables.effects import LIVE_STATES, ApplyReceipt, EffectKind, EffectState, ReceiptWrite, marker_stem
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.evidence import BindingProblem, Evidence, LineEvidence, PostedPart, Refused
from receivables.payment import Bucket
from receivables.ports import Books
from storage import decisions, effects, failures, mirror, payments
from storage.effects import StoredEffect
from storage.failures import StoredFailure
from storage.payments import Binding, StoredPayment
from sync import binding, escalation, receipts_found
from sync.desk import Desk
from sync.receipts_found import Others

FAILURES_PER_BATCH = 100
NO_SETTINGS = BooksSettings(home_currency="", closed_through=None)  # of books that do not show theirs
_READABLE = (Bucket.WAITING_PERSON, Bucket.UNKNOWN)
T = TypeVar("T")


@dataclass(frozen=True)
class _Ours:
    """What our own rows say about a batch."""

    bindings: Mapping[str, Mapping[int, Binding]]
    effects: Mapping[str, Sequence[StoredEffect]]
    known: binding.Known
    claimed: Mapping[str, int]
    invoices: Sequence[Invoice]  # living invoices of the same customers, as last seen


@dataclass
class _Read:
    """What the books say about a batch; `unread` names what they would not say."""

    settings: BooksSettings
    customers: Mapping[str, Customer | Gone] = field(default_factory=dict)
    invoices: Mapping[str, Invoice | Gone] = field(default_factory=dict)
    memos: Sequence[CreditMemo] = ()
    numbered: Sequence[Invoice] = ()
    receipts: Sequence[Receipt] = ()
    posted: Mapping[str, Receipt | Gone] = field(default_factory=dict)
    marked: Mapping[str, Sequence[Receipt]] = field(default_factory=dict)
    others: Others = field(default_factory=Others)
    unread: list[str] = field(default_factory=list)

    def attempt(self, what: str, read: Callable[[], T], nothing: T) -> T:
        """A read whose failure is remembered as such."""
        try:
            return read()
        except (BooksUnavailable, BooksRefused, OutcomeUnknown) as error:
            self.unread.append(f"{what}: {error.message}")
            return nothing


def run_once(desk: Desk) -> int:
    """Reads about every open failure; returns how many have something new. Raises AccessLost and BooksUnavailable."""
    with desk.db.read() as connection:
        isolated = escalation.is_isolated(connection, desk.company, desk.clock.now())
    news, after = 0, ""
    while True:
        with desk.db.read() as connection:
            page = failures.open_ones(connection, desk.company.id, about="payment", limit=FAILURES_PER_BATCH, after=after)
            known = payments.by_numbers(connection, desk.company.id, {one.transaction_number for one in page})
        # While a remedy is carried out the books are between two states; there is nothing to judge then.
        batch = [one for one in page if known[one.transaction_number].bucket in _READABLE]
        stored = [known[one.transaction_number] for one in batch]
        gathered = gather(desk, stored, isolated=isolated, refusals=_refusals(batch))
        with desk.work() as work:
            news += sum(1 for found in batch if failures.store_evidence(work, found, gathered[found.transaction_number]))
        if len(page) < FAILURES_PER_BATCH:
            return news
        after = page[-1].id


def of_one(desk: Desk, stored: StoredPayment, found: StoredFailure) -> Evidence:
    """Fresh evidence about one failed payment, as it is at this moment."""
    with desk.db.read() as connection:
        isolated = escalation.is_isolated(connection, desk.company, desk.clock.now())
    return gather(desk, [stored], isolated=isolated, refusals=_refusals([found]))[stored.number]


def _refusals(batch: Sequence[StoredFailure]) -> Mapping[str, Refused]:
    return {
        one.transaction_number: Refused(one.refusal_code, one.refusal_message, one.changed_at)
        for one in batch
        if one.refusal_code
    }


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
    ours = _our_rows(desk, batch, full=full)
    read = _read(desk, batch, ours, full=full)
    if full and read.receipts:
        with desk.db.read() as connection:
            read.others = receipts_found.others(connection, desk.company.id, batch, read.receipts)
    at = desk.clock.now()
    refused = refusals or {}
    return {
        stored.number: _assemble(
            desk, stored, ours, read, at=at, isolated=isolated, refusal=refused.get(stored.number), full=full
        )
        for stored in batch
    }


def _our_rows(desk: Desk, batch: Sequence[StoredPayment], *, full: bool) -> _Ours:
    company, numbers = desk.company.id, [stored.number for stored in batch]
    with desk.db.read() as connection:
        known = binding.look_up(connection, company, [stored.payment for stored in batch])
        customers = {one for stored in batch for one in binding.customer_ids_of(stored.payment, known)}
        return _Ours(
            bindings=payments.bindings(connection, company, numbers),
            effects=effects.of_payments(connection, company, numbers),
            known=known,
            claimed=decisions.claimed(connection, company),
            invoices=mirror.open_invoices_of(connection, company, customers) if full else (),
        )


def _read(desk: Desk, batch: Sequence[StoredPayment], ours: _Ours, *, full: bool) -> _Read:
    books = desk.books
    bound = [one for held in ours.bindings.values() for one in held.values()]
    invoice_ids = {one.invoice_id for one in bound}
    customer_ids = {one.customer_id for one in bound} | {
        one for stored in batch for one in binding.customer_ids_of(stored.payment, ours.known)
    }
    posted_ids = {
        one.document_id for chain in ours.effects.values() for one in chain if one.kind is EffectKind.RECEIPT and one.document_id
    }
    stems = [marker_stem(desk.company.id, stored.number) for stored in batch if full or ours.effects[stored.number]]
    earliest = min(desk.company.day_of(stored.payment.paid_at) for stored in batch)
    since = earliest - timedelta(days=desk.company.hand_receipt_days)
    read = _Read(NO_SETTINGS)
    read.settings = _settings(books, read)
    read.invoices = read.attempt("invoices", lambda: books.invoices(invoice_ids), {})
    read.customers = read.attempt("customers", lambda: books.customers(customer_ids), {})
    remaining = {one.merged_into for one in read.customers.values() if isinstance(one, Customer) and one.merged_into}
    if new := remaining - set(read.customers):  # the books move a merged customer's documents to the one that remains
        nobody: Mapping[str, Customer | Gone] = {}
        found = read.attempt("customers that others were merged into", lambda: books.customers(new), nobody)
        read.customers = {**read.customers, **found}
    searched = customer_ids | remaining
    read.receipts = read.attempt("receipts of the customers", lambda: books.receipts_of(searched, since), ())
    if posted_ids:
        read.posted = read.attempt("our receipts", lambda: books.receipts(posted_ids), {})
    if stems:
        read.marked = read.attempt("receipts with our marker", lambda: books.receipts_marked(stems), {})
    if full:
        numbers = {one.invoice_number for stored in batch for one in stored.payment.allocations if one.invoice_number}
        numbers |= {invoice.number for invoice in read.invoices.values() if invoice.number}
        read.memos = read.attempt("credit memos", lambda: books.credit_memos_on(invoice_ids), ())
        read.numbered = read.attempt("invoices of the same number", lambda: books.invoices_numbered(numbers), ())
        twins = {one.id for stored in batch for one in _same_total(stored, ours, read)} - set(read.invoices)
        if twins:
            read.numbered = [*read.numbered, *_living(read.attempt("similar invoices", lambda: books.invoices(twins), {}))]
    return read


def _settings(books: Books, read: _Read) -> BooksSettings:
    """The books' settings. Where they are refused to us, nothing is known of them, and nothing that rests on them is sure."""
    try:
        return books.settings()
    except BooksRefused as error:
        read.unread.append(f"settings: {error.message}")
        return NO_SETTINGS


def _living(found: Mapping[str, Invoice | Gone]) -> list[Invoice]:
    return [one for one in found.values() if isinstance(one, Invoice)]


def _same_total(stored: StoredPayment, ours: _Ours, read: _Read) -> list[Invoice]:
    """Living invoices of the same customer with an allocated amount as their total: they may be successors."""
    customers = binding.customer_ids_of(stored.payment, ours.known)
    held = ours.bindings[stored.number]
    amounts = {
        allocation.amount_minor
        for line, allocation in enumerate(stored.payment.allocations, start=1)
        if line not in held or not _takes_money(read.invoices.get(held[line].invoice_id))
    }
    return [one for one in ours.invoices if one.customer_id in customers and one.total_minor in amounts]


def _takes_money(invoice: Invoice | Gone | None) -> bool:
    return isinstance(invoice, Invoice) and invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID)


def _assemble(
    desk: Desk,
    stored: StoredPayment,
    ours: _Ours,
    read: _Read,
    *,
    at: datetime,
    isolated: bool,
    refusal: Refused | None,
    full: bool,
) -> Evidence:
    lines = tuple(_line(stored, number, ours, read, full=full) for number in range(1, len(stored.payment.allocations) + 1))
    customers = {held.customer_id for held in ours.bindings[stored.number].values()} or set(
        binding.customer_ids_of(stored.payment, ours.known)
    )
    customer = read.customers.get(next(iter(customers))) if len(customers) == 1 else None
    remaining = read.customers.get(customer.merged_into) if isinstance(customer, Customer) else None
    if isinstance(remaining, Customer):
        customers = {*customers, remaining.id}
    since, through = receipts_found.window(desk.company, stored)
    closed = read.settings.closed_through
    day = desk.company.day_of(stored.payment.paid_at)
    return Evidence(
        payment=stored.payment,
        generation=stored.generation,
        taken_at=at,
        settings=read.settings,
        received_on_closed=closed is not None and day <= closed,
        isolated=isolated,
        customer=customer if isinstance(customer, Customer) else None,
        lines=lines,
        receipts=receipts_found.of_payment(
            desk.company,
            stored,
            lines,
            customers,
            read.receipts,
            read.marked.get(marker_stem(desk.company.id, stored.number), ()),
            ours.claimed,
            read.others,
        ),
        posted=_posted(stored, ours.effects[stored.number], read.posted),
        refusal=refusal,
        unread=tuple(sorted(read.unread)),
        merged_into=remaining if isinstance(remaining, Customer) else None,
        searched_from=since,
        searched_through=through,
        time_zone=desk.company.time_zone.key,
    )


def _line(stored: StoredPayment, number: int, ours: _Ours, read: _Read, *, full: bool) -> LineEvidence:
    allocation = stored.payment.allocations[number - 1]
    held = ours.bindings[stored.number].get(number)
    meant = binding.what_is_meant(stored.payment, allocation, ours.known)
    invoice = read.invoices.get(held.invoice_id) if held else None
    invoice_number = allocation.invoice_number or (invoice.number if invoice else "")
    credits: tuple[CreditApplication, ...] = ()
    successors: tuple[Invoice, ...] = ()
    if full and held:
        applied = [one for memo in read.memos for one in memo.applications if one.invoice_id == held.invoice_id]
        credits = tuple(sorted(applied, key=lambda one: (one.applied.at, one.id)))
    if full and not _takes_money(invoice):
        customers = {held.customer_id} if held else set(meant.customer_ids)
        successors = _successors(stored, number, invoice_number, customers, held, ours, read)
    return LineEvidence(
        line=number,
        amount_minor=allocation.amount_minor,
        invoice_number=invoice_number,
        problem=BindingProblem.NONE if held else meant.problem,
        invoice_id=held.invoice_id if held else "",
        invoice=invoice,
        credits=credits,
        successors=successors,
    )


def _successors(
    stored: StoredPayment,
    number: int,
    invoice_number: str,
    customers: set[str],
    held: Binding | None,
    ours: _Ours,
    read: _Read,
) -> tuple[Invoice, ...]:
    """Living invoices of the same customer and currency that may have taken the place of the one that is gone."""
    taken = {one.invoice_id for line, one in ours.bindings[stored.number].items() if line != number}
    amount = stored.payment.allocations[number - 1].amount_minor
    found = {
        one.id: one
        for one in read.numbered
        if one.customer_id in customers
        and one.currency == stored.payment.currency
        and one.id != (held.invoice_id if held else "")
        and one.id not in taken
        and one.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID)
        and (one.number == invoice_number or (one.total_minor == amount and one.created.at > stored.payment.paid_at))
    }
    return tuple(sorted(found.values(), key=lambda one: (one.number != invoice_number, one.created.at, one.id)))


def _posted(
    stored: StoredPayment, chain: Sequence[StoredEffect], receipts: Mapping[str, Receipt | Gone]
) -> tuple[PostedPart, ...]:
    """Our own receipts of this payment that are, or may be, in the books."""
    parts = [one for one in chain if one.kind is EffectKind.RECEIPT and one.state in LIVE_STATES]
    rearranged = {
        one.write.receipt_id: one.write.lines
        for one in chain
        if isinstance(one.write, ApplyReceipt) and one.state is EffectState.DONE
    }
    shown = []
    for one in parts:
        if not isinstance(one.write, ReceiptWrite):
            continue
        lines = rearranged.get(one.document_id or "", one.write.lines)
        shown.append(
            PostedPart(
                part=one.part,
                generation=one.generation,
                state=one.state,
                amount_minor=one.write.amount_minor,
                on_account_minor=stored.on_account_minor if len(parts) == 1 else one.write.on_account_minor,
                document_id=one.document_id or "",
                receipt=receipts.get(one.document_id or ""),
                verified=stored.verified_at is not None and one.settled_at is not None and one.settled_at <= stored.verified_at,
                lines=tuple((line.invoice_id, line.amount_minor) for line in lines),
            )
        )
    return tuple(shown)
