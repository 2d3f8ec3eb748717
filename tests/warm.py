"""Our programs as real processes that start at once: each is forked from one that has imported everything.

A new interpreter spends two seconds on imports, and hundreds of tests start one. What is forked is a process of its own
with its own memory, files, arguments and environment; it ends by exit code or by a signal, `kill -9` included.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
IMPORTED_ONCE = ["warm", "app.main", "app.http", "app.slack", "app.worker", "alembic.command", "warmed"]
_CONTEXT = multiprocessing.get_context("forkserver")


class Started:
    """A program that was started; like `subprocess.Popen`, with its output in two files (or one)."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], out: Path, err: Path, *, listens: bool = False
    ) -> None:
        """`words`: the interpreter, then `-m` and a module, `-c` and a text, or a file; then its arguments.

        Both files are added to. One that `listens` reads what it is told; any other finds nothing to read.
        """
        assert sys.executable == words[0]
        out.touch()
        err.touch()
        _serve()
        hears, self._told = _CONTEXT.Pipe(duplex=False)
        heard = hears if listens else None
        self._process = _CONTEXT.Process(target=_play, args=(list(words[1:]), dict(environment), heard, out, err), daemon=True)
        self._process.start()
        hears.close()

    def tell(self, line: str) -> None:
        os.write(self._told.fileno(), f"{line}\n".encode())

    @property
    def returncode(self) -> int | None:
        """Its exit code, less than nothing for a signal; None while it runs."""
        return self._process.exitcode

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """Its exit code. Raises TimeoutExpired when it takes longer."""
        self._process.join(seconds)
        ended = self._process.exitcode
        if ended is None:
            raise subprocess.TimeoutExpired(str(self._process.pid), seconds)
        return ended

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def _serve() -> None:
    """The server that is forked, one for each process of the tests; it ends with it."""
    _CONTEXT.set_forkserver_preload(IMPORTED_ONCE)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "tests")])
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        os.environ.update({} if before is None else {"PYTHONPATH": before})


def _play(words: list[str], environment: Mapping[str, str], hears: Connection | None, out: Path, err: Path) -> None:
    """Runs in the new process: becomes what `python WORDS` would be."""
    os.chdir(CHECKOUT)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if hears is not None:
        os.dup2(hears.fileno(), 0)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (for as long as the process lasts)
    for number, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (
        open(number, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115 (for as long as the process lasts)
        for number in (1, 2)
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if words[:2] == ["-m", "app.main"]:  # as the command `resolve-now` does
        sys.argv = ["resolve-now", *words[2:]]
        import_module(words[1]).main()
    elif words[0] == "-m":
        sys.argv = words[1:]
        sys.modules.pop(words[1], None)  # it runs anew, as the main program
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = list(words)
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")
