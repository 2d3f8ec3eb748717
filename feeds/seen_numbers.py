"""Notices a transaction number that appears twice in a file, in a few bytes for each payment.

A dictionary of a million numbers takes well over 100 MB; this table takes under 30. It keeps 128 bits of
a digest for each number, so two different numbers are never taken for the same one in practice.
"""

from __future__ import annotations

import hashlib
from array import array

_DIGEST_BYTES = 16


class SeenNumbers:
    """Remembers on which line each transaction number stood first. Holds at most `most` numbers."""

    def __init__(self, most: int) -> None:
        slots = 2 << max(most, 1).bit_length()  # at least twice as many as numbers, so that a search stays short
        self._mask = slots - 1
        self._slots = array("I", bytes(array("I").itemsize * slots))  # 0 is free, else the entry's place plus one
        self._digests = bytearray()
        self._lines = array("I")

    def first_line(self, number: str, line: int) -> int:
        """The line on which this number stood first: an earlier one, or `line` itself, which is then remembered."""
        digest = hashlib.blake2b(number.encode(), digest_size=_DIGEST_BYTES).digest()
        slot = int.from_bytes(digest[:8], "big") & self._mask
        while entry := self._slots[slot]:
            start = (entry - 1) * _DIGEST_BYTES
            if self._digests[start : start + _DIGEST_BYTES] == digest:
                return self._lines[entry - 1]
            slot = (slot + 1) & self._mask
        self._digests += digest
        self._lines.append(line)
        self._slots[slot] = len(self._lines)
        return line
