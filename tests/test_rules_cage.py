"""The cage round the rules engine: what it refuses, and that nothing gets out of it, not even after an error."""

from __future__ import annotations

import gc
import random
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import durable_rules_engine as native
import pytest
from evidence_makers import LATER, a_credit, a_customer, a_line, a_receipt, an_evidence, an_invoice
from generated_evidence import an_evidence_of, shuffled
from oracle import opinion
from test_rules_oracle import first_of

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Diagnosis
from receivables.errors import ReceivablesError
from receivables.evidence import Evidence, ReceiptEvidence, Refused
from rules import cage, diagnose, diagnosis
from rules.cage import Cage, Engine, EngineFailed, FactRefused, Match, Row, check_definition, compiled
from rules.catalogue import ENGINE_RULES, RULES
from rules.patterns import (
    EngineRule,
    Pattern,
    RuleRefused,
    Schema,
    Value,
    a,
    above,
    at_least,
    check,
    check_schema,
    neither,
    no,
    of,
    together,
)
from rules.rows import SCHEMA as OURS

SCHEMA: Schema = {
    "door": {"colour": str, "height": int, "open": bool},
    "key": {"colour": str, "height": int},
    "payment": {},
}
PAYMENT = Row("payment", "payment#0", {})
RED = Row("door", "door#0", {"colour": "red", "height": 2, "open": True})
RED_KEY = Row("key", "key#0", {"colour": "red", "height": 2})
FITTING = EngineRule("fitting", (a("door"), a("key", height=at_least(of("door", "height")), colour=of("door", "colour"))))
LOCKED = EngineRule("locked", (a("door"), no("key", colour=of("door", "colour"))))


def a_cage(*rules: EngineRule) -> Cage:
    return Cage(SCHEMA, rules or (FITTING, LOCKED))


def run(caged: Cage, rows: list[Row]) -> tuple[Match, ...]:
    return caged.run([PAYMENT, *rows])


def facts_of(*rows: Row) -> list[dict[str, Value]]:
    return cage.checked([*rows, PAYMENT], SCHEMA)


def fired(found: tuple[Match, ...]) -> list[str]:
    return [match.rule for match in found]


# --- what the engine does inside the cage


def test_a_rule_fires_with_the_facts_that_it_found() -> None:
    assert (Match("fitting", (("door", "door#0"), ("key", "key#0"))),) == run(a_cage(), [RED, RED_KEY])


def test_what_is_absent_is_judged_after_all_facts_are_in_whatever_their_order() -> None:
    caged = a_cage()
    for rows in ([RED], [RED, RED_KEY], [RED_KEY, RED]):
        assert ["fitting" if RED_KEY in rows else "locked"] == fired(run(caged, rows))


def test_a_fact_that_no_rule_asks_for_is_no_error() -> None:
    assert () == run(Cage(SCHEMA, [EngineRule("doors", (a("door"),))]), [RED_KEY])


def test_facts_of_one_run_are_forgotten_before_the_next() -> None:
    caged = a_cage()
    assert ["fitting"] == fired(run(caged, [RED, RED_KEY]))
    assert ["locked"] == fired(run(caged, [RED]))
    assert [] == fired(run(caged, []))


def test_two_keys_open_one_door_in_two_ways_and_always_in_the_same_order() -> None:
    other = replace(RED_KEY, id="key#1")
    assert run(a_cage(), [RED, RED_KEY, other]) == run(a_cage(), [other, RED_KEY, RED])
    assert 2 == len(run(a_cage(), [RED, RED_KEY, other]))


# --- what is refused when rules are built

BAD_RULES = {
    "kind nobody knows": (a("window"),),
    "misspelt field": (a("door", color="red"),),
    "text compared with a number": (a("door", height="2"),),
    "boolean compared with a number": (a("door", open=1),),
    "number compared with a boolean": (a("door", height=True),),
    "text compared with another fact's number": (a("door"), a("key", colour=of("door", "height"))),
    "fact that was not asked for": (a("key", colour=of("door", "colour")),),
    "fact that is asked for later": (a("key", colour=of("door", "colour")), a("door")),
    "fact that must be absent": (no("door"), a("key", colour=of("no_door", "colour"))),
    "another fact's field nobody knows": (a("door"), a("key", colour=of("door", "color"))),
    "order of texts": (a("door", colour=above("red")),),  # type: ignore[arg-type]
    "one alias for two facts": (a("door", "it"), a("key", "it")),
    "two facts of one kind": (a("door", "first"), a("door", "second")),
    "the found fact is not looked at when absence is asked": (a("door", open=True), no("door", height=above(3))),
    "the found fact may itself be high enough": (a("door", height=4), no("door", height=at_least(4))),
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_a_rule_is_refused_for_a(name: str) -> None:
    with pytest.raises(RuleRefused):
        check(EngineRule("bad", BAD_RULES[name]), SCHEMA)
    with pytest.raises(RuleRefused):
        Cage(SCHEMA, [EngineRule("bad", BAD_RULES[name])])


@pytest.mark.parametrize(
    "patterns",
    [
        (a("door", open=True), no("door", open=False)),
        (a("door", colour="red"), no("door", colour=neither("red", "green"))),
        (a("door", height=3), no("door", height=above(3))),
        (a("door"), no("door", height=neither(of("door", "height")), colour=of("door", "colour"))),
    ],
)
def test_an_absent_fact_that_plainly_differs_from_the_found_one_is_allowed(patterns: tuple[Pattern, ...]) -> None:
    check(EngineRule("good", patterns), SCHEMA)


def test_the_engine_really_overlooks_the_found_fact_which_is_why_it_is_refused() -> None:
    overlooked = EngineRule("overlooked", (a("door", open=True), no("door", height=above(1))))
    definition = {"r_1": compiled(overlooked, 1)}
    engine = Engine(definition, {"r_1": "overlooked"})
    assert ["overlooked"] == fired(engine.run(facts_of(RED)))  # the only door is open and high
    engine.close()


@pytest.mark.parametrize(
    "fields",
    [{f"f{number}": int for number in range(61)}, {"rate": float}, {"id": str}, {"k": str}, {"sid": str}, {"$s": int}],
    ids=["61 fields", "fractions", "id", "kind", "state", "operator"],
)
def test_a_kind_of_fact_is_refused_for(fields: dict[str, type]) -> None:
    with pytest.raises(RuleRefused):
        check_schema({"bad": fields})
    with pytest.raises(RuleRefused):
        Cage({"bad": fields}, [])


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(RuleRefused):
        a_cage(FITTING, FITTING)


def definition_of(*patterns: dict[str, Any], pri: int = 1) -> dict[str, Any]:
    return {"r_1": {"all": [{"payment": {"k": "payment"}}, *patterns], "pri": pri}}


DOOR = {"door": {"k": "door"}}
JOIN = {"colour": {"door": "colour"}}
BAD_DEFINITIONS: dict[str, dict[str, Any]] = {
    "payment asked for twice": definition_of({"other": {"k": "payment"}}),
    "payment that must be absent": definition_of({"absent_1$not": {"k": "payment"}}),
    "payment compared with another fact": {
        "r_1": {"all": [{"payment": {"$and": [{"k": "payment"}, {"height": {"door": "height"}}]}}, DOOR], "pri": 1}
    },
    "payment that is not first": {"r_1": {"all": [DOOR, {"payment": {"k": "payment"}}], "pri": 1}},
    "inequality last": definition_of(DOOR, {"key": {"$and": [{"k": "key"}, JOIN, {"$lt": {"height": {"door": "height"}}}]}}),
    "lone inequality with another fact": definition_of(
        DOOR, {"key": {"$and": [{"k": "key"}, {"$gt": {"height": {"door": "height"}}}]}}
    ),
    "or": definition_of({"door": {"$or": [{"k": "door"}, {"k": "key"}]}}),
    "or inside and": definition_of({"door": {"$and": [{"k": "door"}, {"$or": [{"height": 1}, {"height": 2}]}]}}),
    "any of several facts": definition_of({"door$any": {"k": "door"}}),
    "all of several facts": definition_of({"door$all": {"k": "door"}}),
    "items of a list": definition_of({"door": {"$and": [{"k": "door"}, {"$iany": {"height": 1}}]}}),
    "regular expression": definition_of({"door": {"$and": [{"k": "door"}, {"$mt": {"colour": "r.*"}}]}}),
    "arithmetic": definition_of(
        DOOR, {"key": {"$and": [{"k": "key"}, {"height": {"$div": {"$l": {"door": "height"}, "$r": {"door": "height"}}}}]}}
    ),
    "fraction": definition_of({"door": {"$and": [{"k": "door"}, {"height": 1.5}]}}),
    "nothing": definition_of({"door": {"$and": [{"k": "door"}, {"height": None}]}}),
    "kind that is not first": definition_of({"door": {"$and": [{"height": 1}, {"k": "door"}]}}),
    "priority that means first": definition_of(DOOR, pri=0),
    "priority that wraps": definition_of(DOOR, pri=70_000),
    "alias of the engine's own": definition_of({"post": {"k": "door"}}),
    "absent fact under a plain alias": definition_of({"door$not": {"k": "door"}}),
    "17 patterns": definition_of(*({f"door{number}": {"k": "door"}} for number in range(16))),
    "30 comparisons": definition_of({"door": {"$and": [{"k": "door"}, *({"height": number} for number in range(30))]}}),
    "251 rules": {f"r_{number}": {"all": [{"payment": {"k": "payment"}}], "pri": 1} for number in range(251)},
    "61 patterns of a kind": {
        f"r_{number}": {"all": [{"payment": {"k": "payment"}}, {"door": {"$and": [{"k": "door"}, {"height": number}]}}], "pri": 1}
        for number in range(61)
    },
    "61 joins of a kind": {
        f"r_{number}": {"all": [{"payment": {"k": "payment"}}, DOOR, {"key": {"$and": [{"k": "key"}, JOIN]}}], "pri": 1}
        for number in range(61)
    },
}


@pytest.mark.parametrize("name", BAD_DEFINITIONS)
def test_a_definition_is_refused_for(name: str) -> None:
    with pytest.raises(RuleRefused):
        check_definition(BAD_DEFINITIONS[name])


def test_what_compiles_passes_and_comparisons_with_other_facts_end_in_an_equality() -> None:
    pattern = a("key", colour=of("door", "colour"), height=at_least(of("door", "height")))
    definition = compiled(EngineRule("x", (a("door"), pattern)), 1)
    check_definition({"r_1": definition})
    assert {"colour": {"door": "colour"}} == definition["all"][2]["key"]["$and"][-1]


def test_60_rules_on_one_kind_are_judged() -> None:
    rules = [EngineRule(f"n{number}", (a("door", height=above(number)),)) for number in range(60)]
    assert 60 == len(run(Cage(SCHEMA, rules), [Row("door", "door#0", {"colour": "red", "height": 99, "open": True})]))


# --- what is refused before the engine sees it

GOOD: dict[str, Value] = {"colour": "red", "height": 2, "open": True}
BAD_ROWS: dict[str, list[Row]] = {
    "unknown kind": [Row("window", "w#0", GOOD)],
    "missing field": [Row("door", "d#0", {"colour": "red", "height": 2})],
    "field too many": [Row("door", "d#0", {**GOOD, "width": 1})],
    "number for text": [Row("door", "d#0", {**GOOD, "colour": 7})],
    "boolean for a number": [Row("door", "d#0", {**GOOD, "height": True})],
    "fraction": [Row("door", "d#0", {**GOOD, "height": 2.0})],  # type: ignore[dict-item]
    "nothing": [Row("door", "d#0", {**GOOD, "height": None})],  # type: ignore[dict-item]
    "number beyond what is exact": [Row("door", "d#0", {**GOOD, "height": 2**53 + 1})],
    "number below what is exact": [Row("door", "d#0", {**GOOD, "height": -(2**53) - 1})],
    "half a surrogate pair": [Row("door", "d#0", {**GOOD, "colour": "\ud800"})],
    "same id twice": [RED, RED],
    "no payment": [RED],
    "two payments": [PAYMENT, replace(PAYMENT, id="payment#1")],
    "too many facts": [Row("door", f"d#{number}", GOOD) for number in range(cage.MOST_ROWS + 1)],
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_facts_are_refused_before_the_engine_sees_them(name: str) -> None:
    caged = a_cage()
    with pytest.raises(FactRefused) as refused:
        caged.run(BAD_ROWS[name] if "payment" in name else [PAYMENT, *BAD_ROWS[name]])
    assert isinstance(refused.value, EngineFailed)
    assert isinstance(refused.value, ReceivablesError)
    assert ["locked"] == fired(run(caged, [RED]))


# --- errors inside the engine


def test_after_an_engine_error_the_next_call_gets_a_new_engine() -> None:
    caged = a_cage()
    assert ["locked"] == fired(run(caged, [RED]))
    broken = caged._threads.engine
    broken.close()  # its rules are gone from the library, as after a failure half-way
    with pytest.raises(EngineFailed):
        run(caged, [RED])
    assert ["locked"] == fired(run(caged, [RED]))
    assert broken is not caged._threads.engine


def test_facts_that_the_engine_cannot_read_are_an_error_and_the_engine_forgets_them() -> None:
    engine = Engine({"r_1": compiled(EngineRule("x", (a("door"),)), 1)}, {"r_1": "x"})
    fact, payment = facts_of(RED)
    with pytest.raises(EngineFailed):
        engine.run([{**fact, "id": "door#1", "colour": "\ud800"}, fact, payment])
    assert [Match("x", (("door", "door#0"),))] == list(engine.run([fact, payment]))
    engine.close()


def test_a_fact_that_the_engine_drops_without_a_word_is_an_error() -> None:
    engine = Engine({"r_1": compiled(EngineRule("x", (a("door"),)), 1)}, {"r_1": "x"})
    fact, payment = facts_of(RED)
    with pytest.raises(EngineFailed):
        engine.run([fact, {**fact, "id": "door#1", "height": 1e16}, payment])  # type: ignore[dict-item]
    engine.close()


class RaisingEngine(Engine):
    """An engine whose actions fail, which the library itself would swallow."""

    def _recorder(self, name: str) -> Callable[[Any], None]:
        def fails(_: Any) -> None:
            raise OverflowError(name)

        return fails


def test_an_action_that_raises_is_an_error_and_not_swallowed() -> None:
    engine = RaisingEngine({"r_1": compiled(EngineRule("x", (a("door"),)), 1)}, {"r_1": "x"})
    with pytest.raises(EngineFailed):
        engine.run(facts_of(RED))
    engine.close()


def test_diagnose_raises_engine_failed_and_recovers() -> None:
    too_large = an_evidence(lines=(a_line(amount_minor=2**53 + 2, invoice=an_invoice()),))
    with pytest.raises(EngineFailed):
        diagnose(too_large)
    assert Cause.CREDIT_MEMO_APPLIED is diagnose(credited()).primary.cause


def test_many_errors_leave_no_engine_behind() -> None:
    caged = a_cage()
    run(caged, [RED])
    before = engines_alive()
    for _ in range(50):
        broken = caged._threads.engine
        broken.close()
        with pytest.raises(EngineFailed):
            run(caged, [RED])
        assert not broken._release.alive
        assert ["locked"] == fired(run(caged, [RED]))
    del broken
    assert before == engines_alive()


# --- threads and memory


def credited() -> Evidence:
    return an_evidence(lines=(a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),)),))


def test_no_thread_is_started() -> None:
    before = threading.active_count()
    for _ in range(20):
        Engine({"r_1": compiled(FITTING, 1)}, {"r_1": "fitting"}).close()
        diagnose(credited())
    assert before == threading.active_count()


def test_two_threads_diagnose_at_once_and_get_what_one_would() -> None:
    rng = random.Random(5)
    evidences = [an_evidence_of(rng) for _ in range(600)]
    expected = [diagnose(evidence) for evidence in evidences]
    start = threading.Barrier(2)

    def all_of_them(order: int) -> list[Diagnosis]:
        start.wait()
        return [diagnose(evidence) for evidence in evidences[::order]][::order]

    with ThreadPoolExecutor(2) as pool:
        assert [expected, expected] == list(pool.map(all_of_them, (1, -1)))


def test_each_thread_has_an_engine_of_its_own_and_it_is_freed_with_the_thread() -> None:
    caged, seen = a_cage(), []
    run(caged, [RED])

    def work() -> None:
        run(caged, [RED])
        seen.append(weakref.ref(caged._threads.engine))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    gc.collect()
    assert [None] == [engine() for engine in seen]
    assert ["locked"] == fired(run(caged, [RED]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/statm, which only Linux has")
def test_memory_threads_and_states_stay_flat_over_5000_diagnoses() -> None:
    rng = random.Random(9)
    evidences = [an_evidence_of(rng) for _ in range(100)]
    for evidence in evidences:
        diagnose(evidence)
    gc.collect()
    threads, engines, pages = threading.active_count(), engines_alive(), resident_pages()
    for _ in range(50):
        for evidence in evidences:
            diagnose(evidence)
    gc.collect()
    assert (threads, engines) == (threading.active_count(), engines_alive())
    grown_bytes = (resident_pages() - pages) * 4096
    assert grown_bytes < 20_000_000  # never deleting the state would have kept 365 MB
    host = diagnosis._cage._threads.engine._host
    with pytest.raises(native.error):  # there is no live state
        host.get_state(cage.RULESET, cage.SID)


def engines_alive() -> int:
    gc.collect()
    return sum(isinstance(thing, Engine) for thing in gc.get_objects())


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


# --- adversarial evidence


def test_empty_evidence_is_judged() -> None:
    said = diagnose(an_evidence())
    assert Cause.UNIDENTIFIED is said.primary.cause
    assert Cause.UNIDENTIFIED is diagnose(an_evidence(without_customer=True)).primary.cause


STRINGS = (
    *(
        "",
        " ",
        "'",
        '"',
        "\\",
        "\x00",
        "a\x00b",
        "\n",
        "{}",
        "[]",
        "null",
        "true",
        "1",
        "1.0",
        "go",
        "__never__",
        "%s",
        "a" * 5_000,
    ),
    *("$and", "$not", "c.payment.amount_minor", "'; DROP TABLE", "ключ", "שלום", "日本語", "👩‍👩‍👧", "\u202e", "e\u0301"),
    *("\ud800", "\udfff\ud800"),
)


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_strange_text_in_every_place_changes_no_diagnosis(text: str) -> None:
    customer = replace(a_customer(id=text), name=text)
    touched = Stamp(text, LATER)
    invoice = an_invoice(id=text + "1", number=text, customer_id=text, open_minor=38_000, changed=touched, created=touched)
    credit = a_credit(id=text + "2", memo=text, invoice_id=text + "1", applied=touched)
    line = a_line(invoice=invoice, number=text, credits=(credit,))
    said = diagnose(an_evidence(lines=(line,), customer=customer, unread=(text,), refusal=Refused(text, text, LATER)))
    assert (Cause.CREDIT_MEMO_APPLIED, (text + "2",)) == (said.primary.cause, said.primary.applications)
    receipt = a_receipt(id=text, customer_id=text, reference="TXN-1001", created=touched)
    hand = an_evidence(lines=(line,), receipts=(ReceiptEvidence(receipt, False, False),), customer=customer)
    assert (Cause.RECEIPT_ALREADY_ENTERED, ((text, 50_000),)) == (diagnose(hand).primary.cause, diagnose(hand).primary.proof)
    other = replace(receipt, customer_id=text + "x", reference="")
    stranger = replace(hand, receipts=(ReceiptEvidence(other, False, False),))
    assert Cause.CREDIT_MEMO_APPLIED is diagnose(stranger).primary.cause


@pytest.mark.parametrize("open_minor", [2**53, 2**53 - 1, 2**53 - 2])
def test_amounts_at_the_edge_of_what_is_exact_are_told_apart(open_minor: int) -> None:
    line = a_line(amount_minor=2**53 - 1, invoice=an_invoice(open_minor=open_minor, total_minor=2**53))
    said = diagnose(an_evidence(lines=(line,)))
    assert (open_minor >= 2**53 - 1) == any(fact.fact == "fits_now" for fact in said.primary.because)
    close = a_receipt(amount_minor=open_minor, reference="TXN-1001")
    found = diagnose(an_evidence(lines=(line,), receipts=(ReceiptEvidence(close, False, False),)))
    assert (open_minor == 2**53 - 1) == (found.primary.cause is Cause.RECEIPT_ALREADY_ENTERED)


def test_hundreds_of_facts_are_judged_as_a_few_are() -> None:
    many = tuple(
        ReceiptEvidence(a_receipt(id=f"r-{number:03}", amount_minor=50_000, reference=f"no {number}"), False, False)
        for number in range(300)
    )
    evidence = an_evidence(lines=(a_line(invoice=an_invoice(open_minor=100)),), receipts=many)
    said = diagnose(evidence)
    assert opinion(evidence) == first_of(said)
    assert (("r-000", 50_000),) == said.primary.proof
    assert said == diagnose(shuffled(evidence, random.Random(1)))


def test_every_rule_of_the_catalogue_can_be_built_and_stays_far_from_the_limits() -> None:
    assert len({rule.name for rule in ENGINE_RULES}) == len(ENGINE_RULES)
    Cage(OURS, ENGINE_RULES)
    assert len(ENGINE_RULES) < cage.MOST_RULES / 2
    for rule in RULES:  # conditions judged by themselves may not mean the very fact that made the rule fire
        check(EngineRule(rule.name, together((*rule.when, *rule.whole, *(rule.certain or ())))), OURS)
