"""Would the books take this payment as it is meant? One pure check, made before anything is sent.

The same check decides whether an open failure fits again, because some books refuse nothing: QuickBooks Online
takes a receipt larger than the invoice and books the rest as the customer's credit without a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from receivables.books_records import Gone, Invoice, InvoiceStatus, Receipt
from receivables.evidence import BindingProblem, Evidence, LineEvidence, ReceiptEvidence

_UNBOUND = {
    BindingProblem.NO_SUCH_INVOICE: "the books have no invoice {number} of this customer",
    BindingProblem.ONLY_NEWER: "the only invoice {number} was created after the customer paid",
    BindingProblem.SEVERAL_INVOICES: "the books have several invoices {number} of this customer",
    BindingProblem.SEVERAL_CUSTOMERS: "several customers are called {customer}",
    BindingProblem.NO_SUCH_CUSTOMER: "the books have no customer called {customer}",
}


@dataclass(frozen=True)
class Obstacle:
    """Why a payment may not be posted as it is. `code` is for machines, `text` for people."""

    code: str
    text: str


def obstacles(evidence: Evidence, *, ignore_receipts: bool = False) -> tuple[Obstacle, ...]:
    """Everything in the way, worst first; empty means post it. `ignore_receipts` where a person decided about them."""
    found = [Obstacle("unread", f"not everything could be read: {what}") for what in evidence.unread]
    found += [
        Obstacle("already_posted", "a receipt of ours is, or may be, in the books")
        for part in evidence.posted
        if not _is_gone(part.receipt)
    ][:1]
    found += _customer(evidence)
    for line in evidence.lines:
        found += _line(evidence, line)
    found += _short(evidence)
    if evidence.received_on_closed:
        found.append(Obstacle("period_closed", "the payment's day lies in a closed period"))
    if not ignore_receipts:
        found += [
            Obstacle("receipt_found", f"receipt {found_receipt.receipt.number} may already record it")
            for found_receipt in evidence.receipts
            if may_be_the_money(evidence, found_receipt)
        ]
    return tuple(found)


def may_be_the_money(evidence: Evidence, found: ReceiptEvidence) -> bool:
    """Whether posting beside this receipt might record the same money twice."""
    payment, receipt = evidence.payment, found.receipt
    if found.this_payment:
        return all(receipt.id != part.document_id for part in evidence.posted)
    if found.ours or receipt.voided or receipt.currency != payment.currency or found.free_minor < payment.amount_minor:
        return False
    names_it = payment.transaction_number in (receipt.reference, receipt.memo) or (
        len(payment.transaction_number) >= 6 and payment.transaction_number in f"{receipt.reference} {receipt.memo}"
    )
    if names_it:
        return True
    if receipt.amount_minor != payment.amount_minor:
        return False
    ours = {line.invoice_id for line in evidence.lines if line.invoice_id}
    return receipt.unapplied_minor > 0 or not receipt.lines or any(line.invoice_id in ours for line in receipt.lines)


def _customer(evidence: Evidence) -> list[Obstacle]:
    if evidence.customer is None:
        if any(line.problem for line in evidence.lines):
            return []  # the lines say it better
        return [Obstacle("no_customer", f"the books have no single customer called {evidence.payment.customer}")]
    if evidence.customer.merged_into:
        return [Obstacle("customer_changed", f"{evidence.customer.name} was merged into another customer")]
    if not evidence.customer.active:
        return [Obstacle("customer_inactive", f"{evidence.customer.name} is inactive in the books")]
    return []


def _line(evidence: Evidence, line: LineEvidence) -> list[Obstacle]:
    if line.problem:
        words = _UNBOUND[line.problem].format(number=line.invoice_number, customer=evidence.payment.customer)
        return [Obstacle(line.problem.value, words)]
    name = f"invoice {line.invoice_number}"
    match line.invoice:
        case Gone():
            return [Obstacle("invoice_gone", f"{name} was deleted")]
        case Invoice(status=InvoiceStatus.VOIDED):
            return [Obstacle("invoice_voided", f"{name} was voided")]
        case Invoice(status=InvoiceStatus.DRAFT):
            return [Obstacle("invoice_draft", f"{name} is still a draft")]
        case Invoice() as invoice if invoice.currency != evidence.payment.currency:
            return [Obstacle("currency_mismatch", f"{name} is in {invoice.currency}")]
        case Invoice() as invoice if evidence.customer and invoice.customer_id != evidence.customer.id:
            return [Obstacle("customer_changed", f"{name} now belongs to another customer")]
        case Invoice():
            return []
        case None:
            return [Obstacle("unread", f"{name} could not be read")]


def _short(evidence: Evidence) -> list[Obstacle]:
    """Invoices with less open than this payment is to take; two lines may take from the same one."""
    wanted: dict[str, int] = {}
    for line in evidence.lines:
        if line.invoice_id:
            wanted[line.invoice_id] = wanted.get(line.invoice_id, 0) + line.amount_minor
    invoices = {line.invoice_id: line.invoice for line in evidence.lines}
    return [
        Obstacle("short", f"invoice {invoice.number} has less open than the payment allocates to it")
        for invoice_id, amount in wanted.items()
        if isinstance(invoice := invoices[invoice_id], Invoice)
        and invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID)
        and invoice.open_minor < amount
    ]


def _is_gone(receipt: Receipt | Gone | None) -> bool:
    return isinstance(receipt, Gone) or (isinstance(receipt, Receipt) and receipt.voided)
