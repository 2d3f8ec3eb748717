"""Findings hold typed facts; their sentences are written when somebody looks, and those of version 0.1.0 are kept."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from evidence_makers import WORDS, a_credit, a_line, a_receipt, an_evidence, an_invoice
from generated_evidence import an_evidence_of

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Money
from receivables.evidence import Evidence, ReceiptEvidence
from receivables.payment import FeedStatus
from receivables.refusal import Refusal
from receivables.words import Words
from rules import credit_facts, diagnose, fact_kinds, fact_sentence, not_checked, sentence
from rules.invoice_lines import Flaw
from rules.kinds import KINDS, kind
from rules.matching import WEIGHTS, Signal
from rules.patterns import EngineRule, Pattern, RuleRefused, a, check, neither, no
from rules.reading import CustomerState, read
from rules.rows import SCHEMA
from storage.codec import diagnosis_from_json, diagnosis_to_json

CHICAGO = Words("en_US", ZoneInfo("America/Chicago"))


def credited() -> Evidence:
    return an_evidence(lines=(a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(),)),))


# --- facts


def test_a_fact_with_a_missing_figure_fails_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="needs \\['need'\\]"):
        fact_kinds.invoice_open("invoice 1", None, open=Money(1, "USD"))  # type: ignore[call-arg]


def test_a_fact_with_a_mistyped_or_unknown_figure_fails_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="cannot hold amount=100"):
        fact_kinds.receipt_deleted("receipt 1", amount=100)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cannot hold amuont"):
        fact_kinds.receipt_deleted("receipt 1", amount=Money(1, "USD"), amuont=2)  # type: ignore[call-arg]


def test_many_figures_are_one_typed_set_of_them_and_fail_in_the_same_way() -> None:
    credit, day = credit_facts.credit_applied_after, date(2026, 3, 4)
    with pytest.raises(TypeError, match="needs \\['amount'\\]"):
        credit("credit memo 1", None, invoice="invoice 1", said="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="cannot hold total=5"):
        credit("credit memo 1", None, invoice="invoice 1", amount=Money(1, "USD"), total=5)  # type: ignore[arg-type]
    fact = credit("credit memo 1", None, invoice="invoice 1", amount=Money(500, "USD"), total=Money(900, "USD"), dated=day)
    assert (
        "Credit memo 1 ($9.00 in all, dated Mar 4, 2026) was applied to invoice 1 for $5.00, after the customer paid."
        == fact_sentence(fact, WORDS)
    )


def test_a_kind_of_fact_is_named_once() -> None:
    def fits_now(fact: Fact, words: Words) -> str:
        return ""

    with pytest.raises(ValueError, match="fits_now"):
        kind(fits_now)


def test_a_fact_tells_its_day_on_the_calendar_of_whoever_looks() -> None:
    late = Stamp("dana", datetime(2026, 3, 5, 2, tzinfo=UTC))
    fact = fact_kinds.invoice_voided("invoice 1042", late)
    assert "Invoice 1042 was voided on Mar 5, 2026 by dana." == fact_sentence(fact, WORDS)
    assert "Invoice 1042 was voided on Mar 4, 2026 by dana." == fact_sentence(fact, CHICAGO)


def test_the_sentence_of_a_cause_is_written_in_the_words_of_the_company() -> None:
    said = diagnose(credited())
    assert "on Mar 3, 2026; on Mar 4, 2026 dana applied" in sentence(said, WORDS)
    assert "on 3 Mar 2026; on 4 Mar 2026 dana applied" in sentence(said, Words("en_GB", ZoneInfo("UTC")))


def test_whatever_is_found_survives_being_stored_and_has_the_same_words() -> None:
    rng, kinds = random.Random(11), set[str]()
    for _ in range(400):
        said = diagnose(an_evidence_of(rng))
        again = diagnosis_from_json(diagnosis_to_json(said))
        assert said == again
        assert (sentence(said, WORDS), not_checked(said, WORDS)) == (sentence(again, WORDS), not_checked(again, WORDS))
        for finding in (again.primary, *again.runners_up):
            kinds |= {fact.fact for fact in finding.because if fact_sentence(fact, WORDS).endswith((".", "!"))}
    assert {"credit_applied_after", "invoice_short", "receipt_by_hand", "receipt_unapplied"} <= kinds <= set(KINDS)


# --- the company's calendar


@pytest.mark.parametrize(("time_zone", "locked"), [("America/Chicago", True), ("UTC", False)])
def test_a_credit_lies_in_a_closed_period_by_the_company_s_calendar(time_zone: str, locked: bool) -> None:
    evening = a_credit(applied=Stamp("dana", datetime(2026, 3, 5, 2, tzinfo=UTC)))  # Mar 4, 8 PM in Chicago
    line = a_line(invoice=an_invoice(open_minor=38_000), credits=(evening,))
    evidence = replace(an_evidence(lines=(line,), closed_through=date(2026, 3, 4)), time_zone=time_zone)
    assert locked is (diagnose(evidence).primary.cause is Cause.PERIOD_CLOSED)


@pytest.mark.parametrize(("time_zone", "points"), [("America/Chicago", 0), ("UTC", 20)])
def test_the_days_between_a_receipt_by_hand_and_the_payment_are_the_company_s(time_zone: str, points: int) -> None:
    taken = datetime(2026, 3, 3, 2, tzinfo=UTC)  # Mar 2 in Chicago, so four days before the receipt
    receipt = ReceiptEvidence(a_receipt(received_on=date(2026, 3, 6), lines=()), False, False)
    evidence = an_evidence(lines=(a_line(invoice=an_invoice()),), receipts=(receipt,), paid_at=taken)
    (found,) = read(replace(evidence, time_zone=time_zone)).receipts
    assert points == (WEIGHTS[Signal.DATED_NEAR] if Signal.DATED_NEAR in found.score.signals else 0)


# --- what version 0.1.0 stored

STORED_BY_0_1_0 = {
    "primary": {
        "cause": "credit_memo_applied",
        "rule": "credit_memo_applied",
        "remedy": "unapply_credit_memo",
        "confidence": "certain",
        "alternatives": ["keep_on_account", "retry", "dismiss"],
        "because": [
            {
                "fact": "invoice_short",
                "document": "invoice 1042",
                "text": "Invoice 1042 has only $380.00 open; the payment needs $500.00.",
                "person": "dana",
                "at": "2026-03-04T12:00:00Z",
            }
        ],
        "applications": ["a-1"],
        "successors": [[0, "i-7"]],
        "proof": [["r-1", 50000]],
        "blocked": "Credit memo CM-77 was applied on 4 Mar 2026 and the books are closed through 4 Mar 2026.",
    },
    "sentence": "Invoice 1042 had $500.00 open when the client paid on 3 Mar 2026.",
    "runners_up": [
        {
            "cause": "invoice_voided",
            "rule": "invoice_voided",
            "remedy": "keep_on_account",
            "confidence": "likely",
            "alternatives": [],
            "because": [],
            "applications": [],
            "successors": [],
            "proof": [],
            "blocked": "",
        }
    ],
    "not_checked": ["receipts could not be read"],
}


def test_a_diagnosis_stored_by_0_1_0_is_read_and_shown_in_the_words_it_holds() -> None:
    found: Diagnosis = diagnosis_from_json(STORED_BY_0_1_0)
    assert "Invoice 1042 had $500.00 open when the client paid on 3 Mar 2026." == sentence(found, CHICAGO)
    (fact,) = found.primary.because
    assert ("invoice_short", "dana", datetime(2026, 3, 4, 12, tzinfo=UTC)) == (fact.fact, fact.person, fact.at)
    assert "Invoice 1042 has only $380.00 open; the payment needs $500.00." == fact_sentence(fact, CHICAGO)
    assert ("receipts could not be read",) == not_checked(found, CHICAGO)
    assert found.primary.blocked is not None
    assert fact_sentence(found.primary.blocked, CHICAGO).startswith("Credit memo CM-77 was applied on 4 Mar 2026")
    (voided,) = found.runners_up
    assert (Cause.INVOICE_VOIDED, None) == (voided.cause, voided.blocked)
    assert found == diagnosis_from_json(diagnosis_to_json(found))


def test_a_finding_gives_its_facts_by_kind() -> None:
    finding: Finding = diagnose(credited()).primary
    assert ["credit memo CM-77"] == [fact.document for fact in finding.facts("credit_applied_after")]
    assert Money(12_000, "USD") == finding.facts("credit_applied_after")[0].money("amount")
    with pytest.raises(ValueError, match="holds no amount"):
        finding.facts("credit_applied_after")[0].money("open")


# --- what a rule may ask for

MISSPELT = {
    "a refusal": a("payment", refusal="acount_inactive"),
    "a refusal that is one, as plain text": a("payment", refusal="account_inactive"),
    "a flaw": no("line", flaw=neither("fit", "short")),
    "what is so with the customer": a("payment", customer="redy"),
    "what the feed says": a("payment", feed="return"),
    "a member of another list": a("payment", refusal=Flaw.SHORT),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_value_that_is_no_member_of_its_list_fails_when_the_rule_is_built(name: str) -> None:
    with pytest.raises(RuleRefused):
        check(EngineRule("misspelt", (MISSPELT[name],)), SCHEMA)


@pytest.mark.parametrize(
    "pattern",
    [
        a("payment", refusal=Refusal.ACCOUNT_INACTIVE, feed=FeedStatus.RETURNED),
        no("line", flaw=neither(Flaw.FITS, Flaw.SHORT)),
        a("payment", customer=CustomerState.READY),
    ],
)
def test_members_of_the_list_are_taken(pattern: Pattern) -> None:
    check(EngineRule("well spelt", (pattern,)), SCHEMA)
