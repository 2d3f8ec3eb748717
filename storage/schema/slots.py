"""The table of slots: which job has a company's piece of work, where several machines work."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from storage.schema.columns import Moment, company_column, metadata, refers_to

slot = Table(
    "slot",
    metadata,
    company_column(),
    Column("slot", String(20), primary_key=True),  # the piece of work: finish, sync, prove, search
    Column("turn", Integer, nullable=False),  # how often it was handed out
    Column("job_id", BigInteger),  # Procrastinate's job of the newest turn
    Column("handed_out_at", Moment),
    refers_to("company", "company", key=("id",)),
)
