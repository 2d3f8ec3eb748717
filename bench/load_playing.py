"""One piece of `bench.load`, played in a process of its own with the rooms of one version; prints what was counted as JSON.

Nothing here is measured by a test. It runs in version 0.1.0 too, so it uses only what both versions have.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

CALL_SECONDS = 60.0  # how long a hung books' call takes
CUSTOMERS = 200  # of the company in the soak
COMPANY = """
[[company]]
id = "{id}"
name = "{id}"
time_zone = "America/Chicago"
start_on = 2026-01-01
writes = "on"
[company.books]
kind = "embedded"
file = "{id}-books.sqlite"
"""


def a_house(folder: Path, companies: int, *, synced: bool) -> Any:
    """A migrated house; `synced` says that each company was synced and proven just now."""
    from app.wiring import open_house  # noqa: PLC0415  # the version's own
    from storage import schema  # noqa: PLC0415
    from storage.engine import Database  # noqa: PLC0415
    from storage.migrating import migrate  # noqa: PLC0415

    config, now = folder / "resolve-now.toml", datetime.now(UTC)
    config.write_text("".join(COMPANY.format(id=f"c{number:03}") for number in range(companies)), encoding="utf-8")
    database = Database(f"sqlite:///{folder / 'resolve-now.sqlite'}")
    migrate(database)
    stands = {"synced_at": now, "mirrored_whole_at": now} if synced else {}
    with database.work() as connection:
        rows = [{"id": f"c{number:03}", "reconciled_at": now, **stands} for number in range(companies)]
        connection.execute(sa.insert(schema.company), rows)
    database.close()
    return open_house(config, {})


class Rings:
    """Stands for the outbox: counts how often it rang."""

    def __init__(self) -> None:
        self.times = 0

    def run_once(self) -> int:
        self.times += 1
        return 0


def running(house: Any, seconds: float) -> dict[str, float]:
    """The alarms for so many seconds: the share of a core, the rings of the outbox, and the memory at the end."""
    from app.alarms import Alarms  # noqa: PLC0415

    rings, alarms = Rings(), Alarms(house)
    alarms.start()
    ring = getattr(alarms, "run_outbox", None) or getattr(alarms, "ring_outbox")  # noqa: B009 (0.1.0 called it so)
    ring(rings)
    time.sleep(2)
    began, used, rung = time.monotonic(), time.process_time(), rings.times
    time.sleep(seconds)
    took = time.monotonic() - began
    share = (time.process_time() - used) / took
    return {"seconds": took, "share_of_a_core": share, "rings": rings.times - rung, "rss_mb": memory_mb()}


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def idle(folder: Path, companies: int, seconds: float) -> dict[str, float]:
    return running(a_house(folder, companies, synced=True), seconds)


class Slow:
    """Books whose every call takes a minute."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def waits(*given: Any, **named: Any) -> Any:
            time.sleep(CALL_SECONDS)
            return found(*given, **named)

        return waits


def hung(folder: Path, companies: int, slow: int, seconds: float) -> dict[str, Any]:
    """All companies are due at once and some hang; when each of the others was synced first, and the rings of the outbox."""
    from storage import schema  # noqa: PLC0415

    house = a_house(folder, companies, synced=False)
    hangs, held = {f"c{number:03}" for number in range(slow)}, house.books_of
    house = replace(house, books_of=lambda company: Slow(held(company)) if company.id in hangs else held(company))
    began = datetime.now(UTC)
    counted = running(house, seconds)
    with house.db.read() as connection:
        rows = connection.execute(sa.select(schema.run.c.company, schema.run.c.started_at)).all()
    first: dict[str, float] = {}
    for company, at in sorted(rows, key=lambda row: row[1]):
        first.setdefault(company, (at - began).total_seconds())
    others = sorted(first.get(f"c{number:03}", seconds) for number in range(slow, companies))
    return counted | {"others": len(others), "others_began_after": others, "worst_start_seconds": others[-1]}


def presses(folder: Path, payments: int, a_second: int) -> dict[str, float]:
    """People press while a sync posts: how many were not recorded, and how long the others waited."""
    from scene import a_scene  # noqa: PLC0415

    scene = a_scene(folder)
    hooli = scene.customer()
    for number in range(payments):
        scene.invoice(str(5000 + number), hooli, 1_000 + number)
    for number in range(payments):
        scene.pay(f"TXN-{number}", 1_000 + number, {str(5000 + number): 1_000 + number})
    waits: list[float] = []
    lost: list[str] = []
    over = threading.Event()

    def press() -> None:
        began = time.monotonic()
        try:
            with scene.desk.acknowledge("dana") as work:
                recorded(work)
        except Exception as error:
            lost.append(type(error).__name__)
        waits.append(time.monotonic() - began)

    def keeps_pressing() -> None:
        while not over.wait(1 / a_second):
            threading.Thread(target=press).start()

    thread = threading.Thread(target=keeps_pressing)
    thread.start()
    began = time.monotonic()
    counts = scene.sync()
    took = time.monotonic() - began
    over.set()
    thread.join()
    time.sleep(4)
    waits.sort()
    found = {"payments": payments, "verified": counts.verified, "sync_seconds": took, "presses": len(waits), "lost": len(lost)}
    return found | {
        "p50_seconds": waits[len(waits) // 2],
        "p99_seconds": waits[len(waits) * 99 // 100],
        "worst_seconds": waits[-1],
    }


def recorded(work: Any) -> None:
    """A row of the record, as a decision leaves one."""
    if hasattr(work, "record"):
        work.record("decision.made", body={"a": "press"})
        return
    from storage import audit  # noqa: PLC0415

    record = getattr(audit, "record")  # noqa: B009 (only 0.1.0 has it)
    record(work.connection, company=work.company, at=work.at, actor="dana", action="decision.made", body={"a": "press"})


def history(folder: Path, payments: int, rounds: int) -> dict[str, float]:
    """A sync that finds nothing new, after so many payments of the last seven days."""
    from history import add_history  # noqa: PLC0415
    from scene import a_scene  # noqa: PLC0415

    scene = a_scene(folder)
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    scene.sync()
    add_history(Path(str(scene.db.url.database)), payments)
    took = []
    for _ in range(rounds + 1):
        scene.clock.advance(3600)
        began = time.process_time()
        scene.sync()
        took.append(time.process_time() - began)
    took = sorted(took[1:])  # the first finds its bearings
    return {"payments": payments, "cpu_seconds": took[len(took) // 2], "least": took[0], "most": took[-1]}


def soak(folder: Path, payments: int, step: int, companies: int) -> dict[str, Any]:
    """What `run` does with so many companies, and payments of one of them that come, are posted and verified: its memory."""
    from makers import a_payment  # noqa: PLC0415
    from scene import CREATED, PAID, Payments  # noqa: PLC0415

    from app.alarms import Alarms  # noqa: PLC0415
    from receivables.payment import Allocation  # noqa: PLC0415
    from storage import companies as stored  # noqa: PLC0415
    from sync import intake  # noqa: PLC0415

    with suppress(ImportError):  # 0.1.0 has no such thing
        from app import memory as of_the_process  # noqa: PLC0415

        of_the_process.share_what_is_freed()  # as `run` begins
    house = a_house(folder, companies, synced=True)
    alarms, desk, file = Alarms(house), house.desk("c000"), folder / "invoices.csv"
    alarms.start()
    alarms.run_outbox(Rings())  # type: ignore[arg-type]  # nobody listens to Slack here
    memory, began = [], time.monotonic()
    for first in range(0, payments, step):
        numbers = range(first, first + step)
        _enter_invoices(folder, file, numbers, CREATED)
        given = (_paid(a_payment, Allocation, number, PAID) for number in numbers)
        intake.run_once(desk, Payments(tuple(given), digest=str(first)))
        with desk.work() as work:
            stored.want_sync(work)
        alarms.wake()
        _until_verified(house, first + step)
        memory.append(memory_mb())
    took, half = time.monotonic() - began, memory[len(memory) // 2 :]
    return {
        "payments": payments,
        "companies": companies,
        "seconds": took,
        "rss_mb_first": memory[0],
        "rss_mb_middle": half[0],
        "rss_mb_last": memory[-1],
        "rss_mb_most": max(memory),
        "rss_mb": memory[:: max(1, len(memory) // 20)],
        "rss_mb_for_100000_payments": slope(half) / step * 100_000,
    }


def slope(values: list[float]) -> float:
    """By how much they grow from one to the next, by least squares: the second half, because the first fills caches."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    spread = sum((place - middle) ** 2 for place in range(len(values)))
    return sum((place - middle) * (value - mean) for place, value in enumerate(values)) / spread if spread else 0.0


def _enter_invoices(folder: Path, file: Path, numbers: range, at: datetime) -> None:
    from accounting.embedded.ledger import Ledger  # noqa: PLC0415
    from accounting.embedded.loading import load  # noqa: PLC0415
    from app.clock import SystemClock  # noqa: PLC0415

    lines = [f"I{number},{_customer(number)},{_amount_minor(number) / 100:.2f},USD,2026-02-01" for number in numbers]
    file.write_text("\n".join(["number,customer,amount,currency,issued_on", *lines]) + "\n", encoding="utf-8")
    ledger = Ledger(folder / "c000-books.sqlite", SystemClock())
    if not ledger.customers():
        for number in range(CUSTOMERS):
            ledger.add_customer(_customer(number), by="bookkeeper", at=at)
    load(ledger, file, by="bookkeeper", at=at)
    ledger.close()


def _paid(make: Any, allocation: Any, number: int, at: datetime) -> Any:
    return make(
        company="c000",
        transaction_number=f"TXN-{number}",
        amount_minor=_amount_minor(number),
        customer=_customer(number),
        allocations=(allocation(_amount_minor(number), f"I{number}"),),
        paid_at=at,
    )


def _customer(number: int) -> str:
    return f"Customer {number % CUSTOMERS}"


def _amount_minor(number: int) -> int:
    return 1_000 + number % 9_973


def _until_verified(house: Any, count: int) -> None:
    from storage import schema  # noqa: PLC0415

    table = schema.payment
    while True:
        with house.db.read() as connection:
            found = connection.scalar(sa.select(sa.func.count()).where(table.c.company == "c000", table.c.state == "verified"))
        if found == count:
            return
        time.sleep(1)


PIECES: dict[str, Callable[..., dict[str, Any]]] = {
    "idle": idle,
    "hung": hung,
    "presses": presses,
    "history": history,
    "soak": soak,
}

if __name__ == "__main__":
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # the log of what is played is nobody's result
        said, sys.stdout = sys.stdout, nowhere
        found = PIECES[sys.argv[1]](Path(sys.argv[2]), *[int(given) for given in sys.argv[3:]])
        print(json.dumps(found), file=said, flush=True)
    os._exit(0)  # books that hang would keep the process
