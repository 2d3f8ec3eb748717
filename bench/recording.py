"""`python -m bench.recording`: what one row of the record costs, in this version and in another, side by side.

Both versions write the same rows in batches, by turns, each into a database of its own; the quickest batch of each counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.versions import COMMIT, ROOT, check_out, databases, turns

CHEAPER = 8  # so many times at least

#: Runs in a process of its own, whose rooms are those of one version; writes a batch for each line it reads.
WRITER = """
import sys, time
from datetime import UTC, datetime
import sqlalchemy as sa
from storage import audit, schema
from storage.engine import Database
from storage.migrating import migrate

url, rows, at = sys.argv[1], int(sys.argv[2]), datetime(2026, 3, 10, 15, tzinfo=UTC)
body = {"effect": "01JNZX3M6W3A7Q2C9K5V8B1D4F", "kind": "receipt", "from": "sending", "document": "1037", "code": "",
        "message": "", "trace": "f1c2"}

def before():
    with db.work() as connection:
        for number in range(rows):
            audit.record(connection, company="acme", at=at, actor="sync", action="effect.done",
                         transaction_number=f"TXN-{number}", body=body)

def now():
    from makers import CountingIds, ManualClock
    from storage.work import working
    with working(db.work(), "acme", ManualClock(at), CountingIds(), "sync") as work:
        for number in range(rows):
            work.record("effect.done", transaction_number=f"TXN-{number}", body=body)

db = Database(url)
migrate(db)
with db.work() as connection:
    connection.execute(sa.insert(schema.company).values(id="acme"))
write = before if hasattr(audit, "record") else now
for _ in sys.stdin:
    began = time.perf_counter()
    write()
    print(time.perf_counter() - began, flush=True)
with db.read() as connection:
    assert audit.verify(connection, "acme") is None
"""


def main() -> None:
    options = _options()
    print(
        f"One row of the record, in batches of {options.rows}, microseconds: {options.commit}, this checkout, and how many times."
    )
    good = True
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-recording-")))
        before = check_out(options.commit, folder / "before")
        for kind, urls in databases(folder, until_the_end):
            old, new = _measure({before: urls[0], ROOT: urls[1]}, options.rows, options.batches)
            print(f"{kind:<12} {old:8.1f} {new:8.1f} {old / new:6.1f}", flush=True)
            good = good and old >= CHEAPER * new
    sys.exit(0 if good else f"It should cost at most a {CHEAPER}th.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make recording", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    parser.add_argument("--rows", type=int, default=500, help="in a batch")
    parser.add_argument("--batches", type=int, default=12, help="of each version")
    return parser.parse_args()


def _measure(versions: dict[Path, str], rows: int, batches: int) -> list[float]:
    """Microseconds a row in the quickest batch of each version, written by turns."""
    with ExitStack() as until_the_end:
        writers = [until_the_end.enter_context(turns(at, WRITER, url, str(rows))) for at, url in versions.items()]
        took = [[writer.once() for writer in writers] for _ in range(batches)]
    return [min(each) * 1_000_000 / rows for each in zip(*took, strict=True)]


if __name__ == "__main__":
    main()
