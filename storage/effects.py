"""Effects as rows: planned, claimed by one process at a time, and settled by nobody but the worker that holds the lease."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.effects import STEPS, EffectKind, EffectState, Facts, Order, Outcome, Write
from storage import codec, schema
from storage.work import Work


@dataclass(frozen=True)
class PlannedEffect:
    """One write about to be planned. `expects` are facts by "kind:id" of the documents it rests on."""

    id: str
    company: str
    transaction_number: str
    part: int
    generation: int
    key: str
    marker: str
    write: Write
    expects: Mapping[str, Facts]
    attended: bool
    facts_read_at: datetime
    decision_id: str | None = None
    after_id: str | None = None
    compensates_id: str | None = None


@dataclass(frozen=True)
class StoredEffect:
    """A committed effect. Only one of these can become an order to the books."""

    id: str
    company: str
    transaction_number: str
    kind: EffectKind
    part: int
    generation: int
    key: str
    marker: str
    write: Write
    expects: Mapping[str, Facts]
    attended: bool
    facts_read_at: datetime
    state: EffectState
    fence: int
    sendings: int
    deadline_at: datetime | None
    next_at: datetime
    after_id: str | None
    compensates_id: str | None
    decision_id: str | None
    dispatch_id: str | None
    document_id: str | None
    document_version: str | None
    outcome_code: str
    outcome_message: str
    planned_at: datetime
    settled_at: datetime | None

    def order(self, versions: Mapping[str, str]) -> Order:
        return Order(self.id, self.key, self.marker, self.write, versions)


def plan(work: Work, planned: PlannedEffect) -> None:
    """Commits the intent. Raises IntegrityError when the part already has a live receipt effect."""
    work.only_for(planned.company)
    body = codec.write_to_json(planned.write)
    work.connection.execute(
        sa.insert(schema.effect).values(
            company=planned.company,
            id=planned.id,
            transaction_number=planned.transaction_number,
            kind=planned.write.kind,
            part=planned.part,
            generation=planned.generation,
            key=planned.key,
            marker=planned.marker,
            write=body,
            write_hash=codec.hash_of(body),
            expects=dict(planned.expects),
            attended=planned.attended,
            facts_read_at=planned.facts_read_at,
            state=EffectState.PLANNED,
            fence=0,
            sendings=0,
            next_at=work.at,
            after_id=planned.after_id,
            compensates_id=planned.compensates_id,
            decision_id=planned.decision_id,
            planned_at=work.at,
        )
    )
    work.record(
        "effect.planned",
        transaction_number=planned.transaction_number,
        body={
            "effect": planned.id,
            "kind": planned.write.kind,
            "part": planned.part,
            "generation": planned.generation,
            "key": planned.key,
            "marker": planned.marker,
            "write": body,
            "decision": planned.decision_id,
            "after": planned.after_id,
            "compensates": planned.compensates_id,
        },
    )


def claim(work: Work, *, owner: str, lease_until: datetime, limit: int, sending: bool = True) -> Sequence[StoredEffect]:
    """Takes effects that are due, for this process alone: one conditional UPDATE for each.

    A planned effect becomes *sending*. One whose process died while sending becomes *unknown*; it, and those
    unknown or waiting for a person, keep their state until the books have been looked at. Without `sending` only these
    are taken, and what is planned waits.
    """
    planned = [EffectState.PLANNED] if sending else []
    table, before = schema.effect, schema.effect.alias()
    free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until < work.at)
    ready = sa.or_(
        table.c.after_id.is_(None),
        sa.exists().where(before.c.company == table.c.company, before.c.id == table.c.after_id, before.c.state == "done"),
    )
    condition = sa.and_(
        table.c.company == work.company,
        table.c.next_at <= work.at,
        free,
        table.c.state.in_([*planned, EffectState.SENDING, EffectState.UNKNOWN, EffectState.NEEDS_PERSON]),
        ready,
    )
    due = work.connection.execute(
        sa.select(table.c.id, table.c.transaction_number, table.c.kind, table.c.state, table.c.fence, table.c.sendings)
        .where(condition)
        .order_by(table.c.planned_at, table.c.id)
        .limit(limit)
    ).all()
    taken = []
    for row in due:
        state = _claimed(row.state, row.sendings)
        won = work.connection.execute(
            sa.update(table)
            .where(_is(work.company, row.id), table.c.state == row.state, table.c.fence == row.fence, free)
            .values(state=state, fence=row.fence + 1, lease_owner=owner, lease_until=lease_until)
        )
        if won.rowcount != 1:
            continue
        taken.append(row.id)
        if state is EffectState.UNKNOWN and row.state == EffectState.SENDING:
            body = {"effect": row.id, "kind": row.kind, "from": row.state, "message": "its process ended after sending"}
            work.record("effect.unknown", transaction_number=row.transaction_number, body=body)
    return by_ids(work.connection, work.company, taken)


def _claimed(state: str, sendings: int) -> EffectState:
    if state == EffectState.PLANNED:
        return EffectState.SENDING
    if state == EffectState.SENDING:
        # A process died holding it. Never sent means definitely not done; sent means nobody knows.
        return EffectState.UNKNOWN if sendings else EffectState.SENDING
    return EffectState(state)


def resume(work: Work, absent: StoredEffect) -> StoredEffect | None:
    """An unknown effect that is proven absent becomes *sending* again. None when another worker holds the lease."""
    work.only_for(absent.company)
    table = schema.effect
    kept = work.connection.execute(
        sa.update(table)
        .where(_is(absent.company, absent.id), table.c.fence == absent.fence, table.c.state == EffectState.UNKNOWN)
        .values(state=EffectState.SENDING)
    )
    if kept.rowcount != 1:
        return None
    _tell(work, absent, EffectState.SENDING, why="not in the books after its window; sent again")
    return by_ids(work.connection, absent.company, [absent.id])[0]


def begin_dispatch(
    work: Work, members: Sequence[StoredEffect], *, key: str, owner: str, lease_until: datetime, deadline_at: datetime
) -> Sequence[StoredEffect]:
    """Writes down what is about to be sent, before it is. Returns the members with their dispatch; nothing means send nothing.

    One member whose lease ran out, or is another worker's, stops the whole dispatch; the worker that holds that member now
    looks for it first, and the others are as if nothing had been tried.
    """
    company, table = work.company, schema.effect
    dispatch_id = work.ids.new()
    ids = [member.id for member in members]
    held = work.connection.execute(
        sa.select(table.c.id, table.c.fence, table.c.state)
        .where(table.c.company == company, table.c.id.in_(ids), table.c.lease_until >= work.at)
        .order_by(table.c.planned_at, table.c.id)
        .with_for_update()
    ).all()
    if {(row.id, row.fence, row.state) for row in held} != {(member.id, member.fence, member.state) for member in members}:
        return ()
    body = [codec.write_to_json(member.write) | {"marker": member.marker} for member in members]
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


def settle(work: Work, held: StoredEffect, state: EffectState, outcome: Outcome, *, next_at: datetime | None = None) -> bool:
    """Ends our hold on an effect with what is now known. False when another worker holds the lease: nothing is written."""
    work.only_for(held.company)
    if state is not held.state and state not in STEPS[held.state]:
        raise AssertionError(f"an effect cannot go from {held.state} to {state}")
    table = schema.effect
    values: dict[str, object] = {
        "state": state,
        "lease_until": None,
        "lease_owner": "",
        "outcome_code": outcome.code,
        "outcome_message": outcome.message,
        "next_at": next_at or work.at,
    }
    if outcome.document_id:
        values |= {"document_id": outcome.document_id, "document_version": outcome.version, "trace": outcome.trace}
    if state in _FINAL:
        values["settled_at"] = work.at
    settled = work.connection.execute(
        sa.update(table)
        .where(_is(held.company, held.id), table.c.fence == held.fence, table.c.state == held.state)
        .values(**values)
    )
    if settled.rowcount != 1:
        return False
    if state is not held.state:
        work.record(
            f"effect.{state}",
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
    return True


_FINAL = (EffectState.DONE, EffectState.REFUSED_STALE, EffectState.FAILED, EffectState.CANCELLED, EffectState.SUPERSEDED)


def end_without_sending(work: Work, held: StoredEffect, state: EffectState, *, why: str) -> bool:
    """Cancels what was never sent, or marks what is gone from the books as superseded."""
    work.only_for(held.company)
    if state not in STEPS[held.state]:
        raise AssertionError(f"an effect cannot go from {held.state} to {state}")
    table = schema.effect
    ended = work.connection.execute(
        sa.update(table)
        .where(_is(held.company, held.id), table.c.state == held.state, table.c.fence == held.fence)
        .values(state=state, outcome_message=why, settled_at=work.at)
    )
    if ended.rowcount != 1:
        return False
    _tell(work, held, state, why=why)
    return True


def _tell(work: Work, effect: StoredEffect, state: EffectState, *, why: str) -> None:
    work.record(
        f"effect.{state}",
        transaction_number=effect.transaction_number,
        body={"effect": effect.id, "kind": effect.kind, "from": effect.state, "why": why},
    )


def by_ids(connection: Connection, company: str, ids: Collection[str]) -> Sequence[StoredEffect]:
    """Effects by id, in the order they were planned."""
    table = schema.effect
    return _load(connection, sa.and_(table.c.company == company, table.c.id.in_(ids)))


def of_payments(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Sequence[StoredEffect]]:
    """Every effect of some payments, in the order they were planned; each payment is a key."""
    table = schema.effect
    found: dict[str, list[StoredEffect]] = {number: [] for number in numbers}
    for effect in _load(connection, sa.and_(table.c.company == company, table.c.transaction_number.in_(numbers))):
        found[effect.transaction_number].append(effect)
    return found


def of_decision(connection: Connection, company: str, decision_id: str) -> Sequence[StoredEffect]:
    """The chain of effects that a decision led to, compensations included."""
    table = schema.effect
    return _load(connection, sa.and_(table.c.company == company, table.c.decision_id == decision_id))


def underway(connection: Connection, company: str) -> Sequence[StoredEffect]:
    """Receipts planned and not yet settled; they reserve what they will take of their invoices.

    Not those that need a person: they were found in the books, which count them already.
    """
    table = schema.effect
    waiting = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)
    return _load(
        connection,
        sa.and_(table.c.company == company, table.c.kind == EffectKind.RECEIPT, table.c.state.in_(waiting)),
    )


def _is(company: str, effect_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(schema.effect.c.company == company, schema.effect.c.id == effect_id)


def _load(connection: Connection, condition: sa.ColumnElement[bool]) -> list[StoredEffect]:
    table = schema.effect
    rows = connection.execute(sa.select(table).where(condition).order_by(table.c.planned_at, table.c.id))
    return [_stored(row._mapping) for row in rows]


def _stored(row: sa.RowMapping) -> StoredEffect:
    values: dict[str, Any] = {name: row[name] for name in StoredEffect.__dataclass_fields__}
    values["kind"] = EffectKind(row["kind"])
    values["state"] = EffectState(row["state"])
    values["write"] = codec.write_from_json(row["kind"], row["write"])
    return StoredEffect(**values)
