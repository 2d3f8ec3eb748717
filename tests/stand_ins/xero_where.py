"""What a caller of Xero's lists may ask for: `where`, `order`, pages, and documents changed since a moment.

`where` is a small part of .NET's own language: comparisons of fields with text, numbers, guid("..."), DateTime(y, m, d)
and null, joined by AND and OR. A field that the documents do not have is refused as Xero refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

Json = dict[str, Any]
Test = Callable[[Json], bool]

PAGE_SIZE, LARGEST_PAGE = 100, 1000

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<op>==|!=|>=|<=|>|<|=|&&|\|\||[(),])"""
    r"""|(?P<word>[A-Za-z_][\w.]*))"""
)
_NET_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


class QueryRefused(Exception):
    """Xero cannot read the query."""


@dataclass(frozen=True)
class Page:
    """One page of a list, and what Xero says about the pages; `about` is empty where no page was asked for."""

    items: Sequence[Json]
    about: Mapping[str, int]


def where(text: str) -> Test:
    """The test a `where` stands for. Raises QueryRefused for what this subset does not know."""
    reader = _Reader(text)
    test = reader.either()
    if reader.peek() is not None:
        raise QueryRefused(f"Syntax error at '{reader.peek()}'")
    return test


def ordered(items: Sequence[Json], order: str) -> list[Json]:
    """The items in the order asked for: "Date DESC, InvoiceNumber"."""
    arranged = list(items)
    for clause in reversed([part.strip() for part in order.split(",") if part.strip()]):
        name, _, direction = clause.partition(" ")
        if direction.strip().upper() not in ("", "ASC", "DESC", "ASCENDING", "DESCENDING"):
            raise QueryRefused(f"Syntax error in the order '{clause}'")
        _must_be_known(name)
        arranged.sort(key=partial(_place, name), reverse=direction.strip().upper().startswith("D"))
    return arranged


def paged(items: Sequence[Json], page: str, page_size: str) -> Page:
    if not page and not page_size:
        return Page(items, {})
    try:
        number = max(1, int(page or 1))
        size = min(LARGEST_PAGE, max(1, int(page_size or PAGE_SIZE)))
    except ValueError as problem:
        raise QueryRefused(f"Page '{page}' of size '{page_size}' is no page") from problem
    about = {"page": number, "pageSize": size, "pageCount": -(-len(items) // size), "itemCount": len(items)}
    return Page(items[(number - 1) * size : number * size], about)


def since(header: str) -> datetime:
    """The moment of If-Modified-Since, to the second. Raises QueryRefused."""
    text = header.strip()
    try:
        at = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    except ValueError as problem:
        raise QueryRefused(f"If-Modified-Since '{text}' is no date") from problem
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


class _Reader:
    """Reads a `where` from left to right; AND binds closer than OR."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise QueryRefused(f"Syntax error at position {place}")
            self._tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            place = found.end()

    def peek(self) -> str | None:
        return self._tokens[0][1] if self._tokens else None

    def take(self, expected: str = "") -> tuple[str, str]:
        if not self._tokens or (expected and self._tokens[0][1] != expected):
            raise QueryRefused(f"'{expected or 'an expression'}' expected")
        return self._tokens.pop(0)

    def either(self) -> Test:
        tests = [self._both()]
        while (self.peek() or "").upper() in ("OR", "||"):
            self.take()
            tests.append(self._both())
        return lambda item: any(test(item) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while (self.peek() or "").upper() in ("AND", "&&"):
            self.take()
            tests.append(self._one())
        return lambda item: all(test(item) for test in tests)

    def _one(self) -> Test:
        if self.peek() == "(":
            self.take("(")
            inner = self.either()
            self.take(")")
            return inner
        kind, name = self.take()
        if kind != "word":
            raise QueryRefused(f"'{name}' is no field")
        field, _, method = name.rpartition(".")
        text_method = method in ("Contains", "StartsWith", "EndsWith") and self.peek() == "("
        _must_be_known(field if text_method else name)
        if text_method:
            self.take("(")
            wanted = str(self._value())
            self.take(")")
            if self.peek() in ("==", "="):
                self.take()
                self.take("true")
            return _text_test(field, method, wanted)
        if self.peek() not in ("==", "=", "!=", ">", "<", ">=", "<="):
            return lambda item: _field(item, name) is True
        sign = self.take()[1]
        value = self._value()
        if name.endswith("Name"):  # Xero compares names without regard to case
            value = value.casefold() if isinstance(value, str) else value
            return lambda item: _compares(str(_field(item, name) or "").casefold(), sign, value)
        return lambda item: _compares(_field(item, name), sign, value)

    def _value(self) -> object:
        kind, text = self.take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return Decimal(text)
        plain = {"null": None, "true": True, "false": False}
        if text.lower() in plain:
            return plain[text.lower()]
        if text in ("guid", "Guid", "DateTime", "DateTime.Parse"):
            self.take("(")
            given = [self._value()]
            while self.peek() == ",":
                self.take(",")
                given.append(self._value())
            self.take(")")
            return _made(text, given)
        raise QueryRefused(f"'{text}' is no value")


def _made(what: str, given: Sequence[object]) -> object:
    if what.lower() == "guid":
        return str(given[0]).lower()
    try:
        if what == "DateTime.Parse":
            at = datetime.fromisoformat(str(given[0]))
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        year, month, day, hour, minute, second = (int(str(number)) for number in (*given, 0, 0, 0)[:6])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as problem:
        raise QueryRefused(f"{what} cannot be made of {given}") from problem


def _text_test(field: str, method: str, wanted: str) -> Test:
    def test(item: Json) -> bool:
        text = str(_field(item, field) or "")
        return {
            "Contains": wanted in text,
            "StartsWith": text.startswith(wanted),
            "EndsWith": text.endswith(wanted),
        }[method]

    return test


def _must_be_known(path: str) -> None:
    for part in path.split("."):
        if part not in KNOWN_FIELDS:
            raise QueryRefused(f"No property or field '{part}' exists")


def _field(item: Json, path: str) -> object:
    """The value of a field such as Invoice.Contact.ContactID; .NET dates as moments, a missing one is None."""
    value: Any = item
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, str):
        dated = _NET_DATE.fullmatch(value)
        if dated:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(dated.group(1)))
    return value


def _compares(held: object, sign: str, value: object) -> bool:
    if sign in ("==", "="):
        return _alike(held) == _alike(value)
    if sign == "!=":
        return _alike(held) != _alike(value)
    if held is None or value is None:
        return False
    try:
        return bool({">": held > value, "<": held < value, ">=": held >= value, "<=": held <= value}[sign])  # type: ignore[operator]
    except TypeError as problem:
        raise QueryRefused(f"Operator '{sign}' cannot compare these") from problem


def _alike(value: object) -> object:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F-]{36}", value) else value


def _place(name: str, item: Json) -> tuple[bool, Any]:
    value = _field(item, name)
    return (value is not None, 0 if value is None else value)


#: The fields of the documents we serve that may be asked for. Xero refuses what its own documents do not have.
KNOWN_FIELDS = frozenset(
    """AccountID Code Name Status Type Class TaxType EnablePaymentsToAccount Account BankAccount AmountDue AmountPaid
    AmountCredited Amount BankAmount Contact ContactID ContactStatus EmailAddress ContactNumber AccountNumber IsCustomer
    IsSupplier CreditNote CreditNoteID CreditNoteNumber CurrencyCode Date DueDate FullyPaidOnDate Invoice InvoiceID
    InvoiceNumber IsReconciled OverpaymentID Overpayment PrepaymentID Prepayment BankTransactionID PaymentID PaymentType
    Reference RemainingCredit SubTotal Total TotalTax UpdatedDateUTC BatchPaymentID HasAccount SentToContact""".split()
)
