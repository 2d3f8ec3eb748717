"""What takes long and comes out the same for every test: made by the process that first asks for it, for all of a run."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


def once_a_run(folder: Path, name: str, make: Callable[[], Made]) -> Made:
    """What `make` gives. Another process of the run waits for it meanwhile, and makes it itself where that one failed."""
    kept = folder / f"{name}.pickle"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            found: Made = pickle.loads(kept.read_bytes())
            return found
        made = make()
        part = kept.with_suffix(".part")
        part.write_bytes(pickle.dumps(made))
        part.rename(kept)
        return made
