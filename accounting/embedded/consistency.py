"""Whether the figures of the embedded books agree with each other: added up again, never taken on trust.

Asked about every touched record before each COMMIT, and about the whole books by tests and the demo's tally.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from pysqlite3.dbapi2 import Connection

# Each query yields the ids of records that break the sentence; {only} narrows it to the records asked about.
_SENTENCES: dict[str, str] = {
    "the open balance of invoice {} is not its total less receipts and credits": """
        SELECT i.id FROM invoices i WHERE {only} AND i.standing <> 'voided' AND i.open_minor <> i.total_minor
            - (SELECT coalesce(sum(amount_minor), 0) FROM receipt_lines WHERE invoice_id = i.id)
            - (SELECT coalesce(sum(amount_minor), 0) FROM credit_applications WHERE invoice_id = i.id)""",
    "invoice {} has less than nothing open": "SELECT i.id FROM invoices i WHERE {only} AND i.open_minor < 0",
    "invoice {} is a draft or voided and yet something is applied to it": """
        SELECT i.id FROM invoices i WHERE {only} AND i.standing <> 'issued' AND (
            EXISTS (SELECT 1 FROM receipt_lines WHERE invoice_id = i.id)
            OR EXISTS (SELECT 1 FROM credit_applications WHERE invoice_id = i.id))""",
    "the unapplied amount of receipt {} is not its amount less its lines and what went out": """
        SELECT i.id FROM receipts i WHERE {only} AND (i.unapplied_minor < 0 OR i.unapplied_minor <> i.amount_minor
            - (SELECT coalesce(sum(amount_minor), 0) FROM receipt_lines WHERE receipt_id = i.id)
            - (SELECT coalesce(sum(amount_minor), 0) FROM money_out WHERE receipt_id = i.id AND kind <> 'fee'))""",
    "entry {} reopened more than it paid out": """
        SELECT i.id FROM money_out i WHERE {only}
            AND i.amount_minor < (SELECT coalesce(sum(amount_minor), 0) FROM reopened WHERE money_out_id = i.id)""",
    "what is left of credit memo {} is not its total less its applications": """
        SELECT i.id FROM credit_memos i WHERE {only} AND (i.open_minor < 0 OR i.open_minor <> i.total_minor * (1 - i.voided)
            - (SELECT coalesce(sum(amount_minor), 0) FROM credit_applications WHERE credit_memo_id = i.id))""",
    "receipt {} pays an invoice of another customer or currency": """
        SELECT i.id FROM receipts i JOIN receipt_lines l ON l.receipt_id = i.id JOIN invoices v ON v.id = l.invoice_id
        WHERE {only} AND (v.customer_id <> i.customer_id OR v.currency <> i.currency)""",
    "credit memo {} is applied to an invoice of another customer or currency": """
        SELECT i.id FROM credit_memos i JOIN credit_applications a ON a.credit_memo_id = i.id
        JOIN invoices v ON v.id = a.invoice_id
        WHERE {only} AND (v.customer_id <> i.customer_id OR v.currency <> i.currency)""",
    "the record {} is both deleted and there, or neither": """
        SELECT i.id FROM documents i WHERE {only} AND i.deleted = (
            EXISTS (SELECT 1 FROM customers WHERE id = i.id) + EXISTS (SELECT 1 FROM invoices WHERE id = i.id)
            + EXISTS (SELECT 1 FROM credit_memos WHERE id = i.id) + EXISTS (SELECT 1 FROM receipts WHERE id = i.id)
            + EXISTS (SELECT 1 FROM credit_applications WHERE id = i.id) + EXISTS (SELECT 1 FROM money_out WHERE id = i.id))""",
    "the last change of record {} is not the last line of its history": """
        SELECT i.id FROM documents i WHERE {only}
            AND i.last_change <> (SELECT max(seq) FROM history WHERE document_id = i.id)""",
}


def problems(connection: Connection, ids: Collection[str] | None = None) -> tuple[str, ...]:
    """A sentence for everything that does not add up, of these records or of all; nothing when the books are right."""
    only, values = ("1", {}) if ids is None else ("i.id IN (SELECT value FROM json_each(:ids))", {"ids": json.dumps(sorted(ids))})
    return tuple(
        sentence.format(row[0])
        for sentence, query in _SENTENCES.items()
        for row in connection.execute(query.format(only=only), values)
    )


def must_hold(connection: Connection, ids: Collection[str]) -> None:
    """Raises AssertionError, a bug in the books themselves, before anything wrong is committed."""
    found = problems(connection, ids)
    if found:
        raise AssertionError("the embedded books do not add up: " + "; ".join(found))
