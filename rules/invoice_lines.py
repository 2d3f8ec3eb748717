"""The invoices a payment is meant for: what is wrong with each, what credits took from it, what replaced it.

All amounts are minor units and those of the whole invoice: two allocations to one invoice are read together, or each
would seem to fit where both do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from receivables.books_records import CreditApplication, Gone, Invoice, InvoiceStatus
from receivables.evidence import BindingProblem, Evidence, LineEvidence
from rules.hand_receipts import ReceiptReading


class Flaw(StrEnum):
    """What is wrong with an invoice that a payment is meant for."""

    FITS = "fits"
    SHORT = "short"  # less is open than the payment needs
    LOST = "lost"  # gone, voided or only newer, and something may have taken its place
    GONE = "gone"  # deleted, nothing took its place
    NEWER = "newer"  # made after the client paid, and no longer to be found
    VOIDED = "voided"
    NOT_READY = "not_ready"  # a draft, or not in the books yet
    CURRENCY = "currency"
    MOVED = "moved"  # belongs to another customer now
    UNCLEAR = "unclear"  # several invoices or customers answer to the name, or no customer
    UNREAD = "unread"


#: Without a replacement, what an unbound allocation's problem means.
UNBOUND = {
    BindingProblem.NONE: Flaw.UNREAD,
    BindingProblem.NO_SUCH_INVOICE: Flaw.NOT_READY,
    BindingProblem.ONLY_NEWER: Flaw.NEWER,
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
    restorable_minor: int  # what is open, and what credits took after the client paid
    unexplained_minor: int  # what is missing even so
    later_credits: tuple[CreditApplication, ...] = ()  # newest first
    chosen_credits: tuple[CreditApplication, ...] = ()  # those whose removal suffices
    replacements: tuple[Invoice, ...] = ()
    mendable: bool = False  # a replacement is open and large enough
    sure: bool = False  # plainly deleted, and exactly one of the same number was made afterwards
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


def read_lines(evidence: Evidence, needs: Mapping[str, int], receipts: tuple[ReceiptReading, ...]) -> tuple[LineReading, ...]:
    """Every allocation in the order of the payment."""
    sources = in_order(evidence.lines)
    living = {source.invoice.id for source in sources if isinstance(source.invoice, Invoice)}
    pools = [_replacements(evidence, source, living) for source in sources]
    wanted: dict[str, int] = {}  # one invoice may replace several, and must be large enough for all
    for source, pool in zip(sources, pools, strict=True):
        if len(pool) == 1:
            wanted[pool[0].id] = wanted.get(pool[0].id, 0) + source.amount_minor
    readings = []
    for source, pool in zip(sources, pools, strict=True):
        key = invoice_key(source)
        flaw = _flaw(evidence, source, needs[key], pool)
        later = _later_credits(evidence, [line for line in sources if invoice_key(line) == key], source.invoice)
        restorable_minor = source.open_minor + sum(credit.amount_minor for credit in later)
        unexplained_minor = max(0, needs[key] - restorable_minor) if flaw is Flaw.SHORT else 0
        explained = flaw is Flaw.SHORT and not unexplained_minor
        readings.append(
            LineReading(
                source,
                key,
                flaw,
                needs[key],
                restorable_minor,
                unexplained_minor,
                later,
                _enough(later, needs[key] - source.open_minor) if explained else (),
                pool if flaw is Flaw.LOST else (),
                flaw is Flaw.LOST and _mendable(pool, needs[key], wanted),
                flaw is Flaw.LOST and _sure(evidence, source, pool),
                tuple(receipt for receipt in receipts if receipt.alone_on == key),
            )
        )
    return tuple(readings)


def _flaw(evidence: Evidence, line: LineEvidence, need_minor: int, pool: tuple[Invoice, ...]) -> Flaw:
    invoice, customer = line.invoice, evidence.customer
    if isinstance(invoice, Gone):
        return Flaw.LOST if pool else Flaw.GONE
    if invoice is None:
        return Flaw.LOST if pool and line.problem is BindingProblem.ONLY_NEWER else UNBOUND[line.problem]
    if invoice.status is InvoiceStatus.VOIDED:
        return Flaw.LOST if pool else Flaw.VOIDED
    if invoice.status is InvoiceStatus.DRAFT:
        return Flaw.NOT_READY
    if invoice.currency != evidence.payment.currency:
        return Flaw.CURRENCY
    if customer is not None and invoice.customer_id != customer.id:
        return Flaw.MOVED
    return Flaw.FITS if invoice.open_minor >= need_minor else Flaw.SHORT


def _later_credits(
    evidence: Evidence, lines: Sequence[LineEvidence], invoice: Invoice | Gone | None
) -> tuple[CreditApplication, ...]:
    """Credits applied to this living invoice after the client paid, newest first, each once."""
    if not isinstance(invoice, Invoice):
        return ()
    found = {
        credit.id: credit
        for line in lines
        for credit in line.credits
        if credit.invoice_id == invoice.id and credit.amount_minor > 0 and credit.applied.at > evidence.payment.paid_at
    }
    return tuple(sorted(found.values(), key=lambda credit: (credit.applied.at, credit.id), reverse=True))


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


def _replacements(evidence: Evidence, line: LineEvidence, living: set[str]) -> tuple[Invoice, ...]:
    """What may have taken the place of a lost invoice: those of its number, else those made afterwards."""
    same_number, made_after = {}, {}
    for invoice in line.successors:
        other_customer = evidence.customer is not None and invoice.customer_id != evidence.customer.id
        if other_customer or invoice.currency != evidence.payment.currency or invoice.status is InvoiceStatus.VOIDED:
            continue
        if invoice.id == invoice_key(line) or invoice.id in living:  # another allocation of this payment needs that one
            continue
        if number_of(line) and invoice.number == number_of(line):
            same_number[invoice.id] = invoice
        elif _made_after(evidence, line, invoice):
            made_after[invoice.id] = invoice
    found = same_number or made_after
    return tuple(found[key] for key in sorted(found))


def _made_after(evidence: Evidence, line: LineEvidence, invoice: Invoice) -> bool:
    """After the client paid, or after the original was deleted: some copy an invoice before they delete it."""
    deleted = line.invoice.deleted if isinstance(line.invoice, Gone) else None
    created_at = invoice.created.at
    return created_at >= evidence.payment.paid_at or (deleted is not None and created_at >= deleted.at)


def _mendable(pool: tuple[Invoice, ...], need_minor: int, wanted: Mapping[str, int]) -> bool:
    for invoice in pool:
        required_minor = wanted[invoice.id] if len(pool) == 1 else need_minor + wanted.get(invoice.id, 0)
        if invoice.status is InvoiceStatus.OPEN and invoice.open_minor >= required_minor:
            return True
    return False


def _sure(evidence: Evidence, line: LineEvidence, pool: tuple[Invoice, ...]) -> bool:
    if not isinstance(line.invoice, Gone) or len(pool) != 1 or not number_of(line):
        return False
    return pool[0].number == number_of(line) and _made_after(evidence, line, pool[0])
