"""Runs the rules over the facts of one payment and says which ones fire. It knows no cause.

The only file that knows durable_rules. Outside the habits kept here that engine answers wrongly without an error, or
ends the process, as measured with version 2.0.28:

* its own host starts two endless threads that run our actions and visit freed memory: ours starts none;
* "there is none" is answered before all facts are in: every rule begins with the payment, which is sent last in one batch;
* a comparison with another fact that is not an equality, standing last, reads past an array: refused when built;
* one fact never answers two patterns of a rule, not even "there is none": refused when the rule is built;
* one unreadable number drops the rest of the batch silently: only whole numbers, text and booleans enter, and a
  rule on the payment proves that the whole batch was read;
* every pattern of every rule costs 8 kB that are cleared for each payment: what several rules ask besides is asked once;
* its own loop over what fired swallows what an action raises, and writes the unchanged state back each time: ours does not;
* a state that is never deleted keeps 70 kB, and one on which nothing ever fired must not be deleted: the state is
  deleted in `finally`, and each new engine runs once with no facts;
* the language it offers for rules keeps global stacks: definitions are handed to it as plain data instead.
"""

from __future__ import annotations

import contextlib
import json
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import durable_rules_engine as native
from durable import engine

from receivables.errors import ReceivablesError
from rules.patterns import Comparison, EngineRule, Of, Pattern, RuleRefused, Schema, Value, check, check_schema, engine_type

RULESET = "diagnosis"
SID = "d"  # one live state at a time: no two states can share a hash, and the limit of 1,024 is out of reach
LAST = "payment"  # the kind of which every batch has one fact, sent last
NEVER = "__never__"

MOST_ROWS = 5_000  # a payment has a handful of facts; far beyond this the joins would take minutes
LARGEST_INT = 2**53  # every component between here and the engine keeps whole numbers exact below this
MOST_RULES = 250  # 256 rules that begin with the same fact end the process
MOST_PATTERNS = 15  # the engine allows 16 for each rule
MOST_TERMS = 25  # it refuses about 30 comparisons in one pattern
MOST_PATTERNS_OF_A_KIND = 60  # a fact that enters more than 64 patterns at once stops the run with an error

_OPERATORS = {Comparison.IS_NOT: "$neq", Comparison.ABOVE: "$gt", Comparison.AT_LEAST: "$gte"}
_BUILDING = threading.Lock()

Definition = dict[str, Any]


class EngineFailed(ReceivablesError):
    """The engine could not judge these facts. The next call gets a new engine; nothing is remembered."""

    code = "engine_failed"


class FactRefused(EngineFailed):
    """A fact is not what the schema says; the engine never saw it."""

    code = "fact_refused"


@dataclass(frozen=True)
class Row:
    """One flat fact. `id` is unique in its batch; every field of the kind is given, as int, str or bool."""

    kind: str
    id: str
    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Match:
    """One way in which a rule fired: its name, and the id of each fact but the payment's by its alias, in their order."""

    rule: str
    facts: tuple[tuple[str, str], ...]


class _QuietHost(engine.Host):  # type: ignore[misc, unused-ignore]
    """The engine's host without its two threads, which steal activations and cannot be stopped."""

    def _run(self) -> None:
        pass


class Cage:
    """A set of rules, checked when built; each thread that uses it gets an engine of its own."""

    def __init__(self, schema: Schema, rules: Sequence[EngineRule]) -> None:
        """Raises RuleRefused for any rule that the engine would answer wrongly or crash on."""
        check_schema(schema)
        self._schema = schema
        for rule in rules:
            check(rule, schema)
        self._definition = {f"r_{number}": compiled(rule, number) for number, rule in enumerate(rules, start=1)}
        if len(self._definition) != len({rule.name for rule in rules}):
            raise RuleRefused("two rules have the same name")
        check_definition(self._definition)
        self._names = {f"r_{number}": rule.name for number, rule in enumerate(rules, start=1)}
        self._threads = threading.local()

    def run(self, rows: Sequence[Row]) -> tuple[Match, ...]:
        """Every match, in the same order whatever the order of the rows.

        Raises FactRefused before the engine sees anything, or EngineFailed, after which the next call in this
        thread builds a new engine.
        """
        facts = checked(rows, self._schema)
        engine_here: Engine | None = getattr(self._threads, "engine", None)
        if engine_here is None:
            engine_here = self._threads.engine = Engine(self._definition, self._names)
        try:
            return engine_here.run(facts)
        except EngineFailed:
            self._threads.engine = None
            engine_here.close()
            raise


class Engine:
    """One ruleset in the C library, used by one thread. Closed by `close`, or when nothing refers to it any more."""

    def __init__(self, definition: Mapping[str, Definition], names: Mapping[str, str]) -> None:
        self._found: list[Match] = []
        self._complete = False
        self._actions = {key: self._recorder(name) for key, name in names.items()} | {"r_complete": self._completed}
        #: The rules that ask for nothing there but the payment: of them only the name is told.
        self._alone = {key: Match(name, ()) for key, name in names.items() if not _asks_for_more(definition[key])}
        rules: dict[str, Definition] = {
            key: {**json.loads(json.dumps(rule)), "run": _nothing} for key, rule in definition.items()
        }
        rules["r_complete"] = {"all": [{LAST: {"k": LAST}}], "pri": 60_000, "run": _nothing}
        # Takes every fact that no rule asks for, because the engine refuses a fact without any taker.
        rules["r_sink"] = {"all": [{"n": {"k": NEVER}}, {"x": {"$ex": {"k": 1}}}], "pri": 60_001, "run": _nothing}
        with _BUILDING:
            self._host = _QuietHost({RULESET: rules})
        self._ruleset = self._host.get_ruleset(RULESET)
        self._handle = self._ruleset._handle
        self._release = weakref.finalize(self, native.delete_ruleset, self._handle)
        self._release.atexit = False
        # A state on which nothing ever fired must not be deleted; this first one makes it safe.
        self.run([{"k": LAST, "id": LAST, "sid": SID}])

    def run(self, facts: Sequence[Mapping[str, Value]]) -> tuple[Match, ...]:
        """Judges one batch, the payment last. Raises EngineFailed unless the engine proves that it read and judged all of it."""
        self._found, self._complete = [], False
        try:
            self._act(self._ruleset.assert_facts(facts))
        except Exception as error:
            raise EngineFailed(f"the rules engine failed: {type(error).__name__} {error or ''}".rstrip()) from error
        finally:
            self._forget()
        if not self._complete:
            raise EngineFailed("the rules engine did not judge all facts")
        return tuple(sorted(self._found, key=_in_order))

    def _act(self, state: int) -> None:
        """Carries out what fired. The engine's own loop writes the state back after each action; ours never change it."""
        started = native.start_action_for_state(self._handle, state)
        fired = started[1] if started else None
        while fired:
            alone = self._alone.get(fired[2 : fired.index('"', 2)])
            try:
                if alone is not None:
                    self._found.append(alone)
                else:
                    ((rule, facts),) = json.loads(fired).items()
                    self._actions[rule](facts)
            except Exception:
                native.abandon_action(self._handle, state)
                raise
            fired = native.complete_and_start_action(self._handle, state)

    def close(self) -> None:
        """Frees the rules in the C library; nothing else does. May be called more than once."""
        self._release()

    def _forget(self) -> None:
        with contextlib.suppress(native.error):  # there is no state yet where the very first fact was refused
            self._ruleset.delete_state(SID)

    def _completed(self, _: Any) -> None:
        self._complete = True

    def _recorder(self, name: str) -> Callable[[Any], None]:
        def record(facts: Mapping[str, Mapping[str, Any]]) -> None:
            found = sorted((alias, fact["id"]) for alias, fact in facts.items() if alias != LAST)
            self._found.append(Match(name, tuple(found)))

        return record


_in_order = attrgetter("rule", "facts")


def _nothing(_: Any) -> None:
    """What the engine's own loop would do for a rule; ours does it instead. One parameter: two would make it asynchronous."""


def checked(rows: Sequence[Row], schema: Schema) -> list[dict[str, Value]]:
    """The rows as the engine takes them, the payment last. Raises FactRefused for any that is not what the schema says."""
    if len(rows) > MOST_ROWS:
        raise FactRefused(f"{len(rows)} facts about one payment; at most {MOST_ROWS} can be judged")
    if len({row.id for row in rows}) != len(rows):
        raise FactRefused("two facts have the same id")
    facts: list[dict[str, Value]] = []
    last: list[dict[str, Value]] = []
    for row in rows:
        wanted = schema.get(row.kind)
        if wanted is None or wanted.keys() != row.fields.keys():
            raise FactRefused(f"{row.id}: a fact of kind {row.kind!r} does not have the fields {sorted(row.fields)}")
        for field, value in row.fields.items():
            # Not isinstance: a boolean is an int to Python and not to the engine.
            given, of = type(value), wanted[field]
            if given is not of and given is not engine_type(of):
                raise FactRefused(f"{row.id}.{field}: {value!r} is not of type {of.__name__}")
            if given is not bool and not (value.isascii() if isinstance(value, str) else -LARGEST_INT <= value <= LARGEST_INT):
                _refuse_unkept(row, field, value)
        (last if row.kind == LAST else facts).append({**row.fields, "k": row.kind, "id": row.id, "sid": SID})
    if len(last) != 1:
        raise FactRefused("there must be one fact about the payment itself")
    return facts + last


def _refuse_unkept(row: Row, field: str, value: Value) -> None:
    """Raises FactRefused for a number that is too large, or a text that is no text."""
    if not isinstance(value, str):
        raise FactRefused(f"{row.id}.{field}: {value} is beyond what can be kept exactly")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise FactRefused(f"{row.id}.{field}: the text cannot be written as UTF-8") from error


def compiled(rule: EngineRule, priority: int) -> Definition:
    """The rule as the engine's own plain data, the payment first. The lower number is judged first; 0 is not one."""
    everything: dict[str, Any] = {LAST: {"k": LAST}}
    for position, pattern in enumerate(rule.patterns):
        everything[f"absent_{position}$not" if pattern.absent else pattern.alias] = _expression(pattern)
    return {"all": [{name: expression} for name, expression in everything.items()], "pri": priority}


def _expression(pattern: Pattern) -> dict[str, Any]:
    terms: list[dict[str, Any]] = [{"k": pattern.kind}]
    for term in pattern.terms:
        value = {term.value.alias: term.value.field} if isinstance(term.value, Of) else _plain(term.value)
        operator = _OPERATORS.get(term.comparison)
        terms.append({operator: {term.field: value}} if operator else {term.field: value})
    return {"$and": terms} if len(terms) > 1 else terms[0]


def _plain(value: Value) -> Value:
    return str(value) if isinstance(value, str) else value


def check_definition(definition: Mapping[str, Definition]) -> None:
    """Raises RuleRefused for what the engine answers wrongly or crashes on. Looks at the compiled rules themselves."""
    if len(definition) > MOST_RULES:
        raise RuleRefused(f"{len(definition)} rules; the engine ends the process at 256")
    takers: dict[str, set[str]] = {}
    for name, rule in definition.items():
        patterns = [next(iter(pattern.items())) for pattern in rule["all"]]
        if patterns[0][0] != LAST:
            raise RuleRefused(f"{name}: the payment must be the first fact of every rule")
        if len(patterns) > MOST_PATTERNS:
            raise RuleRefused(f"{name}: {len(patterns)} patterns; the engine allows 16")
        if not 0 < rule["pri"] < 60_000:
            raise RuleRefused(f"{name}: priority {rule['pri']} would be taken for another number")
        for place, (alias, expression) in enumerate(patterns):
            joined = _check_expression(f"{name}.{alias}", alias, expression)
            if (_kind(expression) == LAST) is bool(place) or (joined and not place):
                raise RuleRefused(f"{name}.{alias}: the payment is asked for once, under its own name and by constants")
            text = json.dumps(expression, sort_keys=True)
            takers.setdefault(_kind(expression), set()).add(f"{name}.{alias}" if joined else text)
    for kind, patterns_of_kind in takers.items():
        if len(patterns_of_kind) > MOST_PATTERNS_OF_A_KIND:
            raise RuleRefused(f"{len(patterns_of_kind)} different patterns ask for {kind!r}; the engine fails beyond 64")


def _asks_for_more(rule: Definition) -> bool:
    """Whether a compiled rule asks for a fact beside the payment."""
    return any(not alias.endswith("$not") for pattern in rule["all"][1:] for alias in pattern)


def _kind(expression: Mapping[str, Any]) -> Any:
    return expression.get("$and", [expression])[0].get("k")


def _check_expression(where: str, alias: str, expression: Mapping[str, Any]) -> bool:
    """Whether the expression compares with other facts. Flat `and` only, beginning with the kind, equality last."""
    if alias.endswith(("$any", "$all")) or (alias.endswith("$not") != alias.startswith("absent_")):
        raise RuleRefused(f"{where}: only single facts and absent facts may be asked for")
    if not alias.endswith("$not") and (alias.startswith("_") or hasattr(engine.Closure, alias) or alias in ("host", "s", "m")):
        raise RuleRefused(f"{where}: the engine uses this alias for itself")
    terms = expression.get("$and", [expression])
    if len(terms) > MOST_TERMS:
        raise RuleRefused(f"{where}: {len(terms)} comparisons; the engine allows about 30")
    if set(terms[0]) != {"k"}:
        raise RuleRefused(f"{where}: the first comparison must be the kind of fact")
    last = ""
    for term in terms:
        operator, operand = next(iter(term.items()))
        if operator.startswith("$") and operator not in _OPERATORS.values():
            raise RuleRefused(f"{where}: {operator} is not allowed")
        value = next(iter(operand.values())) if operator.startswith("$") else operand
        if isinstance(value, Mapping):
            if any(name.startswith("$") for name in value):
                raise RuleRefused(f"{where}: no arithmetic inside a rule, it can end the process")
            last = operator
        elif not isinstance(value, int | str):
            raise RuleRefused(f"{where}: {value!r} is not a whole number, text or boolean")
    if last.startswith("$"):
        raise RuleRefused(f"{where}: the last comparison with another fact must be an equality")
    return bool(last)
