"""What an administrator sets up in an empty Tryton: a company, its accounts and periods, a journal for us, and people.

Everything goes over Tryton's own calls, so it also shows what a real setup needs.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from accounting.tryton.session import Record
from app.demo.tryton.signed_in import SignedIn

CASH = "1.1.1"  # the account of the universal chart where money arrives
ADMIN_LOGIN = "admin"


@dataclass(frozen=True)
class Plan:
    """What the company should be like. `people` are logins and names, all with one password and no administration rights."""

    years: Sequence[int]
    people: Sequence[tuple[str, str]]
    password: str
    journal: str
    period_ends: frozenset[date] = field(default_factory=frozenset)  # besides the ends of months


def set_up(admin: SignedIn, plan: Plan) -> None:
    """Makes the company in an empty database, in US dollars."""
    dollar = admin.make("currency.currency", name="US Dollar", symbol="$", code="USD", rounding=Decimal("0.01"), digits=2)
    admin.make("currency.currency.rate", currency=dollar, date=date(min(plan.years), 1, 1), rate=Decimal(1))
    acme = admin.make("party.party", name="Acme Networks", addresses=[["create", [{"city": "Chicago"}]]])
    company = admin.make("company.company", party=acme, currency=dollar)
    admin.call("res.user.write", [admin.user], {"companies": [["add", [company]]], "company": company})
    admin.look_around()
    _chart(admin, company)
    for year in plan.years:
        _fiscal_year(admin, company, year, plan.period_ends)
    _ways_to_pay(admin, company, dollar, plan.journal)
    admin.call("company.company.write", [company], {"cancel_invoice_out": True})
    _light_reports(admin)
    admin.call("res.user.write", [admin.user], {"groups": [["add", admin.ids("res.group")]]})
    _people(admin, company, plan)


def _chart(admin: SignedIn, company: int) -> None:
    (root,) = admin.ids("account.account.template", ["parent", "=", None])[:1]
    account = {"account": {"company": company, "account_template": root}}
    chart = ("account.create_chart", "company.company", [company])
    admin.wizard(*chart, ("create_account", account))
    kinds = ("receivable", "payable", "revenue", "expense")
    open_accounts = (["company", "=", company], ["closed", "!=", True])
    found = {kind: admin.ids("account.account", [f"type.{kind}", "=", True], *open_accounts)[0] for kind in kinds}
    properties = {
        "company": company,
        "account_receivable": found["receivable"],
        "account_payable": found["payable"],
        "category_account_revenue": found["revenue"],
        "category_account_expense": found["expense"],
    }
    admin.wizard(*chart, ("create_properties", {**account, "properties": properties}))


def _ways_to_pay(admin: SignedIn, company: int, dollar: int, journal: str) -> None:
    """The statement journal for our receipts, and the checks that the bookkeeper enters."""
    (cash_account,) = admin.ids("account.account", ["code", "=", CASH], ["company", "=", company])
    (statements,) = admin.ids("account.journal", ["type", "=", "statement"])[:1]
    admin.make(
        "account.statement.journal", name=journal, journal=statements, account=cash_account, validation="amount",
        company=company, currency=dollar,
    )  # fmt: skip
    (cash,) = admin.ids("account.journal", ["type", "=", "cash"])[:1]
    admin.make(
        "account.invoice.payment.method", name="Check", journal=cash, company=company,
        credit_account=cash_account, debit_account=cash_account,
    )  # fmt: skip


def _people(admin: SignedIn, company: int, plan: Plan) -> None:
    groups = [
        group["id"]
        for group in admin.call("res.group.search_read", [], 0, None, None, ["name"])
        if group["name"].startswith(("Account", "Statement", "Party")) and "Admin" not in group["name"]
    ]
    for login, name in plan.people:
        admin.make(
            "res.user", name=name, login=login, password=plan.password, companies=[["add", [company]]], company=company,
            groups=[["add", groups]],
        )  # fmt: skip


def _fiscal_year(admin: SignedIn, company: int, year: int, period_ends: frozenset[date]) -> None:
    def sequence(name: str, kind: str) -> int:
        (sequence_type,) = admin.ids("ir.sequence.type", ["name", "=", kind])
        return admin.make("ir.sequence.strict", name=name, sequence_type=sequence_type, company=company)

    invoices = sequence(f"Invoices {year}", "Invoice")
    numbers = dict.fromkeys(
        ("out_invoice_sequence", "in_invoice_sequence", "out_credit_note_sequence", "in_credit_note_sequence"), invoices
    )
    fiscal_year = admin.make(
        "account.fiscalyear", name=str(year), company=company, start_date=date(year, 1, 1), end_date=date(year, 12, 31),
        move_sequence=sequence(f"Moves {year}", "Account Move"),
        invoice_sequences=[["create", [{"company": company, **numbers}]]],
    )  # fmt: skip
    periods = [{**period, "fiscalyear": fiscal_year, "type": "standard"} for period in _periods(year, period_ends)]
    admin.call("account.period.create", periods)


def _periods(year: int, period_ends: frozenset[date]) -> list[Record]:
    made: list[Record] = []
    start = day = date(year, 1, 1)
    while day.year == year:
        tomorrow = day + timedelta(days=1)
        if tomorrow.month != day.month or day in period_ends:
            made.append({"name": f"{start}/{day}", "start_date": start, "end_date": day})
            start = tomorrow
        day = tomorrow
    return made


def _light_reports(admin: SignedIn) -> None:
    """Gives invoices a report of one word: Tryton renders it at every posting, which takes a second otherwise."""
    reports = admin.ids("ir.action.report", ["report_name", "=", "account.invoice"])
    plain = {"__class__": "bytes", "base64": base64.b64encode(b"invoice").decode()}
    values = {"report_content_custom": plain, "template_extension": "txt", "extension": ""}
    admin.call("ir.action.report.write", reports, values)
