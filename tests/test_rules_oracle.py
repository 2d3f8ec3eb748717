"""The rules, on the real engine, agree with a second opinion in plain Python on thousands of generated payments.

Both questions are asked: what the cause is, and what stands in the way of posting. 3,000 in `make test`, 21,000 in `make slow`;
`ORACLE_CASES=100000` for a long one.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace

import pytest
import slow
from evidence_makers import WORDS
from generated_evidence import an_evidence_of, shuffled
from oracle import Opinion, opinion
from oracle_money import in_the_way

from receivables.diagnosis import Cause, Confidence, Diagnosis
from receivables.evidence import Evidence
from rules import diagnose, obstacles, sentence

CHUNKS = 8
#: Noon in UTC, when most of these payments are taken, is the next day on the last of these calendars.
ZONES = ("UTC", "America/Chicago", "Pacific/Kiritimati")
IN_A_CHUNK = int(os.environ.get("ORACLE_CASES", "24000")) // CHUNKS
LEAST_OF_EACH_CAUSE = 10  # in each chunk, so 80 in all
#: Figures or the books' refusal alone say these, and they may mean something else, or not be so any more.
NEVER_CERTAIN = {
    Cause.INVOICE_LATE,
    Cause.UNIDENTIFIED,
    Cause.DUPLICATE_REFERENCE,
    Cause.THROTTLED,
    Cause.BOOKS_UNAVAILABLE,
    Cause.SURCHARGE,
    Cause.ENTERED_NET_OF_FEE,
}


def first_of(diagnosis: Diagnosis) -> Opinion:
    said = diagnosis.primary
    return Opinion(
        said.cause,
        said.remedy,
        said.confidence,
        frozenset(said.applications),
        frozenset(said.successors),
        frozenset(said.proof),
    )


def codes(evidence: Evidence) -> frozenset[str]:
    return frozenset(obstacle.code.value for obstacle in obstacles(evidence))


@pytest.mark.parametrize("seed", slow.those(range(CHUNKS), bool))
def test_rules_and_oracle_agree_and_every_cause_is_common(seed: int) -> None:
    rng = random.Random(seed)
    seen: Counter[Cause] = Counter()
    certain: set[Cause] = set()
    for number in range(IN_A_CHUNK):
        evidence = replace(an_evidence_of(rng), time_zone=ZONES[number % len(ZONES)])
        diagnosis = diagnose(evidence)
        assert in_the_way(evidence) == codes(evidence), f"seed {seed}, number {number}: {evidence}"
        assert opinion(evidence) == first_of(diagnosis), f"seed {seed}, number {number}: {evidence}"
        assert sentence(diagnosis, WORDS)
        seen[diagnosis.primary.cause] += 1
        if diagnosis.primary.confidence is Confidence.CERTAIN:
            certain.add(diagnosis.primary.cause)
    assert {} == {cause: seen[cause] for cause in Cause if seen[cause] < LEAST_OF_EACH_CAUSE}
    assert set(Cause) - NEVER_CERTAIN == certain


@pytest.mark.parametrize("seed", range(4))
def test_the_order_in_which_facts_were_read_does_not_matter(seed: int) -> None:
    rng = random.Random(1_000 + seed)
    for _ in range(400):
        evidence = an_evidence_of(rng)
        expected = diagnose(evidence)
        assert expected == diagnose(evidence)
        assert expected == diagnose(shuffled(evidence, rng))


@pytest.mark.parametrize("seed", range(2))
def test_no_cause_is_certain_while_a_read_failed(seed: int) -> None:
    rng = random.Random(2_000 + seed)
    judged = 0
    for _ in range(1_500):
        evidence = an_evidence_of(rng)
        if evidence.unread:
            diagnosis = diagnose(evidence)
            findings = (diagnosis.primary, *diagnosis.runners_up)
            assert Confidence.CERTAIN not in {finding.confidence for finding in findings}
            judged += 1
    assert judged > 50
