"""Which of the invoices of one number, all of the same customer, an allocation means: the one rule, for all books alike.

It is the one that was there when the customer paid. One that came later is taken by itself only where nothing speaks
against it; a person is asked about every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from receivables.books_records import Invoice, InvoiceStatus
from receivables.evidence import BindingProblem


@dataclass(frozen=True)
class Told:
    """An invoice as last seen, and when it was deleted or voided, where it was."""

    invoice: Invoice
    lost_at: datetime | None = None

    @property
    def living(self) -> bool:
        return self.lost_at is None


@dataclass(frozen=True)
class Wanted:
    """What the payment wants of an invoice: all of its allocations to that number together, in minor units."""

    paid_at: datetime
    paid_on: date  # the company's day
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class Choice:
    """The invoice, or why none can be said. `late` is one that came after the customer paid."""

    problem: BindingProblem
    invoice: Invoice | None = None
    late: bool = False


def told(invoice: Invoice, deleted_at: datetime | None) -> Told:
    """A voided invoice was voided when it last changed, at the latest."""
    voided_at = invoice.changed.at if invoice.status is InvoiceStatus.VOIDED else None
    return Told(invoice, deleted_at or voided_at)


def choose(named: Sequence[Told], wanted: Wanted) -> Choice:
    """The invoice that is meant. One that was lost is bound as well: what may have taken its place is offered from there."""
    there = [of for of in named if of.invoice.created.at <= wanted.paid_at and not _lost_before(of, wanted.paid_at)]
    living = [of for of in there if of.living]
    if len(living) > 1:
        return Choice(BindingProblem.SEVERAL_INVOICES)
    if len(there) == 1:
        return Choice(BindingProblem.NONE, there[0].invoice)
    lost = [of for of in there or named if of.lost_at is not None]
    if lost:
        return Choice(BindingProblem.NONE, max(lost, key=lambda of: (of.lost_at or wanted.paid_at, of.invoice.id)).invoice)
    if len(named) == 1 and is_due(named[0].invoice, wanted):
        return Choice(BindingProblem.NONE, named[0].invoice, late=True)
    if not named:
        return Choice(BindingProblem.NO_SUCH_INVOICE)
    drafts = all(of.invoice.status is InvoiceStatus.DRAFT for of in named)
    return Choice(BindingProblem.ONLY_DRAFT if drafts else BindingProblem.ONLY_NEWER)


def is_due(late: Invoice, wanted: Wanted) -> bool:
    """Whether an invoice that came after the customer paid is plainly what they paid: dated by then, and large enough."""
    issued = late.status is not InvoiceStatus.DRAFT and late.issued_on <= wanted.paid_on
    return issued and late.currency == wanted.currency and late.total_minor >= wanted.amount_minor


def _lost_before(of: Told, moment: datetime) -> bool:
    return of.lost_at is not None and of.lost_at <= moment
