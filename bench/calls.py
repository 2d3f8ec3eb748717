"""`python -m bench.calls`: how many calls to the books payments cost, in this version and in another, in the same run.

Both play the same payments into each package: a day's healthy ones, one that fails, and the decision that ends it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, environment

RESULTS = Path(__file__).with_name("results") / "calls.json"
#: By package: what its books are here, and how many payments are played, of how many customers.
PACKAGES = {"quickbooks": ("QuickBooks Online", 1000, 80), "xero": ("Xero", 1000, 80), "tryton": ("Tryton", 40, 4)}
SCALED_TO = 1000
STEPS = {
    "healthy": "1,000 healthy payments",
    "quiet": "a sync with nothing new",
    "failure": "one failure, found in a sync",
    "decision": "one decision, carried out",
}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="resolve-now-calls-") as folder:
        before = check_out(options.commit, Path(folder))
        jobs = [(package, at) for package in options.packages for at in (before, ROOT)]
        with ThreadPoolExecutor(options.jobs) as pool:
            played = list(pool.map(lambda job: _play(job[0], job[1], options.payments), jobs))
    found = {
        package: {"payments": now["payments"], "customers": now["customers"], "before": _figures(then), "now": _figures(now)}
        for package, then, now in zip(options.packages, played[::2], played[1::2], strict=True)
    }
    print(table(options.commit, found))
    if options.keep:
        RESULTS.parent.mkdir(exist_ok=True)
        held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"packages": {}}
        kept = {"before": options.commit, "packages": held["packages"] | found}
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def table(commit: str, found: Mapping[str, Any]) -> str:
    """The figures in Markdown: reads and writes of each step, those of the other version first."""
    lines = [f"| calls | {commit}: reads | writes | now: reads | writes |", "| --- | --- | --- | --- | --- |"]
    for package, of in found.items():
        name = PACKAGES[package][0] + ("" if of["payments"] == SCALED_TO else f" ({of['payments']} played)")
        for step, words in STEPS.items():
            figures = [of[version][step][kind] for version in ("before", "now") for kind in ("reads", "writes")]
            lines.append(f"| {name}: {words} | " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    return "\n".join(lines)


def _figures(played: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Those of the healthy payments scaled to a thousand, beyond what each sync asks for in any case."""
    healthy, quiet = played["healthy"], played["quiet"]
    fixed = {kind: healthy["syncs"] * made for kind, made in quiet.items()}
    scaled = {kind: fixed[kind] + round((healthy[kind] - fixed[kind]) * SCALED_TO / played["payments"]) for kind in quiet}
    return {"healthy": scaled, "quiet": quiet, "failure": played["failure"], "decision": played["decision"]}


def _play(package: str, checkout: Path, payments: int | None) -> Mapping[str, Any]:
    """Plays in a process of its own, whose rooms are those of the checkout."""
    program = Path(__file__).with_name("calls_playing.py")
    _, many, customers = PACKAGES[package]
    words = [sys.executable, "-P", str(program), package, str(payments or many), str(customers)]
    said = subprocess.run(words, cwd=checkout, env=environment(checkout), check=True, stdout=subprocess.PIPE, text=True)
    found: Mapping[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make calls", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--packages", nargs="+", choices=PACKAGES, default=list(PACKAGES))
    asked.add_argument(
        "--payments", type=int, help="healthy ones in each package, scaled to a thousand (default 1,000; Tryton 40)"
    )
    asked.add_argument("--jobs", type=int, default=2, help="played side by side")
    asked.add_argument("--keep", action="store_true", help="write the figures of these packages to bench/results/calls.json")
    return asked.parse_args()


if __name__ == "__main__":
    main()
