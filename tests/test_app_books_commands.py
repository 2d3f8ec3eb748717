"""`resolve-now books …`: a bookkeeper's day on the command line, in words and in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.commands.books import books_app
from receivables.errors import BooksRefused, ConfigurationError, FeedError, NotFound

ACME = """
[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
[company.books]
kind = "embedded"
file = "acme-books.sqlite"
"""
BIRCH = ACME.replace("acme", "birch").replace("Acme Networks", "Birch")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "resolve-now.toml"
    path.write_text(ACME)
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(books_app, list(words), obj=config)


def answer(config: Path, *words: str) -> Any:
    """The JSON a command answers; a command that failed fails the test with its own error."""
    result = run(config, *words, "--by", "Dana", "--json")
    if result.exception:
        raise result.exception
    return json.loads(result.output)


def problem(config: Path, *words: str) -> BaseException:
    result = run(config, *words)
    assert result.exception is not None
    return result.exception


def hooli(config: Path) -> None:
    """One customer with one invoice of 500.00."""
    answer(config, "customer", "Hooli")
    answer(config, "invoice", "1042", "--customer", "Hooli", "--amount", "500.00", "--on", "2026-03-01")


def test_receipt_entered_by_hand_is_applied_and_shown_as_money(config: Path) -> None:
    hooli(config)

    result = run(config, "receipt", "Hooli", "600", "--on", "2026-03-04", "--to", "1042:500.00", "--reference", "CHK-7")

    assert result.output == "Entered: receipt R1003 (#R1003), not deposited: $600.00, unapplied $100.00\n"
    listed = run(config, "list", "invoices").output
    assert "1042" in listed
    assert "$0.00" in listed
    assert "paid" in listed


def test_credit_is_applied_and_taken_off_again(config: Path) -> None:
    hooli(config)
    answer(config, "credit-memo", "CM-77", "--customer", "hooli", "--amount", "120")

    applied = answer(config, "apply-credit", "CM-77", "--to", "1042", "--amount", "100.00")
    assert (applied["open_minor"], applied["applications"][0]["amount_minor"]) == (2_000, 10_000)
    assert answer(config, "list")[0]["open_minor"] == 40_000
    freed = answer(config, "unapply-credit", "CM-77", "--from", "1042")

    assert (freed["open_minor"], freed["applications"]) == (12_000, [])
    assert isinstance(problem(config, "unapply-credit", "CM-77", "--from", "1042"), NotFound)


def test_invoice_is_recreated_with_the_same_number_and_another_id(config: Path) -> None:
    hooli(config)
    (before,) = answer(config, "list", "invoices")

    after = answer(config, "recreate-invoice", "1042", "--amount", "450.00", "--at", "2026-03-05T09:00")

    assert (after["number"], after["total_minor"], after["id"] != before["id"]) == ("1042", 45_000, True)
    assert after["created"] == {"person": "Dana", "at": "2026-03-05T15:00:00+00:00"}  # nine in Chicago
    told = [(entry["document_id"], entry["what"]) for entry in answer(config, "history", "1042")]
    assert told == [
        (before["id"], "created: 500.00 USD for Hooli"),
        (before["id"], "deleted: was 500.00 USD"),
        (after["id"], "created: 450.00 USD for Hooli"),
    ]


def test_number_of_several_invoices_is_not_guessed_and_an_id_is_exact(config: Path) -> None:
    hooli(config)
    twin = answer(config, "invoice", "1042", "--customer", "Hooli", "--amount", "70")

    refusal = problem(config, "void-invoice", "1042")

    assert isinstance(refusal, NotFound)
    assert f"#{twin['id']}" in refusal.message
    assert answer(config, "void-invoice", f"#{twin['id']}")["status"] == "voided"
    assert isinstance(problem(config, "void-invoice", "9999"), NotFound)


def test_every_other_thing_a_bookkeeper_does(config: Path) -> None:
    hooli(config)
    draft = answer(config, "invoice", "1043", "--customer", "Hooli", "--amount", "10", "--draft")
    assert (draft["status"], answer(config, "issue-invoice", "1043")["status"]) == ("draft", "open")
    answer(config, "receipt", "Hooli", "30", "--reference", "TXN-1", "--to", "1042:10", "--to", "1043:10")
    moved = answer(config, "apply-receipt", "TXN-1", "--to", "1042:30")
    assert (moved["unapplied_minor"], len(moved["lines"])) == (0, 1)
    assert answer(config, "deposit", "TXN-1")["deposited"] is True
    assert isinstance(problem(config, "void-receipt", "TXN-1"), BooksRefused)
    assert answer(config, "undo-deposit", "TXN-1")["deposited"] is False
    assert answer(config, "void-receipt", "TXN-1")["voided"] is True
    assert answer(config, "delete-receipt", "TXN-1")["kind"] == "receipt"
    assert answer(config, "delete-invoice", "1043")["deleted"]["person"] == "Dana"
    answer(config, "credit-memo", "CM-1", "--customer", "Hooli", "--amount", "5")
    assert answer(config, "delete-credit-memo", "CM-1")["number"] == "CM-1"
    answer(config, "customer", "Hooli Inc")
    assert answer(config, "merge-customers", "Hooli Inc", "Hooli")["name"] == "Hooli"
    assert answer(config, "deactivate-customer", "Hooli")["active"] is False
    assert answer(config, "reactivate-customer", "Hooli")["active"] is True
    answer(config, "deactivate-account", "Old bank")
    assert isinstance(problem(config, "receipt", "Hooli", "1", "--account", "Old bank"), BooksRefused)
    answer(config, "reactivate-account", "Old bank")
    assert answer(config, "receipt", "Hooli", "1", "--account", "Old bank")["deposit_account"] == "Old bank"
    assert answer(config, "auto-apply-credits", "on")["auto_applies_credits"] is True
    assert answer(config, "auto-apply-credits", "off")["auto_applies_credits"] is False


def test_period_is_closed_and_reopened(config: Path) -> None:
    hooli(config)
    assert answer(config, "close-period", "2026-03-31")["closed_through"] == "2026-03-31"

    refusal = problem(config, "receipt", "Hooli", "500", "--on", "2026-03-04")

    assert isinstance(refusal, BooksRefused)
    assert refusal.refusal == "period_closed"
    assert answer(config, "reopen-period", "2026-03-01")["closed_through"] == "2026-02-28"
    assert run(config, "reopen-period").output == "All periods are open.\n"


@pytest.mark.parametrize(
    "words",
    [
        ("invoice", "1", "--customer", "Hooli", "--amount", "1e3"),
        ("invoice", "1", "--customer", "Hooli", "--amount", "10.00", "--currency", "XYZ"),
        ("invoice", "1", "--customer", "Hooli", "--amount", "10.00", "--on", "March"),
        ("receipt", "Hooli", "10.00", "--to", "1042"),
        ("receipt", "Hooli", "10.00", "--at", "yesterday"),
        ("list", "letters"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(config: Path, words: tuple[str, ...]) -> None:
    hooli(config)

    assert run(config, *words).exit_code == 2
    assert len(answer(config, "list", "invoices")) == 1
    assert answer(config, "list", "receipts") == []


def test_files_are_loaded_whole_or_not_at_all(config: Path, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,name\nH,Hooli\n")
    (tmp_path / "invoices.csv").write_text("number,customer,amount,currency,issued_on\n1,Hooli,5,USD,2026-03-01\n2,?,x,USD,May\n")

    assert answer(config, "load", str(tmp_path / "customers.csv")) == {"customers": 1, "invoices": 0}
    refusal = problem(config, "load", str(tmp_path / "invoices.csv"))

    assert isinstance(refusal, FeedError)
    assert [(found.line, found.column) for found in refusal.problems] == [(3, "customer"), (3, "amount"), (3, "issued_on")]
    assert answer(config, "list", "invoices") == []


def test_company_is_asked_for_where_there_are_several_and_their_books_never_mix(config: Path) -> None:
    config.write_text(ACME + BIRCH)

    assert isinstance(problem(config, "list"), ConfigurationError)
    answer(config, "customer", "Hooli", "--company", "birch")

    assert [found["name"] for found in answer(config, "list", "customers", "--company", "birch")] == ["Hooli"]
    assert answer(config, "list", "customers", "--company", "acme") == []


@pytest.mark.parametrize("what", ["invoices", "receipts", "credit-memos", "customers"])
def test_every_list_can_be_shown_empty_and_full(config: Path, what: str) -> None:
    assert run(config, "list", what).exit_code == 0
    hooli(config)
    answer(config, "receipt", "Hooli", "500", "--to", "1042:400")
    answer(config, "credit-memo", "CM-77", "--customer", "Hooli", "--amount", "120")
    answer(config, "apply-credit", "CM-77", "--to", "1042", "--amount", "20")

    result = run(config, "list", what)

    assert result.exit_code == 0
    assert {"invoices": "1042", "receipts": "R1003", "credit-memos": "CM-77", "customers": "Hooli"}[what] in result.output
    assert run(config, "history", "1042").exit_code == 0


def test_returned_refunded_and_charged_back_money_is_recorded_and_listed(config: Path) -> None:
    hooli(config)
    answer(config, "receipt", "Hooli", "600", "--on", "2026-03-04", "--to", "1042:500.00", "--reference", "CHK-7")

    refunded = run(config, "refund", "Hooli", "60.00", "--on", "2026-03-05")
    returned = answer(config, "return", "CHK-7", "--on", "2026-03-10", "--fee", "12.00", "--memo", "R01")

    assert refunded.output == "Recorded: refund E1004 (#E1004) of receipt #R1003: $60.00\n"
    assert (returned["amount_minor"], returned["on"], returned["memo"]) == (54_000, "2026-03-10", "R01")
    kinds = [entry["kind"] for entry in answer(config, "list", "money-out")]
    assert kinds == ["refund", "return", "fee"]
    assert "$540.00" in run(config, "list", "money-out").output
    assert answer(config, "list")[0]["open_minor"] == 50_000
    assert isinstance(problem(config, "chargeback", "CHK-7"), BooksRefused)
    answer(config, "delete-money-out", returned["id"])
    assert answer(config, "chargeback", "CHK-7", "--amount", "40")["kind"] == "chargeback"
    assert isinstance(problem(config, "refund", "Nobody", "1"), NotFound)
    assert isinstance(problem(config, "refund", "Hooli", "5000"), NotFound)


def test_invoice_is_written_off_by_a_credit_memo_with_the_bad_debt_item(config: Path) -> None:
    hooli(config)

    part = answer(config, "write-off", "1042", "--on", "2026-03-31", "--amount", "100", "--memo", "per controller")
    rest = run(config, "write-off", "1042", "--on", "2026-03-31")

    assert (part["number"], part["reason"], part["memo"]) == ("WO-1042", "Bad debt", "per controller")
    assert (part["issued_on"], part["open_minor"], part["created"]["person"]) == ("2026-03-31", 0, "Dana")
    assert rest.output == "Written off: credit memo WO-1042 (#M1005), Bad debt: $400.00, unapplied $0.00\n"
    assert answer(config, "list")[0]["status"] == "paid"
    assert isinstance(problem(config, "write-off", "1042"), BooksRefused)


def test_credit_memo_says_why_it_was_made(config: Path) -> None:
    hooli(config)

    made = answer(config, "credit-memo", "CM-1", "--customer", "Hooli", "--amount", "5", "--item", "Rebill", "--memo", "1042-R")

    assert (made["reason"], made["memo"]) == ("Rebill", "1042-R")
    assert "Rebill" in run(config, "list", "credit-memos").output
    assert answer(config, "history", "CM-1")[0]["what"] == "created: 5.00 USD for Hooli, Rebill"


def test_trial_balance_is_shown_with_what_it_ties_out_to(config: Path) -> None:
    hooli(config)
    assert run(config, "trial-balance", "--through", "2026-02-28").output == "Nothing was posted.\n"
    answer(config, "receipt", "Hooli", "600", "--on", "2026-03-04", "--to", "1042:500.00", "--account", "Stripe Clearing")
    answer(config, "credit-memo", "CM-1", "--customer", "Hooli", "--amount", "5", "--on", "2026-03-05")

    shown = run(config, "trial-balance").output
    told = answer(config, "trial-balance", "--through", "2026-03-04")

    rows = [line.strip("│").split("│") for line in shown.splitlines() if line.startswith("│")]
    assert [tuple(cell.strip() for cell in row) for row in rows] == [
        ("Stripe Clearing", "$600.00", ""),
        ("Accounts receivable", "", "$5.00"),
        ("Customer deposits", "", "$100.00"),
        ("Sales", "", "$500.00"),
        ("Credits issued", "$5.00", ""),
        ("Total", "$605.00", "$605.00"),
    ]
    assert "open invoices $0.00 less unapplied credit memos $5.00" in shown
    assert "unapplied receipts $100.00 to Customer deposits; difference $0.00." in shown
    assert told["balances"][0] == {"account": "Stripe Clearing", "currency": "USD", "debit_minor": 60_000}
    assert (told["through"], told["tie_outs"]) == ("2026-03-04", [])


def test_receipt_is_corrected_and_deposited_with_a_fee_line(config: Path) -> None:
    hooli(config)
    answer(config, "receipt", "Hooli", "485", "--on", "2026-03-04", "--reference", "CHK-7")

    words = ("--amount", "500", "--on", "2026-03-05", "--customer", "Hooli", "--account", "Checking", "--reference", "CHK-8")
    corrected = answer(config, "correct-receipt", "CHK-7", *words)
    answer(config, "deposit", "CHK-8", "--on", "2026-03-06", "--fee", "15.00")

    assert (corrected["amount_minor"], corrected["received_on"], corrected["deposit_account"]) == (
        50_000,
        "2026-03-05",
        "Checking",
    )
    assert [("fee", 1_500, "2026-03-06")] == [
        (entry["kind"], entry["amount_minor"], entry["on"]) for entry in answer(config, "list", "money-out")
    ]


def test_total_of_an_invoice_is_corrected_and_what_is_applied_stays(config: Path) -> None:
    hooli(config)
    answer(config, "receipt", "Hooli", "500", "--to", "1042:500")

    corrected = answer(config, "correct-invoice", "1042", "--amount", "515.00")

    assert (corrected["total_minor"], corrected["open_minor"], corrected["status"]) == (51_500, 1_500, "open")
    assert isinstance(problem(config, "correct-invoice", "1042", "--amount", "499.99"), BooksRefused)
    answer(config, "invoice", "1043", "--customer", "Hooli", "--amount", "10")
    answer(config, "void-invoice", "1043")
    assert "is voided" in str(problem(config, "correct-invoice", "1043", "--amount", "10"))
