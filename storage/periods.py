"""Which day the books were closed through at most, and what of that somebody opened again, until it is closed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from receivables.books_records import BooksSettings
from receivables.effects import EffectKind, EffectState
from receivables.words import Words, counted, listed, plain
from storage import schema
from storage.engine import Connection
from storage.work import Work

NAMED_AT_MOST = 10  # payments in a sentence


@dataclass(frozen=True)
class Reopened:
    """A closed period that is open: from `first` (None is everything) through `last`, seen so `since`, opened `by` whom where
    the books tell. `payments` were posted into it since, by transaction number.
    """

    first: date | None
    last: date
    since: datetime
    by: str = ""
    payments: tuple[str, ...] = ()

    def told(self) -> dict[str, object]:
        """For the record and for programs."""
        first = self.first.isoformat() if self.first else None
        since, payments = self.since.isoformat(), list(self.payments)
        return {"from": first, "through": self.last.isoformat(), "since": since, "by": self.by, "payments": payments}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Reopened:
        """What `told` gave."""
        first = date.fromisoformat(told["from"]) if told["from"] else None
        last, since = date.fromisoformat(told["through"]), datetime.fromisoformat(told["since"])
        return cls(first, last, since, str(told["by"]), tuple(map(str, told["payments"])))

    def sentence(self, words: Words) -> str:
        """For people: what is open, since when, by whom, and what was posted into it."""
        what = f"from {words.day(self.first)} through" if self.first else "through"
        by = f" by {plain(self.by)}" if self.by else ""
        told = f"The closed period {what} {words.day(self.last)} was reopened on {words.moment(self.since)}{by}."
        if not self.payments:
            return f"{told} We have posted nothing into it since. Close it again."
        count = counted(len(self.payments), "payment")
        return (
            f"{told} Posted into it since: {count} ({listed([plain(n) for n in self.payments], NAMED_AT_MOST)}). Close it again."
        )


def is_news(connection: Connection, company: str, settings: BooksSettings) -> bool:
    """Whether the books are closed through another day than when they were last read."""
    row = _row(connection, company)
    return row is not None and _differs(row, settings.closed_through)


def seen(work: Work, settings: BooksSettings) -> None:
    """Remembers through which day the books are closed, and says once in the record what was reopened or closed again."""
    table, here, through = schema.company, schema.company.c.id == work.company, settings.closed_through
    row = _row(work.connection, work.company)
    if row is None or not _differs(row, through):
        return
    if through is not None and (row.closed_through is None or through >= row.closed_through):
        nobody = {"reopened_at": None, "reopened_by": "", "open_from": None}
        work.connection.execute(sa.update(table).where(here).values(closed_through=through, **nobody))
        if row.reopened_at:
            work.record("period.closed_again", body={"closed_through": through.isoformat()})
        return
    stamp, first = settings.last_reopened, _day_after(through)
    at, by = (stamp.at, stamp.person) if stamp else (work.at, "")
    work.connection.execute(sa.update(table).where(here).values(reopened_at=at, reopened_by=by, open_from=first))
    body = {"from": first.isoformat() if first else "", "through": row.closed_through.isoformat(), "by": by}
    work.record("period.reopened", body=body)


def _differs(row: sa.Row[Any], through: date | None) -> bool:
    """Whether that they are closed through this day is not what was remembered last."""
    if row.reopened_at is None:
        return bool(through != row.closed_through)
    return bool(_day_after(through) != row.open_from)


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def _row(connection: Connection, company: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(schema.company).where(schema.company.c.id == company)).one_or_none()


def reopened(connection: Connection, company: str) -> Reopened | None:
    """What was closed and is open again, with the payments posted into it since."""
    row = _row(connection, company)
    if row is None or row.reopened_at is None:
        return None
    found = Reopened(row.open_from, row.closed_through, row.reopened_at, row.reopened_by)
    return Reopened(found.first, found.last, found.since, found.by, tuple(_posted_into(connection, company, found)))


def _posted_into(connection: Connection, company: str, period: Reopened) -> Sequence[str]:
    table, received_on = schema.effect, schema.effect.c.write["received_on"].as_string()
    query = sa.select(table.c.transaction_number).where(
        table.c.company == company,
        table.c.kind == EffectKind.RECEIPT,
        table.c.state == EffectState.DONE,
        table.c.settled_at >= period.since,
        received_on <= period.last.isoformat(),
        received_on >= (period.first.isoformat() if period.first else ""),
    )
    return connection.execute(query.distinct().order_by(table.c.transaction_number)).scalars().all()
