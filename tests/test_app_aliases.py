"""A match on the command line: what it leads to is shown first, its spelling is listed, and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import load_books, write_settings
from test_app_deciding import AtTheTerminal, InThisProcess

WRITTEN = "Globex Inc"


def failing(folder: Path, kind: type[InThisProcess] = InThisProcess) -> InThisProcess:
    """A payment that writes the customer otherwise than the books do."""
    write_settings(folder)
    cli = kind(folder)
    load_books(cli, {"C1": "Globex, Inc."}, [("1042", "Globex, Inc.", "500.00"), ("1043", "Globex, Inc.", "500.00")])
    cli.take_in(("TXN-1", WRITTEN, "500.00", "1042:500.00"))
    cli.sync()
    return cli


def test_what_a_match_leads_to_is_shown_before_it_is_made(tmp_path: Path) -> None:
    cli = failing(tmp_path, AtTheTerminal)
    decided = cli.run("decide", "TXN-1", "match", "--as", "dana")
    assert 0 == decided.code, decided.err
    for shown in (
        "Globex, Inc. is probably Globex Inc, spelled differently",
        "Open on invoice 1042: $500.00 → $0.00",
        "Remembered: Globex Inc means customer Globex, Inc. for later payments, until it is taken back.",
    ):
        assert shown in decided.err
    cli.sync()
    assert [("TXN-1", 50_000, 0)] == cli.receipts()


def test_a_spelling_is_listed_and_taken_back_by_whoever_may_match(tmp_path: Path) -> None:
    cli = failing(tmp_path, AtTheTerminal)
    assert "no spelling is remembered" in cli.run("aliases").out
    assert 0 == cli.run("decide", "TXN-1", "match", "--as", "dana").code
    cli.sync()
    (alias,) = cli.answer("aliases")
    assert (WRITTEN, "Globex, Inc.", "", "dana") == (
        alias["spelling"],
        alias["customer"],
        alias["invoice_number"],
        alias["said_by"],
    )
    assert "customer Globex, Inc." in cli.run("aliases").out

    refused = cli.run("aliases", "--take-back", alias["id"], "--as", "nobody")
    assert (1, True) == (refused.code, "Nobody of that name is configured" in refused.err)
    assert "bound already stays" in cli.run("aliases", "--take-back", alias["id"], "--as", "dana").out
    assert [] == cli.answer("aliases")
    assert 1 == cli.run("aliases", "--take-back", alias["id"], "--as", "dana").code
    cli.take_in(("TXN-2", WRITTEN, "500.00", "1043:500.00"), name="later.csv")
    cli.sync()
    assert "match" == cli.failing("TXN-2")["remedy"]


@pytest.mark.parametrize(
    ("option", "named", "why"),
    [("--to-invoice", "9999", "There is no invoice 9999"), ("--to-customer", "Initech", "No customer in the books is called")],
)
def test_what_is_not_in_the_books_cannot_be_named(tmp_path: Path, option: str, named: str, why: str) -> None:
    refused = failing(tmp_path).run("decide", "TXN-1", "match", "--as", "dana", option, named)
    assert (1, True) == (refused.code, why in refused.err)


def test_a_job_below_a_customer_is_entered_and_named_with_its_parent(tmp_path: Path) -> None:
    cli = failing(tmp_path)
    cli.books("customer", "West", "--parent", "Globex, Inc.")
    (job,) = [of for of in cli.answer("books", "list", "customers") if of["name"] == "West"]
    assert ("C1", "Globex, Inc.:West") == (job["parent_id"], job["full_name"])
