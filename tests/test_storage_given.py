"""Texts that are given to a statement as one value are found by an index, never by reading a table through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import templates

from storage import (
    attempts,
    bindings,
    effects,
    failures,
    kept_evidence,
    mirror,
    other_money,
    payments,
    receipt_claims,
    twins,
)
from storage.engine import Database

GIVEN = {
    "of_company": "acme",
    "of_kind": "invoice",
    "of_what": "payment",
    "numbers": ["TXN-1", "TXN-2"],
    "ids": ["1", "2"],
    "but": ["3"],
    "invoices": ["4"],
    "names": ["hooli"],
    "keys": ["hooli"],
    "kinds": ["invoice"],
    "most": 50,
}
STATEMENTS = {
    "payments": payments._BY_NUMBERS,
    "allocations": payments._ALLOCATIONS,
    "bindings": bindings._HELD,
    "effects": effects._OF_PAYMENTS,
    "other effects": effects._OTHERS,
    "receipts under way": effects._UNDERWAY_TO,
    "failures": failures._OPEN_OF,
    "evidence": kept_evidence._BODIES,
    "attempts": attempts._COUNTS,
    "proofs": receipt_claims._STANDING,
    "other money": other_money._SAID,
    "twins": twins._UNSETTLED,
    "documents": mirror._DOCUMENTS,
    "invoices by number": mirror._NUMBERED,
    "customers by name": mirror._CALLED,
    "customers by key": mirror._KEYED,
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{templates.new_database(tmp_path_factory.mktemp('given'))}")
    yield made
    made.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_is_given_is_looked_up(database: Database, name: str) -> None:
    with database.read() as connection:
        plan = _plan(connection, STATEMENTS[name])
    through = [step for step in plan if (step.startswith("SCAN") and "json_each" not in step) or step.endswith("(company=?)")]
    assert [] == through


def _plan(connection: sa.Connection, statement: sa.Select[tuple[object, ...]]) -> list[str]:
    """The steps by which SQLite carries a statement out."""
    given = {name: value for name, value in GIVEN.items() if name in statement.compile(connection).params}
    said: list[tuple[str, Any]] = []

    def seen(_connection: object, _cursor: object, sql: str, parameters: Any, *_: object) -> None:
        said.append((sql, parameters))

    sa.event.listen(connection, "before_cursor_execute", seen)
    connection.execute(statement, given).all()
    sa.event.remove(connection, "before_cursor_execute", seen)
    sql, parameters = said[-1]
    cursor = connection.connection.cursor()
    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return [row[3] for row in cursor.fetchall()]


def test_nothing_is_found_where_nothing_is_given(database: Database) -> None:
    with database.read() as connection:
        assert {} == payments.by_numbers(connection, "acme", [])
        assert [] == connection.execute(payments._BY_NUMBERS, {"of_company": "acme", "numbers": []}).all()
