"""Nightly proofs: whose turn it is, whether each night was proven, and what of what was found is new.

A company's turn is a lease: whoever holds it renews it while it walks, and it is over when another process has watched it
unchanged for its whole length. A night is stamped when its proof is done, never before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import outbox, schema
from storage.watch import Watch, lease_end, lease_ended
from storage.work import Work

LEASE_SECONDS = 600.0  # a page of the walk takes seconds; slow books take minutes
KEPT_AT_MOST = 2_000  # discrepancies of one night; whoever has more looks at them on the command line

Found = Mapping[str, Any]  # a discrepancy: transaction, problem, text, receipts


@dataclass(frozen=True)
class StoredNight:
    """One night. `news` are the discrepancies that the last proven night before it did not have."""

    company: str
    id: str
    due_at: datetime
    state: str
    last_proven_at: datetime | None
    proven_at: datetime | None
    problem: str
    counts: Mapping[str, Any]
    found: Sequence[Found]
    news: Sequence[Found]


def last_proven_at(connection: Connection, company: str) -> datetime | None:
    """When the company was last proven; a new one counts from its first night, and has None before."""
    table = schema.company
    return connection.execute(sa.select(table.c.reconciled_at).where(table.c.id == company)).scalar_one_or_none()


def claim(work: Work, watch: Watch, *, owner: str, due: datetime) -> int | None:
    """Takes the company's turn to be proven for this process alone; None where it is not due, or another one has it.

    A company that was never proven counts from now on.
    """
    table, asked = schema.company, watch.moment()
    here = table.c.id == work.company
    work.connection.execute(sa.update(table).where(here, table.c.reconciled_at.is_(None)).values(reconciled_at=work.at))
    row = work.connection.execute(
        sa.select(table.c.proof_turn, lease_ended(work.connection, table.c.proof_until).label("free")).where(
            here, table.c.reconciled_at < due
        )
    ).one_or_none()
    if row is None:
        return None
    thing = ("proof", work.company)
    if not row.free and watch.watched_seconds(thing, row.proof_turn, asked) < LEASE_SECONDS:
        watch.saw(thing, row.proof_turn)
        return None
    return _turn(work, row.proof_turn, proof_owner=owner, proof_until=lease_end(work.connection, work.at, LEASE_SECONDS))


def renew(work: Work, turn: int) -> int | None:
    """Keeps the turn; None where another process has it now."""
    return _turn(work, turn, proof_until=lease_end(work.connection, work.at, LEASE_SECONDS))


def release(work: Work, turn: int) -> None:
    """Gives the turn back."""
    _turn(work, turn, proof_owner="", proof_until=None)


def _turn(work: Work, turn: int, **values: object) -> int | None:
    table = schema.company
    here = (table.c.id == work.company, table.c.proof_turn == turn)
    taken = work.connection.execute(sa.update(table).where(*here).values(proof_turn=turn + 1, **values))
    return turn + 1 if taken.rowcount == 1 else None


# --- what became of a night ----------------------------------------------------------------------------------------------


def tried(work: Work, due: datetime, problem: str) -> None:
    """A proof of this night did not end, and why; it is tried again."""
    _put(work, due, problem=problem)


def missed(work: Work, due: datetime, problem: str = "") -> bool:
    """Tells people, once, that this night has no proof. False where that was told, or the night was proven after all."""
    known = of(work.connection, work.company, due)
    if known is not None and known.state != "trying":
        return False
    night_id = _put(work, due, state="missed", **({"problem": problem} if problem else {}))
    work.record("company.not_proven", body={"night": due.isoformat(), "problem": problem or (known.problem if known else "")})
    outbox.want(work, "night", night_id)
    return True


def proven(work: Work, due: datetime, counts: Mapping[str, Any], found: Sequence[Found]) -> Sequence[Found]:
    """The night was proven. Returns what is new or worse than at the last proven night; people are told of nothing else."""
    known, before = of(work.connection, work.company, due), _last_proven(work.connection, work.company, due)
    seen = {_key(discrepancy) for discrepancy in before.found} if before else set()
    news = [discrepancy for discrepancy in found if _key(discrepancy) not in seen]
    kept = {"found": list(found[:KEPT_AT_MOST]), "news": news[:KEPT_AT_MOST]}
    night_id = _put(work, due, state="proven", proven_at=work.at, problem="", counts=dict(counts), **kept)
    reopened = counts.get("reopened") and not (before and before.counts.get("reopened"))
    if news or reopened or (known is not None and known.state == "missed"):
        outbox.want(work, "night", night_id)
    return news


def _key(discrepancy: Found) -> tuple[str, str, tuple[str, ...]]:
    """One is the same as long as it is about the same receipts; with one more it is worse."""
    return discrepancy["transaction"], discrepancy["problem"], tuple(discrepancy["receipts"])


def of(connection: Connection, company: str, due: datetime) -> StoredNight | None:
    """What is known of a night."""
    return _one(connection, schema.night.c.company == company, schema.night.c.due_at == due)


def get(connection: Connection, company: str, night_id: str) -> StoredNight:
    """A night by its id."""
    found = _one(connection, schema.night.c.company == company, schema.night.c.id == night_id)
    if found is None:
        raise AssertionError(f"there is no night {night_id}")
    return found


def _last_proven(connection: Connection, company: str, before: datetime) -> StoredNight | None:
    table = schema.night
    return _one(connection, table.c.company == company, table.c.due_at < before, table.c.state == "proven")


def _one(connection: Connection, *where: sa.ColumnElement[bool]) -> StoredNight | None:
    table = schema.night
    row = connection.execute(sa.select(table).where(*where).order_by(table.c.due_at.desc()).limit(1)).one_or_none()
    return None if row is None else StoredNight(**row._mapping)


def _put(work: Work, due: datetime, **values: object) -> str:
    table = schema.night
    known = of(work.connection, work.company, due)
    if known is not None:
        here = sa.and_(table.c.company == work.company, table.c.id == known.id)
        work.connection.execute(sa.update(table).where(here).values(**values))
        return known.id
    last = last_proven_at(work.connection, work.company)
    new = {"state": "trying", "counts": {}, "found": [], "news": [], "last_proven_at": last} | values
    night_id = work.ids.new()
    work.connection.execute(sa.insert(table).values(company=work.company, id=night_id, due_at=due, **new))
    return night_id
