"""Work for several machines, on PostgreSQL: handed out by whoever schedules, done by workers, through Procrastinate's queue.

Each piece of work of a company has one row, its slot. A scheduler takes that row, looks whether the job of its last turn
has ended, and defers a new one in the same transaction; so however many schedulers look, a turn is handed out once.
A job says only where to look: what is due, and by whom it is done, is claimed by the work itself. It is never tried again by
the queue, because whatever stays due is handed out again. Where a worker died, its job goes to another one.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from procrastinate import App, JobContext, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import Job as Deferred
from procrastinate.jobs import Status
from procrastinate.worker import Worker
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from receivables.ports import Clock
from storage import schema
from storage.engine import Database
from storage.job_slots import MOST_AT_ONCE, Fetching, JobSlots

TASK, QUEUE = "work", "resolve-now"
HANDED_OUT_AT_ONCE = 100
URGENT = 9  # before all work
BEGIN_AGAIN_SECONDS = 1.0
_job = sa.table("procrastinate_jobs", sa.column("id"), sa.column("status"), sa.column("queue_name"), sa.column("lock"))
_event = sa.table("procrastinate_events", sa.column("job_id"), sa.column("type"), sa.column("at", sa.DateTime(timezone=True)))


log = structlog.get_logger()


@dataclass(frozen=True)
class Pace:
    """How workers are seen to be alive; `stalled` is more than twice `heartbeat`."""

    heartbeat_seconds: float = 5.0
    stalled_seconds: float = 20.0
    look_seconds: int = 5  # how often somebody looks for jobs of workers that died
    stop_seconds: float = 8.0  # what is not done by then is cut off and taken up by another worker


PACE = Pace()


@dataclass(frozen=True)
class Job:
    """A piece of work of a company. The greater its urgency, the earlier it is done."""

    company: str
    slot: str
    urgency: int


class Jobs:
    """The queue, for schedulers."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._app = App(connector=SyncPsycopgConnector())  # each job is deferred through a connection of ours

    def hand_out(self, jobs: Sequence[Job]) -> int:
        """Defers a job for each whose last one has ended; returns for how many."""
        handed_out = 0
        for first in range(0, len(jobs), HANDED_OUT_AT_ONCE):
            with self._db.work() as connection:
                handed_out += self._hand_out(connection, jobs[first : first + HANDED_OUT_AT_ONCE])
        return handed_out

    def waiting_seconds(self) -> float:
        """How long the company waits for a worker that waits longest. Workers are lacking where it grows."""
        with self._db.read() as connection:
            since = _waiting_since(connection)
        return max((self._clock.now() - since).total_seconds(), 0) if since else 0

    def _hand_out(self, connection: Connection, jobs: Sequence[Job]) -> int:
        free = _free(connection, {(job.company, job.slot): job for job in jobs})
        if not free:
            return 0
        deferred = self._app.job_manager.batch_defer_jobs(
            [
                Deferred(
                    queue=QUEUE,
                    task_name=TASK,
                    lock=job.company,
                    queueing_lock=None,
                    priority=job.urgency,
                    task_kwargs={"company": job.company, "slot": job.slot},
                )
                for job in free
            ],
            connection=connection.connection.driver_connection,
        )
        rows = [{"of": job.company, "piece": job.slot, "job": made.id} for job, made in zip(free, deferred, strict=True)]
        connection.execute(_TAKEN, [row | {"at": self._clock.now()} for row in rows])
        return len(free)


_TAKEN = (
    sa.update(schema.slot)
    .where(schema.slot.c.company == sa.bindparam("of"), schema.slot.c.slot == sa.bindparam("piece"))
    .values(turn=schema.slot.c.turn + 1, job_id=sa.bindparam("job"), handed_out_at=sa.bindparam("at"))
)


def _free(connection: Connection, jobs: Mapping[tuple[str, str], Job]) -> Sequence[Job]:
    """Those whose last job has ended; their rows are ours until the transaction ends. Another scheduler's are left out."""
    table = schema.slot
    rows = [{"company": company, "slot": slot, "turn": 0} for company, slot in sorted(jobs)]
    connection.execute(insert(table).on_conflict_do_nothing(), rows)
    asked = sa.select(table.c.company, table.c.slot, table.c.job_id).where(sa.tuple_(table.c.company, table.c.slot).in_(jobs))
    mine = connection.execute(asked.with_for_update(skip_locked=True)).all()
    last = [row.job_id for row in mine if row.job_id is not None]
    # A statement of its own, because it must see what committed while we waited for the rows.
    busy = set(connection.execute(_outstanding(last)).scalars()) if last else set()
    return [jobs[row.company, row.slot] for row in mine if row.job_id not in busy]


def _outstanding(ids: Sequence[int]) -> sa.Select[tuple[int]]:
    return sa.select(_job.c.id).where(_job.c.id.in_(ids), _status(_job).in_(("todo", "doing")))


def _waiting_since(connection: Connection) -> datetime | None:
    """Since when the job waits that waits longest and whose company nobody works for; None where none waits."""
    other = _job.alias("other")
    busy = sa.exists().where(other.c.lock == _job.c.lock, _status(other) == "doing")
    query = (
        sa.select(sa.func.min(_event.c.at))
        .join_from(_event, _job, _event.c.job_id == _job.c.id)
        .where(_status(_job) == "todo", _event.c.type == sa.text("'deferred'"), _job.c.queue_name == QUEUE, ~busy)
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def _status(of: sa.FromClause) -> sa.ColumnElement[str]:
    return sa.cast(of.c.status, sa.String)


@dataclass(frozen=True)
class Doing:
    """What a worker does with a company and a piece of work: it, and what a worker that died had begun of it.

    What takes longer than `slow_seconds` counts no more among the `slots`.
    """

    do: Callable[[str, str], None]
    cut_off: Callable[[str, str], None]
    slots: int
    slow_seconds: float


class Working:
    """A worker: does what is handed out, so many pieces at once."""

    def __init__(self, db: Database, clock: Clock, doing: Doing, pace: Pace = PACE) -> None:
        self._db = db
        self._doing = doing
        self._pace = pace
        self.slots = JobSlots(clock, doing.slots, doing.slow_seconds)

    def until_told_to_stop(self) -> bool:
        """Works until Ctrl-C or SIGTERM, then ends what is in hand.

        False where some of it did not end in time: the process must end now, and other workers take it up.
        """
        loop = asyncio.new_event_loop()  # `asyncio.run` would wait for threads without end
        loop.set_default_executor(ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="work"))
        return loop.run_until_complete(_work(self._db, self._doing, self.slots, self._pace))


async def _work(db: Database, doing: Doing, slots: JobSlots, pace: Pace) -> bool:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.set_exception_handler(_tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    app = _app(db, doing, pace)
    app.job_manager = Fetching(app.connector, slots)
    async with app.open_async():
        while True:
            worker = Worker(
                app,
                queues=[QUEUE],
                concurrency=MOST_AT_ONCE,
                delete_jobs="always",
                install_signal_handlers=False,
                worker_middleware=[slots.counted],
                update_heartbeat_interval=pace.heartbeat_seconds,
                stalled_worker_timeout=pace.stalled_seconds,
            )
            running, stopping = asyncio.create_task(worker.run()), asyncio.create_task(told.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if told.is_set():
                break
            log.warning("worker_begins_again", problem=str(running.exception()))  # it was frozen, or the database was away
            await asyncio.wait({stopping}, timeout=BEGIN_AGAIN_SECONDS)
        worker.stop()
        slots.stop()
        await asyncio.wait({running}, timeout=pace.stop_seconds)
        if not running.done() and worker.worker_id is not None:
            await app.job_manager.unregister_worker(worker.worker_id)  # so that what it leaves is taken up at once
        return running.done()


def _tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What Procrastinate tells nobody: a job that another worker ended, for example, because this one was frozen."""
    error = context.get("exception")
    cause = getattr(error, "__cause__", None) or error
    log.warning("worker_trouble", problem=str(cause or context.get("message", "")).partition("\n")[0])


def _app(db: Database, doing: Doing, pace: Pace) -> App:
    app = App(connector=PsycopgConnector(kwargs=db.address, min_size=1, max_size=2))

    def work(company: str, slot: str) -> None:
        try:
            doing.do(company, slot)
        except Exception:
            log.exception("work_failed", company=company, work=slot)  # whatever stays due is handed out again

    def cut_off(company: str, slot: str) -> None:
        try:
            doing.cut_off(company, slot)
        except Exception:
            log.exception("work_failed", company=company, work=slot)

    async def recover(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=pace.stalled_seconds):
            if job.task_name != TASK:  # the next of its kind is deferred in a moment, and only one may wait
                await manager.finish_job(job, Status.FAILED, delete_job=True)
                continue
            log.warning("taken_from_a_dead_worker", **job.task_kwargs)
            await manager.retry_job(job)
            await asyncio.to_thread(cut_off, str(job.task_kwargs["company"]), str(job.task_kwargs["slot"]))

    app.task(name=TASK, queue=QUEUE)(work)
    recovering = app.task(name="recover", queue=QUEUE, queueing_lock="recover", priority=URGENT, pass_context=True)(recover)
    app.periodic(cron=f"* * * * * */{pace.look_seconds}")(recovering)
    return app
