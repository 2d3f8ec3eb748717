"""What a company is told each morning, the same in Slack and by mail: what fails, what waits for people, how it was proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import rules
from receivables.diagnosis import Cause
from receivables.words import Words, counted, listed
from storage.summary import Day

CAUSES_AT_MOST = 6
CURRENCIES_AT_MOST = 3


def heading(day: Day, words: Words) -> str:
    """The whole of it in one line."""
    if not day.failing:
        return "no payment is failing"
    return f"{counted(day.failing, 'payment')} failing, {_money(day.failing_money, words)}"


def sentences(day: Day, words: Words) -> Sequence[str]:
    """One fact to a line, what needs somebody first."""
    told = []
    if day.pause is not None:
        told.append(f"The books have been out of reach since {words.moment(day.pause.since)}: {day.pause.message}")
    if day.failing:
        since = f" The oldest has been failing since {words.day(day.oldest_at)}." if day.oldest_at else ""
        are = "is" if day.failing == 1 else "are"
        told.append(f"{counted(day.failing, 'payment')} {are} failing, {_money(day.failing_money, words)}.{since}")
        told += [_cause(cause, many, day.causes_money.get(cause, {}), words) for cause, many in day.causes[:CAUSES_AT_MOST]]
    else:
        told.append("No payment is failing.")
    told.append(f"Since yesterday morning: {day.opened:,} new, {day.resolved:,} resolved.")
    if day.to_approve:
        wait = "waits" if day.to_approve == 1 else "wait"
        told.append(f"{counted(day.to_approve, 'decision')} {wait} for a second person.")
    told.append(_proof(day, words))
    return told


def _cause(cause: str, many: int, money: Mapping[str, int], words: Words) -> str:
    return f"  {rules.title(Cause(cause))}: {many:,}, {_money(money, words)}"


def _proof(day: Day, words: Words) -> str:
    night = day.night
    if night is None or night.proven_at is None:
        return "Books and payments have not been compared yet."
    found = counted(len(night.found), "discrepancy", "discrepancies") if night.found else "no discrepancy"
    return f"Books and payments last compared: {words.moment(night.proven_at)}, {found}."


def _money(money: Mapping[str, int], words: Words) -> str:
    return listed([words.money(total, currency) for currency, total in list(money.items())[:CURRENCIES_AT_MOST]])
