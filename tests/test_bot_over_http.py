"""HTTP mode: Slack's signed requests to our own server, each taken once whichever process gets it; and what is not Slack's."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa
from bot_scene import BotScene, Json, a_bot_scene
from makers import ManualClock
from slack_sdk.signature import SignatureVerifier

from app.slack import open_bot
from bot import requests
from bot.answers import BUSY
from storage import schema, slack_requests
from storage.engine import Database

Answer = tuple[int, str]
COMMAND = "command=%2Fpayments&text=help&user_id=U1&team_id=T1&trigger_id=1"


@dataclass
class Sender:
    """Sends what Slack would have sent, perhaps changed, again, or late."""

    acme: BotScene

    def signed(self, body: str, *, late_seconds: float = 0.0, secret: str = "") -> dict[str, str]:
        at = str(int(self.acme.clock.now().timestamp() - late_seconds))
        signature = SignatureVerifier(secret or self.acme.workspace.signing_secret).generate_signature(timestamp=at, body=body)
        return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": str(signature)}

    def send(self, body: str, headers: Mapping[str, str]) -> Answer:
        assert self.acme.server is not None
        connection = http.client.HTTPConnection("127.0.0.1", self.acme.server.port, timeout=30)
        try:
            kind = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
            connection.request("POST", "/slack/events", body.encode(), {"Content-Type": kind, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def as_form(body: Json) -> str:
    return urlencode({"payload": json.dumps(body)})


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path, over_http=True) as made:
        yield made


def test_from_a_press_to_the_receipt_over_http(acme: BotScene) -> None:
    acme.credited()
    acme.press("dana", "choose", acme.card())
    acme.answered("dana", "Recorded")
    acme.carry_out()
    assert (["done"], [("TXN-1", 50_000, 0)]) == ([made.state for made in acme.decisions()], acme.books.receipts())
    acme.workspace.say(acme.workspace.people["dana"], acme.cards_channel, "/payments failing")
    acme.answered("dana", "No payment is failing.")


def test_the_same_signed_press_twice_is_one_decision_also_with_a_new_signature_and_in_another_process(acme: BotScene) -> None:
    acme.credited()
    body = as_form(acme.held_back("dana", "choose", acme.card()))
    with acme.house.db.work() as connection:
        connection.execute(sa.delete(schema.slack_request))  # as if it had never been sent
    slack = Sender(acme)
    first = slack.signed(body)

    assert [(200, ""), (200, ""), (200, "")] == [slack.send(body, headers) for headers in (first, first, slack.signed(body))]
    other = open_bot(acme.house, acme.bell)
    assert other is not None
    assert requests.Answered(200) == other.handle(body.encode(), {name.lower(): value for name, value in first.items()})
    other.stop()

    assert (1, 1) == (len(acme.decisions()), len([told for told in acme.told if told["type"] == "block_actions"]) - 1)
    acme.clock.advance(slack_requests.KEPT.total_seconds() + 1)
    assert 200 == slack.send(COMMAND, slack.signed(COMMAND))[0]
    with acme.house.db.read() as connection:
        assert 1 == connection.execute(sa.select(sa.func.count()).select_from(schema.slack_request)).scalar()


def test_of_two_people_at_one_button_before_two_processes_one_is_recorded_and_the_other_hears_it(
    tmp_path: Path, database_url: str
) -> None:
    with a_bot_scene(tmp_path, over_http=True, url=database_url) as acme:
        acme.credited(9_000, credit_minor=2_000)
        other = open_bot(acme.house, acme.bell)
        assert other is not None
        slack = Sender(acme)
        bodies = [as_form(acme.held_back(person, "choose", acme.card())) for person in ("dana", "sam")]
        with acme.house.db.work() as connection:
            connection.execute(sa.delete(schema.slack_request))  # as if neither had been sent
        given = [{name.lower(): value for name, value in slack.signed(body).items()} for body in bodies]
        with ThreadPoolExecutor(2) as at_once:
            answered = at_once.map(lambda bot, *sent: bot.handle(*sent), (acme.bot, other), map(str.encode, bodies), given)
            assert [200, 200] == [answer.status for answer in answered]

        (made,) = acme.decisions()
        late = {"dana": "sam", "sam": "dana"}[made.requested_by]
        acme.answered(made.requested_by, "Recorded.")
        acme.answered(late, "already chose")
        acme.carry_out()
        assert {"exactly_once": 1} == acme.proof()
        other.stop()


def test_what_is_not_signed_by_slack_within_five_minutes_is_refused_and_leaves_nothing(acme: BotScene) -> None:
    slack, body = Sender(acme), as_form({"type": "block_actions", "user": {"id": "U1"}, "actions": []})
    good = slack.signed(body)
    refused = {
        "another secret": slack.signed(body, secret="0" * 32),
        "old": slack.signed(body, late_seconds=301),
        "of the future": slack.signed(body, late_seconds=-301),
        "of another body": slack.signed(body + "x"),
        "no number": {**good, "X-Slack-Request-Timestamp": "now"},
        "no signature": {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
        "nothing": {},
    }
    assert dict.fromkeys(refused, 401) == {what: slack.send(body, headers)[0] for what, headers in refused.items()}
    assert 413 == slack.send("x", {"Content-Length": str(requests.MOST_BYTES + 1)})[0]  # refused before the rest is sent
    assert 400 == slack.send("{", slack.signed("{"))[0]
    with acme.house.db.read() as connection:
        assert [] == connection.execute(sa.select(schema.slack_request)).all()
    assert [] == acme.told


def test_a_press_that_the_database_has_no_room_for_is_said_and_may_come_again(acme: BotScene) -> None:
    acme.credited()
    pressed = acme.held_back("dana", "choose", acme.card())
    with acme.house.db.work() as connection:
        connection.execute(sa.delete(schema.slack_request))
    slack, body = Sender(acme), as_form(pressed)
    holder = sqlite.connect(acme.house.settings.database_url.partition(":///")[2], isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert (200, "") == slack.send(body, slack.signed(body))
    acme.answered("dana", BUSY)
    window = as_form({**pressed, "type": "view_submission", "view": {"blocks": [{"type": "input", "block_id": "reason"}]}})
    told = json.loads(slack.send(window, slack.signed(window))[1])
    assert {"response_action": "errors", "errors": {"reason": BUSY}} == told
    holder.execute("ROLLBACK")
    holder.close()
    assert ((), 200) == (tuple(acme.decisions()), slack.send(body, slack.signed(body))[0])
    assert 1 == len(acme.decisions())


def test_of_many_processes_exactly_one_takes_a_request(database_url: str) -> None:
    databases, now = [Database(database_url) for _ in range(3)], ManualClock().now()

    def take(db: Database) -> bool:
        with db.acknowledge() as connection:
            return slack_requests.first_time(connection, "a" * 64, now)

    with ThreadPoolExecutor(len(databases)) as processes:
        assert [False, False, True] == sorted(processes.map(take, databases))
    with databases[0].work() as connection:
        slack_requests.forget(connection, "a" * 64)
        assert slack_requests.first_time(connection, "a" * 64, now)
    for db in databases:
        db.close()
