"""Tables of what went wrong, what was read about it, and what the rules said: failures, evidence, incidents."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text

from receivables.diagnosis import Cause, Confidence, Remedy
from storage.schema.columns import PAYMENT_KEY, Moment, Word, company_column, id_column, metadata, one_of, refers_to

incident = Table(
    "incident",
    metadata,
    company_column(),
    id_column(),
    Column("cause", Word(Cause, 40), nullable=False),
    Column("about", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("taken_by", String(80)),
    Column("bulk_remedy", Word(Remedy, 30)),  # what a person chose for all of it ...
    Column("bulk_by", String(80)),
    Column("bulk_at", Moment),
    refers_to("company", "company", key=("id",)),
    one_of("state", ("open", "closed")),
)
Index("uq_incident_open", incident.c.company, incident.c.cause, incident.c.about, unique=True,
      sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip

failure = Table(
    "failure",
    metadata,
    company_column(),
    id_column(),
    Column("transaction_number", String(64), nullable=False),
    Column("about", String(10), nullable=False),  # the payment itself, or what the feed says of it later
    Column("state", String(10), nullable=False),
    Column("cause", Word(Cause, 40)),
    Column("remedy", Word(Remedy, 30)),
    Column("confidence", String(14)),
    Column("diagnosis", sa.JSON),
    Column("opened_because", Text, nullable=False),
    Column("refusal_code", Text, nullable=False, server_default=""),
    Column("refusal_message", Text, nullable=False, server_default=""),
    Column("evidence_id", String(26)),
    Column("unread_since", Moment),  # what is shown is older: since then the books could not be read to the end
    Column("held", sa.Boolean, nullable=False),  # posts nothing by itself, even when it fits again
    Column("opened_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("resolution", String(20)),
    Column("resolved_by", Text, nullable=False, server_default=""),
    Column("incident_id", String(26)),
    Column("root", Text, nullable=False, server_default=""),  # what it has in common with others: "cause about"
    Column("version", Integer, nullable=False),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("incident", "company", "incident_id"),
    one_of("about", ("payment", "intake", "correction")),
    one_of("state", ("open", "resolved")),
    one_of("confidence", Confidence, optional=True),
    one_of("resolution", ("put_right", "carried_out", "dismissed", "retried", "landed", "excluded"), optional=True),
    CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL AND resolution IS NOT NULL)", name="resolved_whole"),
)
Index("uq_failure_open", failure.c.company, failure.c.transaction_number, failure.c.about, unique=True,
      sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip
Index("ix_failure_open", failure.c.company, failure.c.opened_at, failure.c.transaction_number, failure.c.about,
      failure.c.id, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip
Index("ix_failure_resolved", failure.c.company, failure.c.opened_at, failure.c.transaction_number, failure.c.about,
      failure.c.id, sqlite_where=sa.text("state = 'resolved'"), postgresql_where=sa.text("state = 'resolved'"))  # fmt: skip
Index("ix_failure_by_state", failure.c.company, failure.c.state, failure.c.id)
Index("ix_failure_by_root", failure.c.company, failure.c.state, failure.c.root)
Index("ix_failure_by_incident", failure.c.company, failure.c.incident_id, failure.c.id)
Index("ix_failure_by_payment", failure.c.company, failure.c.transaction_number, failure.c.id)

evidence = Table(
    "evidence",
    metadata,
    company_column(),
    id_column(),
    Column("failure_id", String(26), nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("facts_hash", String(64), nullable=False),  # of everything but the moment it was taken
    Column("body", sa.JSON, nullable=False),
    refers_to("failure", "company", "failure_id"),
)
Index("ix_evidence_by_failure", evidence.c.company, evidence.c.failure_id, evidence.c.taken_at)

diagnosis = Table(
    "diagnosis",
    metadata,
    company_column(),
    id_column(),
    Column("failure_id", String(26), nullable=False),
    Column("evidence_id", String(26), nullable=False),
    Column("state", String(10), nullable=False),  # 'started' is committed before the engine runs
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("body", sa.JSON),
    refers_to("failure", "company", "failure_id"),
    refers_to("evidence", "company", "evidence_id"),
    one_of("state", ("started", "done", "crashed")),
)
Index("ix_diagnosis_by_state", diagnosis.c.company, diagnosis.c.state)
Index("ix_diagnosis_by_evidence", diagnosis.c.company, diagnosis.c.evidence_id)

#: How far the last look at a company's open failures went, where they are many: `storage.looks`.
look = Table(
    "look",
    metadata,
    company_column(),
    Column("at", Moment, nullable=False),
    Column("seq", Integer, nullable=False),  # of the record, when the look began
    Column("rests_on", String(64), nullable=False),  # identifies what held for all of them
    Column("after", String(26), nullable=False),  # the last one read by turns
    refers_to("company", "company", key=("id",)),
)

escalation = Table(
    "escalation",
    metadata,
    company_column(),
    id_column(),
    Column("state", String(10), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("cleared_at", Moment),
    Column("taken_by", String(80)),
    Column("figures", sa.JSON, nullable=False),
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("reminded_at", Moment),
    refers_to("company", "company", key=("id",)),
    one_of("state", ("open", "cleared")),
)
Index("uq_escalation_open", escalation.c.company, unique=True,
      sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip
