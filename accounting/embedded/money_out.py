"""Money that goes out again in the embedded books: returns, chargebacks, refunds, and what the bank charged for them.

An entry has a date of its own and pays out of one receipt, which keeps its date, amount and deposit: the month in which
the money came in is not restated. A return or chargeback moves the receipt off its invoices, which are open again;
a refund pays out unapplied credit only.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pysqlite3.dbapi2 import Connection

from accounting.embedded import checks, receipts
from accounting.embedded.change import Change, Kind
from accounting.embedded.checks import spoken
from receivables.books_records import Gone, MoneyOut, MoneyOutKind, Receipt, ReceiptLine, Stamp
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

_SELECT = (
    "SELECT d.id, d.number, d.version, d.created_by, d.created_at, m.kind, m.receipt_id, m.amount_minor, m.paid_on, m.memo,"
    " m.marker, r.customer_id, r.currency"
    " FROM documents d JOIN money_out m ON m.id = d.id JOIN receipts r ON r.id = m.receipt_id"
)


@dataclass(frozen=True)
class NewMoneyOut:
    """An entry as it is to be recorded. `amount_minor` None is all that the receipt still holds; a fee names its amount."""

    kind: MoneyOutKind
    receipt_id: str
    on: date
    amount_minor: int | None = None
    memo: str = ""
    off: tuple[ReceiptLine, ...] = ()  # what is taken off invoices; a return for which nothing is said takes off what it must


def of_receipts(connection: Connection, receipt_ids: Collection[str]) -> dict[str, list[MoneyOut]]:
    """The entries against these receipts, oldest first; every id is a key."""
    found: dict[str, list[MoneyOut]] = {receipt_id: [] for receipt_id in receipt_ids}
    where = "m.receipt_id IN (SELECT value FROM json_each(?))"
    for entry in _entries(connection, where, json.dumps(list(receipt_ids))):
        found[entry.receipt_id].append(entry)
    return found


def every(connection: Connection) -> list[MoneyOut]:
    """All entries, oldest first."""
    return list(_entries(connection, "1"))


def marked(connection: Connection, marker: str) -> list[MoneyOut]:
    """The entries that carry exactly this marker."""
    return list(_entries(connection, "m.marker = ?", marker)) if marker else []


def record(change: Change, new: NewMoneyOut) -> MoneyOut:
    """Records an entry dated its own day. Raises BooksRefused where the receipt does not hold as much.

    A fee is what the bank or the processor charged beside: the receipt does not change.
    """
    receipt = checks.receipt(change, new.receipt_id)
    if new.kind is MoneyOutKind.FEE:
        return _written(change, receipt, new, new.amount_minor or 0)
    held_minor = receipt.amount_minor - receipts.paid_out_minor(receipt)
    amount_minor = held_minor if new.amount_minor is None else new.amount_minor
    if receipt.voided:
        raise BooksRefused(f"Receipt {receipt.number} is voided; it holds no money.", Refusal.RECEIPT_VOIDED)
    if amount_minor > held_minor or not held_minor:
        held = spoken(held_minor, receipt.currency)
        raise BooksRefused(f"Receipt {receipt.number} holds {held}; no more can be paid out of it.", Refusal.INVALID)
    as_asked = new.kind is MoneyOutKind.REFUND or new.off
    reopening = _off_as_asked(receipt, new.off, amount_minor) if as_asked else _off(receipt, amount_minor)
    days = receipts.days_applied(change, receipt)
    receipts.move_off(change, receipt, reopening)
    entry = _written(change, receipt, new, amount_minor)
    change.connection.executemany(
        "INSERT INTO reopened (money_out_id, invoice_id, amount_minor, applied_on) VALUES (?, ?, ?, ?)",
        [(entry.id, line.invoice_id, line.amount_minor, days[line.invoice_id].isoformat()) for line in reopening],
    )
    change.changed(
        Kind.RECEIPT, receipt.id, f"{spoken(amount_minor, receipt.currency)} paid out by {new.kind.value} {entry.number}"
    )
    return entry


def delete(change: Change, entry_id: str) -> Gone:
    """Deletes an entry made by mistake; what it paid out is unapplied credit of its receipt again."""
    found = next(_entries(change.connection, "d.id = ?", entry_id), None)
    if found is None:
        raise checks.missing(change, Kind.MONEY_OUT, entry_id)
    checks.period_open(change, found.on, f"{found.kind.value} {found.number}")
    change.connection.execute("DELETE FROM reopened WHERE money_out_id = ?", (entry_id,))
    change.connection.execute("DELETE FROM money_out WHERE id = ?", (entry_id,))
    amount = spoken(found.amount_minor, found.currency)
    change.deleted(Kind.MONEY_OUT, entry_id, f"deleted: was a {found.kind.value} of {amount}")
    if found.kind is not MoneyOutKind.FEE:
        change.changed(Kind.RECEIPT, found.receipt_id, f"{found.kind.value} {found.number} of {amount} deleted")
    return Gone(Kind.MONEY_OUT.value, entry_id, change.stamp, found.number)


def _off(receipt: Receipt, amount_minor: int) -> list[ReceiptLine]:
    """What must come off invoices so that the bank can take so much: unapplied money goes first, then the last invoice."""
    missing_minor = amount_minor - receipt.unapplied_minor
    taken_off = []
    for line in reversed(receipt.lines):
        if missing_minor > 0:
            taken_off.append(ReceiptLine(line.invoice_id, min(line.amount_minor, missing_minor)))
            missing_minor -= line.amount_minor
    return taken_off


def _off_as_asked(receipt: Receipt, off: Sequence[ReceiptLine], amount_minor: int) -> list[ReceiptLine]:
    """A refund pays unapplied money only; what is applied is taken off where a person says so, never more than is refunded."""
    for line in off:
        if line.amount_minor > receipt.applied_to(line.invoice_id):
            applied = spoken(receipt.applied_to(line.invoice_id), receipt.currency)
            raise BooksRefused(f"Receipt {receipt.number} has {applied} applied to invoice #{line.invoice_id}.", Refusal.INVALID)
    off_minor = sum(line.amount_minor for line in off)
    if not amount_minor - receipt.unapplied_minor <= off_minor <= amount_minor:
        unapplied, refunded = spoken(receipt.unapplied_minor, receipt.currency), spoken(amount_minor, receipt.currency)
        raise BooksRefused(
            f"Receipt {receipt.number} has {unapplied} unapplied; {refunded} cannot be refunded"
            f" by taking {spoken(off_minor, receipt.currency)} off invoices.",
            Refusal.INVALID,
        )
    return list(off)


def _written(change: Change, receipt: Receipt, new: NewMoneyOut, amount_minor: int) -> MoneyOut:
    checks.positive_amount(amount_minor, receipt.currency, f"A {new.kind.value}")
    checks.period_open(change, new.on, f"the {new.kind.value}")
    if new.on < receipt.received_on:
        raise BooksRefused(
            f"Receipt {receipt.number} is dated {receipt.received_on.isoformat()}; its {new.kind.value} cannot be dated before.",
            Refusal.INVALID,
        )
    what = f"{new.kind.value} of {spoken(amount_minor, receipt.currency)} dated {new.on.isoformat()}: receipt {receipt.number}"
    entry_id = change.created(Kind.MONEY_OUT, "", what)
    change.connection.execute(
        "INSERT INTO money_out (id, kind, receipt_id, amount_minor, paid_on, memo, marker) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (entry_id, new.kind.value, receipt.id, amount_minor, new.on.isoformat(), new.memo, receipts.marker_in(new.memo)),
    )
    return next(_entries(change.connection, "d.id = ?", entry_id))


def _entries(connection: Connection, where: str, *values: str) -> Iterator[MoneyOut]:
    for row in connection.execute(f"{_SELECT} WHERE {where} ORDER BY m.paid_on, d.last_change", values).fetchall():
        yield MoneyOut(
            id=row["id"],
            number=row["number"],
            kind=MoneyOutKind(row["kind"]),
            customer_id=row["customer_id"],
            currency=row["currency"],
            amount_minor=row["amount_minor"],
            on=date.fromisoformat(row["paid_on"]),
            receipt_id=row["receipt_id"],
            version=str(row["version"]),
            created=Stamp(row["created_by"], datetime.fromisoformat(row["created_at"])),
            memo=row["memo"],
        )
