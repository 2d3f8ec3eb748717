"""What Home lists is sent as files to whoever presses Export, also where ten thousand payments fail."""

from __future__ import annotations

import csv
import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually
from test_app_export import WORDS, a_view

from app import export
from bot.month_ends import send
from receivables.ports import Report, ReportFile

MANY = 10_000


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def sent_to(acme: BotScene, person: str) -> list[Json]:
    """The files that a person got as direct messages, once there are any."""
    conversation = acme.bot.outbox.client.conversations_open(users=person)["channel"]["id"]
    found = eventually(lambda: [of["files"] for of in acme.workspace.messages(conversation) if of.get("files")])
    return [file for files in found for file in files]


def test_export_on_home_sends_both_files_of_the_company_that_is_shown(acme: BotScene) -> None:
    acme.credited()
    dana = acme.workspace.people["dana"]
    acme.workspace.open_home(dana)
    view = eventually(lambda: acme.workspace.snapshot()["homes"].get(dana))
    acme.workspace.press(dana, "home_top", "say/export acme", view_id=view["id"])
    names = [file["name"] for file in sent_to(acme, dana)]
    assert ["failed-payments-2026-03-10.csv", "failed-payments-2026-03-10.xlsx"] == names
    acme.workspace.say(dana, acme.cards_channel, "/payments export initech")
    acme.answered("dana", "Which company? Write /payments export and then acme.")


def test_ten_thousand_rows_arrive_whole(acme: BotScene) -> None:
    rows = export.rows_of([a_view(customer="=1+1"), *[a_view()] * (MANY - 1)], WORDS)
    files = [ReportFile("all.csv", export.as_csv(rows)), ReportFile("all.xlsx", export.as_xlsx(rows))]
    dana = acme.workspace.people["dana"]
    send(acme.bot.outbox.client, dana, "Failed payments", Report([f"{MANY:,} failed payments."], files))
    arrived = [urllib.request.urlopen(file["url_private"]).read() for file in sent_to(acme, dana)]  # on loopback
    assert [file.content for file in files] == arrived
    listed = list(csv.reader(io.StringIO(arrived[0].decode("utf-8-sig"))))
    assert (MANY + 1, "'=1+1") == (len(listed), listed[1][2])
    sheet = openpyxl.load_workbook(io.BytesIO(arrived[1]), read_only=True).active
    assert sheet is not None
    assert (MANY + 1, "=1+1") == (sheet.max_row, sheet["C2"].value)
