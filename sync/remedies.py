"""What carrying out a remedy means: which writes, which bindings, which proof. Decides; touches nothing.

Every plan rests on the facts the person saw: each effect carries the facts it expects of the documents it changes or
rests on, and a chain carries those that the step before it will leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import rules
from receivables.books_records import Invoice, InvoiceStatus, Receipt, ReceiptLine
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.effects import (
    ApplyReceipt,
    effect_key,
    facts_of,
)
from receivables.evidence import Evidence
from receivables.payment import Bucket, PaymentState
from receivables.twins import Settled
from receivables.words import capitalized, listed
from storage.effects import PlannedEffect
from sync.cases import CannotBeDone, Case, Plan, ProofOf, gone, receipt_steps
from sync.credit_chain import unapply


def plan(case: Case) -> Plan:
    """The plan of a decision. Raises CannotBeDone when the remedy does not fit the evidence."""
    if case.stored.bucket is Bucket.UNKNOWN:
        raise CannotBeDone("It is not known yet whether this payment is in the books. We keep checking the books.")
    if case.stored.state is not PaymentState.FAILED:
        raise CannotBeDone(f"This payment is {case.stored.state}. What was decided before is carried out first.")
    match case.decision.remedy:
        case Remedy.UNAPPLY_CREDIT_MEMO:
            return unapply(case)
        case Remedy.RECREATE_RECEIPT:
            return _recreate(case)
        case Remedy.DISMISS:
            return _dismiss(case)
        case Remedy.NOT_DUPLICATE:
            return _not_duplicate(case)
        case Remedy.APPLY_RECEIPT:
            return _apply_receipt(case)
        case Remedy.KEEP_ON_ACCOUNT:
            return _keep_on_account(case)
        case Remedy.RETRY:
            return Plan(PaymentState.RECEIVED, Bucket.TO_DO, "checked again, and posted when it fits", resolution="retried",
                        bindings=_followed(case), superseded=gone(case))  # fmt: skip
        case Remedy.WAIT | Remedy.RECONNECT | Remedy.ESCALATE:
            return Plan(case.stored.state, case.stored.bucket, "noted; nothing was changed")


def _followed(case: Case) -> tuple[tuple[int, str, str], ...]:
    """Where the books merged the customer into another, its invoices went there, and a person's retry follows them."""
    remaining = case.evidence.merged_into
    if remaining is None:
        return ()
    return tuple(
        (line.line, line.invoice.id, remaining.id)
        for line in case.evidence.lines
        if isinstance(line.invoice, Invoice) and line.invoice.customer_id == remaining.id
    )


# --- recreate, keep on account ------------------------------------------------------------------------------------------


def _recreate(case: Case) -> Plan:
    """A new receipt on the successor of an invoice, or on what is there; what does not fit stays on account."""
    _no_receipt_of_ours(case)
    if case.diagnosis.primary.cause is Cause.UNIDENTIFIED and not case.evidence.isolated:
        raise CannotBeDone("Too many payments are failing for this remedy. Find the common cause first.")
    chosen = _successors(case)
    lines_now = [
        replace(line, invoice=chosen[line.line], invoice_id=chosen[line.line].id) if line.line in chosen else line
        for line in case.evidence.lines
    ]
    evidence = replace(case.evidence, lines=tuple(lines_now))
    fits = _what_fits(evidence)
    if chosen and sum(amount for _, amount in fits) < sum(line.amount_minor for line in evidence.lines):
        raise CannotBeDone("The replacement invoice has a smaller open balance than the payment allocates to it.")
    _may_be_posted(case, evidence)
    bindings = tuple((line, invoice.id, invoice.customer_id) for line, invoice in sorted(chosen.items()))
    return _receipt_plan(case, evidence, fits, bindings)


def _keep_on_account(case: Case) -> Plan:
    """Accepts what the live receipt left unapplied; without one, records a receipt and keeps what does not fit."""
    live = [part.receipt for part in case.evidence.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]
    if live:
        rest = sum(receipt.unapplied_minor for receipt in live)
        words = "the receipt stays as it is, with the rest on the customer's account"
        return Plan(PaymentState.POSTED, Bucket.IN_FLIGHT, words, on_account_minor=rest)
    _no_receipt_of_ours(case)
    _may_be_posted(case, case.evidence)
    return _receipt_plan(case, case.evidence, _what_fits(case.evidence), ())


def _receipt_plan(
    case: Case, evidence: Evidence, fits: Sequence[tuple[str, int]], bindings: tuple[tuple[int, str, str], ...]
) -> Plan:
    rest = case.stored.payment.amount_minor - sum(amount for _, amount in fits)
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        "a receipt is posted" + (", with the rest on the customer's account" if rest else ""),
        effects=tuple(receipt_steps(case, evidence, fits, after=None)),
        bindings=bindings,
        superseded=gone(case),
        on_account_minor=rest,
    )


def _successors(case: Case) -> Mapping[int, Invoice]:
    """Which invoice takes the place of each broken line's: the person's choice, else the diagnosis's only one."""
    chosen: dict[int, Invoice] = {}
    finding = case.finding(Cause.INVOICE_RECREATED)
    proposed = dict(finding.successors) if finding else {}
    asked = str(case.decision.options.get("successor") or "").removeprefix("#")
    for line in case.evidence.lines:
        if not line.successors:
            continue
        matching = [
            invoice
            for invoice in line.successors
            if (asked in (invoice.id, invoice.number) if asked else invoice.id == proposed.get(line.line))
        ]
        if len(matching) > 1:
            matching = [invoice for invoice in matching if invoice.id == asked]
        if len(matching) == 1:
            chosen[line.line] = matching[0]
        elif finding:
            numbers = ", ".join(f"{invoice.number} (#{invoice.id})" for invoice in line.successors)
            raise CannotBeDone(f"Choose the invoice that replaces invoice {line.invoice_number}: {numbers}.")
    if asked and not chosen:
        raise CannotBeDone(f"{asked} is not an open invoice of the same customer and currency that could replace it.")
    return chosen


def _what_fits(evidence: Evidence) -> list[tuple[str, int]]:
    """(invoice id, amount) of what living invoices still take of this payment."""
    room: dict[str, int] = {}
    fits: list[tuple[str, int]] = []
    for line in evidence.lines:
        invoice = line.invoice
        if not isinstance(invoice, Invoice) or invoice.status is not InvoiceStatus.OPEN:
            continue
        if invoice.currency != evidence.payment.currency or (evidence.customer and invoice.customer_id != evidence.customer.id):
            continue
        left = room.setdefault(invoice.id, invoice.open_minor)
        amount = min(line.amount_minor, left)
        if amount > 0:
            room[invoice.id] -= amount
            fits.append((invoice.id, amount))
    return fits


def _may_be_posted(case: Case, evidence: Evidence) -> None:
    """What no decision can overrule: a closed period, a customer the books do not take, a read that failed."""
    for obstacle in rules.obstacles(evidence):
        if obstacle.code in rules.NOBODY_DECIDES:
            raise CannotBeDone(f"Nothing was posted. {obstacle.sentence(case.desk.company.words)}")


def _no_receipt_of_ours(case: Case) -> None:
    for part in case.evidence.posted:
        if isinstance(part.receipt, Receipt) and not part.receipt.voided:
            raise CannotBeDone(
                f"Receipt {part.receipt.number} of this payment is in the books. A second one would record it twice."
            )


# --- dismiss, apply the receipt -----------------------------------------------------------------------------------------


def twin_for(diagnosis: Diagnosis, evidence: Evidence, options: Mapping[str, Any]) -> str:
    """The other payment that a dismissal would rest on: the one named by the person, else the one the diagnosis shows; or ""."""
    if named := str(options.get("proof") or ""):
        return next((twin.number for twin in evidence.twins if twin.number == named), "")
    shows_it = diagnosis.primary.cause is Cause.DUPLICATE_REFERENCE
    return evidence.twins[0].number if evidence.twins and shows_it else ""


def proof_for(diagnosis: Diagnosis, evidence: Evidence, options: Mapping[str, Any]) -> tuple[ProofOf, ...]:
    """The receipts a dismissal would rest on: those named by the person, else those the diagnosis found.

    None where it rests on another payment (`twin_for`).
    """
    if twin_for(diagnosis, evidence, options):
        return ()
    receipts = {found.receipt.id: found.receipt for found in evidence.receipts}
    numbers = {found.receipt.number: found.receipt for found in evidence.receipts}
    if named := str(options.get("proof") or ""):
        receipt = receipts.get(named.removeprefix("#")) or numbers.get(named)
        if receipt is None:
            others = listed([f"payment {twin.number}" for twin in evidence.twins])
            instead = f" {capitalized(others)} may be named as proof." if others else ""
            raise CannotBeDone(f"Receipt {named} is not one of this customer's receipts near the payment date.{instead}")
        return (ProofOf(receipt.id, receipt.amount_minor, evidence.payment.amount_minor),)
    finding = next((finding for finding in (diagnosis.primary, *diagnosis.runners_up) if finding.proof), None)
    if finding is None:
        return ()
    if any(receipt_id not in receipts for receipt_id, _ in finding.proof):
        raise CannotBeDone("The receipt that the card showed as proof is no longer in the books.")
    return tuple(ProofOf(receipt_id, receipts[receipt_id].amount_minor, amount) for receipt_id, amount in finding.proof)


def _dismiss(case: Case) -> Plan:
    """Stops syncing: nothing is written to the books; the proof ties the payment to the receipt that has its money.

    Or to the payment that it is again: that one has its receipt, or a failure of its own.
    """
    if other := twin_for(case.diagnosis, case.evidence, case.decision.options):
        words = f"dismissed: it is payment {other} again"
        twin = (Settled.DISMISSED, other)
        return Plan(PaymentState.DISMISSED, Bucket.DISMISSED, words, twin=twin, resolution="dismissed")
    proofs = proof_for(case.diagnosis, case.evidence, case.decision.options)
    if proofs and sum(proof.amount_minor for proof in proofs) != case.stored.payment.amount_minor:
        raise CannotBeDone("The receipts named as proof do not add up to the payment.")
    return Plan(
        PaymentState.DISMISSED,
        Bucket.DISMISSED,
        "dismissed" + (" with proof" if proofs else " without proof"),
        proofs=proofs,
        resolution="dismissed",
    )


def _not_duplicate(case: Case) -> Plan:
    """It is other money than the payment that came before: it is checked again, and posted where nothing else is in the way."""
    if not case.evidence.twins:
        raise CannotBeDone("Name the receipt that is other money.")
    words = "not a duplicate; it is checked again and posted if nothing else is in the way"
    twin = (Settled.NOT_DUPLICATE, "")
    return Plan(PaymentState.RECEIVED, Bucket.TO_DO, words, twin=twin, resolution="retried")


def _apply_receipt(case: Case) -> Plan:
    """Lets the live receipt stand on the invoices it was meant for; never a second one."""
    live = [part for part in case.evidence.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]
    if len(live) != 1 or not isinstance(live[0].receipt, Receipt):
        raise CannotBeDone("This payment does not have exactly one receipt in the books that could be applied.")
    part, receipt = live[0], live[0].receipt
    if receipt.deposited:
        raise CannotBeDone(f"Receipt {receipt.number} is in a bank deposit. Take it out of the deposit first.")
    wanted = [(line.invoice_id, line.amount_minor) for line in case.evidence.lines if line.invoice_id]
    for line in case.evidence.lines:
        if line.open_minor + receipt.applied_to(line.invoice_id) < line.amount_minor:
            raise CannotBeDone(f"The open balance of invoice {line.invoice_number} is too small for the receipt.")
    company = case.desk.company.id
    key = effect_key(company, case.stored.number, f"apply/{part.part}", case.generation)
    expects = {f"receipt:{receipt.id}": facts_of(receipt)} | {
        f"invoice:{line.invoice_id}": facts_of(line.invoice) for line in case.evidence.lines if isinstance(line.invoice, Invoice)
    }
    effect = PlannedEffect(
        id=case.desk.ids.new(),
        company=company,
        transaction_number=case.stored.number,
        part=part.part,
        generation=case.generation,
        key=key,
        marker=f"ra-{key[:16]}",
        write=ApplyReceipt(receipt.id, tuple(ReceiptLine(*line) for line in wanted)),
        expects=expects,
        attended=True,
        facts_read_at=case.evidence.taken_at,
        decision_id=case.decision.id,
    )
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"receipt {receipt.number} is applied to its invoices",
        effects=(effect,),
        on_account_minor=case.stored.payment.on_account_minor,
    )
