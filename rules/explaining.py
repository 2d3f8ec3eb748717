"""Why each rule fired or did not: the conditions of every rule, asked again in plain Python over the same facts.

A second way to the same answer, without the rules engine; a test asks that both agree. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from receivables.diagnosis import Cause
from receivables.evidence import Evidence
from rules.cage import Row
from rules.catalogue import RULES
from rules.patterns import Comparison, Of, Pattern, Term, Value
from rules.reading import read
from rules.rows import TABLE, rows_of
from rules.rule import ALL_READ, Rule

#: Held by nearly every payment: a rule is not near for that.
COMMONPLACE = ("payment",)
_COMPARED = {Comparison.IS: "is", Comparison.IS_NOT: "is not", Comparison.ABOVE: "is above", Comparison.AT_LEAST: "is at least"}

Binding = Mapping[str, Row]


@dataclass(frozen=True)
class Condition:
    """One thing a rule asks for, in words, and whether it is so.

    `facts` are the ids of the facts that satisfy it, or that stand in its way where it asks for an absence. `lacking` says
    what the nearest fact lacks.
    """

    text: str
    held: bool
    facts: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleExplained:
    """A rule and its conditions: to fire, to be about the whole payment, to be certain (None: it never is)."""

    rule: str
    cause: Cause
    summary: str
    when: tuple[Condition, ...]
    whole: tuple[Condition, ...]
    certain: tuple[Condition, ...] | None
    fired: bool
    is_whole: bool
    is_certain: bool
    nearly: bool  # it did not fire, for want of one thing only


@dataclass(frozen=True)
class Explanation:
    """The facts as the rules see them, as (id, {field: value}), and every rule in the order of precedence."""

    facts: tuple[tuple[str, Mapping[str, Value]], ...]
    rules: tuple[RuleExplained, ...]

    @property
    def fired(self) -> tuple[RuleExplained, ...]:
        return tuple(rule for rule in self.rules if rule.fired)

    @property
    def nearly(self) -> tuple[RuleExplained, ...]:
        return tuple(rule for rule in self.rules if rule.nearly)


def explain(evidence: Evidence) -> Explanation:
    """Every rule's conditions over the facts of this evidence. Never asks the rules engine; raises for no evidence."""
    rows = rows_of(read(evidence))
    by_kind: dict[str, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    return Explanation(tuple((row.id, dict(row.fields)) for row in rows), tuple(_explained(rule, by_kind) for rule in RULES))


def _explained(rule: Rule, rows: Mapping[str, Sequence[Row]]) -> RuleExplained:
    when, bound = _asked(rule.when, rows, [{}])
    whole, bound = _asked(rule.whole, rows, bound)
    certain = None if rule.certain is None else _asked((*rule.certain, ALL_READ), rows, bound)[0]
    fired = all(condition.held for condition in when)
    is_whole = fired and all(condition.held for condition in whole)
    is_certain = is_whole and certain is not None and all(condition.held for condition in certain)
    nearly = not fired and _is_near(rule.when, when)
    return RuleExplained(rule.name, rule.cause, rule.summary, when, whole, certain, fired, is_whole, is_certain, nearly)


def _asked(
    patterns: Iterable[Pattern], rows: Mapping[str, Sequence[Row]], bound: list[Binding]
) -> tuple[tuple[Condition, ...], list[Binding]]:
    """Each pattern in turn, and the ways in which all that held so far can be so together."""
    found: list[Condition] = []
    for pattern in patterns:
        of_kind = rows.get(pattern.kind, ())
        condition, bound = (_absent if pattern.absent else _present)(pattern, of_kind, bound)
        found.append(condition)
    return tuple(found), bound


def _present(pattern: Pattern, of_kind: Sequence[Row], bound: list[Binding]) -> tuple[Condition, list[Binding]]:
    text = _pattern_in_words(pattern)
    extended: list[Binding] = [
        {**binding, pattern.alias: row} for binding in bound for row in of_kind if not _missed(pattern, row, binding)
    ]
    if extended:
        ids = tuple(dict.fromkeys(binding[pattern.alias].id for binding in extended))
        return Condition(text, True, ids), extended
    near = min(
        ((missed, row) for binding in bound for row in of_kind if (missed := _missed(pattern, row, binding))),
        key=lambda pair: len(pair[0]),
        default=None,
    )
    if near is None:
        return Condition(text, False, lacking=("there is none",)), bound
    missed, row = near
    lacking = tuple(_actual(pattern.kind, term.field, row.fields[term.field]) for term in missed)
    return Condition(text, False, (row.id,), lacking), bound


def _absent(pattern: Pattern, of_kind: Sequence[Row], bound: list[Binding]) -> tuple[Condition, list[Binding]]:
    """A fact that the rule already asked for never stands in its own way."""
    text = _pattern_in_words(pattern)
    in_the_way: dict[str, None] = {}
    left: list[Binding] = []
    for binding in bound:
        asked_for = {row.id for row in binding.values()}
        blocking = [row.id for row in of_kind if row.id not in asked_for and not _missed(pattern, row, binding)]
        in_the_way |= dict.fromkeys(blocking)
        if not blocking:
            left.append(binding)
    return (Condition(text, True), left) if left else (Condition(text, False, tuple(in_the_way)), bound)


def _missed(pattern: Pattern, row: Row, binding: Binding) -> tuple[Term, ...]:
    """The comparisons that are not so. One with a fact that is not there is never so."""
    return tuple(term for term in pattern.terms if not _is_so(term, row, binding))


def _is_so(term: Term, row: Row, binding: Binding) -> bool:
    value, wanted = row.fields[term.field], term.value
    if isinstance(wanted, Of):
        if wanted.alias not in binding:
            return False
        wanted = binding[wanted.alias].fields[wanted.field]
    match term.comparison:
        case Comparison.IS:
            return value == wanted
        case Comparison.IS_NOT:
            return value != wanted
        case Comparison.ABOVE:
            return int(value) > int(wanted)
        case Comparison.AT_LEAST:
            return int(value) >= int(wanted)


def _is_near(patterns: Sequence[Pattern], found: Sequence[Condition]) -> bool:
    """One thing only is missing, and something more than the commonplace is so."""
    unmet = [condition for condition in found if not condition.held]
    lacking = {fact for condition in unmet if condition.lacking for fact in condition.facts}
    # A fact that lacks something is counted once, also where the rule asks besides that there be none like it.
    missing = sum(len(condition.lacking) or not lacking.issuperset(condition.facts) for condition in unmet)
    telling = any(
        pattern.kind not in COMMONPLACE
        and not pattern.absent
        and (condition.held or (condition.facts and len(condition.lacking) < len(pattern.terms)))
        for pattern, condition in zip(patterns, found, strict=True)
    )
    return missing == 1 and telling


# --- in words; those of each field stand in rules/rows.py ----------------------------------------------------------------


def _pattern_in_words(asked: Pattern) -> str:
    """What a pattern asks for: "an invoice of the payment: its state is short"."""
    terms = "; ".join(_term(asked.kind, asked_term) for asked_term in asked.terms)
    noun = TABLE[asked.kind].noun
    if asked.absent:
        noun = "no " + noun.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    return f"{noun}: {terms}" if terms else noun if asked.absent else f"{noun} is known"


def _term(kind: str, asked: Term) -> str:
    """What one comparison asks for."""
    field = TABLE[kind].fields[asked.field]
    if isinstance(asked.value, bool):
        return field.words if asked.value is (asked.comparison is Comparison.IS) else field.otherwise
    return f"{field.words} {_COMPARED[asked.comparison]} {_other(asked.value)}"


def _actual(kind: str, name: str, value: Value) -> str:
    """What is so with a field: "its score is 40"."""
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
