"""How a failure is shown on the command line: one shape for tables and for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rules
from app.output import money, plain, print_line, print_table
from receivables.diagnosis import Fact
from receivables.words import Words
from storage.failures import StoredFailure
from storage.payments import StoredPayment


@dataclass(frozen=True)
class FailureView:
    """One failure as people and programs see it; amounts are minor units, moments UTC."""

    transaction: str
    company: str
    customer: str
    amount_minor: int
    currency: str
    invoices: tuple[str, ...]
    state: str
    cause: str | None
    remedy: str | None
    alternatives: tuple[str, ...]
    confidence: str | None
    because: tuple[dict[str, Any], ...]
    incident: str | None
    attempts: int
    failed_at: datetime
    sentence: str
    resolution: str | None
    resolved_by: str
    blocked: str


def view(found: StoredFailure, stored: StoredPayment, attempts: int, words: Words) -> FailureView:
    """A failure with its payment, ready to be shown."""
    payment, diagnosis = stored.payment, found.diagnosis
    primary = diagnosis.primary if diagnosis else None
    return FailureView(
        transaction=found.transaction_number,
        company=found.company,
        customer=payment.customer,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        invoices=tuple(one.invoice_number or f"#{one.invoice_id}" for one in payment.allocations),
        state=found.state,
        cause=found.cause,
        remedy=found.remedy,
        alternatives=tuple(one for one in found.offered if one is not found.remedy),
        confidence=primary.confidence if primary else None,
        because=tuple(_fact(fact, words) for fact in primary.because) if primary else (),
        incident=found.incident_id,
        attempts=attempts,
        failed_at=found.opened_at,
        sentence=rules.sentence(diagnosis, words) if diagnosis else "Not diagnosed yet; the next sync reads the books.",
        resolution=found.resolution,
        resolved_by=found.resolved_by,
        blocked=rules.fact_sentence(primary.blocked, words) if primary and primary.blocked else "",
    )


def _fact(fact: Fact, words: Words) -> dict[str, Any]:
    text = rules.fact_sentence(fact, words)
    return {"fact": fact.fact, "document": fact.document, "person": fact.person, "at": fact.at, "text": text}


def as_json(one: FailureView) -> dict[str, Any]:
    """The stable fields first; what follows them may grow."""
    body: dict[str, Any] = plain(one)
    return body


def print_failures(shown: Sequence[FailureView]) -> None:
    """A table of what fails, then one sentence for each that says why."""
    print_table(
        "Payments failing to sync",
        ("Payment", "Company", "Client", "Amount", "Cause", "Confidence", "Recommended", "State"),
        [
            (
                one.transaction,
                one.company,
                one.customer,
                money(one.amount_minor, one.currency),
                one.cause or "not diagnosed",
                one.confidence or "-",
                one.remedy or "-",
                one.state if one.resolution is None else f"{one.resolution}{' by ' + one.resolved_by if one.resolved_by else ''}",
            )
            for one in shown
        ],
        right=("Amount",),
    )
    for one in shown:
        print_line(f"{one.transaction}: {one.sentence}")
