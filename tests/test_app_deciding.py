"""A decision on the command line is one on facts that were seen, and the record names the account it came from."""

from __future__ import annotations

import io
import json
import os
import pwd
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import CommandLine, Ran, load_books, write_settings

from app.commands.proof import said_of
from app.main import main
from app.wiring import os_account
from sync.standings import Standing


class Terminal(io.StringIO):
    """A terminal at which somebody has typed an answer."""

    def isatty(self) -> bool:
        return True


class InThisProcess(CommandLine):
    """The same commands without a process for each; `typed` is what somebody answers at a terminal, None where there is none."""

    typed: str | None = None

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> Ran:
        assert environment is None, "this process has one environment"
        out, err, code = io.StringIO(), io.StringIO(), 0
        argv, stdin = sys.argv, sys.stdin
        sys.argv = ["resolve-now", "--config", str(self.config), *words]
        sys.stdin = io.StringIO() if self.typed is None else Terminal(self.typed)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        finally:
            sys.argv, sys.stdin = argv, stdin
        return Ran(code, out.getvalue(), err.getvalue())


class AtTheTerminal(InThisProcess):
    typed = "y\n"


class Hesitating(InThisProcess):
    typed = "\n"


DECIDE = ("decide", "TXN-1", "unapply_credit_memo", "--as", "dana")
CREDITED_AT = "2026-03-04T11:30"


@pytest.fixture
def acme(tmp_path: Path) -> CommandLine:
    made = InThisProcess(write_settings(tmp_path).folder)
    load_books(made, {"H": "Hooli"}, [("1001", "Hooli", "50.00")])
    made.take_in(("TXN-1", "Hooli", "50.00", "1001:50.00"))
    credit(made, "CM-1")
    assert 1 == made.sync()["failed"]
    return made


def credit(acme: CommandLine, number: str) -> None:
    acme.books("credit-memo", number, "--customer", "Hooli", "--amount", "5.00", "--on", "2026-03-04", at=CREDITED_AT)
    acme.books("apply-credit", number, "--to", "1001", "--amount", "5.00", at=CREDITED_AT)


def test_without_a_terminal_it_shows_the_figures_names_the_value_and_decides_nothing(acme: CommandLine) -> None:
    ran = acme.run(*DECIDE)
    evidence = acme.failing()["evidence"]
    assert (2, "") == (ran.code, ran.out)
    assert f"--seen {evidence}" in ran.err
    assert "Credit memo CM-1 on invoice 1001: $5.00 → $0.00" in ran.err
    assert [] == acme.rows("SELECT id FROM decision")
    assert evidence == acme.answer("show", "TXN-1")["failures"][-1]["evidence"]
    assert "done" == acme.answer(*DECIDE, "--seen", evidence)["state"]
    assert [("TXN-1", 5_000, 0)] == acme.receipts()


def test_what_changed_since_it_was_seen_is_refused(acme: CommandLine) -> None:
    seen = acme.failing()["evidence"]
    credit(acme, "CM-2")
    acme.sync()
    ran = acme.run(*DECIDE, "--seen", seen)
    assert (1, True, [], []) == (ran.code, "changed" in ran.err, acme.receipts(), acme.rows("SELECT id FROM decision"))


def test_at_a_terminal_yes_carries_it_out_and_anything_else_does_not(acme: CommandLine) -> None:
    no = Hesitating(acme.folder).run(*DECIDE)
    assert (1, []) == (no.code, acme.rows("SELECT id FROM decision"))
    assert "Nothing was decided." in no.err
    yes = AtTheTerminal(acme.folder).run(*DECIDE)
    assert (0, [("TXN-1", 5_000, 0)]) == (yes.code, acme.receipts())


def test_whoever_made_the_memo_does_not_decide_alone_and_the_office_of_one_does_on_record(acme: CommandLine) -> None:
    text = acme.config.read_text(encoding="utf-8").replace(
        'name = "Dana Reyes"', 'name = "Dana Reyes"\nbooks_names = ["BEA bookkeeper"]'
    )
    acme.config.write_text(text, encoding="utf-8")
    asked = acme.run(*DECIDE)
    assert "Dana Reyes made a document in question, so somebody else must agree." in asked.err
    acme.config.write_text(text.replace('writes = "on"', 'writes = "on"\nsolo = true'), encoding="utf-8")
    assert "Decided by the person who made the document." in acme.run(*DECIDE).err
    assert "done" == acme.answer(*DECIDE, "--seen", acme.failing()["evidence"])["state"]
    ((body,),) = acme.rows("SELECT body FROM audit WHERE action = 'decision.made'")
    assert "Decided by the person who made the document." == json.loads(body)["note"]
    made = [found["text"] for found in acme.run("doctor", "--json").json if found["check"] == "makers"]
    assert ["TXN-1 (unapply_credit_memo, Dana Reyes)" in text for text in made] == [True]


def test_the_record_names_the_account_by_its_uid_whatever_the_environment_says(
    acme: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    ours = pwd.getpwuid(os.getuid()).pw_name
    assert ours == os_account()
    acme.answer(*DECIDE, "--seen", acme.failing()["evidence"])
    assert [(ours, "dana")] == acme.rows("SELECT os_account, requested_by FROM decision")
    assert [(ours,)] == acme.rows("SELECT actor FROM audit WHERE action = 'decision.made'")


def test_the_doctor_names_people_who_share_an_account_or_a_name(acme: CommandLine) -> None:
    shared = 'slack = ["T0123456789/U0123456789"]\nbooks_names = ["{}"]'
    text = acme.config.read_text(encoding="utf-8")
    for name, spelled in (("Dana Reyes", "Front Desk"), ("Sam Okafor", "front  desk")):
        text = text.replace(f'name = "{name}"', f'name = "{name}"\n' + shared.format(spelled))
    acme.config.write_text(text, encoding="utf-8")
    (told,) = [found["text"] for found in acme.run("doctor", "--json").json if found["check"] == "people"]
    assert "Dana Reyes and Sam Okafor share the Slack account U0123456789." in told
    assert "Dana Reyes and Sam Okafor share the name Front Desk in the books." in told


# --- receipts entered by hand -------------------------------------------------------------------------------------------


@pytest.fixture
def entered(tmp_path: Path) -> CommandLine:
    """A check paid invoice 1001, and then the customer paid it in the portal as well."""
    made = InThisProcess(write_settings(tmp_path).folder)
    load_books(made, {"H": "Hooli"}, [("1001", "Hooli", "50.00")])
    made.books(
        "receipt", "Hooli", "50.00", "--on", "2026-03-04", "--to", "1001:50.00", "--reference", "check 8841", at=CREDITED_AT
    )
    made.take_in(("TXN-1", "Hooli", "50.00", "1001:50.00"))
    assert 1 == made.sync()["failed"]
    return made


def test_what_follows_is_said_before_a_receipt_is_called_other_money(entered: CommandLine) -> None:
    words = ("decide", "TXN-1", "not_duplicate", "--as", "dana")
    unsaid = entered.run(*words)
    assert (1, True) == (unsaid.code, "its own cash reference" in unsaid.err)
    ran = entered.run(*words, "--cash-reference", "check 8841")
    assert "Invoice 1001 is already paid: $50.00 becomes an unapplied credit." in ran.err
    assert "takes two people" in ran.err
    seen = entered.failing()["evidence"]
    told = entered.run(*words, "--cash-reference", "check 8841", "--seen", seen)
    assert (0, True) == (told.code, "This company has no Slack channel yet, so nobody can: connect it" in told.out)
    again = entered.run(*words, "--cash-reference", "x", "--seen", seen)
    assert "already chose “Not a duplicate: record it”; it is waiting for a second person." in again.err
    assert "Approve or decline it on its card in Slack." in again.err


def test_several_receipts_are_given_as_proof(entered: CommandLine) -> None:
    (check,) = entered.answer("books", "list", "receipts")
    ran = entered.run("decide", "TXN-1", "dismiss", "--as", "dana", "--proof", check["number"], "--proof", "R9")
    assert (1, True) == (ran.code, "Receipt R9 is not one of" in ran.err)
    seen = entered.failing()["evidence"]
    told = entered.answer("decide", "TXN-1", "dismiss", "--as", "dana", "--proof", check["number"], "--seen", seen)
    assert ("done", "dismissed") == (told["state"], told["payment"])


@pytest.mark.parametrize("way", [("match", "--to-invoice"), ("recreate_receipt", "--successor")])
def test_either_way_of_naming_one_of_several_invoices_of_a_number_matches_it(tmp_path: Path, way: tuple[str, str]) -> None:
    made = InThisProcess(write_settings(tmp_path).folder)
    load_books(made, {"H": "Hooli"}, [("1001", "Hooli", "50.00"), ("1001", "Hooli", "30.00")])
    made.take_in(("TXN-1", "Hooli", "30.00", "1001:30.00"))
    assert 1 == made.sync()["failed"]
    meant = next(of["id"] for of in made.answer("books", "list", "invoices") if of["open_minor"] == 30_00)
    remedy, option = way
    seen = made.failing()["evidence"]
    told = made.answer("decide", "TXN-1", remedy, "--as", "dana", option, f"#{meant}", "--seen", seen)
    assert ("match", "done", "verified") == (told["remedy"], told["state"], told["payment"])
    assert [0] == [of["open_minor"] for of in made.answer("books", "list", "invoices") if of["id"] == meant]


# --- money that went back -----------------------------------------------------------------------------------------------


def test_a_recorded_return_is_told_by_every_command_in_its_own_words(tmp_path: Path) -> None:
    made = InThisProcess(write_settings(tmp_path).folder)
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(text.replace("remedies = [", 'remedies = ["record_return", '), encoding="utf-8")
    load_books(made, {"H": "Hooli"}, [("1001", "Hooli", "50.00")])
    made.take_in(("TXN-1", "Hooli", "50.00", "1001:50.00"))
    assert 1 == made.sync()["verified"]
    header = "transaction_number,customer,amount,currency,paid_at,method,invoices,status,status_at,dispute"
    (_, line, *_) = (made.folder / "payments.csv").read_text(encoding="utf-8").splitlines()
    lost = made.folder / "lost.csv"
    lost.write_text(f"{header}\n{line},charged_back,2026-03-10,lost\n", encoding="utf-8")
    made.answer("import", str(lost))
    made.sync()
    words = ("decide", "TXN-1", "record_return", "--as", "dana")
    assert "Record the chargeback: " in made.run(*words).err
    done = made.run(*words, "--seen", made.failing()["evidence"])
    assert "Done: Record the return, for payment TXN-1, which is closed." in done.out
    proven = made.run("reconcile")
    assert (0, True) == (proven.code, "returned, refunded or charged back, with the entry of it in the books" in proven.out)
    assert "Its receipt and the entry by which the money went back are both in the books." in made.run("show", "TXN-1").out


def test_the_proof_has_words_for_every_standing() -> None:
    assert set(Standing) == set(said_of())


def test_a_failure_is_assigned_and_set_aside_and_listed_apart(acme: CommandLine) -> None:
    in_a_week = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    assert "Payment TXN-1 is assigned to you now." in acme.run("assign", "TXN-1", "--as", "dana").out
    assert "or until its cause changes." in acme.run("snooze", "TXN-1", "--as", "dana", "--until", in_a_week).out
    assert ("dana", True) == (acme.failing()["assignee"], acme.failing()["snoozed_until"] is not None)
    assert (True, False) == tuple(title in acme.run("failures").out for title in ("Snoozed", "Failed payments"))
    assert None is acme.answer("assign", "TXN-1", "--as", "dana", "--to", "nobody")["assignee"]
    assert "no longer snoozed" in acme.run("snooze", "TXN-1", "--as", "dana").out
    assert (None, None) == (acme.failing()["assignee"], acme.failing()["snoozed_until"])
    assert (1, 1) == (acme.run("assign", "TXN-1", "--as", "stranger").code, acme.run("assign", "TXN-9", "--as", "dana").code)
