"""Several schedulers and workers as processes of their own on one PostgreSQL, and what their journals and rows prove."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
import warm
from command_line import CHECKOUT, COMPANY, child_environment, read_rows

PREPARING_SECONDS = 600
PROGRAM = Path(__file__).with_name("machine.py")
LIVING = "SELECT marker, count(*) FROM receipts JOIN documents USING (id) WHERE deleted = 0 AND voided = 0 GROUP BY marker"


@dataclass
class Machine:
    """A process. `frozen` and `killed` are monotonic moments."""

    role: str
    log: Path
    process: warm.Started | subprocess.Popen[bytes]
    pid: int
    killed: float | None = None

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(15)
        self.killed = monotonic()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = 30) -> int:
        self.terminate()
        return self.process.wait(seconds)


@dataclass
class Machines:
    """A folder with settings, books and one journal; `url` is our database."""

    folder: Path
    url: str
    companies: Sequence[str]
    checkout: Path = CHECKOUT
    made: list[Machine] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "resolve-now.toml"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def start(self, role: str, *options: str) -> Machine:
        log = self.folder / f"{role}-{len(self.made)}.log"
        words = [sys.executable, str(PROGRAM), role, str(self.config), str(self.journal), *options]
        environment = child_environment({"RESOLVE_NOW_DATABASE_URL": self.url})
        process = (
            warm.Started(words, environment, log, log) if self.checkout == CHECKOUT else self._elsewhere(words, environment, log)
        )
        self.made.append(Machine(role, log, process, process.pid))
        return self.made[-1]

    def _elsewhere(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """The same program with the rooms of another checkout."""
        path = os.pathsep.join([str(self.checkout), str(self.checkout / "tests")])
        with log.open("wb") as out:
            command = [words[0], "-P", *words[1:]]
            return subprocess.Popen(command, cwd=self.checkout, env={**environment, "PYTHONPATH": path}, stdout=out, stderr=out)

    def end(self) -> None:
        """Leaves nothing running."""
        for machine in self.made:
            if machine.process.poll() is None:
                machine.thaw()
                machine.kill()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def logs(self) -> str:
        return "".join(machine.log.read_text(encoding="utf-8") for machine in self.made)

    def calls(self) -> list[dict[str, Any]]:
        """What the books saw, in order."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_text(encoding="utf-8").splitlines()
        return sorted((json.loads(line) for line in lines if line.endswith("}")), key=lambda call: float(call["at"]))

    def calling(self, company: str) -> int | None:
        """The process that is in the middle of a call to that company's books."""
        last = [call for call in self.calls() if call["company"] == company][-1:]
        return int(last[0]["pid"]) if last and last[0]["what"] == "begin" else None

    def caught_calling(self, company: str, among: Sequence[Machine]) -> Machine:
        """One of these processes, frozen in the middle of a call to that company's books."""
        found: list[Machine] = []

        def caught() -> bool:
            found[:] = [machine for machine in among if machine.pid == self.calling(company)]
            for machine in found:
                machine.freeze()
            return bool(found)

        self.until(caught, 30)
        return found[0]

    def overlaps(self) -> list[str]:
        """Calls to one company's books that two processes made at once, and syncs of one company that ran at once."""
        return [*self._calls_at_once(), *self._syncs_at_once()]

    def _calls_at_once(self) -> Iterator[str]:
        killed = {machine.pid: machine.killed for machine in self.made if machine.killed}
        held: dict[str, tuple[int, float]] = {}
        for call in self.calls():
            company, pid, at = call["company"], call["pid"], call["at"]
            if call["what"] == "end":
                held.pop(company, None)
                continue
            before = held.get(company)
            if before is not None and before[0] != pid and at < killed.get(before[0], at + 1):
                yield f"{company}: {before[0]} from {before[1]:.2f}, {pid} at {at:.2f}"
            held[company] = pid, at

    def _syncs_at_once(self) -> Iterator[str]:
        """A sync without an end was killed; it has nothing to compare with."""
        query = "SELECT company, started_at, finished_at FROM run WHERE finished_at IS NOT NULL ORDER BY company, started_at"
        for before, after in pairwise(self.rows(query)):
            if before[0] == after[0] and after[1] < before[2]:
                yield f"{before[0]}: syncs from {before[1]} and {after[1]}"

    def doubled(self) -> list[tuple[str, int]]:
        """Markers of more than one living receipt, counted in the files of the books."""
        return [row for company in self.companies for row in read_rows(self.books_file(company), LIVING) if row[1] > 1]

    def receipts(self) -> int:
        return sum(row[1] for company in self.companies for row in read_rows(self.books_file(company), LIVING))

    def verified(self) -> int:
        return int(self.rows("SELECT count(*) FROM payment WHERE state = 'verified'")[0][0])

    def books_file(self, company: str) -> Path:
        return self.folder / f"{company}-books.sqlite"

    def until(self, true: Any, seconds: float) -> None:
        end = monotonic() + seconds
        while not true():
            assert monotonic() < end, self.logs()[-6000:]
            sleep(0.1)


@contextmanager
def machines(folder: Path, url: str, companies: Sequence[str], payments: int, checkout: Path = CHECKOUT) -> Iterator[Machines]:
    """Companies with so many payments each, taken in and never synced."""
    hourly = COMPANY.replace("sync_every_minutes = 1", "sync_every_minutes = 60")
    plain = "".join(line for line in hourly.splitlines(keepends=True) if "small_credits" not in line)  # 0.1.0 has none
    text = "".join(plain.format(id=id_, name=id_.title(), writes="on", temper="strict") for id_ in companies)
    made = Machines(folder, url, companies, checkout)
    made.config.write_text(f'[database]\nurl = "postgresql://nobody/none"\n{text}', encoding="utf-8")
    prepared = made.start("prepare", "--payments", str(payments))
    assert 0 == prepared.process.wait(PREPARING_SECONDS), made.logs()
    made.made.clear()
    try:
        yield made
    finally:
        made.end()
