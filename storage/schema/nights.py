"""The table of nights: whether each was proven, what was found, and what of it was new."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, String, Table, Text

from storage.schema.columns import Moment, company_column, id_column, metadata, one_of, refers_to

night = Table(
    "night",
    metadata,
    company_column(),
    id_column(),
    Column("due_at", Moment, nullable=False),  # names the night
    Column("state", String(10), nullable=False),  # trying, missed: told as a night without proof, or proven
    Column("last_proven_at", Moment),  # before this night
    Column("proven_at", Moment),
    Column("problem", Text, nullable=False, server_default=""),  # why the last try did not end
    Column("counts", sa.JSON, nullable=False),
    Column("found", sa.JSON, nullable=False),  # every discrepancy
    Column("news", sa.JSON, nullable=False),  # those that the night before did not have
    refers_to("company", "company", key=("id",)),
    one_of("state", ("trying", "missed", "proven")),
    CheckConstraint("(state = 'proven') = (proven_at IS NOT NULL)", name="proven_whole"),
)
Index("uq_night", night.c.company, night.c.due_at, unique=True)
