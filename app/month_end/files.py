"""Writes the package of month end into a folder: each file whole or not at all, for its owner alone, none replaced unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.month_end import chart
from app.month_end.summary import not_over
from app.month_end.workbook import Workbook
from receivables.errors import ConfigurationError
from receivables.month import Month
from receivables.private_files import make_file, make_folder
from receivables.words import counted
from sync import month_end
from sync.desk import Desk
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


def in_words(found: MonthEnd) -> list[str]:
    """What a person is told of it, line by line: how much is not recorded, and the difference."""
    words, said = found.company.words, not_over(found)
    for currency in found.currencies:
        rolled = found.roll_forwards[currency]
        asked, closing, off = rolled.to_be_recorded, rolled.closing, rolled.difference
        open_ones = f"{words.money(closing.amount_minor, currency)} of it not recorded ({counted(closing.count, 'payment')})"
        difference = f"difference {words.money(off.amount_minor, currency)}"
        said.append(f"{words.money(asked.amount_minor, currency)} to be recorded, {open_ones}, {difference}.")
        if marked := found.marked_difference_minor(currency):
            said.append(f"Receipts with our mark of {words.money(marked, currency)} belong to no payment.")
    if not found.roll_forwards:
        said.append("No payments.")
    if found.to_sign:
        said.append(f"{counted(len(found.to_sign), 'line')} to be signed on sheet E.")
    return said
