"""One change of the books in progress: who makes it, when, and every record it touches.

Nothing changes without a line in the history and a new version, and no two changes interleave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from pysqlite3.dbapi2 import Connection

from receivables.books_records import Stamp
from receivables.words import day_of


class Kind(StrEnum):
    """What a record is; the first letter of the ids given to it is `letter`."""

    CUSTOMER = "customer"
    INVOICE = "invoice"
    CREDIT_MEMO = "credit_memo"
    CREDIT_APPLICATION = "credit_application"
    RECEIPT = "receipt"
    MONEY_OUT = "money_out"

    @property
    def letter(self) -> str:
        return {
            Kind.CUSTOMER: "C",
            Kind.INVOICE: "I",
            Kind.CREDIT_MEMO: "M",
            Kind.CREDIT_APPLICATION: "A",
            Kind.RECEIPT: "R",
            Kind.MONEY_OUT: "E",
        }[self]

    @property
    def spoken(self) -> str:
        """As people say it: "credit memo"."""
        return self.value.replace("_", " ")


class Temper(StrEnum):
    """How the books answer a receipt that is larger than what is open: they refuse it, or keep the rest unapplied."""

    STRICT = "strict"
    SWALLOWING = "swallowing"


AUTOMATIC = "Books (automatic)"  # the person of what the books do by themselves


@dataclass
class Change:
    """The open transaction with its author. `at` is UTC; `touched` collects the ids to be checked before COMMIT."""

    connection: Connection
    by: str
    at: datetime
    time_zone: ZoneInfo
    touched: set[str] = field(default_factory=set)

    @property
    def day(self) -> date:
        """The day of the change, which dates what has no date of its own, such as a credit's application."""
        return day_of(self.at, self.time_zone)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.by, self.at)

    @property
    def temper(self) -> Temper:
        return Temper(str(self._setting("temper")))

    @property
    def closed_through(self) -> date | None:
        day = self._setting("closed_through")
        return date.fromisoformat(str(day)) if day is not None else None

    @property
    def auto_applies_credits(self) -> bool:
        return bool(self._setting("auto_apply_credits"))

    def created(self, kind: Kind, number: str, what: str, document_id: str = "") -> str:
        """Makes the head of a new record and returns its id; `number` is what people call it ("" is its id)."""
        document_id = document_id or self._new_id(kind)
        seq = self.note(kind.value, document_id, what)
        self.connection.execute(
            "INSERT INTO documents (id, kind, number, version, created_by, created_at, changed_by, changed_at, last_change)"
            " VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)",
            (document_id, kind, number or document_id, self.by, utc_text(self.at), self.by, utc_text(self.at), seq),
        )
        self.touched.add(document_id)
        return document_id

    def changed(self, kind: Kind, document_id: str, what: str) -> None:
        """A new version of a record."""
        seq = self.note(kind.value, document_id, what)
        self.connection.execute(
            "UPDATE documents SET version = version + 1, changed_by = ?, changed_at = ?, last_change = ? WHERE id = ?",
            (self.by, utc_text(self.at), seq, document_id),
        )
        self.touched.add(document_id)

    def deleted(self, kind: Kind, document_id: str, what: str = "deleted") -> None:
        """Keeps the head of a record as a tombstone: what it was called, who deleted it, when."""
        self.changed(kind, document_id, what)
        self.connection.execute("UPDATE documents SET deleted = 1 WHERE id = ?", (document_id,))

    def note(self, kind: str, document_id: str, what: str) -> int:
        """One line of the history; returns its number in the sequence of all changes."""
        row = self.connection.execute(
            "INSERT INTO history (kind, document_id, what, person, at) VALUES (?, ?, ?, ?, ?) RETURNING seq",
            (kind, document_id, what, self.by, utc_text(self.at)),
        ).fetchone()
        return int(row[0])

    def version_of(self, document_id: str) -> str:
        """The version of a record as it is now inside this change, or "" when there never was one."""
        row = self.connection.execute("SELECT version FROM documents WHERE id = ?", (document_id,)).fetchone()
        return str(row[0]) if row else ""

    def is_deleted(self, document_id: str) -> bool:
        row = self.connection.execute("SELECT deleted FROM documents WHERE id = ?", (document_id,)).fetchone()
        return bool(row and row[0])

    def _new_id(self, kind: Kind) -> str:
        while True:  # ends: customers bring ids of their own, but only so many
            row = self.connection.execute(
                "UPDATE settings SET last_number = last_number + 1 WHERE one = 1 RETURNING last_number"
            ).fetchone()
            candidate = f"{kind.letter}{row[0]}"
            if not self.version_of(candidate):
                return candidate

    def _setting(self, name: str) -> object:
        row: object = self.connection.execute("SELECT * FROM settings WHERE one = 1").fetchone()[name]
        return row


def utc_text(at: datetime) -> str:
    """A moment as the books store it: UTC, always with microseconds, so that text sorts like time."""
    if at.tzinfo is None:
        raise ValueError(f"the moment {at.isoformat()} needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")
