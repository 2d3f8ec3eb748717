"""Ten thousand open failures are shown a page at a time: a page costs what it shows, and they are counted in one question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from makers import START
from rows import a_company_row, a_failure_row, a_payment_row
from scene import Scene, a_scene

from app.failure_view import FAILURES_PER_PAGE, pages
from storage import failure_pages, failures
from storage.failures import StoredFailure

OPEN = 2 * FAILURES_PER_PAGE + 7


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = a_scene(tmp_path, url=database_url)
    with made.db.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
        for number in range(OPEN):
            a_payment_row(connection, number=f"TXN-{number}")
            a_failure_row(connection, f"{number}", number=f"TXN-{number}", opened_at=START + timedelta(minutes=number % 9))
        a_payment_row(connection, number="TXN-done")
        over: dict[str, Any] = {"state": "resolved", "resolved_at": START, "resolution": "landed"}
        a_failure_row(connection, "done", number="TXN-done", opened_at=START - timedelta(days=1), **over)
    yield made
    made.db.close()


def test_pages_show_every_open_failure_once_the_oldest_first(scene: Scene) -> None:
    with scene.db.read() as connection:
        every = sorted(failures.open_ones(connection, "acme"), key=lambda found: (found.opened_at, found.transaction_number))
        walked: list[StoredFailure] = []
        while page := failure_pages.page(connection, "acme", limit=50, after=walked[-1] if walked else None):
            walked += page
        assert every == walked
        whole: list[StoredFailure] = []
        while page := failure_pages.page(connection, "acme", limit=50, after=whole[-1] if whole else None, resolved_too=True):
            whole += page
        assert ["done", *(found.id for found in every)] == [found.id for found in whole]
        assert {"acme": OPEN} == failure_pages.count_open(connection, ["acme", "globex"])


def test_a_page_of_the_list_costs_what_it_shows(scene: Scene) -> None:
    statements: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement))
    listed = pages(scene.desk, everything=False)
    first = next(listed)
    assert FAILURES_PER_PAGE == len(first)
    asked = [said for said in statements if said.startswith("SELECT")]
    assert 6 == len(asked)  # failures, payments, their lines, attempts, decisions, who has them
    assert [FAILURES_PER_PAGE, OPEN - 2 * FAILURES_PER_PAGE] == [len(page) for page in listed]


def test_pages_and_the_count_go_by_an_index_in_the_order_of_the_list(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    with scene.db.work() as connection:
        a_company_row(connection)
        a_payment_row(connection)
        a_failure_row(connection, "f")
    said: list[tuple[str, Any]] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda _c, _cur, statement, values, *_: said.append((statement, values)))
    with scene.db.read() as connection:
        (found,) = failure_pages.page(connection, "acme", limit=12)
        failure_pages.page(connection, "acme", limit=12, after=found)
        failure_pages.count_open(connection, ["acme"])
        failure_pages.page(connection, "acme", limit=12, resolved_too=True)
        failure_pages.page(connection, "acme", limit=12, after=found, resolved_too=True)
        asked = [(statement, values) for statement, values in said if " failure" in statement]
        plans = [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))
            for statement, values in asked
        ]
    for plan, by in zip(plans, (*["ix_failure_open"] * 2, "COVERING INDEX"), strict=False):
        assert (True, False) == (by in plan, "TEMP B-TREE" in plan), plan
    for plan in plans[3:]:  # the first of the open ones, the first of the resolved ones, and of those together the first
        assert ("ix_failure_open" in plan, "ix_failure_resolved" in plan, "(company=? AND id=?)" in plan) == (True,) * 3, plan
    assert 5 == len(plans)
