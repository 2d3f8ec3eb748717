"""Tables of what came in and what it is meant for: companies, files, payments, allocations, bindings, the mirror."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Date, ForeignKeyConstraint, Index, Integer, String, Table, Text

from receivables.diagnosis import Cause
from receivables.payment import BUCKETS_OF, Bucket, FeedStatus, PaymentState
from receivables.twins import Alike, Settled
from storage.schema.columns import (
    PAYMENT_KEY,
    Moment,
    Word,
    company_column,
    id_column,
    metadata,
    money_in_range,
    one_of,
    refers_to,
)

company = Table(
    "company",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("books_cursor", Text, nullable=False, server_default=""),
    Column("mirrored_at", Moment),
    Column("mirrored_whole_at", Moment),  # when the books were first read to the end; NULL: nothing may be sent yet
    Column("synced_at", Moment),
    Column("reconciled_at", Moment),  # when it was last proven; a new company counts from its first night
    Column("proof_owner", String(80), nullable=False, server_default=""),  # the process that proves it now
    Column("proof_until", Moment),
    Column("proof_turn", Integer, nullable=False, server_default="0"),  # changes with each claim and renewal
    Column("paused_cause", Word(Cause, 40)),  # access_lost, books_unavailable, throttled: excluded from the rate
    Column("paused_message", Text, nullable=False, server_default=""),
    Column("paused_at", Moment),
    Column("paused_until", Moment),  # when to ask the books again; NULL waits for a person
    Column("closed_through", Date),  # the last day that the books were ever seen closed through
    Column("open_from", Date),  # where a closed period was reopened: its first open day; NULL is from the beginning
    Column("reopened_at", Moment),  # NULL: nothing that was closed is open
    Column("reopened_by", Text, nullable=False, server_default=""),
    Column("summary_due_at", Moment),  # when the next daily summary is due; NULL: none is wanted
)
_SUMMARIZED = sa.text("summary_due_at IS NOT NULL")
Index("ix_company_summary", company.c.summary_due_at, sqlite_where=_SUMMARIZED, postgresql_where=_SUMMARIZED)

intake_file = Table(
    "intake_file",
    metadata,
    company_column(),
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("payments_done", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("not_cards_by", String(80)),  # who said that its numbers only look like card numbers
    refers_to("company", "company", key=("id",)),
)

#: By which map the files of a company are read unless one is named, with what the company stated of it.
import_map = Table(
    "import_map",
    metadata,
    company_column(),
    Column("name", Text, nullable=False),
    Column("answers", sa.JSON, nullable=False),
    Column("said_by", String(80), nullable=False),
    Column("said_at", Moment, nullable=False),
    refers_to("company", "company", key=("id",)),
)

_STATE_BUCKETS = " OR ".join(
    f"(state = '{state}' AND bucket IN ({', '.join(repr(str(bucket)) for bucket in buckets)}))"
    for state, buckets in BUCKETS_OF.items()
)

payment = Table(
    "payment",
    metadata,
    company_column(),
    Column("transaction_number", String(64), primary_key=True),
    Column("number_key", String(64), nullable=False, server_default=""),  # the number without its form: reference_keys.key_of
    Column("customer", String(200), nullable=False),
    Column("customer_key", String(600), nullable=False, server_default=""),  # the name without case: twins.folded
    Column("customer_id", String(64), nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("paid_at", Moment, nullable=False),
    Column("has_time", sa.Boolean, nullable=False, server_default=sa.true()),  # false: only its day is known
    Column("method", String(40), nullable=False),
    Column("status", Word(FeedStatus, 20), nullable=False),
    Column("status_at", Moment),  # when the money went back, as the feed says
    Column("reason_code", String(40), nullable=False, server_default=""),  # and why: R01, 10.4
    Column("dispute", String(10), nullable=False, server_default=""),
    Column("disputed_minor", sa.BigInteger, nullable=False, server_default="0"),  # 0: all of it
    Column("told_at", Moment),  # when we were told of the status; NULL: it never changed
    Column("told_before", String(20), nullable=False, server_default=""),  # the status before, until a person confirmed this one
    Column("fee_minor", sa.BigInteger, nullable=False, server_default="0"),  # what the processor kept, as far as told
    Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"),  # a part that the portal gave back
    Column("refunds", sa.JSON, nullable=False, server_default="[]"),  # the rows of files that told it
    Column("reversals", sa.JSON, nullable=False, server_default="[]"),  # as told: [status, at, minor]
    Column("content_hash", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("taken_in_by", String(80), nullable=False, server_default=""),  # the person of an import, where it named one
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
    refers_to("company", "company", key=("id",)),
    money_in_range("amount_minor"),
    money_in_range("on_account_minor", ">= 0"),
    CheckConstraint("on_account_minor <= amount_minor", name="on_account_within_amount"),
    CheckConstraint("length(currency) = 3", name="currency_is_iso"),
    one_of("state", PaymentState),
    one_of("bucket", Bucket),
    CheckConstraint(_STATE_BUCKETS, name="bucket_fits_state"),
    CheckConstraint("(state = 'excluded') = (excluded_by IS NOT NULL)", name="excluded_by_a_rule"),
    CheckConstraint("(hidden_by IS NULL) = (hidden_at IS NULL)", name="hidden_whole"),
)
Index("ix_payment_by_state", payment.c.company, payment.c.state, payment.c.transaction_number)
Index("ix_payment_posted", payment.c.company,
      sqlite_where=sa.text("state = 'posted'"), postgresql_where=sa.text("state = 'posted'"))  # fmt: skip
Index("ix_payment_by_key", payment.c.company, payment.c.number_key)
Index("ix_payment_by_moment", payment.c.company, payment.c.amount_minor, payment.c.paid_at)
_IS_HIDDEN = payment.c.hidden_by.is_not(None)
Index("ix_payment_hidden", payment.c.company, payment.c.transaction_number, sqlite_where=_IS_HIDDEN, postgresql_where=_IS_HIDDEN)

#: How many payments are in each bucket; written by each unit of work that moves some.
bucket_count = Table(
    "bucket_count",
    metadata,
    company_column(),
    Column("bucket", String(16), primary_key=True),
    Column("payments", Integer, nullable=False),
    refers_to("company", "company", key=("id",)),
)

#: Payments that came after another which is probably the same money. Never posted before a person settled it.
twin = Table(
    "twin",
    metadata,
    company_column(),
    Column("transaction_number", String(64), primary_key=True),
    Column("other_number", String(64), primary_key=True),  # it was there before
    Column("alike", String(10), nullable=False),
    Column("noticed_at", Moment, nullable=False),
    Column("settled", String(20)),
    Column("settled_at", Moment),
    Column("decision_id", String(26)),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("payment", "company", "other_number", key=PAYMENT_KEY),
    refers_to("decision", "company", "decision_id"),
    one_of("alike", Alike),
    one_of("settled", Settled, optional=True),
    CheckConstraint("(settled IS NULL) = (settled_at IS NULL)", name="settled_whole"),
    CheckConstraint("transaction_number <> other_number", name="two_payments"),
)
Index("ix_twin_by_other", twin.c.company, twin.c.other_number)

allocation = Table(
    "allocation",
    metadata,
    company_column(),
    Column("transaction_number", String(64), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("invoice_number", String(64), nullable=False),
    Column("invoice_id", String(64), nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    money_in_range("amount_minor"),
    CheckConstraint("invoice_number <> '' OR invoice_id <> ''", name="names_an_invoice"),
)
Index("ix_allocation_by_invoice_number", allocation.c.company, allocation.c.invoice_number)

binding = Table(
    "binding",
    metadata,
    company_column(),
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
    refers_to("decision", "company", "decision_id"),
)
Index("ix_binding_by_invoice", binding.c.company, binding.c.invoice_id)

run = Table(
    "run",
    metadata,
    company_column(),
    id_column(),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("counts", sa.JSON, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    refers_to("company", "company", key=("id",)),
)
Index("ix_run_by_time", run.c.company, run.c.started_at)

attempt = Table(
    "attempt",
    metadata,
    company_column(),
    id_column(),
    Column("transaction_number", String(64), nullable=False),
    Column("run_id", String(26), nullable=False),
    Column("at", Moment, nullable=False),
    Column("first", sa.Boolean, nullable=False),  # checked by posting for the first time: only these make the rate
    Column("failed", sa.Boolean, nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False, server_default=""),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("run", "company", "run_id"),
)
Index("uq_attempt_first", attempt.c.company, attempt.c.transaction_number, unique=True,
      sqlite_where=sa.text("first"), postgresql_where=sa.text("first"))  # fmt: skip
Index("ix_attempt_by_time", attempt.c.company, attempt.c.at)
Index("ix_attempt_by_payment", attempt.c.company, attempt.c.transaction_number, attempt.c.at)
Index("ix_attempt_by_run", attempt.c.company, attempt.c.run_id)

mirror = Table(
    "mirror",
    metadata,
    company_column(),
    Column("kind", String(12), primary_key=True),
    Column("document_id", String(64), primary_key=True),
    Column("number", Text, nullable=False),  # what the books write, however long
    Column("customer_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_folded", String(200), nullable=False),
    Column("key", String(200), nullable=False, server_default=""),  # its number or name without its form: storage.mirror
    Column("full_key", String(200), nullable=False, server_default=""),  # of a customer's full name, where it has one
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("deleted_at", Moment),  # a tombstone keeps the rest of the row
    Column("deleted_by", Text, nullable=False, server_default=""),
    Column("seen_at", Moment, nullable=False),
    Column("version", String(64), nullable=False),
    Column("body", sa.JSON, nullable=False),
    refers_to("company", "company", key=("id",)),
    one_of("kind", ("customer", "invoice", "credit_memo", "receipt")),
)
Index("ix_mirror_by_number", mirror.c.company, mirror.c.kind, mirror.c.number)
Index("ix_mirror_by_key", mirror.c.company, mirror.c.kind, mirror.c.key)
_HAS_FULL_NAME = sa.text("full_key <> ''")
Index("ix_mirror_by_full_key", mirror.c.company, mirror.c.full_key,
      sqlite_where=_HAS_FULL_NAME, postgresql_where=_HAS_FULL_NAME)  # fmt: skip
Index("ix_mirror_by_name", mirror.c.company, mirror.c.kind, mirror.c.name_folded)
Index("ix_mirror_by_customer", mirror.c.company, mirror.c.kind, mirror.c.customer_id)
Index("ix_mirror_by_seen", mirror.c.company, mirror.c.seen_at)
