"""Follows the recipe "Adding a cause" of CONTRIBUTING.md for an invented cause, in a copy of the project: `make recipes`.

The copy has every file that belongs to the project and uses this checkout's environment. It must end in a green check, and in
the tests that the recipe names. Where a place that the recipe names is no longer there, the recipe is no longer true.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from house import ROOT, files

CAUSE_FILE = '''\
"""The customer pays ahead: they leave money on account on purpose, and less is open on an invoice than they paid for it."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.patterns import a, above
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, nothing_but


@rule(
    Cause.PAID_AHEAD,
    when=(a("payment", unposted=True, on_account_minor=above(0)), a("line", flaw=Flaw.SHORT, unexplained_minor=above(0))),
    whole=(nothing_but(Flaw.SHORT),),
    certain=SAFE_TO_POST,
)
def paid_ahead(reading: Reading, matched: Matched) -> Finding:
    """The customer leaves money on account on purpose, and no later credit explains why an invoice has less open.

    Shows as: an invoice that has less open than was paid for it, in a payment with an intended rest.
    Happens when: a customer pays a round amount for what is due and for what is to come.
    Remedy: apply what fits and keep the rest on account.
    Prevention: let the customer say in the portal what a payment ahead is for.
    Not to be confused with: a credit memo that was applied after the customer paid.
    """
    because = observations.lines_with(reading, Flaw.SHORT)
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    short = diagnosis.primary.facts("invoice_short")[0]
    paid = phrases.amount(diagnosis, words)
    return f"The customer pays ahead: {paid} is more than {short.document} has open. The excess can be left unapplied."


CAUSE = CauseFile(Cause.PAID_AHEAD, title="Customer pays ahead", rules=(paid_ahead,), sentence=sentence)
'''
CASES = """\
- name: a rest is meant, and less is open
  fires: paid_ahead
  amount: 600
  lines: [{invoice: 1042, amount: 500, open: 300}]
  expect:
    remedy: keep_on_account
    confidence: certain
    alternatives: [retry, dismiss]
    facts: [invoice_short]
    sentence: >-
      The customer pays ahead: $600.00 is more than invoice 1042 has open. The excess can be left unapplied.

- name: no rest is meant
  near_miss_of: paid_ahead
  lines: [{invoice: 1042, amount: 500, open: 300}]
  expect: {cause: unidentified, remedy: recreate_receipt, confidence: unidentified}
"""
PLAY = """\
    Cause.PAID_AHEAD: (
        Play(Cause.PAID_AHEAD, Cause.PAID_AHEAD, before=_entered(20_000), paid_minor=60_000),
        # The same receipt on the invoice, and nothing is meant to stay on account.
        Play(Cause.PAID_AHEAD, Cause.UNIDENTIFIED, before=_entered(20_000)),
    ),
"""
ORACLE = """\
    def paid_ahead(self) -> Opinion | None:
        if self.e.payment.on_account_minor == 0:
            return None
        certain = self.can_post() and not self.may_be_this_money()
        return Opinion(Cause.PAID_AHEAD, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))

"""
RECIPE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Adding a cause")[2].partition("\n## ")[0]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="resolve-now-recipe-") as made:
        copy = Path(made) / "resolve-now"
        for name in files():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        _follow(copy)
        _check(copy)
    print("The recipe holds.")


def _follow(copy: Path) -> None:
    """Does what the recipe says, step by step."""
    _insert(copy, "receivables/diagnosis.py", '    PAYMENT_REFUNDED = "payment_refunded"\n', '    PAID_AHEAD = "paid_ahead"\n')
    _write(copy, "rules/causes/paid_ahead.py", CAUSE_FILE)
    _insert(copy, "rules/catalogue.py", '    "amount_differs",\n', '    "paid_ahead",\n')
    _write(copy, "tests/cases/paid_ahead.yaml", CASES)
    _insert(copy, "tests/cause_scenes.py", "PLAYS: Mapping[Cause, tuple[Play, Play]] = {\n", PLAY)
    _replace(
        copy, "tests/oracle.py", "self.credited() or self.overpaid()", "self.credited() or self.overpaid() or self.paid_ahead()"
    )
    _replace(copy, "tests/oracle.py", "    def overpaid(", f"{ORACLE}    def overpaid(")
    _replace(copy, "tests/generated_evidence.py", "rng.choice((0,) * 8 + (50,))", "rng.choice((0,) * 4 + (50,))")
    for page in ("docs/causes.py", "docs/connectors.py"):
        _named_in_the_recipe(page)
        _run(copy, sys.executable, page)


def _check(copy: Path) -> None:
    """What `make check` does, and the tests."""
    programs = Path(sys.executable).parent
    for words in ("ruff check", "ruff format --check", "mypy", "lint-imports"):
        program, *options = words.split()
        _run(copy, str(programs / program), *options)
    (named,) = re.findall(r'make test ARGS="([^"]*)"', RECIPE)
    tests = [str(path.relative_to(copy)) for pattern in named.split() for path in sorted(copy.glob(pattern))]
    _run(copy, sys.executable, "-m", "pytest", "-q", "-n", os.environ.get("JOBS", "2"), *tests)


def _insert(copy: Path, name: str, behind: str, text: str) -> None:
    _replace(copy, name, behind, behind + text)


def _replace(copy: Path, name: str, old: str, new: str) -> None:
    text = (copy / name).read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"{name} has {old.strip()!r} {text.count(old)} times: the recipe is no longer true")
    _write(copy, name, text.replace(old, new))


def _write(copy: Path, name: str, text: str) -> None:
    _named_in_the_recipe(name)
    (copy / name).write_text(text, encoding="utf-8")


def _named_in_the_recipe(name: str) -> None:
    if name.replace("paid_ahead", "<id>") not in RECIPE:
        raise SystemExit(f"a new cause needs {name}, and the recipe does not say so")


def _run(copy: Path, *words: str) -> None:
    print("$", *(word.replace(str(copy), ".") for word in words), flush=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(copy), str(copy / "tests")])}
    if subprocess.run(words, cwd=copy, env=environment, check=False).returncode:
        raise SystemExit("the recipe does not hold")


if __name__ == "__main__":
    main()
