"""What the command line prints: tables for people, JSON for programs, one line for an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from receivables.words import visible

PIPED_WIDTH = 140  # a file or a pipe has no width of its own


def console() -> Console:
    """Where people read: standard output, without color, and wide enough for a table, when it is not a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> None:
    """One table; cells are plain text, never markup, whatever a customer is called. `right` columns hold amounts."""
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    console().print(table)


def print_line(text: str) -> None:
    """One plain line for people, whatever text it contains."""
    console().print(Text(visible(text)), soft_wrap=True)


def print_beside(text: str) -> None:
    """One plain line on standard error: what is said beside the answer, which stays clean for programs."""
    Console(stderr=True, highlight=False).print(Text(visible(text)), soft_wrap=True)


def print_error(text: str) -> None:
    """One plain line on standard error: what is wrong and what to do."""
    Console(stderr=True, highlight=False).print(Text(visible(text), style="red"), soft_wrap=True)


def print_json(value: object) -> None:
    """The same answer for programs, one JSON document on standard output."""
    sys.stdout.write(json.dumps(json_value(value), ensure_ascii=False, indent=2) + "\n")


def print_json_parts(parts: Mapping[str, object]) -> None:
    """The same document, of an object whose values may be iterators: each of their items is written as it comes."""
    before = "{\n  "
    for name, value in parts.items():
        sys.stdout.write(f"{before}{json.dumps(name)}: ")
        before = ",\n  "
        if not isinstance(value, Iterator):
            sys.stdout.write(_indented(value, "  "))
            continue
        opening = "[\n    "
        for item in value:
            sys.stdout.write(opening + _indented(item, "    "))
            opening = ",\n    "
        sys.stdout.write("[]" if opening.startswith("[") else "\n  ]")
    sys.stdout.write("\n}\n")


def _indented(value: object, by: str) -> str:
    return json.dumps(json_value(value), ensure_ascii=False, indent=2).replace("\n", f"\n{by}")


def json_value(value: object) -> Any:
    """Dataclasses, days, moments and enums as JSON values; moments are ISO 8601 in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    return value
