"""Tables of Slack itself, which belong to no company: what it sent us already, and where our app is installed."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from storage.schema.columns import Moment, metadata

#: Requests and sign-ins that were taken already, by their hash; the same again has no effect. Shared by every process.
slack_request = Table(
    "slack_request",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", Moment, nullable=False),
)
Index("ix_slack_request_by_time", slack_request.c.expires_at)

#: Workspaces and organizations that installed the app. The token is encrypted, and bound to its place; "" once it was removed.
slack_place = Table(
    "slack_place",
    metadata,
    Column("id", String(21), primary_key=True),  # of the workspace, or of the organization that installed it as a whole
    Column("enterprise", String(21), nullable=False),  # the organization of it, or ""
    Column("name", String(200), nullable=False),
    Column("bot_user", String(21), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("body", Text, nullable=False),  # ciphertext
    Column("installed_at", Moment, nullable=False),
    Column("removed_at", Moment),
)
