"""Whether the comparison of two versions sees what differs, and nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bench.side_by_side.comparing import Difference, Expected, compare, report
from bench.side_by_side.rows import BOOKS, OURS, rows_of

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """Two versions that left the same."""
    for version in ("before", "now"):
        folder = tmp_path / version / "demo"
        folder.mkdir(parents=True)
        for dump, name in (("resolve_now_0_1_0.sqlite.sql", "resolve-now"), ("books_0_1_0.sql", "books")):
            connection = sqlite3.connect(folder / f"{name}.sqlite")
            connection.executescript((FIXTURES / dump).read_text(encoding="utf-8"))
            connection.close()
    return tmp_path


def _change(played: Path, file: str, statement: str) -> None:
    connection = sqlite3.connect(played / "now" / "demo" / file)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_every_table_has_rows_to_compare(played: Path) -> None:
    found = rows_of(played / "now" / "demo")
    assert {*OURS, *BOOKS} == set(found)
    assert [] == [table for table, rows in found.items() if not rows]


def test_two_versions_that_left_the_same_do_not_differ(played: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [] == compare("demo", played)
    assert 0 == report([], ())
    assert "No differences" in capsys.readouterr().out


def test_moments_ids_and_words_are_not_compared(played: Path) -> None:
    _change(played, "resolve-now.sqlite", "UPDATE failure SET changed_at = '2027-01-01', resolved_by = 'in other words'")
    _change(played, "resolve-now.sqlite", "UPDATE effect SET outcome_message = 'in other words', lease_owner = 'another'")
    assert [] == compare("demo", played)


@pytest.mark.parametrize(
    ("file", "statement", "expected"),
    [
        (
            "resolve-now.sqlite",
            "UPDATE failure SET cause = 'unidentified' WHERE transaction_number = 'TXN-9001'",
            "demo/.: failure ('TXN-9001', 'payment', 1) cause: 'credit_memo_applied' -> 'unidentified'",
        ),
        (
            "books.sqlite",
            "UPDATE receipts SET received_on = '2026-03-09' WHERE reference = 'TXN-9002'",
            "demo/.: receipt in the books ('R1155',) received_on: '2026-03-10' -> '2026-03-09'",
        ),
    ],
)
def test_one_value_that_differs_is_told_with_table_key_and_both_values(
    played: Path, file: str, statement: str, expected: str
) -> None:
    _change(played, file, statement)
    assert [expected] == [str(difference) for difference in compare("demo", played)]


def test_a_row_that_only_one_version_has_is_told(played: Path) -> None:
    _change(played, "resolve-now.sqlite", "DELETE FROM proof WHERE transaction_number = 'TXN-9003'")
    (found,) = compare("demo", played)
    assert ("proof", "row", None) == (found.table, found.column, found.now)


def test_only_what_is_meant_is_forgiven(capsys: pytest.CaptureFixture[str]) -> None:
    days = Expected("demo/*", "receipt in the books", "received_on", "days are those of the company's calendar")
    day = Difference("demo/1", "receipt in the books", ("R1",), "received_on", "2026-03-10", "2026-03-09")
    amount = Difference("demo/1", "receipt in the books", ("R1",), "amount_minor", 1, 2)
    assert 0 == report([day], [days])
    assert 1 == report([day, amount], [days])
    said = capsys.readouterr().out
    assert "1 differences in receipt in the books received_on" in said
    assert "days are those of the company's calendar" in said
    assert str(amount) in said
    assert str(day) not in said
