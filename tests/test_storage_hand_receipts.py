"""Receipts are found by their words through an index that finds exactly what reading every text would find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from makers import START
from rows import a_company_row, at_work

from receivables.books_records import Changes, Gone, Receipt, Stamp, UnreadableReceipt
from receivables.effects import marker
from receivables.reference_keys import TELLING_LENGTH, beginnings, cut_keys_in, key_of, keys_in
from storage import hand_receipts, mirror
from storage.engine import Database
from storage.hand_receipts import Found, Wanted

DAY = date(2026, 3, 3)
LIMIT = 21
BY_DANA = Stamp("Dana", START)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
    yield database
    database.close()


def a_receipt(id: str = "R1", **changes: Any) -> Receipt:
    made = Receipt(
        id=id, number=id, customer_id="C1", currency="USD", amount_minor=50_000, unapplied_minor=0, received_on=DAY,
        method="", reference="", memo="", deposit_account="", deposited=False, voided=False, version="1",
        created=BY_DANA, changed=BY_DANA,
    )  # fmt: skip
    return replace(made, **changes)


def a_wanted(number: str = "TX-9001-AB", amount_minor: int = 50_000, customers: tuple[str, ...] = ("C1",)) -> Wanted:
    least_minor = amount_minor - amount_minor * 6 // 100
    return Wanted(number, "USD", amount_minor, least_minor, frozenset(customers), date(2026, 2, 20), date(2026, 3, 14))


def seen(db: Database, *documents: Receipt, gone: tuple[Gone, ...] = (), unreadable: tuple[UnreadableReceipt, ...] = ()) -> None:
    with at_work(db) as work:
        changes = Changes(documents, gone, "1", more=False, unreadable=unreadable)
        mirror.remember(work, changes, time_zone=ZoneInfo("America/Chicago"), longest_reference=LIMIT)


def found(db: Database, wanted: Wanted, company: str = "acme") -> list[Found]:
    with db.read() as connection:
        return hand_receipts.find(connection, company, [wanted])[wanted.number]


def ids(db: Database, wanted: Wanted) -> list[str]:
    return [receipt.id for receipt in found(db, wanted)]


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "tx 9001 ab"},
        {"memo": "portal TX-9001-AB, thanks"},
        {"number": "TX9001AB"},
        {"texts": ("invoice 7", "paid by card (tx_9001_ab)")},
        {"deposit": "payout TX-9001-AB"},
    ],
)
def test_a_number_in_any_text_is_found_on_any_customer_with_any_amount_on_any_day(db: Database, changes: dict[str, Any]) -> None:
    seen(db, a_receipt(customer_id="C9", amount_minor=123, currency="EUR", received_on=date(2025, 1, 1), **changes))
    assert ["R1"] == ids(db, a_wanted())
    assert [] == found(db, a_wanted(), "globex")


def test_a_number_that_the_package_cut_is_found_by_its_beginning(db: Database) -> None:
    number = "PORTAL-2026-03-000123456"
    seen(db, a_receipt(reference=number[:LIMIT], customer_id="C9"), a_receipt("R2", memo=number[:LIMIT], customer_id="C9"))
    assert ["R1"] == ids(db, a_wanted(number))
    assert [] == ids(db, a_wanted("PORTAL-2027-03-000123456"))


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"customer_id": "C9"}, True),
        ({"customer_id": "C9", "amount_minor": 48_500}, False),
        ({"amount_minor": 48_500, "received_on": date(2025, 1, 1)}, True),
        ({"amount_minor": 40_000, "received_on": date(2025, 1, 1)}, False),
        ({"customer_id": "C9", "currency": "EUR"}, False),
        ({"customer_id": "C9", "voided": True}, True),
    ],
)
def test_a_short_number_counts_beside_the_amount_or_the_amount_less_a_fee_of_its_customer(
    db: Database, changes: dict[str, Any], counts: bool
) -> None:
    seen(db, a_receipt(memo="invoice 1042", **changes))
    assert counts == bool(found(db, a_wanted("1042")))


def test_one_of_its_customer_with_its_amount_near_its_day_is_found_without_a_word(db: Database) -> None:
    seen(db, a_receipt(), a_receipt("R2", received_on=date(2025, 1, 1)), a_receipt("R3", customer_id="C9"))
    seen(db, a_receipt("R4", amount_minor=49_999), a_receipt("R5", voided=True))
    assert ["R1"] == ids(db, a_wanted())


def test_one_of_ours_is_not_found_and_one_that_lost_our_marker_is(db: Database) -> None:
    ours = marker("acme", "TX-9001-AB", 1, 0)
    seen(db, a_receipt(reference="TX-9001-AB", memo=ours))
    assert [] == found(db, a_wanted())
    seen(db, a_receipt(reference="TX-9001-AB", memo=""))
    assert ["R1"] == ids(db, a_wanted())
    seen(db, a_receipt(reference="TX-9001-AB", memo=ours))
    assert [] == found(db, a_wanted())


def test_one_that_was_deleted_stays_as_it_was_with_who_and_when(db: Database) -> None:
    standing = a_receipt(reference="TX-9001-AB")
    seen(db, standing)
    seen(db, gone=(Gone("receipt", "R1", Stamp("Erin", START)),))
    assert [Found("R1", standing, "", gone=True, ended=Stamp("Erin", START))] == found(db, a_wanted())
    assert [] == found(db, a_wanted("TX-9002-AB"))


def test_one_that_was_voided_stays_as_it_was(db: Database) -> None:
    standing = a_receipt(reference="TX-9001-AB")
    seen(db, standing)
    for memo in ("Voided", "Voided; looked at again"):
        seen(db, replace(standing, amount_minor=0, voided=True, memo=memo, version="2"))
    assert [Found("R1", standing, "", gone=True, ended=BY_DANA)] == found(db, a_wanted())


def test_one_whose_text_was_changed_is_found_by_the_new_text_only(db: Database) -> None:
    seen(db, a_receipt(reference="TX-9001-AB", customer_id="C9"))
    seen(db, a_receipt(reference="TX-9002-AB", customer_id="C9"))
    assert ([], ["R1"]) == (ids(db, a_wanted()), ids(db, a_wanted("TX-9002-AB")))


def test_one_that_cannot_be_read_whole_is_found_by_what_can_be_read_and_later_whole(db: Database) -> None:
    seen(db, unreadable=(UnreadableReceipt("R1", "C9", ("tx 9001 ab", "1042"), "TotalAmt is 'abc'"),))
    in_part = Found("R1", None, "TotalAmt is 'abc'", gone=False, ended=None, texts=("tx 9001 ab", "1042"))
    assert [in_part] == found(db, a_wanted()) == found(db, a_wanted("1042"))
    whole = a_receipt(reference="tx 9001 ab", customer_id="C9")
    seen(db, whole)
    assert [Found("R1", whole, "", gone=False, ended=None)] == found(db, a_wanted())
    assert [] == found(db, a_wanted("1042"))


WORDS = st.text(alphabet="0aA1 -_/é", max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(WORDS, min_size=1, max_size=4), number=WORDS, reference=WORDS, near=st.booleans())
def test_the_index_finds_what_reading_every_text_would_find(
    db: Database, texts: list[str], number: str, reference: str, near: bool
) -> None:
    receipt = a_receipt(reference=reference, texts=tuple(texts), customer_id="C9", received_on=DAY if near else date(2025, 1, 1))
    seen(db, receipt)
    key = key_of(number)
    held = key in {key for text in receipt.written for key in keys_in(text)}
    cut = bool(set(beginnings(key)) & cut_keys_in(reference, LIMIT)) and len(key) >= TELLING_LENGTH
    wanted = a_wanted(number)
    assert (bool(key) and (held or cut)) == bool(found(db, wanted)) == hand_receipts.may_be(wanted, receipt, LIMIT)


def test_a_batch_is_asked_by_index(db: Database) -> None:
    seen(
        db, *(a_receipt(f"R{number}", memo=f"TX-{number}-AB, invoice {number}", customer_id="C9") for number in range(1000, 1200))
    )
    wanted = [a_wanted(f"TX-{number}-AB", amount_minor=number) for number in range(1000, 1200)]
    with db.read() as connection:
        answered = hand_receipts.find(connection, "acme", wanted)
        plans = [
            str(row)
            for query, given in hand_receipts.queries("acme", wanted[:60])
            for row in connection.exec_driver_sql(
                f"EXPLAIN {'QUERY PLAN ' if db.dialect == 'sqlite' else ''}{_literal(query.params(given), connection)}"
            )
        ]
    assert {f"TX-{number}-AB": [f"R{number}"] for number in range(1000, 1200)} == {
        number: [receipt.id for receipt in receipts] for number, receipts in answered.items()
    }
    if db.dialect == "sqlite":
        asked = ("VIRTUAL", "SCAN asked", "CONSTANT ROWS")  # what is asked for, 60 at once
        assert not [plan for plan in plans if "SCAN" in plan and not any(word in plan for word in asked)]


def _literal(query: object, connection: object) -> str:
    return str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))  # type: ignore[attr-defined]
