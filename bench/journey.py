"""`python -m bench.journey`: how fast a sync posts payments into the embedded books, in this version and in another.

Both versions stand in the same run: each has older payments there, then they take turns with one sync of new payments, 80 %
for one invoice, 15 % for three, 5 % failing. The median round counts. A busy machine slows both: the ratio is told by the
processor's seconds as well as by the clock's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, environment

RESULTS = Path(__file__).with_name("results") / "journey.json"
PLAYER = Path(__file__).with_name("journey_playing.py")
FASTER = 8.0  # so many times at least
STATEMENTS = 6.0  # a payment, at most


def main() -> int:
    options = _options()
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-before-")))
        versions = {options.commit: check_out(options.commit, folder / "before"), "now": ROOT}
        players = {name: until_the_end.enter_context(_started(at, options)) for name, at in versions.items()}
        for player in players.values():
            _line(player)  # the older payments are there
        rounds = [{name: json.loads(_once(player)) for name, player in players.items()} for _ in range(options.rounds)]
        for player in players.values():
            player.stdin.close()  # type: ignore[union-attr]
    found = {name: _figures([played[name] for played in rounds], options.payments) for name in versions}
    before, now = found[options.commit], found["now"]
    kept = {
        "before": options.commit,
        "older_payments": options.older,
        "payments": options.payments,
        "rounds": options.rounds,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "versions": found,
        "faster": round(now["payments_a_second"] / before["payments_a_second"], 1),
        "faster_by_processor": round(before["processor_ms"] / now["processor_ms"], 1),
    }
    print(table(kept))
    if options.keep:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return 0 if kept["faster_by_processor"] >= FASTER and now["statements"] <= STATEMENTS else 1


def table(kept: dict[str, Any]) -> str:
    """The figures in Markdown, those of the other version first."""
    before, now = kept["versions"][kept["before"]], kept["versions"]["now"]
    rows = {
        "payments a second": "payments_a_second",
        "processor, ms a payment": "processor_ms",
        "statements a payment": "statements",
        "longest writing transaction, ms": "longest_hold_ms",
        "slowest round against the quickest": "spread",
    }
    lines = [f"| a sync of {kept['payments']:,} payments | {kept['before']} | now |", "| --- | --- | --- |"]
    lines += [f"| {words} | {before[name]:,} | {now[name]:,} |" for words, name in rows.items()]
    lines.append(f"| times as fast, by the clock and by the processor | | {kept['faster']}, {kept['faster_by_processor']} |")
    return "\n".join(lines)


def _figures(rounds: list[dict[str, float]], payments: int) -> dict[str, float]:
    seconds = [played["seconds"] for played in rounds]
    return {
        "payments_a_second": round(payments / median(seconds), 1),
        "processor_ms": round(1000 * median(played["processor_seconds"] for played in rounds) / payments, 2),
        "statements": round(median(played["statements"] for played in rounds) / payments, 2),
        "longest_hold_ms": round(median(played["longest_hold_ms"] for played in rounds), 1),
        "spread": round(max(seconds) / min(seconds), 2),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    parser.add_argument("--older", type=int, default=10_000, help="payments that were posted before, in each version")
    parser.add_argument("--payments", type=int, default=1000, help="in one sync, a multiple of 20")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help=f"write the figures to {RESULTS.relative_to(ROOT)}")
    return parser.parse_args()


def _started(at: Path, options: argparse.Namespace) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", str(PLAYER), str(options.older), str(options.payments)]
    return subprocess.Popen(command, cwd=at, env=environment(at), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _once(player: subprocess.Popen[str]) -> str:
    assert player.stdin is not None  # it was asked for
    print("once", file=player.stdin, flush=True)
    return _line(player)


def _line(player: subprocess.Popen[str]) -> str:
    assert player.stdout is not None  # it was asked for
    said = player.stdout.readline()
    if not said:
        raise SystemExit("A version stopped; what it said stands above.")
    return said


if __name__ == "__main__":
    sys.exit(main())
