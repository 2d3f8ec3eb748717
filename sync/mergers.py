"""Who may have taken over a customer's documents, in books that do not tell of a merger: whose its documents are now.

Reads: the evidence and the mirror. Leaves: candidates for a person. Never: a merger taken for granted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import rules
from receivables.books_records import Customer, Invoice
from receivables.evidence import Evidence
from storage import mirror
from storage.engine import Connection
from sync.desk import Desk


def added(desk: Desk, gathered: Mapping[str, Evidence]) -> Mapping[str, Evidence]:
    """The evidence of a batch, with the candidates where its customer may have been merged into another."""
    if not desk.books.traits.merges_untold:
        return gathered
    gathered = {number: replace(found, merges_untold=True) for number, found in gathered.items()}
    asked = {number: found for number, found in gathered.items() if rules.may_be_merged(found)}
    with desk.db.read() as connection:
        return gathered | {
            number: replace(found, took_over=_candidates(connection, desk.company.id, found)) for number, found in asked.items()
        }


def _candidates(connection: Connection, company: str, evidence: Evidence) -> tuple[Customer, ...]:
    """The customers that have our receipts, the payment's invoices, or others of the same numbers."""
    documents = [receipt.customer_id for receipt in evidence.living_receipts]
    documents += [line.invoice.customer_id for line in evidence.lines if isinstance(line.invoice, Invoice)]
    numbered = mirror.invoices_numbered(connection, company, {line.invoice_number for line in evidence.lines})
    documents += [seen.document.customer_id for seen in numbered if isinstance(seen.document, Invoice) and not seen.deleted_at]
    own = evidence.customer.id if evidence.customer else ""
    ids = [id_ for id_ in dict.fromkeys(documents) if id_ not in ("", own)]
    found = {seen.document.id: seen.document for seen in mirror.documents(connection, company, "customer", ids)}
    return tuple(of for id_ in ids if isinstance(of := found.get(id_), Customer) and of.active)
