"""How well a receipt entered by hand, or an invoice created again, fits a payment: points for each thing that agrees.

Whole numbers only, and nothing but what is handed in. The weights are in one table and the thresholds beside it, so that
they can be measured and tuned in one place. A score orders candidates and says how sure we are; what must be so in any
case (same customer, same currency, enough unclaimed) is asked by the rules and no score makes good for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from receivables.money import LARGEST_FEE_PERCENT

NEAR_DAYS = 3  # whoever records a payment by hand dates it within a long weekend of it
FAR_DAYS = 7  # beyond a week it is more likely another instalment
SOON_DAYS = 3  # an invoice that replaces another is made at the same sitting, or after a weekend
FEE_PERCENT = LARGEST_FEE_PERCENT
SURCHARGE_PERCENT = (2, 4)  # of an invoice: what card networks and states allow at most is 3 or 4
LATE_DAYS = 14  # after two weeks it is more likely the next invoice of a series


class Signal(StrEnum):
    """One thing that speaks for or against a candidate, in words for people."""

    AMOUNT_EQUAL = "the amount is the payment's"
    REFERENCE_EQUAL = "a text is the transaction number, or names it in six or more characters"
    REFERENCE_CONTAINED = "a text names a shorter transaction number"
    REFERENCE_OF_ANOTHER = "the reference is another payment's transaction number"
    STANDS_EXACTLY = "it is applied to exactly the payment's invoices"
    STANDS_BESIDE = "it is applied to one of the invoices, or unapplied"
    STANDS_ELSEWHERE = "it is applied wholly to other invoices"
    ENTERED_AFTER = "it was entered after the customer paid"
    ENTERED_BEFORE = "it was entered before the customer paid"
    DATED_NEAR = "it is dated within three days of the payment"
    DATED_FAR = "it is dated more than a week from the payment"
    METHOD_EQUAL = "the method is the payment's"
    NUMBER_EQUAL = "it has the same number"
    ORIGIN_EQUAL = "it was made from the same estimate or order"
    TOTAL_EQUAL = "its total is what was paid, or that of the first"
    MADE_AFTER = "it was created after the customer paid or the first was deleted"
    MADE_BEFORE = "it was created before the customer paid"
    MADE_SOON = "it was created within three days of that"
    MADE_LATE = "it was created more than two weeks from that"
    FIRST_DELETED = "the books say plainly that the first was deleted"


#: Points for each signal. The upper half is about receipts entered by hand, the lower about recreated invoices.
WEIGHTS: Mapping[Signal, int] = {
    Signal.AMOUNT_EQUAL: 40,
    Signal.REFERENCE_EQUAL: 100,  # nobody types a transaction number by chance
    Signal.REFERENCE_CONTAINED: 30,
    Signal.REFERENCE_OF_ANOTHER: -100,
    Signal.STANDS_EXACTLY: 60,
    Signal.STANDS_BESIDE: 5,
    Signal.STANDS_ELSEWHERE: -50,
    Signal.ENTERED_AFTER: 20,
    Signal.ENTERED_BEFORE: -20,  # what was there when the customer paid is as well an earlier check of theirs
    Signal.DATED_NEAR: 20,
    Signal.DATED_FAR: -60,
    Signal.METHOD_EQUAL: 5,  # books and portals name methods differently; never decisive
    Signal.NUMBER_EQUAL: 60,
    Signal.ORIGIN_EQUAL: 30,  # several invoices may be made from one order: never sure by this
    Signal.TOTAL_EQUAL: 10,
    Signal.MADE_AFTER: 40,
    Signal.MADE_BEFORE: -20,
    Signal.MADE_SOON: 5,
    Signal.MADE_LATE: -35,
    Signal.FIRST_DELETED: 20,
}

#: A receipt by hand: from here certain (where nothing competes), likely, or possible and looked at by a person.
RECEIPT_CERTAIN, RECEIPT_LIKELY, RECEIPT_POSSIBLE = 140, 95, 45
#: A recreated invoice: from here certain (where it is the only one), or a candidate.
SUCCESSOR_CERTAIN, SUCCESSOR_POSSIBLE = 120, 40


@dataclass(frozen=True)
class Score:
    """The sum of the points, and what they were given for."""

    points: int
    signals: tuple[Signal, ...]

    @property
    def is_another(self) -> bool:
        """An invoice of another number, origin and total replaces one only at the same sitting, or after a weekend."""
        alike = {Signal.NUMBER_EQUAL, Signal.ORIGIN_EQUAL, Signal.TOTAL_EQUAL, Signal.MADE_SOON}
        return not alike & set(self.signals)


def score(signals: Iterable[Signal]) -> Score:
    """The points of these signals, each counted once."""
    found = tuple(dict.fromkeys(signals))
    return Score(sum(WEIGHTS[signal] for signal in found), found)


def is_near_amount(amount_minor: int, paid_minor: int) -> bool:
    """Whether two different amounts may be the same money with and without a fee; both in minor units."""
    return amount_minor != paid_minor and abs(amount_minor - paid_minor) * 100 <= paid_minor * FEE_PERCENT


def is_surcharge(over_minor: int, paid_for_minor: int) -> bool:
    """Whether what was paid too much is as much as surcharges on cards are; both in minor units."""
    least, most = SURCHARGE_PERCENT
    return least * paid_for_minor <= 100 * over_minor <= most * paid_for_minor
