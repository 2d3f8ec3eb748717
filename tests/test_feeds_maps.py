"""What portals export, read by the maps that come with the product: each sample beside the payments that were written by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from evidence_makers import read_yaml

from feeds.csv_line import Wrong
from feeds.maps.amounts import amount_of
from feeds.maps.cells import Cell
from feeds.maps.dates import moment_text
from feeds.maps.map import BUILT_IN, Map, NumberForm, with_answers
from feeds.maps.mapped_file import MappedFile
from receivables.company import Company
from receivables.errors import FeedError, FeedProblem
from receivables.money import text_from_minor
from receivables.payment import FeedStatus, Payment

EXPORTS = Path(__file__).parent / "fixtures" / "exports"
SAMPLES = sorted(path.stem for path in EXPORTS.glob("*.csv"))
CHICAGO = ZoneInfo("America/Chicago")
ACME = Company(id="acme", name="Acme Networks", time_zone=CHICAGO, start_on=date(2026, 1, 1))


def a_map(name: str, **said: str) -> Map:
    return Map.model_validate(with_answers(tomllib.loads(BUILT_IN[name].read_text()), said))


def own_map(**tables: Any) -> Map:
    """A map of three columns and what a test adds to it."""
    base: dict[str, Any] = {
        "about": "a test",
        "file": {},
        "numbers": {"decimal": ".", "thousands": ","},
        "dates": {"form": "YYYY-MM-DD", "zone": "company"},
        "columns": {"transaction_number": "No", "customer": "Who", "amount": "Amount", "paid_at": "Day"},
        "fixed": {"currency": "USD", "method": "card"},
    }
    for key, part in tables.items():
        base[key] = {**base[key], **part} if isinstance(base.get(key), dict) else part
    return Map.model_validate(base)


def read(folder: Path, text: str, by: Map, **given: Any) -> MappedFile:
    path = folder / "export.csv"
    path.write_bytes(text.encode())
    return MappedFile(path, ACME, by, **given)


def in_words(payment: Payment) -> dict[str, Any]:
    """A payment as the samples' expectations write it: without what is empty."""
    told = {
        "number": payment.transaction_number,
        "customer": payment.customer,
        "amount": text_from_minor(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "paid_at": payment.paid_at.replace(tzinfo=None).isoformat(),
        "method": payment.method,
        "invoices": {each.invoice_number: text_from_minor(each.amount_minor, payment.currency) for each in payment.allocations},
    }
    if payment.status is not FeedStatus.PAID:
        told["status"] = payment.status.value
    if payment.dispute:
        told["dispute"] = payment.dispute.value
    if payment.status_at:
        told["status_at"] = payment.status_at.replace(tzinfo=None).isoformat()
    if payment.fee_minor:
        told["fee"] = text_from_minor(payment.fee_minor, payment.currency)
    if payment.refunded_minor:
        told["refunded"] = text_from_minor(payment.refunded_minor, payment.currency)
    return told


def problems_of(feed: MappedFile) -> list[FeedProblem]:
    with pytest.raises(FeedError) as raised:
        feed.validate()
    return list(raised.value.problems)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_as_was_written_by_hand(name: str) -> None:
    expected = read_yaml(EXPORTS / f"{name}.yaml")
    feed = MappedFile(EXPORTS / f"{name}.csv", ACME, a_map(name, **expected.get("set", {})), partial=True)
    found = [in_words(payment) for payment in feed.payments()]
    assert [{"method": "card"} | payment for payment in expected["payments"]] == found
    assert expected["left_out"] == {row.line: row.why for row in feed.became if row.what == "left out"}
    problems = expected.get("problems", [])
    assert [(problem["line"], problem["column"]) for problem in problems] == [(each.line, each.column) for each in feed.problems]
    for problem, told in zip(problems, feed.problems, strict=True):
        assert problem["says"] in told.message
        assert "UTC" in told.remedy


def test_each_built_in_map_has_a_sample_but_the_one_to_copy() -> None:
    assert sorted(BUILT_IN) == sorted([*SAMPLES, "to-copy"])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_holds_what_makes_exports_hard(name: str) -> None:
    raw = (EXPORTS / f"{name}.csv").read_bytes()
    expected = read_yaml(EXPORTS / f"{name}.yaml")["payments"]
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\nsecond line" in raw or b",\nHooli" in raw
    assert b'"1,250.00"' in raw or b'"$1,250.00"' in raw or b'"2,' in raw
    assert {"refunded", "charged_back"} <= {payment.get("status") for payment in expected}
    assert any("refunded" in payment for payment in expected)
    assert "authorize-net" == name or any("fee" in payment for payment in expected)
    assert {"USD"} != {payment["currency"] for payment in expected}
    assert any(payment["paid_at"][:10] in ("2026-03-08", "2026-11-01") for payment in expected)


ORDERS = "No,Who,Amount,Day\n"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Paid", "paid"), (" paid ", "paid"), ("RETURNED", "returned"), ("Gave  back", "refunded"), ("Open", None)],
)
def test_a_word_is_what_the_map_says_in_any_case(tmp_path: Path, status: str, expected: str | None) -> None:
    means = {"Paid": "payment", "Returned": "returned", "Gave back": "refunded", "Open": "leave out"}
    by = own_map(row=[{"column": "Status", "means": means}])
    found = list(read(tmp_path, f"No,Who,Amount,Day,Status\nT1,Hooli,5.00,2026-03-03,{status}\n", by).payments())
    assert ([expected] if expected else []) == [payment.status for payment in found]


@pytest.mark.parametrize("status", ["Settling", ""])
def test_a_word_that_is_not_in_the_map_is_refused_by_name(tmp_path: Path, status: str) -> None:
    by = own_map(row=[{"column": "Status", "means": {"Paid": "payment"}}])
    (problem,) = problems_of(read(tmp_path, f"No,Who,Amount,Day,Status\nT1,Hooli,5.00,2026-03-03,{status}\n", by))
    assert (2, "Status") == (problem.line, problem.column)
    assert repr(status) in problem.message or not status
    assert "[row.means]" in problem.remedy


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "expected"),
    [
        ("1,250.00", ".", ",", "1250.00"),
        ("1250.00", ".", ",", "1250.00"),
        ("1.250,00", ",", ".", "1250.00"),
        ("1 250,00", ",", " ", "1250.00"),
        ("1\u202f250,00", ",", " ", "1250.00"),
        ("-$5.00", ".", ",", "-5.00"),
        ("$-5.00", ".", ",", "-5.00"),
        ("($5.00)", ".", ",", "-5.00"),
        ("5.00-", ".", ",", "-5.00"),
        ("1,25", ".", ",", None),  # 1.25, or 125 with a slip
        ("1.250", ",", "", None),
        ("12,50.00", ".", ",", None),
        ("1,250,00", ".", ",", None),
        ("--5.00", ".", ",", None),
        ("(-5.00)", ".", ",", None),
        ("1e3", ".", ",", None),
        ("５.00", ".", ",", None),
    ],
)
def test_an_amount_is_read_as_stated_or_refused(text: str, decimal: Any, thousands: Any, expected: str | None) -> None:
    form = NumberForm(decimal=decimal, thousands=thousands, symbols=("$",))
    if expected is None:
        with pytest.raises(Wrong):
            amount_of(Cell(text), form)
        return
    amount = amount_of(Cell(text), form)
    assert expected == ("-" if amount.negative else "") + amount.digits


@pytest.mark.parametrize(
    ("text", "form", "zone", "expected"),
    [
        ("3/4/2026", "M/D/YYYY", "company", "2026-03-04"),
        ("3/4/2026", "D/M/YYYY", "company", "2026-04-03"),
        ("13/4/2026", "M/D/YYYY", "company", None),
        ("2026-03-04", "DD.MM.YYYY", "company", None),
        ("04.03.2026", "DD.MM.YYYY", "UTC", "2026-03-04"),  # a day is the company's, whatever zone the file has
        ("2026-03-04 12:00", "YYYY-MM-DD HH:mm[:ss]", "+05:30", "2026-03-04T12:00:00+05:30"),
        ("4-Mar-2026 12:05 AM", "D-Mon-YYYY hh:mm AM", "company", "2026-03-04T00:05:00-06:00"),
        ("4-Mar-2026 12:05 pm", "D-Mon-YYYY hh:mm AM", "company", "2026-03-04T12:05:00-06:00"),
        ("4-Mar-2026 13:05 PM", "D-Mon-YYYY hh:mm AM", "company", None),
        ("2026-03-08 02:30", "YYYY-MM-DD HH:mm", "company", None),
        ("2026-11-01 01:30", "YYYY-MM-DD HH:mm", "company", None),
        ("2026-11-01 01:30", "YYYY-MM-DD HH:mm", "America/Phoenix", "2026-11-01T01:30:00-07:00"),
        ("2026-11-01 01:30 CDT", "YYYY-MM-DD HH:mm ZONE", "written", "2026-11-01T01:30:00-05:00"),
        ("2026-11-01 01:30 IST", "YYYY-MM-DD HH:mm ZONE", "written", None),
        ("2026-02-30", "YYYY-MM-DD", "company", None),
    ],
)
def test_a_moment_is_read_as_stated_or_refused(text: str, form: str, zone: str, expected: str | None) -> None:
    ask: Callable[[], str] = lambda: moment_text(text, form, zone, "", {"CDT": "-05:00"}, CHICAGO)  # noqa: E731
    if expected is None:
        with pytest.raises(Wrong):
            ask()
    else:
        assert expected == ask()


@pytest.mark.parametrize(
    ("written", "stated", "expected"),
    [
        ("utf-8", "windows-1252", None),
        ("utf-8", "iso-8859-1", None),
        ("utf-8-sig", "iso-8859-1", None),
        ("utf-16", "windows-1252", None),
        ("utf-8-sig", "utf-8", "Café"),
        ("utf-16", "utf-16", "Café"),
        ("cp1252", "windows-1252", "Café"),
    ],
)
def test_a_file_in_another_encoding_than_stated_is_never_read_as_other_names(
    tmp_path: Path, written: str, stated: str, expected: str | None
) -> None:
    (tmp_path / "export.csv").write_bytes((ORDERS + "T1,Café,5.00,2026-03-03\n").encode(written))
    feed = MappedFile(tmp_path / "export.csv", ACME, own_map(file={"encoding": stated}))
    if expected is None:
        assert "--set encoding=utf-" in problems_of(feed)[0].remedy
    else:
        assert [expected] == [payment.customer for payment in feed.payments()]


def test_what_is_stated_wrongly_is_refused_where_a_guess_would_have_read_it(tmp_path: Path) -> None:
    european = "No;Who;Amount;Day\nT1;Hooli;1.250,00;2026-03-03\n"
    assert "one column" in problems_of(read(tmp_path, european, own_map()))[0].message
    by = own_map(file={"separator": "semicolon"})
    assert "Amount" == problems_of(read(tmp_path, european, by))[0].column
    by = own_map(file={"separator": "semicolon"}, numbers={"decimal": ",", "thousands": "."})
    assert [125000] == [payment.amount_minor for payment in read(tmp_path, european, by).payments()]
    latin = (ORDERS + "T1,Café,5.00,2026-03-03\n").encode("cp1252")
    (tmp_path / "export.csv").write_bytes(latin)
    assert "--set encoding" in problems_of(MappedFile(tmp_path / "export.csv", ACME, own_map()))[0].remedy
    by = own_map(file={"encoding": "windows-1252"})
    assert ["Café"] == [payment.customer for payment in MappedFile(tmp_path / "export.csv", ACME, by).payments()]
    (tmp_path / "export.csv").write_bytes("\ufeff".encode() + latin)
    assert "utf-8" in problems_of(MappedFile(tmp_path / "export.csv", ACME, by))[0].message


KINDS = {"pay": "payment", "refund": "refund", "lost": "chargeback", "won": "chargeback won", "fee": "fee"}


def about_others(**columns: str) -> Map:
    return own_map(columns={"refers_to": "Of", **columns}, row=[{"column": "Kind", "means": KINDS}])


OTHERS = "No,Who,Amount,Day,Kind,Of\n"
PAID = "T1,Hooli,5.00,2026-03-03,pay,\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("R1,,-2.00,2026-03-04,refund,T1\nR2,,1.00,2026-03-05,refund,T1\n", ("paid", 300)),
        ("R1,,5.00,2026-03-04,refund,T1\n", ("refunded", 0)),
        ("R1,,5.00,2026-03-04,lost,T1\n", ("charged_back", 0)),
        ("R2,,5.00,2026-03-05,won,T1\nR1,,5.00,2026-03-04,lost,T1\n", ("paid", 0)),
        ("R1,,0.30,2026-03-04,fee,\n", ("paid", 0)),
        ("R1,,5.01,2026-03-04,refund,T1\n", None),
        ("R1,,1.00,2026-03-04,refund,\n", None),
        ("R1,,1.00,2026-03-04,refund,T9\n", None),
        ("R1,,5.00,2026-03-11,lost,T1\n", None),  # tomorrow
    ],
)
def test_rows_about_a_payment_are_brought_to_it(tmp_path: Path, rows: str, expected: tuple[str, int] | None) -> None:
    feed = read(tmp_path, OTHERS + rows + PAID, about_others(), today=date(2026, 3, 10))
    if expected is None:
        assert 2 == problems_of(feed)[0].line
    else:
        assert [expected] == [(payment.status, payment.refunded_minor) for payment in feed.payments()]


@pytest.mark.parametrize(
    ("row", "expected"),
    [("5.00,2026-03-04,refund", "refunded"), ("5.00,2026-03-04,lost", "charged_back"), ("1.00,2026-03-04,refund", "paid")],
)
def test_a_payment_imported_before_can_end_in_a_later_file(tmp_path: Path, row: str, expected: str) -> None:
    (before,) = read(tmp_path, OTHERS + PAID, about_others()).payments()
    (ended,) = later(tmp_path, f"R1,,{row},T1\n", before).payments()
    assert (expected, before.content_hash()) == (ended.status, ended.content_hash())


def later(tmp_path: Path, rows: str, before: Payment) -> MappedFile:
    """A file without the payment, which was imported before."""
    return read(tmp_path, OTHERS + rows, about_others(), known=lambda number: before if number == "T1" else None)


FIRST = "R1,,1.00,2026-03-04,refund,T1\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (FIRST, ("paid", 100)),  # the same row again
        (FIRST + "R2,,2.00,2026-03-05,refund,T1\n", ("paid", 300)),  # the files overlap
        ("R2,,2.00,2026-03-02,refund,T1\n", ("paid", 300)),  # an older one that no file had yet
        ("R2,,1.00,2026-03-04,refund,T1\n", ("paid", 200)),  # equal but for its number
        ("R2,,4.00,2026-03-06,refund,T1\n", ("refunded", 0)),
        ("R3,,1.00,2026-03-07,failed,T1\n", None),  # a word that is not in the map
        ("R2,,4.01,2026-03-06,refund,T1\n", None),  # more than was paid
    ],
)
def test_refunds_in_part_of_an_earlier_payment_count_once(tmp_path: Path, rows: str, expected: tuple[str, int] | None) -> None:
    (before,) = read(tmp_path, OTHERS + PAID, about_others()).payments()
    (once,) = later(tmp_path, FIRST, before).payments()
    assert 100 == once.refunded_minor
    feed = later(tmp_path, rows, once)
    if expected is None:
        assert problems_of(feed)
    else:
        (ended,) = feed.payments()
        assert expected == (ended.status, ended.refunded_minor if ended.status == "paid" else 0)


def test_equal_refunds_of_one_day_without_numbers_count_each_and_those_told_as_a_sum_are_refused(tmp_path: Path) -> None:
    (before,) = read(tmp_path, OTHERS + PAID, about_others()).payments()
    equal = ",,1.00,2026-03-04,refund,T1\n" * 2
    (twice,) = later(tmp_path, equal, before).payments()
    assert 200 == twice.refunded_minor
    assert [200] == [payment.refunded_minor for payment in later(tmp_path, equal, twice).payments()]
    told = replace(before, refunded_minor=100)  # by the portal's own figure
    (problem,) = problems_of(later(tmp_path, FIRST, told))
    assert "told before without its rows" in problem.message


def test_lists_of_invoices_are_joined_by_commas_only_where_the_map_says_so(tmp_path: Path) -> None:
    text = 'No,Who,Amount,Day,Inv\nT1,Hooli,5.00,2026-03-03,"1:2.00,2:3.00"\n'
    joined = own_map(columns={"invoices": "Inv"}, invoices={"are": "list", "joined_by_commas": True})
    (payment,) = read(tmp_path, text, joined).payments()
    assert ["1", "2"] == [allocation.invoice_number for allocation in payment.allocations]
    for form in ({"are": "list"}, {"are": "number"}):
        assert "Inv" == problems_of(read(tmp_path, text, own_map(columns={"invoices": "Inv"}, invoices=form)))[0].column


def test_a_missing_column_and_a_double_one_are_named(tmp_path: Path) -> None:
    problems = problems_of(read(tmp_path, "No,Whom,Amount,Amount,Day\n", own_map()))
    assert [("Who", "the column is missing"), ("Amount", "the column appears twice")] == [
        (problem.column, problem.message) for problem in problems
    ]
    assert "'Whom'" in problems[0].remedy


def test_what_looks_like_a_card_number_is_refused_and_masked_everywhere(tmp_path: Path) -> None:
    card = "4111111111111111"
    for row in (
        f"{card},Hooli,5.00,2026-03-03,pay,\n",
        f"R1,,5.00,2026-03-03,refund,{card}\n",
        f"{card},Hooli,5.00,2026-03-03,{card},\n",
    ):
        problems = problems_of(read(tmp_path, OTHERS + row, about_others()))
        assert card not in str(problems)


def test_another_map_makes_another_feed_of_the_same_bytes(tmp_path: Path) -> None:
    text = ORDERS + "T1,Hooli,5.00,2026-03-03\n"
    first, same, other = (read(tmp_path, text, by).digest for by in (own_map(), own_map(), own_map(fixed={"method": "ach"})))
    assert first == same
    assert first != other
