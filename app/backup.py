"""A backup of everything that one folder of work keeps: our own database, embedded books, and the configuration.

Each file is one moment of its database, taken by SQLite's own online backup while others go on reading and writing. Ours is
copied before the books: what the books then have beyond it is found when they are read again, as with any books outside.
Never: a file of an earlier backup overwritten.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pysqlite3.dbapi2 as sqlite

from accounting.embedded.description import EmbeddedBooksSettings
from app.settings import Settings, config_file
from receivables import private_files
from receivables.errors import ConfigurationError
from storage.engine import sqlite_file, without_password

WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Copied:
    """One file of a backup, and what it holds."""

    what: str
    file: Path
    size_bytes: int


def take(settings: Settings, config: Path | None, folder: Path, environment: Mapping[str, str] = os.environ) -> list[Copied]:
    """Copies all of it into a new folder. Raises ConfigurationError, and then what was begun is called `.partial`."""
    ours = sqlite_file(settings.database_url)
    if ours is None:
        raise ConfigurationError(
            "the database is on PostgreSQL, which makes its own backups. Run: "
            f"pg_dump --format=custom --file={folder}.dump '{without_password(settings.database_url)}'"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is there already, and a backup overwrites nothing. Name a new folder.")
    private_files.make_folder(folder)
    return list(_copied(settings, config_file(config, environment), ours, folder))


def _copied(settings: Settings, config: Path, ours: Path, folder: Path) -> Iterator[Copied]:
    yield _database("our own database", ours, folder)
    for company in settings.companies:
        if isinstance(company.books, EmbeddedBooksSettings) and company.books.file.exists():
            yield _database(f"the books of {company.id}", company.books.file, folder)
    target = folder / config.name
    private_files.make_file(target)
    shutil.copyfile(config, target)
    yield Copied("the configuration", target, target.stat().st_size)


def _database(what: str, source: Path, folder: Path) -> Copied:
    """One moment of an SQLite file, checked, under its own name once it is whole."""
    whole, partial = folder / source.name, folder / f"{source.name}.partial"
    if whole.exists():
        raise ConfigurationError(
            f"two files to back up are called {source.name}. Give the books of each company a name of their own."
        )
    private_files.make_file(partial)
    address = f"file:{quote(str(source))}?mode=ro"
    with (
        closing(sqlite.connect(address, uri=True, timeout=WAIT_SECONDS)) as original,
        closing(sqlite.connect(str(partial))) as copy,
    ):
        original.backup(copy)  # all pages at once: nobody's write comes in between, and nobody waits
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise ConfigurationError(f"{source.name} is damaged ({found}). Keep it as it is, and restore an earlier backup.")
    partial.rename(whole)
    return Copied(what, whole, whole.stat().st_size)
