"""Failures: payments that could not be posted or did not land as meant, with their evidence and diagnoses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.payment import Payment
from storage import codec, letters, outbox, schema
from storage.given import is_given
from storage.work import Work

#: A new failure is shown when it was diagnosed and is known to stand alone; if that never ends, after this.
SHOWN_AT_THE_LATEST_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class StoredFailure:
    """A failure and what is known about it. `held` failures post nothing by themselves, even when all fits again."""

    company: str
    id: str
    transaction_number: str
    about: str  # "payment"; or of the feed: "correction" of its content, "intake" where the money went back
    state: str  # "open" or "resolved"
    cause: Cause | None
    remedy: Remedy | None
    diagnosis: Diagnosis | None
    opened_because: str
    refusal_code: str
    refusal_message: str
    evidence_id: str | None
    held: bool
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    resolved_by: str
    incident_id: str | None
    version: int
    root: str = ""
    unread_since: datetime | None = None  # since then the books could not be read to the end; what is known is older

    @property
    def shown(self) -> str:
        """What identifies the facts that a person is shown of it; it changes when they do."""
        return self.evidence_id or f"{self.id}-{self.version}"

    @property
    def offered(self) -> tuple[Remedy, ...]:
        """The remedies a person may choose, the recommended one first; none while nobody knows what happened."""
        if self.diagnosis is None or self.diagnosis.awaits_books or self.state != "open":
            return ()
        primary = self.diagnosis.primary
        wanted = [primary.remedy, *primary.alternatives, *(finding.remedy for finding in self.diagnosis.runners_up)]
        return tuple(dict.fromkeys(remedy for remedy in wanted if not (primary.blocked and remedy is primary.remedy)))


@dataclass(frozen=True)
class Opening:
    """A payment that failed, and why; `code` and `message` are what the books said, or what is told of it."""

    payment: Payment
    because: str
    code: str = ""
    message: str = ""
    held: bool = False


def open_many(work: Work, openings: Sequence[Opening]) -> list[str]:
    """Opens the failures of payments, each once, or adds to those that are open, and wants their cards. Returns their ids."""
    known = open_of_many(work.connection, work.company, [opening.payment.transaction_number for opening in openings])
    given: list[tuple[Payment, str, dict[str, object]]] = []
    for opening in openings:
        before = known.get(opening.payment.transaction_number)
        held = opening.held or (before.held if before else False)
        values = {"refusal_code": opening.code, "refusal_message": opening.message, "held": held}
        given.append((opening.payment, opening.because, values))
    ids = _open(work, "payment", known, given)
    open_already = {before.id for before in known.values()}
    outbox.want_many(work, "failure", [failure_id for failure_id in ids if failure_id in open_already])
    new = [failure_id for failure_id in ids if failure_id not in open_already]
    outbox.want_many(work, "failure", new, not_before=work.at + SHOWN_AT_THE_LATEST_AFTER)
    return ids


def open_one(work: Work, payment: Payment, *, because: str, code: str = "", message: str = "", held: bool = False) -> str:
    """The same for one payment."""
    return open_many(work, [Opening(payment, because, code, message, held)])[0]


def open_intake(work: Work, payment: Payment, diagnosis: Diagnosis, *, because: str, about: str = "intake") -> str:
    """Opens a failure about what the feed says, diagnosed already, or adds to the one that is open. Returns its id."""
    known = open_of_many(work.connection, payment.company, [payment.transaction_number], about)
    before = known.get(payment.transaction_number)
    values: dict[str, object] = {"refusal_code": "", "refusal_message": "", "held": before.held if before else False}
    [failure_id] = _open(work, about, known, [(payment, because, values | _words(diagnosis))])
    outbox.want(work, "failure", failure_id)
    return failure_id


def _open(
    work: Work,
    about: str,
    known: Mapping[str, StoredFailure],
    given: Sequence[tuple[Payment, str, dict[str, object]]],
) -> list[str]:
    """Writes what is to be said of each payment's failure, all of them with the same columns. Returns the ids of the failures."""
    ids, new = [], []
    for payment, because, of_it in given:
        work.only_for(payment.company)
        before = known.get(payment.transaction_number)
        # Whatever was read before no longer tells the whole story.
        values = {"opened_because": because, "changed_at": work.at, "evidence_id": None, "unread_since": None, **of_it}
        failure_id = before.id if before else work.ids.new()
        ids.append(failure_id)
        if before:
            changed = sa.update(schema.failure).where(_is(work.company, failure_id))
            work.connection.execute(changed.values(version=before.version + 1, **values))
        else:
            key = {"company": work.company, "id": failure_id, "transaction_number": payment.transaction_number, "about": about}
            new.append(key | {"state": "open", "opened_at": work.at, "version": 1} | values)
        work.record(
            "failure.changed" if before else "failure.opened",
            transaction_number=payment.transaction_number,
            body={
                "failure": failure_id,
                "because": because,
                "code": values["refusal_code"],
                "message": values["refusal_message"],
                "about": about,
            },
        )
    if new:
        work.connection.execute(_NEW, new)
    return ids


_NEW = sa.insert(schema.failure)


def hold(work: Work, number: str) -> None:
    """From now on the payment's open failure posts nothing by itself, even when all fits again."""
    work.connection.execute(_HOLD, {"of_company": work.company, "numbers": [number], "of_what": "payment"})


def resolve(work: Work, found: StoredFailure, *, resolution: str, by: str) -> bool:
    """Ends a failure, saying how and by whom. False when somebody else ended or changed it meanwhile."""
    work.only_for(found.company)
    table = schema.failure
    ended = work.connection.execute(
        sa.update(table)
        .where(_is(found.company, found.id), table.c.state == "open", table.c.version == found.version)
        .values(
            state="resolved",
            resolved_at=work.at,
            resolution=resolution,
            resolved_by=by,
            changed_at=work.at,
            version=found.version + 1,
        )
    )
    if ended.rowcount != 1:
        return False
    work.record(
        "failure.resolved",
        transaction_number=found.transaction_number,
        body={"failure": found.id, "resolution": resolution, "by": by},
    )
    outbox.want(work, "failure", found.id)
    letters.end(work, found.id)
    return True


_HERE = (
    schema.failure.c.company == sa.bindparam("of_company"),
    is_given(schema.failure.c.transaction_number, "numbers"),
    schema.failure.c.about == sa.bindparam("of_what"),
    schema.failure.c.state.concat("") == "open",  # found by their payments: by its state alone SQLite would walk all open ones
)
_OPEN_OF = sa.select(schema.failure).where(*_HERE)  # no order, or SQLite would take it from an index of all of them
_HOLD = sa.update(schema.failure).where(*_HERE).values(held=True, version=schema.failure.c.version + 1)


def open_of_many(
    connection: Connection, company: str, numbers: Collection[str], about: str = "payment"
) -> Mapping[str, StoredFailure]:
    """The open failures of these payments, by transaction number."""
    if not numbers:
        return {}
    given = {"of_company": company, "numbers": list(numbers), "of_what": about}
    return {row.transaction_number: _stored(row._mapping) for row in connection.execute(_OPEN_OF, given)}


def open_of(connection: Connection, company: str, number: str, about: str = "payment") -> StoredFailure | None:
    """The open failure of a payment, if there is one."""
    return open_of_many(connection, company, [number], about).get(number)


@dataclass(frozen=True)
class Trouble:
    """Whether a failure of a payment is open, and when one of them last changed."""

    open: bool
    changed_at: datetime | None


def troubles(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Trouble]:
    """The payments among these that ever had a failure, by transaction number."""
    table = schema.failure
    rows = connection.execute(
        sa.select(table.c.transaction_number, table.c.state, sa.func.max(table.c.changed_at).label("changed_at"))
        .where(table.c.company == company, table.c.transaction_number.in_(numbers))
        .group_by(table.c.transaction_number, table.c.state)
    )
    found: dict[str, Trouble] = {}
    for row in rows:
        before = found.get(row.transaction_number)
        latest = max(row.changed_at, before.changed_at) if before and before.changed_at else row.changed_at
        found[row.transaction_number] = Trouble(row.state == "open" or bool(before and before.open), latest)
    return found


def open_because(connection: Connection, company: str, numbers: Collection[str], because: str) -> frozenset[str]:
    """The payments among these of which a failure is open that was opened for this reason."""
    table = schema.failure
    here = (table.c.company == company, table.c.opened_because == because, schema.is_in(table.c.state, "open"))
    rows = connection.execute(sa.select(table.c.transaction_number).where(*here, table.c.transaction_number.in_(numbers)))
    return frozenset(rows.scalars())


def get(connection: Connection, company: str, failure_id: str) -> StoredFailure:
    return select(connection, _is(company, failure_id))[0]


def find(connection: Connection, failure_id: str) -> StoredFailure | None:
    """A failure of whatever company by its id, or None."""
    return next(iter(select(connection, schema.failure.c.id == failure_id)), None)


def open_ones(
    connection: Connection, company: str, *, about: str | None = None, limit: int | None = None, after: str = ""
) -> Sequence[StoredFailure]:
    """The open failures of a company in the order of their ids; `after` continues a walk."""
    table = schema.failure
    condition = sa.and_(table.c.company == company, schema.is_in(table.c.state, "open"), table.c.id > after)
    if about is not None:
        condition = sa.and_(condition, table.c.about == about)
    return select(connection, condition, limit)


def of_company(connection: Connection, company: str) -> Sequence[StoredFailure]:
    """Every failure, resolved ones too, oldest first."""
    return sorted(select(connection, schema.failure.c.company == company), key=lambda found: (found.opened_at, found.id))


def of_payment(connection: Connection, company: str, number: str) -> Sequence[StoredFailure]:
    """Every failure of one payment, oldest first."""
    table = schema.failure
    found = select(connection, sa.and_(table.c.company == company, table.c.transaction_number == number))
    return sorted(found, key=lambda found: (found.opened_at, found.id))


_CHANGE = sa.update(schema.failure).where(
    schema.failure.c.company == sa.bindparam("of_company"), schema.failure.c.id == sa.bindparam("of_id")
)
_SHOW = (
    _CHANGE.where(schema.failure.c.state == "open")
    .values(changed_at=sa.bindparam("now"), version=schema.failure.c.version + 1, root=sa.bindparam("of_root"))
    .values({name: sa.bindparam(f"now_{name}") for name in ("cause", "remedy", "confidence", "diagnosis")})
    .returning(schema.failure.c.transaction_number)
)


def show(work: Work, failure_id: str, diagnosis: Diagnosis, root: str) -> str | None:
    """Keeps a diagnosis on its failure. Returns the payment's transaction number; None where it was resolved meanwhile."""
    here = {"of_company": work.company, "of_id": failure_id, "now": work.at, "of_root": root}
    given = here | {f"now_{name}": value for name, value in _words(diagnosis).items()}
    shown: str | None = work.connection.execute(_SHOW, given).scalar_one_or_none()
    return shown


def _words(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "cause": diagnosis.primary.cause,
        "remedy": diagnosis.primary.remedy,
        "confidence": diagnosis.primary.confidence,
        "diagnosis": codec.diagnosis_to_json(diagnosis),
    }


def _is(company: str, failure_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(schema.failure.c.company == company, schema.failure.c.id == failure_id)


def select(
    connection: Connection,
    condition: sa.ColumnElement[bool],
    limit: int | None = None,
    order: Sequence[sa.ColumnElement[Any]] = (schema.failure.c.id,),
) -> list[StoredFailure]:
    """Failures by a condition of another file of this room, in the order of their ids or in another."""
    rows = connection.execute(sa.select(schema.failure).where(condition).order_by(*order).limit(limit))
    return [_stored(row._mapping) for row in rows]


def _stored(row: Mapping[str, Any] | sa.RowMapping) -> StoredFailure:
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "confidence"}
    values["diagnosis"] = codec.diagnosis_from_json(values["diagnosis"]) if values["diagnosis"] else None
    return StoredFailure(**values)


def transaction_numbers(found: Collection[StoredFailure]) -> list[str]:
    """The payments of some failures, each once, in order."""
    return sorted({failure.transaction_number for failure in found})
