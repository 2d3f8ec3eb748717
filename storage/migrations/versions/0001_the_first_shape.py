"""The first shape

Revision ID: 0001
Revises: nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema import AUDIT_GUARD_POSTGRESQL, AUDIT_GUARD_SQLITE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 (written by Alembic)
    op.create_table(
        "company",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("books_cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("mirrored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_cause", sa.String(length=40), nullable=True),
        sa.Column("paused_message", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "paused_cause IS NULL OR paused_cause IN ('receipt_already_entered', 'credit_memo_applied', 'invoice_recreated', 'unidentified', 'accepted_unapplied', 'outcome_unknown', 'receipt_doubled', 'receipt_changed', 'receipt_deleted', 'invoice_voided', 'invoice_not_ready', 'period_closed', 'customer_changed', 'customer_inactive', 'account_inactive', 'access_lost', 'throttled', 'books_unavailable', 'currency_mismatch', 'amount_differs', 'duplicate_reference', 'receipt_deposited', 'payment_returned', 'payment_refunded')",
            name=op.f("ck_company_paused_cause_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
    )
    op.create_table(
        "audit",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_audit_seq_from_one")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_audit_company_company")),
        sa.PrimaryKeyConstraint("company", "seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_by_payment", "audit", ["company", "transaction_number", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_audit_head_company_company")),
        sa.PrimaryKeyConstraint("company", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "card",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("subject_kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("team", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("ts", sa.String(length=40), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_seq", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "subject_kind IN ('failure', 'incident', 'escalation', 'digest')", name=op.f("ck_card_subject_kind_known")
        ),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_card_company_company")),
        sa.PrimaryKeyConstraint("company", "subject_kind", "subject", "team", "channel", name=op.f("pk_card")),
    )
    op.create_table(
        "dispatch",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('sending', 'answered', 'unanswered', 'not_sent')", name=op.f("ck_dispatch_state_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_dispatch_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint("company", "key", name=op.f("uq_dispatch_company_key")),
    )
    op.create_table(
        "escalation",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.String(length=80), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'cleared')", name=op.f("ck_escalation_state_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_escalation_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_escalation")),
    )
    op.create_index(
        "uq_escalation_open",
        "escalation",
        ["company"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "incident",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "cause IN ('receipt_already_entered', 'credit_memo_applied', 'invoice_recreated', 'unidentified', 'accepted_unapplied', 'outcome_unknown', 'receipt_doubled', 'receipt_changed', 'receipt_deleted', 'invoice_voided', 'invoice_not_ready', 'period_closed', 'customer_changed', 'customer_inactive', 'account_inactive', 'access_lost', 'throttled', 'books_unavailable', 'currency_mismatch', 'amount_differs', 'duplicate_reference', 'receipt_deposited', 'payment_returned', 'payment_refunded')",
            name=op.f("ck_incident_cause_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_incident_state_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_incident_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_incident")),
    )
    op.create_index(
        "uq_incident_open",
        "incident",
        ["company", "cause", "about"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "intake_file",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payments_done", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_intake_file_company_company")),
        sa.PrimaryKeyConstraint("company", "digest", name=op.f("pk_intake_file")),
    )
    op.create_table(
        "mirror",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("document_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('customer', 'invoice', 'credit_memo', 'receipt')", name=op.f("ck_mirror_kind_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_mirror_company_company")),
        sa.PrimaryKeyConstraint("company", "kind", "document_id", name=op.f("pk_mirror")),
    )
    op.create_index("ix_mirror_by_customer", "mirror", ["company", "kind", "customer_id"], unique=False)
    op.create_index("ix_mirror_by_name", "mirror", ["company", "kind", "name_folded"], unique=False)
    op.create_index("ix_mirror_by_number", "mirror", ["company", "kind", "number"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("subject_kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sendings", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), server_default="", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'sent', 'given_up')", name=op.f("ck_outbox_state_known")),
        sa.CheckConstraint(
            "subject_kind IN ('failure', 'incident', 'escalation', 'digest')", name=op.f("ck_outbox_subject_kind_known")
        ),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_outbox_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "uq_outbox_waiting",
        "outbox",
        ["company", "subject_kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "payment",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("customer", sa.String(length=200), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("bucket", sa.String(length=16), nullable=False),
        sa.Column("excluded_by", sa.String(length=40), nullable=True),
        sa.Column("on_account_minor", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_by", sa.String(length=80), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'excluded') = (excluded_by IS NOT NULL)", name=op.f("ck_payment_excluded_by_a_rule")),
        sa.CheckConstraint(
            "(state = 'received' AND bucket IN ('to_do')) OR (state = 'posting' AND bucket IN ('in_flight', 'unknown')) OR (state = 'posted' AND bucket IN ('in_flight')) OR (state = 'verified' AND bucket IN ('posted')) OR (state = 'failed' AND bucket IN ('waiting_person', 'unknown')) OR (state = 'dismissed' AND bucket IN ('dismissed')) OR (state = 'excluded' AND bucket IN ('excluded'))",
            name=op.f("ck_payment_bucket_fits_state"),
        ),
        sa.CheckConstraint(
            "bucket IN ('to_do', 'in_flight', 'unknown', 'posted', 'waiting_person', 'dismissed', 'excluded')",
            name=op.f("ck_payment_bucket_known"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'posting', 'posted', 'verified', 'failed', 'dismissed', 'excluded')",
            name=op.f("ck_payment_state_known"),
        ),
        sa.CheckConstraint("status IN ('paid', 'returned', 'refunded')", name=op.f("ck_payment_status_known")),
        sa.CheckConstraint("(hidden_by IS NULL) = (hidden_at IS NULL)", name=op.f("ck_payment_hidden_whole")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_amount_minor_in_range")),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_payment_currency_is_iso")),
        sa.CheckConstraint("on_account_minor <= amount_minor", name=op.f("ck_payment_on_account_within_amount")),
        sa.CheckConstraint("on_account_minor >= 0", name=op.f("ck_payment_on_account_minor_in_range")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_payment_company_company")),
        sa.PrimaryKeyConstraint("company", "transaction_number", name=op.f("pk_payment")),
    )
    op.create_index("ix_payment_by_state", "payment", ["company", "state", "transaction_number"], unique=False)
    op.create_table(
        "receipt_claim",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("receipt_id", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("claimed_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "claimed_minor >= 0 AND claimed_minor <= amount_minor", name=op.f("ck_receipt_claim_claims_within_receipt")
        ),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_receipt_claim_company_company")),
        sa.PrimaryKeyConstraint("company", "receipt_id", name=op.f("pk_receipt_claim")),
    )
    op.create_table(
        "run",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_run_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_run")),
    )
    op.create_index("ix_run_by_time", "run", ["company", "started_at"], unique=False)
    op.create_table(
        "allocation",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("invoice_number", sa.String(length=64), nullable=False),
        sa.Column("invoice_id", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("invoice_number <> '' OR invoice_id <> ''", name=op.f("ck_allocation_names_an_invoice")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_allocation_amount_minor_in_range")),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_allocation_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "transaction_number", "line", name=op.f("pk_allocation")),
    )
    op.create_index("ix_allocation_by_invoice_number", "allocation", ["company", "invoice_number"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["company", "run_id"], ["run.company", "run.id"], name=op.f("fk_attempt_company_run_id_run")),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_attempt_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_by_payment", "attempt", ["company", "transaction_number", "at"], unique=False)
    op.create_index("ix_attempt_by_run", "attempt", ["company", "run_id"], unique=False)
    op.create_index("ix_attempt_by_time", "attempt", ["company", "at"], unique=False)
    op.create_index(
        "uq_attempt_first",
        "attempt",
        ["company", "transaction_number"],
        unique=True,
        sqlite_where=sa.text("first"),
        postgresql_where=sa.text("first"),
    )
    op.create_table(
        "failure",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("remedy", sa.String(length=30), nullable=True),
        sa.Column("confidence", sa.String(length=14), nullable=True),
        sa.Column("diagnosis", sa.JSON(), nullable=True),
        sa.Column("opened_because", sa.Text(), nullable=False),
        sa.Column("refusal_code", sa.Text(), server_default="", nullable=False),
        sa.Column("refusal_message", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence_id", sa.String(length=26), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.String(length=20), nullable=True),
        sa.Column("resolved_by", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.String(length=26), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolved_at IS NOT NULL AND resolution IS NOT NULL)", name=op.f("ck_failure_resolved_whole")
        ),
        sa.CheckConstraint("about IN ('payment', 'intake')", name=op.f("ck_failure_about_known")),
        sa.CheckConstraint(
            "cause IS NULL OR cause IN ('receipt_already_entered', 'credit_memo_applied', 'invoice_recreated', 'unidentified', 'accepted_unapplied', 'outcome_unknown', 'receipt_doubled', 'receipt_changed', 'receipt_deleted', 'invoice_voided', 'invoice_not_ready', 'period_closed', 'customer_changed', 'customer_inactive', 'account_inactive', 'access_lost', 'throttled', 'books_unavailable', 'currency_mismatch', 'amount_differs', 'duplicate_reference', 'receipt_deposited', 'payment_returned', 'payment_refunded')",
            name=op.f("ck_failure_cause_known"),
        ),
        sa.CheckConstraint(
            "confidence IS NULL OR confidence IN ('certain', 'likely', 'unidentified')", name=op.f("ck_failure_confidence_known")
        ),
        sa.CheckConstraint(
            "remedy IS NULL OR remedy IN ('unapply_credit_memo', 'recreate_receipt', 'dismiss', 'apply_receipt', 'keep_on_account', 'retry', 'wait', 'reconnect', 'escalate')",
            name=op.f("ck_failure_remedy_known"),
        ),
        sa.CheckConstraint(
            "resolution IS NULL OR resolution IN ('put_right', 'carried_out', 'dismissed', 'retried', 'landed', 'excluded')",
            name=op.f("ck_failure_resolution_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_failure_state_known")),
        sa.ForeignKeyConstraint(
            ["company", "incident_id"], ["incident.company", "incident.id"], name=op.f("fk_failure_company_incident_id_incident")
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_failure_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_failure")),
    )
    op.create_index("ix_failure_by_payment", "failure", ["company", "transaction_number", "id"], unique=False)
    op.create_index("ix_failure_by_state", "failure", ["company", "state", "id"], unique=False)
    op.create_index(
        "uq_failure_open",
        "failure",
        ["company", "transaction_number", "about"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "evidence",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("failure_id", sa.String(length=26), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts_hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company", "failure_id"], ["failure.company", "failure.id"], name=op.f("fk_evidence_company_failure_id_failure")
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_by_failure", "evidence", ["company", "failure_id", "taken_at"], unique=False)
    op.create_table(
        "decision",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("failure_id", sa.String(length=26), nullable=True),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("remedy", sa.String(length=30), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=80), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("os_account", sa.String(length=80), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("evidence_id", sa.String(length=26), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('cli', 'slack', 'policy')", name=op.f("ck_decision_channel_known")),
        sa.CheckConstraint(
            "remedy IN ('unapply_credit_memo', 'recreate_receipt', 'dismiss', 'apply_receipt', 'keep_on_account', 'retry', 'wait', 'reconnect', 'escalate')",
            name=op.f("ck_decision_remedy_known"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting_approval', 'accepted', 'carrying_out', 'done', 'refused', 'stale', 'failed')",
            name=op.f("ck_decision_state_known"),
        ),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_decision_approved_whole")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_decision_amount_minor_in_range")),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name=op.f("ck_decision_two_different_people")),
        sa.ForeignKeyConstraint(
            ["company", "evidence_id"], ["evidence.company", "evidence.id"], name=op.f("fk_decision_company_evidence_id_evidence")
        ),
        sa.ForeignKeyConstraint(
            ["company", "failure_id"], ["failure.company", "failure.id"], name=op.f("fk_decision_company_failure_id_failure")
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_decision_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_by_failure", "decision", ["company", "failure_id"], unique=False)
    op.create_index("ix_decision_by_payment", "decision", ["company", "transaction_number"], unique=False)
    op.create_index("ix_decision_by_state", "decision", ["company", "state"], unique=False)
    op.create_index(
        "uq_decision_live",
        "decision",
        ["company", "failure_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting_approval', 'accepted', 'carrying_out') AND failure_id IS NOT NULL"),
        postgresql_where=sa.text("state IN ('waiting_approval', 'accepted', 'carrying_out') AND failure_id IS NOT NULL"),
    )
    op.create_table(
        "diagnosis",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("failure_id", sa.String(length=26), nullable=False),
        sa.Column("evidence_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.CheckConstraint("state IN ('started', 'done', 'crashed')", name=op.f("ck_diagnosis_state_known")),
        sa.ForeignKeyConstraint(
            ["company", "evidence_id"],
            ["evidence.company", "evidence.id"],
            name=op.f("fk_diagnosis_company_evidence_id_evidence"),
        ),
        sa.ForeignKeyConstraint(
            ["company", "failure_id"], ["failure.company", "failure.id"], name=op.f("fk_diagnosis_company_failure_id_failure")
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_diagnosis")),
    )
    op.create_index("ix_diagnosis_by_evidence", "diagnosis", ["company", "evidence_id"], unique=False)
    op.create_index("ix_diagnosis_by_state", "diagnosis", ["company", "state"], unique=False)
    op.create_table(
        "offer",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("failure_id", sa.String(length=26), nullable=False),
        sa.Column("evidence_id", sa.String(length=26), nullable=False),
        sa.Column("remedy", sa.String(length=30), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "remedy IN ('unapply_credit_memo', 'recreate_receipt', 'dismiss', 'apply_receipt', 'keep_on_account', 'retry', 'wait', 'reconnect', 'escalate')",
            name=op.f("ck_offer_remedy_known"),
        ),
        sa.ForeignKeyConstraint(
            ["company", "evidence_id"], ["evidence.company", "evidence.id"], name=op.f("fk_offer_company_evidence_id_evidence")
        ),
        sa.ForeignKeyConstraint(
            ["company", "failure_id"], ["failure.company", "failure.id"], name=op.f("fk_offer_company_failure_id_failure")
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_offer")),
        sa.UniqueConstraint(
            "company", "failure_id", "evidence_id", "remedy", name=op.f("uq_offer_company_failure_id_evidence_id_remedy")
        ),
    )
    op.create_index("ix_offer_by_id", "offer", ["id"], unique=False)
    op.create_table(
        "binding",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bound_by", sa.String(length=80), nullable=False),
        sa.Column("decision_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"], ["decision.company", "decision.id"], name=op.f("fk_binding_company_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number", "line"],
            ["allocation.company", "allocation.transaction_number", "allocation.line"],
            name=op.f("fk_binding_company_transaction_number_line_allocation"),
        ),
        sa.PrimaryKeyConstraint("company", "transaction_number", "line", "version", name=op.f("pk_binding")),
    )
    op.create_index("ix_binding_by_invoice", "binding", ["company", "invoice_id"], unique=False)
    op.create_table(
        "effect",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("marker", sa.String(length=40), nullable=False),
        sa.Column("write", sa.JSON(), nullable=False),
        sa.Column("write_hash", sa.String(length=64), nullable=False),
        sa.Column("expects", sa.JSON(), nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=False),
        sa.Column("facts_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=14), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), server_default="", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sendings", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_id", sa.String(length=26), nullable=True),
        sa.Column("compensates_id", sa.String(length=26), nullable=True),
        sa.Column("decision_id", sa.String(length=26), nullable=True),
        sa.Column("dispatch_id", sa.String(length=26), nullable=True),
        sa.Column("document_id", sa.String(length=64), nullable=True),
        sa.Column("document_version", sa.String(length=64), nullable=True),
        sa.Column("outcome_code", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome_message", sa.Text(), server_default="", nullable=False),
        sa.Column("trace", sa.Text(), server_default="", nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('receipt', 'unapply_credit', 'apply_credit', 'apply_receipt')", name=op.f("ck_effect_kind_known")
        ),
        sa.CheckConstraint("state <> 'done' OR document_id IS NOT NULL", name=op.f("ck_effect_done_names_its_document")),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'done', 'refused_stale', 'failed', 'unknown', 'needs_person', 'cancelled', 'superseded')",
            name=op.f("ck_effect_state_known"),
        ),
        sa.CheckConstraint(
            "part >= 1 AND generation >= 0 AND fence >= 0 AND sendings >= 0", name=op.f("ck_effect_counts_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["company", "after_id"], ["effect.company", "effect.id"], name=op.f("fk_effect_company_after_id_effect")
        ),
        sa.ForeignKeyConstraint(
            ["company", "compensates_id"], ["effect.company", "effect.id"], name=op.f("fk_effect_company_compensates_id_effect")
        ),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"], ["decision.company", "decision.id"], name=op.f("fk_effect_company_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["company", "dispatch_id"], ["dispatch.company", "dispatch.id"], name=op.f("fk_effect_company_dispatch_id_dispatch")
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_effect_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_effect")),
        sa.UniqueConstraint("company", "key", name=op.f("uq_effect_company_key")),
    )
    op.create_index("ix_effect_by_decision", "effect", ["company", "decision_id"], unique=False)
    op.create_index("ix_effect_by_payment", "effect", ["company", "transaction_number"], unique=False)
    op.create_index("ix_effect_by_state", "effect", ["company", "state", "next_at"], unique=False)
    op.create_index(
        "uq_effect_live_receipt",
        "effect",
        ["company", "transaction_number", "part"],
        unique=True,
        sqlite_where=sa.text("kind = 'receipt' AND state IN ('planned', 'sending', 'unknown', 'needs_person', 'done')"),
        postgresql_where=sa.text("kind = 'receipt' AND state IN ('planned', 'sending', 'unknown', 'needs_person', 'done')"),
    )
    op.create_table(
        "proof",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("decision_id", sa.String(length=26), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("receipt_id", sa.String(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_proof_amount_minor_in_range")),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"], ["decision.company", "decision.id"], name=op.f("fk_proof_company_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["company", "receipt_id"],
            ["receipt_claim.company", "receipt_claim.receipt_id"],
            name=op.f("fk_proof_company_receipt_id_receipt_claim"),
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_proof_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_proof")),
    )
    op.create_index("ix_proof_by_payment", "proof", ["company", "transaction_number"], unique=False)
    for statement in AUDIT_GUARD_SQLITE if op.get_bind().dialect.name == "sqlite" else AUDIT_GUARD_POSTGRESQL:
        op.execute(statement)
