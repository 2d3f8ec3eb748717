"""What carrying out a remedy means: which writes, which bindings, which proof. Decides; touches nothing.

Every plan rests on the facts the person saw: each effect carries the facts it expects of the documents it changes or
rests on, and a chain carries those that the step before it will leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from receivables.books_records import CreditApplication, CreditMemo, Invoice, InvoiceStatus, Receipt, ReceiptLine
from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.effects import (
    ApplyCredit,
    ApplyReceipt,
    EffectKind,
    EffectState,
    Facts,
    UnapplyCredit,
    effect_key,
    facts_of,
)
from receivables.errors import StaleDecision
from receivables.evidence import Evidence, LineEvidence
from receivables.payment import Bucket, PaymentState
from storage.decisions import StoredDecision
from storage.effects import PlannedEffect, StoredEffect
from storage.payments import StoredPayment
from sync import judging
from sync.desk import Desk
from sync.posting import receipt_effect
from sync.settling import credit_effect


class CannotBeDone(StaleDecision):
    """The remedy does not fit what the books hold; nothing was written. The message says why and what to choose."""

    code = "cannot_be_done"


@dataclass(frozen=True)
class ProofOf:
    """A receipt that stands for the payment: `amount_minor` of its `receipt_amount_minor`."""

    receipt_id: str
    receipt_amount_minor: int
    amount_minor: int


@dataclass(frozen=True)
class Plan:
    """What a decision leads to. `bindings` are (line, invoice id, customer id); no effects means it is done at once."""

    state: PaymentState
    bucket: Bucket
    words: str
    effects: tuple[PlannedEffect, ...] = ()
    bindings: tuple[tuple[int, str, str], ...] = ()
    proofs: tuple[ProofOf, ...] = ()
    superseded: tuple[StoredEffect, ...] = ()
    on_account_minor: int | None = None
    resolution: str = ""


@dataclass(frozen=True)
class Case:
    """Everything a remedy is planned from."""

    desk: Desk
    decision: StoredDecision
    stored: StoredPayment
    diagnosis: Diagnosis
    evidence: Evidence
    chain: Sequence[StoredEffect]
    memos: Mapping[str, CreditMemo]

    @property
    def generation(self) -> int:
        """The next one: never a number that any effect of this payment had, and above that of unattended posting."""
        return max((one.generation for one in self.chain), default=self.stored.generation) + 1

    def finding(self, cause: Cause) -> Finding | None:
        return next((one for one in (self.diagnosis.primary, *self.diagnosis.runners_up) if one.cause is cause), None)


def plan(case: Case) -> Plan:
    """The plan of a decision. Raises CannotBeDone when the remedy does not fit the evidence."""
    if case.stored.bucket is Bucket.UNKNOWN:
        raise CannotBeDone("Nobody knows yet whether this payment is in the books; they are read until they answer.")
    if case.stored.state is not PaymentState.FAILED:
        raise CannotBeDone(f"This payment is {case.stored.state}; what was begun is carried out first.")
    match case.decision.remedy:
        case Remedy.UNAPPLY_CREDIT_MEMO:
            return _unapply(case)
        case Remedy.RECREATE_RECEIPT:
            return _recreate(case)
        case Remedy.DISMISS:
            return _dismiss(case)
        case Remedy.APPLY_RECEIPT:
            return _apply_receipt(case)
        case Remedy.KEEP_ON_ACCOUNT:
            return _keep_on_account(case)
        case Remedy.RETRY:
            return Plan(PaymentState.RECEIVED, Bucket.TO_DO, "judged again and posted when it fits", resolution="retried",
                        superseded=_gone(case))  # fmt: skip
        case Remedy.WAIT | Remedy.RECONNECT | Remedy.ESCALATE:
            return Plan(case.stored.state, case.stored.bucket, "noted; nothing was changed")


# --- un-apply the credit memo -----------------------------------------------------------------------------------------


def _unapply(case: Case) -> Plan:
    """A chain: take the applications off, post the receipt, and where chosen put back what still fits."""
    finding = case.finding(Cause.CREDIT_MEMO_APPLIED)
    wanted = set(finding.applications) if finding else set()
    found = [one for line in case.evidence.lines for one in line.credits if one.id in wanted]
    if not found or {one.id for one in found} != wanted:
        raise CannotBeDone("The credit memo is no longer applied as the card said.")
    expected = _Expected(case)
    steps: list[PlannedEffect] = []
    for one in found:
        steps.append(_unapply_step(case, one, expected, after=steps[-1].id if steps else None))
        expected.without(one)
    evidence = replace(case.evidence, lines=tuple(expected.line(line) for line in case.evidence.lines))
    in_the_way = judging.obstacles(evidence)
    if in_the_way:
        raise CannotBeDone(f"Even with the credit memo un-applied it would not fit: {in_the_way[0].text}.")
    lines = [(line.invoice_id, line.amount_minor) for line in evidence.lines]
    receipts = _receipt_steps(case, evidence, lines, after=steps[-1].id)
    back = _put_back_what_fits(case, found, evidence, receipts[-1]) if case.decision.options.get("reapply") else []
    numbers = ", ".join(sorted({one.credit_memo_number for one in found}))
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"credit memo {numbers} is taken off, then the receipt is posted",
        effects=(*steps, *receipts, *back),
        superseded=_gone(case),
        on_account_minor=case.stored.payment.on_account_minor,
    )


class _Expected:
    """The facts of invoices and credit memos as each step of a chain will leave them."""

    def __init__(self, case: Case) -> None:
        self.invoices = {line.invoice_id: line.invoice for line in case.evidence.lines if isinstance(line.invoice, Invoice)}
        self.memos = dict(case.memos)

    def facts(self, one: CreditApplication) -> dict[str, Facts]:
        if one.credit_memo_id not in self.memos or one.invoice_id not in self.invoices:
            raise CannotBeDone(f"Credit memo {one.credit_memo_number} could not be read.")
        return {
            f"invoice:{one.invoice_id}": facts_of(self.invoices[one.invoice_id]),
            f"credit_memo:{one.credit_memo_id}": facts_of(self.memos[one.credit_memo_id]),
        }

    def without(self, one: CreditApplication) -> None:
        memo, invoice = self.memos[one.credit_memo_id], self.invoices[one.invoice_id]
        left = tuple(other for other in memo.applications if other.id != one.id)
        self.memos[one.credit_memo_id] = replace(memo, open_minor=memo.open_minor + one.amount_minor, applications=left)
        self.invoices[one.invoice_id] = replace(
            invoice, open_minor=invoice.open_minor + one.amount_minor, status=InvoiceStatus.OPEN
        )

    def line(self, line: LineEvidence) -> LineEvidence:
        return replace(line, invoice=self.invoices.get(line.invoice_id, line.invoice))


def _unapply_step(case: Case, one: CreditApplication, expected: _Expected, *, after: str | None) -> PlannedEffect:
    company, number = case.desk.company.id, case.stored.number
    key = effect_key(company, number, f"unapply/{one.id}", case.generation)
    return PlannedEffect(
        id=case.desk.ids.new(),
        company=company,
        transaction_number=number,
        part=1,
        generation=case.generation,
        key=key,
        marker=f"ru-{key[:16]}",
        write=UnapplyCredit(one.id, one.credit_memo_id, one.invoice_id, one.amount_minor),
        expects=expected.facts(one),
        attended=True,
        facts_read_at=case.evidence.taken_at,
        decision_id=case.decision.id,
        after_id=after,
    )


def _put_back_what_fits(
    case: Case, found: Sequence[CreditApplication], evidence: Evidence, receipt: PlannedEffect
) -> list[PlannedEffect]:
    """The part of each credit that the invoice still has room for beside the receipt."""
    room = {line.invoice_id: line.open_minor - line.amount_minor for line in evidence.lines}
    steps: list[PlannedEffect] = []
    for one in found:
        amount = min(one.amount_minor, room[one.invoice_id])
        if amount > 0:
            room[one.invoice_id] -= amount
            write = ApplyCredit(one.credit_memo_id, one.invoice_id, amount)
            after = steps[-1].id if steps else receipt.id
            what = f"reapply/{one.id}"
            steps.append(credit_effect(case.desk, receipt, write, what=what, at=evidence.taken_at, after_id=after))
    return steps


# --- recreate, keep on account ----------------------------------------------------------------------------------------


def _recreate(case: Case) -> Plan:
    """A new receipt on the successor of an invoice, or on what is there; what does not fit stays on account."""
    _no_receipt_of_ours(case)
    if case.diagnosis.primary.cause is Cause.UNIDENTIFIED and not case.evidence.isolated:
        raise CannotBeDone("Too many payments fail for this remedy; find the common cause first.")
    chosen = _successors(case)
    lines_now = [
        replace(line, invoice=chosen[line.line], invoice_id=chosen[line.line].id) if line.line in chosen else line
        for line in case.evidence.lines
    ]
    evidence = replace(case.evidence, lines=tuple(lines_now))
    fits = _what_fits(evidence)
    if chosen and sum(amount for _, amount in fits) < sum(line.amount_minor for line in evidence.lines):
        raise CannotBeDone("The invoice chosen as successor has less open than the payment allocates to it.")
    _may_be_posted(evidence)
    bindings = tuple((line, invoice.id, invoice.customer_id) for line, invoice in sorted(chosen.items()))
    return _receipt_plan(case, evidence, fits, bindings)


def _keep_on_account(case: Case) -> Plan:
    """Accepts what the live receipt left unapplied; without one, records a receipt and keeps what does not fit."""
    live = [part.receipt for part in case.evidence.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]
    if live:
        rest = sum(receipt.unapplied_minor for receipt in live)
        words = "the receipt stays as it is, its rest on the customer's account"
        return Plan(PaymentState.POSTED, Bucket.IN_FLIGHT, words, on_account_minor=rest)
    _no_receipt_of_ours(case)
    _may_be_posted(case.evidence)
    return _receipt_plan(case, case.evidence, _what_fits(case.evidence), ())


def _receipt_plan(
    case: Case, evidence: Evidence, fits: Sequence[tuple[str, int]], bindings: tuple[tuple[int, str, str], ...]
) -> Plan:
    rest = case.stored.payment.amount_minor - sum(amount for _, amount in fits)
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        "a receipt is posted" + (", its rest on the customer's account" if rest else ""),
        effects=tuple(_receipt_steps(case, evidence, fits, after=None)),
        bindings=bindings,
        superseded=_gone(case),
        on_account_minor=rest,
    )


def _receipt_steps(case: Case, evidence: Evidence, lines: Sequence[tuple[str, int]], *, after: str | None) -> list[PlannedEffect]:
    if evidence.customer is None:
        raise CannotBeDone("It is not certain which customer of the books this payment is of.")
    steps: list[PlannedEffect] = []
    for part in case.desk.books.parts(case.stored.payment, lines, case.desk.company, evidence.customer.id):
        steps.append(
            receipt_effect(
                case.desk,
                case.stored,
                part.number,
                part.write,
                case.generation,
                evidence,
                attended=True,
                decision_id=case.decision.id,
                after_id=steps[-1].id if steps else after,
            )
        )
    return steps


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
            one for one in line.successors if (asked in (one.id, one.number) if asked else one.id == proposed.get(line.line))
        ]
        if len(matching) > 1:
            matching = [one for one in matching if one.id == asked]
        if len(matching) == 1:
            chosen[line.line] = matching[0]
        elif finding:
            numbers = ", ".join(f"{one.number} (#{one.id})" for one in line.successors)
            raise CannotBeDone(f"Choose the successor of invoice {line.invoice_number}: {numbers}.")
    if asked and not chosen:
        raise CannotBeDone(f"{asked} is not an open invoice of the same customer and currency that could be the successor.")
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


def _may_be_posted(evidence: Evidence) -> None:
    """What no decision can overrule: a closed period, a customer the books do not take, a read that failed."""
    final = ("unread", "no_customer", "customer_changed", "customer_inactive", "period_closed", "currency_mismatch")
    for obstacle in judging.obstacles(evidence, ignore_receipts=True):
        if obstacle.code in final:
            raise CannotBeDone(f"Nothing was posted: {obstacle.text}.")


def _no_receipt_of_ours(case: Case) -> None:
    for part in case.evidence.posted:
        if isinstance(part.receipt, Receipt) and not part.receipt.voided:
            raise CannotBeDone(f"Receipt {part.receipt.number} of this payment is in the books; a second one would double it.")


def _gone(case: Case) -> tuple[StoredEffect, ...]:
    """Our own receipts that the books say are gone: their effects end superseded."""
    gone = {
        part.document_id
        for part in case.evidence.posted
        if part.receipt is not None and not (isinstance(part.receipt, Receipt) and not part.receipt.voided)
    }
    return tuple(
        one for one in case.chain if one.kind is EffectKind.RECEIPT and one.state is EffectState.DONE and one.document_id in gone
    )


# --- dismiss, apply the receipt ---------------------------------------------------------------------------------------


def proof_for(diagnosis: Diagnosis, evidence: Evidence, options: Mapping[str, Any]) -> tuple[ProofOf, ...]:
    """The receipts a dismissal would rest on: those named by the person, else those the diagnosis found."""
    receipts = {one.receipt.id: one for one in evidence.receipts}
    numbers = {one.receipt.number: one for one in evidence.receipts}
    if named := str(options.get("proof") or ""):
        one = receipts.get(named.removeprefix("#")) or numbers.get(named)
        if one is None:
            raise CannotBeDone(f"Receipt {named} is not one of this customer's receipts near the payment's day.")
        return (ProofOf(one.receipt.id, one.receipt.amount_minor, evidence.payment.amount_minor),)
    finding = next((one for one in (diagnosis.primary, *diagnosis.runners_up) if one.proof), None)
    if finding is None:
        return ()
    if any(receipt_id not in receipts for receipt_id, _ in finding.proof):
        raise CannotBeDone("The receipt that the card showed as proof is no longer in the books.")
    return tuple(ProofOf(one, receipts[one].receipt.amount_minor, amount) for one, amount in finding.proof)


def _dismiss(case: Case) -> Plan:
    """Stops syncing: nothing is written to the books; the proof ties the payment to the receipt that has its money."""
    proofs = proof_for(case.diagnosis, case.evidence, case.decision.options)
    if proofs and sum(one.amount_minor for one in proofs) != case.stored.payment.amount_minor:
        raise CannotBeDone("The receipts named as proof do not add up to the payment.")
    return Plan(
        PaymentState.DISMISSED,
        Bucket.DISMISSED,
        "dismissed" + (" with proof" if proofs else " without proof"),
        proofs=proofs,
        resolution="dismissed",
    )


def _apply_receipt(case: Case) -> Plan:
    """Lets the live receipt stand on the invoices it was meant for; never a second one."""
    live = [part for part in case.evidence.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]
    if len(live) != 1 or not isinstance(live[0].receipt, Receipt):
        raise CannotBeDone("There is no single receipt of this payment in the books to apply.")
    part, receipt = live[0], live[0].receipt
    if receipt.deposited:
        raise CannotBeDone(f"Receipt {receipt.number} is in a bank deposit; take it out of the deposit first.")
    wanted = [(line.invoice_id, line.amount_minor) for line in case.evidence.lines if line.invoice_id]
    for line in case.evidence.lines:
        if line.open_minor + receipt.applied_to(line.invoice_id) < line.amount_minor:
            raise CannotBeDone(f"Invoice {line.invoice_number} has too little open for the receipt to be applied to it.")
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
        write=ApplyReceipt(receipt.id, tuple(ReceiptLine(*one) for one in wanted)),
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
