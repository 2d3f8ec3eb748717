"""Where the app is installed: workspaces and organizations, each with its token, encrypted and bound to the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.errors import ConfigurationError
from storage import schema
from storage.vault import Keyring

PURPOSE = "slack"


@dataclass(frozen=True)
class SlackPlace:
    """A workspace ("T…") or organization ("E…"). `token` is "" where the app was removed there, or `problem` says why."""

    id: str
    enterprise: str
    name: str
    bot_user: str
    scopes: str
    installed_at: datetime
    removed_at: datetime | None = None
    token: str = field(default="", repr=False)
    problem: str = ""


def every(connection: Connection, keys: Keyring) -> Sequence[SlackPlace]:
    """All places, also those where the app was removed."""
    return [_place(row, keys) for row in connection.execute(sa.select(schema.slack_place).order_by(schema.slack_place.c.id))]


def removed(connection: Connection) -> Sequence[tuple[str, str, datetime]]:
    """(id, name, when) of the places where the app was removed; asked without a key."""
    table = schema.slack_place
    rows = connection.execute(sa.select(table).where(table.c.removed_at.is_not(None)).order_by(table.c.id))
    return [(row.id, row.name, row.removed_at) for row in rows]


def install(connection: Connection, keys: Keyring, place: SlackPlace) -> None:
    """Keeps a place and its token; what it had before is replaced."""
    table = schema.slack_place
    values = {
        "enterprise": place.enterprise,
        "name": place.name,
        "bot_user": place.bot_user,
        "scopes": place.scopes,
        "body": keys.closed(place.id, PURPOSE, place.token),
        "installed_at": place.installed_at,
        "removed_at": None,
    }
    if connection.execute(sa.update(table).where(table.c.id == place.id).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(id=place.id, **values))


def remove(connection: Connection, place_id: str, now: datetime) -> bool:
    """Forgets the token of a place where the app was removed; false where it was known as removed before."""
    table = schema.slack_place
    gone = sa.update(table).where(table.c.id == place_id, table.c.removed_at.is_(None)).values(body="", removed_at=now)
    return connection.execute(gone).rowcount == 1


def _place(row: sa.Row[tuple[object, ...]], keys: Keyring) -> SlackPlace:
    held, token, problem = dict(row._mapping), "", ""
    body = held.pop("body")
    try:
        token = keys.opened(held["id"], PURPOSE, body) if body else ""
    except ConfigurationError:
        problem = "its token cannot be read with the vault's keys"
    return SlackPlace(**held, token=token, problem=problem)
