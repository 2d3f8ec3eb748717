"""Every test is run by `make test` or by `make slow`, none by both; and what is slow is so by what it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import slow
from house import ROOT
from test_house_skips import run

MARKS = re.compile(r"\bmark\.slow\b|\bslow\.those\(")
TWO = "import pytest\n\n@pytest.mark.slow\ndef test_it() -> None: ...\n\ndef test_the_other() -> None: ...\n"


def commands() -> dict[str, str]:
    """What each of the two commands asks of pytest."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name: re.findall(rf"(?m)^{name}: .*\n.*\n.* -m pytest (.*)$", makefile)[0] for name in ("test", "slow")}


def test_the_two_commands_differ_in_one_word_and_leave_nothing_out() -> None:
    asked = commands()
    assert asked["slow"].replace("-m slow", '-m "not slow"') == asked["test"]
    left_out = re.compile(r"-k|--ignore|--deselect|-m \S*(?: and| or)")
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert [] == [text for text in (*asked.values(), options["addopts"]) if left_out.search(text)]
    assert "\nmake test\nmake slow\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_only_the_listed_files_mark_a_test_as_slow_and_each_of_them_does() -> None:
    marking = {path.name for path in (ROOT / "tests").glob("test_*.py") if MARKS.search(path.read_text(encoding="utf-8"))}
    assert set(slow.FILES) == marking - {Path(__file__).name}


def test_a_run_ends_by_saying_what_it_left_to_the_other_command(tmp_path: Path) -> None:
    assert 0 == run(tmp_path, TWO, "-m", "not slow", "-o", "markers=slow", require_all=True)
    assert slow.left_out(1) == (tmp_path / "out").read_text(encoding="utf-8").splitlines()[-1]
