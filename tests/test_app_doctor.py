"""The doctor names what does not work, each with its remedy, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import templates
from command_line import CommandLine, change_file, write_settings
from stand_ins.quickbooks import REALM, TOKEN, QuickBooks, start_quickbooks
from stand_ins.serving import Fault
from tryton_people import JOURNAL, OUR_LOGIN, PASSWORD
from tryton_scene import tryton_scene
from workspace_bot import a_workspace

from accounting.oauth import Token
from accounting.quickbooks.description import LIMITS
from app.clock import RandomIds, SystemClock
from app.doctor import examine
from app.findings import Finding, Verdict
from storage.call_budget import SharedCallBudget
from storage.engine import Database
from storage.vault import Keyring, Vault

KEY = Keyring.new_key()
COMPANY = """\
[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
writes = "on"
[company.books]
"""
ENVIRONMENT = {
    "RESOLVE_NOW_VAULT_KEYS": KEY,
    "RESOLVE_NOW_QUICKBOOKS_CLIENT_ID": "id",
    "RESOLVE_NOW_QUICKBOOKS_CLIENT_SECRET": "canary-client-secret",
}
Checks = dict[str, Finding]


def a_config(folder: Path, books: str) -> Path:
    (folder / "resolve-now.toml").write_text(COMPANY + books)
    return folder / "resolve-now.toml"


def looked_at(config: Path, environment: Mapping[str, str] | None = None) -> Checks:
    return {finding.check: finding for finding in examine(config, None, environment or {})}


def broken(found: Checks) -> set[str]:
    return {name for name, finding in found.items() if finding.verdict is Verdict.BROKEN}


def a_token(access_token: str = TOKEN, *, days_left: float = 100, age: timedelta = timedelta()) -> Token:
    now = SystemClock().now()
    return Token(
        access_token, "canary-refresh", REALM, now - age, now + timedelta(hours=1), now + timedelta(days=days_left), now - age
    )


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickBooks]:
    with start_quickbooks(tmp_path_factory.mktemp("quickbooks")) as quickbooks:
        yield quickbooks


@pytest.fixture
def environment(serving: QuickBooks) -> dict[str, str]:
    return ENVIRONMENT | {"RESOLVE_NOW_QUICKBOOKS_BASE_URL": serving.origin}


def connected(folder: Path, token: Token) -> Path:
    """A company of QuickBooks whose token is stored."""
    database = Database(f"sqlite:///{templates.new_database(folder)}")
    Vault(database, Keyring(KEY), SystemClock(), RandomIds()).store("acme", "quickbooks", token.to_json())
    database.close()
    return a_config(folder, 'kind = "quickbooks"\n')


# --- embedded books and the house -------------------------------------------------------------------------------------


def test_a_house_in_order_is_well_and_the_command_says_so(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    acme.books("auto-apply-credits", "off")
    ran = acme.run("doctor")
    assert (0, "") == (ran.code, ran.err), ran.out
    assert ran.out.endswith("Nothing is broken; see 2 warnings above.\n")
    assert "acme: reading: Invoices can be read." in ran.out


def test_books_that_are_not_there_are_broken_with_a_remedy_and_the_exit_code_tells(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    ran = acme.run("doctor", "--json")
    found = {finding["check"]: finding for finding in ran.json}
    assert (1, "broken") == (ran.code, found["books"]["verdict"])
    assert "resolve-now books" in found["books"]["remedy"]
    assert not acme.books_file.exists()


def test_a_configuration_that_cannot_be_used_is_a_finding_of_its_own(tmp_path: Path) -> None:
    found = looked_at(a_config(tmp_path, 'kind = "abacus"\n'))
    assert ({"configuration"}, {"configuration"}) == (set(found), broken(found))


def test_a_database_of_another_version_is_named_with_what_to_run(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    acme.run("doctor")
    change_file(acme.database, "UPDATE alembic_version SET version_num = '0001'")
    found = looked_at(acme.config)
    assert {"database"} == broken(found)
    assert "resolve-now migrate" in found["database"].text


def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://resolve:canary-password@127.0.0.1:1/resolve"
    found = looked_at(write_settings(tmp_path).config, {"RESOLVE_NOW_DATABASE_URL": url})
    assert {"database"} == broken(found)
    assert "canary" not in repr(found)


def test_writes_that_are_off_and_a_setting_that_causes_failures_are_warnings(tmp_path: Path) -> None:
    acme = write_settings(tmp_path, writes="off")
    acme.books("auto-apply-credits", "on")
    acme.books("close-period", "2026-02-28")
    found = looked_at(acme.config)
    assert set() == broken(found)
    warned = {name for name, finding in found.items() if finding.verdict is Verdict.WARNING}
    assert {"posting", "credits", "feed", "Slack"} == warned
    assert "Feb 28, 2026" in found["periods"].text
    assert {Verdict.NOT_TRIED} == {found["writing"].verdict, found["unapplying"].verdict}


def test_slack_tokens_that_are_taken_and_those_that_are_not(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    workspace = a_workspace(tmp_path / "workspace")
    try:
        right = {
            "RESOLVE_NOW_SLACK_BASE_URL": workspace.api_url,
            "RESOLVE_NOW_SLACK_BOT_TOKEN": workspace.bot_token,
            "RESOLVE_NOW_SLACK_APP_TOKEN": workspace.app_token,
        }
        assert Verdict.WORKS is looked_at(acme.config, right)["Slack"].verdict
        wrong = looked_at(acme.config, right | {"RESOLVE_NOW_SLACK_BOT_TOKEN": "xoxb-canary"})["Slack"]
    finally:
        workspace.stop()
    gone = looked_at(acme.config, right)["Slack"]
    assert [Verdict.BROKEN] * 2 == [wrong.verdict, gone.verdict]
    assert "invalid_auth" in wrong.text
    assert "canary" not in repr(wrong)


# --- books outside ----------------------------------------------------------------------------------------------------


def test_a_company_that_is_connected_is_well(tmp_path: Path, environment: dict[str, str]) -> None:
    found = looked_at(connected(tmp_path, a_token(age=timedelta(days=3))), environment)
    assert set() == broken(found), found
    assert "Connected 3 days ago" in found["access"].text
    assert "expires in 99 days" in found["access"].text
    assert found["books"].text.startswith("QuickBooks Online answers")
    assert Verdict.WORKS is found["clock"].verdict
    assert "of 500 calls left this minute" in found["calls"].text


def test_a_company_that_was_never_connected_is_told_what_to_run(tmp_path: Path, environment: dict[str, str]) -> None:
    found = looked_at(a_config(tmp_path, 'kind = "quickbooks"\n'), environment)
    assert {"access", "books"} == broken(found)
    assert "resolve-now connect acme" in found["access"].remedy


@pytest.mark.parametrize(
    ("missing", "said"),
    [("RESOLVE_NOW_VAULT_KEYS", "connect --new-key"), ("RESOLVE_NOW_QUICKBOOKS_CLIENT_SECRET", "CLIENT_SECRET must be set")],
)
def test_what_is_not_configured_is_named(tmp_path: Path, environment: dict[str, str], missing: str, said: str) -> None:
    config = connected(tmp_path, a_token())
    del environment[missing]
    found = looked_at(config, environment)
    assert {"access", "books"} == broken(found)
    assert said in found["access"].text


@pytest.mark.parametrize(
    ("days_left", "verdict"), [(20, Verdict.WORKS), (13, Verdict.WARNING), (1, Verdict.WARNING), (-1, Verdict.BROKEN)]
)
def test_the_end_of_the_sign_in_is_told_in_time(
    tmp_path: Path, environment: dict[str, str], days_left: float, verdict: Verdict
) -> None:
    found = looked_at(connected(tmp_path, a_token(days_left=days_left)), environment)
    assert verdict is found["access"].verdict


def test_books_that_refuse_the_access_are_broken_with_the_command(tmp_path: Path, environment: dict[str, str]) -> None:
    found = looked_at(connected(tmp_path, a_token("canary-old")), environment)
    assert {"books"} == broken(found)
    assert "resolve-now connect acme" in found["books"].text + found["books"].remedy


def test_books_that_are_down_and_books_that_ask_to_wait(tmp_path: Path, environment: dict[str, str], serving: QuickBooks) -> None:
    config = connected(tmp_path, a_token())
    down = looked_at(config, environment | {"RESOLVE_NOW_QUICKBOOKS_BASE_URL": "http://127.0.0.1:1"})["books"]
    serving.order(Fault(status=429, headers={"Retry-After": "7"}))
    throttled = looked_at(config, environment)["books"]
    assert [Verdict.BROKEN] * 2 == [throttled.verdict, down.verdict]
    assert ("Wait", "Check that t") == (throttled.remedy[:4], down.remedy[:12])
    assert "accepts no more calls until" in throttled.text


def test_few_calls_left_is_a_warning(tmp_path: Path, environment: dict[str, str]) -> None:
    config = connected(tmp_path, a_token())
    database = Database(f"sqlite:///{tmp_path}/resolve-now.sqlite")
    spent = SharedCallBudget(database, SystemClock(), {"acme": (replace(LIMITS[0], block=470),)})
    assert 0.0 == spent.take("acme", 1)
    database.close()
    assert Verdict.WARNING is looked_at(config, environment)["calls"].verdict


def test_a_tryton_server_that_is_not_there_and_a_password_that_is_not_set(tmp_path: Path) -> None:
    books = 'kind = "tryton"\nurl = "http://127.0.0.1:1"\ndatabase = "acme"\nlogin = "bot"\nstatement_journal = "Portal"\n'
    config = a_config(tmp_path, books)
    unset = looked_at(config)
    assert {"access", "books"} == broken(unset)
    assert "RESOLVE_NOW_ACME_TRYTON_PASSWORD" in unset["access"].text
    gone = looked_at(config, {"RESOLVE_NOW_ACME_TRYTON_PASSWORD": "canary-password"})
    assert {"access", "books"} == broken(gone)
    assert "canary" not in repr(gone)


def test_a_tryton_that_takes_the_password_is_well_and_connect_tries_it(tmp_path: Path) -> None:
    with tryton_scene() as scene:
        books = (
            f'kind = "tryton"\nurl = "{scene.server.url}"\ndatabase = "{scene.database}"\n'
            f'login = "{OUR_LOGIN}"\nstatement_journal = "{JOURNAL}"\n'
        )
        config, name = a_config(tmp_path, books), "RESOLVE_NOW_ACME_TRYTON_PASSWORD"
        well, wrong = looked_at(config, {name: PASSWORD}), looked_at(config, {name: "canary-password"})
        connect = [CommandLine(tmp_path).run("connect", environment={name: given}) for given in (PASSWORD, "canary-password")]
    assert set() == broken(well), well
    assert {"access", "books"} == broken(wrong)
    assert "resolve-now connect acme" in wrong["books"].text
    assert [0, 1] == [request.code for request in connect]
    assert f"Correct {name}" in connect[1].err
    assert "canary" not in repr(wrong) + connect[1].err + connect[1].out


def test_a_paused_company_says_since_when_and_why(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    acme.run("sync")
    assert "Paused since" in looked_at(acme.config)["syncing"].text


def test_the_doctor_writes_nothing_to_the_books(tmp_path: Path, environment: dict[str, str], serving: QuickBooks) -> None:
    config = connected(tmp_path, a_token())
    before = len(serving.asked)
    looked_at(config, environment)
    asked = serving.asked[before:]
    assert asked
    assert [] == [request for request in asked if request.startswith("POST") and "query" not in request]
