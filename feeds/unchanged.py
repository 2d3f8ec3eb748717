"""That a file read twice is the same both times: a digest after each block, written down and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from receivables.errors import FeedError


def remembered(blocks: Iterable[bytes], digests: list[str]) -> Iterator[bytes]:
    """The same blocks; before each is handed on, the digest of everything so far is written down."""
    digest = hashlib.sha256()
    digests.append(digest.hexdigest())
    for block in blocks:
        digest.update(block)
        digests.append(digest.hexdigest())
        yield block


def unchanged(blocks: Iterable[bytes], validated: list[str], name: str) -> Iterator[bytes]:
    """The same blocks. Raises FeedError instead of handing on one that was not validated, and when one is missing."""
    digests: list[str] = []
    for block in remembered(blocks, digests):
        if digests != validated[: len(digests)]:
            raise changed(name)
        yield block
    if digests != validated:
        raise changed(name)


def changed(name: str) -> FeedError:
    """The refusal where it is another file the second time."""
    return FeedError(f"{name} was changed while its payments were taken in; leave it alone and import it again")
