"""Tryton's records in a dictionary, asked by JSON-RPC as a server is: for feeds of changes that no server is needed for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from makers import ManualClock

from accounting.calling import Reply
from accounting.tryton.session import decoded, encoded

Row = dict[str, Any]
LINE, MOVE, INVOICE, PARTY = "account.move.line", "account.move", "account.invoice", "party.party"
#: Which model a field of a record names, for fields with dots.
NAMED = {
    "currency": "currency.currency",
    "second_currency": "currency.currency",
    "create_uid": "res.user",
    "write_uid": "res.user",
    "reconciliation": "account.move.reconciliation",
    "journal": "account.journal",
    "move": MOVE,
    "invoice_payment": INVOICE,
    "lines": LINE,
    "lines_to_pay": LINE,
    "account": "account.account",
    "type": "account.account.type",
}
COMPANY, OURSELVES, USER = 1, 1, 7


@dataclass
class TrytonRecords:
    """One company. What is written becomes visible at a moment of its own, as by a transaction that is still open."""

    clock: ManualClock
    seconds_a_call: float = 0.0
    models: dict[str, dict[int, Row]] = field(default_factory=dict)
    hidden: list[tuple[datetime, str, int, Row]] = field(default_factory=list)  # until when; the record as it will be then
    calls: int = 0

    def __post_init__(self) -> None:
        self.models = {name: {} for name in (PARTY, INVOICE, LINE, MOVE, "account.statement.line")} | {
            "currency.currency": {1: {"code": "USD"}},
            "res.user": {USER: {"name": "Dana"}},
            "company.company": {COMPANY: {"currency": 1, "party": OURSELVES}},
            "account.journal": {1: {"type": "cash", "name": "Cash"}, 2: {"type": "revenue", "name": "Revenue"}},
            "account.account": {1: {"type": 1}},
            "account.account.type": {1: {"receivable": True}},
            "account.move.reconciliation": {},
            "account.invoice-account.move.line": {},
        }

    # --- what people write ------------------------------------------------------------------------------------------------

    def put(self, model: str, record: int, values: Mapping[str, Any], *, stamped: datetime, shown_at: datetime) -> None:
        """A record made or changed by a transaction that began at `stamped`, and that others see from `shown_at` on."""
        same = [row for _, of, number, row in self.hidden if (of, number) == (model, record)]  # of the same transaction
        known = same[-1] if same else self.models[model].get(record)
        stamps = {"write_date": stamped, "write_uid": USER} if known else {"write_date": None, "write_uid": None}
        first = {} if known else {"create_date": stamped, "create_uid": USER}
        row = {**(known or {}), **values, **first, **stamps, "_timestamp": str(stamped.timestamp())}
        self.hidden.append((shown_at, model, record, row))

    def show(self) -> None:
        """Lets everything be seen whose transaction has ended."""
        now = self.clock.now()
        for shown_at, model, record, row in sorted(self.hidden, key=lambda held: held[0]):
            if shown_at <= now:
                self.models[model][record] = row
        self.hidden = [held for held in self.hidden if held[0] > now]

    # --- what is asked ----------------------------------------------------------------------------------------------------

    def read(self, method: str, path: str, *, body: Mapping[str, Any], **_: object) -> Reply:
        """As `Calls.read` does for a method of the protocol."""
        del method, path
        self.calls += 1
        self.clock.advance(self.seconds_a_call)
        self.show()
        return Reply(200, {}, {"result": encoded(self._answer(body["method"], [decoded(of) for of in body["params"]]))}, "")

    def now_there(self) -> datetime:
        """The clock that the records are stamped by, as an answer's header tells it."""
        return self.clock.now().replace(microsecond=0)

    def _answer(self, method: str, params: list[Any]) -> Any:
        model, _, asked = method.removeprefix("model.").rpartition(".")
        match asked:
            case "get_preferences":
                return {"company": COMPANY, "name": "Resolve Now"}
            case "read":
                return [self._shown(model, record, params[1]) for record in params[0] if record in self.models[model]]
            case "search" | "search_read":
                domain, _, limit, _, *names, _ = params
                found = [record for record in sorted(self.models[model]) if self._fits(model, record, domain)][:limit]
                return [self._shown(model, record, names[0]) for record in found] if names else found
        raise AssertionError(method)

    def _shown(self, model: str, record: int, names: list[str]) -> Row:
        row = self.models[model][record]
        shown: Row = {"id": record}
        below: dict[str, list[str]] = {}
        for name in names:
            first, dot, rest = name.partition(".")
            shown[first] = row.get(first)
            if dot:
                below.setdefault(first, []).append(rest)
        for first, rests in below.items():
            named: Any = self._lines_of(model, record) if first == "lines" else row.get(first)
            if isinstance(named, list):
                shown[f"{first}."] = [self._shown(NAMED[first], number, rests) for number in named]
            else:
                shown[f"{first}."] = self._shown(NAMED[first], named, rests) if named else None
        return shown

    def _lines_of(self, model: str, record: int) -> list[int]:
        """Those of a move; what an invoice was made out for is not kept here."""
        return [number for number, row in self.models[LINE].items() if model == MOVE and row["move"] == record]

    def _fits(self, model: str, record: int, domain: list[Any]) -> bool:
        if domain and domain[0] in ("OR", "AND"):
            some = [self._fits(model, record, [clause]) for clause in domain[1:]]
            return any(some) if domain[0] == "OR" else all(some)
        return all(
            self._holds(model, record, *clause[:3]) if isinstance(clause[0], str) and clause[0] not in ("OR", "AND")
            else self._fits(model, record, clause)
            for clause in domain
        )  # fmt: skip

    def _holds(self, model: str, record: int, name: str, operator: str, value: Any) -> bool:
        held = self._value(model, record, name)
        match operator:
            case "=":
                return bool(held == value)
            case "!=":
                return bool(held != value)
            case ">=":
                return held is not None and bool(held >= value)
            case ">":
                return held is not None and bool(held > value)
            case "in":
                return held in value
            case "not in":
                return held not in value
        raise AssertionError(operator)

    def _value(self, model: str, record: int, name: str) -> Any:
        first, dot, rest = name.partition(".")
        row = {"id": record, **self.models[model][record]}
        held = row.get(first)
        if not dot:
            return held
        return self._value(NAMED[first], held, rest) if held and first in NAMED else None
