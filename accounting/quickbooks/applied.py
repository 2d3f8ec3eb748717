"""Which Payments of QuickBooks stand on an invoice or use a credit memo, and so which credit is applied where.

A document lists the Payments linked to it, but not surely all of them. What they say is added up and compared with what
the document says was taken from it; where that does not come out, all Payments of its customer are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from accounting.quickbooks import documents
from accounting.quickbooks.documents import Json, text
from accounting.quickbooks.queries import Reading
from receivables.books_records import CreditMemo


class AppliedCredits:
    """Reads credit memos whole, with everything they are applied to. Raises as every read does."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def memos(self, found: Sequence[Json]) -> list[CreditMemo]:
        """These credit memos with all their applications."""
        payments = self._payments_on("CreditMemo", found)
        return [documents.credit_memo(one, payments) for one in found]

    def memos_on(self, invoice_ids: Collection[str]) -> list[CreditMemo]:
        """Every credit memo with an application on one of these invoices, with all its applications."""
        wanted = set(invoice_ids)
        invoices = [one for one in self._reading.by_ids("Invoice", wanted).values() if one is not None]
        payments = self._payments_on("Invoice", invoices)
        memo_ids = {
            pair.credit_memo_id for payment in payments for pair in documents.pairs_in(payment) if pair.invoice_id in wanted
        }
        memos = self.memos([one for one in self._reading.by_ids("CreditMemo", memo_ids).values() if one is not None])
        return [memo for memo in memos if any(one.invoice_id in wanted for one in memo.applications)]

    def _payments_on(self, entity: str, found: Sequence[Json]) -> list[Json]:
        """Every Payment that took something from these documents."""
        used = [one for one in found if _taken(one) > 0]
        linked = {other for one in used for kind, other in documents.linked(one) if kind == "Payment"}
        payments = {key: one for key, one in self._reading.by_ids("Payment", linked).items() if one is not None}
        short = [one for one in used if _told(entity, one, payments.values()) != _taken(one)]
        for payment in self._reading.payments_of({documents.ref(one, "CustomerRef") for one in short}):
            payments[text(payment, "Id")] = payment
        return [payments[key] for key in sorted(payments)]


def _taken(document: Json) -> int:
    """What was taken from a document so far, in minor units."""
    currency, left = documents.currency_of(document), "Balance" if "Balance" in document else "RemainingCredit"
    return documents.minor(document, "TotalAmt", currency) - documents.minor(document, left, currency)


def _told(entity: str, document: Json, payments: Iterable[Json]) -> int:
    """What these Payments say they took from it, in minor units."""
    return sum(documents.amounts(one, entity).get(text(document, "Id"), 0) for one in payments)
