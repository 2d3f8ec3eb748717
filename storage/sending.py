"""How effects change hands and leave: claimed under a lease, resumed when proven absent, dispatched under a deadline, settled.

Every step is one conditional statement on the effect's fence, so that a worker that lost an effect can do nothing with it.
What a lease and an absence are worth is asked of the process's own `Watch`, never of a wall clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.effects import IN_FLIGHT, OPEN_STATES, STEPS, EffectState, Outcome, Verdict
from storage import codec, schema
from storage.effects import StoredEffect, by_ids, of_row, record_step, row_of
from storage.watch import Absence, Watch, lease_end, lease_ended
from storage.work import Work

LONGEST_REST = timedelta(days=1)  # no books ask to be left alone for longer
_BEFORE = schema.effect.alias("before")
#: What an effect waits for, if anything, is done. Built once, because it is asked every few seconds.
IS_READY = sa.or_(
    schema.effect.c.after_id.is_(None),
    sa.exists().where(
        _BEFORE.c.company == schema.effect.c.company, _BEFORE.c.id == schema.effect.c.after_id, _BEFORE.c.state == "done"
    ),
)

_AS_SEEN = sa.tuple_(schema.effect.c.id, schema.effect.c.fence, schema.effect.c.sendings)


def claim(
    work: Work, watch: Watch, *, owner: str, lease_seconds: float, limit: int, planned: bool = True
) -> Sequence[StoredEffect]:
    """Takes effects that are due, for this process alone: one conditional UPDATE for those that change alike.

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
        .with_for_update(of=table, skip_locked=True)  # what another worker is claiming at this moment is left to it
    ).all()  # fmt: skip
    free: dict[tuple[EffectState, EffectState], list[sa.Row[Any]]] = {}
    for row in due:
        held_since = (row.fence, row.sendings)
        if row.dispatch_id is not None or row.state == EffectState.UNKNOWN:
            watch.saw_sending(row)
        if not row.free and watch.watched_seconds(("lease", row.id), held_since, asked) <= lease_seconds:
            watch.saw(("lease", row.id), held_since)
            continue
        change = (EffectState(row.state), _claimed(row.state, row.dispatch_id))
        free.setdefault(change, []).append(row)
    lease_until = lease_end(work.connection, work.at, lease_seconds)
    claimed = []
    for (before, state), rows in free.items():
        as_seen = [(row.id, row.fence, row.sendings) for row in rows]  # nobody took, sent or renewed it meanwhile
        here = (table.c.company == work.company, table.c.state == before, _AS_SEEN.in_(as_seen))
        values = {"state": state, "fence": table.c.fence + 1, "lease_owner": owner, "lease_until": lease_until}
        if before is EffectState.PLANNED:
            values["dispatch_id"] = None  # of an earlier version's sending that was definitely not carried out
        won = work.connection.execute(sa.update(table).where(*here).values(**values).returning(table)).all()
        claimed += [of_row(row._mapping) for row in won]
        if state is EffectState.UNKNOWN and before is EffectState.SENDING:
            for row in won:
                body = {"effect": row.id, "kind": row.kind, "from": before, "message": "its process ended after sending"}
                work.record("effect.unknown", transaction_number=row.transaction_number, body=body)
    return sorted(claimed, key=lambda effect: (effect.planned_at, effect.id))


def _is_due(work: Work, states: Sequence[EffectState]) -> sa.ColumnElement[bool]:
    """What may be taken up now. A moment further ahead than anybody ever waits was written by a clock that was wrong."""
    table = schema.effect
    return sa.and_(
        table.c.company == work.company,
        sa.or_(table.c.next_at <= work.at, table.c.next_at > work.at + LONGEST_REST),
        table.c.state.in_(states),
        IS_READY,
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
    return [
        replace(
            member,
            state=EffectState.SENDING,
            sendings=member.sendings + 1,
            dispatch_id=dispatch_id,
            deadline_at=deadline_at,
        )
        for member in members
    ]


@dataclass(frozen=True)
class Ending:
    """How our hold on an effect ends: what is known of it now, and when it may be taken up again."""

    held: StoredEffect
    state: EffectState
    outcome: Outcome
    next_at: datetime | None = None

    def must_be_allowed(self) -> None:
        """Raises AssertionError where no effect may ever end like this."""
        held, state = self.held, self.state
        if state is not held.state and state not in STEPS[held.state]:
            raise AssertionError(f"an effect cannot go from {held.state} to {state}")
        if held.dispatch_id and state in _NOTHING_OUT and self.outcome.verdict is not Verdict.AGAIN:
            raise AssertionError(
                f"effect {held.id} may have left: it cannot become {state} before the books have proven it absent"
            )


#: An effect in one of these has nothing out: whoever plans anew after it uses another key and marker.
_NOTHING_OUT = (EffectState.PLANNED, EffectState.REFUSED_STALE, EffectState.CANCELLED)
_FINAL = (EffectState.DONE, EffectState.REFUSED_STALE, EffectState.FAILED, EffectState.CANCELLED, EffectState.SUPERSEDED)

_LET_GO = (
    sa.update(schema.effect)
    .where(schema.effect.c.company == sa.bindparam("of_company"))
    .where(sa.tuple_(schema.effect.c.id, schema.effect.c.fence, schema.effect.c.state).in_(sa.bindparam("held", expanding=True)))
    .values(lease_until=None, lease_owner="")
    .returning(schema.effect.c.id)
)
_END = (
    sa.update(schema.effect)
    .where(schema.effect.c.company == sa.bindparam("of_company"), schema.effect.c.id == sa.bindparam("of_id"))
    .values(
        state=sa.bindparam("to_state"),
        outcome_code=sa.bindparam("code"),
        outcome_message=sa.bindparam("message"),
        next_at=sa.bindparam("rests_until"),
        document_id=sa.func.coalesce(sa.bindparam("document", type_=sa.String), schema.effect.c.document_id),
        document_version=sa.func.coalesce(sa.bindparam("version", type_=sa.String), schema.effect.c.document_version),
        trace=sa.func.coalesce(sa.bindparam("left_trace", type_=sa.String), schema.effect.c.trace),
        dispatch_id=sa.case((sa.bindparam("keeps_dispatch", type_=sa.Boolean), schema.effect.c.dispatch_id), else_=sa.null()),
        settled_at=sa.func.coalesce(sa.bindparam("ended_at", type_=schema.Moment), schema.effect.c.settled_at),
    )
)


def settle_many(work: Work, endings: Sequence[Ending]) -> list[Ending]:
    """Ends our hold on effects with what is now known, each at most once. Returns those that were still ours.

    Of one that another worker holds by now nothing is written.
    """
    if not endings:
        return []
    for ending in endings:
        work.only_for(ending.held.company)
        ending.must_be_allowed()
    held = [(ending.held.id, ending.held.fence, ending.held.state) for ending in endings]
    ours = set(work.connection.execute(_LET_GO, {"of_company": work.company, "held": held}).scalars())
    settled = [ending for ending in endings if ending.held.id in ours]
    if settled:
        work.connection.execute(_END, [_ended(work, ending) for ending in settled])
    for ending in settled:
        if ending.state is not ending.held.state:
            _record_end(work, ending)
    return settled


def settle(work: Work, held: StoredEffect, state: EffectState, outcome: Outcome, *, next_at: datetime | None = None) -> bool:
    """The same for one effect. False when another worker holds the lease: nothing is written."""
    return bool(settle_many(work, [Ending(held, state, outcome, next_at)]))


def _ended(work: Work, ending: Ending) -> dict[str, object]:
    outcome, state = ending.outcome, ending.state
    return {
        "of_company": work.company,
        "of_id": ending.held.id,
        "to_state": state,
        "code": outcome.code,
        "message": outcome.message,
        "rests_until": ending.next_at or work.at,
        "document": outcome.document_id or None,
        "version": outcome.version if outcome.document_id else None,
        "left_trace": outcome.trace if outcome.document_id else None,
        "keeps_dispatch": state is not EffectState.PLANNED,
        "ended_at": work.at if state in _FINAL else None,
    }


def _record_end(work: Work, ending: Ending) -> None:
    held, outcome = ending.held, ending.outcome
    work.record(
        f"effect.{ending.state}",
        transaction_number=held.transaction_number,
        body={
            "effect": held.id,
            "kind": held.kind,
            "from": held.state,
            "document": outcome.document_id,
            "code": outcome.code,
            "message": outcome.message,
            "trace": outcome.trace,
        },
    )


def end_dispatch(work: Work, dispatch_id: str | None, *, state: str) -> None:
    """Remembers whether a dispatch was answered, unanswered, or never sent."""
    table = schema.dispatch
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.id == dispatch_id)
        .values(state=state, answered_at=work.at)
    )


def due_now(work: Work, *, resting_after: str | None = None) -> None:
    """Takes up at once what rests; only after this outcome, where one is named."""
    table = schema.effect
    resting = sa.and_(table.c.company == work.company, table.c.state.in_(OPEN_STATES))
    if resting_after is not None:
        resting &= table.c.outcome_code == resting_after
    work.connection.execute(sa.update(table).where(resting, table.c.next_at > work.at).values(next_at=work.at))


def why_not_sent(connection: Connection, company: str) -> str:
    """What the books said to a write that they did not take and that is tried again; "" where nothing of the kind waits."""
    table = schema.effect
    resting = (table.c.company == company, table.c.state == EffectState.PLANNED, table.c.outcome_message != "")
    query = sa.select(table.c.outcome_message).where(*resting).order_by(table.c.next_at.desc()).limit(1)
    return connection.execute(query).scalar() or ""
