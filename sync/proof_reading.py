"""What the proof reads about a page of payments: our rows, our receipts, and every receipt without our marker that may be one.

Reads: our rows, the mirror's index, and those receipts fresh. Leaves: nothing. A payment that is not posted is read as
posting reads it, so that the proof and posting never judge it differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import rules
from receivables.books_records import Customer, Gone, MoneyOut, Receipt, heir_of
from receivables.effects import marker_stem
from receivables.evidence import Evidence
from receivables.payment import FeedStatus, PaymentState
from receivables.twins import Settled
from storage import bindings, decisions, effects, failures, hand_receipts, mirror, other_money, payments, receipt_claims, twins
from storage.effects import StoredEffect
from storage.engine import Connection
from storage.failures import Trouble
from storage.other_money import OtherMoney
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from storage.taking_in import BEFORE_START_ON
from storage.twins import Settlement
from sync import binding, entries_out, evidence, receipts_found
from sync.batch_reading import NO_SETTINGS
from sync.desk import Desk
from sync.receipts_found import Candidates, Search
from sync.reversals import TWICE
from sync.standings import Sides
from sync.verification import customers_of_moved

UNTOLD = Trouble(False, None)
REVIEWED_DAYS = 7  # five business days, however they lie


@dataclass(frozen=True)
class Page:
    """Some payments with both sides of each, and of which customer of the books each is ("" where that is not certain)."""

    sides: Sequence[Sides]
    customers: Mapping[str, str]


@dataclass(frozen=True)
class _Ours:
    """What our rows say of a page, by transaction number."""

    chains: Mapping[str, Sequence[StoredEffect]]
    proofs: Mapping[str, Sequence[Proof]]
    twin_of: Mapping[str, str]
    others: Mapping[str, StoredPayment]
    troubles: Mapping[str, Trouble]
    customers: Mapping[str, set[str]]
    candidates: Candidates
    claimed: Mapping[str, int]
    other_money: Mapping[str, Sequence[OtherMoney]]
    known_customers: Mapping[str, Customer]
    returns_named: frozenset[str]  # of which a person named the entry, in books whose entries are not read
    out_twice: frozenset[str]  # of which more went out than came in, and nobody settled that yet

    def is_other(self, number: str, receipt: Receipt) -> bool:
        """Whether a person said that this receipt is other money than the payment."""
        return any(said.holds_for(receipt) for said in self.other_money.get(number, ()))


def read(desk: Desk, batch: Sequence[StoredPayment]) -> Page:
    """Both sides of each payment, in the order of the batch. Raises BooksError where the books cannot be read."""
    at = desk.clock.now()
    with desk.db.read() as connection:
        ours = _our_rows(connection, desk, batch)
    stems = {stored.number: marker_stem(desk.company.id, stored.number) for stored in batch}
    marked = desk.books.receipts_marked(list(stems.values()))
    wanted = {receipt_id for chain in ours.chains.values() for receipt_id in effects.recorded_ids(chain)}
    wanted |= {proof.receipt_id for given in ours.proofs.values() for proof in given}
    read: dict[str, Receipt | Gone] = {receipt.id: receipt for found in marked.values() for receipt in found}
    rest = wanted - set(read)  # those without our mark, and those that are voided or gone
    receipts = {**read, **desk.books.receipts(rest)} if rest else read
    entries, own = _entries(desk, batch, ours, marked, stems)
    interval = timedelta(seconds=desk.company.sync_every_seconds)
    young = {stored.number for stored in batch if at - _last_moved(stored, ours) < interval}
    not_posted = [
        stored
        for stored in batch
        if (stored.state is PaymentState.FAILED or (stored.state is PaymentState.RECEIVED and stored.number not in young))
        and not marked[stems[stored.number]]
    ]
    with desk.db.read() as connection:
        moved = customers_of_moved(connection, desk.company.id, ours.chains.values(), receipts)
    readings, unread = _readings(desk, batch, not_posted, ours, receipts, at)
    sides = [
        Sides(
            stored=stored,
            chain=ours.chains[stored.number],
            proofs=ours.proofs.get(stored.number, ()),
            twin_of=ours.twin_of.get(stored.number, ""),
            twin_counts=_counts(ours.others.get(ours.twin_of.get(stored.number, ""))),
            marked=[of for of in marked[stems[stored.number]] if not of.voided and not ours.is_other(stored.number, of)],
            receipts=receipts,
            customers=moved,
            claimed=ours.claimed,
            strayed=_strayed(stored, ours, receipts, desk.books.traits.longest_reference),
            reading=readings.get(stored.number),
            entries=own.of(stored.number, entries),
            return_named=stored.number in ours.returns_named,
            out_twice=stored.number in ours.out_twice,
            unread=unread.get(stored.number, ()),
            failing=ours.troubles.get(stored.number, UNTOLD).open,
            young=stored.number in young,
            words=desk.company.words,
        )
        for stored in batch
    ]
    return Page(sides, {number: next(iter(ids)) if len(ids) == 1 else "" for number, ids in ours.customers.items()})


def _entries(
    desk: Desk,
    batch: Sequence[StoredPayment],
    ours: _Ours,
    marked: Mapping[str, Sequence[Receipt]],
    stems: Mapping[str, str],
) -> tuple[Sequence[MoneyOut], entries_out.Apart]:
    """The entries by which the receipts of payments left the books again whose money went back, or did once, says the feed; and
    which payment each is of, where several rest on one receipt.
    """
    gone = [stored.number for stored in batch if stored.payment.status is not FeedStatus.PAID or stored.told_before]
    ids = {receipt_id for number in gone for receipt_id in effects.recorded_ids(ours.chains[number])}
    ids |= {receipt.id for number in gone for receipt in marked[stems[number]]}
    ids |= {proof.receipt_id for number in gone for proof in ours.proofs.get(number, ())}
    ids |= {found.id for number in gone for found in ours.candidates.found.get(number, ()) if not found.gone}
    found = desk.books.money_out(ids) if ids else {}
    with desk.db.read() as connection:
        own = entries_out.told_apart(connection, desk.company.id, batch, found)
    return [entry for entries in found.values() for entry in entries], own


def _counts(other: StoredPayment | None) -> bool:
    return other is not None and other.state in (PaymentState.POSTED, PaymentState.VERIFIED, PaymentState.DISMISSED)


def _last_moved(stored: StoredPayment, ours: _Ours) -> datetime:
    """When something last happened to it, as far as the proof must know."""
    moments = [stored.received_at, ours.troubles.get(stored.number, UNTOLD).changed_at]
    for effect in ours.chains[stored.number]:
        moments += [effect.planned_at, effect.settled_at]
    return max(moment for moment in moments if moment is not None)


def _our_rows(connection: Connection, desk: Desk, batch: Sequence[StoredPayment]) -> _Ours:
    company, numbers = desk.company.id, [stored.number for stored in batch]
    settled = twins.settlements(connection, company, numbers)
    twin_of = {number: other for number, said in settled.items() if (other := _twin_of(said))}
    customers = _customers(connection, company, batch)
    asked = [
        receipts_found.wanted(desk.company, stored.payment, customers[stored.number], at_least_days=REVIEWED_DAYS)
        for stored in batch
        if stored.excluded_by != BEFORE_START_ON
    ]
    candidates = receipts_found.candidates(connection, desk.company, asked)
    proofs = receipt_claims.standing(connection, company, numbers)
    ids = {found.id for some in candidates.found.values() for found in some if not found.gone}
    ids |= {proof.receipt_id for given in proofs.values() for proof in given}
    of_customers = {of for some in customers.values() for of in some}
    return _Ours(
        chains=effects.of_payments(connection, company, numbers),
        proofs=proofs,
        twin_of=twin_of,
        others=payments.by_numbers(connection, company, set(twin_of.values())) if twin_of else {},
        troubles=failures.troubles(connection, company, numbers),
        customers=customers,
        candidates=candidates,
        claimed=receipt_claims.claimed(connection, company, ids) if ids else {},
        other_money=other_money.said(connection, company, numbers),
        returns_named=decisions.returns_named(connection, company, numbers),
        out_twice=failures.open_because(connection, company, numbers, TWICE),
        known_customers=mirror.customers_and_heirs(connection, company, of_customers) if ids else {},
    )


def _twin_of(said: Sequence[Settlement]) -> str:
    return next((settlement.other_number for settlement in said if settlement.settled is Settled.DISMISSED), "")


def _customers(connection: Connection, company: str, batch: Sequence[StoredPayment]) -> dict[str, set[str]]:
    """By transaction number, the customers of the books it is of: as its lines are bound, else all that it may be of."""
    held = bindings.held(connection, company, [stored.number for stored in batch])
    unbound = [stored.payment for stored in batch if not held[stored.number]]
    known = binding.look_up(connection, company, unbound)
    return {stored.number: binding.customers_of(stored, held[stored.number], known) for stored in batch}


def _strayed(
    stored: StoredPayment, ours: _Ours, receipts: Mapping[str, Receipt | Gone], longest_reference: int
) -> frozenset[str]:
    """The receipts of its proofs that are another customer's now and do not name the payment; none where its own is not known."""
    customers = {heir_of(customer_id, ours.known_customers) for customer_id in ours.customers[stored.number]}
    asked = ours.candidates.wanted.get(stored.number)
    found = [receipts.get(proof.receipt_id) for proof in ours.proofs.get(stored.number, ())]
    return frozenset(
        receipt.id
        for receipt in found
        if isinstance(receipt, Receipt)
        and customers
        and asked
        and receipt.customer_id not in customers
        and not hand_receipts.names_it(asked, receipt, longest_reference)
    )


def _readings(
    desk: Desk,
    batch: Sequence[StoredPayment],
    not_posted: Sequence[StoredPayment],
    ours: _Ours,
    receipts: Mapping[str, Receipt | Gone],
    at: datetime,
) -> tuple[dict[str, rules.Reading], dict[str, tuple[str, ...]]]:
    """What the rules make of receipts without our marker, and what could not be read; by transaction number."""
    gathered = dict(evidence.gather(desk, not_posted, isolated=True, full=False))
    unread = {
        number: tuple(what for what in found.unread if what.startswith("receipt"))  # what else was not read says nothing of these
        for number, found in gathered.items()
    }
    rest = [stored for stored in batch if stored.number not in gathered and _has_candidate(ours.candidates, stored.number)]
    if rest:
        held = receipts_found.read_fresh(
            desk.books,
            receipts_found.only_for(ours.candidates, {stored.number for stored in rest}),
            {receipt.id: receipt for receipt in receipts.values() if isinstance(receipt, Receipt)},
        )
        for stored in rest:
            gathered[stored.number] = _evidence(desk, stored, ours, held, at)
            unread[stored.number] = tuple(held.unread_of(stored.number))
    return {number: rules.read(found) for number, found in gathered.items()}, unread


def _has_candidate(candidates: Candidates, number: str) -> bool:
    return any(not found.gone for found in candidates.found.get(number, ()))


def _evidence(desk: Desk, stored: StoredPayment, ours: _Ours, held: Candidates, at: datetime) -> Evidence:
    """As much of the evidence as tells which receipts without our marker are or may be this payment's money."""
    fresh = [receipt for receipt in held.fresh.values() if isinstance(receipt, Receipt)]
    longest = desk.books.traits.longest_reference
    search = Search(desk.company, fresh, {}, ours.claimed, held, longest, ours.other_money)
    customers = ours.customers[stored.number]
    return Evidence(
        payment=stored.payment,
        generation=stored.generation,
        taken_at=at,
        settings=NO_SETTINGS,
        received_on_closed=False,
        isolated=True,
        customer=ours.known_customers.get(next(iter(customers))) if len(customers) == 1 else None,
        receipts=receipts_found.of_payment(search, stored, (), customers),
        longest_reference=longest,
        time_zone=desk.company.time_zone.key,
    )
