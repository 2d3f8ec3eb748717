"""Which receipts record a payment: one for all of it, or one for each invoice, as the package has them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from receivables.books_records import ReceiptLine, by_invoice
from receivables.company import Company
from receivables.effects import Part, ReceiptWrite
from receivables.payment import Payment

Lines = Sequence[tuple[str, int]]  # (invoice id, amount in minor units)


def one_receipt(payment: Payment, lines: Lines, company: Company, customer_id: str) -> tuple[Part, ...]:
    """One receipt for all lines; what they leave of the payment stays on account.

    Raises ValueError when the lines are more than the payment: bad input is refused long before.
    """
    amounts = by_invoice(ReceiptLine(*line) for line in lines)
    if sum(amounts.values()) > payment.amount_minor or any(amount_minor <= 0 for amount_minor in amounts.values()):
        raise ValueError(f"payment {payment.transaction_number}: its lines do not fit its amount")
    whole = ReceiptWrite(
        customer_id=customer_id,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        received_on=company.day_of(payment.paid_at),
        method=payment.method,
        reference=payment.transaction_number,
        memo=f"Portal payment {payment.transaction_number}",
        deposit_account=company.deposit_account(payment.method, payment.currency),
        lines=tuple(ReceiptLine(invoice_id, amount_minor) for invoice_id, amount_minor in amounts.items()),
    )
    return (Part(1, whole),)


def one_for_each_invoice(payment: Payment, lines: Lines, company: Company, customer_id: str) -> tuple[Part, ...]:
    """A receipt for each invoice, and one on account for the rest. Raises ValueError as `one_receipt`."""
    whole = one_receipt(payment, lines, company, customer_id)[0].write
    writes = [replace(whole, amount_minor=line.amount_minor, lines=(line,)) for line in whole.lines]
    if whole.on_account_minor:
        writes.append(replace(whole, amount_minor=whole.on_account_minor, lines=()))
    return tuple(Part(number, write) for number, write in enumerate(writes, start=1))
