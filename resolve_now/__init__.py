"""The program as it is installed: it finds the rooms and starts the command line.

In a wheel the rooms lie below this folder, so that none of them takes the name of somebody else's `app`, `rules` or `sync`;
in a checkout they lie beside it. Either way they come first on the path, and are imported by their own names.
"""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def main() -> None:
    """Runs the command line."""
    below = _HERE / "rooms"
    sys.path.insert(0, str(below if below.is_dir() else _HERE.parent))
    from app.main import main as run  # noqa: PLC0415  # found only now

    run()
