"""What the first button of a failure's card does, and who may press it: the one answer, for the card and for whoever checks it.

Pure: asked of the same consequences as the plan that carries the remedy out. What really counts is asked again when somebody
presses and when it is carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rules
from bot import labels
from bot.called import People, document
from bot.deciders import who_may_approve, who_may_decide
from bot.figures import NOTHING, Options, before_after, figures, follows, headline_minor, proposed_proof, rest_minor
from bot.matching import matched_label, needs_more
from bot.text import BUTTON_AT_MOST, CONFIRM_AT_MOST, Block, confirmation, cut
from receivables.company import Company
from receivables.diagnosis import Remedy
from receivables.makers import WITHOUT_CONSEQUENCE
from receivables.words import counted, listed, plain
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
#: Remedies that change something, and so may stand on the card as a button of their own; the last three change only our own rows,
#: and the payment is checked again.
PRESSABLE = (*MOVES_MONEY, Remedy.ACCEPT_CORRECTION, Remedy.MATCH, Remedy.RETRY)
#: Those that record a receipt of ours, which goes to a deposit account.
RECORDS = (*rules.RECORD, Remedy.REVERSE_WRITE_OFF, Remedy.POST_ON_OPEN_DAY)
OFFERS_AT_MOST = 4  # named on the card; the window has all
WHOSE_AT_MOST = 2  # groups of them with the same people
NOTHING_TO_DO = "Nobody needs to decide anything now."
REVIEW = "review"  # the button of a request that waits for a second person, and its window
OUTSIDE = "Nothing can be chosen here: ask your administrator to close it."
Change = tuple[str, str]  # what it is, and what it is now and after the remedy


@dataclass(frozen=True)
class Press:
    """The first button: `remedy` is what it chooses, or None where it opens Resolve Now, which asks first."""

    remedy: Remedy | None
    label: str
    changes: tuple[Change, ...]
    leaves: str  # what it does beside these, and what it leaves as it is
    who: str


def first_press(facts: CardFacts, company: Company, people: People) -> Press:
    """What is pressed first on the card of an open failure that nobody decided yet."""
    remedy = recommended_remedy(facts)
    if remedy is None or not _has_button(facts, remedy):
        offered, who = _offered(facts, company, people)
        return Press(None, "Resolve Now", (), offered, who)
    return Press(
        remedy,
        label_of(facts, remedy, company),
        () if remedy is Remedy.DISMISS else tuple(changes(facts, remedy, company)),  # nothing in the books
        f"{leaves(facts, remedy, company)} {_offers(facts, _consequential(facts)) if remedy is Remedy.WAIT else ''}".strip(),
        who_may_decide(facts, remedy, company, people),
    )


def _has_button(facts: CardFacts, remedy: Remedy) -> bool:
    """Whether a press says all. Waiting has one where it sets the card aside, until it did."""
    if remedy is Remedy.WAIT:
        return named_for(facts, remedy) == labels.UNTIL_DECIDED and not facts.is_snoozed
    return remedy in PRESSABLE and not needs_choice(facts, remedy) and not _failed_before(facts, remedy)


def _offers(facts: CardFacts, remedies: Sequence[Remedy]) -> str:
    """What the window offers; "" where it is nothing."""
    names = [named_for(facts, remedy) for remedy in remedies]
    return f"Resolve Now offers: {listed(names, OFFERS_AT_MOST, last='or')}." if names else ""


def approval(facts: CardFacts, decision: StoredDecision, company: Company, people: People) -> Press:
    """What approving a decision does that waits for a second person."""
    remedy, options = decision.remedy, decision.options
    label = label_of(facts, remedy, company, options)
    changed = tuple(changes(facts, remedy, company, options))
    return Press(remedy, label, changed, leaves(facts, remedy, company), who_may_approve(facts, decision, company, people))


def recommended_remedy(facts: CardFacts) -> Remedy | None:
    """What the diagnosis recommends, where it may be chosen now. A blocked remedy leaves no other recommended."""
    diagnosis = facts.failure.diagnosis
    if diagnosis is None or diagnosis.primary.blocked:
        return None
    return diagnosis.primary.remedy if diagnosis.primary.remedy in facts.offers else None


def _failed_before(facts: CardFacts, remedy: Remedy) -> bool:
    """Whether it was chosen just before and rejected in the books: pressed again, it would end the same way."""
    return facts.decision is not None and facts.decision.state == "failed" and facts.decision.remedy is remedy


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


# --- what it is called ------------------------------------------------------------------------------------------------


def named_for(facts: CardFacts, remedy: Remedy) -> str:
    """What a remedy is called for this failure."""
    return labels.named(remedy, facts.failure.about, facts.failure.diagnosis)


def label_of(facts: CardFacts, remedy: Remedy, company: Company, options: Options = NOTHING) -> str:
    """The button's words: what it records or the one amount that it moves, in the package's word, and what a match is to."""
    return cut(document(_label(facts, remedy, company, options), company), BUTTON_AT_MOST)


def _label(facts: CardFacts, remedy: Remedy, company: Company, options: Options) -> str:
    if remedy is Remedy.MATCH:
        return matched_label(facts, options)
    label, words, payment = named_for(facts, remedy), company.words, facts.payment.payment
    if remedy is Remedy.DISMISS and len(proof := proposed_proof(facts).receipts) == 1:
        receipt = proof[0].receipt
        return f"Dismiss: recorded as receipt {plain(receipt.number or receipt.id, 24)}"
    if remedy not in MOVES_MONEY or (facts.failure.about != "payment" and remedy is not Remedy.RECORD_RETURN):
        return label
    whole = words.money(payment.amount_minor, payment.currency)
    if label in (Remedy.RECREATE_RECEIPT.label, Remedy.KEEP_ON_ACCOUNT.label):
        left_minor = rest_minor(figures(facts, remedy, words, options))
        if left_minor == payment.amount_minor:
            return f"Record {whole} as unapplied credit"
        if left_minor:
            return f"Record {whole}, leave {words.money(left_minor, payment.currency)} unapplied"
    moved_minor = headline_minor(facts, remedy)  # 0 while a person must still choose
    return f"{label} ({words.money(moved_minor, payment.currency)})" if moved_minor else label


# --- what it changes --------------------------------------------------------------------------------------------------


def changes(facts: CardFacts, remedy: Remedy, company: Company, options: Options = NOTHING) -> list[Change]:
    """What a remedy changes: the day of the receipt where it is another than that of the payment, then the amounts."""
    words, currency = company.words, facts.payment.payment.currency
    moved = [of for of in figures(facts, remedy, words, options) if of.after_minor != (of.before_minor or 0)]
    shown = [(document(of.label, company), before_after(of, currency, words)) for of in moved]
    day = rules.first_open_day(facts.evidence) if facts.evidence and remedy is Remedy.POST_ON_OPEN_DAY else None
    dated = [("Date of the receipt", f"{words.day(facts.payment.payment.paid_at)} → {words.day(day)}")] if day else []
    return [*dated, *shown]


def leaves(facts: CardFacts, remedy: Remedy, company: Company) -> str:
    """What it does beside its figures, and what of the books it leaves as it is."""
    if not (unchanged := rules.unchanged(remedy)):
        explained = labels.explained(remedy, facts.failure.about, facts.failure.diagnosis)
        return f"{named_for(facts, remedy)}: {explained[:1].lower()}{explained[1:]}"
    payment = facts.payment.payment
    account = plain(company.deposit_account(payment.method, payment.currency)) if remedy in RECORDS and not _living(facts) else ""
    return f"Deposit to: {account}. {unchanged}" if account else unchanged


def _living(facts: CardFacts) -> bool:
    return facts.evidence is not None and bool(facts.evidence.living_receipts)


def confirm(facts: CardFacts, remedy: Remedy, company: Company, options: Options = NOTHING) -> Block:
    """Asked once more with the figures, before anything is written down. Slack leaves room for a few."""
    lines = [f"{plain(label, 60)}: {change}" for label, change in changes(facts, remedy, company, options)]
    lines += [plain(said, 120) for said in follows(facts, remedy, company.words, options)]
    text = labels.explained(remedy, facts.failure.about, facts.failure.diagnosis)
    for place, line in enumerate(lines):
        more = f"\n… and {counted(len(lines) - place, 'more amount')}"
        if len(text) + len(line) + 1 > CONFIRM_AT_MOST - len(more):
            text += more
            break
        text += f"\n{line}"
    return confirmation(document(named_for(facts, remedy), company), text, "Yes, do it")


# --- where Resolve Now asks first -------------------------------------------------------------------------------------


def _consequential(facts: CardFacts) -> Sequence[Remedy]:
    return [remedy for remedy in facts.offers if remedy not in WITHOUT_CONSEQUENCE]


def _offered(facts: CardFacts, company: Company, people: People) -> tuple[str, str]:
    """What may be chosen in the window, and who may decide it: once where it is the same for all of it."""
    if not facts.offers:
        return "", OUTSIDE
    diagnosis, offered = facts.failure.diagnosis, _consequential(facts) or list(facts.offers)
    says = _offers(facts, offered)
    if diagnosis is not None and diagnosis.primary.remedy is Remedy.WAIT:
        return says, NOTHING_TO_DO
    if Remedy.RECORD_RETURN in offered and facts.evidence is not None and not rules.makes_returns(facts.evidence):
        says += " Record it in the books first; Resolve Now then asks for its entry number."
    whose: dict[str, list[str]] = {}
    for remedy in _consequential(facts):
        short = named_for(facts, remedy).partition(":")[0]
        whose.setdefault(who_may_decide(facts, remedy, company, people), []).append(f"“{short}”")
    if len(whose) == 1:
        return says, next(iter(whose))
    told = [f"{listed(called)}: {who}" for who, called in list(whose.items())[:WHOSE_AT_MOST]]
    return ("Choices:", " ".join(told)) if told else (says, NOTHING_TO_DO)
