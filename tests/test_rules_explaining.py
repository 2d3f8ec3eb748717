"""Why a rule fired or did not is asked a second time in plain Python, and both ways agree."""

from __future__ import annotations

import random

import pytest
from evidence_makers import Short, a_credit, a_line, a_receipt, an_evidence, an_invoice, cases, evidence_of
from generated_evidence import an_evidence_of

from receivables.evidence import Evidence, ReceiptEvidence
from rules import diagnose, explain
from rules.cage import Cage
from rules.catalogue import ENGINE_RULES, RULES
from rules.explaining import RuleExplained
from rules.reading import read
from rules.rows import SCHEMA, rows_of

CAGE = Cage(SCHEMA, ENGINE_RULES)
ALL = [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in cases()]


def in_the_engine(evidence: Evidence) -> dict[str, tuple[bool, bool]]:
    """The rules that fired there: whether for the whole payment, and whether without doubt."""
    fired = {match.rule for match in CAGE.run(rows_of(read(evidence)))}
    return {rule.name: rule.reach(fired) for rule in RULES if rule.name in fired}


def in_plain_python(evidence: Evidence) -> dict[str, tuple[bool, bool]]:
    return {rule.rule: (rule.is_whole, rule.is_certain) for rule in explain(evidence).fired}


def explained(evidence: Evidence, rule: str) -> RuleExplained:
    return next(found for found in explain(evidence).rules if found.rule == rule)


@pytest.mark.parametrize("case", ALL)
def test_the_explanation_agrees_with_the_engine(case: Short) -> None:
    evidence = evidence_of(case)
    assert in_the_engine(evidence) == in_plain_python(evidence)


def test_the_explanation_agrees_with_the_engine_on_generated_payments() -> None:
    rng = random.Random(7)
    for number in range(700):
        evidence = an_evidence_of(rng)
        assert in_the_engine(evidence) == in_plain_python(evidence), f"number {number}: {evidence}"


def test_every_rule_is_explained_in_the_order_of_precedence() -> None:
    assert [rule.name for rule in RULES] == [explained.rule for explained in explain(an_evidence()).rules]


def test_a_rule_that_fired_names_the_facts_that_made_it_fire() -> None:
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),))
    found = explained(an_evidence(lines=(line,)), "credit_memo_applied")
    assert (True, True, True) == (found.fired, found.is_whole, found.is_certain)
    assert [("payment#0",), ("line#0",), ()] == [condition.facts for condition in found.when[:3]]
    text = "an invoice of the payment: its state is short; what is missing and no later credit explains (minor units) is 0"
    assert text == found.when[1].text


def test_a_rule_that_nearly_fired_says_which_condition_was_not_so() -> None:
    line = a_line(invoice=an_invoice(open_minor=30_000), credits=(a_credit(amount_minor=12_000),))
    evidence = an_evidence(lines=(line,))
    near = {found.rule: found for found in explain(evidence).nearly}
    assert {"credit_memo_applied", "amount_over_invoice"} <= set(near)
    when = near["credit_memo_applied"].when
    assert [True, False] == [condition.held for condition in when[:2]]
    assert ("what is missing and no later credit explains (minor units) is 8000",) == when[1].lacking


def test_a_claimed_receipt_is_nearly_the_payment() -> None:
    line = a_line(invoice=an_invoice(open_minor=0))
    receipt = ReceiptEvidence(a_receipt(lines=(("i-1042", 50_000),)), False, False, claimed_minor=50_000)
    (found,) = (rule for rule in explain(an_evidence(lines=(line,), receipts=(receipt,))).nearly if "entered" in rule.rule)
    lacking = [lack for condition in found.when for lack in condition.lacking]
    assert ("receipt_already_entered", ["it cannot be the whole payment, or proves another"]) == (found.rule, lacking)


def test_what_keeps_a_rule_from_being_certain_is_named() -> None:
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),))
    found = explained(an_evidence(lines=(line,), unread=("receipts",)), "credit_memo_applied")
    assert (True, False) == (found.is_whole, found.is_certain)
    assert found.certain is not None
    assert [("a read failed",)] == [condition.lacking for condition in found.certain if not condition.held]


def test_an_absence_that_is_none_names_what_stands_in_the_way() -> None:
    unexplained = a_line(line=2, number="9", invoice=an_invoice(id="i-9", number="9", open_minor=0))
    lines = (a_line(line=1, invoice=an_invoice(open_minor=38_000), credits=(a_credit(),)), unexplained)
    found = explained(an_evidence(lines=lines), "credit_memo_applied")
    assert [("line#1",)] == [condition.facts for condition in found.when if not condition.held]


def test_several_things_that_are_wrong_keep_a_rule_from_the_whole_payment() -> None:
    lines = (a_line(line=1, invoice=an_invoice(open_minor=38_000), credits=(a_credit(),)), a_line(line=2, number="9"))
    found = explained(an_evidence(lines=lines), "credit_memo_applied")
    assert (True, False) == (found.fired, found.is_whole)
    assert [("the state of its invoices, those that fit aside is ''",)] == [lack.lacking for lack in found.whole if not lack.held]


def test_explaining_leaves_the_diagnosis_as_it_is() -> None:
    evidence = evidence_of({"name": "x", "lines": [{"invoice": 1042, "amount": 500, "open": 400}]})
    before = diagnose(evidence)
    explain(evidence)
    assert before == diagnose(evidence)
