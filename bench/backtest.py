"""What this version says of the evidence that an older one stored, beside what that one says of it.

Both versions judge the same evidence, each in a process of its own: is anything in the way of posting, and what is the
diagnosis? Every difference is listed with its reason. Exit code 1 where one has none.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from bench.versions import COMMIT, ROOT, check_out, command, environment

DUMP = ROOT / "tests" / "fixtures" / "resolve_now_0_1_0.sqlite.sql"

#: Runs in a process whose rooms are those of one version, also 0.1.0: it may use nothing of this file.
JUDGE = """
import json, sys
from rules import diagnose
from storage.codec import evidence_from_json
try:
    from rules import obstacles
except ImportError:
    from sync.judging import obstacles

said = []
for body in json.load(sys.stdin):
    evidence = evidence_from_json(body)
    found = diagnose(evidence).primary
    in_the_way = " ".join(sorted({str(each.code) for each in obstacles(evidence)})) or "posts"
    said.append([in_the_way, str(found.cause), str(found.remedy), str(found.confidence)])
json.dump(said, sys.stdout)
"""


class Said(NamedTuple):
    """What a version says of one payment: the kinds of obstacles (or "posts"), and its diagnosis."""

    in_the_way: str
    cause: str
    remedy: str
    confidence: str

    def __str__(self) -> str:
        return f"[{self.in_the_way}] {self.cause}, {self.confidence}: {self.remedy}"


@dataclass(frozen=True)
class Reason:
    """Why a difference is meant, and which: patterns of what both versions say."""

    why: str
    before: str
    now: str

    def covers(self, before: Said, now: Said) -> bool:
        return fnmatch(str(before), self.before) and fnmatch(str(now), self.now)


#: In a pattern a bracket would begin a class of characters: `?` stands for it.
REASONS = (
    Reason(
        "A receipt with our mark is ours: it is in the way once, as already posted, and not again as one entered by hand.",
        "?already_posted*receipt_found*",
        "?already_posted*",
    ),
    Reason(
        "The receipt carries no number of the payment, its payout or its deposit: amount, customer and invoice alone are likely.",
        "?receipt_found short? receipt_already_entered, certain: dismiss",
        "?receipt_found short? receipt_already_entered, likely: dismiss",
    ),
    Reason(
        "A month that was closed stays closed: the payment is recorded on the first open day, with its own day in the memo.",
        "*period_closed*? period_closed, certain: retry",
        "*period_closed*? period_closed, certain: post_on_open_day",
    ),
    Reason(
        "Money on account that somebody applied to an invoice is what was hoped for: the next sync takes it up as it is, and the "
        "failure ends.",
        "?already_posted*? receipt_changed, certain: escalate",
        "?already_posted*? unidentified, unidentified: escalate",
    ),
    Reason(
        "More was paid than the invoice is for: that has a cause of its own.",
        "?short? amount_differs, certain: keep_on_account",
        "?short? overpayment, certain: keep_on_account",
    ),
)


def main() -> int:
    """Prints how many are judged alike, each kind of difference with its payments, and the reason for it."""
    asked = argparse.ArgumentParser(prog="make backtest", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the version that stored it (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--dump", type=Path, default=DUMP, help="its database, as SQL for SQLite")
    options = asked.parse_args()
    stored = list(_stored(options.dump))
    with tempfile.TemporaryDirectory() as folder:
        before = _judged(check_out(options.commit, Path(folder) / "before"), [body for _, body in stored])
    now = _judged(ROOT, [body for _, body in stored])
    differ: dict[tuple[Said, Said], list[str]] = {}
    for (number, _), was, became in zip(stored, before, now, strict=True):
        if was != became:
            differ.setdefault((was, became), []).append(number)
    alike = len(stored) - sum(len(numbers) for numbers in differ.values())
    print(f"{len(stored)} stored evidences, {alike} judged alike")
    unexplained = 0
    for (was, became), numbers in sorted(differ.items()):
        why = next((reason.why for reason in REASONS if reason.covers(was, became)), "")
        unexplained += not why
        print(
            f"\n{', '.join(dict.fromkeys(numbers))}\n  before  {was}\n  now     {became}\n  because {why or 'NO REASON IS KNOWN'}"
        )
    return 1 if unexplained else 0


def _stored(dump: Path) -> Iterator[tuple[str, object]]:
    """Transaction number and body of every evidence, oldest first."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(dump.read_text(encoding="utf-8"))
    for (body,) in connection.execute("SELECT body FROM evidence ORDER BY company, taken_at, id"):
        evidence = json.loads(body)
        yield evidence["payment"]["transaction_number"], evidence
    connection.close()


def _judged(checkout: Path, bodies: list[object]) -> list[Said]:
    """What the version in that folder says of each."""
    ran = subprocess.run(
        command(JUDGE),
        cwd=checkout,
        env=environment(checkout),
        input=json.dumps(bodies),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [Said(*said) for said in json.loads(ran.stdout)]


if __name__ == "__main__":
    sys.exit(main())
