"""What is asked about a batch of payments: our own rows first, then the books, each question once for all of them.

Reads: our own rows and the books. Leaves: a period that was closed or opened, on record. Never: a read that failed taken
for a document that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from receivables.books_records import BooksSettings, CreditMemo, Customer, Gone, Invoice, Receipt
from receivables.effects import EffectKind, marker_stem
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.evidence import OtherPayment, Refused
from receivables.ports import Books
from receivables.twins import Twin
from storage import bindings, deposits, effects, marks, mirror, other_money, receipt_claims, twins
from storage.bindings import Binding
from storage.effects import StoredEffect
from storage.other_money import OtherMoney
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from sync import binding, credit_memos, entries_out, nearby, other_invoices, periods, receipts_found, successors
from sync.at_once import asking
from sync.desk import Desk
from sync.nearby import Nearby
from sync.receipts_found import Candidates

NO_SETTINGS = BooksSettings(home_currency="", closed_through=None)  # of books that do not show theirs
NO_RECEIPTS: tuple[Receipt, ...] = ()
T = TypeVar("T")


@dataclass(frozen=True)
class Ours:
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
class Read:
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
            if not isinstance(error, BooksRefused):  # set, and never computed from itself: several threads are here
                self.cut_short = True
            return nothing


def our_rows(desk: Desk, batch: Sequence[StoredPayment], *, isolated: bool, refusals: Mapping[str, Refused], full: bool) -> Ours:
    """Our own rows; without `full`, only those that posting must know."""
    company, numbers = desk.company.id, [stored.number for stored in batch]
    with desk.db.read() as connection:
        bound = bindings.held(connection, company, numbers)
        asked_for = [stored.payment for stored in batch if full or not _is_bound(stored, bound[stored.number])]
        known = binding.look_up(connection, company, asked_for)
        customers = {id_ for stored in batch for id_ in binding.customer_ids_of(stored.payment, known)}
        of_customers = {stored.number: binding.customers_of(stored, bound[stored.number], known) for stored in batch}
        asked = [receipts_found.wanted(desk.company, stored.payment, of_customers[stored.number]) for stored in batch]
        on = {line.invoice_id for held in bound.values() for line in held.values()} if full else set()
        return Ours(
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


def read_books(desk: Desk, batch: Sequence[StoredPayment], ours: Ours, *, full: bool) -> Read:
    """What the books say about a batch; without `full`, only what posting must know."""
    books, read = desk.books, Read(NO_SETTINGS, full)
    bound = [line for held in ours.bindings.values() for line in held.values()]
    invoice_ids = {line.invoice_id for line in bound}
    others = {invoice.id for invoice in other_invoices.oldest(ours.invoices)}
    customer_ids = {line.customer_id for line in bound} | {
        id_ for stored in batch for id_ in binding.customer_ids_of(stored.payment, ours.known)
    }
    known_ids = {proof.receipt_id for given in ours.proofs.values() for proof in given} | {*ours.went_back}
    since = min(receipts_found.window(desk.company, stored.payment)[0] for stored in batch)
    numbers = {line.invoice_number for stored in batch for line in stored.payment.allocations if line.invoice_number}

    def receipts_of(family: set[str]) -> tuple[Receipt, ...]:
        return read.attempt("receipts of the customers", lambda: tuple(books.receipts_of(family, since)), NO_RECEIPTS)

    with asking(books) as ask:
        settings = ask(lambda: _settings(desk, read))
        invoices = ask(lambda: _read_invoices(books, read, numbers, invoice_ids | others))
        customers = ask(lambda: _read_customers(books, read, customer_ids))
        receipts = ask(lambda: receipts_of(customer_ids))
        posted = ask(lambda: _read_posted(desk, batch, ours, read))
    read.settings, found, read.customers, read.receipts = settings(), invoices(), customers(), receipts()
    posted()
    read.invoices = {id_: invoice for id_, invoice in found.items() if id_ in invoice_ids}
    read.others = [invoice for invoice in _living(found) if invoice.id in others]
    searched = customer_ids
    while new := _merged_into(read) - searched:  # the books move a merged customer's documents to the one that remains
        searched = searched | new
        read.customers = {**read.customers, **_read_customers(books, read, new)}
    family = searched | {customer.parent_id for customer in read.known_customers.values()} - {""}
    if family - customer_ids:
        read.receipts += receipts_of(family - customer_ids)
    if known_ids:
        read.receipts += read.attempt("receipts of other payments", lambda: entries_out.living(books, known_ids), NO_RECEIPTS)
    listed = {receipt.id: receipt for receipt in read.receipts}
    read.candidates = read.attempt(
        "receipts that may be it", lambda: receipts_found.read_fresh(books, ours.candidates, listed), ours.candidates
    )
    if full:
        read.memos = read.attempt("credit memos", lambda: books.credit_memos_on(invoice_ids), ())
        ids = credit_memos.may_be_rebills(read.memos, read.invoices, ours.invoices, desk.company)
        read.rebills = read.attempt("invoices made with a memo", lambda: credit_memos.rebills(books, ids, read.invoices), ())
        _read_alike(books, batch, ours, read, numbers)
    return read


def _read_invoices(books: Books, read: Read, numbers: set[str], ids: set[str]) -> Mapping[str, Invoice | Gone]:
    """By number first: books that answer with whole invoices need not be asked for the same ones by id."""
    if read.full:
        read.numbered = read.attempt("invoices of the same number", lambda: books.invoices_numbered(numbers), ())
    return read.attempt("invoices", lambda: {**books.invoices(ids)}, dict[str, Invoice | Gone]())


def _read_customers(books: Books, read: Read, ids: set[str]) -> Mapping[str, Customer | Gone]:
    return read.attempt("customers", lambda: {**books.customers(ids)}, dict[str, Customer | Gone]())


def _read_posted(desk: Desk, batch: Sequence[StoredPayment], ours: Ours, read: Read) -> None:
    """Our receipts of the batch by their ids, then by our markers."""
    receipts = [effect for chain in ours.effects.values() for effect in chain if effect.kind is EffectKind.RECEIPT]
    posted_ids = {effect.document_id for effect in receipts if effect.document_id}
    marked = marks.marks_of(ours.carrying)
    stem_of = {stored.number: marker_stem(desk.company.id, stored.number) for stored in batch}
    stems = [stem for number, stem in stem_of.items() if read.full or ours.effects[number] or stem in marked]
    if posted_ids:
        read.posted = read.attempt("our receipts", lambda: desk.books.receipts(posted_ids), {})
    if stems:
        read.marked = read.attempt("receipts with our marker", lambda: desk.books.receipts_marked(stems), {})


def _read_alike(books: Books, batch: Sequence[StoredPayment], ours: Ours, read: Read, numbers: set[str]) -> None:
    """Invoices that have the same number by now, or that may be in the place of those that take no money."""
    renumbered = {invoice.number for invoice in read.invoices.values() if invoice.number} - numbers
    if renumbered:
        nobody, asked = list[Invoice](), "invoices of the same number"
        read.numbered = [*read.numbered, *read.attempt(asked, lambda: [*books.invoices_numbered(renumbered)], nobody)]
    similar = {id_ for stored in batch for id_ in _nearest(stored, ours, read)} | ours.near.invoice_ids
    similar -= {*read.invoices, *(invoice.id for invoice in read.numbered)}
    if similar:
        read.numbered = [*read.numbered, *_living(read.attempt("similar invoices", lambda: books.invoices(similar), {}))]


def _merged_into(read: Read) -> set[str]:
    return {customer.merged_into for customer in read.known_customers.values()} - {""}


def _settings(desk: Desk, read: Read) -> BooksSettings:
    """The books' settings. Where they are refused to us, nothing is known of them, and nothing that rests on them is sure."""
    try:
        return periods.read(desk)
    except BooksRefused as error:
        read.unread.append(f"settings: {error.message}")
        return NO_SETTINGS


def _living(found: Mapping[str, Invoice | Gone]) -> list[Invoice]:
    return [invoice for invoice in found.values() if isinstance(invoice, Invoice)]


def _nearest(stored: StoredPayment, ours: Ours, read: Read) -> set[str]:
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
