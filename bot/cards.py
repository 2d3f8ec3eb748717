"""One failure's card: what happened, in figures what the remedy would do, who may press, and in the end who did what.

Pure: drawn from rows, touches nothing. The same message is rewritten in place for every state, so its text is always the
projection of what the database says now.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot import words
from bot.figures import Figure, figures, headline_minor
from bot.text import BUTTON_AT_MOST, CONTEXT_AT_MOST, HEADER_AT_MOST, Block, cut, field, listed, moment, money, plain, safe
from receivables.diagnosis import Remedy
from receivables.effects import ReceiptWrite
from receivables.payment import Bucket
from storage.cards import CardFacts
from storage.decisions import StoredDecision

#: Remedies that change something, and so may stand on the card as a button of their own.
PRESSABLE = (
    Remedy.UNAPPLY_CREDIT_MEMO,
    Remedy.RECREATE_RECEIPT,
    Remedy.DISMISS,
    Remedy.APPLY_RECEIPT,
    Remedy.KEEP_ON_ACCOUNT,
    Remedy.RETRY,
)
FIGURES_AT_MOST = 8  # with the head's two, ten fields are all that a section takes
FACTS_AT_MOST = 8  # the story tells them all


@dataclass(frozen=True)
class Message:
    """A message for Slack: its blocks, and the text that notifications and screen readers use."""

    text: str
    blocks: list[Block]


def failure_card(facts: CardFacts, zone: ZoneInfo, names: dict[str, str]) -> Message:
    """The card of one failure. `names` are people's names by their id."""
    head = _headline(facts)
    blocks: list[Block] = [
        {"type": "header", "text": plain(head, HEADER_AT_MOST)},
        _what_happened(facts),
        _who_and_how_much(facts, zone),
    ]
    if facts.failure.state == "open":
        blocks += _open(facts, zone, names)
    else:
        blocks += _resolved(facts, zone, names)
    return Message(f"{head}: {_sentence(facts)}"[:3000], blocks)


def _headline(facts: CardFacts) -> str:
    number = safe(facts.failure.transaction_number, 64)
    if facts.failure.state == "open":
        if facts.payment.bucket is Bucket.UNKNOWN:
            return f"Payment {number}: it is not known yet whether it was recorded"
        return f"Payment {number} is failing to sync"
    return {
        "put_right": f"Payment {number} was put right in the books",
        "dismissed": f"Payment {number} was dismissed",
        "retried": f"Payment {number} is tried again",
        "landed": f"Payment {number} was recorded after all",
    }.get(facts.failure.resolution or "", f"Payment {number} is recorded")


def _sentence(facts: CardFacts) -> str:
    if facts.failure.diagnosis is None:
        return "It was just found. The books are being read to say why."
    return facts.failure.diagnosis.sentence


def _what_happened(facts: CardFacts) -> Block:
    section: Block = {"type": "section", "block_id": "what", "text": plain(_sentence(facts))}
    section["accessory"] = overflow(facts)
    return section


def overflow(facts: CardFacts) -> Block:
    """The three-dot menu. Values are a verb of ours and an opaque id, never an amount or a name."""
    options = []
    if facts.failure.state == "open" and Remedy.DISMISS in facts.offers:
        options.append(("Dismiss Syncing", f"dismiss {facts.failure.id}"))
    if facts.failure.state == "open" and facts.offers:
        options.append(("Look again now", f"look {facts.failure.id}"))
    if facts.failure.resolution == "dismissed":
        options.append(("Reopen", f"reopen {facts.failure.id}"))
    if facts.failure.state != "open":
        options.append(("Unhide" if facts.payment.hidden_by else "Hide", f"hide {facts.failure.id}"))
    options.append(("Show the whole story", f"story {facts.failure.id}"))
    return {
        "type": "overflow",
        "action_id": "more",
        "options": [{"text": plain(label, 75), "value": value} for label, value in options],
    }


def _who_and_how_much(facts: CardFacts, zone: ZoneInfo) -> Block:
    payment = facts.payment.payment
    invoices = [one.invoice_number or f"#{one.invoice_id}" for one in payment.allocations]
    diagnosis = facts.failure.diagnosis
    cause = "Being looked at"
    if diagnosis is not None:
        cause = f"{words.CAUSES[diagnosis.primary.cause]} ({words.CONFIDENCES[diagnosis.primary.confidence]})"
    return {
        "type": "section",
        "block_id": "head",
        "fields": [
            field("Client", safe(payment.customer)),
            field("Amount", money(payment.amount_minor, payment.currency)),
            field("Paid", f"{moment(payment.paid_at, zone)} by {safe(payment.method, 40) or 'unknown means'}"),
            field("Invoices", listed(invoices)),
            field("Cause", cause),
            field("Failing since", moment(facts.failure.opened_at, zone)),
        ],
    }


def _open(facts: CardFacts, zone: ZoneInfo, names: dict[str, str]) -> list[Block]:
    diagnosis, decision = facts.failure.diagnosis, facts.decision
    if facts.payment.bucket is Bucket.UNKNOWN:
        return [context("Nothing is to be decided: the books are read until they tell. Nothing is sent again before that.")]
    if decision is not None and decision.state in ("waiting_approval", "accepted", "carrying_out"):
        return _under_way(facts, decision, zone, names)
    if diagnosis is None:
        return [context("No remedy yet.")]
    blocks = _figures_block(facts, facts.failure.offered[0] if facts.failure.offered else None)
    if diagnosis.primary.blocked:
        blocks.append({"type": "section", "text": plain(f"Not before: {diagnosis.primary.blocked}")})
    if decision is not None and decision.state in ("stale", "refused", "failed"):
        ended = {"stale": "came to nothing", "refused": "was refused", "failed": "could not be carried out"}[decision.state]
        who = names.get(decision.requested_by, decision.requested_by)
        blocks.append(context(f"{who}'s decision ({words.REMEDIES[decision.remedy]}) {ended}: {decision.outcome}"))
    blocks.append(_buttons(facts))
    notes = [f"Also possible: {words.CAUSES[one.cause]}" for one in diagnosis.runners_up[:3]]
    notes += [f"Not checked: {what}" for what in diagnosis.not_checked[:3]]
    if notes:
        blocks.append(context(". ".join(safe(note, 300) for note in notes)))
    return blocks


def _figures_block(facts: CardFacts, remedy: Remedy | None) -> list[Block]:
    shown = figures(facts, remedy) if remedy else ()
    if not shown:
        return []
    currency = facts.payment.payment.currency
    more = len(shown) - FIGURES_AT_MOST
    fields = [field(safe(one.label, 120), before_after(one, currency)) for one in shown[:FIGURES_AT_MOST]]
    if more > 0:
        fields.append(field("And", f"{more} more; Resolve Now shows the whole"))
    return [{"type": "section", "block_id": "figures", "fields": fields}]


def before_after(one: Figure, currency: str) -> str:
    """An amount as it is and as the remedy would leave it."""
    return f"{money(one.before_minor, currency)} → {money(one.after_minor, currency)}"


def _buttons(facts: CardFacts) -> Block:
    elements: list[Block] = []
    recommended = facts.failure.offered[0] if facts.failure.offered else None
    if recommended in PRESSABLE and recommended in facts.offers and not needs_choice(facts, recommended):
        elements.append(
            {
                "type": "button",
                "action_id": "choose",
                "style": "primary",
                "text": plain(label_of(facts, recommended), BUTTON_AT_MOST),
                "value": facts.offers[recommended],
                "confirm": confirmation(facts, recommended),
            }
        )
    elements.append(
        {"type": "button", "action_id": "resolve_now", "text": plain("Resolve Now", BUTTON_AT_MOST), "value": facts.failure.id}
    )
    return {"type": "actions", "block_id": "buttons", "elements": elements}


def needs_choice(facts: CardFacts, remedy: Remedy) -> bool:
    """Whether the remedy needs more than a press: a reason, a proof, or a successor to choose."""
    diagnosis, evidence = facts.failure.diagnosis, facts.evidence
    if diagnosis is None or evidence is None:
        return True
    findings = (diagnosis.primary, *diagnosis.runners_up)
    if remedy is Remedy.DISMISS:
        return not any(one.proof for one in findings)
    if remedy is Remedy.RECREATE_RECEIPT:
        chosen = dict(next((one.successors for one in findings if one.successors), ()))
        return any(line.successors and line.line not in chosen for line in evidence.lines)
    return False


def label_of(facts: CardFacts, remedy: Remedy) -> str:
    """The button's words, with the one amount that matters."""
    amount = money(headline_minor(facts, remedy), facts.payment.payment.currency)
    return cut(f"{words.REMEDIES[remedy]} ({amount})", BUTTON_AT_MOST)


def confirmation(facts: CardFacts, remedy: Remedy) -> Block:
    """Asked once more with the figures, before anything is written down."""
    currency = facts.payment.payment.currency
    shown = "; ".join(f"{safe(one.label, 60)}: {before_after(one, currency)}" for one in figures(facts, remedy))
    text = f"{words.EXPLAINED[remedy]} {shown}"
    return {
        "title": plain(words.REMEDIES[remedy], 100),
        "text": plain(text, 300),
        "confirm": plain("Yes, do it", 30),
        "deny": plain("Not now", 30),
    }


def _under_way(facts: CardFacts, decision: StoredDecision, zone: ZoneInfo, names: dict[str, str]) -> list[Block]:
    who = names.get(decision.requested_by, decision.requested_by)
    remedy = words.REMEDIES[decision.remedy]
    blocks = _figures_block(facts, decision.remedy)
    if decision.state != "waiting_approval":
        approved = f", approved by {names.get(decision.approved_by, decision.approved_by)}" if decision.approved_by else ""
        return [*blocks, context(f"{who} chose {remedy} on {moment(decision.requested_at, zone)}{approved}. Being carried out.")]
    reason = f' Reason: "{safe(decision.reason, 300)}"' if decision.reason else ""
    blocks.append(context(f"{who} asks for: {remedy}. {decision.outcome}{reason}"))
    blocks.append(
        {
            "type": "actions",
            "block_id": "approval",
            "elements": [
                {
                    "type": "button",
                    "action_id": "approve",
                    "style": "primary",
                    "text": plain(f"Approve: {label_of(facts, decision.remedy)}", BUTTON_AT_MOST),
                    "value": decision.id,
                    "confirm": confirmation(facts, decision.remedy),
                },
                {
                    "type": "button",
                    "action_id": "withdraw",
                    "style": "danger",
                    "text": plain("Decline", BUTTON_AT_MOST),
                    "value": decision.id,
                },
            ],
        }
    )
    return blocks


def _resolved(facts: CardFacts, zone: ZoneInfo, names: dict[str, str]) -> list[Block]:
    failure = facts.failure
    at = moment(failure.resolved_at or failure.changed_at, zone)
    by = names.get(failure.resolved_by, failure.resolved_by)
    said = {
        "put_right": f"Put right in the books{f' by {by}' if by else ''}; nobody had to press anything. Seen on {at}.",
        "dismissed": f"Dismissed by {by} on {at}.",
        "retried": f"Sent to be judged again{f' by {by}' if by else ''} on {at}.",
        "landed": f"The books had it after all; read back on {at}.",
    }.get(failure.resolution or "", f"{_what_was_done(facts)} by {by or 'Resolve Now'}; read back on {at}.")
    lines = [said, *_receipts(facts), *_proofs(facts)]
    if facts.decision is not None and facts.decision.reason:
        lines.append(f'Reason: "{safe(facts.decision.reason, 300)}"')
    if facts.decision is not None and facts.decision.approved_by:
        lines.append(f"Approved by {names.get(facts.decision.approved_by, facts.decision.approved_by)}.")
    return [{"type": "section", "block_id": "outcome", "text": plain("\n".join(lines))}]


def _what_was_done(facts: CardFacts) -> str:
    return words.REMEDIES[facts.decision.remedy] if facts.decision is not None else "Resolved"


def _receipts(facts: CardFacts) -> list[str]:
    currency = facts.payment.payment.currency
    return [
        f"Receipt #{safe(one.document_id or '', 40)}: {money(one.write.amount_minor, currency)} in the books."
        for one in facts.receipts
        if isinstance(one.write, ReceiptWrite)
    ]


def _proofs(facts: CardFacts) -> list[str]:
    currency = facts.payment.payment.currency
    if facts.failure.resolution != "dismissed":
        return []
    return [f"Proof: {money(one.amount_minor, currency)} of receipt #{safe(one.receipt_id, 40)}." for one in facts.proofs]


def context(text: str) -> Block:
    """A line in small print."""
    return {"type": "context", "elements": [plain(text, CONTEXT_AT_MOST)]}
