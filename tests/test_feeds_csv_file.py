"""Payments from a CSV file: every wrong line is named, with line, column and remedy; nothing is taken in by halves."""

from __future__ import annotations

import csv
import gc
import hashlib
import io
import itertools
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds import csv_file
from feeds.csv_file import CsvFile
from feeds.csv_line import OPTIONAL_COLUMNS, read_line
from feeds.findings import Findings, Unreadable
from receivables.company import Company
from receivables.errors import FeedError, FeedProblem
from receivables.payment import Allocation, FeedStatus, Payment
from receivables.ports import Feed

HEADER = ("transaction_number", "customer", "amount", "currency", "paid_at", "method", "invoices")
CHICAGO = ZoneInfo("America/Chicago")


def a_company(time_zone: str = "America/Chicago") -> Company:
    return Company(id="acme", name="Acme Networks", time_zone=ZoneInfo(time_zone), start_on=date(2026, 1, 1))


def a_row(**given: str) -> dict[str, str]:
    row = {
        "transaction_number": "TX-1",
        "customer": "Bluebird Café",
        "amount": "120.50",
        "currency": "USD",
        "paid_at": "2026-01-15T10:00:00Z",
        "method": "card",
        "invoices": "INV-1:100.00",
    }
    return row | given


def a_file(folder: Path, *rows: dict[str, str], columns: tuple[str, ...] = HEADER) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return bytes_in(folder, text.getvalue().encode())


def bytes_in(folder: Path, content: bytes) -> Path:
    path = folder / "payments.csv"
    path.write_bytes(content)
    return path


def payments_of(path: Path, company: Company | None = None, *, partial: bool = False) -> list[Payment]:
    return list(CsvFile(path, company or a_company(), partial=partial).payments())


def problems_of(path: Path, company: Company | None = None, *, partial: bool = False) -> tuple[FeedProblem, ...]:
    with pytest.raises(FeedError) as refused:
        CsvFile(path, company or a_company(), partial=partial).validate()
    assert all(problem.line >= 1 and problem.column and problem.message and problem.remedy for problem in refused.value.problems)
    return refused.value.problems


def outcome_of(path: Path, *, partial: bool = False) -> tuple[list[Payment], tuple[FeedProblem, ...]]:
    """The payments, or the problems of the refusal; any other exception is a bug and passes through."""
    try:
        return payments_of(path, partial=partial), ()
    except FeedError as error:
        return [], error.problems or (FeedProblem(0, "", error.message, ""),)


def only_problem(path: Path, company: Company | None = None) -> FeedProblem:
    (problem,) = problems_of(path, company)
    return problem


def test_a_line_becomes_a_payment(tmp_path: Path) -> None:
    columns = (*HEADER, "status", "customer_id")
    path = a_file(tmp_path, a_row(invoices="INV:7:100.00;#88:20.00", status="returned", customer_id="C9"), columns=columns)
    expected = Payment(
        company="acme",
        transaction_number="TX-1",
        customer="Bluebird Café",
        amount_minor=12050,
        currency="USD",
        paid_at=datetime(2026, 1, 15, 10, tzinfo=UTC),
        method="card",
        allocations=(Allocation(10000, invoice_number="INV:7"), Allocation(2000, invoice_id="88")),
        customer_id="C9",
        status=FeedStatus.RETURNED,
    )
    feed: Feed = CsvFile(path, a_company())
    assert [expected] == list(feed.payments())
    assert "payments.csv" == feed.name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == feed.digest


def test_columns_stand_in_any_order_with_a_bom_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    text = (
        "\ufeff invoices ,paid_at,method,currency,amount,customer,transaction_number\r\n\r\n,2026-01-15,ach,JPY,500,X,T1\r\n\r\n"
    )
    (payment,) = payments_of(bytes_in(tmp_path, text.encode()))
    assert ("T1", 500, (), 500) == (
        payment.transaction_number,
        payment.amount_minor,
        payment.allocations,
        payment.on_account_minor,
    )


def test_a_file_without_payments_is_fine(tmp_path: Path) -> None:
    feed = CsvFile(a_file(tmp_path), a_company())
    assert (0, []) == (feed.count, list(feed.payments()))


def test_harmless_spaces_are_dropped(tmp_path: Path) -> None:
    path = a_file(tmp_path, a_row(transaction_number=" TX-1 ", customer=" Bluebird ", invoices=" INV-1:1.00; # 7:2.00"))
    (payment,) = payments_of(path)
    assert ("TX-1", "Bluebird") == (payment.transaction_number, payment.customer)
    assert (Allocation(100, invoice_number="INV-1"), Allocation(200, invoice_id="7")) == payment.allocations


AMOUNTS_REFUSED = [
    *[(text, "USD") for text in ("NaN", "Infinity", "-Infinity", "1e400", "-0.00", "-1.00", "+1.00", "1e3", "1_000", "1,000.00")],
    *[
        (text, "USD")
        for text in (" 10 ", "10 ", "１０.00", "٣.00", "0x10", "1" * 40, "1" * 13, "1.234", "", "0", "0.00", ".50", "5.")
    ],
    *[(text, "USD") for text in ("$5", "1\u00a0000.00", "(5.00)", "5.00-", "1.00\u200b", "five")],
    *[("10.00", "JPY"), ("1.0", "JPY"), ("1.2345", "KWD"), ("1.23456", "CLF")],
]


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS_REFUSED)
def test_no_other_form_of_amount_is_taken(tmp_path: Path, amount: str, currency: str) -> None:
    problem = only_problem(
        a_file(tmp_path, a_row(), a_row(transaction_number="B", amount=amount, currency=currency, invoices=""))
    )
    assert (3, "amount") == (problem.line, problem.column)
    assert currency in problem.message
    assert "such as" in problem.remedy


@pytest.mark.parametrize(("amount", "currency"), [case for case in AMOUNTS_REFUSED if ";" not in case[0]])
def test_nor_is_it_for_an_invoice(tmp_path: Path, amount: str, currency: str) -> None:
    row = a_row(amount="1000000", currency=currency, invoices=f"INV-1:{amount}")
    problem = only_problem(a_file(tmp_path, row))
    assert (2, "invoices") == (problem.line, problem.column)


WRONG_FIELDS = [
    ("transaction_number", "", "empty"),
    ("transaction_number", "   ", "empty"),
    ("transaction_number", "x" * 65, "65 characters"),
    ("transaction_number", "TX\x00", "NUL"),
    ("transaction_number", "TX\t1", "U+0009"),
    ("transaction_number", "TX\u200b1", "U+200B"),
    ("transaction_number", "TX\u00a01", "U+00A0"),
    ("customer", "", "empty"),
    ("customer", "x" * 201, "201 characters"),
    ("customer", "Blue\nbird", "line break"),
    ("customer", "Blue\x1b[31mbird", "U+001B"),
    ("customer", "Blue\u2028bird", "U+2028"),
    ("method", "x" * 41, "41 characters"),
    ("currency", "US$", "not a currency"),
    ("currency", "XXX", "not a currency"),
    ("currency", "", "not a currency"),
    ("currency", "uſd", "not a currency"),  # its capitals would be USD
    ("paid_at", "", "not a day"),
    ("paid_at", "15.01.2026", "not a day"),
    ("paid_at", "01/15/2026", "not a day"),
    ("paid_at", "20260115", "not a day"),
    ("paid_at", "2026-W03-4", "not a day"),
    ("paid_at", " 2026-01-15", "not a day"),
    ("paid_at", "２０２６-01-15", "not a day"),
    ("paid_at", "2026-01-15T10:00:00+15:00", "not a day"),
    ("paid_at", "2026-01-15T10:00:00+05:75", "not a day"),
    ("paid_at", "2026-02-30", "calendar"),
    ("paid_at", "2026-01-15T25:00", "calendar"),
    ("paid_at", "0026-01-15", "years"),
    ("paid_at", "9999-12-31T23:59:59-14:00", "years"),
    ("invoices", "INV-1", "names no invoice"),
    ("invoices", ":1.00", "names no invoice"),
    ("invoices", "#:1.00", "names no invoice"),
    ("invoices", "INV-1:1.00;", "names no invoice"),
    ("invoices", "INV-1:1.00;;INV-2:1.00", "names no invoice"),
    ("invoices", "INV-1:1,00", "not a positive amount"),
    ("invoices", "1042:5.00,1043:5.00", "several invoices"),
    ("invoices", "1042, 1043:10.00", "several invoices"),
    ("invoices", "1042:5.00 | 1043:5.00", "several invoices"),
    ("invoices", "1042:5 & 1043:5", "several invoices"),
    ("invoices", "1042:5.00 1043:5.00", "several invoices"),
    ("invoices", "#I1:5.00,#I2:5.00", "several invoices"),
    ("invoices", "INV-1:1.00;INV-1:2.00", "named twice"),
    ("invoices", "#7:1.00;# 7:2.00", "named twice"),
    ("invoices", "INV-1:100.00;INV-2:20.51", "add up to 120.51"),
    ("invoices", "x" * 65 + ":1.00", "65 characters"),
    ("invoices", "I\u202eNV:1.00", "U+202E"),
    ("invoices", ";".join(f"I{number}:0.01" for number in range(201)), "201 invoices"),
    ("status", "pending", "not a status"),
    ("status", "partially refunded", "not a status"),
    ("status", "chargeback", "not a status"),
    ("customer_id", "x" * 65, "65 characters"),
    ("fee", "-0.59", "not an amount"),
    ("fee", "$0.59", "not an amount"),
    ("fee", "2.9%", "not an amount"),
    ("refunded", "(5.00)", "not an amount"),
    ("refunded", "120.51", "more than all of the payment of 120.50"),
]


@pytest.mark.parametrize(("column", "value", "says"), WRONG_FIELDS)
def test_a_wrong_field_is_named_with_its_line_and_column(tmp_path: Path, column: str, value: str, says: str) -> None:
    rows = (a_row(transaction_number="A"), a_row(**{column: value}), a_row(transaction_number="C"))
    problem = only_problem(a_file(tmp_path, *rows, columns=(*HEADER, *OPTIONAL_COLUMNS)))
    damaged = "whole line" if "\0" in value else column
    assert (3, damaged) == (problem.line, problem.column)
    assert says in problem.message


@pytest.mark.parametrize("value", ["1042:5.00,1043:5.00", "1042:5.00;1043:5.00", "1042:5.00, 1043:5.00"])
def test_commas_join_invoices_where_that_is_stated(value: str) -> None:
    payment = read_line(2, a_row(invoices=value), a_company(), commas_join_invoices=True).payment
    assert payment is not None
    assert (Allocation(500, "1042"), Allocation(500, "1043")) == payment.allocations


def test_a_list_joined_otherwise_is_told_the_form_that_is_taken(tmp_path: Path) -> None:
    advised = only_problem(a_file(tmp_path, a_row(invoices="1042:5.00,1043:5.00"))).remedy
    (form,) = re.findall(r"such as (\S+;\S+);", advised)
    (payment,) = payments_of(a_file(tmp_path, a_row(invoices=form)))
    assert ["1042", "1043"] == [line.invoice_number for line in payment.allocations]


@pytest.mark.parametrize(("status", "currency"), [("Paid", "usd"), ("PAID", "Usd "), ("Refunded", " USD"), (" returned ", "uSD")])
def test_status_and_currency_are_the_same_in_any_case(tmp_path: Path, status: str, currency: str) -> None:
    path = a_file(tmp_path, a_row(status=status, currency=currency), columns=(*HEADER, "status"))
    assert [(status.strip().lower(), "USD")] == [(payment.status.value, payment.currency) for payment in payments_of(path)]


@pytest.mark.parametrize(
    ("column", "value", "advice"),
    [
        ("status", "declined", "write failed where the money never came"),
        ("status", "partially refunded", "tell a refund in part in the column refunded"),
        ("amount", "-5.00", "Money that went back has no line of its own"),
        ("amount", "(5.00)", "Money that went back has no line of its own"),
        ("invoices", "INV-1:1.00;", "Take out the ; that joins nothing"),
        ("invoices", "INV-1:120.51", "Lower them to at most the amount of the payment"),
    ],
)
def test_the_advice_does_not_turn_it_into_something_else(column: str, value: str, advice: str) -> None:
    (problem,) = read_line(2, a_row(**{column: value}), a_company()).problems
    assert advice in problem.remedy


@pytest.mark.parametrize("row", [b",,,,,,\n", b" , ,,,,,\n", b",,,\n", b"  \n", b'"","",,,,,\n'])
def test_rows_of_empty_fields_are_passed_over(tmp_path: Path, row: bytes) -> None:
    content = ",".join(HEADER).encode() + b"\nA,X,1.00,USD,2026-01-15,card,\n" + row * 3
    assert ["A"] == [payment.transaction_number for payment in payments_of(bytes_in(tmp_path, content))]


@pytest.mark.parametrize(
    ("status", "refunded", "expected"),
    [
        ("", "", (FeedStatus.PAID, 0)),
        ("paid", "0.00", (FeedStatus.PAID, 0)),
        ("paid", "20.00", (FeedStatus.PAID, 2_000)),
        ("paid", "120.50", (FeedStatus.REFUNDED, 0)),
        ("refunded", "120.50", (FeedStatus.REFUNDED, 0)),
        ("returned", "120.50", (FeedStatus.RETURNED, 0)),
    ],
)
def test_a_refund_is_the_whole_or_a_part(status: str, refunded: str, expected: tuple[FeedStatus, int]) -> None:
    payment = read_line(2, a_row(status=status, refunded=refunded, fee="3.79"), a_company()).payment
    assert payment is not None
    assert (*expected, 379, 12_050) == (payment.status, payment.refunded_minor, payment.fee_minor, payment.amount_minor)


def test_a_refund_in_part_is_no_refunded_payment(tmp_path: Path) -> None:
    problem = only_problem(a_file(tmp_path, a_row(status="refunded", refunded="20.00"), columns=(*HEADER, *OPTIONAL_COLUMNS)))
    assert ("refunded", "Write paid for a refund in part") == (problem.column, problem.remedy)


def test_200_invoices_and_the_longest_fields_are_taken(tmp_path: Path) -> None:
    invoices = ";".join(f"{number:064}:0.01" for number in range(200))
    row = a_row(transaction_number="x" * 64, customer="é" * 200, method="m" * 40, invoices=invoices)
    (payment,) = payments_of(a_file(tmp_path, row))
    assert 200 == len(payment.allocations)


def test_the_same_transaction_number_twice_names_the_first_line(tmp_path: Path) -> None:
    rows = [a_row(transaction_number=number) for number in ("A", "B", " A", "A")]
    first, second = problems_of(a_file(tmp_path, *rows))
    assert (4, "transaction_number") == (first.line, first.column)
    assert "line 2 already" in first.message
    assert (5, True) == (second.line, "line 2 already" in second.message)


def test_all_wrong_lines_and_all_wrong_columns_are_named_at_once(tmp_path: Path) -> None:
    rows = (a_row(amount="1e3", paid_at="soon", transaction_number=""), a_row(), a_row(transaction_number="B", status="no"))
    found = problems_of(a_file(tmp_path, *rows, columns=(*HEADER, "status")))
    assert {(2, "transaction_number"), (2, "paid_at"), (2, "amount"), (4, "status")} == {(p.line, p.column) for p in found}


def test_a_record_is_named_by_the_line_where_it_begins(tmp_path: Path) -> None:
    text = ",".join(HEADER) + '\nA,"Two\nlines",1.00,USD,2026-01-15,card,\nB,X,nil,USD,2026-01-15,card,\n'
    first, second = problems_of(bytes_in(tmp_path, text.encode()))
    assert [(2, "customer"), (4, "amount")] == [(first.line, first.column), (second.line, second.column)]


def test_a_payment_hidden_in_a_quoted_name_is_never_taken(tmp_path: Path) -> None:
    text = (
        ",".join(HEADER)
        + '\nA,"Evil\nB,Bluebird,999.00,USD,2026-01-15,card,\n",1.00,USD,2026-01-15,card,\nC,X,1.00,USD,2026-01-15,card,\n'
    )
    assert ["C"] == [payment.transaction_number for payment in payments_of(bytes_in(tmp_path, text.encode()), partial=True)]


def test_a_wrong_number_of_fields_and_bad_quotes_are_named(tmp_path: Path) -> None:
    lines = [
        ",".join(HEADER),
        "A,X,1.00,USD,2026-01-15,card",
        "B,X,1,000.00,USD,2026-01-15,card,",
        'C,"X"y,1.00,USD,2026-01-15,card,',
    ]
    found = problems_of(bytes_in(tmp_path, "\n".join(lines).encode()))
    assert [(2, "6 fields"), (3, "8 fields"), (4, "not CSV")] == [
        (problem.line, next(words for words in ("6 fields", "8 fields", "not CSV") if words in problem.message))
        for problem in found
    ]


def a_line(number: str, amount: str = "1.00") -> bytes:
    return f"{number},X,{amount},USD,2026-01-15,card,\n".encode()


HEADER_LINE = (",".join(HEADER) + "\n").encode()
DAMAGED = {
    "empty file": (b"", 1, "no lines"),
    "blank header": (b"\n" + HEADER_LINE + a_line("A"), 1, "no header"),
    "header with a quote left open": (b'"' + HEADER_LINE + a_line("A"), 1, "never closed"),
    "UTF-16 with a mark": ((HEADER_LINE + a_line("A")).decode().encode("utf-16"), 1, "UTF-16"),
    "UTF-16 without one": ((HEADER_LINE + a_line("A")).decode().encode("utf-16-le"), 1, "UTF-16"),
    "an empty byte": (HEADER_LINE + a_line("A") + a_line("B\0"), 3, "NUL"),
    "zeroes at the end": (HEADER_LINE + a_line("A") + b"\0" * 4096, 3, "NUL"),
    "another encoding": (HEADER_LINE + "é,X,1.00,USD,2026-01-15,card,\n".encode("latin-1") + a_line("A"), 2, "0xe9"),
    "a cut character": (HEADER_LINE + a_line("A") + "é".encode()[:1], 3, "0xc3"),
    "a surrogate": (HEADER_LINE + b"\xed\xa0\x80" + a_line("A"), 2, "0xed"),
    "a long line": (HEADER_LINE + a_line("A") + b"x" * 70_000 + b"\n", 3, "longer than 65,536"),
    "a long line over several blocks": (HEADER_LINE + b"x" * 3_000_000, 2, "longer than 65,536"),
    "a quote that swallows the file": (HEADER_LINE + a_line('"A') + a_line("B") * 9_000, 2, "not closed"),
    "a quote left open at the end": (HEADER_LINE + a_line("A") + a_line('"B') + a_line("C"), 3, "never closed"),
    "old line ends": ((HEADER_LINE + a_line("A")).replace(b"\n", b"\r"), 1, "not CSV"),
    "semicolons": ((HEADER_LINE + a_line("A")).replace(b",", b";"), 1, "not separated by commas"),
    "an unknown column": (HEADER_LINE.replace(b"amount", b"amuont"), 1, "means nothing"),
    "a nameless column": (HEADER_LINE.replace(b"\n", b",\n"), 1, "means nothing"),
    "a missing column": (HEADER_LINE.replace(b"amount,", b""), 1, "missing"),
    "a repeated column": (HEADER_LINE.replace(b"method", b"method,method"), 1, "twice"),
}


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused_even_in_part(tmp_path: Path, what: str, partial: bool) -> None:
    content, line, says = DAMAGED[what]
    found = problems_of(bytes_in(tmp_path, content), partial=partial)
    assert any(problem.line == line and says in problem.message for problem in found), found


def test_an_unknown_column_is_guessed(tmp_path: Path) -> None:
    found = problems_of(bytes_in(tmp_path, HEADER_LINE.replace(b"amount", b"amuont")))
    assert [("amuont", True), ("amount", False)] == [(problem.column, "Write amount" in problem.remedy) for problem in found]


def test_a_file_over_512_mib_is_refused_unread(tmp_path: Path) -> None:
    path = bytes_in(tmp_path, HEADER_LINE)
    os.truncate(path, 512 * 1024 * 1024 + 1)  # a sparse file: takes no room on the disk
    assert "536,870,913 bytes" in only_problem(path).message


def test_a_million_payments_are_taken_and_one_line_more_is_refused(tmp_path: Path) -> None:
    path = bytes_in(tmp_path, b"\n" * 1_000_002)
    blocks = iter([path.read_bytes()])
    lines = csv_file._lines(blocks, Findings())
    assert 1_000_001 == sum(1 for _ in itertools.islice(lines, 1_000_001))
    with pytest.raises(Unreadable, match="1,000,000 lines"):
        next(lines)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing.csv", ".", "pipe", "nul\0.csv"):
        with pytest.raises(FeedError, match=r"missing|not a file|could not be opened"):
            CsvFile(tmp_path / name, a_company()).validate()


def test_1000_problems_are_kept_and_the_rest_counted(tmp_path: Path) -> None:
    rows = [a_row(transaction_number=f"T{number}", amount="nil", invoices="") for number in range(1_234)]
    with pytest.raises(FeedError, match="1,234 problems") as refused:
        CsvFile(a_file(tmp_path, *rows), a_company()).validate()
    assert 1_000 == len(refused.value.problems)
    assert "234 more" in refused.value.message


def test_nothing_is_yielded_where_the_last_line_is_wrong(tmp_path: Path) -> None:
    payments = CsvFile(a_file(tmp_path, a_row(), a_row(transaction_number="B", amount="nil")), a_company()).payments()
    with pytest.raises(FeedError):
        next(payments)


def test_in_part_the_good_lines_are_taken_and_the_others_told(tmp_path: Path) -> None:
    rows = (a_row(transaction_number="A"), a_row(transaction_number="B", amount="nil"), a_row(transaction_number="A", amount="9"))
    feed = CsvFile(a_file(tmp_path, *rows, a_row(transaction_number="D")), a_company(), partial=True)
    assert ["A", "D"] == [payment.transaction_number for payment in feed.payments()]
    assert [3, 4, 4] == [problem.line for problem in feed.problems]
    assert (2, 2, 3) == (feed.count, feed.left_out, feed.problem_count)


def many_rows(count: int, **given: str) -> list[dict[str, str]]:
    return [a_row(transaction_number=f"TX-{number:08}", **given) for number in range(count)]


def test_a_file_changed_after_validation_is_refused_before_its_payments(tmp_path: Path) -> None:
    path = a_file(tmp_path, *many_rows(2))
    feed = CsvFile(path, a_company())
    feed.validate()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"120.50", b"920.50"))
    with pytest.raises(FeedError, match="changed"):
        next(feed.payments())
    path.write_bytes(content)
    assert 2 == len(list(feed.payments()))


@pytest.mark.parametrize("change", ["other bytes", "cut", "longer"])
def test_no_payment_of_a_changed_block_leaves_while_a_large_file_is_read(tmp_path: Path, change: str) -> None:
    path = a_file(tmp_path, *many_rows(4_700, customer="東" * 200))  # long, so that few payments fill the blocks
    feed = CsvFile(path, a_company())
    feed.validate()
    payments = feed.payments()
    next(payments)
    content = path.read_bytes()
    assert 2 * csv_file._BLOCK_BYTES < len(content) < 3 * csv_file._BLOCK_BYTES
    with path.open("r+b") as file:
        if change == "other bytes":
            file.seek(len(content) - 200)
            file.write(content[-200:].replace(b"120.50", b"920.50"))
        elif change == "cut":
            file.truncate(content.rindex(b"TX-"))
        else:
            file.seek(0, os.SEEK_END)
            file.write(b"TX-EXTRA" + content[content.rindex(b"TX-") + 11 :])
    taken: list[Payment] = []
    with pytest.raises(FeedError, match="changed"):
        taken.extend(payment for payment in payments)
    assert all(payment.amount_minor == 12050 and payment.transaction_number != "TX-EXTRA" for payment in taken)


def test_payments_are_not_kept_while_a_file_is_read(tmp_path: Path) -> None:
    feed = CsvFile(a_file(tmp_path, *many_rows(6_000)), a_company())
    others = sum(isinstance(thing, Payment) for thing in gc.get_objects())  # of other tests in the same process
    most_alive = 0
    for number, _ in enumerate(feed.payments()):
        if number % 2_000 == 1_999:
            most_alive = max(most_alive, sum(isinstance(thing, Payment) for thing in gc.get_objects()))
    assert 1 <= most_alive - others <= 3


def test_a_moment_without_an_offset_is_the_company_s_own_time(tmp_path: Path) -> None:
    texts = ("2026-01-15T10:00", "2026-07-15 10:00:30.5", "2026-07-15", "2026-07-15T10:00+02:00", "2026-11-01T01:30-05:00")
    path = a_file(tmp_path, *(a_row(transaction_number=text, paid_at=text) for text in texts))
    assert [
        datetime(2026, 1, 15, 16, tzinfo=UTC),
        datetime(2026, 7, 15, 15, 0, 30, 500_000, tzinfo=UTC),
        datetime(2026, 7, 15, 17, tzinfo=UTC),
        datetime(2026, 7, 15, 8, tzinfo=UTC),
        datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    ] == [payment.paid_at for payment in payments_of(path)]


@pytest.mark.parametrize(
    ("time_zone", "text", "says"),
    [
        ("America/Chicago", "2026-03-08T02:30:00", "does not exist"),
        ("America/Chicago", "2026-11-01T01:30:00", "happens twice"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00", "happens twice"),  # clocks change by half an hour
        ("Pacific/Apia", "2011-12-30", "does not exist"),  # the day that Samoa skipped
    ],
)
def test_a_local_time_at_a_change_of_clocks_asks_for_the_offset(tmp_path: Path, time_zone: str, text: str, says: str) -> None:
    problem = only_problem(a_file(tmp_path, a_row(paid_at=text)), a_company(time_zone))
    assert "paid_at" == problem.column
    assert says in problem.message
    assert "offset" in problem.remedy


@given(
    day=st.dates(date(1990, 1, 1), date(2100, 1, 1)), zone=st.sampled_from(["Pacific/Kiritimati", "Pacific/Niue", "Asia/Tehran"])
)
def test_a_day_alone_keeps_its_calendar_day(tmp_path_factory: pytest.TempPathFactory, day: date, zone: str) -> None:
    company = a_company(zone)
    if (zone, day) == ("Pacific/Kiritimati", date(1994, 12, 31)):  # skipped there
        return
    (payment,) = payments_of(a_file(tmp_path_factory.getbasetemp(), a_row(paid_at=day.isoformat())), company)
    assert day == company.day_of(payment.paid_at)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=90) | st.sampled_from(
    [
        "NaN",
        "1e400",
        "-0.00",
        "１０.00",
        "2026-03-08T02:30",
        "INV-1:1.00;INV-1:1.00",
        "#:1",
        "9" * 40,
        "USD",
        "2026-01-15",
        "1.00",
    ]
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.fixed_dictionaries(dict.fromkeys((*HEADER, "status", "customer_id"), ANY_TEXT)))
def test_any_text_in_any_field_is_a_payment_or_a_located_problem(tmp_path: Path, row: dict[str, str]) -> None:
    path = a_file(tmp_path, row, a_row(transaction_number="GOOD"), columns=(*HEADER, "status", "customer_id"))
    payments, problems = outcome_of(path)
    passed_over = not any(text.strip() for text in row.values())
    assert problems or 2 - passed_over == len(payments)
    assert all(2 <= problem.line <= 2 + sum(map("".join(row.values()).count, "\r\n")) + 1 for problem in problems)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), header=st.booleans(), partial=st.booleans())
def test_any_bytes_are_payments_or_problems(tmp_path: Path, content: bytes, header: bool, partial: bool) -> None:
    path = bytes_in(tmp_path, (HEADER_LINE if header else b"") + content)
    payments, problems = outcome_of(path, partial=partial)
    assert header or problems
    assert not (payments and problems)
