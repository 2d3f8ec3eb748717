"""Generated payments come back from a file as they were written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_feeds_csv_file import HEADER, a_file, payments_of

from feeds.seen_numbers import SeenNumbers
from receivables.money import CURRENCIES, text_from_minor
from receivables.payment import Allocation, Dispute, FeedStatus, Payment

NUMBERS = st.text(st.sampled_from("ABCxyz0189-_/:.é"), min_size=1, max_size=40)


@st.composite
def good_payments(draw: st.DrawFn) -> list[Payment]:
    payments = []
    for number in draw(st.lists(NUMBERS, unique=True, max_size=6)):
        parts = draw(st.lists(st.integers(1, 10**9), max_size=4))
        names = draw(st.lists(NUMBERS, unique=True, min_size=len(parts), max_size=len(parts)))
        by_id = draw(st.booleans())
        allocations = tuple(
            Allocation(part, invoice_id=name) if by_id else Allocation(part, invoice_number=name)
            for part, name in zip(parts, names, strict=True)
        )
        status = draw(st.sampled_from(list(FeedStatus)))
        disputes = [Dispute.OPEN, Dispute.LOST] if status is FeedStatus.CHARGED_BACK else [Dispute.NONE]
        payments.append(
            Payment(
                company="acme",
                transaction_number=number,
                customer=draw(
                    st.sampled_from(["Bluebird", 'The "Quoted", Inc.', "名古屋", "<!channel>", "=HYPERLINK()", "\u202eevil"])
                ),
                amount_minor=sum(parts) + draw(st.integers(1, 1000)),
                currency=draw(st.sampled_from(sorted(CURRENCIES))),
                paid_at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=draw(st.integers(1, 10**15))),
                method=draw(st.sampled_from(["card", "ach", ""])),
                allocations=allocations,
                customer_id=draw(st.sampled_from(["", "C-1"])),
                status=status,
                dispute=draw(st.sampled_from(disputes)),
            )
        )
    return payments


def row_of(payment: Payment) -> dict[str, str]:
    entries = [
        (f"#{line.invoice_id}" if line.invoice_id else line.invoice_number)
        + f":{text_from_minor(line.amount_minor, payment.currency)}"
        for line in payment.allocations
    ]
    return {
        "transaction_number": payment.transaction_number,
        "customer": payment.customer,
        "amount": text_from_minor(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "paid_at": payment.paid_at.isoformat(),
        "method": payment.method,
        "invoices": ";".join(entries),
        "customer_id": payment.customer_id,
        "status": payment.status.value,
        "dispute": payment.dispute,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payments=good_payments(), columns=st.permutations((*HEADER, "customer_id", "status", "dispute")))
def test_good_payments_come_back_as_they_were_written(tmp_path: Path, payments: list[Payment], columns: list[str]) -> None:
    path = a_file(tmp_path, *map(row_of, payments), columns=tuple(columns))
    assert payments == payments_of(path)


def test_seen_numbers_names_the_first_line_of_each_number() -> None:
    seen = SeenNumbers(5_000)
    assert list(range(5_000)) == [seen.first_line(f"T{number}", number) for number in range(5_000)]
    assert list(range(5_000)) == [seen.first_line(f"T{number}", 9_999) for number in range(5_000)]
