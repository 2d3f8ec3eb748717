"""Tables of the record: chained, only ever added to; the database itself refuses anything else."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text

from storage.schema.columns import Moment, company_column, metadata, refers_to

audit_head = Table(
    "audit_head",
    metadata,
    company_column(),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    refers_to("company", "company", key=("id",)),
)

audit = Table(
    "audit",
    metadata,
    company_column(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(60), nullable=False),
    Column("transaction_number", String(64)),
    Column("body", Text, nullable=False),  # canonical JSON, exactly as hashed
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    refers_to("company", "company", key=("id",)),
    CheckConstraint("seq >= 1", name="seq_from_one"),
)
Index("ix_audit_by_payment", audit.c.company, audit.c.transaction_number, audit.c.seq)

#: The record is only ever added to; the database itself refuses anything else.
AUDIT_GUARD_SQLITE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END",
)
AUDIT_GUARD_POSTGRESQL = (
    "CREATE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'audit rows are never changed or deleted'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_final()",
)
