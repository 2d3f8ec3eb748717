"""Reads one line of a payment file: its fields become a payment, or a list of what is wrong with them.

Spaces around the names of columns and around `transaction_number`, `customer`, `customer_id`, `method`, `status`,
`currency` and the numbers in `invoices` are dropped, because no portal means them and "TX-1 " beside "TX-1" would be
taken for two payments. `status` and `currency` are the same in capitals and small letters. `amount`, `paid_at` and the
amounts in `invoices` are read exactly as they stand.
What looks like a card number is refused in every field, and no message shows more of it than its last four digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from feeds.findings import went_back_later
from receivables import card_numbers
from receivables.company import Company
from receivables.errors import FeedProblem
from receivables.money import decimals_of, minor_from_text, text_from_minor
from receivables.payment import Allocation, Dispute, FeedStatus, Payment

REQUIRED_COLUMNS = ("transaction_number", "customer", "amount", "currency", "paid_at", "method", "invoices")
OPTIONAL_COLUMNS = ("customer_id", "status", "status_at", "reason_code", "dispute", "refunded", "fee")
COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
NUMBERS = frozenset({"transaction_number", "customer_id", "invoices"})  # where a portal writes long numbers of its own

#: Characters, not bytes; longer than any accounting package takes or any person types.
LONGEST = {"transaction_number": 64, "customer": 200, "method": 40, "customer_id": 64, "invoice": 64, "reason_code": 40}
MOST_ALLOCATIONS = 200  # a receipt with more lines is refused by the packages we post to
EARLIEST_YEAR, LATEST_YEAR = 1970, 2199  # outside of it a year is a slip of the hand, and date arithmetic overflows

_NAMES = frozenset({"customer", "method"})  # free text; the others identify something
_NOT_IN_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NOT_IN_IDENTITIES = _NOT_IN_TEXT | {"Cf", "Zs"}  # zero-width and odd spaces make two numbers look alike
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<offset>Z|[+-](0\d|1[0-4]):[0-5]\d)?)?", re.ASCII
)  # no place on earth is more than 14 hours from UTC
_MOMENT_REMEDY = "Write a day such as 2026-01-31, or a moment such as 2026-01-31T14:05:00-06:00"
#: "1042:5.00 | 1043" before its last amount: several invoices, joined by something else than a semicolon.
_SEVERAL_INVOICES = re.compile(r":\s*\$?\d+(\.\d+[^\w.:;/-]|\s*[|&+])")
_SEVERAL_REMEDY = "Join invoices by ; such as 1042:10.00;1043:5.00; one whose number looks like this is named by #ID"
#: 1.23457E+15, 1,23457E+15 (a comma in Europe), 123E+11 and 1E-5; 12E5 may be a number of the portal's own.
_ROUNDED = re.compile(r"[+-]?(\d*[.,]\d*E[+-]?\d+|\d+E[+-]\d+)", re.ASCII | re.IGNORECASE)

T = TypeVar("T")


class Wrong(Exception):
    """A field cannot be read; `message` says why and `remedy` what to write instead. Never leaves this room."""

    def __init__(self, message: str, remedy: str, column: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.column = column  # where it is not the one that was read


@dataclass(frozen=True)
class Reading:
    """What one line gave: a payment, or problems; and its transaction number where that much could be read.

    `cards` says that a number of it looks like a card number, whether it was refused for that or a person had said otherwise.
    """

    payment: Payment | None
    transaction_number: str
    problems: tuple[FeedProblem, ...]
    cards: bool = False


def shown(text: str) -> str:
    """A value from a file as it may stand in a message: quoted, on one line, control characters visible, not long.

    Of a card number only the last four digits are left.
    """
    text = card_numbers.masked(text)
    return repr(text if len(text) <= 50 else text[:50] + "…")


def read_line(
    line: int,
    fields: Mapping[str, str],
    company: Company,
    *,
    numbers_are_not_cards: bool = False,
    commas_join_invoices: bool = False,
    today: date | None = None,
) -> Reading:
    """The payment of one line, given by column; every column that is wrong is reported. Raises nothing.

    `numbers_are_not_cards` where a person said that the portal's own numbers only look like card numbers,
    `commas_join_invoices` where it is stated that the portal joins invoices by commas; else a list like that is refused.
    Money that went back after `today`, the company's day, did not go back yet; where no day is given, whoever dates it looks.
    """
    asked = COLUMNS if card_numbers.holds_one("|".join(fields.values())) else ()  # no card number goes on beyond that sign
    cards = [column for column in asked if card_numbers.holds_one(fields.get(column, ""))]
    numbers = not NUMBERS.isdisjoint(cards)
    refused = [column for column in cards if not (numbers_are_not_cards and column in NUMBERS)]
    if refused:
        problems = [_card_problem(line, column, fields[column]) for column in refused]
        return Reading(None, "", tuple(problems), numbers)
    if commas_join_invoices:
        fields = {**fields, "invoices": fields.get("invoices", "").replace(",", ";")}
    reading = _read_line(line, fields, company)
    at = reading.payment.status_at if reading.payment else None
    if late := went_back_later(line, "status_at", shown(fields.get("status_at", "")), at, company, today):
        return Reading(None, reading.transaction_number, (late,), numbers)
    return replace(reading, cards=True) if numbers else reading


def _card_problem(line: int, column: str, text: str) -> FeedProblem:
    remedy = "Leave the line out, and never write a card number into a payment file"
    return FeedProblem(line, column, f"{shown(text)} looks like a card number, which must not be stored", remedy)


def _read_line(line: int, fields: Mapping[str, str], company: Company) -> Reading:
    problems: list[FeedProblem] = []

    def attempt(column: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except Wrong as reason:
            problems.append(FeedProblem(line, reason.column or column, reason.message, reason.remedy))
            return otherwise

    def text(column: str, *, required: bool = False) -> str:
        raw = fields.get(column, "")
        return attempt(column, lambda: _text(column, raw, required=required), "") if raw or required else ""

    transaction_number = text("transaction_number", required=True)
    customer = text("customer", required=True)
    customer_id = text("customer_id")
    method = text("method")
    currency = _currency(fields["currency"])
    amount_minor = refunded_minor = fee_minor = 0
    allocations: tuple[Allocation, ...] = ()
    became = _AS_PAID
    if fields.get("status") or fields.get("dispute") or fields.get("status_at"):
        became = attempt("status", lambda: _became(fields, company), _AS_PAID)
    reason_code = text("reason_code")
    nothing: tuple[datetime | None, bool] = (None, True)
    paid_at, has_time = attempt("paid_at", lambda: moment_of(fields["paid_at"], company), nothing)
    if attempt("currency", lambda: _is_currency(currency), False):  # the amounts cannot be checked without it
        amount_minor = attempt("amount", lambda: _amount(fields["amount"], currency), 0)
        allocations = attempt("invoices", lambda: _allocations(fields["invoices"], currency, amount_minor), ())
        if fee := fields.get("fee"):
            fee_minor = attempt("fee", lambda: _part(fee, currency), 0)
        if refunded := fields.get("refunded"):
            back = attempt("refunded", lambda: _refunded(refunded, currency, amount_minor, became.status), (0, became.status))
            refunded_minor, became = back[0], replace(became, status=back[1])
    if problems or paid_at is None:
        return Reading(None, transaction_number, tuple(problems))
    payment = Payment(
        company=company.id,
        transaction_number=transaction_number,
        customer=customer,
        amount_minor=amount_minor,
        currency=currency,
        paid_at=paid_at,
        method=method,
        allocations=allocations,
        customer_id=customer_id,
        status=became.status,
        has_time=has_time,
        fee_minor=fee_minor,
        refunded_minor=refunded_minor,
        status_at=became.at,
        reason_code=reason_code,
        dispute=became.dispute,
    )
    return Reading(payment, transaction_number, ())


def _text(column: str, raw: str, *, required: bool) -> str:
    text = raw.strip(" ")
    if required and not text:
        raise Wrong("this must not be empty", f"Write the {column.replace('_', ' ')} of the payment")
    _check_characters(text, names=column in _NAMES)
    _check_length(text, LONGEST[column])
    if column in NUMBERS:
        _check_not_rounded(text)
    return text


def _check_not_rounded(number: str) -> None:
    """A spreadsheet writes a long number that it took for an amount with an exponent, and its last digits are lost."""
    may_be = not number.isascii() or "e" in number.lower()
    if may_be and _ROUNDED.fullmatch(unicodedata.normalize("NFKC", number)):
        raise Wrong(
            f"{shown(number)} was rounded by a spreadsheet, and its last digits are lost",
            "Format the column as text in the spreadsheet, and export the file again from the portal",
        )


def _check_characters(text: str, *, names: bool = False) -> None:
    if text.isprintable():
        return
    for character in text:
        if character != " " and unicodedata.category(character) in (_NOT_IN_TEXT if names else _NOT_IN_IDENTITIES):
            what = "a line break" if character in "\r\n" else f"the character U+{ord(character):04X}"
            raise Wrong(f"{shown(text)} contains {what}", "Write it on one line, in characters that can be seen")


def _check_length(text: str, longest: int) -> None:
    if len(text) > longest:
        raise Wrong(f"{shown(text)} has {len(text):,} characters", f"Write at most {longest}")


def _status(raw: str) -> FeedStatus:
    text = "_".join(raw.casefold().split())
    try:
        return FeedStatus(text) if text else FeedStatus.PAID
    except ValueError:
        known = ", ".join(FeedStatus)
        remedy = (
            f"Write one of {known}; write failed where the money never came, and tell a refund in part in the column refunded"
        )
        raise Wrong(f"{shown(raw)} is not a status", remedy) from None


def _currency(raw: str) -> str:
    """In capitals, as ISO 4217 has them; letters of another alphabet stay as they are, and are refused."""
    text = raw.strip(" ")
    return text.upper() if text.isascii() else text


@dataclass(frozen=True)
class _Became:
    """What a line says became of the money. The money of a chargeback that was won is there."""

    status: FeedStatus = FeedStatus.PAID
    dispute: Dispute = Dispute.NONE
    at: datetime | None = None


_AS_PAID = _Became()


def _became(fields: Mapping[str, str], company: Company) -> _Became:
    status = _status(fields.get("status", ""))
    dispute, raw_at = _dispute(fields.get("dispute", ""), status), fields.get("status_at", "")
    try:
        at = moment_of(raw_at, company)[0] if raw_at.strip(" ") else None
    except Wrong as reason:
        raise Wrong(reason.message, reason.remedy, "status_at") from None
    return _Became(FeedStatus.PAID if dispute is Dispute.WON else status, dispute, at)


def _dispute(raw: str, status: FeedStatus) -> Dispute:
    """How a chargeback stands; open where nobody says."""
    text = raw.strip(" ").casefold()
    try:
        dispute = Dispute(text)
    except ValueError:
        raise Wrong(f"{shown(raw)} is not how a chargeback stands", "Write open, won or lost", "dispute") from None
    if dispute and status is not FeedStatus.CHARGED_BACK:
        raise Wrong("a dispute is of a payment that was charged back", "Write charged_back as its status", "dispute")
    return Dispute.OPEN if status is FeedStatus.CHARGED_BACK and not dispute else dispute


def _is_currency(currency: str) -> bool:
    try:
        decimals_of(currency)
        return True
    except ValueError:
        raise Wrong(f"{shown(currency)} is not a currency", "Write the three letters of ISO 4217, such as USD or EUR") from None


def _amount(text: str, currency: str) -> int:
    """A positive amount in minor units."""
    try:
        amount_minor = minor_from_text(text, currency)
    except ValueError:
        amount_minor = 0
    if amount_minor <= 0:
        if text.strip(" $").startswith(("-", "(")) or text.endswith("-"):
            remedy = "Money that went back has no line of its own: write it on its payment, such as the status refunded"
            raise Wrong(f"{shown(text)} is not a positive amount in {currency}", remedy)
        decimals = decimals_of(currency)
        places = f"at most {decimals} decimals" if decimals else "no decimals"
        raise Wrong(
            f"{shown(text)} is not a positive amount in {currency}",
            f"Write 1 to 12 plain digits with {places} and nothing around them, such as {text_from_minor(125000, currency)}",
        )
    return amount_minor


def _part(text: str, currency: str) -> int:
    """An amount beside the payment's, in minor units."""
    try:
        return minor_from_text(text, currency)
    except ValueError:
        remedy = f"Write plain digits without a sign, such as {text_from_minor(1250, currency)}, or leave it empty"
        raise Wrong(f"{shown(text)} is not an amount in {currency}", remedy) from None


def _refunded(text: str, currency: str, amount_minor: int, status: FeedStatus) -> tuple[int, FeedStatus]:
    """What was given back of a payment that stays, and its status: refunded where all of it was given back."""
    refunded_minor = _part(text, currency)
    if not refunded_minor or not amount_minor:
        return 0, status
    of_all = f"of the payment of {text_from_minor(amount_minor, currency)}"
    if refunded_minor > amount_minor:
        raise Wrong(f"{shown(text)} is more than all {of_all}", "Write what was given back of this payment")
    if refunded_minor == amount_minor:
        return 0, FeedStatus.REFUNDED if status is FeedStatus.PAID else status
    if status is FeedStatus.REFUNDED:
        raise Wrong(f"{shown(text)} is only a part {of_all}, and the status is refunded", "Write paid for a refund in part")
    return refunded_minor, status


def moment_of(text: str, company: Company) -> tuple[datetime | None, bool]:
    """When it was paid, in UTC, and whether a time of day was given; midnight is how many programs write none.

    A day alone means its noon, so that no change of offset moves it to another day.
    """
    form = _MOMENT.fullmatch(text)
    if not form:
        raise Wrong(f"{shown(text)} is not a day or a moment", _MOMENT_REMEDY)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Wrong(f"{shown(text)} is not in the calendar ({error})", _MOMENT_REMEDY) from None
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise Wrong(f"{shown(text)} lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}", _MOMENT_REMEDY)
    has_time = bool(form["time"]) and moment.time() != time.min
    if form["offset"]:
        return moment.astimezone(UTC), has_time
    if not form["time"]:
        moment = moment.replace(hour=12)
    return in_zone(moment, company.time_zone, text), has_time


def in_zone(moment: datetime, time_zone: ZoneInfo, text: str) -> datetime:
    """A local time of that zone, in UTC. Refused where the clocks change and it exists twice, or not at all."""
    first, second = (moment.replace(tzinfo=time_zone, fold=fold) for fold in (0, 1))
    before, after = first.utcoffset(), second.utcoffset()
    if before != after:
        happens = "happens twice" if before and after and before > after else "does not exist"
        raise Wrong(
            f"{shown(text)} {happens} in {time_zone.key}, where the clocks change",
            "Add the offset from UTC, such as -06:00 at the end",
        )
    return first.astimezone(UTC)


def _allocations(raw: str, currency: str, amount_minor: int) -> tuple[Allocation, ...]:
    """What of the payment is meant for which invoice. `amount_minor` is 0 where the amount itself is wrong."""
    if not raw.strip(" "):
        return ()
    entries = raw.split(";")
    if not all(entry.strip(" ") for entry in entries):
        raise Wrong(f"{shown(raw)} names no invoice between two ; or beside one", "Take out the ; that joins nothing")
    if len(entries) > MOST_ALLOCATIONS:
        raise Wrong(f"{len(entries):,} invoices in one payment", f"Split the payment, or name at most {MOST_ALLOCATIONS}")
    allocations = tuple(_allocation(entry, currency) for entry in entries)
    named: set[tuple[str, str]] = set()
    for allocation in allocations:
        name = (allocation.invoice_number, allocation.invoice_id)
        if name in named:
            raise Wrong(
                f"invoice {shown(allocation.invoice_number or '#' + allocation.invoice_id)} is named twice",
                "Name each invoice once, with the whole amount meant for it",
            )
        named.add(name)
    total_minor = sum(allocation.amount_minor for allocation in allocations)
    if amount_minor and total_minor > amount_minor:
        raise Wrong(
            f"the invoices add up to {text_from_minor(total_minor, currency)}, "
            f"more than the payment of {text_from_minor(amount_minor, currency)}",
            "Lower them to at most the amount of the payment, or correct that amount",
        )
    return allocations


def _allocation(entry: str, currency: str) -> Allocation:
    remedy = "Write NUMBER:AMOUNT, or #ID:AMOUNT with the id in the books, joined by ; such as INV-1:10.00;INV-2:5.00"
    name, colon, amount = entry.rpartition(":")
    name = name.strip(" ")
    by_id = name.startswith("#")
    invoice = name.removeprefix("#").strip(" ") if by_id else name
    if "," in name or _SEVERAL_INVOICES.search(name):
        raise Wrong(f"{shown(entry)} seems to name several invoices", _SEVERAL_REMEDY)
    if not colon or not invoice:
        raise Wrong(f"{shown(entry)} names no invoice with an amount", remedy)
    _check_characters(invoice)
    _check_length(invoice, LONGEST["invoice"])
    _check_not_rounded(invoice)
    amount_minor = _amount(amount, currency)
    return Allocation(amount_minor, invoice_id=invoice) if by_id else Allocation(amount_minor, invoice_number=invoice)
