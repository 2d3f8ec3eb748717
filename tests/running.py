"""`resolve-now run` as a real child process with its log, and waiting for what must come true."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import warm
from command_line import CommandLine, child_environment

LOOK_AGAIN_SECONDS = 0.05
STOP_SECONDS = 15  # a stop waits for the piece of work in hand


class Running:
    """One `resolve-now run` with its log."""

    def __init__(self, acme: CommandLine, name: str) -> None:
        self._acme = acme
        self._log = acme.folder / f"{name}.log"
        self._start()

    def _start(self) -> None:
        self._process = warm.Started(self._acme.words("run"), child_environment({}), self._log, self._log)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def kill_and_start_again(self) -> None:
        assert self._process.poll() is None, self.log
        self._process.kill()
        assert -signal.SIGKILL == self._process.wait(STOP_SECONDS)
        self._start()

    def stop(self) -> int:
        """Asks it to stop, and returns its exit code. Raises TimeoutExpired when it takes more than seconds."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_SECONDS)

    def end(self) -> None:
        """Leaves nothing running behind a test that failed."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)


@contextmanager
def running(acme: CommandLine, name: str) -> Iterator[Running]:
    process = Running(acme, name)
    try:
        yield process
    finally:
        process.end()


def until(true: Callable[[], bool], seconds: float, tell: Callable[[], object]) -> None:
    """Waits for something that must come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, tell()
        time.sleep(LOOK_AGAIN_SECONDS)
