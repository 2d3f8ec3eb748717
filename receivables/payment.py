"""A payment: money taken in the portal, with the invoices it is meant for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class FeedStatus(StrEnum):
    """What the feed says became of the money itself."""

    PAID = "paid"
    RETURNED = "returned"  # the bank took it back
    REFUNDED = "refunded"  # we gave it back
    CHARGED_BACK = "charged_back"  # the card network holds it, or took it: see Dispute; one won, or lost for a part, is paid
    FAILED = "failed"  # it never came


class Dispute(StrEnum):
    """How a chargeback stands: as long as the feed does not say that it was lost, its money is only held. "" is none."""

    NONE = ""
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class PaymentState(StrEnum):
    """Where a payment stands on its journey."""

    RECEIVED = "received"
    POSTING = "posting"  # effects are planned or under way
    POSTED = "posted"  # the books said yes; not read back yet
    VERIFIED = "verified"
    FAILED = "failed"
    DISMISSED = "dismissed"
    EXCLUDED = "excluded"


#: Nothing is under way for it.
NOT_POSTED = (PaymentState.RECEIVED, PaymentState.FAILED)
#: It is neither verified nor settled by a person.
NOT_SETTLED = (*NOT_POSTED, PaymentState.POSTING, PaymentState.POSTED)


class Bucket(StrEnum):
    """Promise P2: at every instant each payment is in exactly one of these."""

    TO_DO = "to_do"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    POSTED = "posted"
    WAITING_PERSON = "waiting_person"
    DISMISSED = "dismissed"
    EXCLUDED = "excluded"


#: Which buckets a payment in each state may be in; the schema holds the same table as a CHECK.
BUCKETS_OF: dict[PaymentState, tuple[Bucket, ...]] = {
    PaymentState.RECEIVED: (Bucket.TO_DO,),
    PaymentState.POSTING: (Bucket.IN_FLIGHT, Bucket.UNKNOWN),
    PaymentState.POSTED: (Bucket.IN_FLIGHT,),
    PaymentState.VERIFIED: (Bucket.POSTED,),
    PaymentState.FAILED: (Bucket.WAITING_PERSON, Bucket.UNKNOWN),
    PaymentState.DISMISSED: (Bucket.DISMISSED,),
    PaymentState.EXCLUDED: (Bucket.EXCLUDED,),
}


@dataclass(frozen=True)
class Allocation:
    """The part of a payment meant for one invoice, named by number or, exactly, by its id in the books."""

    amount_minor: int
    invoice_number: str = ""
    invoice_id: str = ""


@dataclass(frozen=True)
class Payment:
    """Money taken in the portal. Amounts are minor units of `currency`, `paid_at` is UTC.

    `has_time` is False where the feed gave only a day: `paid_at` is then that day's noon, and the same for others of that day.
    `fee_minor` is what the processor kept of it and `refunded_minor` a part that was given back; neither changes the amount.
    `status_at` is when the money went back, and `reason_code` why, in the code of the bank or card network (R01, 10.4),
    where the feed says so. `status_minor` is how much went back, where the feed says another amount than the payment's: it is
    kept only as long as a dispute is open.
    """

    company: str
    transaction_number: str
    customer: str
    amount_minor: int
    currency: str
    paid_at: datetime
    method: str
    allocations: tuple[Allocation, ...] = ()
    customer_id: str = ""
    status: FeedStatus = FeedStatus.PAID
    has_time: bool = True
    fee_minor: int = 0
    refunded_minor: int = 0
    refunds: tuple[str, ...] = ()  # the rows of the portal's files that told it, where rows did
    status_at: datetime | None = None
    reason_code: str = ""
    dispute: Dispute = Dispute.NONE
    status_minor: int = 0

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError(f"payment {self.transaction_number}: the amount must be positive")
        if self.paid_at.utcoffset() != timedelta(0):
            raise ValueError(f"payment {self.transaction_number}: paid_at must be in UTC")
        if self.on_account_minor < 0:
            raise ValueError(f"payment {self.transaction_number}: the allocations exceed the amount")

    @property
    def on_account_minor(self) -> int:
        """What is meant for no invoice: an intended on-account rest, in minor units."""
        return self.amount_minor - sum(allocation.amount_minor for allocation in self.allocations)

    def content_hash(self) -> str:
        """Identifies what the feed said, without status, fee and refund: the same number with another hash is a conflict."""
        lines = [self.customer, self.customer_id, str(self.amount_minor), self.currency, self.paid_at.isoformat(), self.method]
        for allocation in self.allocations:
            lines += [allocation.invoice_number, allocation.invoice_id, str(allocation.amount_minor)]
        return hashlib.sha256("\x1f".join(lines).encode()).hexdigest()
