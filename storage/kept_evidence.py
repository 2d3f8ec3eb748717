"""What was read about each failure, as it is kept: only what says something new, and each exactly as it was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.evidence import Evidence
from storage import codec, schema
from storage.failures import StoredFailure
from storage.given import is_given
from storage.work import Work


@dataclass(frozen=True)
class ReadEvidence:
    """What was read about a failure, as it is stored, what identifies its facts, and whether the reading was cut short."""

    found: StoredFailure
    taken_at: datetime
    body: Any
    digest: str
    cut_short: bool

    @classmethod
    def of(cls, found: StoredFailure, evidence: Evidence) -> ReadEvidence:
        body = codec.evidence_to_json(evidence)
        return cls(found, evidence.taken_at, body, codec.stored_facts_hash(body), evidence.cut_short)


_KEPT = (schema.evidence.c.company == sa.bindparam("of_company"), is_given(schema.evidence.c.id, "ids"))
_HASHES = sa.select(schema.evidence.c.id, schema.evidence.c.facts_hash).where(*_KEPT)
_BODIES = sa.select(schema.evidence.c.id, schema.evidence.c.body).where(*_KEPT)
_EVIDENCE = sa.insert(schema.evidence)
_POINT = (
    sa.update(schema.failure)
    .where(schema.failure.c.company == sa.bindparam("of_company"), schema.failure.c.id == sa.bindparam("of_id"))
    .values(evidence_id=sa.bindparam("newest"), changed_at=sa.bindparam("taken_at"), version=schema.failure.c.version + 1)
)


def hashes(connection: Connection, company: str, ids: Collection[str]) -> Mapping[str, str]:
    """What identifies the facts of stored evidence, by its id."""
    asked = {"of_company": company, "ids": list(ids)}
    return {row.id: row.facts_hash for row in connection.execute(_HASHES, asked)} if ids else {}


def store(work: Work, read: Sequence[ReadEvidence]) -> int:
    """Keeps evidence that says something new, and points each failure at its own. Returns how many have something new."""
    known = hashes(work.connection, work.company, {of.found.evidence_id for of in read if of.found.evidence_id})
    rows, points = [], []
    for of in read:
        work.only_for(of.found.company)
        if of.found.evidence_id is not None and known.get(of.found.evidence_id) == of.digest:
            continue
        row = {"company": work.company, "id": work.ids.new(), "failure_id": of.found.id, "taken_at": of.taken_at}
        rows.append(row | {"facts_hash": of.digest, "body": of.body})
        points.append({"of_company": work.company, "of_id": of.found.id, "newest": row["id"], "taken_at": of.taken_at})
    if rows:
        work.connection.execute(_EVIDENCE, rows)
        work.connection.execute(_POINT, points)
    return len(rows)


def by_ids(connection: Connection, company: str, ids: Collection[str]) -> Mapping[str, Evidence]:
    """Stored evidence by its id, exactly as it was read."""
    asked = {"of_company": company, "ids": ids}
    return {row.id: codec.evidence_from_json(row.body) for row in connection.execute(_BODIES, asked)}


def get(connection: Connection, company: str, evidence_id: str) -> Evidence:
    """The same of one; it must be there."""
    return by_ids(connection, company, [evidence_id])[evidence_id]


def find(connection: Connection, company: str, evidence_id: str | None) -> Evidence | None:
    """The same, or None where nothing was read."""
    return get(connection, company, evidence_id) if evidence_id else None


def before(connection: Connection, found: StoredFailure, evidence_id: str) -> Evidence | None:
    """What was read about the same failure before that."""
    table = schema.evidence
    taken_at = sa.select(table.c.taken_at).where(table.c.company == found.company, table.c.id == evidence_id).scalar_subquery()
    query = (
        sa.select(table.c.body)
        .where(table.c.company == found.company, table.c.failure_id == found.id, table.c.taken_at < taken_at)
        .order_by(table.c.taken_at.desc())
        .limit(1)
    )
    body = connection.execute(query).scalar_one_or_none()
    return None if body is None else codec.evidence_from_json(body)
