"""One failure's card: what happened, in figures what the remedy would do, who may press, and in the end who did what.

Pure: drawn from rows, touches nothing. The same message is rewritten in place for every state, so its text is always the
projection of what the database says now.
"""

from __future__ import annotations

from dataclasses import dataclass

import rules
from bot import care, labels
from bot.figures import NOTHING, Figure, Options, figures, follows, headline_minor, proposed_proof
from bot.matching import matched_label, needs_more
from bot.outcomes import chosen, not_carried_out, other_money, outcome
from bot.people import Names, name_of
from bot.sides import both_sides
from bot.text import (
    BUTTON_AT_MOST,
    CONFIRM_AT_MOST,
    NUMBER_AT_MOST,
    Block,
    because,
    button,
    confirmation,
    context,
    cut,
    fallback,
    header,
    of_payment,
    overflow,
    plain_text,
    resolve_now,
    row,
    section,
)
from receivables.company import Company
from receivables.diagnosis import Cause, Finding, Remedy
from receivables.payment import Bucket, Payment, PaymentState
from receivables.words import Words, counted, listed, plain
from storage.cards import CardFacts
from storage.decisions import StoredDecision

MOVES_MONEY = (
    Remedy.UNAPPLY_CREDIT_MEMO,
    Remedy.REVERSE_WRITE_OFF,
    Remedy.RECREATE_RECEIPT,
    Remedy.DISMISS,
    Remedy.RECORD_RETURN,
    Remedy.VOID_RECEIPT,
    Remedy.APPLY_RECEIPT,
    Remedy.KEEP_ON_ACCOUNT,
    Remedy.POST_ON_OPEN_DAY,
)
#: Remedies that change something, and so may stand on the card as a button of their own; the last three only check again.
PRESSABLE = (*MOVES_MONEY, Remedy.ACCEPT_CORRECTION, Remedy.MATCH, Remedy.RETRY)
#: What record_return is called where it is not a return.
_RECORDED = {Cause.PAYMENT_REFUNDED: "Record the refund", Cause.PAYMENT_CHARGED_BACK: "Record the chargeback"}
SENTENCE_AT_MOST = 1500  # what happened; the history has the rest
FIGURES_AT_MOST = 8  # more amounts than this are not compared in ten seconds
FIGURES_TOGETHER = 4  # with their heading, the ten fields that a section takes
FACTS_AT_MOST = 8  # the history has them all
INVOICES_AT_MOST = 6
SENTENCES_AT_MOST, SAID_AT_MOST = 3, 300  # of what follows


@dataclass(frozen=True)
class Message:
    """A message for Slack: its blocks, and the text that notifications and screen readers use."""

    text: str
    blocks: list[Block]


def failure_card(facts: CardFacts, company: Company, names: Names) -> Message:
    """The card of one failure."""
    words = company.words
    head, happened = _headline(facts), sentence_of(facts, words)
    blocks = [header(head)]
    if facts.failure.state == "open":
        blocks += [_what_happened(facts, happened), _who_and_how_much(facts, words), *both_sides(facts, company)]
        blocks += _open(facts, words, names)
    else:
        before = f"Found on {words.moment(facts.failure.opened_at)}: {happened}"
        blocks += [outcome(facts, words, names), _what_happened(facts, before), _who_and_how_much(facts, words)]
    return Message(fallback(f"{head}: {happened}"), blocks)


def _headline(facts: CardFacts) -> str:
    failure, payment = facts.failure, of_payment(facts.failure.transaction_number)
    if failure.about != "payment":
        return f"{payment} changed in the feed" if failure.state == "open" else f"{payment}: the change in the feed is settled"
    if failure.state == "open":
        if facts.payment.bucket is Bucket.UNKNOWN:
            return f"{payment}: checking whether it was recorded"
        if failure.diagnosis is not None and rules.was_recorded(failure.diagnosis.primary.cause):
            title = rules.title(failure.diagnosis.primary.cause)
            about_payment = title.removeprefix("Payment ")
            return f"{payment}: {title[0].lower()}{title[1:]}" if about_payment == title else f"{payment} {about_payment}"
        return f"{payment} is failing to sync"
    return {
        "put_right": f"{payment} was fixed in the books",
        "dismissed": f"{payment} was dismissed",
        "retried": f"{payment} is being tried again",
        "landed": f"{payment} was recorded after all",
        "excluded": f"{payment} is excluded",
    }.get(failure.resolution or "", f"{payment} is recorded")


def sentence_of(facts: CardFacts, words: Words) -> str:
    """What happened to the payment, in a sentence."""
    if facts.failure.diagnosis is None:
        return "This failure was just found. We are reading the books to find out why."
    said = rules.sentence(facts.failure.diagnosis, words, unread_since=facts.failure.unread_since)
    return plain(said, SENTENCE_AT_MOST)


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


def _who_and_how_much(facts: CardFacts, words: Words) -> Block:
    payment, diagnosis, cause = facts.payment.payment, facts.failure.diagnosis, "Being checked"
    if diagnosis is not None:
        confidence = labels.CONFIDENCES[diagnosis.primary.confidence]
        surely = f" ({confidence})" if confidence and not diagnosis.awaits_books else ""
        cause = rules.title(diagnosis.primary.cause) + surely
    fields = [
        *row("Customer", plain(payment.customer)),
        *row("Paid", paid(payment, words)),
        *row("Invoices", invoices_of(payment, INVOICES_AT_MOST)),
        *row("Cause", cause),
    ]
    return {"type": "section", "block_id": "head", "fields": fields}


def paid(payment: Payment, words: Words) -> str:
    """How much, how and when."""
    method = plain(payment.method, 40) or "method unknown"
    return f"{words.money(payment.amount_minor, payment.currency)}, {method}, {words.moment(payment.paid_at)}"


def invoices_of(payment: Payment, at_most: int) -> str:
    """The invoices that a payment is meant for, by number where they have one."""
    numbers = [plain(line.invoice_number or line.invoice_id or "", 24) for line in payment.allocations]
    return listed(numbers, at_most) or "none"


# --- open -------------------------------------------------------------------------------------------------------------


def _open(facts: CardFacts, words: Words, names: Names) -> list[Block]:
    diagnosis, decision = facts.failure.diagnosis, facts.decision
    since = _since(facts, words, names)
    if facts.payment.bucket is Bucket.UNKNOWN:
        return [context(f"Nothing to decide now. Do not enter the payment by hand meanwhile. {since}")]
    if decision is not None and decision.state in ("waiting_approval", "accepted", "carrying_out"):
        return _under_way(facts, decision, words, names)
    if diagnosis is None:
        return [context(since)]
    recommended = recommended_remedy(facts)
    blocks = [*figures_blocks(facts, recommended, words), *following(facts, recommended, words)] if recommended else []
    blocks += blocked(diagnosis.primary, words)
    if decision is not None and decision.state in labels.NOT_CARRIED_OUT:
        blocks.append(context(f"{chosen(decision, names)}; it was {not_carried_out(decision.outcome, names)}"))
    buttons: list[Block] = []
    if recommended in PRESSABLE and not needs_choice(facts, recommended):
        label, confirm = label_of(facts, recommended, words), _confirmation(facts, recommended, words)
        buttons.append(button("choose", label, facts.offers[recommended], style="primary", confirm=confirm))
    blocks.append({"type": "actions", "block_id": "buttons", "elements": [*buttons, resolve_now(facts.failure.id)]})
    if facts.failure.about != "payment" and not facts.offers:
        number = plain(facts.failure.transaction_number, NUMBER_AT_MOST)
        entry = " --entry NUMBER" if facts.failure.remedy is Remedy.RECORD_RETURN else ""
        how = f"{facts.failure.remedy or Remedy.RETRY}{entry}"
        since += f" Settle it on the command line: resolve-now decide {number} {how} --as PERSON"
    blocks.append(context(" ".join([*_notes(facts, words), since])))
    return blocks


def _since(facts: CardFacts, words: Words, names: Names) -> str:
    diagnosis = facts.failure.diagnosis
    recorded = facts.failure.about != "payment" or (diagnosis is not None and rules.was_recorded(diagnosis.primary.cause))
    since = f"{'Open' if recorded else 'Failing'} since {words.moment(facts.failure.opened_at)}."
    if facts.attempts > 1:
        since += f" Tried {facts.attempts} times."
    if facts.failure.incident_id is not None:
        since += " Other payments fail for the same reason; one card covers them all."
    cared = care.said_of(facts, names, words)
    return f"{since} {cared}" if cared else since


def recommended_remedy(facts: CardFacts) -> Remedy | None:
    """What the diagnosis recommends, where it may be chosen now. A blocked remedy leaves no other recommended."""
    diagnosis = facts.failure.diagnosis
    if diagnosis is None or diagnosis.primary.blocked:
        return None
    return diagnosis.primary.remedy if diagnosis.primary.remedy in facts.offers else None


def blocked(finding: Finding, words: Words) -> list[Block]:
    """Why the recommended remedy cannot be chosen yet; nothing where it can."""
    if finding.blocked is None:
        return []
    why = plain(rules.fact_sentence(finding.blocked, words), 300)
    return [section(f"{finding.remedy.label} is not possible yet: {why}", "blocked")]


def _notes(facts: CardFacts, words: Words) -> list[str]:
    diagnosis = facts.failure.diagnosis
    if diagnosis is None:
        return []
    causes = [rules.title(finding.cause) for finding in diagnosis.runners_up[:3]]
    notes = [f"Also possible: {'; '.join(causes)}."] if causes else []
    unread = [plain(what, 300) for what in rules.not_checked(diagnosis, words)[:3]]
    return notes + ([f"Not checked: {'; '.join(unread)}."] if unread else [])


def following(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> list[Block]:
    """What the remedy leads to, in small print below its figures."""
    said = [plain(text, SAID_AT_MOST) for text in follows(facts, remedy, words, options)[:SENTENCES_AT_MOST]]
    return [context(*said)] if said else []


def figures_blocks(
    facts: CardFacts, remedy: Remedy, words: Words, at_most: int = FIGURES_AT_MOST, options: Options = NOTHING
) -> list[Block]:
    """A table of two columns: what it is, and its amount now and after the remedy."""
    shown = figures(facts, remedy, words, options)
    currency = facts.payment.payment.currency
    blocks: list[Block] = []
    for place in range(0, min(len(shown), at_most), FIGURES_TOGETHER):
        fields = [] if blocks else row(remedy.label, "Now → after")
        for figure in shown[place : min(place + FIGURES_TOGETHER, at_most)]:
            fields += [plain_text(plain(figure.label, 120)), plain_text(_before_after(figure, currency, words))]
        blocks.append({"type": "section", "block_id": f"figures{place or ''}", "fields": fields})
    if len(shown) > at_most:
        blocks.append(context(f"… and {counted(len(shown) - at_most, 'more amount')}."))
    return blocks


def _before_after(figure: Figure, currency: str, words: Words) -> str:
    """An amount as it is and as the remedy would leave it."""
    return f"{words.money(figure.before_minor, currency)} → {words.money(figure.after_minor, currency)}"


def needs_choice(facts: CardFacts, remedy: Remedy) -> bool:
    """Whether the remedy needs more than a press: a reason, a proof, a cash reference, or a successor to choose."""
    diagnosis, evidence = facts.failure.diagnosis, facts.evidence
    if diagnosis is None or evidence is None:
        return True
    if remedy is Remedy.DISMISS:
        return not proposed_proof(facts).receipts
    if remedy is Remedy.NOT_DUPLICATE:
        return True
    if remedy is Remedy.MATCH:
        return needs_more(facts)
    if remedy is Remedy.RECORD_RETURN:
        return not rules.makes_returns(evidence)
    deposit = remedy is Remedy.APPLY_RECEIPT and rules.awaits_decision(evidence)
    return (remedy is Remedy.RECREATE_RECEIPT or deposit) and bool(rules.undecided_lines(evidence, diagnosis))


def label_of(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> str:
    """The button's words: the one amount that matters where the remedy moves one, and what a match is to."""
    if remedy is Remedy.MATCH:
        return cut(matched_label(facts, options), BUTTON_AT_MOST)
    label = labels.named(remedy, facts.failure.about, facts.failure.diagnosis)
    if remedy not in MOVES_MONEY or facts.failure.about != "payment":
        return label
    if remedy is Remedy.RECORD_RETURN and facts.failure.cause:
        label = _RECORDED.get(facts.failure.cause, label)
    moved_minor = headline_minor(facts, remedy)  # 0 while a person must still choose
    amount = f" ({words.money(moved_minor, facts.payment.payment.currency)})" if moved_minor else ""
    return cut(f"{label}{amount}", BUTTON_AT_MOST)


def _confirmation(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> Block:
    """Asked once more with the figures, before anything is written down. Slack leaves room for a few."""
    currency = facts.payment.payment.currency
    lines = [
        f"{plain(figure.label, 60)}: {_before_after(figure, currency, words)}"
        for figure in figures(facts, remedy, words, options)
    ]
    lines += [plain(said, 120) for said in follows(facts, remedy, words, options)]
    text = labels.explained(remedy, facts.failure.about)
    for place, line in enumerate(lines):
        more = f"\n… and {counted(len(lines) - place, 'more amount')}"
        if len(text) + len(line) + 1 > CONFIRM_AT_MOST - len(more):
            text += more
            break
        text += f"\n{line}"
    return confirmation(labels.named(remedy, facts.failure.about, facts.failure.diagnosis), text, "Yes, do it")


# --- decided ----------------------------------------------------------------------------------------------------------


def _under_way(facts: CardFacts, decision: StoredDecision, words: Words, names: Names) -> list[Block]:
    blocks = figures_blocks(facts, decision.remedy, words, options=decision.options)
    blocks += following(facts, decision.remedy, words, decision.options)
    at = words.moment(decision.requested_at)
    reason = other_money(decision) + because(decision.reason)
    if decision.state != "waiting_approval":
        approved = f" Approved by {name_of(names, decision.approved_by)}." if decision.approved_by else ""
        return [*blocks, context(f"{chosen(decision, names)} on {at}.{approved} It is being carried out.{reason}")]
    outcome = f" {plain(decision.outcome, 300)}" if decision.outcome else ""
    asked = f"{name_of(names, decision.requested_by)} requested “{decision.remedy.label}” on {at}."
    confirm = _confirmation(facts, decision.remedy, words, decision.options)
    label = f"Approve: {label_of(facts, decision.remedy, words, decision.options)}"
    approve = button("approve", label, decision.id, style="primary", confirm=confirm)
    decline = button("withdraw", "Decline", decision.id, style="danger")
    return [
        *blocks,
        context(f"{asked}{outcome}{reason}"),
        {"type": "actions", "block_id": "approval", "elements": [approve, decline]},
    ]
