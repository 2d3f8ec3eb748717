"""The signed webhook: who may send, what is refused and how it is said; the fields are those of the CSV feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from makers import START, a_company

from feeds.csv_line import COLUMNS, read_line
from feeds.webhook import MOST_PAYMENTS, TOLERANCE_SECONDS, BadSignature, Message, sign, verify
from receivables.errors import FeedError
from receivables.payment import Allocation, FeedStatus

NOW, TODAY = int(START.timestamp()), START.date()
OLD, NEW = "the-old-secret-made-up-here", "the-new-secret-made-up-here"
GOOD: dict[str, Any] = {
    "transaction_number": "TXN-1",
    "customer": "Hooli",
    "amount": "500.00",
    "currency": "USD",
    "paid_at": "2026-03-03T16:20:00-06:00",
    "method": "card",
    "invoices": [["1042", "380.00"], ["#77", "20.00"]],
}


def check(body: bytes, *, secrets: tuple[str, ...] = (OLD,), at: int = NOW, signature: str | None = None) -> None:
    verify(secrets, str(at), sign(OLD, at, body) if signature is None else signature, body, now=START)


def problems(given: object) -> list[tuple[int, str]]:
    """Which fields of which payment are named."""
    body = given if isinstance(given, bytes) else json.dumps(given).encode()
    with pytest.raises(FeedError) as raised:
        Message(body, a_company(), TODAY)
    return [(problem.line, problem.column) for problem in raised.value.problems]


def test_a_message_signed_with_any_of_our_secrets_is_taken() -> None:
    check(b"{}")
    check(b"{}", secrets=(NEW, OLD))
    check(b"{}", secrets=(NEW,), signature=f"{sign(OLD, NOW, b'{}')}, {sign(NEW, NOW, b'{}')}")


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
def test_a_message_five_minutes_old_or_ahead_is_taken_and_one_second_more_is_not(off: int) -> None:
    check(b"{}", at=NOW + off)
    with pytest.raises(BadSignature, match="five minutes"):
        check(b"{}", at=NOW + off + (1 if off > 0 else -1))


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        (sign(NEW, NOW, b"{}"), b"{}"),
        (sign(OLD, NOW, b"{}"), b"{} "),
        (sign(OLD, NOW + 1, b"{}"), b"{}"),
        (sign(OLD, NOW, b"{}").removeprefix("v1="), b"{}"),
        (sign(OLD, NOW, b"{}").upper(), b"{}"),
        (",".join([sign(NEW, NOW, b"{}")] * 5), b"{}"),
        ("", b"{}"),
        ("v1=é", b"{}"),
    ],
)
def test_any_other_signature_is_refused(signature: str, body: bytes) -> None:
    with pytest.raises(BadSignature):
        check(body, signature=signature)


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "١٢٣", "9" * 13, "1 "])
def test_a_timestamp_that_is_no_plain_number_is_refused(timestamp: str) -> None:
    with pytest.raises(BadSignature):
        verify((OLD,), timestamp, sign(OLD, NOW, b""), b"", now=START)


def test_one_payment_and_a_list_are_read_alike() -> None:
    (alone,) = Message(json.dumps(GOOD).encode(), a_company(), TODAY).payments()
    listed = Message(
        json.dumps([GOOD, GOOD | {"transaction_number": "TXN-2", "status": "returned"}]).encode(), a_company(), START.date()
    )
    first, second = listed.payments()
    assert alone == first
    assert (Allocation(38_000, "1042"), Allocation(2_000, invoice_id="77")) == alone.allocations
    assert (50_000, datetime(2026, 3, 3, 22, 20, tzinfo=UTC)) == (alone.amount_minor, alone.paid_at)
    assert ("TXN-2", FeedStatus.RETURNED) == (second.transaction_number, second.status)


def test_the_fields_are_read_by_the_rules_of_the_csv_feed() -> None:
    fields = GOOD | {
        "invoices": "1042:380.00;#77:20.00",
        "customer_id": "C1",
        "status": "paid",
        "refunded": "50.00",
        "fee": "14.80",
        "status_at": "",
        "reason_code": "",
        "dispute": "",
    }
    assert set(COLUMNS) == set(fields)
    (sent,) = Message(json.dumps(fields).encode(), a_company(), TODAY).payments()
    assert read_line(1, fields, a_company()).payment == sent


def test_every_problem_of_every_payment_is_named_at_once() -> None:
    found = problems(
        [
            GOOD | {"amount": 500.0, "customer": " ", "extra": "1"},
            GOOD | {"transaction_number": "TXN-2", "currency": "DOLLAR", "paid_at": "yesterday"},
            {"transaction_number": "TXN-3"},
            "TXN-4",
            GOOD | {"transaction_number": "TXN-2"},
        ]
    )
    missing = [(3, name) for name in ("customer", "amount", "currency", "paid_at", "method", "invoices")]
    expected = [(1, "extra"), (1, "amount"), (1, "customer"), (2, "currency"), (2, "paid_at"), *missing, (4, "whole payment")]
    assert sorted([*expected, (5, "transaction_number")]) == sorted(found)


@pytest.mark.parametrize(
    "invoices",
    [
        [["10;42", "5.00"]],
        [["1042,1043", "5.00"]],
        [["1042", "5:00"]],
        [["1042", 5]],
        [["1042"]],
        {"1042": "5.00"},
        None,
        [["1042", "5.00", "6.00"]],
    ],
)
def test_invoices_in_a_form_that_could_mean_others_are_refused(invoices: object) -> None:
    assert [(1, "invoices")] == problems(GOOD | {"invoices": invoices})


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount": "1.00", "amount": "2.00"}',
        b'[{"customer": {"a": 1, "a": 2}}]',
        b"[NaN]",
        b"[]",
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps([GOOD] * (MOST_PAYMENTS + 1)).encode(),
    ],
)
def test_a_message_that_is_not_clearly_payments_is_refused_as_a_whole(body: bytes) -> None:
    assert [(0, "message")] == problems(body)


def test_half_a_character_is_refused() -> None:
    assert [(1, "customer")] == problems(json.dumps(GOOD).replace("Hooli", "\\ud800").encode())


def test_the_same_message_has_the_same_digest_and_another_has_not() -> None:
    first, again, other = (
        Message(json.dumps(GOOD | {"method": method}).encode(), a_company(), TODAY) for method in ("a", "a", "b")
    )
    assert first.digest == again.digest != other.digest
