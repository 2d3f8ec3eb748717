"""Customers of the embedded books: added, made inactive or active again, merged into one another.

Merging is done to the list of customers, as QuickBooks does it: the documents follow, whatever their period.
"""

from __future__ import annotations

from accounting.embedded import checks
from accounting.embedded.change import Change, Kind
from receivables.books_records import Customer
from receivables.errors import BooksRefused
from receivables.refusal import Refusal


def add(change: Change, name: str, customer_id: str = "", parent_id: str = "") -> Customer:
    """A new active customer; `customer_id` is an id from elsewhere, otherwise the books give one.

    With a parent it is a job or branch of theirs, and its full name begins with the parent's, as QuickBooks writes it.
    """
    if not name.strip():
        raise BooksRefused("A customer needs a name.", Refusal.INVALID)
    if customer_id and change.version_of(customer_id):
        raise BooksRefused(f"The id #{customer_id} is already used in the books.", Refusal.DUPLICATE_ID)
    parent = checks.active_customer(change, parent_id) if parent_id else None
    customer_id = change.created(Kind.CUSTOMER, name.strip(), "created", customer_id)
    full_name = f"{parent.full_name or parent.name}:{name.strip()}" if parent else ""
    change.connection.execute(
        "INSERT INTO customers (id, active, parent_id, full_name) VALUES (?, 1, ?, ?)",
        (customer_id, parent_id or None, full_name),
    )
    return checks.customer(change, customer_id)


def set_active(change: Change, customer_id: str, active: bool) -> Customer:
    found = checks.customer(change, customer_id)
    if active and found.merged_into:
        raise BooksRefused(
            f"{found.name} was merged into #{found.merged_into} and cannot be made active again.", Refusal.CUSTOMER_INACTIVE
        )
    if found.active != active:
        change.connection.execute("UPDATE customers SET active = ? WHERE id = ?", (int(active), customer_id))
        change.changed(Kind.CUSTOMER, customer_id, "made active" if active else "made inactive")
    return checks.customer(change, customer_id)


def merge(change: Change, from_id: str, into_id: str) -> Customer:
    """Moves every document of one customer to another, who is returned; the first stays as a merged customer."""
    leaving, staying = checks.active_customer(change, from_id), checks.active_customer(change, into_id)
    if leaving.id == staying.id:
        raise BooksRefused(f"{staying.name} cannot be merged into itself.", Refusal.INVALID)
    for kind, table in ((Kind.INVOICE, "invoices"), (Kind.CREDIT_MEMO, "credit_memos"), (Kind.RECEIPT, "receipts")):
        rows = change.connection.execute(
            f"UPDATE {table} SET customer_id = ? WHERE customer_id = ? RETURNING id",  # noqa: S608 (three words of ours)
            (staying.id, leaving.id),
        ).fetchall()
        for row in rows:
            change.changed(kind, row["id"], f"moved from customer {leaving.name} to {staying.name}")
    change.connection.execute("UPDATE customers SET active = 0, merged_into = ? WHERE id = ?", (staying.id, leaving.id))
    change.changed(Kind.CUSTOMER, leaving.id, f"merged into {staying.name}")
    change.changed(Kind.CUSTOMER, staying.id, f"took over the documents of {leaving.name}")
    return checks.customer(change, staying.id)
