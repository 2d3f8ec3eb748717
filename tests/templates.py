"""What every test begins with and none needs made anew: a database with our tables, made once for a process and copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from storage.engine import Database
from storage.migrating import migrate

NAME = "resolve-now.sqlite"


@cache
def migrated() -> Path:
    """An SQLite file with our tables and nothing else."""
    folder = Path(tempfile.mkdtemp(prefix="resolve-now-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate_at(f"sqlite:///{folder / NAME}")
    return folder / NAME


def new_database(folder: Path) -> Path:
    """A copy of it in this folder; one that is there already stays."""
    file = folder / NAME
    if not file.exists():
        shutil.copyfile(migrated(), file)
    return file


def migrate_at(url: str) -> None:
    database = Database(url)
    try:
        migrate(database)
    finally:
        database.close()
