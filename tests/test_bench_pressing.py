"""While a sync runs and cards wait, no press is lost: each is acknowledged in time, on record, and answered."""

from __future__ import annotations

from pathlib import Path

from bot_scene import a_bot_scene

from bench.pressing_playing import play


def test_no_press_is_lost_while_a_sync_runs_and_cards_wait(tmp_path: Path) -> None:
    with a_bot_scene(tmp_path) as acme:
        told = play(acme, payments=20, waiting=3, a_second=20)

    assert (0, 0, 0) == (told["not_acknowledged"], told["not_on_record"], told["not_told"])
    assert 3 <= told["presses"]
    assert 20 <= told["posted_meanwhile"]
