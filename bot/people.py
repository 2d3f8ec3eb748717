"""Which of our people stands behind a Slack account. Nobody configured is nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from receivables.authority import Person


def person_of(people: Mapping[str, Person], body: Mapping[str, Any]) -> Person | None:
    """The person who pressed or typed, from Slack's own payload; None for a stranger.

    Somebody of another workspace in a shared channel has another team than the one the app is installed in: a stranger.
    """
    user = body.get("user") or {}
    user_id = str(user.get("id") or body.get("user_id") or "")
    home = str((body.get("team") or {}).get("id") or body.get("team_id") or "")
    team = str(user.get("team_id") or home)
    if not user_id or team != home:
        return None
    return next((one for one in people.values() if one.active and (home, user_id) in one.slack_accounts), None)


NOBODY = "Your Slack account is not linked to a person who may do this. Ask your administrator to add it to the configuration."
