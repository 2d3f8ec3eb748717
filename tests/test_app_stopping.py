"""A process that is told to stop is gone within ten seconds, whatever somebody outside does."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from command_line import run_process, write_settings

from app.wiring import open_house

HUNG = """
import threading, time
from app.alarms import stop_within

threading.Thread(target=time.sleep, args=(600,)).start()  # a call outside, in a thread that the interpreter waits for
stop_within(0.2, lambda: time.sleep(600), lambda: ["acme"])
"""
QUICK = """
from app.alarms import stop_within

stop_within(60, lambda: print("stopped"), list)
"""


def test_what_hangs_outside_does_not_keep_the_process(tmp_path: Path) -> None:
    script = tmp_path / "hung.py"
    script.write_text(HUNG)
    ran = run_process([sys.executable, str(script)], {})
    assert (0, True, True) == (ran.code, "handed_over" in ran.out + ran.err, "acme" in ran.out + ran.err)


def test_a_stop_that_is_quick_ends_as_any_program_does(tmp_path: Path) -> None:
    script = tmp_path / "quick.py"
    script.write_text(QUICK)
    ran = run_process([sys.executable, str(script)], {})
    assert (0, "stopped\n", "") == (ran.code, ran.out, ran.err)


def test_once_it_stops_nothing_more_is_sent(tmp_path: Path) -> None:
    house = open_house(write_settings(tmp_path).config, {})
    desk = house.desk(None)
    assert (True, "") == (desk.writes, desk.stopped)
    house.configured.stop()
    assert (False, "") == (desk.writes, desk.stopped)
    assert not replace(desk).writes
    house.db.close()
