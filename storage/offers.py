"""What a card offers: one opaque id for each remedy on the facts it showed, so that a button carries nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from receivables.diagnosis import Remedy
from storage import schema
from storage.engine import Connection
from storage.schema.decisions import NOT_CARRIED_OUT
from storage.work import Work


@dataclass(frozen=True)
class Offer:
    """A remedy offered for a failure on the evidence that was shown. Its id becomes the decision's."""

    company: str
    id: str
    failure_id: str
    evidence_id: str
    remedy: Remedy


def make(work: Work, failure_id: str, evidence_id: str, remedy: Remedy) -> Offer:
    """The offer of this remedy on these facts, made once however often the card is drawn."""
    table, company = schema.offer, work.company
    known = work.connection.execute(
        sa.select(table.c.id).where(
            table.c.company == company,
            table.c.failure_id == failure_id,
            table.c.evidence_id == evidence_id,
            table.c.remedy == remedy,
        )
    ).scalar_one_or_none()
    if known is not None and not _is_over(work.connection, company, known):
        return Offer(company, known, failure_id, evidence_id, remedy)
    made = Offer(company, work.ids.new(), failure_id, evidence_id, remedy)
    if known is not None:
        work.connection.execute(sa.update(table).where(table.c.company == company, table.c.id == known).values(id=made.id))
    else:
        work.connection.execute(sa.insert(table).values(**vars(made), made_at=work.at))
    return made


def _is_over(connection: Connection, company: str, offer_id: str) -> bool:
    """Whether it was pressed and that decision was not carried out; the remedy may then be chosen again, by a new press."""
    table = schema.decision
    ended = table.c.state.in_(NOT_CARRIED_OUT)
    query = sa.select(table.c.id).where(table.c.company == company, table.c.id == offer_id, ended)
    return connection.execute(query).first() is not None


def find(connection: Connection, offer_id: str) -> Offer | None:
    """The offer behind a button, of whatever company; None for a value that we never made."""
    table = schema.offer
    row = connection.execute(sa.select(table).where(table.c.id == offer_id)).one_or_none()
    return None if row is None else Offer(row.company, row.id, row.failure_id, row.evidence_id, row.remedy)
