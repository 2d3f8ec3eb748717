"""People who work in a real Tryton from outside: a plain client of its protocol, and everything they set up by hand.

Written against Tryton's own protocol with nothing but the standard library, so that it shares no mistake with the
connector under test.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

PASSWORD = "made-up-for-tests-1"
OUR_LOGIN, CLERK_LOGIN, ADMIN_LOGIN = "resolve-now", "dana", "admin"
JOURNAL = "Portal receipts"
FIRST_YEAR, LAST_YEAR = 2025, max(2027, date.today().year + 1)  # noqa: DTZ011 (the server goes by its own calendar)
#: Days on which a period ends besides the ends of months, so that a test can close the books at them.
PERIOD_ENDS = frozenset({date(2026, 3, 10)})
Record = dict[str, Any]


class TrytonError(Exception):
    """What Tryton answered instead of a result: the kind and its words."""

    def __init__(self, kind: str, words: object) -> None:
        super().__init__(f"{kind}: {words}")
        self.kind = kind
        self.words = words


def _encoded(value: object) -> object:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value))


def _decoded(found: Record) -> object:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "date":
            return date(found["year"], found["month"], found["day"])
        case "datetime":
            return datetime(*(found[name] for name in ("year", "month", "day", "hour", "minute", "second", "microsecond")))  # noqa: DTZ001
        case _:
            return found


class Person:
    """Somebody signed in to one database of a Tryton server."""

    def __init__(self, url: str, database: str, login: str, password: str = PASSWORD) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._database = parts.hostname or "", parts.port, database
        self._headers = {"Content-Type": "application/json"}
        self.login = login
        self.user, token = self.raw("common.db.login", login, {"password": password}, "en")[:2]
        session = base64.b64encode(f"{login}:{self.user}:{token}".encode()).decode()
        self._headers["Authorization"] = f"Session {session}"
        self.context: Record = {}
        self.look_around()

    def look_around(self) -> None:
        """Reads the preferences that go with every call: company, groups, language."""
        self.context = self.raw("model.res.user.get_preferences", True, {})

    def raw(self, method: str, *params: object) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": list(params)}, default=_encoded)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=120)
        try:
            connection.request("POST", f"/{self._database}/rpc/", body, self._headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise TrytonError(f"HTTP {response.status}", data[:300])
        answer = json.loads(data, object_hook=_decoded)
        if "error" in answer:
            raise TrytonError(str(answer["error"][0]), answer["error"][1])
        return answer["result"]

    def call(self, method: str, *params: object, **context: object) -> Any:
        return self.raw(f"model.{method}", *params, {**self.context, **context})

    def ids(self, model: str, *domain: object) -> list[int]:
        found: list[int] = self.call(f"{model}.search", list(domain), 0, None, None)
        return found

    def read(self, model: str, record: int, *fields: str) -> Record:
        found: Record = self.call(f"{model}.read", [record], list(fields))[0]
        return found

    def make(self, model: str, **values: object) -> int:
        made: int = self.call(f"{model}.create", [values])[0]
        return made

    def wizard(self, name: str, model: str, ids: Sequence[int], *steps: tuple[str, Record]) -> list[Any]:
        context = {**self.context, "active_model": model, "active_ids": list(ids), "active_id": ids[0] if ids else None}
        session = self.raw(f"wizard.{name}.create", context)[0]
        try:
            return [self.raw(f"wizard.{name}.execute", session, values, state, context) for state, values in steps]
        finally:
            self.raw(f"wizard.{name}.delete", session, context)


def set_up(admin: Person) -> None:
    """A company with chart, periods, journals, one customer account and two more people, from an empty database."""
    dollar = admin.make("currency.currency", name="US Dollar", symbol="$", code="USD", rounding=Decimal("0.01"), digits=2)
    admin.make("currency.currency.rate", currency=dollar, date=date(FIRST_YEAR, 1, 1), rate=Decimal(1))
    acme = admin.make("party.party", name="Acme Networks", addresses=[["create", [{"city": "Chicago"}]]])
    company = admin.make("company.company", party=acme, currency=dollar)
    admin.call("res.user.write", [admin.user], {"companies": [["add", [company]]], "company": company})
    admin.look_around()
    _chart(admin, company)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        _fiscal_year(admin, company, year)
    accounts = {code: admin.ids("account.account", ["code", "=", code], ["company", "=", company])[0] for code in ("1.1.1",)}
    (statements,) = admin.ids("account.journal", ["type", "=", "statement"])[:1]
    admin.make(
        "account.statement.journal", name=JOURNAL, journal=statements, account=accounts["1.1.1"], validation="amount",
        company=company, currency=dollar,
    )  # fmt: skip
    (cash,) = admin.ids("account.journal", ["type", "=", "cash"])[:1]
    admin.make(
        "account.invoice.payment.method", name="Cheque", journal=cash, company=company,
        credit_account=accounts["1.1.1"], debit_account=accounts["1.1.1"],
    )  # fmt: skip
    admin.call("company.company.write", [company], {"cancel_invoice_out": True})
    _light_reports(admin)
    everything = admin.ids("res.group")
    admin.call("res.user.write", [admin.user], {"groups": [["add", everything]]})
    groups = [
        one["id"]
        for one in admin.call("res.group.search_read", [], 0, None, None, ["name"])
        if one["name"].startswith(("Account", "Statement", "Party")) and "Admin" not in one["name"]
    ]
    for login, name in ((OUR_LOGIN, "Resolve Now"), (CLERK_LOGIN, "Dana")):
        admin.make(
            "res.user",
            name=name,
            login=login,
            password=PASSWORD,
            companies=[["add", [company]]],
            company=company,
            groups=[["add", groups]],
        )


def _chart(admin: Person, company: int) -> None:
    (root,) = admin.ids("account.account.template", ["parent", "=", None])[:1]
    context = {**admin.context, "active_model": None, "active_ids": [], "active_id": None}
    wizard = "wizard.account.create_chart"
    session = admin.raw(f"{wizard}.create", context)[0]
    account = {"account": {"company": company, "account_template": root}}
    admin.raw(f"{wizard}.execute", session, account, "create_account", context)
    kinds = ("receivable", "payable", "revenue", "expense")
    open_ones = (["company", "=", company], ["closed", "!=", True])
    found = {kind: admin.ids("account.account", [f"type.{kind}", "=", True], *open_ones)[0] for kind in kinds}
    properties = {
        "company": company,
        "account_receivable": found["receivable"],
        "account_payable": found["payable"],
        "category_account_revenue": found["revenue"],
        "category_account_expense": found["expense"],
    }
    admin.raw(f"{wizard}.execute", session, {**account, "properties": properties}, "create_properties", context)
    admin.raw(f"{wizard}.delete", session, context)


def _fiscal_year(admin: Person, company: int, year: int) -> None:
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
    admin.call("account.period.create", [{**one, "fiscalyear": fiscal_year, "type": "standard"} for one in _periods(year)])


def _periods(year: int) -> list[Record]:
    made: list[Record] = []
    start = day = date(year, 1, 1)
    while day.year == year:
        tomorrow = day + timedelta(days=1)
        if tomorrow.month != day.month or day in PERIOD_ENDS:
            made.append({"name": f"{start}/{day}", "start_date": start, "end_date": day})
            start = tomorrow
        day = tomorrow
    return made


def _light_reports(admin: Person) -> None:
    """Gives invoices a report of one word: Tryton renders it at every posting, which takes a second otherwise."""
    reports = admin.ids("ir.action.report", ["report_name", "=", "account.invoice"])
    plain = {"__class__": "bytes", "base64": base64.b64encode(b"invoice").decode()}
    values = {"report_content_custom": plain, "template_extension": "txt", "extension": ""}
    admin.call("ir.action.report.write", reports, values)
