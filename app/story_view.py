"""One payment's whole story as an auditor reads it: feed, bindings, diagnoses, evidence, decisions, writes, proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import rules
from app.output import json_value, print_line, print_table
from bot import labels
from bot.called import People, called_failure, name_in_books
from receivables.books_records import Gone, Receipt
from receivables.effects import EffectKind
from receivables.errors import BooksError, NotFound
from receivables.words import Words
from storage import audit
from storage.effects import StoredEffect
from storage.failures import StoredFailure
from storage.story import Story, tell
from sync.desk import Desk
from sync.money_back import RETURN_RECORDED


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
        raise NotFound(f"There is no payment {number} at {desk.company.id}.")
    wanted = {effect.document_id for effect in story.effects if effect.kind is EffectKind.RECEIPT and effect.document_id}
    wanted |= {proof.receipt_id for proof in story.proofs if proof.withdrawn_at is None}
    receipts, unread = {}, ""
    try:
        receipts = dict(desk.books.receipts(wanted)) if wanted else {}
    except BooksError as error:
        unread = error.message
    chain = "unbroken" if broken is None else f"BROKEN at row {broken.seq}: {broken.problem}"
    return Told(story, receipts, unread, chain)


def as_json(told: Told) -> dict[str, Any]:
    """Everything, with its ids, keys and hashes."""
    body: dict[str, Any] = json_value(told.story)
    for shown, failure in zip(body["failures"], told.story.failures, strict=True):
        shown["evidence"] = failure.shown  # names the facts as they are now, for `decide --seen`
    body["receipts_in_books"] = json_value(told.receipts)
    body["books_unread"] = told.unread
    body["record_chain"] = told.chain
    return body


def print_story(told: Told, desk: Desk) -> None:
    """The story in order, each part only where there is something to say; people are called as everywhere."""
    words = desk.company.words
    failures = [called_failure(failure, desk.company, desk.people) for failure in told.story.failures]
    story = replace(told.story, failures=failures)
    stored, payment = story.payment, story.payment.payment
    print_line(
        f"Payment {payment.transaction_number} from {payment.customer}, {words.money(payment.amount_minor, payment.currency)} "
        f"by {payment.method}, paid {words.moment(payment.paid_at)}: {stored.state}"
    )
    for label, minor in (("Fee of the processor", payment.fee_minor), ("Refunded of it", payment.refunded_minor)):
        if minor:
            print_line(f"{label}: {words.money(minor, payment.currency)}.")
    print_line(f"Received {words.moment(stored.received_at)} from {stored.source}; the feed says {payment.status}.")
    if stored.excluded_by:
        print_line(
            "Its receipt and the entry by which the money went back are both in the books."
            if stored.excluded_by == RETURN_RECORDED
            else f"Not to be posted, because of the rule {stored.excluded_by}."
        )
    if stored.on_account_minor:
        print_line(f"To stay unapplied on the customer's account: {words.money(stored.on_account_minor, payment.currency)}.")
    _print_allocations(story, words)
    for failure in story.failures:
        _print_failure(failure, words)
    _print_decisions(story, words)
    _print_effects(story, words)
    _print_receipts(told, words, desk.people)
    print_table(
        "Record",
        ("No.", "When", "Who", "What", "Hash"),
        [(row.seq, words.moment(row.at), row.actor, row.action, row.hash[:12]) for row in story.record],
    )
    print_line(f"The company's record is {told.chain}.")


def _print_allocations(story: Story, words: Words) -> None:
    payment = story.payment.payment
    bound = {binding.line: binding.binding for binding in story.bindings}
    if not payment.allocations:
        print_line("Not meant for any invoice: all of it goes on the customer's account.")
        return
    print_table(
        "Meant for",
        ("Line", "Invoice", "Amount", "Bound to (id in the books)", "By", "Version"),
        [
            (
                line,
                allocation.invoice_number or f"#{allocation.invoice_id}",
                words.money(allocation.amount_minor, payment.currency),
                (bound[line].invoice_id if line in bound else "") or "not bound",
                bound[line].bound_by if line in bound else "-",
                bound[line].version if line in bound else "-",
            )
            for line, allocation in enumerate(payment.allocations, start=1)
        ],
        right=("Amount",),
    )


def _print_failure(failure: StoredFailure, words: Words) -> None:
    ended = labels.resolution_of(failure.resolution or "", failure.resolved_by)
    since = f"resolved {words.moment(failure.resolved_at)}: {ended}" if failure.resolved_at else "open"
    print_line(f"Failed {words.moment(failure.opened_at)} ({failure.opened_because}), {since}.")
    if failure.refusal_message:
        print_line(f"  {'The books said' if failure.refusal_code else 'Seen'}: {failure.refusal_message}")
    if failure.diagnosis is None:
        return
    primary = failure.diagnosis.primary
    print_line(f"  {rules.sentence(failure.diagnosis, words, unread_since=failure.unread_since)}")
    print_line(f"  Cause {primary.cause} ({primary.confidence}, rule {primary.rule}); recommended remedy {primary.remedy}.")
    if primary.blocked:
        print_line(f"  Not before: {rules.fact_sentence(primary.blocked, words)}")
    for fact in primary.because:
        who = f", {fact.person}" if fact.person else ""
        when = f", {words.moment(fact.at)}" if fact.at else ""
        print_line(f"  - {rules.fact_sentence(fact, words)} [{fact.document}{who}{when}]")
    for other in failure.diagnosis.runners_up:
        print_line(f"  Runner-up: {other.cause} ({other.confidence})")
    for what in rules.not_checked(failure.diagnosis, words):
        print_line(f"  Not checked: {what}")


def _print_decisions(story: Story, words: Words) -> None:
    if story.decisions:
        print_table(
            "Decisions",
            ("When", "Remedy", "By", "Approved by", "Through", "Reason", "Outcome"),
            [
                (
                    words.moment(decision.requested_at),
                    decision.remedy,
                    decision.requested_by,
                    decision.approved_by or "-",
                    decision.channel + (f" ({decision.os_account})" if decision.os_account else ""),
                    decision.reason or "-",
                    f"{decision.state}: {decision.outcome}" if decision.outcome else decision.state,
                )
                for decision in story.decisions
            ],
        )


def _print_effects(story: Story, words: Words) -> None:
    if story.effects:
        print_table(
            "Writes to the books",
            ("Planned", "Write", "Part", "Gen.", "Amount", "State", "Document", "Sent", "Key"),
            [
                (
                    words.moment(effect.planned_at),
                    effect.kind + (" (put back)" if effect.compensates_id else ""),
                    effect.part,
                    effect.generation,
                    _amount(effect, story.payment.payment.currency, words),
                    effect.state + (f": {effect.outcome_message}" if effect.outcome_message else ""),
                    effect.document_id or "-",
                    effect.sendings,
                    effect.key[:12],
                )
                for effect in story.effects
            ],
            right=("Amount",),
        )


def _amount(effect: StoredEffect, currency: str, words: Words) -> str:
    amount_minor = getattr(effect.write, "amount_minor", None)  # what takes something off has none
    return "-" if amount_minor is None else words.money(amount_minor, currency)


def _print_receipts(told: Told, words: Words, people: People) -> None:
    currency = told.story.payment.payment.currency
    if told.unread:
        print_line(f"The books could not be read now: {told.unread}")
    for proof in told.story.proofs:
        if proof.withdrawn_at is None:
            receipt = told.receipts.get(proof.receipt_id)
            name = receipt.number if receipt and receipt.number else f"#{proof.receipt_id}"
            print_line(f"Proof of the dismissal: {words.money(proof.amount_minor, currency)} of receipt {name}.")
    if told.receipts:
        print_table(
            "In the books now",
            ("Receipt", "Id", "Amount", "Unapplied", "Applied to", "By", "Memo"),
            [_receipt_row(document_id, receipt, words, people) for document_id, receipt in sorted(told.receipts.items())],
            right=("Amount", "Unapplied"),
        )


def _receipt_row(document_id: str, receipt: Receipt | Gone, words: Words, people: People) -> tuple[object, ...]:
    if isinstance(receipt, Gone):
        return (
            "deleted",
            document_id,
            "-",
            "-",
            "-",
            name_in_books(receipt.deleted.person, people) if receipt.deleted else "-",
            "-",
        )
    lines = "; ".join(f"#{line.invoice_id} {words.money(line.amount_minor, receipt.currency)}" for line in receipt.lines)
    return (
        receipt.number + (" (voided)" if receipt.voided else ""),
        receipt.id,
        words.money(receipt.amount_minor, receipt.currency),
        words.money(receipt.unapplied_minor, receipt.currency),
        lines or "-",
        name_in_books(receipt.created.person, people),
        receipt.memo,
    )
