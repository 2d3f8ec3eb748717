"""What vendors are publicly known to say when they refuse: what the connectors read, and the cause that people are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from evidence_makers import LATER, WORDS, evidence_of, read_yaml
from refused_answers import Packages, Row, packages

from receivables.diagnosis import Diagnosis
from receivables.effects import Verdict, classify
from receivables.errors import BooksError, BooksRefused
from receivables.evidence import Refused
from receivables.refusal import Refusal
from rules import diagnose, sentence

FOLDER = Path(__file__).parent / "refusals"
ROWS = [(package, row) for package in ("quickbooks", "tryton", "xero") for row in read_yaml(FOLDER / f"{package}.yaml")]
CAUSES = read_yaml(FOLDER / "causes.yaml")
WORDS_OF_A_PHRASE, ROWS_AT_LEAST, SET_ASIDE = 8, 120, 40
#: What no package says of a receipt that we send; only our own checks and other orders give it.
OUR_OWN = {"receipt_voided", "unreadable"}
FITS = {"lines": [{"invoice": 1042, "amount": 500}]}


@pytest.fixture(scope="module")
def books() -> Iterator[Packages]:
    with packages() as connectors:
        yield connectors


def read_as(error: BooksError) -> str:
    return error.refusal.value if isinstance(error, BooksRefused) else error.code


def diagnosed(error: BooksError, means: str) -> Diagnosis:
    """The diagnosis of a payment that was refused with this error, while the books are as they are when it means that."""
    outcome = classify(error)
    if outcome.verdict is Verdict.UNKNOWN:
        return diagnose(evidence_of({**FITS, "posted": [{"amount": 500, "state": "unknown", "lines": {1042: 500}}]}))
    evidence = evidence_of(CAUSES[means].get("while", FITS))
    return diagnose(replace(evidence, refusal=Refused(outcome.code, outcome.message, LATER)))


@pytest.mark.parametrize(("package", "row"), ROWS, ids=[f"{package}-{row['phrase']}" for package, row in ROWS])
def test_a_refusal_is_read_as_what_it_means_and_comes_to_its_cause(package: str, row: Row, books: Packages) -> None:
    error = books.refuse(package, row)
    found = diagnosed(error, row["means"]).primary

    assert row.get("read_as", row["means"]) == read_as(error)
    assert CAUSES[row["means"]]["cause"] == found.cause.value
    assert CAUSES[row["means"]]["remedy"] == found.remedy.value


def test_the_corpus_is_large_enough_and_names_its_sources() -> None:
    aside = [row for _, row in ROWS if row.get("aside")]

    assert len(ROWS) >= ROWS_AT_LEAST
    assert len(aside) == SET_ASIDE
    assert all(row["source"].startswith("http") for _, row in ROWS)
    assert [] == [row["phrase"] for _, row in ROWS if len(row["phrase"].split()) > WORDS_OF_A_PHRASE]
    assert {row["means"] for _, row in ROWS} <= CAUSES.keys() == {refusal.value for refusal in Refusal} - OUR_OWN


@pytest.mark.parametrize("package", ["quickbooks", "tryton", "xero"])
def test_what_nothing_of_ours_explains_is_told_in_the_words_of_the_package(package: str, books: Packages) -> None:
    error = books.refuse(package, {"code": "6000", "phrase": "Ask <!channel> about the *cost center* of \u202eHooli"})
    diagnosis = diagnosed(error, "invalid")
    named = {"quickbooks": "QuickBooks", "tryton": "Tryton", "xero": "Xero"}[package]

    expected = (
        f'This payment of $500.00 was rejected. {named} says: "Ask about the cost center of Hooli." '
        "Correct what that names in the books, then retry."
    )
    assert expected == sentence(diagnosis, WORDS)
    assert "fits_now" not in {fact.fact for fact in diagnosis.primary.because}


#: Rows that a package gives for one document among others, not for the whole call.
IN_ANSWERS = [(package, row) for package, row in ROWS if package != "tryton" and "status" not in row and row.get("aside")]


@pytest.mark.parametrize(("package", "row"), IN_ANSWERS, ids=[f"{package}-{row['phrase']}" for package, row in IN_ANSWERS])
def test_it_means_the_same_for_one_of_several_receipts(package: str, row: Row, books: Packages) -> None:
    assert row["means"] == read_as(books.refuse_one_of_two(package, row))
