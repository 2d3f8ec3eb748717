"""Kinds of facts: a name, the typed figures it holds and its sentence, in one place each.

A kind is one function. Its name is the kind's, its keyword arguments are what such a fact holds (or, where they are many, a
TypedDict of them), its body writes the sentence. Calling it makes the fact; a missing or mistyped figure fails then, not
years later when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Concatenate, Generic, ParamSpec, get_args, get_origin, get_type_hints

from receivables.books_records import Stamp
from receivables.diagnosis import Fact, Value
from receivables.words import Words, capitalized

P = ParamSpec("P")


class Kind(Generic[P]):
    """What one kind of fact holds and says. Called, it makes a fact about a document and whoever touched it."""

    def __init__(self, tells: Callable[Concatenate[Fact, Words, P], str]) -> None:
        hints = {name: hint for name, hint in get_type_hints(tells).items() if name not in ("fact", "words", "return")}
        optional = frozenset(tells.__kwdefaults__ or ())
        if "figures" in hints:
            (figures,) = get_args(hints["figures"])
            hints, optional = get_type_hints(figures), figures.__optional_keys__
        self.name = tells.__name__
        self.tells = tells
        self._types = {name: _types(hint) for name, hint in hints.items()}
        self._required = frozenset(self._types.keys() - optional)
        self._days = {name for name, types in self._types.items() if date in types}

    def __call__(self, document: str = "", stamp: Stamp | None = None, *_: P.args, **values: P.kwargs) -> Fact:
        """Raises TypeError for a figure that is missing, unknown or of another type. One that is None is left out."""
        if not self._required <= values.keys():
            raise TypeError(f"a fact {self.name} needs {sorted(self._required - values.keys())}")
        held: list[tuple[str, Value]] = []
        for name, value in values.items():
            if type(value) not in self._types.get(name, ()):
                raise TypeError(f"a fact {self.name} cannot hold {name}={value!r}")
            if value is not None:
                held.append((name, value.isoformat() if isinstance(value, date) else value))  # type: ignore[arg-type]
        return Fact(self.name, document, "" if stamp is None else stamp.person, None if stamp is None else stamp.at, tuple(held))

    def sentence(self, fact: Fact, words: Words) -> str:
        """What such a fact says, for people."""
        tells: Callable[..., str] = self.tells
        return tells(fact, words, **{name: self._read(name, value) for name, value in fact.values})

    def _read(self, name: str, value: Value) -> Any:
        return date.fromisoformat(value) if name in self._days and isinstance(value, str) else value


def _types(hint: Any) -> tuple[type, ...]:
    """The exact types that a value may have: `Money | None` is Money and None, `tuple[str, ...]` is tuple."""
    origin = get_origin(hint)
    if origin is tuple:
        return (tuple,)
    return (hint,) if origin is None else tuple(_types(part)[0] for part in get_args(hint))


KINDS: dict[str, Kind[Any]] = {}


def kind(tells: Callable[Concatenate[Fact, Words, P], str]) -> Kind[P]:
    """Makes a kind of fact of the function that writes its sentence. Its name is stable for ever, and used only once."""
    made = Kind(tells)
    if made.name in KINDS:
        raise ValueError(f"two kinds of facts are called {made.name}")
    KINDS[made.name] = made
    return made


def fact_sentence(fact: Fact, words: Words) -> str:
    """What a fact says, beginning with a capital letter; words stored by version 0.1.0 as they stand."""
    return fact.said or capitalized(KINDS[fact.fact].sentence(fact, words))
