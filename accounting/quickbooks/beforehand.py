"""What is read in the moment before a write: the versions an order rests on, and the documents it changes.

Few reads for a whole dispatch: one query for each kind of document in it, none for receipts that rest on no version. What
is rewritten, and what a list tells otherwise than the order, is read by its own id: lists may lag behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

from accounting.quickbooks import documents, fields, queries
from accounting.quickbooks.documents import payment_of
from accounting.quickbooks.fields import Json, text
from accounting.quickbooks.queries import Reading
from accounting.quickbooks.writes import Before
from receivables.books_records import CreditMemo, Customer, Gone, Invoice
from receivables.effects import ApplyCredit, ApplyReceipt, Order, ReceiptWrite, RecordReturn, UnapplyCredit, VoidReceipt

#: Where a document is looked for whose kind the order does not tell. Ids of transactions are unique among all of them.
_KINDS = ("Invoice", "CreditMemo", "Payment", "Customer")


class Beforehand:
    """Reads what a dispatch rests on. Raises as every read does: then nothing was sent."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._accounts: dict[str, str] = {}

    def of(self, orders: Sequence[Order]) -> Before:
        wanted: dict[str, set[str]] = {kind: set() for kind in _KINDS}
        for order in orders:
            match order.write:
                case ReceiptWrite(lines=lines):
                    wanted["Invoice"] |= {line.invoice_id for line in lines} & set(order.versions)
                case UnapplyCredit(application_id=application, credit_memo_id=memo_id, invoice_id=invoice_id):
                    wanted["Payment"].add(payment_of(application))
                    wanted["CreditMemo"] |= {memo_id} & set(order.versions)
                    wanted["Invoice"] |= {invoice_id} & set(order.versions)
                case ApplyCredit(credit_memo_id=memo_id, invoice_id=invoice_id):
                    wanted["CreditMemo"].add(memo_id)
                    wanted["Invoice"].add(invoice_id)
                case (
                    ApplyReceipt(receipt_id=receipt_id) | VoidReceipt(receipt_id=receipt_id) | RecordReturn(receipt_id=receipt_id)
                ):
                    wanted["Payment"].add(receipt_id)
        raw = {kind: self._reading.by_ids(kind, ids) if ids else {} for kind, ids in wanted.items() if kind != "Payment"}
        raw["Payment"] = self._reading.now("Payment", wanted["Payment"])  # rewritten whole, under the token that it has now
        ordered = {document_id: version for order in orders for document_id, version in order.versions.items()}
        for kind in ("Invoice", "CreditMemo"):
            differ = {key for key in raw[kind] if key in ordered and _token(raw[kind][key]) != ordered[key]}
            raw[kind] |= self._reading.now(kind, differ)
        living = {
            document_id: document for found in raw.values() for document_id, document in found.items() if document is not None
        }
        asked = {document_id for found in raw.values() for document_id in found}
        versions = {document_id: text(document, "SyncToken") for document_id, document in living.items()}
        unknown = {document_id for order in orders for document_id in order.versions} - asked
        return Before(
            versions={**versions, **self._versions_of(unknown), **self._listed_older(ordered, raw["Payment"])},
            payments=raw["Payment"],
            invoices=self._invoices(raw["Invoice"]),
            memos=self._memos(raw["CreditMemo"]),
            accounts=self._accounts_of(orders),
            rates=self._rates_for(orders, raw["CreditMemo"]),
        )

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        raw = self._reading.by_ids("Customer", ids) if ids else {}
        return {key: Gone("customer", key) if customer is None else documents.customer(customer) for key, customer in raw.items()}

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        return self._invoices(self._reading.by_ids("Invoice", ids)) if ids else {}

    def active_accounts(self, accounts: Collection[str]) -> Collection[str]:
        """Which of these accounts are active; asked again, whatever was remembered."""
        active = set()
        for account in sorted(accounts):
            self._accounts.pop(account, None)
            if queries.is_id(account):
                there = bool(self._reading.query("Account", [f"Id = {queries.quoted([account])}"], limit=1).documents)
            else:
                there = bool(self._reading.account_id(account))
            active |= {account} if there else set()
        return active

    def _listed_older(self, ordered: Mapping[str, str], payments: Mapping[str, Json | None]) -> Mapping[str, str]:
        """The tokens that orders rest on where only a list still tells them, of Payments that are otherwise as they are now.

        Every press would be stale for as long as the list lags behind.
        """
        newer = {key for key, payment in payments.items() if payment and key in ordered and _token(payment) != ordered[key]}
        listed = self._reading.by_ids("Payment", newer) if newer else {}
        return {key: ordered[key] for key in newer if _token(listed[key]) == ordered[key] and _same(listed[key], payments[key])}

    def _rates_for(
        self, orders: Sequence[Order], memos: Mapping[str, Json | None]
    ) -> Mapping[tuple[str, date | None], Decimal | None]:
        """The exchange rates of what is created in a foreign currency; a credit is applied at that of now."""
        asked: set[tuple[str, date | None]] = {
            (order.write.currency, order.write.received_on) for order in orders if isinstance(order.write, ReceiptWrite)
        }
        asked |= {(fields.currency_of(memo), None) for memo in memos.values() if memo is not None}
        if not asked:
            return {}
        home = self._reading.home_currency()
        return {(currency, day): self._reading.rate(currency, day) for currency, day in asked if currency != home}

    def _versions_of(self, unknown: Collection[str]) -> Mapping[str, str]:
        """Versions of documents of which only the id is known: looked for kind by kind."""
        found: dict[str, str] = {}
        for kind in _KINDS:
            missing = [document_id for document_id in sorted(set(unknown) - set(found)) if queries.is_id(document_id)]
            if missing:
                page = self._reading.query(kind, [f"Id in ({queries.quoted(missing)})"]).documents
                found |= {text(document, "Id"): text(document, "SyncToken") for document in page}
        return found

    def _invoices(self, raw: Mapping[str, Json | None]) -> dict[str, Invoice | Gone]:
        return {key: Gone("invoice", key) if invoice is None else documents.invoice(invoice) for key, invoice in raw.items()}

    def _memos(self, raw: Mapping[str, Json | None]) -> dict[str, CreditMemo | Gone]:
        """Credit memos as far as applying them needs it: without what they are applied to already."""
        return {key: Gone("credit_memo", key) if memo is None else documents.credit_memo(memo, ()) for key, memo in raw.items()}

    def _accounts_of(self, orders: Sequence[Order]) -> Mapping[str, str]:
        """The ids of the deposit accounts named; one found by its name is remembered."""
        named = {order.write.deposit_account for order in orders if isinstance(order.write, ReceiptWrite)} - {""}
        for name in sorted(named - set(self._accounts)):
            found = name if queries.is_id(name) else self._reading.account_id(name)
            if found:
                self._accounts[name] = found
        return {name: self._accounts.get(name, "") for name in named}


def _token(document: Json | None) -> str | None:
    return None if document is None else text(document, "SyncToken")


def _same(before: Json | None, now: Json | None) -> bool:
    """Whether two readings differ in nothing but how often the document was saved."""
    return _but_token(before) == _but_token(now)


def _but_token(document: Json | None) -> Mapping[str, object]:
    return {name: value for name, value in (document or {}).items() if name not in ("SyncToken", "MetaData")}
