"""The workbook of month end: a summary to be signed, and a sheet for each part of the package.

Lines of detail are written as they are read, so that memory does not grow with them. Totals are values that we added up;
beside them the spreadsheet adds up the same cells itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import xlsxwriter

import rules
from app.month_end import accounts, rolled, signing, summary
from app.month_end.paper import Cell, Formats, Money, NotTold, Sheet
from app.month_end.rolled import TAKEN, status_of
from receivables.company import Company
from receivables.month import Month
from receivables.words import listed, plain
from sync.month_package import Detail, MonthEnd

NOT_TOLD = NotTold()  # by the feed; the summary says so
ROLLED_PERCENT = 66  # its columns fit a page; a sheet that is fitted by the spreadsheet heeds no page breaks
DETAIL = (
    ("Payment", 18), ("Customer", 22), ("Customer ID", 12), ("Paid at", 16), ("Counted as", 18), ("Tender", 9), ("Currency", 11),
    ("Gross", 13), ("Surcharge", 10), ("Fee", 10), ("Net of fee", 12), ("Rate", 8), ("Payout", 12), ("Receipts", 14),
    ("Receipt date", 12), ("Month recorded", 16), ("Deposit account", 20), ("Deposit", 12), ("In a deposit or reconciled", 16),
    ("Applied to", 26), ("On account", 13), ("Status", 22), ("Cause", 24), ("Remedy", 22), ("Asked by", 15), ("Approved by", 15),
    ("Reason", 30), ("Days open", 8),
)  # fmt: skip


class Workbook:
    """Opened before anything is read: `line` takes each payment of the month, `finish` the rest."""

    def __init__(self, path: Path, company: Company, month: Month) -> None:
        self._company, self._month = company, month
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book: Any = xlsxwriter.Workbook(str(path), options)
        self._formats = Formats(self._book, company.words)
        self._title = f"{plain(company.name)}, {company.words.month(month.first)}"
        self._summary = self._sheet("Summary", (44, 12, 20, 24, 20, 20))
        self._summary.sheet.fit_to_pages(1, 1)
        self._rolled = self._sheet("A Roll-forward", (54, 10, 18, 18, 48))
        self._rolled.sheet.set_print_scale(ROLLED_PERCENT)
        self._accounts = self._sheet("B Deposit accounts", (58, 10, 18, 18, 60))
        self._owed = self._sheet("C Receivables", (58, 12, 18, 18, 22, 16, 16))
        self._detail = self._sheet("D Detail", [width for _, width in DETAIL], repeat=0, wide=3)
        self._signed = self._sheet("E To sign", [width for _, width in signing.COLUMNS], repeat=0)
        self._detail.sheet.set_row(0, 30)
        self._detail.header(*(name for name, _ in DETAIL))
        self._detail.sheet.freeze_panes(1, 1)
        self._book.set_properties({"title": f"Month end: {self._title}", "comments": "Written by Resolve Now"})

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._book.close()

    def _sheet(self, name: str, widths: Sequence[int], *, repeat: int | None = None, wide: int = 1) -> Sheet:
        sheet = Sheet(self._book.add_worksheet(name), self._formats, self._company.time_zone, widths=widths)
        sheet.printed(f"Month end: {self._title}", repeat=repeat, wide=wide)
        return sheet

    # --- D ------------------------------------------------------------------------------------------------------------------

    def line(self, detail: Detail) -> None:
        """One payment of the month."""
        self._detail.write(*self._of_payment(detail), *self._of_receipts(detail), *self._of_decision(detail))

    def _of_payment(self, detail: Detail) -> Sequence[Cell]:
        payment = detail.stored.payment
        fee = Money(payment.fee_minor, payment.currency) if payment.fee_minor else NOT_TOLD
        net = Money(payment.amount_minor - payment.fee_minor, payment.currency) if payment.fee_minor else NOT_TOLD
        counted_as = TAKEN if detail.paid_on in self._month else "Open at its beginning"
        return (
            payment.transaction_number,
            payment.customer,
            detail.customer_id,
            payment.paid_at if payment.has_time else detail.paid_on,
            counted_as if detail.paid_on <= self._month.last else "Paid in a later month",
            payment.method,
            payment.currency,
            Money(payment.amount_minor, payment.currency),
            NOT_TOLD,
            fee,
            net,
            listed([receipt.rate_booked or receipt.rate_sent for receipt in detail.receipts if receipt.rate_sent]),
            NOT_TOLD,
        )

    def _of_receipts(self, detail: Detail) -> Sequence[Cell]:
        words, currency = self._company.words, detail.stored.payment.currency
        receipts = detail.receipts
        days = sorted({receipt.received_on for receipt in receipts})
        deposited = [receipt.deposited for receipt in receipts]
        applied = [f"{plain(number)}: {words.money(minor, currency)}" for number, minor in detail.applied]
        return (
            listed([plain(receipt.number or receipt.id) for receipt in receipts]),
            days[0] if len(days) == 1 else listed([words.day(day) for day in days]),
            listed(list(dict.fromkeys(words.month(day) for day in days))),
            listed([plain(account) for account in detail.accounts]),
            listed([plain(receipt.deposit) for receipt in receipts if receipt.deposit]),
            ("yes" if all(deposited) else "in part" if any(deposited) else "no") if receipts else "",
            listed(applied, 20),
            Money(detail.on_account_minor, currency) if receipts else None,
            status_of(detail),
        )

    def _of_decision(self, detail: Detail) -> Sequence[Cell]:
        cause, decision = detail.cause, detail.decision
        return (
            rules.title(cause) if cause else "",
            decision.remedy.label if decision else "",
            detail.asked_by,
            detail.approved_by,
            decision.reason if decision else "",
            detail.days_open,
        )

    # --- the rest -----------------------------------------------------------------------------------------------------------

    def finish(self, found: MonthEnd, chart: bytes, chart_says: str) -> None:
        """Everything that is known when all was read."""
        lines = found.payments
        if lines:
            self._detail.sheet.autofilter(0, 0, lines, len(DETAIL) - 1)
        else:
            self._detail.write("No payment was taken in this month, and none was open.")
        tops = rolled.write(self._rolled, found)
        accounts.write(self._accounts, found)
        accounts.write_receivables(self._owed, found)
        signing.write(self._signed, found)
        summary.write(self._summary, found, summary.Beside(self._title, tops, chart, chart_says))
