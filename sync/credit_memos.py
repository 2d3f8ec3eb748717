"""What is known of the credit memos on a payment's invoices: why each was made, its words, its day, its total, its maker.

A memo of the whole invoice with a new invoice on the same day is credit-and-rebill, whatever it says; otherwise its words tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from receivables.books_records import CreditApplication, CreditMemo, Gone, Invoice, InvoiceStatus
from receivables.company import Company
from receivables.credit_reasons import CreditReason, reasons_of
from receivables.evidence import LineEvidence
from receivables.ports import Books

SAID_AT_MOST = 200  # characters of a memo's words; nobody reads more


def may_be_rebills(
    memos: Iterable[CreditMemo], credited: Mapping[str, Invoice | Gone], known: Iterable[Invoice], company: Company
) -> set[str]:
    """The ids of invoices, as last seen, that may have taken the place of one that a memo credited."""
    found = set()
    invoices = list(known)
    for memo in memos:
        for applied in memo.applications:
            invoice = credited.get(applied.invoice_id)
            if isinstance(invoice, Invoice):
                found |= {rebill.id for rebill in _rebills(invoice, memo, invoices, company)}
    return found


def rebills(books: Books, ids: set[str], known: Mapping[str, Invoice | Gone]) -> list[Invoice]:
    """These invoices as the books hold them now; `known` were read already."""
    new = ids - set(known)
    found = {**{id_: known[id_] for id_ in ids - new}, **(books.invoices(new) if new else {})}
    return [invoice for invoice in found.values() if isinstance(invoice, Invoice)]


def on(invoice_id: str, memos: Iterable[CreditMemo]) -> tuple[CreditApplication, ...]:
    """The credits on one invoice, oldest first."""
    found = [applied for memo in memos for applied in memo.applications if applied.invoice_id == invoice_id]
    return tuple(sorted(found, key=lambda applied: (applied.applied.at, applied.id)))


def told(
    lines: Iterable[LineEvidence], memos: Sequence[CreditMemo], invoices: Sequence[Invoice], company: Company
) -> tuple[LineEvidence, ...]:
    """The lines with what is known of each credit on them, and with the invoices that a credited one was rebilled as."""
    found = tuple(lines)
    bound = {line.invoice_id for line in found}
    others = [invoice for invoice in invoices if invoice.id not in bound]
    of_id = {memo.id: memo for memo in memos}
    return tuple(_told(line, of_id, others, company) for line in found)


def _told(line: LineEvidence, memos: Mapping[str, CreditMemo], invoices: Sequence[Invoice], company: Company) -> LineEvidence:
    if not isinstance(line.invoice, Invoice) or not line.credits:
        return line
    credits, rebills = list[CreditApplication](), dict[str, Invoice]()
    for applied in line.credits:
        memo = memos.get(applied.credit_memo_id)
        if memo is None:
            credits.append(applied)
            continue
        instead = _rebills(line.invoice, memo, invoices, company)
        reason = _reason(line.invoice, memo, instead, company)
        if reason is CreditReason.REBILL:
            rebills |= {rebill.id: rebill for rebill in instead}
        said = reasons_of((memo.reason.strip(), memo.memo.strip()))[:SAID_AT_MOST]
        credits.append(
            replace(applied, made=memo.created, reason=reason, said=said, dated=memo.issued_on, of_minor=memo.total_minor)
        )
    successors = tuple(sorted(rebills.values(), key=lambda rebill: (rebill.created.at, rebill.id))) or line.successors
    return replace(line, credits=tuple(credits), successors=successors)


def _reason(invoice: Invoice, memo: CreditMemo, rebills: Sequence[Invoice], company: Company) -> CreditReason:
    said = company.credit_words.of_memo(memo.reason, memo.memo, memo.number)
    if said is CreditReason.GENUINE and rebills and memo.total_minor == invoice.total_minor:
        return CreditReason.REBILL
    return said


def _rebills(invoice: Invoice, memo: CreditMemo, invoices: Iterable[Invoice], company: Company) -> list[Invoice]:
    """Living invoices of the same customer and currency that were made with the memo: of the same date, or on the same day."""
    made_on = company.day_of(memo.created.at)
    return [
        other
        for other in invoices
        if other.id != invoice.id
        and (other.customer_id, other.currency) == (memo.customer_id, memo.currency)
        and other.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID)
        and other.created.at > invoice.created.at
        and (other.issued_on == memo.issued_on or company.day_of(other.created.at) == made_on)
    ]
