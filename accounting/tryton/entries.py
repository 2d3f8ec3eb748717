"""Receivable lines of Tryton's moves and what pays what: pure, from lines that were read together.

Tryton knows no application records. A credit line pays an invoice when both stand in one *reconciliation* (matched in
full), or when the line is among the invoice's *payment lines* (matched in part). A receipt's line that stays among them
when a reconciliation that left nothing open was undone pays it no more: the invoice is not paid, and is dunned. A line may
be split by a move of its own (Tryton calls it rescheduling): it is then matched with that move, and its parts stand in
for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounting.tryton.values import UNKNOWN, minor, stamp_of
from receivables.books_records import Stamp

INVOICE = "account.invoice,"
MOVE = "account.move,"
STATEMENT_LINE = "account.statement.line,"
INVOICE_JOURNALS = ("revenue", "expense")
NOT_RECEIPT_JOURNALS = (*INVOICE_JOURNALS, "write-off", "exchange")
FIELDS = (
    "move party account debit credit amount_second_currency second_currency.code reconciliation"
    " reconciliation.create_date reconciliation.create_uid.name invoice_payment move_origin origin journal.type journal.name"
    " date description create_date create_uid.name write_date write_uid.name"
    " invoice_payment.state invoice_payment.amount_to_pay"
    " move.number move.description move.journal move.lines.account move.lines.reconciliation"
).split()


@dataclass(frozen=True)
class Line:
    """One line of a move on an account of receivables. `amount_minor` is positive for what we received or credited."""

    id: int
    move: int
    party: int
    account: int
    amount_minor: int
    currency: str
    reconciliation: int
    matched: Stamp
    linked_invoice: int  # the invoice that it pays in part, as its payment line, or 0
    unreconciled_from: int  # the invoice whose payment line it still is although their reconciliation was undone, or 0
    banked: bool  # the other side of its move is reconciled: with the bank, or with a payout
    origin: str  # what the move was made for: "account.invoice,12"
    own_origin: str  # what the line was made for: "account.statement.line,7"
    journal: int
    journal_type: str
    journal_name: str
    on: date
    description: str
    move_number: str
    move_description: str
    created: Stamp
    changed: Stamp

    @property
    def of_invoice(self) -> int:
        """The invoice or credit note that this line is the claim of, or 0."""
        if self.journal_type in INVOICE_JOURNALS and self.origin.startswith(INVOICE):
            return int(self.origin.removeprefix(INVOICE))
        return 0


def line_of(row: Mapping[str, Any], home_currency: str) -> Line:
    """A row of `account.move.line` with FIELDS. Raises BooksRefused for an amount its currency cannot have."""
    second = (row["second_currency."] or {}).get("code")
    amount = row["credit"] - row["debit"] if second is None else -row["amount_second_currency"]
    currency = second or home_currency
    created, changed = stamp_of(row)
    move, journal, matching = row["move."], row["journal."] or {}, row["reconciliation."]
    linked, loose = row["invoice_payment"] or 0, _is_loose(row)
    return Line(
        id=row["id"],
        move=row["move"],
        party=row["party"] or 0,
        account=row["account"],
        amount_minor=minor(amount, currency),
        currency=currency,
        reconciliation=row["reconciliation"] or 0,
        matched=stamp_of(matching)[0] if matching else UNKNOWN,
        linked_invoice=0 if loose else linked,
        unreconciled_from=linked if loose else 0,
        banked=any(other["reconciliation"] for other in move["lines."] if other["account"] != row["account"]),
        origin=row["move_origin"] or "",
        own_origin=row["origin"] or "",
        journal=move["journal"],
        journal_type=journal.get("type") or "",
        journal_name=journal.get("name") or "",
        on=row["date"],
        description=row["description"] or "",
        move_number=move["number"] or "",
        move_description=move["description"] or "",
        created=created,
        changed=changed,
    )


def _is_loose(row: Mapping[str, Any]) -> bool:
    """Whether a receipt's line is among the payment lines of an invoice that has nothing open and is not paid."""
    invoice = row["invoice_payment."] or {}
    covered = invoice.get("state") == "posted" and not invoice.get("amount_to_pay")
    return covered and not row["reconciliation"] and (row["journal."] or {}).get("type") not in INVOICE_JOURNALS


@dataclass
class Entries:
    """Lines that were read together, with everything they are matched with."""

    lines: dict[int, Line] = field(default_factory=dict)
    of_move: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))
    of_match: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.id not in self.lines:
                self.lines[line.id] = line
                self.of_move[line.move].append(line)
                if line.reconciliation:
                    self.of_match[line.reconciliation].append(line)

    def is_split(self, move: int) -> bool:
        """Whether a move only divides a claim: on the customer's account it adds up to nothing."""
        lines = self.of_move.get(move, ())
        return len(lines) > 1 and not sum(line.amount_minor for line in lines)

    def splits(self, line: Line) -> Iterator[int]:
        """Moves that may be a split of this line: matched with it, and made for the same thing in the same journal."""
        for other in self.of_match.get(line.reconciliation, ()):
            same = (other.origin, other.journal) == (line.origin, line.journal)
            if other.move != line.move and same and other.amount_minor * line.amount_minor < 0:
                yield other.move

    def leaves(self, line: Line) -> Iterator[Line]:
        """What stands for this line now: itself, or the parts it was split into, and theirs."""
        split = next((move for move in self.splits(line) if self.is_split(move)), None)
        if split is None:
            yield line
            return
        for part in self.of_move[split]:
            if part.amount_minor * line.amount_minor > 0:
                yield from self.leaves(part)

    def paid_by(self, leaf: Line) -> list[tuple[int, int]]:
        """(invoice, amount in minor units) that a credit line pays; empty where it is free, or matched with no invoice."""
        if not leaf.reconciliation:
            return [(leaf.linked_invoice, leaf.amount_minor)] if leaf.linked_invoice else []
        return _poured(self.of_match[leaf.reconciliation]).get(leaf.id, [])

    def paid_out(self, leaf: Line) -> list[tuple[Line, int]]:
        """(debit line, amount in minor units) by which a credit line's money left again: matched with it, and no invoice's."""
        matched = self.of_match.get(leaf.reconciliation, ()) if leaf.reconciliation else ()
        left = {line.id: -line.amount_minor for line in matched if is_money_out(line)}
        credits = sorted((line for line in matched if line.amount_minor > 0), key=lambda line: line.id)
        for line in credits if left else ():
            rest_minor = line.amount_minor - sum(amount for _, amount in self.paid_by(line))
            taken = []
            for debit, open_minor in left.items():
                taken.append((self.lines[debit], min(rest_minor, open_minor)))
                rest_minor -= taken[-1][1]
                left[debit] -= taken[-1][1]
            if line.id == leaf.id:
                return [(debit, amount_minor) for debit, amount_minor in taken if amount_minor]
        return []

    def invoices_matched(self, leaf: Line) -> set[int]:
        """The invoices in the reconciliation of a line."""
        return {line.of_invoice for line in self.of_match.get(leaf.reconciliation, ()) if _is_claim(line)}

    def is_free(self, leaf: Line) -> bool:
        return not leaf.reconciliation and not leaf.linked_invoice

    def is_reversed(self, leaf: Line) -> bool:
        """Whether a move made to cancel this one took it back."""
        cancelling = f"{MOVE}{leaf.move}"
        return any(line.origin == cancelling for line in self.of_match.get(leaf.reconciliation, ()))


def is_money_out(line: Line) -> bool:
    """Whether a line can be money that left again: no invoice, no cancellation, and nothing written off."""
    return line.amount_minor < 0 and line.journal_type not in NOT_RECEIPT_JOURNALS and not line.origin.startswith(MOVE)


def _is_claim(line: Line) -> bool:
    return line.amount_minor < 0 and bool(line.of_invoice)


def _poured(matched: Sequence[Line]) -> dict[int, list[tuple[int, int]]]:
    """Who pays what where several credits and claims are matched at once: linked lines first, then in order of entry.

    Tryton keeps no amounts for it, so where several invoices share one match this is the same reading every time.
    """
    open_minor: dict[int, int] = defaultdict(int)
    for claim in sorted((line for line in matched if _is_claim(line)), key=lambda line: line.id):
        open_minor[claim.of_invoice] -= claim.amount_minor
    credits = [line for line in matched if line.amount_minor > 0 and line.of_invoice not in open_minor]
    pays: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for line in sorted(credits, key=lambda line: (line.linked_invoice not in open_minor, line.id)):
        left_minor = line.amount_minor
        for invoice in sorted(open_minor, key=lambda invoice_id: (invoice_id != line.linked_invoice, invoice_id)):
            taken_minor = min(left_minor, open_minor[invoice])
            if taken_minor > 0:
                open_minor[invoice] -= taken_minor
                left_minor -= taken_minor
                pays[line.id].append((invoice, taken_minor))
    return pays
