"""Mails: each told once, sent by one process at a time, and kept until the mail server took it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage import schema
from storage.engine import Connection
from storage.schema.mail import UNSENT
from storage.watch import Watch, lease_end, lease_ended
from storage.work import Work

SENDINGS_AT_MOST = 2  # where nobody knows whether it arrived, it is sent once more and never again


@dataclass(frozen=True)
class Mail:
    """One mail. `sendings` above zero means that it may have arrived."""

    company: str
    id: str
    kind: str
    about: str
    subject: str
    body: str
    wanted_at: datetime
    sendings: int


Key = tuple[str, str]  # kind, about


def told(connection: Connection, company: str) -> Mapping[Key, datetime]:
    """What the company was told by mail, or will be, and when that was wanted."""
    table = schema.mail
    rows = connection.execute(
        sa.select(table.c.kind, table.c.about, table.c.wanted_at)
        .where(table.c.company == company)
        .order_by(table.c.wanted_at, table.c.id)
    )
    return {(row.kind, row.about): row.wanted_at for row in rows}


def want(work: Work, kind: str, about: str, *, subject: str, body: str) -> None:
    """Wants a mail, unless there is one of this kind about the same."""
    table = schema.mail
    there = sa.select(table.c.id).where(table.c.company == work.company, table.c.kind == kind, table.c.about == about)
    if work.connection.execute(there).first() is not None:
        return
    row = {"kind": kind, "about": about, "subject": subject, "body": body, "state": "waiting", "sendings": 0}
    work.connection.execute(
        sa.insert(table).values(company=work.company, id=work.ids.new(), wanted_at=work.at, next_at=work.at, **row)
    )


def due(connection: Connection, companies: Collection[str], now: datetime) -> Sequence[str]:
    """The companies with a mail to send now."""
    table = schema.mail
    query = sa.select(table.c.company).where(
        table.c.company.in_(companies), table.c.next_at <= now, schema.among(table.c.state, UNSENT)
    )
    return connection.execute(query.distinct().order_by(table.c.company)).scalars().all()


def claim(work: Work, watch: Watch, *, lease_seconds: float) -> Mail | None:
    """Takes the company's oldest due mail for this process alone.

    What another process holds is watched: its lease is over when it was seen unchanged for its whole length.
    """
    table, asked = schema.mail, watch.moment()
    rows = work.connection.execute(
        sa.select(table, lease_ended(work.connection, table.c.lease_until).label("free"))
        .where(table.c.company == work.company, table.c.next_at <= work.at, schema.among(table.c.state, UNSENT))
        .order_by(table.c.wanted_at, table.c.id)
    ).all()
    for row in rows:
        thing = ("mail", row.id)
        if not row.free and watch.watched_seconds(thing, row.sendings, asked) <= lease_seconds:
            watch.saw(thing, row.sendings)
            continue
        if row.sendings >= SENDINGS_AT_MOST:
            _set(work, row.id, state="sent", sent_at=work.at, lease_until=None, problem="the mail server did not confirm it")
            continue
        until = lease_end(work.connection, work.at, lease_seconds)
        if _set(work, row.id, sendings=row.sendings, state="sending", lease_until=until, new_sendings=row.sendings + 1):
            return Mail(row.company, row.id, row.kind, row.about, row.subject, row.body, row.wanted_at, row.sendings)
    return None


def sent(work: Work, mail: Mail, *, note: str = "") -> None:
    """The mail server took it. `note` names who of several gets none."""
    _set(work, mail.id, state="sent", sent_at=work.at, lease_until=None, problem=note)


def put_back(work: Work, mail: Mail, *, next_at: datetime, problem: str, never_left: bool) -> None:
    """Waits for another try. `never_left` says that the mail server certainly has nothing of it."""
    sendings = mail.sendings if never_left else mail.sendings + 1
    _set(work, mail.id, state="waiting", next_at=next_at, lease_until=None, problem=problem, new_sendings=sendings)


def _set(work: Work, id: str, *, sendings: int | None = None, new_sendings: int | None = None, **values: object) -> bool:
    """Changes a mail that is not sent; with `sendings` only where nobody else took it meanwhile."""
    table = schema.mail
    here = sa.and_(table.c.company == work.company, table.c.id == id, table.c.state != "sent")
    if sendings is not None:
        here = sa.and_(here, table.c.sendings == sendings)
    if new_sendings is not None:
        values["sendings"] = new_sendings
    return work.connection.execute(sa.update(table).where(here).values(**values)).rowcount == 1


@dataclass(frozen=True)
class Unsent:
    """Mails that wait: how many, since when, and what the mail server said last."""

    mails: int
    oldest_at: datetime
    problem: str


def unsent(connection: Connection) -> Unsent | None:
    """What waits at all companies; None where nothing does."""
    table = schema.mail
    rows = connection.execute(
        sa.select(table.c.wanted_at, table.c.problem).where(schema.among(table.c.state, UNSENT)).order_by(table.c.wanted_at)
    ).all()
    return Unsent(len(rows), rows[0].wanted_at, rows[0].problem) if rows else None
