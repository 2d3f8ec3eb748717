"""The rows of an Excel workbook (.xlsx): values only, within limits that a small file made to fill the machine cannot pass.

A number is taken at the fifteen digits a spreadsheet keeps, and only where the cell shows all of it. Formulas are no values:
what they would show depends on who opens the file. Workbooks with macros are refused.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context
from typing import Any

from feeds.findings import WHOLE_FILE, Unreadable, unreadable
from feeds.maps.cells import Cell, Kind, Row, check_row_count

MOST_UNPACKED_BYTES = 256 * 1024 * 1024
MOST_MEMBERS = 1_000
MOST_COLUMNS = 256
MOST_LINES = 1_048_576  # of a sheet, empty ones among them
MAGIC = b"PK\x03\x04"
OLD_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls, and workbooks with a password

_SAVE = "Open it in the spreadsheet, and save it as an Excel workbook (.xlsx) or as CSV"
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_BLOCK = 1024 * 1024


def workbook_rows(content: bytes, sheet: str) -> Iterator[Row]:
    """Every row that is not empty. Raises Unreadable where the workbook is none, is unsafe, or has too much in it."""
    _check_safe(content)
    import openpyxl  # noqa: PLC0415  # takes a moment, and few files need it

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            yield from _rows(_chosen(book, sheet))
        finally:
            book.close()
    except Unreadable:
        raise
    except Exception as error:  # the library raises whatever a damaged part leads to
        message = f"it could not be read as a workbook ({type(error).__name__})"
        raise unreadable(1, WHOLE_FILE, message, _SAVE) from error


def _check_safe(content: bytes) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise unreadable(1, WHOLE_FILE, "it is not a workbook", _SAVE) from None
    members = archive.infolist()
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        limit = f"it unpacks to more than {MOST_UNPACKED_BYTES // 1024 // 1024} MiB, or to more than {MOST_MEMBERS:,} parts"
        raise unreadable(1, WHOLE_FILE, limit, "Export a shorter period, or as CSV")
    if any(member.flag_bits & 1 for member in members):
        raise unreadable(1, WHOLE_FILE, "it has a password", _SAVE)
    if any("vbaproject" in member.filename.lower() for member in members):
        raise unreadable(1, WHOLE_FILE, "it holds macros", "Save it as a workbook without macros (.xlsx)")
    for member in members:
        if member.filename.lower().endswith((".xml", ".rels")):
            _check_plain(archive, member)


def _check_plain(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """No part may define entities, with which a few bytes become any amount of text, or be written to hide them."""
    try:
        with archive.open(member) as part:
            before = b""
            while block := part.read(_BLOCK):
                if b"<!DOCTYPE" in before + block or b"<!ENTITY" in before + block or b"\0" in block:
                    raise unreadable(1, WHOLE_FILE, "a part of it is not plain XML", _SAVE)
                before = block[-16:]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise unreadable(1, WHOLE_FILE, f"a part of it is damaged ({type(error).__name__})", _SAVE) from None
    except Exception as error:
        if isinstance(error, Unreadable):
            raise
        raise unreadable(1, WHOLE_FILE, "a part of it is damaged", _SAVE) from error  # zlib.error and its like


def _chosen(book: Any, sheet: str) -> Any:
    visible = [page for page in book.worksheets if page.sheet_state == "visible"]
    if sheet:
        named = [page for page in book.worksheets if page.title == sheet]
        if named:
            return named[0]
        raise unreadable(1, WHOLE_FILE, f"it has no sheet {sheet!r}", f"Its sheets: {_names(visible)}")
    if len(visible) != 1:
        raise unreadable(1, WHOLE_FILE, f"it has {len(visible)} sheets: {_names(visible)}", "Name one with --set sheet=NAME")
    return visible[0]


def _names(pages: list[Any]) -> str:
    return ", ".join(page.title for page in pages[:10])


def _rows(page: Any) -> Iterator[Row]:
    page.reset_dimensions()  # what the file says of its size decides nothing
    count = 0
    for line, cells in enumerate(page.iter_rows(max_col=MOST_COLUMNS), start=1):
        if line > MOST_LINES:
            raise unreadable(line, WHOLE_FILE, "more rows than a sheet can have", _SAVE)
        row = [_cell(cell) for cell in cells]
        if all(cell.is_empty for cell in row):
            continue
        count += 1
        check_row_count(line, count)
        yield line, row


def _cell(cell: Any) -> Cell:
    value = cell.value
    match value:
        case None:
            return Cell("")
        case bool():
            return Cell("TRUE" if value else "FALSE")
        case int() | float():
            return _number(value, str(cell.number_format or "General"))
        case datetime():
            return Cell(value.date().isoformat() if value.time() == time.min else value.isoformat(" "), Kind.MOMENT)
        case date() | time():
            return Cell(value.isoformat(), Kind.MOMENT)
        case str() if cell.data_type == "f":
            return Cell("a formula", Kind.REFUSED)
        case str() if cell.data_type == "e":
            return Cell(f"an error, {value}", Kind.REFUSED)
        case str():
            return Cell(value)
        case _:
            return Cell("a formula" if cell.data_type == "f" else "a value of an unknown kind", Kind.REFUSED)


def _number(value: float, number_format: str) -> Cell:
    """A number at the digits a spreadsheet keeps, refused where the cell shows another one."""
    try:
        number = _FIFTEEN.create_decimal(repr(value))  # the shortest text that means this number; never arithmetic with it
    except ArithmeticError:
        return Cell("a number out of range", Kind.REFUSED)
    if not number.is_finite() or number.adjusted() > 14:
        return Cell("a number that the spreadsheet rounded", Kind.REFUSED)
    if "%" in number_format:
        return Cell("a percentage", Kind.REFUSED)
    text = format(number.normalize(), "f")
    shown = _decimals_shown(number_format)
    if shown is not None and number != round(number, shown):
        return Cell(f"{text}, of which the cell shows {round(number, shown)}", Kind.REFUSED)
    return Cell("0" if text == "-0" else text, Kind.NUMBER)


def _decimals_shown(number_format: str) -> int | None:
    """How many decimals a cell shows, or None where its format does not say."""
    first = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", number_format.partition(";")[0])
    found = re.fullmatch(r"[^0#?.]*[#,0?]*[0#](?:\.(?P<decimals>[0#?]+))?[^0#?.]*", first)
    return len(found["decimals"] or "") if found else None


__all__ = ["MAGIC", "OLD_MAGIC", "workbook_rows"]
