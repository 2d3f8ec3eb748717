"""A sync that finds nothing new costs the same however much happened before: counted in steps of the database, never in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from history import add_history
from scene import Scene, a_scene

from storage.engine import Database

STEPS = 100  # the database counts in these
STATEMENTS = 60  # of a sync that finds nothing new; each is a round trip to PostgreSQL, with its transaction's two
LITTLE, MUCH = 1_000, 4_000  # a week has 1,008 counters, however many attempts
AT_MOST = 1.2


@contextmanager
def steps(db: Database) -> Iterator[list[int]]:
    """Counts what the database's own machine does for everything that is asked meanwhile, in hundreds of instructions."""
    counted = [0]

    def step() -> int:
        counted[0] += 1
        return 0

    def watched(connection: Any, *_: object) -> None:
        connection.set_progress_handler(step, STEPS)

    for engine in (db._read, db._work, db._acknowledge):
        sa.event.listen(engine, "checkout", watched)
    yield counted


def a_scene_with(folder: Path, history: int) -> Scene:
    folder.mkdir()
    made = a_scene(folder)
    made.invoice("1042", made.customer(), 50_000)
    made.pay()
    made.sync()
    add_history(Path(str(made.db.url.database)), history)
    made.clock.advance(3600)
    made.sync()  # the first of a process finds its bearings
    return made


def of_an_idle_sync(folder: Path, history: int) -> int:
    scene = a_scene_with(folder, history)
    scene.clock.advance(3600)
    with steps(scene.db) as counted:
        counts = scene.sync()
    assert ("", 0, 0) == (counts.problem, counts.posted, counts.verified)
    assert (history + 1) in [rate["attempted"] for rate in counts.rates]
    scene.db.close()
    return counted[0]


def test_an_idle_sync_costs_what_is_new_and_not_what_there_is(tmp_path: Path) -> None:
    little, much = of_an_idle_sync(tmp_path / "little", LITTLE), of_an_idle_sync(tmp_path / "much", MUCH)
    assert little > 0
    assert much <= little * AT_MOST, (little, much)


def test_an_idle_sync_measures_the_rate_once_and_asks_no_more_than_it_must(tmp_path: Path) -> None:
    scene = a_scene_with(tmp_path / "idle", 10)
    scene.clock.advance(3600)
    asked: list[str] = []
    for engine in (scene.db._read, scene.db._work, scene.db._acknowledge):
        sa.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    scene.sync()
    scene.db.close()
    assert 3 == sum("sum(tally.attempted)" in statement for statement in asked), "each window, and the last run"
    assert sum(not statement.startswith("BEGIN") for statement in asked) <= STATEMENTS, asked
