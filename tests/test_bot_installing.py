"""Workspaces install the app themselves: once, in their own browser, only where they are named; the token is encrypted."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
import templates
from bot_scene import SEED, Bell, eventually
from makers import ManualClock, two_companies

from app.clock import random_bytes
from app.doctor_slack import slack, slack_of
from app.health import Health
from app.http import HttpServer
from app.settings_feeds import HttpSettings
from app.slack import open_bot
from app.wiring import House, open_house
from bot.bolt import Bot
from bot.installing import WorkspacesThatInstall
from bot.manifest import COME_BACK, INSTALL
from storage import companies, endings, outbox, schema, together
from storage.endings import Awaited, Started
from storage.vault import Keyring
from workspace.hands import Hands
from workspace.running import Workspace, start
from workspace.seed import PersonSeed

FIRST = replace(SEED, installed=False)
OTHERS = tuple(
    replace(
        SEED, team=name, domain=domain, people=(PersonSeed("gil", "Gil Moreau", "gil@example.org"),), groups={}, installed=False
    )
    for name, domain in (("Globex (practice)", "globex"), ("Initech (practice)", "initech"))
)
SETTINGS = """\
[slack]
mode = "http"
address = "http://127.0.0.1:1"
[http]
port = 0
{companies}[[person]]
id = "gil"
name = "Gil Moreau"
slack = ["{second}/{gil}"]
[[person.may]]
company = "globex"
remedies = ["retry"]
limits = {{ USD = "100.00" }}
"""


@dataclass
class Offered:
    """The program, and three workspaces that may install it; the configuration names two of them."""

    house: House
    bot: Bot
    server: HttpServer
    workspace: Workspace
    clock: ManualClock

    @property
    def globex(self) -> Hands:
        return self.workspace.teams["globex"]

    def ask(self, address: str, cookie: str = "") -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            parts = urlsplit(address)
            connection.request("GET", f"{parts.path}?{parts.query}", headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def begun(self) -> tuple[str, str]:
        """(Slack's page, the browser's cookie) after opening /slack/install."""
        status, _, headers = self.ask(INSTALL)
        assert 302 == status
        return headers["Location"], headers["Set-Cookie"].partition(";")[0]

    def install(self, hands: Hands, person: str) -> tuple[int, str]:
        page, cookie = self.begun()
        return self.ask(self.workspace.allow(page, hands.people[person]), cookie)[:2]

    def stored(self) -> list[tuple[str, str]]:
        with self.house.db.read() as connection:
            return [(row.id, row.body) for row in connection.execute(sa.select(schema.slack_place))]

    def say_how_many_fail(self, company: str) -> None:
        """Something to send for a company."""
        with self.bot._rooms.work(company) as work:
            companies.ensure(work.connection, company)
            outbox.want(work, "digest", "x")

    def send(self) -> list[int]:
        self.clock.advance(10)  # what another process stored is known by then
        return [workspace.outbox.run_once() for workspace in self.bot.sendings()]

    def told(self) -> tuple[str, str]:
        """(doctor's findings about Slack, health's)"""
        every = self.house.settings.companies
        findings = [*slack(self.house), *(finding for company in every for finding in slack_of(self.house, company))]
        return " ".join(finding.text for finding in findings), str(Health(self.house, self.bot).ready()[1]["slack_removed"])


def _cards_of(hands: Hands) -> str:
    return f'channel = "{hands.channels["payments-sync"]}", team = "{hands.team_id}"'


@pytest.fixture
def offered(tmp_path: Path) -> Iterator[Offered]:
    clock = ManualClock()
    with start(
        tmp_path,
        now=lambda: clock.now().timestamp(),
        seed=FIRST,
        others=OTHERS,
        messages_per_second=0.0,
        random_bytes=random_bytes,
    ) as workspace:
        globex = workspace.teams["globex"]
        text = SETTINGS.format(
            companies=two_companies(*map(_cards_of, (workspace, globex))),
            second=globex.team_id,
            gil=globex.people["gil"],
        )
        (tmp_path / "resolve-now.toml").write_text(text)
        templates.new_database(tmp_path)
        environment = {
            "RESOLVE_NOW_SLACK_CLIENT_ID": workspace.client_id,
            "RESOLVE_NOW_SLACK_CLIENT_SECRET": workspace.client_secret,
            "RESOLVE_NOW_SLACK_SIGNING_SECRET": workspace.signing_secret,
            "RESOLVE_NOW_SLACK_BASE_URL": workspace.api_url,
            "RESOLVE_NOW_VAULT_KEYS": Keyring.new_key(),
        }
        house = replace(open_house(tmp_path / "resolve-now.toml", environment), clock=clock)
        bot = open_bot(house, Bell())
        assert bot is not None
        server = HttpServer(house, HttpSettings(port=0), bot)
        server.start()
        workspace.deliver_to(f"http://127.0.0.1:{server.port}/slack/events")
        try:
            yield Offered(house, bot, server, workspace, clock)
        finally:
            server.stop()
            bot.stop()
            house.db.close()
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_two_workspaces_install_it_and_each_gets_the_cards_of_its_own_company(offered: Offered) -> None:
    assert (200, 200) == (offered.install(offered.workspace, "dana")[0], offered.install(offered.globex, "gil")[0])
    assert {offered.workspace.team_id, offered.globex.team_id} == {place for place, _ in offered.stored()}
    tokens = [offered.workspace.bot_token, offered.globex.bot_token]
    assert [] == [body for _, body in offered.stored() if "xoxb" in body or any(token in body for token in tokens)]

    for hands, company in ((offered.workspace, "acme"), (offered.globex, "globex")):
        hands.invite(hands.channels["payments-sync"])
        offered.say_how_many_fail(company)
    assert [1, 1] == offered.send()
    shown = [hands.messages(hands.channels["payments-sync"])[-1]["text"] for hands in (offered.workspace, offered.globex)]
    assert (True, True) == ("Acme Networks" in shown[0], "Globex" in shown[1])

    offered.globex.say(offered.globex.people["gil"], offered.globex.channels["payments-sync"], "/payments failing")
    eventually(lambda: "No payment is failing" in str(offered.globex.snapshot()["ephemerals"]))


def test_whoever_waits_is_told_in_the_workspace_where_they_pressed_and_nobody_of_that_id_elsewhere(offered: Offered) -> None:
    for hands, person in ((offered.workspace, "dana"), (offered.globex, "gil")):
        offered.install(hands, person)
        hands.invite(hands.channels["payments-sync"])
    dana, channel, now = offered.workspace.people["dana"], offered.workspace.channels["payments-sync"], offered.clock.now()
    with offered.bot._rooms.work("globex") as work:  # a company of the other workspace
        companies.ensure(work.connection, "globex")
        together.note(work, ["d1"])
        endings.begin(work, Awaited("globex", Started.CHOSEN, "d1", dana, channel, now, now, offered.workspace.team_id))
    assert 1 == sum(sending.endings.run_once() for sending in offered.bot.sendings())
    told = [str(hands.snapshot()["ephemerals"]) for hands in (offered.workspace, offered.globex)]
    assert (True, False) == ("was not recorded" in told[0], "was not recorded" in told[1])


def test_a_place_that_the_configuration_does_not_name_gets_nothing(offered: Offered) -> None:
    initech = offered.workspace.teams["initech"]
    status, page = offered.install(initech, "gil")
    assert (403, []) == (status, offered.stored())
    assert f"Initech (practice) ({initech.team_id}) is not named" in page


def test_a_workspace_that_is_taken_out_of_the_configuration_counts_no_longer(offered: Offered) -> None:
    offered.install(offered.globex, "gil")
    rooms, keys = offered.bot._rooms, offered.house.connections.keys
    acme = {"acme": rooms.channels["acme"]}
    held = [WorkspacesThatInstall(replace(rooms, channels=of, people={}), keys) for of in (rooms.channels, acme)]
    assert [True, False] == [places.at(offered.globex.team_id, "") is not None for places in held]


def test_a_sign_in_counts_once_in_time_and_in_the_browser_that_began_it(offered: Offered) -> None:
    page, cookie = offered.begun()
    back = offered.workspace.allow(page, offered.globex.people["gil"])
    assert 400 == offered.ask(back)[0]
    assert 400 == offered.ask(back.replace("state=", "state=0"), cookie)[0]
    assert (200, 401) == (offered.ask(back, cookie)[0], offered.ask(back, cookie)[0])
    assert "used before" in offered.ask(back, cookie)[1]

    late, cookie = offered.begun()
    address = offered.workspace.allow(late, offered.globex.people["gil"])
    offered.clock.advance(601)
    assert 401 == offered.ask(address, cookie)[0]
    assert (200, "It was not allowed in Slack. Nothing was changed.") == (
        offered.ask(f"{COME_BACK}?error=access_denied")[0],
        offered.ask(f"{COME_BACK}?error=access_denied")[1].partition("<p>")[2].partition("</p>")[0],
    )


def test_where_it_is_removed_its_token_is_forgotten_cards_wait_and_doctor_and_health_say_so(offered: Offered) -> None:
    offered.install(offered.globex, "gil")
    assert "The app is installed in Globex (practice)" in offered.told()[0]
    offered.workspace.uninstall("globex")
    eventually(lambda: [("", "")] == [("", body) for _, body in offered.stored()])

    offered.say_how_many_fail("globex")
    assert [] == offered.send()
    doctor, health = offered.told()
    assert ("Globex (practice)" in health, "it was removed there" in doctor, "Cards wait" in doctor) == (True, True, True)
    offered.install(offered.globex, "gil")
    offered.globex.invite(offered.globex.channels["payments-sync"])
    assert [1] == offered.send()


def test_a_new_key_encrypts_the_tokens_of_slack_too(offered: Offered) -> None:
    offered.install(offered.globex, "gil")
    before = offered.stored()
    assert 1 == offered.house.connections.vault.rotate()
    assert before != offered.stored()
