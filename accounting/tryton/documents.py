"""Invoices, credit memos, receipts and customers as the house knows them, made from what Tryton holds. Pure.

A credit memo is a customer's invoice with a negative total. A receipt is a move that credits a customer's account:
one of our statements, or whatever a bookkeeper entered. Versions begin with the kind of document, because Tryton
counts each kind by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from accounting.tryton.entries import STATEMENT_LINE, Entries, Line
from accounting.tryton.values import STAMPS, minor, stamp_of
from receivables.books_records import (
    CreditApplication,
    CreditMemo,
    Customer,
    Invoice,
    InvoiceStatus,
    Receipt,
    ReceiptLine,
    Stamp,
    items_of,
)
from receivables.credit_reasons import BETWEEN_LINES, reasons_of
from receivables.words import day_of

CUSTOMER_FIELDS = ("name", "active", "replaced_by", "_timestamp", *STAMPS)
INVOICE_FIELDS = (
    *"number state party currency.code total_amount amount_to_pay invoice_date account lines_to_pay _timestamp".split(),
    *"lines_to_pay.maturity_date description reference lines.type lines.description lines.product".split(),
    *STAMPS,
)
CREDIT_FIELDS = ("comment", "lines.description", "lines.note", "lines.account.name")
STATEMENT_LINE_FIELDS = (
    *"number description statement.name statement.state origin.number origin.description origin.information".split(),
)


def customer(row: Mapping[str, Any]) -> Customer:
    created, changed = stamp_of(row)
    return Customer(
        id=str(row["id"]),
        name=row["name"] or "",
        active=bool(row["active"]),
        version=f"customer:{row['_timestamp']}",
        created=created,
        changed=changed,
        merged_into=str(row["replaced_by"] or ""),
    )


def is_credit(row: Mapping[str, Any]) -> bool:
    return bool(row["total_amount"] < 0)


def invoice(row: Mapping[str, Any], time_zone: ZoneInfo) -> Invoice:
    """A customer's invoice from its row; what is open is Tryton's own amount to pay. A draft may have no date: the day counts."""
    currency = row["currency."]["code"]
    created, changed = stamp_of(row)
    open_minor = minor(row["amount_to_pay"], currency) if row["state"] == "posted" else 0
    due = [line["maturity_date"] for line in row["lines_to_pay."] if line["maturity_date"]]
    return Invoice(
        id=str(row["id"]),
        number=row["number"] or "",
        customer_id=str(row["party"]),
        currency=currency,
        total_minor=minor(row["total_amount"], currency),
        open_minor=open_minor,
        status=_status(row["state"], open_minor),
        issued_on=row["invoice_date"] or day_of(created.at, time_zone),
        version=f"invoice:{row['_timestamp']}:{open_minor}",
        created=created,
        changed=changed,
        due_on=max(due, default=None),
        origin=row["reference"] or "",
        items=items_of(_item(line) for line in row["lines."] if line["type"] == "line"),
    )


def _item(line: Mapping[str, Any]) -> str:
    """What a line is for: its product, by id because its name costs the server more, and what is written on it."""
    product = f"product {line['product']}" if line["product"] else ""
    return " ".join(filter(None, (product, line["description"])))


def credit_memo(row: Mapping[str, Any], entries: Entries, linked: Mapping[int, Stamp], time_zone: ZoneInfo) -> CreditMemo:
    """A credit memo with its applications, from a row with CREDIT_FIELDS as well. `linked` tells since when, and by whom, a
    line pays an invoice in part.
    """
    currency = row["currency."]["code"]
    created, changed = stamp_of(row)
    leaves = credit_leaves(row, entries) if row["state"] in ("posted", "paid") else []
    applications = tuple(
        CreditApplication(
            id=f"{leaf.id}-{invoice_id}",
            credit_memo_id=str(row["id"]),
            credit_memo_number=row["number"] or "",
            invoice_id=str(invoice_id),
            amount_minor=amount_minor,
            applied=leaf.matched if leaf.reconciliation else linked.get(leaf.id, leaf.changed),
            shared=len(entries.invoices_matched(leaf)) > 1,
        )
        for leaf in leaves
        for invoice_id, amount_minor in entries.paid_by(leaf)
    )
    open_minor = sum(leaf.amount_minor for leaf in leaves if entries.is_free(leaf))
    return CreditMemo(
        id=str(row["id"]),
        number=row["number"] or "",
        customer_id=str(row["party"]),
        currency=currency,
        total_minor=-minor(row["total_amount"], currency),
        open_minor=open_minor,
        issued_on=row["invoice_date"] or day_of(created.at, time_zone),
        version=f"credit_memo:{row['_timestamp']}:{open_minor}",
        created=created,
        changed=changed,
        applications=applications,
        reason=reasons_of(_what_for(line) for line in row["lines."]),
        memo=BETWEEN_LINES.join(text for text in (row["description"], row["reference"], row["comment"]) if text),
        voided=row["state"] == "cancelled",
    )


def _what_for(line: Mapping[str, Any]) -> str:
    """What a credit memo's line is for: what is written on it, and the account that it goes to."""
    account = (line["account."] or {}).get("name")
    texts = (line["description"], f"({account})" if account else "", line["note"])
    return " ".join(text.replace(BETWEEN_LINES, " ") for text in texts if text)


def credit_leaves(row: Mapping[str, Any], entries: Entries) -> list[Line]:
    """The lines that stand for what a credit memo is worth, split ones by their parts; in order of entry."""
    lines = [entries.lines[line] for line in row["lines_to_pay"] if line in entries.lines]
    own = [line for line in lines if line.amount_minor > 0 and not entries.is_split(line.move)]
    return sorted((leaf for line in own for leaf in entries.leaves(line)), key=lambda leaf: leaf.id)


@dataclass(frozen=True)
class Root:
    """The credit lines of one customer in one move, which together are a receipt."""

    move: int
    party: int
    lines: tuple[Line, ...]
    alone: bool  # nobody else's account is in the move

    @property
    def id(self) -> str:
        return str(self.move) if self.alone else f"{self.move}-{self.party}"


def roots(entries: Entries, moves: Sequence[int]) -> list[Root]:
    """The receipts among these moves: not what invoices, splits and cancellations are."""
    found = []
    for move in moves:
        lines = [line for line in entries.of_move.get(move, ()) if not line.of_invoice]
        if entries.is_split(move):
            continue
        credited = sorted({line.party for line in lines if line.amount_minor > 0})
        found += [
            Root(move, party, tuple(line for line in lines if line.party == party and line.amount_minor > 0), len(credited) == 1)
            for party in credited
        ]
    return found


def receipt(
    root: Root, entries: Entries, statement_lines: Mapping[int, Mapping[str, Any]], beside: Mapping[int, Sequence[str]]
) -> Receipt:
    """A receipt with what it is applied to, read from the matches in the books and never from what was asked for.

    `beside` are texts of other lines of its move, by move.
    """
    leaves = sorted((leaf for line in root.lines for leaf in entries.leaves(line)), key=lambda leaf: leaf.id)
    voided = bool(leaves) and all(entries.is_reversed(leaf) for leaf in leaves)
    lines = () if voided else applied(leaves, entries)
    first = min(root.lines, key=lambda line: line.id)
    said = [statement_lines[said_line] for line in root.lines if (said_line := statement_line(line)) in statement_lines]
    texts = [text for row in said if (text := row["description"] or row["statement."]["name"])]
    texts += [text for line in root.lines for text in (line.move_description, line.description) if text]
    written = [text for row in said for text in _texts_of(row)]
    written += [text for line in root.lines for text in (line.move_description, line.description) if text]
    written = list(dict.fromkeys([*written, *beside.get(root.move, ())]))
    last = max((leaf.changed for leaf in [*root.lines, *leaves]), key=lambda stamp: stamp.at)
    unapplied_minor = 0 if voided else sum(leaf.amount_minor for leaf in leaves if entries.is_free(leaf))
    amount_minor = sum(line.amount_minor for line in root.lines)
    deposited = any(line.banked for line in root.lines) and not voided  # a void may be reconciled with what it takes back
    standing = f"{amount_minor} {voided} {unapplied_minor} {lines} {sorted(written)} {deposited}"
    return Receipt(
        id=root.id,
        number=first.move_number,
        customer_id=str(root.party),
        currency=first.currency,
        amount_minor=amount_minor,
        unapplied_minor=unapplied_minor,
        received_on=first.on,
        method="",
        reference=next((row["number"] for row in said if row["number"]), ""),
        memo=" · ".join(dict.fromkeys(texts)),
        deposit_account=first.journal_name,
        deposited=deposited,
        voided=voided,
        version=f"receipt:{hashlib.sha256(standing.encode()).hexdigest()[:16]}",
        created=min((line.created for line in root.lines), key=lambda stamp: stamp.at),
        changed=last,
        lines=lines,
        texts=tuple(written),
    )


def texts(line: Line, statement_lines: Mapping[int, Mapping[str, Any]], beside: Mapping[int, Sequence[str]]) -> list[str]:
    """Everything that is written on one line, on its move and on the statement's line that it was made for; each once."""
    row = statement_lines.get(statement_line(line))
    said = [*(_texts_of(row) if row else ()), line.move_description, line.description, *beside.get(line.move, ())]
    return list(dict.fromkeys(text for text in said if text))


def _texts_of(row: Mapping[str, Any]) -> list[str]:
    """What is written on a statement's line, on its statement, and on the line of the bank's file that it was made of."""
    bank = row["origin."] or {}
    texts = [row["number"], row["description"], row["statement."]["name"], bank.get("number"), bank.get("description")]
    texts += (bank.get("information") or {}).values()
    return [text for text in texts if text and isinstance(text, str)]


def applied(leaves: Sequence[Line], entries: Entries) -> tuple[ReceiptLine, ...]:
    """What these lines pay, by invoice, in order of entry."""
    amounts: dict[int, int] = {}
    for leaf in leaves:
        for invoice_id, amount_minor in entries.paid_by(leaf):
            amounts[invoice_id] = amounts.get(invoice_id, 0) + amount_minor
    return tuple(ReceiptLine(str(invoice_id), amount_minor) for invoice_id, amount_minor in amounts.items())


def statement_line(line: Line) -> int:
    """The statement's line that a move's line was made for, or 0."""
    return int(line.own_origin.removeprefix(STATEMENT_LINE)) if line.own_origin.startswith(STATEMENT_LINE) else 0


def _status(state: str, open_minor: int) -> InvoiceStatus:
    match state:
        case "posted":
            return InvoiceStatus.OPEN if open_minor else InvoiceStatus.PAID
        case "paid":
            return InvoiceStatus.PAID
        case "cancelled":
            return InvoiceStatus.VOIDED
        case _:
            return InvoiceStatus.DRAFT
