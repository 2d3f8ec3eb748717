"""`python -m bench.flight`: healthy payments into books that take 50 ms a call, with one call on its way and with several.

0.1.0 plays the same payments beside them. `in_a_row` is the longest row of calls that wait for each other: what a busy machine
does not change. The stand-in answers from the same process: `own_cpu_seconds` are without its threads, and `apart_seconds` are
what our own processor time and the calls in a row come to where the package has a processor of its own. No limit of calls a
minute is kept here: with Xero's sixty a minute, more calls at once end a minute sooner only within those sixty.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, environment

RESULTS = Path(__file__).with_name("results") / "flight.json"
TO_REACH = 2.0  # times as fast as with one call on its way
PACKAGES = {"xero": "Xero", "quickbooks": "QuickBooks Online"}
CLIENTS = {"xero": "xero-python", "quickbooks": "python-quickbooks"}
SECONDS_A_CALL = 0.05
FIGURES = ("seconds", "cpu_seconds", "own_cpu_seconds", "apart_seconds", "calls", "in_a_row", "most_in_flight")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="resolve-now-flight-") as folder:
        before = check_out(options.commit, Path(folder))
        ways = {options.commit: (before, "now"), "one on its way": (ROOT, "one"), "several": (ROOT, "now")}
        found = {package: _in_turns(ways, package, options) for package in options.packages}
    if options.clients:
        for package, of in found.items():
            of["client in a loop"] = {"client": CLIENTS[package], **_loop(options.clients, package, options.payments)}
    print(f"| {options.payments} payments | played as | " + " | ".join(FIGURES) + " |\n|" + " --- |" * (len(FIGURES) + 2))
    for package, of in found.items():
        for way in ways:
            print(f"| {PACKAGES[package]} | {way} | " + " | ".join(f"{of[way][figure]:,}" for figure in FIGURES) + " |")
        told = f"{of['faster']:.2f} times as fast as with one on its way, {of['fewer_in_a_row']:.2f} by the calls in a row"
        told += f", {of['faster_apart']:.2f} with the package's processor apart"
        print(f"{PACKAGES[package]}: {told} (to reach: {TO_REACH})")
        if options.clients:
            print(f"{CLIENTS[package]} in a loop: {of['client in a loop']}")
    if options.keep:
        kept = {
            "before": options.commit,
            "seconds_a_call": SECONDS_A_CALL,
            "payments": options.payments,
            "rounds": options.rounds,
        }
        kept |= {"python": sys.version.split()[0], "load": round(os.getloadavg()[0], 1), "packages": found}
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def _in_turns(ways: Mapping[str, tuple[Path, str]], package: str, options: argparse.Namespace) -> dict[str, Any]:
    """The median of each figure; how much faster several are, as the clock saw it and by the calls in a row alone."""
    rounds = [{way: _play(*at, package, options) for way, at in ways.items()} for _ in range(options.rounds)]
    found: dict[str, Any] = {
        way: {figure: median(played[way][figure] for played in rounds) for figure in FIGURES} for way in ways
    }
    alone, several = found["one on its way"], found["several"]
    fewer = round(alone["in_a_row"] / several["in_a_row"], 2)
    faster, apart = (round(alone[figure] / several[figure], 2) for figure in ("seconds", "apart_seconds"))
    return found | {"faster": faster, "faster_apart": apart, "fewer_in_a_row": fewer}


def _play(checkout: Path, way: str, package: str, options: argparse.Namespace) -> Mapping[str, Any]:
    """Plays in a process of its own, whose rooms are those of the checkout."""
    program = Path(__file__).with_name("flight_playing.py")
    words = [sys.executable, str(program), way, package, str(options.payments), str(options.customers), str(SECONDS_A_CALL)]
    said = subprocess.run(words, cwd=checkout, env=environment(checkout), check=True, stdout=subprocess.PIPE, text=True)
    found: Mapping[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def _loop(python: str, package: str, payments: int) -> Mapping[str, Any]:
    """What a loop over a client library takes for the same number of payments, which it only sends."""
    program = Path(__file__).with_name("flight_clients.py")
    words = [sys.executable, str(program), python, package, str(payments), str(SECONDS_A_CALL)]
    said = subprocess.run(words, cwd=ROOT, env=environment(ROOT), check=True, stdout=subprocess.PIPE, text=True)
    found: Mapping[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make flight", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--packages", nargs="+", choices=PACKAGES, default=list(PACKAGES))
    asked.add_argument("--payments", type=int, default=1000)
    asked.add_argument("--customers", type=int, default=80)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--clients", help="a Python that has python-quickbooks and xero-python, to play a loop over each as well")
    asked.add_argument("--keep", action="store_true", help="write the figures to bench/results/flight.json")
    return asked.parse_args()


if __name__ == "__main__":
    main()
