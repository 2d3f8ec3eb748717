"""What the command line tells people: who asked, what became of money, the control total, and what could not be read."""

from __future__ import annotations

import csv
from pathlib import Path

from command_line import PAID_AT, PAYMENT_COLUMNS, CommandLine, change_file, load_books, write_settings

GONE = {"A": "returned", "B": "refunded", "C": "charged_back", "D": "charged_back"}


def statuses(acme: CommandLine, told: dict[str, str], name: str) -> str:
    """A file of payments of $10.00 with what the portal says of each; returns its path."""
    with (acme.folder / name).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*PAYMENT_COLUMNS, "status"])
        rows.writerows([(number, "Hooli", "10.00", "USD", PAID_AT, "card", "", status) for number, status in told.items()])
    return str(acme.folder / name)


def test_an_import_says_what_became_of_payments_by_kind(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    acme.answer("import", statuses(acme, dict.fromkeys("ABCDE", "paid"), "first.csv"))

    ran = acme.run("import", statuses(acme, {**GONE, "E": "paid"}, "second.csv"))

    assert "second.csv: 0 new payments, 1 already imported, 0 excluded by a rule, 0 different" in ran.out
    assert "What became of payments imported before: 1 returned, 1 refunded and 2 charged back." in ran.out
    again = acme.answer("import", statuses(acme, {"A": "paid"}, "third.csv"))
    assert ({"paid": 1}, 1) == (again["went_back"], again["conflicts"])


def test_what_waits_for_a_second_person_says_who_asked_and_the_proof_its_control_total(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    load_books(acme, {"H": "Hooli"}, [("1042", "Hooli", "400.00")])
    acme.take_in(("TXN-1", "Hooli", "500.00", "1042:500.00"))
    acme.sync()
    assert acme.failing()["decision"] is None
    acme.answer("decide", "TXN-1", "keep_on_account", "--as", "sam")

    found, told = acme.failing(), acme.run("failures").out
    assert ("open", "waiting_approval", "sam") == (
        found["state"], found["decision"]["state"], found["decision"]["requested_by"],
    )  # fmt: skip
    assert "Sam Okafor asked for “Leave as unapplied credit” on " in told
    assert "it is waiting for a second person." in told
    whole = next(line for line in acme.run("reconcile").out.splitlines() if "all payments" in line)
    assert ["1", "$500.00"] == [cell.strip() for cell in whole.strip("│").split("│")][1:]

    change_file(acme.database, "UPDATE evidence SET body = json_set(body, '$.lines[0].amount_minor', 'much')")
    ran = acme.run("explain", "TXN-1")
    assert (1, "") == (ran.code, ran.out)
    assert "was kept in a form that this version cannot read (lines.0.amount_minor)." in " ".join(ran.err.split())
    unread = "json_set(body, '$.lines[0].amount_minor', 50000, '$.unread', json('[\"receipt 7: its amount is no amount\"]'))"
    change_file(acme.database, f"UPDATE evidence SET body = {unread}")
    assert "The books did not give “receipt 7: its amount is no amount”; what was not read" in acme.run("explain", "TXN-1").out
