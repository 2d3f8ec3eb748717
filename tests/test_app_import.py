"""What `resolve-now import` says of numbers that look like card numbers and of payments that came before."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine, write_settings

CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "30569309025904")
MOMENT = "2026-03-03T10:15:07-06:00"


@pytest.fixture
def acme(tmp_path: Path) -> CommandLine:
    return write_settings(tmp_path)


def numbered(*numbers: str) -> list[tuple[str, ...]]:
    return [(number, "Hooli", "5.00", "", f"2026-03-03T10:15:{place:02}-06:00") for place, number in enumerate(numbers, start=1)]


def everything_stored(acme: CommandLine) -> bytes:
    return b"".join(path.read_bytes() for path in acme.database.parent.glob(f"{acme.database.name}*"))


def test_a_card_number_reaches_neither_an_answer_nor_the_database(acme: CommandLine) -> None:
    lines = [
        *numbered("TXN-1", CARDS[0]),
        ("TXN-2", f"Hooli {CARDS[0]}", "5.00", ""),
        ("TXN-3", "Hooli", "5.00", f"{CARDS[0]}:5.00"),
    ]
    for flags in ((), ("--partial",), ("--partial", "--json")):
        ran = acme.run("import", str(acme.payments_file(lines, f"{CARDS[0]}.csv")), *flags)
        assert CARDS[0] not in ran.out + ran.err
        assert "****1111" in ran.out + ran.err
    assert [("TXN-1",)] == acme.rows("SELECT transaction_number FROM payment")
    assert CARDS[0].encode() not in everything_stored(acme)
    assert b"****1111.csv" in everything_stored(acme)


def test_many_such_numbers_are_asked_about_once_and_the_answer_is_recorded_for_that_file(acme: CommandLine) -> None:
    file = str(acme.payments_file(numbered(*CARDS)))
    refused = acme.run("import", file)
    assert 2 == refused.code
    assert "--numbers-are-not-cards" in refused.out + refused.err
    assert [] == acme.rows("SELECT 1 FROM payment")
    assert 5 == acme.answer("import", file, "--numbers-are-not-cards")["new"]
    record = "SELECT body FROM audit WHERE action = 'intake.numbers_are_not_cards'"
    ((body,),) = acme.rows(record)
    assert '"lines":5' in body
    assert '"payments.csv"' in body
    assert 5 == acme.answer("import", file)["same"]
    assert 5 == acme.answer("import", file, "--numbers-are-not-cards")["same"]
    assert 1 == len(acme.rows(record))
    other = str(acme.payments_file(numbered(*reversed(CARDS)), "other.csv"))
    assert 2 == acme.run("import", other).code


def test_partial_says_what_to_do_about_many_such_numbers(acme: CommandLine) -> None:
    ran = acme.run("import", str(acme.payments_file(numbered(*CARDS, "TXN-1"))), "--partial")
    assert 0 == ran.code
    assert "--numbers-are-not-cards" in ran.out
    assert 5 == ran.out.count("left out:")


def test_a_file_saved_again_by_a_spreadsheet_holds_what_came_before(acme: CommandLine) -> None:
    acme.take_in(("00042", "Hooli", "100.00", "", MOMENT), ("00043", "Globex", "250.00", "", MOMENT))
    ran = acme.run("import", str(acme.payments_file([("42", "Hooli", "100.00", "", MOMENT)], "again.csv")))
    assert "1 payment held" in ran.out
    assert 1 == acme.take_in(("43", "Globex", "250.00", "", "2026-03-03"), name="third.csv")["twins"]
    assert [("42", "failed"), ("43", "failed")] == acme.rows(
        "SELECT transaction_number, state FROM payment WHERE state = 'failed' ORDER BY transaction_number"
    )


def test_who_imported_is_kept_where_a_configured_person_is_named(acme: CommandLine) -> None:
    file = str(acme.payments_file(numbered("TXN-1")))
    refused = acme.run("import", file, "--as", "nobody")
    assert (2, []) == (refused.code, acme.rows("SELECT 1 FROM payment"))
    assert 1 == acme.answer("import", file, "--as", "sam")["new"]
    acme.take_in(*numbered("TXN-2"), name="second.csv")
    assert [("TXN-1", "sam"), ("TXN-2", "")] == acme.rows("SELECT transaction_number, taken_in_by FROM payment ORDER BY 1")
