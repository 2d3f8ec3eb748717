"""Money that went back, as it is read: the entries by which it left the books again, and which of our payments it was.

Reads: the books' returns, refunds and chargebacks, only for payments whose money went back; our own rows. Leaves: nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

import rules
from receivables.books_records import MoneyOut, Receipt
from receivables.company import Company
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.evidence import Evidence, OtherPayment
from receivables.payment import FeedStatus
from receivables.ports import Books
from storage import decisions, effects, payments
from storage.engine import Connection
from storage.payments import StoredPayment
from sync.desk import Desk
from sync.money_back import RETURN_RECORDED


def added(desk: Desk, batch: Sequence[StoredPayment], gathered: Mapping[str, Evidence]) -> Mapping[str, Evidence]:
    """The evidence of a batch; where the money went back, or did once, with what the books and the feed say of that."""
    told = [stored for stored in batch if stored.payment.status is not FeedStatus.PAID or stored.told_before]
    receipts = {stored.number: {receipt.id for receipt in rules.receipts_of(gathered[stored.number])} for stored in told}
    ids = {receipt_id for of_payment in receipts.values() for receipt_id in of_payment}
    entries, unread = dict[str, Sequence[MoneyOut]](), tuple[str, ...]()
    try:
        entries = dict(desk.books.money_out(ids)) if ids else {}
    except (BooksUnavailable, BooksRefused, OutcomeUnknown) as error:
        unread = (f"returns and refunds: {error.message}",)
    return {**gathered} | {
        stored.number: replace(
            gathered[stored.number],
            money_out=tuple(entry for receipt_id in sorted(receipts[stored.number]) for entry in entries.get(receipt_id, ())),
            went_back_on=went_back_on(desk.company, stored),
            told_before=stored.told_before if stored.payment.status is FeedStatus.PAID else None,
            unread=tuple(sorted((*gathered[stored.number].unread, *unread))),
        )
        for stored in told
    }


def went_back_on(company: Company, stored: StoredPayment) -> date | None:
    """On which day of the company, as the feed says, or else the day on which it told us."""
    at = stored.payment.status_at or stored.told_at
    return company.day_of(at) if at else None


def gone_on(connection: Connection, company: Company, invoice_ids: Collection[str]) -> Mapping[str, OtherPayment]:
    """By receipt id, the payments of these invoices whose money went back, says the feed: our receipts of them, and those by
    hand that they were dismissed because of.
    """
    gone = payments.gone_on(connection, company.id, invoice_ids) if invoice_ids else {}
    if not gone:
        return {}
    others = {
        number: OtherPayment(
            number, stored.payment.status, went_back_on(company, stored), recorded=stored.excluded_by == RETURN_RECORDED
        )
        for number, stored in gone.items()
    }
    chains = effects.of_payments(connection, company.id, set(gone))
    found = {receipt_id: others[number] for number, chain in chains.items() for receipt_id in effects.recorded_ids(chain)}
    proofs = decisions.standing_proofs(connection, company.id, set(gone))
    return found | {proof.receipt_id: others[number] for number, given in proofs.items() for proof in given}


def living(books: Books, receipt_ids: Collection[str]) -> tuple[Receipt, ...]:
    """These receipts, as far as the books still have them."""
    return tuple(receipt for receipt in books.receipts(receipt_ids).values() if isinstance(receipt, Receipt))
