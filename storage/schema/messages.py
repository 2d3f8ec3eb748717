"""Tables of what people are shown: where each card stands, what waits to be sent, and where Slack takes nothing."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, String, Table, Text

from storage.schema.columns import Moment, company_column, id_column, in_words, metadata, one_of, refers_to

_SUBJECTS = ("failure", "incident", "escalation", "digest", "night", "direct", "summary")

#: A message that is still to be sent, or whose sending did not end.
LEAVING = ("waiting", "sending")

card = Table(
    "card",
    metadata,
    company_column(),
    Column("subject_kind", String(12), primary_key=True),
    Column("subject", String(26), primary_key=True),
    Column("team", String(40), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("ts", String(40), nullable=False),
    Column("drawn_at", Moment, nullable=False),
    Column("told_seq", Integer, nullable=False),  # up to which row of the record its thread tells
    Column("looked_at", Moment),  # when it was last seen to be there; NULL was never looked for
    refers_to("company", "company", key=("id",)),
    one_of("subject_kind", _SUBJECTS),
)

outbox = Table(
    "outbox",
    metadata,
    company_column(),
    id_column(),  # also written into the message's metadata, and looked up before a message is ever posted again
    Column("subject_kind", String(12), nullable=False),
    Column("subject", String(26), nullable=False),
    Column("state", String(10), nullable=False),
    Column("wanted_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("sendings", Integer, nullable=False),
    Column("lease_owner", String(80), nullable=False, server_default=""),
    Column("lease_until", Moment),
    Column("sent_at", Moment),
    Column("problem", Text, nullable=False, server_default=""),
    refers_to("company", "company", key=("id",)),
    one_of("subject_kind", _SUBJECTS),
    one_of("state", ("waiting", "sending", "sent", "given_up")),
)
Index("uq_outbox_waiting", outbox.c.company, outbox.c.subject_kind, outbox.c.subject, unique=True,
      sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))  # fmt: skip
_LEAVING = in_words(LEAVING)
Index("ix_outbox_leaving", outbox.c.company, outbox.c.next_at, sqlite_where=_LEAVING, postgresql_where=_LEAVING)

_GIVEN_UP = sa.text("state = 'given_up'")
Index("ix_outbox_given_up", outbox.c.company, outbox.c.subject, sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP)

#: Slack is one for all companies, and a channel may serve several.
slack_trouble = Table(
    "slack_trouble",
    metadata,
    Column("place", String(40), primary_key=True),  # a channel, or a word for what is wrong everywhere
    Column("problem", Text, nullable=False),  # Slack's own word
    Column("since_at", Moment, nullable=False),
    Column("try_at", Moment, nullable=False),
)
