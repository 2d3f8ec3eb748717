"""Makers of the window of a request that waits for a second person, as three people find it."""

from __future__ import annotations

from collections.abc import Mapping

from card_people import PEOPLE
from card_states import COMPANY, card_states

from bot.called import called
from bot.reviewing import window
from bot.text import Block

READERS = {"to-approve": "dana", "to-withdraw": "sam", "only-read": "erin"}


def review_states() -> Mapping[str, Block]:
    facts = called(card_states()["waiting-for-approval"], COMPANY, PEOPLE)
    assert facts.decision is not None
    return {f"review-{name}": window(facts, facts.decision, COMPANY, PEOPLE, PEOPLE[person]) for name, person in READERS.items()}
