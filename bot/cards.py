"""One failure's card: what happened, in figures what the remedy would do, who may press, and in the end who did what.

Pure: drawn from rows, touches nothing. The same message is rewritten in place for every state, so its text is always the
projection of what the database says now.
"""

from __future__ import annotations

from dataclasses import dataclass

import rules
from bot import care, labels
from bot.called import People, called, document, names_of
from bot.deciders import who_may_approve, who_may_decide
from bot.figures import NOTHING, Options, before_after, figures, follows, headline_minor, proposed_proof
from bot.headlines import headline
from bot.links import in_the_books
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
    section,
)
from receivables.company import Company
from receivables.diagnosis import Cause, Finding, Remedy
from receivables.makers import WITHOUT_CONSEQUENCE
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
SHORT_AT_MOST = 220  # three lines of a card; the window has all of it
ALONE_AT_MOST = 400  # where nothing is compared below it
FIGURES_ON_CARD = 3  # more amounts than this are not compared in ten seconds; the window has them
FIGURES_BESIDE_NEWS = 2  # and beside what became of a decision
FIGURES_TOGETHER = 5  # the ten fields that a section takes
FIGURE_AT_MOST = 60  # characters of what an amount is
JUST_FOUND = "This failure was just found. We are reading the books to find out why."
OFFERS_AT_MOST = 4  # named on the card; the window has all
FACTS_AT_MOST = 8  # the history has them all
INVOICES_AT_MOST = 3
SENTENCES_AT_MOST, SAID_AT_MOST = 3, 300  # of what follows


@dataclass(frozen=True)
class Message:
    """A message for Slack: its blocks, and the text that notifications and screen readers use."""

    text: str
    blocks: list[Block]


def failure_card(facts: CardFacts, company: Company, people: People) -> Message:
    """The card of one failure: title, sentence, three rows, buttons, small print. The window has the rest."""
    words, facts, names = company.words, called(facts, company, people), names_of(people)
    head = headline(facts, words)
    blocks = [header(head)]
    if facts.failure.state == "open":
        below = _open(facts, company, people)
        compares = any(block["type"] == "section" for block in below)
        said = _in_short(facts, words, SHORT_AT_MOST if compares else ALONE_AT_MOST)
        blocks += [_what_happened(facts, said), *below]
    else:
        found = f"Found on {words.moment(facts.failure.opened_at)}: {_happened(facts, words)}"
        blocks += [outcome(facts, words, names), _what_happened(facts, found), _small_print(facts, company, _which(facts, words))]
    return Message(fallback(f"{head}. {of_payment(facts.failure.transaction_number)}: {sentence_of(facts, words)}"), blocks)


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
    method = f" by {plain(payment.method, 40)}" if payment.method else ""
    noun = "invoice" if len(payment.allocations) == 1 else "invoices"
    invoices = f" for {noun} {invoices_of(payment, INVOICES_AT_MOST)}" if payment.allocations else ""
    return f"{of_payment(payment.transaction_number)}, paid{method} on {words.day(payment.paid_at)}{invoices}."


def paid(payment: Payment, words: Words) -> str:
    """How much, how and when."""
    method = plain(payment.method, 40) or "method unknown"
    return f"{words.money(payment.amount_minor, payment.currency)}, {method}, {words.moment(payment.paid_at)}"


def invoices_of(payment: Payment, at_most: int) -> str:
    """The invoices that a payment is meant for, by number where they have one."""
    numbers = [plain(line.invoice_number or line.invoice_id or "", 24) for line in payment.allocations]
    return listed(numbers, at_most) or "none"


# --- open -------------------------------------------------------------------------------------------------------------


def _open(facts: CardFacts, company: Company, people: People) -> list[Block]:
    words, diagnosis, decision = company.words, facts.failure.diagnosis, facts.decision
    which = f"{_which(facts, words)} {_since(facts, words, names_of(people))}"
    if facts.payment.bucket is Bucket.UNKNOWN:
        return [context(f"Nothing to decide now. {which}")]
    if decision is not None and _decided(facts):
        return _under_way(facts, decision, company, people, which)
    if diagnosis is None:
        return [context(which)]
    recommended = recommended_remedy(facts)
    news = _not_carried_out(decision, people)
    blocks = [*_compared(facts, recommended, company, FIGURES_BESIDE_NEWS if news else FIGURES_ON_CARD), *news]
    blocks += blocked(diagnosis.primary, words)
    buttons: list[Block] = []
    if recommended in PRESSABLE and not needs_choice(facts, recommended):
        label, confirm = label_of(facts, recommended, words), _confirmation(facts, recommended, words)
        buttons.append(button("choose", label, facts.offers[recommended], style="primary", confirm=confirm))
    blocks.append({"type": "actions", "block_id": "buttons", "elements": [*buttons, resolve_now(facts.failure.id)]})
    small = [which]
    if facts.failure.about != "payment" and not facts.offers:
        number = plain(facts.failure.transaction_number, NUMBER_AT_MOST)
        entry = " --entry NUMBER" if facts.failure.remedy is Remedy.RECORD_RETURN else ""
        how = f"{facts.failure.remedy or Remedy.RETRY}{entry}"
        small.append(f"Settle it on the command line: resolve-now decide {number} {how} --as PERSON")
    else:
        small += _whose_decision(facts, recommended, company, people, by_button=bool(buttons))
    return [*blocks, _small_print(facts, company, *small)]


def _whose_decision(
    facts: CardFacts, recommended: Remedy | None, company: Company, people: People, *, by_button: bool
) -> list[str]:
    """How sure we are, who may decide, and what Resolve Now offers where nothing is decided by a button of its own."""
    offered = [remedy for remedy in facts.offers if remedy not in WITHOUT_CONSEQUENCE]
    remedy = recommended if recommended in offered else next(iter(offered), None)
    diagnosis = facts.failure.diagnosis
    if remedy is None or diagnosis is None:
        return []
    confidence = labels.CONFIDENCES[diagnosis.primary.confidence].capitalize()
    said = [f"{confidence}." if confidence else "", who_may_decide(facts, remedy, company, people)]
    if remedy is recommended:
        said.append(rules.unchanged(remedy))
    if not by_button:
        names = listed([labels.named(each, facts.failure.about, diagnosis) for each in offered], OFFERS_AT_MOST, last="or")
        said.append(f"Resolve Now offers: {names}.")
    return [" ".join(filter(None, said))]


def _small_print(facts: CardFacts, company: Company, *lines: str) -> Block:
    """Lines of text, and last where its documents are opened in the books."""
    block = context(*lines)
    return {**block, "elements": [*block["elements"], *in_the_books(facts.evidence, company)]}


def _not_carried_out(decision: StoredDecision | None, people: People) -> list[Block]:
    """That what somebody chose changed nothing, and why."""
    if decision is None or not decision.changed_nothing:
        return []
    names = names_of(people)
    return [context(f"{chosen(decision, names)}; it was {not_carried_out(decision.outcome, names)}")]


def _compared(facts: CardFacts, recommended: Remedy | None, company: Company, at_most: int) -> list[Block]:
    """The two sides where two receipts are in question; otherwise what the recommended remedy changes."""
    if sides := both_sides(facts, company, 1):
        return sides
    return figures_blocks(facts, recommended, company, at_most) if recommended else []


def _since(facts: CardFacts, words: Words, names: Names) -> str:
    diagnosis = facts.failure.diagnosis
    recorded = facts.failure.about != "payment" or (diagnosis is not None and rules.was_recorded(diagnosis.primary.cause))
    since = f"{'Open' if recorded else 'Failing'} since {words.day(facts.failure.opened_at)}."
    if facts.attempts > 1:
        since += f" Tried {facts.attempts} times."
    if facts.failure.incident_id is not None:
        since += " Others fail for the same reason: one card covers them all."
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


def also_possible(facts: CardFacts) -> list[Block]:
    """What else may be the cause."""
    diagnosis = facts.failure.diagnosis
    causes = [rules.title(finding.cause) for finding in diagnosis.runners_up[:3]] if diagnosis else []
    return [context(f"Also possible: {'; '.join(causes)}.")] if causes else []


def following(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> list[Block]:
    """What the remedy leads to, in small print below its figures."""
    said = [plain(text, SAID_AT_MOST) for text in follows(facts, remedy, words, options)[:SENTENCES_AT_MOST]]
    return [context(*said)] if said else []


def figures_blocks(facts: CardFacts, remedy: Remedy, company: Company, at_most: int, options: Options = NOTHING) -> list[Block]:
    """Two columns: what it is, and what it is now and after the remedy."""
    rows = _changes(facts, remedy, company, options)
    blocks: list[Block] = []
    for place in range(0, min(len(rows), at_most), FIGURES_TOGETHER):
        fields = []
        for label, change in rows[place : min(place + FIGURES_TOGETHER, at_most)]:
            fields += [plain_text(plain(document(label, company), FIGURE_AT_MOST)), plain_text(change)]
        blocks.append({"type": "section", "block_id": f"figures{place or ''}", "fields": fields})
    if len(rows) > at_most > FIGURES_ON_CARD:
        blocks.append(context(f"… and {counted(len(rows) - at_most, 'more amount')}."))
    return blocks


def _changes(facts: CardFacts, remedy: Remedy, company: Company, options: Options) -> list[tuple[str, str]]:
    """What a remedy changes: the day of the receipt where it is another than that of the payment, then the amounts."""
    words, currency = company.words, facts.payment.payment.currency
    moved = [of for of in figures(facts, remedy, words, options) if of.after_minor != (of.before_minor or 0)]
    shown = [(of.label, before_after(of, currency, words)) for of in moved]
    day = rules.first_open_day(facts.evidence) if facts.evidence and remedy is Remedy.POST_ON_OPEN_DAY else None
    dated = [("Date of the receipt", f"{words.day(facts.payment.payment.paid_at)} → {words.day(day)}")] if day else []
    return [*dated, *shown]


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
    if remedy is Remedy.DISMISS and len(proof := proposed_proof(facts).receipts) == 1:
        receipt = proof[0].receipt
        return cut(f"Dismiss: recorded as receipt {plain(receipt.number or receipt.id, 24)}", BUTTON_AT_MOST)
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
        f"{plain(figure.label, 60)}: {before_after(figure, currency, words)}" for figure in figures(facts, remedy, words, options)
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


def _under_way(facts: CardFacts, decision: StoredDecision, company: Company, people: People, which: str) -> list[Block]:
    words, names = company.words, names_of(people)
    matching = decision.remedy is Remedy.MATCH  # whose money it becomes is the question
    figures_shown = FIGURES_BESIDE_NEWS if matching else FIGURES_ON_CARD
    blocks = figures_blocks(facts, decision.remedy, company, figures_shown, decision.options)
    at = words.moment(decision.requested_at)
    reason = other_money(decision) + because(decision.reason)
    if decision.state != "waiting_approval":
        approved = f" Approved by {name_of(names, decision.approved_by)}." if decision.approved_by else ""
        said = f"{chosen(decision, names)} on {at}.{approved} It is being carried out.{reason}"
        return [*blocks, _small_print(facts, company, said, which)]
    outcome = f" {plain(decision.outcome, 300)}" if decision.outcome else ""
    if matching:
        blocks += following(facts, decision.remedy, words, decision.options)
    asked = f"{name_of(names, decision.requested_by)} requested “{decision.remedy.label}” on {at}."
    confirm = _confirmation(facts, decision.remedy, words, decision.options)
    label = f"Approve: {label_of(facts, decision.remedy, words, decision.options)}"
    approve = button("approve", label, decision.id, style="primary", confirm=confirm)
    decline = button("withdraw", "Decline", decision.id, style="danger")
    return [
        *blocks,
        _small_print(facts, company, f"{asked}{outcome} {who_may_approve(facts, decision, company, people)}{reason}", which),
        {"type": "actions", "block_id": "approval", "elements": [approve, decline]},
    ]
