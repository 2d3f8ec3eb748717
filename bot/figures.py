"""What a remedy would change, in numbers: the figures a person sees before pressing. Pure; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from receivables.books_records import CreditApplication, Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Diagnosis, Finding, Remedy
from receivables.evidence import Evidence, LineEvidence
from receivables.words import Words, plain
from storage.cards import CardFacts

NUMBER_AT_MOST = 24  # of a document: longer ones would hide the amounts beside them


@dataclass(frozen=True)
class Figure:
    """One amount before and after the remedy, in minor units of the payment's currency."""

    label: str
    before_minor: int
    after_minor: int


def figures(facts: CardFacts, remedy: Remedy, words: Words) -> tuple[Figure, ...]:
    """The figures of one remedy; none where it changes no amount."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return ()
    match remedy:
        case Remedy.UNAPPLY_CREDIT_MEMO:
            return _unapplied(evidence, _taken_off(evidence, diagnosis))
        case Remedy.RECREATE_RECEIPT:
            return _recorded(evidence, proposed_successors(diagnosis))
        case Remedy.KEEP_ON_ACCOUNT:
            return _kept(evidence)
        case Remedy.APPLY_RECEIPT:
            return _applied(evidence)
        case Remedy.DISMISS:
            return _proven(evidence, proposed_proof(diagnosis), words)
        case _:
            return ()


def headline_minor(facts: CardFacts, remedy: Remedy) -> int:
    """The one amount that stands on the button, in minor units: what the remedy moves."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    payment = facts.payment.payment
    if evidence is None or diagnosis is None:
        return payment.amount_minor
    unapplied = sum(receipt.unapplied_minor for receipt in _live(evidence))
    match remedy:
        case Remedy.UNAPPLY_CREDIT_MEMO:
            return sum(credit.amount_minor for credit in _taken_off(evidence, diagnosis))
        case Remedy.APPLY_RECEIPT if _live(evidence):
            return unapplied - payment.on_account_minor
        case Remedy.KEEP_ON_ACCOUNT if _live(evidence):
            return unapplied
        case Remedy.KEEP_ON_ACCOUNT:
            return payment.amount_minor - sum(_what_fits(evidence, _invoices(evidence, {})).values())
        case _:
            return payment.amount_minor


def credit_that_fits_minor(facts: CardFacts) -> int:
    """What of the credit taken off the invoices could take again beside the receipt, in minor units."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return 0
    freed = _by_application(_taken_off(evidence, diagnosis))
    short = {invoice_id: amount - line.open_minor for invoice_id, (line, amount) in _by_invoice(evidence).items()}
    return sum(max(0, min(amount, amount - short.get(invoice_id, 0))) for invoice_id, amount in freed.items())


def proposed_successors(diagnosis: Diagnosis) -> dict[int, str]:
    """Invoice ids by allocation line, as the diagnosis proposes them; empty where a person must choose."""
    return dict(next((finding.successors for finding in _findings(diagnosis) if finding.successors), ()))


def proposed_proof(diagnosis: Diagnosis) -> tuple[tuple[str, int], ...]:
    """(receipt id, amount in minor units) that a dismissal rests on where nobody names another receipt."""
    return next((finding.proof for finding in _findings(diagnosis) if finding.proof), ())


def undecided_lines(evidence: Evidence, diagnosis: Diagnosis) -> list[LineEvidence]:
    """The allocations whose invoice has several possible successors, or one that nobody proposes."""
    proposed = proposed_successors(diagnosis)
    return [line for line in evidence.lines if line.successors and line.line not in proposed]


def _findings(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    return (diagnosis.primary, *diagnosis.runners_up)


# --- un-apply ---------------------------------------------------------------------------------------------------------


def _taken_off(evidence: Evidence, diagnosis: Diagnosis) -> list[CreditApplication]:
    """Each application once, however many allocations stand on its invoice."""
    wanted = set(next((finding.applications for finding in _findings(diagnosis) if finding.applications), ()))
    return list({credit.id: credit for line in evidence.lines for credit in line.credits if credit.id in wanted}.values())


def _by_application(taken: Sequence[CreditApplication]) -> dict[str, int]:
    """What un-applying frees on each invoice, in minor units."""
    freed: dict[str, int] = {}
    for credit in taken:
        freed[credit.invoice_id] = freed.get(credit.invoice_id, 0) + credit.amount_minor
    return freed


def _unapplied(evidence: Evidence, taken: Sequence[CreditApplication]) -> tuple[Figure, ...]:
    names, shown, freed = _names(evidence), list[Figure](), _by_application(taken)
    for credit in taken:
        memo = _number(credit.credit_memo_number, credit.credit_memo_id)
        shown.append(Figure(f"Credit memo {memo} on {names.get(credit.invoice_id, 'its invoice')}", credit.amount_minor, 0))
    for invoice_id, (line, needed) in _by_invoice(evidence).items():
        after = line.open_minor + freed.get(invoice_id, 0) - needed
        shown.append(Figure(f"Open on {names[invoice_id]}", line.open_minor, after))
    return tuple(shown)


# --- record: recreate, keep on account --------------------------------------------------------------------------------


def _invoices(evidence: Evidence, chosen: Mapping[int, str]) -> dict[int, Invoice]:
    """By line, the invoice that a new receipt would stand on; none where the books would not take it."""
    found: dict[int, Invoice] = {}
    customer = evidence.customer.id if evidence.customer else None
    for line in evidence.lines:
        invoice = next((new for new in line.successors if new.id == chosen.get(line.line)), line.invoice)
        if (
            isinstance(invoice, Invoice)
            and invoice.status is InvoiceStatus.OPEN
            and invoice.currency == evidence.payment.currency
            and customer in (None, invoice.customer_id)
        ):
            found[line.line] = invoice
    return found


def _what_fits(evidence: Evidence, invoices: Mapping[int, Invoice]) -> dict[str, int]:
    """What each invoice takes of this payment, in minor units. Two allocations to one invoice share what is open."""
    taken: dict[str, int] = {}
    for line in evidence.lines:
        if invoice := invoices.get(line.line):
            before = taken.get(invoice.id, 0)
            taken[invoice.id] = before + min(line.amount_minor, invoice.open_minor - before)
    return {invoice_id: amount for invoice_id, amount in taken.items() if amount}


def _recorded(evidence: Evidence, chosen: Mapping[int, str]) -> tuple[Figure, ...]:
    """Lines for which a person must still choose an invoice have no figures yet."""
    invoices = _invoices(evidence, chosen)
    takes = _what_fits(evidence, invoices)
    shown: list[Figure] = []
    for line, invoice in invoices.items():
        if amount := takes.pop(invoice.id, 0):
            new = "the new invoice" if line in chosen else "invoice"
            label = f"Open on {new} {_number(invoice.number, invoice.id)}"
            shown.append(Figure(label, invoice.open_minor, invoice.open_minor - amount))
    waiting = sum(line.amount_minor for line in evidence.lines if line.successors and line.line not in chosen)
    rest = evidence.payment.amount_minor - waiting - sum(figure.before_minor - figure.after_minor for figure in shown)
    if rest:
        shown.append(Figure("On the customer's account", 0, rest))
    return tuple(shown)


def _kept(evidence: Evidence) -> tuple[Figure, ...]:
    if live := _live(evidence):
        rest = sum(receipt.unapplied_minor for receipt in live)
        return (Figure("Meant to stay on account", evidence.payment.on_account_minor, rest),)
    return _recorded(_without_successors(evidence), {})


def _without_successors(evidence: Evidence) -> Evidence:
    """The same evidence without successors: what is kept on account waits for nobody's choice."""
    return replace(evidence, lines=tuple(replace(line, successors=()) for line in evidence.lines))


# --- the receipt that is there: apply, dismiss ------------------------------------------------------------------------


def _applied(evidence: Evidence) -> tuple[Figure, ...]:
    live, names = _live(evidence), _names(evidence)
    shown = [
        Figure(
            f"Unapplied on receipt {_number(receipt.number, receipt.id)}",
            receipt.unapplied_minor,
            evidence.payment.on_account_minor,
        )
        for receipt in live
    ]
    for invoice_id, (line, needed) in _by_invoice(evidence).items():
        there = sum(receipt.applied_to(invoice_id) for receipt in live)
        shown.append(Figure(f"Open on {names[invoice_id]}", line.open_minor, line.open_minor + there - needed))
    return tuple(shown)


def _proven(evidence: Evidence, proof: Sequence[tuple[str, int]], words: Words) -> tuple[Figure, ...]:
    held = {found.receipt.id: found for found in evidence.receipts}
    shown: list[Figure] = []
    for receipt_id, amount in proof:
        if found := held.get(receipt_id):
            receipt = found.receipt
            named = f"receipt {_number(receipt.number, receipt.id)}, {words.money(receipt.amount_minor, receipt.currency)}"
            shown.append(Figure(f"Recorded on {named}", found.claimed_minor, found.claimed_minor + amount))
    return tuple(shown)


def _live(evidence: Evidence) -> list[Receipt]:
    return [part.receipt for part in evidence.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]


# --- names ------------------------------------------------------------------------------------------------------------


def _by_invoice(evidence: Evidence) -> dict[str, tuple[LineEvidence, int]]:
    """Each bound invoice's first line, and what all its lines together need, in minor units."""
    found: dict[str, tuple[LineEvidence, int]] = {}
    for line in evidence.lines:
        if line.invoice_id:
            first, needed = found.get(line.invoice_id, (line, 0))
            found[line.invoice_id] = (first, needed + line.amount_minor)
    return found


def _names(evidence: Evidence) -> dict[str, str]:
    return {line.invoice_id: f"invoice {_number(line.invoice_number, line.invoice_id)}" for line in evidence.lines}


def _number(number: str, otherwise: str) -> str:
    return plain(number or otherwise, NUMBER_AT_MOST)
