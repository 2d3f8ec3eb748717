"""Payments as we remember them: taken in once, moved from state to state, never lost sight of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables import twins
from receivables.payment import NOT_POSTED, Allocation, Bucket, Dispute, FeedStatus, Payment, PaymentState
from receivables.reversals import Reversal, disputed_minor, parts
from storage import schema
from storage.given import is_given
from storage.work import Work

_CHANGES = ("generation", "on_account_minor", "excluded_by")
KEYS_AT_ONCE = 500  # values in one condition; SQLite allows 32,766, and long ones are planned slowly


@dataclass(frozen=True)
class StoredPayment:
    """A payment with where it stands. `version` rises with each move, `generation` with each deliberate re-creation."""

    payment: Payment
    state: PaymentState
    bucket: Bucket
    generation: int
    version: int
    on_account_minor: int
    received_at: datetime
    source: str
    taken_in_by: str = ""  # the person of an import, where it named one
    excluded_by: str | None = None
    verified_at: datetime | None = None
    hidden_by: str | None = None
    told_at: datetime | None = None  # when the feed told its status, where that changed
    told_before: FeedStatus | None = None  # what it had said, as long as no person confirmed what it says now
    reversals: tuple[Reversal, ...] = ()  # as the feed told them; a refund in part is beside them

    @property
    def number(self) -> str:
        return self.payment.transaction_number

    @property
    def nothing_sent(self) -> bool:
        """Whether nothing of it is under way, and nothing may have arrived."""
        return self.state in NOT_POSTED and self.bucket is not Bucket.UNKNOWN


class Changed(TypedDict, total=False):
    """What else of a payment changes with its move; what is None stays. Without `excluded_by` it is excluded by nothing."""

    generation: int | None
    on_account_minor: int | None
    excluded_by: str | None


@dataclass(frozen=True)
class Move:
    """A payment that is to be moved on from where it was read; `action` and `body` are what the record says of it."""

    stored: StoredPayment
    state: PaymentState
    bucket: Bucket
    action: str
    body: Mapping[str, object] = field(default_factory=dict)
    changes: Changed = field(default_factory=Changed)


def content_columns(payment: Payment) -> dict[str, object]:
    """What the feed says of a payment, as it is kept in its row."""
    return {
        "customer": payment.customer,
        "customer_key": twins.folded(payment.customer),
        "customer_id": payment.customer_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "paid_at": payment.paid_at,
        "has_time": payment.has_time,
        "method": payment.method,
        "content_hash": payment.content_hash(),
        "on_account_minor": payment.on_account_minor,
    }


def set_status(work: Work, payment: Payment, *, before: FeedStatus) -> None:
    """Remembers what the feed now says became of the money; `before` is what it had said."""
    told = {"status": payment.status, "reason_code": payment.reason_code, "dispute": payment.dispute}
    values = {**told, "status_at": payment.status_at, "told_at": work.at, "disputed_minor": disputed_minor(payment)}
    if payment.status is not before:
        values["told_before"] = before
    work.connection.execute(sa.update(schema.payment).where(_is(work.company, payment.transaction_number)).values(**values))
    body = {name: str(value) for name, value in told.items() if value}
    work.record("payment.status", transaction_number=payment.transaction_number, body=body)


def note_when_and_why(work: Work, payment: Payment, *, before: tuple[datetime | None, str]) -> None:
    """Takes what the feed now says of when and why the money went back, where it says the same of the money itself.

    A feed that says nothing of them takes nothing back.
    """
    told = {"status_at": payment.status_at, "reason_code": payment.reason_code}
    news = {name: value for (name, value), held in zip(told.items(), before, strict=True) if value and value != held}
    if news:
        work.connection.execute(sa.update(schema.payment).where(_is(work.company, payment.transaction_number)).values(**news))
        body = {name: str(value) for name, value in news.items()}
        work.record("payment.status", transaction_number=payment.transaction_number, body=body)


def confirm_status(work: Work, number: str) -> None:
    """A person, or the books, confirmed what the feed says now: that it had said otherwise counts no more.

    Of one that is paid no reversal counts any more by which all of it went out.
    """
    stored = find(work.connection, work.company, number)
    work.connection.execute(sa.update(schema.payment).where(_is(work.company, number)).values(told_before=""))
    if stored and stored.reversals and stored.payment.status is FeedStatus.PAID:
        set_reversals(work, number, parts(stored.payment, stored.reversals))


def set_reversals(work: Work, number: str, reversals: Sequence[Reversal]) -> None:
    """Remembers the reversals of a payment."""
    told = [[reversal.status.value, reversal.at.isoformat(), reversal.amount_minor] for reversal in reversals]
    work.connection.execute(sa.update(schema.payment).where(_is(work.company, number)).values(reversals=told))
    work.record("payment.reversals", transaction_number=number, body={"reversals": told})


def note_fee_and_refund(work: Work, payment: Payment, *, before: tuple[int, int]) -> bool:
    """Remembers what the feed now says was kept or given back of a payment; `before` is what we hold of both. True where another
    sum was given back than before.

    A feed that says nothing of them takes nothing back.
    """
    told = {"fee_minor": payment.fee_minor, "refunded_minor": payment.refunded_minor}
    news = {name: minor for (name, minor), held in zip(told.items(), before, strict=True) if minor and minor != held}
    if news:
        number = payment.transaction_number
        rows = {"refunds": list(payment.refunds)} if "refunded_minor" in news else {}
        work.connection.execute(sa.update(schema.payment).where(_is(work.company, number)).values(**news, **rows))
        work.record("payment.fee_or_refund", transaction_number=number, body=news)
    return "refunded_minor" in news


class Told(NamedTuple):
    """What the feed said of a payment that we hold: what tells whether it says the same again."""

    content_hash: str
    status: FeedStatus
    dispute: Dispute
    status_at: datetime | None
    reason_code: str
    fee_minor: int
    refunded_minor: int


def told_of(connection: Connection, company: str, numbers: Sequence[str]) -> Mapping[str, Told]:
    """What the feed said of those of these payments that we hold, by transaction number."""
    table, found = schema.payment, {}
    query = sa.select(table.c.transaction_number, *(table.c[name] for name in Told._fields)).where(table.c.company == company)
    for start in range(0, len(numbers), KEYS_AT_ONCE):
        some = query.where(table.c.transaction_number.in_(numbers[start : start + KEYS_AT_ONCE]))
        found.update({number: Told(*told) for number, *told in connection.execute(some)})
    return found


def find(connection: Connection, company: str, number: str) -> StoredPayment | None:
    """One payment, or None when it is not known."""
    return next(iter(_load(connection, _is(company, number), limit=1)), None)


def find_everywhere(connection: Connection, number: str) -> Sequence[StoredPayment]:
    """The payments with this transaction number, of whatever company."""
    return _load(connection, schema.payment.c.transaction_number == number, limit=50)


def in_state(
    connection: Connection, company: str, state: PaymentState, *, limit: int, after: str = ""
) -> Sequence[StoredPayment]:
    """A bounded batch of payments in one state, in the order of their numbers; `after` continues a walk."""
    given = {"of_company": company, "of_state": state, "after": after, "most": limit}
    return _stored_all(connection, connection.execute(_IN_STATE, given).all())


def of_company(connection: Connection, company: str) -> Sequence[StoredPayment]:
    """Every payment of a company; for proofs and the demo, not for the journey."""
    return _load(connection, schema.payment.c.company == company, limit=None)


def walk(connection: Connection, company: str, *, limit: int, after: str = "") -> Sequence[StoredPayment]:
    """A bounded batch of all payments of a company, hidden ones included, in the order of their numbers."""
    condition = sa.and_(schema.payment.c.company == company, schema.payment.c.transaction_number > after)
    return _load(connection, condition, limit=limit)


def not_in_books(connection: Connection, company: str, amounts_minor: Collection[int], *, limit: int) -> Sequence[StoredPayment]:
    """Payments of one of these amounts that wait to be posted or failed, in the order of their numbers."""
    table = schema.payment
    condition = sa.and_(table.c.company == company, table.c.state.in_(NOT_POSTED), table.c.amount_minor.in_(amounts_minor))
    return _load(connection, condition, limit=limit)


def gone_on(connection: Connection, company: str, invoice_ids: Collection[str]) -> Mapping[str, StoredPayment]:
    """The payments with a line bound to one of these invoices whose money went back, says the feed; by transaction number."""
    table, payment = schema.binding, schema.payment
    bound = sa.select(table.c.transaction_number).where(table.c.company == company, table.c.invoice_id.in_(invoice_ids))
    of_them = payment.c.transaction_number.in_(bound)
    here = sa.and_(payment.c.company == company, of_them, payment.c.status != FeedStatus.PAID)
    return {stored.number: stored for stored in _load(connection, here, limit=None)}


def versions(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, int]:
    """Which version of each of these payments holds; one that was moved since it was read has another."""
    rows = connection.execute(_VERSIONS, {"of_company": company, "numbers": numbers})
    return {row.transaction_number: row.version for row in rows}


def by_numbers(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, StoredPayment]:
    """Several payments by transaction number; unknown ones are left out."""
    if not numbers:
        return {}
    rows = connection.execute(_BY_NUMBERS, {"of_company": company, "numbers": list(numbers)}).all()
    return {stored.number: stored for stored in _stored_all(connection, rows)}


def numbers_by_key(connection: Connection, company: str, keys: Collection[str]) -> Mapping[str, Sequence[str]]:
    """The transaction numbers that are these but for their form (`reference_keys.key_of`), by key, each in order."""
    table, asked = schema.payment, sorted(keys)
    found: dict[str, list[str]] = {}
    query = sa.select(table.c.number_key, table.c.transaction_number).where(table.c.company == company)
    for start in range(0, len(asked), KEYS_AT_ONCE):
        some = table.c.number_key.in_(asked[start : start + KEYS_AT_ONCE])
        for row in connection.execute(query.where(some).order_by(table.c.transaction_number)):
            found.setdefault(row.number_key, []).append(row.transaction_number)
    return found


def allocation_rows(payment: Payment) -> list[dict[str, object]]:
    """What of the payment is meant for which invoice, line by line."""
    key = {"company": payment.company, "transaction_number": payment.transaction_number}
    return [{**key, "line": line, **vars(allocation)} for line, allocation in enumerate(payment.allocations, start=1)]


_MOVE = (
    sa.update(schema.payment)
    .where(schema.payment.c.company == sa.bindparam("of_company"))
    .where(sa.tuple_(schema.payment.c.transaction_number, schema.payment.c.version).in_(sa.bindparam("as_read", expanding=True)))
    .values(
        state=sa.bindparam("to_state"),
        bucket=sa.bindparam("to_bucket"),
        version=schema.payment.c.version + 1,
        generation=sa.func.coalesce(sa.bindparam("to_generation", type_=sa.Integer), schema.payment.c.generation),
        on_account_minor=sa.func.coalesce(
            sa.bindparam("to_on_account_minor", type_=sa.BigInteger), schema.payment.c.on_account_minor
        ),
        excluded_by=sa.bindparam("to_excluded_by"),
        verified_at=sa.func.coalesce(sa.bindparam("verified_now", type_=schema.Moment), schema.payment.c.verified_at),
    )
    .returning(schema.payment.c.transaction_number)
)


def move_many(work: Work, moves: Sequence[Move]) -> set[str]:
    """Moves each payment on, if nobody moved it since it was read, and records that. Returns the numbers of those moved."""
    alike: dict[tuple[object, ...], list[Move]] = {}
    for move in moves:
        work.only_for(move.stored.payment.company)
        to = (move.state, move.bucket, *(move.changes.get(name) for name in _CHANGES))
        alike.setdefault(to, []).append(move)
    moved: set[str] = set()
    for (state, bucket, *changes), some in alike.items():
        given = {
            "of_company": work.company,
            "as_read": [(move.stored.number, move.stored.version) for move in some],
            "to_state": state,
            "to_bucket": bucket,
            "verified_now": work.at if state is PaymentState.VERIFIED else None,
            **{f"to_{name}": value for name, value in zip(_CHANGES, changes, strict=True)},
        }
        moved.update(work.connection.execute(_MOVE, given).scalars())
    for move in moves:
        if move.stored.number in moved:
            body = {"from": move.stored.state.value, "to": move.state.value, **move.body}
            work.record(move.action, transaction_number=move.stored.number, body=body)
            work.counted(move.bucket, before=move.stored.bucket)
    return moved


def move(
    work: Work,
    stored: StoredPayment,
    state: PaymentState,
    bucket: Bucket,
    *,
    action: str,
    body: Mapping[str, object] | None = None,
    **changes: Unpack[Changed],
) -> bool:
    """The same for one payment. False when somebody else moved it meanwhile."""
    return bool(move_many(work, [Move(stored, state, bucket, action, body or {}, changes)]))


def buckets(connection: Connection, company: str) -> Mapping[tuple[Bucket, str], tuple[int, int]]:
    """How many payments, and how much (minor units), stand in each bucket and currency; hidden ones included."""
    table = schema.payment
    rows = connection.execute(
        sa.select(table.c.bucket, table.c.currency, sa.func.count(), sa.func.sum(table.c.amount_minor))
        .where(table.c.company == company)
        .group_by(table.c.bucket, table.c.currency)
    )
    return {(Bucket(bucket), currency): (count, int(total)) for bucket, currency, count, total in rows}


def _is(company: str, number: str) -> sa.ColumnElement[bool]:
    return sa.and_(schema.payment.c.company == company, schema.payment.c.transaction_number == number)


_IN_ORDER = (
    sa.select(schema.payment)
    .where(schema.payment.c.company == sa.bindparam("of_company"))
    .order_by(schema.payment.c.company, schema.payment.c.transaction_number)
)
_IN_STATE = _IN_ORDER.where(
    schema.payment.c.state == sa.bindparam("of_state"), schema.payment.c.transaction_number > sa.bindparam("after")
).limit(sa.bindparam("most"))
_BY_NUMBERS = _IN_ORDER.where(is_given(schema.payment.c.transaction_number, "numbers"))
_VERSIONS = _BY_NUMBERS.with_only_columns(schema.payment.c.transaction_number, schema.payment.c.version)
_ALLOCATIONS = (
    sa.select(schema.allocation)
    .where(schema.allocation.c.company == sa.bindparam("of_company"))
    .where(is_given(schema.allocation.c.transaction_number, "numbers"))
    .order_by(schema.allocation.c.transaction_number, schema.allocation.c.line)
)


def _load(connection: Connection, condition: sa.ColumnElement[bool], *, limit: int | None) -> list[StoredPayment]:
    table = schema.payment
    query = sa.select(table).where(condition).order_by(table.c.company, table.c.transaction_number).limit(limit)
    return _stored_all(connection, connection.execute(query).all())


def _stored_all(connection: Connection, rows: Sequence[sa.Row[tuple[object, ...]]]) -> list[StoredPayment]:
    allocations = _allocations(connection, {(row.company, row.transaction_number) for row in rows})
    return [_stored(row, allocations.get((row.company, row.transaction_number), ())) for row in rows]


def _allocations(connection: Connection, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Allocation, ...]]:
    found: dict[tuple[str, str], tuple[Allocation, ...]] = {}
    for company in {company for company, _ in keys}:
        given = {"of_company": company, "numbers": [number for of, number in keys if of == company]}
        for row in connection.execute(_ALLOCATIONS, given):
            key = (row.company, row.transaction_number)
            found[key] = (*found.get(key, ()), Allocation(row.amount_minor, row.invoice_number, row.invoice_id))
    return found


def _stored(row: sa.Row[tuple[object, ...]], allocations: tuple[Allocation, ...]) -> StoredPayment:
    return StoredPayment(
        payment=Payment(
            company=row.company,
            transaction_number=row.transaction_number,
            customer=row.customer,
            customer_id=row.customer_id,
            amount_minor=row.amount_minor,
            currency=row.currency,
            paid_at=row.paid_at,
            method=row.method,
            allocations=allocations,
            status=FeedStatus(row.status),
            has_time=row.has_time,
            fee_minor=row.fee_minor,
            refunded_minor=row.refunded_minor,
            refunds=tuple(row.refunds),
            status_at=row.status_at,
            reason_code=row.reason_code,
            dispute=Dispute(row.dispute),
            status_minor=row.disputed_minor,
        ),
        state=PaymentState(row.state),
        bucket=Bucket(row.bucket),
        generation=row.generation,
        version=row.version,
        on_account_minor=row.on_account_minor,
        received_at=row.received_at,
        source=row.source,
        taken_in_by=row.taken_in_by,
        excluded_by=row.excluded_by,
        verified_at=row.verified_at,
        hidden_by=row.hidden_by,
        told_at=row.told_at,
        told_before=FeedStatus(row.told_before) if row.told_before else None,
        reversals=tuple(Reversal(FeedStatus(status), datetime.fromisoformat(at), minor) for status, at, minor in row.reversals),
    )
