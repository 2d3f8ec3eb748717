"""Payments taken in: each remembered once, and held for a person where it probably is another one again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from receivables import twins
from receivables.payment import Bucket, Payment, PaymentState
from receivables.reference_keys import key_of
from receivables.twins import Alike
from storage import companies, failures, payments, schema
from storage import twins as stored_twins
from storage.work import Work

BEFORE_START_ON = "before_start_on"  # the rule for what was paid before the company began: never posted, whatever it is
TWIN = "twin"  # why the failure was opened
MOST_SHOWN = 5  # of the payments that one is probably again, those that came first; a feed gone wrong may bring hundreds


class Intake(StrEnum):
    """What became of a payment handed in."""

    NEW = "new"
    EXCLUDED = "excluded"
    TWIN = "twin"
    SAME = "same"
    STATUS_CHANGED = "status_changed"
    OTHER_CONTENT = "other_content"  # another spelling, or another content: `sync/corrections.py` tells them apart


def take_in(work: Work, payment: Payment, *, source: str, excluded_by: str | None, time_zone: ZoneInfo, by: str = "") -> Intake:
    """Remembers a payment once. The same content again is ignored, and other content changes nothing here.

    One that is probably another payment again is held: it is failed from the start, and a person is told. `by` is the
    person of an import, where it named one.
    """
    work.only_for(payment.company)
    table = schema.payment
    known = work.connection.execute(
        sa.select(table.c.content_hash, table.c.status, table.c.dispute, table.c.status_at, table.c.reason_code).where(
            table.c.company == payment.company, table.c.transaction_number == payment.transaction_number
        )
    ).one_or_none()
    if known is not None:
        if known.content_hash != payment.content_hash():
            return Intake.OTHER_CONTENT
        same = (known.status, known.dispute) == (payment.status, payment.dispute)
        if same:
            payments.note_when_and_why(work, payment, before=(known.status_at, known.reason_code))
        return Intake.SAME if same else Intake.STATUS_CHANGED
    others = {} if excluded_by == BEFORE_START_ON else _alike(work, payment, time_zone)
    if others:
        excluded_by = None  # whatever the feed says of its money, a person looks at both
    state, bucket = _beginning(excluded_by, others)
    origin = {"source": source, "taken_in_by": by}
    _insert(work, payment, origin, {"state": state, "bucket": bucket, "excluded_by": excluded_by})
    work.record(
        "payment.excluded" if excluded_by else "payment.received",
        transaction_number=payment.transaction_number,
        body={
            "source": source,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "customer": payment.customer,
            "paid_at": payment.paid_at.isoformat(),
            "content_hash": payment.content_hash(),
            **({"rule": excluded_by} if excluded_by else {}),
            **({"taken_in_by": by} if by else {}),
        },
    )
    if others:
        stored_twins.remember(work, payment, others)
        failures.open_one(work, payment, because=TWIN, held=True)
        return Intake.TWIN
    return Intake.EXCLUDED if excluded_by else Intake.NEW


def _alike(work: Work, payment: Payment, time_zone: ZoneInfo) -> Mapping[str, Alike]:
    """The payments that came before and are probably this one, by number, with what makes them alike."""
    companies.one_intake_at_a_time(work)
    found = sorted(payments.like(work.connection, payment), key=lambda other: (other.received_at, other.number))
    reasons = {other.number: twins.alike(payment, other.payment, time_zone) for other in found}
    alike = [(number, why) for number, why in reasons.items() if why is not None]
    return dict(alike[:MOST_SHOWN])


def hold_if_twin(work: Work, payment: Payment, time_zone: ZoneInfo) -> bool:
    """After what a payment says was changed: it is held where it now is probably another one again, and let go where not."""
    number = payment.transaction_number
    others = dict(_alike(work, payment, time_zone))
    stored_twins.forget(work, number, but=others)
    for other in stored_twins.known_of(work.connection, work.company, number):
        others.pop(other, None)
    if others:
        stored_twins.remember(work, payment, others)
        failures.open_one(work, payment, because=TWIN, held=True)
    return bool(others)


def _beginning(excluded_by: str | None, others: Mapping[str, Alike]) -> tuple[PaymentState, Bucket]:
    if others:
        return PaymentState.FAILED, Bucket.WAITING_PERSON
    return (PaymentState.EXCLUDED, Bucket.EXCLUDED) if excluded_by else (PaymentState.RECEIVED, Bucket.TO_DO)


def _insert(work: Work, payment: Payment, origin: Mapping[str, str], standing: Mapping[str, str | None]) -> None:
    work.connection.execute(
        sa.insert(schema.payment).values(
            company=payment.company,
            transaction_number=payment.transaction_number,
            number_key=key_of(payment.transaction_number),
            **payments.content_columns(payment),
            status=payment.status,
            fee_minor=payment.fee_minor,
            status_at=payment.status_at,
            reason_code=payment.reason_code,
            dispute=payment.dispute,
            received_at=work.at,
            generation=0,
            version=1,
            **origin,
            **standing,
        )
    )
    payments.insert_allocations(work, payment)
