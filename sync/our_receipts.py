"""What a remedy does with a receipt of ours that is in the books: apply it, accept it as it is applied, or read it again.

Never a second receipt, and nothing for money that went back.
"""

from __future__ import annotations

from dataclasses import replace

import rules
from receivables import as_meant
from receivables.books_records import Invoice, Receipt, ReceiptLine, by_invoice
from receivables.effects import ApplyReceipt, ReceiptWrite, facts_of
from receivables.errors import CannotBeDone
from receivables.payment import Bucket, PaymentState
from storage.effects import PlannedEffect
from sync.cases import Case, Plan, receipt_steps


def applied(case: Case) -> Plan:
    """Lets our receipts stand on the invoices they were meant for."""
    if not rules.read(case.evidence).paid:
        raise CannotBeDone("The money went back, so its receipt is not applied again.")
    if deposit := rules.deposit_applied(case.diagnosis, case.evidence, case.decision.options):
        return _of_deposit(case, deposit)
    found = rules.reapplied(case.evidence)
    if not found:
        raise CannotBeDone("This payment has no receipt in the books that could be applied.")
    steps = []
    for ours in found:
        if ours.receipt.deposited:
            raise CannotBeDone(
                f"Receipt {ours.receipt.number} is in a bank deposit. Apply it in the books; the next sync reads it."
            )
        _must_fit(case, ours.receipt, ours.lines)
        if ours.differs:
            steps.append(apply_step(case, ours.part, ours.receipt, ours.lines, "apply"))
    if not steps:
        raise CannotBeDone("Our receipts are already applied as they were meant.")
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"receipt {found[0].receipt.number} is applied to its invoices",
        effects=tuple(steps),
        on_account_minor=case.stored.payment.on_account_minor,
    )


def _of_deposit(case: Case, deposit: rules.DepositApplied) -> Plan:
    """A customer deposit is applied to the invoices that a person took for its own; what does not fit stays on account."""
    receipt, then = deposit.receipt, replace(case, evidence=deposit.evidence)
    if receipt.deposited:
        raise CannotBeDone(f"Receipt {receipt.number} is in a bank deposit. Apply it in the books; the next sync reads it.")
    added = [ReceiptLine(part.invoice.id, part.amount_minor) for part in deposit.taken]
    lines = tuple(ReceiptLine(*line) for line in by_invoice((*receipt.lines, *added)).items())
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"receipt {receipt.number} is applied" + (", with the rest left on account" if deposit.rest_minor else ""),
        effects=(apply_step(then, 1, receipt, lines, "apply"),),
        bindings=tuple((line, invoice.id, invoice.customer_id) for line, invoice in sorted(deposit.chosen.items())),
        on_account_minor=deposit.rest_minor,
    )


def _must_fit(case: Case, receipt: Receipt, wanted: tuple[ReceiptLine, ...]) -> None:
    for line in case.evidence.lines:
        needed = sum(of.amount_minor for of in wanted if of.invoice_id == line.invoice_id)
        if line.open_minor + receipt.applied_to(line.invoice_id) < needed:
            raise CannotBeDone(f"The open balance of invoice {line.invoice_number} is too small for the receipt.")


def accepted(case: Case) -> Plan:
    """Our receipts stay as they are applied; what is not on its invoices counts as meant to be on account from now on."""
    rest = sum(
        as_meant.off_its_invoices_minor(receipt, by_invoice(ReceiptLine(*line) for line in part.lines))
        for part in case.evidence.posted
        if (receipt := part.living)
    )
    words = "the receipt stays as it is applied; what is unapplied stays on the customer's account"
    return Plan(PaymentState.POSTED, Bucket.IN_FLIGHT, words, on_account_minor=min(rest, case.stored.payment.amount_minor))


def read_again(case: Case) -> Plan | None:
    """All of the payment is in the books with our mark: it is read back, not posted. None where it is not."""
    reading = rules.read(case.evidence)
    if not (reading.marked and reading.complete and reading.paid) or reading.doubled or reading.repeated:
        return None
    return Plan(PaymentState.POSTED, Bucket.IN_FLIGHT, "our receipt is read again", resolution="retried")


def rest(case: Case) -> Plan | None:
    """What the books refused of the payment is sent again; what is in them stays as it is. None where it is not so."""
    if not rules.rest_refused(rules.read(case.evidence)):
        return None
    recorded = {part.part for part in case.evidence.posted if part.living}
    lines = [(line.invoice_id, line.amount_minor) for line in case.evidence.lines]
    steps = [step for step in receipt_steps(case, case.evidence, lines, after=None) if step.part not in recorded]
    amounts = [step.write.amount_minor for step in steps if isinstance(step.write, ReceiptWrite)]
    held = sum(receipt.amount_minor for receipt in case.evidence.living_receipts)
    if held + sum(amounts) != case.stored.payment.amount_minor:
        raise CannotBeDone("What is in the books and what is missing do not add up to the payment. Nothing was posted.")
    chained = [replace(step, after_id=steps[place - 1].id if place else None) for place, step in enumerate(steps)]
    return Plan(PaymentState.POSTING, Bucket.IN_FLIGHT, "the rest of the payment is posted", effects=tuple(chained))


def apply_step(case: Case, part: int, receipt: Receipt, lines: tuple[ReceiptLine, ...], what: str) -> PlannedEffect:
    """The intent to apply a receipt to exactly these lines, resting on it and on the payment's invoices as they were read."""
    expects = {f"receipt:{receipt.id}": facts_of(receipt)} | {
        f"invoice:{line.invoice_id}": facts_of(line.invoice) for line in case.evidence.lines if isinstance(line.invoice, Invoice)
    }
    return case.effect(ApplyReceipt(receipt.id, lines), f"{what}/{part}", expects, part=part)
