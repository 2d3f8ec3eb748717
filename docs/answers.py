"""Prints what every picture of a card must tell: who, how much, why, what the button changes, and who may press it.

The answers come from the rows that the pictures are drawn from, so that what somebody reads in a picture can be compared with
them. Run from the checkout: `PYTHONPATH=.:tests .venv/bin/python docs/answers.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import card_people
import card_states

import rules
from bot.cards import PRESSABLE, label_of, needs_choice, recommended_remedy
from bot.deciders import who_may_approve, who_may_decide
from bot.figures import before_after, figures
from receivables.company import Company
from receivables.words import capitalized
from storage.cards import CardFacts

COLUMNS = ("picture", "who", "how much", "why", "what the button changes", "who may press")
NO_BUTTON = "nothing to press"


def main() -> int:
    """Prints one row for each picture of a failure's card."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *answers()]
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return 0


def answers() -> Iterator[tuple[str, ...]]:
    """For each card its name and the five answers."""
    for name, facts in card_states.card_states().items():
        company, payment = card_states.COMPANIES.get(name, card_states.COMPANY), facts.payment.payment
        amount = company.words.money(payment.amount_minor, payment.currency)
        yield (f"card-{name}", payment.customer, amount, _why(facts, company), *_button(facts, company))


def _why(facts: CardFacts, company: Company) -> str:
    failure = facts.failure
    if failure.state != "open":
        return f"it is over: {failure.resolution}" + (f" by {failure.resolved_by}" if failure.resolved_by else "")
    if failure.diagnosis is None:
        return "not known yet"
    return f"{rules.title(failure.diagnosis.primary.cause)}: {rules.happened(failure.diagnosis, company.words)}"


def _button(facts: CardFacts, company: Company) -> tuple[str, str]:
    """What the first button changes, and who may press it."""
    decision, people = facts.decision, card_people.PEOPLE
    if facts.failure.state != "open":
        return NO_BUTTON, "nobody"
    if decision is not None and decision.state == "waiting_approval":
        return _changes(facts, company), who_may_approve(facts, decision, company, people)
    if decision is not None and decision.is_being_carried_out:
        return NO_BUTTON, "nobody: it is being carried out"
    remedy = recommended_remedy(facts)
    if remedy is None:
        return NO_BUTTON, "nobody" if not facts.offers else "who opens Resolve Now"
    who = who_may_decide(facts, remedy, company, people)
    return (
        _changes(facts, company) if remedy in PRESSABLE and not needs_choice(facts, remedy) else "Resolve Now asks first"
    ), who


def _changes(facts: CardFacts, company: Company) -> str:
    decision, payment = facts.decision, facts.payment.payment
    waiting = decision is not None and decision.state == "waiting_approval"
    remedy, options = (decision.remedy, decision.options) if decision and waiting else (recommended_remedy(facts), {})
    if remedy is None:
        return NO_BUTTON
    shown = [
        f"{of.label} {before_after(of, payment.currency, company.words)}" for of in figures(facts, remedy, company.words, options)
    ]
    return capitalized("; ".join([label_of(facts, remedy, company.words, options), *shown]))


if __name__ == "__main__":
    sys.exit(main())
