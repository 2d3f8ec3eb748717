"""Where Slack takes nothing at the moment: since when, its word for it, and when it is tried again.

Known once for a whole channel, not by each card, and kept for every process: the one that sends, `doctor`, and whoever watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from storage import schema
from storage.engine import Connection

SLACK = "slack"  # the place of what is wrong everywhere: a token that is not accepted
LISTENING = "listening"  # the place of a connection on which Slack sends no presses


@dataclass(frozen=True)
class SlackTrouble:
    """What is wrong at one place: a channel's id, SLACK or LISTENING."""

    place: str
    problem: str
    since_at: datetime
    try_at: datetime


def standing(connection: Connection) -> Mapping[str, SlackTrouble]:
    """Every trouble there is now, by its place."""
    rows = connection.execute(sa.select(schema.slack_trouble).order_by(schema.slack_trouble.c.since_at))
    return {row.place: SlackTrouble(**row._mapping) for row in rows}


def found(connection: Connection, place: str, problem: str, *, at: datetime, try_at: datetime) -> None:
    """Remembers that nothing was taken there; trouble that is known keeps the moment it began."""
    table = schema.slack_trouble
    values = {"problem": problem, "try_at": try_at}
    if connection.execute(sa.update(table).where(table.c.place == place).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(place=place, since_at=at, **values))


def over(connection: Connection, *places: str) -> None:
    """Something was taken there."""
    table = schema.slack_trouble
    connection.execute(sa.delete(table).where(table.c.place.in_(places)))


def try_again_at(known: SlackTrouble | None, at: datetime, *, least_seconds: float, most_seconds: float) -> datetime:
    """Trouble is left alone for as long as it lasts already, within bounds: soon tried at first, then every few minutes."""
    lasted = at - known.since_at if known else timedelta()
    return at + timedelta(seconds=min(most_seconds, max(least_seconds, lasted.total_seconds())))
