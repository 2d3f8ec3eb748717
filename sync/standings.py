"""How one payment stands in the books, judged from both sides: what we know of it, and every receipt that is or may be it. Pure.

Whether a receipt entered by hand may be a payment is asked of `rules`; here is only what follows from it for the proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import rules
from receivables.books_records import Customer, Gone, MoneyOut, Receipt
from receivables.effects import markers_in
from receivables.payment import Bucket, Dispute, FeedStatus, PaymentState
from receivables.reversals import out_minor
from receivables.words import Words, listed, plain
from storage import effects
from storage.effects import StoredEffect
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from storage.taking_in import BEFORE_START_ON
from sync.verification import difference

_UNDER_WAY = (Bucket.IN_FLIGHT, Bucket.UNKNOWN)


class Standing(StrEnum):
    """Where a payment is, and where its money is in the books. Every payment is in exactly one. The names are stable."""

    EXACTLY_ONCE = "exactly_once"
    DISMISSED_WITH_PROOF = "dismissed_with_proof"
    DISMISSED_AS_TWIN = "dismissed_as_twin"
    DISMISSED_BY_TWO_PEOPLE = "dismissed_by_two_people"
    BEFORE_START_ON = "before_start_on"
    WENT_BACK = "went_back"  # returned or refunded, and no receipt of it is in the books
    RETURN_RECORDED = "return_recorded"  # its receipt and its return, refund or chargeback are in the books and add up to zero
    DISPUTED = "disputed"  # the card network holds the money; the receipt stays until the dispute is won or lost
    IN_PROGRESS = "in_progress"  # for less than one sync interval
    MISSING_WITH_FAILURE = "missing_with_failure"
    MISSING = "missing"  # and no open failure says why
    MAY_BE_IN_BOOKS = "may_be_in_books"  # not posted; a receipt entered by hand may be it, and nobody has decided
    DOUBLED = "doubled"
    DIFFERENT = "different"
    WENT_BACK_BUT_IN_BOOKS = "went_back_but_in_books"
    OUT_TWICE = "out_twice"  # more went out than came in, and that is not settled yet
    NOT_READ = "not_read"  # a receipt that may be it could not be read


#: What makes the proof fail.
AMISS = frozenset(
    {
        Standing.MISSING,
        Standing.MAY_BE_IN_BOOKS,
        Standing.DOUBLED,
        Standing.DIFFERENT,
        Standing.WENT_BACK_BUT_IN_BOOKS,
        Standing.OUT_TWICE,
        Standing.NOT_READ,
    }
)


@dataclass(frozen=True)
class Discrepancy:
    """One thing that does not add up. `transaction` is "" where a receipt belongs to no payment of ours."""

    transaction: str
    problem: str
    text: str
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sides:
    """What both sides say about one payment."""

    stored: StoredPayment
    chain: Sequence[StoredEffect]
    proofs: Sequence[Proof]
    twin_of: str  # the payment that a person said it is again
    twin_counts: bool  # that one is in the books, so that one more receipt would be one too many
    marked: Sequence[Receipt]  # not voided, with a marker of this payment
    receipts: Mapping[str, Receipt | Gone]  # those of our effects and of the proofs, by id
    customers: Mapping[str, Customer]  # whose receipts of ours are another's by now, and those they were merged into
    claimed: Mapping[str, int]  # by receipt id: what all dismissals rest on, in minor units
    strayed: frozenset[str]  # receipts of the proofs that are another customer's now and do not name the payment
    reading: rules.Reading | None  # None where no receipt without our marker may be it
    entries: Sequence[MoneyOut]  # by which the money of these receipts left the books again, where the feed says so
    return_named: bool  # a person named the entry, in books whose entries are not read
    out_twice: bool  # more of it went out than came in, says the feed, and nobody settled that yet
    unread: tuple[str, ...]  # receipts that may be it and could not be read, and why
    failing: bool  # a failure is open
    young: bool  # nothing happened to it for less than one sync interval
    words: Words

    @property
    def number(self) -> str:
        return self.stored.number

    @property
    def money(self) -> str:
        return self.words.money(self.stored.payment.amount_minor, self.stored.payment.currency)

    @property
    def ours(self) -> tuple[Receipt, ...]:
        """Our receipts that are in the books, each once."""
        known = [self.receipts.get(effect.document_id or "") for effect in effects.recorded(self.chain)]
        living = [receipt for receipt in (*known, *self.marked) if isinstance(receipt, Receipt) and not receipt.voided]
        return tuple({receipt.id: receipt for receipt in living}.values())

    @property
    def standing_proofs(self) -> tuple[Receipt, ...]:
        """The receipts that its dismissal rests on and that are in the books."""
        found = [self.receipts.get(proof.receipt_id) for proof in self.proofs]
        return tuple(receipt for receipt in found if isinstance(receipt, Receipt) and not receipt.voided)

    @property
    def by_hand(self) -> tuple[Receipt, ...]:
        """Those without our marker whose text says that they are or may be it, beside what its dismissal rests on."""
        proofs = {proof.receipt_id for proof in self.proofs}
        found = self.reading.receipts if self.reading else ()
        return tuple(entry.receipt for entry in found if entry.by_text and entry.receipt.id not in proofs)


@dataclass(frozen=True)
class Judged:
    """`problem` and `text` are "" where nothing is amiss. `beside` is how the payment's own receipts stand, where what is amiss
    went out beside them.
    """

    standing: Standing
    problem: str = ""
    text: str = ""
    receipts: tuple[str, ...] = ()
    beside: Standing | None = None

    def discrepancy(self, transaction: str) -> Discrepancy | None:
        return Discrepancy(transaction, self.problem, self.text, self.receipts) if self.problem else None


def judge(sides: Sides) -> Judged:
    """Where the payment stands; the worst of it where several things are amiss."""
    judged = _judge(sides)
    if not sides.out_twice or judged.problem:
        return judged
    payment, out = sides.stored.payment, out_minor(sides.stored.payment, sides.stored.reversals)
    out_of_it = sides.words.money(out, payment.currency)
    text = _of_payment(sides, f"went out more than once, {out_of_it} in all, and what went out beside is not settled yet")
    return Judged(Standing.OUT_TWICE, "out_twice", text, judged.receipts, judged.standing)


def _judge(sides: Sides) -> Judged:
    if sides.stored.excluded_by == BEFORE_START_ON and not sides.ours:
        return Judged(Standing.BEFORE_START_ON)
    if sides.stored.state is PaymentState.EXCLUDED or sides.stored.payment.status is not FeedStatus.PAID:
        return _went_back(sides)
    if sides.stored.bucket in _UNDER_WAY and (sides.young or sides.stored.state is not PaymentState.POSTED):
        return _under_way(sides)
    if sides.ours:
        return _recorded(sides)
    if sides.stored.state is PaymentState.DISMISSED:
        return _dismissed(sides)
    return _not_there(sides)


def _went_back(sides: Sides) -> Judged:
    """The money was returned or refunded: a receipt of it that is still in the books shows money that is not there."""
    found = tuple(dict.fromkeys((*sides.ours, *sides.standing_proofs, *sides.by_hand)))  # one of ours may be the proof as well
    if not found:
        return _unless_unread(sides, Judged(Standing.WENT_BACK))
    status = sides.stored.payment.status
    counted = tuple(receipt for receipt in found if rules.counted_minor(receipt, sides.entries, sides.stored.payment) > 0)
    if status is not FeedStatus.PAID and (not counted or sides.return_named):
        return _unless_unread(sides, Judged(Standing.RETURN_RECORDED))
    if status is FeedStatus.CHARGED_BACK and sides.stored.payment.dispute is not Dispute.LOST:
        return _unless_unread(sides, Judged(Standing.DISPUTED))
    found = counted or found
    if status is FeedStatus.PAID:  # excluded by another rule
        return _amiss(sides, Standing.DIFFERENT, "receipt_unexpected", f"is excluded, and {_named(found)} in the books", found)
    text = f"was {status}, and {_named(found)} still in the books"
    return _amiss(sides, Standing.WENT_BACK_BUT_IN_BOOKS, f"{status}_but_in_books", text, found)


def _under_way(sides: Sides) -> Judged:
    """A write of it is planned, or nobody knows yet whether it was carried out."""
    if len(sides.marked) > max(1, len(effects.live(sides.chain))):
        return _doubled(sides, sides.marked)
    if sides.young or sides.marked:
        return Judged(Standing.IN_PROGRESS)
    return _missing(sides, "still_in_progress", "has been in progress for more than one sync interval and is not in the books")


def _recorded(sides: Sides) -> Judged:
    """A receipt of ours is in the books."""
    known = {effect.document_id for effect in effects.live(sides.chain)}
    extra = [receipt for receipt in sides.ours if receipt.id not in known]
    if extra and len(extra) < len(sides.ours):
        return _doubled(sides, sides.ours)
    if extra and len(extra) == 1:
        although = "ours is gone" if known else "we recorded none"
        text = f"is {sides.stored.state}, and {_named(extra)} in the books with its mark although {although}"
        return _amiss(sides, Standing.DIFFERENT, "receipt_unexpected", text, extra)
    if extra:
        return _doubled(sides, extra, "receipt_unexpected")
    if sides.by_hand:
        return _doubled(sides, (*sides.ours, *sides.by_hand))
    if sides.stored.state is PaymentState.DISMISSED:
        if gone := _proof_gone(sides):
            return gone
        if beside := [receipt for receipt in sides.standing_proofs if receipt not in sides.ours]:
            return _doubled(sides, (*sides.ours, *beside))
        return _unless_unread(sides, _settled(sides))
    payment = sides.stored.payment
    if out := [receipt for receipt in sides.ours if rules.counted_minor(receipt, sides.entries, payment) < receipt.amount_minor]:
        text = f"is paid after all, says the feed, and {_named(out)} in the books beside an entry that took its money out again"
        return _amiss(sides, Standing.DIFFERENT, "paid_out_again", text, out)
    code, words = difference(sides.stored, sides.chain, sides.receipts, sides.customers)
    if code:
        was = "was verified, and now" if sides.stored.state is PaymentState.VERIFIED else "is in the books, but"
        return _amiss(sides, Standing.DIFFERENT, code, f"{was} {words}", sides.ours)
    return _unless_unread(sides, Judged(Standing.EXACTLY_ONCE))


def _dismissed(sides: Sides) -> Judged:
    """Nothing of ours is in the books, and people said why."""
    if gone := _proof_gone(sides):
        return gone
    proofs = sides.standing_proofs
    one_too_many = 1 if proofs or (sides.twin_of and sides.twin_counts) else 2
    if len(sides.by_hand) >= one_too_many:
        return _doubled(sides, (*proofs, *sides.by_hand))
    return _unless_unread(sides, _settled(sides))


def _proof_gone(sides: Sides) -> Judged | None:
    for proof in sides.proofs:
        if why := _no_proof_any_more(sides, proof):
            text = f"was dismissed because of a receipt that {why}"
            return Judged(Standing.DIFFERENT, "proof_gone", _of_payment(sides, text), (proof.receipt_id,))
    return None


def _no_proof_any_more(sides: Sides, proof: Proof) -> str:
    """Why the receipt does not stand for the payment any more, or ""."""
    receipt = sides.receipts.get(proof.receipt_id)
    if not isinstance(receipt, Receipt) or receipt.voided or receipt.amount_minor < proof.amount_minor:
        return "is no longer in the books for that amount"
    if receipt.amount_minor < sides.claimed.get(receipt.id, 0):
        return "is less by now than all the payments that were dismissed because of it"
    if markers_in(receipt.memo) and receipt not in sides.ours:  # the books were restored, and gave its id to one of ours
        return "is one of ours by now"
    return "is another customer's by now and does not name the payment" if receipt.id in sides.strayed else ""


def _settled(sides: Sides) -> Judged:
    if sides.proofs:
        return Judged(Standing.DISMISSED_WITH_PROOF)
    return Judged(Standing.DISMISSED_AS_TWIN if sides.twin_of else Standing.DISMISSED_BY_TWO_PEOPLE)


def _not_there(sides: Sides) -> Judged:
    """Nothing of ours is in the books, and nobody has decided."""
    if sides.stored.state in (PaymentState.VERIFIED, PaymentState.POSTED):
        code, words = difference(sides.stored, sides.chain, sides.receipts, sides.customers)
        return _missing(sides, code, f"was {sides.stored.state}, and now {words}")
    if sides.stored.state is PaymentState.RECEIVED and sides.young:
        return Judged(Standing.IN_PROGRESS)
    found = [entry for entry in sides.reading.suspects if entry.source.free_minor > 0] if sides.reading else []
    whole = [entry.receipt for entry in found if entry.by_text and entry.whole]
    if len(whole) > 1:
        return _doubled(sides, whole)
    if found:
        receipts = [entry.receipt for entry in found]
        text = f"is not posted, and {_named(receipts)} in the books and may be it; this is not settled yet"
        return _amiss(sides, Standing.MAY_BE_IN_BOOKS, "may_be_in_books", text, receipts)
    return _unless_unread(sides, _missing(sides, "not_in_books", "is not in the books"))


def _missing(sides: Sides, problem: str, text: str) -> Judged:
    if sides.failing:
        return Judged(Standing.MISSING_WITH_FAILURE)
    return _amiss(sides, Standing.MISSING, problem, f"{text}, and no open failure says why", ())


def _doubled(sides: Sides, receipts: Sequence[Receipt], problem: str = "receipt_doubled") -> Judged:
    return _amiss(sides, Standing.DOUBLED, problem, f"is in the books more than once: {_named(receipts)} there", receipts)


def _unless_unread(sides: Sides, judged: Judged) -> Judged:
    """The same, where every receipt that may be it could be read: what was not read proves nothing."""
    if not sides.unread:
        return judged
    return Judged(Standing.NOT_READ, "not_read", _of_payment(sides, f"cannot be proven: {'; '.join(sides.unread)}"))


def _amiss(sides: Sides, standing: Standing, problem: str, text: str, receipts: Sequence[Receipt]) -> Judged:
    return Judged(standing, problem, _of_payment(sides, text), tuple(receipt.id for receipt in receipts))


def _of_payment(sides: Sides, text: str) -> str:
    return f"Payment {plain(sides.number)} of {sides.money} {text.removesuffix('.')}."


def _named(receipts: Sequence[Receipt]) -> str:
    """Receipts R1001 and R1002 are"""
    names = [plain(receipt.number or receipt.id) for receipt in receipts]
    return f"receipt {names[0]} is" if len(names) == 1 else f"receipts {listed(names)} are"
