"""One payment's whole story as an auditor reads it: feed, bindings, judgements, evidence, decisions, effects, proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rules
from app.output import moment, money, plain, print_line, print_table
from receivables.books_records import Gone, Receipt
from receivables.effects import EffectKind, ReceiptWrite
from receivables.errors import BooksError, NotFound
from storage import audit
from storage.effects import StoredEffect
from storage.failures import StoredFailure
from storage.story import Story, tell
from sync.desk import Desk


@dataclass(frozen=True)
class Told:
    """The story from our rows, and the payment's receipts as the books hold them at this moment.

    `unread` says why the books could not be asked; `chain` whether the company's record is unbroken.
    """

    story: Story
    receipts: Mapping[str, Receipt | Gone]
    unread: str
    chain: str


def gather(desk: Desk, number: str) -> Told:
    """Reads the story and then, with no transaction open, the receipts. Raises NotFound."""
    with desk.db.read() as connection:
        story = tell(connection, desk.company.id, number)
        broken = audit.verify(connection, desk.company.id)
    if story is None:
        raise NotFound(f"{desk.company.id} has no payment {number}.")
    wanted = {one.document_id for one in story.effects if one.kind is EffectKind.RECEIPT and one.document_id}
    wanted |= {one.receipt_id for one in story.proofs if one.withdrawn_at is None}
    receipts, unread = {}, ""
    try:
        receipts = dict(desk.books.receipts(wanted)) if wanted else {}
    except BooksError as error:
        unread = error.message
    chain = "unbroken" if broken is None else f"BROKEN at row {broken.seq}: {broken.problem}"
    return Told(story, receipts, unread, chain)


def as_json(told: Told) -> dict[str, Any]:
    """Everything, with its ids, keys and hashes."""
    body: dict[str, Any] = plain(told.story)
    body["receipts_in_books"] = plain(told.receipts)
    body["books_unread"] = told.unread
    body["record_chain"] = told.chain
    return body


def print_story(desk: Desk, told: Told) -> None:
    """The story in order, each part only where there is something to say."""
    story, zone = told.story, desk.company.time_zone
    stored, payment = story.payment, story.payment.payment
    print_line(
        f"Payment {payment.transaction_number} of {payment.customer}, {money(payment.amount_minor, payment.currency)} "
        f"by {payment.method}, paid {moment(payment.paid_at, zone)}: {stored.state}"
    )
    print_line(f"Taken in {moment(stored.received_at, zone)} from {stored.source}; the feed says {payment.status}.")
    if stored.excluded_by:
        print_line(f"Never posted, by the rule {stored.excluded_by}.")
    if stored.on_account_minor:
        print_line(f"Meant to stay on the customer's account: {money(stored.on_account_minor, payment.currency)}.")
    _print_allocations(told)
    _print_failures(desk, told)
    _print_decisions(desk, story)
    _print_effects(desk, story)
    _print_receipts(told)
    print_table(
        "Record",
        ("No.", "When", "Who", "What", "Hash"),
        [(row.seq, moment(row.at, zone), row.actor, row.action, row.hash[:12]) for row in story.record],
    )
    print_line(f"The company's chain of records is {told.chain}.")


def _print_allocations(told: Told) -> None:
    payment = told.story.payment.payment
    held = {one.line: one.binding for one in told.story.bindings}
    if not payment.allocations:
        print_line("Meant for no invoice: all of it goes on the customer's account.")
        return
    print_table(
        "Meant for",
        ("Line", "Invoice", "Amount", "Bound to (books' id)", "By", "Version"),
        [
            (
                line,
                one.invoice_number or f"#{one.invoice_id}",
                money(one.amount_minor, payment.currency),
                held[line].invoice_id if line in held else "not bound",
                held[line].bound_by if line in held else "-",
                held[line].version if line in held else "-",
            )
            for line, one in enumerate(payment.allocations, start=1)
        ],
        right=("Amount",),
    )


def _print_failures(desk: Desk, told: Told) -> None:
    zone = desk.company.time_zone
    for one in told.story.failures:
        ended = f"resolved {moment(one.resolved_at, zone)}: {one.resolution}" if one.resolved_at else "open"
        by = f" by {one.resolved_by}" if one.resolved_by else ""
        print_line(f"Failed {moment(one.opened_at, zone)} ({one.opened_because}), {ended}{by}.")
        if one.refusal_message:
            print_line(f"  {'The books said' if one.refusal_code else 'Seen'}: {one.refusal_message}")
        _print_diagnosis(desk, one)


def _print_diagnosis(desk: Desk, one: StoredFailure) -> None:
    if one.diagnosis is None:
        return
    primary, words = one.diagnosis.primary, desk.company.words
    print_line(f"  {rules.sentence(one.diagnosis, words)}")
    print_line(f"  Cause {primary.cause} ({primary.confidence}, rule {primary.rule}); recommended {primary.remedy}.")
    if primary.blocked:
        print_line(f"  Not before: {rules.fact_sentence(primary.blocked, words)}")
    for fact in primary.because:
        who = f", {fact.person}" if fact.person else ""
        when = f", {moment(fact.at, desk.company.time_zone)}" if fact.at else ""
        print_line(f"  - {rules.fact_sentence(fact, words)} [{fact.document}{who}{when}]")
    for other in one.diagnosis.runners_up:
        print_line(f"  Runner-up: {other.cause} ({other.confidence})")
    for what in rules.not_checked(one.diagnosis, words):
        print_line(f"  Not checked: {what}")


def _print_decisions(desk: Desk, story: Story) -> None:
    if story.decisions:
        print_table(
            "Decisions",
            ("When", "Remedy", "By", "Approved by", "Through", "Reason", "Ended"),
            [
                (
                    moment(one.requested_at, desk.company.time_zone),
                    one.remedy,
                    one.requested_by,
                    one.approved_by or "-",
                    one.channel + (f" ({one.os_account})" if one.os_account else ""),
                    one.reason or "-",
                    f"{one.state}: {one.outcome}" if one.outcome else one.state,
                )
                for one in story.decisions
            ],
        )


def _print_effects(desk: Desk, story: Story) -> None:
    if story.effects:
        print_table(
            "Writes to the books",
            ("Planned", "Write", "Part", "Gen.", "Amount", "State", "Document", "Sent", "Key"),
            [
                (
                    moment(one.planned_at, desk.company.time_zone),
                    one.kind + (" (put back)" if one.compensates_id else ""),
                    one.part,
                    one.generation,
                    _amount(one, story.payment.payment.currency),
                    one.state + (f": {one.outcome_message}" if one.outcome_message else ""),
                    one.document_id or "-",
                    one.sendings,
                    one.key[:12],
                )
                for one in story.effects
            ],
            right=("Amount",),
        )


def _amount(one: StoredEffect, currency: str) -> str:
    if isinstance(one.write, ReceiptWrite):
        return money(one.write.amount_minor, currency)
    return money(getattr(one.write, "amount_minor", 0), currency) if hasattr(one.write, "amount_minor") else "-"


def _print_receipts(told: Told) -> None:
    currency = told.story.payment.payment.currency
    if told.unread:
        print_line(f"The books could not be read now: {told.unread}")
    claims: Sequence[Any] = [one for one in told.story.proofs if one.withdrawn_at is None]
    for one in claims:
        print_line(f"Proof of the dismissal: {money(one.amount_minor, currency)} of receipt #{one.receipt_id}.")
    if told.receipts:
        print_table(
            "In the books now",
            ("Receipt", "Id", "Amount", "On account", "Applied to", "By", "Memo"),
            [_receipt_row(document_id, one) for document_id, one in sorted(told.receipts.items())],
            right=("Amount", "On account"),
        )


def _receipt_row(document_id: str, one: Receipt | Gone) -> tuple[object, ...]:
    if isinstance(one, Gone):
        return ("deleted", document_id, "-", "-", "-", one.deleted.person if one.deleted else "-", "-")
    lines = "; ".join(f"#{line.invoice_id} {money(line.amount_minor, one.currency)}" for line in one.lines)
    return (
        one.number + (" (voided)" if one.voided else ""),
        one.id,
        money(one.amount_minor, one.currency),
        money(one.unapplied_minor, one.currency),
        lines or "-",
        one.created.person,
        one.memo,
    )
