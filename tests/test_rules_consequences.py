"""What a remedy would do adds up, whatever the evidence: nothing is lost beside other money, no proof exceeds its receipt."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import pytest
from evidence_makers import a_receipt, an_evidence
from generated_evidence import an_evidence_of
from makers import a_company

import rules
from receivables.diagnosis import Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import ReceiptEvidence

WORDS = a_company().words


def test_beside_other_money_the_whole_payment_is_recorded_or_nothing_is() -> None:
    rng, recorded, again = random.Random(7), 0, 0
    for _ in range(2_000):
        evidence = an_evidence_of(rng)
        for found in rules.may_be_other_money(evidence):
            with suppress(CannotBeDone):  # where not everything could be read
                said = rules.other_money(evidence, {"receipt": found.receipt.id})
                assert not said.in_the_way or said.recorded is None
                if said.recorded is None:
                    again += 1
                    assert said.in_the_way == rules.obstacles(said.evidence)
                else:
                    recorded += 1
                    assert evidence.payment.amount_minor == rules.total_of(said.recorded) + said.rest_minor
                    assert said.rest_minor > 0
    assert recorded >= 10
    assert again >= 100


def test_no_receipt_with_the_long_number_is_ever_other_money() -> None:
    rng, named = random.Random(8), 0
    for _ in range(1_000):
        evidence = an_evidence_of(rng)
        for found in (found for found in rules.read(evidence).receipts if found.named):
            named += 1
            with pytest.raises(CannotBeDone):
                rules.other_money(evidence, {"receipt": found.receipt.id})
    assert named >= 50


def test_a_proof_is_the_payment_less_a_fee_at_most_and_applies_what_is_unapplied() -> None:
    rng, proven, applied = random.Random(9), 0, 0
    for _ in range(400):
        evidence = an_evidence_of(rng)
        diagnosis = rules.diagnose(evidence)
        for remedy in Remedy:
            assert isinstance(rules.follows(remedy, diagnosis, evidence, {}, WORDS), tuple)
        names = [found.receipt.id for found in rules.provable(evidence)][:2]
        with suppress(CannotBeDone):  # where they are not the whole payment
            proof = rules.proof_of(diagnosis, evidence, {"proof": names}) if names else rules.Proof()
            if not proof.receipts:
                continue
            proven += 1
            there = sum(part.amount_minor for part in proof.receipts)
            assert evidence.payment.amount_minor == there + proof.missing_minor
            assert 100 * proof.missing_minor <= 6 * evidence.payment.amount_minor
            for more in rules.to_apply(evidence, proof):
                applied += 1
                assert 0 < more.amount_minor <= more.receipt.unapplied_minor
    assert proven >= 20
    assert applied >= 3


def test_our_own_receipt_is_proof_only_where_we_recorded_the_payment_twice() -> None:
    ours = [ReceiptEvidence(a_receipt(id=receipt_id), ours=True, this_payment=True) for receipt_id in ("r-1", "r-2")]
    assert [] == rules.provable(an_evidence(receipts=tuple(ours[:1])))
    assert ours == rules.provable(an_evidence(receipts=tuple(ours)))
    voided = replace(ours[1], receipt=replace(ours[1].receipt, voided=True))
    assert [] == rules.provable(an_evidence(receipts=(ours[0], voided)))
