"""Numbers that a spreadsheet rounded and card numbers are refused in every feed, and no answer shows a card number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from makers import START, a_company
from test_feeds_csv_file import HEADER, a_file, a_row, only_problem, payments_of, problems_of
from test_feeds_stripe import a_charge, read

from feeds.csv_file import CsvFile
from feeds.stripe import StripeFields
from feeds.webhook import Message
from receivables.errors import FeedError

CARD = "4111111111111111"
MORE_CARDS = ("5555555555554444", "378282246310005", "6011111111111117", "30569309025904")


@pytest.mark.parametrize("number", ["1.23457E+15", "1,23457E+15", "1.2E5", "123E+11", "1E-5", "1.23e+11", "１.2E+11", "-1.5E+3"])
def test_a_number_that_a_spreadsheet_rounded_is_refused(tmp_path: Path, number: str) -> None:
    problem = only_problem(a_file(tmp_path, a_row(transaction_number=number)))
    assert (2, "transaction_number") == (problem.line, problem.column)
    assert "rounded by a spreadsheet" in problem.message
    assert "as text" in problem.remedy


@pytest.mark.parametrize("number", ["12E5", "E+15", "1.5", "TX-1E+5", "1E+5-B", "123E", "E12", "12-E5"])
def test_a_number_that_only_resembles_a_rounded_one_is_allowed(tmp_path: Path, number: str) -> None:
    (payment,) = payments_of(a_file(tmp_path, a_row(transaction_number=number)))
    assert number == payment.transaction_number


@pytest.mark.parametrize(
    ("column", "value"), [("customer_id", "1.2E+7"), ("invoices", "1.04E+11:5.00"), ("invoices", "#12E+9:5.00")]
)
def test_a_rounded_number_of_a_customer_or_an_invoice_is_refused_as_well(tmp_path: Path, column: str, value: str) -> None:
    problem = only_problem(a_file(tmp_path, a_row(**{column: value}), columns=(*HEADER, "customer_id")))
    assert column == problem.column
    assert "rounded by a spreadsheet" in problem.message


COLUMNS_WITH_A_CARD = [
    ("transaction_number", CARD),
    ("transaction_number", "4111 1111 1111 1111"),
    ("customer", f"Hooli {CARD}"),
    ("customer_id", CARD),
    ("method", "4111-1111-1111-1111"),
    ("invoices", f"{CARD}:5.00"),
    ("invoices", f"1042:1.00;#{CARD}:4.00"),
    ("status", CARD),
    ("amount", CARD),
    ("paid_at", CARD),
    ("currency", CARD),
]


@pytest.mark.parametrize(("column", "value"), COLUMNS_WITH_A_CARD)
def test_a_card_number_is_refused_in_every_column_and_shown_by_four_digits(tmp_path: Path, column: str, value: str) -> None:
    path = a_file(tmp_path, a_row(**{column: value}), columns=(*HEADER, "customer_id", "status"))
    with pytest.raises(FeedError) as refused:
        CsvFile(path, a_company()).validate()
    (problem,) = refused.value.problems
    assert column == problem.column
    assert "looks like a card number" in problem.message
    said = f"{refused.value.message} {problem}"
    assert "****1111" in said
    assert "11111" not in said.replace("-", "").replace(" ", "")


def test_a_header_a_file_name_and_other_problems_show_no_card_number(tmp_path: Path) -> None:
    problems = problems_of(a_file(tmp_path, columns=(*HEADER, CARD)))
    named = tmp_path / f"{CARD}.csv"
    a_file(tmp_path, a_row(amount="no")).rename(named)
    with pytest.raises(FeedError) as refused:
        CsvFile(named, a_company()).validate()
    with pytest.raises(FeedError) as missing:
        CsvFile(Path(f"{CARD}.csv"), a_company()).validate()
    said = " ".join(map(str, problems)) + refused.value.message + missing.value.message
    assert CARD not in said
    assert 3 == said.count("****1111")


def test_a_good_line_beside_a_card_number_is_taken_with_partial(tmp_path: Path) -> None:
    path = a_file(tmp_path, a_row(), a_row(transaction_number=CARD))
    feed = CsvFile(path, a_company(), partial=True)
    assert ["TX-1"] == [payment.transaction_number for payment in feed.payments()]
    assert 1 == feed.left_out


@pytest.mark.parametrize(("lines", "asks"), [(1, False), (3, False), (4, True), (5, True)])
def test_more_than_three_lines_ask_whether_the_numbers_are_the_portals_own(tmp_path: Path, lines: int, asks: bool) -> None:
    path = a_file(tmp_path, *(a_row(transaction_number=number) for number in (CARD, *MORE_CARDS)[:lines]))
    with pytest.raises(FeedError) as refused:
        CsvFile(path, a_company()).validate()
    assert asks == ("--numbers-are-not-cards" in refused.value.message)
    assert lines == len(refused.value.problems)


def test_numbers_that_a_person_spoke_for_are_taken_and_names_are_not(tmp_path: Path) -> None:
    asked = []

    def yes(digest: str) -> bool:
        asked.append(digest)
        return True

    numbers = (CARD, *MORE_CARDS)
    path = a_file(tmp_path, *(a_row(transaction_number=number) for number in numbers))
    feed = CsvFile(path, a_company(), are_not_cards=yes)
    assert list(numbers) == [payment.transaction_number for payment in feed.payments()]
    assert (5, [feed.digest]) == (feed.lines_not_cards, asked)
    named = CsvFile(a_file(tmp_path, a_row(customer=f"Hooli {CARD}")), a_company(), are_not_cards=yes)
    with pytest.raises(FeedError, match="looks like a card number"):
        named.validate()


def test_nobody_is_asked_about_a_file_without_such_numbers(tmp_path: Path) -> None:
    def never(digest: str) -> bool:
        raise AssertionError(digest)

    feed = CsvFile(a_file(tmp_path, a_row()), a_company(), are_not_cards=never)
    assert (1, 0, "") == (feed.count, feed.lines_not_cards, feed.asks_about_cards)


A_MESSAGE = {
    "transaction_number": "TXN-1",
    "customer": "Hooli",
    "amount": "500.00",
    "currency": "USD",
    "paid_at": "2026-03-03T16:20:00-06:00",
    "method": "card",
    "invoices": [["1042", "500.00"]],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("transaction_number", CARD),
        ("transaction_number", "1.23457E+15"),
        ("customer", f"card {CARD}"),
        ("invoices", [[CARD, "500.00"]]),
        (CARD, "unknown field"),
    ],
)
def test_a_message_with_such_a_number_is_refused(field: str, value: object) -> None:
    with pytest.raises(FeedError) as refused:
        Message(json.dumps([A_MESSAGE, A_MESSAGE | {field: value}]).encode(), a_company(), START.date())
    problems = [problem for problem in refused.value.problems if "already" not in problem.message]
    assert {2} == {problem.line for problem in problems}
    said = refused.value.message + " ".join(map(str, problems))
    assert CARD not in said
    assert "****1111" in said or "rounded by a spreadsheet" in said


def test_a_charge_with_such_a_number_is_kept_with_a_masked_problem() -> None:
    fields = StripeFields(transaction_number="number")
    for number in (CARD, "1.23457E+15"):
        record = read(a_charge(metadata={"customer": "Hooli", "number": number}), fields=fields)
        assert record.payment is None
        assert record.problem
        assert CARD not in record.problem
    record = read(a_charge(id=f"ch_{CARD}"))
    assert record.payment is None
    assert CARD not in f"{record.id} {record.problem}"
