"""What people chose about a failure and how it ended, in words: by whom, when, and with which documents. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import rules
from bot.labels import named
from bot.people import Names, name_of
from bot.text import REASON_AT_MOST, Block, because, section
from receivables.books_records import by_invoice
from receivables.diagnosis import Remedy
from receivables.effects import ReceiptWrite
from receivables.words import Words, capitalized, counted, listed, plain
from storage.cards import CardFacts
from storage.corrections import CORRECTION
from storage.decisions import StoredDecision

RECEIPTS_AT_MOST = 6
INVOICES_AT_MOST = 3


def chosen(facts: CardFacts, decision: StoredDecision, names: Names) -> str:
    """Who chose what."""
    what = named(decision.remedy, facts.failure.about, facts.failure.diagnosis)
    return f"{name_of(names, decision.requested_by)} chose “{what}”"


def not_carried_out(outcome: str, names: Names) -> str:
    """What became of a decision that changed nothing: "not carried out" and why, or "declined by" whom.

    Who declined is stored by id and shown by name.
    """
    verb, by, person = outcome.partition("declined by ")
    if by and not verb:
        return f"declined by {name_of(names, person)}."
    text = f"not carried out{'.' if outcome[:1].isupper() else ':'} {plain(outcome, 300)}"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def outcome(facts: CardFacts, words: Words, names: Names) -> Block:
    """How it ended: by whom, when, and with which documents."""
    decision = facts.decision
    lines = [_ended(facts, words, names)]
    if decision is not None and decision.approved_by:
        lines.append(f"Approved by {name_of(names, decision.approved_by)}.")
    if decision is not None and other_money(decision):
        lines.append(other_money(decision).strip())
    if decision is not None and decision.reason:
        lines.append(because(decision.reason).strip())
    lines += _at_most(_receipts(facts, words)) + _at_most(_proofs(facts, words))
    if facts.payment.hidden_by:
        lines.append(f"Hidden from lists and search by {name_of(names, facts.payment.hidden_by)}; totals still include it.")
    return section("\n".join(lines), "outcome")


def _ended(facts: CardFacts, words: Words, names: Names) -> str:
    failure, decision = facts.failure, facts.decision
    at = words.moment(failure.resolved_at or failure.changed_at)
    by = f" by {name_of(names, failure.resolved_by)}" if failure.resolved_by else ""
    if failure.about == CORRECTION and failure.resolution == "carried_out":
        return f"Accepted{by} on {at}: our record now matches the feed."
    if failure.about != "payment" and failure.resolution not in ("carried_out", "put_right"):
        return f"Settled{by} on {at}: our record of the payment was kept."
    if decision is not None and failure.about != "payment" and rules.named_entry(decision.options):
        return f"{chosen(facts, decision, names)}, {plain(decision.outcome, 300)}. Seen on {at}."
    carried_out = f"{chosen(facts, decision, names)}; it was carried out" if decision else "It was carried out"
    return {
        "put_right": f"Fixed in the books{by}; no action was needed here. Seen on {at}.",
        "dismissed": f"Dismissed{by} on {at}. {_applied(decision)}",
        "retried": f"Retry requested{by} on {at}.",
        "landed": f"Confirmed on {at}: it is in the books.",
        "excluded": f"Excluded{by} on {at}; it is never posted.",
    }.get(failure.resolution or "", f"{carried_out} and confirmed in the books on {at}.")


def _applied(decision: StoredDecision | None) -> str:
    """What became of applying the receipt that a dismissal rests on, where that was asked for."""
    if decision is None or not decision.options.get("apply_proof"):
        return "Nothing was written to the books."
    if decision.state == "failed":
        said = capitalized(plain(decision.outcome, 300).rstrip("."))
        return f"{said}. Apply it in the books, so that the customer gets the credit."
    return "The receipt was applied to the invoices." if decision.state == "done" else "The receipt is being applied."


def other_money(decision: StoredDecision) -> str:
    """Which money a person said that the receipt is, after a sentence; or ""."""
    given = plain(str(decision.options.get("cash_reference") or ""), REASON_AT_MOST)
    return f" The receipt is other money: {given}." if given and decision.remedy is Remedy.NOT_DUPLICATE else ""


def _receipts(facts: CardFacts, words: Words) -> list[str]:
    lines = []
    for effect in facts.receipts:
        if isinstance(effect.write, ReceiptWrite):
            number = _receipt_number(facts, effect.document_id or "")
            lines.append(f"Receipt {number} in the books: {_applied_to(facts, effect.write, words)}.")
    return lines


def _applied_to(facts: CardFacts, write: ReceiptWrite, words: Words) -> str:
    """$500.00, with $200.00 applied to invoice 1043 and $300.00 unapplied"""
    evidence, whole = facts.evidence, words.money(write.amount_minor, write.currency)
    numbers = {line.invoice_id: line.invoice_number for line in evidence.lines} if evidence else {}
    applied = by_invoice(write.lines)
    parts = [
        f"{words.money(minor, write.currency)} applied to invoice {plain(numbers[invoice_id], 24)}"
        for invoice_id, minor in applied.items()
        if numbers.get(invoice_id)
    ]
    if len(parts) < len(applied) or len(parts) > INVOICES_AT_MOST:
        parts = [f"{words.money(sum(applied.values()), write.currency)} applied to {counted(len(applied), 'invoice')}"]
    if not write.on_account_minor:
        return f"{whole}, all of it applied"
    return f"{whole}, with {listed([*parts, f'{words.money(write.on_account_minor, write.currency)} unapplied'])}"


def _proofs(facts: CardFacts, words: Words) -> list[str]:
    if facts.failure.resolution != "dismissed" or facts.failure.about != "payment":
        return []
    currency = facts.payment.payment.currency
    lines = [
        f"Already recorded: {words.money(proof.amount_minor, currency)} on receipt {_receipt_number(facts, proof.receipt_id)}."
        for proof in facts.proofs
    ]
    return lines or ["Dismissed without a receipt as proof; two people agreed."]


def _receipt_number(facts: CardFacts, receipt_id: str) -> str:
    """The number that the books show for a receipt that was read; else its id."""
    known = [found.receipt for found in facts.evidence.receipts] if facts.evidence else []
    return plain(next((receipt.number for receipt in known if receipt.id == receipt_id), "") or receipt_id, 40)


def _at_most(lines: Sequence[str]) -> list[str]:
    more = len(lines) - RECEIPTS_AT_MOST
    return [*lines[:RECEIPTS_AT_MOST], *([f"… and {more} more"] if more > 0 else [])]
