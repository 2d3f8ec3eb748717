"""`python -m bench.pressing`: how long 20 presses a second wait while a sync of 1,000 payments runs and 200 cards wait.

On both kinds of database; `--keep` writes what was found into bench/results/pressing.json.
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

from bench.versions import ROOT, databases, environment

RESULTS = Path(__file__).with_name("results") / "pressing.json"
PLAYED = Path(__file__).with_name("pressing_playing.py")


def main() -> None:
    options = _options()
    given = {"payments": options.payments, "waiting": options.waiting, "a_second": options.a_second}
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-pressing-")))
        for kind, (_, url) in databases(folder, until_the_end):
            if options.only and kind not in options.only:
                continue
            told = _play(url, given) | {"load_of_the_machine": os.getloadavg()[0]}
            print(kind, json.dumps(told, indent=2), sep="\n", flush=True)
            if options.keep:
                _keep(kind, given, told)


def _play(url: str, given: dict[str, Any]) -> dict[str, Any]:
    asked = [url, *map(str, given.values())]
    command = [sys.executable, "-P", str(PLAYED), *asked]
    done = subprocess.run(command, cwd=ROOT, env=environment(ROOT), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"It failed:\n{done.stderr[-3000:]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _keep(kind: str, given: dict[str, Any], told: dict[str, Any]) -> None:
    """Writes it beside what was kept of the other database, where that was as many."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if any(results.get(key) != value for key, value in given.items()):
        results = dict(given)
    results[kind] = told
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pressing", description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000)
    parser.add_argument("--waiting", type=int, default=200)
    parser.add_argument("--a-second", type=int, default=20)
    parser.add_argument("--only", nargs="*", choices=["SQLite", "PostgreSQL"])
    parser.add_argument("--keep", action="store_true", help="write the result beside the others")
    return parser.parse_args()


if __name__ == "__main__":
    main()
