"""What a remedy would change, in numbers: the figures a person sees before pressing. Pure; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receivables.books_records import Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Finding, Remedy
from receivables.evidence import Evidence, LineEvidence
from storage.cards import CardFacts


@dataclass(frozen=True)
class Figure:
    """One amount before and after the remedy, in minor units of the payment's currency."""

    label: str
    before_minor: int
    after_minor: int


def figures(facts: CardFacts, remedy: Remedy) -> tuple[Figure, ...]:
    """The figures of one remedy; none where it changes no amount."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return ()
    findings = (diagnosis.primary, *diagnosis.runners_up)
    match remedy:
        case Remedy.UNAPPLY_CREDIT_MEMO:
            return _unapplied(evidence, next((one for one in findings if one.applications), diagnosis.primary))
        case Remedy.RECREATE_RECEIPT:
            chosen = next((one.successors for one in findings if one.successors), ())
            return _recreated(evidence, dict(chosen))
        case Remedy.KEEP_ON_ACCOUNT:
            return _kept(evidence)
        case Remedy.APPLY_RECEIPT:
            return _applied(evidence)
        case Remedy.DISMISS:
            finding = next((one for one in findings if one.proof), None)
            return _proven(evidence, finding)
        case _:
            return ()


def headline_minor(facts: CardFacts, remedy: Remedy) -> int:
    """The one amount that stands on the button, in minor units."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    payment = facts.payment.payment
    if evidence is None or diagnosis is None:
        return payment.amount_minor
    if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
        wanted = {one for finding in (diagnosis.primary, *diagnosis.runners_up) for one in finding.applications}
        return sum(one.amount_minor for line in evidence.lines for one in line.credits if one.id in wanted)
    if remedy in (Remedy.APPLY_RECEIPT, Remedy.KEEP_ON_ACCOUNT) and (live := _live(evidence)):
        return sum(one.unapplied_minor for one in live)
    return payment.amount_minor


def _unapplied(evidence: Evidence, finding: Finding) -> tuple[Figure, ...]:
    wanted = set(finding.applications)
    shown: list[Figure] = []
    for line in evidence.lines:
        taken = [one for one in line.credits if one.id in wanted]
        freed = sum(one.amount_minor for one in taken)
        shown += [Figure(f"Credit memo {one.credit_memo_number} on {_name(line)}", one.amount_minor, 0) for one in taken]
        if line.invoice_id:
            shown.append(Figure(f"Open on {_name(line)}", line.open_minor, line.open_minor + freed - line.amount_minor))
    return tuple(shown)


def _recreated(evidence: Evidence, successors: Mapping[int, str]) -> tuple[Figure, ...]:
    """`successors` are invoice ids by allocation line."""
    shown, applied = [], 0
    for line in evidence.lines:
        invoice = next((one for one in line.successors if one.id == successors.get(line.line)), None) or line.invoice
        if isinstance(invoice, Invoice) and invoice.status is InvoiceStatus.OPEN:
            fits = min(line.amount_minor, invoice.open_minor)
            applied += fits
            new = ", the new one" if invoice is not line.invoice else ""
            shown.append(Figure(f"Open on invoice {invoice.number}{new}", invoice.open_minor, invoice.open_minor - fits))
    rest = evidence.payment.amount_minor - applied
    if rest:
        shown.append(Figure("This payment on the client's account", 0, rest))
    return tuple(shown)


def _kept(evidence: Evidence) -> tuple[Figure, ...]:
    if live := _live(evidence):
        rest = sum(one.unapplied_minor for one in live)
        return (Figure("On the client's account, agreed", evidence.payment.on_account_minor, rest),)
    return _recreated(evidence, {})


def _applied(evidence: Evidence) -> tuple[Figure, ...]:
    live = _live(evidence)
    shown = [Figure(f"Unapplied on receipt {one.number}", one.unapplied_minor, evidence.payment.on_account_minor) for one in live]
    for line in evidence.lines:
        there = sum(one.applied_to(line.invoice_id) for one in live)
        shown.append(Figure(f"Open on {_name(line)}", line.open_minor, line.open_minor + there - line.amount_minor))
    return tuple(shown)


def _proven(evidence: Evidence, finding: Finding | None) -> tuple[Figure, ...]:
    if finding is None:
        return ()
    held = {one.receipt.id: one for one in evidence.receipts}
    return tuple(
        Figure(
            f"Receipt {held[receipt_id].receipt.number} standing for payments",
            held[receipt_id].claimed_minor,
            held[receipt_id].claimed_minor + amount,
        )
        for receipt_id, amount in finding.proof
        if receipt_id in held
    )


def _live(evidence: Evidence) -> list[Receipt]:
    return [part.receipt for part in evidence.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]


def _name(line: LineEvidence) -> str:
    return f"invoice {line.invoice_number or line.invoice_id}"
