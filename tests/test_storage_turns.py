"""Among the threads of one process whoever waits for an answer writes before the work, however much of that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import templates

from storage.engine import Database
from storage.turns import WriteTurns

SOON = 5.0


def waits(turns: WriteTurns, said: list[str], name: str, *, urgent: bool) -> threading.Thread:
    """A thread that takes its turn and says so; it waits already when this returns."""

    def take() -> None:
        with turns.taken(urgent=urgent, seconds=SOON):
            said.append(name)

    thread = threading.Thread(target=take)
    thread.start()
    return thread


def test_an_acknowledgement_goes_before_the_work_that_waited_longer() -> None:
    turns, said = WriteTurns(), list[str]()
    with turns.taken(urgent=False, seconds=SOON):
        threads = [waits(turns, said, "work", urgent=False) for _ in range(3)]
        threads.append(waits(turns, said, "press", urgent=True))
        until(lambda: turns._urgent == 1)
    for thread in threads:
        thread.join(SOON)
    assert ["press", "work", "work", "work"] == said


def test_whoever_waits_in_vain_tries_all_the_same_and_gives_nothing_back_that_is_not_theirs() -> None:
    turns, said = WriteTurns(), list[str]()
    with turns.taken(urgent=False, seconds=SOON):
        with turns.taken(urgent=True, seconds=0.0):
            said.append("tried")
        thread = waits(turns, said, "work", urgent=False)
        thread.join(0.05)
        assert ["tried"] == said  # the turn is still the first one's
    thread.join(SOON)
    assert ["tried", "work"] == said


def test_presses_are_all_recorded_while_work_follows_on_work(tmp_path: Path) -> None:
    """Work in four threads that leaves the lock for no time at all; before, each press tried for itself and many lost."""
    db = Database(f"sqlite:///{templates.new_database(tmp_path)}")
    with db.work() as connection:
        connection.exec_driver_sql("CREATE TABLE told (who TEXT)")
    over, presses = threading.Event(), 20

    def works() -> None:
        while not over.is_set():
            with db.work() as connection:
                connection.exec_driver_sql("INSERT INTO told VALUES ('work')")
                over.wait(0.02)

    def press() -> None:
        with db.acknowledge() as connection:
            connection.exec_driver_sql("INSERT INTO told VALUES ('press')")

    working = [threading.Thread(target=works) for _ in range(4)]
    pressing = [threading.Thread(target=press) for _ in range(presses)]
    for thread in working + pressing:
        thread.start()
    for thread in pressing:
        thread.join(SOON)
    over.set()
    for thread in working:
        thread.join(SOON)
    with db.read() as connection:
        told = connection.exec_driver_sql("SELECT COUNT(*) FROM told WHERE who = 'press'").scalar()
    db.close()
    assert presses == told


def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never happened")
