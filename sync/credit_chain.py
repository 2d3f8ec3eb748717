"""Unapplying credit memos, voiding those of write-offs, and posting: a chain.

Each step rests on the facts that the one before will leave.
"""

from __future__ import annotations

from dataclasses import replace

import rules
from receivables.books_records import CreditApplication, Invoice, InvoiceStatus
from receivables.diagnosis import Remedy
from receivables.effects import (
    ApplyCredit,
    Facts,
    UnapplyCredit,
    VoidCredit,
    facts_of,
)
from receivables.errors import CannotBeDone
from receivables.payment import Bucket, PaymentState
from receivables.words import listed
from storage.effects import PlannedEffect
from sync.cases import Case, Plan, gone, receipt_steps
from sync.settling import credit_effect


def unapply(case: Case) -> Plan:
    """A chain: take the applications off, post the receipt, and put back what still fits unless the person said no."""
    then = rules.unapplied(case.diagnosis, case.evidence, case.decision.options)
    expected = _Expected(case)
    steps: list[PlannedEffect] = []
    for application in then.taken:
        steps.append(_unapply_step(case, application, expected, after=steps[-1].id if steps else None))
        expected.without(application)
    in_the_way = [found for found in rules.obstacles(then.evidence) if found.code is not rules.InTheWay.SHORT]
    if in_the_way:
        why = in_the_way[0].sentence(case.desk.company.words)
        raise CannotBeDone(f"Even with the credit memo unapplied, the payment would not fit. {why}")
    lines = [(part.invoice.id, part.amount_minor) for part in then.fits]
    receipts = receipt_steps(case, then.evidence, lines, after=steps[-1].id)
    numbers = listed(sorted({application.credit_memo_number for application in then.taken}))
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"credit memo {numbers} is unapplied, then the receipt is posted",
        effects=(*steps, *receipts, *_put_back(case, then, receipts[-1])),
        superseded=gone(case),
        on_account_minor=then.rest_minor,
    )


def reverse_write_off(case: Case) -> Plan:
    """A chain: take the write-offs off, void their credit memos, post the receipt. What is voided stays so."""
    then = rules.taken_off(Remedy.REVERSE_WRITE_OFF, case.diagnosis, case.evidence, case.decision.options)
    if case.evidence.unread:
        raise CannotBeDone("Not everything could be read in the books. Decide when they answer again.")
    expected = _Expected(case)
    steps: list[PlannedEffect] = []
    for application in then.taken:
        steps.append(_unapply_step(case, application, expected, after=steps[-1].id if steps else None))
        expected.without(application)
    for memo_id in dict.fromkeys(application.credit_memo_id for application in then.taken):
        facts = {f"credit_memo:{memo_id}": facts_of(expected.memos[memo_id])}
        steps.append(replace(case.effect(VoidCredit(memo_id), f"void/{memo_id}", facts), after_id=steps[-1].id))
    lines = [(part.invoice.id, part.amount_minor) for part in then.fits]
    numbers = listed(sorted({application.credit_memo_number for application in then.taken}))
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"credit memo {numbers} is unapplied and voided, then the receipt is posted",
        effects=(*steps, *receipt_steps(case, then.evidence, lines, after=steps[-1].id)),
        superseded=gone(case),
        on_account_minor=then.rest_minor,
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


def _unapply_step(case: Case, applied: CreditApplication, expected: _Expected, *, after: str | None) -> PlannedEffect:
    write = UnapplyCredit(applied.id, applied.credit_memo_id, applied.invoice_id, applied.amount_minor)
    return replace(case.effect(write, f"unapply/{applied.id}", expected.facts(applied)), after_id=after)


def _put_back(case: Case, then: rules.Unapplied, receipt: PlannedEffect) -> list[PlannedEffect]:
    """What of each credit is reapplied, after the receipt has landed."""
    steps: list[PlannedEffect] = []
    for application, amount_minor in then.again:
        write = ApplyCredit(application.credit_memo_id, application.invoice_id, amount_minor)
        after = steps[-1].id if steps else receipt.id
        back = credit_effect(case.desk.ids, receipt, write, what=f"reapply/{application.id}", at=case.evidence.taken_at)
        steps.append(replace(back, after_id=after))
    return steps
