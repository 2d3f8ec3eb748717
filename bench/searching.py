"""`python -m bench.searching`: how long a search takes among many payments, in this version and in 0.1.0, on both databases.

Both get the same payments, straight into their tables: of 200 companies, one with a fifth of all. This version then makes them
searchable, the first of them in bounded steps as it always does. Each kind of question is asked many times in this version, twice
in 0.1.0; milliseconds of the clock and of the processor, the median and the slowest but one in twenty.

On the same database: the first of 10,000 open failures and Home with them (these alone with --failing, which asks this version
only), what /metrics and /health/ready read, and a sync that finds nothing new, with few payments and with all.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, databases, environment

RESULTS = Path(__file__).with_name("results")
FAILING = 50_000  # payments, a fifth of them failing
PLAYED = Path(__file__).with_name("searching_playing.py")


def main() -> None:
    options = _options()
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-searching-")))
        before = check_out(options.commit, folder / "version")
        for kind, urls in databases(folder, until_the_end):
            if options.only and kind not in options.only:
                continue
            for name, checkout, url in (("before", before, urls[0]), ("now", ROOT, urls[1])):
                if name == "now" or not options.here:
                    told = _play(checkout, url, folder / kind / name, options) | {"load_of_the_machine": os.getloadavg()[0]}
                    _show(kind, name, told)
                    if options.keep:
                        _keep(options, kind, name, told)
            for file in folder.glob("*.sqlite*"):
                file.unlink()


def _keep(options: argparse.Namespace, kind: str, name: str, told: dict[str, Any]) -> None:
    """Writes it beside what was kept of the other databases and versions, where those had as many payments."""
    about = {"before": options.commit, "payments": options.payments, "companies": options.companies}
    file = RESULTS / ("failing.json" if options.failing else "searching.json")
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if any(results.get(key) != value for key, value in about.items()):
        results = dict(about)
    results.setdefault(kind, {})[name] = told
    file.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _play(checkout: Path, url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir(parents=True)
    asked = [url, str(folder), str(options.payments), str(options.companies), str(options.rounds)]
    asked += ["failing"] if options.failing else []
    done = subprocess.run(
        [sys.executable, "-P", str(PLAYED), *asked],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"It failed in {checkout.name}:\n{done.stderr[-3000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _show(kind: str, name: str, told: dict[str, Any]) -> None:
    print(f"\n{kind}, {name}")
    print(f"  {'ms, median and p95':<46} {'of the clock':>20} {'of the processor':>20}")
    for question, figures in told.get("questions", {}).items():
        clock, processor = (f"{of['median']:9.2f} {of['p95']:10.2f}" for of in (figures["clock_ms"], figures["processor_ms"]))
        print(f"  {question:<46} {clock} {processor} {figures['found']:6.1f} found")
    for other in ("open_failures", "figures_ms", "idle_sync", "learning"):
        if other in told:
            print(f"  {other}: {json.dumps(told[other])}")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make searching", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=40, help="of each kind of question; 0.1.0 is asked twice")
    parser.add_argument("--only", nargs="*", choices=["SQLite", "PostgreSQL"], help="this kind of database")
    parser.add_argument("--here", action="store_true", help="without the other version")
    parser.add_argument("--failing", action="store_true", help="only what is read of 10,000 open failures, in this version")
    parser.add_argument("--keep", action="store_true", help="write searching.json, or failing.json, under bench/results")
    options = parser.parse_args()
    if options.failing:
        options.payments, options.here = FAILING, True
    return options


if __name__ == "__main__":
    main()
