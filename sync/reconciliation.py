"""The proof: both sides are walked, and every payment must be in the books exactly once, by whomever it was entered.

Reads: our payments in pages, every receipt that is or may be one of them, and all receipts of the books. Leaves: what does
not add up as an open failure, and one row of the record. Never: a write to the books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from receivables.books_records import Receipt, by_invoice
from receivables.effects import marker_stem, stems_in
from receivables.payment import Bucket, PaymentState
from receivables.reopened import Reopened
from receivables.words import plain
from storage import companies, effects, failures, mirror, other_days, payments, receipt_claims
from storage.other_days import OtherDay
from storage.payments import StoredPayment
from storage.periods import reopened
from storage.work import Work
from sync import journey, mirroring, periods, proof_reading
from sync.control_totals import ControlTotals
from sync.desk import Desk
from sync.standings import AMISS, Discrepancy, Judged, Sides, Standing, judge
from sync.verification import standing_receipts

PAYMENTS_PER_BATCH = 200
RECEIPTS_PER_BATCH = 500
#: Other failures say these already, or nothing about the payment itself would help.
_NO_FAILURE = (Standing.NOT_READ, Standing.MAY_BE_IN_BOOKS, Standing.OUT_TWICE)
#: Nothing is posted by itself after these.
_HELD = ("receipt_unexpected", "proof_gone")
Progress = Callable[[int], None]
Done = Callable[[Work, "Proven"], None]


@dataclass
class Tally:
    """How many payments stand so, and their money by currency, in minor units."""

    count: int = 0
    money: Counter[str] = field(default_factory=Counter)


@dataclass
class Proven:
    """What a walk found. Every payment is in exactly one of `standings`."""

    company: str
    totals: ControlTotals
    standings: dict[Standing, Tally] = field(default_factory=lambda: {standing: Tally() for standing in Standing})
    marked_receipts: int = 0
    discrepancies: list[Discrepancy] = field(default_factory=list)
    reopened: Reopened | None = None  # a closed period that is open again
    other_days: Sequence[OtherDay] = ()  # what was posted on the first open day, as its own was in a closed period

    @property
    def clean(self) -> bool:
        """Every payment that we know of has exactly one receipt, or a name for why not."""
        return not self.discrepancies

    @property
    def payments(self) -> int:
        return self.whole.count

    @property
    def whole(self) -> Tally:
        """All of them together, whatever became of each: the control total to hold against the portal's."""
        return Tally(self._count(*Standing), sum((tally.money for tally in self.standings.values()), Counter[str]()))

    @property
    def exactly_once(self) -> int:
        return self._count(Standing.EXACTLY_ONCE)

    @property
    def differing(self) -> int:
        return self._count(*AMISS)

    @property
    def under_way(self) -> int:
        return self._count(Standing.IN_PROGRESS)

    @property
    def dismissed_with_proof(self) -> int:
        """On receipts, or on the payment that it is again."""
        return self._count(Standing.DISMISSED_WITH_PROOF, Standing.DISMISSED_AS_TWIN)

    @property
    def dismissed_by_two_people(self) -> int:
        return self._count(Standing.DISMISSED_BY_TWO_PEOPLE)

    @property
    def not_in_books(self) -> int:
        """Failed and shown to a person, given back, or excluded by a rule."""
        return self._count(Standing.MISSING_WITH_FAILURE, Standing.BEFORE_START_ON, Standing.WENT_BACK)

    def _count(self, *standings: Standing) -> int:
        return sum(self.standings[standing].count for standing in standings)

    def add(self, sides: Sides, judged: Judged) -> None:
        tally, payment = self.standings[judged.standing], sides.stored.payment
        tally.count += 1
        tally.money[payment.currency] += payment.amount_minor
        self.marked_receipts += len(sides.marked)
        if discrepancy := judged.discrepancy(sides.number):
            self.discrepancies.append(discrepancy)

    def counts(self) -> dict[str, object]:
        """The numbers alone, for the record and for programs."""
        names = ("payments", "exactly_once", "dismissed_with_proof", "dismissed_by_two_people", "not_in_books", "under_way",
                 "differing", "marked_receipts")  # fmt: skip
        standings = {
            standing.value: {"count": tally.count, "money": dict(sorted(tally.money.items()))}
            for standing, tally in self.standings.items()
        }
        counted = {"company": self.company, **{name: getattr(self, name) for name in names}, "standings": standings}
        return counted | ({"reopened": self.reopened.told()} if self.reopened else {})


def run_once(desk: Desk, progress: Progress | None = None, done: Done | None = None) -> Proven:
    """Walks both sides once. Raises BooksError where the books cannot be read: then nothing is proven.

    `done` leaves what it must together with the stamp that the company is proven.
    """
    totals = ControlTotals(desk.company)
    proven = Proven(desk.company.id, totals)
    periods.read(desk)
    mirroring.run_once(desk)
    stems: set[str] = set()
    after = ""
    while batch := _page(desk, after):
        _walk(desk, batch, proven)
        stems.update(marker_stem(desk.company.id, stored.number) for stored in batch)
        after = batch[-1].number
        if progress:
            progress(proven.payments)
    _walk_books(desk, stems, proven)
    with desk.db.read() as connection:
        proven.reopened = reopened(connection, desk.company.id)
        proven.other_days = other_days.posted(connection, desk.company.id)
        totals.close(mirror.customers_and_heirs(connection, desk.company.id, totals.customer_ids()))
    with desk.work() as work:
        companies.set_reconciled(work)
        work.record("company.reconciled", body=proven.counts() | {"discrepancies": len(proven.discrepancies)})
        if done:
            done(work, proven)
    if not proven.clean:
        journey.diagnose_now(desk)
    return proven


def _page(desk: Desk, after: str) -> Sequence[StoredPayment]:
    with desk.db.read() as connection:
        return payments.walk(connection, desk.company.id, limit=PAYMENTS_PER_BATCH, after=after)


def _walk(desk: Desk, batch: Sequence[StoredPayment], proven: Proven) -> None:
    page = proof_reading.read(desk, batch)
    with desk.db.read() as connection:
        now_held = payments.versions(connection, desk.company.id, [stored.number for stored in batch])
    told, taken_up = [], list[Sides]()
    for sides in page.sides:
        judged = judge(sides)
        if now_held[sides.number] != sides.stored.version:  # moved while we read: the next walk sees it whole
            judged = Judged(Standing.IN_PROGRESS)
        proven.add(sides, judged)
        proven.totals.add_payment(sides, judged.beside or judged.standing, page.customers[sides.number])
        if _needs_failure(sides, judged):
            told.append((sides, judged))
        elif judged.standing is Standing.EXACTLY_ONCE and _applied_since(sides):
            taken_up.append(sides)
    if told or taken_up:
        with desk.work() as work:
            for sides, judged in told:
                _tell(work, sides, judged)
            for sides in taken_up:
                _take_up(work, sides)


def _needs_failure(sides: Sides, judged: Judged) -> bool:
    stored = sides.stored
    if not judged.problem or judged.standing in _NO_FAILURE or stored.bucket in (Bucket.IN_FLIGHT, Bucket.UNKNOWN):
        return False
    if stored.state is PaymentState.VERIFIED or judged.problem in _HELD or judged.standing is Standing.WENT_BACK_BUT_IN_BOOKS:
        return True
    return judged.problem == "receipt_doubled" and stored.state is PaymentState.FAILED and bool(sides.ours)


def _tell(work: Work, sides: Sides, judged: Judged) -> None:
    """Opens a failure, or re-opens the payment; said once, however often it is found."""
    stored, problem = sides.stored, judged.problem
    known = failures.open_of(work.connection, work.company, stored.number)
    if known is not None and known.opened_because == problem:
        return
    if stored.state is not PaymentState.FAILED:
        body = {"code": problem, "message": judged.text}
        payments.move(work, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.failed", body=body)
        if problem == "proof_gone":
            receipt_claims.withdraw(work, stored.number)
    failures.open_one(work, stored.payment, because=problem, message=judged.text, held=problem in _HELD)


def _applied_since(sides: Sides) -> bool:
    """Whether money on account was applied to an invoice, or taken off again, since the receipt was last found as meant."""
    found = standing_receipts(sides.chain, sides.receipts)
    return any(
        effect.id in found and (effect.read_back is None or effect.read_back.lines != by_invoice(found[effect.id].lines))
        for effect in sides.chain
    )


def _take_up(work: Work, sides: Sides) -> None:
    """What an unapplied credit was applied to since is how it is meant from now on; the record says so."""
    found = standing_receipts(sides.chain, sides.receipts)
    for effect in sides.chain:
        if effect.read_back is not None and effect.id in found:
            receipt = found[effect.id]
            applied = {"before": dict(effect.read_back.lines), "now": by_invoice(receipt.lines)}
            body = {"receipt": receipt.number, "id": receipt.id, "unapplied_minor": receipt.unapplied_minor, **applied}
            work.record("payment.applied_since", transaction_number=sides.number, body=body)
    effects.take_up(work, found)


def _walk_books(desk: Desk, stems: set[str], proven: Proven) -> None:
    """Every receipt of the books with a marker of ours must belong to a payment that we know."""
    after = ""
    while True:
        with desk.db.read() as connection:
            seen = mirror.receipts(connection, desk.company.id, limit=RECEIPTS_PER_BATCH, after=after)
        for receipt in seen:
            if not receipt.voided:
                proven.totals.add_receipt(receipt)
        strange = [receipt.id for receipt in seen if stems_in(receipt.memo) - stems]
        standing = desk.books.receipts(strange) if strange else {}
        for found in (standing.get(receipt_id) for receipt_id in strange):
            if isinstance(found, Receipt) and not found.voided:
                text = f"Receipt {plain(found.number or found.id)} carries a marker of ours, and we know no payment of it."
                proven.discrepancies.append(Discrepancy("", "marker_unknown", text, (found.id,)))
        if len(seen) < RECEIPTS_PER_BATCH:
            return
        after = seen[-1].id
