"""Money that went back, as it is read: the entries by which it left the books again, and which of our payments it was.

Reads: the books' returns, refunds and chargebacks, only for payments whose money went back; our own rows. Leaves: nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import rules
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt
from receivables.company import Company
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.evidence import Evidence, OtherPayment
from receivables.payment import FeedStatus
from receivables.ports import Books
from receivables.reference_keys import key_of, keys_in
from storage import effects, payments, receipt_claims
from storage.engine import Connection
from storage.payments import StoredPayment
from sync.desk import Desk
from sync.money_back import RETURN_RECORDED


def added(desk: Desk, batch: Sequence[StoredPayment], gathered: Mapping[str, Evidence]) -> Mapping[str, Evidence]:
    """The evidence of a batch; where the money went back, or did once, with what the books and the feed say of that."""
    told = [stored for stored in batch if stored.payment.status is not FeedStatus.PAID or stored.told_before]
    receipts = {stored.number: {receipt.id for receipt in rules.receipts_of(gathered[stored.number])} for stored in told}
    ids = {receipt_id for of_payment in receipts.values() for receipt_id in of_payment}
    entries, own, unread = dict[str, Sequence[MoneyOut]](), Apart(), tuple[str, ...]()
    try:
        entries = dict(desk.books.money_out(ids)) if ids else {}
        with desk.db.read() as connection:
            own = told_apart(connection, desk.company.id, told, entries)
    except (BooksUnavailable, BooksRefused, OutcomeUnknown) as error:
        unread = (f"returns and refunds: {error.message}",)
    return {**gathered} | {
        stored.number: replace(
            gathered[stored.number],
            money_out=tuple(
                own.of(stored.number, [entry for id_ in sorted(receipts[stored.number]) for entry in entries.get(id_, ())])
            ),
            went_back_on=went_back_on(desk.company, stored),
            told_before=stored.told_before if stored.payment.status is FeedStatus.PAID else None,
            unread=tuple(sorted((*gathered[stored.number].unread, *unread))),
        )
        for stored in told
    }


@dataclass(frozen=True)
class Apart:
    """Which entries are not of a payment although they are of its receipt: by number, their ids."""

    others: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, number: str, entries: Iterable[MoneyOut]) -> list[MoneyOut]:
        """Those of these entries that may be of the payment."""
        not_its_own = self.others.get(number, frozenset())
        return [entry for entry in entries if entry.id not in not_its_own]


def told_apart(
    connection: Connection, company: str, told: Sequence[StoredPayment], entries: Mapping[str, Sequence[MoneyOut]]
) -> Apart:
    """Where several payments whose money went back rest on one receipt, each entry is of one of them: of the payment that it
    names, else of the one of which that was told first and that has none yet.
    """
    receipt_ids = {receipt_id for receipt_id, found in entries.items() if found}
    resting = receipt_claims.resting_on(connection, company, receipt_ids) if receipt_ids and told else {}
    shared = {receipt_id: numbers for receipt_id, numbers in resting.items() if len(numbers) > 1}
    known = payments.by_numbers(connection, company, {number for numbers in shared.values() for number in numbers})
    others: dict[str, set[str]] = {}
    for receipt_id, numbers in shared.items():
        gone = [known[number] for number in numbers if known[number].payment.status is not FeedStatus.PAID]
        gone.sort(key=lambda stored: (stored.told_at or stored.received_at, stored.number))
        for entry, number in _each_of_one(gone, entries[receipt_id]):
            for stored in gone:
                if stored.number != number:
                    others.setdefault(stored.number, set()).add(entry.id)
    return Apart({number: frozenset(ids) for number, ids in others.items()})


def _each_of_one(gone: Sequence[StoredPayment], entries: Sequence[MoneyOut]) -> Iterator[tuple[MoneyOut, str]]:
    """Each entry with the payment that it is of; those that may be of none of them are left out."""
    waiting = list(gone)
    unnamed = list[MoneyOut]()
    for entry in entries:
        named = [stored for stored in gone if key_of(stored.number) in keys_in(entry.memo)]
        if len(named) == 1:
            waiting = [stored for stored in waiting if stored is not named[0]]
            yield entry, named[0].number
        elif not named and entry.kind is not MoneyOutKind.FEE:
            unnamed.append(entry)
    for entry in unnamed:
        if of := next((stored for stored in waiting if stored.payment.amount_minor == entry.amount_minor), None):
            waiting.remove(of)
            yield entry, of.number


def went_back_on(company: Company, stored: StoredPayment) -> date | None:
    """On which day of the company, as the feed says, or else the day on which it told us.

    Never before the payment's own day, when there was nothing to give back, and never after the day on which we were told.
    """
    told_at = stored.told_at or stored.received_at
    at = min(stored.payment.status_at, told_at) if stored.payment.status_at else stored.told_at
    return company.day_of(max(at, stored.payment.paid_at)) if at else None


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
    proofs = receipt_claims.standing(connection, company.id, set(gone))
    return found | {proof.receipt_id: others[number] for number, given in proofs.items() for proof in given}


def living(books: Books, receipt_ids: Collection[str]) -> tuple[Receipt, ...]:
    """These receipts, as far as the books still have them."""
    return tuple(receipt for receipt in books.receipts(receipt_ids).values() if isinstance(receipt, Receipt))
