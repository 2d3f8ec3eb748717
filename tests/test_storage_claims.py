"""Each effect is held by one process at a time, and whoever lost it can write nothing about it any more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from makers import START, ManualClock
from rows import a_company_row, a_payment_row, a_planned_effect, at_work
from scripts import script, together

from receivables.effects import STEPS, EffectState, Outcome, Verdict
from storage import audit, effects, schema, sending
from storage.effects import StoredEffect
from storage.engine import Database
from storage.watch import Absence, Watch
from storage.work import Work

EFFECTS = 200
LEASE_SECONDS = 60.0
NOTHING = Outcome(Verdict.UNKNOWN)
DONE = Outcome(Verdict.DONE, document_id="R1", version="1")
CLAIM_ALL = """
import sys
from datetime import datetime
sys.path.insert(0, "tests")
from makers import ManualClock
from rows import at_work
from storage import sending
from storage.engine import Database
from storage.watch import Watch
db, now, watch = Database(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), Watch(ManualClock())
print("ready", flush=True)
sys.stdin.readline()
while True:
    with at_work(db, at=now) as work:
        taken = sending.claim(work, watch, owner=sys.argv[3], lease_seconds=60.0, limit=7)
    if not taken:
        break
    print(*(effect.id for effect in taken), sep="\\n", flush=True)
"""


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        a_company_row(connection)
        a_payment_row(connection)
    yield database
    database.close()


def _planned(work: Work, count: int) -> None:
    for number in range(count):
        a_payment_row(work.connection, number=f"TXN-R{number}")
        effects.plan(work, a_planned_effect(f"TXN-R{number}"))


@pytest.fixture
def clock() -> ManualClock:
    """The monotonic clock of the process that watches; the wall clock of each step is given to it."""
    return ManualClock()


@pytest.fixture
def watch(clock: ManualClock) -> Watch:
    return Watch(clock)


def _claim(
    work: Work, watch: Watch | None = None, *, owner: str = "first", now: datetime = START, limit: int = 60
) -> list[StoredEffect]:
    """A claim by a process that has seen nothing yet, unless its watch is given."""
    seen = watch or Watch(ManualClock())
    return list(sending.claim(replace(work, at=now), seen, owner=owner, lease_seconds=LEASE_SECONDS, limit=limit))


def _send(work: Work, *held: StoredEffect, at: datetime = START) -> list[StoredEffect]:
    begun = sending.begin_dispatch(
        replace(work, at=at),
        held,
        key=str(at),
        owner="first",
        lease_seconds=LEASE_SECONDS,
        deadline_at=at + timedelta(seconds=30),
    )
    return list(begun)


def _taken_over(work: Work, *, limit: int = 60) -> list[StoredEffect]:
    """The claim of another process that has watched what is held for longer than any lease."""
    clock = ManualClock()
    watch = Watch(clock)
    assert [] == _claim(work, watch, owner="second", limit=limit)
    clock.advance(LEASE_SECONDS + 1)
    return _claim(work, watch, owner="second", limit=limit)


def _state(db: Database) -> tuple[str, int]:
    with db.read() as connection:
        row = connection.execute(sa.select(schema.effect.c.state, schema.effect.c.fence)).one()
        return row.state, row.fence


# --- races ------------------------------------------------------------------------------------------------------------


def test_four_threads_claim_each_effect_once(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, EFFECTS)
    together = threading.Barrier(4)
    taken: list[tuple[str, str]] = []
    went_wrong: list[BaseException] = []

    def race(owner: str) -> None:
        try:
            together.wait()
            while True:
                with at_work(db) as work:
                    won = _claim(work, owner=owner, limit=7)
                taken.extend((effect.id, owner) for effect in won)
                if not won:
                    return
        except BaseException as error:
            went_wrong.append(error)

    threads = [threading.Thread(target=race, args=(f"worker {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == went_wrong
    # On PostgreSQL a racer may see everything taken by transactions that are still open; what is left is free now.
    with at_work(db) as work:
        taken.extend((effect.id, "afterwards") for effect in _claim(work, owner="afterwards", limit=EFFECTS))
    assert EFFECTS == len(taken)
    assert EFFECTS == len(dict(taken))
    with db.read() as connection:
        rows = connection.execute(sa.select(schema.effect.c.id, schema.effect.c.lease_owner, schema.effect.c.fence)).all()
    assert dict(taken) == {row.id: row.lease_owner for row in rows}
    assert {1} == {row.fence for row in rows}


def test_two_processes_claim_each_effect_once(db: Database, database_url: str, tmp_path: Path) -> None:
    with at_work(db) as work:
        _planned(work, EFFECTS)
    owners = ("process 0", "process 1")
    ended = together([script(tmp_path, CLAIM_ALL, database_url, START.isoformat(), owner) for owner in owners])
    assert [(0, ""), (0, "")] == [(ran.code, ran.err) for ran in ended]
    taken = Counter(effect for ran in ended for effect in ran.out.split())
    with at_work(db) as work:
        taken.update(effect.id for effect in _claim(work, limit=EFFECTS))
    assert EFFECTS == len(taken)
    assert {1} == set(taken.values())


def test_an_effect_that_is_held_is_claimed_by_nobody_else(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        assert 1 == len(_claim(work))
    with at_work(db) as work:
        assert [] == _claim(work, owner="second")
        assert [] == _claim(work)  # not by its own process either, which cannot know that it is the same


@pytest.mark.parametrize("stepped", [timedelta(minutes=5), timedelta(days=2), -timedelta(minutes=5), -timedelta(days=2)])
def test_a_lease_is_over_when_it_was_watched_whatever_the_wall_clock_says(
    db: Database, clock: ManualClock, watch: Watch, stepped: timedelta
) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        work.connection.execute(sa.update(schema.effect).values(next_at=START - timedelta(days=3)))
        assert 1 == len(_claim(work))
    for passed, taken in ((0, 0), (LEASE_SECONDS, 0), (1, 1)):
        clock.advance(passed)
        with at_work(db) as work:
            assert taken == len(_claim(work, watch, owner="second", now=START + stepped))


def test_a_lease_that_was_renewed_is_watched_anew(db: Database, clock: ManualClock, watch: Watch) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        (held,) = _claim(work)
        assert [] == _claim(work, watch, owner="second")
    clock.advance(LEASE_SECONDS - 1)
    with at_work(db) as work:
        _send(work, held)
    clock.advance(2)
    with at_work(db) as work:
        assert [] == _claim(work, watch, owner="second")


def test_postgresql_says_by_its_own_clock_that_a_lease_is_over(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        assert 1 == len(_claim(work))
        ended = sa.update(schema.effect).values(lease_until=datetime(2026, 1, 1, tzinfo=UTC))
        work.connection.execute(ended)
    with at_work(db) as work:
        assert (1 if db.dialect == "postgresql" else 0) == len(_claim(work, owner="second"))


def test_a_rest_longer_than_anybody_asks_for_was_written_by_a_wrong_clock(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        assert [] == _claim(work, now=START - timedelta(hours=23))
        assert 1 == len(_claim(work, now=START - timedelta(days=2)))


def test_an_effect_is_claimed_when_it_is_due_and_not_before(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
    with at_work(db) as work:
        assert [] == _claim(work, now=START - timedelta(seconds=1))
        assert 1 == len(_claim(work))


def test_a_step_of_a_chain_waits_until_the_one_before_is_done(db: Database) -> None:
    with at_work(db) as work:
        first = a_planned_effect()
        effects.plan(work, first)
        effects.plan(work, a_planned_effect(part=2, after_id=first.id))
        held = _claim(work)
        assert [first.id] == [effect.id for effect in held]
        assert sending.settle(work, held[0], EffectState.DONE, DONE)
        assert ["TXN-1.2.0"] == [effect.id for effect in _claim(work)]


# --- fence and lease --------------------------------------------------------------------------------------------------


def _lost_to_another(db: Database) -> tuple[StoredEffect, StoredEffect]:
    """An effect as the paused holder knows it, and as the process that took it over does."""
    with at_work(db) as work:
        _planned(work, 1)
        paused = _claim(work)[0]
    with at_work(db) as work:
        (taken,) = _taken_over(work)
    assert (paused.fence + 1, EffectState.SENDING) == (taken.fence, taken.state)
    return paused, taken


@pytest.mark.parametrize("state", [EffectState.DONE, EffectState.FAILED, EffectState.UNKNOWN, EffectState.PLANNED])
def test_a_settlement_with_an_old_fence_writes_nothing(db: Database, state: EffectState) -> None:
    paused, taken = _lost_to_another(db)
    with at_work(db) as work:
        before = list(audit.rows(work.connection, "acme"))
        assert not sending.settle(work, paused, state, DONE)
    with db.read() as connection:
        assert before == list(audit.rows(connection, "acme"))
    assert (EffectState.SENDING, taken.fence) == _state(db)


def test_nothing_is_sent_with_an_old_fence(db: Database) -> None:
    paused, taken = _lost_to_another(db)
    with at_work(db) as work:
        assert [] == _send(work, paused)
        (kept,) = effects.by_ids(work.connection, "acme", [taken.id])
    assert (taken.fence, 0, None) == (kept.fence, kept.sendings, kept.deadline_at)


def test_a_batch_with_one_lost_member_is_not_sent_and_marks_none_of_them(db: Database) -> None:
    paused, taken = _lost_to_another(db)
    with at_work(db) as work:
        a_payment_row(work.connection, number="TXN-2")
        effects.plan(work, a_planned_effect("TXN-2"))
        (ours,) = _claim(work)
        assert [] == _send(work, ours, paused)
        kept = effects.by_ids(work.connection, "acme", [ours.id, taken.id])
        assert [0, 0] == [effect.sendings for effect in kept]
        assert 0 == work.connection.execute(sa.select(sa.func.count()).select_from(schema.dispatch)).scalar_one()


def test_an_effect_is_settled_once(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        (held,) = _claim(work)
        assert sending.settle(work, held, EffectState.DONE, DONE)
        assert not sending.settle(work, held, EffectState.FAILED, NOTHING)
    assert (EffectState.DONE, 1) == _state(db)


def test_an_effect_that_was_never_sent_is_simply_taken_over(db: Database) -> None:
    _, taken = _lost_to_another(db)
    assert (EffectState.SENDING, 0) == (taken.state, taken.sendings)


def test_an_effect_whose_process_died_after_sending_is_unknown(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        (held,) = _claim(work)
        (sent,) = _send(work, held)
    assert (EffectState.SENDING, 1, START + timedelta(seconds=30)) == (sent.state, sent.sendings, sent.deadline_at)
    with at_work(db) as work:
        (found,) = _taken_over(work)
        assert (EffectState.UNKNOWN, 1) == (found.state, found.sendings)
        assert not sending.settle(work, sent, EffectState.DONE, DONE)
    with db.read() as connection:
        assert "effect.unknown" in [row.action for row in audit.rows(connection, "acme")]


# --- steps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"), [(a, b) for a, b in product(EffectState, EffectState) if a is not b and b not in STEPS[a]]
)
def test_a_step_that_is_not_in_the_table_is_refused(sqlite_only: Database, before: EffectState, after: EffectState) -> None:
    with at_work(sqlite_only) as work:
        _planned(work, 1)
        work.connection.execute(sa.update(schema.effect).values(state=before, document_id="R1"))
        (held,) = effects.by_ids(work.connection, "acme", ["TXN-R0.1.0"])
        with pytest.raises(AssertionError, match="cannot go from"):
            sending.settle(work, held, after, DONE)
        with pytest.raises(AssertionError, match="cannot go from"):
            effects.end_without_sending(work, held, after, why="a test")
    assert (before, 0) == _state(sqlite_only)


@pytest.fixture
def sqlite_only(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "steps.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{file}")
    with database.work() as connection:
        a_company_row(connection)
    yield database
    database.close()


def test_each_permitted_step_is_recorded(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        (held,) = _claim(work)
        assert sending.settle(work, held, EffectState.UNKNOWN, NOTHING)
        (unknown,) = _claim(work)
        again = sending.resume(work, unknown, _absent(unknown))
        assert again is not None
        assert sending.settle(work, again, EffectState.DONE, DONE)
        (done,) = effects.by_ids(work.connection, "acme", [held.id])
        assert effects.end_without_sending(work, done, EffectState.SUPERSEDED, why="gone")
    with db.read() as connection:
        said = [row.action for row in audit.rows(connection, "acme") if row.action.startswith("effect.")]
    assert ["effect.planned", "effect.unknown", "effect.sending", "effect.done", "effect.superseded"] == said


def _absent(effect: StoredEffect) -> Absence:
    return Absence(effect.id, effect.sendings, 32.0)


def _sent_and_unknown(work: Work) -> StoredEffect:
    (held,) = _claim(work)
    (sent,) = _send(work, held)
    assert sending.settle(work, sent, EffectState.UNKNOWN, NOTHING)
    (unknown,) = _claim(work)
    return unknown


def test_only_an_unknown_effect_with_our_fence_is_resumed(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        (held,) = _claim(work)
        assert sending.resume(work, held, _absent(held)) is None
    with at_work(db) as work:
        work.connection.execute(sa.update(schema.effect).values(lease_until=None, state=EffectState.PLANNED))
        unknown = _sent_and_unknown(work)
        (taken,) = _taken_over(work)
        assert sending.resume(work, unknown, _absent(unknown)) is None
        again = sending.resume(work, taken, _absent(taken))
        assert again is not None
        assert (EffectState.SENDING, None, unknown.key, unknown.marker) == (
            again.state,
            again.dispatch_id,
            again.key,
            again.marker,
        )


def test_the_absence_of_another_sending_resumes_nothing(db: Database) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        unknown = _sent_and_unknown(work)
        with pytest.raises(AssertionError, match="another sending"):
            sending.resume(work, unknown, replace(_absent(unknown), sendings=unknown.sendings - 1))


@pytest.mark.parametrize("state", [EffectState.PLANNED, EffectState.REFUSED_STALE])
def test_what_may_have_left_is_neither_planned_again_nor_refused_before_it_is_proven_absent(
    db: Database, state: EffectState
) -> None:
    stale = Outcome(Verdict.REFUSED, code="stale")
    with at_work(db) as work:
        _planned(work, 1)
        (held,) = _claim(work)
        (sent,) = _send(work, held)
        with pytest.raises(AssertionError, match="may have left"):
            sending.settle(work, sent, state, stale)
        assert sending.settle(work, sent, EffectState.UNKNOWN, NOTHING)
        (unknown,) = _claim(work)
        again = sending.resume(work, unknown, _absent(unknown))
        assert again is not None
        assert sending.settle(work, again, state, stale)


@pytest.mark.parametrize("state", [EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN, EffectState.NEEDS_PERSON])
def test_no_new_generation_while_an_earlier_intent_is_open(db: Database, state: EffectState) -> None:
    with at_work(db) as work:
        _planned(work, 1)
        work.connection.execute(sa.update(schema.effect).values(state=state, part=2))
        chain = effects.of_payments(work.connection, "acme", ["TXN-R0"])["TXN-R0"]
        assert effects.next_generation(chain) is None
        work.connection.execute(sa.update(schema.effect).values(state=EffectState.REFUSED_STALE))
        chain = effects.of_payments(work.connection, "acme", ["TXN-R0"])["TXN-R0"]
        assert (1, 7) == (effects.next_generation(chain), effects.next_generation(chain, 7))
