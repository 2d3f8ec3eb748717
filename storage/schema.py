"""Every table we keep, with the promises that the database itself holds.

Keys begin with the company, so that no row of one company can refer to another's. Money is an integer of
minor units beside its currency. Moments are UTC. States are closed lists, held by CHECKs made from the same
enumerations as the code. At most one live receipt effect exists for each part of a payment (partial unique
index), a payment is always in exactly one bucket, a second person is never the first, and what dismissals
claim on a receipt never exceeds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, MetaData, String, Table, Text

from receivables.diagnosis import Cause, Confidence, Remedy
from receivables.effects import LIVE_STATES, EffectKind, EffectState
from receivables.payment import BUCKETS_OF, Bucket, FeedStatus, PaymentState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; one without a zone, or in another, is a bug and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() != timedelta(0):
            raise ValueError(f"not a moment in UTC: {value!r}")
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def is_in(column: Column[str], state: str) -> sa.ColumnElement[bool]:
    """A condition on a state with the word in the statement itself: SQLite uses a partial index for nothing else."""
    return column == sa.literal(state, literal_execute=True)


def _one_of(column: str, values: Iterable[str], *, optional: bool = False) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    condition = f"{column} IN ({listed})"
    return CheckConstraint(f"{column} IS NULL OR {condition}" if optional else condition, name=f"{column}_known")


def _money(column: str, condition: str = "> 0") -> CheckConstraint:
    return CheckConstraint(f"{column} {condition}", name=f"{column}_in_range")


def _company() -> Column[str]:
    return Column("company", String(40), primary_key=True)


def _id() -> Column[str]:
    return Column("id", String(26), primary_key=True)


def _to(table: str, *columns: str, key: tuple[str, ...] = ("company", "id")) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(columns, [f"{table}.{name}" for name in key])


_PAYMENT_KEY = ("company", "transaction_number")
_STATE_BUCKETS = " OR ".join(
    f"(state = '{state}' AND bucket IN ({', '.join(repr(str(bucket)) for bucket in buckets)}))"
    for state, buckets in BUCKETS_OF.items()
)

company = Table(
    "company",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("books_cursor", Text, nullable=False, server_default=""),
    Column("mirrored_at", Moment),
    Column("synced_at", Moment),
    Column("paused_cause", String(40)),  # access_lost, books_unavailable, throttled: excluded from the rate
    Column("paused_message", Text, nullable=False, server_default=""),
    Column("paused_at", Moment),
    Column("paused_until", Moment),  # when to ask the books again; NULL waits for a person
    _one_of("paused_cause", Cause, optional=True),
)

intake_file = Table(
    "intake_file",
    metadata,
    _company(),
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("payments_done", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    _to("company", "company", key=("id",)),
)

payment = Table(
    "payment",
    metadata,
    _company(),
    Column("transaction_number", String(64), primary_key=True),
    Column("customer", String(200), nullable=False),
    Column("customer_id", String(64), nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("paid_at", Moment, nullable=False),
    Column("method", String(40), nullable=False),
    Column("status", String(10), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", String(12), nullable=False),
    Column("bucket", String(16), nullable=False),
    Column("excluded_by", String(40)),
    Column("on_account_minor", sa.BigInteger, nullable=False),  # the rest that is meant to stay on account
    Column("generation", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("verified_at", Moment),
    Column("hidden_by", String(80)),
    Column("hidden_at", Moment),
    _to("company", "company", key=("id",)),
    _money("amount_minor"),
    _money("on_account_minor", ">= 0"),
    CheckConstraint("on_account_minor <= amount_minor", name="on_account_within_amount"),
    CheckConstraint("length(currency) = 3", name="currency_is_iso"),
    _one_of("status", FeedStatus),
    _one_of("state", PaymentState),
    _one_of("bucket", Bucket),
    CheckConstraint(_STATE_BUCKETS, name="bucket_fits_state"),
    CheckConstraint("(state = 'excluded') = (excluded_by IS NOT NULL)", name="excluded_by_a_rule"),
    CheckConstraint("(hidden_by IS NULL) = (hidden_at IS NULL)", name="hidden_whole"),
)
Index("ix_payment_by_state", payment.c.company, payment.c.state, payment.c.transaction_number)

allocation = Table(
    "allocation",
    metadata,
    _company(),
    Column("transaction_number", String(64), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("invoice_number", String(64), nullable=False),
    Column("invoice_id", String(64), nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    _to("payment", *_PAYMENT_KEY, key=_PAYMENT_KEY),
    _money("amount_minor"),
    CheckConstraint("invoice_number <> '' OR invoice_id <> ''", name="names_an_invoice"),
)
Index("ix_allocation_by_invoice_number", allocation.c.company, allocation.c.invoice_number)

binding = Table(
    "binding",
    metadata,
    _company(),
    Column("transaction_number", String(64), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),  # never overwritten: the highest version holds
    Column("invoice_id", String(64), nullable=False),
    Column("customer_id", String(64), nullable=False),
    Column("bound_at", Moment, nullable=False),
    Column("bound_by", String(80), nullable=False),
    Column("decision_id", String(26)),
    ForeignKeyConstraint(
        ["company", "transaction_number", "line"],
        ["allocation.company", "allocation.transaction_number", "allocation.line"],
    ),
    _to("decision", "company", "decision_id"),
)
Index("ix_binding_by_invoice", binding.c.company, binding.c.invoice_id)

incident = Table(
    "incident",
    metadata,
    _company(),
    _id(),
    Column("cause", String(40), nullable=False),
    Column("about", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("taken_by", String(80)),
    _to("company", "company", key=("id",)),
    _one_of("cause", Cause),
    _one_of("state", ("open", "closed")),
)
Index("uq_incident_open", incident.c.company, incident.c.cause, incident.c.about, unique=True,
      sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip

failure = Table(
    "failure",
    metadata,
    _company(),
    _id(),
    Column("transaction_number", String(64), nullable=False),
    Column("about", String(10), nullable=False),  # the payment itself, or an intake that contradicts it
    Column("state", String(10), nullable=False),
    Column("cause", String(40)),
    Column("remedy", String(30)),
    Column("confidence", String(14)),
    Column("diagnosis", sa.JSON),
    Column("opened_because", Text, nullable=False),
    Column("refusal_code", Text, nullable=False, server_default=""),
    Column("refusal_message", Text, nullable=False, server_default=""),
    Column("evidence_id", String(26)),
    Column("held", sa.Boolean, nullable=False),  # posts nothing by itself, even when it fits again
    Column("opened_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("resolution", String(20)),
    Column("resolved_by", Text, nullable=False, server_default=""),
    Column("incident_id", String(26)),
    Column("version", Integer, nullable=False),
    _to("payment", *_PAYMENT_KEY, key=_PAYMENT_KEY),
    _to("incident", "company", "incident_id"),
    _one_of("about", ("payment", "intake")),
    _one_of("state", ("open", "resolved")),
    _one_of("cause", Cause, optional=True),
    _one_of("remedy", Remedy, optional=True),
    _one_of("confidence", Confidence, optional=True),
    _one_of("resolution", ("put_right", "carried_out", "dismissed", "retried", "landed", "excluded"), optional=True),
    CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL AND resolution IS NOT NULL)", name="resolved_whole"),
)
Index("uq_failure_open", failure.c.company, failure.c.transaction_number, failure.c.about, unique=True,
      sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip
Index("ix_failure_by_state", failure.c.company, failure.c.state, failure.c.id)
Index("ix_failure_by_payment", failure.c.company, failure.c.transaction_number, failure.c.id)

evidence = Table(
    "evidence",
    metadata,
    _company(),
    _id(),
    Column("failure_id", String(26), nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("facts_hash", String(64), nullable=False),  # of everything but the moment it was taken
    Column("body", sa.JSON, nullable=False),
    _to("failure", "company", "failure_id"),
)
Index("ix_evidence_by_failure", evidence.c.company, evidence.c.failure_id, evidence.c.taken_at)

diagnosis = Table(
    "diagnosis",
    metadata,
    _company(),
    _id(),
    Column("failure_id", String(26), nullable=False),
    Column("evidence_id", String(26), nullable=False),
    Column("state", String(10), nullable=False),  # 'started' is committed before the engine runs
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("body", sa.JSON),
    _to("failure", "company", "failure_id"),
    _to("evidence", "company", "evidence_id"),
    _one_of("state", ("started", "done", "crashed")),
)
Index("ix_diagnosis_by_state", diagnosis.c.company, diagnosis.c.state)
Index("ix_diagnosis_by_evidence", diagnosis.c.company, diagnosis.c.evidence_id)

decision = Table(
    "decision",
    metadata,
    _company(),
    _id(),
    Column("failure_id", String(26)),
    Column("transaction_number", String(64), nullable=False),
    Column("remedy", String(30), nullable=False),
    Column("requested_by", String(80), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("approved_by", String(80)),
    Column("approved_at", Moment),
    Column("channel", String(10), nullable=False),
    Column("os_account", String(80), nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("options", sa.JSON, nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("evidence_id", String(26)),  # what the person saw
    Column("state", String(20), nullable=False),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("changed_at", Moment, nullable=False),
    _to("payment", *_PAYMENT_KEY, key=_PAYMENT_KEY),
    _to("failure", "company", "failure_id"),
    _to("evidence", "company", "evidence_id"),
    _money("amount_minor"),
    _one_of("remedy", Remedy),
    _one_of("channel", ("cli", "slack", "policy")),
    _one_of("state", ("waiting_approval", "accepted", "carrying_out", "done", "refused", "stale", "failed")),
    CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="two_different_people"),
    CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
)
_UNDECIDED = "state IN ('waiting_approval', 'accepted', 'carrying_out') AND failure_id IS NOT NULL"
Index("uq_decision_live", decision.c.company, decision.c.failure_id, unique=True,
      sqlite_where=sa.text(_UNDECIDED), postgresql_where=sa.text(_UNDECIDED))  # fmt: skip
Index("ix_decision_by_state", decision.c.company, decision.c.state)
Index("ix_decision_by_payment", decision.c.company, decision.c.transaction_number)
Index("ix_decision_by_failure", decision.c.company, decision.c.failure_id)

dispatch = Table(
    "dispatch",
    metadata,
    _company(),
    _id(),
    Column("key", String(36), nullable=False),
    Column("members", sa.JSON, nullable=False),  # effect ids in the order they are sent
    Column("body_hash", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("lease_owner", String(80), nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("deadline_at", Moment, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("answered_at", Moment),
    _to("company", "company", key=("id",)),
    sa.UniqueConstraint("company", "key"),
    _one_of("state", ("sending", "answered", "unanswered", "not_sent")),
)

effect = Table(
    "effect",
    metadata,
    _company(),
    _id(),
    Column("transaction_number", String(64), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("part", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("key", String(36), nullable=False),
    Column("marker", String(40), nullable=False),
    Column("write", sa.JSON, nullable=False),
    Column("write_hash", String(64), nullable=False),
    Column("expects", sa.JSON, nullable=False),  # document -> facts it rests on
    Column("attended", sa.Boolean, nullable=False),  # a person's decision: exact facts, and a fresh card when stale
    Column("facts_read_at", Moment, nullable=False),
    Column("state", String(14), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_owner", String(80), nullable=False, server_default=""),
    Column("lease_until", Moment),
    Column("deadline_at", Moment),  # of the last sending; the settle window counts from here
    Column("sendings", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("after_id", String(26)),  # the effect of the chain that must be done first
    Column("compensates_id", String(26)),
    Column("decision_id", String(26)),
    Column("dispatch_id", String(26)),
    Column("document_id", String(64)),
    Column("document_version", String(64)),
    Column("outcome_code", Text, nullable=False, server_default=""),
    Column("outcome_message", Text, nullable=False, server_default=""),
    Column("trace", Text, nullable=False, server_default=""),
    Column("planned_at", Moment, nullable=False),
    Column("settled_at", Moment),
    _to("payment", *_PAYMENT_KEY, key=_PAYMENT_KEY),
    _to("decision", "company", "decision_id"),
    _to("dispatch", "company", "dispatch_id"),
    _to("effect", "company", "after_id"),
    _to("effect", "company", "compensates_id"),
    sa.UniqueConstraint("company", "key"),
    _one_of("kind", EffectKind),
    _one_of("state", EffectState),
    CheckConstraint("state <> 'done' OR document_id IS NOT NULL", name="done_names_its_document"),
    CheckConstraint("part >= 1 AND generation >= 0 AND fence >= 0 AND sendings >= 0", name="counts_in_range"),
)
_LIVE_RECEIPT = f"kind = 'receipt' AND state IN ({', '.join(repr(str(state)) for state in LIVE_STATES)})"
Index("uq_effect_live_receipt", effect.c.company, effect.c.transaction_number, effect.c.part, unique=True,
      sqlite_where=sa.text(_LIVE_RECEIPT), postgresql_where=sa.text(_LIVE_RECEIPT))  # fmt: skip
Index("ix_effect_by_state", effect.c.company, effect.c.state, effect.c.next_at)
Index("ix_effect_by_payment", effect.c.company, effect.c.transaction_number)
Index("ix_effect_by_decision", effect.c.company, effect.c.decision_id)

attempt = Table(
    "attempt",
    metadata,
    _company(),
    _id(),
    Column("transaction_number", String(64), nullable=False),
    Column("run_id", String(26), nullable=False),
    Column("at", Moment, nullable=False),
    Column("first", sa.Boolean, nullable=False),  # judged by posting for the first time: only these make the rate
    Column("failed", sa.Boolean, nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False, server_default=""),
    _to("payment", *_PAYMENT_KEY, key=_PAYMENT_KEY),
    _to("run", "company", "run_id"),
)
Index("uq_attempt_first", attempt.c.company, attempt.c.transaction_number, unique=True,
      sqlite_where=sa.text("first"), postgresql_where=sa.text("first"))  # fmt: skip
Index("ix_attempt_by_time", attempt.c.company, attempt.c.at)
Index("ix_attempt_by_payment", attempt.c.company, attempt.c.transaction_number, attempt.c.at)
Index("ix_attempt_by_run", attempt.c.company, attempt.c.run_id)

run = Table(
    "run",
    metadata,
    _company(),
    _id(),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("counts", sa.JSON, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    _to("company", "company", key=("id",)),
)
Index("ix_run_by_time", run.c.company, run.c.started_at)

escalation = Table(
    "escalation",
    metadata,
    _company(),
    _id(),
    Column("state", String(10), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("cleared_at", Moment),
    Column("taken_by", String(80)),
    Column("figures", sa.JSON, nullable=False),
    _to("company", "company", key=("id",)),
    _one_of("state", ("open", "cleared")),
)
Index("uq_escalation_open", escalation.c.company, unique=True,
      sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))  # fmt: skip

mirror = Table(
    "mirror",
    metadata,
    _company(),
    Column("kind", String(12), primary_key=True),
    Column("document_id", String(64), primary_key=True),
    Column("number", Text, nullable=False),  # what the books write, however long
    Column("customer_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_folded", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("deleted_at", Moment),  # a tombstone keeps the rest of the row
    Column("deleted_by", Text, nullable=False, server_default=""),
    Column("seen_at", Moment, nullable=False),
    Column("version", String(64), nullable=False),
    Column("body", sa.JSON, nullable=False),
    _to("company", "company", key=("id",)),
    _one_of("kind", ("customer", "invoice", "credit_memo", "receipt")),
)
Index("ix_mirror_by_number", mirror.c.company, mirror.c.kind, mirror.c.number)
Index("ix_mirror_by_name", mirror.c.company, mirror.c.kind, mirror.c.name_folded)
Index("ix_mirror_by_customer", mirror.c.company, mirror.c.kind, mirror.c.customer_id)

receipt_claim = Table(
    "receipt_claim",
    metadata,
    _company(),
    Column("receipt_id", String(64), primary_key=True),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("claimed_minor", sa.BigInteger, nullable=False),
    _to("company", "company", key=("id",)),
    CheckConstraint("claimed_minor >= 0 AND claimed_minor <= amount_minor", name="claims_within_receipt"),
)

proof = Table(
    "proof",
    metadata,
    _company(),
    _id(),
    Column("decision_id", String(26), nullable=False),
    Column("transaction_number", String(64), nullable=False),
    Column("receipt_id", String(64), nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    _to("payment", *_PAYMENT_KEY, key=_PAYMENT_KEY),
    _to("decision", "company", "decision_id"),
    _to("receipt_claim", "company", "receipt_id", key=("company", "receipt_id")),
    _money("amount_minor"),
)
Index("ix_proof_by_payment", proof.c.company, proof.c.transaction_number)

offer = Table(
    "offer",
    metadata,
    _company(),
    _id(),  # what a button carries, and the id of the decision that pressing it makes: many presses, one decision
    Column("failure_id", String(26), nullable=False),
    Column("evidence_id", String(26), nullable=False),  # what the card showed when it offered this
    Column("remedy", String(30), nullable=False),
    Column("made_at", Moment, nullable=False),
    _to("failure", "company", "failure_id"),
    _to("evidence", "company", "evidence_id"),
    _one_of("remedy", Remedy),
    sa.UniqueConstraint("company", "failure_id", "evidence_id", "remedy"),
)
Index("ix_offer_by_id", offer.c.id)

_SUBJECTS = ("failure", "incident", "escalation", "digest")
card = Table(
    "card",
    metadata,
    _company(),
    Column("subject_kind", String(12), primary_key=True),
    Column("subject", String(26), primary_key=True),
    Column("team", String(40), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("ts", String(40), nullable=False),
    Column("drawn_at", Moment, nullable=False),
    Column("told_seq", Integer, nullable=False),  # up to which row of the record its thread tells
    _to("company", "company", key=("id",)),
    _one_of("subject_kind", _SUBJECTS),
)

outbox = Table(
    "outbox",
    metadata,
    _company(),
    _id(),  # also written into the message's metadata, and looked up before a message is ever posted again
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
    _to("company", "company", key=("id",)),
    _one_of("subject_kind", _SUBJECTS),
    _one_of("state", ("waiting", "sending", "sent", "given_up")),
)
Index("uq_outbox_waiting", outbox.c.company, outbox.c.subject_kind, outbox.c.subject, unique=True,
      sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))  # fmt: skip

audit_head = Table(
    "audit_head",
    metadata,
    _company(),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    _to("company", "company", key=("id",)),
)

audit = Table(
    "audit",
    metadata,
    _company(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(60), nullable=False),
    Column("transaction_number", String(64)),
    Column("body", Text, nullable=False),  # canonical JSON, exactly as hashed
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    _to("company", "company", key=("id",)),
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
