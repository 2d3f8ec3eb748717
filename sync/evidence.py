"""What can be known about a payment is read from the books, in batches, each fact with where it comes from.

Reads: the books and our own rows. Leaves: nothing. Never: a read that failed taken for a document that is gone. Failures,
`posting` and `decisions` use the same reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from receivables.books_records import (
    BooksSettings,
    CreditApplication,
    CreditMemo,
    Customer,
    Gone,
    Invoice,
    Receipt,
    heir_of,
)
from receivables.company import Company
from receivables.effects import EffectKind, marker_stem
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.evidence import BindingProblem, Evidence, LineEvidence, OtherPayment, Refused
from receivables.ports import Books, BooksTraits
from receivables.twins import Twin
from storage import bindings, deposits, effects, marks, mirror, other_money, receipt_claims, twins
from storage.bindings import Binding
from storage.effects import StoredEffect
from storage.other_money import OtherMoney
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from sync import (
    bank_side,
    binding,
    credit_memos,
    entries_out,
    invoice_wait,
    mergers,
    nearby,
    other_invoices,
    periods,
    posted_parts,
    receipts_found,
    successors,
    taking_up,
)
from sync.desk import Desk
from sync.nearby import Nearby
from sync.receipts_found import Candidates, Search

NO_SETTINGS = BooksSettings(home_currency="", closed_through=None)  # of books that do not show theirs
NO_RECEIPTS: tuple[Receipt, ...] = ()
T = TypeVar("T")


@dataclass(frozen=True)
class _Ours:
    """What our own rows say about a batch; `refusals` by transaction number."""

    isolated: bool
    refusals: Mapping[str, Refused]
    bindings: Mapping[str, Mapping[int, Binding]]
    effects: Mapping[str, Sequence[StoredEffect]]
    known: binding.Known
    candidates: Candidates  # as the mirror knows them
    claimed: Mapping[str, int]
    proofs: Mapping[str, Sequence[Proof]]
    went_back: Mapping[str, OtherPayment]  # by receipt id: other payments of the same invoices whose money went back
    other_money: Mapping[str, Sequence[OtherMoney]]
    twins: Mapping[str, tuple[Twin, ...]]
    near: Nearby
    invoices: Sequence[Invoice]  # living invoices of the same customers, as last seen
    deposits: frozenset[str]  # those that are customer deposits, by transaction number
    carrying: Sequence[Receipt]  # receipts with our marks as last seen, voided ones included


@dataclass
class _Read:
    """What the books say about a batch; `unread` names what they would not say."""

    settings: BooksSettings
    full: bool  # otherwise only what posting must know
    customers: Mapping[str, Customer | Gone] = field(default_factory=dict)
    invoices: Mapping[str, Invoice | Gone] = field(default_factory=dict)
    others: Sequence[Invoice] = ()  # what else is open of the customers
    memos: Sequence[CreditMemo] = ()
    numbered: Sequence[Invoice] = ()
    receipts: tuple[Receipt, ...] = ()
    rebills: Sequence[Invoice] = ()  # made on the day of a credit memo for an invoice of the batch
    posted: Mapping[str, Receipt | Gone] = field(default_factory=dict)
    marked: Mapping[str, Sequence[Receipt]] = field(default_factory=dict)
    candidates: Candidates = field(default_factory=Candidates)
    unread: list[str] = field(default_factory=list)
    cut_short: bool = False  # the books were away, or asked us to slow down

    @property
    def known_customers(self) -> Mapping[str, Customer]:
        """Every customer that was read and is there, by id."""
        return {id_: customer for id_, customer in self.customers.items() if isinstance(customer, Customer)}

    @property
    def known_invoices(self) -> Mapping[str, Invoice]:
        """Every living invoice that was read, by id."""
        return {invoice.id: invoice for invoice in (*self.numbered, *_living(self.invoices))}

    def attempt(self, what: str, read: Callable[[], T], nothing: T) -> T:
        """A read whose failure is remembered as such."""
        try:
            return read()
        except (BooksUnavailable, BooksRefused, OutcomeUnknown) as error:
            self.unread.append(f"{what}: {error.message}")
            self.cut_short = self.cut_short or not isinstance(error, BooksRefused)
            return nothing


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
    ours = _our_rows(desk, batch, isolated=isolated, refusals=refusals or {}, full=full)
    read = _read(desk, batch, ours, full=full)
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


def _our_rows(
    desk: Desk, batch: Sequence[StoredPayment], *, isolated: bool, refusals: Mapping[str, Refused], full: bool
) -> _Ours:
    company, numbers = desk.company.id, [stored.number for stored in batch]
    with desk.db.read() as connection:
        bound = bindings.held(connection, company, numbers)
        asked_for = [stored.payment for stored in batch if full or not _is_bound(stored, bound[stored.number])]
        known = binding.look_up(connection, company, asked_for)
        customers = {id_ for stored in batch for id_ in binding.customer_ids_of(stored.payment, known)}
        of_customers = {stored.number: binding.customers_of(stored, bound[stored.number], known) for stored in batch}
        asked = [receipts_found.wanted(desk.company, stored.payment, of_customers[stored.number]) for stored in batch]
        on = {line.invoice_id for held in bound.values() for line in held.values()} if full else set()
        return _Ours(
            isolated=isolated,
            refusals=refusals,
            bindings=bound,
            effects=effects.of_payments(connection, company, numbers),
            known=known,
            candidates=receipts_found.candidates(connection, desk.company, asked),
            claimed=receipt_claims.claimed(connection, company),
            proofs=receipt_claims.standing(connection, company, numbers),
            went_back=entries_out.gone_on(connection, desk.company, on),
            other_money=other_money.said(connection, company, numbers),
            twins=twins.unsettled(connection, company, numbers),
            near=nearby.look_up(connection, desk.company, batch, bound, known) if full else Nearby(),
            invoices=mirror.open_invoices_of(connection, company, customers) if full else (),
            deposits=deposits.among(connection, company, numbers) if full else frozenset(),
            carrying=marks.seen(connection, company, {marker_stem(company, number) for number in numbers}),
        )


def _is_bound(stored: StoredPayment, held: Mapping[int, Binding]) -> bool:
    """Whether all its lines stand for invoices by the rule alone: then what it names is known."""
    by_rule = [line for line in held.values() if line.decision_id is None]
    return bool(by_rule) and len(by_rule) == len(stored.payment.allocations)


def _read(desk: Desk, batch: Sequence[StoredPayment], ours: _Ours, *, full: bool) -> _Read:
    books = desk.books
    bound = [line for held in ours.bindings.values() for line in held.values()]
    invoice_ids = {line.invoice_id for line in bound}
    others = {invoice.id for invoice in other_invoices.oldest(ours.invoices)}
    customer_ids = {line.customer_id for line in bound} | {
        id_ for stored in batch for id_ in binding.customer_ids_of(stored.payment, ours.known)
    }
    posted_ids = {
        effect.document_id
        for chain in ours.effects.values()
        for effect in chain
        if effect.kind is EffectKind.RECEIPT and effect.document_id
    }
    known_ids = {proof.receipt_id for given in ours.proofs.values() for proof in given} | {*ours.went_back}
    stem_of = {stored.number: marker_stem(desk.company.id, stored.number) for stored in batch}
    marked = marks.marks_of(ours.carrying)
    stems = [stem for number, stem in stem_of.items() if full or ours.effects[number] or stem in marked]
    since = min(receipts_found.window(desk.company, stored.payment)[0] for stored in batch)
    read = _Read(NO_SETTINGS, full)
    read.settings = _settings(desk, read)
    numbers = {line.invoice_number for stored in batch for line in stored.payment.allocations if line.invoice_number}
    if full:  # first: books that answer with whole invoices need not be asked for the same ones by id
        read.numbered = read.attempt("invoices of the same number", lambda: books.invoices_numbered(numbers), ())
    found = read.attempt("invoices", lambda: {**books.invoices(invoice_ids | others)}, dict[str, Invoice | Gone]())
    read.invoices = {id_: invoice for id_, invoice in found.items() if id_ in invoice_ids}
    read.others = [invoice for invoice in _living(found) if invoice.id in others]
    read.customers = read.attempt("customers", lambda: books.customers(customer_ids), {})
    searched = customer_ids
    while new := _merged_into(read) - searched:  # the books move a merged customer's documents to the one that remains
        searched |= new
        read.customers = {**read.customers, **_heirs(books, read, new)}
    family = searched | {customer.parent_id for customer in read.known_customers.values()} - {""}
    read.receipts = read.attempt("receipts of the customers", lambda: tuple(books.receipts_of(family, since)), ())
    if known_ids:
        read.receipts += read.attempt("receipts of other payments", lambda: entries_out.living(books, known_ids), NO_RECEIPTS)
    listed = {receipt.id: receipt for receipt in read.receipts}
    read.candidates = read.attempt(
        "receipts that may be it", lambda: receipts_found.read_fresh(books, ours.candidates, listed), ours.candidates
    )
    if posted_ids:
        read.posted = read.attempt("our receipts", lambda: books.receipts(posted_ids), {})
    if stems:
        read.marked = read.attempt("receipts with our marker", lambda: books.receipts_marked(stems), {})
    if full:
        renumbered = {invoice.number for invoice in read.invoices.values() if invoice.number} - numbers
        read.memos = read.attempt("credit memos", lambda: books.credit_memos_on(invoice_ids), ())
        ids = credit_memos.may_be_rebills(read.memos, read.invoices, ours.invoices, desk.company)
        read.rebills = read.attempt("invoices made with a memo", lambda: credit_memos.rebills(books, ids, read.invoices), ())
        if renumbered:
            nobody, asked = list[Invoice](), "invoices of the same number"
            read.numbered = [*read.numbered, *read.attempt(asked, lambda: [*books.invoices_numbered(renumbered)], nobody)]
        similar = {id_ for stored in batch for id_ in _nearest(stored, ours, read)} | ours.near.invoice_ids
        similar -= {*read.invoices, *(invoice.id for invoice in read.numbered)}
        if similar:
            read.numbered = [*read.numbered, *_living(read.attempt("similar invoices", lambda: books.invoices(similar), {}))]
    return read


def _merged_into(read: _Read) -> set[str]:
    return {customer.merged_into for customer in read.known_customers.values()} - {""}


def _heirs(books: Books, read: _Read, ids: set[str]) -> Mapping[str, Customer | Gone]:
    return read.attempt("customers that others were merged into", lambda: books.customers(ids), {})


def _settings(desk: Desk, read: _Read) -> BooksSettings:
    """The books' settings. Where they are refused to us, nothing is known of them, and nothing that rests on them is sure."""
    try:
        return periods.read(desk)
    except BooksRefused as error:
        read.unread.append(f"settings: {error.message}")
        return NO_SETTINGS


def _living(found: Mapping[str, Invoice | Gone]) -> list[Invoice]:
    return [invoice for invoice in found.values() if isinstance(invoice, Invoice)]


def _nearest(stored: StoredPayment, ours: _Ours, read: _Read) -> set[str]:
    """The customer's invoices, as last seen, that may be in the place of those that take no money."""
    customers = binding.customer_ids_of(stored.payment, ours.known)
    of_customer = [invoice for invoice in ours.invoices if invoice.customer_id in customers]
    held, found = ours.bindings[stored.number], set[str]()
    for line, allocation in enumerate(stored.payment.allocations, start=1):
        invoice = read.invoices.get(held[line].invoice_id) if line in held else None
        if not successors.takes_money(invoice):
            seen = ours.known.as_seen(held[line].invoice_id) if line in held else None
            found |= successors.nearest(of_customer, successors.place(stored.payment, allocation, invoice, seen))
    return found


def _assemble(stored: StoredPayment, ours: _Ours, read: _Read, search: Search, at: datetime, traits: BooksTraits) -> Evidence:
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


def _line(stored: StoredPayment, number: int, ours: _Ours, read: _Read, company: Company) -> LineEvidence:
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
