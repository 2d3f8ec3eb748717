"""Journal entries, checks and refund receipts of QuickBooks Online, over the money that the ledger paid out.

What the bookkeeper pays out of a receipt in the ledger is a document of its own here, which the Payment is linked to. What
comes over the API, or is typed in by hand as it is here, is kept as it was written; a journal entry pays out of a receipt
as soon as a Payment is applied to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import simplejson
from pysqlite3.dbapi2 import Connection

from accounting.embedded import checks, money_out, reading
from accounting.embedded.change import Change, Kind, utc_text
from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOut, MoneyOutKind, Stamp
from receivables.money import text_from_minor
from stand_ins import quickbooks_side as side
from stand_ins.quickbooks_faults import FaultRaised, business, inactive_reference, not_found, required
from stand_ins.quickbooks_reading import day_of, minor_of, text_of

Body = Mapping[str, Any]
ENTITIES = ("JournalEntry", "Purchase", "RefundReceipt")
RECEIVABLE, CHECKING, FEES, SALES = "84", "35", "90", "79"
FIRST = 800_000  # ids of what is kept here; those of the ledger stay far below
CASH = ("4", "35", "36")


@dataclass(frozen=True)
class Kept:
    """A document as it was written, with what the ledger's entry it pays out by is, where a Payment is applied to it."""

    id: str
    entity: str
    body: dict[str, Any]
    paid_out: str
    created: Stamp
    version: int


def entries(connection: Connection, entity: str) -> list[tuple[str, int, Stamp, Body]]:
    """Every document of this entity, as (id of the API, version, made, fields)."""
    found = [(kept.id, kept.version, kept.created, kept.body) for kept in _kept(connection) if kept.entity == entity]
    known = {kept.paid_out for kept in _kept(connection)}
    of_ledger = [entry for entry in money_out.every(connection) if entry.id not in known and _entity_of(entry) == entity]
    return [
        *found,
        *((side.api_id(of.id), int(of.version) - 1, of.created, _body_of(connection, of)) for of in of_ledger),
    ]


def linked_to(connection: Connection, receipt_id: str) -> list[tuple[str, str, int]]:
    """(type, id of the API, minor units) of the entries that a receipt is applied to."""
    kept = {found.paid_out: found.id for found in _kept(connection)}
    return [
        (
            "Check" if _entity_of(entry) == "Purchase" else "JournalEntry",
            kept.get(entry.id, side.api_id(entry.id)),
            entry.amount_minor,
        )
        for entry in money_out.of_receipts(connection, [receipt_id])[receipt_id]
        if entry.kind is not MoneyOutKind.FEE
    ]


def create(change: Change, entity: str, body: Body) -> str:
    """Keeps a document as it is written; returns its id. Raises FaultRaised."""
    if entity not in ENTITIES:
        raise FaultRaised("500", f"{entity} is not made here.")
    checks.period_open(change, day_of(body, change.day), f"a {entity}")
    if entity == "JournalEntry":
        _must_balance(change, body)
    text_of(body, "PrivateNote", 4000, "")
    document_id = str(FIRST + int(change.connection.execute("SELECT count(*) FROM quickbooks_entries").fetchone()[0]) + 1)
    lines = [{"Id": str(place), **line} for place, line in enumerate(body.get("Line") or [])]
    written = simplejson.dumps({"TxnDate": change.day.isoformat(), **body, "Line": lines}, use_decimal=True)
    change.connection.execute(
        "INSERT INTO quickbooks_entries (id, entity, body, made_by, made_at) VALUES (?, ?, ?, ?, ?)",
        (document_id, entity, written, change.by, utc_text(change.at)),
    )
    return document_id


def pay_out(change: Change, receipt_id: str, entry_id: str, amount_minor: int) -> None:
    """A receipt is applied to a journal entry: its money goes out by it in the ledger. Raises FaultRaised."""
    kept = next((found for found in _kept(change.connection) if found.id == entry_id and found.entity == "JournalEntry"), None)
    if kept is None or kept.paid_out:
        raise not_found(f"JournalEntry {entry_id}")
    (receipt,) = reading.receipts(change.connection, [receipt_id])
    owed = [line for line in kept.body["Line"] if _detail(line).get("AccountRef", {}).get("value") == RECEIVABLE]
    customers = {side.ledger_id(change.connection, str(_customer(line)), Kind.CUSTOMER) for line in owed}
    if (
        customers != {receipt.customer_id}
        or sum(minor_of(line["Amount"], receipt.currency, "Amount") for line in owed) < amount_minor
    ):
        raise FaultRaised("620")
    on = date.fromisoformat(str(kept.body["TxnDate"]))
    new = NewMoneyOut(MoneyOutKind.RETURN, receipt_id, on, amount_minor, str(kept.body.get("PrivateNote", "")))
    entry = money_out.record(change, new)
    change.connection.execute("UPDATE quickbooks_entries SET paid_out = ? WHERE id = ?", (entry.id, entry_id))


def _must_balance(change: Change, body: Body) -> None:
    """Debits are credits, every account is known, and a line to receivables names its customer."""
    currency, sides = reading.settings(change.connection).home_currency, {"Debit": 0, "Credit": 0}
    if not body.get("Line"):
        raise required("Line")
    for line in body["Line"]:
        detail = _detail(line)
        account = str((detail.get("AccountRef") or {}).get("value", ""))
        if line.get("DetailType") != "JournalEntryLineDetail" or detail.get("PostingType") not in sides:
            raise required("JournalEntryLineDetail")
        if account not in side.ACCOUNTS:
            raise inactive_reference("AccountRef")
        customer = _customer(line)
        if account == RECEIVABLE and not side.ledger_id(change.connection, str(customer), Kind.CUSTOMER):
            raise business("When you use Accounts Receivable, you must choose a customer in the Name field.")
        sides[detail["PostingType"]] += minor_of(line.get("Amount"), currency, "Amount")
    if sides["Debit"] != sides["Credit"]:
        raise business("The debits and the credits of a journal entry must be equal.")


def _kept(connection: Connection) -> list[Kept]:
    return [
        Kept(
            row["id"],
            row["entity"],
            simplejson.loads(row["body"], use_decimal=True),
            row["paid_out"],
            Stamp(row["made_by"], datetime.fromisoformat(row["made_at"])),
            1 if row["paid_out"] else 0,
        )
        for row in connection.execute("SELECT * FROM quickbooks_entries ORDER BY id")
    ]


def _entity_of(entry: MoneyOut) -> str:
    return "Purchase" if entry.kind in (MoneyOutKind.REFUND, MoneyOutKind.FEE) else "JournalEntry"


def _body_of(connection: Connection, entry: MoneyOut) -> Body:
    """What an entry of the ledger looks like: a return is a journal entry, a refund a check, a fee a check to the bank."""
    (receipt,) = reading.receipts(connection, [entry.receipt_id])
    bank = receipt.deposit_account if receipt.deposit_account in CASH else CHECKING
    value, customer = Decimal(text_from_minor(entry.amount_minor, entry.currency)), {"value": side.api_id(entry.customer_id)}
    head = {"TxnDate": entry.on.isoformat(), "PrivateNote": entry.memo or f"{entry.kind} of {receipt.reference}"}
    if _entity_of(entry) == "JournalEntry":
        owed = {
            "PostingType": "Debit",
            "AccountRef": {"value": RECEIVABLE},
            "Entity": {"Type": "Customer", "EntityRef": customer},
        }
        details = (
            {"JournalEntryLineDetail": owed},
            {"JournalEntryLineDetail": {"PostingType": "Credit", "AccountRef": {"value": bank}}},
        )
        lines = [
            {"Id": str(n), "Amount": value, "DetailType": "JournalEntryLineDetail", **said} for n, said in enumerate(details)
        ]
        return {**head, "Line": lines}
    account = FEES if entry.kind is MoneyOutKind.FEE else RECEIVABLE
    said = {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}}}
    line = {"Id": "1", "Amount": value, "DetailType": "AccountBasedExpenseLineDetail", **said}
    payee = {} if entry.kind is MoneyOutKind.FEE else {"EntityRef": customer}
    return {**head, **payee, "AccountRef": {"value": bank}, "PaymentType": "Check", "TotalAmt": value, "Line": [line]}


def _detail(line: Body) -> dict[str, Any]:
    return dict(line.get("JournalEntryLineDetail") or {})


def _customer(line: Body) -> str:
    return str(((_detail(line).get("Entity") or {}).get("EntityRef") or {}).get("value", ""))
