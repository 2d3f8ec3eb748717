"""Which Payments of QuickBooks stand on an invoice or use a credit memo, and so which credit is applied where.

A document lists the Payments linked to it, but not surely all of them. What they say is added up and compared with what
the document says was taken from it; where that does not come out, all Payments of its customer are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from accounting.quickbooks import documents, fields
from accounting.quickbooks.fields import Json, text
from accounting.quickbooks.queries import Reading
from receivables.books_records import CreditMemo


class AppliedCredits:
    """Reads credit memos whole, with everything they are applied to. Raises as every read does."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def memos(self, found: Sequence[Json]) -> list[CreditMemo]:
        """These credit memos with all their applications."""
        payments = self._payments_on("CreditMemo", found)
        return [documents.credit_memo(memo, payments) for memo in found]

    def memos_on(self, invoice_ids: Collection[str]) -> list[CreditMemo]:
        """Every credit memo with an application on one of these invoices, with all its applications."""
        wanted = set(invoice_ids)
        invoices = [invoice for invoice in self._reading.by_ids("Invoice", wanted).values() if invoice is not None]
        payments = self._payments_on("Invoice", invoices)
        memo_ids = {
            pair.credit_memo_id for payment in payments for pair in documents.pairs_in(payment) if pair.invoice_id in wanted
        }
        memos = self.memos([memo for memo in self._reading.by_ids("CreditMemo", memo_ids).values() if memo is not None])
        return [memo for memo in memos if any(application.invoice_id in wanted for application in memo.applications)]

    def payments_on_invoices(self, invoice_ids: Collection[str]) -> list[Json]:
        """Every Payment on one of these invoices, each invoice asked for by its own id."""
        return self._payments_on("Invoice", [found for found in self._reading.now("Invoice", invoice_ids).values() if found])

    def _payments_on(self, entity: str, found: Sequence[Json]) -> list[Json]:
        """Every Payment that took something from these documents."""
        used = [document for document in found if _taken(document) > 0]
        linked = {other for document in used for kind, other in documents.linked(document) if kind == "Payment"}
        payments = {key: payment for key, payment in self._reading.by_ids("Payment", linked).items() if payment is not None}
        short = [document for document in used if _told(entity, document, payments.values()) != _taken(document)]
        for payment in self._reading.payments_of({fields.ref(document, "CustomerRef") for document in short}):
            payments[text(payment, "Id")] = payment
        return [payments[key] for key in sorted(payments)]


def _taken(document: Json) -> int:
    """What was taken from a document so far, in minor units."""
    currency, left = fields.currency_of(document), "Balance" if "Balance" in document else "RemainingCredit"
    return fields.minor(document, "TotalAmt", currency) - fields.minor(document, left, currency)


def _told(entity: str, document: Json, payments: Iterable[Json]) -> int:
    """What these Payments say they took from it, in minor units."""
    return sum(documents.amounts(payment, entity).get(text(document, "Id"), 0) for payment in payments)
