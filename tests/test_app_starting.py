"""How the command line starts: help, the version and completion wait for no room, and each command loads what it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest
from house import ROOT, product

from app.main import COMMANDS, loaded

#: What each of the first takes a good part of a second to import.
HEAVY = set("alembic apscheduler authlib babel durable httpx2 openpyxl procrastinate slack_bolt sqlalchemy stripe".split())
RUN = """\
import json, sys
sys.argv = ["resolve-now", *sys.argv[1:]]
from app.main import main
try:
    main()
except SystemExit as ended:
    print(json.dumps([ended.code, sorted(sys.modules)]), file=sys.stderr)
"""
NAMED = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell is named, as where none can be found out
SHELL = {"_RESOLVE_NOW_COMPLETE": "complete_bash", "COMP_CWORD": "1"}


def started(*words: str, **environment: str) -> tuple[str, set[str]]:
    """What the command says in a process of its own, and every module that it has loaded by then."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RESOLVE_NOW_")}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", RUN, *words],
        cwd=ROOT,
        env=ours | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(ran.stderr.splitlines()[-1])
    assert code in (0, None)
    return ran.stdout, set(modules)


def rooms_of(modules: set[str]) -> set[str]:
    rooms = {source.room for source in product()}
    return {name for name in modules if name.partition(".")[0] in rooms}


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        pytest.param(("--help",), {}, "Prove that every portal payment we know of", id="help"),
        pytest.param(("--version",), {}, "resolve-now ", id="version"),
        pytest.param(("--show-completion", "bash"), NAMED, "complete -o", id="script"),
        pytest.param((), SHELL | {"COMP_WORDS": "resolve-now rec"}, "reconcile", id="completion"),
    ],
)
def test_no_room_is_loaded_before_a_command_is_run(words: tuple[str, ...], environment: dict[str, str], said: str) -> None:
    out, modules = started(*words, **environment)
    assert said in out
    assert {"app", "app.main", "receivables", "receivables.errors", "receivables.refusal"} == rooms_of(modules)
    assert set() == HEAVY & modules


def test_what_a_command_takes_is_known_without_the_rooms_that_do_it() -> None:
    """So that its help, and the completion of its options, wait for none of them; all commands, in one process."""
    modules = loaded_by("from app.main import COMMANDS, loaded\nfor name in COMMANDS: loaded(name)")
    assert {"babel"} >= HEAVY & modules  # what is written in any answer takes its amounts and days from there
    assert set() == {room.partition(".")[0] for room in rooms_of(modules)} & {"storage", "sync", "rules", "bot", "workspace"}


def loaded_by(program: str) -> set[str]:
    """Every module that a program has loaded in a process of its own."""
    words = [sys.executable, "-P", "-c", f"{program}\nimport sys; print(*sys.modules)"]
    ran = subprocess.run(words, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_completion_knows_the_options_of_a_command() -> None:
    out, _ = started(**SHELL | {"COMP_CWORD": "2", "COMP_WORDS": "resolve-now migrate --js"})
    assert "--json" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_help_is_what_the_command_says_of_itself(name: str) -> None:
    line = COMMANDS[name][1]
    assert loaded(name).help.split("\n\n")[0].replace("\n", " ") == line


def test_the_version_is_that_of_the_package() -> None:
    out, _ = started("--version")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"resolve-now {project['version']}\n" == out


def test_nothing_that_the_program_says_takes_the_checkout_for_the_place_of_the_program() -> None:
    assert [] == [source.path for source in product() if ".venv" in source.text]
