"""The table of what people in Slack started and wait to hear the end of."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from storage.schema.columns import Moment, company_column, metadata, one_of, refers_to

awaited = Table(
    "awaited",
    metadata,
    company_column(),
    Column("what", String(10), primary_key=True),
    Column("subject", String(26), primary_key=True),  # the decision or the incident; "" of a sync
    Column("account", String(40), primary_key=True),  # Slack's id of the person who waits
    Column("channel", String(40), nullable=False),  # where they are told; "" is a direct message
    Column("asked_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    refers_to("company", "company", key=("id",)),
    one_of("what", ("decision", "bulk", "sync")),
)
