"""Named places where a test may kill the process; in production each is a call that does nothing.

The names are the catalogue: a test walks `NAMES` and kills a real process at every one of them.
"""

from __future__ import annotations

import os
import signal

NAMES = frozenset(
    {
        "intake.after_chunk",
        "intake.after_message",
        "intake.after_page",
        "posting.after_reading",
        "posting.after_intent",
        "effects.after_claim",
        "effects.before_send",
        "effects.after_send",
        "effects.after_settle",
        "decisions.after_plan",
        "books.inside_transaction",
        "diagnosis.after_attempt",
        "verification.after_reading",
        "outbox.after_post",
        "access.after_answer",
    }
)
ARMED_BY = "RESOLVE_NOW_FAILPOINT"  # "name" or "name:n": die at the nth passing

_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Does nothing, unless the environment names this point: then the process dies at once, as by kill -9."""
    armed, _, nth = os.environ.get(ARMED_BY, "").partition(":")
    if armed != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
