"""People and documents have one name on cards, in histories and on the command line.

A person has the one of our configuration, a document the one of its package. The books know people by names of their own:
whoever is configured with such a name is called as everywhere else. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from receivables.authority import Person, goes_by
from receivables.company import Company
from receivables.diagnosis import Diagnosis, Fact, Finding
from receivables.words import capitalized
from storage.cards import CardFacts
from storage.failures import StoredFailure

People = Mapping[str, Person]  # by our own id


def called(facts: CardFacts, company: Company, people: People) -> CardFacts:
    """What a card is drawn from, with everybody's name, and every document's, as it is known."""
    return replace(facts, failure=called_failure(facts.failure, company, people))


def called_failure(failure: StoredFailure, company: Company, people: People) -> StoredFailure:
    """The same of a failure, for histories and the command line."""
    diagnosis = called_diagnosis(failure.diagnosis, company, people) if failure.diagnosis else None
    resolved_by = failure.resolved_by if failure.resolved_by in people else name_in_books(failure.resolved_by, people)
    return replace(failure, diagnosis=diagnosis, resolved_by=resolved_by)


def names_of(people: People) -> dict[str, str]:
    """Our people's names, by their id."""
    return {person.id: person.name for person in people.values()}


def name_in_books(name: str, people: People) -> str:
    """What we call whom the books know by this name; somebody who is not configured, as the books do."""
    return next((person.name for person in people.values() if name and goes_by(person, name)), name)


def document(text: str, company: Company) -> str:
    """A document named with the word of the company's package: "credit note CM-77" for "credit memo CM-77".

    Our own word comes before whatever the books call it, so only the first one is meant.
    """
    for ours, theirs in company.documents.items():
        if found := re.search(rf"\b{ours}\b", text, re.IGNORECASE):
            word = capitalized(theirs) if found[0][0].isupper() else theirs
            return f"{text[: found.start()]}{word}{text[found.end() :]}"
    return text


def called_diagnosis(diagnosis: Diagnosis, company: Company, people: People) -> Diagnosis:
    """The same of a diagnosis that is of no failure yet."""

    def finding(found: Finding) -> Finding:
        blocked = fact(found.blocked) if found.blocked else None
        return replace(found, because=tuple(map(fact, found.because)), blocked=blocked)

    def fact(seen: Fact) -> Fact:
        values = tuple(
            (name, name_in_books(value, people) if name == "made_by" and isinstance(value, str) else value)
            for name, value in seen.values
        )
        return replace(seen, document=document(seen.document, company), person=name_in_books(seen.person, people), values=values)

    return replace(diagnosis, primary=finding(diagnosis.primary), runners_up=tuple(map(finding, diagnosis.runners_up)))
