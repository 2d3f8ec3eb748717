"""How Xero writes days, moments, money and identities, turned into ours and back.

Days and moments come as `/Date(1518685950940+0000)/`, often with an ISO twin (`DateString`); money as decimals;
identities as GUIDs. Whatever is not written so raises `Unreadable`, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from receivables.money import decimals_of, minor_from_text, text_from_minor
from receivables.words import day_of

Fields = Mapping[str, object]

_MOMENT = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NOTHING = "00000000-0000-0000-0000-000000000000"  # Xero writes it where there is no document
_UTC = ZoneInfo("UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(ValueError):
    """A value that is not written as Xero writes it; the message names the field."""


def fields(value: object) -> Fields:
    """An object's fields, or none where it is no object. Of a list its first: one answer of Xero's has it so."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, Mapping) else {}


def elements(value: object) -> list[Fields]:
    """The objects of a list; empty where there is no list."""
    return [element for element in value if isinstance(element, Mapping)] if isinstance(value, list) else []


def text(of: Fields, *names: str) -> str:
    """The first of these fields that holds a text, else ""."""
    for name in names:
        value = of.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def identity(of: Fields, *names: str) -> str:
    """The first of these fields that holds the GUID of a document, in lower case, else ""."""
    for name in names:
        value = text(of, name).lower()
        if is_identity(value) and value != _NOTHING:
            return value
    return ""


def is_identity(value: str) -> bool:
    """Whether Xero could ever have given a document this id. Nothing else may be put into an address or a filter."""
    return _GUID.fullmatch(value) is not None


def milliseconds(of: Fields, name: str) -> int:
    """A moment as milliseconds since 1970 UTC, which is what Xero counts in."""
    written = text(of, name)
    if found := _MOMENT.fullmatch(written):
        return int(found[1])  # already UTC; the offset only says how Xero would show it
    iso = written or text(of, f"{name}String")
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError as error:
        raise Unreadable(f"{name} is no moment: {written[:40]!r}") from error
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) // timedelta(milliseconds=1)


def moment(of: Fields, name: str) -> datetime:
    """A moment, in UTC."""
    return moment_of(milliseconds(of, name))


def moment_of(milliseconds_since_1970: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds_since_1970)


def day(of: Fields, name: str) -> date:
    """A day of the organization's own calendar; Xero writes it as midnight UTC of that day, and often as text beside it."""
    iso = text(of, f"{name}String")[:10]
    try:
        return date.fromisoformat(iso) if iso else day_of(moment(of, name), _UTC)
    except ValueError as error:
        raise Unreadable(f"{name} is no day: {iso or text(of, name)[:40]!r}") from error


def optional_day(of: Fields, name: str) -> date | None:
    return day(of, name) if text(of, name, f"{name}String") else None


def minor(of: Fields, name: str, currency: str) -> int:
    """An amount in minor units of the currency; nothing written is nothing. Never rounded: a part of a cent is unreadable."""
    value = of.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Unreadable(f"{name} is no amount: {value!r}"[:80])
    try:
        amount = Decimal(value)
        scaled = amount.scaleb(decimals_of(currency)) if amount.is_finite() else None
    except (InvalidOperation, ValueError) as error:
        raise Unreadable(f"{name} is no amount in {currency!r}: {value!r}"[:80]) from error
    if scaled is None or scaled != scaled.to_integral_value() or abs(scaled) >= Decimal(10) ** 16:
        raise Unreadable(f"{name} is no amount in {currency}: {value!r}"[:80])
    return int(scaled)


def amount(amount_minor: int, currency: str) -> Decimal:
    """An amount as Xero takes it: (50000, "USD") is Decimal("500.00"). Raises ValueError for what no document can have."""
    written = text_from_minor(amount_minor, currency)
    if amount_minor <= 0 or minor_from_text(written, currency) != amount_minor:
        raise ValueError(f"{amount_minor} minor units is no amount of a document")
    return Decimal(written)


def any_of(conditions: Iterable[str]) -> str:
    """A filter that holds where one of these does."""
    return " OR ".join(conditions)


def is_guid(field: str, document_id: str) -> str:
    """The filter "this field is this id". The id must be one: nothing else ever reaches a filter."""
    if not is_identity(document_id):
        raise ValueError(f"{document_id!r} is no id of Xero's")
    return f'{field}==guid("{document_id}")'


def day_in_filter(value: date) -> str:
    return f"DateTime({value.year},{value.month},{value.day})"


def modified_since(milliseconds_since_1970: int) -> str:
    """The header If-Modified-Since as Xero describes it: UTC in whole seconds, rounded down to leave nothing out."""
    return moment_of(milliseconds_since_1970).strftime("%Y-%m-%dT%H:%M:%SZ")
