"""Another version of the product beside this checkout: its files, and the environment in which a process imports its rooms."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "244fa3b"  # version 0.1.0


def check_out(commit: str, into: Path) -> Path:
    """The files of a commit, without git's own."""
    shutil.rmtree(into, ignore_errors=True)
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")
    return into


def environment(checkout: Path) -> dict[str, str]:
    """That of this process, with the rooms and tests of the checkout and none of our own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RESOLVE_NOW_")}
    return kept | {"PYTHONPATH": os.pathsep.join([str(checkout), str(checkout / "tests")])}


def databases(folder: Path, until_the_end: ExitStack) -> Iterator[tuple[str, tuple[str, str]]]:
    """The kinds of database with two empty ones of each; PostgreSQL where one can be run here."""
    yield "SQLite", (f"sqlite:///{folder / 'before.sqlite'}", f"sqlite:///{folder / 'now.sqlite'}")
    sys.path.insert(0, str(ROOT / "tests"))
    from private_postgres import PostgresMissing, running  # noqa: PLC0415  # the tests' own

    try:
        cluster = until_the_end.enter_context(running(autovacuum="on"))
    except PostgresMissing as missing:
        print(f"PostgreSQL was not measured: {missing}")
        return
    for name in ("before", "now"):
        cluster.create(name)
    yield "PostgreSQL", (cluster.url("before"), cluster.url("now"))


class Turns:
    """A program that runs in a version and does its work once for each line that it reads."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def once(self) -> float:
        """What the work took, as the program says it, in seconds."""
        return float(self.ask("once"))

    def ask(self, line: str) -> str:
        """What it says of its work for a line."""
        assert self._process.stdin is not None  # it was asked for
        print(line, file=self._process.stdin, flush=True)
        return self.line()

    def line(self) -> str:
        """The next line that it says. Raises SystemExit where it stopped instead."""
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise SystemExit("A version stopped; what it said stands above.")
        return said


@contextmanager
def turns(checkout: Path, program: str | Path, *arguments: str) -> Iterator[Turns]:
    """Starts it, a text or a file, in a process whose rooms are those of the checkout. Raises SystemExit where it fails."""
    words = command(program, *arguments) if isinstance(program, str) else [sys.executable, "-P", str(program), *arguments]
    with subprocess.Popen(
        words,
        cwd=checkout,
        env=environment(checkout),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Turns(process)
    if process.returncode != 0:
        raise SystemExit("A version failed; what it said stands above.")


def command(program: str, *arguments: str) -> list[str]:
    """What runs a program that imports nothing of the folder it is started in by accident."""
    return [sys.executable, "-P", "-c", program, *arguments]
