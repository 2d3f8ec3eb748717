"""An invoice that a person names in the place of a lost one, though nobody proposed it.

It is read before they confirm, and again before anything is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from receivables.books_records import Invoice, InvoiceStatus
from receivables.evidence import Evidence
from storage import mirror
from sync import successors
from sync.desk import Desk


def with_named(desk: Desk, evidence: Evidence, options: Mapping[str, object]) -> Evidence:
    """The same evidence, with the named invoice among what may replace the lost ones; as it is where nothing new is named.

    Only an open invoice of the same customer and currency is taken. Raises BooksError.
    """
    asked = str(options.get("successor") or "").removeprefix("#")
    known = {name for line in evidence.lines for invoice in line.successors for name in (invoice.id, invoice.number)}
    lost = [line.line for line in evidence.lines if not successors.takes_money(line.invoice)]
    if not asked or asked in known or not lost or evidence.customer is None:
        return evidence
    with desk.db.read() as connection:
        seen = [
            *mirror.invoices_numbered(connection, desk.company.id, {asked}),
            *mirror.documents(connection, desk.company.id, "invoice", {asked}),
        ]
    ids = {document.document.id for document in seen}
    read = desk.books.invoices(ids) if ids else {}
    named = tuple(invoice for invoice in read.values() if isinstance(invoice, Invoice) and _may_be(invoice, evidence))
    lines = [replace(line, successors=(*line.successors, *named)) if line.line in lost else line for line in evidence.lines]
    return replace(evidence, lines=tuple(lines))


def _may_be(invoice: Invoice, evidence: Evidence) -> bool:
    customer = evidence.merged_into or evidence.customer
    same = customer is not None and invoice.customer_id == customer.id and invoice.currency == evidence.payment.currency
    return same and invoice.status is InvoiceStatus.OPEN and invoice.open_minor > 0
