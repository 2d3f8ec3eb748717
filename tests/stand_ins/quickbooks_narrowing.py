"""Which documents can be meant at all, so that large books are not read whole for a question about a few.

Always too many rather than too few: what is asked is decided afterwards, on the documents themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from pysqlite3.dbapi2 import Connection

from accounting.embedded.change import Kind, utc_text
from stand_ins.quickbooks_query import Condition, Query, moment
from stand_ins.quickbooks_side import ledger_ids

KINDS = {
    "Invoice": (Kind.INVOICE,),
    "CreditMemo": (Kind.CREDIT_MEMO,),
    "Customer": (Kind.CUSTOMER,),
    "Payment": (Kind.RECEIPT, Kind.CREDIT_APPLICATION),
}
_VALUES = "IN (SELECT value FROM json_each(:values))"
_OF_CUSTOMER = {
    "Invoice": f"SELECT id FROM invoices WHERE customer_id {_VALUES}",
    "CreditMemo": f"SELECT id FROM credit_memos WHERE customer_id {_VALUES}",
    "Payment": f"""SELECT id FROM receipts WHERE customer_id {_VALUES}
        UNION SELECT payment_id FROM quickbooks_payments WHERE customer_id {_VALUES}
        UNION SELECT a.id FROM credit_applications a JOIN credit_memos m ON m.id = a.credit_memo_id
        WHERE m.customer_id {_VALUES}""",
}
_REFERENCED = f"""SELECT id FROM receipts WHERE reference {_VALUES}
    UNION SELECT payment_id FROM quickbooks_payments WHERE reference {_VALUES}"""
_CHANGED = """SELECT coalesce(l.payment_id, d.id) FROM documents d LEFT JOIN quickbooks_applications l ON l.application_id = d.id
    WHERE d.changed_at >= :since UNION SELECT payment_id FROM quickbooks_payments WHERE changed_at >= :since"""


def narrowed(connection: Connection, query: Query) -> set[str] | None:
    """The ledger's ids of the documents that can answer the query; None where it may be any."""
    meant: set[str] | None = None
    if query.entity in KINDS:
        for condition in query.conditions:
            these = _meant_by(connection, query.entity, condition)
            if these is not None:
                meant = these if meant is None else meant & these
    return meant


def changed_since(connection: Connection, entity: str, since: datetime) -> set[str] | None:
    """The ledger's ids of what was changed since then, of whatever kind; None for what is not in the ledger."""
    return _ids(connection, _CHANGED, since=utc_text(since)) if entity in KINDS else None


def _meant_by(connection: Connection, entity: str, condition: Condition) -> set[str] | None:
    if condition.field == "MetaData.LastUpdatedTime" and condition.operator in (">", ">="):
        try:
            return changed_since(connection, entity, moment(condition.values[0]))
        except ValueError:
            return None  # the query itself will be refused
    if condition.operator not in ("=", "in"):
        return None
    if condition.field == "Id":
        return set(ledger_ids(connection, condition.values, *KINDS[entity]))
    if condition.field == "CustomerRef":
        customers = ledger_ids(connection, condition.values, Kind.CUSTOMER)
        return _ids(connection, _OF_CUSTOMER[entity], values=_array(customers))
    if condition.field == "DocNumber":
        return _ids(connection, f"SELECT id FROM documents WHERE number {_VALUES}", values=_array(condition.values))
    if condition.field == "PaymentRefNum":
        return _ids(connection, _REFERENCED, values=_array(condition.values))
    return None


def _ids(connection: Connection, query: str, **values: str) -> set[str]:
    return {str(row[0]) for row in connection.execute(query, values)}


def _array(values: Iterable[str]) -> str:
    return json.dumps(list(values))
