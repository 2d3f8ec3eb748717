"""The conditions of a rule in words, for somebody who keeps books; the words of each field stand in `rules/facts.py`.

Rendering only.
"""

from __future__ import annotations

from rules.facts import TABLE
from rules.patterns import Comparison, Of, Pattern, Term, Value

_COMPARED = {Comparison.IS: "is", Comparison.IS_NOT: "is not", Comparison.ABOVE: "is above", Comparison.AT_LEAST: "is at least"}


def pattern(asked: Pattern) -> str:
    """What a pattern asks for: "an invoice of the payment: its state is short"."""
    terms = "; ".join(term(asked.kind, asked_term) for asked_term in asked.terms)
    noun = TABLE[asked.kind].noun
    if asked.absent:
        noun = "no " + noun.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    return f"{noun}: {terms}" if terms else noun if asked.absent else f"{noun} is known"


def term(kind: str, asked: Term) -> str:
    """What one comparison asks for."""
    field = TABLE[kind].fields[asked.field]
    if isinstance(asked.value, bool):
        return field.words if asked.value is (asked.comparison is Comparison.IS) else field.otherwise
    return f"{field.words} {_COMPARED[asked.comparison]} {_other(asked.value)}"


def actual(kind: str, name: str, value: Value) -> str:
    """What is so with a field: "its points is 40"."""
    field = TABLE[kind].fields[name]
    if field.type is bool:
        return field.words if value else field.otherwise
    return f"{field.words} is {_shown(value)}"


def _other(value: Value | Of) -> str:
    if isinstance(value, Of):
        return f"that of {TABLE[value.alias].noun} ({value.field.removesuffix('_minor')})"
    return _shown(value)


def _shown(value: Value) -> str:
    return repr(value) if value == "" else str(value)
