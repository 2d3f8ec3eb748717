"""`init`: five answers become a configuration that loads, books to try it on, and the findings of doctor."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from command_line import CHECKOUT, child_environment, read_rows
from typer.testing import CliRunner, Result

from accounting.registry import CONNECTORS
from app.first_file import Answers
from app.main import app
from app.settings import load_settings

ANSWERS = {
    "--name": "Acme Networks",
    "--time-zone": "America/Chicago",
    "--start-on": "2026-01-01",
    "--books": "embedded",
    "--person": "Dana Reyes",
}


def init(folder: Path, **others: str) -> Result:
    """The command with all its options, in this process."""
    given = ANSWERS | {f"--{name.replace('_', '-')}": value for name, value in others.items()}
    words = [word for option in given.items() if option[1] for word in option]
    return CliRunner().invoke(app, ["--config", str(folder / "resolve-now.toml"), "init", *words])


def in_doctor(ran: Result) -> list[str]:
    return [line for line in ran.output.splitlines() if line.startswith(("works ", "warning ", "broken "))]


def test_practice_books_and_payments_are_ready_to_try(tmp_path: Path) -> None:
    ran = init(tmp_path)
    assert 0 == ran.exit_code, ran.output
    assert not [line for line in in_doctor(ran) if line.startswith("broken")]
    assert ran.output.endswith("Nothing is broken; see 3 warnings above.\n")
    settings = load_settings(tmp_path / "resolve-now.toml", {})
    assert ("acme-networks", False) == (settings.companies[0].id, settings.companies[0].company.writes)
    assert {"acme-networks"} == {right.company for right in settings.people["dana-reyes"].rights}
    command = ["--config", str(tmp_path / "resolve-now.toml")]
    assert 0 == CliRunner().invoke(app, [*command, "import", str(tmp_path / "practice-payments.csv")]).exit_code
    previewed = CliRunner().invoke(app, [*command, "sync", "--dry-run"]).output
    assert (2, 1) == (previewed.count(" post "), previewed.count(" fail "))


@pytest.mark.parametrize("kind", [kind for kind in CONNECTORS if kind != "embedded"])
def test_books_elsewhere_begin_with_what_their_connector_needs(tmp_path: Path, kind: str) -> None:
    ran = init(tmp_path, books=kind)
    assert 1 == ran.exit_code, ran.output
    assert kind == load_settings(tmp_path / "resolve-now.toml", {}).companies[0].books.kind
    assert in_doctor(ran)
    assert ["resolve-now.sqlite", "resolve-now.toml"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["resolve-now.toml", "acme-networks-books.sqlite", "practice-payments.csv"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine", encoding="utf-8")
    ran = init(tmp_path)
    assert f"{taken} is there already" in str(ran.exception)
    assert {taken: "mine"} == {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"time_zone": "Chicago"}, "--time-zone: 'Chicago' is not a time zone"),
        ({"start_on": "1 March"}, "--start-on: '1 March' is not a date"),
        ({"books": "sage"}, "--books: 'sage' is not a kind of books"),
        ({"person": " "}, "--person: Write a name"),
        ({"name": "", "books": ""}, "There is no terminal to ask on. Answer beforehand with --name and --books."),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_by_its_option(tmp_path: Path, answer: dict[str, str], told: str) -> None:
    assert str(init(tmp_path, **answer).exception).startswith(told)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ['Bea "B" \\ Sons', "Ünïcode & Søn", "---", "A" * 190, "Tab\u007fbed"])
def test_whatever_a_company_is_called_the_file_says_it(name: str) -> None:
    made = Answers(name, "UTC", date(2026, 1, 1), "embedded", name)
    company: dict[str, Any] = tomllib.loads(made.text())["company"][0]
    assert name == company["name"]
    assert company["id"]


def test_at_a_terminal_five_questions_are_asked_and_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    config = tmp_path / "resolve-now.toml"
    with subprocess.Popen(
        [sys.executable, "-m", "app.main", "--config", str(config), "init"],
        cwd=CHECKOUT,
        env=child_environment({}),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.write(ours, b"Acme\nChicago\nAmerica/Chicago\n2026-01-01\n\nDana Reyes\n")
        said, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert 0 == process.returncode, said
    assert "'Chicago' is not a time zone. Write an IANA name such as America/Chicago." in said
    assert 3 == len(read_rows(tmp_path / "acme-books.sqlite", "SELECT id FROM invoices"))
