"""The failure rate from counters is the one that counting gives, whatever happened to the attempts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from makers import START
from rows import a_company_row, a_payment_row

from storage import attempts, schema
from storage.attempts import Tally
from storage.engine import Connection, Database
from storage.schema.tallies import count_what_is_there

DAYS = 9


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
            for run in range(6):
                values: dict[str, Any] = {"company": company, "id": f"run{run}", "started_at": START, "counts": {}}
                connection.execute(sa.insert(schema.run).values(**values))
    yield database
    database.close()


def an_attempt(connection: Connection, number: int, chance: random.Random) -> None:
    company, currency = chance.choice(("acme", "globex")), chance.choice(("USD", "EUR"))
    name, first = f"TXN-{number}", chance.random() < 0.8
    a_payment_row(connection, company, name)
    at = START + timedelta(seconds=chance.choice((0, 600, 599.999999)), hours=chance.randrange(24 * DAYS), microseconds=number)
    row: dict[str, Any] = {
        "company": company,
        "id": f"{number}",
        "transaction_number": name,
        "run_id": f"run{chance.randrange(6)}",
    }
    row |= {"at": at, "first": first, "failed": chance.random() < 0.3, "amount_minor": number + 1, "currency": currency}
    connection.execute(sa.insert(schema.attempt).values(**row, code="", message=""))


def as_counted(connection: Connection, company: str, *where: sa.ColumnElement[bool]) -> Tally:
    """What counting every attempt gives."""
    table = schema.attempt
    rows = connection.execute(sa.select(table).where(table.c.company == company, table.c.first, *where)).all()
    money: dict[str, tuple[int, int]] = {}
    for row in rows:
        all_minor, failed_minor = money.get(row.currency, (0, 0))
        money[row.currency] = all_minor + row.amount_minor, failed_minor + (row.amount_minor if row.failed else 0)
    return Tally(len(rows), sum(row.failed for row in rows), dict(sorted(money.items())))


def last_run(connection: Connection, company: str) -> str:
    table = schema.attempt
    first = sa.select(table.c.run_id).where(table.c.company == company, table.c.first)
    return str(connection.execute(first.order_by(table.c.at.desc()).limit(1)).scalar_one())


def check(connection: Connection, moments: list[datetime]) -> None:
    table = schema.attempt
    for company in ("acme", "globex"):
        for since in moments:
            wanted = as_counted(connection, company, table.c.at >= since)
            assert wanted == attempts.tally_since(connection, company, since)
        of_run = as_counted(connection, company, table.c.run_id == last_run(connection, company))
        assert of_run == attempts.tally_of_last_run(connection, company)


def test_counters_are_what_counting_gives(db: Database) -> None:
    chance = random.Random(7)
    edges = [START + timedelta(hours=hours, microseconds=off) for hours in (0, 1 / 6, 5, 24 * DAYS) for off in (-1, 0, 1)]
    with db.work() as connection:
        for number in range(150):
            an_attempt(connection, number, chance)
        moments = edges + [START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(10)]
        check(connection, moments)
        here = schema.attempt.c.transaction_number.in_([f"TXN-{number}" for number in range(0, 150, 3)])
        connection.execute(sa.update(schema.attempt).where(here).values(failed=~schema.attempt.c.failed))
        check(connection, moments)
        gone = schema.attempt.c.transaction_number.in_([f"TXN-{number}" for number in range(0, 150, 5)])
        connection.execute(sa.delete(schema.attempt).where(gone, schema.attempt.c.at < START + timedelta(days=DAYS - 2)))
        check(connection, moments)


def test_what_is_rolled_back_is_not_counted(db: Database) -> None:
    class Undone(Exception):
        pass

    with pytest.raises(Undone), db.work() as connection:  # noqa: PT012 (the transaction is what fails)
        an_attempt(connection, 1, random.Random(1))
        raise Undone
    with db.read() as connection:
        assert 0 == connection.execute(sa.select(sa.func.count()).select_from(schema.tally)).scalar_one()


def test_many_attempts_of_a_run_at_one_time_are_one_counter(db: Database) -> None:
    chance = random.Random(3)
    with db.work() as connection:
        for number in range(200):
            an_attempt(connection, number, chance)
        connection.execute(sa.update(schema.attempt).values(at=START, run_id="run1"))
        rows = connection.execute(sa.select(schema.tally).where(schema.tally.c.attempted > 0)).all()
        assert 4 == len(rows)  # two companies, two currencies


def test_those_kept_before_there_were_counters_are_counted_once(db: Database) -> None:
    chance = random.Random(5)
    with db.work() as connection:
        for number in range(60):
            an_attempt(connection, number, chance)
        connection.execute(sa.delete(schema.tally))
        connection.execute(sa.text(count_what_is_there(db.dialect)))
        check(connection, [START, START + timedelta(minutes=30), START + timedelta(days=3, seconds=1)])
