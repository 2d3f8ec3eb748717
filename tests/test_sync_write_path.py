"""What a batch costs, in statements and rows; and that of what another worker took meanwhile nothing at all is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from faulty_books import FaultyBooks
from makers import a_payment
from scene import PAID, Scene, a_scene

from receivables.payment import Allocation, Bucket, Payment, PaymentState
from storage import audit, failures, payments, schema
from storage.payments import Move
from sync import effects, journey, posting

STATEMENTS_A_PAYMENT = 6
ROWS_A_TRANSACTION = 500
BATCH = posting.PAYMENTS_PER_BATCH
INVOICES_OF = (*[1] * 16, *[3] * 3, 0)  # of each twenty payments: one invoice, three, one that the books will not take


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = a_scene(tmp_path, url=database_url)
    yield made
    made.db.close()


def wait_for(scene: Scene, count: int, *, invoices_of: tuple[int, ...] = INVOICES_OF) -> None:
    """So many payments that wait to be posted."""
    hooli = scene.customer()
    given: list[Payment] = []
    for place in range(count):
        lines = invoices_of[place % len(invoices_of)]
        numbers = [f"{place}-{line}" for line in range(max(lines, 1))]
        for number in numbers:
            scene.invoice(number, hooli, 1_000 if lines else 400)
        given.append(
            a_payment(
                transaction_number=f"TXN-{place:04d}",
                amount_minor=1_000 * len(numbers),
                allocations=tuple(Allocation(1_000, number) for number in numbers),
                paid_at=PAID + timedelta(seconds=place),
            )
        )
    scene.feed(*given)


class Written:
    """Counts what the driver is handed, and the rows that each writing transaction changes."""

    def __init__(self) -> None:
        self.statements = 0
        self.rows: list[int] = []
        self._of: Counter[int] = Counter()

    def said(self, _connection: Any, cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:
        self.statements += 1
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self._of[id(cursor.connection)] += len(given) if many else max(cursor.rowcount, 0)

    def ended(self, connection: sa.Connection) -> None:
        rows = self._of.pop(id(connection.connection.dbapi_connection), 0)
        if rows:
            self.rows.append(rows)


@contextmanager
def counted() -> Iterator[Written]:
    written = Written()
    sa.event.listen(sa.Engine, "after_cursor_execute", written.said)
    sa.event.listen(sa.Engine, "commit", written.ended)
    try:
        yield written
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", written.said)
        sa.event.remove(sa.Engine, "commit", written.ended)


def test_a_payment_costs_few_statements_and_no_transaction_many_rows(scene: Scene) -> None:
    wait_for(scene, 120)
    with counted() as written:
        counts = scene.sync()
    assert (114, 6) == (counts.verified, counts.failed)
    assert written.statements <= STATEMENTS_A_PAYMENT * 120, written.statements
    assert max(written.rows) <= ROWS_A_TRANSACTION


def _recorded(scene: Scene, number: str) -> list[str]:
    with scene.db.read() as connection:
        return [row.action for row in audit.rows(connection, "acme", number)]


def _rows_of(scene: Scene, table: sa.Table) -> set[str]:
    with scene.db.read() as connection:
        return set(connection.execute(sa.select(table.c.transaction_number)).scalars())


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """What does it the first time only."""
    left = [act]
    return lambda: left.pop()() if left else None


@pytest.mark.parametrize("invoices_of", [(1,), (0,)], ids=["posted", "failed"])
def test_of_what_another_worker_took_after_it_was_checked_nothing_is_written(scene: Scene, invoices_of: tuple[int, ...]) -> None:
    wait_for(scene, BATCH, invoices_of=invoices_of)
    journey.run(replace(scene.desk, company=replace(scene.desk.company, writes=False)))
    taken = {f"TXN-{place:04d}" for place in (3, 17, BATCH - 1)}
    before = {number: _recorded(scene, number) for number in taken}

    def take() -> None:
        with scene.desk.work("another worker") as work:
            found = payments.by_numbers(work.connection, "acme", taken)
            moves = [Move(stored, PaymentState.POSTING, Bucket.IN_FLIGHT, "payment.taken") for stored in found.values()]
            assert taken == payments.move_many(work, moves)

    books = FaultyBooks(scene.desk.books, scene.clock)
    books.before_read = _once(take)
    with scene.desk.work() as work:
        run_id = scene.desk.ids.new()
        work.connection.execute(sa.insert(schema.run).values(company="acme", id=run_id, started_at=work.at, counts={}))
    counts = posting.run_once(replace(scene.desk, books=books), run_id)

    assert BATCH - 3 == counts.planned + counts.failed
    assert {number: [*actions, "payment.taken"] for number, actions in before.items()} == {
        number: _recorded(scene, number) for number in taken
    }
    others = {f"TXN-{place:04d}" for place in range(BATCH)} - taken
    assert others == _rows_of(scene, schema.attempt)
    assert others == _rows_of(scene, schema.effect) | _rows_of(scene, schema.failure)


def test_effects_that_another_worker_holds_by_now_are_not_ended(scene: Scene) -> None:
    wait_for(scene, BATCH, invoices_of=(1,))
    journey.run(replace(scene.desk, company=replace(scene.desk.company, writes=False)))
    with scene.desk.work() as work:
        run_id = scene.desk.ids.new()
        work.connection.execute(sa.insert(schema.run).values(company="acme", id=run_id, started_at=work.at, counts={}))
    posting.run_once(scene.desk, run_id)
    taken = {f"TXN-{place:04d}" for place in (3, 17, BATCH - 1)}
    before = {number: _recorded(scene, number) for number in taken}

    def take() -> None:
        table = schema.effect
        with scene.desk.work("another worker") as work:
            work.connection.execute(
                sa.update(table).where(table.c.transaction_number.in_(taken)).values(fence=table.c.fence + 1, lease_owner="other")
            )

    books = FaultyBooks(scene.desk.books, scene.clock)
    books.before_write = _once(take)
    effects.run_once(replace(scene.desk, books=books))

    with scene.db.read() as connection:
        posted = {stored.number for stored in payments.in_state(connection, "acme", PaymentState.POSTED, limit=BATCH)}
        owners = connection.execute(sa.select(schema.effect.c.lease_owner).where(schema.effect.c.transaction_number.in_(taken)))
        assert {"other"} == set(owners.scalars())
        assert {} == failures.open_of_many(connection, "acme", taken)
    assert {f"TXN-{place:04d}" for place in range(BATCH)} - taken == posted
    assert before == {number: _recorded(scene, number) for number in taken}
