"""The files of month end: real numbers with formats and formulas, text that stays text, and nothing half written or replaced."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from command_line import load_books, write_settings
from month_played import CLEARING, played
from openpyxl import load_workbook
from PIL import Image
from scene import Scene
from typer.testing import CliRunner

from app.main import app
from app.month_end import files
from app.month_end.files import Package
from app.month_end.paper import Formats
from receivables.books_records import Balances
from receivables.errors import BooksUnavailable, ConfigurationError
from receivables.month import Month
from receivables.ports import Books
from receivables.words import Words

MARCH = Month.of("2026-03")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    scene = played(tmp_path_factory.mktemp("march"))
    yield files.write(scene.desk, MARCH, tmp_path_factory.mktemp("out") / "reports" / "2026")
    scene.db.close()
    scene.ledger.close()


def sheet(package: Package, name: str, *, formulas: bool = False) -> Any:
    return load_workbook(package.workbook, data_only=not formulas)[name]


def found(of: Any, text: str) -> Any:
    """The first row that begins with this text."""
    return next(row for row in of.iter_rows() if row[0].value == text)


def test_amounts_are_numbers_in_the_format_of_their_currency(package: Package) -> None:
    rolled = sheet(package, "A Roll-forward")
    taken = [row for row in rolled.iter_rows() if row[0].value == "Payments taken in the month"]
    assert [
        (7, 1015, '"$"#,##0.00_);("$"#,##0.00)'),
        (1, 40, '"€"#,##0.00_);("€"#,##0.00)'),
        (1, 3000, '"¥"#,##0_);("¥"#,##0)'),
    ] == [(row[1].value, row[2].value, row[2].number_format) for row in taken]
    difference = found(rolled, "Difference")
    assert (0, 0, 0) == tuple(cell.value for cell in difference[1:4])


def test_totals_are_beside_formulas_that_the_spreadsheet_adds_up_itself(package: Package) -> None:
    values, formulas = (found(sheet(package, "A Roll-forward", formulas=of), "To be recorded") for of in (False, True))
    assert (1055, 1055) == (values[2].value, values[3].value)
    assert "=SUM(C3:C7)" == formulas[3].value
    taken = found(sheet(package, "A Roll-forward", formulas=True), "Payments taken in the month")
    assert taken[3].value.startswith("=SUMIFS('D Detail'!$H:$H")


def test_detail_has_days_as_days_and_is_ready_to_filter_and_to_print(package: Package) -> None:
    detail = sheet(package, "D Detail")
    header = [cell.value for cell in detail[1]]
    row = found(detail, "FEB-2")
    by_name = dict(zip(header, row, strict=True))
    assert "Open at its beginning" == by_name["Counted as"].value
    assert (datetime(2026, 3, 4), "mm/dd/yyyy") == (by_name["Receipt date"].value, by_name["Receipt date"].number_format)  # noqa: DTZ001
    assert ("Recorded by hand", CLEARING, "Dana") == tuple(by_name[of].value for of in ("Status", "Deposit account", "Asked by"))
    assert ("B2", "A1:AB12", "landscape", "$1:$1") == (
        detail.freeze_panes, detail.auto_filter.ref, detail.page_setup.orientation, detail.print_title_rows
    )  # fmt: skip
    assert "Page &P of &N" == detail.oddFooter.right.text.replace("&[Page]", "&P").replace("Page &P of &[Pages]", "Page &P of &N")


def test_summary_names_the_head_of_the_record_and_has_the_chart_with_its_description(package: Package) -> None:
    lines = [row[0].value for row in sheet(package, "Summary").iter_rows() if row[0].value]
    assert package.found.head[1] in lines
    assert {"No payment is unexplained.", "Prepared by", "Reviewed by"} <= set(lines)
    described = package.description.read_text().strip()
    assert described in lines
    with Image.open(package.chart) as picture:
        assert ("PNG", described) == (picture.format, picture.info["Description"])
    for said in ("Recorded by Resolve Now, 6 payments", "Invoice voided, 1 payment, USD 60.00"):
        assert said in described


def test_files_are_their_owners_alone_and_are_replaced_only_when_asked(package: Package) -> None:
    paths = (package.workbook, package.chart, package.description)
    assert [0o600] * 3 == [stat.S_IMODE(path.stat().st_mode) for path in paths]
    assert sorted(paths) == sorted(package.workbook.parent.iterdir())  # no draft is left


def test_text_from_outside_stays_text(scene: Scene, tmp_path: Path) -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\tcmd"]
    for place, name in enumerate(names):
        scene.pay(f"TXN-{place}", 1_000 + place, {}, customer=name)
    written = files.write(scene.desk, MARCH, tmp_path / "out")
    detail = sheet(written, "D Detail", formulas=True)
    cells = [found(detail, f"TXN-{place}")[1] for place in range(len(names))]
    assert [("=HYPERLINK(1)", "s"), ("+1", "s"), ("-1", "s"), ("@SUM(1)", "s"), ("\\u0009cmd", "s")] == [
        (cell.value, "s" if cell.data_type == "inlineStr" else cell.data_type) for cell in cells
    ]
    assert [True] * len(names) == [bool(cell.quotePrefix) for cell in cells]


def test_second_report_needs_to_be_told_to_replace_the_first(scene: Scene, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files.write(scene.desk, MARCH, out)
    with pytest.raises(ConfigurationError, match="is there already"):
        files.write(scene.desk, MARCH, out)
    scene.pay()
    assert 1 == files.write(scene.desk, MARCH, out, overwrite=True).found.payments
    assert ["There are no payments."] != [cell.value for cell in load_workbook(out / "acme-2026-03-month-end.xlsx")[
        "A Roll-forward"]["A"]]  # fmt: skip


class Away:
    """Books that cannot be reached."""

    def __init__(self, books: Books) -> None:
        self.traits = books.traits

    def changes(self, *_: object, **__: object) -> None:
        raise BooksUnavailable("the books do not answer")


def test_nothing_is_written_while_the_books_are_out_of_reach(scene: Scene, tmp_path: Path) -> None:
    away: Any = Away(scene.desk.books)
    with pytest.raises(BooksUnavailable):
        files.write(replace(scene.desk, books=away), MARCH, tmp_path / "out")
    assert [] == list((tmp_path / "out").iterdir())


def test_month_that_is_not_over_is_said_to_be_so(scene: Scene, tmp_path: Path) -> None:
    written = files.write(scene.desk, MARCH, tmp_path / "out")
    lines = [row[0].value for row in sheet(written, "Summary").iter_rows() if row[0].value]
    assert "March 2026 is not over; figures as of Mar 10, 2026." in lines
    assert "March 2026, as of Mar 10, 2026" in written.description.read_text()


def test_balances_of_the_general_ledger_stand_beside_ours_with_the_difference(package: Package) -> None:
    held = found(sheet(package, "B Deposit accounts"), "Balance of the general ledger")
    assert (871.0, "Read from Embedded books, through Mar 31, 2026.") == (held[2].value, held[4].value)
    beside = found(sheet(package, "Summary"), f"{CLEARING}, USD")
    assert (871.0, 871.0, 0) == tuple(cell.value for cell in beside[2:5])


class Untold:
    """Books that tell no balances."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def __getattr__(self, name: str) -> object:
        return getattr(self._books, name)

    def balances(self, first: date, last: date) -> Balances:
        assert (first, last) == (MARCH.first, MARCH.last)
        return Balances(why_not="Reports are not read. Take it from Reports › Trial Balance.")


def test_balance_that_the_books_do_not_tell_is_a_cell_to_fill_in_with_the_reason(scene: Scene, tmp_path: Path) -> None:
    books: Any = Untold(scene.desk.books)
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    scene.sync()
    written = files.write(replace(scene.desk, books=books), MARCH, tmp_path / "out")
    for name in ("B Deposit accounts", "C Receivables"):
        of = sheet(written, name, formulas=True)
        asked = found(of, "Balance of the general ledger: enter it")
        assert (None, "Reports are not read. Take it from Reports › Trial Balance.") == (asked[2].value, asked[4].value)
        assert f"enter it on sheet {name[0]}" in {cell.value for row in sheet(written, "Summary").iter_rows() for cell in row}
        row = asked[2].row
        assert f'=IF(ISBLANK(C{row}),"",C{row}-C{row - 1})' == found(of, "Difference")[2].value


def test_format_of_an_amount_has_the_decimals_of_its_currency() -> None:
    formats = Formats(a_book(), Words("en_US", ZoneInfo("UTC")))
    for currency, expected in (("JPY", '"¥"#,##0_);("¥"#,##0)'), ("KWD", '"KWD"#,##0.000_);("KWD"#,##0.000)')):
        assert expected == formats.money(currency).num_format
    assert '"JPY"#,##0;-"JPY"#,##0' == Formats(a_book(), Words("de_DE", ZoneInfo("UTC"))).money("JPY").num_format.replace(
        "¥", "JPY"
    )


def a_book() -> Any:
    return xlsxwriter.Workbook(BytesIO())


def test_command_writes_the_files_and_its_exit_code_tells_of_a_difference(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    load_books(acme, {"Hooli": "Hooli"}, [("1042", "Hooli", "500.00")])

    def run(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["--config", str(acme.config), *words])
        return ran.exit_code, ran.output

    assert 0 == run("import", str(acme.payments_file([("TXN-1", "Hooli", "500.00", "1042:500.00")])))[0]
    assert 0 == run("sync")[0]
    code, said = run("report", "--month", "2026-03", "--out", str(tmp_path / "first"))
    assert 0 == code, said
    assert "$500.00 to be recorded, $0.00 of it not recorded (0 payments), difference $0.00." in said
    assert 0 == run("books", "delete-receipt", "TXN-1", "--by", "bea")[0]
    code, answer = run("report", "--month", "2026-03", "--out", str(tmp_path / "second"), "--json")
    (told,) = json.loads(answer)
    assert (1, False, 50_000) == (code, told["adds_up"], told["currencies"]["USD"]["difference_minor"])
    assert Path(told["workbook"]).is_file()
