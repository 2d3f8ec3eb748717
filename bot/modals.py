"""The Resolve Now modal: the evidence, every remedy that may be chosen, and what a remedy needs to be told.

Pure. The modal carries opaque ids only; who, what and how much are read from our rows when it is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot import words
from bot.cards import FACTS_AT_MOST, before_after, context, label_of
from bot.figures import figures
from bot.text import OPTION_AT_MOST, Block, moment, money, plain, safe
from receivables.diagnosis import Remedy
from storage.cards import CardFacts

CALLBACK = "resolve_now"
OPTIONS_AT_MOST = 50  # far below Slack's 100; nobody reads more
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
    blocks = [_sentence(facts), *_evidence(facts, zone)]
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


def _sentence(facts: CardFacts) -> Block:
    diagnosis = facts.failure.diagnosis
    text = diagnosis.sentence if diagnosis else "The books are being read to say why this failed."
    return {"type": "section", "text": plain(text)}


def _evidence(facts: CardFacts, zone: ZoneInfo) -> list[Block]:
    diagnosis = facts.failure.diagnosis
    if diagnosis is None or not diagnosis.primary.because:
        return []
    lines = []
    for fact in diagnosis.primary.because[:FACTS_AT_MOST]:
        when = f" ({moment(fact.at, zone)})" if fact.at else ""
        lines.append(f"• {safe(fact.text, 300)}{when}")
    more = len(diagnosis.primary.because) - FACTS_AT_MOST
    if more > 0:
        lines.append(f"… and {more} more facts in the whole story")
    blocks: list[Block] = [{"type": "section", "block_id": "evidence", "text": plain("What was read:\n" + "\n".join(lines))}]
    if diagnosis.not_checked:
        blocks.append(context("Not checked: " + "; ".join(safe(one, 200) for one in diagnosis.not_checked[:5])))
    if diagnosis.primary.blocked:
        blocks.append({"type": "section", "text": plain(f"Not before: {diagnosis.primary.blocked}")})
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
    currency = facts.payment.payment.currency
    lines = [f"{safe(one.label, 120)}: {before_after(one, currency)}" for one in figures(facts, remedy)]
    text = words.EXPLAINED[remedy] + ("\n" + "\n".join(lines) if lines else "")
    return [{"type": "section", "block_id": "figures", "text": plain(text)}]


def _needs(facts: CardFacts, remedy: Remedy) -> list[Block]:
    """The inputs that the chosen remedy asks for."""
    blocks: list[Block] = []
    if remedy is Remedy.RECREATE_RECEIPT:
        blocks += _successor(facts)
    if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
        option = _option("Afterwards, put back what still fits", "reapply")
        element = {"type": "checkboxes", "action_id": "reapply", "options": [option]}
        blocks.append(_input("reapply", "The credit", element, optional=True))
    if remedy is Remedy.DISMISS:
        blocks += _proof(facts)
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": REASON_AT_MOST}
    blocks.append(_input("reason", "Reason", reason, optional=remedy is not Remedy.DISMISS))
    return blocks


def _successor(facts: CardFacts) -> list[Block]:
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return []
    currency = facts.payment.payment.currency
    candidates = {
        one.id: _option(f"{safe(one.number, 24)} (#{safe(one.id, 16)}), {money(one.open_minor, currency)} open", one.id)
        for line in evidence.lines
        for one in line.successors
    }
    if not candidates:
        return []
    element: Block = {"type": "static_select", "action_id": "successor", "options": list(candidates.values())[:OPTIONS_AT_MOST]}
    proposed = [one for finding in (diagnosis.primary, *diagnosis.runners_up) for _, one in finding.successors]
    if proposed and proposed[0] in candidates:
        element["initial_option"] = candidates[proposed[0]]
    return [_input("successor", "The invoice that took its place", element)]


def _proof(facts: CardFacts) -> list[Block]:
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return []
    currency = facts.payment.payment.currency
    options = {
        one.receipt.id: _option(
            f"{safe(one.receipt.number, 24)}, {money(one.receipt.amount_minor, one.receipt.currency)}, {one.receipt.received_on}",
            one.receipt.id,
        )
        for one in evidence.receipts
        if not one.ours and one.receipt.currency == currency and one.free_minor > 0
    }
    found = [receipt_id for finding in (diagnosis.primary, *diagnosis.runners_up) for receipt_id, _ in finding.proof]
    if not options:
        return [context("No receipt by hand was found as proof: this dismissal will take a second person.")]
    element: Block = {"type": "static_select", "action_id": "proof", "options": list(options.values())[:OPTIONS_AT_MOST]}
    if len(found) == 1 and found[0] in options:
        element["initial_option"] = options[found[0]]
    return [_input("proof", "Proof: the receipt that has the money", element, optional=True)]


def _input(block_id: str, label: str, element: Block, *, optional: bool = False) -> Block:
    return {"type": "input", "block_id": block_id, "label": plain(label, 150), "element": element, "optional": optional}


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
