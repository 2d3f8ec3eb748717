"""Payments taken in: each remembered once, and held for a person where it probably is another one again.

However many are handed in at once, one or a chunk of a file, they are judged and written with the same few statements. Their
rows are built before, so that nobody waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from receivables.payment import Bucket, Payment, PaymentState
from receivables.reference_keys import key_of
from receivables.reversals import disputed_minor
from receivables.twins import Alike
from storage import companies, failures, payments, schema
from storage import twins as stored_twins
from storage.alike import Mark, marks_of, stored_before
from storage.failures import Opening
from storage.payments import Told
from storage.work import Work

BEFORE_START_ON = "before_start_on"  # the rule for what was paid before the company began: never posted, whatever it is
TWIN = "twin"  # why the failure was opened


class Intake(StrEnum):
    """What became of a payment handed in."""

    NEW = "new"
    EXCLUDED = "excluded"
    TWIN = "twin"
    SAME = "same"
    STATUS_CHANGED = "status_changed"
    OTHER_CONTENT = "other_content"  # another spelling, or another content: `sync/corrections.py` tells them apart


@dataclass(frozen=True)
class Arrival:
    """A payment handed in, with the rows that it becomes; `excluded_by` is the rule that keeps it from ever being posted."""

    payment: Payment
    source: str
    by: str  # the person of an import, where it named one
    excluded_by: str | None
    marks: tuple[Mark, ...]
    row: Mapping[str, object]
    lines: Sequence[Mapping[str, object]]

    @property
    def number(self) -> str:
        return self.payment.transaction_number


@dataclass(frozen=True)
class Taken:
    """What became of a payment handed in, and what we hold of its fee and its refund, in minor units."""

    became: Intake
    fee_minor: int
    refunded_minor: int


def arrival(payment: Payment, *, source: str, excluded_by: str | None, by: str = "") -> Arrival:
    """Builds the rows of a payment; the database is not asked."""
    row = {
        "company": payment.company,
        "transaction_number": payment.transaction_number,
        "number_key": key_of(payment.transaction_number),
        **payments.content_columns(payment),
        "status": payment.status,
        "fee_minor": payment.fee_minor,
        "status_at": payment.status_at,
        "reason_code": payment.reason_code,
        "dispute": payment.dispute,
        "disputed_minor": disputed_minor(payment),
        "generation": 0,
        "version": 1,
        "source": source,
        "taken_in_by": by,
    }
    return Arrival(payment, source, by, excluded_by, marks_of(payment), row, payments.allocation_rows(payment))


def take_in(work: Work, arrivals: Sequence[Arrival], time_zone: ZoneInfo) -> dict[str, Taken]:
    """Remembers payments, each number once. The same content again is ignored, and other content changes nothing here.

    One that is probably another payment again is held: it is failed from the start, and a person is told. No number may be
    handed in twice at once. Returns what became of each, by its number.
    """
    for each in arrivals:
        work.only_for(each.payment.company)
    companies.one_at_a_time(work)
    known = payments.told_of(work.connection, work.company, [each.number for each in arrivals])
    coming = [each for each in arrivals if each.number not in known]
    others = _alike(work, coming, time_zone)
    _insert(work, coming, others)
    if others:
        stored_twins.remember(work, others)
        twins = [each.payment for each in coming if each.number in others]
        failures.open_many(work, [Opening(payment, TWIN, held=True) for payment in twins])
    return {
        each.number: _came_again(work, each.payment, known[each.number])
        if each.number in known
        else Taken(_beginning(each, others)[0], each.payment.fee_minor, 0)
        for each in arrivals
    }


def _came_again(work: Work, payment: Payment, told: Told) -> Taken:
    """A known number: what the feed said of when and why the money went back is taken, where all else is the same."""
    if told.content_hash != payment.content_hash():
        became = Intake.OTHER_CONTENT
    elif (told.status, told.dispute) != (payment.status, payment.dispute):
        became = Intake.STATUS_CHANGED
    else:
        became = Intake.SAME
        payments.note_when_and_why(work, payment, before=(told.status_at, told.reason_code))
    return Taken(became, told.fee_minor, told.refunded_minor)


def _alike(work: Work, coming: Sequence[Arrival], time_zone: ZoneInfo) -> dict[str, dict[str, Alike]]:
    """For each of these that is probably another payment again, those that came before it, in the database or in this list."""
    asking = [each for each in coming if each.excluded_by != BEFORE_START_ON]
    if not asking:
        return {}
    marks = {mark for each in asking for mark in each.marks}
    earlier = stored_before(work.connection, work.company, marks, time_zone)
    found: dict[str, dict[str, Alike]] = {}
    for each in coming:
        if each.excluded_by != BEFORE_START_ON and (alike := earlier.alike(each.payment, each.marks)):
            found[each.number] = alike
        earlier.add(each.payment, work.at, each.marks)
    return found


def hold_if_twin(work: Work, payment: Payment, time_zone: ZoneInfo) -> bool:
    """After what a payment says was changed: it is held where it now is probably another one again, and let go where not."""
    companies.one_at_a_time(work)
    number, marks = payment.transaction_number, marks_of(payment)
    others = stored_before(work.connection, work.company, marks, time_zone).alike(payment, marks)
    stored_twins.forget(work, number, but=others)
    for other in stored_twins.known_of(work.connection, work.company, number):
        others.pop(other, None)
    if others:
        stored_twins.remember(work, {number: others})
        failures.open_one(work, payment, because=TWIN, held=True)
    return bool(others)


def _beginning(each: Arrival, others: Mapping[str, object]) -> tuple[Intake, dict[str, object]]:
    """What becomes of a new payment, and how its row stands. Whatever the feed says of a twin's money, a person looks at both."""
    if each.number in others:
        became, state, bucket, rule = Intake.TWIN, PaymentState.FAILED, Bucket.WAITING_PERSON, None
    elif each.excluded_by:
        became, state, bucket, rule = Intake.EXCLUDED, PaymentState.EXCLUDED, Bucket.EXCLUDED, each.excluded_by
    else:
        became, state, bucket, rule = Intake.NEW, PaymentState.RECEIVED, Bucket.TO_DO, None
    return became, {"state": state, "bucket": bucket, "excluded_by": rule}


def _insert(work: Work, coming: Sequence[Arrival], others: Mapping[str, object]) -> None:
    if not coming:
        return
    beginnings = [_beginning(each, others)[1] | {"received_at": work.at} for each in coming]
    rows = [{**each.row, **standing} for each, standing in zip(coming, beginnings, strict=True)]
    work.connection.execute(sa.insert(schema.payment), rows)
    if lines := [line for each in coming for line in each.lines]:
        work.connection.execute(sa.insert(schema.allocation), lines)
    for each, row in zip(coming, rows, strict=True):
        payment, rule = each.payment, row["excluded_by"]
        work.record(
            "payment.excluded" if rule else "payment.received",
            transaction_number=each.number,
            body={
                "source": each.source,
                "amount_minor": payment.amount_minor,
                "currency": payment.currency,
                "customer": payment.customer,
                "paid_at": payment.paid_at.isoformat(),
                "content_hash": row["content_hash"],
                **({"rule": rule} if rule else {}),
                **({"taken_in_by": each.by} if each.by else {}),
            },
        )
        work.counted(Bucket(str(row["bucket"])))


def is_told_as(work: Work, payment: Payment) -> bool:
    """Whether the feed still says the same of the money; until this work ends, nobody takes in that it says otherwise."""
    table = schema.payment
    mine = (table.c.company == work.company) & (table.c.transaction_number == payment.transaction_number)
    row = work.connection.execute(sa.select(table.c.status, table.c.dispute).where(mine).with_for_update()).one()
    return (row.status, row.dispute) == (payment.status, payment.dispute)
