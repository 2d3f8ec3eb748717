"""`resolve-now explain`: what was known of a failed payment, which rules fired, and what the others lacked."""

from __future__ import annotations

import pytest
from command_line import CommandLine, load_books, write_settings

from rules.catalogue import RULES


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """TXN-1 fails by a credit memo, TXN-2 fits; then the books go away, because explaining asks none."""
    made: CommandLine = write_settings(tmp_path_factory.mktemp("explain"))
    load_books(made, {"H": "Hooli"}, [("1041", "Hooli", "500.00"), ("1042", "Hooli", "500.00")])
    at = "2026-03-04T11:30"
    made.books("credit-memo", "CM-1", "--customer", "Hooli", "--amount", "120.00", "--on", "2026-03-04", at=at)
    made.books("apply-credit", "CM-1", "--to", "1041", "--amount", "120.00", at=at)
    made.take_in(("TXN-1", "Hooli", "500.00", "1041:500.00"), ("TXN-2", "Hooli", "500.00", "1042:500.00"))
    made.sync()
    made.books_file.unlink()
    return made


def test_rules_are_shown_with_the_conditions_that_hold_and_those_that_do_not(acme: CommandLine) -> None:
    before = acme.rows("SELECT count(*) FROM audit")

    ran = acme.run("explain", "TXN-1", "--all")

    assert (0, "") == (ran.code, ran.err)
    lines = [line.strip() for line in ran.out.splitlines()]
    fired, nearly = lines.index("Rules that fired"), lines.index("Rules that nearly fired")
    assert "credit_memo_applied (credit_memo_applied): about the whole payment, certain" == lines[fired + 1]
    short = "an invoice of the payment: its state is short"
    assert f"yes  {short}; what is missing and no later credit explains (minor units) is 0 [line#0]" in lines[fired:nearly]
    assert "amount_over_invoice (overpayment)" in lines[nearly:]
    asked = "what was paid beyond it"
    assert f"no   {short}; {asked} is an excess, but {asked} is nothing [line#0]" in lines[nearly:]
    assert any(line.startswith("payment#0: amount_minor 50000, ") for line in lines)
    assert all(any(line.startswith(f"{rule.name} (") for line in lines) for rule in RULES)
    assert before == acme.rows("SELECT count(*) FROM audit")


def test_the_json_has_every_rule_and_fact(acme: CommandLine) -> None:
    said = acme.answer("explain", "TXN-1")
    assert ("acme", "credit_memo_applied", "credit_memo_applied", "certain") == (
        said["company"], said["cause"], said["rule"], said["confidence"],
    )  # fmt: skip
    assert [rule.name for rule in RULES] == [rule["rule"] for rule in said["rules"]]
    assert ["credit_memo_applied"] == [rule["rule"] for rule in said["rules"] if rule["fired"]]
    assert {"credit_in_closed_period", "amount_over_invoice"} <= {rule["rule"] for rule in said["rules"] if rule["nearly"]}
    assert (50_000, "short") == (said["facts"]["payment#0"]["amount_minor"], said["facts"]["line#0"]["flaw"])
    assert [] == said["not_checked"]


@pytest.mark.parametrize(("number", "why"), [("TXN-2", "It never failed."), ("TXN-9", "TXN-9")])
def test_there_is_nothing_to_explain_about_a_payment_that_did_not_fail(acme: CommandLine, number: str, why: str) -> None:
    ran = acme.run("explain", number)
    assert (1, "") == (ran.code, ran.out)
    assert why in ran.err
