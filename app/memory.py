"""What a process that runs for months does with memory that is freed."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# Of glibc's malloc.h. One arena for all threads: with one for each, what a thread freed no other takes, and the process grows.
M_ARENA_MAX, ARENAS = -8, 1
M_TRIM_THRESHOLD, KEPT_BYTES = -1, 128 * 1024  # more than this at the end of the heap goes back to the system


def share_what_is_freed() -> bool:
    """Makes threads share what is freed. False where the C library is not glibc; then nothing is changed."""
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        return bool(mallopt(M_ARENA_MAX, ARENAS) and mallopt(M_TRIM_THRESHOLD, KEPT_BYTES))
    return False
