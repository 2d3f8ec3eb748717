"""`python -m bench.starting`: what it costs to start the command line, in this version and in another, turn by turn.

Processor time of the whole process, because a busy machine stretches any clock; and how many modules were imported, which
is the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, environment

RESULTS = Path(__file__).with_name("results") / "starting.json"
TO_REACH = 0.6
STARTS = {
    "help": ("--help",),
    "the help of a command": ("show", "--help"),
    "the help of import": ("import", "--help"),
    "the help of books": ("books", "--help"),
    "an unknown command": ("shoow",),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.starting", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help="the other version")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="resolve-now-starting-") as folder:
        versions = {"before": check_out(options.commit, Path(folder)), "now": ROOT}
        found = {name: _measured(versions, words, options.rounds) for name, words in STARTS.items()}
    print(f"| start | {options.commit}: CPU s | modules | now: CPU s | modules | ratio |\n| --- | --- | --- | --- | --- | --- |")
    for name, of in found.items():
        cells = [f"{of[version][key]:{form}}" for version in versions for key, form in (("cpu_seconds", ".2f"), ("modules", ","))]
        print(f"| {name} | " + " | ".join(cells) + f" | {of['ratio']:.2f} |")
    if options.keep:
        kept = {"before": options.commit, "python": sys.version.split()[0], "rounds": options.rounds, "starts": found}
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    if missed := [name for name, of in found.items() if of["ratio"] > TO_REACH]:
        sys.exit(f"More than {TO_REACH} of what it took: {', '.join(missed)}")


def _measured(versions: dict[str, Path], words: tuple[str, ...], rounds: int) -> dict[str, Any]:
    """Both versions in turns; medians, and the spread between the quickest and the slowest turn."""
    taken: dict[str, list[float]] = {version: [] for version in versions}
    for turn in range(rounds + 1):
        for version, checkout in versions.items():
            seconds = _cpu_seconds(checkout, words)
            if turn:  # the first compiles
                taken[version].append(seconds)
    figures: dict[str, Any] = {
        version: {
            "cpu_seconds": round(median(seconds), 3),
            "least": round(min(seconds), 3),
            "most": round(max(seconds), 3),
            "modules": _modules(versions[version], words),
        }
        for version, seconds in taken.items()
    }
    return figures | {"ratio": round(median(taken["now"]) / median(taken["before"]), 3)}


def _cpu_seconds(checkout: Path, words: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _started(checkout, "-P", "-m", "app.main", *words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _modules(checkout: Path, words: tuple[str, ...]) -> int:
    """How many lines `-X importtime` writes, one for each module."""
    said = _started(checkout, "-X", "importtime", "-P", "-m", "app.main", *words).stderr
    return sum(line.startswith("import time:") for line in said.splitlines()) - 1  # its heading


def _started(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=checkout, env=environment(checkout), capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    main()
