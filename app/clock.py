"""The only source of time and identities; everything else is given a Clock and Ids."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no letters that people misread


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class RandomIds:
    """Opaque ids of 26 characters (130 bits), so that a button's value cannot be guessed."""

    def new(self) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(26))


def random_bytes(count: int) -> bytes:
    """Bytes that nobody can guess, for tokens of the practice workspace."""
    return secrets.token_bytes(count)
