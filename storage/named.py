"""What a person means by a number: whatever is called so, in any case and form; and where nothing is, what is near."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.reference_keys import key_of
from receivables.twins import folded
from storage import schema, search
from storage.search import DOCUMENTS, Found, Wanted

NEAR_AT_MOST = 3
NEAR_PERCENT = 75  # of the letters, in order: "TXN-1O4" is near "TXN-104", and "TXN-9" is not
AMONG = 2_000  # of the newest names and numbers: compared in a few hundredths of a second
BEGINNING = 3  # letters that a number shares with what was meant

_TABLE = schema.searchable


def named(connection: Connection, companies: Sequence[str], text: str) -> list[Found]:
    """Whatever is called so, hidden ones too: payments, then documents. Only what fits best: the exact spelling, else another
    case, else another form ("txn 1" for "TXN-1")."""
    found = _payments(connection, companies, text)
    found += search.exactly(connection, Wanted(companies, text, DOCUMENTS))
    for kept in ([of for of in found if of.number == text], [of for of in found if folded(of.number) == folded(text)]):
        if kept:
            return kept
    return found


def payments_named(connection: Connection, companies: Sequence[str], text: str) -> list[Found]:
    """The same of payments only."""
    found = _payments(connection, companies, text)
    exact = [of for of in found if of.number == text]
    return exact or [of for of in found if folded(of.number) == folded(text)] or found


def near(connection: Connection, companies: Sequence[str], text: str) -> list[str]:
    """What may be meant by a text with a typing error: numbers and customers' names that are spelled nearly so, as they stand."""
    typed = folded(text)
    newest = sa.select(_TABLE.c.kind, _TABLE.c.number).where(_TABLE.c.company.in_(companies))
    begins = (_TABLE.c.number >= typed[:BEGINNING], _TABLE.c.number < typed[:BEGINNING] + search.LONGEST_END)
    rows = connection.execute(
        sa.union(
            sa.select(newest.order_by(_TABLE.c.at.desc()).limit(AMONG).subquery()),
            sa.select(newest.where(*begins).limit(AMONG).subquery()),
        )
    )
    spelled = {str(row.number) for row in rows}
    close: list[str] = get_close_matches(typed, spelled, NEAR_AT_MOST, NEAR_PERCENT / 100)
    shown = {folded(of.number or of.name): of.number or of.name for name in close for of in named(connection, companies, name)}
    return [shown.get(name, name) for name in close]


def _payments(connection: Connection, companies: Sequence[str], text: str) -> list[Found]:
    table = schema.payment
    here = sa.select(table.c.company, table.c.transaction_number).where(table.c.company.in_(companies))
    so = here.where(table.c.transaction_number == text)
    key = key_of(text)
    rows = connection.execute(sa.union(so, here.where(table.c.number_key == key)) if key else so)
    return search.of_payments(connection, [(row.company, row.transaction_number) for row in rows])
