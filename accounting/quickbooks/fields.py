"""What the fields of QuickBooks' documents hold: texts, references, amounts, days and moments.

Amounts arrive as decimals of the document's currency; moments carry an offset. What cannot be read raises BooksRefused
(unreadable).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from receivables.books_records import Stamp
from receivables.errors import BooksRefused
from receivables.money import decimals_of, text_from_minor
from receivables.refusal import Refusal

Json = Mapping[str, object]


def text(document: Json, name: str) -> str:
    found = document.get(name)
    return found if isinstance(found, str) else ""


def ref(document: Json, name: str) -> str:
    """The id in a reference, or ""."""
    return text(part(document, name), "value")


def part(document: Json, name: str) -> Json:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def parts(document: Json, name: str) -> list[Json]:
    found = document.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, Sequence) else []


def currency_of(document: Json) -> str:
    return ref(document, "CurrencyRef")


def in_currency(document: Json, home_currency: str) -> Json:
    """The document with its currency named, which QuickBooks leaves out where the company keeps a single one."""
    return {**document, "CurrencyRef": {"value": home_currency}}


def minor(document: Json, name: str, currency: str) -> int:
    """An amount in minor units. Raises BooksRefused (unreadable) for what is no exact amount of that currency."""
    found = document.get(name)
    if isinstance(found, int | Decimal) and not isinstance(found, bool):
        try:
            amount = Decimal(found).scaleb(decimals_of(currency))
        except ValueError as error:
            raise unreadable(document, f"its currency {currency!r} is not known") from error
        if amount.is_finite() and amount == amount.to_integral_value():
            return int(amount)
    raise unreadable(document, f"{name} is {found!r}, which is no amount of {currency}")


def amount(amount_minor: int, currency: str) -> Decimal:
    """The amount as QuickBooks wants it: 50000 minor units of USD are 500.00."""
    return Decimal(text_from_minor(amount_minor, currency))


def day(document: Json, name: str) -> date:
    found = text(document, name)
    try:
        return date.fromisoformat(found[:10])
    except ValueError as error:
        raise unreadable(document, f"{name} is {found!r}, which is no day") from error


def updated_at(document: Json) -> datetime:
    """When the document last changed, UTC. Raises BooksRefused (unreadable)."""
    return _moment(document, "LastUpdatedTime")


def stamps(document: Json) -> tuple[Stamp, Stamp]:
    """Who made it and who last changed it. QuickBooks does not always say who; then the name is empty."""
    meta = part(document, "MetaData")
    last = _person(meta, "LastModifiedByRef")
    first = _person(meta, "CreatedByRef") or (last if text(document, "SyncToken") == "0" else "")
    return Stamp(first, _moment(document, "CreateTime")), Stamp(last, _moment(document, "LastUpdatedTime"))


def _person(meta: Json, name: str) -> str:
    found = part(meta, name)
    return text(found, "name") or text(found, "value")


def _moment(document: Json, name: str) -> datetime:
    found = text(part(document, "MetaData"), name)
    try:
        moment = datetime.fromisoformat(found)
    except ValueError as error:
        raise unreadable(document, f"{name} is {found!r}, which is no moment") from error
    if moment.tzinfo is None:
        raise unreadable(document, f"{name} is {found!r}, without an offset")
    return moment.astimezone(UTC)


def unreadable(document: Json, why: str) -> Exception:
    what = text(document, "Id") or "without an id"
    return BooksRefused(f"QuickBooks document #{what} cannot be read.", Refusal.UNREADABLE, vendor_detail=why[:500])
