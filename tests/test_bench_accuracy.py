"""The measurement of the diagnoses can fail, is the same for the same seed, and in a sample reaches its targets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from house import imported, product, sources

from bench.accuracy.histories import Truth
from bench.accuracy.playing import COMPANIES, play
from bench.accuracy.scoring import Judged, Score, lower_bound, together
from receivables.diagnosis import Cause, Confidence, Diagnosis, Finding, Remedy

#: Ordinary companies have many causes; the others one or two each.
SAMPLE = {"ordinary": 220, "healthy": 40, "swallowing": 24, "closed": 8, "account": 8, "broken": 6}


@pytest.mark.slow
def test_in_a_sample_every_cause_is_named_and_no_certain_answer_is_wrong() -> None:
    score = together(play(7, which, histories) for which, histories in SAMPLE.items())

    assert sum(SAMPLE.values()) == len(score.judged)
    wrong = [(judged.truth.kind, judged.truth.number, judged.cause) for judged in score.certain if not judged.right]
    assert ([], []) == (wrong, score.wrong_and_moving)
    assert {} == {cause: counts for cause, counts in score.recall().items() if counts[0] < counts[1]}
    assert 16 <= len(score.recall())
    covered, decidable = score.coverage
    assert covered * 100 >= decidable * 80


def test_same_seed_gives_the_same_histories_and_another_seed_others() -> None:
    def told(seed: int) -> list[tuple[str, str, frozenset[str], Cause | None]]:
        return [
            (judged.truth.kind, judged.truth.number, judged.truth.documents, judged.cause) for judged in play(seed, "ordinary", 6)
        ]

    first = told(11)
    assert first == told(11)
    assert first != told(12)


def test_every_kind_of_company_is_in_the_sample() -> None:
    assert set(COMPANIES) == set(SAMPLE)


def test_what_makes_the_histories_knows_nothing_of_the_rules() -> None:
    names = ("gone_back", "histories", "kinds", "late_invoices", "other_hands", "posted", "world")
    makers = [source for source in sources() if source.path in [f"bench/accuracy/{name}.py" for name in names]]
    known = [(source.path, name) for source in makers for _, name in imported(source.tree) if name.partition(".")[0] == "rules"]

    assert (len(names), []) == (len(makers), known)
    assert product()  # the product itself needs nothing of the measurement
    assert [] == [source.path for source in product() for _, name in imported(source.tree) if name.partition(".")[0] == "bench"]


def judged(cause: Cause | None, confidence: Confidence, *, receipt: str = "R1", decidable: bool = True) -> Judged:
    """A history in which receipt R1 was entered by hand, and what was said of it."""
    truth = Truth(
        "entered by hand",
        "CB1",
        frozenset({Cause.RECEIPT_ALREADY_ENTERED}),
        frozenset({Remedy.DISMISS}),
        frozenset({"R1"}),
        decidable,
    )
    if cause is None:
        return Judged(truth, None)
    finding = Finding(cause, "rule", Remedy.DISMISS, confidence, proof=((receipt, 100),))
    return Judged(truth, Diagnosis(finding))


RIGHT = judged(Cause.RECEIPT_ALREADY_ENTERED, Confidence.CERTAIN)


@pytest.mark.parametrize(
    ("found", "moving", "expected"),
    [
        (judged(Cause.CREDIT_MEMO_APPLIED, Confidence.CERTAIN), 1, "precision"),
        (judged(Cause.RECEIPT_ALREADY_ENTERED, Confidence.CERTAIN, receipt="R2"), 1, "money"),  # the right word, another document
        (judged(Cause.CREDIT_MEMO_APPLIED, Confidence.LIKELY), 0, "recall"),
        (judged(None, Confidence.CERTAIN), 0, "recall"),
        (judged(Cause.RECEIPT_ALREADY_ENTERED, Confidence.LIKELY), 0, "decidable"),
    ],
)
def test_what_is_wrong_is_counted(found: Judged, moving: int, expected: str) -> None:
    score = Score([RIGHT] * 2_000 + [found] * 600)

    assert moving * 600 == len(score.wrong_and_moving)
    assert [word for word in score.shortcomings() if expected in word]


@pytest.mark.parametrize(("voids", "wrong_and_moving"), [("COPY", 0), ("OURS", 1)])
def test_receipt_that_would_be_voided_must_be_the_right_one(voids: str, wrong_and_moving: int) -> None:
    cause, remedy = Cause.RECEIPT_DOUBLED, Remedy.VOID_RECEIPT
    truth = Truth("receipt doubled", "CB1", frozenset({cause}), frozenset({remedy}), frozenset({"COPY"}))
    said = Diagnosis(Finding(cause, "rule", remedy, Confidence.CERTAIN))

    assert wrong_and_moving == len(Score([Judged(truth, said, frozenset({voids}))]).wrong_and_moving)


def test_what_is_right_reaches_every_target_and_too_few_do_not() -> None:
    assert [] == Score([RIGHT] * 2_000).shortcomings(of_each_at_least=1_000)
    assert ["only 900 histories of receipt_already_entered, under 1000"] == Score([RIGHT] * 900).shortcomings(
        of_each_at_least=1_000
    )
    assert Score([RIGHT] * 300).shortcomings()  # a hundred right answers prove little


def test_what_nobody_can_decide_does_not_count_against_coverage() -> None:
    open_question = replace(judged(Cause.UNIDENTIFIED, Confidence.UNIDENTIFIED, decidable=False))

    assert (2_000, 2_000) == Score([RIGHT] * 2_000 + [open_question] * 5_000).coverage


@pytest.mark.parametrize(("hits", "of", "expected"), [(0, 0, 0.0), (10, 10, 0.7225), (95, 100, 0.8882), (0, 10, 0.0)])
def test_lower_bound_is_wilson_s(hits: int, of: int, expected: float) -> None:
    assert expected == pytest.approx(lower_bound(hits, of), abs=0.0001)
