"""Writes the package of month end into a folder: each file whole or not at all, for its owner alone, none replaced unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.month_end import chart
from app.month_end.workbook import Workbook
from receivables.errors import ConfigurationError
from receivables.private_files import make_file, make_folder
from sync import month_end
from sync.desk import Desk
from sync.month import Month
from sync.month_package import MonthEnd


@dataclass(frozen=True)
class Package:
    """The files, and what they hold."""

    workbook: Path
    chart: Path
    description: Path
    found: MonthEnd


def write(desk: Desk, month: Month, folder: Path, *, overwrite: bool = False) -> Package:
    """Reads everything and writes it. Raises ConfigurationError where a file cannot be written, or is there already."""
    stem = f"{desk.company.id}-{month.text}-month-end"
    workbook, picture, words = (folder / f"{stem}{ending}" for ending in (".xlsx", "-chart.png", "-chart.txt"))
    for path in (workbook, picture, words):
        _must_be_free(path, overwrite=overwrite)
    try:
        make_folder(folder)
        with _whole(workbook, overwrite=overwrite) as draft, Workbook(draft, desk.company, month) as book:
            found = month_end.gather(desk, month, book.line)
            drawn, said = chart.picture(found), chart.in_words(found)
            book.finish(found, drawn, said)
        for path, content in ((picture, drawn), (words, f"{said}\n".encode())):
            with _whole(path, overwrite=overwrite) as draft:
                draft.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"The report could not be written into {folder}: {error.strerror or error}.") from error
    return Package(workbook, picture, words, found)


def _must_be_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ConfigurationError(f"{path} is there already. Name another folder with --out, or replace it with --overwrite.")


@contextmanager
def _whole(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A file beside it to write into, which takes its place when the block ends well."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    make_file(draft)
    try:
        yield draft
        if overwrite:
            draft.replace(path)
        else:
            try:
                path.hardlink_to(draft)  # fails where another process was quicker
            except FileExistsError:
                _must_be_free(path, overwrite=False)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
