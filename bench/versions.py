"""Another version of the product beside this checkout: its files, and the environment in which a process imports its rooms."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
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
