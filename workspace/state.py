"""The practice workspace's memory: who is there, what was posted, who has read it, which modals are open.

Reads and leaves: the shelf (every change is written before anything is answered). Never: talks to anybody.
All of it is used by one thread, the server's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, TypeVar

from workspace.ids import IdMaker
from workspace.records import Channel, Group, Installation, Person, Posted, ReplyAddress, SharedFile, ShownView
from workspace.refusal import Json
from workspace.seed import PersonSeed, Seed
from workspace.shelf import Shelf

Record = TypeVar("Record")
FORGET_EXPIRED_AFTER_SECONDS = 3600.0  # until then an expired address still answers "expired", as Slack does


class State:
    """Everything remembered. `on_change` is called after every change with what kind of thing changed."""

    def __init__(
        self,
        shelf: Shelf,
        seed: Seed,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        first: State | None = None,
    ) -> None:
        """`first` is the state of the workspace's first team, whose app every other team has too."""
        self._shelf = shelf
        self.now = now
        self.listeners: list[Callable[[str], None]] = []
        self.messages: dict[str, dict[str, Posted]] = {}
        self.ephemerals: dict[str, Posted] = {}
        self._replies: dict[tuple[str, str], dict[str, Posted]] = {}  # by channel and the message that began the thread
        for _, body in shelf.all("message"):
            self._remember(Posted(**body))
        self.ephemerals = {key: Posted(**body) for key, body in shelf.all("ephemeral")}
        self.ids = IdMaker(now, random_bytes, last_ts=self._last_ts())
        self.people = self._load("person", Person)
        self.channels = self._load("channel", Channel)
        for channel in self.channels:
            self.messages.setdefault(channel, {})
        self.groups = self._load("group", Group)
        self.views = self._load("view", ShownView)
        self.replies = self._load("reply_address", ReplyAddress)
        self.files = self._load("file", SharedFile)
        self.open_modals = {key: list(body["views"]) for key, body in shelf.all("modals")}
        self.homes = {key: str(body["view"]) for key, body in shelf.all("home")}
        self._read_until = {key: str(body["ts"]) for key, body in shelf.all("read")}
        self.installed = self._installation(seed, first)
        self._add_missing(seed)

    def _load(self, kind: str, record: Callable[..., Record]) -> dict[str, Record]:
        return {key: record(**body) for key, body in self._shelf.all(kind)}

    def _last_ts(self) -> str:
        every = [ts for channel in self.messages.values() for ts in channel] + [posted.ts for posted in self.ephemerals.values()]
        return max(every, default="0.0")

    def _save(self, kind: str, key: str, record: Any) -> None:
        self._shelf.put(kind, key, asdict(record))

    def changed(self, kind: str) -> None:
        for listener in list(self.listeners):
            listener(kind)

    # ---- the first start

    def _installation(self, seed: Seed, first: State | None) -> Installation:
        for _, body in self._shelf.all("installation"):
            lists = {name: tuple(body.get(name, absent)) for name, absent in (("scopes", seed.scopes), ("revoked", ()))}
            return Installation(**{**body, **lists})
        make = self.ids
        app = first.installed if first else None
        is_sister = app is not None and bool(seed.enterprise) and app.enterprise_name == seed.enterprise
        shares_token = app is not None and is_sister and seed.for_organization and app.for_organization
        bot = Person(make.make("U"), seed.bot_name, seed.app_name, "", "App", is_bot=True)
        new_token = make.token("xoxb") if seed.installed else ""
        installed = Installation(
            team_id=make.make("T"),
            team_name=seed.team,
            domain=seed.domain,
            app_id=app.app_id if app else make.make("A"),
            app_name=seed.app_name,
            bot_id=make.make("B"),
            bot_user_id=bot.id,
            bot_name=seed.bot_name,
            bot_token=app.bot_token if app and shares_token else new_token,
            app_token=app.app_token if app else make.token("xapp"),
            signing_secret=app.signing_secret if app else make.secret(16),
            verification_token=app.verification_token if app else make.secret(12),
            created=int(self.now()),
            client_id=app.client_id if app else make.trigger().rpartition(".")[0],
            client_secret=app.client_secret if app else make.secret(16),
            scopes=tuple(seed.scopes) if seed.installed else (),
            enterprise_id=(app.enterprise_id if app and is_sister else make.make("E")) if seed.enterprise else "",
            enterprise_name=seed.enterprise,
            for_organization=seed.for_organization,
        )
        self._keep_person(bot)
        self._keep_installation(installed)
        return installed

    def _keep_installation(self, installed: Installation) -> None:
        self.installed = installed
        self._save("installation", "the one", installed)

    def install(self, bot_token: str, scopes: tuple[str, ...]) -> None:
        """Somebody allowed the app: what was granted before stays granted, as in Slack."""
        together = tuple(dict.fromkeys((*self.installed.scopes, *scopes)))
        self._keep_installation(replace(self.installed, bot_token=bot_token, scopes=together))
        self.changed("installation")

    def uninstall(self) -> None:
        """The token is revoked and the app is in no channel any more."""
        revoked = (*self.installed.revoked, self.installed.bot_token)
        self._keep_installation(replace(self.installed, bot_token="", scopes=(), revoked=revoked))
        for channel in self.channels.values():
            if self.installed.bot_user_id in channel.members and not channel.im_with:
                channel.members.remove(self.installed.bot_user_id)
                self.keep_channel(channel)
        self.changed("installation")

    def is_one_installation_with(self, other: State) -> bool:
        """Whether the app is installed in both at once: the same team, or two of an organization that has it as a whole."""
        ours, theirs = self.installed, other.installed
        whole = ours.for_organization and theirs.for_organization and ours.enterprise_id == theirs.enterprise_id
        return ours.team_id == theirs.team_id or whole

    def _add_missing(self, seed: Seed) -> None:
        known = set(self.people)
        by_name = {person.name: person for person in self.people.values()}
        for wanted in seed.people:
            if wanted.name not in by_name:
                person = self._person(wanted)
                by_name[person.name] = person
                self._keep_person(person)
        bot = self.installed.bot_user_id
        everybody = [person.id for person in self.people.values() if person.standing != "deactivated"]
        if not self.installed.bot_token:
            everybody.remove(bot)  # it is invited once it is installed
        creator = next((person.id for person in self.people.values() if not person.is_bot), bot)
        for channel in self.channels.values():
            new = [person for person in everybody if person not in known and not channel.im_with]
            if new:
                channel.members += new
                self.keep_channel(channel)
        names = {channel.name for channel in self.channels.values()}
        for name in (*seed.channels, *seed.private_channels):
            if name not in names:
                channel = Channel(self.ids.make("C"), name, list(everybody), creator, int(self.now()))
                channel.is_private = name in seed.private_channels
                self.keep_channel(channel)
        handles = {group.handle for group in self.groups.values()}
        for handle, members in seed.groups.items():
            if handle not in handles:
                group = Group(self.ids.make("S"), handle, handle.capitalize(), [by_name[name].id for name in members])
                self.groups[group.id] = group
                self._save("group", group.id, group)

    def _person(self, wanted: PersonSeed) -> Person:
        homes = {"here": "", "organization": self.installed.enterprise_id}
        return Person(
            self.ids.make("U"),
            wanted.name,
            wanted.real_name,
            wanted.email,
            wanted.title,
            standing=wanted.standing,
            home_id=homes[wanted.home] if wanted.home in homes else self.ids.make("T"),
            is_stranger=wanted.home == "elsewhere",
            email_confirmed=wanted.email_confirmed,
        )

    def deactivate(self, person: str) -> Person:
        """The account is switched off; what it wrote stays."""
        gone = replace(self.people[person], standing="deactivated")
        self._keep_person(gone)
        self.changed("person")
        return gone

    def _keep_person(self, person: Person) -> None:
        self.people[person.id] = person
        self._save("person", person.id, person)

    # ---- places

    def keep_channel(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        self.messages.setdefault(channel.id, {})
        self._save("channel", channel.id, channel)
        self.changed("channel")

    def is_shared(self, channel: Channel) -> bool:
        """Whether people of another company are in it (Slack Connect)."""
        return any(self.people[member].is_stranger for member in channel.members)

    def direct_message(self, person: str) -> Channel:
        """The app's direct message with a person, opened when there is none yet."""
        for channel in self.channels.values():
            if channel.im_with == person:
                return channel
        bot = self.installed.bot_user_id
        opened = Channel(self.ids.make("D"), "", [person, bot], bot, int(self.now()), is_private=True, im_with=person)
        self.keep_channel(opened)
        return opened

    # ---- messages

    def post(self, channel: str, message: Json) -> Posted:
        """Adds a message (its `ts` is set here) and tells the thread it belongs to."""
        posted = Posted(channel, {**message, "ts": self.ids.ts()})
        self.keep_message(posted)
        return posted

    def keep_message(self, posted: Posted) -> None:
        self._remember(posted)
        self._save("message", f"{posted.channel}/{posted.ts}", posted)
        self.changed("message")

    def _remember(self, posted: Posted) -> None:
        self.messages.setdefault(posted.channel, {})[posted.ts] = posted
        if posted.thread_ts and posted.thread_ts != posted.ts:
            self._replies.setdefault((posted.channel, posted.thread_ts), {})[posted.ts] = posted

    def post_ephemeral(self, channel: str, person: str, message: Json) -> Posted:
        posted = Posted(channel, {**message, "ts": self.ids.ts()}, only_for=person)
        self.keep_ephemeral(posted)
        return posted

    def keep_ephemeral(self, posted: Posted) -> None:
        self.ephemerals[posted.ts] = posted
        self._save("ephemeral", posted.ts, posted)
        self.changed("ephemeral")

    def delete(self, posted: Posted) -> None:
        if posted.only_for:
            self.ephemerals.pop(posted.ts, None)
            self._shelf.drop("ephemeral", posted.ts)
        else:
            self.messages[posted.channel].pop(posted.ts, None)
            self._replies.get((posted.channel, posted.thread_ts), {}).pop(posted.ts, None)
            self._shelf.drop("message", f"{posted.channel}/{posted.ts}")
        self.changed("message")

    def find(self, channel: str, ts: str) -> Posted | None:
        """A message or an ephemeral one."""
        posted = self.messages.get(channel, {}).get(ts) or self.ephemerals.get(ts)
        return posted if posted and posted.channel == channel else None

    def thread(self, channel: str, ts: str) -> list[Posted]:
        """The replies to a message, oldest first, without itself."""
        return list(self._replies.get((channel, ts), {}).values())

    def unread(self, channel: str, person: str) -> int:
        """How many messages of others in the channel (threads aside) this person has not seen."""
        seen = self._read_until.get(f"{channel}/{person}", "0")
        others = [message for message in self.messages.get(channel, {}).values() if message.message["user"] != person]
        return sum(1 for message in others if message.ts > seen and not message.is_reply)

    def mark_read(self, channel: str, person: str) -> None:
        latest = max(self.messages.get(channel, {}), default="0")
        if latest > self._read_until.get(f"{channel}/{person}", "0"):
            self._read_until[f"{channel}/{person}"] = latest
            self._shelf.put("read", f"{channel}/{person}", {"ts": latest})
            self.changed("read")

    # ---- modals and home tabs

    def keep_view(self, view: ShownView) -> None:
        self.views[view.id] = view
        self._save("view", view.id, view)
        self.changed("view")

    def show_modals(self, person: str, view_ids: list[str]) -> None:
        """Replaces a person's stack of modals; the last one is on top. Views no longer shown are forgotten."""
        for gone in set(self.open_modals.get(person, [])) - set(view_ids):
            self.views.pop(gone, None)
            self._shelf.drop("view", gone)
        self.open_modals[person] = view_ids
        self._shelf.put("modals", person, {"views": view_ids})
        self.changed("view")

    def set_home(self, person: str, view: ShownView) -> None:
        self.keep_view(view)
        self.homes[person] = view.id
        self._shelf.put("home", person, {"view": view.id})
        self.changed("home")

    # ---- reply addresses and files

    def keep_reply_address(self, address: ReplyAddress) -> None:
        for key, old in list(self.replies.items()):
            if old.expires_at < self.now() - FORGET_EXPIRED_AFTER_SECONDS:
                self.replies.pop(key)
                self._shelf.drop("reply_address", key)
        self.replies[address.key] = address
        self._save("reply_address", address.key, address)

    def keep_file(self, file: SharedFile) -> None:
        self.files[file.id] = file
        self._save("file", file.id, file)
