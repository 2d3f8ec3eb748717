"""How long a diagnosis takes, here, in another version and in the bare rules engine, and how often both versions say the same.

The other version generates the evidence from one seed (`tests/generated_evidence.py`) and writes it as it stores it; both
read that. The bare engine judges our checked rows of the same payments by our rules, one batch each, in the library's own
loop, with actions that only note what fired: the least that durable_rules costs anybody. All take turns, each in a process of
its own, so that a busy machine slows all, and the median round of each counts, in seconds of the processor. Exit code 1 where
this checkout is not faster than the other by `--at-least`, and with `--same` where both conclude differently (cause, remedy,
alternatives, confidence, what it would touch, whether blocked).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench.versions import COMMIT, ROOT, check_out, command, environment, turns

RESULTS = Path(__file__).with_name("results") / "diagnosing.json"
FASTER = 2.0  # so many times at least
OF_RAW = 0.65  # to reach: so much of what the bare engine does in a second
A_SECOND = 800  # to reach, on a quiet processor
DIFFERENCES_SHOWN = 5

#: Both run in processes whose rooms are those of one version, also 0.1.0: they may use nothing of this file.
GENERATOR = """
import json, random, sys
from generated_evidence import an_evidence_of
from storage.codec import evidence_to_json

chance = random.Random(int(sys.argv[1]))
json.dump([evidence_to_json(an_evidence_of(chance)) for _ in range(int(sys.argv[2]))], sys.stdout)
"""
ROUNDS = """
gc.freeze()  # the evidence is not the diagnosis's to count
for _ in sys.stdin:
    began = time.process_time()
    for each in evidence:
        judge(each)
    print(time.process_time() - began, flush=True)
"""
JUDGE = """
import gc, json, sys, time
from rules import diagnose as judge
from storage.codec import evidence_from_json

with open(sys.argv[1]) as written:
    evidence = [evidence_from_json(body) for body in json.load(written)]
said = [judge(each) for each in evidence]
print(json.dumps([[
    [f.cause, f.rule, f.remedy, f.confidence, f.alternatives, f.applications, f.successors, f.proof, bool(f.blocked)]
    for f in (found.primary, *found.runners_up)
] for found in said]), flush=True)
del said
""" + ROUNDS  # fmt: skip
RAW = """
import gc, json, sys, time
from durable import engine
from rules.cage import LAST, NEVER, RULESET, SID, checked, compiled
from rules.catalogue import ENGINE_RULES
from rules.reading import read
from rules.rows import SCHEMA, rows_of
from storage.codec import evidence_from_json

class Host(engine.Host):
    def _run(self):
        pass  # its two threads steal what fired

def noting(rule):
    return lambda closure: fired.append((rule, closure._m))

fired, rules = [], {f"r_{n}": compiled(rule, n) for n, rule in enumerate(ENGINE_RULES, start=1)}
rules["sink"] = {"all": [{"n": {"k": NEVER}}, {"x": {"$ex": {"k": 1}}}], "pri": 60_001}
rules["first"] = {"all": [{LAST: {"k": LAST}}], "pri": 60_000}  # a state on which nothing fired must not be deleted
host = Host({RULESET: {name: {**json.loads(json.dumps(rule)), "run": noting(name)} for name, rule in rules.items()}})

def judge(facts):
    fired.clear()
    host.assert_facts(RULESET, facts)
    host.delete_state(RULESET, SID)

with open(sys.argv[1]) as written:
    evidence = [checked(rows_of(read(evidence_from_json(body))), SCHEMA) for body in json.load(written)]
for each in evidence:
    judge(each)
print(len(ENGINE_RULES), flush=True)
""" + ROUNDS  # fmt: skip


def main() -> int:
    """Prints milliseconds for each diagnosis, how many times faster this version is, and what it says differently."""
    options = _options()
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="resolve-now-diagnosing-")))
        other, written = check_out(options.commit, folder / "other"), folder / "evidence.json"
        written.write_text(_run(other, GENERATOR, str(options.seed), str(options.payments)))
        programs = ((ROOT, JUDGE), (other, JUDGE), (ROOT, RAW))
        judges = [until_the_end.enter_context(turns(where, program, str(written))) for where, program in programs]
        ours, theirs, rules = (json.loads(judge.line()) for judge in judges)
        rounds = [[judge.once() for judge in judges] for _ in range(options.rounds)]
    figures = _figures(rounds, options.payments) | {"rules": rules, "load": round(os.getloadavg()[0], 1)}
    for name in ("now", options.commit, "raw"):
        of = figures["before" if name == options.commit else name]
        print(f"{of['milliseconds']:7.3f} ms ({of['least']:.3f} to {of['most']:.3f}) for each diagnosis: {name}")
    print(f"{figures['faster']:7.2f} times faster here; {options.payments:,} payments, {options.rounds} rounds each")
    print(
        f"{figures['of_raw']:7.2f} of the bare engine, to reach {OF_RAW}; {figures['a_second']:,} a second, to reach {A_SECOND}"
    )
    same = _compared(ours, theirs)
    if options.keep:
        kept = {"commit": options.commit, "python": sys.version.split()[0], "payments": options.payments, "seed": options.seed}
        RESULTS.write_text(json.dumps(kept | {"rounds": options.rounds} | figures, indent=2) + "\n", encoding="utf-8")
    return 0 if figures["faster"] >= options.at_least and (same or not options.same) else 1


def _figures(rounds: list[list[float]], payments: int) -> dict[str, Any]:
    """The median, quickest and slowest round of each, in milliseconds a diagnosis; a ratio is that of the medians."""
    figures: dict[str, Any] = {}
    for name, seconds in zip(("now", "before", "raw"), zip(*rounds, strict=True), strict=True):
        each = [1000 * of / payments for of in seconds]
        figures[name] = {"milliseconds": round(median(each), 4), "least": round(min(each), 4), "most": round(max(each), 4)}
    now = figures["now"]["milliseconds"]
    ratios = {
        "faster": round(figures["before"]["milliseconds"] / now, 2),
        "of_raw": round(figures["raw"]["milliseconds"] / now, 3),
    }
    return figures | ratios | {"a_second": round(1000 / now), "a_second_at_best": round(1000 / figures["now"]["least"])}


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
    asked.add_argument("--keep", action="store_true", help="write the figures to bench/results/diagnosing.json")
    asked.add_argument("--same", action="store_true", help="fail where both conclude differently")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
