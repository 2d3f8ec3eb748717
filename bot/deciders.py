"""Who may decide what a card offers, in a sentence: from the rights of now and from who made the documents. Pure.

What really counts is asked again when somebody presses and when it is carried out (`sync/requests.py`); this tells people
beforehand, as far as was known when the books were read.
"""

from __future__ import annotations

from collections.abc import Sequence

import rules
from bot.called import People
from bot.figures import NOTHING, Options, takes_two
from bot.text import PERSON_AT_MOST
from receivables.authority import Person, Question, Ruling, may_approve, may_decide
from receivables.company import Company
from receivables.diagnosis import Remedy
from receivables.makers import makers_of
from receivables.words import listed, plain
from storage.cards import CardFacts
from storage.decisions import StoredDecision

PEOPLE_AT_MOST = 4  # named; the configuration has them all
NOBODY = "Nobody here may decide this. Ask your administrator."


def who_may_decide(facts: CardFacts, remedy: Remedy, company: Company, people: People) -> str:
    """Dana Reyes may decide alone; Sam Okafor needs a second person."""
    question = _question(facts, remedy, company)
    rulings = {person: may_decide(person, question).ruling for person in people.values()}
    alone = [person for person, ruling in rulings.items() if ruling is Ruling.ALLOWED]
    asking = [person for person, ruling in rulings.items() if ruling is Ruling.SECOND_PERSON]
    pairs = [(first, second) for first in asking for second in rulings if _agree(first, second, question)]
    together = [person for person in rulings if any(person in pair for pair in pairs)]
    with_another = [person for person in together if person not in alone]
    if alone:
        needs = "needs" if len(with_another) == 1 else "need"
        more = f"; {_named(with_another, last='and')} {needs} a second person" if with_another else ""
        return f"{_named(alone)} may decide alone{more}."
    if not together:
        return NOBODY
    if len(together) == 2:
        return f"{_named(together, last='and')} must agree."
    return f"Two of {_named(together, last='and')} must agree."


def _agree(first: Person, second: Person, question: Question) -> bool:
    """Whether the second may approve what the first asked for."""
    return may_approve(second, first, question).ruling is Ruling.ALLOWED


def who_may_approve(facts: CardFacts, decision: StoredDecision, company: Company, people: People) -> str:
    """Dana Reyes may approve it. Never whoever asked."""
    able = [person for person in people.values() if may_approve_it(facts, decision, company, people, person)]
    return f"{_named(able)} may approve it." if able else "Nobody else here may approve it. Ask your administrator."


def may_approve_it(facts: CardFacts, decision: StoredDecision, company: Company, people: People, person: Person) -> bool:
    """Whether this person may, as far as is known beforehand."""
    asker = people.get(decision.requested_by)
    return asker is not None and _agree(asker, person, _question(facts, decision.remedy, company, decision.options))


def _question(facts: CardFacts, remedy: Remedy, company: Company, options: Options = NOTHING) -> Question:
    evidence, diagnosis, payment = facts.evidence, facts.failure.diagnosis, facts.payment.payment
    made, correction = None, evidence.correction if evidence else None
    if evidence is not None and diagnosis is not None and correction is None:
        in_place = rules.in_place_of(diagnosis, evidence, options) if remedy in rules.POST_ANEW else []
        made = makers_of(remedy, diagnosis, evidence, None, in_place)
    taking = correction is not None and remedy is Remedy.ACCEPT_CORRECTION
    return Question(
        company=company.id,
        remedy=remedy,
        amount_minor=max(rules.asked_minor(payment, evidence), correction.payment.amount_minor if correction and taking else 0),
        currency=payment.currency,
        touched_by=made.people if made else frozenset(),
        two=takes_two(facts, remedy, company),
        imported_by=correction.brought_by if correction and taking else facts.payment.taken_in_by,
        solo=company.solo,
    )


def _named(people: Sequence[Person], last: str = "or") -> str:
    return listed([plain(person.name, PERSON_AT_MOST) for person in people], PEOPLE_AT_MOST, last=last)
