"""Which payments that were there before are probably those that come now: by a number in another form, or by all but the number,
down to the second. However many are asked about, the database is asked the same few questions.
"""

from __future__ import annotations

import json
from bisect import insort
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from heapq import merge
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables import twins
from receivables.payment import Payment
from receivables.reference_keys import key_of
from receivables.twins import Alike
from storage import payments, schema
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
    asked: dict[str, object] = {"company": company}
    found: set[str] = set()
    if keys := sorted({mark.key for mark in marks if mark.key}):
        by_key = connection.execute(_BY_KEY, asked | {"keys": keys})
        found.update(row.transaction_number for row in by_key if Mark(row.amount_minor, row.number_key) in marks)
    if seconds := sorted({(mark.amount_minor, mark.second) for mark in marks if mark.second}):
        customers = {"names": [mark.customer for mark in marks if mark.customer]}
        customers["ids"] = [mark.customer_id for mark in marks if mark.customer_id]
        listed = [
            {"amount": minor, "since": _written(second), "before": _written(second + timedelta(seconds=1))}
            for minor, second in seconds
        ]
        by_second = _BY_SECOND[connection.dialect.name]
        found.update(connection.execute(by_second, asked | customers | {"seconds": json.dumps(listed)}).scalars())
    return found


def _written(moment: datetime) -> str:
    """A moment of UTC as both databases compare it with what is stored."""
    return moment.replace(tzinfo=None).isoformat(sep=" ")


_table = schema.payment
_BY_KEY = sa.select(_table.c.transaction_number, _table.c.number_key, _table.c.amount_minor).where(
    _table.c.company == sa.bindparam("company"), _table.c.number_key.in_(sa.bindparam("keys", expanding=True))
)
#: The seconds that are asked about are a table that the database walks, going by its index for each.
_ON_SQLITE = """
SELECT DISTINCT payment.transaction_number
FROM (
    SELECT value ->> 'amount' AS amount, value ->> 'since' AS since, value ->> 'before' AS before FROM json_each(:seconds)
) AS asked
CROSS JOIN payment
WHERE payment.company = :company AND payment.amount_minor = asked.amount
AND payment.paid_at >= asked.since AND payment.paid_at < asked.before
AND (payment.customer_key IN :names OR payment.customer_id IN :ids)
"""
_ON_POSTGRESQL = """
SELECT DISTINCT payment.transaction_number
FROM json_to_recordset(CAST(:seconds AS json)) AS asked(amount bigint, since timestamp, before timestamp)
CROSS JOIN payment
WHERE payment.company = :company AND payment.amount_minor = asked.amount
AND payment.paid_at >= asked.since AT TIME ZONE 'UTC' AND payment.paid_at < asked.before AT TIME ZONE 'UTC'
AND (payment.customer_key IN :names OR payment.customer_id IN :ids)
"""
_BY_SECOND = {
    dialect: sa.text(words).bindparams(*(sa.bindparam(name, type_=sa.String, expanding=True) for name in ("names", "ids")))
    for dialect, words in (("sqlite", _ON_SQLITE), ("postgresql", _ON_POSTGRESQL))
}
