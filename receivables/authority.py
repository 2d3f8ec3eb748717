"""Who may decide what: one pure function, asked when a remedy is chosen and again when it is carried out.

No configuration means nobody. A limit is per person, company, remedy and currency; above it, two different
people must agree, each with a right of their own, and whoever made the credit memo or receipt in question
cannot be one of those two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from receivables.diagnosis import Remedy


@dataclass(frozen=True)
class Right:
    """This person may choose this remedy alone up to `limit_minor` of `currency`."""

    company: str
    remedy: Remedy
    currency: str
    limit_minor: int


@dataclass(frozen=True)
class Person:
    """Somebody who decides. `books_names` are their names in the books; they may have several Slack accounts."""

    id: str
    name: str
    active: bool = True
    rights: tuple[Right, ...] = ()
    books_names: frozenset[str] = frozenset()
    slack_accounts: frozenset[tuple[str, str]] = frozenset()  # (team id, user id)


@dataclass(frozen=True)
class Question:
    """May this be decided? `touched_by` are the books' names of whoever made the documents in question."""

    company: str
    remedy: Remedy
    amount_minor: int
    currency: str
    without_proof: bool = False  # a dismissal that rests on no receipt
    touched_by: frozenset[str] = frozenset()


class Ruling(StrEnum):
    ALLOWED = "allowed"
    SECOND_PERSON = "second_person"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """The ruling, and the reason in words that may be shown to the person who asked."""

    ruling: Ruling
    reason: str = ""


def may_decide(person: Person | None, question: Question) -> Answer:
    """Whether this person may choose this remedy: alone, with a second person, or not at all."""
    if person is None:
        return Answer(Ruling.REFUSED, "Nobody of that name is configured. Ask your administrator to add you as a person.")
    if not person.active:
        return Answer(Ruling.REFUSED, f"{person.name} is no longer active.")
    limits = [
        right.limit_minor
        for right in person.rights
        if (right.company, right.remedy, right.currency) == (question.company, question.remedy, question.currency)
    ]
    if not limits:
        return Answer(
            Ruling.REFUSED,
            f"{person.name} has no right to choose {question.remedy} for {question.company} in {question.currency}.",
        )
    if not question.without_proof and question.amount_minor <= max(limits):
        return Answer(Ruling.ALLOWED)
    if _touched(person, question):
        return Answer(Ruling.REFUSED, f"This takes two people, and {person.name} made a document in question.")
    if question.without_proof:
        return Answer(Ruling.SECOND_PERSON, "A dismissal without a receipt as proof takes two people.")
    return Answer(Ruling.SECOND_PERSON, f"The amount is above the limit of {person.name}; it takes a second person.")


def may_approve(approver: Person | None, requester: Person | None, question: Question) -> Answer:
    """Whether `approver` may be the second person for what `requester` chose. Never the same person."""
    first = may_decide(requester, question)
    if first.ruling is Ruling.REFUSED:
        return first
    second = may_decide(approver, question)
    if second.ruling is Ruling.REFUSED:
        return second
    if approver is None or requester is None or approver.id == requester.id:
        return Answer(Ruling.REFUSED, "It takes two different people.")
    for person in (requester, approver):
        if _touched(person, question):
            return Answer(Ruling.REFUSED, f"This takes two people, and {person.name} made a document in question.")
    return Answer(Ruling.ALLOWED)


def _touched(person: Person, question: Question) -> bool:
    names = {name.casefold() for name in person.books_names}
    return any(name.casefold() in names for name in question.touched_by)
