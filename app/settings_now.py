"""The configuration as it is at this moment: a changed file is taken up, a broken one stops decisions and sending.

The file is looked at before each piece of work, and read only when it changed. People, rights, limits, `writes` and channels
are those of now. What this process was built from (database, books, ports and the like) stays as it was until a restart.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

from app.settings import CompanySettings, Settings, config_file, load_settings
from receivables.authority import Person
from receivables.company import Company
from receivables.errors import ConfigurationError
from sync.desk import Standing

#: What of a company may change while the process runs; connectors and feeds were built from the rest.
_MAY_CHANGE = frozenset(
    {
        "name",
        "locale",
        "writes",
        "solo",
        "sync_every_seconds",
        "large_percentage",
        "daily_summary",
        "close_day",
        "hand_receipt_days",
        "credit_words",
        "materiality",
        "small_credits",
    }
)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class News:
    """Something to tell the administrator of: what happened, and in which file or settings."""

    event: str
    detail: tuple[str, ...] = ()
    problem: str = ""


class SettingsNow:
    """One process's configuration. Raises ConfigurationError when the file cannot be used from the start."""

    def __init__(self, path: Path | None, environment: Mapping[str, str] = os.environ) -> None:
        self._path = Path(os.path.abspath(config_file(path, environment)))
        self._environment = environment
        self._turn = threading.Lock()
        self._seen = _stamp(self._path)  # before it is read: a change in between is read again
        self._started_with = self._settings = load_settings(path, environment)
        self._restart: tuple[str, ...] = ()
        self._problem = ""
        self._stopping = False
        self._news: list[News] = []

    @property
    def settings(self) -> Settings:
        """The newest settings that could be read, as far as they hold without a restart."""
        self._look()
        return self._settings

    @property
    def problem(self) -> str:
        """Why the file cannot be relied on now, with its name and where in it, or ""."""
        self._look()
        return self._problem

    def standing(self, company_id: str) -> Standing:
        """What holds for a company at this moment."""
        writes = self.settings.company(company_id).company.writes and not self._stopping
        return Standing(writes, self._problem)

    def stop(self) -> None:
        """This process ends: from now on nothing more is sent."""
        self._stopping = True

    def people(self) -> Mapping[str, Person]:
        """The people of now, however long this is kept."""
        return AsOfNow(lambda: self.settings.people)

    def news(self) -> list[News]:
        """What happened to the file since this was asked last, for the log."""
        self._look()
        with self._turn:
            told, self._news = self._news, []
        return told

    def _look(self) -> None:
        if _stamp(self._path) == self._seen:
            return
        with self._turn:
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._read()
                self._seen = stamp

    def _read(self) -> None:
        try:
            read = load_settings(self._path, self._environment)
        except ConfigurationError as error:
            problem = _short(error.message, self._path)
            if problem != self._problem:
                self._news.append(News("configuration cannot be used; nothing is decided and nothing is sent", problem=problem))
            self._problem = problem
            return
        self._settings, restart = _taken_up(self._started_with, read)
        self._problem = ""
        self._news.append(News("configuration taken up"))
        if restart and restart != self._restart:
            self._news.append(News("restart needed", restart))
        self._restart = restart


class AsOfNow(Mapping[str, _Value]):
    """A mapping that is looked up anew at each question."""

    def __init__(self, now: Callable[[], Mapping[str, _Value]]) -> None:
        self._now = now

    def __getitem__(self, key: str) -> _Value:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes whenever the file's content may have; None when it is not there."""
    try:
        held = path.stat()
    except OSError:
        return None
    return held.st_mtime_ns, held.st_ctime_ns, held.st_size, held.st_ino, held.st_mode


def _short(message: str, path: Path) -> str:
    """The first two lines of a message, with the file's name alone: it is shown to people who need not know the folder."""
    lines = [line.strip() for line in message.replace(str(path), path.name).split("\n") if line.strip()]
    return " ".join(lines[:2])


def _taken_up(started: Settings, read: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The settings that hold now, and what of the file needs a restart."""
    new = {company.id: company for company in read.companies}
    restart = [
        name
        for name, before, now in (
            ("database url", started.database_url, read.database_url),
            ("http", started.http, read.http),
            ("run slots", started.slots, read.slots),
            ("slack", started.slack, read.slack),
            ("email", started.email, read.email),
        )
        if before != now
    ]
    restart += [f"company {id_} (new)" for id_ in new if id_ not in {company.id for company in started.companies}]
    companies = []
    for company in started.companies:
        holds, needs = _company(company, new.get(company.id))
        companies.append(holds)
        restart += [f"company {company.id}{what}" for what in needs]
    return replace(started, companies=tuple(companies), people=read.people), tuple(restart)


def _company(started: CompanySettings, read: CompanySettings | None) -> tuple[CompanySettings, list[str]]:
    """A company as it holds now. One that is no longer in the file is read on and never written to."""
    if read is None:
        return replace(started, company=replace(started.company, writes=False)), [" (removed)"]
    fixed = {field.name: getattr(started.company, field.name) for field in fields(Company) if field.name not in _MAY_CHANGE}
    restart = [f", {name}" for name, value in fixed.items() if getattr(read.company, name) != value]
    restart += [f", {name}" for name in ("books", "feed") if getattr(read, name) != getattr(started, name)]
    if (read.slack is None) != (started.slack is None):
        restart.append(", slack")
    slack = (read.slack or started.slack) if started.slack else None
    return replace(started, company=replace(read.company, **fixed), slack=slack, email=read.email), restart
