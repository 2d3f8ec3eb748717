"""Who is in the practice workspace when it starts for the first time.

Starting again with more people, channels or groups adds those missing; nobody is ever removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PersonSeed:
    """Somebody who can be acted as. `name` is the short handle after the @."""

    name: str
    real_name: str
    email: str
    title: str = ""


@dataclass(frozen=True)
class Command:
    """A slash command as the app's manifest declares it; `name` begins with a slash."""

    name: str
    description: str = ""
    hint: str = ""


def _people() -> tuple[PersonSeed, ...]:
    return (
        PersonSeed("priya", "Priya Nair", "priya@example.com", "Accounts receivable"),
        PersonSeed("tomas", "Tomás Ferreira", "tomas@example.com", "Accounts receivable"),
        PersonSeed("marta", "Marta Lindqvist", "marta@example.com", "Controller"),
    )


@dataclass(frozen=True)
class Seed:
    """The first state of a workspace.

    `events` names what the app has subscribed to, with Slack's names ("message.channels", "message.im" too):
    as in Slack, other events are never sent. Without `commands` every slash command is handed to the app.
    """

    team: str = "Practice Finance"
    domain: str = "practice-finance"
    app_name: str = "Practice App"
    bot_name: str = "practice_app"
    people: tuple[PersonSeed, ...] = field(default_factory=_people)
    channels: tuple[str, ...] = ("receivables", "finance-leads")
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"finance": ("priya", "tomas", "marta")})
    commands: tuple[Command, ...] = ()
    events: tuple[str, ...] = ("app_home_opened", "app_mention")
