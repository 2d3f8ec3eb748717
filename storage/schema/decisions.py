"""Tables of what people were offered, what they decided, the proof that dismissals rest on, and what is other money."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index, String, Table, Text

from receivables.diagnosis import Remedy
from storage.schema.columns import (
    PAYMENT_KEY,
    Moment,
    Word,
    company_column,
    id_column,
    in_words,
    metadata,
    money_in_range,
    one_of,
    refers_to,
)

#: A decision about which nobody is asked any more, and that is not over yet.
BEING_CARRIED_OUT = ("accepted", "carrying_out")
#: One that somebody still has to do something about.
UNDER_WAY = ("waiting_approval", *BEING_CARRIED_OUT)
#: One that changed nothing.
NOT_CARRIED_OUT = ("refused", "stale", "failed")

offer = Table(
    "offer",
    metadata,
    company_column(),
    id_column(),  # what a button carries, and the id of the decision that pressing it makes: many presses, one decision
    Column("failure_id", String(26), nullable=False),
    Column("evidence_id", String(26), nullable=False),  # what the card showed when it offered this
    Column("remedy", Word(Remedy, 30), nullable=False),
    Column("made_at", Moment, nullable=False),
    refers_to("failure", "company", "failure_id"),
    refers_to("evidence", "company", "evidence_id"),
    sa.UniqueConstraint("company", "failure_id", "evidence_id", "remedy"),
)
Index("ix_offer_by_id", offer.c.id)

decision = Table(
    "decision",
    metadata,
    company_column(),
    id_column(),
    Column("failure_id", String(26)),
    Column("transaction_number", String(64), nullable=False),
    Column("remedy", Word(Remedy, 30), nullable=False),
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
    # One of those who decided made the document: an office of one, listed for its owner.
    Column("by_maker", sa.Boolean, nullable=False, server_default=sa.false()),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("failure", "company", "failure_id"),
    refers_to("evidence", "company", "evidence_id"),
    money_in_range("amount_minor"),
    one_of("channel", ("cli", "slack", "policy")),
    one_of("state", (*UNDER_WAY, "done", *NOT_CARRIED_OUT)),
    CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="two_different_people"),
    CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
)

_UNDECIDED = f"{in_words(UNDER_WAY).text} AND failure_id IS NOT NULL"
Index("uq_decision_live", decision.c.company, decision.c.failure_id, unique=True,
      sqlite_where=sa.text(_UNDECIDED), postgresql_where=sa.text(_UNDECIDED))  # fmt: skip
_KEPT = sa.text("remedy = 'keep_on_account' AND state = 'done'")
Index("ix_decision_kept", decision.c.company, decision.c.transaction_number, sqlite_where=_KEPT, postgresql_where=_KEPT)
Index("ix_decision_by_state", decision.c.company, decision.c.state)
Index("ix_decision_by_payment", decision.c.company, decision.c.transaction_number)
Index("ix_decision_by_failure", decision.c.company, decision.c.failure_id)
Index("ix_decision_by_day", decision.c.company, decision.c.currency, decision.c.requested_at)

receipt_claim = Table(
    "receipt_claim",
    metadata,
    company_column(),
    Column("receipt_id", String(64), primary_key=True),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("claimed_minor", sa.BigInteger, nullable=False),
    refers_to("company", "company", key=("id",)),
    CheckConstraint("claimed_minor >= 0 AND claimed_minor <= amount_minor", name="claims_within_receipt"),
)

proof = Table(
    "proof",
    metadata,
    company_column(),
    id_column(),
    Column("decision_id", String(26), nullable=False),
    Column("transaction_number", String(64), nullable=False),
    Column("receipt_id", String(64), nullable=False),
    Column("amount_minor", sa.BigInteger, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("decision", "company", "decision_id"),
    refers_to("receipt_claim", "company", "receipt_id", key=("company", "receipt_id")),
    money_in_range("amount_minor"),
)
Index("ix_proof_by_payment", proof.c.company, proof.c.transaction_number)

other_money = Table(
    "other_money",
    metadata,
    company_column(),
    id_column(),
    Column("transaction_number", String(64), nullable=False),
    Column("receipt_id", String(64), nullable=False),
    Column("cash_reference", Text, nullable=False),
    Column("receipt_hash", String(64), nullable=False),  # of what the receipt was when this was said: it ends when that changes
    Column("said_at", Moment, nullable=False),
    Column("decision_id", String(26), nullable=False),
    Column("withdrawn_at", Moment),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("decision", "company", "decision_id"),
    CheckConstraint("cash_reference <> ''", name="says_which"),
)
_HELD = sa.text("withdrawn_at IS NULL")
Index("uq_other_money_held", other_money.c.company, other_money.c.transaction_number, other_money.c.receipt_id,
      unique=True, sqlite_where=_HELD, postgresql_where=_HELD)  # fmt: skip

#: What a spelling means, as a person said: of a customer's name or an invoice number, for the company or for one payment.
alias = Table(
    "alias",
    metadata,
    company_column(),
    id_column(),
    Column("spelling", Text, nullable=False),  # as the payment wrote it
    Column("spelling_key", String(600), nullable=False),  # without case: twins.folded
    Column("customer_id", String(64), nullable=False),
    Column("invoice_number", Text, nullable=False),  # in the books, of this customer; "" where the spelling is of the name
    Column("transaction_number", String(64)),  # the only payment for which it holds; NULL for every one
    Column("said_by", String(80), nullable=False),
    Column("said_at", Moment, nullable=False),
    Column("decision_id", String(26), nullable=False),
    Column("withdrawn_at", Moment),
    Column("withdrawn_by", String(80)),
    refers_to("payment", *PAYMENT_KEY, key=PAYMENT_KEY),
    refers_to("decision", "company", "decision_id"),
    CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),
)
Index("ix_alias_held", alias.c.company, alias.c.spelling_key, sqlite_where=_HELD, postgresql_where=_HELD)
