"""`python -m bench.importing`: how many lines of a file are imported in a second, in this version and in another, side by side.

Both import the same files by turns, each in a process of its own and into a database of its own that holds older payments.
With `--long` this version alone imports one long file, and its greatest memory is told after a tenth of it and at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, databases, turns

RESULTS = Path(__file__).with_name("results") / "importing.json"
PLAYED = Path(__file__).with_name("importing_playing.py")
FASTER = 10  # so many times at least
LINES_A_SECOND = 2_500  # at least, of the processor's own seconds
MEBIBYTE = 1024  # in the units in which memory is told


def main() -> None:
    options = _options()
    found: dict[str, Any] = {}
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-importing-")))
        other = check_out(options.commit, folder / "other")
        for kind, urls in databases(folder, until_the_end):
            rounds = _played(options, {other: urls[0], ROOT: urls[1]}, folder / kind)
            found[kind] = {name: _figures(played) for name, played in zip(("before", "now"), rounds, strict=True)}
        if options.long:
            url = f"sqlite:///{folder / 'long.sqlite'}"
            with turns(ROOT, PLAYED, url, str(folder / "long"), str(options.older)) as version:
                found["long"] = _figures([json.loads(version.ask(str(options.long)))])
    kept = {"before": options.commit, "older_payments": options.older, "load": os.getloadavg()[0], "found": found}
    print(table(kept))
    if options.keep:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    slow = [kind for kind, of in found.items() if kind != "long" and not _reached(of)]
    sys.exit(f"Too slow on {', '.join(slow)}." if slow else 0)


def table(kept: Mapping[str, Any]) -> str:
    """The figures in Markdown."""
    lines = [
        f"| lines a second | {kept['before']} | now | times | statements for 1,000 lines |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, of in kept["found"].items():
        if kind == "long":
            continue
        before, now = of["before"], of["now"]
        for clock in ("clock", "processor"):
            then, here = (version[f"lines_a_second_of_the_{clock}"] for version in (before, now))
            counts = f"{before['statements_for_1000_lines']:,} · {now['statements_for_1000_lines']:,}"
            lines.append(f"| {kind}, by the {clock} | {then:,} | {here:,} | {here / then:.1f} | {counts} |")
    if long := kept["found"].get("long"):
        memory = " · ".join(f"{mebibytes:,} MiB {when}" for when, mebibytes in long["peak_mebibytes"].items())
        lines.append(f"\n{long['lines']:,} lines: {long['lines_a_second_of_the_clock']:,} a second; {memory}")
    return "\n".join(lines)


def _reached(of: Mapping[str, Any]) -> bool:
    before, now = (of[version]["lines_a_second_of_the_processor"] for version in ("before", "now"))
    return bool(now >= FASTER * before and now >= LINES_A_SECOND)


def _figures(played: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the median round; what was longest or greatest is so of all rounds."""
    lines, last = played[-1]["lines"], played[-1]
    longest = [each["longest_transaction"] for each in played]
    return {
        "lines": lines,
        "rounds": len(played),
        "lines_a_second_of_the_clock": round(lines / median(each["clock_seconds"] for each in played)),
        "lines_a_second_of_the_processor": round(lines / median(each["processor_seconds"] for each in played)),
        "statements_for_1000_lines": round(1000 * last["statements"] / lines),
        "transactions": last["transactions"],
        "longest_transaction_ms": {name: round(1000 * max(each[name] for each in longest), 1) for name in longest[0]},
        "peak_mebibytes": {when: round(kib / MEBIBYTE) for when, kib in last["peak_kib"].items()},
    }


def _played(options: argparse.Namespace, versions: Mapping[Path, str], folder: Path) -> list[list[dict[str, Any]]]:
    folder.mkdir()
    with ExitStack() as until_the_end:
        sides = [
            until_the_end.enter_context(turns(at, PLAYED, url, str(folder / f"side{number}"), str(options.older)))
            for number, (at, url) in enumerate(versions.items())
        ]
        rounds = [[json.loads(side.ask(str(options.lines))) for side in sides] for _ in range(options.rounds)]
    return [list(played) for played in zip(*rounds, strict=True)]


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make importing", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--lines", type=int, default=3_000, help="in each file")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--older", type=int, default=10_000, help="payments that are there before")
    asked.add_argument("--long", type=int, default=0, help="lines of one long file, for the memory it takes")
    asked.add_argument("--keep", action="store_true", help="write the figures to bench/results/importing.json")
    return asked.parse_args()


if __name__ == "__main__":
    main()
