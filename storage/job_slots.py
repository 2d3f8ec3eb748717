"""How many pieces of work a worker begins at once: one that takes long, because books are slow or hang, counts no more.

So with as many hung companies as slots the others go on. Each piece of work keeps its company until it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog
from procrastinate import JobContext
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from receivables.ports import Clock

MOST_AT_ONCE = 1_000  # threads of one worker, all but its slots for companies that hang

log = structlog.get_logger()


class JobSlots:
    """Those of one process."""

    def __init__(self, clock: Clock, slots: int, slow_seconds: float) -> None:
        self._clock = clock
        self._free = asyncio.Semaphore(slots)
        self._slow_seconds = slow_seconds
        self._stopped = False
        self._running: dict[str, float] = {}  # by company since when (monotonic seconds)

    def running(self) -> dict[str, float]:
        """Which companies are being worked for, and since how many seconds; from any thread."""
        now = self._clock.monotonic()
        return {company: now - since for company, since in self._running.copy().items()}

    def stop(self) -> None:
        """Begins nothing more."""
        self._stopped = True
        self._free.release()

    async def begin(self) -> bool:
        """Waits until one may begin; False where the process stops."""
        await self._free.acquire()
        if self._stopped:
            self._free.release()
        return not self._stopped

    def not_begun(self) -> None:
        """There was nothing to do."""
        self._free.release()

    async def counted(self, do: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker) -> Any:
        """Does a piece of work that has begun; its slot is free again when it ends, or turns out to be slow."""
        work, company = asyncio.ensure_future(do()), context.job.lock or ""
        if company:
            self._running[company] = self._clock.monotonic()
        try:
            ended, _ = await asyncio.wait({work}, timeout=self._slow_seconds)
            self._free.release()
            if not ended:
                log.info("slow", company=company)
            return await work
        finally:
            self._running.pop(company, None)


class Fetching(JobManager):
    """Takes a job from the queue only when one may begin, so that what nobody begins is left to other workers."""

    def __init__(self, connector: BaseConnector, slots: JobSlots) -> None:
        super().__init__(connector)
        self._slots = slots

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        if not await self._slots.begin():
            return None
        job = None
        try:
            job = await super().fetch_job(queues, worker_id)
        finally:
            if job is None:
                self._slots.not_begun()
        return job
