"""The tests' own databases: migrated, empty, one for each test, and nothing left running."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import private_postgres
import pytest
import sqlalchemy as sa
from private_postgres import PostgresMissing
from tryton_memory import MOST_KEPT, Remembered

from storage.engine import Database
from storage.migrating import newest


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_a_migrated_database_that_nobody_has_written_to(database_url: str, turn: str) -> None:
    database = Database(database_url)
    with database.work() as connection:
        assert newest() == connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        assert not sa.inspect(connection).has_table("note")
        connection.execute(sa.text("CREATE TABLE note (text TEXT)"))
    database.close()


def test_the_private_postgresql_opens_no_port_and_leaves_no_process_and_no_file() -> None:
    try:
        with private_postgres.running() as cluster:
            cluster.create("ours")
            database = Database(cluster.url("ours"))
            with database.read() as connection:
                assert "" == connection.execute(sa.text("SHOW listen_addresses")).scalar_one()
            process = cluster.server.pid
            assert cluster.folder.is_dir()  # and the connection is still in the pool: ending does not wait for it
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    assert 0 == cluster.server.returncode
    assert not cluster.folder.parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    database.close()


# --- what people did in Tryton is remembered ------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Stands for Tryton: each request adds a row and is answered with how many there are."""

    file: Path
    asked: list[str] = field(default_factory=list)

    def add(self, what: str) -> tuple[int, bytes]:
        self.asked.append(what)
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute("INSERT INTO entry VALUES (?)", (what,))
        return 200, str(len(self.rows())).encode()

    def rows(self) -> list[str]:
        with closing(sqlite3.connect(self.file)) as database:
            return [text for (text,) in database.execute("SELECT text FROM entry ORDER BY rowid")]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    with closing(sqlite3.connect(tmp_path / "books.begin")) as database, database:
        database.execute("CREATE TABLE entry (text TEXT)")
    return Ledger(tmp_path / "books.sqlite")


def tell(memory: Remembered, ledger: Ledger, *what: str) -> list[bytes]:
    """Put back, then what Dana asks for one after the other; returns what she was answered."""
    memory.put_back()
    return [memory.ask("dana", each.encode(), partial(ledger.add, each))[1] for each in what]


def test_what_people_ask_again_in_the_same_order_is_answered_without_tryton(ledger: Ledger) -> None:
    memory = Remembered(ledger.file, ledger.file.with_name("books.begin"))
    for _ in range(3):
        assert [b"1", b"2"] == tell(memory, ledger, "customer", "invoice")
        memory.leave()
        assert ["customer", "invoice"] == ledger.rows()
        memory.ask("dana", b"note", partial(ledger.add, "note"))
    assert ["customer", "invoice", "note", "note", "note"] == ledger.asked
    tell(memory, ledger)
    memory.leave()
    assert [] == ledger.rows()


def test_what_is_asked_otherwise_goes_on_from_where_the_answers_belong(ledger: Ledger) -> None:
    memory = Remembered(ledger.file, ledger.file.with_name("books.begin"))
    tell(memory, ledger, "customer", "invoice")
    assert [b"1", b"2"] == tell(memory, ledger, "customer", "credit memo")
    memory.leave()
    assert ["customer", "credit memo"] == ledger.rows()
    memory.put_back()
    memory.ask("the administrator", b"customer", partial(ledger.add, "another"))
    memory.leave()
    assert ["another"] == ledger.rows()


def test_only_the_last_copies_are_kept_and_the_others_made_again(ledger: Ledger) -> None:
    memory = Remembered(ledger.file, ledger.file.with_name("books.begin"))
    names = [f"customer {place}" for place in range(MOST_KEPT + 1)]
    for name in [*names, names[0]]:
        assert [b"1"] == tell(memory, ledger, name)
        memory.leave()
        assert [name] == ledger.rows()
    assert 2 == ledger.asked.count(names[0])
    assert MOST_KEPT == len(list(ledger.file.parent.glob("*.kept")))
