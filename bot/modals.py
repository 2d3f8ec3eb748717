"""The Resolve Now modal: the evidence, every remedy that may be chosen, and what a remedy needs to be told.

Pure. The modal carries opaque ids only; who, what and how much are read from our rows when it is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot import words
from bot.cards import FACTS_AT_MOST, SENTENCE_AT_MOST, context, figures_blocks, label_of, paid
from bot.figures import credit_that_fits_minor, proposed_proof, proposed_successors, undecided_lines
from bot.text import CONTEXT_AT_MOST, OPTION_AT_MOST, Block, day, money, plain, safe
from receivables.diagnosis import Remedy
from storage.cards import CardFacts

CALLBACK = "resolve_now"
OPTIONS_AT_MOST = 50  # far below Slack's 100; nobody reads more
FIGURES_AT_MOST = 40  # Slack allows 100 blocks, of four figures each; a payment of so many invoices is rare
VALUE_AT_MOST = 150  # of an option, as Slack has it
REASON_AT_MOST = 1000


@dataclass(frozen=True)
class Submitted:
    """What a person filled in. `offer_id` is the opaque id of the remedy on the facts that were shown."""

    failure_id: str
    offer_id: str
    reason: str
    successor: str
    proof: str
    reapply: bool


def resolve_modal(facts: CardFacts, zone: ZoneInfo, *, chosen: Remedy | None = None) -> Block:
    """The modal of one failure. `chosen` is the remedy whose needs are asked for; at first the recommended one."""
    offered = [remedy for remedy in facts.failure.offered if remedy in facts.offers]
    remedy = chosen if chosen in offered else (offered[0] if offered else None)
    blocks = [*_what(facts, zone), *_evidence(facts)]
    if remedy is None:
        blocks.append(context("There is nothing to decide now."))
        return _view(facts, blocks, submit=None)
    blocks.append({"type": "divider"})
    blocks.append(_remedies(facts, offered, remedy))
    blocks += _figures(facts, remedy)
    blocks += _needs(facts, remedy)
    return _view(facts, blocks, submit=words.REMEDIES[remedy])


def _view(facts: CardFacts, blocks: list[Block], *, submit: str | None) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Resolve Now", 24),
        "close": plain("Close", 24),
        "private_metadata": facts.failure.id,
        "blocks": blocks,
    }
    if submit is not None:
        view["submit"] = plain(submit, 24)
    return view


def _what(facts: CardFacts, zone: ZoneInfo) -> list[Block]:
    """Which payment, because the modal covers its card, and what happened to it."""
    payment, diagnosis = facts.payment.payment, facts.failure.diagnosis
    which = (f"Payment {safe(payment.transaction_number, 64)}", safe(payment.customer), paid(payment, zone))
    text = safe(diagnosis.sentence, SENTENCE_AT_MOST) if diagnosis else "The books are being read to say why this failed."
    return [
        {"type": "context", "elements": [plain(one, CONTEXT_AT_MOST) for one in which]},
        {"type": "section", "block_id": "what", "text": plain(text)},
    ]


def _evidence(facts: CardFacts) -> list[Block]:
    diagnosis = facts.failure.diagnosis
    if diagnosis is None:
        return []
    because, blocks = diagnosis.primary.because, list[Block]()
    lines = [f"• {safe(one.text, 300)}" for one in because[:FACTS_AT_MOST]]
    more = len(because) - FACTS_AT_MOST
    if more > 0:
        lines.append(f"… and {more} more facts in the whole story")
    if lines:
        blocks.append({"type": "section", "block_id": "evidence", "text": plain("What was read:\n" + "\n".join(lines))})
    if diagnosis.not_checked:
        blocks.append(context("Not checked: " + "; ".join(safe(one, 200) for one in diagnosis.not_checked[:5])))
    if diagnosis.primary.blocked:
        stopped = f"{words.REMEDIES[diagnosis.primary.remedy]} is not possible yet: {safe(diagnosis.primary.blocked, 300)}"
        blocks.append({"type": "section", "block_id": "blocked", "text": plain(stopped)})
    return blocks


def _remedies(facts: CardFacts, offered: Sequence[Remedy], chosen: Remedy) -> Block:
    options = {remedy: _option(label_of(facts, remedy), facts.offers[remedy]) for remedy in offered}
    return {
        "type": "input",
        "block_id": "remedy",
        "dispatch_action": True,
        "label": plain("What to do", 150),
        "element": {
            "type": "radio_buttons",
            "action_id": "remedy",
            "options": list(options.values()),
            "initial_option": options[chosen],
        },
    }


def _option(label: str, value: str) -> Block:
    return {"text": plain(label, OPTION_AT_MOST), "value": value}


def _figures(facts: CardFacts, remedy: Remedy) -> list[Block]:
    explained: Block = {"type": "section", "block_id": "explained", "text": plain(words.EXPLAINED[remedy])}
    return [explained, *figures_blocks(facts, remedy, FIGURES_AT_MOST)]


def _needs(facts: CardFacts, remedy: Remedy) -> list[Block]:
    """The inputs that the chosen remedy asks for."""
    blocks: list[Block] = []
    if remedy is Remedy.RECREATE_RECEIPT:
        blocks += _successor(facts)
    if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
        blocks += _reapply(facts)
    if remedy is Remedy.DISMISS:
        blocks += _proof(facts)
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": REASON_AT_MOST}
    blocks.append(_input("reason", "Reason", reason, optional=remedy is not Remedy.DISMISS))
    return blocks


def _reapply(facts: CardFacts) -> list[Block]:
    """Asked only where something of the credit still fits beside the receipt."""
    fits = credit_that_fits_minor(facts)
    if fits == 0:
        return []
    option = _option(f"Put back {money(fits, facts.payment.payment.currency)}, which still fits", "reapply")
    element = {"type": "checkboxes", "action_id": "reapply", "options": [option]}
    return [_input("reapply", "The credit, after the receipt is posted", element, optional=True)]


def _successor(facts: CardFacts) -> list[Block]:
    """One choice settles one invoice. Where several were made again and each has its one successor, nothing is asked."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return []
    lines = [line for line in evidence.lines if line.successors]
    proposed = proposed_successors(diagnosis)
    if len(lines) > 1 and not undecided_lines(evidence, diagnosis):
        return []
    currency = facts.payment.payment.currency
    candidates = {
        one.id: _option(f"{safe(one.number, 24)} (#{safe(one.id, 16)}), {money(one.open_minor, currency)} open", one.id)
        for line in lines
        for one in line.successors
    }
    first = proposed[lines[0].line] if len(lines) == 1 and lines[0].line in proposed else ""
    return _select("successor", "The invoice that took its place", candidates, first)


def _proof(facts: CardFacts) -> list[Block]:
    """The receipts that may have the money; with two that have it together, leaving it empty takes both."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return []
    currency = facts.payment.payment.currency
    usable = [
        one.receipt
        for one in evidence.receipts
        if not one.ours and not one.receipt.voided and one.receipt.currency == currency and one.free_minor > 0
    ]
    candidates = {
        one.id: _option(f"Receipt {safe(one.number, 24)}, {money(one.amount_minor, currency)}, {day(one.received_on)}", one.id)
        for one in usable
    }
    found = [receipt_id for receipt_id, _ in proposed_proof(diagnosis)]
    hint = "Left empty, what is named above stands for it." if found else "Left empty, a second person must approve."
    blocks = _select(
        "proof",
        "Proof: the receipt that has the money",
        candidates,
        found[0] if len(found) == 1 else "",
        optional=True,
        hint=hint,
    )
    return blocks or [context("No receipt was found as proof: this dismissal will take a second person.")]


def _select(
    name: str, label: str, candidates: Mapping[str, Block], first: str, *, optional: bool = False, hint: str = ""
) -> list[Block]:
    """A choice among documents, the proposed one first, so that it never falls off a long list."""
    usable = {one: option for one, option in candidates.items() if 0 < len(one) <= VALUE_AT_MOST}
    options = [option for one, option in sorted(usable.items(), key=lambda item: item[0] != first)]
    if not options:
        return []
    element: Block = {"type": "static_select", "action_id": name, "options": options[:OPTIONS_AT_MOST]}
    if first in usable:
        element["initial_option"] = usable[first]
    return [_input(name, label, element, optional=optional, hint=hint)]


def _input(block_id: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    block: Block = {"type": "input", "block_id": block_id, "label": plain(label, 150), "element": element, "optional": optional}
    return {**block, "hint": plain(hint)} if hint else block


def read_submission(view: Mapping[str, Any]) -> Submitted:
    """What was filled in, from Slack's own shape of a submitted view."""
    values: Mapping[str, Any] = view.get("state", {}).get("values", {})

    def given(block: str) -> Mapping[str, Any]:
        return values.get(block, {}).get(block) or {}

    def selected(block: str) -> str:
        return str((given(block).get("selected_option") or {}).get("value") or "")

    return Submitted(
        failure_id=str(view.get("private_metadata") or ""),
        offer_id=selected("remedy"),
        reason=str(given("reason").get("value") or "").strip(),
        successor=selected("successor"),
        proof=selected("proof"),
        reapply=bool(given("reapply").get("selected_options")),
    )
