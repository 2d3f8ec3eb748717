"""The ledger's records as QuickBooks Online writes them: JSON with its names, amounts as exact numbers with decimals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pysqlite3.dbapi2 import Connection

from accounting.embedded import reading
from accounting.embedded.change import Kind
from receivables.books_records import CreditMemo, Customer, Invoice, InvoiceStatus, Stamp
from receivables.money import text_from_minor
from stand_ins import quickbooks_entries, quickbooks_payments, quickbooks_side
from stand_ins.quickbooks_payments import Payment
from stand_ins.quickbooks_side import ACCOUNTS, PAYMENT_METHODS, UNDEPOSITED, Settings, api_id

Document = Mapping[str, Any]
PACIFIC = ZoneInfo("America/Los_Angeles")  # the offset QuickBooks writes its times with
CURRENCY_NAMES = {"USD": "United States Dollar", "CAD": "Canadian Dollar", "EUR": "Euro", "GBP": "British Pound Sterling"}
COMPANY_BEGAN = datetime(2020, 1, 1, 17, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Shelf:
    """One moment of the books, ready to be written out."""

    connection: Connection
    settings: Settings
    names: Mapping[str, str]  # of customers, by the ledger's id

    def all(self, entity: str, ids: Collection[str] | None = None) -> list[Document]:
        """Every living document of this entity; what was changed last comes first. With `ids` (the ledger's) those."""
        of_the_ledger: Mapping[str, Callable[[Collection[str] | None], list[Document]]] = {
            "Invoice": self.invoices,
            "CreditMemo": self.credit_memos,
            "Payment": self.payments,
            "Customer": self.customers,
        }
        if entity in of_the_ledger:
            return _newest_first(of_the_ledger[entity](ids))
        fixed: Mapping[str, Callable[[], list[Document]]] = {
            "Account": self.accounts,
            "PaymentMethod": self.payment_methods,
            "CompanyInfo": lambda: [self.company_info()],
            "Preferences": lambda: [self.preferences()],
            "Deposit": self.deposits,
            **{name: partial(self.entries, name) for name in quickbooks_entries.ENTITIES},
        }
        return fixed[entity]()

    def invoices(self, ids: Collection[str] | None) -> list[Document]:
        paid_by = quickbooks_payments.payers(self.connection, ids)
        return [self._invoice(invoice, paid_by.get(invoice.id, [])) for invoice in reading.invoices(self.connection, ids)]

    def credit_memos(self, ids: Collection[str] | None) -> list[Document]:
        return [self._credit_memo(memo) for memo in reading.credit_memos(self.connection, ids)]

    def payments(self, ids: Collection[str] | None) -> list[Document]:
        return [self._payment(payment) for payment in quickbooks_payments.payments(self.connection, ids)[0].values()]

    def customers(self, ids: Collection[str] | None) -> list[Document]:
        balances = _balances(self.connection)
        return [self._customer(customer, balances.get(customer.id, 0)) for customer in reading.customers(self.connection, ids)]

    def deleted(self, entity: str) -> list[Document]:
        """The stubs that the change feed gives for deleted documents of this entity."""
        if entity == "Payment":
            gone = [(payment.id, payment.deleted) for payment in quickbooks_payments.payments(self.connection)[1]]
        else:
            kind = {"Invoice": Kind.INVOICE, "CreditMemo": Kind.CREDIT_MEMO, "Customer": Kind.CUSTOMER}.get(entity)
            rows = self.connection.execute("SELECT id, changed_by, changed_at FROM documents WHERE deleted AND kind = ?", (kind,))
            gone = [(row["id"], Stamp(row["changed_by"], datetime.fromisoformat(row["changed_at"]))) for row in rows]
        return [
            {
                "domain": "QBO",
                "status": "Deleted",
                "Id": api_id(document_id),
                "MetaData": {"LastUpdatedTime": time_text(stamp.at)},
            }
            for document_id, stamp in gone
        ]

    def _invoice(self, found: Invoice, paid_by: list[str]) -> Document:
        note = quickbooks_side.note_of(self.connection, found.id)
        if found.status is InvoiceStatus.VOIDED:
            note = f"Voided - {note}".removesuffix(" - ")
        return {
            **self._head(found.id, int(found.version) - 1, found.created, found.changed),
            "DocNumber": found.number,
            "TxnDate": found.issued_on.isoformat(),
            "CurrencyRef": _currency(found.currency),
            **({"PrivateNote": note} if note else {}),
            "LinkedTxn": [{"TxnId": api_id(payment_id), "TxnType": "Payment"} for payment_id in paid_by],
            "Line": _sales_lines(found.total_minor, found.currency),
            "CustomerRef": self._customer_ref(found.customer_id),
            "DueDate": (found.due_on or found.issued_on).isoformat(),
            "TotalAmt": amount(found.total_minor, found.currency),
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NotSet",
            "EmailStatus": "NotSet",
            "Balance": amount(found.open_minor, found.currency),
        }

    def _credit_memo(self, found: CreditMemo) -> Document:
        note = quickbooks_side.note_of(self.connection, found.id)
        return {
            **self._head(found.id, int(found.version) - 1, found.created, found.changed),
            "DocNumber": found.number,
            "TxnDate": found.issued_on.isoformat(),
            "CurrencyRef": _currency(found.currency),
            **({"PrivateNote": note} if note else {}),
            "Line": _sales_lines(found.total_minor, found.currency, found.reason or "Services"),
            "CustomerRef": self._customer_ref(found.customer_id),
            "TotalAmt": amount(found.total_minor, found.currency),
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NotSet",
            "EmailStatus": "NotSet",
            "Balance": amount(found.open_minor, found.currency),
            "RemainingCredit": amount(found.open_minor, found.currency),
        }

    def _payment(self, found: Payment) -> Document:
        account = (found.receipt.deposit_account if found.receipt else "") or UNDEPOSITED
        method = found.receipt.method if found.receipt else ""
        words = quickbooks_side.words_on(self.connection, found.id)
        on_lines = {"Description": words.pop("Description")} if "Description" in words else {}
        return {
            **words,
            **self._head(found.id, found.version, found.created, found.changed),
            "TxnDate": found.txn_date,
            "CurrencyRef": _currency(found.currency),
            **({"PrivateNote": found.note} if found.note else {}),
            **({"PaymentRefNum": found.reference} if found.reference else {}),
            **({"PaymentMethodRef": {"value": method, "name": PAYMENT_METHODS.get(method, method)}} if method else {}),
            **({"LinkedTxn": [{"TxnId": f"9{api_id(found.id)}", "TxnType": "Deposit"}]} if found.deposited else {}),
            "Line": [{**line, **on_lines} for line in [*_payment_lines(found), *self._entry_lines(found)]],
            "CustomerRef": self._customer_ref(found.customer_id),
            "DepositToAccountRef": {"value": account, "name": ACCOUNTS.get(account, (account,))[0]},
            "TotalAmt": amount(found.total_minor, found.currency),
            "UnappliedAmt": amount(found.unapplied_minor, found.currency),
            "ProcessPayment": False,
        }

    def _entry_lines(self, found: Payment) -> list[Document]:
        return [
            {"Amount": amount(minor, found.currency), "LinkedTxn": [{"TxnId": entry_id, "TxnType": kind}]}
            for kind, entry_id, minor in quickbooks_entries.linked_to(self.connection, found.id)
        ]

    def _customer(self, found: Customer, balance_minor: int) -> Document:
        shown = found.name if found.active else f"{found.name} (deleted)"
        home = reading.settings(self.connection).home_currency
        return {
            **self._head(found.id, int(found.version) - 1, found.created, found.changed),
            "FullyQualifiedName": f"{found.full_name}{shown.removeprefix(found.name)}" if found.parent_id else shown,
            "DisplayName": shown,
            "PrintOnCheckName": found.name,
            "Active": found.active,
            "Taxable": False,
            "Job": bool(found.parent_id),
            **({"ParentRef": {"value": api_id(found.parent_id)}} if found.parent_id else {}),
            "BillWithParent": False,
            "Balance": amount(balance_minor, home),
            "BalanceWithJobs": amount(balance_minor, home),
            "CurrencyRef": _currency(home),
            "PreferredDeliveryMethod": "None",
        }

    def accounts(self) -> list[Document]:
        inactive = {row["name"]: bool(row["active"]) for row in self.connection.execute("SELECT name, active FROM accounts")}
        home = reading.settings(self.connection).home_currency
        began = Stamp("", COMPANY_BEGAN)
        return [
            {
                **self._head(account_id, 0, began, began),
                "Name": name,
                "SubAccount": False,
                "FullyQualifiedName": name,
                "Active": inactive.get(account_id, True),
                "Classification": classification,
                "AccountType": kind,
                "AccountSubType": sub_type,
                "CurrentBalance": amount(0, home),
                "CurrentBalanceWithSubAccounts": amount(0, home),
                "CurrencyRef": _currency(home),
            }
            for account_id, (name, kind, sub_type, classification) in ACCOUNTS.items()
        ]

    def payment_methods(self) -> list[Document]:
        began = Stamp("", COMPANY_BEGAN)
        return [
            {**self._head(method, 0, began, began), "Name": name, "Active": True, "Type": "NON_CREDIT_CARD"}
            for method, name in PAYMENT_METHODS.items()
        ]

    def entries(self, entity: str) -> list[Document]:
        """Journal entries, checks and expenses, or refund receipts."""
        home = reading.settings(self.connection).home_currency
        return [
            {"CurrencyRef": _currency(home), **fields, **self._head(entry_id, version, made, made)}
            for entry_id, version, made, fields in quickbooks_entries.entries(self.connection, entity)
        ]

    def deposits(self) -> list[Document]:
        """Each receipt in the bank is a deposit of its own, into the checking account."""
        began = Stamp("", COMPANY_BEGAN)
        days = dict(self.connection.execute("SELECT id, deposited_on FROM receipts").fetchall())
        return [
            {
                **self._head(f"9{api_id(receipt.id)}", 0, began, began),
                "TxnDate": days[receipt.id],
                "CurrencyRef": _currency(receipt.currency),
                "DepositToAccountRef": {"value": quickbooks_entries.CHECKING, "name": "Checking"},
                "TotalAmt": amount(receipt.amount_minor, receipt.currency),
                "Line": [
                    {
                        "Amount": amount(receipt.amount_minor, receipt.currency),
                        "LinkedTxn": [{"TxnId": api_id(receipt.id), "TxnType": "Payment"}],
                    }
                ],
            }
            for receipt in reading.receipts(self.connection)
            if receipt.deposited
        ]

    def company_info(self) -> Document:
        began = Stamp("", COMPANY_BEGAN)
        return {
            **self._head("1", 0, began, began),
            "CompanyName": "Acme Networks",
            "LegalName": "Acme Networks",
            "CompanyStartDate": COMPANY_BEGAN.date().isoformat(),
            "FiscalYearStartMonth": "January",
            "Country": "US",
            "SupportedLanguages": "en",
            "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
        }

    def preferences(self) -> Document:
        """Intuit's schema in our tests has no Preferences; the names are those of its XSD."""
        held = reading.settings(self.connection)
        began = Stamp("", COMPANY_BEGAN)
        closed = held.closed_through.isoformat() if held.closed_through and self.settings.show_close_date else ""
        return {
            **self._head("1", 0, began, began),
            "AccountingInfoPrefs": {
                "CustomerTerminology": "Customers",
                "TrackDepartments": False,
                **({"BookCloseDate": closed} if closed else {}),
            },
            "SalesFormsPrefs": {
                "CustomTxnNumbers": True,
                "AutoApplyCredit": held.auto_applies_credits,
                "UsingPriceLevels": False,
                "CustomField": [],
            },
            "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": held.home_currency}},
            "OtherPrefs": {
                "NameValue": [
                    {"Name": "WarnDuplicateDocNumber", "Value": "true" if self.settings.refuse_duplicate_numbers else "false"}
                ]
            },
        }

    def _head(self, ledger_id: str, version: int, created: Stamp, changed: Stamp) -> dict[str, Any]:
        authors: dict[str, Any] = {}
        if self.settings.show_authors:
            authors = {"CreatedByRef": {"value": created.person}, "LastModifiedByRef": {"value": changed.person}}
        return {
            "domain": "QBO",
            "sparse": False,
            "Id": api_id(ledger_id),
            "SyncToken": str(version),
            "MetaData": {"CreateTime": time_text(created.at), "LastUpdatedTime": time_text(changed.at), **authors},
        }

    def _customer_ref(self, customer_id: str) -> Document:
        return {"value": api_id(customer_id), "name": self.names.get(customer_id, "")}


def shelf(connection: Connection) -> Shelf:
    """What these books hold now, inside the caller's transaction."""
    rows = connection.execute("SELECT d.id, d.number, c.active FROM customers c JOIN documents d ON d.id = c.id")
    names = {row["id"]: row["number"] if row["active"] else f"{row['number']} (deleted)" for row in rows}
    return Shelf(connection, quickbooks_side.settings(connection), names)


def amount(amount_minor: int, currency: str) -> Decimal:
    """The amount as the JSON number tells it, with all decimals of the currency."""
    return Decimal(text_from_minor(amount_minor, currency))


def time_text(at: datetime) -> str:
    """A time as QuickBooks writes it: whole seconds with an offset."""
    return at.astimezone(PACIFIC).isoformat(timespec="seconds")


def _currency(code: str) -> Document:
    return {"value": code, "name": CURRENCY_NAMES.get(code, code)}


def _sales_lines(total_minor: int, currency: str, item: str = "Services") -> list[Document]:
    total = amount(total_minor, currency)
    sale = {"ItemRef": {"value": "1", "name": item}, "TaxCodeRef": {"value": "NON"}}
    return [
        {"Id": "1", "LineNum": 1, "Amount": total, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sale},
        {"Amount": total, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ]


def _payment_lines(payment: Payment) -> list[Document]:
    linked = [("Invoice", *line) for line in payment.on_invoices.items()] + [
        ("CreditMemo", *line) for line in payment.from_memos.items()
    ]
    return [
        {"Amount": amount(minor, payment.currency), "LinkedTxn": [{"TxnId": api_id(document_id), "TxnType": kind}]}
        for kind, document_id, minor in linked
    ]


def _balances(connection: Connection) -> dict[str, int]:
    rows = connection.execute("SELECT customer_id, sum(open_minor) AS open_minor FROM invoices GROUP BY customer_id")
    return {row["customer_id"]: int(row["open_minor"]) for row in rows}


def _newest_first(documents: list[Document]) -> list[Document]:
    def moved(document: Document) -> tuple[datetime, int, str]:
        changed = datetime.fromisoformat(document["MetaData"]["LastUpdatedTime"])
        return changed, len(document["Id"]), document["Id"]

    return sorted(documents, key=moved, reverse=True)
