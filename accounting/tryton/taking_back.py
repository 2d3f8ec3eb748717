"""Money that left again is recorded in Tryton, and a receipt of ours that no cash stands behind is taken back.

A return, refund or chargeback is a statement of its own day with a negative amount: the receipt stays at its date and
amount, comes off its invoices, and is reconciled with that entry. A receipt is taken back as Tryton does it, by a move
that cancels it. Steps that were cut leave the money as it was, or the entry with our mark, which is found again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from accounting.tryton import money_out
from accounting.tryton.credits import OUR_NAME, divided
from accounting.tryton.entries import Line
from accounting.tryton.live_receipts import Live, LiveReceipts
from accounting.tryton.matching import Matching
from accounting.tryton.reads import Reader
from accounting.tryton.session import Record, Session
from accounting.tryton.statements import Statements
from accounting.tryton.values import decimal
from receivables.books_records import by_invoice
from receivables.effects import Order, ReceiptWrite, RecordReturn, VoidReceipt, Written, markers_in, stem_of, stems_in
from receivables.errors import BooksError, BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal


@dataclass(frozen=True)
class TakingBack:
    """The two orders that take money out of one company's books. Raises BooksError."""

    session: Session
    reader: Reader
    statements: Statements
    live: LiveReceipts

    # --- an entry of its own day ------------------------------------------------------------------------------------------

    def recorded(self, order: Order) -> tuple[Written, ...]:
        """The entries in the books that carry the order's marker."""
        return tuple(_written(line) for line in money_out.marked(self.reader, order.marker))

    def record(self, order: Order, write: RecordReturn, deadline: float) -> Written:
        """The entry; one that was cut after it stands in the books is done, and one before is gone on with."""
        if done := self.recorded(order):
            return done[0]
        live = self.live.found(write.receipt_id)
        journal = self.reader.journal()
        self._may_be_paid_out(live, write, journal["currency."]["code"])
        statement = self._draft(order, write, live, journal["id"], deadline)
        if statement["state"] == "draft":
            try:
                live = self.live.stand_on(live, _left(live, write), order.marker, deadline)
                self.statements.validate([statement["id"]], {}, deadline)
            except BooksRefused:
                self.statements.delete([statement["id"]], deadline)
                raise
        self.statements.post([statement["id"]], deadline)
        posted = money_out.marked(self.reader, order.marker)
        if not posted:
            raise OutcomeUnknown("Tryton posted the statement but does not show its entry.")
        with suppress(BooksError):  # the entry stands and names the receipt: that both are reconciled is for whoever reads it
            self._reconcile(order, write, live, posted[0], deadline)
        return _written(posted[0])

    def _may_be_paid_out(self, live: Live, write: RecordReturn, currency: str) -> None:
        """Raises BooksRefused where the receipt does not hold as much, or an entry stands that may be this money."""
        receipt = live.receipt
        if receipt.voided:
            raise BooksRefused(f"Receipt {receipt.number} was canceled in Tryton; it holds no money.", Refusal.RECEIPT_VOIDED)
        if currency != receipt.currency:
            raise BooksRefused(f"The statement journal takes {currency}, not {receipt.currency}.", Refusal.CURRENCY_MISMATCH)
        standing = money_out.Standing.read(self.reader, [receipt], {receipt.id: live.held_minor})
        named = standing.of(receipt)
        if live.held_minor - sum(amount for _, amount in named) < write.amount_minor:
            raise BooksRefused(f"Receipt {receipt.number} no longer holds as much as would be paid out of it.", Refusal.STALE)
        known = {entry.line.id for entry, _, _ in standing.shares}
        for entry in standing.entries:
            same = entry.is_like(receipt) and entry.line.amount_minor == -write.amount_minor
            if same and entry.line.id not in known and not any(markers_in(text) for text in entry.texts):
                raise BooksRefused(
                    f"Entry {entry.line.move_number} of the same amount stands unreconciled on the customer's account and may be"
                    f" this {write.out.value}. Reconcile it in Tryton with receipt {receipt.number}, or with what it belongs to.",
                    Refusal.INVALID,
                )

    def _draft(self, order: Order, write: RecordReturn, live: Live, journal: int, deadline: float) -> Record:
        """The statement of this order: the one that stands already, or a new draft."""
        found = self._standing(order, deadline)
        if found is None:
            out = ReceiptWrite(
                live.receipt.customer_id, live.receipt.currency, -write.amount_minor, write.on, "", live.receipt.reference,
                write.memo, "",
            )  # fmt: skip
            account = live.root.lines[0].account
            self.statements.create([self.statements.draft(order, out, journal, {}, account)], deadline)
            found = self._standing(order, deadline)
        if found is None:
            raise OutcomeUnknown("Tryton accepted the statement but does not show it.")
        if found["total_amount"] != -decimal(write.amount_minor, live.receipt.currency):
            raise BooksRefused("Tryton has a statement with this marker and another amount.", Refusal.DUPLICATE_REQUEST)
        return found

    def _standing(self, order: Order, deadline: float) -> Record | None:
        return self.statements.kept(self.statements.standing([order]), [order], deadline).get(order.marker)

    def _reconcile(self, order: Order, write: RecordReturn, live: Live, entry: Line, deadline: float) -> None:
        """Reconciles the entry with as much of the receipt as it took back."""
        matching = Matching(self.session, self.reader, deadline)
        text = f"{OUR_NAME}: {write.out.value} of receipt {live.receipt.number} [{order.marker}]"
        parts = divided(live.free, write.amount_minor, matching, text, always=False)
        if sum(part.amount_minor for part in parts) == -entry.amount_minor:
            matching.match([*(part.id for part in parts), entry.id])

    # --- a receipt that is taken back -------------------------------------------------------------------------------------

    def void(self, order: Order, write: VoidReceipt, deadline: float) -> Written:
        """Cancels a receipt of ours by a move of the same day, in whatever parts it was divided."""
        live = self.live.found(write.receipt_id)
        if live.receipt.voided:
            return Written(live.receipt.id, live.receipt.version)
        self._may_be_voided(order, live)
        matching = Matching(self.session, self.reader, deadline)
        for _ in live.leaves:
            paying = [leaf for leaf in live.leaves if leaf.reconciliation or leaf.linked_invoice or leaf.unreconciled_from]
            paying = [leaf for leaf in paying if not (live.entries.is_reversed(leaf))]
            if not paying:
                break
            matching.set_free(paying[0], live.entries)
            live = self.live.found(write.receipt_id)
        moves = [*_moves_between(live), live.root.move]
        if len(moves) > 1:
            matching.unmatch([line.id for move in moves for line in live.entries.of_move[move] if line.reconciliation])
        values = {"default": {"description": f"{OUR_NAME}: receipt {live.receipt.number} voided", "reversal": True}}
        self.session.wizard("account.move.cancel", "account.move", moves, "cancel", values, deadline=deadline)
        voided = self.live.found(write.receipt_id).receipt
        if not voided.voided:
            raise OutcomeUnknown("Tryton canceled the receipt but still shows it.")
        return Written(voided.id, voided.version)

    def _may_be_voided(self, order: Order, live: Live) -> None:
        receipt = live.receipt
        if stem_of(order.marker) not in stems_in(receipt.memo):
            raise BooksRefused(f"Receipt {receipt.number} is not ours; void it in Tryton.", Refusal.WRONG_STATE)
        if receipt.deposited:
            raise BooksRefused(f"Receipt {receipt.number} is reconciled with the bank.", Refusal.RECEIPT_DEPOSITED)
        through = self.reader.settings().closed_through
        if through is not None and receipt.received_on <= through:
            raise BooksRefused("The accounting period is closed in Tryton.", Refusal.PERIOD_CLOSED)
        if live.held_minor != receipt.amount_minor:
            raise BooksRefused(f"Money of receipt {receipt.number} left again; it is not voided.", Refusal.WRONG_STATE)


def _written(entry: Line) -> Written:
    return Written(str(entry.move), money_out.version_of(entry))


def _left(live: Live, write: RecordReturn) -> dict[str, int]:
    """What the receipt stays applied to, by invoice, in minor units."""
    left = by_invoice(live.receipt.lines)
    for invoice_id, amount_minor in by_invoice(write.off).items():
        left[invoice_id] = left.get(invoice_id, 0) - amount_minor
    return {invoice_id: amount_minor for invoice_id, amount_minor in left.items() if amount_minor > 0}


def _moves_between(live: Live) -> list[int]:
    """The moves by which its lines were divided."""
    found: list[int] = []

    def follow(line: Line) -> None:
        for move in live.entries.splits(line):
            if live.entries.is_split(move):
                found.append(move)
                for part in live.entries.of_move[move]:
                    if part.amount_minor * line.amount_minor > 0:
                        follow(part)

    for line in live.root.lines:
        follow(line)
    return found
