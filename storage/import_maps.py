"""By which map the files of a company are read unless one is named, and what the company stated of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import companies, schema
from storage.work import Work


@dataclass(frozen=True)
class RememberedMap:
    name: str
    answers: Mapping[str, str]


def remembered(connection: Connection, company: str) -> RememberedMap | None:
    """The map of the company's last import that named one."""
    table = schema.import_map
    row = connection.execute(sa.select(table.c.name, table.c.answers).where(table.c.company == company)).one_or_none()
    return None if row is None else RememberedMap(row.name, row.answers)


def remember(work: Work, name: str, answers: Mapping[str, str]) -> None:
    """Reads the company's files by this map from now on; put on record where that is news."""
    companies.ensure(work.connection, work.company)
    before = remembered(work.connection, work.company)
    said = RememberedMap(name, dict(answers))
    if before == said:
        return
    table = schema.import_map
    values = {"name": name, "answers": said.answers, "said_by": work.actor, "said_at": work.at}
    if before is None:
        work.connection.execute(sa.insert(table).values(company=work.company, **values))
    else:
        work.connection.execute(sa.update(table).where(table.c.company == work.company).values(**values))
    work.record("intake.map", body={"map": name, "before": before.name if before else "", **said.answers})
