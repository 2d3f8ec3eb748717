"""Prints what every picture of a card must tell: who, how much, why, what the button changes, and who may press it.

The answers come from the rows that the pictures are drawn from, and what the button does and who may press it from where the
card has it (bot/choices.py), so that what somebody reads in a picture can be compared with them. Run from the checkout:
`PYTHONPATH=.:tests .venv/bin/python docs/answers.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import card_people
import card_states

import rules
from bot.called import called, names_of
from bot.choices import NOTHING_TO_DO, Press, approval, first_press
from bot.people import name_of
from receivables.company import Company
from receivables.payment import Bucket
from storage.cards import CardFacts

COLUMNS = ("picture", "who", "how much", "why", "what the button changes", "who may press")
NO_BUTTON = "no button"
NOBODY = "nobody needs to press"


def main() -> int:
    """Prints one row for each picture of a failure's card."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *answers()]
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return 0


def answers() -> Iterator[tuple[str, ...]]:
    """For each card its name and the five answers."""
    for name, stored in card_states.card_states().items():
        company = card_states.COMPANIES.get(name, card_states.COMPANY)
        facts, payment = called(stored, company, card_people.PEOPLE), stored.payment.payment
        amount = company.words.money(payment.amount_minor, payment.currency)
        yield (f"card-{name}", payment.customer, amount, _why(facts, company), *_button(facts, company))


def _why(facts: CardFacts, company: Company) -> str:
    failure = facts.failure
    if failure.diagnosis is None:
        return "not known yet"
    why = f"{rules.title(failure.diagnosis.primary.cause)}: {rules.happened(failure.diagnosis, company.words)}"
    by = f" by {name_of(names_of(card_people.PEOPLE), failure.resolved_by)}" if failure.resolved_by else ""
    return why if failure.state == "open" else f"it is over: {failure.resolution}{by}. Before: {why}"


def _button(facts: CardFacts, company: Company) -> tuple[str, str]:
    """What the first button changes, and who may press it."""
    decision, people = facts.decision, card_people.PEOPLE
    under_way = decision is not None and decision.is_being_carried_out
    if facts.failure.state != "open" or facts.failure.diagnosis is None or under_way:
        return NO_BUTTON, NOBODY
    if facts.payment.bucket is Bucket.UNKNOWN:
        return NO_BUTTON, NOTHING_TO_DO
    if decision is not None and decision.state == "waiting_approval":
        return _told(approval(facts, decision, company, people), "Review: ")
    return _told(first_press(facts, company, people))


def _told(press: Press, verb: str = "") -> tuple[str, str]:
    changes = [f"{label} {change}" for label, change in press.changes]
    said = "; ".join(filter(None, [*changes, press.leaves]))
    return (f"{verb}{press.label}: {said}" if press.remedy else said), press.who


if __name__ == "__main__":
    sys.exit(main())
