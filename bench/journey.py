"""`python -m bench.journey`: how fast a sync posts payments into the embedded books, in this version and in another.

Both versions stand in the same run, on SQLite and on PostgreSQL: each has older payments there, then they take turns with one
sync of new payments, 80 % for one invoice, 15 % for three, 5 % failing. The other version, which takes several times as long,
plays fewer of them in a round. With `--proof` they prove all payments that are there instead, of which the other version has a
tenth. The median round counts. A busy
machine slows both: ratios are told by the processor's seconds as well as by the clock's, and the machine's load is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, databases, turns

RESULTS = Path(__file__).with_name("results")
PLAYER = Path(__file__).with_name("journey_playing.py")
FASTER = 8.0  # so many times at least
STATEMENTS = 6.0  # a payment, at most
LONGEST_HOLD_MS = 100.0  # of the lock that every writer waits for
FEWER = 10  # times as few payments are proven by the other version
PROOF_SECONDS = 60.0  # for a hundred thousand payments, at most
ROWS = {
    "payments a second": "payments_a_second",
    "processor, ms a payment": "processor_ms",
    "statements a payment": "statements",
    "longest writing transaction by the clock, ms": "longest_hold_ms",
    "the same by the processor, ms": "longest_hold_processor_ms",
    "slowest round against the quickest": "spread",
}


def main() -> int:
    options = _options()
    found: dict[str, dict[str, dict[str, float]]] = {}
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-before-")))
        other = check_out(options.commit, folder / "before")
        for kind, urls in databases(folder, until_the_end):
            found[kind] = _measured(options, {"before": (other, urls[0]), "now": (ROOT, urls[1])})
    kept = {
        "before": options.commit,
        "older_payments": options.older,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 1)},
        "found": found,
        "faster": {kind: _times(of, "payments_a_second") for kind, of in found.items()},
        "faster_by_processor": {kind: _times(of, "processor_ms") for kind, of in found.items()},
    }
    print(table(kept))
    if options.keep:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / ("proof.json" if options.proof else "journey.json")
        file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return 0 if all(_is_reached(of["now"], of["before"], proof=options.proof) for of in found.values()) else 1


def table(kept: dict[str, Any]) -> str:
    """The figures in Markdown, those of the other version first."""
    lines = []
    for kind, of in kept["found"].items():
        before, now = of["before"], of["now"]
        lines += [
            f"| {kind}, {now['payments']:,} payments | {kept['before']}, {before['payments']:,} | now |",
            "| --- | --- | --- |",
        ]
        lines += [f"| {words} | {before[name]:,} | {now[name]:,} |" for words, name in ROWS.items()]
        times = f"{kept['faster'][kind]}, {kept['faster_by_processor'][kind]}"
        lines += [f"| times as fast, by the clock and by the processor | | {times} |", ""]
    return "\n".join([*lines, f"The machine's load was {kept['machine']['load']} on {kept['machine']['processors']} processors."])


def _times(of: dict[str, dict[str, float]], name: str) -> float:
    ratio = of["now"][name] / of["before"][name]
    return round(ratio if name == "payments_a_second" else 1 / ratio, 1)


def _is_reached(now: dict[str, float], before: dict[str, float], *, proof: bool) -> bool:
    if proof:
        return now["processor_ms"] * 100 <= PROOF_SECONDS
    held = now["longest_hold_processor_ms"] <= LONGEST_HOLD_MS
    return held and now["statements"] <= STATEMENTS and before["processor_ms"] >= FASTER * now["processor_ms"]


def _measured(options: argparse.Namespace, versions: dict[str, tuple[Path, str]]) -> dict[str, dict[str, float]]:
    """The figures of each version on one kind of database."""
    with ExitStack() as until_the_end:
        players = {}
        for name, (at, url) in versions.items():
            older = options.older // FEWER if options.proof and name == "before" else options.older
            arguments = ["proof" if options.proof else "sync", "" if url.startswith("sqlite") else url, str(older)]
            arguments.append(str(options.before if name == "before" else options.payments))
            players[name] = until_the_end.enter_context(turns(at, PLAYER, *arguments))
        for player in players.values():
            player.line()  # the older payments are there
        rounds = [{name: json.loads(player.ask("once")) for name, player in players.items()} for _ in range(options.rounds)]
    return {name: _figures([played[name] for played in rounds]) for name in versions}


def _figures(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    seconds, payments = [played["seconds"] for played in rounds], rounds[0]["payments"]
    return {
        "payments": payments,
        "rounds": len(rounds),
        "payments_a_second": round(payments / median(seconds), 1),
        "processor_ms": round(1000 * median(played["processor_seconds"] for played in rounds) / payments, 2),
        "statements": round(median(played["statements"] for played in rounds) / payments, 2),
        "longest_hold_ms": round(median(played["longest_hold_ms"] for played in rounds), 1),
        "longest_hold_processor_ms": round(median(played["longest_hold_processor_ms"] for played in rounds), 1),
        "spread": round(max(seconds) / min(seconds), 2),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    parser.add_argument(
        "--older", type=int, help="payments that are there before, in each version (10,000; 100,000 to be proven)"
    )
    parser.add_argument("--payments", type=int, default=1000, help="in one sync of this version, a multiple of 20")
    parser.add_argument("--before", type=int, default=200, help="in one sync of the other")
    parser.add_argument("--rounds", type=int, help="3, of the proof 1")
    parser.add_argument("--proof", action="store_true", help="prove all payments that are there instead")
    parser.add_argument("--keep", action="store_true", help=f"write the figures to {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args()
    options.older = options.older or (100_000 if options.proof else 10_000)
    options.rounds = options.rounds or (1 if options.proof else 3)
    return options


if __name__ == "__main__":
    sys.exit(main())
