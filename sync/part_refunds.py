"""What went out beside a payment, in part or a second time: told when it came in, over once the books show all that went out.

Reads: the open failures of such money, the receipts of those payments, and the entries by which money of them left the books.
Leaves: the failure ended, in the name of the person who recorded the last entry, or, of a part, because all of the money is
settled as gone; and what it says of the receipt told anew once there is one.
Never: a write to the books, or a payment moved.
"""

from __future__ import annotations

from collections.abc import Sequence

from receivables.books_records import MoneyOut, MoneyOutKind
from receivables.errors import BooksRefused, OutcomeUnknown
from receivables.payment import FeedStatus, PaymentState
from receivables.reversals import out_minor
from storage import failures, payments
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from sync import reversals
from sync.desk import Desk

PARTS_PER_SYNC = 100


def run_once(desk: Desk) -> int:
    """Ends those of which the books show as much as went out; returns how many. Raises BooksUnavailable."""
    with desk.db.read() as connection:
        opened = failures.open_ones(connection, desk.company.id, about="intake", limit=PARTS_PER_SYNC)
        told = [found for found in opened if found.opened_because in (reversals.PART, reversals.TWICE)]
        numbers = {found.transaction_number for found in told}
        known = payments.by_numbers(connection, desk.company.id, numbers) if told else {}
        receipts = reversals.receipts_of(connection, desk.company.id, numbers) if told else {}
    asked = {receipt_id for of_payment in receipts.values() for receipt_id in of_payment}
    try:
        read = desk.books.money_out(asked) if asked else {}
    except (BooksRefused, OutcomeUnknown):
        return 0  # not read is not absent: it is asked again
    recorded = {number: [entry for receipt_id in ids for entry in read.get(receipt_id, ())] for number, ids in receipts.items()}
    ended = 0
    for found in told:
        stored, of_receipts = known[found.transaction_number], recorded[found.transaction_number]
        if _settled(desk, found, stored, of_receipts):
            ended += 1
        elif receipts[stored.number] and _says_no_receipt(found):
            with desk.work() as work:
                reversals.tell(work, desk, stored)
    return ended


def _says_no_receipt(found: StoredFailure) -> bool:
    facts = found.diagnosis.primary.facts(reversals.PART) if found.diagnosis else ()
    return any(dict(fact.values).get("posted") is False for fact in facts)


def _settled(desk: Desk, found: StoredFailure, stored: StoredPayment, recorded: Sequence[MoneyOut]) -> bool:
    out = [entry for entry in recorded if entry.kind is not MoneyOutKind.FEE]
    if not out or sum(entry.amount_minor for entry in out) < out_minor(stored.payment, stored.reversals):
        return _went_back_whole(desk, found, stored)
    person = max(out, key=lambda entry: entry.created.at).created.person
    with desk.work() as work:
        return failures.resolve(work, found, resolution="put_right", by=person)


def _went_back_whole(desk: Desk, found: StoredFailure, stored: StoredPayment) -> bool:
    """Of a payment that is settled as gone, with nothing left of it in the books, there is no part to record."""
    if found.opened_because == reversals.TWICE or stored.payment.status is FeedStatus.PAID:
        return False
    if stored.state is not PaymentState.EXCLUDED:
        return False
    with desk.work() as work:
        return failures.resolve(work, found, resolution="excluded", by="")
