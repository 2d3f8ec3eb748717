"""Fills a database with payments, asks it what people ask, and prints how long the answers took, as JSON.

It is started by path, with another version's rooms and tests to import from: what only this version has is asked for where it
is used. Arguments: the database, a folder, how many payments, companies and rounds; "failing" for the open failures alone.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
import typer
from card_answers import asked, rooms_of
from scene import Scene, a_scene

from app import wiring
from app.commands import payments as commands
from storage import schema, search
from storage.engine import Database
from storage.migrating import migrate

FIRST = "Ada Ben Cara Dora Emil Finn Gina Hugo Iris Jack Kira Liam Mona Nils Olga Paul Quinn Rosa Sven Tina".split()
LAST = "Smith Nguyen Okafor Rossi Novak Schulz Garcia Kowalski Haddad Larsen Moreau Tanaka Petrov Silva Cohen Brandt".split()
FIRMS = ["", " & Sons", " Inc", " LLC", " GmbH", " Holding", " Partners", " Group"]
START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE = 20_000
FAILING = 10_000
ATTEMPTS, WEEK = 100_000, timedelta(days=7)
LITTLE = 1_000  # payments and attempts, with which an idle sync is compared
IN_STEPS = 20_000  # are made searchable as always; the rest in larger steps, which come to the same rows
IDLE_SYNCS = 7
IS_NOW = hasattr(search, "find")

Row = tuple[str, str, str, str, int, int]  # company, number, customer, invoice, minor units, place


class Play:
    """One version, one database."""

    def __init__(self, url: str, folder: Path, payments: int, companies: int, rounds: int) -> None:
        migrate(Database(url))
        self.scene: Scene = a_scene(folder, url=url)
        self.db: Database = self.scene.db
        self.payments = payments
        self.names = ["acme", *(f"company-{number:03d}" for number in range(1, companies))]
        self.rounds = rounds if IS_NOW else 2  # 0.1.0 needs seconds for an answer

    def only_failing(self) -> dict[str, Any]:
        self.one_failing()
        with self.db._work.begin() as connection:
            self.fill(connection, 0, self.payments)
        return {"open_failures": self.failing()}

    def all(self) -> dict[str, Any]:
        self.one_failing()
        told: dict[str, Any] = {}
        idle = {}
        filled, began = 0, time.perf_counter()
        for many in (LITTLE, self.payments):
            with self.db._work.begin() as connection:
                self.fill(connection, filled, many)
            filled = many
            if IS_NOW:
                idle[f"{many} payments"] = self.idle_sync()
        told["filled_seconds"] = round(time.perf_counter() - began, 1)
        if IS_NOW:
            told["idle_sync"] = idle | {"times": round(idle[f"{self.payments} payments"] / idle[f"{LITTLE} payments"], 2)}
            told["learning"] = self.learn()
        self.rest()
        told["questions"] = self.ask()
        told["open_failures"] = self.failing()
        if IS_NOW:
            told["figures_ms"] = self.figures()
        return told

    def one_failing(self) -> None:
        self.scene.pay("TXN-0", 777, to={"9999": 777})
        self.scene.sync()

    def rest(self) -> None:
        """What PostgreSQL does by itself after a while."""
        if self.db.dialect == "postgresql":
            with self.db._work.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("VACUUM ANALYZE"))

    # --- what is there ------------------------------------------------------------------------------------------------

    def rows(self) -> Iterator[Row]:
        chance = random.Random(8)
        for number in range(self.payments):
            company = self.names[0] if number % 5 == 0 else self.names[number % (len(self.names) - 1) + 1]
            customer = f"{chance.choice(FIRST)} {chance.choice(LAST)}{chance.choice(FIRMS)} {chance.randrange(900)}"
            txn, invoice = f"pi_{chance.randrange(36**5):08d}{number:07d}", f"INV-{number // 3:06d}"
            yield company, txn, customer, invoice, chance.randrange(100, 900_000), number

    def fill(self, connection: sa.Connection, first: int, last: int) -> None:
        """Payments with their lines, and attempts of the last week for some of the first company's."""
        if first == 0:
            connection.execute(sa.insert(schema.company), [{"id": name} for name in self.names[1:]])
        run = connection.execute(sa.select(schema.run.c.id).limit(1)).scalar_one()
        plain = {
            "customer_id": "", "currency": "USD", "method": "card", "status": "paid", "content_hash": "0" * 64,
            "source": "bench", "received_at": START, "state": "verified", "bucket": "posted", "on_account_minor": 0,
            "generation": 0, "version": 1,
        }  # fmt: skip
        now, mine = self.scene.clock.now(), (last - first) // 5
        apart = WEEK * 0.9 / max(min(mine, ATTEMPTS), 1)
        tables: dict[str, list[dict[str, Any]]] = {"payment": [], "allocation": [], "attempt": []}
        attempts = 0
        for company, txn, customer, invoice, minor, number in self.rows():
            if not first <= number < last:
                continue
            more = {"customer_key": customer.casefold(), "number_key": txn} if "number_key" in schema.payment.c else {}
            key = {"company": company, "transaction_number": txn, "amount_minor": minor}
            paid_at = START + timedelta(seconds=number * 60)
            tables["payment"].append({**key, "customer": customer, "paid_at": paid_at, **plain, **more})
            tables["allocation"].append({**key, "line": 1, "invoice_number": invoice, "invoice_id": ""})
            if IS_NOW and company == self.names[0] and attempts < ATTEMPTS:
                attempts += 1
                tried = {"id": f"a{number}", "run_id": run, "at": now - attempts * apart, "first": True, "failed": False}
                tables["attempt"].append({**key, **tried, "currency": "USD", "code": "", "message": ""})
            if len(tables["payment"]) == ROWS_AT_ONCE:
                self.put(connection, tables)
        self.put(connection, tables)

    def put(self, connection: sa.Connection, tables: dict[str, list[dict[str, Any]]]) -> None:
        for table, rows in tables.items():
            if rows and connection.dialect.name == "postgresql":
                driver: Any = connection.connection.driver_connection
                with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(list(row.values()))
            elif rows:
                names, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
                plain = [[_as_stored(value) for value in row.values()] for row in rows]
                connection.connection.cursor().executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", plain)  # noqa: S608
            rows.clear()

    # --- a sync that finds nothing, and making searchable: only this version --------------------------------------------

    def idle_sync(self) -> float:
        """Seconds of the processor, the median of some; the first finds its bearings."""
        took = []
        for _ in range(IDLE_SYNCS + 1):
            self.scene.clock.advance(600)
            began = time.process_time()
            counts = self.scene.sync()
            took.append(time.process_time() - began)
            assert not counts.problem
        return round(sorted(took[1:])[IDLE_SYNCS // 2], 4)

    def learn(self) -> dict[str, Any]:
        from storage import searchable  # noqa: PLC0415
        from storage.schema.searching import INSIDE_POSTGRESQL  # noqa: PLC0415
        from storage.work import working  # noqa: PLC0415

        held: list[tuple[float, float]] = []
        learned, steps, began, usual = 0, list[int](), time.perf_counter(), searchable.AT_ONCE
        measured: dict[str, Any] = {}
        for company in [*self.names[1:], self.names[0]]:
            while True:
                with self.db.read() as connection:
                    noted = searchable.read(connection, company, self.scene.desk.company.start_of)
                if not noted.notes:
                    break
                with working(self.db.work(), company, self.scene.clock, self.scene.desk.ids, "search") as work:
                    held.append(self.timed(lambda: steps.append(searchable.write(work, noted))))  # noqa: B023
                learned = sum(steps)
                if learned >= IN_STEPS and not measured:
                    measured = {"rows": learned, "rows_a_second": round(learned / (time.perf_counter() - began))}
                    measured |= {"rows_of_a_step": usual, "lock_held_ms": _figures(held)}
                    searchable.AT_ONCE = ROWS_AT_ONCE // 2
                    if self.db.dialect == "postgresql":
                        with self.db._work.begin() as connection:
                            connection.execute(sa.text(f"DROP INDEX {INSIDE_POSTGRESQL}"))
        with self.db._work.begin() as connection:
            searchable.make_inside(connection)
        return measured | {"all_seconds": round(time.perf_counter() - began, 1)}

    # --- what is asked --------------------------------------------------------------------------------------------------

    def ask(self) -> dict[str, Any]:
        took: dict[str, list[tuple[float, float]]] = {}
        found: dict[str, int] = {}
        with self.db.read() as connection:
            self.find(connection, self.names[:1], "warm")
        for kind, of, text, minor in self.questions():
            for name, look in self.looks(kind, of, text, minor):
                with self.db.read() as connection:
                    connection.execute(sa.text("SELECT 1"))
                    rows: list[Any] = []
                    took.setdefault(name, []).append(self.timed(lambda: rows.extend(look(connection))))  # noqa: B023
                    found[name] = found.get(name, 0) + len(rows)
        return {name: _figures(took[name]) | {"found": round(found[name] / len(took[name]), 1)} for name in sorted(took)}

    def looks(
        self, kind: str, of: Sequence[str], text: str, minor: int
    ) -> Iterator[tuple[str, Callable[[sa.Connection], Sequence[Any]]]]:
        """The question itself, and of this version also the one look that goes by an index of numbers or amounts."""
        yield kind, lambda connection: self.find(connection, of, text)
        if not IS_NOW:
            return
        what, _, whose = kind.partition(", ")
        for of_number, look in (("exact number", "exactly"), ("number begins", "beginning")):
            if what == of_number:
                yield f"B-tree alone: {kind}", self.again(look, search.Wanted(of, text, search.PAYMENTS))
        if what == "amount":
            amount = search.Wanted(of, "", search.PAYMENTS, amounts_minor=[minor])
            yield f"amount as an amount, {whose}", lambda connection: search.find(connection, amount)

    def again(self, look: str, wanted: Any) -> Callable[[sa.Connection], Sequence[Any]]:
        """What the database takes for one look: the statement is built and was asked before."""
        with self.db.read() as connection:
            statement = getattr(search.Looks(connection, wanted), look)()
            connection.execute(statement).all()
        return lambda connection: connection.execute(statement).all()

    def find(self, connection: sa.Connection, companies: Sequence[str], text: str) -> Sequence[Any]:
        if IS_NOW:
            return search.find(connection, search.Wanted(companies, text, search.PAYMENTS))
        found: Sequence[Any] = search.payments(connection, companies, text, include_hidden=False)  # type: ignore[attr-defined]
        return found

    def questions(self) -> Iterator[tuple[str, Sequence[str], str, int]]:
        chance = random.Random(9)
        every = [row for row in self.rows() if chance.random() < 0.01]
        for which in ("large", "usual"):
            mine = [row for row in every if (row[0] == self.names[0]) == (which == "large")]
            for _ in range(self.rounds):
                company, txn, customer, invoice, minor, _number = chance.choice(mine)
                last, end = customer.split()[1], customer.split()[-1]
                texts = {
                    "exact number": txn, "number begins": txn[:11], "inside number": txn[5:14], "invoice part": invoice[4:],
                    "two words": f"{last} {end}", "one word": last, "three characters": txn[-6:-3],
                    "amount": f"{minor / 100:.2f}", "in every row": "inv", "in none": "zzyzx",
                }  # fmt: skip
                for kind, text in texts.items():
                    yield f"{kind}, {which} company", [company], text, minor
                for kind in ("exact number", "one word", "two words"):
                    yield f"{kind}, all companies", self.names, texts[kind], minor

    # --- many open failures, and what is told to whoever watches ----------------------------------------------------------

    def failing(self) -> dict[str, Any]:
        """Until the first line of `failures` stands, and until `/payments failing` and Home are answered."""
        with self.db._work.begin() as connection:
            failure, payment = schema.failure, schema.payment
            shown = dict(connection.execute(sa.select(failure).limit(1)).one()._mapping)
            mine = sa.select(payment.c.transaction_number).where(payment.c.company == self.names[0], payment.c.source == "bench")
            numbers = connection.execute(mine.order_by(payment.c.transaction_number).limit(FAILING)).scalars().all()
            shown |= {"evidence_id": None, "incident_id": None}
            copies = [
                shown | {"id": f"F{place:06d}", "transaction_number": number, "opened_at": START + timedelta(minutes=place)}
                for place, number in enumerate(numbers)
            ]
            connection.execute(sa.insert(failure), copies)
        self.rest()
        rooms = rooms_of(self.scene)
        house = SimpleNamespace(db=self.db, desks=lambda _: [self.scene.desk])
        for asked_for in (commands, wiring):  # 0.1.0 names it where it is used, this version where it is made
            vars(asked_for)["open_house"] = lambda _: house
        pages: dict[str, Callable[[], object]] = {
            "first line of failures": _first_line_of_failures,
            "/payments failing": lambda: asked(rooms, "failing"),
        }
        if IS_NOW:
            from card_answers import DANA  # noqa: PLC0415

            from bot.home_tab import HomeTab  # noqa: PLC0415
            from bot.looking import Looking  # noqa: PLC0415

            home = HomeTab(rooms)
            pages |= {f"Home, page {page:,}": partial(home.view, DANA, Looking(page=page)) for page in (1, FAILING // 20)}
        took = {name: [self.timed(page) for _ in range(6 if IS_NOW else 3)][1:] for name, page in pages.items()}
        return {"open": len(copies) + 1} | {name: _figures(times) for name, times in took.items()}

    def figures(self) -> dict[str, Any]:
        """What /metrics and /health/ready read of the database."""
        from storage import vitals  # noqa: PLC0415

        def metrics() -> None:
            with self.db.read() as connection:
                vitals.read(connection)

        def ready() -> None:
            with self.db.read() as connection:
                vitals.moments(connection)
            assert vitals.writable(self.db)

        looks: dict[str, Callable[[], None]] = {"/metrics": metrics, "/health/ready": ready}
        return {name: _figures([self.timed(look) for _ in range(10)]) for name, look in looks.items()}

    def timed(self, work: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds of the clock and of the processor: ours and, on PostgreSQL, that of the server's processes for us."""
        pids = self.server()
        before, began = time.process_time() + _processor(pids), time.perf_counter()
        work()
        clock = time.perf_counter() - began
        return clock * 1000, (time.process_time() + _processor(pids) - before) * 1000

    def server(self) -> Sequence[int]:
        if self.db.dialect != "postgresql":
            return ()
        with self.db._acknowledge.connect() as connection:
            here = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            return connection.execute(sa.text(here)).scalars().all()


class _FirstLine(Exception):
    """The first line stands: what follows is not waited for."""


class _Out:
    encoding = "utf-8"

    def write(self, text: str) -> int:
        if text.strip():
            raise _FirstLine
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def _first_line_of_failures() -> None:
    kept, context = sys.stdout, cast("typer.Context", SimpleNamespace(obj=None))
    sys.stdout = _Out()
    try:
        commands.list_failures(context, None, everything=False, as_json=False)
    except _FirstLine:
        return
    finally:
        sys.stdout = kept
    raise AssertionError("no failure was listed")


def _as_stored(value: object) -> object:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _processor(pids: Sequence[int]) -> float:
    """Seconds that these processes have had of the processor."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e9


def _figures(times: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Of the clock, as somebody waits, and of the processor, which other work on the machine lengthens less."""
    told: dict[str, Any] = {"times": len(times)}
    for name, of in zip(("clock", "processor"), zip(*times, strict=True), strict=True):
        order = sorted(of)
        p95 = order[min(int(len(order) * 0.95), len(order) - 1)]
        told[f"{name}_ms"] = {"median": round(order[len(order) // 2], 2), "p95": round(p95, 2), "most": round(order[-1], 2)}
    return told


if __name__ == "__main__":
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # the log of what is played is nobody's result
        said, sys.stdout = sys.stdout, nowhere
        numbers = [int(given) for given in sys.argv[3:6]]
        play = Play(sys.argv[1], Path(sys.argv[2]), *numbers)
        print(json.dumps(play.only_failing() if "failing" in sys.argv else play.all()), file=said, flush=True)
