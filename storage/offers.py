"""What a card offers: one opaque id for each remedy on the facts it showed, so that a button carries nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from receivables.diagnosis import Remedy
from receivables.ports import Ids
from storage import schema
from storage.engine import Connection


@dataclass(frozen=True)
class Offer:
    """A remedy offered for a failure on the evidence that was shown. Its id becomes the decision's."""

    company: str
    id: str
    failure_id: str
    evidence_id: str
    remedy: Remedy


def make(
    connection: Connection, ids: Ids, company: str, failure_id: str, evidence_id: str, remedy: Remedy, at: datetime
) -> Offer:
    """The offer of this remedy on these facts, made once however often the card is drawn."""
    table = schema.offer
    row = connection.execute(
        sa.select(table.c.id).where(
            table.c.company == company,
            table.c.failure_id == failure_id,
            table.c.evidence_id == evidence_id,
            table.c.remedy == remedy,
        )
    ).one_or_none()
    if row is not None and not _came_to_nothing(connection, company, row.id):
        return Offer(company, row.id, failure_id, evidence_id, remedy)
    offer_id = ids.new()
    if row is not None:
        connection.execute(sa.update(table).where(table.c.company == company, table.c.id == row.id).values(id=offer_id))
        return Offer(company, offer_id, failure_id, evidence_id, remedy)
    connection.execute(
        sa.insert(table).values(
            company=company, id=offer_id, failure_id=failure_id, evidence_id=evidence_id, remedy=remedy, made_at=at
        )
    )
    return Offer(company, offer_id, failure_id, evidence_id, remedy)


def _came_to_nothing(connection: Connection, company: str, offer_id: str) -> bool:
    """Whether it was pressed and that decision is over; the same remedy may then be chosen again, by a press of its own."""
    table = schema.decision
    return (
        connection.execute(
            sa.select(table.c.id).where(
                table.c.company == company, table.c.id == offer_id, table.c.state.in_(("refused", "failed", "stale"))
            )
        ).first()
        is not None
    )


def find(connection: Connection, offer_id: str) -> Offer | None:
    """The offer behind a button, of whatever company; None for a value that we never made."""
    table = schema.offer
    row = connection.execute(sa.select(table).where(table.c.id == offer_id)).one_or_none()
    return None if row is None else Offer(row.company, row.id, row.failure_id, row.evidence_id, Remedy(row.remedy))
