"""Un-applying credit memos and posting: a chain, each step resting on the facts that the one before will leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from receivables.books_records import CreditApplication, Invoice, InvoiceStatus
from receivables.diagnosis import Cause
from receivables.effects import (
    ApplyCredit,
    Facts,
    UnapplyCredit,
    effect_key,
    facts_of,
)
from receivables.evidence import Evidence, LineEvidence
from receivables.payment import Bucket, PaymentState
from storage.effects import PlannedEffect
from sync import judging
from sync.cases import CannotBeDone, Case, Plan, gone, receipt_steps
from sync.settling import credit_effect


def unapply(case: Case) -> Plan:
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
    receipts = receipt_steps(case, evidence, lines, after=steps[-1].id)
    back = _put_back_what_fits(case, found, evidence, receipts[-1]) if case.decision.options.get("reapply") else []
    numbers = ", ".join(sorted({one.credit_memo_number for one in found}))
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        f"credit memo {numbers} is taken off, then the receipt is posted",
        effects=(*steps, *receipts, *back),
        superseded=gone(case),
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
