"""What is read from Xero: one document, a list with its filters, or the history of a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pysqlite3.dbapi2 import Connection

from accounting.embedded import reading
from stand_ins import xero_side as side
from stand_ins import xero_where as asked_for
from stand_ins.xero_shapes import Json, Shapes
from stand_ins.xero_side import Names, net_date
from stand_ins.xero_writes import Missing

_UUID = re.compile("[0-9a-fA-F-]{36}")

#: Plural name -> (key of the id, kind of the UUID, kind of the ledger's record).
_KINDS = {
    "Contacts": ("ContactID", "customer", "customer"),
    "Invoices": ("InvoiceID", "invoice", "invoice"),
    "CreditNotes": ("CreditNoteID", "credit_memo", "credit_memo"),
    "Payments": ("PaymentID", "payment", "receipt"),
    "Overpayments": ("OverpaymentID", "overpayment", "receipt"),
    "Prepayments": ("PrepaymentID", "prepayment", "receipt"),
    "BankTransactions": ("BankTransactionID", "bank_transaction", "receipt"),
}
#: Query parameter -> the field that must be one of its values.
_ONE_OF = {
    "IDs": "",
    "InvoiceNumbers": "InvoiceNumber",
    "Statuses": "Status",
    "References": "Reference",
}


class Lists:
    """Reads documents, keeping each as it was rendered until the ledger changes it."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._rendered: dict[tuple[str, str, str], tuple[int, Json | None]] = {}

    def forget(self) -> None:
        """Renders everything anew."""
        self._rendered.clear()

    def read(self, connection: Connection, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Json:
        """The answer to a GET without its envelope. Raises Missing, QueryRefused."""
        plural, _, rest = path.partition("/")
        if path == "Organisation":
            return {"Organisations": [self._organisation(connection)]}
        if plural == "Accounts":
            return {"Accounts": self._accounts(connection, rest, query)}
        if plural not in _KINDS:
            raise Missing
        if not rest:
            return self._list(connection, plural, query, headers)
        uuid, _, part = rest.partition("/")
        named = self._names.meant(connection, uuid) if _UUID.fullmatch(uuid) else None
        if named is None or named.kind != _KINDS[plural][1] or part not in ("", "History"):
            raise Missing
        shape = self._render(Shapes(connection, self._names), plural, named.id, named.invoice_id)
        if shape is None:
            raise Missing
        if part == "History":
            return {"HistoryRecords": Shapes(connection, self._names).history([named.id])}
        if plural == "Payments":
            invoice = Shapes(connection, self._names).invoice(named.invoice_id)
            shape = {**shape, "Invoice": invoice, "Account": Shapes(connection, self._names).account(shape["Account"]["Code"])}
        return {plural: [shape]}

    def _accounts(self, connection: Connection, uuid: str, query: Mapping[str, str]) -> list[Json]:
        codes = [row["code"] for row in connection.execute("SELECT code FROM xero_accounts ORDER BY code")]
        shapes = [Shapes(connection, self._names).account(code) for code in codes]
        if not uuid:
            return _filtered(shapes, "AccountID", query)
        found = [shape for shape in shapes if shape["AccountID"] == uuid.lower()]
        if not found:
            raise Missing
        return found

    def _list(self, connection: Connection, plural: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Json:
        key = _KINDS[plural][0]
        items = self._items(connection, plural, headers.get("if-modified-since", ""))
        if plural == "Contacts" and query.get("includeArchived", "").lower() != "true":
            items = [item for item in items if item["ContactStatus"] == "ACTIVE"]
        items = _filtered(items, key, query)
        page = asked_for.paged(items, query.get("page", ""), query.get("pageSize", ""))
        shown = list(page.items)
        if query.get("summaryOnly", "").lower() == "true":
            left_out = {"Payments", "CreditNotes", "Overpayments", "Prepayments", "LineItems", "Allocations"}
            shown = [{name: value for name, value in item.items() if name not in left_out} for item in shown]
        elif not page.about:  # without pages Xero leaves the line items out
            shown = [{**item, "LineItems": []} if "LineItems" in item else item for item in shown]
        return {**({"pagination": dict(page.about)} if page.about else {}), plural: shown}

    def _items(self, connection: Connection, plural: str, since: str) -> list[Json]:
        changed_from = asked_for.since(since) if since else datetime.min.replace(tzinfo=UTC)
        day = changed_from.isoformat(timespec="microseconds")
        if plural == "Payments":
            rows = connection.execute(
                "SELECT d.id, l.invoice_id, d.last_change FROM xero_lines l JOIN documents d ON d.id = l.receipt_id"
                " WHERE d.changed_at >= ?",
                (day,),
            ).fetchall()
        else:
            rows = connection.execute(
                "SELECT id, '' AS invoice_id, last_change FROM documents WHERE kind = ? AND changed_at >= ?",
                (_KINDS[plural][2], day),
            ).fetchall()
        shapes = Shapes(connection, self._names)
        by_hand = side.spent(connection, {"BankTransactions": "spend", "Payments": "credit_refund"}.get(plural, ""))
        found = (self._kept(shapes, plural, row["id"], row["invoice_id"], row["last_change"]) for row in rows)
        return [*(shape for shape in found if shape is not None), *(by_hand if not since else ())]

    def _kept(self, shapes: Shapes, plural: str, id: str, invoice_id: str, change: int) -> Json | None:
        place = (plural, id, invoice_id)
        held = self._rendered.get(place)
        if held is None or held[0] != change:
            held = (change, self._render(shapes, plural, id, invoice_id))
            self._rendered[place] = held
        return held[1]

    def _render(self, shapes: Shapes, plural: str, id: str, invoice_id: str) -> Json | None:
        renderers: dict[str, Callable[[], Json | None]] = {
            "Contacts": lambda: shapes.contact(id),
            "Invoices": lambda: shapes.invoice(id),
            "CreditNotes": lambda: shapes.credit_note(id),
            "Payments": lambda: shapes.payment(id, invoice_id),
            "Overpayments": lambda: shapes.on_account(id, "overpayment"),
            "Prepayments": lambda: shapes.on_account(id, "prepayment"),
            "BankTransactions": lambda: shapes.bank_transaction(id),
        }
        return renderers[plural]()

    def _organisation(self, connection: Connection) -> Json:
        settings = reading.settings(connection)
        locks: Json = {}
        if settings.closed_through:
            locks["PeriodLockDate"] = net_date(settings.closed_through)
        end_of_year = side.end_of_year_lock(connection)
        if end_of_year:
            locks["EndOfYearLockDate"] = net_date(end_of_year)
        return {
            "OrganisationID": self._names.organisation,
            "Name": "Acme Networks",
            "LegalName": "Acme Networks Inc.",
            "PaysTax": True,
            "Version": "US",
            "OrganisationType": "COMPANY",
            "BaseCurrency": settings.home_currency,
            "CountryCode": "US",
            "IsDemoCompany": False,
            "OrganisationStatus": "ACTIVE",
            "FinancialYearEndDay": 31,
            "FinancialYearEndMonth": 12,
            "SalesTaxBasis": "ACCRUALS",
            **locks,
            "Timezone": "CENTRALSTANDARDTIME",
            "ShortCode": "!acme1",
            "Edition": "BUSINESS",
            "Class": "STANDARD",
            "Addresses": [],
            "Phones": [],
            "ExternalLinks": [],
            "PaymentTerms": {},
        }


def _filtered(items: list[Json], key: str, query: Mapping[str, str]) -> list[Json]:
    """The items that fit, in the order asked for, by id where none is: nobody may rest on another."""
    for name, field in _ONE_OF.items():
        if name in query:
            wanted = {name_or_id.strip() for name_or_id in query[name].split(",")}
            items = [item for item in items if item.get(field or key) in wanted]
    if "ContactIDs" in query:
        wanted = {contact_id.strip() for contact_id in query["ContactIDs"].split(",")}
        items = [item for item in items if item.get("Contact", {}).get("ContactID") in wanted]
    if query.get("where"):
        test = asked_for.where(query["where"])
        items = [item for item in items if test(item)]
    if query.get("searchTerm"):
        term = query["searchTerm"].lower()
        items = [item for item in items if term in str([item.get(name) for name in _SEARCHED]).lower()]
    by_id = sorted(items, key=lambda item: str(item[key]))
    return asked_for.ordered(by_id, query["order"]) if query.get("order") else by_id


_SEARCHED = ("Name", "EmailAddress", "InvoiceNumber", "Reference", "CreditNoteNumber")
