"""How long a diagnosis takes, here and in another version, and whether both say the same of the same payments.

The evidence is that of `tests/generated_evidence.py`, from one seed. Each version runs in a process of its own; they take
turns, so that a busy machine slows both, and the fastest round of each counts, in seconds of the processor. Exit code 1
where they conclude differently (cause, remedy, alternatives, confidence, what it would touch, whether blocked).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, environment

DIFFERENCES_SHOWN = 3

#: Runs in each version, also in 0.1.0: it may use nothing of this file.
CHILD = """
import gc, json, random, sys, time
from generated_evidence import an_evidence_of
from rules import diagnose

seed, payments = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(seed)
evidence = [an_evidence_of(chance) for _ in range(payments)]
diagnose(evidence[0])  # builds the engine
gc.freeze()  # the evidence is not the diagnosis's to count
took, found = 0.0, []
for each in evidence:
    began = time.process_time()
    said = diagnose(each)
    took += time.process_time() - began
    found.append([
        [f.cause, f.rule, f.remedy, f.confidence, f.alternatives, f.applications, f.successors, f.proof, bool(f.blocked)]
        for f in (said.primary, *said.runners_up)
    ])
json.dump({"seconds": took, "found": found}, sys.stdout)
"""


def main() -> int:
    """Prints milliseconds for each diagnosis, and how many times faster this version is."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="resolve-now-diagnosing-") as made:
        versions = {"this checkout": ROOT, options.commit: check_out(options.commit, Path(made))}
        rounds: list[list[Any]] = [[_round(where, options) for where in versions.values()] for _ in range(options.rounds)]
    here, there = (min(ran[place]["seconds"] for ran in rounds) for place in range(2))
    for name, seconds in zip(versions, (here, there), strict=True):
        print(f"{1000 * seconds / options.payments:7.3f} ms for each diagnosis in {name}")
    print(f"{there / here:7.2f} times faster here; {options.payments:,} payments, {options.rounds} rounds each")
    return _compared(*(ran["found"] for ran in rounds[0]))


def _compared(here: list[Any], there: list[Any]) -> int:
    differ = [(number, *both) for number, both in enumerate(zip(here, there, strict=True)) if both[0] != both[1]]
    print(f"{len(differ):7} diagnosed differently")
    for number, ours, theirs in differ[:DIFFERENCES_SHOWN]:
        print(f"        payment {number}: {json.dumps(theirs)} became {json.dumps(ours)}")
    return 1 if differ else 0


def _round(where: Path, options: argparse.Namespace) -> Any:
    command = [sys.executable, "-P", "-c", CHILD, str(options.seed), str(options.payments)]
    ran = subprocess.run(command, cwd=where, env=environment(where), check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make diagnosing", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--payments", type=int, default=2_000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seed", type=int, default=1)
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
