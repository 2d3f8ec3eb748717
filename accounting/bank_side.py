"""The bank's side of books whose documents show all of it: nothing is asked beside them."""

from __future__ import annotations

from collections.abc import Collection

from receivables import boundary
from receivables.books_records import Receipt


class ShownByDocuments:
    """A deposited receipt shows that it is, and every account that takes receipts takes those on account."""

    def reconciled(self, receipts: Collection[Receipt]) -> Collection[str]:
        boundary.leaving("books.reconciled")
        del receipts
        return ()

    def only_for_invoices(self, accounts: Collection[str]) -> Collection[str]:
        boundary.leaving("books.only_for_invoices")
        del accounts
        return ()
