"""The table of mails: what was worth one, once each, and whether the mail server took it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from storage.schema.columns import Moment, company_column, id_column, in_words, metadata, one_of, refers_to

#: A mail that is still to be sent, or whose sending did not end.
UNSENT = ("waiting", "sending")

mail = Table(
    "mail",
    metadata,
    company_column(),
    id_column(),  # also in its Message-ID, by which whoever gets it twice knows it for the same
    Column("kind", String(20), nullable=False),
    Column("about", String(80), nullable=False),  # the escalation, the day, the place and since when: told once
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("wanted_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("sendings", Integer, nullable=False),  # after which nobody knows whether it arrived
    Column("lease_until", Moment),
    Column("sent_at", Moment),
    Column("problem", Text, nullable=False, server_default=""),
    refers_to("company", "company", key=("id",)),
    one_of("state", ("waiting", "sending", "sent")),
)
Index("uq_mail", mail.c.company, mail.c.kind, mail.c.about, unique=True)
_UNSENT = in_words(UNSENT)
Index("ix_mail_unsent", mail.c.next_at, sqlite_where=_UNSENT, postgresql_where=_UNSENT)
