"""How long a diagnosis takes, here and in another version, and how often both say the same of the same payments.

The other version generates the evidence from one seed (`tests/generated_evidence.py`) and writes it as it stores it; both
read that. They take turns, each in a process of its own, so that a busy machine slows both, and the median round of each
counts, in seconds of the processor. Exit code 1 where this checkout is not faster by `--at-least`, and with `--same` where
both conclude differently (cause, remedy, alternatives, confidence, what it would touch, whether blocked).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, command, environment, turns

FASTER = 2.0  # so many times at least
DIFFERENCES_SHOWN = 5

#: Both run in processes whose rooms are those of one version, also 0.1.0: they may use nothing of this file.
GENERATOR = """
import json, random, sys
from generated_evidence import an_evidence_of
from storage.codec import evidence_to_json

chance = random.Random(int(sys.argv[1]))
json.dump([evidence_to_json(an_evidence_of(chance)) for _ in range(int(sys.argv[2]))], sys.stdout)
"""
JUDGE = """
import gc, json, sys, time
from rules import diagnose
from storage.codec import evidence_from_json

with open(sys.argv[1]) as written:
    evidence = [evidence_from_json(body) for body in json.load(written)]
said = [diagnose(each) for each in evidence]
gc.freeze()  # the evidence is not the diagnosis's to count
print(json.dumps([[
    [f.cause, f.rule, f.remedy, f.confidence, f.alternatives, f.applications, f.successors, f.proof, bool(f.blocked)]
    for f in (found.primary, *found.runners_up)
] for found in said]), flush=True)
for _ in sys.stdin:
    began = time.process_time()
    for each in evidence:
        diagnose(each)
    print(time.process_time() - began, flush=True)
"""


def main() -> int:
    """Prints milliseconds for each diagnosis, how many times faster this version is, and what it says differently."""
    options = _options()
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-diagnosing-")))
        other, written = check_out(options.commit, folder / "other"), folder / "evidence.json"
        written.write_text(_run(other, GENERATOR, str(options.seed), str(options.payments)))
        judges = [until_the_end.enter_context(turns(where, JUDGE, str(written))) for where in (ROOT, other)]
        ours, theirs = (json.loads(judge.line()) for judge in judges)
        rounds = [[judge.once() for judge in judges] for _ in range(options.rounds)]
    here, there = (median(seconds) for seconds in zip(*rounds, strict=True))
    for name, seconds in (("this checkout", here), (options.commit, there)):
        print(f"{1000 * seconds / options.payments:7.3f} ms for each diagnosis in {name}")
    print(f"{there / here:7.2f} times faster here; {options.payments:,} payments, {options.rounds} rounds each")
    same = _compared(ours, theirs)
    return 0 if there >= options.at_least * here and (same or not options.same) else 1


def _compared(ours: list[Any], theirs: list[Any]) -> bool:
    differ = [(number, *both) for number, both in enumerate(zip(theirs, ours, strict=True)) if both[0] != both[1]]
    print(f"{len(differ):7} diagnosed differently")
    changes = Counter((before[0][0], after[0][0]) for _, before, after in differ if before[0][0] != after[0][0])
    for (before, after), times in changes.most_common(DIFFERENCES_SHOWN):
        print(f"{times:7} {before} became {after}")
    for number, before, after in differ[:DIFFERENCES_SHOWN] if not changes else ():
        print(f"        payment {number}: {json.dumps(before)} became {json.dumps(after)}")
    return not differ


def _run(where: Path, program: str, *arguments: str) -> str:
    return subprocess.run(
        command(program, *arguments), cwd=where, env=environment(where), check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make diagnosing", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--payments", type=int, default=1_000)
    asked.add_argument("--rounds", type=int, default=11)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--at-least", type=float, default=FASTER, help=f"so many times as fast (default {FASTER})")
    asked.add_argument("--same", action="store_true", help="fail where both conclude differently")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
