"""Which map reads a file: the one that is named, else the one remembered for the company, else none: its columns are ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.settings_messages import Problem, key_of, nearest
from app.toml_file import parsed, refused
from feeds.maps.map import BUILT_IN, SETTABLE, STANDARD, Map, Means, with_answers
from feeds.maps.mapped_file import missing_columns
from feeds.maps.workbook import MAGIC
from receivables.errors import ConfigurationError
from receivables.words import listed
from storage.import_maps import RememberedMap

_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Chosen:
    """By which map a file is read; `by` is None for Resolve Now's own columns, `named` whether the person named it now."""

    name: str
    by: Map | None
    answers: Mapping[str, str]
    named: bool

    @property
    def remembered(self) -> bool:
        return self.by is not None and not self.named


def choose(named: str | None, said: Iterable[str], before: RememberedMap | None, folder: Path) -> Chosen:
    """The map of an import. `said` is what `--set` stated, `folder` that of the configuration. Raises ConfigurationError."""
    answers = _answers(said)
    name = named or (before.name if before else STANDARD)
    if name == STANDARD:
        if answers:
            raise ConfigurationError("--set states something of a map. Name the map with --map.")
        return Chosen(STANDARD, None, {}, named is not None)
    path = _path(name, folder)
    name = name if name in BUILT_IN else str(path)
    if before and before.name == name:
        answers = {**before.answers, **answers}
    return Chosen(name, load_map(path, name, answers), answers, named is not None or bool(list(said)))


def _answers(said: Iterable[str]) -> dict[str, str]:
    answers = {}
    for statement in said:
        key, equals, answer = statement.partition("=")
        if not equals or key not in SETTABLE:
            raise ConfigurationError(
                f"--set {statement} states nothing of a map. Write KEY=VALUE; keys are {', '.join(SETTABLE)}."
            )
        answers[key] = answer
    return answers


def _path(name: str, folder: Path) -> Path:
    """The file of a map: one of ours, or a path, from here or from the folder of the configuration."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name.endswith(".toml"):
        here = Path(name)
        return (here if here.exists() else folder / here).absolute()
    raise ConfigurationError(
        f"{name!r} is not a map. {nearest(name, [STANDARD, *BUILT_IN])} Maps: {listed([STANDARD, *BUILT_IN])}; "
        "a map of your own is named by its path, which ends in .toml."
    )


def load_map(path: Path, name: str, answers: Mapping[str, str]) -> Map:
    """The map of this file with what the company states of it. Raises ConfigurationError with everything that is wrong."""
    text, raw = parsed(path, f"`resolve-now maps to-copy > {path.name}` writes one to change.")
    try:
        by = Map.model_validate(with_answers(raw, answers))
    except ValidationError as error:
        problems = [_problem(details, raw, answers) for details in error.errors(include_url=False)]
        raise refused(path, problems, text) from None
    if missing := by.open_questions:
        asks = "; ".join(f"--set {key}=… ({by.asks.get(key, 'as your file has it')})" for key in missing)
        raise ConfigurationError(f"The map {name} has to be told, once for the company: {asks}.")
    return by


def _problem(error: ErrorDetails, raw: Mapping[str, Any], answers: Mapping[str, str]) -> Problem:
    place = error["loc"]
    for key in answers:
        if place[:2] == SETTABLE[key]:
            return Problem(f"--set {key}={answers[key]}", _text(error))
    return Problem(key_of(place, raw) or "the map", _text(error), place)


def _text(error: ErrorDetails) -> str:
    example = "`resolve-now maps to-copy` shows it"
    match error["type"]:
        case "missing":
            return f"is missing. {example}"
        case "extra_forbidden":
            return f"is not a key here. {nearest(str(error['loc'][-1]), _keys(Map))}"
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error":
            return f"has an unknown value. Write {error['ctx']['expected'].replace(chr(39), chr(34))}"
        case "is_instance_of" | "enum":
            return f"has an unknown value. Write one of {listed([str(means) for means in Means])}"
        case _:
            return f"has the wrong form ({error['msg'].lower()}). {example}"


def _keys(part: Any) -> list[str]:
    """The keys of a map and of all its tables."""
    names = []
    for name, field in part.model_fields.items():
        names.append(name)
        for inner in (field.annotation, *get_args(field.annotation)):
            if hasattr(inner, "model_fields"):
                names += _keys(inner)
    return list(dict.fromkeys(names))


def advice_for(file: Path) -> str:
    """Which map would find its columns in a file that is not in ours, in a sentence; "" where none does."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEADER_BYTES)
    except (OSError, ValueError):
        return ""
    if head.startswith(MAGIC):
        return f"A workbook is read by a map. Name one with --map: {listed(list(BUILT_IN))}, or a map of your own"
    fits = [name for name, path in BUILT_IN.items() if _fits(path, head)]
    return f"It has the columns of the map {listed(fits)}: look at it with --map {fits[0]} --preview" if fits else ""


def _fits(path: Path, head: bytes) -> bool:
    by = Map.model_validate(parsed(path, "")[1])
    try:
        header: Sequence[str] = next(csv.reader(io.StringIO(head.decode("utf-8-sig", "replace"), newline="")), [])
    except csv.Error:
        return False
    return not missing_columns(by, [name.strip() for name in header])
