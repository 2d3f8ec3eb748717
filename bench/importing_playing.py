"""Imports files in whatever checkout it is started in, one for each line that it reads, and prints what each took, as JSON.

It is started by path, with another version's rooms and tests to import from: it may use only what both versions have.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from makers import a_company
from scene import Scene, a_scene

from feeds.csv_file import CsvFile
from receivables.payment import Payment
from storage import schema
from sync import intake

HEADER = "transaction_number,customer,amount,currency,paid_at,method,invoices"
#: How many invoices each of twenty payments is for: 80 % one, 15 % three; the rest names one that is not in the books.
INVOICES_OF = (*[1] * 16, *[3] * 3, 1)
FIRST = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
CUSTOMERS = 2_000
OLDER_AT_ONCE = 5_000


class Watched:
    """What reaches the database: statements, transactions, and how many seconds the longest of these took."""

    def __init__(self, engine: sa.Engine) -> None:
        self.clear()
        sa.event.listen(engine, "before_cursor_execute", self._statement)
        sa.event.listen(engine, "begin", self._begin)
        sa.event.listen(engine, "commit", self._commit)

    def clear(self) -> None:
        self.statements = self.transactions = 0
        self.longest = {"processor": 0.0, "clock": 0.0}

    def _statement(self, *_: object) -> None:
        self.statements += 1

    def _begin(self, _: object) -> None:
        self._began = time.thread_time(), time.perf_counter()

    def _commit(self, _: object) -> None:
        self.transactions += 1
        took = time.thread_time() - self._began[0], time.perf_counter() - self._began[1]
        self.longest = {name: max(longest, now) for (name, longest), now in zip(self.longest.items(), took, strict=True)}


def main() -> None:
    """Arguments: the database, a folder, how many payments are there before."""
    url, folder, older = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(exist_ok=True)
    scene = a_scene(folder, url=url, company=a_company())
    _migrated(scene)
    before = folder / "before.csv"
    write(before, "OLD", older, seed=0)
    _fill(scene, before)
    watched = Watched(scene.db._work)
    for turn, line in enumerate(sys.stdin):
        file = folder / "payments.csv"
        write(file, f"R{turn}", int(line), seed=turn + 1)
        print(json.dumps(_import(scene, file, watched)), flush=True)


def write(file: Path, prefix: str, count: int, *, seed: int) -> None:
    """A file of payments of which no two are alike: of many customers, a few seconds apart."""
    with file.open("w", encoding="utf-8") as written:
        print(HEADER, file=written)
        written.writelines(",".join(line) + "\n" for line in _lines(prefix, count, random.Random(seed)))


def _lines(prefix: str, count: int, chance: random.Random) -> Iterator[list[str]]:
    at = FIRST
    for place in range(count):
        at += timedelta(seconds=chance.randrange(1, 8))
        of = [chance.randrange(500, 250_000) for _ in range(INVOICES_OF[place % len(INVOICES_OF)])]
        invoices = ";".join(f"INV-{chance.randrange(10**7)}:{_money(minor)}" for minor in of)
        customer = f"Customer {chance.randrange(CUSTOMERS)} Inc"
        yield [f"{prefix}-{place:07d}", customer, _money(sum(of)), "USD", at.isoformat(), "card", invoices]


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _migrated(scene: Scene) -> None:
    from storage.migrating import migrate  # noqa: PLC0415  # after the tests' own have made what they make

    migrate(scene.db)
    with scene.db.work() as connection:
        connection.execute(sa.insert(schema.company).values(id=scene.desk.company.id))


def _fill(scene: Scene, file: Path) -> None:
    """Payments that were posted long ago, without their record."""
    rows = [_row(payment) for payment in CsvFile(file, scene.desk.company).payments()]
    for start in range(0, len(rows), OLDER_AT_ONCE):
        with scene.db.work() as connection:
            connection.execute(sa.insert(schema.payment), rows[start : start + OLDER_AT_ONCE])


def _row(payment: Payment) -> dict[str, Any]:
    known = {name: value for name, value in vars(payment).items() if name in schema.payment.c}
    known.pop("refunds", None)
    new: dict[str, Any] = {"number_key": payment.transaction_number.lower().replace("-", "")}
    new |= {"customer_key": payment.customer.lower()}
    return {
        **known,
        **{name: value for name, value in new.items() if name in schema.payment.c},
        "content_hash": payment.content_hash(),
        "source": "before.csv",
        "received_at": FIRST,
        "state": "verified",
        "bucket": "posted",
        "on_account_minor": 0,
        "generation": 0,
        "version": 1,
    }


def _import(scene: Scene, file: Path, watched: Watched) -> dict[str, Any]:
    watched.clear()
    peaks: list[int] = []
    began = time.process_time(), time.perf_counter()
    feed = CsvFile(file, scene.desk.company)
    counts = intake.run_once(scene.desk, feed, lambda done: peaks.append(_peak()) if done else None)
    processor, clock = time.process_time() - began[0], time.perf_counter() - began[1]
    assert counts.new == feed.count, counts
    return {
        "lines": counts.new,
        "processor_seconds": processor,
        "clock_seconds": clock,
        "statements": watched.statements,
        "transactions": watched.transactions,
        "longest_transaction": watched.longest,
        "peak_kib": {"after a tenth": peaks[len(peaks) // 10], "at the end": _peak()},
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
