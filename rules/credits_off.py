"""What unapplying credit memos leads to: what comes off, what the payment then takes, and what of the credit fits again.

The one answer for whoever shows it and for the chain that does it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from receivables.books_records import CreditApplication, Invoice, InvoiceStatus, ReceiptLine, by_invoice
from receivables.credit_reasons import CreditReason
from receivables.diagnosis import Diagnosis, Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from rules.consequences import Options, Taken, findings, total_of, what_fits


@dataclass(frozen=True)
class Unapplied:
    """What follows when these applications come off.

    `evidence` is as it is then, `fits` is what the invoices take of the payment, and `again` is what of each credit is
    reapplied beside it. Just enough stays off: the rest of a credit goes back, unless the person said no.
    """

    taken: tuple[CreditApplication, ...]
    evidence: Evidence
    fits: tuple[Taken, ...]
    again: tuple[tuple[CreditApplication, int], ...]

    @property
    def rest_minor(self) -> int:
        """What of the payment becomes an unapplied credit, in minor units."""
        return self.evidence.payment.amount_minor - total_of(self.fits)

    @property
    def freed_minor(self) -> int:
        """What of the credits stays open for other invoices, in minor units."""
        return sum(credit.amount_minor for credit in self.taken) - sum(amount for _, amount in self.again)

    def again_minor(self, credit: CreditApplication) -> int:
        """What of one application is reapplied, in minor units."""
        return sum(amount for other, amount in self.again if other.id == credit.id)


def unapplied(diagnosis: Diagnosis, evidence: Evidence, options: Options) -> Unapplied:
    """What unapplying leads to. Raises CannotBeDone where an application that the diagnosis names is not there any more."""
    taken = _taken(diagnosis, evidence)
    freed = by_invoice(ReceiptLine(credit.invoice_id, credit.amount_minor) for credit in taken)
    lines = tuple(
        replace(line, invoice=_with_open(line.invoice, freed[line.invoice_id]))
        if isinstance(line.invoice, Invoice) and line.invoice_id in freed
        else line
        for line in evidence.lines
    )
    then = replace(evidence, lines=lines)
    fits = tuple(what_fits(then))
    again = () if options.get("no_reapply") else _again(taken, then, fits)
    return Unapplied(taken, then, fits, again)


def all_genuine(diagnosis: Diagnosis, evidence: Evidence) -> bool:
    """Whether nothing that would come off shows a sign of another reason than a genuine credit."""
    wanted = _named(diagnosis)
    return all(credit.reason is CreditReason.GENUINE for line in evidence.lines for credit in line.credits if credit.id in wanted)


def _named(diagnosis: Diagnosis) -> set[str]:
    """The ids of the applications that the diagnosis would take off."""
    remedy = Remedy.UNAPPLY_CREDIT_MEMO
    proposed = [found.applications for found in findings(diagnosis) if remedy in (found.remedy, *found.alternatives)]
    return set(next(filter(None, proposed), ()))


def _taken(diagnosis: Diagnosis, evidence: Evidence) -> tuple[CreditApplication, ...]:
    """The applications that come off, each once, however many allocations stand on its invoice."""
    wanted = _named(diagnosis)
    taken = {credit.id: credit for line in evidence.lines for credit in line.credits if credit.id in wanted}
    if not taken or set(taken) != wanted:
        raise CannotBeDone("The credit memo is no longer applied as the card said.")
    return tuple(taken.values())


def _with_open(invoice: Invoice, more_minor: int) -> Invoice:
    return replace(invoice, open_minor=invoice.open_minor + more_minor, status=InvoiceStatus.OPEN)


def _again(
    taken: tuple[CreditApplication, ...], then: Evidence, fits: tuple[Taken, ...]
) -> tuple[tuple[CreditApplication, int], ...]:
    """The part of each credit that its invoice still has room for beside the payment."""
    room = {line.invoice_id: line.open_minor for line in then.lines}
    for part in fits:
        room[part.invoice.id] -= part.amount_minor
    found = []
    for credit in taken:
        amount = min(credit.amount_minor, room.get(credit.invoice_id, 0))
        if amount > 0:
            room[credit.invoice_id] -= amount
            found.append((credit, amount))
    return tuple(found)
