"""A part of a payment that the portal gave back: told when it came in, over once the books show a document for it.

Reads: the open failures of such parts, the receipts of those payments, and the entries by which money of them left the books.
Leaves: the failure ended, in the name of the person who recorded the refund, or because all of the money is settled as gone.
Never: a write to the books, or a payment moved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from receivables.books_records import MoneyOut, MoneyOutKind
from receivables.errors import BooksRefused, OutcomeUnknown
from receivables.payment import FeedStatus, PaymentState
from storage import decisions, effects, failures, payments
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from sync.desk import Desk

PARTS_PER_SYNC = 100
TOLD = "partly_refunded"  # why such a failure is opened: the fact that it rests on


def run_once(desk: Desk) -> int:
    """Ends those of which the books show as much as the portal gave back; returns how many. Raises BooksUnavailable."""
    with desk.db.read() as connection:
        opened = failures.open_ones(connection, desk.company.id, about="intake", limit=PARTS_PER_SYNC)
        parts = [found for found in opened if found.opened_because == TOLD]
        numbers = {found.transaction_number for found in parts}
        known = payments.by_numbers(connection, desk.company.id, numbers) if parts else {}
        receipts = _receipts(connection, desk.company.id, numbers) if parts else {}
    asked = {receipt_id for of_payment in receipts.values() for receipt_id in of_payment}
    try:
        read = desk.books.money_out(asked) if asked else {}
    except (BooksRefused, OutcomeUnknown):
        return 0  # not read is not absent: it is asked again
    recorded = {number: [entry for receipt_id in ids for entry in read.get(receipt_id, ())] for number, ids in receipts.items()}
    return sum(_settled(desk, found, known[found.transaction_number], recorded[found.transaction_number]) for found in parts)


def _receipts(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, set[str]]:
    """By transaction number, our receipts and those that a dismissal rests on."""
    chains = effects.of_payments(connection, company, numbers)
    proofs = decisions.standing_proofs(connection, company, numbers)
    return {
        number: effects.recorded_ids(chains[number]) | {proof.receipt_id for proof in proofs.get(number, ())}
        for number in numbers
    }


def _settled(desk: Desk, found: StoredFailure, stored: StoredPayment, recorded: Sequence[MoneyOut]) -> bool:
    out = [entry for entry in recorded if entry.kind is not MoneyOutKind.FEE]
    if not out or sum(entry.amount_minor for entry in out) < stored.payment.refunded_minor:
        return _went_back_whole(desk, found, stored)
    person = max(out, key=lambda entry: entry.created.at).created.person
    with desk.work() as work:
        return failures.resolve(work, found, resolution="put_right", by=person)


def _went_back_whole(desk: Desk, found: StoredFailure, stored: StoredPayment) -> bool:
    """Of a payment that is settled as gone, with nothing left of it in the books, there is no part to record."""
    if stored.payment.status is FeedStatus.PAID or stored.state is not PaymentState.EXCLUDED:
        return False
    with desk.work() as work:
        return failures.resolve(work, found, resolution="excluded", by="")
