"""Tables of who takes care of a failure, and of what single people are told directly."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text

from receivables.diagnosis import Cause
from storage.schema.columns import Moment, Word, company_column, id_column, metadata, one_of, refers_to

care = Table(
    "care",
    metadata,
    company_column(),
    Column("failure_id", String(26), primary_key=True),
    Column("assignee", String(80)),
    Column("assigned_by", String(80)),
    Column("assigned_at", Moment),
    Column("snoozed_until", Moment),  # listed apart until then ...
    Column("snoozed_by", String(80)),
    Column("snoozed_cause", Word(Cause, 40)),  # ... or until it fails for another reason
    refers_to("failure", "company", "failure_id"),
    CheckConstraint("(snoozed_until IS NULL) = (snoozed_by IS NULL)", name="snoozed_whole"),
)
_SNOOZED, _ASSIGNED = sa.text("snoozed_until IS NOT NULL"), sa.text("assignee IS NOT NULL")
Index("ix_care_snoozed", care.c.company, care.c.snoozed_until, sqlite_where=_SNOOZED, postgresql_where=_SNOOZED)
Index("ix_care_assignee", care.c.company, care.c.assignee, sqlite_where=_ASSIGNED, postgresql_where=_ASSIGNED)

#: A direct message. What it says is drawn from the failure and the decision; a reminder is a message of its own.
letter = Table(
    "letter",
    metadata,
    company_column(),
    id_column(),
    Column("kind", String(10), nullable=False),
    Column("failure_id", String(26), nullable=False),
    Column("decision_id", String(26)),  # of an approval that is asked for
    Column("person", String(80), nullable=False),
    Column("written_by", String(80), nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("reminds_of", String(26)),  # the message that this one reminds of
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("remind_at", Moment),  # NULL: never again
    Column("ended_at", Moment),
    refers_to("failure", "company", "failure_id"),
    refers_to("decision", "company", "decision_id"),
    one_of("kind", ("approval", "assigned", "back", "month")),
    CheckConstraint("(kind = 'approval') = (decision_id IS NOT NULL)", name="approval_whole"),
)
_REMINDED, _OPEN = sa.text("remind_at IS NOT NULL"), sa.text("ended_at IS NULL")
Index("ix_letter_remind", letter.c.company, letter.c.remind_at, sqlite_where=_REMINDED, postgresql_where=_REMINDED)
Index("ix_letter_open", letter.c.company, letter.c.failure_id, sqlite_where=_OPEN, postgresql_where=_OPEN)
