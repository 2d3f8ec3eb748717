"""What a card offers: one opaque id for each remedy on the facts it showed, so that a button carries nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    return make_many(work, [(failure_id, evidence_id)], remedy)[0]


def make_many(work: Work, shown: Sequence[tuple[str, str]], remedy: Remedy) -> list[Offer]:
    """The same for many (failure, evidence) at once, each once."""
    table, company = schema.offer, work.company
    here = (table.c.company == company, table.c.remedy == remedy)
    rows = work.connection.execute(
        sa.select(table.c.id, table.c.failure_id, table.c.evidence_id).where(
            *here, table.c.failure_id.in_([failure_id for failure_id, _ in shown])
        )
    )
    known = {(row.failure_id, row.evidence_id): row.id for row in rows}
    over = _over(work.connection, company, [known[of] for of in shown if of in known])
    offers = []
    for of in shown:
        id_ = known.get(of, "")
        offers.append(Offer(company, id_ if id_ and id_ not in over else work.ids.new(), *of, remedy))
    fresh = [offer for offer in offers if (offer.failure_id, offer.evidence_id) not in known]
    if fresh:
        work.connection.execute(sa.insert(table), [{**vars(offer), "made_at": work.at} for offer in fresh])
    for offer, of in zip(offers, shown, strict=True):
        if (id_ := known.get(of)) in over:
            work.connection.execute(sa.update(table).where(*here, table.c.id == id_).values(id=offer.id))
    return offers


def _over(connection: Connection, company: str, offer_ids: Collection[str]) -> set[str]:
    """Those that were pressed and whose decision was not carried out; the remedy may then be chosen again, by a new press."""
    table = schema.decision
    ended = table.c.state.in_(NOT_CARRIED_OUT)
    query = sa.select(table.c.id).where(table.c.company == company, table.c.id.in_(offer_ids), ended)
    return set(connection.execute(query).scalars()) if offer_ids else set()


def find(connection: Connection, offer_id: str) -> Offer | None:
    """The offer behind a button, of whatever company; None for a value that we never made."""
    table = schema.offer
    row = connection.execute(sa.select(table).where(table.c.id == offer_id)).one_or_none()
    return None if row is None else Offer(row.company, row.id, row.failure_id, row.evidence_id, row.remedy)
