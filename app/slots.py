"""Companies take turns: a bounded number of pieces of work at once, one for each company, in threads of their own.

A piece of work that takes long, because books are slow or hang, keeps its company waiting and nobody else: after
`SLOW_SECONDS` it no longer counts, and another may begin in its place. So with as many hung companies as there are slots
the others go on, and no more than a slot's worth of threads is added in that time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from app.turns import is_told_as_trouble
from receivables.ports import Clock
from sync.due import Piece

SLOW_SECONDS = 5.0
OVERDUE_SECONDS = 10.0  # whoever waits this long is next, even before somebody's decision

log = structlog.get_logger()


@dataclass
class _Waiting:
    since: float
    pieces: set[Piece] = field(default_factory=set)


class Slots:
    """`do` is called with a company and a piece of work, never twice at once for one company."""

    def __init__(self, do: Callable[[str, Piece], None], clock: Clock, *, slots: int) -> None:
        self._do = do
        self._clock = clock
        self._slots = slots
        self._waiting: dict[str, _Waiting] = {}  # in the order in which they came
        self._running: dict[str, float] = {}  # since when (monotonic seconds)
        self._stopped = False
        self._changed = threading.Condition()

    def offer(self, company: str, piece: Piece) -> None:
        """Puts a piece of work at the end of the queue; what is there already keeps its place."""
        with self._changed:
            if company not in self._waiting:
                self._waiting[company] = _Waiting(self._clock.monotonic())
            self._waiting[company].pieces.add(piece)
            self._start()

    def look(self) -> None:
        """Begins what may begin now, because another piece of work turned out to be slow."""
        with self._changed:
            self._start()

    def running(self) -> dict[str, float]:
        """Which companies are being worked for, and since how many seconds."""
        now = self._clock.monotonic()
        with self._changed:
            return {company: now - since for company, since in self._running.items()}

    def waiting_seconds(self) -> float:
        """How long the company waits for a slot that waits longest."""
        now = self._clock.monotonic()
        with self._changed:
            return max((now - held.since for company, held in self._waiting.items() if company not in self._running), default=0.0)

    def stop(self, seconds: float | None = None) -> bool:
        """Begins nothing more, and waits for what runs; False where something still runs after those seconds."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            return self._changed.wait_for(lambda: not self._running, seconds)

    def _start(self) -> None:
        now = self._clock.monotonic()
        while not self._stopped and self._quick(now) < self._slots:
            company = self._next(now)
            if company is None:
                return
            held = self._waiting.pop(company)
            piece = min(held.pieces, key=list(Piece).index)
            if rest := held.pieces - {piece}:
                self._waiting[company] = _Waiting(now, rest)
            self._running[company] = now
            name = f"{piece} {company}"
            threading.Thread(target=self._run, args=(company, piece), name=name, daemon=True).start()

    def _quick(self, now: float) -> int:
        return sum(now - since < SLOW_SECONDS for since in self._running.values())

    def _next(self, now: float) -> str | None:
        """Whoever came first: of those that wait too long, then of those where something is to be finished, then of all."""
        free = [(company, held) for company, held in self._waiting.items() if company not in self._running]
        overdue = [company for company, held in free if now - held.since >= OVERDUE_SECONDS]
        finishing = [company for company, held in free if Piece.FINISH in held.pieces]
        return next(iter(overdue or finishing or [company for company, _ in free]), None)

    def _run(self, company: str, piece: Piece) -> None:
        try:
            self._do(company, piece)
        except Exception as error:
            if not is_told_as_trouble(error, f"{piece} {company}"):
                log.exception("work_failed", company=company, work=piece.value)
        finally:
            with self._changed:
                del self._running[company]
                self._changed.notify_all()
                self._start()
