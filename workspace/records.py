"""What the practice workspace remembers: the people, places and messages, in Slack's own shapes where it has one."""

from __future__ import annotations

from dataclasses import dataclass, field

from workspace.refusal import Json


@dataclass(frozen=True)
class Installation:
    """The team, and the one app installed in it. Ids and the app's own secrets are made up at the first start and stay.

    `bot_token` is "" while the app is not installed. A team of an Enterprise Grid organization has `enterprise_id`;
    `for_organization` says that the app is installed for all of that organization at once.
    """

    team_id: str
    team_name: str
    domain: str
    app_id: str
    app_name: str
    bot_id: str
    bot_user_id: str
    bot_name: str
    bot_token: str
    app_token: str
    signing_secret: str
    verification_token: str
    created: int  # seconds since 1970, UTC
    client_id: str = ""
    client_secret: str = ""
    scopes: tuple[str, ...] = ()
    enterprise_id: str = ""
    enterprise_name: str = ""
    for_organization: bool = False
    revoked: tuple[str, ...] = ()  # tokens of the time before it was uninstalled


@dataclass(frozen=True)
class Person:
    """Somebody in the workspace; the bot is one too.

    `home_id` is the team or organization that Slack names as theirs where it is not this team. A stranger is of another
    company, met in a channel shared by Slack Connect.
    """

    id: str
    name: str
    real_name: str
    email: str
    title: str
    is_bot: bool = False
    standing: str = "member"
    home_id: str = ""
    is_stranger: bool = False
    email_confirmed: bool = True


@dataclass
class Channel:
    """A place where messages are; a direct message with the app has `im_with`."""

    id: str
    name: str
    members: list[str]
    creator: str
    created: int
    is_archived: bool = False
    is_private: bool = False
    im_with: str = ""


@dataclass(frozen=True)
class Group:
    """A user group, mentioned as @finance."""

    id: str
    handle: str
    name: str
    people: list[str]


@dataclass
class Posted:
    """A message where it was posted. `only_for` is the one person who sees an ephemeral one."""

    channel: str
    message: Json
    only_for: str = ""

    @property
    def ts(self) -> str:
        return str(self.message["ts"])

    @property
    def thread_ts(self) -> str:
        return str(self.message.get("thread_ts", ""))

    @property
    def is_reply(self) -> bool:
        """Shown in the thread's panel only."""
        in_thread = bool(self.thread_ts) and self.thread_ts != self.ts
        return in_thread and self.message.get("subtype") != "thread_broadcast"


@dataclass
class ShownView:
    """A modal or a home tab as the app last set it; `body` is what the app gets back."""

    person: str
    body: Json

    @property
    def id(self) -> str:
        return str(self.body["id"])


@dataclass
class ReplyAddress:
    """A response_url: where the app may answer an interaction, five times within thirty minutes."""

    key: str
    channel: str
    person: str
    expires_at: float  # seconds since 1970, UTC
    uses_left: int
    message_ts: str = ""
    thread_ts: str = ""


@dataclass
class SharedFile:
    """A file the app uploaded; its bytes are stored beside the database."""

    id: str
    name: str
    size: int  # bytes
    created: int
    title: str = ""
    alt_text: str = ""
    channels: list[str] = field(default_factory=list)
    done: bool = False
