"""Keeps the practice workspace across restarts: one small database file in its folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from workspace.refusal import Json


class Shelf:
    """Documents by kind and key; each `put` and `drop` is durable on its own and safe against a killed process."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The server's own thread is the only one that uses it after the start.
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )
        file.chmod(0o600)  # it holds the tokens

    def put(self, kind: str, key: str, body: Json) -> None:
        self._connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, json.dumps(body)))

    def drop(self, kind: str, key: str) -> None:
        self._connection.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Every document of a kind, in the order of its keys."""
        for key, body in self._connection.execute("SELECT key, body FROM documents WHERE kind = ? ORDER BY key", (kind,)):
            yield key, json.loads(body)

    def close(self) -> None:
        self._connection.close()
