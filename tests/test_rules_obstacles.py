"""What stands in the way of posting: the same whoever asks, and never less because a receipt by hand is written otherwise.

A few thousand in every run; `ORACLE_CASES=100000` plays 20,000 of each.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from evidence_makers import WORDS, a_line, a_receipt, an_evidence, an_invoice
from generated_evidence import an_evidence_of
from oracle_money import Broken, in_the_way

from receivables.books_records import Receipt
from receivables.diagnosis import Confidence
from receivables.evidence import Evidence, ReceiptEvidence, Vanished
from receivables.reference_keys import key_of
from rules import NOBODY_DECIDES, InTheWay, diagnose, obstacles

CASES = max(2_000, int(os.environ.get("ORACLE_CASES", "0")) // 5)
NUMBER = "TXN-1001"


def codes(evidence: Evidence) -> set[InTheWay]:
    return {obstacle.code for obstacle in obstacles(evidence)}


def with_receipt(receipt: Receipt, **of: object) -> Evidence:
    line = a_line(invoice=an_invoice())
    return replace(an_evidence(lines=(line,), receipts=(ReceiptEvidence(receipt, False, False),)), **of)  # type: ignore[arg-type]


def as_posting_reads_it(evidence: Evidence) -> Evidence:
    """Without what is read for a diagnosis only."""
    lines = tuple(replace(line, credits=(), successors=()) for line in evidence.lines)
    receipts = tuple(replace(receipt, rivals=(), names_payment="") for receipt in evidence.receipts)
    return replace(evidence, lines=lines, receipts=receipts, isolated=True, refusal=None)


def test_posting_and_diagnosis_see_the_same_obstacles() -> None:
    rng = random.Random(11)
    for _ in range(CASES):
        evidence = an_evidence_of(rng)
        assert codes(evidence) == codes(as_posting_reads_it(evidence)), evidence


@pytest.mark.parametrize("broken", [broken for broken in Broken if broken])
def test_a_broken_reading_of_receipts_is_noticed(broken: Broken) -> None:
    rng = random.Random(12)
    for _ in range(20_000):
        evidence = an_evidence_of(rng)
        if evidence.receipts or evidence.vanished:
            expected = {code.value for code in codes(evidence)}
            assert expected == in_the_way(evidence)
            if expected != in_the_way(evidence, broken):
                return
    pytest.fail("20,000 generated payments and none of them shows it")


REWRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "capitals": str.upper,
    "small letters": str.lower,
    "wide digits": lambda text: text.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}),
    "zeros in front": lambda text: f"000{text}",
    "other separators": lambda text: text.replace("-", " ").replace("_", "/"),
    "no separators": lambda text: text.replace("-", "").replace("_", ""),
    "in a sentence": lambda text: f"Portal payment ({text}), thanks!",
}
FIELDS = ("number", "reference", "memo", "deposit")


def moved(receipt: Receipt, number: str, rng: random.Random) -> Receipt:
    """The same receipt with the payment's number written otherwise in another field, perhaps on another customer."""
    cleared = replace(receipt, number="1", reference="", memo="", deposit="", texts=())
    text, field = rng.choice(list(REWRITTEN.values()))(number), rng.choice((*FIELDS, "texts"))
    written = replace(cleared, texts=("line 1", text)) if field == "texts" else replace(cleared, **{field: text})  # type: ignore[arg-type]
    return replace(written, customer_id=rng.choice((receipt.customer_id, "c-elsewhere")))


def test_case_separators_field_and_customer_of_a_receipt_by_hand_never_let_a_payment_be_posted() -> None:
    """Numbers of at least six characters; a shorter one counts beside the amount, which is asked for below."""
    rng, moved_ones = random.Random(13), 0
    while moved_ones < CASES:
        evidence = an_evidence_of(rng)
        number = evidence.payment.transaction_number
        named = [r for r in evidence.receipts if not (r.ours or r.this_payment or r.receipt.voided or r.other_money)]
        if not named or len(key_of(number)) < 6:
            continue
        found = named[0]
        rewritten = replace(found, receipt=moved(found.receipt, number, rng))
        other = replace(evidence, receipts=tuple(rewritten if r is found else r for r in evidence.receipts))
        assert InTheWay.RECEIPT_FOUND in codes(other), other
        moved_ones += 1


@pytest.mark.parametrize("written", REWRITTEN)
@pytest.mark.parametrize("field", FIELDS)
def test_a_short_number_counts_beside_the_amount_on_any_customer(written: str, field: str) -> None:
    texts = {"reference": "", field: REWRITTEN[written]("55012")}
    same = replace(a_receipt(customer_id="c-other", lines=(("i-9", 50_000),)), **texts)  # type: ignore[arg-type]
    smaller = replace(same, amount_minor=20_000)
    assert {InTheWay.RECEIPT_FOUND} == codes(with_receipt(same, payment=numbered("55012")))
    assert set() == codes(with_receipt(smaller, payment=numbered("55012")))


def test_a_short_number_counts_beside_the_payment_less_a_fee_on_the_same_customer() -> None:
    entered = a_receipt(amount_minor=48_500, reference="55012", lines=(("i-9", 48_500),))
    assert {InTheWay.RECEIPT_FOUND} == codes(with_receipt(entered, payment=numbered("55012")))
    assert set() == codes(with_receipt(replace(entered, customer_id="c-other"), payment=numbered("55012")))


def numbered(number: str):  # type: ignore[no-untyped-def]
    return replace(an_evidence(lines=(a_line(invoice=an_invoice()),)).payment, transaction_number=number)


#: The ten forms in which a receipt entered by hand may be the payment of $500.00 for invoice 1042.
FORMS = {
    "exact": a_receipt(reference=NUMBER, lines=(("i-1042", 50_000),)),
    "in another field": a_receipt(texts=("portal", f"re {NUMBER}"), lines=(("i-1042", 50_000),)),
    "net of a fee": a_receipt(amount_minor=48_500, reference=NUMBER),
    "on the wrong invoice": a_receipt(reference="txn 1001", lines=(("i-9", 50_000),)),
    "on the wrong customer": a_receipt(customer_id="c-other", reference=NUMBER, lines=(("i-9", 50_000),)),
    "a part of several": a_receipt(amount_minor=20_000, reference=NUMBER),
    "several payments in one": a_receipt(amount_minor=90_000, reference=f"{NUMBER} and TXN-1002"),
    "before the customer paid": a_receipt(reference=NUMBER, created=an_invoice().created),
    "in another currency": a_receipt(currency="EUR", amount_minor=46_000, reference=NUMBER),
    "proof of another payment": a_receipt(reference=NUMBER),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found_and_has_a_sentence_and_a_remedy(form: str) -> None:
    evidence = with_receipt(FORMS[form])
    if form == "proof of another payment":
        evidence = replace(evidence, receipts=(replace(evidence.receipts[0], claimed_minor=50_000),))
    (obstacle,) = obstacles(evidence)
    assert (InTheWay.RECEIPT_FOUND, "r-1") == (obstacle.code, obstacle.receipt_id)
    assert obstacle.sentence(WORDS).startswith("Receipt 1 for ")
    finding = diagnose(evidence).primary
    assert finding.cause.value in ("receipt_already_entered", "amount_differs", "entered_net_of_fee")
    assert finding.remedy not in NOTHING_POSTS


NOTHING_POSTS = ("recreate_receipt", "retry", "keep_on_account", "unapply_credit_memo")


def test_a_reference_that_the_package_cut_is_the_number() -> None:
    number = "550e8400-e29b-41d4-a716-446655440000"
    cut = with_receipt(a_receipt(reference=number[:21], customer_id="c-other"), payment=numbered(number), longest_reference=21)
    assert {InTheWay.RECEIPT_FOUND} == codes(cut)
    assert set() == codes(replace(cut, longest_reference=0))


def test_what_a_person_called_other_money_is_no_obstacle_and_what_vanished_is_one() -> None:
    found = with_receipt(FORMS["exact"])
    (receipt,) = found.receipts
    assert set() == codes(replace(found, receipts=(replace(receipt, other_money="check 8841"),)))
    gone = replace(found, receipts=(), vanished=(Vanished(receipt.receipt),))
    assert {InTheWay.RECEIPT_VANISHED} == codes(gone)
    assert InTheWay.RECEIPT_VANISHED not in NOBODY_DECIDES


@pytest.mark.parametrize(
    ("method", "reference", "memo", "certain"),
    [
        ("card", NUMBER, "", True),
        ("", "", f"portal {NUMBER}", True),
        ("", "1042", NUMBER, True),  # the invoice's own number
        ("check", NUMBER, "", False),
        ("", "check 8841", NUMBER, False),
        ("", "8841", NUMBER, False),
        ("Wire transfer", "", NUMBER, False),
        ("", "", "", False),
    ],
)
def test_certain_needs_the_number_and_no_other_tender_or_number(method: str, reference: str, memo: str, certain: bool) -> None:
    entered = a_receipt(method=method, reference=reference, memo=memo, lines=(("i-1042", 50_000),))
    assert certain is (diagnose(with_receipt(entered)).primary.confidence is Confidence.CERTAIN)
