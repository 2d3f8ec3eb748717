"""Which open failures are read about again: those that something may have changed for, and of the others some by turns.

Reads: what changed in the mirror and in our own rows since the last look. Leaves: nothing; whoever looked keeps how far.
As long as few are open all are read each time. Of many, all are read when a day begins, because evidence tells how long cash
waits, after a change of the configuration, of closed periods, of what spellings mean, or of whether failures are many, and
when the clock was set back. What no feed tells of, such as the bank's side of a receipt or what a document said before, is
found by turns, and by every decision, which reads its payment anew.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from receivables.effects import marker_stem
from receivables.reference_keys import beginnings, key_of
from storage import looks
from storage.engine import Connection
from storage.looks import Held, Look, News
from sync import escalation
from sync.desk import Desk

BY_TURNS = 100  # open failures that are read in every look, whatever changed


@dataclass(frozen=True)
class Due:
    """The payments to read about, in order; and the look that is over when they were, None where all are read each time."""

    numbers: Sequence[str]
    isolated: bool = True  # failures are few
    look: Look | None = None


def due(desk: Desk) -> Due:
    """What is to be read about now."""
    with desk.db.read() as connection:
        company, at = desk.company.id, desk.clock.now()
        first = looks.numbers(connection, company, limit=BY_TURNS + 1)
        if not first:
            return Due(())
        isolated = escalation.is_isolated(connection, desk.company, at)
        if len(first) <= BY_TURNS:
            return Due([number for _, number in first], isolated)
        before = looks.last(connection, company)
        look = looks.begun(connection, company, at, _rests_on(connection, desk, at, isolated=isolated))
        # What is new is asked for by the clock: one that was set back would hide it.
        if before is None or before.rests_on != look.rests_on or at < before.at:
            return Due(_all(connection, company), isolated, look)
        news = looks.news(connection, company, before)
        if news.of_all:
            return Due(_all(connection, company), isolated, look)
        turn = looks.numbers(connection, company, limit=BY_TURNS, after=before.after)
        if len(turn) < BY_TURNS:
            turn += first[: BY_TURNS - len(turn)]
        wanted = dict.fromkeys(number for _, number in turn) | dict.fromkeys(sorted(looks.not_read(connection, company)))
        if news != News():
            wanted |= {of.number: None for of in looks.held(connection, company) if concern(company, news, of)}
    return Due(list(wanted), isolated, replace(look, after=turn[-1][0]))


def concern(company: str, news: News, failure: Held) -> bool:
    """Whether the evidence about a failure may be another after these news. Pure."""
    return (
        failure.number in news.payments
        or not news.customers.isdisjoint(failure.customers)
        or not news.names.isdisjoint(failure.names)
        or not news.invoices.isdisjoint(failure.invoices)
        or not news.invoice_keys.isdisjoint({key_of(number) for number in failure.invoice_numbers})
        or not news.receipts.isdisjoint(failure.receipts)
        or marker_stem(company, failure.number) in news.marks
        or failure.amount in news.amounts
        or _may_name(news, failure.number_key)
    )


def _may_name(news: News, key: str) -> bool:
    """Whether a text of a changed receipt begins like the payment's number, as far as its package left it."""
    place = bisect_left(news.starts, key)
    begins = place < len(news.starts) and news.starts[place].startswith(key)
    return bool(key) and (begins or not news.cut.isdisjoint(beginnings(key)))


def _all(connection: Connection, company: str) -> list[str]:
    return [number for _, number in looks.numbers(connection, company)]


def _rests_on(connection: Connection, desk: Desk, at: datetime, *, isolated: bool) -> str:
    """What holds for every failure of the company: its configuration, its day, closed periods, whether failures are few."""
    said = (desk.company, desk.company.day_of(at), *looks.periods(connection, desk.company.id), isolated)
    return hashlib.sha256(repr(said).encode()).hexdigest()
