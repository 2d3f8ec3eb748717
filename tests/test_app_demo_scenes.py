"""The demo's scene: a setting breaks payments, one incident and an escalation show it, one remedy fixes all, and all is clear."""

from __future__ import annotations

from pathlib import Path

from bot_scene import a_bot_scene

from app.demo.company import CUSTOMERS
from app.demo.scenes import BROKEN, OPENING, Scenes
from bot.endings import Endings
from receivables.diagnosis import Remedy
from sync import journey

OPENING_FAILS = 10  # one failure of every kind


def test_the_opening_is_calm_and_a_dozen_more_are_not() -> None:
    opening, later = OPENING + 24, OPENING + 24 + BROKEN
    assert OPENING_FAILS * 100 < opening * 7
    assert (OPENING_FAILS + BROKEN) * 100 >= later * 10


def test_a_setting_goes_wrong_is_decided_together_and_put_right(tmp_path: Path) -> None:
    with a_bot_scene(tmp_path) as acme:
        for name in CUSTOMERS:
            acme.books.customer(name)
        scenes = Scenes(acme.books.desk, acme.books.ledger, tmp_path, acme.bell)
        scenes.business(20)
        acme.sync()
        assert ([], []) == (acme.messages(), acme.messages("finance-leads"))

        scenes.go_wrong(4)
        acme.sync()
        (incident,), (escalation,) = acme.messages(), acme.messages("finance-leads")
        assert "4 payments are failing for the same reason" in incident["text"]
        assert "Automatically apply credits" in str(escalation["blocks"])

        acme.press("dana", f"choose_all/{Remedy.UNAPPLY_CREDIT_MEMO.value}", incident)
        acme.answered("dana", "Recorded.")
        for _ in range(3):
            acme.clock.advance(1)
            journey.finish_once(acme.books.desk)
        Endings(acme.bot.endings.rooms, acme.bot.endings.client).run_once()
        acme.answered("dana", "for 4 payments is done: 4 fixed.")

        assert "came in as usual" in scenes.put_right()
        acme.sync()
        acme.deliver()
        (incident,), (escalation,) = acme.messages(), acme.messages("finance-leads")
        assert "4 payments settled" in incident["text"]
        assert "payments sync again" in escalation["text"]
