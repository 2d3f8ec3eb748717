"""The cells of an export, whether it is a text file or a workbook: each row as a line number and its cells.

A text file holds text only. A workbook's own numbers, days and moments keep what they are, so that a long number that the
spreadsheet may have rounded is not taken for the portal's own; formulas, errors and truth values are no values.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from feeds.findings import WHOLE_FILE, WHOLE_LINE, Findings, Unreadable, unreadable
from receivables.errors import FeedProblem

MOST_BYTES = 64 * 1024 * 1024  # an export of the most rows takes a tenth of it
MOST_ROWS = 100_000  # portals end or split their exports before; what is read is kept until all of it is right

_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "windows-1252": "cp1252", "iso-8859-1": "iso8859-1"}
_ONE_BYTE = frozenset({"windows-1252", "iso-8859-1"})
_SIGNS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


class Kind(Enum):
    TEXT = auto()
    NUMBER = auto()  # a workbook's own: an exact decimal in plain digits
    MOMENT = auto()  # a workbook's own day, time or moment, as ISO 8601 writes it
    REFUSED = auto()  # its text says what it is


@dataclass(frozen=True)
class Cell:
    text: str
    kind: Kind = Kind.TEXT

    @property
    def is_empty(self) -> bool:
        return not self.text.strip()


Row = tuple[int, Sequence[Cell]]


def text_rows(content: bytes, encoding: str, separator: str, findings: Findings) -> Iterator[Row]:
    """The rows of a text file. Raises Unreadable where it is not what the map states; empty rows are passed over."""
    text = _decoded(content, encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_SIGNS[separator], strict=True)
    count = 0
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            findings.wrong_lines += 1
            message = f"it is not CSV ({error})"
            findings.add(FeedProblem(line, WHOLE_LINE, message, "Export the file from the portal again"), damaged=True)
            return
        if not any(value.strip() for value in record):
            continue
        count += 1
        check_row_count(line, count)
        yield line, [Cell(value) for value in record]


def check_row_count(line: int, count: int) -> None:
    if count > MOST_ROWS + 1:
        raise unreadable(line, WHOLE_FILE, f"more than {MOST_ROWS:,} rows", "Export a shorter period at a time")


def _written_in(encoding: str) -> Unreadable:
    return unreadable(1, WHOLE_FILE, f"it is written in {encoding}", f"Add --set encoding={encoding}")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
        return True
    except UnicodeDecodeError:
        return False


def _decoded(content: bytes, encoding: str) -> str:
    for bom, written in _BOMS.items():
        if content.startswith(bom) and written != encoding:
            raise _written_in(written)
    if encoding in _ONE_BYTE and not content.isascii() and _is_utf8(content):
        raise _written_in("utf-8")  # every byte is a character of these, so that a name would only look wrong
    try:
        text = content.decode(_CODECS[encoding])
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = content.count(b"\n", 0, start) + 1
        advice = "State how it is written with --set encoding=NAME, such as windows-1252, or export it in UTF-8"
        raise unreadable(line, WHOLE_FILE, f"it is not written in {encoding}", advice) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise unreadable(line, WHOLE_FILE, "it holds an empty character (NUL)", "The file was cut or damaged; export it again")
    return text
