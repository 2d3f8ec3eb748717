"""One failure's card: what happened, in figures what the remedy would do, who may press, and in the end who did what.

Pure: drawn from rows, touches nothing. The same message is rewritten in place for every state, so its text is always the
projection of what the database says now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot import words
from bot.figures import Figure, figures, headline_minor, proposed_proof, undecided_lines
from bot.text import (
    BUTTON_AT_MOST,
    CONTEXT_AT_MOST,
    HEADER_AT_MOST,
    Block,
    cut,
    fallback,
    listed,
    moment,
    money,
    plain,
    row,
    safe,
)
from receivables.diagnosis import Cause, Remedy
from receivables.effects import ReceiptWrite
from receivables.payment import Bucket, Payment
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
MOVES_MONEY = PRESSABLE[:-1]  # to try again is only to judge again
SENTENCE_AT_MOST = 1500  # what happened; the story has the rest
FIGURES_AT_MOST = 8  # more amounts than this are not compared in ten seconds
FIGURES_TOGETHER = 4  # with their heading, the ten fields that a section takes
FACTS_AT_MOST = 8  # the story tells them all
RECEIPTS_AT_MOST = 6
CONFIRM_AT_MOST = 300

Names = Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """A message for Slack: its blocks, and the text that notifications and screen readers use."""

    text: str
    blocks: list[Block]


def failure_card(facts: CardFacts, zone: ZoneInfo, names: Names) -> Message:
    """The card of one failure. `names` are people's names by their id."""
    head = _headline(facts)
    blocks: list[Block] = [{"type": "header", "text": plain(head, HEADER_AT_MOST)}]
    if facts.failure.state == "open":
        blocks += [_what_happened(facts, _sentence(facts)), _who_and_how_much(facts, zone), *_open(facts, zone, names)]
    else:
        before = f"Found on {moment(facts.failure.opened_at, zone)}: {_sentence(facts)}"
        blocks += [_outcome(facts, zone, names), _what_happened(facts, before), _who_and_how_much(facts, zone)]
    return Message(fallback(f"{head}: {_sentence(facts)}"), blocks)


def _headline(facts: CardFacts) -> str:
    payment = f"Payment {safe(facts.failure.transaction_number, 64)}"
    about_feed = facts.failure.about == "intake"
    if facts.failure.state == "open":
        if facts.payment.bucket is Bucket.UNKNOWN:
            return f"{payment}: not known yet whether it was recorded"
        return f"{payment}: the feed says something else now" if about_feed else f"{payment} is failing to sync"
    if about_feed:
        return f"{payment}: what the feed says is settled"
    return {
        "put_right": f"{payment} was put right in the books",
        "dismissed": f"{payment} was dismissed",
        "retried": f"{payment} is tried again",
        "landed": f"{payment} was recorded after all",
        "excluded": f"{payment} is excluded",
    }.get(facts.failure.resolution or "", f"{payment} is recorded")


def _sentence(facts: CardFacts) -> str:
    if facts.failure.diagnosis is None:
        return "It was just found. The books are being read to say why."
    return safe(facts.failure.diagnosis.sentence, SENTENCE_AT_MOST)


def _what_happened(facts: CardFacts, sentence: str) -> Block:
    return {"type": "section", "block_id": "what", "text": plain(sentence), "accessory": overflow(facts)}


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
        confidence = words.CONFIDENCES[diagnosis.primary.confidence]
        surely = f" ({confidence})" if confidence and diagnosis.primary.cause is not Cause.OUTCOME_UNKNOWN else ""
        cause = words.CAUSES[diagnosis.primary.cause] + surely
    return {
        "type": "section",
        "block_id": "head",
        "fields": [
            *row("Client", safe(payment.customer)),
            *row("Paid", paid(payment, zone)),
            *row("Invoices", listed(invoices)),
            *row("Cause", cause),
        ],
    }


def paid(payment: Payment, zone: ZoneInfo) -> str:
    """How much, how and when."""
    amount, method = money(payment.amount_minor, payment.currency), safe(payment.method, 40) or "method unknown"
    return f"{amount}, {method}, {moment(payment.paid_at, zone)}"


# --- open -------------------------------------------------------------------------------------------------------------


def _open(facts: CardFacts, zone: ZoneInfo, names: Names) -> list[Block]:
    diagnosis, decision = facts.failure.diagnosis, facts.decision
    since = f"{'Open' if facts.failure.about == 'intake' else 'Failing'} since {moment(facts.failure.opened_at, zone)}."
    if facts.attempts > 1:
        since += f" Tried {facts.attempts} times."
    if facts.failure.incident_id is not None:
        since += " Others fail for the same reason: one card stands for all of them."
    if facts.payment.bucket is Bucket.UNKNOWN:
        return [context(f"Nothing to decide: the books are read until they tell, and nothing is sent before that. {since}")]
    if decision is not None and decision.state in ("waiting_approval", "accepted", "carrying_out"):
        return _under_way(facts, decision, zone, names)
    if diagnosis is None:
        return [context(since)]
    recommended = recommended_remedy(facts)
    blocks = figures_blocks(facts, recommended) if recommended else []
    if diagnosis.primary.blocked:
        stopped = f"{words.REMEDIES[diagnosis.primary.remedy]} is not possible yet: {safe(diagnosis.primary.blocked, 300)}"
        blocks.append({"type": "section", "block_id": "blocked", "text": plain(stopped)})
    if decision is not None and decision.state in words.ENDED:
        who, remedy = _person(names, decision.requested_by), words.REMEDIES[decision.remedy]
        came_to = f"{words.ENDED[decision.state]}: {_outcome_of(decision, names)}"
        blocks.append(context(f"{who} chose “{remedy}”, which {came_to}"))
    blocks.append(_buttons(facts, recommended))
    if facts.failure.about == "intake" and not facts.offers:
        number = safe(facts.failure.transaction_number, 64)
        since += f" Settled on the command line: resolve-now decide {number} retry --as PERSON"
    blocks.append(context(" ".join([*_notes(facts), since])))
    return blocks


def recommended_remedy(facts: CardFacts) -> Remedy | None:
    """What the diagnosis recommends, where it may be chosen now. A blocked remedy leaves no other recommended."""
    diagnosis = facts.failure.diagnosis
    if diagnosis is None or diagnosis.primary.blocked:
        return None
    return diagnosis.primary.remedy if diagnosis.primary.remedy in facts.offers else None


def _notes(facts: CardFacts) -> list[str]:
    diagnosis = facts.failure.diagnosis
    if diagnosis is None:
        return []
    causes = [words.CAUSES[one.cause] for one in diagnosis.runners_up[:3]]
    notes = [f"Also possible: {'; '.join(causes)}."] if causes else []
    unread = [safe(what, 300) for what in diagnosis.not_checked[:3]]
    return notes + ([f"Not checked: {'; '.join(unread)}."] if unread else [])


def figures_blocks(facts: CardFacts, remedy: Remedy, at_most: int = FIGURES_AT_MOST) -> list[Block]:
    """A table of two columns: what it is, and its amount now and after the remedy."""
    shown = figures(facts, remedy)
    if not shown:
        return []
    currency = facts.payment.payment.currency
    blocks: list[Block] = []
    for place in range(0, min(len(shown), at_most), FIGURES_TOGETHER):
        fields = [] if blocks else row(words.REMEDIES[remedy], "Now → after")
        for one in shown[place : min(place + FIGURES_TOGETHER, at_most)]:
            fields += [plain(safe(one.label, 120)), plain(before_after(one, currency))]
        blocks.append({"type": "section", "block_id": f"figures{place or ''}", "fields": fields})
    more = len(shown) - at_most
    if more > 0:
        blocks.append(context(f"… and {more} more amounts."))
    return blocks


def before_after(one: Figure, currency: str) -> str:
    """An amount as it is and as the remedy would leave it."""
    return f"{money(one.before_minor, currency)} → {money(one.after_minor, currency)}"


def _buttons(facts: CardFacts, recommended: Remedy | None) -> Block:
    elements: list[Block] = []
    if recommended in PRESSABLE and not needs_choice(facts, recommended):
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
    if remedy is Remedy.DISMISS:
        return not proposed_proof(diagnosis)
    return remedy is Remedy.RECREATE_RECEIPT and bool(undecided_lines(evidence, diagnosis))


def label_of(facts: CardFacts, remedy: Remedy) -> str:
    """The button's words, with the one amount that matters where the remedy moves one."""
    if remedy not in MOVES_MONEY:
        return words.REMEDIES[remedy]
    amount = money(headline_minor(facts, remedy), facts.payment.payment.currency)
    return cut(f"{words.REMEDIES[remedy]} ({amount})", BUTTON_AT_MOST)


def confirmation(facts: CardFacts, remedy: Remedy) -> Block:
    """Asked once more with the figures, before anything is written down. Slack leaves room for a few."""
    currency = facts.payment.payment.currency
    lines = [f"{safe(one.label, 60)}: {before_after(one, currency)}" for one in figures(facts, remedy)]
    text = words.EXPLAINED[remedy]
    for place, line in enumerate(lines):
        more = f"\n… and {len(lines) - place} more amounts"
        if len(text) + len(line) + 1 > CONFIRM_AT_MOST - len(more):
            text += more
            break
        text += f"\n{line}"
    return {
        "title": plain(words.REMEDIES[remedy], 100),
        "text": plain(text, CONFIRM_AT_MOST),
        "confirm": plain("Yes, do it", 30),
        "deny": plain("Not now", 30),
    }


# --- decided ----------------------------------------------------------------------------------------------------------


def _under_way(facts: CardFacts, decision: StoredDecision, zone: ZoneInfo, names: Names) -> list[Block]:
    who, remedy = _person(names, decision.requested_by), words.REMEDIES[decision.remedy]
    blocks = figures_blocks(facts, decision.remedy)
    at = moment(decision.requested_at, zone)
    reason = f" Reason: “{safe(decision.reason, 300)}”." if decision.reason else ""
    if decision.state != "waiting_approval":
        approved = f" Approved by {_person(names, decision.approved_by)}." if decision.approved_by else ""
        return [*blocks, context(f"{who} chose “{remedy}” on {at}.{reason}{approved} It is being carried out.")]
    outcome = f" {safe(decision.outcome, 300)}" if decision.outcome else ""
    blocks.append(context(f"{who} asks for “{remedy}” since {at}.{reason}{outcome}"))
    approve: Block = {
        "type": "button",
        "action_id": "approve",
        "style": "primary",
        "text": plain(f"Approve: {label_of(facts, decision.remedy)}", BUTTON_AT_MOST),
        "value": decision.id,
        "confirm": confirmation(facts, decision.remedy),
    }
    decline: Block = {
        "type": "button",
        "action_id": "withdraw",
        "style": "danger",
        "text": plain("Decline", BUTTON_AT_MOST),
        "value": decision.id,
    }
    blocks.append({"type": "actions", "block_id": "approval", "elements": [approve, decline]})
    return blocks


def _outcome_of(decision: StoredDecision, names: Names) -> str:
    """Why a decision came to nothing. Who declined is stored by id and shown by name."""
    verb, by, person = decision.outcome.partition("declined by ")
    text = f"{by}{_person(names, person)}" if by and not verb else safe(decision.outcome, 300)
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _outcome(facts: CardFacts, zone: ZoneInfo, names: Names) -> Block:
    """How it ended: by whom, when, and with which documents."""
    failure, decision = facts.failure, facts.decision
    at = moment(failure.resolved_at or failure.changed_at, zone)
    by = _person(names, failure.resolved_by) if failure.resolved_by else ""
    by_somebody = f" by {by}" if by else ""
    if failure.about == "intake":
        said = f"Settled{by_somebody} on {at}: what we hold was kept."
    else:
        chosen = (
            f"{_person(names, decision.requested_by)} chose “{words.REMEDIES[decision.remedy]}”; it was" if decision else "It was"
        )
        said = {
            "put_right": f"Put right in the books{by_somebody}; nobody had to press anything. Seen on {at}.",
            "dismissed": f"Dismissed{by_somebody} on {at}. Nothing was written to the books.",
            "retried": f"Sent to be judged again{by_somebody} on {at}.",
            "landed": f"The books had it after all; read back on {at}.",
            "excluded": f"Excluded{by_somebody} on {at}; it is never posted.",
        }.get(failure.resolution or "", f"{chosen} carried out and read back on {at}.")
    lines = [said]
    if decision is not None and decision.approved_by:
        lines.append(f"Approved by {_person(names, decision.approved_by)}.")
    if decision is not None and decision.reason:
        lines.append(f"Reason: “{safe(decision.reason, 300)}”")
    lines += _at_most(_receipts(facts)) + _at_most(_proofs(facts))
    if facts.payment.hidden_by:
        lines.append(f"Hidden from lists and search by {_person(names, facts.payment.hidden_by)}; totals still count it.")
    return {"type": "section", "block_id": "outcome", "text": plain("\n".join(lines))}


def _receipts(facts: CardFacts) -> list[str]:
    currency = facts.payment.payment.currency
    lines = []
    for one in facts.receipts:
        if isinstance(one.write, ReceiptWrite):
            rest = one.write.on_account_minor
            on_account = f", of it {money(rest, currency)} on account" if rest else ""
            amount = money(one.write.amount_minor, currency)
            lines.append(f"Receipt #{safe(one.document_id or '', 40)} in the books: {amount}{on_account}.")
    return lines


def _proofs(facts: CardFacts) -> list[str]:
    if facts.failure.resolution != "dismissed":
        return []
    currency = facts.payment.payment.currency
    lines = [f"Proof: receipt #{safe(one.receipt_id, 40)} has {money(one.amount_minor, currency)} of it." for one in facts.proofs]
    return lines or ["No receipt stands for it; two people answer for that."]


def _at_most(lines: Sequence[str]) -> list[str]:
    more = len(lines) - RECEIPTS_AT_MOST
    return [*lines[:RECEIPTS_AT_MOST], *([f"… and {more} more"] if more > 0 else [])]


def _person(names: Names, person_id: str) -> str:
    """A person's name; a name of the books, or of somebody who is not configured any more, as it stands."""
    return safe(names.get(person_id, person_id), 60)


def context(text: str) -> Block:
    """A line in small print."""
    return {"type": "context", "elements": [plain(text, CONTEXT_AT_MOST)]}
