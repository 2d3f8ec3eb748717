"""Direct messages: whom we told what, when they are reminded, and when that ends. Each is sent by the outbox, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import outbox, schema
from storage.work import Work

DIRECT = "direct"  # what the outbox calls it
APPROVAL, ASSIGNED, BACK, MONTH = "approval", "assigned", "back", "month"  # kinds of letters
_TABLE = schema.letter


@dataclass(frozen=True)
class Letter:
    """One message to one person about a failure: an approval is asked for, it is theirs now, it is back, or it is the first of
    theirs of a month that is about to be closed.
    """

    company: str
    id: str
    kind: str
    failure_id: str
    decision_id: str | None
    person: str
    written_by: str
    written_at: datetime
    note: str = ""
    reminds_of: str | None = None
    reminders: int = 0
    remind_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class About:
    """What a message is about: a failure, and the decision where an approval is asked for."""

    kind: str
    failure_id: str
    decision_id: str | None = None
    note: str = ""


def write(work: Work, person: str, about: About, *, remind_at: datetime | None = None) -> None:
    """Writes to a person, and reminds them from then on."""
    values = {**vars(about), "person": person, "written_by": work.actor, "written_at": work.at, "remind_at": remind_at}
    _send(work, values)


def _send(work: Work, values: dict[str, object]) -> None:
    id_ = work.ids.new()
    work.connection.execute(sa.insert(_TABLE).values(company=work.company, id=id_, **values))
    outbox.want(work, DIRECT, id_)


def remind(work: Work, of: Letter, next_at: datetime | None) -> bool:
    """Reminds of a message by another one, and says when it is due again. False where another process was quicker."""
    work.only_for(of.company)
    here = (_TABLE.c.company == of.company, _TABLE.c.id == of.id, _TABLE.c.ended_at.is_(None), _TABLE.c.reminders == of.reminders)
    changed = sa.update(_TABLE).where(*here).values(reminders=of.reminders + 1, remind_at=next_at)
    if work.connection.execute(changed).rowcount != 1:
        return False
    again = {name: getattr(of, name) for name in ("kind", "failure_id", "decision_id", "person", "written_by", "note")}
    _send(work, {**again, "written_at": work.at, "reminds_of": of.id})
    return True


def put_off(work: Work, of: Letter, until: datetime) -> None:
    """Reminds later, and does not count it."""
    here = (_TABLE.c.company == of.company, _TABLE.c.id == of.id, _TABLE.c.ended_at.is_(None))
    work.connection.execute(sa.update(_TABLE).where(*here).values(remind_at=until))


def end(work: Work, failure_id: str, *, decision_id: str | None = None, kind: str = "") -> None:
    """Nobody has to do anything about these any more: no reminder follows, and each message says so."""
    here = [_TABLE.c.company == work.company, _TABLE.c.failure_id == failure_id, _TABLE.c.ended_at.is_(None)]
    if decision_id is not None:
        here.append(_TABLE.c.decision_id == decision_id)
    if kind:
        here.append(_TABLE.c.kind == kind)
    ended = sa.update(_TABLE).where(*here).values(ended_at=work.at, remind_at=None).returning(_TABLE.c.id)
    outbox.want_many(work, DIRECT, sorted(work.connection.execute(ended).scalars()))


def get(connection: Connection, company: str, id_: str) -> Letter:
    row = connection.execute(sa.select(_TABLE).where(_TABLE.c.company == company, _TABLE.c.id == id_)).one()
    return Letter(**row._mapping)


def open_to(connection: Connection, company: str, person: str, kind: str, *, limit: int) -> Sequence[Letter]:
    """What still waits for this person, the longest waiting first; reminders are left out."""
    here = (_TABLE.c.company == company, _TABLE.c.ended_at.is_(None), _TABLE.c.person == person, _TABLE.c.kind == kind)
    query = sa.select(_TABLE).where(*here, _TABLE.c.reminds_of.is_(None))
    rows = connection.execute(query.order_by(_TABLE.c.written_at, _TABLE.c.id).limit(limit))
    return [Letter(**row._mapping) for row in rows]


def were_told_of_month(connection: Connection, company: str, since: datetime) -> Collection[str]:
    """Who was told since then of what is theirs of a month that is about to be closed."""
    here = (_TABLE.c.company == company, _TABLE.c.kind == MONTH, _TABLE.c.written_at >= since)
    return set(connection.execute(sa.select(_TABLE.c.person).where(*here)).scalars())


def due(connection: Connection, company: str, now: datetime, *, limit: int) -> Sequence[Letter]:
    """Of what somebody is to be reminded now, the longest waiting first."""
    here = (_TABLE.c.company == company, _TABLE.c.remind_at <= now)
    rows = connection.execute(sa.select(_TABLE).where(*here).order_by(_TABLE.c.remind_at, _TABLE.c.id).limit(limit))
    return [Letter(**row._mapping) for row in rows]


def unreached(connection: Connection, companies: Collection[str]) -> Mapping[str, Mapping[str, int]]:
    """What still waits for people whom Slack knows no account of: by company and person, how many messages never got there."""
    waits = schema.outbox
    its_wish = sa.and_(
        waits.c.company == _TABLE.c.company,
        waits.c.subject == _TABLE.c.id,
        waits.c.subject_kind == DIRECT,
        schema.is_in(waits.c.state, "given_up"),
        waits.c.problem != outbox.REPLACED,
    )
    rows = connection.execute(
        sa.select(_TABLE.c.company, _TABLE.c.person, sa.func.count())
        .join(waits, its_wish)
        .where(_TABLE.c.company.in_(companies), _TABLE.c.ended_at.is_(None))
        .group_by(_TABLE.c.company, _TABLE.c.person)
        .order_by(_TABLE.c.person)
    )
    found: dict[str, dict[str, int]] = {}
    for company, person, many in rows:
        found.setdefault(company, {})[person] = many
    return found
