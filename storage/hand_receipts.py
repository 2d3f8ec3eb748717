"""Receipts without our marker, as last seen: found by what is written on them, or by customer and amount.

Written with the mirror, in its transactions. A row that is deleted or voided keeps everything that it was, because a
receipt that named a payment and went may have bounced. Nothing is decided: what is found is read fresh and judged by `rules`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.books_records import Receipt, Stamp, UnreadableReceipt
from receivables.effects import markers_in
from receivables.reference_keys import (
    LONGEST_KEY,
    MOST_WORDS,
    TELLING_LENGTH,
    beginnings,
    cut_keys_in,
    key_of,
    keys_in,
    words_of,
)
from storage import codec, schema
from storage.given import Given, as_given, is_given
from storage.work import Work

ASKED_AT_ONCE = 60  # payments in one statement
LAST = "\U0010ffff"  # after every text that begins alike

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What a receipt of one payment would be like. `least_minor` is the payment less the largest fee; days are the books' own."""

    number: str
    currency: str
    amount_minor: int
    least_minor: int
    customer_ids: frozenset[str]
    since: date
    through: date


@dataclass(frozen=True)
class Found:
    """A receipt that may be a payment's money, as last seen; `seen` is None where it could not be read whole, and why."""

    id: str
    seen: Receipt | None
    problem: str
    gone: bool
    ended: Stamp | None  # by whom and when it was deleted or voided, where the books tell
    texts: tuple[str, ...] = ()  # all that is known of one that could not be read whole


# --- written with the mirror ------------------------------------------------------------------------------------------


def remember(work: Work, receipts: Sequence[Receipt], longest_reference: int) -> None:
    """Takes over what was just read of these receipts, each at most once. Those of ours have no row here."""
    by_hand = [receipt for receipt in receipts if not markers_in(receipt.memo)]
    ended = {receipt.id: receipt.changed for receipt in by_hand if receipt.voided}
    _forget(work, [receipt.id for receipt in receipts if receipt.id not in ended])
    known = bury(work, ended)
    new = [receipt for receipt in by_hand if receipt.id not in known]
    _insert(work, [(_row(receipt), _starts(receipt, longest_reference)) for receipt in new])


def remember_unreadable(work: Work, receipts: Sequence[UnreadableReceipt]) -> None:
    """Takes over what can be read of receipts with figures that cannot; each at most once."""
    _forget(work, [receipt.id for receipt in receipts])
    rows: list[Row] = [
        _LIVING
        | {
            "document_id": receipt.id,
            "customer_id": receipt.customer_id,
            "currency": "",
            "amount_minor": None,
            "received_on": None,
            "problem": receipt.why,
            "texts": list(receipt.texts),
            "body": None,
        }
        for receipt in receipts
    ]
    _insert(work, [(row, dict.fromkeys((start for text in row["texts"] for start in _starts_of(text)), False)) for row in rows])


def bury(work: Work, ended: Mapping[str, Stamp | None]) -> set[str]:
    """These, by their ids, were deleted or voided; they stay as they were. Returns those that had a row."""
    table = schema.hand_receipt
    if not ended:
        return set()
    here = sa.and_(table.c.company == work.company, table.c.document_id.in_(ended))
    known = work.connection.execute(sa.select(table.c.document_id, table.c.gone).where(here)).all()
    for row in known:
        if not row.gone:
            this = sa.and_(here, table.c.document_id == row.document_id)
            work.connection.execute(sa.update(table).where(this).values(**_gone(ended[row.document_id])))
    return {row.document_id for row in known}


def _forget(work: Work, ids: Collection[str]) -> None:
    if ids:
        for table in (schema.receipt_key, schema.hand_receipt):
            work.connection.execute(sa.delete(table).where(table.c.company == work.company, table.c.document_id.in_(ids)))


def _gone(stamp: Stamp | None) -> Row:
    """That it was deleted or voided, by whom and when where the books tell."""
    return {"gone": True, "gone_at": stamp.at.astimezone(UTC) if stamp else None, "gone_by": stamp.person if stamp else ""}


_LIVING: Row = {"gone": False, "gone_at": None, "gone_by": "", "problem": ""}


def _row(receipt: Receipt) -> Row:
    return {
        **_LIVING,
        **(_gone(receipt.changed) if receipt.voided else {}),
        "document_id": receipt.id,
        "customer_id": receipt.customer_id,
        "currency": receipt.currency,
        "amount_minor": receipt.amount_minor,
        "received_on": receipt.received_on,
        "texts": list(receipt.written),
        "body": codec.document_to_json(receipt),
    }


def _starts(receipt: Receipt, longest_reference: int) -> dict[str, bool]:
    """Everything a number may begin with in the texts of a receipt, and whether the package cut it there."""
    starts = dict.fromkeys((start for text in receipt.written for start in _starts_of(text)), False)
    return starts | dict.fromkeys(cut_keys_in(receipt.reference, longest_reference), True)


def _starts_of(text: str) -> Iterable[str]:
    """One text from each of its words on. Every key of `keys_in` is the beginning of one of these."""
    words = words_of(text)
    for place in range(len(words)):
        joined = "".join(words[place : place + MOST_WORDS]).lstrip("0")
        if not words[place].strip("0"):
            yield "0"
        if joined:
            yield joined[:LONGEST_KEY]


def _insert(work: Work, rows: Sequence[tuple[Row, dict[str, bool]]]) -> None:
    receipts = [{"company": work.company, **row} for row, _ in rows]
    keys = [
        {"company": work.company, "document_id": row["document_id"], "start": start, "cut": cut}
        for row, starts in rows
        for start, cut in starts.items()
    ]
    if receipts:
        work.connection.execute(sa.insert(schema.hand_receipt), receipts)
    if keys:
        work.connection.execute(sa.insert(schema.receipt_key), keys)


# --- asked by posting, diagnosis, sending and the proof ------------------------------------------------------------------


def find(connection: Connection, company: str, wanted: Sequence[Wanted]) -> dict[str, list[Found]]:
    """For each payment, by its number, every receipt that may be its money, in the order of their ids.

    On any customer where a text holds the number (or, under six characters, beside the same amount, or beside this payment
    less a fee on its customer); without a word of it, a living one of its customer and amount near its day.
    """
    found: dict[str, list[Found]] = {asked.number: [] for asked in wanted}
    for begin in range(0, len(wanted), ASKED_AT_ONCE):
        some = wanted[begin : begin + ASKED_AT_ONCE]
        rows = {row.document_id: row for query, given in queries(company, some) for row in connection.execute(query, given)}
        cut = _cut_keys(connection, company, rows)
        for row_id, row in sorted(rows.items()):
            held, result = _Written(row, {key for text in row.texts for key in keys_in(text)}, cut[row_id]), None
            for asked in some:
                if _names(asked, held) or (not row.gone and _is_near(asked, row)):
                    result = result or _found(row)
                    found[asked.number].append(result)
    return found


def may_be(asked: Wanted, receipt: Receipt, longest_reference: int) -> bool:
    """The same of a living receipt as it was just read."""
    return names_it(asked, receipt, longest_reference) or _is_near(asked, receipt)


def names_it(asked: Wanted, receipt: Receipt, longest_reference: int) -> bool:
    """Whether a text of a receipt holds the payment's number, as far as so short a number tells anything."""
    keys = {key for text in receipt.written for key in keys_in(text)}
    return _names(asked, _Written(receipt, keys, set(cut_keys_in(receipt.reference, longest_reference))))


def queries(company: str, wanted: Sequence[Wanted]) -> list[tuple[sa.Select[Any], Row]]:
    """By words, and by customer and amount; all by index. Each is a statement with what it is asked with."""
    keyed = [(key, asked) for asked in wanted if (key := key_of(asked.number))]
    telling = [key for key, _ in keyed if len(key) >= TELLING_LENGTH]
    short = [(key, asked) for key, asked in keyed if len(key) < TELLING_LENGTH]
    found: list[tuple[sa.Select[Any], Row]] = []
    if telling:
        found.append((_NAMED, {"asked": as_given((company, key, key + LAST) for key in telling)}))
        found.append((_NAMED_CUT, {"begins": sorted({start for key in telling for start in beginnings(key)})}))
    if short:
        rows = [(company, key, key + LAST, asked.least_minor, asked.amount_minor) for key, asked in short]
        found.append((_NAMED_SHORT, {"asked": as_given(rows)}))
    customers = {customer_id for asked in wanted for customer_id in asked.customer_ids}
    if customers:
        amounts = {asked.amount_minor for asked in wanted}
        found.append((_OF_CUSTOMER, {"customers": sorted(customers), "amounts": sorted(amounts)}))
    return [(query, {"of_company": company, **given}) for query, given in found]


def _asked() -> tuple[sa.Select[Any], sa.Select[Any], sa.Select[Any], sa.Select[Any]]:
    """The statements, put together once. A text that begins like a payment's number may hold it: whether it is the number is
    looked at word by word afterwards.
    """
    table, keys, asked = schema.hand_receipt, schema.receipt_key, Given("asked")
    whole = sa.select(table).where(table.c.company == sa.bindparam("of_company"))
    # With the company among what is asked for, SQLite has no reason to read all of the company's keys first.
    begins = sa.and_(keys.c.company == asked.text(0), keys.c.start >= asked.text(1), keys.c.start < asked.text(2))
    named = sa.select(keys.c.document_id).select_from(asked.table.join(keys, begins))
    cut = sa.select(keys.c.document_id).where(
        keys.c.company == sa.bindparam("of_company"), is_given(keys.c.start, "begins"), keys.c.cut
    )
    receipt = sa.and_(table.c.company == keys.c.company, table.c.document_id == keys.c.document_id)
    amount = sa.or_(table.c.amount_minor.is_(None), table.c.amount_minor.between(asked.number(3), asked.number(4)))
    short = named.join(table, receipt).where(amount)
    return (
        whole.where(table.c.document_id.in_(named)),
        whole.where(table.c.document_id.in_(cut)),
        whole.where(table.c.document_id.in_(short)),
        whole.where(
            is_given(table.c.customer_id, "customers"),
            table.c.amount_minor.in_(sa.bindparam("amounts", expanding=True)),
            table.c.gone.is_(False),
        ),
    )


_NAMED, _NAMED_CUT, _NAMED_SHORT, _OF_CUSTOMER = _asked()


def _cut_keys(connection: Connection, company: str, ids: Collection[str]) -> dict[str, set[str]]:
    """Of these receipts, what stands at the end of a text that the package cut."""
    found: dict[str, set[str]] = {receipt_id: set() for receipt_id in ids}
    keys = schema.receipt_key
    if ids:
        here = sa.and_(keys.c.company == company, keys.c.document_id.in_(ids), keys.c.cut)
        for row in connection.execute(sa.select(keys.c.document_id, keys.c.start).where(here)):
            found[row.document_id].add(row.start)
    return found


class _Figures(Protocol):
    """What a row and a receipt have in common."""

    @property
    def customer_id(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def amount_minor(self) -> int | None: ...
    @property
    def received_on(self) -> date | None: ...


@dataclass(frozen=True)
class _Written:
    """A receipt with the keys in its texts, and those at the end of one that its package cut."""

    figures: _Figures
    keys: set[str]
    cut: set[str]


def _names(asked: Wanted, held: _Written) -> bool:
    key, figures = key_of(asked.number), held.figures
    if len(key) >= TELLING_LENGTH:
        return key in held.keys or not held.cut.isdisjoint(beginnings(key))
    if not key or key not in held.keys:
        return False
    if figures.amount_minor is None:
        return True
    least_minor = asked.least_minor if figures.customer_id in asked.customer_ids else asked.amount_minor
    return figures.currency == asked.currency and least_minor <= figures.amount_minor <= asked.amount_minor


def _is_near(asked: Wanted, figures: _Figures) -> bool:
    """One of its customer, with its amount, near its day."""
    return (
        figures.customer_id in asked.customer_ids
        and (figures.amount_minor, figures.currency) == (asked.amount_minor, asked.currency)
        and figures.received_on is not None
        and asked.since <= figures.received_on <= asked.through
    )


def _found(row: Any) -> Found:
    seen = None if row.body is None else codec.document_from_json("receipt", row.body)
    ended = Stamp(row.gone_by, row.gone_at) if row.gone_at else None
    return Found(
        row.document_id,
        seen if isinstance(seen, Receipt) else None,
        row.problem,
        row.gone,
        ended,
        () if seen else tuple(row.texts),
    )
