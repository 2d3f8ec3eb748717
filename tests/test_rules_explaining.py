"""Why a rule fired or did not is asked a second time in plain Python, and both ways agree."""

from __future__ import annotations

import random

import pytest
from evidence_makers import Short, a_credit, a_line, a_receipt, an_evidence, an_invoice, cases, evidence_of
from generated_evidence import an_evidence_of

from receivables.evidence import Evidence, ReceiptEvidence
from rules import diagnose, explain, facts
from rules.cage import Cage
from rules.catalogue import RULES
from rules.explaining import RuleExplained
from rules.reading import read

CAGE = Cage(facts.SCHEMA, [one for rule in RULES for one in rule.engine_rules()])
ALL = [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in cases()]


def fired_in_the_engine(evidence: Evidence) -> set[str]:
    return {match.rule for match in CAGE.run(facts.rows(read(evidence)))}


def explained(evidence: Evidence, rule: str) -> RuleExplained:
    return next(one for one in explain(evidence).rules if one.rule == rule)


@pytest.mark.parametrize("case", ALL)
def test_the_explanation_agrees_with_the_engine(case: Short) -> None:
    evidence = evidence_of(case)
    assert fired_in_the_engine(evidence) == {name for one in explain(evidence).rules for name in one.engine_rules}


def test_the_explanation_agrees_with_the_engine_on_generated_payments() -> None:
    rng = random.Random(7)
    for number in range(700):
        evidence = an_evidence_of(rng)
        said = {name for one in explain(evidence).rules for name in one.engine_rules}
        assert fired_in_the_engine(evidence) == said, f"number {number}: {evidence}"


def test_every_rule_is_explained_in_the_order_of_precedence() -> None:
    assert [rule.name for rule in RULES] == [one.rule for one in explain(an_evidence()).rules]


def test_a_rule_that_fired_names_the_facts_that_made_it_fire() -> None:
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),))
    found = explained(an_evidence(lines=(line,)), "credit_memo_applied")
    assert (True, True, True) == (found.fired, found.is_whole, found.is_certain)
    assert [("payment#0",), ("line#0",), ()] == [one.facts for one in found.when]
    text = "an invoice of the payment: its state is short; what is missing and no later credit explains (minor units) is 0"
    assert text == found.when[1].text


def test_a_rule_that_nearly_fired_says_which_condition_was_not_so() -> None:
    line = a_line(invoice=an_invoice(open_minor=30_000), credits=(a_credit(amount_minor=12_000),))
    evidence = an_evidence(lines=(line,))
    near = {one.rule: one for one in explain(evidence).nearly}
    assert {"credit_memo_applied", "amount_over_invoice"} <= set(near)
    when = near["credit_memo_applied"].when
    assert [True, False] == [one.held for one in when[:2]]
    assert ("what is missing and no later credit explains (minor units) is 8000",) == when[1].lacking


def test_a_claimed_receipt_is_nearly_the_payment() -> None:
    line = a_line(invoice=an_invoice(open_minor=0))
    receipt = ReceiptEvidence(a_receipt(lines=(("i-1042", 50_000),)), False, False, claimed_minor=50_000)
    (found,) = (one for one in explain(an_evidence(lines=(line,), receipts=(receipt,))).nearly if "entered" in one.rule)
    lacking = [lack for one in found.when for lack in one.lacking]
    assert ("receipt_already_entered", ["it cannot be the whole payment, or proves another"]) == (found.rule, lacking)


def test_what_keeps_a_rule_from_being_certain_is_named() -> None:
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),))
    found = explained(an_evidence(lines=(line,), unread=("receipts",)), "credit_memo_applied")
    assert (True, False) == (found.is_whole, found.is_certain)
    assert found.certain is not None
    assert [("the number of reads that failed is 1",)] == [one.lacking for one in found.certain if not one.held]


def test_an_absence_that_is_none_names_what_stands_in_the_way() -> None:
    lines = (a_line(line=1, invoice=an_invoice(open_minor=38_000), credits=(a_credit(),)), a_line(line=2, number="9"))
    found = explained(an_evidence(lines=lines), "credit_memo_applied")
    assert (True, False) == (found.fired, found.is_whole)
    assert [("line#1",)] == [one.facts for one in found.whole if not one.held]


def test_explaining_leaves_the_diagnosis_as_it_is() -> None:
    evidence = evidence_of({"name": "x", "lines": [{"invoice": 1042, "amount": 500, "open": 400}]})
    before = diagnose(evidence)
    explain(evidence)
    assert before == diagnose(evidence)
