"""What the package of month end holds, for whoever writes it down: figures, unapplied credits, and what is to be signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from receivables.books_records import Balances, Receipt
from receivables.company import Company
from receivables.diagnosis import Cause
from receivables.month import Month
from receivables.ports import BooksTraits
from storage.decisions import StoredDecision
from storage.payments import StoredPayment
from sync.month import Clearing, Figure, Portion, Receivables, RollForward, account_named


@dataclass(frozen=True)
class Detail:
    """One payment of the month, with the receipts that stand for it and what was decided. Days are the company's own."""

    stored: StoredPayment
    paid_on: date
    customer_id: str
    portions: tuple[Portion, ...]
    receipts: tuple[Receipt, ...]
    accounts: tuple[str, ...]  # where they were deposited, each once
    applied: tuple[tuple[str, int], ...]  # invoice number and amount in minor units
    cause: Cause | None
    failed: bool  # a failure is open
    decision: StoredDecision | None
    asked_by: str  # people's names
    approved_by: str
    days_open: int | None  # None where it never failed and is recorded

    @property
    def on_account_minor(self) -> int:
        return sum(receipt.unapplied_minor for receipt in self.receipts)


@dataclass(frozen=True)
class UnappliedCredit:
    """Money of a customer that this system left on account, or a credit memo that it freed. `owner` is who decided it."""

    kind: str  # receipt or credit_memo
    number: str
    transaction: str
    customer: str
    currency: str
    unapplied_minor: int
    since: date
    owner: str


class Sign(StrEnum):
    """Why something is listed for a reviewer's signature."""

    BY_MAKER = "Decided by the person who made the document"
    WITHOUT_RECEIPT = "Dismissed without a receipt"
    NOT_DUPLICATE = "Judged not a duplicate"
    POSSIBLE_DUPLICATE = "Possible duplicate"
    VOIDED = "Receipt voided"
    OTHER_PERIOD = "Recorded in another month than paid"
    PERIOD = "Closed period reopened"
    CREDIT_UNAPPLIED = "Credit memo unapplied"
    MATCHED = "Matched to a customer or invoice"
    CORRECTED = "Correction of the portal taken"
    NOT_PROVEN = "Night without proof"


@dataclass(frozen=True)
class ToSign:
    """One thing to be signed, in words."""

    sign: Sign
    on: date
    transaction: str
    what: str
    currency: str = ""
    amount_minor: int | None = None
    by: str = ""
    approved_by: str = ""
    reason: str = ""


@dataclass
class MonthEnd:
    """Everything of the package but its lines of detail, which are handed on as they are read."""

    company: Company
    month: Month
    made_at: datetime
    as_of: date  # the last day of the month, or today where it is not over
    books: BooksTraits
    balances: Balances
    proven_at: datetime | None = None
    head: tuple[int, str] = (0, "")  # the last row of the record and its hash
    payments: int = 0
    roll_forwards: dict[str, RollForward] = field(default_factory=dict)
    recorded_by_us: dict[str, Figure] = field(default_factory=dict)  # receipts dated in the month, of payments of any month
    clearing: dict[tuple[str, str], Clearing] = field(default_factory=dict)  # by currency and account
    receivables: dict[str, Receivables] = field(default_factory=dict)
    causes: dict[tuple[str, Cause | None], Figure] = field(default_factory=dict)  # by currency: what is not recorded
    credits: list[UnappliedCredit] = field(default_factory=list)
    to_sign: list[ToSign] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.as_of == self.month.last and self.company.day_of(self.made_at) > self.month.last

    @property
    def adds_up(self) -> bool:
        """Whether no payment of any currency is unexplained, and our receipts are those of our payments."""
        return all(not rolled.difference.amount_minor for rolled in self.roll_forwards.values()) and not any(
            self.marked_difference_minor(currency) for currency in self.roll_forwards
        )

    def marked_difference_minor(self, currency: str) -> int:
        """Receipts with our mark dated in the month, in every account, less those that payments of ours account for."""
        marked = sum(found.ours.amount_minor for (of, _), found in self.clearing.items() if of == currency)
        return marked - self.recorded_by_us[currency].amount_minor

    @property
    def currencies(self) -> list[str]:
        """Those of the payments, the one of most payments first."""
        return self.currencies_of(self.roll_forwards)

    def currencies_of(self, found: Iterable[str]) -> list[str]:
        counts = {currency: rolled.to_be_recorded.count for currency, rolled in self.roll_forwards.items()}
        return sorted(found, key=lambda currency: (-counts.get(currency, 0), currency))

    def roll_forward(self, currency: str) -> RollForward:
        if currency not in self.roll_forwards:
            self.roll_forwards[currency] = RollForward(self.month, currency, self.as_of)
            self.recorded_by_us[currency] = Figure()
        return self.roll_forwards[currency]

    def account(self, receipt: Receipt) -> Clearing:
        """The account into which a receipt went."""
        name = self.account_name(receipt)
        return self.clearing.setdefault((receipt.currency, name), Clearing(name, receipt.currency))

    def account_name(self, receipt: Receipt) -> str:
        return account_named(receipt.deposit_account or self.books.unnamed_account)

    def owed(self, currency: str) -> Receivables:
        return self.receivables.setdefault(currency, Receivables(currency))
