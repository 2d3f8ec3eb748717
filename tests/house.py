"""The files of this project as the tests about style see them, and what a piece of source refers to."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_OURS = {"build", "demo-data"}  # made by running things; git knows it, a copy without git does not
#: Runs inside somebody else's server, and belongs to no room: what it may import is decided there.
ELSEWHERE = ("accounting/tryton/optional_module/",)


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the root of the project, with slashes."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def room(self) -> str:
        """The top folder: `storage`, `tests` ..."""
        return self.path.partition("/")[0]

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def files() -> tuple[str, ...]:
    """Every file that belongs to the project: what git tracks, or, in a copy without git, what lies there."""
    try:
        asked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
        tracked = [name for name in asked.stdout.split("\0") if name and (ROOT / name).is_file()]
    except FileNotFoundError:
        tracked = []
    return tuple(sorted(tracked or _lying_there()))


def _lying_there() -> Iterator[str]:
    for folder, below, names in os.walk(ROOT):
        below[:] = [
            name
            for name in below
            if name == ".ci" or not (name.startswith(".") or name in NOT_OURS or name.endswith((".egg-info", "__pycache__")))
        ]
        yield from ((Path(folder) / name).relative_to(ROOT).as_posix() for name in names)


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project, tests included."""
    return tuple(Source(name, (ROOT / name).read_text(encoding="utf-8")) for name in files() if name.endswith(".py"))


@cache
def rooms() -> frozenset[str]:
    """The rooms of the product: top folders that are packages, the measurements left out."""
    packages = {source.room for source in sources() if source.path.count("/") == 1 and source.path.endswith("/__init__.py")}
    return frozenset(packages - {"bench"})


@cache
def product() -> tuple[Source, ...]:
    """Every Python file that runs in production. Migrations are left out where a test says so, not here."""
    return tuple(source for source in sources() if source.room in rooms() and not source.path.startswith(ELSEWHERE))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything imported: `from a.b import c` gives `a.b.c`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def referred_to(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, full name) of every dotted name, with what it was imported as put back: `t.time` gives `time.time`."""
    known = dict(_aliases(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            root, *rest = ast.unparse(node).split(".")
            if root in known:
                yield node.lineno, ".".join([known[root], *rest])


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (((alias.asname or alias.name.partition(".")[0]), _bound(alias)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]
