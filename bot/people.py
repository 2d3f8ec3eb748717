"""Which of our people stands behind a Slack account, and how people are called. Nobody configured is nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.text import PERSON_AT_MOST
from receivables.authority import Person, decides_at
from receivables.errors import NotPermitted
from receivables.words import plain

Names = Mapping[str, str]  # of our people, by their id

NOBODY = "Your Slack account is not linked to a person who may do this. Ask your administrator to add it to the configuration."

ONLY_READS = "You can see and search payments here, but not change anything. Ask somebody who decides for this company."


def person_of(people: Mapping[str, Person], body: Mapping[str, Any]) -> Person:
    """The person who pressed or typed, from Slack's own payload. Raises NotPermitted for a stranger.

    Somebody of another workspace in a shared channel has another team than the one the app is installed in: a stranger.
    """
    user = body.get("user") or {}
    user_id = str(user.get("id") or body.get("user_id") or "")
    home = str((body.get("team") or {}).get("id") or body.get("team_id") or "")
    team = str(user.get("team_id") or home)
    for person in people.values():
        if user_id and team == home and person.active and (home, user_id) in person.slack_accounts:
            return person
    raise NotPermitted(NOBODY)


def must_decide_at(person: Person, company: str) -> None:
    """Raises NotPermitted for somebody who only reads what is of this company."""
    if not decides_at(person, company):
        raise NotPermitted(ONLY_READS)


def name_of(names: Names, person_id: str) -> str:
    """A person's name; a name of the books, or of somebody who is not configured any more, as it stands."""
    return plain(names.get(person_id, person_id), PERSON_AT_MOST)


def owner(taken_by: str | None, names: Names) -> str:
    """Who took ownership of an incident or an escalation, as a sentence."""
    return f"Owner: {name_of(names, taken_by)}." if taken_by else "Unassigned."
