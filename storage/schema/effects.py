"""Tables of what we write to the books: effects and the dispatches they travel in."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text

from receivables.effects import LIVE_STATES, OPEN_STATES, EffectKind, EffectState
from storage.schema.columns import PAYMENT_KEY, Moment, Word, company_column, id_column, in_words, metadata, one_of, refers_to

dispatch = Table(
    "dispatch",
    metadata,
    company_column(),
    id_column(),
    Column("key", String(36), nullable=False),
    Column("members", sa.JSON, nullable=False),  # effect ids in the order they are sent
    Column("body_hash", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("lease_owner", String(80), nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("deadline_at", Moment, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("answered_at", Moment),
    refers_to("company", "company", key=("id",)),
    sa.UniqueConstraint("company", "key"),
    one_of("state", ("sending", "answered", "unanswered", "not_sent")),
)

effect = Table(
    "effect",
    metadata,
    company_column(),
    id_column(),
    Column("transaction_number", String(64), nullable=False),
    Column("kind", Word(EffectKind, 20), nullable=False),
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
    Column("read_back", sa.JSON(none_as_null=True)),  # of a receipt, as last read back: its account, what it is applied to
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("decision", "company", "decision_id"),
    refers_to("dispatch", "company", "dispatch_id"),
    refers_to("effect", "company", "after_id"),
    refers_to("effect", "company", "compensates_id"),
    sa.UniqueConstraint("company", "key"),
    one_of("state", EffectState),
    CheckConstraint("state <> 'done' OR document_id IS NOT NULL", name="done_names_its_document"),
    CheckConstraint("part >= 1 AND generation >= 0 AND fence >= 0 AND sendings >= 0", name="counts_in_range"),
)

_LIVE_RECEIPT = f"kind = 'receipt' AND state IN ({', '.join(repr(str(state)) for state in LIVE_STATES)})"
Index("uq_effect_live_receipt", effect.c.company, effect.c.transaction_number, effect.c.part, unique=True,
      sqlite_where=sa.text(_LIVE_RECEIPT), postgresql_where=sa.text(_LIVE_RECEIPT))  # fmt: skip
Index("ix_effect_by_state", effect.c.company, effect.c.state, effect.c.next_at)
Index("ix_effect_by_payment", effect.c.company, effect.c.transaction_number)
Index("ix_effect_by_decision", effect.c.company, effect.c.decision_id)
_OPEN = in_words(OPEN_STATES)
Index("ix_effect_open", effect.c.company, effect.c.next_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
