"""`reconcile` on the command line: receipts entered by hand are told until each is settled, and the words of its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import load_books, write_settings
from typer.testing import CliRunner, Result

from app.main import app

PAID_AT = "2026-03-03T10:00:00-06:00"
#: What somebody entered for a payment of 500.00, by its number: customer, amount and texts, of the invoice or of none.
BY_HAND = {
    "TX-9001-AB": ("Ada", "485.00", ("--reference", "TX-9001-AB")),  # net of a card fee, on account
    "TX-9002-AB": ("Bert", "500.00", ("--to", "Bert-2:500.00", "--reference", "tx 9002 ab")),  # on the wrong invoice
    "55012": ("Cleo", "500.00", ("--to", "Cleo-2:500.00", "--reference", "Stripe 55012")),
    "TX-9004-AB": ("Dora", "500.00", ("--memo", "portal TX-9004-AB")),  # on another customer than Emil, who paid
}
PAYERS = {"TX-9001-AB": "Ada", "TX-9002-AB": "Bert", "55012": "Cleo", "TX-9004-AB": "Emil", "OTHER-1": "Fay"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A company with receipts entered by hand before the sync, after it."""
    acme = write_settings(tmp_path)
    names = ("Ada", "Bert", "Cleo", "Dora", "Emil", "Fay")
    load_books(acme, {name: name for name in names}, [(f"{name}-{n}", name, "500.00") for name in names for n in (1, 2)])
    for customer, amount, texts in BY_HAND.values():
        words = ("receipt", customer, amount, "--on", "2026-03-04", *texts, "--at", "2026-03-04T09:00")
        run(acme.config, "books", *words)
    lines = [(number, payer, "500.00", f"{payer}-1:500.00") for number, payer in PAYERS.items()]
    run(acme.config, "import", str(acme.payments_file(lines)))
    run(acme.config, "sync", "--json", code=1)
    return acme.config


def run(config: Path, *words: str, code: int = 0) -> Result:
    """One command in this process, which is quick."""
    ran = CliRunner().invoke(app, ["--config", str(config), *words])
    assert code == ran.exit_code, ran.output
    return ran


def proof(config: Path, code: int) -> Any:
    (found,) = json.loads(run(config, "reconcile", "--json", code=code).stdout)
    return found


def test_hand_receipts_keep_the_proof_red_until_a_person_has_decided(config: Path) -> None:
    found = proof(config, 1)
    assert (False, 5, 1, 4) == (found["clean"], found["payments"], found["exactly_once"], found["differing"])
    assert dict.fromkeys(BY_HAND, "may_be_in_books") == {
        discrepancy["transaction"]: discrepancy["problem"] for discrepancy in found["discrepancies"]
    }
    assert {"count": 4, "money": {"USD": 200_000}} == found["standings"]["may_be_in_books"]
    told = run(config, "reconcile", code=1).stdout
    listed = json.loads(run(config, "books", "list", "receipts", "--json").stdout)
    entered = next(receipt for receipt in listed if receipt["amount_minor"] == 48_500)
    assert f"TX-9001-AB of $500.00 is not posted, and receipt {entered['number']} is in the books and may be it" in told

    for number in ("TX-9002-AB", "55012", "TX-9004-AB"):
        run(config, "decide", number, "dismiss", "--as", "dana", "--seen", seen(config, number))
    run(config, "books", "void-receipt", entered["number"])
    run(config, "sync", "--json")
    found = proof(config, 0)
    assert (True, 1, 3, 1) == (found["clean"], found["exactly_once"], found["dismissed_with_proof"], found["not_in_books"])
    assert {"count": 1, "money": {"USD": 50_000}} == found["standings"]["missing_with_failure"]
    told = run(config, "reconcile").stdout
    assert "4 of 5 portal payments we know of have exactly one receipt; the others are counted above." in told


def seen(config: Path, number: str) -> str:
    failures = json.loads(run(config, "failures", "--json", code=1).stdout)
    return next(str(failure["evidence"]) for failure in failures if failure["transaction"] == number)


def test_the_keys_of_the_first_version_stay_and_the_help_says_what_is_proven(config: Path) -> None:
    assert {
        "company", "payments", "exactly_once", "dismissed_with_proof", "dismissed_by_two_people", "not_in_books", "under_way",
        "differing", "marked_receipts", "discrepancies", "clean",
        "standings", "control_accounts", "control_totals", "other_receipts", "to_review",
        "posted_on_other_day",
    } == set(proof(config, 1))  # fmt: skip
    told = " ".join(run(config, "reconcile", "--help").stdout.split())
    assert "every portal payment we know of has exactly one receipt" in told
    assert "Exits with 1" in told
