"""What else the customers of failed payments owe: money that its own invoice does not take may be applied there. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from receivables.books_records import Invoice, InvoiceStatus
from receivables.evidence import LineEvidence
from receivables.payment import Payment

AT_MOST = 20  # of one customer and currency; nobody chooses from more


def oldest(invoices: Iterable[Invoice]) -> list[Invoice]:
    """The oldest open invoices of each customer and currency, as last seen."""
    of_each: dict[tuple[str, str], list[Invoice]] = {}
    for invoice in sorted(invoices, key=lambda of: (of.issued_on, of.number, of.id)):
        if _open(invoice):
            of_each.setdefault((invoice.customer_id, invoice.currency), []).append(invoice)
    return [invoice for found in of_each.values() for invoice in found[:AT_MOST]]


def beside(
    payment: Payment, lines: Sequence[LineEvidence], customers: Collection[str], found: Sequence[Invoice]
) -> tuple[Invoice, ...]:
    """Those of the payment's customer and currency, oldest first; none where its own invoices take all of it."""
    if lines and all(line.open_minor >= line.amount_minor for line in lines):
        return ()
    own = {line.invoice_id for line in lines}
    return tuple(
        sorted(
            (
                of
                for of in found
                if _open(of) and of.currency == payment.currency and of.customer_id in customers and of.id not in own
            ),
            key=lambda of: (of.issued_on, of.number, of.id),
        )
    )


def _open(invoice: Invoice) -> bool:
    return invoice.status is InvoiceStatus.OPEN and invoice.open_minor > 0
