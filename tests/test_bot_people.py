"""Who stands behind a press: every shape in which Slack tells it, and what it says of the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from makers import ManualClock
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot import accounts as asking
from bot.accounts import SlackAccounts, account_of
from bot.installations import Installation
from bot.people import (
    DEACTIVATED,
    GUEST,
    NOBODY,
    NOT_TOLD,
    STRANGER,
    UNCONFIRMED,
    Account,
    Accounts,
    Pressed,
    person_of,
    pressed_by,
)
from receivables.authority import Person
from receivables.errors import NotPermitted

Json = dict[str, Any]
WORKSPACE = Installation("T0HOME00000", "", "xoxb-1")
IN_ORGANIZATION = Installation("T0HOME00000", "E0ACME00000", "xoxb-1")
WHOLE_ORGANIZATION = Installation("", "E0ACME00000", "xoxb-1")
PEOPLE = {
    person.id: person
    for person in (
        Person("dana", "Dana Reyes", slack_accounts=frozenset({("T0HOME00000", "U0DANA00000")})),
        Person("olga", "Olga Org", slack_accounts=frozenset({("E0ACME00000", "W0OLGA00000")})),
        Person("mia", "Mia Mail", email="mia@example.com"),
        Person("kim", "Kim Mail", email="kim@example.com"),
        Person("gone", "Gus Gone", active=False, slack_accounts=frozenset({("T0HOME00000", "U0GONE00000")})),
    )
}
ALONE: Json = {"enterprise": None, "is_enterprise_install": False}
ORGANIZED: Json = {"enterprise": {"id": "E0ACME00000", "name": "Acme"}, "is_enterprise_install": False}
HOME: Json = {"team": {"id": "T0HOME00000", "domain": "acme"}}
NO_TEAM: Json = {"team": None, "enterprise": {"id": "E0ACME00000", "name": "Acme"}, "is_enterprise_install": True}


def user(id_: str, team: str) -> Json:
    return {"user": {"id": id_, "team_id": team, "username": "x"}}


def typed(id_: str, **other: str) -> Json:
    """A slash command: every value is text, and it does not say where the account is at home."""
    return {"user_id": id_, "team_id": "T0HOME00000", "is_enterprise_install": "false", **other}


def event(id_: str, team: str, **authorization: object) -> Json:
    told = {"team_id": "T0HOME00000", "enterprise_id": None, "is_enterprise_install": False, **authorization}
    return {"type": "event_callback", "event": {"user": id_, "team": team}, "team_id": team, "authorizations": [told]}


def an_account(team: str = "T0HOME00000", *, enterprise: str = "", **other: object) -> Json:
    """`users.info`, as captured: an email address beside whether it is confirmed, an organization where there is one."""
    held: Json = {
        "id": "U", "team_id": team, "deleted": False, "is_restricted": False, "is_ultra_restricted": False, "is_bot": False,
        "is_email_confirmed": True, "profile": {"email": "x@example.com"}, **other,
    }  # fmt: skip
    if enterprise:
        held["enterprise_user"] = {"id": "W", "enterprise_id": enterprise, "teams": [team, "T0SECOND000"]}
    return held


class Told:
    """What Slack says of every account; None where it cannot be asked."""

    def __init__(self, account: Json | None, installation: Installation) -> None:
        self._account, self._installation = account, installation

    def of(self, pressed: Pressed) -> Account | None:
        if self._account is None:
            return None
        there = self._installation.holds(pressed.team, pressed.enterprise)
        return account_of(self._account, self._installation) if there else Account(frozenset())


def outcome(body: Mapping[str, Any], accounts: Accounts | None) -> str:
    """The person's id, or the refusal."""
    try:
        return person_of(PEOPLE, body, accounts).id
    except NotPermitted as refused:
        return refused.message


OF_ACME = an_account("T0SECOND000", enterprise="E0ACME00000")
MAIL: Json = {"profile": {"email": "Mia@Example.com"}}
DANA: Json = {**HOME, **user("U0DANA00000", "T0HOME00000")}
MIA: Json = {**HOME, **user("U0MIA000000", "T0HOME00000")}
ELSEWHERE: Json = {"team": {"id": "T0OTHER0000"}, "view": {"app_installed_team_id": "T0HOME00000"}}


@pytest.mark.parametrize(
    ("body", "account", "installation", "expected"),
    [
        # one workspace
        pytest.param({**HOME, **ALONE, **user("U0DANA00000", "T0HOME00000")}, an_account(), WORKSPACE, "dana", id="press"),
        pytest.param(typed("U0DANA00000"), an_account(), WORKSPACE, "dana", id="command"),
        pytest.param(event("U0DANA00000", "T0HOME00000"), an_account(), WORKSPACE, "dana", id="event"),
        pytest.param(DANA, None, WORKSPACE, "dana", id="slack-silent"),
        pytest.param({**HOME, **user("U0BEA000000", "T0HOME00000")}, an_account(), WORKSPACE, NOBODY, id="not-configured"),
        pytest.param({**HOME, **user("U0GONE00000", "T0HOME00000")}, an_account(), WORKSPACE,
                     "Gus Gone is no longer active in Resolve Now. Ask your administrator.", id="inactive"),
        pytest.param(
            {**DANA, **ELSEWHERE},
            an_account(), WORKSPACE, "dana", id="window-opened-elsewhere"),
        # Slack Connect
        pytest.param({**HOME, **ALONE, **user("U0DANA00000", "T0OTHER0000")}, None, WORKSPACE, STRANGER, id="stranger"),
        pytest.param({"team": {"id": "T0OTHER0000"}, **user("U0DANA00000", "T0OTHER0000")}, an_account("T0OTHER0000"),
                     WORKSPACE, STRANGER, id="stranger-in-own-team"),
        pytest.param(DANA, an_account("T0OTHER0000"), WORKSPACE, STRANGER,
                     id="stranger-says-slack"),
        pytest.param(DANA, an_account(is_stranger=True), WORKSPACE, STRANGER,
                     id="stranger-flag"),
        pytest.param({**HOME, **ORGANIZED, **user("W0OLGA00000", "T0OTHER0000")}, an_account("T0OTHER0000"), IN_ORGANIZATION,
                     STRANGER, id="stranger-in-organization"),
        pytest.param({**HOME, **ORGANIZED, **user("W0OLGA00000", "T0OTHER0000")},
                     an_account("T0OTHER0000", enterprise="E0OTHER0000"), IN_ORGANIZATION, STRANGER, id="other-organization"),
        # Enterprise Grid
        pytest.param({**HOME, **ORGANIZED, **user("U0DANA00000", "T0SECOND000")}, OF_ACME, IN_ORGANIZATION, "dana",
                     id="user-of-another-workspace"),
        pytest.param({**HOME, **ORGANIZED, **user("W0OLGA00000", "T0SECOND000")}, OF_ACME, IN_ORGANIZATION, "olga",
                     id="named-by-organization"),
        pytest.param({**HOME, **ORGANIZED, **user("W0OLGA00000", "E0ACME00000")}, None, IN_ORGANIZATION, "olga",
                     id="user-of-the-organization"),
        pytest.param({**HOME, **ORGANIZED, **user("W0OLGA00000", "T0SECOND000")}, None, IN_ORGANIZATION, NOT_TOLD,
                     id="organization-not-told"),
        pytest.param({**NO_TEAM, **user("W0OLGA00000", "T0SECOND000")}, OF_ACME, WHOLE_ORGANIZATION, "olga", id="team-null"),
        pytest.param({**NO_TEAM, **user("W0OLGA00000", "E0ACME00000")}, None, WHOLE_ORGANIZATION, "olga", id="team-null-silent"),
        pytest.param({**NO_TEAM, **user("U0DANA00000", "T0HOME00000")}, an_account(enterprise="E0ACME00000"),
                     WHOLE_ORGANIZATION, "dana", id="team-null-named-by-workspace"),
        pytest.param(typed("W0OLGA00000", enterprise_id="E0ACME00000", is_enterprise_install="true"), OF_ACME,
                     WHOLE_ORGANIZATION, "olga", id="command-in-organization"),
        pytest.param(event("W0OLGA00000", "T0SECOND000", team_id=None, enterprise_id="E0ACME00000", is_enterprise_install=True),
                     OF_ACME, WHOLE_ORGANIZATION, "olga", id="event-in-organization"),
        # what only Slack knows
        pytest.param(DANA, an_account(is_restricted=True), WORKSPACE, GUEST, id="guest"),
        pytest.param(DANA, an_account(is_ultra_restricted=True), WORKSPACE, GUEST,
                     id="guest-of-one-channel"),
        pytest.param(DANA, an_account(deleted=True), WORKSPACE, DEACTIVATED,
                     id="deactivated"),
        # by email
        pytest.param(MIA, an_account(**MAIL), WORKSPACE, "mia", id="email"),
        pytest.param({**NO_TEAM, **user("U0MIA000000", "T0SECOND000")}, {**OF_ACME, **MAIL}, WHOLE_ORGANIZATION, "mia",
                     id="email-in-organization"),
        pytest.param(MIA, an_account(**MAIL, is_email_confirmed=False), WORKSPACE,
                     UNCONFIRMED, id="email-not-confirmed"),
        pytest.param({**HOME, **user("U0KIM000000", "T0HOME00000")}, an_account(profile={"email": "\u212aim@example.com"}),
                     WORKSPACE, NOBODY, id="email-that-only-looks-like-it"),
        pytest.param(MIA, an_account(**MAIL, is_restricted=True), WORKSPACE, GUEST,
                     id="email-of-a-guest"),
        pytest.param(MIA, an_account("T0OTHER0000", **MAIL), WORKSPACE, STRANGER,
                     id="email-of-a-stranger"),
        pytest.param(MIA, None, WORKSPACE, NOT_TOLD, id="email-not-told"),
    ],
)  # fmt: skip
def test_whoever_pressed_is_a_person_of_ours_or_told_why_not(
    body: Json, account: Json | None, installation: Installation, expected: str
) -> None:
    assert expected == outcome(body, Told(account, installation))


def test_nothing_of_a_payload_that_says_nothing_counts() -> None:
    assert (STRANGER, Pressed("", "", "", "")) == (outcome({}, None), pressed_by({}))


class Counting:
    """Slack's users.info, in place of a client: counts, and answers or refuses."""

    def __init__(self) -> None:
        self.asked, self.refusal = 0, ""

    def users_info(self, *, user: str) -> Json:
        self.asked += 1
        if self.refusal:
            answer = SlackResponse(
                client=None, http_verb="POST", api_url="", req_args={}, data={"error": self.refusal}, headers={}, status_code=200
            )
            raise SlackApiError(self.refusal, answer)
        return {"user": an_account() | {"id": user}}


class Here:
    def at(self, team: str, enterprise: str) -> Installation | None:
        return WORKSPACE if WORKSPACE.holds(team, enterprise) else None

    def token(self, team: str, enterprise: str) -> str:  # noqa: ARG002
        return WORKSPACE.token

    def of_company(self, company: str) -> str:  # noqa: ARG002
        return WORKSPACE.token


def test_slack_is_asked_once_in_some_minutes_and_its_last_word_counts_while_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    slack, clock, dana = Counting(), ManualClock(), Pressed("U0DANA00000", "T0HOME00000", "T0HOME00000", "")
    monkeypatch.setattr(asking, "client_of", lambda token, url, seconds: slack)  # noqa: ARG005
    accounts = SlackAccounts(Here(), "http://127.0.0.1/", clock)
    told = [accounts.of(dana) for _ in range(3)]
    assert (1, [told[0]] * 3) == (slack.asked, told)

    clock.advance(asking.FRESH_SECONDS + 1)
    slack.refusal = "fatal_error"
    assert (told[0], told[0], 2) == (accounts.of(dana), accounts.of(dana), slack.asked)

    clock.advance(asking.ASK_AGAIN_SECONDS + 1)
    slack.refusal = "user_not_found"
    assert Account(frozenset()) == accounts.of(dana)
