"""A customer deposit, recorded because its invoice was not there, and the invoices that may be meant now that they have come.

The one answer for the rule, for whoever shows what applying it leads to, and for the plan that does it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from receivables.books_records import Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Diagnosis
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from rules.consequences import Options, Taken, successors, total_of, what_fits
from rules.invoice_lines import Flaw, LineReading
from rules.reading import Reading, read

_NONE: Mapping[int, tuple[Invoice, ...]] = {}


def come(reading: Reading) -> Mapping[int, tuple[Invoice, ...]]:
    """By allocation line, the open invoices that the deposit may be applied to; none where nothing of it waits."""
    evidence, living = reading.evidence, [part for part in reading.parts if part.live is not None]
    settled = reading.paid and evidence.told_before is None and reading.complete and len(reading.marked) == 1
    if not evidence.is_deposit or not settled or reading.repeated or len(living) != 1 or living[0].changed:
        return _NONE
    receipt = living[0].live
    if receipt is None or receipt.unapplied_minor <= 0:
        return _NONE
    taken = {line.source.invoice.id for line in reading.lines if isinstance(line.source.invoice, Invoice)}
    found = {line.source.line: _of_line(line, receipt, taken) for line in reading.lines}
    return {line: invoices for line, invoices in found.items() if invoices}


def _of_line(line: LineReading, receipt: Receipt, taken: set[str]) -> tuple[Invoice, ...]:
    """Its own invoice, where the receipt is not on it with all that was paid; else those of its number, or what replaced it."""
    own = line.source.invoice
    if isinstance(own, Invoice) and line.flaw in (Flaw.FITS, Flaw.SHORT):
        return (own,) if _takes(own, receipt) and receipt.applied_to(own.id) < line.need_minor else ()
    others = line.replacements if line.flaw is Flaw.LOST else [of for of in line.source.successors if of.number == line.number]
    fit = {of.id: of for of in others if line.number and _takes(of, receipt) and of.id not in taken}
    return tuple(fit[key] for key in sorted(fit))


def _takes(invoice: Invoice, receipt: Receipt) -> bool:
    """Whether these books could apply the receipt to it: only to an open invoice of the same customer and currency."""
    is_open = invoice.status is InvoiceStatus.OPEN and invoice.open_minor > 0
    return is_open and (invoice.customer_id, invoice.currency) == (receipt.customer_id, receipt.currency)


def awaits_decision(evidence: Evidence) -> bool:
    """Whether a person must say what becomes of a customer deposit, because an invoice came that may be its own."""
    return bool(come(read(evidence)))


@dataclass(frozen=True)
class DepositApplied:
    """What of the deposit's receipt is applied beside what is, and what `evidence` says once the `chosen` invoices are bound."""

    receipt: Receipt
    evidence: Evidence
    chosen: Mapping[int, Invoice]
    taken: Sequence[Taken]

    @property
    def rest_minor(self) -> int:
        """What stays an unapplied credit, in minor units."""
        return self.receipt.unapplied_minor - total_of(self.taken)


def deposit_applied(diagnosis: Diagnosis, evidence: Evidence, options: Options) -> DepositApplied | None:
    """What applying it leads to; None where this is about no customer deposit. Raises CannotBeDone where nothing takes it."""
    if not awaits_decision(evidence):
        return None
    chosen, (receipt,) = successors(diagnosis, evidence, options), evidence.living_receipts
    lines = tuple(
        replace(line, invoice=chosen[line.line], invoice_id=chosen[line.line].id) if line.line in chosen else line
        for line in evidence.lines
    )
    there, left, taken = dict[str, int](), receipt.unapplied_minor, list[Taken]()
    missing = []
    for line in lines:
        on_it = receipt.applied_to(line.invoice_id) - there.get(line.invoice_id, 0) if line.invoice_id else 0
        covered = min(line.amount_minor, on_it)
        there[line.invoice_id] = there.get(line.invoice_id, 0) + covered
        missing.append(replace(line, amount_minor=line.amount_minor - covered))
    for part in what_fits(replace(evidence, lines=tuple(missing))):
        amount = min(part.amount_minor, left)
        if amount:
            taken.append(replace(part, amount_minor=amount))
            left -= amount
    if not taken:
        raise CannotBeDone("None of its invoices can take any of the receipt now.")
    return DepositApplied(receipt, replace(evidence, lines=lines), chosen, taken)
