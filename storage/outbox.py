"""What people should be shown: one waiting row for each subject, however often it changed meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import schema
from storage.given import is_given
from storage.schema.messages import LEAVING
from storage.watch import Watch, lease_end, lease_ended
from storage.work import Work

REPLACED = "a newer wish replaced it"
PRESSED_JUST_NOW = timedelta(minutes=2)  # since a decision was made, or its state changed

_WANTED_AGAIN = (
    sa.update(schema.outbox)
    .where(
        schema.outbox.c.company == sa.bindparam("of_company"),
        schema.outbox.c.subject_kind == sa.bindparam("of_kind"),
        is_given(schema.outbox.c.subject, "subjects"),
        schema.is_in(schema.outbox.c.state, "waiting"),
    )
    .values(wanted_at=sa.bindparam("now"))
    .returning(schema.outbox.c.subject)
)
_WANTED = sa.insert(schema.outbox)


def want_many(work: Work, subject_kind: str, subjects: Collection[str], *, not_before: datetime | None = None) -> None:
    """Asks for the cards of these subjects to be posted or rewritten; asked twice before it is sent, each is sent once.

    `not_before` holds a new wish back until then, or until `release`.
    """
    if not subjects:
        return
    here = {"of_company": work.company, "of_kind": subject_kind, "subjects": list(subjects), "now": work.at}
    waiting = set(work.connection.execute(_WANTED_AGAIN, here).scalars())
    rows = [
        {
            "company": work.company,
            "id": work.ids.new(),
            "subject_kind": subject_kind,
            "subject": subject,
            "state": "waiting",
            "wanted_at": work.at,
            "next_at": not_before or work.at,
            "sendings": 0,
        }
        for subject in dict.fromkeys(subjects)
        if subject not in waiting
    ]
    if rows:
        work.connection.execute(_WANTED, rows)


def want(work: Work, subject_kind: str, subject: str) -> None:
    """The same for one subject."""
    want_many(work, subject_kind, [subject])


def release(work: Work) -> None:
    """What was held back until the failures were diagnosed may be sent now."""
    table = schema.outbox
    work.connection.execute(
        sa.update(table)
        .where(
            table.c.company == work.company,
            schema.is_in(table.c.state, "waiting"),
            table.c.sendings == 0,
            table.c.problem == "",
            table.c.next_at > work.at,
        )
        .values(next_at=work.at)
    )


@dataclass(frozen=True)
class Waiting:
    """One message to send. `sendings` above zero means that it may have been posted before."""

    company: str
    id: str
    subject_kind: str
    subject: str
    sendings: int
    wanted_at: datetime


def leaving(connection: Connection) -> Sequence[str]:
    """The companies with anything that waits or is on its way, due or not; asked of an index of these alone."""
    table = schema.outbox
    return connection.execute(sa.select(table.c.company).where(schema.among(table.c.state, LEAVING)).distinct()).scalars().all()


def lines(connection: Connection, companies: Sequence[str], now: datetime) -> Sequence[tuple[str, bool]]:
    """Where something is due, or on its way: (company, whether it is about an escalation). Each line waits for no other."""
    table = schema.outbox
    urgent = (table.c.subject_kind == "escalation").label("urgent")
    rows = connection.execute(sa.select(table.c.company, urgent).where(_is_due(companies, now)).distinct())
    return sorted((row.company, bool(row.urgent)) for row in rows)


def claim(
    work: Work, watch: Watch, *, owner: str, lease_seconds: float, limit: int, urgent: bool | None = None
) -> Sequence[Waiting]:
    """Takes a company's due messages for this process alone; only escalations, or all others, where asked.

    What somebody pressed goes first, the newest press before others; then what tells of many; then the oldest wish.

    What another process holds is watched: its lease is over when it was seen unchanged for its whole length.
    """
    table, asked = schema.outbox, watch.moment()
    wanted = _is_due([work.company], work.at)
    if urgent is not None:
        wanted = sa.and_(wanted, (table.c.subject_kind == "escalation") == urgent)
    due = work.connection.execute(
        sa.select(table, lease_ended(work.connection, table.c.lease_until).label("free"))
        .where(wanted)
        .order_by(table.c.lease_until.is_not(None), *_who_waits(work.at), table.c.wanted_at, table.c.id)
        .limit(limit)
    ).all()
    taken = []
    for row in due:
        if not row.free and watch.watched_seconds(("message", row.id), row.sendings, asked) <= lease_seconds:
            watch.saw(("message", row.id), row.sendings)
            continue
        won = work.connection.execute(
            sa.update(table)
            .where(
                table.c.company == row.company,
                table.c.id == row.id,
                table.c.state == row.state,
                table.c.sendings == row.sendings,
            )
            .values(
                state="sending",
                lease_owner=owner,
                lease_until=lease_end(work.connection, work.at, lease_seconds),
                sendings=row.sendings + 1,
            )
        )
        if won.rowcount == 1:
            taken.append(Waiting(row.company, row.id, row.subject_kind, row.subject, row.sendings, row.wanted_at))
    return taken


def _is_due(companies: Sequence[str], now: datetime) -> sa.ColumnElement[bool]:
    table = schema.outbox
    return sa.and_(table.c.company.in_(companies), table.c.next_at <= now, schema.among(table.c.state, LEAVING))


def _who_waits(now: datetime) -> tuple[sa.ColumnElement[bool] | sa.UnaryExpression[datetime], ...]:
    """Cards about which somebody decided just now, or whose decision just ended, have somebody who waits."""
    table, decision = schema.outbox, schema.decision
    pressed = (
        sa.select(sa.func.max(sa.func.coalesce(decision.c.approved_at, decision.c.requested_at)))
        .where(
            decision.c.company == table.c.company,
            decision.c.failure_id == table.c.subject,
            decision.c.changed_at > now - PRESSED_JUST_NOW,
        )
        .scalar_subquery()
    )
    return pressed.desc().nulls_last(), table.c.subject_kind == "failure"


def is_held(connection: Connection, message: Waiting) -> bool:
    """Whether whoever claimed it still holds it: a process that was frozen for its whole lease does not."""
    return connection.execute(sa.select(schema.outbox.c.id).where(*_held(message))).first() is not None


def _held(message: Waiting) -> tuple[sa.ColumnElement[bool], ...]:
    table = schema.outbox
    mine = (table.c.company == message.company, table.c.id == message.id)
    return (*mine, table.c.state == "sending", table.c.sendings == message.sendings + 1)


def sent(work: Work, message: Waiting, *, note: str = "") -> None:
    """Ends a sending: Slack has the message. `note` says what is remarkable about it."""
    work.only_for(message.company)
    work.connection.execute(
        sa.update(schema.outbox)
        .where(*_held(message))
        .values(state="sent", sent_at=work.at, lease_until=None, lease_owner="", problem=note)
    )


def put_back(work: Work, message: Waiting, *, next_at: datetime, problem: str, never_left: bool) -> None:
    """Waits for another try. `never_left` says that Slack certainly has nothing of it.

    A newer wish for the same subject may wait already; then this one gives way to it, unless it may have been posted.
    """
    work.only_for(message.company)
    table = schema.outbox
    newer = work.connection.execute(sa.select(table.c.id).where(*_same_subject(message), table.c.state == "waiting")).first()
    if newer is None:
        sendings = message.sendings if never_left else message.sendings + 1
        values = {"state": "waiting", "next_at": next_at, "sendings": sendings, "problem": problem, "lease_until": None}
    elif never_left:
        values = {"state": "given_up", "problem": REPLACED, "lease_until": None}
    else:
        values = {"state": "sending", "next_at": next_at, "problem": problem, "lease_until": None}
    work.connection.execute(sa.update(table).where(*_held(message)).values(**values))


def give_up(work: Work, message: Waiting, problem: str) -> None:
    """Nobody is there to get it: it does not wait any longer."""
    work.only_for(message.company)
    gone = {"state": "given_up", "problem": problem, "lease_until": None}
    work.connection.execute(sa.update(schema.outbox).where(*_held(message)).values(**gone))


def waits_for(connection: Connection, message: Waiting) -> bool:
    """Whether an older wish for the same subject is on its way: what became of it must be known first."""
    table = schema.outbox
    same_moment = sa.and_(table.c.wanted_at == message.wanted_at, table.c.id < message.id)
    return _is_on_its_way(connection, message, sa.or_(table.c.wanted_at < message.wanted_at, same_moment))


def may_be_there(connection: Connection, message: Waiting) -> bool:
    """Whether Slack may already have a message about this subject: this wish or another was sent towards it before."""
    return message.sendings > 0 or _is_on_its_way(connection, message)


def _is_on_its_way(connection: Connection, message: Waiting, *which: sa.ColumnElement[bool]) -> bool:
    table = schema.outbox
    query = sa.select(table.c.id).where(*_same_subject(message), table.c.state == "sending", *which)
    return connection.execute(query).first() is not None


def _same_subject(message: Waiting) -> tuple[sa.ColumnElement[bool], ...]:
    """The other wishes for the subject."""
    table = schema.outbox
    return (
        table.c.company == message.company,
        table.c.subject_kind == message.subject_kind,
        table.c.subject == message.subject,
        table.c.id != message.id,
    )


def first_wishes(connection: Connection, company: str, *, now: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """(outbox id, failure id) of failures that Slack has nothing of yet, oldest first."""
    table = schema.outbox
    rows = connection.execute(
        sa.select(table.c.id, table.c.subject)
        .where(
            table.c.company == company,
            table.c.subject_kind == "failure",
            schema.is_in(table.c.state, "waiting"),
            table.c.sendings == 0,
            table.c.next_at <= now,
            ~_is_shown(),
        )
        .order_by(table.c.wanted_at, table.c.id)
        .limit(limit)
    )
    return [(row.id, row.subject) for row in rows]


def _is_shown() -> sa.ColumnElement[bool]:
    """Whether Slack has a message about the wish's subject."""
    table, card = schema.outbox, schema.card
    return sa.exists().where(
        card.c.company == table.c.company, card.c.subject_kind == table.c.subject_kind, card.c.subject == table.c.subject
    )


def tell_in_incidents(work: Work, *, limit: int) -> int:
    """Failures of an incident that Slack has nothing of are told by the incident's card alone; returns how many."""
    table, failure = schema.outbox, schema.failure
    rows = work.connection.execute(
        sa.select(table.c.id, failure.c.incident_id)
        .join(failure, sa.and_(failure.c.company == table.c.company, failure.c.id == table.c.subject))
        .where(
            table.c.company == work.company,
            table.c.subject_kind == "failure",
            schema.is_in(table.c.state, "waiting"),
            table.c.sendings == 0,
            failure.c.incident_id.is_not(None),
            ~_is_shown(),
        )
        .limit(limit)
    ).all()
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.id.in_([row.id for row in rows]), table.c.state == "waiting")
        .values(state="sent", sent_at=work.at, problem="told by its incident")
    )
    for incident_id in sorted({row.incident_id for row in rows}):
        want(work, "incident", incident_id)
    return len(rows)


def tell_together(work: Work, wishes: Sequence[tuple[str, str]], *, digest: str = "") -> str:
    """One digest stands for all these failures, instead of a message for each; returns the digest's id.

    Where some were told in a digest before, or `digest` is named, it is that one, rewritten.
    """
    table = schema.outbox
    if not digest:
        before = work.connection.execute(
            sa.select(table.c.problem)
            .where(
                table.c.company == work.company,
                table.c.subject.in_([failure for _, failure in wishes]),
                table.c.state == "sent",
                table.c.problem.like(f"{_IN_DIGEST}%"),
            )
            .order_by(table.c.sent_at.desc())
        ).first()
        digest = before.problem.removeprefix(_IN_DIGEST) if before else wishes[0][1]
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.id.in_([id_ for id_, _ in wishes]), table.c.state == "waiting")
        .values(state="sent", sent_at=work.at, problem=f"{_IN_DIGEST}{digest}")
    )
    want(work, "digest", digest)
    return digest


_IN_DIGEST = "in digest "
