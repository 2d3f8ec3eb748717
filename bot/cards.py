"""One failure's card: what happened, in figures what the remedy would do, who may press, and in the end who did what.

Pure: drawn from rows, touches nothing. The same message is rewritten in place for every state, so its text is always the
projection of what the database says now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rules
from bot import care, choices, labels
from bot.called import People, called, names_of
from bot.choices import Change, Press
from bot.figures import NOTHING, Options, follows
from bot.headlines import headline
from bot.links import in_the_books
from bot.outcomes import chosen, not_carried_out, other_money, outcome
from bot.people import Names, name_of
from bot.sides import both_sides
from bot.text import (
    Block,
    because,
    button,
    context,
    fallback,
    header,
    of_payment,
    overflow,
    plain_text,
    resolve_now,
    section,
)
from receivables.company import Company
from receivables.diagnosis import Confidence, Finding, Remedy
from receivables.payment import Bucket, Payment, PaymentState
from receivables.words import Words, capitalized, counted, listed, plain, tender
from storage.cards import CardFacts
from storage.decisions import StoredDecision

SENTENCE_AT_MOST = 1500  # what happened; the history has the rest
SHORT_AT_MOST = 220  # three lines of a card; the window has all of it
ALONE_AT_MOST = 400  # where nothing is compared below it
FIGURES_ON_CARD = 3  # more amounts than this are not compared in ten seconds; they follow in small print
FIGURES_BESIDE_NEWS = 2  # and beside what became of a decision; beside two receipts that are compared, all are in small print
ALSO_AT_MOST = 3  # in small print; the window has them all
FIGURES_TOGETHER = 5  # the ten fields that a section takes
FIGURE_AT_MOST = 60  # characters of what an amount is
JUST_FOUND = "This failure was just found. We are reading the books to find out why."
FACTS_AT_MOST = 8  # the history has them all
INVOICES_AT_MOST = 3
SENTENCES_AT_MOST, SAID_AT_MOST = 3, 300  # of what follows


@dataclass(frozen=True)
class Message:
    """A message for Slack: its blocks, and the text that notifications and screen readers use."""

    text: str
    blocks: list[Block]


def failure_card(facts: CardFacts, company: Company, people: People, *, to_approver: bool = False) -> Message:
    """The card of one failure: title, sentence, three rows, buttons, small print. The window has the rest.

    In a channel a request is reviewed in a window, because who asked sees the card too; `to_approver` alone it has both buttons.
    """
    words, facts, names = company.words, called(facts, company, people), names_of(people)
    head = headline(facts, words)
    blocks = [header(head)]
    if facts.failure.state == "open":
        below = _open(facts, company, people, to_approver)
        compares = any(block["type"] == "section" for block in below)
        said = _in_short(facts, words, SHORT_AT_MOST if compares else ALONE_AT_MOST)
        blocks += [_what_happened(facts, said), *below]
    else:
        found = f"Found on {words.moment(facts.failure.opened_at)}: {_happened(facts, words)}"
        blocks += [outcome(facts, words, names), _what_happened(facts, found), _small_print(facts, company, _which(facts, words))]
    still = facts.failure.state == "open" and not _decided(facts)
    said = sentence_of(facts, words) if still else _happened(facts, words)
    return Message(fallback(f"{head}. {of_payment(facts.failure.transaction_number)}: {said}"), blocks)


def sentence_of(facts: CardFacts, words: Words) -> str:
    """What happened to the payment, and what to do about it: all of it."""
    if facts.failure.diagnosis is None:
        return JUST_FOUND
    said = rules.sentence(facts.failure.diagnosis, words, unread_since=facts.failure.unread_since)
    return plain(said, SENTENCE_AT_MOST)


def _in_short(facts: CardFacts, words: Words, at_most: int) -> str:
    """The same where it is read at a glance; otherwise what happened, and the window says what to do about it."""
    if _decided(facts):
        return _happened(facts, words)
    said = sentence_of(facts, words)
    return said if len(said) <= at_most else _happened(facts, words)


def _happened(facts: CardFacts, words: Words) -> str:
    """What happened, without what to do about it: that no longer holds once somebody decided."""
    diagnosis = facts.failure.diagnosis
    return plain(rules.happened(diagnosis, words), SHORT_AT_MOST) if diagnosis else JUST_FOUND


def _decided(facts: CardFacts) -> bool:
    return facts.decision is not None and facts.decision.is_under_way


def _what_happened(facts: CardFacts, sentence: str) -> Block:
    """The sentence with the three-dot menu. Its values are a verb of ours and an opaque id, never an amount or a name."""
    failure, options = facts.failure, []
    if failure.state == "open" and Remedy.DISMISS in facts.offers:
        label = "Dismiss Syncing" if failure.about == "payment" else labels.named(Remedy.DISMISS, failure.about)
        options.append((label, f"dismiss {failure.id}"))
    if failure.state == "open" and facts.offers:
        options.append(("Check again now", f"look {failure.id}"))
    if failure.state == "open":
        options += care.options(failure)
    decision = facts.decision
    said = decision is not None and decision.remedy in (Remedy.NOT_DUPLICATE, Remedy.MATCH) and failure.state != "open"
    if failure.resolution == "dismissed" or (said and facts.payment.state is PaymentState.RECEIVED):
        options.append(("Reopen", f"reopen {failure.id}"))
    if failure.state != "open":
        options.append(("Unhide" if facts.payment.hidden_by else "Hide", f"hide {failure.id}"))
    options.append(("Show full history", f"story {failure.id}"))
    return section(sentence, "what", overflow("more", options))


def _which(facts: CardFacts, words: Words) -> str:
    """Which payment it is: its number, how and when it was paid, and for what."""
    payment = facts.payment.payment
    method = f" by {tender(payment.method)}" if payment.method else ""
    noun = "invoice" if len(payment.allocations) == 1 else "invoices"
    invoices = f" for {noun} {invoices_of(payment, INVOICES_AT_MOST)}" if payment.allocations else ""
    return f"{of_payment(payment.transaction_number)}, paid{method} on {words.day(payment.paid_at)}{invoices}."


def paid(payment: Payment, words: Words) -> str:
    """How much, how and when."""
    method = tender(payment.method) or "method unknown"
    return f"{words.money(payment.amount_minor, payment.currency)}, {method}, {words.moment(payment.paid_at)}"


def invoices_of(payment: Payment, at_most: int) -> str:
    """The invoices that a payment is meant for, by number where they have one."""
    numbers = [plain(line.invoice_number or line.invoice_id or "", 24) for line in payment.allocations]
    return listed(numbers, at_most) or "none"


# --- open -------------------------------------------------------------------------------------------------------------


def _open(facts: CardFacts, company: Company, people: People, to_approver: bool) -> list[Block]:
    words, diagnosis, decision = company.words, facts.failure.diagnosis, facts.decision
    which = f"{_which(facts, words)} {_since(facts, words, names_of(people))}"
    if facts.payment.bucket is Bucket.UNKNOWN:
        return [context(f"{choices.NOTHING_TO_DO} {which}")]
    if decision is not None and _decided(facts):
        return [*_under_way(facts, decision, company, people, which), *_approval(facts, decision, company, to_approver)]
    if diagnosis is None:
        return [context(f"{which} {choices.NOTHING_TO_DO}")]
    press = choices.first_press(facts, company, people)
    sides, news = both_sides(facts, company, 1), _not_carried_out(facts, people)
    crowded = news or facts.failure.incident_id
    shown = 0 if sides else FIGURES_BESIDE_NEWS if crowded else FIGURES_ON_CARD
    blocks = [*sides, *figures_blocks(press.changes, shown), *news, *blocked(facts, diagnosis.primary, words)]
    buttons: list[Block] = []
    if press.remedy is not None:
        sure = choices.confirm(facts, press.remedy, company)
        buttons.append(button("choose", press.label, facts.offers[press.remedy], style="primary", confirm=sure))
    blocks.append({"type": "actions", "block_id": "buttons", "elements": [*buttons, resolve_now(facts.failure.id)]})
    said = " ".join(filter(None, (_also(press, shown), _sure(press, diagnosis.primary), press.leaves, press.who)))
    return [*blocks, _small_print(facts, company, f"{which}\n{said}".strip())]


def _also(press: Press, shown: int) -> str:
    """What else it changes, beside the figures that are compared."""
    rest = [f"{label} {change}" for label, change in press.changes[shown : shown + ALSO_AT_MOST]]
    return f"{'Also' if shown else 'It changes'}: {'; '.join(rest)}." if rest else ""


def _sure(press: Press, finding: Finding) -> str:
    """That we are not sure of the cause for which something is recommended."""
    unsure = press.remedy is not None and finding.confidence is Confidence.LIKELY
    return "The cause is likely, not certain." if unsure else ""


def _small_print(facts: CardFacts, company: Company, *lines: str) -> Block:
    """Lines of text, and last where its documents are opened in the books."""
    block = context(*lines)
    return {**block, "elements": [*block["elements"], *in_the_books(facts.evidence, company)]}


def _not_carried_out(facts: CardFacts, people: People) -> list[Block]:
    """That what somebody chose changed nothing, and why."""
    decision, names = facts.decision, names_of(people)
    if decision is None or not decision.changed_nothing:
        return []
    return [context(f"{chosen(facts, decision, names)}; it was {not_carried_out(decision.outcome, names)}")]


def _since(facts: CardFacts, words: Words, names: Names) -> str:
    diagnosis = facts.failure.diagnosis
    recorded = facts.failure.about != "payment" or (diagnosis is not None and rules.was_recorded(diagnosis.primary.cause))
    since = f"{'Open' if recorded else 'Unrecorded'} since {words.day(facts.failure.opened_at)}."
    if facts.attempts > 1:
        since += f" Tried {facts.attempts} times."
    if facts.failure.incident_id is not None:
        since += " Others fail for the same reason: one card covers them all."
    cared = care.said_of(facts, names, words)
    return f"{since} {cared}" if cared else since


def blocked(facts: CardFacts, finding: Finding, words: Words) -> list[Block]:
    """Why the recommended remedy cannot be chosen yet; nothing where it can."""
    if finding.blocked is None:
        return []
    why = plain(rules.fact_sentence(finding.blocked, words), 300)
    return [section(f"“{choices.named_for(facts, finding.remedy)}” is not possible yet. {capitalized(why)}", "blocked")]


def also_possible(facts: CardFacts) -> list[Block]:
    """What else may be the cause."""
    diagnosis = facts.failure.diagnosis
    causes = [rules.title(finding.cause) for finding in diagnosis.runners_up[:3]] if diagnosis else []
    return [context(f"Also possible: {'; '.join(causes)}.")] if causes else []


def following(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> list[Block]:
    """What the remedy leads to, in small print below its figures."""
    said = [plain(text, SAID_AT_MOST) for text in follows(facts, remedy, words, options)[:SENTENCES_AT_MOST]]
    return [context(*said)] if said else []


def figures_blocks(changes: Sequence[Change], at_most: int) -> list[Block]:
    """Two columns: what it is, and what it is now and after the remedy."""
    blocks: list[Block] = []
    for place in range(0, min(len(changes), at_most), FIGURES_TOGETHER):
        fields = []
        for label, change in changes[place : min(place + FIGURES_TOGETHER, at_most)]:
            fields += [plain_text(plain(label, FIGURE_AT_MOST)), plain_text(change)]
        blocks.append({"type": "section", "block_id": f"figures{place or ''}", "fields": fields})
    if len(changes) > at_most > FIGURES_ON_CARD:
        blocks.append(context(f"… and {counted(len(changes) - at_most, 'more amount')}."))
    return blocks


# --- decided ----------------------------------------------------------------------------------------------------------


def _under_way(facts: CardFacts, decision: StoredDecision, company: Company, people: People, which: str) -> list[Block]:
    words, names = company.words, names_of(people)
    press = choices.approval(facts, decision, company, people)
    blocks, also = figures_blocks(press.changes, FIGURES_BESIDE_NEWS), _also(press, FIGURES_BESIDE_NEWS)
    at, reason = words.moment(decision.requested_at), other_money(decision) + because(decision.reason)
    if decision.state != "waiting_approval":
        approved = f" Approved by {name_of(names, decision.approved_by)}." if decision.approved_by else ""
        said = f"{chosen(facts, decision, names)} on {at}.{approved} It is being carried out. Nobody needs to press.{reason}"
        return [*blocks, _small_print(facts, company, f"{said}\n{which} {also}".strip())]
    outcome = f" {plain(decision.outcome, 300)}" if decision.outcome else ""
    if decision.remedy is Remedy.MATCH:  # whose money it becomes is the question
        blocks += following(facts, decision.remedy, words, decision.options)
    asked = f"{name_of(names, decision.requested_by)} requested “{choices.named_for(facts, decision.remedy)}” on {at}."
    said = f"{asked}{outcome} {press.who}{reason}\n{_which(facts, words)} {also}"
    return [*blocks, _small_print(facts, company, said.strip())]


def _approval(facts: CardFacts, decision: StoredDecision, company: Company, to_approver: bool) -> list[Block]:
    """The buttons of a request that waits for a second person."""
    if decision.state != "waiting_approval":
        return []
    label = choices.label_of(facts, decision.remedy, company, decision.options)
    elements = [button(choices.REVIEW, f"Review: {label}", decision.id, style="primary")]
    if to_approver:
        sure = choices.confirm(facts, decision.remedy, company, decision.options)
        approve = button("approve", f"Approve: {label}", decision.id, style="primary", confirm=sure)
        elements = [approve, button("withdraw", "Decline", decision.id, style="danger")]
    return [{"type": "actions", "block_id": "approval", "elements": elements}]
