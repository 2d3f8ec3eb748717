"""Every table we keep, with the promises that the database itself holds.

Keys begin with the company, so that no row of one company can refer to another's. Money is an integer of
minor units beside its currency. Moments are UTC. States are closed lists, held by CHECKs made from the same
enumerations as the code; causes and remedies, which grow with the product, are checked by their columns. At most
one live receipt effect exists for each part of a payment (partial unique index), a payment is always in exactly one
bucket, a second person is never the first, and what dismissals claim on a receipt never exceeds it.
"""

from __future__ import annotations

from storage.schema.awaited import awaited, together
from storage.schema.care import care, letter
from storage.schema.columns import Moment, among, is_in, metadata
from storage.schema.connections import call_budget, feed_cursor, feed_record, seen_message, token
from storage.schema.decisions import alias, decision, offer, other_money, proof, receipt_claim
from storage.schema.effects import dispatch, effect
from storage.schema.failures import diagnosis, escalation, evidence, failure, incident, look
from storage.schema.mail import mail
from storage.schema.messages import card, outbox, slack_trouble
from storage.schema.nights import night
from storage.schema.payments import (
    allocation,
    attempt,
    binding,
    bucket_count,
    company,
    import_map,
    intake_file,
    mirror,
    payment,
    run,
    twin,
)
from storage.schema.receipts import hand_receipt, receipt_key
from storage.schema.record import AUDIT_GUARD_POSTGRESQL, AUDIT_GUARD_SQLITE, audit, audit_head
from storage.schema.searching import search_due, searchable
from storage.schema.slack import slack_place, slack_request
from storage.schema.slots import slot
from storage.schema.tallies import tally

__all__ = [
    "AUDIT_GUARD_POSTGRESQL",
    "AUDIT_GUARD_SQLITE",
    "Moment",
    "alias",
    "allocation",
    "among",
    "attempt",
    "audit",
    "audit_head",
    "awaited",
    "binding",
    "bucket_count",
    "call_budget",
    "card",
    "care",
    "company",
    "decision",
    "diagnosis",
    "dispatch",
    "effect",
    "escalation",
    "evidence",
    "failure",
    "feed_cursor",
    "feed_record",
    "hand_receipt",
    "import_map",
    "incident",
    "intake_file",
    "is_in",
    "letter",
    "look",
    "mail",
    "metadata",
    "mirror",
    "night",
    "offer",
    "other_money",
    "outbox",
    "payment",
    "proof",
    "receipt_claim",
    "receipt_key",
    "run",
    "search_due",
    "searchable",
    "seen_message",
    "slack_place",
    "slack_request",
    "slack_trouble",
    "slot",
    "tally",
    "together",
    "token",
    "twin",
]
