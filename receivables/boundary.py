"""The line between our database and everything outside: no transaction may be open across a call.

An open write transaction during a slow call blocks every other writer, and a crash in the middle loses
what was learned. `storage` marks its transactions here, and everything that calls outside asks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)


@contextmanager
def transaction() -> Iterator[None]:
    """Marks that a database transaction is open in this thread."""
    token = _open_transactions.set(_open_transactions.get() + 1)
    try:
        yield
    finally:
        _open_transactions.reset(token)


def leaving(what: str) -> None:
    """Call before any call outside. Raises AssertionError, a bug, while a transaction is open."""
    if _open_transactions.get():
        raise AssertionError(f"a database transaction is open across a call outside: {what}")
