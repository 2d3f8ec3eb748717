"""Workbooks that portals and spreadsheets write: values only, within limits; what is uncertain is neither money nor a number."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from evidence_makers import read_yaml
from test_feeds_maps import ACME, EXPORTS, a_map, in_words, own_map, problems_of

from feeds.maps import cells, workbook
from feeds.maps.mapped_file import MappedFile
from feeds.maps.workbook import workbook_rows

HEADER = ("No", "Who", "Amount", "Day")


def a_workbook(
    folder: Path, *rows: tuple[Any, ...], formats: dict[str, str] | None = None, more_sheets: tuple[str, ...] = ()
) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Payments"
    for row in (HEADER, *rows):
        page.append(row)
    for place, number_format in (formats or {}).items():
        page[place].number_format = number_format
    for name in more_sheets:
        book.create_sheet(name)
    path = folder / "export.xlsx"
    book.save(path)
    return path


def feed(path: Path, **tables: Any) -> MappedFile:
    return MappedFile(path, ACME, own_map(**tables))


def test_paypals_sample_saved_as_a_workbook_is_the_same(tmp_path: Path) -> None:
    import csv  # noqa: PLC0415

    text = (EXPORTS / "paypal.csv").read_text(encoding="utf-8-sig")
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Activity")
    for row in csv.reader(io.StringIO(text, newline="")):
        page.append(row)
    book.save(tmp_path / "paypal.xlsx")
    expected = read_yaml(EXPORTS / "paypal.yaml")["payments"]
    assert expected == [in_words(payment) for payment in MappedFile(tmp_path / "paypal.xlsx", ACME, a_map("paypal")).payments()]


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (1250, "General", 125000),
        (1250.1, "General", 125010),
        (0.1 + 0.2, "General", 30),  # 0.30000000000000004 as a spreadsheet computes it
        (36.55, "#,##0.00", 3655),
        (36.55, '[$$-409]#,##0.00_);("$"#,##0.00)', 3655),
        (999999999.99, "0.00", 99999999999),
        ("1,250.00", "@", 125000),
        (12.345, "0.00", None),  # shows 12.35
        (12.345, "General", None),
        (12.5, "0", None),  # shows 13
        (0.5, "0%", None),
        (1e16, "General", None),
        (-5, "General", None),
        (True, "General", None),
        ("=1+1", "General", None),
        ("#N/A", "General", None),
    ],
)
def test_a_numeric_amount_is_exact_or_refused(tmp_path: Path, value: Any, number_format: str, expected: int | None) -> None:
    found = feed(a_workbook(tmp_path, ("T1", "Hooli", value, "2026-03-03"), formats={"C2": number_format}))
    if expected is None:
        assert "Amount" == problems_of(found)[0].column
    else:
        assert [expected] == [payment.amount_minor for payment in found.payments()]


def test_a_number_of_the_spreadsheet_is_no_transaction_number_unless_the_map_says_so(tmp_path: Path) -> None:
    path = a_workbook(tmp_path, (42, "Hooli", 5, "2026-03-03"), ("00043", "Hooli", 5, "2026-03-03"))
    (problem,) = problems_of(feed(path))
    assert ("No", 2) == (problem.column, problem.line)
    assert "lost zeros" in problem.message
    said = feed(path, file={"numeric_cells": ["transaction_number"]})
    assert ["42", "00043"] == [payment.transaction_number for payment in said.payments()]
    long = a_workbook(tmp_path, (1234567890123456, "Hooli", 5, "2026-03-03"))
    assert "rounded" in problems_of(feed(long, file={"numeric_cells": ["transaction_number"]}))[0].message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 3, 3), ("2026-03-03T18:00:00+00:00", False)),
        (datetime(2026, 3, 3, 16, 20), ("2026-03-03T22:20:00+00:00", True)),  # noqa: DTZ001
        ("2026-03-03", ("2026-03-03T18:00:00+00:00", False)),
        (datetime(2026, 3, 8, 2, 30), None),  # noqa: DTZ001
        (46084, None),  # a day without its format is a number
        (time(1, 2), None),
    ],
)
def test_days_and_moments_of_a_workbook_are_what_they_are(tmp_path: Path, value: Any, expected: tuple[str, bool] | None) -> None:
    found = feed(a_workbook(tmp_path, ("T1", "Hooli", 5, value)))
    if expected is None:
        assert "Day" == problems_of(found)[0].column
    else:
        assert [expected] == [(payment.paid_at.isoformat(), payment.has_time) for payment in found.payments()]


def test_empty_rows_at_the_end_are_passed_over_and_several_sheets_are_asked_about(tmp_path: Path) -> None:
    rows = [("T1", "Hooli", 5, "2026-03-03"), *[(None, "  ", None, None)] * 50]
    path = a_workbook(tmp_path, *rows, more_sheets=("Refunds",))
    (problem,) = problems_of(feed(path))
    assert "Payments, Refunds" in problem.message
    assert "--set sheet" in problem.remedy
    assert [500] == [payment.amount_minor for payment in feed(path, file={"sheet": "Payments"}).payments()]
    assert "no sheet" in problems_of(feed(path, file={"sheet": "Paid"}))[0].message


def changed(path: Path, change: dict[str, bytes]) -> Path:
    """The same workbook with parts added or replaced."""
    old = zipfile.ZipFile(path)
    parts = {name: old.read(name) for name in old.namelist()} | change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_what_could_fill_the_machine_or_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_workbook(tmp_path, ("T1", "Hooli", 5, "2026-03-03"))
    whole = path.read_bytes()
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'
    for name, content, says in (
        ("xl/sharedStrings.xml", bomb, "plain XML"),
        ("xl/sharedStrings.xml", "<a/>".encode("utf-16"), "plain XML"),
        ("xl/vbaProject.bin", b"Sub Auto_Open", "macros"),
        ("xl/workbook.xml", b"<workbook", "could not be read"),
    ):
        path.write_bytes(whole)
        assert says in problems_of(feed(changed(path, {name: content})))[0].message
    path.write_bytes(whole[:200])
    assert "not a workbook" in problems_of(feed(path))[0].message
    path.write_bytes(workbook.OLD_MAGIC + b"old")
    assert ".xls" in problems_of(feed(path))[0].message
    path.write_bytes(whole)
    monkeypatch.setattr(workbook, "MOST_UNPACKED_BYTES", 1_000)
    assert "unpacks" in problems_of(feed(path))[0].message
    monkeypatch.undo()
    monkeypatch.setattr(cells, "MOST_ROWS", 0)
    assert "rows" in problems_of(feed(path))[0].message


def test_a_sheet_that_claims_to_be_huge_is_read_by_what_it_holds(tmp_path: Path) -> None:
    path = a_workbook(tmp_path, ("T1", "Hooli", 5, "2026-03-03"))
    sheet = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
    claims = sheet.replace(b'ref="A1:D2"', b'ref="A1:XFD1048576"')
    assert claims != sheet
    rows = list(workbook_rows(changed(path, {"xl/worksheets/sheet1.xml": claims}).read_bytes(), ""))
    assert [1, 2] == [line for line, _ in rows]
