"""In which line of a TOML file something stands: tomllib does not tell, and people look for a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Place = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[^\[\]#]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*(?P<name>[A-Za-z0-9_.\"'/ -]+?)\s*=")


def line_of(place: Sequence[str | int], text: str) -> int:
    """The line, from 1, that holds as much as possible of ("company", 0, "books", "file"); 0 where nothing of it is found.

    A key that is missing is looked for in its table. Steps that the file does not have are passed over.
    """
    best, found = 0, 0
    for number, stands in _places(text):
        matched = _common(stands, place)
        if matched > best:
            best, found = matched, number
    return found


def _places(text: str) -> Iterator[tuple[int, Place]]:
    """Each table and key of the file by line, as ("company", 0, "books") and ("company", 0, "books", "file")."""
    table: Place = ()
    newest: dict[Place, int] = {}  # of each array of tables
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            table = ()
            names = _names(header["name"])
            for position, name in enumerate(names):
                table = (*table, name)
                if position == len(names) - 1 and header["open"] == "[[":
                    newest[table] = newest.get(table, -1) + 1
                if table in newest:
                    table = (*table, newest[table])
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_names(key["name"]))


def _names(dotted: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted.split(".")]


def _common(stands: Place, place: Sequence[str | int]) -> int:
    """How many steps of `stands` are in the place, in order; 0 where one of them is not."""
    steps = iter(place)
    return len(stands) if all(step in steps for step in stands) else 0
