"""`python -m bench.load`: what many idle or hung companies, presses and years of history cost, here and in version 0.1.0.

Each piece is played in a process of its own, the versions in turns.
The soak is of 100,000 payments, of a million with SOAK=1, or of as many as are said: SOAK=20000.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, environment

RESULTS = ROOT / "bench" / "results" / "load.json"
SOAK = {"": 100_000, "1": 1_000_000}.get(os.environ.get("SOAK", "")) or int(os.environ["SOAK"])
#: What is played: its name, the piece, what it is given, and whether 0.1.0 can play it in a bearable time.
PLAYED = (
    ("500 idle companies, 40 s", "idle", (500, 40), True),
    ("10 companies, none hung, 45 s", "hung", (10, 0, 45), True),
    ("10 companies, 5 hung, 45 s", "hung", (10, 5, 45), True),
    ("20 companies, 10 hung, 45 s", "hung", (20, 10, 45), False),
    ("20 presses a second during a sync of 1,000", "presses", (1_000, 20), True),
    ("idle sync, 1,000 payments before", "history", (1_000, 5), True),
    ("idle sync, 100,000 payments before", "history", (100_000, 5), True),
    (f"soak of {SOAK:,} payments", "soak", (SOAK, min(1_000, SOAK // 20), 500), False),
)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        checkouts = {"here": ROOT, COMMIT: check_out(COMMIT, Path(folder) / COMMIT)}
        for name, piece, given, both in PLAYED:
            if options.pieces and piece not in options.pieces:
                continue
            for version, checkout in checkouts.items():
                if version == "here" or (both and not options.here):
                    _keep(name, version, _play(checkout, piece, given) | {"load_of_the_machine": os.getloadavg()[0]})


def _keep(name: str, version: str, found: dict[str, Any]) -> None:
    """Writes it beside what was kept of the other pieces and versions."""
    print(name, version, json.dumps(found, indent=2), sep="\n", flush=True)
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results.setdefault(name, {})[version] = found
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _play(checkout: Path, piece: str, given: tuple[int, ...]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        kept = environment(checkout)
        kept["PYTHONPATH"] = os.pathsep.join([kept["PYTHONPATH"], str(ROOT / "tests")])
        program = str(ROOT / "bench" / "load_playing.py")
        command = [sys.executable, "-P", program, piece, folder, *map(str, given)]
        done = subprocess.run(command, env=kept, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{piece} failed in {checkout.name}:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--pieces", nargs="*", choices=sorted({piece for _, piece, _, _ in PLAYED}), help="only these")
    parser.add_argument("--here", action="store_true", help="without 0.1.0")
    return parser.parse_args()


if __name__ == "__main__":
    main()
