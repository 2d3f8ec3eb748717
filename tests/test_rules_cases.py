"""Every rule fires where it should and stays silent where it nearly would: the cases of tests/cases, one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evidence_makers import Short, a_credit, a_line, an_evidence, an_invoice, cases, evidence_of

from receivables.diagnosis import Cause, Diagnosis
from rules import diagnose, phrases
from rules.catalogue import RULES, documentation
from rules.words import SENTENCES

ALL = [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in cases()]
RULE_NAMES = {rule.name: rule.cause for rule in RULES} | {"unidentified": Cause.UNIDENTIFIED}

#: What a case may expect beyond remedy and confidence, and where the diagnosis has it.
SAID: dict[str, Callable[[Diagnosis], object]] = {
    "cause": lambda diagnosis: diagnosis.primary.cause.value,
    "remedy": lambda diagnosis: diagnosis.primary.remedy.value,
    "confidence": lambda diagnosis: diagnosis.primary.confidence.value,
    "alternatives": lambda diagnosis: [remedy.value for remedy in diagnosis.primary.alternatives],
    "applications": lambda diagnosis: list(diagnosis.primary.applications),
    "successors": lambda diagnosis: [list(pair) for pair in diagnosis.primary.successors],
    "proof": lambda diagnosis: [list(pair) for pair in diagnosis.primary.proof],
    "sentence": lambda diagnosis: diagnosis.sentence,
    "runners_up": lambda diagnosis: [finding.cause.value for finding in diagnosis.runners_up],
    "runner_up_blocked": lambda diagnosis: diagnosis.runners_up[0].blocked,
    "not_checked": lambda diagnosis: list(diagnosis.not_checked),
}


@pytest.mark.parametrize("case", ALL)
def test_case_is_diagnosed_as_written(case: Short) -> None:
    diagnosis = diagnose(evidence_of(case))
    expected = dict(case["expect"])
    facts = set(expected.pop("facts", ()))
    assert expected == {key: SAID[key](diagnosis) for key in expected}
    assert facts <= {fact.fact for fact in diagnosis.primary.because}
    if "fires" in case:
        assert case["fires"] == diagnosis.primary.rule
        assert RULE_NAMES[case["fires"]] is diagnosis.primary.cause
        assert diagnosis.primary.blocked == ""
    else:
        assert case["near_miss_of"] != diagnosis.primary.rule


@pytest.mark.parametrize("rule", sorted(RULE_NAMES))
def test_every_rule_has_a_firing_case_and_a_near_miss_in_the_file_of_its_cause(rule: str) -> None:
    mine = [case for stem, case in cases() if stem == RULE_NAMES[rule]]
    assert any(case.get("fires") == rule for case in mine), f"{rule} has no case in which it fires"
    assert any(case.get("near_miss_of") == rule for case in mine), f"{rule} has no near miss"


def test_every_case_names_a_rule_and_says_remedy_and_confidence() -> None:
    for stem, case in cases():
        named = case["fires"] if "fires" in case else case["near_miss_of"]
        assert RULE_NAMES[named] == stem, case["name"]
        assert {"remedy", "confidence"} <= set(case["expect"]), case["name"]
        assert "fires" in case or "cause" in case["expect"], case["name"]


def test_every_rule_documents_itself_and_every_cause_has_a_sentence() -> None:
    assert list(RULE_NAMES) == [page.name for page in documentation()]
    assert {rule.cause for rule in RULES} | {Cause.UNIDENTIFIED} == set(SENTENCES)
    assert all(page.summary.endswith(".") and page.not_to_be_confused_with for page in documentation())


def test_every_firing_case_rests_on_facts_in_sentences() -> None:
    for _, case in cases():
        diagnosis = diagnose(evidence_of(case))
        assert diagnosis.sentence.endswith("."), case["name"]
        for finding in (diagnosis.primary, *diagnosis.runners_up):
            assert finding.because, case["name"]
            assert all(fact.text and fact.text[0] == fact.text[0].upper() for fact in finding.because), case["name"]


def test_a_fact_names_document_person_and_time() -> None:
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),))
    (credit,) = (f for f in diagnose(an_evidence(lines=(line,))).primary.because if f.fact == "credit_applied_after")
    assert ("credit memo CM-77", "dana", line.credits[0].applied.at) == (credit.document, credit.person, credit.at)
    text = "Credit memo CM-77 was applied to invoice 1042 for $120.00 on 4 Mar 2026 by dana, after the client paid."
    assert text == credit.text


@pytest.mark.parametrize(
    ("amount_minor", "currency", "expected"),
    [
        (123_456_789, "USD", "$1,234,567.89"),
        (-5, "USD", "-$0.05"),
        (1_500, "IQD", "IQD1.500"),  # babel's own table would round this to IQD 2
        (1_500, "JPY", "¥1,500"),
        (12_345, "CLF", "CLF1.2345"),
        (1_500, "???", "1500 minor units of ???"),
    ],
)
def test_money_is_written_with_all_decimals_of_its_currency(amount_minor: int, currency: str, expected: str) -> None:
    assert expected == phrases.money(amount_minor, currency)


def test_a_name_from_the_books_cannot_break_the_sentence() -> None:
    assert "a b" == phrases.plain(" a\x00\n\u202eb ")
    assert 80 == len(phrases.plain("x" * 500))
