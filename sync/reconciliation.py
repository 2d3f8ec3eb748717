"""The proof: both sides are walked, and every payment must stand in the books exactly once.

Reads: our payments in pages, their receipts in the books, and every receipt of the books that carries a marker of
ours. Leaves: what does not add up as an open failure, and one row of the record. Never: a write to the books.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from receivables.books_records import Gone, Receipt
from receivables.effects import LIVE_STATES, EffectKind, marker_stem, markers_in
from receivables.payment import Bucket, PaymentState
from receivables.twins import Settled
from storage import companies, decisions, effects, failures, mirror, payments, twins
from storage.decisions import Proof
from storage.effects import StoredEffect
from storage.payments import StoredPayment
from storage.work import Work
from sync import journey, mirroring
from sync.desk import Desk
from sync.verification import difference, live_receipts

PAYMENTS_PER_BATCH = 100
RECEIPTS_PER_BATCH = 200
_UNDER_WAY = (Bucket.IN_FLIGHT, Bucket.UNKNOWN)
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Discrepancy:
    """One thing that does not add up. `transaction` is "" where a receipt belongs to no payment of ours."""

    transaction: str
    problem: str
    text: str
    receipts: tuple[str, ...] = ()


@dataclass
class Proven:
    """What a walk found. Every payment is in exactly one of the counts from `exactly_once` to `differing`."""

    company: str
    payments: int = 0
    exactly_once: int = 0
    dismissed_with_proof: int = 0  # on receipts, or on the payment that it is again
    dismissed_by_two_people: int = 0
    not_in_books: int = 0  # received, failed and shown to a person, or excluded by a rule; and no receipt of ours
    under_way: int = 0
    differing: int = 0
    marked_receipts: int = 0
    discrepancies: list[Discrepancy] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.discrepancies


@dataclass(frozen=True)
class _Sides:
    """What both sides say about one payment."""

    stored: StoredPayment
    chain: Sequence[StoredEffect]
    proofs: Sequence[Proof]
    twin_of: str  # the payment that a person said it is again
    marked: Sequence[Receipt]
    receipts: Mapping[str, Receipt | Gone]


def run_once(desk: Desk, progress: Progress | None = None) -> Proven:
    """Walks both sides once. Raises BooksError where the books cannot be read: then nothing is proven."""
    proven = Proven(desk.company.id)
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
    with desk.work() as work:
        companies.set_reconciled(work)
        work.record("company.reconciled", body=asdict(proven) | {"discrepancies": len(proven.discrepancies)})
    if not proven.clean:
        journey.diagnose_now(desk)
    return proven


def _page(desk: Desk, after: str) -> Sequence[StoredPayment]:
    with desk.db.read() as connection:
        return payments.walk(connection, desk.company.id, limit=PAYMENTS_PER_BATCH, after=after)


def _walk(desk: Desk, batch: Sequence[StoredPayment], proven: Proven) -> None:
    company, numbers = desk.company.id, [stored.number for stored in batch]
    with desk.db.read() as connection:
        chains = effects.of_payments(connection, company, numbers)
        given = decisions.standing_proofs(connection, company, numbers)
        settled = twins.settlements(connection, company, numbers)
    stem_of = {number: marker_stem(company, number) for number in numbers}
    marked = desk.books.receipts_marked(list(stem_of.values()))
    wanted = {part.document_id for chain in chains.values() for part in live_receipts(chain) if part.document_id}
    wanted |= {proof.receipt_id for proofs in given.values() for proof in proofs}
    receipts = desk.books.receipts(wanted)
    with desk.work() as work:
        now_held = payments.by_numbers(work.connection, company, numbers)
        for stored in batch:
            number = stored.number
            if now_held[number].version != stored.version:  # decided upon while we read: the next walk sees it whole
                proven.payments += 1
                proven.under_way += 1
                continue
            again = next((said.other_number for said in settled.get(number, ()) if said.settled is Settled.DISMISSED), "")
            found_marked = marked.get(stem_of[number], ())
            sides = _Sides(stored, chains.get(number, ()), given.get(number, ()), again, found_marked, receipts)
            found = _compare(sides)
            _count(proven, sides, found)
            if found is not None:
                proven.discrepancies.append(found)
                _tell(work, sides, found)


def _compare(sides: _Sides) -> Discrepancy | None:
    """What does not add up about one payment, the worst of it. Pure."""
    stored, number = sides.stored, sides.stored.number
    if stored.bucket in _UNDER_WAY:
        return None
    known = {effect.document_id for effect in sides.chain if effect.kind is EffectKind.RECEIPT and effect.state in LIVE_STATES}
    extra = tuple(receipt.id for receipt in sides.marked if not receipt.voided and receipt.id not in known)
    if stored.state is PaymentState.VERIFIED:
        code, words = difference(stored, sides.chain, sides.receipts)
        if code:
            return Discrepancy(number, code, f"Payment {number} was verified, and now {words}.")
    if extra:
        problem = "receipt_doubled" if known else "receipt_unexpected"
        text = f"Payment {number} is {stored.state}, and {len(extra)} more of its receipts than we recorded are in the books."
        return Discrepancy(number, problem, text, extra)
    if stored.state is PaymentState.DISMISSED and sides.proofs:
        return _proof_gone(sides)
    return None


def _proof_gone(sides: _Sides) -> Discrepancy | None:
    for proof in sides.proofs:
        receipt = sides.receipts.get(proof.receipt_id)
        standing = isinstance(receipt, Receipt) and not receipt.voided and receipt.amount_minor >= proof.amount_minor
        if not standing:
            number = sides.stored.number
            text = f"Payment {number} was dismissed because of a receipt that is no longer in the books for that amount."
            return Discrepancy(number, "proof_gone", text, (proof.receipt_id,))
    return None


def _count(proven: Proven, sides: _Sides, found: Discrepancy | None) -> None:
    proven.payments += 1
    proven.marked_receipts += sum(1 for receipt in sides.marked if not receipt.voided)
    if found is not None:
        proven.differing += 1
    elif sides.stored.bucket in _UNDER_WAY:
        proven.under_way += 1
    elif sides.stored.state is PaymentState.VERIFIED:
        proven.exactly_once += 1
    elif sides.stored.state is PaymentState.DISMISSED and (sides.proofs or sides.twin_of):
        proven.dismissed_with_proof += 1
    elif sides.stored.state is PaymentState.DISMISSED:
        proven.dismissed_by_two_people += 1
    else:
        proven.not_in_books += 1


def _tell(work: Work, sides: _Sides, found: Discrepancy) -> None:
    """Opens a failure, or re-opens the payment; said once, however often it is found."""
    stored = sides.stored
    held = found.problem in ("proof_gone", "receipt_unexpected")
    known = failures.open_of(work.connection, work.company, stored.number)
    if known is not None and known.opened_because == found.problem:
        return
    if stored.state is not PaymentState.FAILED:
        body = {"code": found.problem, "message": found.text}
        payments.move(work, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.failed", body=body)
        if found.problem == "proof_gone":
            decisions.withdraw_proof(work, stored.number)
    failures.open_one(work, stored.payment, because=found.problem, message=found.text, held=held)


def _walk_books(desk: Desk, stems: set[str], proven: Proven) -> None:
    """Every receipt of the books with a marker of ours must belong to a payment that we know."""
    after = ""
    while True:
        with desk.db.read() as connection:
            seen = mirror.receipts(connection, desk.company.id, limit=RECEIPTS_PER_BATCH, after=after)
        strange = [receipt.id for receipt in seen if any(_stem(marker) not in stems for marker in markers_in(receipt.memo))]
        standing = desk.books.receipts(strange) if strange else {}
        for receipt_id in strange:
            receipt = standing.get(receipt_id)
            if isinstance(receipt, Receipt) and not receipt.voided:
                text = f"Receipt {receipt.number or receipt.id} carries a marker of ours, and we know no payment of it."
                proven.discrepancies.append(Discrepancy("", "marker_unknown", text, (receipt.id,)))
        if len(seen) < RECEIPTS_PER_BATCH:
            return
        after = seen[-1].id


def _stem(marker: str) -> str:
    return marker.partition(".")[0]
