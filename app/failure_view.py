"""How a failure is shown on the command line: one shape for tables and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import rules
from app.output import print_line, print_table
from bot import labels
from bot.called import called_failure
from receivables.diagnosis import Fact
from receivables.words import Words, plain
from storage import attempts, care, decisions, failure_pages, payments
from storage.care import Care
from storage.decisions import STANDS, StoredDecision
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from sync.desk import Desk

FAILURES_PER_PAGE = 50  # are read and shown, then the next


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
    evidence: str  # names the facts as they are shown here, for `decide --seen`
    sentence: str
    resolution: str | None
    resolved_by: str
    blocked: str
    decision: Asked | None = None  # what was asked for and is not carried out yet
    assignee: str | None = None
    snoozed_until: datetime | None = None  # set aside now, and listed apart


@dataclass(frozen=True)
class Asked:
    """A remedy that somebody asked for, who and since when (UTC), and what it waits for: `state` as `decide` answers it."""

    remedy: str
    state: str
    requested_by: str
    requested_at: datetime
    sentence: str


def asked(made: StoredDecision, desk: Desk) -> Asked:
    """A decision that is not yet carried out, ready to be shown."""
    sentence = (
        f"{plain(desk.name_of(made.requested_by))} asked for “{made.remedy.label}” on "
        f"{desk.company.words.moment(made.requested_at)}; it is {made.stands}."
    )
    return Asked(made.remedy, made.state, made.requested_by, made.requested_at, sentence)


def view(failure: StoredFailure, stored: StoredPayment, attempts: int, words: Words, decision: Asked | None) -> FailureView:
    """A failure with its payment, ready to be shown."""
    payment, diagnosis = stored.payment, failure.diagnosis
    primary = diagnosis.primary if diagnosis else None
    return FailureView(
        transaction=failure.transaction_number,
        company=failure.company,
        customer=payment.customer,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        invoices=tuple(allocation.invoice_number or f"#{allocation.invoice_id}" for allocation in payment.allocations),
        state=failure.state,
        cause=failure.cause,
        remedy=failure.remedy,
        alternatives=tuple(remedy for remedy in failure.offered if remedy is not failure.remedy),
        confidence=primary.confidence if primary else None,
        because=tuple(_fact(fact, words) for fact in primary.because) if primary else (),
        incident=failure.incident_id,
        attempts=attempts,
        failed_at=failure.opened_at,
        evidence=failure.shown,
        sentence=rules.sentence(diagnosis, words, unread_since=failure.unread_since),
        resolution=failure.resolution,
        resolved_by=failure.resolved_by,
        blocked=rules.fact_sentence(primary.blocked, words) if primary and primary.blocked else "",
        decision=decision,
    )


def _fact(fact: Fact, words: Words) -> dict[str, Any]:
    text = rules.fact_sentence(fact, words)
    return {"fact": fact.fact, "document": fact.document, "person": fact.person, "at": fact.at, "text": text}


def with_care(shown: FailureView, held: Care | None, failure: StoredFailure, now: datetime) -> FailureView:
    """The same with who has it, and until when it is set aside."""
    if held is None:
        return shown
    return replace(shown, assignee=held.assignee, snoozed_until=held.snoozed_until if held.is_snoozed(failure, now) else None)


def pages(desk: Desk, *, everything: bool = False) -> Iterator[list[FailureView]]:
    """A company's failures as they are shown, those of longest ago first; each page is read when it is asked for."""
    company, last = desk.company.id, None
    while True:
        with desk.db.read() as connection:
            found = failure_pages.page(connection, company, limit=FAILURES_PER_PAGE, after=last, resolved_too=everything)
            numbers = {failure.transaction_number for failure in found}
            stored = payments.by_numbers(connection, company, numbers)
            tried = attempts.counts(connection, company, numbers)
            under_way = decisions.all_under_way(connection, company, {failure.id for failure in found})
            held = care.of_failures(connection, company, {failure.id for failure in found})
        if found:
            requested = {id_: asked(made, desk) for id_, made in under_way.items()}
            now = desk.clock.now()
            yield [
                with_care(
                    view(
                        called_failure(failure, desk.company, desk.people),
                        stored[failure.transaction_number],
                        tried.get(failure.transaction_number, 0),
                        desk.company.words,
                        requested.get(failure.id),
                    ),
                    held.get(failure.id),
                    failure,
                    now,
                )
                for failure in found
            ]
        if len(found) < FAILURES_PER_PAGE:
            return
        last = found[-1]


def print_failures(shown: Sequence[FailureView], words: Mapping[str, Words]) -> None:
    """Tables of failures, those that are set aside in one of their own, each with one sentence for each that says why.

    `words` are those of each company.
    """
    for title, listed in (
        ("Failed payments", [failure for failure in shown if failure.snoozed_until is None]),
        ("Snoozed", [failure for failure in shown if failure.snoozed_until is not None]),
    ):
        if listed:
            _print_table(title, listed, words)


def _print_table(title: str, shown: Sequence[FailureView], words: Mapping[str, Words]) -> None:
    print_table(
        title,
        ("Payment", "Company", "Customer", "Amount", "Cause", "Confidence", "Recommended", "State"),
        [
            (
                failure.transaction,
                failure.company,
                failure.customer,
                words[failure.company].money(failure.amount_minor, failure.currency),
                failure.cause or "not diagnosed",
                failure.confidence or "-",
                failure.remedy or "-",
                _state(failure, words[failure.company]),
            )
            for failure in shown
        ],
        right=("Amount",),
    )
    for failure in shown:
        waits = f" {failure.decision.sentence}" if failure.decision else ""
        print_line(f"{failure.transaction}: {failure.sentence}{waits}")


def _state(failure: FailureView, words: Words) -> str:
    if failure.decision is not None:
        return STANDS[failure.decision.state]
    if failure.resolution is None:
        assigned = f", assigned to {failure.assignee}" if failure.assignee else ""
        until = f", until {words.moment(failure.snoozed_until)}" if failure.snoozed_until else ""
        return f"{failure.state}{assigned}{until}"
    return labels.resolution_of(failure.resolution, failure.resolved_by)
