"""Which of our people stands behind a Slack account, and how people are called. Nobody configured is nobody.

An account is known by its id together with its workspace ("T…") or organization ("E…"), as configured, or by the email address
that Slack confirmed. Whoever is no full member of the place where the app is installed is refused, and told why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.text import PERSON_AT_MOST
from receivables.authority import Person, decides_at
from receivables.errors import NotPermitted
from receivables.words import plain

Names = Mapping[str, str]  # of our people, by their id

NOBODY = "Your Slack account is not linked to a person who may do this. Ask your administrator to add it to the configuration."
STRANGER = "Your Slack account belongs to another organization. Only members of this workspace can use Resolve Now."
GUEST = "Your Slack account is a guest here, and guests cannot use Resolve Now. Ask your administrator for a full account."
DEACTIVATED = "Your Slack account is deactivated, so it cannot use Resolve Now."
NOT_TOLD = "Slack did not say whose account this is, so nothing was recorded. Try again in a moment."
UNCONFIRMED = (
    "Your email address is not confirmed in Slack, so we cannot tell who you are. "
    "Confirm it there, or ask your administrator to add your Slack account to the configuration."
)

ONLY_READS = "You can see and search payments here, but not change anything. Ask somebody who decides for this company."


@dataclass(frozen=True)
class Pressed:
    """Who pressed or typed and where, from Slack's payload. `home` is their own workspace or organization, where it is told."""

    user: str
    home: str
    team: str
    enterprise: str

    @property
    def is_at_home(self) -> bool:
        """Whether the payload alone shows a member of the place: for Slack, an account is its id together with its place."""
        return self.home in ("", self.team, self.enterprise) and bool(self.place)

    @property
    def place(self) -> str:
        """Where the account is theirs: elsewhere the same id may be somebody else's."""
        return self.team or self.enterprise


@dataclass(frozen=True)
class Account:
    """What Slack says of an account. `places` are the workspaces and the organization of ours to which it belongs."""

    places: frozenset[str]
    email: str = ""
    is_confirmed: bool = False
    is_guest: bool = False
    is_deactivated: bool = False
    is_bot: bool = False


class Accounts(Protocol):
    """Whoever can ask Slack about an account."""

    def of(self, pressed: Pressed) -> Account | None:
        """What Slack says; None where it cannot be asked now."""


class NoAccounts:
    """Where Slack cannot be asked, only what a payload proves counts."""

    def of(self, pressed: Pressed) -> Account | None:  # noqa: ARG002
        return None


def pressed_by(body: Mapping[str, Any]) -> Pressed:
    """Who and where, from the payload of a press, a window, a command or an event. In an organization `team` may be null."""
    event, view, team = (body.get(name) or {} for name in ("event", "view", "team"))
    user = body.get("user") or {}
    authorized: Mapping[str, Any] = next(iter(body.get("authorizations") or ()), body)
    return Pressed(
        user=str(user.get("id") or body.get("user_id") or event.get("user") or ""),
        home=str(user.get("team_id") or event.get("user_team") or event.get("team") or ""),
        team=str(view.get("app_installed_team_id") or team.get("id") or authorized.get("team_id") or ""),
        enterprise=str(
            (body.get("enterprise") or {}).get("id") or authorized.get("enterprise_id") or team.get("enterprise_id") or ""
        ),
    )


def person_of(people: Mapping[str, Person], body: Mapping[str, Any], accounts: Accounts | None = None) -> Person:
    """The person who pressed or typed, from Slack's own payload. Raises NotPermitted, in words for whoever that is.

    Somebody of another workspace in a shared channel has another team than the one the app is installed in: a stranger, unless
    both belong to one organization. That, guests and email addresses only Slack can tell.
    """
    pressed = pressed_by(body)
    if not pressed.is_at_home and not pressed.enterprise:
        raise NotPermitted(STRANGER)
    account = (accounts or NoAccounts()).of(pressed)
    if account is not None:
        _must_be_a_member(account)
    person = _named(people, pressed, account) or _by_email(people, account)
    if person is None:
        told = account is not None or (pressed.is_at_home and not any(_email_alone(person) for person in people.values()))
        raise NotPermitted(NOBODY if told else NOT_TOLD)
    if not person.active:
        raise NotPermitted(f"{person.name} is no longer active in Resolve Now. Ask your administrator.")
    return person


def _must_be_a_member(account: Account) -> None:
    if account.is_deactivated:
        raise NotPermitted(DEACTIVATED)
    if not account.places or account.is_bot:
        raise NotPermitted(STRANGER)
    if account.is_guest:
        raise NotPermitted(GUEST)


def _named(people: Mapping[str, Person], pressed: Pressed, account: Account | None) -> Person | None:
    """The person whose account is configured under one of its own places; only Slack knows all of them."""
    places = account.places if account is not None else frozenset({pressed.team, pressed.enterprise})
    if account is None and not pressed.is_at_home:
        return None
    ours = {(place, pressed.user) for place in places if place and pressed.user}
    return next((person for person in people.values() if person.slack_accounts & ours), None)


def _by_email(people: Mapping[str, Person], account: Account | None) -> Person | None:
    """The person who is configured with nothing but this address, where Slack confirmed it."""
    if account is None or not account.email:
        return None
    found = next((person for person in people.values() if _email_alone(person) == _folded(account.email)), None)
    if found is not None and not account.is_confirmed:
        raise NotPermitted(UNCONFIRMED)
    return found


def _email_alone(person: Person) -> str:
    return "" if person.slack_accounts else _folded(person.email)


def _folded(address: str) -> str:
    """In one case; letters that only look like those of another address stay different ("K", which is no K, folds to one)."""
    return address.lower() if address.isascii() else address


def must_decide_at(person: Person, company: str) -> None:
    """Raises NotPermitted for somebody who only reads what is of this company."""
    if not decides_at(person, company):
        raise NotPermitted(ONLY_READS)


def name_of(names: Names, person_id: str) -> str:
    """A person's name; a name of the books, or of somebody who is not configured any more, as it stands."""
    return plain(names.get(person_id, person_id), PERSON_AT_MOST)


def owner(taken_by: str | None, names: Names) -> str:
    """Who took ownership of an incident or an escalation, as a sentence."""
    return f"Owner: {name_of(names, taken_by)}." if taken_by else "Unassigned; anyone who may decide here can take it."
