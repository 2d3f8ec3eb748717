"""Every write of the API on one document: create, update, delete, void, each with the versions QuickBooks asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounting.embedded import checks, credits, customers, invoices, reading
from accounting.embedded.change import Change, Kind
from receivables.books_records import CreditMemo, Invoice
from stand_ins import quickbooks_documents as documents
from stand_ins import quickbooks_entries as entries
from stand_ins import quickbooks_payment_writes as payment_writes
from stand_ins import quickbooks_payments as shown
from stand_ins import quickbooks_side as side
from stand_ins.quickbooks_faults import DELETED_TRANSACTION, INACTIVE, FaultRaised, business, not_found, required
from stand_ins.quickbooks_narrowing import KINDS
from stand_ins.quickbooks_reading import active_customer, day_of, minor_of, reference_of, text_of

Body = Mapping[str, Any]
WRITABLE = ("Invoice", "Payment", "CreditMemo", "Customer", "JournalEntry")


def written(change: Change, entity: str, operation: str, body: Body, *, allow_duplicates: bool = False) -> Mapping[str, Any]:
    """Carries one write out and returns the document as it is then, or the stub of a deleted one.

    Raises FaultRaised, and BooksRefused where the ledger's own rules say no.
    """
    if entity not in WRITABLE:
        raise FaultRaised("500", f"Operation {operation} on {entity} is not supported.")
    if entity == "JournalEntry":
        if operation != "create":
            raise FaultRaised("500", "The stand-in changes no journal entries.")
        entry_id = entries.create(change, entity, body)
        return found(documents.shelf(change.connection), entity, entry_id)
    if operation == "create":
        return _of(change, entity, _create(change, entity, body, allow_duplicates))
    document_id = _current(change, entity, body)
    if operation == "delete":
        _delete(change, entity, document_id)
        return {"status": "Deleted", "domain": "QBO", "Id": side.api_id(document_id)}
    if operation == "void":
        _void(change, entity, document_id, body)
    elif operation == "update":
        _update(change, entity, document_id, body)
    else:
        raise FaultRaised("500", f"Operation {operation} is not supported.")
    return _of(change, entity, document_id)


def found(shelf: documents.Shelf, entity: str, document_id: str) -> Mapping[str, Any]:
    """The living document with the API's id. Raises FaultRaised 610 with the text for deleted or for unknown ones."""
    there = side.ledger_id(shelf.connection, document_id, *KINDS.get(entity, ()))
    for document in shelf.all(entity, [there] if entity in KINDS else None):
        if document["Id"] == document_id:
            return document
    raise not_found(DELETED_TRANSACTION if there else INACTIVE)


def _of(change: Change, entity: str, document_id: str) -> Mapping[str, Any]:
    return found(documents.shelf(change.connection), entity, side.api_id(document_id))


def _current(change: Change, entity: str, body: Body) -> str:
    """The ledger's id of the document meant, which is there and was not changed meanwhile."""
    if body.get("SyncToken") in (None, ""):
        raise required("SyncToken")
    if body.get("Id") in (None, ""):
        raise required("Id")
    held = found(documents.shelf(change.connection), entity, str(body["Id"]))
    if str(body["SyncToken"]) != held["SyncToken"]:
        raise FaultRaised("5010")
    return side.ledger_id(change.connection, str(body["Id"]), *KINDS[entity])


def _payment(change: Change, payment_id: str) -> shown.Payment:
    shown_now = shown.payment(change.connection, payment_id)
    if shown_now is None:
        raise not_found(DELETED_TRANSACTION)
    return shown_now


def _create(change: Change, entity: str, body: Body, allow_duplicates: bool) -> str:
    if entity == "Payment":
        return payment_writes.create(change, body)
    if entity == "Customer":
        name = text_of(body, "DisplayName", 500, "")
        if not name:
            raise required("DisplayName")
        _name_is_free(change, name, "")
        return customers.add(change, name).id
    customer_id = active_customer(change, reference_of(body, "CustomerRef"))
    currency = str(body.get("CurrencyRef", {}).get("value") or reading.settings(change.connection).home_currency)
    total_minor = _total_minor(body, currency)
    number = text_of(body, "DocNumber", 21, "") or _next_number(change)
    if not allow_duplicates:
        _number_is_free(change, number, "")
    day = day_of(body, change.day)
    added: Invoice | CreditMemo
    if entity == "Invoice":
        added = invoices.add(change, invoices.NewInvoice(number, customer_id, total_minor, currency, day))
    else:
        added = credits.add(change, credits.NewCreditMemo(number, customer_id, total_minor, currency, day))
    side.keep_note(change, added.id, text_of(body, "PrivateNote", 4000, ""))
    credits.apply_automatically(change, customer_id)
    return str(added.id)


def _update(change: Change, entity: str, document_id: str, body: Body) -> None:
    if entity == "Payment":
        payment_writes.update(change, _payment(change, document_id), body)
    elif entity == "Customer":
        _update_customer(change, document_id, body)
    else:
        _update_sale(change, entity, document_id, body)


def _update_customer(change: Change, customer_id: str, body: Body) -> None:
    held = checks.customer(change, customer_id)
    name = text_of(body, "DisplayName", 500, held.name).removesuffix(" (deleted)")
    if name != held.name:
        _name_is_free(change, name, customer_id)
        change.connection.execute("UPDATE documents SET number = ? WHERE id = ?", (name, customer_id))
        change.changed(Kind.CUSTOMER, customer_id, f"renamed: was {held.name}")
    active = body.get("Active", held.active)
    if active != held.active:
        customers.set_active(change, customer_id, active=bool(active))


def _update_sale(change: Change, entity: str, document_id: str, body: Body) -> None:
    """Number and note can be changed here; who changes more of an invoice is a bookkeeper, in the ledger."""
    kind = KINDS[entity][0]
    held = checks.invoice(change, document_id) if entity == "Invoice" else checks.credit_memo(change, document_id)
    checks.period_open(change, held.issued_on, f"{entity} {held.number}")
    sparse = bool(body.get("sparse"))
    if not sparse and "Line" not in body:
        raise required("Line")
    if "Line" in body and _total_minor(body, held.currency) != held.total_minor:
        raise FaultRaised("500", "The stand-in does not change what an invoice is for.")
    number = text_of(body, "DocNumber", 21, held.number) or held.number
    if number != held.number:
        _number_is_free(change, number, document_id)
        change.connection.execute("UPDATE documents SET number = ? WHERE id = ?", (number, document_id))
    note = side.note_of(change.connection, document_id) if sparse else ""
    side.keep_note(change, document_id, text_of(body, "PrivateNote", 4000, note))
    change.changed(kind, document_id, "edited")


def _delete(change: Change, entity: str, document_id: str) -> None:
    if entity == "Payment":
        payment_writes.delete(change, _payment(change, document_id))
    elif entity == "Invoice":
        customer_id = checks.invoice(change, document_id).customer_id
        invoices.delete(change, document_id)
        credits.apply_automatically(change, customer_id)
    elif entity == "CreditMemo":
        credits.delete(change, document_id)
    else:
        raise FaultRaised("500", "Customers are not deleted; they are made inactive.")


def _void(change: Change, entity: str, document_id: str, body: Body) -> None:
    if entity == "Payment":
        if not side.settings(change.connection).void_takes_sparse:
            reference_of(body, "CustomerRef")
            if "TotalAmt" not in body:
                raise required("TotalAmt")
        payment_writes.void(change, _payment(change, document_id))
    elif entity == "Invoice":
        held = checks.invoice(change, document_id)
        paid_minor = held.total_minor - held.open_minor
        if paid_minor and side.settings(change.connection).refuse_void_of_paid:
            raise business("This transaction is linked to others.")
        invoices.void(change, document_id)
        credits.apply_automatically(change, held.customer_id)
    else:
        raise FaultRaised("500", f"{entity} cannot be voided over the API.")


def _total_minor(body: Body, currency: str) -> int:
    lines = [line for line in body.get("Line") or [] if line.get("DetailType") != "SubTotalLineDetail"]
    if not lines:
        raise required("Line")
    return sum(minor_of(line.get("Amount"), currency, "Amount") for line in lines)


def _next_number(change: Change) -> str:
    rows = change.connection.execute("SELECT number FROM documents WHERE kind IN ('invoice', 'credit_memo')").fetchall()
    return str(max([1000, *(int(row["number"]) for row in rows if row["number"].isdigit())]) + 1)


def _name_is_free(change: Change, name: str, of_customer: str) -> None:
    for other in reading.customers(change.connection):
        if other.name.lower() == name.lower() and other.id != of_customer:
            detail = "The name supplied already exists. : Another customer is already using this name."
            raise FaultRaised("6240", f"{detail} Please use a different name. Id={side.api_id(other.id)}")


def _number_is_free(change: Change, number: str, of_document: str) -> None:
    if not side.settings(change.connection).refuse_duplicate_numbers:
        return
    row = change.connection.execute(
        "SELECT id, kind FROM documents WHERE number = ? AND kind IN ('invoice', 'credit_memo') AND NOT deleted AND id <> ?",
        (number, of_document),
    ).fetchone()
    if row is not None:
        kind = "Invoice" if row["kind"] == "invoice" else "CreditMemo"
        raise payment_writes.duplicate_number(number, kind, row["id"])
