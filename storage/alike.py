"""Payments that were there before and are probably those that come now.

They have the same number in another form, or all but the number is the same, down to the second. However many are asked
about, the database is asked the same few questions.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from heapq import merge
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables import twins
from receivables.payment import Payment
from receivables.reference_keys import key_of
from receivables.twins import Alike
from storage import payments, schema
from storage.given import Given, as_given
from storage.payments import KEYS_AT_ONCE

MOST_SHOWN = 5  # of the payments that one is probably again, those that came first; a feed gone wrong may bring hundreds


class Mark(NamedTuple):
    """What two payments have in common that may be one: an amount, and a number's key, or a second and the customer."""

    amount_minor: int
    key: str
    second: datetime | None = None
    customer: str = ""
    customer_id: str = ""


def marks_of(payment: Payment) -> tuple[Mark, ...]:
    """The marks by which a payment may be found to be another one."""
    marks = []
    if key := key_of(payment.transaction_number):
        marks.append(Mark(payment.amount_minor, key))
    if payment.has_time:
        second = twins.second_of(payment.paid_at)
        marks.append(Mark(payment.amount_minor, "", second, customer=twins.folded(payment.customer)))
        if payment.customer_id:
            marks.append(Mark(payment.amount_minor, "", second, customer_id=payment.customer_id))
    return tuple(marks)


class Earlier:
    """The payments that were there before those that come now; what came is added to them, one after the other."""

    def __init__(self, time_zone: ZoneInfo) -> None:
        self._time_zone = time_zone
        self._by_mark: dict[Mark, list[tuple[tuple[datetime, str], Payment]]] = {}

    def add(self, payment: Payment, received_at: datetime, marks: Iterable[Mark]) -> None:
        came = ((received_at, payment.transaction_number), payment)
        for mark in marks:
            insort(self._by_mark.setdefault(mark, []), came, key=itemgetter(0))

    def alike(self, payment: Payment, marks: Iterable[Mark]) -> dict[str, Alike]:
        """By number, those that are probably this payment, with what makes them alike: the first of them to come."""
        found: dict[str, Alike] = {}
        for (_, number), other in merge(*(self._by_mark.get(mark, ()) for mark in marks), key=itemgetter(0)):
            if number not in found and (why := twins.alike(payment, other, self._time_zone)):
                found[number] = why
                if len(found) == MOST_SHOWN:
                    break
        return found


def stored_before(connection: Connection, company: str, marks: Collection[Mark], time_zone: ZoneInfo) -> Earlier:
    """The payments that we hold with one of these marks."""
    numbers = sorted(_numbers(connection, company, frozenset(marks)))
    earlier = Earlier(time_zone)
    for start in range(0, len(numbers), KEYS_AT_ONCE):
        for stored in payments.by_numbers(connection, company, numbers[start : start + KEYS_AT_ONCE]).values():
            earlier.add(stored.payment, stored.received_at, marks_of(stored.payment))
    return earlier


def _numbers(connection: Connection, company: str, marks: frozenset[Mark]) -> set[str]:
    found: set[str] = set()
    if keys := sorted({mark.key for mark in marks if mark.key}):
        by_key = connection.execute(_BY_KEY, {"of_company": company, "keys": keys})
        found.update(row.transaction_number for row in by_key if Mark(row.amount_minor, row.number_key) in marks)
    if seconds := sorted({(mark.amount_minor, mark.second) for mark in marks if mark.second}):
        given = {
            "seconds": as_given((company, minor, second, second + timedelta(seconds=1)) for minor, second in seconds),
            "names": sorted({mark.customer for mark in marks if mark.customer}),
            "ids": sorted({mark.customer_id for mark in marks if mark.customer_id}),
        }
        found.update(connection.execute(_BY_SECOND, given).scalars())
    return found


def _asked() -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The statements, put together once: by the key of a number, and by an amount in a second; each goes by its index."""
    table, seconds = schema.payment.c, Given("seconds")
    by_key = sa.select(table.transaction_number, table.number_key, table.amount_minor).where(
        table.company == sa.bindparam("of_company"), table.number_key.in_(sa.bindparam("keys", expanding=True))
    )
    moment = sa.and_(table.paid_at >= seconds.instant(2), table.paid_at < seconds.instant(3))
    amount = sa.and_(table.company == seconds.text(0), table.amount_minor == seconds.number(1), moment)
    names: sa.BindParameter[str] = sa.bindparam("names", expanding=True)
    ids: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
    by_second = (
        sa.select(table.transaction_number)
        .select_from(seconds.table.join(schema.payment, amount))
        .where(sa.or_(table.customer_key.in_(names), table.customer_id.in_(ids)))
    )
    return by_key, by_second


_BY_KEY, _BY_SECOND = _asked()
