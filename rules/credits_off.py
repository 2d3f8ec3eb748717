"""What unapplying credit memos leads to: what comes off, what the payment then takes, and what of the credit fits again.

The one answer for whoever shows it and for the chain that does it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from receivables.books_records import CreditApplication, Invoice, InvoiceStatus, ReceiptLine, by_invoice
from receivables.credit_reasons import CreditReason
from receivables.diagnosis import Diagnosis, Remedy
from receivables.effects import EffectKind
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from rules.consequences import Options, Taken, findings, total_of, what_fits
from rules.invoice_lines import Flaw
from rules.obstacles import InTheWay, obstacles
from rules.reading import is_day_closed, read

TAKES_OFF = (Remedy.UNAPPLY_CREDIT_MEMO, Remedy.REVERSE_WRITE_OFF)


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
    then = _without(evidence, taken)
    fits = tuple(what_fits(then))
    again = () if options.get("no_reapply") else _again(taken, then, fits)
    return Unapplied(taken, then, fits, again)


def reversed_write_off(evidence: Evidence) -> Unapplied | None:
    """What reversing the write-offs on the payment's invoices leads to: each comes off whole and is voided, and the payment fits.

    None where these books void no credit memo at our order, where a closed period has one, where it is applied elsewhere as
    well, or where something else is in the way of posting even then.
    """
    short = [line.source for line in read(evidence).lines if line.flaw is Flaw.SHORT]
    on_them = (credit for line in short for credit in line.credits if credit.reason is CreditReason.WRITE_OFF)
    taken = tuple({credit.id: credit for credit in on_them}.values())
    if EffectKind.VOID_CREDIT not in evidence.able or not taken or any(_is_held(credit, evidence) for credit in taken):
        return None
    whole = {credit.credit_memo_id: credit.of_minor for credit in taken}
    for credit in taken:
        whole[credit.credit_memo_id] -= credit.amount_minor
    then = _without(evidence, taken)
    in_the_way = {obstacle.code for obstacle in obstacles(then)} - {InTheWay.UNREAD}
    return None if any(whole.values()) or in_the_way else Unapplied(taken, then, tuple(what_fits(then)), ())


def _is_held(credit: CreditApplication, evidence: Evidence) -> bool:
    """Whether the books keep an application as it is: a closed period has it or its memo, or it comes off with others only."""
    through = evidence.settings.closed_through
    dated_closed = credit.dated is None or (through is not None and credit.dated <= through)
    return credit.shared or dated_closed or is_day_closed(evidence, credit.applied.at)


def _without(evidence: Evidence, taken: tuple[CreditApplication, ...]) -> Evidence:
    """The evidence as it is once these applications are off."""
    freed = by_invoice(ReceiptLine(credit.invoice_id, credit.amount_minor) for credit in taken)
    lines = tuple(
        replace(line, invoice=_with_open(line.invoice, freed[line.invoice_id]))
        if isinstance(line.invoice, Invoice) and line.invoice_id in freed
        else line
        for line in evidence.lines
    )
    return replace(evidence, lines=lines)


def taken_off(remedy: Remedy, diagnosis: Diagnosis, evidence: Evidence, options: Options) -> Unapplied:
    """What one of the remedies that take credit memos off leads to. Raises CannotBeDone."""
    if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
        return unapplied(diagnosis, evidence, options)
    if then := reversed_write_off(evidence):
        return then
    raise CannotBeDone("The write-off cannot be reversed as it was when this was shown.")


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
