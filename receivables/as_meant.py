"""Whether a receipt of ours still is what was meant: the one comparison, for reading back, for the proof and for the rules. Pure.

Another amount, customer, day, deposit account or exchange rate is a change, and so is money that an entry paid out again
although the feed has it, or that is missing from an invoice that it was meant for.
What may be on account may be applied to any invoice of the customer: an unapplied credit is there for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from receivables.books_records import Customer, Receipt, by_invoice, heir_of
from receivables.effects import ReceiptWrite


class Change(StrEnum):
    """What of a receipt is otherwise than meant, beside what it is applied to; in words that follow its number."""

    AMOUNT = "has another amount"
    CUSTOMER = "is another customer's"
    DAY = "has another date"
    ACCOUNT = "is in another deposit account"
    RATE = "is booked at another exchange rate than it was sent with"
    PAID_OUT = "is applied to an entry that is no invoice, such as a return or a refund"


@dataclass(frozen=True)
class Meant:
    """What a receipt was to be. "" and None are what is not known of it, and is not compared."""

    amount_minor: int
    currency: str
    customer_id: str = ""
    received_on: date | None = None
    deposit_account: str = ""  # as the books called it when the receipt was read back
    may_leave_minor: int | None = None  # what of it an entry may take again: left on account, or given back in the portal


def meant_by(write: ReceiptWrite, deposit_account: str, may_leave_minor: int) -> Meant:
    """What our write meant; `deposit_account` is as the books called it when the receipt was read back, "" before that."""
    day = write.received_on
    return Meant(write.amount_minor, write.currency, write.customer_id, day, deposit_account, may_leave_minor)


def changes(receipt: Receipt, meant: Meant, customers: Mapping[str, Customer]) -> tuple[Change, ...]:
    """What was changed in the receipt itself. `customers` tell who took over the documents of one that was merged."""
    asked = {
        Change.AMOUNT: (receipt.amount_minor, receipt.currency) != (meant.amount_minor, meant.currency),
        Change.CUSTOMER: bool(meant.customer_id) and receipt.customer_id != heir_of(meant.customer_id, customers),
        Change.DAY: meant.received_on is not None and receipt.received_on != meant.received_on,
        Change.RATE: bool(receipt.rate_sent),
        Change.PAID_OUT: meant.may_leave_minor is not None and paid_out_minor(receipt) > meant.may_leave_minor,
        Change.ACCOUNT: bool(meant.deposit_account) and receipt.deposit_account != meant.deposit_account,
    }
    return tuple(change for change, so in asked.items() if so)


def paid_out_minor(receipt: Receipt) -> int:
    """What of it is neither on invoices nor unapplied: an entry took it, such as that of a return or a refund."""
    return max(0, receipt.amount_minor - receipt.unapplied_minor - sum(line.amount_minor for line in receipt.lines))


def elsewhere_minor(receipt: Receipt, lines: Mapping[str, int]) -> int:
    """What of it is applied beyond `lines`, which are what each invoice was meant to get (minor units)."""
    return sum(max(0, amount - lines.get(invoice_id, 0)) for invoice_id, amount in by_invoice(receipt.lines).items())


def off_its_invoices_minor(receipt: Receipt, lines: Mapping[str, int]) -> int:
    """What of it is not on the invoices that it was meant for: unapplied, or applied to others. It may be what is on account."""
    return receipt.unapplied_minor + elsewhere_minor(receipt, lines)
