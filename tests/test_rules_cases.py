"""Every rule fires where it should and stays silent where it nearly would: the cases of tests/cases, one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evidence_makers import WORDS, Short, a_credit, a_line, an_evidence, an_invoice, cases, evidence_of

from receivables.diagnosis import Diagnosis, Finding
from rules import diagnose, fact_sentence, not_checked, sentence
from rules.catalogue import EVERY

ALL = [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in cases()]
RULE_NAMES = {rule.name: rule.cause for rule in EVERY}


def blocked_words(finding: Finding) -> str:
    return fact_sentence(finding.blocked, WORDS) if finding.blocked else ""


#: What a case may expect beyond remedy and confidence, and where the diagnosis has it.
SAID: dict[str, Callable[[Diagnosis], object]] = {
    "cause": lambda diagnosis: diagnosis.primary.cause.value,
    "remedy": lambda diagnosis: diagnosis.primary.remedy.value,
    "confidence": lambda diagnosis: diagnosis.primary.confidence.value,
    "alternatives": lambda diagnosis: [remedy.value for remedy in diagnosis.primary.alternatives],
    "applications": lambda diagnosis: list(diagnosis.primary.applications),
    "successors": lambda diagnosis: [list(pair) for pair in diagnosis.primary.successors],
    "proof": lambda diagnosis: [list(pair) for pair in diagnosis.primary.proof],
    "sentence": lambda diagnosis: sentence(diagnosis, WORDS),
    "runners_up": lambda diagnosis: [finding.cause.value for finding in diagnosis.runners_up],
    "runner_up_blocked": lambda diagnosis: blocked_words(diagnosis.runners_up[0]),
    "not_checked": lambda diagnosis: list(not_checked(diagnosis, WORDS)),
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
        assert diagnosis.primary.blocked is None
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


def test_every_firing_case_rests_on_facts_in_sentences() -> None:
    for _, case in cases():
        diagnosis = diagnose(evidence_of(case))
        assert sentence(diagnosis, WORDS).endswith("."), case["name"]
        for finding in (diagnosis.primary, *diagnosis.runners_up):
            assert finding.because, case["name"]
            said = [fact_sentence(fact, WORDS) for fact in finding.because]
            assert all(text and text[0] == text[0].upper() for text in said), case["name"]


def test_a_fact_names_document_person_and_time() -> None:
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),))
    (credit,) = (f for f in diagnose(an_evidence(lines=(line,))).primary.because if f.fact == "credit_applied_after")
    assert ("credit memo CM-77", "dana", line.credits[0].applied.at) == (credit.document, credit.person, credit.at)
    text = "Credit memo CM-77 was applied to invoice 1042 for $120.00 on Mar 4, 2026 by dana, after the customer paid."
    assert text == fact_sentence(credit, WORDS)
