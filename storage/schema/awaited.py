"""The tables of what people in Slack started and wait to hear the end of."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from storage.schema.columns import Moment, company_column, metadata, one_of, refers_to

awaited = Table(
    "awaited",
    metadata,
    company_column(),
    Column("what", String(10), primary_key=True),
    Column("subject", String(26), primary_key=True),  # the decision, the incident, or what was chosen together; "" of a sync
    Column("account", String(40), primary_key=True),  # Slack's id of the person who waits ...
    Column("place", String(40), primary_key=True),  # ... and of where it is theirs; "" is where the company's channel is
    Column("enterprise", String(40), nullable=False),  # the organization of that workspace, or ""
    Column("channel", String(40), nullable=False),  # where they are told; "" is a direct message
    Column("asked_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    refers_to("company", "company", key=("id",)),
    one_of("what", ("decision", "bulk", "chosen", "sync")),
)

#: The decisions that somebody made together, in one window. One that has no row among the decisions was not recorded.
together = Table(
    "together",
    metadata,
    company_column(),
    Column("subject", String(26), primary_key=True),  # the first of them
    Column("decision_id", String(26), primary_key=True),
    refers_to("company", "company", key=("id",)),
)
