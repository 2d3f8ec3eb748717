"""When Python looks for garbage: seldom, and not among what lasts as long as the process.

Going through half a million objects of modules and collected tests again and again took a tenth of the time of all tests.
"""

from __future__ import annotations

import gc

SELDOM = (20_000, 10, 10)


def leave_alone_what_is_there() -> None:
    """To be called once everything that lasts is imported; a process forked from this one goes on with it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
