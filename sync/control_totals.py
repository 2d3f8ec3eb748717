"""What the proof says beside each payment: totals that know no text and no marker, and receipts that a person should look at.

Per customer and currency, over the accounts in which the portal's money is deposited: what their receipts add up to,
against the payments that are recorded in them. What is left over is somebody else's money or money counted twice; it
informs, and never makes the proof fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from receivables.books_records import Customer, Receipt, heir_of
from receivables.company import Company
from receivables.effects import ReceiptWrite, markers_in
from receivables.payment import FeedStatus
from sync.standings import Sides, Standing

LISTED_AT_MOST = 1_000  # of each list: more are counted, and nobody reads them one by one
BUSINESS_DAYS = 5
SATURDAY = 5

#: Of these no receipt is expected in the portal's accounts.
_NOT_RECORDED = frozenset(
    {
        Standing.IN_PROGRESS,
        Standing.MISSING,
        Standing.MISSING_WITH_FAILURE,
        Standing.MAY_BE_IN_BOOKS,
        Standing.DISMISSED_BY_TWO_PEOPLE,
        Standing.NOT_READ,
    }
)
#: The money went back, or is held, and the receipt stays in the portal's accounts all the same.
_STANDS = frozenset({Standing.RETURN_RECORDED, Standing.DISPUTED})
_NO_PAYMENT = frozenset({Standing.BEFORE_START_ON, Standing.DISMISSED_AS_TWIN, Standing.WENT_BACK})


@dataclass
class ControlTotal:
    """One customer's money in one currency, in minor units. `receipts_minor` is all that is in the portal's accounts since
    `start_on`; `payments_minor` all that the portal took and that was not given back.
    """

    customer_id: str
    currency: str
    customer: str = ""
    receipts: int = 0
    receipts_minor: int = 0
    payments: int = 0
    payments_minor: int = 0
    not_recorded_minor: int = 0  # of these payments: missing, in progress, or dismissed without a receipt
    elsewhere_minor: int = 0  # of these payments: recorded on receipts in other accounts
    other_money_minor: int = 0  # of these receipts: a person said that they are other money

    @property
    def recorded_minor(self) -> int:
        """The payments of which the receipts should be in these accounts."""
        return self.payments_minor - self.not_recorded_minor - self.elsewhere_minor

    @property
    def others_minor(self) -> int:
        """What is left: zero where receipts and payments agree."""
        return self.receipts_minor - self.recorded_minor - self.other_money_minor

    def add(self, other: ControlTotal) -> None:
        for name in ("receipts", "receipts_minor", "payments", "payments_minor", "not_recorded_minor", "elsewhere_minor",
                     "other_money_minor"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class ListedReceipt:
    """A receipt without our marker that a person should look at; `transactions` are the payments that it may repeat."""

    receipt: str
    number: str
    customer_id: str
    currency: str
    amount_minor: int
    received_on: date
    reference: str
    transactions: tuple[str, ...] = ()


def _listed(receipt: Receipt) -> ListedReceipt:
    return ListedReceipt(
        receipt.id,
        receipt.number,
        receipt.customer_id,
        receipt.currency,
        receipt.amount_minor,
        receipt.received_on,
        receipt.reference,
    )


@dataclass
class ControlTotals:
    """Collected payment by payment, then receipt by receipt; `close` makes rows of it.

    `others` are receipts in the portal's accounts that stand for no payment and of which nobody said anything, of customers
    whose totals differ. `review` are unapplied receipts of the customer and amount of payments that are in the books, near
    their day and without their numbers: a bank feed may have brought the same money once more.
    """

    company: Company
    rows: list[ControlTotal] = field(default_factory=list)
    others: list[ListedReceipt] = field(default_factory=list)
    review: list[ListedReceipt] = field(default_factory=list)
    _totals: dict[tuple[str, str], ControlTotal] = field(default_factory=dict)
    _by_account: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # customer, currency, account
    _called: dict[str, Counter[str]] = field(default_factory=dict)  # an account as we name it, and as the books do
    _other_money: set[str] = field(default_factory=set)
    _proofs: set[str] = field(default_factory=set)
    _review: dict[str, ListedReceipt] = field(default_factory=dict)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """Where the portal's money is deposited, as configured and as the books call it. All payments come before."""
        configured = set(self.company.deposit_accounts.values()) - {""}
        called = {found.most_common(1)[0][0] for name, found in self._called.items() if name in configured}
        return frozenset(configured | called) - {""}

    # --- payments -----------------------------------------------------------------------------------------------------

    def add_payment(self, sides: Sides, standing: Standing, customer_id: str) -> None:
        """One payment, where it stands, and the receipts that stand for it."""
        payment = sides.stored.payment
        self._proofs.update(proof.receipt_id for proof in sides.proofs)
        self._note_others(sides)
        if standing in _NO_PAYMENT or (payment.status is not FeedStatus.PAID and standing not in _STANDS):
            return
        for effect in sides.chain:
            receipt = sides.receipts.get(effect.document_id or "")
            if isinstance(effect.write, ReceiptWrite) and isinstance(receipt, Receipt):
                self._called.setdefault(effect.write.deposit_account, Counter())[receipt.deposit_account] += 1
        total = self._total(customer_id, payment.currency)
        total.payments += 1
        total.payments_minor += payment.amount_minor
        if standing in _NOT_RECORDED:
            total.not_recorded_minor += payment.amount_minor
            return
        account = self._account(sides)
        self._by_account[customer_id, payment.currency, account] += payment.amount_minor

    def _account(self, sides: Sides) -> str:
        """The account of the receipt that stands for the payment."""
        proofs = [sides.receipts.get(proof.receipt_id) for proof in sides.proofs]
        found = next((receipt for receipt in (*sides.ours, *proofs) if isinstance(receipt, Receipt)), None)
        return found.deposit_account if found else ""

    def _note_others(self, sides: Sides) -> None:
        """What people said is other money, and what nobody can tell from the payment."""
        proofs = {proof.receipt_id for proof in sides.proofs}
        for entry in sides.reading.receipts if sides.reading else ():
            receipt = entry.receipt
            if entry.source.other_money:
                self._other_money.add(receipt.id)
            elif receipt.id not in proofs and entry.whole and not entry.by_text and self._may_repeat(sides, receipt):
                self._to_review(sides.number, receipt)

    def _may_repeat(self, sides: Sides, receipt: Receipt) -> bool:
        """An unapplied one near the day of a payment that is in the books."""
        paid_on = self.company.day_of(sides.stored.payment.paid_at)
        near = business_days_between(paid_on, receipt.received_on) <= BUSINESS_DAYS
        return near and receipt.unapplied_minor > 0 and bool(sides.ours or sides.proofs)

    def _to_review(self, number: str, receipt: Receipt) -> None:
        if receipt.id in self._review or len(self._review) < LISTED_AT_MOST:
            known = self._review.setdefault(receipt.id, _listed(receipt))
            self._review[receipt.id] = replace(known, transactions=(*known.transactions, number))

    def _total(self, customer_id: str, currency: str) -> ControlTotal:
        return self._totals.setdefault((customer_id, currency), ControlTotal(customer_id, currency))

    # --- receipts -----------------------------------------------------------------------------------------------------

    def add_receipt(self, receipt: Receipt) -> None:
        """One living receipt of the books, of whomever."""
        if receipt.received_on < self.company.start_on or receipt.deposit_account not in self.accounts:
            return
        total = self._total(receipt.customer_id, receipt.currency)
        total.receipts += 1
        total.receipts_minor += receipt.amount_minor
        if receipt.id in self._other_money:
            total.other_money_minor += receipt.amount_minor
        elif receipt.id not in self._proofs and not markers_in(receipt.memo) and len(self.others) < LISTED_AT_MOST:
            self.others.append(_listed(receipt))

    # --- in the end -----------------------------------------------------------------------------------------------------

    def customer_ids(self) -> set[str]:
        return {customer_id for customer_id, _ in self._totals if customer_id}

    def close(self, customers: Mapping[str, Customer]) -> None:
        """Makes the rows, merged customers with those that took over their documents. Without accounts there are none."""
        self.review = sorted(self._review.values(), key=lambda row: (row.customer_id, row.received_on, row.receipt))
        if not self.accounts:
            return
        for (customer_id, currency, account), amount_minor in self._by_account.items():
            if account not in self.accounts:
                self._totals[customer_id, currency].elsewhere_minor += amount_minor
        merged: dict[tuple[str, str], ControlTotal] = {}
        for total in self._totals.values():
            remaining = heir_of(total.customer_id, customers)
            name = customers[remaining].name if remaining in customers else ""
            merged.setdefault((remaining, total.currency), ControlTotal(remaining, total.currency, name)).add(total)
        self.rows = sorted(merged.values(), key=lambda row: (row.customer, row.customer_id, row.currency))
        off = {(row.customer_id, row.currency) for row in self.rows if row.others_minor}
        self.others = [other for other in self.others if (heir_of(other.customer_id, customers), other.currency) in off]


def business_days_between(first: date, second: date) -> int:
    """Monday to Friday are business days; from Friday to Monday is one."""
    begin, end = sorted((first, second))
    return sum(1 for day in range((end - begin).days) if (begin + timedelta(days=day + 1)).weekday() < SATURDAY)
