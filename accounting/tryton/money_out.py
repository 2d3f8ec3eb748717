"""Money that left again, as Tryton shows it: entries on a customer's account that take back what a receipt brought in.

An entry belongs to a receipt when Tryton reconciled the two, or when it stands unreconciled and names the receipt: by our
mark, or by its transaction number and no other. Anything else may be other money.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from accounting import paid_out
from accounting.tryton import documents
from accounting.tryton.documents import Root
from accounting.tryton.entries import STATEMENT_LINE, Entries, Line, is_money_out
from accounting.tryton.reads import RECEIVABLE, VALID, Reader, where_written
from accounting.tryton.values import number_of
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt

CASH_JOURNALS = ("cash", "bank", "statement")


@dataclass(frozen=True)
class Entry:
    """A line that debits a customer's account, with everything that is written on it."""

    line: Line
    texts: Sequence[str]

    def is_like(self, receipt: Receipt) -> bool:
        """Whether it is on the same customer's account, in the same currency, and no older than the receipt."""
        same = (str(self.line.party), self.line.currency) == (receipt.customer_id, receipt.currency)
        return same and self.line.on >= receipt.received_on

    def of(self, receipt: Receipt, amount_minor: int) -> MoneyOut:
        """What of it took this receipt's money back."""
        text = " · ".join(self.texts)
        return MoneyOut(
            id=str(self.line.move),
            number=self.line.move_number,
            kind=paid_out.kind_of(text, MoneyOutKind.RETURN),
            customer_id=receipt.customer_id,
            currency=receipt.currency,
            amount_minor=amount_minor,
            on=self.line.on,
            receipt_id=receipt.id,
            version=version_of(self.line),
            created=self.line.created,
            memo=text,
        )


def version_of(line: Line) -> str:
    return f"money_out:{line.id}:{line.amount_minor}"


def of_receipts(reader: Reader, receipt_ids: Collection[str]) -> dict[str, list[MoneyOut]]:
    """The entries against these receipts, oldest first; every id is a key."""
    found: dict[str, list[MoneyOut]] = {receipt_id: [] for receipt_id in receipt_ids}
    moves = sorted({move for receipt_id in receipt_ids if (move := number_of(receipt_id.partition("-")[0])) is not None})
    if not moves:
        return found
    entries = reader.entries_of([("move", "in", moves)])
    roots = {root.id: root for root in documents.roots(entries, moves) if root.id in receipt_ids}
    receipts = [receipt for receipt in reader.receipts_of_roots(list(roots.values()), entries) if not receipt.voided]
    matched = {receipt.id: _matched(roots[receipt.id], entries) for receipt in receipts}
    lines = {line.id: line for taken in matched.values() for line, _ in taken}
    texts = reader.texts_of(_not_passed_on(reader, list(lines.values())))
    held = {receipt.id: receipt.amount_minor - sum(amount for _, amount in matched[receipt.id]) for receipt in receipts}
    standing = Standing.read(reader, receipts, held)
    for receipt in receipts:
        took = [(Entry(line, texts[line.id]), amount) for line, amount in matched[receipt.id] if line.id in texts]
        out = [entry.of(receipt, amount_minor) for entry, amount_minor in (*took, *standing.of(receipt))]
        found[receipt.id] = sorted(out, key=lambda entry: (entry.on, entry.id))
    return found


@dataclass(frozen=True)
class Standing:
    """The entries that stand unreconciled on customers' accounts, and what each paid out of which receipt."""

    entries: Sequence[Entry]
    shares: Sequence[tuple[Entry, Receipt, int]] = ()

    @classmethod
    def read(cls, reader: Reader, receipts: Sequence[Receipt], held: Mapping[str, int]) -> Standing:
        """Those that may belong to these receipts, which hold so much (minor units, by id) beside them."""
        entries = _unreconciled(reader, receipts)
        if not any(paid_out.names(entry.texts, receipt) for entry in entries for receipt in receipts):
            return cls(entries)
        first, customers = min(receipt.received_on for receipt in receipts), {receipt.customer_id for receipt in receipts}
        known = {receipt.id: receipt for receipt in (*receipts, *reader.receipts_of(customers, first))}
        left = {receipt.id: held.get(receipt.id, receipt.amount_minor) for receipt in known.values()}
        shares = []
        for entry in sorted(entries, key=lambda entry: (entry.line.on, entry.line.id)):
            like = [receipt for receipt in known.values() if entry.is_like(receipt)]
            for receipt, amount_minor in paid_out.shares(entry.texts, -entry.line.amount_minor, like, left):
                left[receipt.id] -= amount_minor
                shares.append((entry, receipt, amount_minor))
        return cls(entries, shares)

    def of(self, receipt: Receipt) -> list[tuple[Entry, int]]:
        """Those that paid out of this receipt, with their amounts in minor units."""
        return [(entry, amount_minor) for entry, shared, amount_minor in self.shares if shared.id == receipt.id]


def _unreconciled(reader: Reader, receipts: Collection[Receipt]) -> list[Entry]:
    """Entries of cash that debit the accounts of these receipts' customers, since the first of them, and are not reconciled."""
    if not receipts:
        return []
    parties = sorted({int(receipt.customer_id) for receipt in receipts})
    where = [("party", "in", parties), ("date", ">=", min(receipt.received_on for receipt in receipts))]
    cash = [("reconciliation", "=", None), ("journal.type", "in", list(CASH_JOURNALS))]
    debited = [line for line in reader.lines([*debits(reader), *where, *cash]) if is_money_out(line)]
    lines = _not_passed_on(reader, debited)
    texts = reader.texts_of(lines)
    return [Entry(line, texts[line.id]) for line in lines]


def marked(reader: Reader, marker: str) -> list[Line]:
    """The lines of our statements that carry exactly this marker and were not canceled."""
    anywhere = ["OR", *(clause for clause in where_written(f"{marker}]") if STATEMENT_LINE.rstrip(",") in clause)]
    entries = reader.entries_of([*debits(reader), anywhere])
    return [
        line
        for line in entries.lines.values()
        if line.own_origin.startswith(STATEMENT_LINE) and is_money_out(line) and not entries.is_reversed(line)
    ]


def debits(reader: Reader) -> list[object]:
    """What every line of such an entry is like."""
    return [*reader.ours(), RECEIVABLE, ("debit", ">", 0), VALID]


def _matched(root: Root, entries: Entries) -> list[tuple[Line, int]]:
    """What each entry took back of a receipt that Tryton reconciled it with, in minor units."""
    took: dict[int, int] = {}
    for leaf in (leaf for line in root.lines for leaf in entries.leaves(line)):
        for debit, amount_minor in entries.paid_out(leaf):
            took[debit.id] = took.get(debit.id, 0) + amount_minor
    return [(entries.lines[debit], amount_minor) for debit, amount_minor in took.items()]


def _not_passed_on(reader: Reader, lines: Sequence[Line]) -> list[Line]:
    """Those whose moves credit no customer's account: there the money went to another customer, and did not leave."""
    moves = sorted({line.move for line in lines})
    credits = reader.lines([RECEIVABLE, ("move", "in", moves), ("credit", ">", 0)]) if moves else []
    passed_on = {line.move for line in credits}
    return [line for line in lines if line.move not in passed_on]
