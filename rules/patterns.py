"""How a rule says what it looks for: plain descriptions of facts, checked before any engine sees them.

A rule is a list of patterns. `a("line", flaw=Flaw.SHORT)` asks for such a fact, `no("line", flaw=Flaw.GONE)` asks that
there is none, and `of("payment", "currency")` compares with a fact asked for earlier in the same rule. Nothing
else can be said, so that what the engine answers wrongly (`cage` lists it) cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

Value = int | str | bool  # a member of a StrEnum is a str
#: The fields of each kind of fact and their types: int, str, bool or a closed list of texts, every one mandatory.
Schema = Mapping[str, Mapping[str, type]]


MOST_FIELDS = 60
RESERVED = ("k", "id", "sid")  # the kind, the fact's own id, and the state that it belongs to


class RuleRefused(ValueError):
    """A rule says something that the engine would answer wrongly or crash on. Raised when rules are built."""


class Comparison(StrEnum):
    IS = "=="
    IS_NOT = "!="
    ABOVE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True)
class Of:
    """The field of a fact that the same rule asked for earlier, under that alias."""

    alias: str
    field: str


@dataclass(frozen=True)
class Term:
    """One comparison of one field, with a constant or with another fact's field."""

    field: str
    comparison: Comparison
    value: Value | Of


@dataclass(frozen=True)
class Condition:
    """What a field must satisfy, before it is known which field: the right-hand side of `a(kind, field=...)`."""

    comparison: Comparison
    values: tuple[Value | Of, ...]


#: What may stand behind a field: a constant, another fact's field, or a condition.
Wanted = Value | Of | Condition


@dataclass(frozen=True)
class Pattern:
    """One fact that must be there, or (absent) must not. Terms are ordered as the engine needs them."""

    kind: str
    alias: str
    terms: tuple[Term, ...]
    absent: bool = False


@dataclass(frozen=True)
class EngineRule:
    """A name and what must all be true for it to fire."""

    name: str
    patterns: tuple[Pattern, ...]


def of(alias: str, field: str) -> Of:
    """A field of a fact asked for earlier in the same rule."""
    return Of(alias, field)


def together(patterns: Iterable[Pattern]) -> tuple[Pattern, ...]:
    """The same patterns; those that ask for one fact under one alias as one pattern."""
    found: dict[object, Pattern] = {}
    for position, asked in enumerate(patterns):
        key = position if asked.absent else (asked.kind, asked.alias)
        before = found.get(key, asked)
        found[key] = replace(asked, terms=_in_order((*before.terms, *asked.terms)))
    return tuple(found.values())


def above(value: int | Of) -> Condition:
    """Strictly greater than."""
    return Condition(Comparison.ABOVE, (value,))


def at_least(value: int | Of) -> Condition:
    """Greater than or equal to."""
    return Condition(Comparison.AT_LEAST, (value,))


def neither(*values: Value | Of) -> Condition:
    """Different from each of these."""
    return Condition(Comparison.IS_NOT, values)


def a(kind: str, alias: str = "", /, **conditions: Wanted) -> Pattern:
    """A fact of this kind that satisfies all conditions. Its alias is its kind unless another is given."""
    return Pattern(kind, alias or kind, _terms(conditions))


def no(kind: str, /, **conditions: Wanted) -> Pattern:
    """There is no fact of this kind that satisfies all conditions."""
    return Pattern(kind, f"no_{kind}", _terms(conditions), absent=True)


def _terms(conditions: Mapping[str, Wanted]) -> tuple[Term, ...]:
    """All comparisons: constants first, then those with other facts, and among these equality last.

    The engine reads past the end of its own array when the last comparison with another fact is not an equality.
    """
    terms = []
    for field, condition in conditions.items():
        if isinstance(condition, Condition):
            terms += [Term(field, condition.comparison, value) for value in condition.values]
        else:
            terms.append(Term(field, Comparison.IS, condition))
    return _in_order(terms)


def _in_order(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple(sorted(dict.fromkeys(terms), key=lambda term: (isinstance(term.value, Of), term.comparison is Comparison.IS)))


def engine_type(wanted: type) -> type:
    """How the engine sees a field: a member of a closed list is a text to it."""
    return str if issubclass(wanted, StrEnum) else wanted


def check_schema(schema: Schema) -> None:
    """Raises RuleRefused for a kind of fact that the engine cannot take: a fact of more than 253 fields ends the process."""
    for kind, fields in schema.items():
        if len(fields) > MOST_FIELDS:
            raise RuleRefused(f"a {kind!r} has {len(fields)} fields; at most {MOST_FIELDS} are allowed")
        for field, wanted in fields.items():
            if engine_type(wanted) not in (int, str, bool):
                raise RuleRefused(f"{kind}.{field}: the engine is exact only for whole numbers, text and booleans")
            if field in RESERVED or field.startswith("$"):
                raise RuleRefused(f"{kind}.{field}: the name is needed for the engine's own use")


def check(rule: EngineRule, schema: Schema) -> None:
    """Raises RuleRefused when the rule names a field that does not exist or compares what cannot be compared.

    The engine takes a misspelt field for an empty one and compares 1 with "1" or true in its own ways. A field with a closed
    list of values is compared with its members only, so that none of them can be misspelt.
    """
    known: dict[str, str] = {}
    for pattern in rule.patterns:
        where = f"{rule.name}: {pattern.alias}"
        if pattern.kind not in schema:
            raise RuleRefused(f"{where}: there is no kind of fact called {pattern.kind!r}")
        if not pattern.absent and pattern.alias in known:
            raise RuleRefused(f"{where}: the alias is used twice")
        _check_once(where, pattern, rule)
        for term in pattern.terms:
            _check_term(where, pattern.kind, term, known, schema)
        if not pattern.absent:
            known[pattern.alias] = pattern.kind


def _check_once(where: str, pattern: Pattern, rule: EngineRule) -> None:
    """One fact never answers two patterns of a rule. The engine does not even look at a fact that the rule already found
    when it asks whether there is none, so a fact that is asked for must plainly differ from one that must be absent.
    """
    for other in rule.patterns:
        if other is pattern or other.kind != pattern.kind or other.absent:
            continue
        if not pattern.absent:
            raise RuleRefused(f"{where}: a rule can ask for a {pattern.kind!r} only once")
        others = any(
            unwanted.comparison is Comparison.IS_NOT and unwanted.value == Of(other.alias, unwanted.field)
            for unwanted in pattern.terms
        )
        if not others and not any(_differ(wanted, unwanted) for wanted in other.terms for unwanted in pattern.terms):
            raise RuleRefused(f"{where}: the {pattern.kind!r} asked for may itself be the one that must be absent")


def _differ(wanted: Term, unwanted: Term) -> bool:
    """Whether no fact can satisfy both."""
    if wanted.field != unwanted.field or wanted.comparison is not Comparison.IS:
        return False
    value, limit = wanted.value, unwanted.value
    if isinstance(value, Of) or isinstance(limit, Of):
        return False
    if unwanted.comparison is Comparison.IS:
        return value != limit
    if unwanted.comparison is Comparison.IS_NOT:
        return value == limit
    return (
        isinstance(value, int)
        and isinstance(limit, int)
        and (value < limit or (value == limit and "=" not in unwanted.comparison))
    )


def _check_term(where: str, kind: str, term: Term, known: Mapping[str, str], schema: Schema) -> None:
    wanted = _type_of(where, kind, term.field, schema)
    if isinstance(term.value, Of):
        if term.value.alias not in known:
            raise RuleRefused(f"{where}.{term.field}: {term.value.alias!r} was not asked for earlier in the rule")
        given = _type_of(where, known[term.value.alias], term.value.field, schema)
    else:
        given = type(term.value)
    if given is not wanted:
        raise RuleRefused(f"{where}.{term.field}: compares {wanted.__name__} with {given.__name__}")
    if wanted is not int and term.comparison in (Comparison.ABOVE, Comparison.AT_LEAST):
        raise RuleRefused(f"{where}.{term.field}: only whole numbers have an order here")


def _type_of(where: str, kind: str, field: str, schema: Schema) -> type:
    if field not in schema[kind]:
        raise RuleRefused(f"{where}: a fact of kind {kind!r} has no field {field!r}")
    return schema[kind][field]
