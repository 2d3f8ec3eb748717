"""How effects change hands and leave: claimed under a lease, resumed when proven absent, dispatched under a deadline.

Every step is one conditional statement on the effect's fence, so that a worker that lost an effect can do nothing with it.
What a lease and an absence are worth is asked of the process's own `Watch`, never of a wall clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from receivables.effects import IN_FLIGHT, OPEN_STATES, EffectState
from storage import codec, schema
from storage.effects import StoredEffect, by_ids, record_step, row_of
from storage.watch import Absence, Watch, lease_end, lease_ended
from storage.work import Work

LONGEST_REST = timedelta(days=1)  # no books ask to be left alone for longer
_BEFORE = schema.effect.alias("before")
#: What an effect waits for, if anything, is done. Built once, because it is asked every few seconds.
_IS_READY = sa.or_(
    schema.effect.c.after_id.is_(None),
    sa.exists().where(
        _BEFORE.c.company == schema.effect.c.company, _BEFORE.c.id == schema.effect.c.after_id, _BEFORE.c.state == "done"
    ),
)


def claim(
    work: Work, watch: Watch, *, owner: str, lease_seconds: float, limit: int, planned: bool = True
) -> Sequence[StoredEffect]:
    """Takes effects that are due, for this process alone: one conditional UPDATE for each.

    A planned effect becomes *sending*. One whose process died after it was sent becomes *unknown*; it, and those
    unknown or waiting for a person, keep their state until the books have been looked at. What another process holds
    is only watched; its lease is over when it was seen unchanged for the lease's whole length.
    Without `planned` what is planned waits.
    """
    table, asked = schema.effect, watch.moment()
    due = work.connection.execute(
        sa.select(table.c.id, table.c.transaction_number, table.c.kind, table.c.state, table.c.fence, table.c.sendings,
                  table.c.dispatch_id, table.c.deadline_at, lease_ended(work.connection, table.c.lease_until).label("free"))
        .where(_is_due(work, OPEN_STATES if planned else IN_FLIGHT))
        .order_by(table.c.lease_until.is_not(None), table.c.planned_at, table.c.id)
        .limit(limit)
    ).all()  # fmt: skip
    taken = []
    for row in due:
        held_since = (row.fence, row.sendings)
        if row.dispatch_id is not None:
            watch.saw_sending(row)
        if not row.free and watch.watched_seconds(("lease", row.id), held_since, asked) <= lease_seconds:
            watch.saw(("lease", row.id), held_since)
            continue
        state = _claimed(row.state, row.dispatch_id)
        values = {"state": state, "fence": row.fence + 1, "lease_owner": owner}
        if row.state == EffectState.PLANNED:
            values["dispatch_id"] = None  # of an earlier version's sending that was definitely not carried out
        won = work.connection.execute(
            sa.update(table)
            .where(row_of(work.company, row.id), table.c.state == row.state)
            .where(table.c.fence == row.fence, table.c.sendings == row.sendings)  # nobody took, sent or renewed it meanwhile
            .values(lease_until=lease_end(work.connection, work.at, lease_seconds), **values)
        )
        if won.rowcount != 1:
            continue
        taken.append(row.id)
        if state is EffectState.UNKNOWN and row.state == EffectState.SENDING:
            body = {"effect": row.id, "kind": row.kind, "from": row.state, "message": "its process ended after sending"}
            work.record("effect.unknown", transaction_number=row.transaction_number, body=body)
    return by_ids(work.connection, work.company, taken)


def _is_due(work: Work, states: Sequence[EffectState]) -> sa.ColumnElement[bool]:
    """What may be taken up now. A moment further ahead than anybody ever waits was written by a clock that was wrong."""
    table = schema.effect
    return sa.and_(
        table.c.company == work.company,
        sa.or_(table.c.next_at <= work.at, table.c.next_at > work.at + LONGEST_REST),
        table.c.state.in_(states),
        _IS_READY,
    )


def _claimed(state: str, dispatch_id: str | None) -> EffectState:
    if state == EffectState.PLANNED:
        return EffectState.SENDING
    if state == EffectState.SENDING:
        # A process died holding it. With no sending out it is definitely not done; with one, nobody knows.
        return EffectState.UNKNOWN if dispatch_id else EffectState.SENDING
    return EffectState(state)


def resume(work: Work, held: StoredEffect, proof: Absence) -> StoredEffect | None:
    """Takes note that nothing of an effect is out any more. None when another worker holds the lease.

    An unknown one becomes *sending* again, with its own key and marker; one that waits for a person keeps its state.
    """
    work.only_for(held.company)
    if (proof.effect_id, proof.sendings) != (held.id, held.sendings):
        raise AssertionError(f"the absence of another sending proves nothing about effect {held.id}")
    state = EffectState.SENDING if held.state is EffectState.UNKNOWN else held.state
    kept = work.connection.execute(
        sa.update(schema.effect)
        .where(row_of(held.company, held.id), schema.effect.c.fence == held.fence, schema.effect.c.state == held.state)
        .where(schema.effect.c.state.in_([EffectState.UNKNOWN, EffectState.NEEDS_PERSON]))
        .values(state=state, dispatch_id=None)
    )
    if kept.rowcount != 1:
        return None
    if state is not held.state:
        why = f"not in the books after its window was watched for {proof.watched_seconds:.0f} seconds; sent again"
        record_step(work, held, state, why=why)
    return by_ids(work.connection, held.company, [held.id])[0]


def begin_dispatch(
    work: Work, members: Sequence[StoredEffect], *, key: str, owner: str, lease_seconds: float, deadline_at: datetime
) -> Sequence[StoredEffect]:
    """Writes down what is about to be sent, before it is. Returns the members with their dispatch; nothing means send nothing.

    One member that is another worker's now stops the whole dispatch; the worker that holds that member now looks for it first,
    and the others are as if nothing had been tried. Whether our own lease ran out is asked by our own monotonic clock.
    """
    company, table = work.company, schema.effect
    dispatch_id = work.ids.new()
    ids = [member.id for member in members]
    held = work.connection.execute(
        sa.select(table.c.id, table.c.fence, table.c.state)
        .where(table.c.company == company, table.c.id.in_(ids))
        .order_by(table.c.planned_at, table.c.id)
        .with_for_update()
    ).all()
    if {(row.id, row.fence, row.state) for row in held} != {(member.id, member.fence, member.state) for member in members}:
        return ()
    body = [codec.write_to_json(member.write) | {"marker": member.marker} for member in members]
    lease_until = lease_end(work.connection, work.at, lease_seconds)
    work.connection.execute(
        sa.insert(schema.dispatch).values(
            company=company,
            id=dispatch_id,
            key=key,
            members=ids,
            body_hash=codec.hash_of(body),
            state="sending",
            lease_owner=owner,
            lease_until=lease_until,
            deadline_at=deadline_at,
            made_at=work.at,
        )
    )
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == company, table.c.id.in_(ids))
        .values(
            state=EffectState.SENDING,
            sendings=table.c.sendings + 1,
            dispatch_id=dispatch_id,
            deadline_at=deadline_at,
            lease_until=lease_until,
        )
    )
    begun = {effect.id: effect for effect in by_ids(work.connection, company, ids)}
    return [begun[member_id] for member_id in ids]


def end_dispatch(work: Work, dispatch_id: str | None, *, state: str) -> None:
    """Remembers whether a dispatch was answered, unanswered, or never sent."""
    table = schema.dispatch
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.id == dispatch_id)
        .values(state=state, answered_at=work.at)
    )


def due_now(work: Work) -> None:
    """Takes up at once what rests until a moment that a clock which was set has written."""
    table = schema.effect
    resting = sa.and_(table.c.company == work.company, table.c.state.in_(OPEN_STATES))
    work.connection.execute(sa.update(table).where(resting, table.c.next_at > work.at).values(next_at=work.at))
