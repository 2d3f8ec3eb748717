"""What two versions left, compared value by value; and which differences are meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from bench.side_by_side.rows import Key, Row, rows_of

SHOWN = 40  # of each table of each play; the rest is counted


@dataclass(frozen=True)
class Difference:
    """A value that is not the same, or a row that only one version has."""

    play: str
    table: str
    key: Key
    column: str
    before: object
    now: object

    def __str__(self) -> str:
        return f"{self.play}: {self.table} {self.key} {self.column}: {self.before!r} -> {self.now!r}"


@dataclass(frozen=True)
class Expected:
    """Differences that are meant, by patterns of play, table, column and values, and why."""

    play: str
    table: str
    column: str
    why: str
    before: str = "*"
    now: str = "*"

    def covers(self, found: Difference) -> bool:
        values = (
            (found.play, self.play),
            (found.table, self.table),
            (found.column, self.column),
            (str(found.before), self.before),
            (str(found.now), self.now),
        )
        return all(fnmatch(value, pattern) for value, pattern in values)


_CALENDAR = "a receipt entered by hand lies as many days from the payment as the company's calendar says, not the one in UTC"

#: What is meant to differ from 0.1.0.
EXPECTED = (
    Expected(
        "walks/*",
        "*",
        "*code",
        "a refusal that the walk's own books play is a word of the one list of refusals",
        before="refused_by_fault",
        now="invalid",
    ),
    Expected("histories/*", "failure", "confidence", _CALENDAR, before="certain", now="likely"),
    Expected("histories/*", "failure", "alternatives", _CALENDAR, '?"escalate"?', '?"not_duplicate","escalate"?'),
)


def compare(play: str, played: Path) -> Sequence[Difference]:
    """Every difference in what was played, in the order of its folders. Prints how much was compared."""
    before, now = played / "before" / play, played / "now" / play
    folders = sorted({file.parent.relative_to(at) for at in (before, now) for file in at.rglob("*.sqlite")})
    found, rows = list(_exit_codes(play, before, now)), 0
    for folder in folders:
        old, new = rows_of(before / folder), rows_of(now / folder)
        rows += sum(map(len, old.values()))
        for table in sorted({*old, *new}):
            found += _of_table(f"{play}/{folder}", table, old.get(table, {}), new.get(table, {}))
    print(f"{play}: {rows} rows in {len(folders)} folders were compared.", flush=True)
    return found


def _exit_codes(play: str, before: Path, now: Path) -> Iterator[Difference]:
    codes = [
        dict(line.split("\t") for file in at.glob("codes.txt") for line in file.read_text().splitlines()) for at in (before, now)
    ]
    for command in sorted({*codes[0], *codes[1]}):
        if codes[0].get(command) != codes[1].get(command):
            yield Difference(play, "command", (command,), "exit code", codes[0].get(command), codes[1].get(command))


def _of_table(play: str, table: str, old: Mapping[Key, Row], new: Mapping[Key, Row]) -> Iterator[Difference]:
    for key in sorted({*old, *new}, key=repr):
        before, now = old.get(key), new.get(key)
        if before is None or now is None:
            yield Difference(play, table, key, "row", before, now)
            continue
        for column in before:
            if before[column] != now[column]:
                yield Difference(play, table, key, column, before[column], now[column])


def report(found: Sequence[Difference], expected: Sequence[Expected]) -> int:
    """Prints the differences, of those that are meant only how many. Returns the exit code."""
    for meant in expected:
        count = sum(meant.covers(difference) for difference in found)
        print(f"{count} differences in {meant.table} {meant.column} ({meant.play}), as meant: {meant.why}")
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in found:
        if not any(meant.covers(difference) for meant in expected):
            groups.setdefault((difference.play, difference.table), []).append(difference)
    for (play, table), differences in groups.items():
        for difference in differences[:SHOWN]:
            print(difference)
        if len(differences) > SHOWN:
            print(f"... and {len(differences) - SHOWN} more in {play}: {table}")
    wrong = sum(map(len, groups.values()))
    print(f"{wrong} differences that are not meant." if wrong else "No differences but those that are meant.")
    return 1 if wrong else 0
