"""The page about all causes is what the rules say about themselves, and the points on it are those that count."""

from __future__ import annotations

from pathlib import Path

import pytest

from receivables.diagnosis import Cause
from rules import matching
from rules.catalogue import CAUSES, EVERY
from rules.causes_page import HEADINGS, documentation, page
from rules.matching import WEIGHTS, Signal

COMMITTED = Path(__file__).resolve().parent.parent / "docs" / "causes.md"


def test_the_page_in_docs_is_up_to_date() -> None:
    expected = page()
    assert expected == COMMITTED.read_text(encoding="utf-8"), "run: PYTHONPATH=. .venv/bin/python docs/causes.py"


def test_every_cause_has_a_section_of_five_parts() -> None:
    shown = page()
    assert [1] * len(Cause) == [shown.count(f"\n`{cause}`\n") for cause in Cause]
    for part in ("What you see", "Why it happens", "What we do", "How to prevent it", "Not to be confused with"):
        assert len(EVERY) == shown.count(f"* *{part}:* ")
    assert all(f"**{rule.summary}**" in shown for rule in EVERY)


def test_a_cause_named_in_a_text_is_a_link_to_its_section() -> None:
    shown = page()
    assert "([Invoice deleted and recreated](#invoice-deleted-and-recreated))" in shown
    assert "## Invoice deleted and recreated\n" in shown


def test_every_cause_has_its_file() -> None:
    assert set(Cause) == set(CAUSES)
    assert all(described.title and described.rules for described in CAUSES.values())
    files = {path.stem for path in (COMMITTED.parent.parent / "rules" / "causes").glob("[a-z]*.py")}
    assert {cause.value for cause in Cause} == files


def test_every_rule_says_all_five_headings() -> None:
    for rule in EVERY:
        assert list(HEADINGS) == list(documentation(rule))
        assert rule.summary.endswith(".")
        assert [1] * len(HEADINGS) == [rule.explained.count(f"\n{heading}: ") for heading in HEADINGS], rule.name


# --- the points -----------------------------------------------------------------------------------------------------


def test_every_signal_has_points_and_the_best_of_each_kind_is_enough() -> None:
    assert list(Signal) == list(WEIGHTS)
    exactly = matching.score([Signal.AMOUNT_EQUAL, Signal.STANDS_EXACTLY, Signal.ENTERED_AFTER, Signal.DATED_NEAR])
    made_again = matching.score([Signal.NUMBER_EQUAL, Signal.MADE_AFTER, Signal.FIRST_DELETED])
    assert (matching.RECEIPT_CERTAIN, matching.SUCCESSOR_CERTAIN) == (exactly.points, made_again.points)


def test_a_signal_counts_once() -> None:
    assert matching.score([Signal.TOTAL_EQUAL]) == matching.score([Signal.TOTAL_EQUAL, Signal.TOTAL_EQUAL])


@pytest.mark.parametrize(
    "weak",
    [
        # The same amount alone, however near, is never certain, whatever else agrees short of reference and invoices.
        (Signal.AMOUNT_EQUAL, Signal.STANDS_BESIDE, Signal.ENTERED_AFTER, Signal.DATED_NEAR, Signal.METHOD_EQUAL),
        # What was there before the customer paid needs the reference.
        (Signal.AMOUNT_EQUAL, Signal.STANDS_EXACTLY, Signal.ENTERED_BEFORE, Signal.DATED_NEAR, Signal.METHOD_EQUAL),
        # Another payment's reference outweighs everything else.
        (Signal.AMOUNT_EQUAL, Signal.STANDS_EXACTLY, Signal.ENTERED_AFTER, Signal.DATED_NEAR, Signal.METHOD_EQUAL,
         Signal.REFERENCE_OF_ANOTHER),
    ],
)  # fmt: skip
def test_what_is_never_certain(weak: tuple[Signal, ...]) -> None:
    assert matching.score(weak).points < matching.RECEIPT_CERTAIN


def test_a_method_alone_never_lifts_a_receipt_over_a_threshold_of_its_own() -> None:
    gaps = [matching.RECEIPT_CERTAIN - matching.RECEIPT_LIKELY, matching.RECEIPT_LIKELY - matching.RECEIPT_POSSIBLE]
    assert all(WEIGHTS[Signal.METHOD_EQUAL] < gap for gap in gaps)


@pytest.mark.parametrize(
    ("amount_minor", "paid_minor", "expected"),
    [(48_500, 50_000, True), (47_000, 50_000, True), (46_999, 50_000, False), (50_000, 50_000, False), (53_000, 50_000, True)],
)
def test_an_amount_within_a_fee_is_near(amount_minor: int, paid_minor: int, expected: bool) -> None:
    assert expected is matching.is_near_amount(amount_minor, paid_minor)
