"""The command that keeps what we remember: a backup that can be taken while everything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.payments import AsJson
from app.output import print_json, print_line
from receivables.words import counted


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A new folder for it.")],
    as_json: AsJson = False,
) -> None:
    """Copy our database, embedded books and the configuration into a new folder, also during a sync."""
    from app import backup as backups
    from app.settings import load_settings

    copied = backups.take(load_settings(context.obj), context.obj, folder)
    if as_json:
        print_json([{"what": item.what, "file": str(item.file), "size_bytes": item.size_bytes} for item in copied])
        return
    for item in copied:
        print_line(f"{item.file}: {item.what}, {item.size_bytes:,} bytes")
    print_line(f"{counted(len(copied), 'file')} in {folder}. How to restore them: docs/operations.md.")
