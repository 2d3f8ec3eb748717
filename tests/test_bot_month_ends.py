"""Month end in Slack: whoever sees the company asks, is told at once that it is being made, and gets the files alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually
from card_answers import Answers, asked, rooms_of
from makers import a_company
from scene import Scene
from slack_bolt import Respond
from slack_sdk import WebClient

from bot.answers import Answers as Answering
from bot.asker import Asker
from bot.month_ends import MonthEnds
from bot.rooms import Channel, NoReports
from receivables.authority import Person
from receivables.ports import Report, ReportFile


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def direct(acme: BotScene, person: str) -> list[Json]:
    conversation = acme.bot.outbox.client.conversations_open(users=acme.workspace.people[person])["channel"]["id"]
    return acme.workspace.messages(conversation)


def test_workbook_and_chart_come_as_a_direct_message_to_whoever_asked(acme: BotScene) -> None:
    acme.workspace.say(acme.workspace.people["dana"], acme.cards_channel, "/payments report 2026-03")
    eventually(lambda: 2 == len(direct(acme, "dana")))
    said, sent = direct(acme, "dana")
    assert said["text"].startswith("Month end: Acme Networks, March 2026")
    assert "difference" in said["text"] or "No payments." in said["text"]
    assert ["acme-2026-03-month-end.xlsx", "acme-2026-03-month-end-chart.png"] == [file["name"] for file in sent["files"]]
    assert [] == direct(acme, "sam")


class Slow(NoReports):
    """Makes no report before it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.go = threading.Event()

    def month_end(self, company: str, month: str) -> Report:
        self.asked.append((company, month))
        assert self.go.wait(10)
        return Report(["All of it."], [ReportFile("a.xlsx", b"x")])


class Sent:
    """A client of Slack that keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def chat_postMessage(self, **given: object) -> dict[str, str]:  # noqa: N802
        self.given.append(str(given["text"]))
        return {"channel": "D1"}

    def files_upload_v2(self, *, channel: str, file_uploads: list[dict[str, object]]) -> None:
        self.given.append(f"{channel}: {file_uploads[0]['filename']}")


def test_second_press_makes_no_second_report(scene: Scene) -> None:
    slow, said, sent, answering = Slow(), Answers(), Sent(), Answering()
    month_ends = MonthEnds(slow, scene.clock)
    asker = Asker(Person("dana", "Dana"), answering, cast("WebClient", sent), cast("Respond", said), account="U1")
    for _ in range(2):
        month_ends.ask("2026-02", [a_company()], asker)
    slow.go.set()
    eventually(lambda: 2 == len(sent.given))
    answering.stop()
    assert [("acme", "2026-02")] == slow.asked
    assert ["Month end: Acme Networks, February 2026\nAll of it.", "D1: a.xlsx"] == sent.given
    assert {
        "I am making the report of Acme Networks for February 2026. I will send it to you when it is ready.",
        "This report is being made. I will send it to you when it is ready.",
    } == {answer["text"] for answer in said}


def test_without_a_month_the_last_and_this_one_are_offered_and_what_is_no_month_is_said(scene: Scene) -> None:
    rooms = rooms_of(scene)
    offered = asked(rooms, "report")
    buttons = [(of["text"]["text"], of["value"]) for block in offered["blocks"] for of in block.get("elements", ())]
    assert [("February 2026", "report 2026-02 acme"), ("March 2026", "report 2026-03 acme")] == buttons
    expected = "April 2026 has not begun. Ask for March 2026 or an earlier month."
    assert expected == asked(rooms, "report 2026-04")["text"]
    assert "'march' is not a month. Write it as 2026-03." == asked(rooms, "report march")["text"]


def test_several_companies_are_told_apart(scene: Scene) -> None:
    rooms = rooms_of(scene)
    globex = a_company(id="globex", name="Globex")
    dana = next(iter(rooms.people.values()))
    sees = replace(dana, rights=(*dana.rights, *(replace(right, company="globex") for right in dana.rights)))
    rooms = replace(rooms, channels={**rooms.channels, "globex": Channel(globex, "C3", "C3")}, people={"dana": sees})
    assert "Which company? Write /payments report 2026-03 and then acme or globex." == asked(rooms, "report 2026-03")["text"]
    assert "Which company? Write /payments report 2026-03 and then acme or globex." == asked(rooms, "report 2026-03 x")["text"]
