"""Who may decide what: one pure function, asked when a remedy is chosen and again when it is carried out.

No configuration means nobody. A limit is per person, company, remedy and currency; above it, two different
people must agree, each with a right of their own, and neither of them made the document in question. Up to the limit,
whoever made it may ask, and somebody else who could decide it alone must agree. Only an office of one (`solo`) is
let off that, and it is put on record. What one person decides alone may be limited for a day as well.

Whoever decides at a company sees it; somebody else sees it where that is configured (`reads`), and decides nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from receivables.diagnosis import Remedy
from receivables.two_people import TwoPeople
from receivables.words import Words, listed


@dataclass(frozen=True)
class Right:
    """This person may choose this remedy alone up to `limit_minor` of `currency`."""

    company: str
    remedy: Remedy
    currency: str
    limit_minor: int


@dataclass(frozen=True)
class DayLimit:
    """On one day of the company this person may decide alone up to `limit_minor` of `currency` by these remedies together."""

    company: str
    remedies: frozenset[Remedy]
    currency: str
    limit_minor: int


@dataclass(frozen=True)
class Person:
    """Somebody who decides, or only reads. `books_names` are their names in the books; they may have several Slack accounts."""

    id: str
    name: str
    active: bool = True
    rights: tuple[Right, ...] = ()
    books_names: frozenset[str] = frozenset()
    slack_accounts: frozenset[tuple[str, str]] = frozenset()  # (workspace or organization id, user id)
    reads: frozenset[str] = frozenset()  # the companies that they see without deciding anything there
    day_limits: tuple[DayLimit, ...] = ()
    email: str = ""  # as Slack confirmed it; counts where no account is named


def companies_of(person: Person) -> frozenset[str]:
    """The companies that this person sees: where they may decide something, and where they may read."""
    return person.reads | {right.company for right in person.rights} if person.active else frozenset()


def sees(person: Person, company: str) -> bool:
    """Whether this person may see, explain and search what is of this company."""
    return company in companies_of(person)


def decides_at(person: Person, company: str) -> bool:
    """Whether this person may decide anything at this company."""
    return person.active and any(right.company == company for right in person.rights)


def can_be_told(person: Person) -> bool:
    """Whether a direct message can reach this person in Slack."""
    return person.active and bool(person.slack_accounts or person.email)


def deciders(people: Iterable[Person], company: str, remedy: Remedy, currency: str) -> list[Person]:
    """Who has a right to this remedy, whatever its amount."""
    return [person for person in people if person.active and _limits(person, company, remedy, currency)]


@dataclass(frozen=True)
class DaySoFar:
    """What people decided alone on the company's day before this, by person and remedy, and how the company writes amounts."""

    words: Words
    decided_minor: Mapping[tuple[str, Remedy], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """May this be decided? It is about documents in the books and an imported payment, which somebody made.

    `touched_by` are the books' names of whoever made the documents, `imported_by` is the person who imported the payment,
    `unknown_makers` are the documents of which the books do not tell who made them.
    """

    company: str
    remedy: Remedy
    amount_minor: int
    currency: str
    touched_by: frozenset[str] = frozenset()
    two: TwoPeople | None = None  # why it takes two people whatever the amount; None where it does not
    imported_by: str = ""
    unknown_makers: tuple[str, ...] = ()
    solo: bool = False  # the company is an office of one
    day: DaySoFar | None = None  # where nobody's day is limited, nothing is counted


class Ruling(StrEnum):
    ALLOWED = "allowed"
    SECOND_PERSON = "second_person"
    REFUSED = "refused"


#: What is put on record, and listed for the owner, where an office of one decides about its own document.
BY_ITS_MAKER = "Decided by the person who made the document."


@dataclass(frozen=True)
class Answer:
    """The ruling, and the reason in words that may be shown to the person who asked.

    `by_maker`: somebody who made the document is among those who decide, which only an office of one may.
    """

    ruling: Ruling
    reason: str = ""
    by_maker: bool = False


def may_decide(person: Person | None, question: Question) -> Answer:
    """Whether this person may choose this remedy: alone, with a second person, or not at all."""
    if person is None:
        return Answer(Ruling.REFUSED, "Nobody of that name is configured. Ask your administrator to add you as a person.")
    if not person.active:
        return Answer(Ruling.REFUSED, f"{person.name} is no longer active.")
    limits = _limits(person, question.company, question.remedy, question.currency)
    if not limits:
        return Answer(
            Ruling.REFUSED,
            f"{person.name} has no right to choose “{question.remedy.label}” for {question.company} in {question.currency}.",
        )
    maker = made_it(person, question)
    two = _takes_two(person, question, max(limits))
    if maker and not question.solo:
        if two:
            return Answer(Ruling.REFUSED, f"This takes two people, and {_as_maker(person, question)}.")
        return Answer(Ruling.SECOND_PERSON, f"{_as_maker(person, question)}, so somebody else must agree.")
    said = " ".join(filter(None, (two, BY_ITS_MAKER if maker else _not_told(question))))
    return Answer(Ruling.SECOND_PERSON if two else Ruling.ALLOWED, said, by_maker=maker)


def may_approve(approver: Person | None, requester: Person | None, question: Question) -> Answer:
    """Whether `approver` may be the second person for what `requester` chose. Never the same person."""
    first = may_decide(requester, question)
    if first.ruling is Ruling.REFUSED:
        return first
    second = may_decide(approver, question)
    if second.ruling is Ruling.REFUSED:
        return second
    if approver is None or requester is None or _the_same(approver, requester):
        return Answer(Ruling.REFUSED, "It takes two different people.")
    if not question.solo:
        if made_it(approver, question):
            return Answer(Ruling.REFUSED, f"This takes two people, and {_as_maker(approver, question)}.")
        if made_it(requester, question) and second.ruling is not Ruling.ALLOWED:
            return Answer(
                Ruling.REFUSED,
                f"{_as_maker(requester, question)}, so it takes somebody who can decide it alone. {second.reason}",
            )
    return Answer(Ruling.ALLOWED, _not_told(question), by_maker=first.by_maker or second.by_maker)


def made_it(person: Person, question: Question) -> bool:
    """Whether this person made a document in question, or imported the payment."""
    if question.imported_by and person.id == question.imported_by:
        return True
    return any(goes_by(person, name) for name in question.touched_by)


def goes_by(person: Person, name: str) -> bool:
    """Whether the books know this person by that name, however it is spelled."""
    return bool(_forms(frozenset({name})) & _forms(person.books_names))


def _as_maker(person: Person, question: Question) -> str:
    did = "imported this payment" if person.id == question.imported_by else "made a document in question"
    return f"{person.name} {did}"


def shared_names(first: Person, second: Person) -> tuple[str, ...]:
    """The names in the books that two people share, as the first one's are written."""
    theirs = _forms(second.books_names)
    return tuple(sorted(name for name in first.books_names if _forms(frozenset({name})) & theirs))


def _limits(person: Person, company: str, remedy: Remedy, currency: str) -> list[int]:
    asked = (company, remedy, currency)
    return [right.limit_minor for right in person.rights if (right.company, right.remedy, right.currency) == asked]


def _takes_two(person: Person, question: Question, limit_minor: int) -> str:
    """Why it takes two people, or "" where one is enough."""
    if question.two:
        return question.two.said
    if question.amount_minor > limit_minor:
        return f"The amount is above the limit of {person.name}; it takes a second person."
    return _above_the_day(person, question)


def _above_the_day(person: Person, question: Question) -> str:
    """Why the day's limit asks for a second person, and how much is left of it; "" where it does not."""
    if question.day is None:
        return ""
    left = [
        limit.limit_minor - sum(question.day.decided_minor.get((person.id, remedy), 0) for remedy in limit.remedies)
        for limit in person.day_limits
        if (limit.company, limit.currency) == (question.company, question.currency) and question.remedy in limit.remedies
    ]
    if not left or question.amount_minor <= min(left):
        return ""
    rest = question.day.words.money(max(0, min(left)), question.currency)
    return f"{person.name} can decide {rest} more alone today; this takes a second person."


def _not_told(question: Question) -> str:
    """That the books do not tell who made a document, so that nobody can be kept from deciding about their own."""
    documents = question.unknown_makers
    return f"The books do not tell who made {listed(documents)}." if documents else ""


def _the_same(first: Person, second: Person) -> bool:
    """One human being, however often configured."""
    return first.id == second.id or bool(first.slack_accounts & second.slack_accounts or shared_names(first, second))


def _forms(names: frozenset[str]) -> set[str]:
    """Names without what may differ between two spellings of one: case, width, accents' encoding, spaces."""
    folded = [unicodedata.normalize("NFKC", name).casefold() for name in names]
    return {" ".join(unicodedata.normalize("NFKC", name).split()) for name in folded} - {""}
