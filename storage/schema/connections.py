"""Tables of what connects a company to the world: its tokens, its calls, and how far its feeds were read."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text

from storage.schema.columns import Moment, company_column, metadata, refers_to

#: Tokens, encrypted. A lease lets one process at a time renew one, with no transaction open while it asks.
token = Table(
    "token",
    metadata,
    company_column(),
    Column("purpose", String(40), primary_key=True),  # the kind of books
    Column("body", Text, nullable=False),  # ciphertext; the company and the purpose are bound inside
    Column("version", Integer, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("lease_owner", String(80), nullable=False, server_default=""),
    Column("lease_until", Moment),
    refers_to("company", "company", key=("id",)),
    CheckConstraint("version >= 1", name="version_from_one"),
)

#: What was reserved of the calls that the books allow, per limit ("minute", "day") and window.
call_budget = Table(
    "call_budget",
    metadata,
    company_column(),
    Column("name", String(20), primary_key=True),
    Column("window_at", Moment, nullable=False),  # when the running window began
    Column("reserved", Integer, nullable=False),
    refers_to("company", "company", key=("id",)),
    CheckConstraint("reserved >= 0", name="reserved_from_zero"),
)

#: How far a feed was read, in the feed's own words.
feed_cursor = Table(
    "feed_cursor",
    metadata,
    company_column(),
    Column("feed", String(40), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("read_at", Moment, nullable=False),
    refers_to("company", "company", key=("id",)),
)

#: Signed messages that were taken already; one that comes again changes nothing.
seen_message = Table(
    "seen_message",
    metadata,
    company_column(),
    Column("feed", String(40), primary_key=True),
    Column("message_id", String(255), primary_key=True),
    Column("received_at", Moment, nullable=False),
    refers_to("company", "company", key=("id",)),
)
Index("ix_seen_message_by_time", seen_message.c.company, seen_message.c.feed, seen_message.c.received_at)

#: Records of a feed that are no payments yet: told of, not complete, or refused with what is wrong with them.
feed_record = Table(
    "feed_record",
    metadata,
    company_column(),
    Column("feed", String(40), primary_key=True),
    Column("record_id", String(255), primary_key=True),
    Column("problem", Text, nullable=False),
    Column("noticed_at", Moment, nullable=False),
    Column("looked_at", Moment),  # NULL was told of since it was read last
    refers_to("company", "company", key=("id",)),
)
