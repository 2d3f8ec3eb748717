"""One exact way to write a value down, so that the same value always has the same hash (RFC 8785)."""

from __future__ import annotations

from typing import Any

import rfc8785

LARGEST_EXACT = 2**53 - 1  # JSON's own limit for whole numbers; beyond it an amount is written as text


def canonical(value: Any) -> bytes:
    """The canonical JSON of plain values."""
    return rfc8785.dumps(_exact(value))


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) > LARGEST_EXACT:
        return str(value)
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value
