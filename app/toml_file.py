"""A TOML file that people write: read with errors that name line and key, and say what to write instead."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from app.settings_lines import line_of
from app.settings_messages import Problem
from receivables.errors import ConfigurationError

LARGEST_FILE_BYTES = 4 * 1024 * 1024  # thousands of companies; anything more is the wrong file


def parsed(path: Path, missing: str) -> tuple[str, dict[str, Any]]:
    """The file as text, and what it says. `missing` says what to do where there is no such file. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist. {missing}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}. Check its path and permissions.") from error
    if len(raw) > LARGEST_FILE_BYTES:
        raise ConfigurationError(f"{path} is longer than {LARGEST_FILE_BYTES:,} bytes. Check that it is the right file.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}, line {line}: this is not UTF-8. Save the file in UTF-8.") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", str(error), re.DOTALL)
        where, what = (f"line {found['line']}, column {found['column']}", found["what"]) if found else ("its end", str(error))
        raise ConfigurationError(
            f"{path}, {where}: {what}. The file is TOML: write KEY = VALUE, with text in double quotes and dates without quotes."
        ) from None


def refused(path: Path, problems: list[Problem], text: str) -> ConfigurationError:
    """Everything that is wrong with the file, each with its line and key."""
    lines = []
    for problem in problems:
        line = line_of(problem.place, text)
        where = f"line {line}, {problem.key}" if line else problem.key
        lines.append(f"{where}: {problem.text.removesuffix('.')}{'' if problem.text.endswith('?') else '.'}")
    if len(lines) == 1:
        return ConfigurationError(f"{path}{', ' if lines[0].startswith('line ') else ': '}{lines[0]}")
    return ConfigurationError("\n  ".join([f"{path} has {len(lines)} problems:", *lines]))
