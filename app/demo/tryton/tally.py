"""The tally over Tryton: every payment of the file against the moves on the customers' accounts, read by an auditor.

None of our tables and none of our connector's reading is used: this goes from the moves' lines to what they are matched
with, and knows of us only that a receipt names its payment first. Amounts are minor units of US dollars.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from accounting.tryton.session import Record
from app.demo.tally import AppliedLine, Found, Tally, compared
from app.demo.tryton.signed_in import SignedIn
from receivables.money import text_from_minor

INVOICE, MOVE, STATEMENT_LINE = "account.invoice,", "account.move,", "account.statement.line,"
#: What credits a customer's account and is money received: not credit notes, which are in the sales journal.
MONEY_RECEIVED = [
    ("account.type.receivable", "=", True),
    ("credit", ">", Decimal(0)),
    ("move.state", "=", "posted"),
    ("journal.type", "in", ["cash", "bank", "statement"]),
]
LINE_FIELDS = ["move", "move.number", "move.description", "origin", "credit", "invoice_payment", "reconciliation"]


def count(payments_file: Path, auditor: SignedIn, start_on: date) -> Tally:
    """The tally, with what every receipt is applied to. A payment paid before `start_on` must have no receipt at all."""
    lines = _all(auditor, "account.move.line", MONEY_RECEIVED, LINE_FIELDS)
    paid = _invoices_paid(auditor, lines)
    names = _names(auditor, lines)
    of_move: dict[int, list[Record]] = defaultdict(list)
    for line in lines:
        if paid.get(line["id"]) != MOVE:
            of_move[line["move"]].append(line)
    found = [
        Found(
            reference=names[move],
            number=some[0]["move."]["number"] or str(move),
            amount_minor=sum(_minor(line) for line in some),
            unapplied_minor=sum(_minor(line) for line in some if not paid.get(line["id"])),
        )
        for move, some in of_move.items()
    ]
    applied: dict[str, list[str]] = defaultdict(list)
    for move, some in of_move.items():
        applied[names[move]] += [
            f"{paid[line['id']]}: {text_from_minor(_minor(line), 'USD')}" for line in some if paid.get(line["id"])
        ]
    plain = compared(payments_file, found, start_on)
    told = [AppliedLine(**vars(line), applied_to=tuple(applied[line.transaction])) for line in plain.payments]
    return Tally(plain.lost, plain.doubled, told)


def problems(auditor: SignedIn) -> list[str]:
    """What is not sound: moves that do not balance, statements left half done, invoices paid more than they come to."""
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for line in _all(auditor, "account.move.line", [], ["move", "debit", "credit"]):
        sums[line["move"]] += line["debit"] - line["credit"]
    found = [f"move {move} does not balance" for move, difference in sums.items() if difference]
    half_done = _all(auditor, "account.statement", [("state", "!=", "posted")], ["name", "state"])
    found += [f"statement {statement['name']} is {statement['state']}" for statement in half_done]
    invoices = _all(
        auditor, "account.invoice", [("state", "=", "posted"), ("type", "=", "out")], ["number", "total_amount", "amount_to_pay"]
    )
    found += [f"invoice {row['number']} is overpaid" for row in invoices if row["total_amount"] * row["amount_to_pay"] < 0]
    return found


def _names(auditor: SignedIn, lines: Sequence[Record]) -> Mapping[int, str]:
    """The payment that each move names: first word of its statement's name, or of what the bookkeeper wrote."""
    origins = {line["origin"] or "" for line in lines}
    wanted = {int(origin.removeprefix(STATEMENT_LINE)) for origin in origins if origin.startswith(STATEMENT_LINE)}
    statements = {
        f"{STATEMENT_LINE}{row['id']}": row["statement."]["name"]
        for row in _all(auditor, "account.statement.line", [("id", "in", sorted(wanted))], ["statement.name"])
    }
    texts = {line["move"]: statements.get(line["origin"] or "") or line["move."]["description"] or "" for line in lines}
    return {move: text.split()[0] if text.split() else "" for move, text in texts.items()}


def _invoices_paid(auditor: SignedIn, lines: Sequence[Record]) -> Mapping[int, str]:
    """The number of the invoice that each line pays, "" where it is free, MOVE where another move took it back."""
    matches = sorted({line["reconciliation"] for line in lines if line["reconciliation"]})
    against = _all(
        auditor,
        "account.move.line",
        [("reconciliation", "in", matches), ("debit", ">", Decimal(0))],
        ["reconciliation", "move_origin"],
    )
    origins = {row["reconciliation"]: row["move_origin"] or "" for row in against}
    numbers = {row["id"]: row["number"] or "" for row in _all(auditor, "account.invoice", [("type", "=", "out")], ["number"])}
    paid: dict[int, str] = {}
    for line in lines:
        origin = origins.get(line["reconciliation"], "")
        if origin.startswith(MOVE):
            paid[line["id"]] = MOVE
        elif origin.startswith(INVOICE):
            paid[line["id"]] = numbers[int(origin.removeprefix(INVOICE))]
        else:
            paid[line["id"]] = numbers.get(line["invoice_payment"], "")
    return paid


def _all(auditor: SignedIn, model: str, domain: Sequence[object], fields: Sequence[str]) -> list[Record]:
    found: list[Record] = auditor.call(f"{model}.search_read", list(domain), 0, None, [["id", "ASC"]], list(fields))
    return found


def _minor(line: Record) -> int:
    return int(line["credit"].scaleb(2))
