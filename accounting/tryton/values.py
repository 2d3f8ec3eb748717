"""Small pieces that every document of Tryton is made of: exact amounts, who and when, ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from receivables.books_records import Stamp
from receivables.errors import BooksRefused
from receivables.money import decimals_of
from receivables.refusal import Refusal

UNKNOWN = Stamp("", datetime(1970, 1, 1, tzinfo=UTC))
#: Fields of every record of Tryton that say who made it and changed it; `write_date` is empty until the first change.
STAMPS = ("create_date", "create_uid.name", "write_date", "write_uid.name")


def minor(amount: Decimal, currency: str) -> int:
    """An amount of Tryton in minor units, exactly. Raises BooksRefused where the currency has fewer decimals."""
    scaled = amount.scaleb(decimals_of(currency))
    if scaled != scaled.to_integral_value():
        raise BooksRefused(f"Tryton holds {amount} {currency}, which has more decimals than the currency.", Refusal.INVALID)
    return int(scaled)


def decimal(amount_minor: int, currency: str) -> Decimal:
    """Minor units as Tryton writes them."""
    return Decimal(amount_minor).scaleb(-decimals_of(currency))


def stamp_of(row: Mapping[str, Any]) -> tuple[Stamp, Stamp]:
    """(created, last changed) of a record read with STAMPS; a person's name is empty where Tryton does not tell."""
    created = Stamp(_name(row, "create_uid."), row.get("create_date") or UNKNOWN.at)
    if not row.get("write_date"):
        return created, created
    return created, Stamp(_name(row, "write_uid."), row["write_date"])


def number_of(document_id: str) -> int | None:
    """A document's id as Tryton counts; None for one that Tryton can never have given."""
    return int(document_id) if document_id.isascii() and document_id.isdigit() and len(document_id) < 16 else None


def _name(row: Mapping[str, Any], field: str) -> str:
    return str((row.get(field) or {}).get("name") or "")
