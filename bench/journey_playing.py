"""Plays syncs of payments into the embedded books, or the proof, in whatever checkout it is started in; one JSON line for each.

It is started by path, with another version's rooms and tests to import from: it may use only what both versions have. The
first line it prints is how many older payments are there; then it plays one round for each line it reads. The clock is real.

Of the older payments two hundred were posted and verified by the version itself; the others are copies of those, row by row in
both databases, each with numbers, ids and marks of its own. Only their rows in the record were not copied.
PostgreSQL's statistics are then brought up to date once.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from makers import a_payment
from scene import CREATED, PAID, Payments, Scene, a_scene

from accounting.embedded import loading
from accounting.embedded.connector import EmbeddedBooks
from app import main as program
from receivables.effects import marker_stem
from receivables.payment import Allocation, Payment
from storage.engine import Database
from storage.migrating import migrate
from sync import intake, journey, reconciliation
from sync.desk import Desk

CUSTOMERS = 200
PLAYED = 200  # older payments that were posted; the others are copies
#: How many invoices each of twenty payments pays: 80 % one, 15 % three; the one with 0 pays one that a credit memo shrank.
INVOICES_OF = (*[1] * 16, *[3] * 3, 0)
HEALTHY = (*[1] * 17, *[3] * 3)
HAS_TIME: Any = {"has_time": True} if any(held.name == "has_time" for held in fields(Payment)) else {}  # 0.1.0 has none


class Clock:
    """A real one that began at another moment."""

    def __init__(self, began: datetime) -> None:
        self._began, self._at = began, time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._at)

    def monotonic(self) -> float:
        return time.monotonic()


class Ids:
    """Ids that count, and begin otherwise than those of an earlier process."""

    def __init__(self, beginning: str) -> None:
        self._beginning, self._given = beginning, 0

    def new(self) -> str:
        self._given += 1
        return f"{self._beginning}{self._given:0{26 - len(self._beginning)}d}"


class Told:
    """Statements that our database's driver was handed, and for how long writing transactions were open: by the clock, and by
    what the processor did meanwhile.
    """

    def __init__(self) -> None:
        self.clear()
        sa.event.listen(sa.Engine, "before_cursor_execute", self._said)
        work = Database.work

        @contextmanager
        def timed(database: Database) -> Any:
            with work(database) as connection:
                began, worked = time.monotonic(), time.process_time()
                yield connection
            self.held.append((time.monotonic() - began, time.process_time() - worked))

        vars(sys.modules["storage.engine"])["Database"].work = timed

    def clear(self) -> None:
        self.statements = 0
        self.held: list[tuple[float, float]] = []

    def figures(self) -> dict[str, float]:
        clock, processor = (1000 * max(times, default=0.0) for times in zip(*self.held, strict=True)) if self.held else (0.0, 0.0)
        return {"statements": self.statements, "longest_hold_ms": clock, "longest_hold_processor_ms": processor}

    def _said(self, *_: Any) -> None:
        self.statements += 1


def scene_at(folder: Path, url: str, began: datetime, beginning: str) -> Scene:
    scene = a_scene(folder, url=url)
    clock: Any = Clock(began)
    vars(scene.ledger)["clock"] = clock
    other: dict[str, Any] = {"clock": clock, "ids": Ids(beginning), "books": EmbeddedBooks(scene.ledger, clock)}
    if any(held.name == "watch" for held in fields(Desk)):
        from storage.watch import Watch  # noqa: PLC0415  # 0.1.0 has none

        other["watch"] = Watch(clock)
    vars(scene)["desk"] = replace(scene.desk, **other)
    return scene


def give(scene: Scene, name: str, count: int, kinds: tuple[int, ...], paid_at: datetime) -> None:
    """So many payments of as many customers, with their invoices, and what is wrong with those that fail."""
    ledger = scene.ledger
    known = {customer.name: customer.id for customer in ledger.customers()}
    rows, memos, given = ["number,customer,amount,currency,issued_on,created_at"], list[tuple[str, str]](), []
    for place in range(count):
        customer, minor = f"Customer {place % CUSTOMERS}", 50_000 + place
        if customer not in known:
            known[customer] = ledger.add_customer(customer, by="bookkeeper", at=CREATED).id
        numbers = [f"{name}-{place}-{line}" for line in range(max(1, kinds[place % len(kinds)]))]
        rows += [f"{number},{customer},{minor / 100:.2f},USD,2026-02-01,{CREATED.isoformat()}" for number in numbers]
        if not kinds[place % len(kinds)]:
            memos.append((numbers[0], known[customer]))
        given.append(
            a_payment(
                transaction_number=f"TXN-{name}-{place:06d}",
                customer=customer,
                amount_minor=minor * len(numbers),
                allocations=tuple(Allocation(minor, number) for number in numbers),
                paid_at=paid_at + timedelta(seconds=7 * place),
                **HAS_TIME,
            )
        )
    file = ledger.path.with_name(f"{name}.csv")
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    loading.load(ledger, file, by="bookkeeper", at=CREATED)
    ids = {invoice.number: invoice.id for invoice in ledger.invoices()} if memos else {}
    for number, customer_id in memos:
        of = {"currency": "USD", "issued_on": date(2026, 3, 4), "by": "gale", "at": PAID}
        memo = ledger.add_credit_memo(f"CM-{number}", customer_id, 12_000, **of)  # type: ignore[arg-type]
        ledger.apply_credit(memo.id, ids[number], 12_000, by="gale", at=PAID + timedelta(hours=1))
    intake.run_once(scene.desk, Payments(tuple(given), digest=name))


def prepare(folder: Path, url: str, older: int) -> None:
    """A house with so many payments that were posted and verified weeks ago."""
    if url.startswith("sqlite"):
        (folder / "resolve-now.sqlite").unlink(missing_ok=True)
    database = Database(url)
    migrate(database)
    database.close()
    scene = scene_at(folder, url, datetime(2026, 3, 5, 15, tzinfo=UTC), "old")
    give(scene, "old0", PLAYED, HEALTHY, PAID - timedelta(days=14))
    counts = journey.run(scene.desk)
    assert counts.verified == PLAYED, counts
    journey.run(scene.desk)  # sees its own receipts in the books
    scene.db.close()
    first, last = multiply_books(folder / "books.sqlite", older // PLAYED)
    multiply_ours(scene.db, older // PLAYED, last - first, last)
    scene.db.close()
    scene = scene_at(folder, url, datetime(2026, 3, 24, 15, tzinfo=UTC), "seen")
    journey.run(scene.desk)  # sees the copied documents in the books
    if scene.db.dialect == "postgresql":
        keep_statistics(url)
    scene.db.close()


def keep_statistics(url: str) -> None:
    """What PostgreSQL does by itself within a minute: until then its plans are those of empty tables."""
    with connected(url) as connection:
        connection.execute("VACUUM ANALYZE")


def connected(url: str, database: str = "") -> psycopg.Connection[Any]:
    made = sa.make_url(url)
    name = database or made.database
    return psycopg.connect(host=str(made.query["host"]), user=made.username, dbname=name, autocommit=True)


class Copies:
    """How the texts of one copy differ: numbers, ids of ours and of the books, and marks."""

    def __init__(self, copy: int, step: int) -> None:
        self._copy, self._step = copy, step

    def text(self, text: str) -> str:
        text = re.sub(r"rn-[a-z2-7]{16}", self._mark, text)
        text = text.replace("old0-", f"old{self._copy}-").replace("old00000", f"old{self._copy:05d}")
        text = text.replace("txnold0", f"txnold{self._copy}")
        return re.sub(r"\b([IR])(\d{4,})\b", lambda found: f"{found[1]}{int(found[2]) + self._copy * self._step}", text)

    def _mark(self, found: re.Match[str]) -> str:
        place = _PLACE_OF[found[0]]
        return marker_stem("acme", f"TXN-old{self._copy}-{place:06d}")

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: self.text(value) if isinstance(value, str) else value for name, value in row.items()}


_PLACE_OF = {marker_stem("acme", f"TXN-old0-{place:06d}"): place for place in range(PLAYED)}


def multiply_books(file: Path, times: int) -> tuple[int, int]:
    """Copies the documents of the books; returns the numbers of the first and of the last of them."""
    connection = sqlite.connect(str(file), isolation_level=None)
    connection.row_factory = sqlite.Row
    first, last = 1000 + CUSTOMERS, connection.execute("SELECT last_number FROM settings").fetchone()[0]
    tables = ("history", "documents", "invoices", "receipts", "receipt_lines")
    rows = {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in tables}  # noqa: S608
    numbers = {int(row["id"][1:]) for row in rows["documents"] if row["id"][0] == "C"}
    ours = {name: [row for row in found if not _is_customers(row, numbers)] for name, found in rows.items()}
    seqs, lines = max(row["seq"] for row in rows["history"]), max(row["position"] for row in rows["receipt_lines"])
    kept = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    for trigger in kept:
        connection.execute(f"DROP TRIGGER {trigger['name']}")
    for copy in range(1, times):
        copies = Copies(copy, last - first)
        for table, found in ours.items():
            made = [copies.row(row) | _moved(table, row, copy, seqs, lines) for row in found]
            names = ", ".join(made[0])
            places = ", ".join(f":{name}" for name in made[0])
            connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", made)  # noqa: S608
    for trigger in kept:
        connection.execute(trigger["sql"])
    connection.execute("UPDATE settings SET last_number = ?", (first + times * (last - first),))
    connection.execute("COMMIT")
    connection.close()
    return first, last


def _is_customers(row: dict[str, Any], numbers: set[int]) -> bool:
    of = str(row.get("document_id") or (row.get("id") if "kind" in row else "") or "")
    return of.startswith("C") and int(of[1:]) in numbers


def _moved(table: str, row: dict[str, Any], copy: int, seqs: int, lines: int) -> dict[str, Any]:
    if table == "history":
        return {"seq": row["seq"] + copy * seqs}
    if table == "documents":
        return {"last_change": row["last_change"] + copy * seqs}
    return {"position": row["position"] + copy * lines} if table == "receipt_lines" else {}


def multiply_ours(database: Database, times: int, step: int, last: int) -> None:  # noqa: ARG001
    """Copies the rows of our database; those that a copy refers to and that belong to no payment are shared."""
    postgresql = database.dialect == "postgresql"
    place = "%s" if postgresql else "?"
    kinds = {"mirror": " WHERE kind <> 'customer'"}
    with database.work() as connection:
        cursor = connection.connection.cursor()
        for table in ("payment", "allocation", "binding", "effect", "attempt", "mirror"):
            names = [column["name"] for column in sa.inspect(connection).get_columns(table)]
            shown = ", ".join(f'"{name}"::text' if postgresql else f'"{name}"' for name in names)
            cursor.execute(f"SELECT {shown} FROM {table}{kinds.get(table, '')}")  # noqa: S608
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            listed, places = ", ".join(f'"{name}"' for name in names), ", ".join([place] * len(names))
            for copy in range(1, times):
                copies = Copies(copy, step)
                made = [tuple(_ours(copies, name, value, copy) for name, value in row.items()) for row in rows]
                cursor.executemany(f"INSERT INTO {table} ({listed}) VALUES ({places})", made)  # noqa: S608


def _ours(copies: Copies, name: str, value: Any, copy: int) -> Any:
    """A value of a copied row: what belongs to no payment stays, and keys that are made of hashes are others."""
    if name in ("dispatch_id", "run_id") or not isinstance(value, str):
        return value
    changed = copies.text(value)
    if name == "key":
        return changed if changed != value else f"{copy:05d}{value[5:]}" if value else value
    return changed


def _copied(folder: Path, url: str, place: int) -> tuple[Path, str]:
    """A fresh copy of the house, and where its database is."""
    copy = folder.with_name(f"copy-{place}")
    shutil.copytree(folder, copy)
    if url.startswith("sqlite"):
        return copy, f"sqlite:///{copy / 'resolve-now.sqlite'}"
    made = sa.make_url(url)
    name = f"{made.database}_{place}"
    with connected(url, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {made.database}".encode())
    return copy, made.set(database=name).render_as_string(hide_password=False)


def play(folder: Path, url: str, payments: int, told: Told, place: int) -> dict[str, Any]:
    """One sync of so many new payments in a copy of the house."""
    copy, at = _copied(folder, url, place)
    scene = scene_at(copy, at, datetime(2026, 3, 25, 15, tzinfo=UTC), "new")
    journey.run(scene.desk)  # what a sync compiles and imports once is not counted
    give(scene, "new", payments, INVOICES_OF, datetime(2026, 3, 20, 16, tzinfo=UTC))
    told.clear()
    began, worked = time.monotonic(), time.process_time()
    counts = journey.run(scene.desk)
    took, worked = time.monotonic() - began, time.process_time() - worked
    assert (counts.verified, counts.failed) == (payments - payments // 20, payments // 20), counts
    scene.db.close()
    shutil.rmtree(copy)
    return {"payments": payments, "seconds": took, "processor_seconds": worked, **told.figures()}


def prove(folder: Path, url: str, payments: int, told: Told, place: int) -> dict[str, Any]:
    """The proof of all that is there."""
    scene = scene_at(folder, url, datetime(2026, 3, 25, 15, tzinfo=UTC) + timedelta(hours=place), f"new{place}")
    journey.run(scene.desk)
    told.clear()
    began, worked = time.monotonic(), time.process_time()
    proven = reconciliation.run_once(scene.desk)
    took, worked = time.monotonic() - began, time.process_time() - worked
    assert (proven.clean, proven.payments, proven.exactly_once) == (True, payments, payments), proven.discrepancies[:3]
    scene.db.close()
    return {"payments": payments, "seconds": took, "processor_seconds": worked, **told.figures()}


def main() -> None:
    if hasattr(program, "collect_rarely"):  # as the program itself begins
        program.collect_rarely()
    what, url, older, payments = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory(prefix="resolve-now-journey-") as folder:
        house = Path(folder) / "house"
        house.mkdir()
        prepare(house, at := url or f"sqlite:///{house / 'resolve-now.sqlite'}", older)
        print(older, flush=True)
        told = Told()
        for place, _ in enumerate(sys.stdin):
            played = play(house, at, payments, told, place) if what == "sync" else prove(house, at, older, told, place)
            print(json.dumps(played), flush=True)


if __name__ == "__main__":
    main()
