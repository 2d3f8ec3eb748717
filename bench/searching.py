"""`python -m bench.searching`: how long a search takes among many payments, in this version and in 0.1.0, on both databases.

Both get the same payments, straight into their tables: of 200 companies, one with a fifth of all. This version then makes them
searchable as it always does, in bounded steps; how long those took is told too. Each kind of question is asked several times,
both versions by turns; milliseconds of the median and of the slowest but one in twenty.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, turns

RESULTS = Path(__file__).with_name("results") / "searching.json"

#: Runs in a process whose rooms are those of one version, also 0.1.0: it may use nothing of this file.
ASKER = """
import json, random, sys, time
from datetime import UTC, datetime, timedelta
import sqlalchemy as sa
from storage import schema, search
from storage.engine import Database
from storage.migrating import migrate

url, many, companies, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
now = hasattr(search, "find")
if not now:
    rounds = min(rounds, 5)
FIRST = "Ada Ben Cara Dora Emil Finn Gina Hugo Iris Jack Kira Liam Mona Nils Olga Paul Quinn Rosa Sven Tina".split()
LAST = "Smith Nguyen Okafor Rossi Novak Schulz Garcia Kowalski Haddad Larsen Moreau Tanaka Petrov Silva Cohen Brandt".split()
FIRMS = ["", " & Sons", " Inc", " LLC", " GmbH", " Holding", " Partners", " Group"]
START = datetime(2024, 1, 1, tzinfo=UTC)
names = [f"company-{number:03d}" for number in range(companies)]

def payments():
    chance = random.Random(8)
    for number in range(many):
        company = names[0] if number % 5 == 0 else names[number % (companies - 1) + 1]
        customer = f"{chance.choice(FIRST)} {chance.choice(LAST)}{chance.choice(FIRMS)} {chance.randrange(900)}"
        txn, invoice = f"pi_{chance.randrange(36**5):08d}{number:07d}", f"INV-{number // 3:06d}"
        yield company, txn, customer, invoice, chance.randrange(100, 900_000), number

def fill(connection):
    plain = {"customer_id": "", "currency": "USD", "method": "card", "status": "paid", "content_hash": "0" * 64,
        "source": "bench", "received_at": START, "state": "verified", "bucket": "posted", "on_account_minor": 0,
        "generation": 0, "version": 1}
    connection.execute(sa.insert(schema.company), [{"id": name} for name in names])
    rows, lines = [], []
    def flush():
        if rows:
            put(connection, schema.payment, rows)
            put(connection, schema.allocation, lines)
            rows.clear(), lines.clear()
    for company, txn, customer, invoice, minor, number in payments():
        more = {"customer_key": customer.casefold(), "number_key": txn} if "number_key" in schema.payment.c else {}
        key = {"company": company, "transaction_number": txn, "amount_minor": minor}
        rows.append({**key, "customer": customer, "paid_at": START + timedelta(seconds=number * 60), **plain, **more})
        lines.append({**key, "line": 1, "invoice_number": invoice, "invoice_id": ""})
        if len(rows) == 20_000:
            flush()
    flush()

def put(connection, table, rows):
    columns = list(rows[0])
    if connection.dialect.name == "postgresql":
        with connection.connection.driver_connection.cursor() as cursor:
            with cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([row[name] for name in columns])
        return
    plain = [[value.replace(tzinfo=None).isoformat(" ") + ".000000" if isinstance(value, datetime) else value
              for value in row.values()] for row in rows]
    marks = ", ".join("?" * len(columns))
    connection.connection.cursor().executemany(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})", plain)

def learn():
    from makers import CountingIds, ManualClock
    from storage import searchable
    from storage.work import working
    clock, ids, held, learned, began = ManualClock(START), CountingIds(), [], 0, time.perf_counter()
    for company in names:
        while True:
            with db.read() as connection:
                noted = searchable.read(connection, company, lambda day: START)
            if not noted.notes:
                break
            with working(db.work(), company, clock, ids, "search") as work:
                at = time.perf_counter()
                learned += searchable.write(work, noted)
            held.append((time.perf_counter() - at) * 1000)
    held.sort()
    return {"rows": learned, "rows_a_second": round(learned / (time.perf_counter() - began)), "steps": len(held),
        "lock_held_ms": {"median": round(held[len(held) // 2], 1), "p95": round(held[int(len(held) * 0.95)], 1),
                         "longest": round(held[-1], 1)}}

def questions():
    chance, asked = random.Random(9), []
    every = list(payments()) if many <= 200_000 else [row for row in payments() if chance.random() < 0.02]
    for which in ("large", "usual"):
        mine = [row for row in every if (row[0] == names[0]) == (which == "large")]
        for _ in range(rounds):
            company, txn, customer, invoice, minor, _number = chance.choice(mine)
            last, end = customer.split()[1], customer.split()[-1]
            texts = {"exact number": txn, "number begins": txn[:11], "inside number": txn[5:14], "invoice part": invoice[4:],
                "two words": f"{last} {end}", "one word": last, "three characters": txn[-6:-3],
                "amount": f"{minor / 100:.2f}", "in every row": "inv", "in none": "zzyzx"}
            asked += [(f"{kind}, {which} company", [company], text) for kind, text in texts.items()]
            asked.append(("exact number, all companies", names, txn))
            asked.append(("one word, all companies", names, last))
            asked.append(("two words, all companies", names, f"{last} {end}"))
    return asked

db = Database(url)
migrate(db)
began = time.perf_counter()
with db._work.begin() as connection:
    fill(connection)
filled = time.perf_counter() - began
told = {"filled_seconds": round(filled, 1)}
if now:
    told["learning"] = learn()
if db.dialect == "postgresql":
    with db._work.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("VACUUM ANALYZE"))
took, found = {}, {}
def ask(companies, text):
    if now:
        return search.find(connection, search.Wanted(companies, text, search.PAYMENTS))
    return search.payments(connection, companies, text, include_hidden=False)
with db.read() as connection:
    ask(names[:1], "warm"), ask(names, "warm")
for kind, of, text in questions():
    with db.read() as connection:
        began = time.perf_counter()
        rows = ask(of, text)
        took.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
        found.setdefault(kind, []).append(len(rows))
        if now and (kind.startswith("exact number,") or kind.startswith("number begins,")):
            wanted = search.Wanted(of, text, search.PAYMENTS)
            looks = search.Looks(connection, wanted)
            look = looks.exactly() if kind.startswith("exact") else looks.beginning()
            connection.execute(look).all()
            began = time.perf_counter()
            connection.execute(look).all()
            took.setdefault("B-tree: " + kind, []).append((time.perf_counter() - began) * 1000)
            found.setdefault("B-tree: " + kind, []).append(1)
def figures(kind):
    times = sorted(took[kind])
    return {"median_ms": round(times[len(times) // 2], 2), "p95_ms": round(times[min(int(len(times) * 0.95), len(times) - 1)], 2),
            "asked": len(times), "found": round(sum(found[kind]) / len(found[kind]), 1)}
told["questions"] = {kind: figures(kind) for kind in sorted(took)}
print(json.dumps(told), flush=True)
for _ in sys.stdin:
    pass
"""


def main() -> None:
    options = _options()
    kept: dict[str, Any] = {"before": options.commit, "payments": options.payments, "companies": options.companies}
    kept["load"] = [round(load, 1) for load in os.getloadavg()]
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-searching-")))
        before = check_out(options.commit, folder / "before")
        for kind, urls in _databases(folder, until_the_end):
            kept[kind] = {}
            for name, checkout, url in (("before", before, urls[0]), ("now", ROOT, urls[1])):
                asked = [url, *(str(number) for number in (options.payments, options.companies, options.rounds))]
                with turns(checkout, ASKER, *asked) as asker:
                    kept[kind][name] = json.loads(asker.line())
                _show(kind, name, kept[kind][name])
    if options.keep:
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def _show(kind: str, name: str, told: dict[str, Any]) -> None:
    print(f"{kind}, {name}: {told.get('learning', '')}")
    for question, figures in told["questions"].items():
        print(
            f"  {question:<40} {figures['median_ms']:9.2f} {figures['p95_ms']:9.2f} ms  {figures['found']:5.1f} found", flush=True
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make searching", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=40, help="of each kind of question; 0.1.0 is asked five times at most")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name} under bench/results")
    return parser.parse_args()


def _databases(folder: Path, until_the_end: ExitStack) -> Iterator[tuple[str, tuple[str, str]]]:
    """The kinds of database with two empty ones of each; PostgreSQL where one can be run here."""
    yield "sqlite", (f"sqlite:///{folder / 'before.sqlite'}", f"sqlite:///{folder / 'now.sqlite'}")
    sys.path.insert(0, str(ROOT / "tests"))
    from private_postgres import PostgresMissing, running  # noqa: PLC0415  # the tests' own

    try:
        cluster = until_the_end.enter_context(running())
    except PostgresMissing as missing:
        print(f"PostgreSQL was not measured: {missing}")
        return
    for name in ("before", "now"):
        cluster.create(name)
    yield "postgresql", (cluster.url("before"), cluster.url("now"))


if __name__ == "__main__":
    main()
