"""The Resolve Now modal: the evidence, every remedy that may be chosen, and what a remedy needs to be told.

Pure. The modal carries opaque ids only; who, what and how much are read from our rows when it is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import rules
from bot import labels
from bot.cards import FACTS_AT_MOST, also_possible, blocked, figures_blocks, following, paid, sentence_of
from bot.choices import changes, label_of, named_for
from bot.figures import credit_that_fits_minor, proposed_proof, takes_two
from bot.inputs import choice, entry, select
from bot.links import in_the_books
from bot.matching import match_inputs, match_named
from bot.sides import both_sides, unknown_makers
from bot.text import PERSON_AT_MOST, Block, context, of_payment, plain_text, section
from receivables.books_records import Receipt
from receivables.company import Company
from receivables.diagnosis import Remedy
from receivables.words import Words, counted, listed, plain
from storage.cards import CardFacts

CALLBACK = "resolve_now"
RADIO_AT_MOST = 10  # Slack takes no more of these; a longer list is a menu
REMEDIES_AT_MOST = 10  # Slack takes no more radio buttons
FIGURES_AT_MOST = 40  # Slack allows 100 blocks, of four figures each; a payment of so many invoices is rare
REASON_AT_MOST = 1000
REFERENCE_AT_MOST = 100
ASKED_AT_MOST = 3  # people named to somebody who only reads


@dataclass(frozen=True)
class Shown:
    """What an open modal shows, as it carries it along: opaque ids, and the channel where it was opened."""

    failure_id: str = ""
    offer_id: str = ""  # of the remedy whose figures are drawn
    channel: str = ""
    notice: str = ""  # said at its top; not carried along

    @classmethod
    def read(cls, view: Mapping[str, Any]) -> Shown:
        failure_id, offer_id, channel, *_ = [*str(view.get("private_metadata") or "").split(" "), "", ""]
        return cls(failure_id, offer_id, channel)

    @property
    def carried(self) -> str:
        return f"{self.failure_id} {self.offer_id} {self.channel}"


@dataclass(frozen=True)
class Submitted:
    """What a person filled in. `offer_id` is the opaque id of the remedy that they chose, on the facts that were shown."""

    shown: Shown
    offer_id: str
    reason: str
    options: Mapping[str, object]  # what the remedy was told, as a decision holds it


def resolve_modal(
    facts: CardFacts,
    company: Company,
    *,
    chosen: Remedy | None = None,
    shown: Shown = Shown(),
    ask: Sequence[str] | None = None,
) -> Block:
    """The modal of one failure. `chosen` is the remedy whose needs are asked for; at first the recommended one.

    `shown` is what it showed before, or where it is opened. `ask` names whom somebody can ask who only reads: they see what is
    recommended, and choose nothing.
    """
    offered = [remedy for remedy in facts.failure.offered if remedy in facts.offers]
    remedy = chosen if chosen in offered else (offered[0] if offered else None)
    words = company.words
    showing = replace(shown, failure_id=facts.failure.id, offer_id=facts.offers[remedy] if remedy else "")
    notice = [section(shown.notice, "notice")] if shown.notice else []
    blocks = [*notice, *_what(facts, company), *both_sides(facts, company), *unknown_makers(facts), *_evidence(facts, words)]
    if ask is not None:
        return _view(showing, [*blocks, *_only_read(facts, company, ask)], submit=None)
    if remedy is None:
        blocks.append(context("There is nothing to decide now."))
        return _view(showing, blocks, submit=None)
    blocks.append({"type": "divider"})
    blocks.append(_remedies(facts, offered, remedy, company))
    blocks.append(section(labels.explained(remedy, facts.failure.about, facts.failure.diagnosis), "explained"))
    blocks += figures_blocks(changes(facts, remedy, company), FIGURES_AT_MOST)
    blocks += following(facts, remedy, words)
    if two := takes_two(facts, remedy, company):
        blocks.append(context(two.said))
    blocks += _needs(facts, remedy, words)
    return _view(showing, blocks, submit=labels.pressed(named_for(facts, remedy)))


def _view(showing: Shown, blocks: list[Block], *, submit: str | None) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text("Resolve Now", 24),
        "close": plain_text("Close", 24),
        "private_metadata": showing.carried,
        "blocks": blocks,
    }
    if submit is not None:
        view["submit"] = plain_text(submit, 24)
    return view


def _only_read(facts: CardFacts, company: Company, ask: Sequence[str]) -> list[Block]:
    """What is recommended and what it would change, and who can decide it."""
    if not facts.failure.offered:
        return [context("There is nothing to decide now.")]
    remedy = facts.failure.offered[0]
    who = listed([plain(name, PERSON_AT_MOST) for name in ask], ASKED_AT_MOST, last="or") or "your administrator"
    explained = labels.explained(remedy, facts.failure.about, facts.failure.diagnosis)
    return [
        {"type": "divider"},
        section(f"Recommended: {named_for(facts, remedy)}. {explained}", "explained"),
        *figures_blocks(changes(facts, remedy, company), FIGURES_AT_MOST),
        *following(facts, remedy, company.words),
        context(f"You can read this, but not decide it. Ask {who}."),
    ]


def _what(facts: CardFacts, company: Company) -> list[Block]:
    """Which payment, because the modal covers its card, and what happened to it."""
    payment, words = facts.payment.payment, company.words
    which = context(of_payment(payment.transaction_number), plain(payment.customer), paid(payment, words))
    which["elements"] += in_the_books(facts.evidence, company)
    return [which, section(sentence_of(facts, words), "what")]


def _evidence(facts: CardFacts, words: Words) -> list[Block]:
    diagnosis = facts.failure.diagnosis
    if diagnosis is None:
        return []
    because, blocks = diagnosis.primary.because, list[Block]()
    lines = [f"• {plain(rules.fact_sentence(fact, words), 300)}" for fact in because[:FACTS_AT_MOST]]
    more = len(because) - FACTS_AT_MOST
    if more > 0:
        lines.append(f"… and {counted(more, 'more fact')} in the full history")
    if lines:
        blocks.append(section("What we found:\n" + "\n".join(lines), "evidence"))
    if diagnosis.not_checked:
        left_out = rules.not_checked(diagnosis, words)[:5]
        blocks.append(context("Not checked: " + "; ".join(plain(what, 200) for what in left_out)))
    return blocks + also_possible(facts) + blocked(facts, diagnosis.primary, words)


def _remedies(facts: CardFacts, offered: Sequence[Remedy], chosen: Remedy, company: Company) -> Block:
    shown = offered[:REMEDIES_AT_MOST] if chosen in offered[:REMEDIES_AT_MOST] else [*offered[: REMEDIES_AT_MOST - 1], chosen]
    options = {remedy: choice(label_of(facts, remedy, company), facts.offers[remedy]) for remedy in shown}
    return {
        "type": "input",
        "block_id": "remedy",
        "dispatch_action": True,
        "label": plain_text("What to do", 150),
        "element": {
            "type": "radio_buttons" if len(options) <= RADIO_AT_MOST else "static_select",
            "action_id": "remedy",
            "options": list(options.values()),
            "initial_option": options[chosen],
        },
    }


def _needs(facts: CardFacts, remedy: Remedy, words: Words) -> list[Block]:
    """The inputs that the chosen remedy asks for."""
    blocks: list[Block] = []
    if remedy in (Remedy.RECREATE_RECEIPT, Remedy.POST_ON_OPEN_DAY) or _is_deposit(facts, remedy):
        blocks += _successor(facts, words)
    if remedy is Remedy.KEEP_ON_ACCOUNT:
        blocks += _to_invoice(facts, words)
    if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
        blocks += _reapply(facts, words)
    if remedy is Remedy.DISMISS and facts.failure.about == "payment":
        blocks += _proof(facts, words)
    if remedy is Remedy.NOT_DUPLICATE:
        blocks += _other_money(facts, words)
    if remedy is Remedy.MATCH:
        blocks += match_inputs(facts, words)
    if remedy is Remedy.RECORD_RETURN:
        blocks += _entry(facts)
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": REASON_AT_MOST}
    blocks.append(entry("reason", "Reason", reason, optional=remedy is not Remedy.DISMISS))
    return blocks


def _entry(facts: CardFacts) -> list[Block]:
    """The entry that a person names: where we cannot make it, and where what went out beside the payment may be there already."""
    makes = facts.evidence is not None and rules.makes_returns(facts.evidence)
    if makes and facts.failure.about == "payment":
        return []
    element = {"type": "plain_text_input", "action_id": "entry", "max_length": REFERENCE_AT_MOST}
    if makes:
        hint = "Only where it is in the books already and this did not end by itself. Two people name it, and we record nothing."
        return [entry("entry", "Its entry, if it was recorded", element, hint=hint, optional=True)]
    return [entry("entry", "Its entry in the books", element, hint="Record it there first, then give its number.")]


def _reapply(facts: CardFacts, words: Words) -> list[Block]:
    """Asked only where something of the credit still fits beside the receipt."""
    fits = credit_that_fits_minor(facts)
    if fits == 0:
        return []
    option = choice(f"Reapply {words.money(fits, facts.payment.payment.currency)}, which still fits", "reapply")
    element = {"type": "checkboxes", "action_id": "reapply", "options": [option], "initial_options": [option]}
    return [entry("reapply", "The credit, after the receipt is posted", element, optional=True)]


def _is_deposit(facts: CardFacts, remedy: Remedy) -> bool:
    """Whether it applies a customer deposit to an invoice that came."""
    return remedy is Remedy.APPLY_RECEIPT and facts.evidence is not None and rules.awaits_decision(facts.evidence)


def _successor(facts: CardFacts, words: Words) -> list[Block]:
    """One choice settles one invoice. Where several were recreated and each has its one successor, nothing is asked."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return []
    lines = [line for line in evidence.lines if line.successors]
    proposed = rules.proposed_successors(diagnosis, evidence)
    if len(lines) > 1 and not rules.undecided_lines(evidence, diagnosis):
        return []
    currency = facts.payment.payment.currency
    candidates = {
        invoice.id: choice(
            f"Invoice {plain(invoice.number, 18)} (id {plain(invoice.id, 16)}), {words.money(invoice.open_minor, currency)} open",
            invoice.id,
        )
        for line in lines
        for invoice in line.successors
    }
    first = proposed[lines[0].line].id if len(lines) == 1 and lines[0].line in proposed else ""
    undecided = rules.undecided_lines(evidence, diagnosis)
    hint = "" if first or undecided else "If you leave this empty, what has no invoice stays an unapplied credit."
    return select("successor", "Replacement invoice", candidates, [first], hint=hint)


def _proof(facts: CardFacts, words: Words) -> list[Block]:
    """The receipts that may have the money, one or several together, and whether what is unapplied of them is to be applied."""
    evidence, proposed = facts.evidence, proposed_proof(facts)
    if evidence is None:
        return []
    usable = [found.receipt for found in rules.provable(evidence)]
    candidates = {receipt.id: _receipt(receipt, words) for receipt in usable}
    first = [proven.receipt.id for proven in proposed.receipts]
    named = "the receipt named above is" if len(first) == 1 else "the receipts named above are"
    empty = f"payment {plain(proposed.twin)} is" if proposed.twin else named
    hint = f"If you leave this empty, {f'{empty} the proof' if proposed.given else 'a second person must approve'}."
    blocks = select("proof", "Proof: the receipts that recorded this payment", candidates, first, hint=hint, several=True)
    amount = evidence.payment.amount_minor
    may_change = [receipt for receipt in usable if not receipt.deposited]
    if rules.to_apply(evidence, rules.Proof(tuple(rules.ProofOf(receipt, amount) for receipt in may_change))):
        option = choice("Apply what is unapplied of it to the open invoices", "apply_proof")
        element = {"type": "checkboxes", "action_id": "apply_proof", "options": [option]}
        blocks.append(entry("apply_proof", "So that the customer gets the credit", element, optional=True))
    return blocks


def _other_money(facts: CardFacts, words: Words) -> list[Block]:
    """Which receipt is other money, where several may be, and its own cash reference."""
    evidence = facts.evidence
    if evidence is None or rules.is_about_twin(evidence, {}):
        return []
    candidates = {found.receipt.id: _receipt(found.receipt, words) for found in rules.may_be_other_money(evidence)}
    which = select("receipt", "The receipt that is other money", candidates, []) if len(candidates) > 1 else []
    element = {"type": "plain_text_input", "action_id": "cash_reference", "max_length": REFERENCE_AT_MOST}
    hint = "The receipt's own: the number of the check, of the wire, or of the transfer."
    return [*which, entry("cash_reference", "Cash reference of the receipt", element, hint=hint)]


def _to_invoice(facts: CardFacts, words: Words) -> list[Block]:
    """Another open invoice of the customer may take what its own does not."""
    evidence = facts.evidence
    if evidence is None or evidence.living_receipts:
        return []
    candidates = {
        invoice.id: choice(
            f"Invoice {plain(invoice.number, 24)}, {words.money(invoice.open_minor, invoice.currency)} open", invoice.id
        )
        for invoice in evidence.other_invoices
    }
    hint = "Leave it empty to keep the rest as an unapplied credit."
    return select("to_invoice", "Apply the rest to another open invoice", candidates, [], hint)


def _receipt(receipt: Receipt, words: Words) -> Block:
    amount, day = words.money(receipt.amount_minor, receipt.currency), words.day(receipt.received_on)
    return choice(f"Receipt {plain(receipt.number, 24)}, {amount}, {day}", receipt.id)


def read_submission(view: Mapping[str, Any]) -> Submitted:
    """What was filled in, from Slack's own shape of a submitted view."""
    values: Mapping[str, Any] = view.get("state", {}).get("values", {})

    def given(block: str) -> Mapping[str, Any]:
        return values.get(block, {}).get(block) or {}

    def selected(block: str) -> str:
        return str((given(block).get("selected_option") or {}).get("value") or "")

    def text(block: str) -> str:
        return str(given(block).get("value") or "").strip()

    options: dict[str, object] = {
        "successor": selected("successor"),
        "proof": [str(option["value"]) for option in given("proof").get("selected_options") or ()],
        "apply_proof": bool(given("apply_proof").get("selected_options")),
        "no_reapply": "reapply" in values and not given("reapply").get("selected_options"),
        "receipt": selected("receipt"),
        "cash_reference": text("cash_reference"),
        **match_named(given),
        "entry": text("entry"),
    }
    return Submitted(
        shown=Shown.read(view),
        offer_id=selected("remedy"),
        reason=text("reason"),
        options={name: value for name, value in options.items() if value},
    )
