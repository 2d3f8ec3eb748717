"""The small language in which Slack's limits on blocks are written down (see block_limits).

A check looks at one value and notes what Slack would object to, in Slack's words and with its pointer, for
example "must be less than 3001 characters [json-pointer:/blocks/0/text/text]".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Problems = list[str]
Check = Callable[[object, str, Problems], None]
Rule = Callable[[Mapping[str, Any], str, Problems], None]  # judges several fields of one object together


def note(problems: Problems, what: str, pointer: str) -> None:
    problems.append(f"{what} [json-pointer:{pointer}]")


def string(at_most: int | None = None, *, at_least: int = 0, pattern: str = "") -> Check:
    """A string of at least and at most so many characters."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, str):
            note(problems, "must be a string", pointer)
        elif at_most is not None and len(value) > at_most:
            note(problems, f"must be less than {at_most + 1} characters", pointer)
        elif len(value) < at_least:
            note(problems, f"must be more than {at_least - 1} characters", pointer)
        elif pattern and not re.fullmatch(pattern, value):
            note(problems, f"failed to match pattern {pattern}", pointer)

    return check


def one_of(*allowed: str) -> Check:
    def check(value: object, pointer: str, problems: Problems) -> None:
        if value not in allowed:
            note(problems, "value must be one of: " + ", ".join(allowed), pointer)

    return check


def flag(value: object, pointer: str, problems: Problems) -> None:
    if not isinstance(value, bool):
        note(problems, "must be a boolean", pointer)


def integer(at_least: int, at_most: int | None = None) -> Check:
    def check(value: object, pointer: str, problems: Problems) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            note(problems, "must be an integer", pointer)
        elif value < at_least or (at_most is not None and value > at_most):
            note(problems, f"must be between {at_least} and {at_most}", pointer)

    return check


def anything(value: object, pointer: str, problems: Problems) -> None:
    """What this practice workspace does not judge."""


def text(at_most: int, *kinds: str) -> Check:
    """A text object of one of these kinds ("plain_text", "mrkdwn"; both when none is named)."""
    allowed = kinds or ("plain_text", "mrkdwn")
    inner = Shape(
        required=("type", "text"),
        fields={"type": one_of(*allowed), "text": string(at_most, at_least=1), "emoji": flag, "verbatim": flag},
    )

    def check(value: object, pointer: str, problems: Problems) -> None:
        before = len(problems)
        inner(value, pointer, problems)
        if len(problems) > before:  # Slack says first that the whole did not fit, then why
            problems.insert(before, f"failed to match all allowed schemas [json-pointer:{pointer}]")

    return check


def items(check_item: Check, at_least: int, at_most: int) -> Check:
    """A list of at least and at most so many items."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, list):
            note(problems, "must provide an array", pointer)
            return
        if len(value) > at_most:
            note(problems, f"no more than {at_most} items allowed", pointer)
        if len(value) < at_least:
            note(problems, f"no fewer than {at_least} items allowed", pointer)
        for number, item in enumerate(value[:at_most]):
            check_item(item, f"{pointer}/{number}", problems)

    return check


@dataclass(frozen=True)
class Shape:
    """An object with these fields and no others."""

    required: tuple[str, ...]
    fields: Mapping[str, Check]
    also: tuple[Rule, ...] = ()

    def __call__(self, value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            note(problems, "must provide an object", pointer)
            return
        for name in self.required:
            if name not in value:
                note(problems, f"missing required field: {name}", pointer)
        for name, held in value.items():
            if name not in self.fields:
                note(problems, f"invalid additional property: {name}", pointer)
            else:
                self.fields[name](held, f"{pointer}/{name}", problems)
        for rule in self.also:
            rule(value, pointer, problems)


def typed(shapes: Mapping[str, Check], not_offered: frozenset[str] = frozenset()) -> Check:
    """An object whose "type" says which of the shapes it must have."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            note(problems, "must provide an object", pointer)
            return
        kind = value.get("type")
        if "type" not in value:
            note(problems, "missing required field: type", pointer)
        elif isinstance(kind, str) and kind in not_offered:
            note(problems, f"{kind} is not offered by this practice workspace", f"{pointer}/type")
        elif not isinstance(kind, str) or kind not in shapes:
            note(problems, f"unsupported type: {kind}", f"{pointer}/type")
        else:
            shapes[kind](value, pointer, problems)

    return check
