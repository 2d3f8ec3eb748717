"""The documents of the embedded ledger as Xero's API shows them: keys, dates, amounts and statuses in Xero's forms.

Follows the examples of Xero's own description of the API. Amounts are Decimal, dates are .NET's with a plain one
beside them, and every id is a UUID.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pysqlite3.dbapi2 import Connection

from accounting.embedded import money_out, reading
from receivables.books_records import MoneyOutKind
from receivables.money import decimals_of
from stand_ins import xero_side as side
from stand_ins.xero_side import Names, net_date

Json = dict[str, Any]
Row = Any

_STATUS = {"draft": "DRAFT", "voided": "VOIDED"}


def amount(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-decimals_of(currency))


def moments(row: Row) -> Json:
    """When the document was last changed, in both of Xero's forms."""
    at = datetime.fromisoformat(row["changed_at"]).astimezone(UTC)
    return {"UpdatedDateUTC": net_date(at), "UpdatedDateUTCString": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def dated(key: str, day: date) -> Json:
    return {f"{key}String": f"{day.isoformat()}T00:00:00", key: net_date(day)}


class Shapes:
    """Documents of one moment of the books. Each method returns None where the ledger never had the document."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._names = names

    # Contacts and accounts

    def contact(self, id: str) -> Json | None:
        head = self._head(id, "customer")
        if head is None:
            return None
        row = self._one("SELECT active, merged_into FROM customers WHERE id = ?", id)
        shape: Json = {
            "ContactID": self._names.uuid("customer", id),
            "ContactStatus": "ACTIVE" if row["active"] else "ARCHIVED",
            "Name": head["number"],
            "EmailAddress": "",
            "BankAccountDetails": "",
            "Addresses": [],
            "Phones": [],
            "UpdatedDateUTC": moments(head)["UpdatedDateUTC"],
            "ContactGroups": [],
            "IsSupplier": False,
            "IsCustomer": True,
            "ContactPersons": [],
            "HasAttachments": False,
            "HasValidationErrors": False,
        }
        if row["merged_into"]:
            shape["MergedToContactID"] = self._names.uuid("customer", row["merged_into"])
        return shape

    def account(self, code: str) -> Json:
        row = self._one("SELECT * FROM xero_accounts WHERE code = ?", code)
        if row is None:
            return {"AccountID": self._names.account(code), "Code": code}
        closed = self._one("SELECT 1 FROM accounts WHERE name = ? AND NOT active", code)
        shape: Json = {
            "AccountID": self._names.account(code),
            "Code": code,
            "Name": row["name"],
            "Status": "ARCHIVED" if row["archived"] or closed else "ACTIVE",
            "Type": row["type"],
            "TaxType": "NONE",
            "Class": "REVENUE" if row["type"] == "REVENUE" else "ASSET",
            "EnablePaymentsToAccount": bool(row["payments"]),
            "ShowInExpenseClaims": False,
            "ReportingCode": "",
            "HasAttachments": False,
            "AddToWatchlist": False,
        }
        if row["type"] == "BANK":
            currency = reading.settings(self._connection).home_currency
            shape |= {"BankAccountNumber": f"00-{code}", "BankAccountType": "BANK", "CurrencyCode": currency}
        return shape

    # Invoices and credit notes

    def invoice(self, id: str) -> Json | None:
        """An invoice with everything that was applied to it; a deleted one with what is still known of it."""
        head = self._head(id, "invoice")
        if head is None:
            return None
        figures = self._figures("invoices", id)
        currency, issued_on = figures["currency"], date.fromisoformat(figures["issued_on"])
        payments, documents = self._received_on(id)
        notes = self._credit_notes_on(id)
        paid = sum((payment["Amount"] for payment in payments), Decimal())
        credited = sum((document["AppliedAmount"] for document in (*notes, *documents)), Decimal())
        total = amount(figures["total_minor"], currency)
        status = _invoice_status(head, figures)
        due = total - paid - credited if status in ("DRAFT", "AUTHORISED", "PAID") else amount(0, currency)
        shape: Json = {
            "Type": "ACCREC",
            "InvoiceID": self._names.uuid("invoice", id),
            "InvoiceNumber": head["number"],
            "Reference": "",
            "Payments": payments,
            "CreditNotes": notes,
            "Prepayments": [document for document in documents if "PrepaymentID" in document],
            "Overpayments": [document for document in documents if "OverpaymentID" in document],
            "AmountDue": due,
            "AmountPaid": paid or amount(0, currency),
            "AmountCredited": credited or amount(0, currency),
            "SentToContact": False,
            "CurrencyRate": Decimal("1.0"),
            "HasErrors": False,
            "IsDiscounted": False,
            "HasAttachments": False,
            "Contact": self.contact_in_short(figures["customer_id"]),
            **dated("Date", issued_on),
            **dated("DueDate", date.fromisoformat(figures["due_on"]) if figures.get("due_on") else issued_on),
            "Status": status,
            "LineAmountTypes": "NoTax",
            "LineItems": [self._line_item(id, total)],
            "SubTotal": total,
            "TotalTax": amount(0, currency),
            "Total": total,
            **moments(head),
            "CurrencyCode": currency,
        }
        if status == "PAID":
            shape["FullyPaidOnDate"] = max(
                (document["Date"] for document in (*payments, *notes, *documents)), default=net_date(issued_on)
            )
        return shape

    def invoice_in_short(self, id: str) -> Json:
        """The invoice as it stands inside a payment."""
        figures = self._figures("invoices", id)
        return {
            "Type": "ACCREC",
            "InvoiceID": self._names.uuid("invoice", id),
            "InvoiceNumber": self._number(id),
            "Payments": [],
            "CreditNotes": [],
            "Prepayments": [],
            "Overpayments": [],
            "HasErrors": False,
            "IsDiscounted": False,
            "Contact": self.contact_in_short(figures["customer_id"]),
            "LineItems": [],
            "CurrencyCode": figures["currency"],
        }

    def credit_note(self, id: str) -> Json | None:
        head = self._head(id, "credit_memo")
        if head is None:
            return None
        figures = self._figures("credit_memos", id)
        currency, total_minor = figures["currency"], figures["total_minor"]
        rows = self._all(
            "SELECT a.*, d.created_at FROM credit_applications a JOIN documents d ON d.id = a.id"
            " WHERE a.credit_memo_id = ? ORDER BY d.created_at, a.id",
            id,
        )
        voided = head["deleted"] or figures.get("voided")
        left_minor = 0 if voided else total_minor - sum(row["amount_minor"] for row in rows)
        total = amount(total_minor, currency)
        return {
            "CreditNoteID": self._names.uuid("credit_memo", id),
            "CreditNoteNumber": head["number"],
            "Payments": [],
            "ID": self._names.uuid("credit_memo", id),
            "CurrencyRate": Decimal("1.0"),
            "Type": "ACCRECCREDIT",
            "Reference": "",
            "RemainingCredit": amount(left_minor, currency),
            "Allocations": [
                {
                    "AllocationID": self._names.uuid("allocation", row["id"]),
                    "Amount": amount(row["amount_minor"], currency),
                    "Date": net_date(date.fromisoformat(row["applied_on"])),
                    "Invoice": self._invoice_named(row["invoice_id"]),
                    "IsDeleted": False,
                }
                for row in rows
            ],
            "HasAttachments": False,
            "HasErrors": False,
            "Contact": self.contact_in_short(figures["customer_id"]),
            **dated("Date", date.fromisoformat(figures["issued_on"])),
            "Status": "VOIDED" if voided else "AUTHORISED" if left_minor else "PAID",
            "LineAmountTypes": "NoTax",
            "LineItems": [self._line_item(id, total, figures.get("reason", ""))],
            "SubTotal": total,
            "TotalTax": amount(0, currency),
            "Total": total,
            **moments(head),
            "CurrencyCode": currency,
        }

    # Money received

    def payment(self, receipt_id: str, invoice_id: str) -> Json | None:
        """The payment of an invoice that a line of a receipt is; None where the receipt is money on account."""
        line = self._one("SELECT * FROM xero_lines WHERE receipt_id = ? AND invoice_id = ?", receipt_id, invoice_id)
        if line is None or self._form(receipt_id) != "payment":
            return None
        head, figures = self._head(receipt_id, "receipt"), self._figures("receipts", receipt_id)
        received_on, value = date.fromisoformat(figures["received_on"]), amount(line["amount_minor"], figures["currency"])
        shape: Json = {
            "PaymentID": self._names.payment(receipt_id, invoice_id),
            "Date": net_date(received_on),
            "BankAmount": value,
            "Amount": value,
            "Reference": figures["reference"],
            "CurrencyRate": Decimal("1.0"),
            "PaymentType": "ACCRECPAYMENT",
            "Status": "AUTHORISED" if line["standing"] else "DELETED",
            **moments(head),
            "HasAccount": True,
            "IsReconciled": bool(figures.get("deposited_on")),
            "Account": self._account_in_short(figures["deposit_account"]),
            "Invoice": self.invoice_in_short(invoice_id),
            "HasValidationErrors": False,
        }
        batch_id = self.batch_of(receipt_id)
        if batch_id:
            shape["BatchPaymentID"] = batch_id
        return {**shape, **side.words_on(self._connection, receipt_id)}

    def batch_of(self, receipt_id: str) -> str:
        """The id of the batch a payment was made in, or "". A receipt of several lines is one."""
        row = self._one("SELECT batch_id FROM xero_receipts WHERE receipt_id = ?", receipt_id)
        if row and row["batch_id"]:
            return str(row["batch_id"])
        lines = self._one("SELECT count(*) AS n FROM xero_lines WHERE receipt_id = ?", receipt_id)["n"]
        return self._names.uuid("batch", receipt_id) if lines > 1 else ""

    def on_account(self, receipt_id: str, kind: str = "overpayment") -> Json | None:
        """Money on account as an overpayment or a prepayment; None where the receipt is something else."""
        head = self._head(receipt_id, "receipt")
        if head is None:
            return None
        form, figures = self._form(receipt_id), self._figures("receipts", receipt_id)
        gone = bool(head["deleted"]) or bool(figures.get("voided"))
        if form == "payment":  # what a receipt entered in the ledger leaves over is an overpayment of its own
            if kind != "overpayment" or gone or not figures["unapplied_minor"]:
                return None
            total_minor, lines = figures["unapplied_minor"], []
        elif form == kind:
            total_minor = figures["total_minor"] if gone else figures["amount_minor"]
            lines = self._all("SELECT * FROM xero_lines WHERE receipt_id = ? AND standing ORDER BY seq", receipt_id)
        else:
            return None
        currency = figures["currency"]
        left_minor = 0 if gone else figures["unapplied_minor"]
        refunds = [] if gone or form == "payment" else money_out.of_receipts(self._connection, [receipt_id])[receipt_id]
        words = side.words_on(self._connection, receipt_id)
        item = self._line_item(receipt_id, amount(total_minor, currency))
        return {
            f"{kind.capitalize()}ID": self._names.uuid(kind, receipt_id),
            "ID": self._names.uuid(kind, receipt_id),
            "Type": f"RECEIVE-{kind.upper()}",
            "Reference": figures["reference"],
            "RemainingCredit": amount(left_minor, currency),
            "Allocations": [self._allocation(receipt_id, line, currency, figures["received_on"]) for line in lines],
            "Payments": [
                {
                    "PaymentID": self._names.uuid("refund", refund.id),
                    "Date": net_date(refund.on),
                    "Amount": amount(refund.amount_minor, currency),
                    "Reference": refund.memo,
                }
                for refund in refunds
                if refund.kind is not MoneyOutKind.FEE
            ],
            "HasAttachments": False,
            "Contact": self.contact_in_short(figures["customer_id"]),
            **dated("Date", date.fromisoformat(figures["received_on"])),
            "Status": "VOIDED" if gone else "AUTHORISED" if left_minor else "PAID",
            "LineAmountTypes": "NoTax",
            "LineItems": [{**item, "Description": words.pop("Description", item["Description"])}],
            "SubTotal": amount(total_minor, currency),
            "TotalTax": amount(0, currency),
            "Total": amount(total_minor, currency),
            **moments(head),
            "CurrencyCode": currency,
            "CurrencyRate": Decimal("1.0"),
            **words,
        }

    def bank_transaction(self, receipt_id: str) -> Json | None:
        """The bank's side of money on account."""
        for kind in ("overpayment", "prepayment"):
            shape = self.on_account(receipt_id, kind)
            if shape is not None:
                break
        else:
            return None
        figures = self._figures("receipts", receipt_id)
        kept = ("Contact", "DateString", "Date", "LineAmountTypes", "LineItems", "SubTotal", "TotalTax", "Total", "CurrencyCode")
        return {
            "BankTransactionID": self._names.uuid("bank_transaction", receipt_id),
            "BankAccount": self._account_in_short(figures["deposit_account"]),
            "Type": shape["Type"],
            "Reference": shape["Reference"],
            "IsReconciled": bool(figures.get("deposited_on")),
            f"{kind.capitalize()}ID": shape["ID"],
            "HasAttachments": False,
            **{key: shape[key] for key in kept},
            "CurrencyRate": Decimal("1.0"),
            "Status": "DELETED" if shape["Status"] == "VOIDED" else "AUTHORISED",
            "UpdatedDateUTC": shape["UpdatedDateUTC"],
        }

    # History

    def history(self, ids: Iterable[str]) -> list[Json]:
        """What happened to these records of the ledger, newest first."""
        entries = reading.history(self._connection, list(ids))
        return [
            {
                "Changes": _spoken(entry.what),
                "DateUTCString": entry.at.strftime("%Y-%m-%dT%H:%M:%S"),
                "DateUTC": net_date(entry.at),
                "User": entry.person,
                "Details": entry.what[0].upper() + entry.what[1:],
            }
            for entry in reversed(entries)
        ]

    # Parts of documents

    def contact_in_short(self, id: str) -> Json:
        return {
            "ContactID": self._names.uuid("customer", id),
            "Name": self._number(id),
            "Addresses": [],
            "Phones": [],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasValidationErrors": False,
        }

    def _account_in_short(self, code: str) -> Json:
        shape = self.account(code or side.DEFAULT_ACCOUNT)
        return {key: shape[key] for key in ("AccountID", "Code", "Name") if key in shape}

    def _received_on(self, invoice_id: str) -> tuple[list[Json], list[Json]]:
        """The payments of an invoice, and the money on account that was allocated to it."""
        payments: list[Json] = []
        documents: list[Json] = []
        rows = self._all(
            "SELECT l.*, r.received_on, r.reference, r.currency FROM xero_lines l JOIN receipts r ON r.id = l.receipt_id"
            " WHERE l.invoice_id = ? AND l.standing ORDER BY l.seq",
            invoice_id,
        )
        for row in rows:
            value, day = amount(row["amount_minor"], row["currency"]), net_date(date.fromisoformat(row["received_on"]))
            form = self._form(row["receipt_id"])
            if form == "payment":
                batch_id = self.batch_of(row["receipt_id"])
                payments.append(
                    {
                        "PaymentID": self._names.payment(row["receipt_id"], invoice_id),
                        **({"BatchPaymentID": batch_id} if batch_id else {}),
                        "Date": day,
                        "Amount": value,
                        **({"Reference": row["reference"]} if row["reference"] else {}),
                        "CurrencyRate": Decimal("1.0"),
                        "HasAccount": False,
                        "HasValidationErrors": False,
                    }
                )
            else:
                uuid = self._names.uuid(form, row["receipt_id"])
                documents.append(
                    {
                        f"{form.capitalize()}ID": uuid,
                        "ID": uuid,
                        "AppliedAmount": value,
                        "Date": day,
                        "Total": value,
                        "LineItems": [],
                        "CurrencyRate": Decimal("1.0"),
                    }
                )
        return payments, documents

    def _credit_notes_on(self, invoice_id: str) -> list[Json]:
        rows = self._all(
            "SELECT a.*, d.number, m.currency, m.total_minor FROM credit_applications a"
            " JOIN documents d ON d.id = a.credit_memo_id"
            " JOIN credit_memos m ON m.id = a.credit_memo_id WHERE a.invoice_id = ? ORDER BY a.applied_on, a.id",
            invoice_id,
        )
        return [
            {
                "CreditNoteID": self._names.uuid("credit_memo", row["credit_memo_id"]),
                "CreditNoteNumber": row["number"],
                "ID": self._names.uuid("credit_memo", row["credit_memo_id"]),
                "AppliedAmount": amount(row["amount_minor"], row["currency"]),
                "Date": net_date(date.fromisoformat(row["applied_on"])),
                "Total": amount(row["total_minor"], row["currency"]),
                "LineItems": [],
                "HasErrors": False,
            }
            for row in rows
        ]

    def _allocation(self, receipt_id: str, line: Row, currency: str, day: str) -> Json:
        return {
            "AllocationID": self._names.uuid("allocation", receipt_id, line["invoice_id"]),
            "Amount": amount(line["amount_minor"], currency),
            "Date": net_date(date.fromisoformat(day)),
            "Invoice": self._invoice_named(line["invoice_id"]),
            "IsDeleted": False,
        }

    def _invoice_named(self, id: str) -> Json:
        return {
            "InvoiceID": self._names.uuid("invoice", id),
            "InvoiceNumber": self._number(id),
            "Payments": [],
            "CreditNotes": [],
            "Prepayments": [],
            "Overpayments": [],
            "HasErrors": False,
            "IsDiscounted": False,
            "LineItems": [],
        }

    def _line_item(self, id: str, total: Decimal, description: str = "") -> Json:
        return {
            "LineItemID": self._names.uuid("line_item", id),
            "Description": description or "Services",
            "UnitAmount": total,
            "TaxType": "NONE",
            "TaxAmount": total * 0,
            "LineAmount": total,
            "AccountCode": "200",
            "Tracking": [],
            "Quantity": Decimal("1.0"),
        }

    # Looking into the ledger

    def _head(self, id: str, kind: str) -> Row:
        return self._one("SELECT * FROM documents WHERE id = ? AND kind = ?", id, kind)

    def _number(self, id: str) -> str:
        row = self._one("SELECT number FROM documents WHERE id = ?", id)
        return str(row["number"]) if row else ""

    def _form(self, receipt_id: str) -> str:
        row = self._one("SELECT form FROM xero_receipts WHERE receipt_id = ?", receipt_id)
        if row:
            return str(row["form"])
        lines = self._one("SELECT 1 FROM xero_lines WHERE receipt_id = ? LIMIT 1", receipt_id)
        return "payment" if lines else "overpayment"  # deleted before anybody looked

    def _figures(self, table: str, id: str) -> Json:
        """The row of a document as it is, over what it was before it was voided or deleted."""
        row = self._one(f"SELECT * FROM {table} WHERE id = ?", id)
        now: Json = dict(row) if row else {}
        before = side.last_seen(self._connection, id)
        if before and (not row or now.get("standing") == "voided" or now.get("voided")):
            return {**now, **before}
        return now

    def _one(self, query: str, *values: object) -> Row:
        return self._connection.execute(query, values).fetchone()

    def _all(self, query: str, *values: object) -> list[Row]:
        return list(self._connection.execute(query, values).fetchall())


def _invoice_status(head: Row, figures: Json) -> str:
    if head["deleted"]:
        return "DELETED"
    if figures["standing"] == "issued":
        return "AUTHORISED" if figures["open_minor"] else "PAID"
    return _STATUS[figures["standing"]]


def _spoken(what: str) -> str:
    """The word Xero's history puts before the details of a change."""
    for beginning, word in (
        ("created", "Created"),
        ("issued", "Approved"),
        ("voided", "Voided"),
        ("deleted", "Deleted"),
        ("applied", "Credit Applied"),
        ("un-applied", "Credit Removed"),
        ("deposited", "Reconciled"),
        ("taken out of its deposit", "Unreconciled"),
    ):
        if what.startswith(beginning):
            return word
    if what.startswith("received"):
        return "Credit Applied" if "credit memo" in what else "Paid"
    if what.startswith("lost"):
        return "Credit Removed" if "credit memo" in what else "Payment Deleted"
    return "Edited"
