"""Why a payment is failing, in plain sentences: what was found, what was checked, what would end it. From the rules, no model.

A payment that is not failing: where it stands. Reads our own rows; the books are not asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import rules
from bot import labels
from bot.called import called_failure
from bot.cards import invoices_of, paid
from bot.people import Names, name_of
from bot.rooms import Rooms
from bot.text import Block, context, of_payment, resolve_now, section
from receivables.diagnosis import Diagnosis, Remedy
from receivables.evidence import Evidence
from receivables.payment import Bucket, PaymentState
from receivables.words import Words, capitalized, counted, listed, plain
from storage import decisions, effects, failures, kept_evidence, payments
from storage.effects import StoredEffect
from storage.failures import StoredFailure
from storage.payments import StoredPayment

INVOICES_AT_MOST = 6
FACTS_AT_MOST, FACT_LENGTH = 10, 300
RULED_OUT_AT_MOST = 6
NOTHING_TO_CHOOSE = (Remedy.WAIT, Remedy.RECONNECT)  # they end it, but not by a press


def answer(rooms: Rooms, company: str, number: str) -> tuple[str, list[Block]]:
    """What to say to whoever asks why, with its blocks; the payment is known."""
    settings = rooms.channels[company].company
    words, names = settings.words, rooms.names
    with rooms.db.read() as connection:
        stored = payments.by_numbers(connection, company, [number])[number]
        failed = [called_failure(of, settings, rooms.people) for of in failures.of_payment(connection, company, number)]
        open_now = next((failure for failure in reversed(failed) if failure.state == "open"), None)
        evidence = kept_evidence.find(connection, company, open_now.evidence_id) if open_now else None
        decided = decisions.under_way(connection, company, open_now.id) if open_now else None
        ours = effects.recorded(effects.of_payments(connection, company, [number])[number])
    payment = stored.payment
    who = context(f"{plain(payment.customer)} · {paid(payment, words)} · Invoices: {invoices_of(payment, INVOICES_AT_MOST)}")
    if open_now is None:
        return _stands(stored, failed, ours, words, names), [who]
    diagnosis = open_now.diagnosis
    cause = f": {rules.title(diagnosis.primary.cause)}" if diagnosis else " is failing and is being checked"
    sentence = plain(rules.sentence(diagnosis, words, unread_since=open_now.unread_since), 1500)
    blocks = [who, section(sentence)]
    if diagnosis is not None:
        blocks += _found(diagnosis, words)
        blocks += _checked(diagnosis, evidence, words)
        blocks.append(section(_would_end(open_now, diagnosis, words)))
    if decided is not None:
        chosen = labels.named(decided.remedy, open_now.about, diagnosis)
        blocks.append(context(f"{name_of(names, decided.requested_by)} chose “{chosen}”; it is {decided.stands}."))
    blocks.append({"type": "actions", "elements": [resolve_now(open_now.id)]})
    return f"{of_payment(number)}{cause}", blocks


def _found(diagnosis: Diagnosis, words: Words) -> list[Block]:
    """The facts that it rests on."""
    facts = [plain(capitalized(rules.fact_sentence(fact, words)), FACT_LENGTH) for fact in diagnosis.primary.because]
    return [section("What we found:\n" + "\n".join(f"• {fact}" for fact in facts[:FACTS_AT_MOST]))] if facts else []


def _checked(diagnosis: Diagnosis, evidence: Evidence | None, words: Words) -> list[Block]:
    """What was read, by how many rules it was judged, which other causes came near, and what could not be looked at."""
    if evidence is None:
        return []
    explained = rules.explain(evidence)
    read = [f"customer {plain(evidence.customer.name)}"] if evidence.customer else []
    numbers = [plain(line.invoice_number or line.invoice_id, 40) for line in evidence.lines]
    if numbers:
        which = listed(numbers, INVOICES_AT_MOST)
        read.append(f"invoice {which} with its credits" if len(numbers) == 1 else f"invoices {which} with their credits")
    if evidence.searched_from and evidence.searched_through:
        read.append(f"receipts from {words.day(evidence.searched_from)} through {words.day(evidence.searched_through)}")
    lines = [f"What we checked on {words.moment(evidence.taken_at)}: {listed(read)}." if read else ""]
    found = {diagnosis.primary.cause, *(finding.cause for finding in diagnosis.runners_up)}
    near = dict.fromkeys(rules.title(rule.cause) for rule in explained.nearly if rule.cause not in found)
    ruled_out = f" Ruled out: {listed(list(near), RULED_OUT_AT_MOST).lower()}." if near else ""
    lines.append(f"{counted(len(explained.rules), 'rule')} were asked.{ruled_out}")
    if diagnosis.runners_up:
        lines.append(f"Also possible: {listed([rules.title(finding.cause) for finding in diagnosis.runners_up[:3]]).lower()}.")
    if unread := [plain(what, FACT_LENGTH) for what in rules.not_checked(diagnosis, words)[:3]]:
        lines.append(f"Not checked: {'; '.join(unread)}.")
    return [section("\n".join(line for line in lines if line))]


def _would_end(found: StoredFailure, diagnosis: Diagnosis, words: Words) -> str:
    """What would end it: what is recommended first, then what else a person may choose."""
    primary = diagnosis.primary
    label = labels.named(primary.remedy, found.about, diagnosis)
    if primary.blocked:
        said = f"“{label}” is not possible yet: {plain(rules.fact_sentence(primary.blocked, words), FACT_LENGTH)}"
    else:
        said = f"{label}. {labels.explained(primary.remedy, found.about)}"
    others = [
        labels.named(remedy, found.about, diagnosis)
        for remedy in found.offered
        if remedy is not primary.remedy and remedy not in NOTHING_TO_CHOOSE
    ]
    also = f"\nOr: {listed([f'“{other}”' for other in others], last='or')}." if others else ""
    return f"What would end it: {said}{also}"


def _stands(
    stored: StoredPayment, failed: Sequence[StoredFailure], ours: Sequence[StoredEffect], words: Words, names: Names
) -> str:
    """Where a payment stands that is not failing."""
    last = failed[-1] if failed else None
    before = ""
    if last is not None and last.cause is not None and last.resolved_at is not None:
        ended = labels.resolution_of(last.resolution or "", name_of(names, last.resolved_by) if last.resolved_by else "")
        why, at = rules.title(last.cause).lower(), words.day(last.opened_at)
        before = f" It failed on {at} ({why}); {ended} on {words.day(last.resolved_at)}."
    documents = [plain(effect.document_id or "", 40) for effect in ours if effect.document_id]
    receipts = f", as receipt {listed(documents)}" if documents else ""
    now = {
        PaymentState.RECEIVED: "waits for the next sync, which posts it",
        PaymentState.POSTING: "is being posted",
        PaymentState.POSTED: f"was posted{receipts}, and is being read back",
        PaymentState.VERIFIED: f"is in the books{receipts}",
        PaymentState.FAILED: "is about to be checked again",
        PaymentState.DISMISSED: "was dismissed: nothing is posted for it",
        PaymentState.EXCLUDED: "is excluded: it is never posted",
    }[stored.state]
    if stored.bucket is Bucket.UNKNOWN:
        now = "was sent, and the books did not answer: we keep checking whether they have it"
    return f"{of_payment(stored.number)} is not failing. It {now}.{before}"
