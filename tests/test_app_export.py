"""What is listed becomes a file for a spreadsheet, in which nothing that somebody else wrote is run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from command_line import load_books, write_settings
from makers import START, a_company
from test_app_deciding import InThisProcess

from app import export
from app.failure_view import FailureView

WORDS = {"acme": a_company().words}


def a_view(*, customer: str = "Hooli", amount_minor: int = 50_000, currency: str = "USD") -> FailureView:
    return FailureView(
        transaction="TXN-1",
        company="acme",
        customer=customer,
        amount_minor=amount_minor,
        currency=currency,
        invoices=("1042",),
        state="open",
        cause="credit_memo_applied",
        remedy="unapply_credit_memo",
        alternatives=(),
        confidence="certain",
        because=(),
        incident=None,
        attempts=1,
        failed_at=START,
        evidence="e",
        sentence="Invoice 1042 has only $380.00 open.",
        resolution=None,
        resolved_by="",
        blocked="",
        assignee="sam",
    )


def in_csv(*views: FailureView) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export.as_csv(export.rows_of(views, WORDS)).decode("utf-8-sig"))))


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_that_somebody_else_wrote_is_run(name: str) -> None:
    (row,) = in_csv(a_view(customer=name))
    assert "'" == row["Customer"][:1]
    rows = export.rows_of([a_view(customer=name)], WORDS)
    (cell,) = openpyxl.load_workbook(io.BytesIO(export.as_xlsx(rows))).active["C"][1:]
    assert "s" == cell.data_type


def test_amounts_are_numbers_with_the_decimals_of_their_currency_and_moments_the_companys() -> None:
    views = [a_view(), a_view(amount_minor=700, currency="JPY"), a_view(amount_minor=1_234, currency="KWD")]
    assert ["500.00", "700", "1.234"] == [row["Amount"] for row in in_csv(*views)]
    assert ("2026-03-10 10:00", "sam", "1042") == tuple(
        in_csv(views[0])[0][of] for of in ("Failing since", "Assigned to", "Invoices")
    )
    sheet = openpyxl.load_workbook(io.BytesIO(export.as_xlsx(export.rows_of(views, WORDS)))).active
    assert [(500, "#,##0.00"), (700, "#,##0"), (1.234, "#,##0.000")] == [
        (cell.value, cell.number_format) for cell in sheet["E"][1:]
    ]
    assert list(export.COLUMNS) == [cell.value for cell in sheet[1]]


def test_a_list_without_failures_is_a_file_with_a_heading() -> None:
    assert [] == in_csv()
    assert 1 == openpyxl.load_workbook(io.BytesIO(export.as_xlsx([]))).active.max_row


def test_the_command_writes_both_files_for_this_account_alone_and_overwrites_nothing(tmp_path: Path) -> None:
    acme = InThisProcess(write_settings(tmp_path).folder)
    load_books(acme, {"H": "Hooli"}, [("1001", "Hooli", "50.00")])
    acme.take_in(("TXN-1", "Hooli", "60.00", "1001:60.00"))
    acme.sync()
    for kind in ("csv", "xlsx"):
        file = tmp_path / f"failing.{kind}"
        ran = acme.run("failures", f"--{kind}", str(file))
        assert (1, 0o600, "") == (ran.code, file.stat().st_mode & 0o777, ran.out)
        assert "1 failed payment written to" in ran.err
        again = acme.run("failures", f"--{kind}", str(file))
        assert (2, True) == (again.code, "exists already" in again.err)
