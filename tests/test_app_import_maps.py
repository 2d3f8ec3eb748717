"""`resolve-now import --map`: named once, remembered for the company, previewed, and wrong maps explained by line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine, write_settings
from test_feeds_maps import EXPORTS

from feeds.maps.map import BUILT_IN

STRIPE = str(EXPORTS / "stripe-payments.csv")


@pytest.fixture
def acme(tmp_path: Path) -> CommandLine:
    return write_settings(tmp_path)


def test_a_map_is_previewed_then_imported_and_remembered_with_a_record(acme: CommandLine) -> None:
    ran = acme.run("import", STRIPE, "--map", "stripe-payments", "--preview")
    assert (0, []) == (ran.code, acme.rows("SELECT 1 FROM payment"))
    for told in ("$1,250.00", "Mode is Test", "chargeback lost", "fee $36.55", "refunded $50.00", "Nothing is imported"):
        assert told in ran.out
    assert [] == acme.rows("SELECT 1 FROM import_map")
    first = acme.answer("import", STRIPE, "--map", "stripe-payments")
    assert ("stripe-payments", 4, 3) == (first["map"], first["new"], first["excluded"])
    assert [("ch_3Aa01", 125000, 3655)] == acme.rows(
        "SELECT transaction_number, amount_minor, fee_minor FROM payment WHERE transaction_number = 'ch_3Aa01'"
    )
    again = acme.run("import", STRIPE)
    assert "stripe-payments, remembered for acme" in again.out
    assert "7 already imported" in again.out
    assert 1 == len(acme.rows("SELECT 1 FROM audit WHERE action = 'intake.map'"))
    ours = str(acme.payments_file([("TXN-1", "Hooli", "5.00", "")]))
    refused = acme.run("import", ours)
    assert 2 == refused.code
    assert "--map standard" in refused.err
    assert "Payment: 1 line, $5.00" in acme.run("import", ours, "--map", "standard", "--preview").out
    assert 1 == acme.answer("import", ours, "--map", "standard")["new"]
    assert "standard" == acme.answer("import", ours)["map"]


def test_what_a_map_asks_is_said_once(acme: CommandLine) -> None:
    square = str(EXPORTS / "square.csv")
    asked = acme.run("import", square, "--map", "square")
    assert 2 == asked.code
    assert "--set currency=" in asked.err
    refused = acme.run("import", square, "--map", "square", "--set", "currency=CAD", "--preview", "--json")
    assert (2, [8, 9]) == (refused.code, [problem["line"] for problem in refused.json["problems"]])
    assert 4 == len([row for row in refused.json["rows"] if row["becomes"] == "payment"])
    counts = acme.answer("import", square, "--map", "square", "--set", "currency=CAD", "--partial")
    assert 2 == len(counts["left_out"])
    assert 4 == acme.answer("import", square, "--partial")["same"]
    assert [("CAD",)] == acme.rows("SELECT DISTINCT currency FROM payment")


def test_a_map_of_ones_own_is_a_copy_of_ours_and_its_mistakes_have_a_line(acme: CommandLine) -> None:
    copied = acme.run("maps", "stripe-payments").out
    assert BUILT_IN["stripe-payments"].read_text() == copied
    own = acme.folder / "mine.toml"
    own.write_text(copied)
    assert 4 == acme.answer("import", STRIPE, "--map", "mine.toml")["new"]  # found beside the configuration
    assert [(str(own),)] == acme.rows("SELECT name FROM import_map")
    wrong = copied.replace('decimal = "."', 'decimal = "point"').replace('"Failed" = "failed"', '"Failed" = "forget"')
    own.write_text(wrong.replace('amount = "Amount"', 'ammount = "Amount"'))
    ran = acme.run("import", STRIPE)
    assert 2 == ran.code
    for told in ("line ", "numbers, decimal", 'Write "."', "Failed", "leave out", "Did you mean amount?"):
        assert told in ran.err
    own.unlink()
    assert "does not exist" in acme.run("import", STRIPE).err


def test_an_unknown_map_and_a_portals_file_without_one_are_told_what_there_is(acme: CommandLine) -> None:
    unknown = acme.run("import", STRIPE, "--map", "strip-payments")
    assert (2, True) == (unknown.code, "Did you mean stripe-payments?" in unknown.err)
    without = acme.run("import", STRIPE)
    assert (2, True) == (without.code, "--map stripe-payments --preview" in without.err)
    help_text = " ".join(acme.run("import", "--help").out.replace("│", " ").split())
    assert all(name in help_text.replace("- ", "-") for name in ("gocardless", "square", "paypal"))
    assert {"map": "square", "asks": ["currency"]}.items() <= next(
        row for row in acme.answer("maps") if row["map"] == "square"
    ).items()
    assert 2 == acme.run("import", STRIPE, "--map", "paypal", "--set", "colour=red").code
