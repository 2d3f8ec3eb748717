"""Unapplying credit memos and posting: a chain, each step resting on the facts that the one before will leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import rules
from receivables.books_records import CreditApplication, Invoice, InvoiceStatus
from receivables.diagnosis import Cause
from receivables.effects import (
    ApplyCredit,
    Facts,
    UnapplyCredit,
    effect_key,
    facts_of,
)
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence, LineEvidence
from receivables.payment import Bucket, PaymentState
from receivables.words import listed
from storage.effects import PlannedEffect
from sync.cases import Case, Plan, gone, receipt_steps
from sync.settling import credit_effect


def unapply(case: Case) -> Plan:
    """A chain: take the applications off, post the receipt, and where chosen put back what still fits."""
    finding = case.finding(Cause.CREDIT_MEMO_APPLIED)
    wanted = set(finding.applications) if finding else set()
    found = [application for line in case.evidence.lines for application in line.credits if application.id in wanted]
    if not found or {application.id for application in found} != wanted:
        raise CannotBeDone("The credit memo is no longer applied as the card said.")
    expected = _Expected(case)
    steps: list[PlannedEffect] = []
    for application in found:
        steps.append(_unapply_step(case, application, expected, after=steps[-1].id if steps else None))
        expected.without(application)
    evidence = replace(case.evidence, lines=tuple(expected.line(line) for line in case.evidence.lines))
    in_the_way = rules.obstacles(evidence)
    if in_the_way:
        why = in_the_way[0].sentence(case.desk.company.words)
        raise CannotBeDone(f"Even with the credit memo unapplied, the payment would not fit. {why}")
    lines = [(line.invoice_id, line.amount_minor) for line in evidence.lines]
    receipts = receipt_steps(case, evidence, lines, after=steps[-1].id)
    back = _put_back_what_fits(case, found, evidence, receipts[-1]) if case.decision.options.get("reapply") else []
    numbers = listed(sorted({application.credit_memo_number for application in found}))
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"credit memo {numbers} is unapplied, then the receipt is posted",
        effects=(*steps, *receipts, *back),
        superseded=gone(case),
        on_account_minor=case.stored.payment.on_account_minor,
    )


class _Expected:
    """The facts of invoices and credit memos as each step of a chain will leave them."""

    def __init__(self, case: Case) -> None:
        self.invoices = {line.invoice_id: line.invoice for line in case.evidence.lines if isinstance(line.invoice, Invoice)}
        self.memos = dict(case.memos)

    def facts(self, applied: CreditApplication) -> dict[str, Facts]:
        if applied.credit_memo_id not in self.memos or applied.invoice_id not in self.invoices:
            raise CannotBeDone(f"Credit memo {applied.credit_memo_number} could not be read.")
        return {
            f"invoice:{applied.invoice_id}": facts_of(self.invoices[applied.invoice_id]),
            f"credit_memo:{applied.credit_memo_id}": facts_of(self.memos[applied.credit_memo_id]),
        }

    def without(self, applied: CreditApplication) -> None:
        memo, invoice, amount = self.memos[applied.credit_memo_id], self.invoices[applied.invoice_id], applied.amount_minor
        left = tuple(other for other in memo.applications if other.id != applied.id)
        self.memos[applied.credit_memo_id] = replace(memo, open_minor=memo.open_minor + amount, applications=left)
        now_open = replace(invoice, open_minor=invoice.open_minor + amount, status=InvoiceStatus.OPEN)
        self.invoices[applied.invoice_id] = now_open

    def line(self, line: LineEvidence) -> LineEvidence:
        return replace(line, invoice=self.invoices.get(line.invoice_id, line.invoice))


def _unapply_step(case: Case, applied: CreditApplication, expected: _Expected, *, after: str | None) -> PlannedEffect:
    company, number = case.desk.company.id, case.stored.number
    key = effect_key(company, number, f"unapply/{applied.id}", case.generation)
    return PlannedEffect(
        id=case.desk.ids.new(),
        company=company,
        transaction_number=number,
        part=1,
        generation=case.generation,
        key=key,
        marker=f"ru-{key[:16]}",
        write=UnapplyCredit(applied.id, applied.credit_memo_id, applied.invoice_id, applied.amount_minor),
        expects=expected.facts(applied),
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
    for application in found:
        amount = min(application.amount_minor, room[application.invoice_id])
        if amount > 0:
            room[application.invoice_id] -= amount
            write = ApplyCredit(application.credit_memo_id, application.invoice_id, amount)
            after = steps[-1].id if steps else receipt.id
            back = credit_effect(case.desk.ids, receipt, write, what=f"reapply/{application.id}", at=evidence.taken_at)
            steps.append(replace(back, after_id=after))
    return steps
