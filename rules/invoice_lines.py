"""The invoices a payment is meant for: what is wrong with each, what credits took from it, what replaced it.

All amounts are minor units and those of the whole invoice: two allocations to one invoice are read together, or each
would seem to fit where both do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from receivables.books_records import CreditApplication, Gone, Invoice, InvoiceStatus, Stamp
from receivables.credit_reasons import GRAVEST_FIRST, CreditReason
from receivables.effects import markers_in
from receivables.evidence import BindingProblem, Evidence, LineEvidence
from rules import matching
from rules.hand_receipts import ReceiptReading, is_customers
from rules.matching import Score, Signal
from rules.ties import Tender, tender_of


class Flaw(StrEnum):
    """What is wrong with an invoice that a payment is meant for."""

    FITS = "fits"
    SHORT = "short"  # less is open than the payment needs
    LOST = "lost"  # gone or voided, and something may have taken its place
    GONE = "gone"  # deleted, nothing took its place
    REDRAFTED = "redrafted"  # gone or voided, and what has its number now is a draft
    LATE = "late"  # entered after the customer paid, and not plainly what they paid
    NEWER = "newer"  # the same, and no longer to be found
    VOIDED = "voided"
    NOT_READY = "not_ready"  # a draft, or not in the books yet
    CURRENCY = "currency"
    MOVED = "moved"  # belongs to another customer now
    UNCLEAR = "unclear"  # several invoices or customers answer to the name, or no customer
    UNREAD = "unread"


class Over(StrEnum):
    """What was paid beyond the whole invoice, where nobody but payments of ours ever took from it."""

    NO = "nothing"
    TWICE = "a second payment"  # others had paid all of it
    SURCHARGE = "a surcharge"  # as much as surcharges are
    EXCESS = "an excess"
    WENT_BACK = "what went back"  # it is paid by another payment, the money of which went back


#: Without a replacement, what an unbound allocation's problem means.
UNBOUND = {
    BindingProblem.NONE: Flaw.UNREAD,
    BindingProblem.NO_SUCH_INVOICE: Flaw.NOT_READY,
    BindingProblem.ONLY_NEWER: Flaw.NEWER,
    BindingProblem.ONLY_DRAFT: Flaw.NOT_READY,
    BindingProblem.SEVERAL_INVOICES: Flaw.UNCLEAR,
    BindingProblem.SEVERAL_CUSTOMERS: Flaw.UNCLEAR,
    BindingProblem.NO_SUCH_CUSTOMER: Flaw.UNCLEAR,
}


@dataclass(frozen=True)
class LineReading:
    """One allocation and its invoice."""

    source: LineEvidence
    invoice_key: str  # allocations to one invoice share it
    flaw: Flaw
    need_minor: int  # what the whole payment means for this invoice
    restorable_minor: int  # what is open, and what credits took after the customer paid
    unexplained_minor: int  # what is missing even so
    later_credits: tuple[CreditApplication, ...] = ()  # newest first
    chosen_credits: tuple[CreditApplication, ...] = ()  # those whose removal suffices
    reason: CreditReason = CreditReason.GENUINE  # what took from it: another one where genuine credits do not explain it
    rebills: tuple[Invoice, ...] = ()  # what a credited invoice was rebilled as
    replacements: tuple[Invoice, ...] = ()
    mendable: bool = False  # a replacement is open
    successor_score: int = 0  # of the best replacement
    sure: bool = False  # exactly one replacement, large enough, and its score leaves no doubt
    drafts: tuple[Invoice, ...] = ()  # of the number of a lost one, where nothing else is
    beside: tuple[Invoice, ...] = ()  # the customer's other open invoices, where nothing took the place of a lost one
    ours_minor: int = 0  # what our receipts for other payments stand on it with
    over: Over = Over.NO
    over_minor: int = 0  # how much more was paid than the invoice is for, where nobody else ever took from it
    hand_receipts: tuple[ReceiptReading, ...] = ()  # entered by hand for exactly this invoice and amount

    @property
    def replacement(self) -> Invoice | None:
        """The only invoice that may have taken the place, or None: then a person must choose."""
        return self.replacements[0] if len(self.replacements) == 1 else None

    @property
    def number(self) -> str:
        return number_of(self.source)


def invoice_key(line: LineEvidence) -> str:
    """What two allocations to one invoice have in common."""
    if line.invoice_id:
        return line.invoice_id
    if line.invoice is not None:
        return line.invoice.id
    return f"#{line.invoice_number}" if line.invoice_number else f"line {line.line}"


def number_of(line: LineEvidence) -> str:
    """The invoice's number, as the payment or else the books give it; may be empty."""
    return line.invoice_number or ("" if line.invoice is None else line.invoice.number)


def in_order(lines: Sequence[LineEvidence]) -> list[LineEvidence]:
    return sorted(lines, key=lambda line: (line.line, line.invoice_id, line.invoice_number, line.amount_minor))


def needs_of(lines: Sequence[LineEvidence]) -> dict[str, int]:
    """What the payment means for each of its invoices, in minor units."""
    needs: dict[str, int] = {}
    for line in lines:
        needs[invoice_key(line)] = needs.get(invoice_key(line), 0) + line.amount_minor
    return needs


def have_room(evidence: Evidence, needs: Mapping[str, int]) -> bool:
    """Whether every invoice of the payment is open for all that it is meant to take."""
    return all(_flaw(evidence, line, needs[invoice_key(line)], ()) is Flaw.FITS for line in evidence.lines)


def read_lines(evidence: Evidence, needs: Mapping[str, int], receipts: tuple[ReceiptReading, ...]) -> tuple[LineReading, ...]:
    """Every allocation in the order of the payment."""
    sources = in_order(evidence.lines)
    living = {source.invoice.id for source in sources if isinstance(source.invoice, Invoice)}
    admitted = [_admitted(evidence, source, living) for source in sources]
    pools = [_replacements(evidence, source, found) for source, found in zip(sources, admitted, strict=True)]
    wanted: dict[str, int] = {}  # one invoice may replace several, and must be large enough for all
    for source, pool in zip(sources, pools, strict=True):
        if len(pool) == 1:
            wanted[pool[0].id] = wanted.get(pool[0].id, 0) + source.amount_minor
    return tuple(
        _lost(evidence, _read_line(evidence, source, sources, needs, pool, receipts), pool, wanted, found)
        for source, pool, found in zip(sources, pools, admitted, strict=True)
    )


def _read_line(
    evidence: Evidence,
    source: LineEvidence,
    sources: Sequence[LineEvidence],
    needs: Mapping[str, int],
    pool: tuple[Invoice, ...],
    receipts: tuple[ReceiptReading, ...],
) -> LineReading:
    """What is so with the invoice itself."""
    key = invoice_key(source)
    need_minor = needs[key]
    flaw = _flaw(evidence, source, need_minor, pool)
    credits = _credits([line for line in sources if invoice_key(line) == key], source.invoice)
    later = tuple(credit for credit in credits if credit.applied.at > evidence.payment.paid_at)
    restorable_minor = source.open_minor + sum(credit.amount_minor for credit in later)
    short, ours_minor = flaw is Flaw.SHORT, _ours_minor(source.invoice, receipts)
    reason = _reason(credits, later, need_minor - source.open_minor) if short else CreditReason.GENUINE
    over_minor = _over_minor(source.invoice, need_minor, ours_minor) if short else 0
    return LineReading(
        source,
        key,
        flaw,
        need_minor,
        restorable_minor,
        unexplained_minor=max(0, need_minor - restorable_minor) if short else 0,
        later_credits=later,
        chosen_credits=_chosen(later, need_minor - source.open_minor) if short and need_minor <= restorable_minor else (),
        reason=reason,
        rebills=_in_order_of_making(source.successors) if reason is CreditReason.REBILL else (),
        ours_minor=ours_minor,
        over=_over(evidence, source.invoice, receipts, need_minor, over_minor) if over_minor else Over.NO,
        over_minor=over_minor,
        hand_receipts=tuple(receipt for receipt in receipts if receipt.alone_on == key),
    )


def _lost(
    evidence: Evidence,
    line: LineReading,
    pool: tuple[Invoice, ...],
    wanted: Mapping[str, int],
    admitted: Sequence[Invoice],
) -> LineReading:
    """The same line with what may have taken the place of its invoice, where that is lost, or is the late invoice itself."""
    if line.flaw in (Flaw.GONE, Flaw.VOIDED):
        return replace(line, beside=tuple(of for of in admitted if of.status is InvoiceStatus.OPEN and of.open_minor > 0))
    if line.flaw not in (Flaw.LOST, Flaw.LATE):
        return line
    if line.flaw is Flaw.LOST and all(of.status is InvoiceStatus.DRAFT for of in pool):
        return replace(line, flaw=Flaw.REDRAFTED, drafts=pool)
    points = [score_of(evidence, line.source, candidate).points for candidate in pool]
    return replace(
        line,
        replacements=pool,
        mendable=any(of.status is InvoiceStatus.OPEN and of.open_minor > 0 for of in pool),
        successor_score=max(points),
        sure=_is_sure(line, pool, points, wanted),
    )


def _flaw(evidence: Evidence, line: LineEvidence, need_minor: int, pool: tuple[Invoice, ...]) -> Flaw:
    invoice, customer = line.invoice, evidence.customer
    if isinstance(invoice, Gone):
        return Flaw.LOST if pool else Flaw.GONE
    if invoice is None:
        return Flaw.LATE if pool and line.problem is BindingProblem.ONLY_NEWER else UNBOUND[line.problem]
    if invoice.status is InvoiceStatus.VOIDED:
        return Flaw.LOST if pool else Flaw.VOIDED
    if invoice.currency != evidence.payment.currency:
        return Flaw.CURRENCY
    if customer is not None and not is_customers(invoice.customer_id, evidence):
        return Flaw.MOVED
    if invoice.status is InvoiceStatus.DRAFT:  # last: one that can never take the payment is not waited for
        return Flaw.NOT_READY
    return Flaw.FITS if invoice.open_minor >= need_minor else Flaw.SHORT


def _credits(lines: Sequence[LineEvidence], invoice: Invoice | Gone | None) -> tuple[CreditApplication, ...]:
    """The credits on this living invoice, newest first, each once."""
    if not isinstance(invoice, Invoice):
        return ()
    found = {
        credit.id: credit
        for line in lines
        for credit in line.credits
        if credit.invoice_id == invoice.id and credit.amount_minor > 0
    }
    return tuple(sorted(found.values(), key=lambda credit: (credit.applied.at, credit.id), reverse=True))


def _reason(credits: tuple[CreditApplication, ...], later: tuple[CreditApplication, ...], missing_minor: int) -> CreditReason:
    """Why an invoice is short, whenever that was done: by what was written off, rebilled or corrected in its tax, where all
    credits explain it, and genuine ones that came after the customer paid do not.
    """
    genuine_minor = sum(credit.amount_minor for credit in later if credit.reason is CreditReason.GENUINE)
    if genuine_minor >= missing_minor or sum(credit.amount_minor for credit in credits) < missing_minor:
        return CreditReason.GENUINE
    return min((credit.reason for credit in credits), key=GRAVEST_FIRST.index)


def _in_order_of_making(invoices: Sequence[Invoice]) -> tuple[Invoice, ...]:
    return tuple(sorted(invoices, key=lambda invoice: (invoice.created.at, invoice.id)))


def _chosen(credits: tuple[CreditApplication, ...], missing_minor: int) -> tuple[CreditApplication, ...]:
    """The latest applications that suffice: of those that may come off by themselves, where these do."""
    free = tuple(credit for credit in credits if credit.reason is CreditReason.GENUINE and not credit.shared)
    for some in (free, tuple(credit for credit in credits if credit.reason is CreditReason.GENUINE)):
        if sum(credit.amount_minor for credit in some) >= missing_minor:
            return _enough(some, missing_minor)
    return _enough(credits, missing_minor)


def _enough(credits: tuple[CreditApplication, ...], missing_minor: int) -> tuple[CreditApplication, ...]:
    """The latest applications that give back what is missing, without any that is not needed for it."""
    chosen: list[CreditApplication] = []
    for credit in credits:
        if sum(taken.amount_minor for taken in chosen) >= missing_minor:
            break
        chosen.append(credit)
    for credit in sorted(chosen, key=lambda taken: (taken.amount_minor, taken.applied.at, taken.id)):
        rest = [taken for taken in chosen if taken is not credit]
        if sum(taken.amount_minor for taken in rest) >= missing_minor:
            chosen = rest
    return tuple(chosen)


def _admitted(evidence: Evidence, line: LineEvidence, living: set[str]) -> tuple[Invoice, ...]:
    """The customer's living invoices that this line may stand on instead: those with the same lines first, by their ids."""
    found = {}
    for invoice in line.successors:
        other_customer = evidence.customer is not None and not is_customers(invoice.customer_id, evidence)
        if other_customer or invoice.currency != evidence.payment.currency or invoice.status is InvoiceStatus.VOIDED:
            continue
        if invoice.id == invoice_key(line) or invoice.id in living:  # another allocation of this payment needs that one
            continue
        found[invoice.id] = invoice
    return tuple(sorted(found.values(), key=lambda invoice: (not line.same_lines(invoice), invoice.id)))


def _replacements(evidence: Evidence, line: LineEvidence, admitted: Sequence[Invoice]) -> tuple[Invoice, ...]:
    """What may have taken the place of a lost invoice: those of its number, else those made afterwards."""
    same_number, made_after = [], []
    for invoice in admitted:
        found = score_of(evidence, line, invoice)
        if Signal.NUMBER_EQUAL in found.signals:
            same_number.append(invoice)
        elif found.points >= matching.SUCCESSOR_POSSIBLE and not found.is_another:
            made_after.append(invoice)
    return tuple(same_number or made_after)


def score_of(evidence: Evidence, line: LineEvidence, invoice: Invoice) -> Score:
    """How well this invoice fits the place of the one that the line lost."""
    found = [Signal.MADE_AFTER if _made_after(evidence, line, invoice) else Signal.MADE_BEFORE]
    if number_of(line) and invoice.number == number_of(line):
        found.append(Signal.NUMBER_EQUAL)
    origin = line.invoice.origin if isinstance(line.invoice, Invoice) else line.lost_origin
    if origin and invoice.origin == origin:
        found.append(Signal.ORIGIN_EQUAL)
    if invoice.total_minor in (line.amount_minor, line.lost_minor):
        found.append(Signal.TOTAL_EQUAL)
    if isinstance(line.invoice, Gone):
        found.append(Signal.FIRST_DELETED)
    days = abs((invoice.created.at - _lost_at(evidence, line)).days)
    if found[0] is Signal.MADE_AFTER and days <= matching.SOON_DAYS:
        found.append(Signal.MADE_SOON)
    elif found[0] is Signal.MADE_AFTER and days > matching.LATE_DAYS:
        found.append(Signal.MADE_LATE)
    return matching.score(found)


def _lost_at(evidence: Evidence, line: LineEvidence) -> datetime:
    """When the first invoice was deleted or voided, or, where the books do not tell, when the customer paid."""
    match line.invoice:
        case Gone(deleted=Stamp(at=at)):
            return at
        case Invoice(status=InvoiceStatus.VOIDED):
            return line.invoice.changed.at
    return evidence.payment.paid_at


def _made_after(evidence: Evidence, line: LineEvidence, invoice: Invoice) -> bool:
    """After the customer paid, or after the original was deleted: some copy an invoice before they delete it."""
    deleted = line.invoice.deleted if isinstance(line.invoice, Gone) else None
    created_at = invoice.created.at
    return created_at >= evidence.payment.paid_at or (deleted is not None and created_at >= deleted.at)


def _is_sure(line: LineReading, pool: tuple[Invoice, ...], points: Sequence[int], wanted: Mapping[str, int]) -> bool:
    """Exactly one, that leaves no doubt and takes all that the payment means for the invoices in whose place it is."""
    if len(pool) != 1 or points[0] < matching.SUCCESSOR_CERTAIN or line.source.never_seen:
        return False
    return pool[0].status is InvoiceStatus.OPEN and pool[0].open_minor >= wanted[pool[0].id]


def _ours_minor(invoice: Invoice | Gone | None, receipts: tuple[ReceiptReading, ...]) -> int:
    """What our living receipts for other payments stand on this invoice with; 0 where one of them is a copy made by hand."""
    if not isinstance(invoice, Invoice):
        return 0
    ours = [found.receipt for found in receipts if found.of_other_payment and found.receipt.applied_to(invoice.id)]
    marks = [mark for receipt in ours for mark in markers_in(receipt.memo)]
    if len(set(marks)) < len(marks):
        return 0
    return sum(receipt.applied_to(invoice.id) for receipt in ours)


def _over_minor(invoice: Invoice | Gone | None, need_minor: int, ours_minor: int) -> int:
    """What was paid beyond the whole invoice, other payments of ours counted. Where anything else was taken from it, that may
    be the reason instead."""
    if not isinstance(invoice, Invoice) or not 0 < invoice.total_minor == invoice.open_minor + ours_minor:
        return 0
    return max(0, need_minor - invoice.open_minor)


def is_surcharged(evidence: Evidence, line: LineReading, late: Invoice) -> bool:
    """Whether just as much more was paid than a late invoice is for as surcharges are, or as the processor kept."""
    over_minor = _over_minor(late, line.need_minor, 0)
    return over_minor > 0 and _over(evidence, late, (), line.need_minor, over_minor) is Over.SURCHARGE


def _over(
    evidence: Evidence, invoice: Invoice | Gone | None, receipts: tuple[ReceiptReading, ...], need_minor: int, over_minor: int
) -> Over:
    """Why it is overpaid, by what took the rest of it and by how much too much that is."""
    key = invoice.id if invoice else ""
    if any(found.source.went_back for found in receipts if found.of_other_payment and found.receipt.applied_to(key)):
        return Over.WENT_BACK
    if over_minor == need_minor:
        return Over.TWICE
    by_card = tender_of(evidence.payment.method) in (None, Tender.CARD)
    as_surcharges = by_card and matching.is_surcharge(over_minor, need_minor - over_minor)
    return Over.SURCHARGE if as_surcharges or over_minor == evidence.payment.fee_minor else Over.EXCESS
