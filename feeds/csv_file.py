"""Payments from a CSV file: read twice, taken only when every line is right, and every wrong line named at once.

The first pass validates the whole file and remembers a digest of it, block by block; the second yields the
payments, and refuses as soon as a block is no longer the one that was validated. Neither keeps the payments.

Columns, in any order: transaction_number, customer, amount, currency, paid_at, method, invoices, and optionally
customer_id, status. `feeds/csv_line.py` says how their fields are read.
"""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import BinaryIO

from feeds.csv_line import COLUMNS, REQUIRED_COLUMNS, read_line, shown
from feeds.findings import WHOLE_FILE, WHOLE_LINE, Findings, Unreadable, unreadable
from feeds.payment_file import PaymentFile
from feeds.seen_numbers import SeenNumbers
from feeds.unchanged import changed, remembered, unchanged
from receivables.errors import FeedError, FeedProblem
from receivables.payment import Payment

MOST_BYTES = 512 * 1024 * 1024  # over 500 bytes for each of the most payments; more is not a payment file
MOST_LINES = 1_000_000  # besides the header; more take the machine longer than a sync may
MOST_LINE_BYTES = 64 * 1024  # 200 invoices fit in 16 KiB; also bounds what a quote left open can swallow

TOLD_EVERY = 1_000  # payments: how far checking has come

_BLOCK_BYTES = 1024 * 1024
_SHORTEST_RECORD_BYTES = 7  # six commas and one character: how many numbers a file of some size can hold
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS = "Save it as CSV in UTF-8"


class CsvFile(PaymentFile):
    """A `Feed` of one file in our own columns. What damages it as a whole is its encoding, header, quotes or size."""

    _digests: list[str]  # after each block of the validated file; the last is of all of it

    def payments(self) -> Iterator[Payment]:
        """Every payment, in the order of the file. Raises FeedError before the first where something is wrong,
        and later where the file is not the one that was validated; no payment of a changed block is yielded."""
        validated = self._validated()
        again = Findings()
        with self._opened() as file:
            for payment in self._read(file, again, lambda blocks: unchanged(blocks, self._digests, self.name)):
                again.count += 1
                yield payment
        if (again.count, again.problem_count) != (validated.count, validated.problem_count):
            raise changed(self.name)

    def _passes(self) -> Iterator[tuple[str, Findings]]:
        digests: list[str] = []
        findings = self._pass(lambda blocks: remembered(blocks, digests))
        self._digests = digests
        yield digests[-1] if digests else "", findings  # a file that is too large is not read
        yield digests[-1], self._pass(lambda blocks: unchanged(blocks, digests, self.name))

    def _pass(self, watch: Callable[[Iterable[bytes]], Iterable[bytes]]) -> Findings:
        findings = Findings()
        with self._opened() as file:
            for _ in self._read(file, findings, watch):
                findings.count += 1
                if findings.count % TOLD_EVERY == 0:
                    self._checked(findings.count)
        return findings

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):  # a pipe can be read only once, a folder not at all
                raise FeedError(f"{self.name} is not a file; give the path of a CSV file with payments")
            file = self._path.open("rb")
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            reason = getattr(error, "strerror", None) or error
            raise FeedError(f"{shown(str(self._path))} could not be opened: {reason}; check the path and its rights") from error
        with file:
            try:
                yield file
            except OSError as error:
                raise FeedError(f"{self.name} could not be read to its end: {error.strerror}; copy it again") from error

    def _read(self, file: BinaryIO, findings: Findings, watch: Callable[[Iterable[bytes]], Iterable[bytes]]) -> Iterator[Payment]:
        """One pass: yields the good payments and adds everything wrong to `findings`. `watch` sees each block first."""
        size = os.fstat(file.fileno()).st_size
        try:
            if size > MOST_BYTES:
                raise unreadable(1, WHOLE_FILE, f"{size:,} bytes", f"Split it into files of at most {MOST_BYTES:,} bytes")
            seen = SeenNumbers(min(MOST_LINES, size // _SHORTEST_RECORD_BYTES) + 1)
            records = _records(_lines(watch(_blocks(file, size)), findings), findings)
            columns = _columns(records, findings)
            for line, fields in records if columns else ():
                payment = self._payment(line, fields, columns, seen, findings)
                if payment is not None:
                    yield payment
        except Unreadable as error:
            findings.add(error.problem, damaged=True)

    def _payment(
        self, line: int, fields: list[str], columns: tuple[str, ...], seen: SeenNumbers, findings: Findings
    ) -> Payment | None:
        """The payment of one record, or None with its problems added."""
        if len(fields) != len(columns):
            findings.wrong_lines += 1
            findings.add(
                FeedProblem(
                    line,
                    WHOLE_LINE,
                    f"{len(fields)} fields where the header names {len(columns)} columns",
                    "Put values that contain a comma in double quotes, and leave out no comma",
                )
            )
            return None
        given = dict(zip(columns, fields, strict=True))
        reading = read_line(line, given, self._company, numbers_are_not_cards=self._not_cards, today=self._today)
        findings.card_lines += reading.cards
        problems = list(reading.problems)
        number = reading.transaction_number
        if number and (first := seen.first_line(number, line)) != line:
            message = f"{shown(number)} stands on line {first} already"
            problems.append(
                FeedProblem(line, "transaction_number", message, "Each payment has a number of its own; leave one out")
            )
        if problems:
            findings.wrong_lines += 1
        for problem in problems:
            findings.add(problem)
        return None if problems else reading.payment


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The file in blocks of a fixed size. Raises Unreadable where there is more than the `size` it had when opened."""
    read = 0
    while block := file.read(_BLOCK_BYTES):
        read += len(block)
        if read > size:
            raise unreadable(1, WHOLE_FILE, "it grew while it was read", "Import it when it is complete")
        yield block


def _lines(blocks: Iterable[bytes], findings: Findings) -> Iterator[str]:
    """The physical lines as text, each with its line end. Bytes that are not text damage the file but not the reading."""
    for number, raw in enumerate(_raw_lines(blocks), start=1):
        if number > MOST_LINES + 1:
            raise unreadable(number, WHOLE_FILE, f"more than {MOST_LINES:,} lines", "Split it into several files")
        line = raw.removeprefix(_UTF8_BOM) if number == 1 else raw
        if number == 1 and raw.startswith(_UTF16_BOMS):
            raise unreadable(1, WHOLE_FILE, "it is written in UTF-16", _SAVE_AS)
        if b"\0" in line:
            message = f"an empty byte (NUL) at position {line.index(0) + 1}"
            if number == 1:  # where every second byte is empty, one problem for each line would help nobody
                raise unreadable(1, WHOLE_LINE, message + ", as in UTF-16", _SAVE_AS)
            findings.add(FeedProblem(number, WHOLE_LINE, message, "The file was cut or damaged; export it again"), damaged=True)
            line = line.replace(b"\0", b"?")
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            message = f"the byte {line[error.start]:#04x} at position {error.start + 1} is not UTF-8"
            findings.add(FeedProblem(number, WHOLE_LINE, message, _SAVE_AS), damaged=True)
            yield line.decode(errors="replace")


def _raw_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The physical lines as bytes, each with its line end. Raises Unreadable at one that is too long."""
    number = 1
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            _check_short(line, number)
            yield line + b"\n"
            number += 1
        _check_short(rest, number)
    if rest:
        yield rest


def _check_short(line: bytes, number: int) -> None:
    if len(line) > MOST_LINE_BYTES:
        message = f"the line is longer than {MOST_LINE_BYTES:,} bytes"
        raise unreadable(number, WHOLE_LINE, message, "Check that each payment stands on a line of its own")


def _records(lines: Iterable[str], findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """The records with the line on which each begins; blank lines, and rows of empty fields as spreadsheets leave them, are
    passed over. What is not CSV is a problem."""
    first, length, ended = 1, 0, False

    def counted() -> Iterator[str]:
        nonlocal length, ended
        for line in lines:
            length += len(line)
            if length > MOST_LINE_BYTES:
                message = f"a double quote is opened and not closed within {MOST_LINE_BYTES:,} characters"
                raise unreadable(first, WHOLE_LINE, message, "Close it on the same line")
            yield line
        ended = True

    reader = csv.reader(counted(), strict=True)
    while True:
        first, length = reader.line_num + 1, 0
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            findings.wrong_lines += 1
            if ended:  # all that followed the quote was swallowed, so nothing is known of it
                message = "a double quote is opened and never closed"
                findings.add(FeedProblem(first, WHOLE_LINE, message, "Close it on the same line"), damaged=True)
            else:
                remedy = "Write a double quote inside a quoted value twice, and end each line as Windows or Unix does"
                findings.add(FeedProblem(first, WHOLE_LINE, f"it is not CSV ({error})", remedy))
            continue
        if any(field.strip() for field in record):
            yield first, record


def _columns(records: Iterator[tuple[int, list[str]]], findings: Findings) -> tuple[str, ...]:
    """The columns the header names, or none with what is wrong with it added."""
    line, header = next(records, (0, []))
    names = tuple(name.strip(" ") for name in header)
    before = findings.problem_count
    whole = f"Begin the file with the line {','.join(REQUIRED_COLUMNS)}"

    def wrong(column: str, message: str, remedy: str) -> None:
        findings.add(FeedProblem(1, column, message, remedy), damaged=True)

    if line != 1 and before:  # the header's own quotes are wrong; that has been said
        findings.damaged = True
        return ()
    if line != 1:
        wrong(WHOLE_LINE, "there is no header" if line else "the file has no lines", whole)
        return ()
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        wrong(WHOLE_LINE, "the columns are not separated by commas", "Save it as CSV with commas between the values")
        return ()
    for place, name in enumerate(names, start=1):
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            remedy = f"Write {near[0]}" if near else "Take the column out"
            column = shown(name)[1:-1] or f"column {place}"
            wrong(column, "the column means nothing here", f"{remedy}; known are {', '.join(COLUMNS)}")
        elif names.index(name) != place - 1:
            wrong(name, "the column appears twice", "Leave one of them out")
    for name in REQUIRED_COLUMNS:
        if name not in names:
            wrong(name, "the column is missing", whole)
    return names if findings.problem_count == before else ()
