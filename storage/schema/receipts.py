"""Tables of the receipts that do not carry our marker: by which customer, amount and words they are found."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Date, ForeignKeyConstraint, Index, String, Table, Text

from storage.schema.columns import Moment, company_column, metadata, refers_to

#: Text compared byte by byte on both databases, so that a range holds everything that begins with its first value.
PLAIN = String(64).with_variant(String(64, collation="C"), "postgresql")

hand_receipt = Table(
    "hand_receipt",
    metadata,
    company_column(),
    Column("document_id", String(64), primary_key=True),
    Column("customer_id", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount_minor", sa.BigInteger),  # NULL where the books give no figure that can be read
    Column("received_on", Date),
    Column("gone", sa.Boolean, nullable=False),  # deleted or voided; the rest of the row stays as last seen before
    Column("gone_at", Moment),  # and since when, and by whom, where the books tell
    Column("gone_by", Text, nullable=False),
    Column("problem", Text, nullable=False),  # why it could not be read whole, or ""
    Column("texts", sa.JSON, nullable=False),  # everything that somebody wrote on it
    Column("body", sa.JSON(none_as_null=True)),  # the whole receipt; NULL where it could not be read whole
    refers_to("company", "company", key=("id",)),
)
Index("ix_hand_receipt_by_amount", hand_receipt.c.company, hand_receipt.c.customer_id, hand_receipt.c.amount_minor)

receipt_key = Table(
    "receipt_key",
    metadata,
    company_column(),
    Column("document_id", String(64), primary_key=True),
    Column("start", PLAIN, primary_key=True),  # one of its texts from one of its words on, joined, without leading zeros
    Column("cut", sa.Boolean, nullable=False),  # the package cut the text: what is there may be the beginning of a number
    ForeignKeyConstraint(["company", "document_id"], ["hand_receipt.company", "hand_receipt.document_id"], ondelete="CASCADE"),
)
Index("ix_receipt_key_by_start", receipt_key.c.company, receipt_key.c.start)
