"""The feed's newer record of a payment we hold: told and remembered as a failure of its own, and taken in place of ours.

Its evidence holds the newer record. Open, it waits for a person; dismissed, the same record is not told again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.corrections import Correction
from receivables.diagnosis import Diagnosis
from receivables.evidence import Evidence
from receivables.payment import Payment
from storage import failures, kept_evidence, outbox, payments, schema
from storage.failures import StoredFailure
from storage.given import is_given
from storage.kept_evidence import ReadEvidence
from storage.payments import StoredPayment
from storage.work import Work

CORRECTION = "correction"


def tell(work: Work, payment: Payment, evidence: Evidence, diagnosis: Diagnosis) -> str:
    """Opens the failure about the feed's newer record, or renews the one that is open. Returns its id."""
    failure_id = failures.open_intake(work, payment, diagnosis, because=CORRECTION, about=CORRECTION)
    found = failures.get(work.connection, work.company, failure_id)
    kept_evidence.store(work, [ReadEvidence.of(found, evidence)])
    outbox.want(work, "failure", failure_id)
    return failure_id


def of(connection: Connection, found: StoredFailure | None) -> Correction | None:
    """The newer record that a failure is about; None where it is about something else."""
    if found is None or found.about != CORRECTION:
        return None
    evidence = kept_evidence.find(connection, found.company, found.evidence_id)
    return evidence.correction if evidence else None


def told_of(connection: Connection, company: str, number: str) -> Sequence[Correction]:
    """The newer records that a person is asked about, or that a person dismissed."""
    about = [
        found
        for found in failures.of_payment(connection, company, number)
        if found.about == CORRECTION and (found.state == "open" or found.resolution == "dismissed")
    ]
    return [correction for found in about if (correction := of(connection, found))]


def dismissed(connection: Connection, company: str, number: str) -> Correction | None:
    """The newer record that a person dismissed, where none came or was taken after it."""
    about = [found for found in failures.of_payment(connection, company, number) if found.about == CORRECTION]
    return of(connection, about[-1]) if about and about[-1].resolution == "dismissed" else None


_WAITING = sa.select(schema.failure.c.transaction_number).where(
    schema.failure.c.company == sa.bindparam("of_company"),
    schema.is_in(schema.failure.c.state, "open"),
    schema.failure.c.about == CORRECTION,
    is_given(schema.failure.c.transaction_number, "numbers"),
)


def waiting(connection: Connection, company: str, numbers: Collection[str]) -> set[str]:
    """Those of these payments whose newer record waits for a person."""
    if not numbers:
        return set()
    return set(connection.execute(_WAITING, {"of_company": company, "numbers": numbers}).scalars())


def respell(work: Work, stored: StoredPayment, spelled: Payment) -> bool:
    """The same payment as the feed spells it now. Its lines are bound anew, except where a person bound them."""
    allocation, binding = schema.allocation, schema.binding
    undecided = sa.and_(*_of(binding, work.company, stored.number), binding.c.decision_id.is_(None))
    if not _replace(work, stored, spelled):
        return False
    unbound = work.connection.execute(sa.delete(binding).where(undecided)).rowcount
    for line, part in enumerate(spelled.allocations, start=1):
        here = sa.and_(*_of(allocation, work.company, stored.number), allocation.c.line == line)
        values = {"invoice_number": part.invoice_number, "invoice_id": part.invoice_id}
        work.connection.execute(sa.update(allocation).where(here).values(**values))
    body = {"before": spelling_of(stored.payment), "after": spelling_of(spelled), "unbound": unbound}
    work.record("payment.respelled", transaction_number=stored.number, body=body)
    return True


def replace(work: Work, stored: StoredPayment, correction: Correction, *, decision_id: str) -> bool:
    """The newer record takes the place of what we hold; nothing is bound. False where the payment was moved meanwhile."""
    newer, number = correction.payment, stored.number
    taken_in_by = correction.brought_by or stored.taken_in_by
    if not _replace(work, stored, newer, source=correction.source, taken_in_by=taken_in_by):
        return False
    for table in (schema.binding, schema.allocation):
        work.connection.execute(sa.delete(table).where(*_of(table, work.company, number)))
    if lines := payments.allocation_rows(newer):
        work.connection.execute(sa.insert(schema.allocation), lines)
    body = {
        "decision": decision_id,
        "source": correction.source,
        "before": content_of(stored.payment),
        "after": content_of(newer),
    }
    work.record("payment.corrected", transaction_number=number, body=body)
    return True


def _replace(work: Work, stored: StoredPayment, newer: Payment, **others: str) -> bool:
    work.only_for(newer.company)
    table = schema.payment
    changed = work.connection.execute(
        sa.update(table)
        .where(*_of(table, work.company, stored.number), table.c.version == stored.version)
        .values(**payments.content_columns(newer), version=stored.version + 1, **others)
    )
    return changed.rowcount == 1


def _of(table: sa.Table, company: str, number: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (table.c.company == company, table.c.transaction_number == number)


def spelling_of(payment: Payment) -> dict[str, object]:
    """What only another spelling can change, for the record."""
    invoices = [allocation.invoice_number or f"#{allocation.invoice_id}" for allocation in payment.allocations]
    paid_at = payment.paid_at.isoformat()
    return {"customer": payment.customer, "method": payment.method, "paid_at": paid_at, "invoices": invoices}


def content_of(payment: Payment) -> dict[str, object]:
    """All that the feed said of a payment, for the record."""
    amounts = [allocation.amount_minor for allocation in payment.allocations]
    money = {"amount_minor": payment.amount_minor, "currency": payment.currency, "invoices_minor": amounts}
    return {**spelling_of(payment), **money, "customer_id": payment.customer_id}
