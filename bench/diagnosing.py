"""How long a diagnosis takes, here and in another checkout, and whether both say the same of the same payments.

    python -m bench.diagnosing [CHECKOUT] [--payments 2000] [--rounds 5] [--seed 1]

The evidence is that of `tests/generated_evidence.py`, from one seed. Each checkout runs in a process of its own; they take
turns, so that a busy machine slows both, and the fastest round of each counts, in seconds of the processor. Exit code 1
where two checkouts conclude differently (cause, remedy, alternatives, confidence, what it would touch, whether blocked).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
DIFFERENCES_SHOWN = 3

#: Runs in each checkout, also in one of version 0.1.0: it may use nothing of this file.
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
    """Prints milliseconds for each diagnosis; with two checkouts also how many times faster this one is."""
    options = _options()
    checkouts = [HERE] if options.checkout is None else [HERE, options.checkout.resolve()]
    rounds: list[list[Any]] = [[_round(where, options) for where in checkouts] for _ in range(options.rounds)]
    fastest = [min(ran[place]["seconds"] for ran in rounds) for place in range(len(checkouts))]
    for where, seconds in zip(checkouts, fastest, strict=True):
        print(f"{1000 * seconds / options.payments:7.3f} ms for each diagnosis in {where.name}")
    if len(checkouts) == 1:
        return 0
    print(f"{fastest[1] / fastest[0]:7.2f} times faster here; {options.payments:,} payments, {options.rounds} rounds each")
    return _compared(*(ran["found"] for ran in rounds[0]))


def _compared(here: list[Any], there: list[Any]) -> int:
    differ = [(number, *both) for number, both in enumerate(zip(here, there, strict=True)) if both[0] != both[1]]
    print(f"{len(differ):7} diagnosed differently")
    for number, ours, theirs in differ[:DIFFERENCES_SHOWN]:
        print(f"        payment {number}: {json.dumps(theirs)} became {json.dumps(ours)}")
    return 1 if differ else 0


def _round(where: Path, options: argparse.Namespace) -> Any:
    command = [str(where / ".venv" / "bin" / "python"), "-c", CHILD, str(options.seed), str(options.payments)]
    paths = {"PYTHONPATH": f"{where}:{where / 'tests'}"}
    ran = subprocess.run(command, cwd=where, env=os.environ | paths, check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m bench.diagnosing", description=(__doc__ or "").split("\n\n")[0])
    asked.add_argument("checkout", nargs="?", type=Path, help="another checkout with an environment of its own in .venv")
    asked.add_argument("--payments", type=int, default=2_000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seed", type=int, default=1)
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
