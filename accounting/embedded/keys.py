"""Idempotency keys of the embedded books: a request sent twice is carried out once, while its key lives.

The books remember the answer, not the document: a key replays its old answer even when the receipt was deleted
since, as QuickBooks Online does. That is why a key alone never proves that a receipt is in the books.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta

from accounting.embedded.change import Change, utc_text
from receivables.effects import Answer, Order, Written
from receivables.errors import BooksRefused
from receivables.refusal import Refusal


def body_hash(orders: Sequence[Order]) -> str:
    """Identifies what is asked for: the writes and their markers, in order. Versions are about when, not what."""
    body = [{"kind": order.write.kind.value, "marker": order.marker, "write": order.write} for order in orders]
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=_by_name).encode()).hexdigest()


def _by_name(value: object) -> object:
    """A write and its lines as objects of their fields, and days as texts."""
    return {each.name: getattr(value, each.name) for each in fields(value)} if is_dataclass(value) else str(value)


def replayed(change: Change, key: str, body: str) -> tuple[Answer, ...] | None:
    """The stored answers when this key was used for this body and still lives, otherwise None.

    Raises BooksRefused (duplicate_request) when the key was used for another body. Expired keys are forgotten.
    """
    change.connection.execute("DELETE FROM idempotency_keys WHERE expires_at <= ?", (utc_text(change.at),))
    row = change.connection.execute("SELECT body_hash, answers FROM idempotency_keys WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["body_hash"] != body:
        raise BooksRefused("This request ID was already used for another request.", Refusal.DUPLICATE_REQUEST)
    return tuple(_from_plain(answer) for answer in json.loads(row["answers"]))


def remember(change: Change, key: str, body: str, answers: Sequence[Answer], life: timedelta) -> None:
    """Keeps the answers, unless every order was refused: then nothing was done, and the same request may succeed later."""
    if any(isinstance(answer, Written) for answer in answers):
        change.connection.execute(
            "INSERT INTO idempotency_keys (key, body_hash, answers, expires_at) VALUES (?, ?, ?, ?)",
            (key, body, json.dumps([_plain(answer) for answer in answers]), utc_text(change.at + life)),
        )


def _plain(answer: Answer) -> dict[str, str]:
    match answer:
        case Written():
            return {"document_id": answer.document_id, "version": answer.version, "trace": answer.trace}
        case BooksRefused():
            return {"message": answer.message, "vendor_code": answer.refusal, "vendor_detail": ""}  # stored names do not change
        case _:
            raise TypeError(f"not an answer of these books: {answer!r}")


def _from_plain(stored: dict[str, str]) -> Answer:
    return Written(**stored) if "document_id" in stored else BooksRefused(stored["message"], Refusal(stored["vendor_code"]))
