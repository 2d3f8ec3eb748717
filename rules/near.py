"""What a payment may mean where nothing in the books is called exactly as it says: another spelling, a namesake, a relative.

Nothing near is ever bound by itself: a person chooses. What they choose is one person's where it is the same customer, two
people's where it is another one; only a spelling that can mean nothing else is remembered. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from receivables.books_records import Customer, Invoice, InvoiceStatus
from receivables.errors import CannotBeDone
from receivables.evidence import BindingProblem, Evidence, Kin, LineEvidence, NearCustomer, NearInvoice
from receivables.payment import Allocation, Payment
from receivables.reference_keys import key_of, name_key
from receivables.twins import folded
from receivables.words import listed, plain
from rules.consequences import Options, named_in
from rules.mergers import followed, may_be_merged

NEAR_AT_MOST = 20  # of one allocation; nobody chooses among more
TO_INVOICE, TO_CUSTOMER = "to_invoice", "to_customer"  # what a person named, among the options of a decision
GENERATIONS = 5  # of jobs below each other; no package allows more
#: Whose money it then is: that takes two people each time, and is never remembered.
SOMEBODY_ELSE = (Kin.FAMILY, Kin.OTHER)
#: Problems of an allocation for which a person may say what it means.
MATCHABLE = (
    BindingProblem.NO_SUCH_INVOICE,
    BindingProblem.SEVERAL_INVOICES,
    BindingProblem.SEVERAL_CUSTOMERS,
    BindingProblem.NO_SUCH_CUSTOMER,
)
_RANK = {kin: place for place, kin in enumerate(Kin)}


# --- what is near -----------------------------------------------------------------------------------------------------


def names_of(customer: Customer) -> set[str]:
    """The customer's name, and its name below its parents', as `folded`: upper and lower case alike."""
    return {folded(customer.name), folded(customer.full_name or customer.name)}


def called(customer: Customer, name: str) -> bool:
    """Whether this is exactly one of the customer's names."""
    return folded(name) in names_of(customer)


def _spelled_like(customer: Customer, name: str) -> bool:
    key = name_key(name)
    return bool(key) and key in {name_key(customer.name), name_key(customer.full_name)}


def family_of(customer_id: str, by_id: Mapping[str, Customer]) -> str:
    """The head of a customer's family: the topmost parent that is known, or the customer itself."""
    for _ in range(GENERATIONS):
        parent = by_id[customer_id].parent_id if customer_id in by_id else ""
        if not parent:
            break
        customer_id = parent
    return customer_id


def kin_of(payment: Payment, customer: Customer, own: Collection[str], by_id: Mapping[str, Customer]) -> Kin:
    """How a customer stands to the payment, which is of one of `own`, or of nobody that is known."""
    if customer.id in own:
        return Kin.SAME if len(own) == 1 else Kin.NAMESAKE
    if not own and called(customer, payment.customer):
        return Kin.NAMESAKE
    if not own and _spelled_like(customer, payment.customer):
        return Kin.SPELLING
    heads = {family_of(customer_id, by_id) for customer_id in own}
    return Kin.FAMILY if family_of(customer.id, by_id) in heads else Kin.OTHER


def near_customers(
    payment: Payment, customers: Iterable[Customer], own: Collection[str], by_id: Mapping[str, Customer]
) -> tuple[NearCustomer, ...]:
    """The customers that the payment may be of; none where its name says which."""
    if len(own) == 1:
        return ()
    found = {of.id: NearCustomer(of, kin_of(payment, of, own, by_id)) for of in customers if not of.merged_into}
    wanted = [near for near in found.values() if near.kin in (Kin.NAMESAKE, Kin.SPELLING)]
    return tuple(sorted(wanted, key=lambda near: (_RANK[near.kin], not near.customer.active, near.customer.id)))[:NEAR_AT_MOST]


def near_invoices(
    payment: Payment, allocation: Allocation, invoices: Iterable[Invoice], own: Collection[str], by_id: Mapping[str, Customer]
) -> tuple[NearInvoice, ...]:
    """The living invoices in the payment's currency that an allocation may mean, the nearest first.

    An unrelated customer's counts with exactly this number only, unless nobody knows the payment's own customer.
    """
    found: dict[str, NearInvoice] = {}
    for invoice in invoices:
        customer = by_id.get(invoice.customer_id)
        if customer is None or not _may_take(invoice, payment):
            continue
        kin = kin_of(payment, customer, own, by_id)
        number = allocation.invoice_number or allocation.invoice_id  # "#1048" in a file is an id, and may be meant as a number
        exact = invoice.id == allocation.invoice_id or folded(invoice.number) == folded(number)
        if exact or (same_key(invoice.number, number) and (kin is not Kin.OTHER or not own)):
            found[invoice.id] = NearInvoice(invoice, customer, kin)
    return tuple(sorted(found.values(), key=lambda near: _nearness(near, allocation)))[:NEAR_AT_MOST]


def _may_take(invoice: Invoice, payment: Payment) -> bool:
    return invoice.currency == payment.currency and invoice.status is not InvoiceStatus.VOIDED


def _nearness(near: NearInvoice, allocation: Allocation) -> tuple[int, bool, bool, str]:
    invoice = near.invoice
    return (
        _RANK[near.kin],
        invoice.number != allocation.invoice_number,
        invoice.open_minor < allocation.amount_minor,
        invoice.id,
    )


def same_key(number: str, other: str) -> bool:
    """Whether two numbers differ only in form: case, separators, leading zeros."""
    return bool(key_of(number)) and key_of(number) == key_of(other)


def unmatched(evidence: Evidence) -> tuple[LineEvidence, ...]:
    """The allocations of which a person may say which invoice they mean, or that it is another customer's by now."""
    lost = [line for line in evidence.lines if not line.invoice_id and line.problem in MATCHABLE]
    return (*lost, *(line for line in evidence.lines if is_moved(line, evidence)))


def is_moved(line: LineEvidence, evidence: Evidence) -> bool:
    """Whether the invoice that was paid is another customer's by now. Where the books tell that the customer was merged into
    that one, a retry follows, and nobody has to say so.
    """
    of, invoice = evidence.customer, line.invoice
    moved = bool(line.invoice_id) and isinstance(invoice, Invoice) and of is not None and invoice.customer_id != of.id
    return moved and evidence.merged_into is None


def may_match(evidence: Evidence) -> bool:
    """Whether a person may say what the payment means: an invoice is missing, or its customer is, or was merged untold."""
    return bool(unmatched(evidence)) or (evidence.customer is None and not evidence.lines) or may_be_merged(evidence)


# --- what a person names ----------------------------------------------------------------------------------------------


def with_named(evidence: Evidence, named: Collection[Customer | Invoice]) -> Evidence:
    """The evidence with what a person named beside what is near; `named` are those documents and their customers."""
    by_id = {of.id: of for of in named if isinstance(of, Customer)}
    if not named:
        return evidence
    own = _own(evidence)
    if evidence.customer is not None:
        by_id = {evidence.customer.id: evidence.customer, **by_id}
    customers = {near.customer.id: near for near in evidence.near_customers}
    for customer in (of for of in by_id.values() if not of.merged_into):
        customers.setdefault(customer.id, NearCustomer(customer, kin_of(evidence.payment, customer, own, by_id)))
    invoices = [
        NearInvoice(of, by_id[of.customer_id], kin_of(evidence.payment, by_id[of.customer_id], own, by_id))
        for of in named
        if isinstance(of, Invoice) and of.customer_id in by_id and _may_take(of, evidence.payment)
    ]
    asked = unmatched(evidence)
    lines = [_with(line, invoices) if line in asked else line for line in evidence.lines]
    return replace(evidence, lines=tuple(lines), near_customers=tuple(customers.values()))


def _own(evidence: Evidence) -> set[str]:
    if evidence.customer is not None:
        return {evidence.customer.id}
    return {near.customer.id for near in evidence.near_customers if near.kin is Kin.NAMESAKE}


def _with(line: LineEvidence, invoices: Sequence[NearInvoice]) -> LineEvidence:
    there = {near.invoice.id for near in line.near}
    if line.invoice_id:  # of one that was found, it is in question only whose it is
        invoices = [near for near in invoices if near.invoice.id == line.invoice_id]
    return replace(line, near=(*line.near, *(near for near in invoices if near.invoice.id not in there)))


# --- what matching means ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spelling:
    """What is remembered: `spelling` means this customer, or the invoice of this number of theirs."""

    spelling: str
    customer_id: str
    invoice_number: str = ""  # "" where the name of the customer is meant
    only_here: bool = False  # for this payment, not for the company


@dataclass(frozen=True)
class Match:
    """What a person said that the payment means: invoices by allocation line, or only a customer."""

    lines: tuple[tuple[int, NearInvoice], ...]
    customer: NearCustomer
    spellings: tuple[Spelling, ...] = ()
    merged: tuple[tuple[int, str], ...] = ()  # lines with their invoices that go along to the customer named

    @property
    def remembered(self) -> tuple[Spelling, ...]:
        """The spellings that bind later payments by themselves."""
        return tuple(spelling for spelling in self.spellings if not spelling.only_here)

    @property
    def two_people(self) -> bool:
        """It is another customer's money then."""
        return self.customer.kin in SOMEBODY_ELSE


def as_matched(evidence: Evidence, matched: Match) -> Evidence:
    """The evidence as it is once that was said: what is in the way then, and what the invoices take."""
    chosen = dict(matched.lines)
    lines = [
        replace(line, problem=BindingProblem.NONE, invoice_id=near.invoice.id, invoice=near.invoice, near=(), successors=())
        if (near := chosen.get(line.line))
        else line
        for line in evidence.lines
    ]
    return replace(evidence, customer=matched.customer.customer, lines=tuple(lines), near_customers=())


def match(evidence: Evidence, options: Options) -> Match:
    """What matching means, with the invoices and the customer that a person named (by number or name, or #id).

    Where they named none, the only ones that are near. Raises CannotBeDone with words to show.
    """
    lines, invoices, customer = unmatched(evidence), named_in(options, TO_INVOICE), str(options.get(TO_CUSTOMER) or "")
    if not may_match(evidence):
        raise CannotBeDone("Every invoice of this payment was found, so there is nothing to match.")
    wanted = _customer_named(evidence, customer) if customer else None
    chosen = _chosen(evidence, lines, list(invoices), wanted)
    found = {near.customer.id: NearCustomer(near.customer, near.kin) for _, near in chosen}
    if wanted is not None:
        found[wanted.customer.id] = wanted
    if not found:
        found = {near.customer.id: near for near in _only(evidence)}
    bound = {line.invoice.customer_id for line in evidence.lines if line.invoice_id and isinstance(line.invoice, Invoice)}
    if len({*found, *bound}) > 1:
        raise CannotBeDone("The invoices are of different customers, and one receipt is of one customer. Choose for one of them.")
    (near,) = found.values()
    along = () if near.kin is Kin.SAME else followed(evidence, near.customer.id)
    merged = tuple((line, invoice_id) for line, invoice_id in along if line not in dict(chosen))
    return Match(tuple(chosen), near, _spellings(evidence, chosen, near), merged)


def _customer_named(evidence: Evidence, name: str) -> NearCustomer:
    known = {near.customer.id: near for near in evidence.near_customers}
    known |= {of.id: NearCustomer(of, Kin.OTHER) for of in evidence.took_over if of.id not in known}
    known |= {
        near.customer.id: NearCustomer(near.customer, near.kin)
        for line in evidence.lines
        for near in line.near
        if near.customer.id not in known
    }
    if evidence.customer is not None:
        known.setdefault(evidence.customer.id, NearCustomer(evidence.customer, Kin.SAME))
    named = [near for near in known.values() if name == f"#{near.customer.id}"]
    named = named or [near for near in known.values() if called(near.customer, name)]
    if len(named) > 1:
        raise CannotBeDone(f"Several customers are called {plain(name)}: {listed([_with_id(near.customer) for near in named])}.")
    if not named:
        raise CannotBeDone(f"No customer in the books is called {plain(name)}.")
    return named[0]


def _chosen(
    evidence: Evidence, lines: Sequence[LineEvidence], names: list[str], customer: NearCustomer | None
) -> list[tuple[int, NearInvoice]]:
    """An invoice for each line for which one was named, or for which only one is near."""
    chosen: list[tuple[int, NearInvoice]] = []
    left: list[LineEvidence] = []
    for line in lines:
        pool = [near for near in line.near if customer is None or near.customer.id == customer.customer.id]
        name, near = _named(pool, names, line)
        if near is not None:
            chosen.append((line.line, near))
            names.remove(name)
        else:
            left.append(replace(line, near=tuple(pool)))
    if names:
        raise CannotBeDone(_not_there(names[0], evidence, customer))
    for line in left:
        pool = list(line.near)
        if len(pool) > 1 and customer is None:
            raise CannotBeDone(
                f"Choose the invoice for {plain(line.invoice_number)}: {listed([said(near) for near in pool], last='or')}."
            )
        if len(pool) == 1:
            chosen.append((line.line, pool[0]))
    return sorted(chosen, key=lambda choice: choice[0])


def _named(pool: Sequence[NearInvoice], names: Sequence[str], line: LineEvidence) -> tuple[str, NearInvoice | None]:
    """Which of the names is an invoice for this line. Raises CannotBeDone where it is the number of several."""
    for name in names:
        by_id = [near for near in pool if name == f"#{near.invoice.id}"]
        found = by_id or [near for near in pool if near.invoice.number == name]
        if len(found) > 1:
            raise CannotBeDone(f"Several invoices have the number {plain(name)}: {listed([said(near) for near in found])}.")
        if found:
            return name, found[0]
    return "", None


def _not_there(name: str, evidence: Evidence, customer: NearCustomer | None) -> str:
    currency = evidence.payment.currency
    of = f" of customer {plain(customer.customer.name)}" if customer else ""
    return f"There is no invoice {plain(name)}{of} in {plain(currency)} to which this payment could be matched."


def _only(evidence: Evidence) -> list[NearCustomer]:
    """The only customer that is near. Raises CannotBeDone where there is none, or several."""
    near = evidence.near_customers or tuple(NearCustomer(of, Kin.OTHER) for of in evidence.took_over)
    if len(near) > 1:
        raise CannotBeDone(f"Choose the customer: {listed([_with_id(of.customer) for of in near], last='or')}.")
    if not near:
        raise CannotBeDone("Nothing near was found in the books. Name the invoice, or the customer.")
    return list(near)


def _spellings(evidence: Evidence, chosen: Sequence[tuple[int, NearInvoice]], of: NearCustomer) -> tuple[Spelling, ...]:
    """What is remembered: for the company a spelling of the same customer's that can mean nothing else; else for this payment."""
    name, found = evidence.payment.customer, list[Spelling]()
    if of.kin is Kin.SPELLING and len([near for near in evidence.near_customers if near.kin is Kin.SPELLING]) <= 1:
        found.append(Spelling(name, of.customer.id))
    elif of.kin is not Kin.SAME and len(chosen) < max(1, len(unmatched(evidence))):
        found.append(Spelling(name, of.customer.id, only_here=True))
    if of.kin in SOMEBODY_ELSE:
        return tuple(found)
    lines = {line.line: line for line in evidence.lines}
    for line, near in chosen:
        written = lines[line].invoice_number
        alike = {
            other.invoice.id
            for other in lines[line].near
            if other.customer.id == near.customer.id and same_key(other.invoice.number, written)
        }
        if near.invoice.number != written and not written.startswith("#") and alike == {near.invoice.id}:
            found.append(Spelling(written, near.customer.id, near.invoice.number))
    return tuple(dict.fromkeys(found))


def label_among(near: NearInvoice, others: Sequence[NearInvoice]) -> str:
    """The invoice's number; with its id where another of the same customer has the same number."""
    number, shown = near.invoice.number, plain(near.invoice.number) or f"#{plain(near.invoice.id)}"
    alike = [other for other in others if (other.invoice.number, other.customer.id) == (number, near.customer.id)]
    return f"{shown} (#{plain(near.invoice.id)})" if number and len(alike) > 1 else shown


def said(near: NearInvoice) -> str:
    """An invoice with its id and its customer, as one among several."""
    return f"{plain(near.invoice.number) or 'without a number'} (#{plain(near.invoice.id)}) of {plain(near.customer.name)}"


def _with_id(customer: Customer) -> str:
    return f"{plain(customer.full_name or customer.name)} (#{plain(customer.id)})"
