"""Which addresses are on this machine: what goes there needs no encryption, and a practice service may stand there."""

from __future__ import annotations

from urllib.parse import urlsplit

ON_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def is_on_this_machine(address: str) -> bool:
    """Raises ValueError for what is no address."""
    return urlsplit(address).hostname in ON_THIS_MACHINE
