"""A few lines of ours as processes of their own, forked warm: each says when it is ready, and goes on when it is told to."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import warm
from command_line import Ran, child_environment
from running import until

ENDED_SECONDS = 60.0


@dataclass(frozen=True)
class Script:
    """One of them, with what it wrote so far."""

    process: warm.Started
    out: Path
    err: Path

    def ready(self) -> None:
        until(lambda: self.out.read_text().endswith("ready\n"), ENDED_SECONDS, self.err.read_text)

    def ended(self) -> Ran:
        """How it ended, without the line that said it was ready."""
        code = self.process.wait(ENDED_SECONDS)
        return Ran(code, self.out.read_text().removeprefix("ready\n"), self.err.read_text())


def script(folder: Path, code: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Script:
    """Starts one. Its output lies in the folder, each in files of their own."""
    place = len(list(folder.glob("script-*.out")))
    out, err = (folder / f"script-{place}.{name}" for name in ("out", "err"))
    words = [sys.executable, "-c", code, *arguments]
    return Script(warm.Started(words, child_environment(environment or {}), out, err, listens=True), out, err)


def together(scripts: Sequence[Script]) -> list[Ran]:
    """Lets them go on at once, as soon as all are ready, and waits until all have ended."""
    for started in scripts:
        started.ready()
    for started in scripts:
        started.process.tell("go")
    return [started.ended() for started in scripts]
