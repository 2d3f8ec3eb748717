"""Who may import whom: the contracts of pyproject.toml hold, and each outside library has its one room."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from house import ROOT, Source, imported, product, rooms
from importlinter.application.use_cases import lint_imports
from importlinter.configuration import configure

configure()  # import-linter asks for this once before its functions are used

#: Outside libraries that belong to one room, and the rooms that may import them.
ROOMS_OF = {
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "psycopg": {"storage"},
    "procrastinate": {"storage"},
    "pysqlite3": {"storage", "accounting", "app"},  # app: the demo's tally counts in the files themselves
    "durable": {"rules"},
    "durable_rules_engine": {"rules"},
    "apscheduler": {"app"},
    "cryptography": {"storage"},
    "authlib": {"accounting"},
    "typer": {"app"},
    "rich": {"app"},
    "slack_bolt": {"bot", "app"},  # app: the demo's own slash command for the bookkeeper
    "slack_sdk": {"bot", "workspace"},  # workspace: the limits of blocks, and how Slack signs
    "starlette": {"workspace", "app"},
    "uvicorn": {"workspace", "app"},
    "stripe": {"feeds"},
    "openpyxl": {"feeds"},
    "xlsxwriter": {"app"},
    "PIL": {"app"},
    "sqlite3": {"workspace"},  # Python's own can corrupt a write-ahead log that two connections write; the workspace has one
}
#: Dependencies that no file imports, and what needs them.
USED_WITHOUT_IMPORT = {
    "psycopg": "SQLAlchemy loads it for a postgresql URL",
    "python-multipart": "Starlette reads forms with it",
    "websockets": "uvicorn speaks Socket Mode with it",
    "tzdata": "zoneinfo reads it where the machine has no time zones",
}
WORDS = "receivables/words.py"
COMES_WITH = {"pydantic_core": "pydantic"}  # its public errors are pydantic's


def outside_its_room(source: Source) -> Iterator[str]:
    for line, name in imported(source.tree):
        library = name.partition(".")[0]
        if library in ROOMS_OF and source.room not in ROOMS_OF[library]:
            yield f"{source.path}:{line}: {name}"


@pytest.mark.parametrize(
    "text", ["import sqlalchemy as sa", "from durable import engine", "def f():\n    import pysqlite3.dbapi2", "import sqlite3"]
)
def test_a_library_outside_its_room_is_caught(text: str) -> None:
    assert [] != list(outside_its_room(Source("sync/example.py", text)))


def test_each_outside_library_stays_in_its_room() -> None:
    assert [] == [finding for source in product() for finding in outside_its_room(source)]


def test_the_words_everyone_uses_need_only_the_standard_library_and_babel_in_one_file() -> None:
    allowed = sys.stdlib_module_names | {"receivables"}
    names = {(source.path, name.partition(".")[0]) for source in product() for _, name in imported(source.tree)}
    others = {(path, name) for path, name in names if path.startswith("receivables/") and name not in allowed}
    assert {(WORDS, "babel")} == others


def test_every_dependency_is_used_and_everything_used_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {_plain(line.partition(">")[0].partition("=")[0].partition("[")[0]) for line in project["dependencies"]}
    distributions = packages_distributions()
    libraries = {name.partition(".")[0] for source in product() for _, name in imported(source.tree)}
    outside = {COMES_WITH.get(name, name) for name in libraries - sys.stdlib_module_names - rooms()}
    used = {_plain(distributions.get(name, [name])[0]) for name in outside}
    assert declared == used | set(USED_WITHOUT_IMPORT)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    assert lint_imports(str(ROOT / "pyproject.toml"), cache_dir=str(tmp_path), no_logo=True)


def test_a_broken_import_contract_is_caught(tmp_path: Path) -> None:
    upside_down = tmp_path / "contracts.toml"
    upside_down.write_text(
        '[tool.importlinter]\nroot_packages = ["receivables", "sync"]\n'
        '[[tool.importlinter.contracts]]\nname = "upside down"\ntype = "layers"\nlayers = ["receivables", "sync"]\n'
    )
    assert not lint_imports(str(upside_down), cache_dir=str(tmp_path), no_logo=True)
