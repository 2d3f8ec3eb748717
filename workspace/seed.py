"""Who is in the practice workspace when it starts for the first time.

Starting again with more people, channels or groups adds those missing; nobody is ever removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workspace.scopes import EVERY_SCOPE

STANDINGS = ("member", "guest", "single_channel_guest", "deactivated")
HOMES = ("here", "sister", "organization", "elsewhere")


@dataclass(frozen=True)
class PersonSeed:
    """Somebody who can be acted as. `name` is the short handle after the @.

    `standing` is one of STANDINGS. `home` says whose they are: this team's, a sister workspace's of the same organization,
    the organization's itself, or another company's (Slack Connect).
    """

    name: str
    real_name: str
    email: str
    title: str = ""
    standing: str = "member"
    home: str = "here"
    email_confirmed: bool = True

    def __post_init__(self) -> None:
        if self.standing not in STANDINGS or self.home not in HOMES:
            raise ValueError(f"{self.name}: standing is one of {', '.join(STANDINGS)}, home one of {', '.join(HOMES)}")


@dataclass(frozen=True)
class Command:
    """A slash command as the app's manifest declares it; `name` begins with a slash."""

    name: str
    description: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Shortcut:
    """A shortcut as the manifest declares it: "global" (from anywhere) or "message" (from the menu of a message)."""

    name: str
    callback_id: str
    kind: str = "global"
    description: str = ""


def _people() -> tuple[PersonSeed, ...]:
    return (
        PersonSeed("priya", "Priya Nair", "priya@example.com", "Accounts receivable"),
        PersonSeed("tomas", "Tomás Ferreira", "tomas@example.com", "Accounts receivable"),
        PersonSeed("marta", "Marta Lindqvist", "marta@example.com", "Controller"),
    )


@dataclass(frozen=True)
class Seed:
    """The first state of a team, and what its app declares.

    `events` names what the app has subscribed to, with Slack's names ("message.channels", "message.im" too):
    as in Slack, other events are never sent. Without `commands` every slash command is handed to the app.
    `scopes` are those granted. `enterprise` names the Grid organization a team belongs to; `for_organization` installs the
    app for all of it. A team that is not `installed` gets its token only when somebody allows it (see oauth).
    """

    team: str = "Practice Finance"
    domain: str = "practice-finance"
    app_name: str = "Practice App"
    bot_name: str = "practice_app"
    people: tuple[PersonSeed, ...] = field(default_factory=_people)
    channels: tuple[str, ...] = ("receivables", "finance-leads")
    private_channels: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"finance": ("priya", "tomas", "marta")})
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    events: tuple[str, ...] = ("app_home_opened", "app_mention")
    scopes: tuple[str, ...] = EVERY_SCOPE
    has_home_tab: bool = True
    takes_messages: bool = True
    installed: bool = True
    enterprise: str = ""
    for_organization: bool = False

    def with_manifest(self, manifest: Mapping[str, Any]) -> Seed:
        """The same team with the app that a manifest describes: its name, commands, shortcuts, events and scopes."""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        home = features.get("app_home", {})
        return replace(
            self,
            app_name=manifest["display_information"]["name"],
            commands=tuple(
                Command(command["command"], command.get("description", ""), command.get("usage_hint", ""))
                for command in features.get("slash_commands", ())
            ),
            shortcuts=tuple(
                Shortcut(shortcut["name"], shortcut["callback_id"], shortcut["type"], shortcut.get("description", ""))
                for shortcut in features.get("shortcuts", ())
            ),
            events=tuple(settings.get("event_subscriptions", {}).get("bot_events", ())),
            scopes=tuple(manifest["oauth_config"]["scopes"]["bot"]),
            has_home_tab=bool(home.get("home_tab_enabled", False)),
            takes_messages=bool(home.get("messages_tab_enabled", False)) and not home.get("messages_tab_read_only_enabled"),
        )
