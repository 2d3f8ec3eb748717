"""One payment's whole story, from our own rows: what an auditor asks for, in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from receivables.evidence import Evidence
from storage import attempts, audit, bindings, decisions, effects, failures, kept_evidence, payments, receipt_claims, schema
from storage.attempts import Attempt
from storage.audit import AuditRow
from storage.bindings import Binding
from storage.decisions import StoredDecision
from storage.effects import StoredEffect
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.receipt_claims import Proof


@dataclass(frozen=True)
class BoundLine:
    """One version of one allocation's binding; all versions are kept."""

    line: int
    binding: Binding


@dataclass(frozen=True)
class Story:
    """Everything we hold about one payment, each list oldest first."""

    payment: StoredPayment
    bindings: Sequence[BoundLine]
    attempts: Sequence[Attempt]
    failures: Sequence[StoredFailure]
    evidence: Sequence[Evidence]
    decisions: Sequence[StoredDecision]
    effects: Sequence[StoredEffect]
    proofs: Sequence[Proof]
    record: Sequence[AuditRow]


def tell(connection: Connection, company: str, number: str) -> Story | None:
    """The story of one payment, or None when it is not known."""
    stored = payments.find(connection, company, number)
    if stored is None:
        return None
    failed = failures.of_payment(connection, company, number)
    return Story(
        payment=stored,
        bindings=_bindings(connection, company, number),
        attempts=attempts.of_payment(connection, company, number),
        failures=failed,
        evidence=_evidence(connection, company, [failure.id for failure in failed]),
        decisions=decisions.of_payment(connection, company, number),
        effects=effects.of_payments(connection, company, [number])[number],
        proofs=receipt_claims.every(connection, company, number),
        record=list(audit.rows(connection, company, number)),
    )


def _bindings(connection: Connection, company: str, number: str) -> list[BoundLine]:
    table = schema.binding
    rows = connection.execute(
        sa.select(table)
        .where(table.c.company == company, table.c.transaction_number == number)
        .order_by(table.c.line, table.c.version)
    )
    return [BoundLine(row.line, bindings.of_row(row)) for row in rows]


def _evidence(connection: Connection, company: str, failure_ids: Sequence[str]) -> list[Evidence]:
    table = schema.evidence
    rows = connection.execute(
        sa.select(table.c.id)
        .where(table.c.company == company, table.c.failure_id.in_(failure_ids))
        .order_by(table.c.taken_at, table.c.id)
    ).all()
    return [kept_evidence.get(connection, company, row.id) for row in rows]
