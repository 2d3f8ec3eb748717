"""What every test begins with and none needs made anew: a database with our tables, made once for a process and copied."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from storage.engine import Database
from storage.migrating import migrate

NAME = "resolve-now.sqlite"
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 2**30


def memory() -> Path | None:
    """A folder in memory with room for every test's files, where there is one.

    Tests commit thousands of times what nobody needs after the machine stops.
    """
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return MEMORY if has_room else None


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
        file.chmod(0o600)
    return file


def migrate_at(url: str) -> None:
    database = Database(url)
    try:
        migrate(database)
    finally:
        database.close()
