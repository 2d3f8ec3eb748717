"""Files about money belong to the account that runs the program alone: 0600, their folders 0700, whatever the umask says.

What is there already keeps the rights it has: a group may read on purpose. `resolve-now doctor` says so where others may.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FILE, _FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_file(path: Path) -> bool:
    """Makes an empty file; False where one is there already. Raises OSError."""
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _FILE)
    except FileExistsError:
        return False
    try:
        os.fchmod(made, _FILE)
    finally:
        os.close(made)
    return True


def make_folder(path: Path) -> None:
    """Makes a folder and those above it that are missing. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(_FOLDER)
    except FileExistsError:  # another process was quicker; what is no folder is an error
        if not path.is_dir():
            raise
    else:
        path.chmod(_FOLDER)


def open_to_others(path: Path) -> bool:
    """Whether other accounts of the machine may read or change it."""
    return bool(path.stat().st_mode & _OTHERS)
