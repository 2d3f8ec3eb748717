"""What went out beside a payment, in part or a second time: told when it came in, over once the books show all that went out.

Reads: the open failures of such money, the receipts of those payments, and the entries by which money of them left the books.
Leaves: the failure ended, in the name of whoever decided it, else of the person who recorded the last entry, or, of a part,
because all of the money is settled as gone; what the books hold of it, for the person who decides; and what it says of the
receipt told anew once there is one.
Never: a write to the books, or a payment moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from receivables.books_records import MoneyOut, MoneyOutKind
from receivables.errors import BooksRefused, OutcomeUnknown
from receivables.evidence import Evidence
from receivables.payment import FeedStatus, PaymentState
from receivables.reversals import out_minor
from storage import decisions, failures, kept_evidence, outbox, payments
from storage.failures import StoredFailure
from storage.kept_evidence import ReadEvidence
from storage.payments import StoredPayment
from storage.work import Work
from sync import escalation, evidence, reversals
from sync.desk import Desk
from sync.open_failures import keep

PARTS_PER_SYNC = 100


@dataclass(frozen=True)
class _Told:
    """A failure of the feed's own, its payment, what is known of it, and what the books hold of it now."""

    found: StoredFailure
    stored: StoredPayment
    known: Evidence | None
    receipts: frozenset[str]
    entries: tuple[MoneyOut, ...]

    @property
    def is_to_be_read(self) -> bool:
        """Whether a person could decide more, or otherwise, on what the books say now."""
        known = self.known
        if known is None or not known.beside:
            return known is None
        return bool(known.unread) or known.cut_short or {*known.money_out} != {*self.entries}


def run_once(desk: Desk) -> int:
    """Ends those of which the books show as much as went out; returns how many. Raises BooksUnavailable."""
    with desk.db.read() as connection:
        opened = failures.open_ones(connection, desk.company.id, about="intake", limit=PARTS_PER_SYNC)
        told = [found for found in opened if found.opened_because in (reversals.PART, reversals.TWICE)]
        numbers = {found.transaction_number for found in told}
        known = payments.by_numbers(connection, desk.company.id, numbers) if told else {}
        receipts = reversals.receipts_of(connection, desk.company.id, numbers) if told else {}
        read = kept_evidence.by_ids(connection, desk.company.id, [found.evidence_id for found in told if found.evidence_id])
    asked = {receipt_id for of_payment in receipts.values() for receipt_id in of_payment}
    try:
        entries = desk.books.money_out(asked) if asked else {}
    except (BooksRefused, OutcomeUnknown):
        return 0  # not read is not absent: it is asked again
    ended, waiting = 0, list[_Told]()
    for found in told:
        stored, ids = known[found.transaction_number], receipts[found.transaction_number]
        of_receipts = tuple(entry for receipt_id in sorted(ids) for entry in entries.get(receipt_id, ()))
        of_it = _Told(found, stored, read.get(found.evidence_id or ""), frozenset(ids), of_receipts)
        if _settled(desk, of_it):
            ended += 1
        elif ids and _says_no_receipt(found):
            with desk.work() as work:
                reversals.tell(work, desk, stored)
        elif of_it.is_to_be_read:
            waiting.append(of_it)
    _read(desk, waiting)
    return ended


def _says_no_receipt(found: StoredFailure) -> bool:
    facts = found.diagnosis.primary.facts(reversals.PART) if found.diagnosis else ()
    return any(dict(fact.values).get("posted") is False for fact in facts)


def _settled(desk: Desk, told: _Told) -> bool:
    out = [entry for entry in told.entries if entry.kind is not MoneyOutKind.FEE]
    payment = told.stored.payment
    if not out or sum(entry.amount_minor for entry in out) < out_minor(payment, told.stored.reversals):
        return _went_back_whole(desk, told.found, told.stored)
    last = max(out, key=lambda entry: entry.created.at)
    with desk.work() as work:
        by, resolution = _who_recorded(work, told.found, last)
        return failures.resolve(work, told.found, resolution=resolution, by=by)


def _who_recorded(work: Work, found: StoredFailure, last: MoneyOut) -> tuple[str, str]:
    """Whoever decided that we record it; else whom the books name."""
    made = decisions.of_payment(work.connection, work.company, found.transaction_number)
    ours = [of for of in made if of.failure_id == found.id and of.state in ("carrying_out", "done")]
    return (ours[-1].requested_by, "carried_out") if ours else (last.created.person, "put_right")


def _went_back_whole(desk: Desk, found: StoredFailure, stored: StoredPayment) -> bool:
    """Of a payment that is settled as gone, with nothing left of it in the books, there is no part to record."""
    if found.opened_because == reversals.TWICE or stored.payment.status is FeedStatus.PAID:
        return False
    if stored.state is not PaymentState.EXCLUDED:
        return False
    with desk.work() as work:
        return failures.resolve(work, found, resolution="excluded", by="")


# --- what a person decides on -------------------------------------------------------------------------------------------


def _read(desk: Desk, told: Sequence[_Told]) -> None:
    """Keeps what the books hold of each, where that says something new."""
    if not told:
        return
    entries = {of_it.stored.number: of_it.entries for of_it in told}
    read = gather(desk, [(of_it.stored, of_it.found) for of_it in told], entries)
    with desk.work() as work:
        for of_it in told:
            if keep(work, [ReadEvidence.of(of_it.found, read[of_it.stored.number])]):
                outbox.want(work, "failure", of_it.found.id)


def fresh(desk: Desk, stored: StoredPayment, found: StoredFailure) -> Evidence:
    """The same of one, as it is at this moment. Raises BooksError."""
    with desk.db.read() as connection:
        ids = reversals.receipts_of(connection, desk.company.id, [stored.number])[stored.number]
    entries = desk.books.money_out(ids) if ids else {}
    of_receipts = [entry for receipt_id in sorted(ids) for entry in entries.get(receipt_id, ())]
    return gather(desk, [(stored, found)], {stored.number: of_receipts})[stored.number]


def gather(
    desk: Desk, told: Sequence[tuple[StoredPayment, StoredFailure]], entries: Mapping[str, Sequence[MoneyOut]]
) -> Mapping[str, Evidence]:
    """By transaction number, what the books hold of each payment: its own receipts, their invoices and their entries."""
    with desk.db.read() as connection:
        isolated = escalation.is_isolated(connection, desk.company, desk.clock.now())
    read = evidence.gather(desk, [stored for stored, _ in told], isolated=isolated, refusals={})
    return {
        stored.number: replace(
            read[stored.number],
            receipts=tuple(of for of in read[stored.number].receipts if of.this_payment or of.proves),
            near_customers=(),
            other_invoices=(),
            twins=(),
            vanished=(),
            money_out=tuple(entries[stored.number]),
            beside=reversals.beside(stored, _told_at(found)),
        )
        for stored, found in told
    }


def _told_at(found: StoredFailure) -> datetime:
    """When the feed told what is told now."""
    return (found.diagnosis.primary.because[0].at if found.diagnosis else None) or found.opened_at
