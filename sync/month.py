"""What became of a month's payments: the roll-forward of month end, each figure from our rows and the books. Pure.

Both sides are added up for themselves: what the portal took, and what of it is in the books, went back, was settled by a
person, or is open. Their difference is computed; a receipt that is gone or there twice shows in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from receivables.books_records import Receipt
from receivables.month import Month
from receivables.payment import FeedStatus, PaymentState
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from storage.taking_in import BEFORE_START_ON

# --- where the money of one payment is ------------------------------------------------------------------------------------


class Where(StrEnum):
    """Where a part of a payment is."""

    BY_US = "by_us"
    BY_HAND = "by_hand"
    RETURNED = "returned"  # or charged back, before anything was recorded
    REFUNDED = "refunded"
    EXCLUDED = "excluded"  # paid before the company's start, or never collected
    SETTLED = "settled"  # a person's decision, without a receipt
    OPEN = "open"


@dataclass(frozen=True)
class Portion:
    """A part of a payment, in minor units, and since which day of the books or the company it is there."""

    where: Where
    amount_minor: int
    on: date


@dataclass(frozen=True)
class Sides:
    """One payment beside what the books hold of it. Days are the company's own."""

    stored: StoredPayment
    paid_on: date
    ours: Sequence[Receipt]  # living ones that we posted
    proofs: Sequence[Proof]  # what its dismissal rests on
    by_hand: Mapping[str, Receipt]  # of these, the receipts that are still in the books, by id
    gone_on: date | None  # when its money went back, as the feed says
    settled_on: date | None  # when a person settled it


def placed(sides: Sides) -> list[Portion]:
    """Where the money of a payment is. What of it nobody can explain is in no portion."""
    amount_minor, ours = sides.stored.payment.amount_minor, {receipt.id for receipt in sides.ours}
    found = [Portion(Where.BY_US, receipt.amount_minor, receipt.received_on) for receipt in sides.ours]
    for proof in sides.proofs:
        receipt = sides.by_hand.get(proof.receipt_id)
        if receipt and receipt.id not in ours and receipt.amount_minor >= proof.amount_minor:
            found.append(Portion(Where.BY_HAND, proof.amount_minor, receipt.received_on))
    rest_minor = amount_minor - sum(portion.amount_minor for portion in found)
    claimed_minor = sum(proof.amount_minor for proof in sides.proofs if proof.receipt_id not in ours)
    rest = _rest(sides, rest_minor, amount_minor - claimed_minor)
    return [*found, rest] if rest and rest.amount_minor > 0 else found


def _rest(sides: Sides, rest_minor: int, unclaimed_minor: int) -> Portion | None:
    """Why what is not in the books is not there; None where nothing says why."""
    stored, status = sides.stored, sides.stored.payment.status
    if stored.excluded_by == BEFORE_START_ON or status is FeedStatus.FAILED:
        return Portion(Where.EXCLUDED, rest_minor, sides.paid_on)
    if status is not FeedStatus.PAID:
        where = Where.REFUNDED if status is FeedStatus.REFUNDED else Where.RETURNED
        return Portion(where, rest_minor, sides.gone_on or sides.paid_on)
    if stored.state is PaymentState.EXCLUDED:
        return Portion(Where.EXCLUDED, rest_minor, sides.paid_on)
    if stored.state is PaymentState.DISMISSED:
        settled_minor = min(rest_minor, unclaimed_minor)  # a receipt that it rested on and that is gone settles nothing
        return Portion(Where.SETTLED, settled_minor, sides.settled_on or sides.paid_on)
    if stored.state is PaymentState.VERIFIED:
        return None
    return Portion(Where.OPEN, rest_minor, sides.paid_on)


# --- the roll-forward -------------------------------------------------------------------------------------------------------


@dataclass
class Figure:
    """How many, and how much, in minor units."""

    count: int = 0
    amount_minor: int = 0

    def add(self, amount_minor: int, count: int = 1) -> None:
        self.count += count
        self.amount_minor += amount_minor


class Line(StrEnum):
    """The lines of the roll-forward in their order. The names are stable."""

    OPENING = "opening"
    TAKEN = "taken"
    RETURNED = "returned"
    REFUNDED = "refunded"
    EXCLUDED = "excluded"
    BY_US = "by_us"
    BY_HAND = "by_hand"
    EARLIER = "earlier"  # its receipt is dated in an earlier month
    SETTLED = "settled"
    SINCE_RECORDED = "since_recorded"  # by a receipt dated after the month
    SINCE_GONE = "since_gone"
    SINCE_SETTLED = "since_settled"
    OPEN_2 = "open_2"
    OPEN_7 = "open_7"
    OPEN_30 = "open_30"
    OPEN_LONGER = "open_longer"


COMES_IN = (Line.OPENING, Line.TAKEN)
GOES_OFF = (Line.RETURNED, Line.REFUNDED, Line.EXCLUDED)
RECORDED = (Line.BY_US, Line.BY_HAND, Line.EARLIER, Line.SETTLED)
NOT_RECORDED = tuple(line for line in Line if line not in (*COMES_IN, *GOES_OFF, *RECORDED))
_IN_MONTH = {
    Where.BY_US: Line.BY_US,
    Where.BY_HAND: Line.BY_HAND,
    Where.RETURNED: Line.RETURNED,
    Where.REFUNDED: Line.REFUNDED,
    Where.SETTLED: Line.SETTLED,
}
_SINCE = {
    Where.BY_US: Line.SINCE_RECORDED,
    Where.BY_HAND: Line.SINCE_RECORDED,
    Where.RETURNED: Line.SINCE_GONE,
    Where.REFUNDED: Line.SINCE_GONE,
    Where.SETTLED: Line.SINCE_SETTLED,
}
_AGES = ((2, Line.OPEN_2), (7, Line.OPEN_7), (30, Line.OPEN_30))


@dataclass
class RollForward:
    """One currency of a month. What is not recorded at its end is the opening of the next."""

    month: Month
    currency: str
    as_of: date  # the last day of the month, or today where the month is not over
    figures: dict[Line, Figure] = field(default_factory=lambda: {line: Figure() for line in Line})
    later: Figure = field(default_factory=Figure)  # receipts dated in the month for payments of later months

    def add(self, paid_on: date, amount_minor: int, portions: Sequence[Portion]) -> bool:
        """Counts one payment where it belongs. True where it is one of this month's: taken in it, or open at its beginning."""
        if paid_on > self.month.last:
            for portion in portions:
                if portion.where in (Where.BY_US, Where.BY_HAND) and portion.on in self.month:
                    self.later.add(portion.amount_minor)
            return False
        lines = [(self._line(portion, paid_on), portion.amount_minor) for portion in portions]
        if paid_on < self.month.first:
            amount_minor -= sum(minor for line, minor in lines if line is Line.EARLIER)
            lines = [(line, minor) for line, minor in lines if line is not Line.EARLIER]
            if not amount_minor and not lines:
                return False
        self.figures[Line.OPENING if paid_on < self.month.first else Line.TAKEN].add(amount_minor)
        for place, (line, minor) in enumerate(sorted(lines, key=lambda counted: -counted[1])):
            self.figures[line].add(minor, count=0 if place else 1)  # a payment counts once, where most of it is
        return True

    def _line(self, portion: Portion, paid_on: date) -> Line:
        if portion.where is Where.EXCLUDED:
            return Line.EXCLUDED if paid_on >= self.month.first else Line.EARLIER
        if portion.where is Where.OPEN:
            days = (self.as_of - paid_on).days
            return next((line for most, line in _AGES if days <= most), Line.OPEN_LONGER)
        if portion.on < self.month.first:
            return Line.EARLIER
        return (_IN_MONTH if portion.on in self.month else _SINCE)[portion.where]

    def sum_of(self, lines: Iterable[Line]) -> Figure:
        total = Figure()
        for line in lines:
            total.add(self.figures[line].amount_minor, self.figures[line].count)
        return total

    @property
    def to_be_recorded(self) -> Figure:
        comes, goes = self.sum_of(COMES_IN), self.sum_of(GOES_OFF)
        return Figure(comes.count - goes.count, comes.amount_minor - goes.amount_minor)

    @property
    def closing(self) -> Figure:
        """Not recorded at the end of the month: the opening of the next."""
        return self.sum_of(NOT_RECORDED)

    @property
    def difference(self) -> Figure:
        """Nothing, where every payment of the month is explained."""
        asked, found = self.to_be_recorded, self.sum_of((*RECORDED, *NOT_RECORDED))
        return Figure(asked.count - found.count, asked.amount_minor - found.amount_minor)


# --- the deposit accounts and receivables -----------------------------------------------------------------------------------


#: Where receipts wait for a bank deposit, whatever the books call it; one without an account waits there as well.
UNDEPOSITED = "Undeposited Funds"
_WAITING = {"", "undeposited funds", "payments to deposit"}


def account_named(name: str) -> str:
    """A deposit account as receipts name it, by one name where they wait there for a bank deposit."""
    return UNDEPOSITED if name.casefold() in _WAITING else name


@dataclass
class Clearing:
    """One deposit account in one currency, by the receipts of the books and by the entries that paid them out again."""

    account: str
    currency: str
    before: Figure = field(default_factory=Figure)  # receipts dated before the month
    ours: Figure = field(default_factory=Figure)
    by_hand: Figure = field(default_factory=Figure)  # payments that were dismissed because of them
    others: Figure = field(default_factory=Figure)
    out_before: Figure = field(default_factory=Figure)
    returns: Figure = field(default_factory=Figure)
    chargebacks: Figure = field(default_factory=Figure)
    refunds: Figure = field(default_factory=Figure)
    fees: Figure = field(default_factory=Figure)
    fees_told: Figure = field(default_factory=Figure)  # by the feed, of the month's payments; no entries of these books
    banked_before: Figure = field(default_factory=Figure)  # in bank deposits dated before the month
    deposited: Figure = field(default_factory=Figure)  # in those of the month; where no day is told, in any by now
    ledger_minor: int | None = None  # the balance of the general ledger at the end of the month, where the books tell it

    @property
    def is_undeposited(self) -> bool:
        """Where receipts wait for a bank deposit: what pays one out again leaves the bank, not this account."""
        return self.account == UNDEPOSITED

    @property
    def received(self) -> Figure:
        parts = (self.ours, self.by_hand, self.others)
        return Figure(sum(part.count for part in parts), sum(part.amount_minor for part in parts))

    @property
    def paid_out(self) -> Figure:
        parts = (self.returns, self.chargebacks, self.refunds, self.fees)
        return Figure(sum(part.count for part in parts), sum(part.amount_minor for part in parts))

    @property
    def opening_minor(self) -> int:
        return self.before.amount_minor - (self.banked_before if self.is_undeposited else self.out_before).amount_minor

    @property
    def closing_minor(self) -> int:
        """What the documents leave in the account: of undeposited funds what is in no bank deposit, of any other account
        what there is before payouts, which nobody tells.
        """
        off = self.deposited if self.is_undeposited else self.paid_out
        return self.opening_minor + self.received.amount_minor - off.amount_minor


@dataclass
class Receivables:
    """What customers owe in one currency: as the books are now, and what of it is dated after the month."""

    currency: str
    invoices: Figure = field(default_factory=Figure)  # open amounts
    receipts: Figure = field(default_factory=Figure)  # unapplied amounts
    credit_memos: Figure = field(default_factory=Figure)  # unapplied amounts
    invoices_after: Figure = field(default_factory=Figure)  # whole amounts, dated after the month
    receipts_after: Figure = field(default_factory=Figure)
    credit_memos_after: Figure = field(default_factory=Figure)
    out_after: Figure = field(default_factory=Figure)
    ledger_minor: int | None = None  # the balance of the general ledger at the end of the month, where the books tell it

    @property
    def now_minor(self) -> int:
        return self.invoices.amount_minor - self.receipts.amount_minor - self.credit_memos.amount_minor

    @property
    def at_end_minor(self) -> int:
        after = self.invoices_after.amount_minor + self.out_after.amount_minor
        return self.now_minor - after + self.receipts_after.amount_minor + self.credit_memos_after.amount_minor
