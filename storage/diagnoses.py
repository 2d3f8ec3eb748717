"""Diagnoses of failures: each is remembered before the rules engine runs, and kept when it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Diagnosis
from storage import codec, failures, outbox, schema
from storage.failures import StoredFailure
from storage.work import Work


@dataclass(frozen=True)
class Begun:
    """A diagnosis that began, and the failure that it is about."""

    id: str
    failure_id: str


def wanted(connection: Connection, company: str, *, limit: int) -> Sequence[StoredFailure]:
    """Open failures whose newest evidence no diagnosis was ever begun for."""
    table, begun = schema.failure, schema.diagnosis
    condition = sa.and_(
        table.c.company == company,
        schema.is_in(table.c.state, "open"),
        table.c.about == "payment",
        table.c.evidence_id.is_not(None),
        ~sa.exists().where(begun.c.company == table.c.company, begun.c.evidence_id == table.c.evidence_id),
    )
    return failures.select(connection, condition, limit)


def begin(work: Work, found: StoredFailure) -> Begun:
    """Remembers that a diagnosis begins, before the engine runs: evidence that kills the process shows as begun."""
    work.only_for(found.company)
    begun = Begun(work.ids.new(), found.id)
    row = {"company": found.company, "id": begun.id, "failure_id": found.id, "evidence_id": found.evidence_id}
    work.connection.execute(_BEGIN, row | {"state": "started", "started_at": work.at})
    return begun


_BEGIN = sa.insert(schema.diagnosis)
_END = (
    sa.update(schema.diagnosis)
    .where(schema.diagnosis.c.company == sa.bindparam("of_company"), schema.diagnosis.c.id == sa.bindparam("of_id"))
    .values(state=sa.bindparam("ended_as"), finished_at=sa.bindparam("now"), body=sa.bindparam("said"))
)


def begun_before(connection: Connection, company: str, before: datetime) -> Sequence[Begun]:
    """Diagnoses that began before a moment and never ended."""
    table = schema.diagnosis
    rows = connection.execute(
        sa.select(table.c.id, table.c.failure_id).where(
            table.c.company == company, table.c.state == "started", table.c.started_at < before
        )
    )
    return [Begun(row.id, row.failure_id) for row in rows]


def end(work: Work, begun: Begun, diagnosis: Diagnosis, *, sentence: str = "", root: str = "", crashed: bool = False) -> None:
    """Keeps a diagnosis and shows it on the failure, unless it was resolved meanwhile.

    `sentence` is what the record says of it; `root` is what the failure has in common with others, "" where it stands alone.
    """
    ended: dict[str, object] = {"of_company": work.company, "of_id": begun.id, "now": work.at}
    said = {"ended_as": "crashed" if crashed else "done", "said": codec.diagnosis_to_json(diagnosis)}
    work.connection.execute(_END, ended | said)
    number = failures.show(work, begun.failure_id, diagnosis, root)
    if number is None:
        return
    work.acting_as("rules").record(
        "failure.diagnosed",
        transaction_number=number,
        body={
            "failure": begun.failure_id,
            "diagnosis": begun.id,
            "cause": diagnosis.primary.cause,
            "remedy": diagnosis.primary.remedy,
            "confidence": diagnosis.primary.confidence,
            "sentence": sentence,
        },
    )
    outbox.want(work, "failure", begun.failure_id)
