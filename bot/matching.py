"""What the modal asks for a match: which invoice, which customer; what is near is listed, anything else may be typed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rules
from bot.inputs import choice, entry, select
from bot.text import Block, context
from receivables.books_records import Customer
from receivables.diagnosis import Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import NearInvoice
from receivables.words import Words, listed, plain
from storage.cards import CardFacts

INVOICES_AT_MOST = 3  # on a button
TYPED_AT_MOST = 200  # characters of a number or a name
OTHER_INVOICE, OTHER_CUSTOMER = "other_invoice", "other_customer"
TWO_PEOPLE = "If it is another customer's than the payment names, a second person must approve."


def match_inputs(facts: CardFacts, words: Words) -> list[Block]:
    """The invoices and customers that are near, the only one of them chosen already, and room to name others."""
    evidence = facts.evidence
    if evidence is None:
        return []
    near = {found.invoice.id: found for line in rules.unmatched(evidence) for found in line.near}
    first, blocks = _proposed(facts), list[Block]()
    if near:
        options = {
            invoice_id: choice(_invoice(found, list(near.values()), words), invoice_id) for invoice_id, found in near.items()
        }
        several = len(rules.unmatched(evidence)) > 1
        blocks += select(rules.TO_INVOICE, "The invoice that is meant", options, first, hint=TWO_PEOPLE, several=several)
    candidates = (*(found.customer for found in evidence.near_customers), *evidence.took_over)
    customers = {of.id: choice(_customer(of), of.id) for of in candidates}
    if customers and not first:
        blocks += select(rules.TO_CUSTOMER, "The customer that is meant", customers, [], hint="Where no invoice is chosen.")
    if rules.unmatched(evidence):
        blocks.append(_typed(OTHER_INVOICE, "Another invoice, by its number"))
    blocks.append(_typed(OTHER_CUSTOMER, "Another customer, by name"))
    return blocks if near or customers else [context("Nothing near was found. Name what is meant."), *blocks]


def _proposed(facts: CardFacts) -> Sequence[str]:
    """The invoices that a match without a choice would take."""
    matched = _matched(facts, {})
    return [near.invoice.id for _, near in matched.lines] if matched else []


def needs_more(facts: CardFacts) -> bool:
    """Whether a match needs more than a press: something to choose, or to name."""
    return _matched(facts, {}) is None


def matched_label(facts: CardFacts, options: Mapping[str, object]) -> str:
    """What the payment is matched to, in the words of a button; in general where that must still be chosen."""
    matched = _matched(facts, options)
    if matched is None:
        return Remedy.MATCH.label
    numbers = [plain(near.invoice.number, 24) or f"#{plain(near.invoice.id, 24)}" for _, near in matched.lines]
    name = plain(matched.customer.customer.name, 40)
    return f"Match to {counted_invoices(numbers)}" if numbers else f"Match to customer {name}"


def counted_invoices(numbers: Sequence[str]) -> str:
    """Invoice 1042; or invoices 1042 and 1043."""
    return f"invoice{'s' if len(numbers) > 1 else ''} {listed(numbers, INVOICES_AT_MOST)}"


def _matched(facts: CardFacts, options: Mapping[str, object]) -> rules.Match | None:
    """What a match means with what a person said so far; None where that is not enough."""
    if facts.evidence is None:
        return None
    try:
        return rules.match(rules.with_named(facts.evidence, facts.named), options)
    except CannotBeDone:
        return None


def match_named(given: Callable[[str], Mapping[str, Any]]) -> dict[str, object]:
    """What was filled in; what was typed counts for what was chosen from the list."""
    chosen = given(rules.TO_INVOICE)
    picked = chosen.get("selected_options") or [chosen.get("selected_option")]
    invoices = [f"#{each['value']}" for each in picked if each]
    number, name = (str(given(block).get("value") or "").strip() for block in (OTHER_INVOICE, OTHER_CUSTOMER))
    customer = str((given(rules.TO_CUSTOMER).get("selected_option") or {}).get("value") or "")
    return {rules.TO_INVOICE: [number] if number else invoices, rules.TO_CUSTOMER: name or (customer and f"#{customer}")}


def _invoice(near: NearInvoice, others: Sequence[NearInvoice], words: Words) -> str:
    invoice = near.invoice
    opened = words.money(invoice.open_minor, invoice.currency)
    return f"{plain(rules.label_among(near, others), 36)}, {plain(near.customer.name, 24)}, {opened} open"


def _customer(of: Customer) -> str:
    return f"{plain(of.full_name or of.name, 40)} (id {plain(of.id, 16)})"


def _typed(name: str, label: str) -> Block:
    element = {"type": "plain_text_input", "action_id": name, "max_length": TYPED_AT_MOST}
    return entry(name, label, element, optional=True)
