"""What follows from recording a return or voiding a receipt, in sentences, before anybody decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from receivables.books_records import Invoice, MoneyOutKind, by_invoice
from receivables.diagnosis import Remedy
from receivables.evidence import Evidence
from receivables.payment import Dispute
from receivables.words import Words, capitalized, counted, day_of, listed, plain
from rules import naming
from rules.returning import Options, ReturnOf, reopened, returns, to_void

TAKES_BACK = (Remedy.RECORD_RETURN, Remedy.VOID_RECEIPT)


def taken_back(remedy: Remedy, evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """What follows from one of these two."""
    return (_recorded if remedy is Remedy.RECORD_RETURN else _voided)(evidence, options, words)


def _recorded(evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """The entry and its day, and which invoices are open again."""
    said = returns(evidence, options)
    if said.named and evidence.beside is not None:
        return (f"Nothing is written to the books: {plain(said.named)} there is what two people name.",)
    if said.named:
        return (f"The receipt stays. The proof rests on entry {plain(said.named)}, which was not found in the books.",)
    entries = []
    for of in said.of:
        late = f", because {words.day(said.went_back_on)} is in a closed period" if of.late and said.went_back_on else ""
        amount = words.money(of.amount_minor, of.receipt.currency)
        entries.append(f"{capitalized(of.out)} of {amount} for {naming.receipt(of.receipt)}, dated {words.day(of.on)}{late}.")
        if of.stays:
            entries.append(_stays(of, evidence, amount))
    lines = by_invoice(line for of in said.of for line in of.reopens)
    refunded = any(of.out is MoneyOutKind.REFUND for of in said.of)
    if evidence.payment.dispute is Dispute.OPEN and evidence.beside is None:
        entries.append("The dispute is still open. If it is won, the chargeback is taken out of the books again.")
    warned = "If the sale was canceled, apply a credit memo to it, so that nothing charges it again."
    return (*entries, *_reopens(evidence, lines, words), *([warned] if refunded and lines else []))


def _stays(of: ReturnOf, evidence: Evidence, amount: str) -> str:
    """That a receipt which these books keep as it is stays on its invoice, and how the customer owes nevertheless."""
    numbers = listed([f"invoice {plain(invoice.number)}" for invoice, _ in reopened(evidence, by_invoice(of.receipt.lines))])
    receipt = capitalized(naming.receipt(of.receipt))
    invoices = numbers or "its invoice"
    return f"{receipt} stays applied to {invoices}, because it is {of.stays}; by the {of.out} itself the customer owes {amount}."


def _voided(evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """Which invoices are open again."""
    lines = by_invoice(line for receipt in to_void(evidence, options) for line in receipt.lines)
    return _reopens(evidence, lines, words)


def _reopens(evidence: Evidence, lines: Mapping[str, int], words: Words) -> tuple[str, ...]:
    """Invoice 1042 is open again: $500.00, due Feb 14, 2026, 24 days overdue."""
    today = day_of(evidence.taken_at, ZoneInfo(evidence.time_zone))
    return tuple(
        f"Invoice {plain(invoice.number)} is open again: {words.money(amount, invoice.currency)}, {_age(invoice, today, words)}."
        for invoice, amount in reopened(evidence, lines)
    )


def _age(invoice: Invoice, today: date, words: Words) -> str:
    """Since when it is to be paid; where the books do not tell that, how old it is."""
    if invoice.due_on is None:
        return f"dated {words.day(invoice.issued_on)}, {counted((today - invoice.issued_on).days, 'day')} ago"
    overdue = (today - invoice.due_on).days
    return f"due {words.day(invoice.due_on)}" + (f", {counted(overdue, 'day')} overdue" if overdue > 0 else "")
