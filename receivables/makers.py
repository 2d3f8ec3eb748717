"""Who made the documents that a decision is about, as far as the books tell: nobody decides about their own work alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from receivables.books_records import Gone, Receipt, Stamp
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.evidence import Evidence

#: Remedies that change nothing, in the books or with us: whoever made a document may choose them like anybody.
WITHOUT_CONSEQUENCE = frozenset({Remedy.WAIT, Remedy.RECONNECT, Remedy.ESCALATE})


@dataclass(frozen=True)
class Makers:
    """The books' names of whoever made the documents in question, and the documents of which the books do not tell."""

    people: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()


def makers_of(
    remedy: Remedy,
    diagnosis: Diagnosis,
    evidence: Evidence | None,
    named: Collection[str] | None = None,
    in_place: Collection[str] = (),
) -> Makers:
    """Whoever made the receipts, credit memos and new invoices that this remedy rests on, or takes off.

    `named` are the ids of the receipts that a person named; None where the diagnosis's own are in question. `in_place` are
    those of the invoices to which the payment is posted in the place of its own.
    """
    if evidence is None or remedy in WITHOUT_CONSEQUENCE:
        return Makers()
    stamps = [*_receipts(diagnosis, evidence, named), *_new_invoices(evidence, in_place)]
    by_memo = diagnosis.primary.cause is Cause.CREDIT_MEMO_APPLIED and remedy is not Remedy.RETRY
    if remedy is Remedy.UNAPPLY_CREDIT_MEMO or by_memo:
        stamps += _credit_memos(evidence)
    if diagnosis.primary.cause in (Cause.RECEIPT_CHANGED, Cause.RECEIPT_DELETED):
        stamps += _changes_of_ours(evidence)
    return Makers(
        people=frozenset(stamp.person for _, stamp in stamps) - {""},
        unknown=tuple(dict.fromkeys(document for document, stamp in stamps if not stamp.person.strip())),
    )


def _receipts(diagnosis: Diagnosis, evidence: Evidence, named: Collection[str] | None) -> Iterator[tuple[str, Stamp]]:
    """Receipts that were not made by us, with the stamp of who entered them."""
    if named is None:
        findings = (diagnosis.primary, *diagnosis.runners_up)
        named = {receipt_id for finding in findings for receipt_id, _ in finding.proof}
    for found in evidence.receipts:
        if found.receipt.id in named and not found.ours:
            yield f"receipt {found.receipt.number or found.receipt.id}", found.receipt.created
    if evidence.receipts:
        return
    for vanished in evidence.vanished:
        yield f"receipt {vanished.receipt.number or vanished.receipt.id}", vanished.receipt.created


def _new_invoices(evidence: Evidence, ids: Collection[str]) -> Iterator[tuple[str, Stamp]]:
    """The invoices in the place of others, with who made them: a rebill's maker does not decide alone that it is paid."""
    for line in evidence.lines:
        for invoice in line.successors:
            if invoice.id in ids:
                yield f"invoice {invoice.number or invoice.id}", invoice.created


def _changes_of_ours(evidence: Evidence) -> Iterator[tuple[str, Stamp]]:
    """Who changed, voided or deleted our own receipts: they may ask, and never decide alone that it was right."""
    for part in evidence.posted:
        if isinstance(part.receipt, Receipt):
            yield f"receipt {part.receipt.number or part.receipt.id}", part.receipt.changed
        elif isinstance(part.receipt, Gone) and part.receipt.deleted is not None:
            yield f"receipt {part.receipt.number or part.receipt.id}", part.receipt.deleted


def _credit_memos(evidence: Evidence) -> Iterator[tuple[str, Stamp]]:
    """The credit memos on the payment's invoices, with who made each and who applied it."""
    for line in evidence.lines:
        for credit in line.credits:
            document = f"credit memo {credit.credit_memo_number or credit.credit_memo_id}"
            yield document, credit.applied
            if credit.made is not None:
                yield document, credit.made
