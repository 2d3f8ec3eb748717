"""Effects as rows: planned, claimed by one process at a time, and settled by nobody but the worker that holds the lease."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.books_records import Receipt, ReceiptLine, by_invoice
from receivables.effects import (
    IN_FLIGHT,
    LIVE_STATES,
    OF_PARTS,
    OPEN_STATES,
    STEPS,
    ApplyReceipt,
    EffectKind,
    EffectState,
    Facts,
    Order,
    Write,
)
from storage import codec, schema
from storage.given import is_given
from storage.work import Work


@dataclass(frozen=True)
class ReadBack:
    """A receipt of ours as the books held it when it was last found to be as meant."""

    deposit_account: str
    lines: Mapping[str, int]  # by invoice id, in minor units


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
    state: EffectState = EffectState.PLANNED  # or unknown: the books may hold it already, and are asked first

    body: Any = field(init=False, repr=False)  # the write as it is stored and put on record, made before any transaction begins
    body_hash: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", codec.write_to_json(self.write))
        object.__setattr__(self, "body_hash", codec.hash_of(self.body))


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
    read_back: ReadBack | None = None

    @property
    def deposit_account(self) -> str:
        """The account of its receipt, as the books called it when it was read back; "" before that."""
        return self.read_back.deposit_account if self.read_back else ""

    def order(self, versions: Mapping[str, str]) -> Order:
        return Order(self.id, self.key, self.marker, self.write, versions)


def plan_many(work: Work, planned: Sequence[PlannedEffect]) -> None:
    """Commits the intents. Raises IntegrityError when a part already has a live receipt effect."""
    if not planned:
        return
    rows = []
    for effect in planned:
        work.only_for(effect.company)
        rows.append(
            {
                "company": effect.company,
                "id": effect.id,
                "transaction_number": effect.transaction_number,
                "kind": effect.write.kind,
                "part": effect.part,
                "generation": effect.generation,
                "key": effect.key,
                "marker": effect.marker,
                "write": effect.body,
                "write_hash": effect.body_hash,
                "expects": dict(effect.expects),
                "attended": effect.attended,
                "facts_read_at": effect.facts_read_at,
                "state": effect.state,
                "fence": 0,
                "sendings": 0,
                "next_at": work.at,
                "after_id": effect.after_id,
                "compensates_id": effect.compensates_id,
                "decision_id": effect.decision_id,
                "planned_at": work.at,
            }
        )
        work.record(
            "effect.planned",
            transaction_number=effect.transaction_number,
            body={
                "effect": effect.id,
                "kind": effect.write.kind,
                "part": effect.part,
                "generation": effect.generation,
                "key": effect.key,
                "marker": effect.marker,
                "write": effect.body,
                "decision": effect.decision_id,
                "after": effect.after_id,
                "compensates": effect.compensates_id,
            },
        )
    work.connection.execute(_PLAN, rows)


_PLAN = sa.insert(schema.effect)


def plan(work: Work, planned: PlannedEffect) -> None:
    """The same for one intent."""
    plan_many(work, [planned])


def end_without_sending(work: Work, held: StoredEffect, state: EffectState, *, why: str) -> bool:
    """Cancels what was never sent, or marks what is gone from the books as superseded."""
    work.only_for(held.company)
    if state not in STEPS[held.state] or held.state in IN_FLIGHT:
        raise AssertionError(f"an effect cannot go from {held.state} to {state}")
    table = schema.effect
    ended = work.connection.execute(
        sa.update(table)
        .where(row_of(held.company, held.id), table.c.state == held.state, table.c.fence == held.fence)
        .values(state=state, outcome_message=why, settled_at=work.at)
    )
    if ended.rowcount != 1:
        return False
    record_step(work, held, state, why=why)
    return True


def record_step(work: Work, effect: StoredEffect, state: EffectState, *, why: str) -> None:
    """Tells the auditor of a step that no answer of the books led to."""
    work.record(
        f"effect.{state}",
        transaction_number=effect.transaction_number,
        body={"effect": effect.id, "kind": effect.kind, "from": effect.state, "why": why},
    )


def by_ids(connection: Connection, company: str, ids: Collection[str]) -> Sequence[StoredEffect]:
    """Effects by id, in the order they were planned."""
    table = schema.effect
    return _load(connection, sa.and_(table.c.company == company, table.c.id.in_(ids))) if ids else []


_OF_PAYMENTS = (
    sa.select(schema.effect)
    .where(schema.effect.c.company == sa.bindparam("of_company"))
    .where(is_given(schema.effect.c.transaction_number, "numbers"))
    .order_by(schema.effect.c.planned_at, schema.effect.c.id)
)


_OTHERS = _OF_PAYMENTS.where(sa.not_(is_given(schema.effect.c.id, "but")))


def beside(connection: Connection, company: str, held: Sequence[StoredEffect]) -> Mapping[str, Sequence[StoredEffect]]:
    """Every effect of the payments of these, in the order they were planned: these as they are held, the others as stored."""
    given = {"of_company": company, "numbers": {effect.transaction_number for effect in held}, "but": [of.id for of in held]}
    found = [*held, *(of_row(row._mapping) for row in connection.execute(_OTHERS, given))]
    chains: dict[str, list[StoredEffect]] = {effect.transaction_number: [] for effect in held}
    for effect in sorted(found, key=lambda effect: (effect.planned_at, effect.id)):
        chains[effect.transaction_number].append(effect)
    return chains


def of_payments(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Sequence[StoredEffect]]:
    """Every effect of some payments, in the order they were planned; each payment is a key."""
    found: dict[str, list[StoredEffect]] = {number: [] for number in numbers}
    if not found:
        return found
    for row in connection.execute(_OF_PAYMENTS, {"of_company": company, "numbers": found}):
        found[row.transaction_number].append(of_row(row._mapping))
    return found


def of_decision(connection: Connection, company: str, decision_id: str) -> Sequence[StoredEffect]:
    """The chain of effects that a decision led to, compensations included."""
    table = schema.effect
    return _load(connection, sa.and_(table.c.company == company, table.c.decision_id == decision_id))


def in_flight(connection: Connection, company: str) -> Sequence[StoredEffect]:
    """Every effect of which a sending may be out, whoever sent it, in the order they were planned."""
    table = schema.effect
    out = sa.and_(table.c.company == company, table.c.state.in_(IN_FLIGHT), table.c.dispatch_id.is_not(None))
    return _load(connection, out)


def recorded(chain: Iterable[StoredEffect]) -> list[StoredEffect]:
    """The receipts of a payment that our own record says are in the books."""
    return [effect for effect in chain if effect.kind is EffectKind.RECEIPT and effect.state is EffectState.DONE]


def recorded_ids(chain: Iterable[StoredEffect]) -> set[str]:
    """Their ids in the books."""
    return {effect.document_id for effect in recorded(chain) if effect.document_id}


def live(chain: Iterable[StoredEffect]) -> list[StoredEffect]:
    """The receipts of a payment that are, or may yet be, in the books."""
    return [effect for effect in chain if effect.kind is EffectKind.RECEIPT and effect.state in LIVE_STATES]


def rearranged(chain: Iterable[StoredEffect]) -> dict[str, tuple[ReceiptLine, ...]]:
    """By the id of a receipt, what we put it on after it was recorded."""
    return {
        effect.write.receipt_id: effect.write.lines
        for effect in chain
        if isinstance(effect.write, ApplyReceipt) and effect.state is EffectState.DONE
    }


def take_up(work: Work, found: Mapping[str, Receipt]) -> None:
    """Keeps how receipts of ours stand in the books, by the ids of their effects."""
    table = schema.effect
    rows = [
        {
            "of_company": work.company,
            "of_id": effect_id,
            "read_back": {"deposit_account": receipt.deposit_account, "lines": by_invoice(receipt.lines)},
        }
        for effect_id, receipt in found.items()
    ]
    if rows:
        one_row = sa.and_(table.c.company == sa.bindparam("of_company"), table.c.id == sa.bindparam("of_id"))
        work.connection.execute(sa.update(table).where(one_row), rows)


def adopt(work: Work, effect: StoredEffect, receipt: Receipt) -> StoredEffect:
    """Another receipt with its mark is the one of this effect from now on: the one that we recorded is voided or gone."""
    table = schema.effect
    work.connection.execute(
        sa.update(table)
        .where(row_of(work.company, effect.id))
        .values(document_id=receipt.id, document_version=receipt.version, read_back=None)
    )
    body = {"effect": effect.id, "instead_of": effect.document_id, "document": receipt.id, "receipt": receipt.number}
    work.record("effect.adopted", transaction_number=effect.transaction_number, body=body)
    return replace(effect, document_id=receipt.id, document_version=receipt.version, read_back=None)


def next_generation(chain: Sequence[StoredEffect], at_least: int = 0) -> int | None:
    """The generation, and so key and marker, of what is planned for a payment next; `chain` is all of its effects.

    None while an earlier intent is open: it may have left, or may yet leave, and keeps its key and marker until then.
    """
    if any(_is_open(effect) for effect in chain):
        return None
    return max(at_least, max((effect.generation for effect in chain), default=-1) + 1)


def _is_open(effect: StoredEffect) -> bool:
    if effect.kind in OF_PARTS:
        return effect.state in OPEN_STATES
    return effect.state in (EffectState.SENDING, EffectState.UNKNOWN)


_UNDERWAY = (
    sa.select(schema.effect)
    .where(
        schema.effect.c.company == sa.bindparam("of_company"),
        schema.effect.c.kind == EffectKind.RECEIPT,
        schema.effect.c.state.in_([EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN]),
    )
    .order_by(schema.effect.c.planned_at, schema.effect.c.id)
)
_UNDERWAY_TO = _UNDERWAY.where(
    schema.effect.c.transaction_number.in_(
        sa.select(schema.binding.c.transaction_number).where(
            schema.binding.c.company == sa.bindparam("of_company"),
            is_given(schema.binding.c.invoice_id, "invoices"),
        )
    )
)


def underway(connection: Connection, company: str, invoice_ids: Collection[str] | None = None) -> Sequence[StoredEffect]:
    """Receipts planned and not yet settled, of payments bound to these invoices, or all: they reserve what they will take.

    Not those that need a person: they were found in the books, which count them already.
    """
    if invoice_ids is None:
        rows = connection.execute(_UNDERWAY, {"of_company": company})
    else:
        rows = connection.execute(_UNDERWAY_TO, {"of_company": company, "invoices": sorted(invoice_ids)})
    return [of_row(row._mapping) for row in rows]


def row_of(company: str, effect_id: str) -> sa.ColumnElement[bool]:
    """The condition for one effect's row."""
    return sa.and_(schema.effect.c.company == company, schema.effect.c.id == effect_id)


def _load(connection: Connection, condition: sa.ColumnElement[bool]) -> list[StoredEffect]:
    table = schema.effect
    rows = connection.execute(sa.select(table).where(condition).order_by(table.c.planned_at, table.c.id))
    return [of_row(row._mapping) for row in rows]


def of_row(row: sa.RowMapping) -> StoredEffect:
    """A row of the effects as a value."""
    values = dict(row)
    for name in _NOT_SHOWN:
        del values[name]
    values["write"] = codec.write_from_json(values["kind"], values["write"])
    values["kind"], values["state"] = EffectKind(values["kind"]), EffectState(values["state"])
    values["read_back"] = ReadBack(**values["read_back"]) if values["read_back"] else None
    return StoredEffect(**values)


_NOT_SHOWN = frozenset(schema.effect.c.keys()) - set(StoredEffect.__dataclass_fields__)
