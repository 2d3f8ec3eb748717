"""What people type to search, in Slack and on the command line: words, and filters such as kind:invoice or after:2026-03-01."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from receivables.books_records import InvoiceStatus
from receivables.company import Company
from receivables.errors import ReceivablesError
from receivables.payment import PaymentState
from receivables.twins import folded
from receivables.words import listed, plain
from storage.search import Hidden, Wanted, amounts_of, typed

FILTERS = "kind: amount: after: before: status: company: hidden:"
KINDS = ("payment", "invoice", "customer", "credit-memo", "receipt")
_KIND_OF = {kind.replace("-", ""): kind.replace("-", "_") for kind in KINDS} | {"memo": "credit_memo", "credit": "credit_memo"}
_STATUS_OF = {"failing": PaymentState.FAILED.value, "recorded": PaymentState.VERIFIED.value}
STATUSES = tuple(dict.fromkeys([*map(str, PaymentState), *map(str, InvoiceStatus), "deleted"]))
PAGES_AT_MOST, PAGE_DIGITS = 1_000, 6
_QUOTES = str.maketrans("“”„″", '""""')
_GIVEN = re.compile(r'(?<!\S)(kind|amount|after|before|status|company|hidden|page):[ \t]*("[^"]*"|\S+)', re.IGNORECASE)


class NotUnderstood(ReceivablesError):
    """A filter says nothing that can be searched for. The message says what to write."""

    code = "not_understood"


@dataclass(frozen=True)
class Typed:
    """A search as it was typed, read: what is wanted, which page of it, and the same text without its page."""

    wanted: Wanted
    page: int
    said: str


def read(text: str, companies: Sequence[Company]) -> Typed:
    """Reads a search among these companies, which are all that the person may see. Raises NotUnderstood."""
    given: dict[str, list[str]] = {}

    def take(found: re.Match[str]) -> str:
        name, value = found[1].lower(), found[2].strip('"')
        given.setdefault(name, []).extend([value] if name == "amount" else value.split(","))
        return " "

    text = typed(text).translate(_QUOTES)
    words = " ".join(_GIVEN.sub(take, text).split())
    wanted = Wanted([company.id for company in companies], words)
    for name, values in given.items():
        wanted = _FILTERS[name](wanted, [value for value in values if value], companies)
    page = given.get("page", ["1"])[-1][:PAGE_DIGITS]
    without = re.sub(r"(?<!\S)page:[ \t]*\S+", "", text, flags=re.IGNORECASE)
    return Typed(wanted, min(int(page), PAGES_AT_MOST) if page.isdecimal() and int(page) else 1, " ".join(without.split()))


def _kinds(wanted: Wanted, values: Sequence[str], _: Sequence[Company]) -> Wanted:
    kinds = []
    for value in values:
        key = re.sub(r"[\s_-]", "", value.casefold())
        kind = _KIND_OF.get(key) or _KIND_OF.get(key.removesuffix("s"))
        if kind is None:
            raise NotUnderstood(f"“{plain(value)}” is not a kind. Kinds: {', '.join(KINDS)}.")
        kinds.append(kind)
    return replace(wanted, kinds=tuple(dict.fromkeys(kinds)))


def _amount(wanted: Wanted, values: Sequence[str], _: Sequence[Company]) -> Wanted:
    digits = values[-1].lstrip("$€£ ").replace(",", "") if values else ""
    if not amounts_of(digits):
        raise NotUnderstood("Write an amount in digits, such as amount:500 or amount:1,250.00.")
    return replace(wanted, amounts_minor=amounts_of(digits), worth=Decimal(digits))


def _day(name: str) -> Callable[[Wanted, Sequence[str], Sequence[Company]], Wanted]:
    def filtered(wanted: Wanted, values: Sequence[str], companies: Sequence[Company]) -> Wanted:
        try:
            day = date.fromisoformat(values[-1])
            begins: Mapping[str, datetime] = {company.id: company.start_of(day) for company in companies}
        except (IndexError, ValueError, OverflowError):
            raise NotUnderstood(f"Write the day as year, month, day, such as {name}:2026-03-01.") from None
        return replace(wanted, after=begins) if name == "after" else replace(wanted, before=begins)

    return filtered


def _states(wanted: Wanted, values: Sequence[str], _: Sequence[Company]) -> Wanted:
    states = [_STATUS_OF.get(value.casefold(), value.casefold()) for value in values]
    if unknown := [state for state in states if state not in STATUSES]:
        raise NotUnderstood(f"“{plain(unknown[0])}” is not a status. Statuses: {', '.join(STATUSES)}.")
    return replace(wanted, states=tuple(states))


def _of_companies(wanted: Wanted, values: Sequence[str], companies: Sequence[Company]) -> Wanted:
    ids = []
    for value in values:
        named = [company.id for company in companies if folded(value) in (folded(company.id), folded(company.name))]
        if not named:
            yours = listed([company.id for company in companies], last="or")
            raise NotUnderstood(f"“{plain(value)}” is not a company that you can see. Write company:{yours}.")
        ids += named
    return replace(wanted, companies=ids)


def _hidden(wanted: Wanted, values: Sequence[str], _: Sequence[Company]) -> Wanted:
    value = values[-1].casefold() if values else ""
    if value not in list(Hidden):
        raise NotUnderstood("Write hidden:yes to search hidden payments too, or hidden:only for nothing else.")
    return replace(wanted, hidden=Hidden(value))


_FILTERS: dict[str, Callable[[Wanted, Sequence[str], Sequence[Company]], Wanted]] = {
    "kind": _kinds,
    "amount": _amount,
    "after": _day("after"),
    "before": _day("before"),
    "status": _states,
    "company": _of_companies,
    "hidden": _hidden,
    "page": lambda wanted, _values, _companies: wanted,
}
