"""What carrying out a remedy means: which writes, which bindings, which proof. Decides; touches nothing.

Every plan rests on the facts the person saw: each effect carries the facts it expects of the documents it changes or
rests on, and a chain carries those that the step before it will leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import rules
from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.diagnosis import Cause, Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.payment import Bucket, PaymentState
from receivables.twins import Settled
from sync import matching, open_day, our_receipts, taking_back
from sync.cases import Case, Plan, gone, receipt_steps
from sync.credit_chain import reverse_write_off, unapply

DISPUTED_AT_MOST = timedelta(days=90)  # a dispute of which nobody told the end by then is looked at again


def plan(case: Case) -> Plan:
    """The plan of a decision. Raises CannotBeDone when the remedy does not fit the evidence."""
    if case.stored.bucket is Bucket.UNKNOWN:
        raise CannotBeDone("It is not known yet whether this payment is in the books. We keep checking the books.")
    if case.stored.state is not PaymentState.FAILED:
        raise CannotBeDone(f"This payment is {case.stored.state}. What was decided before is carried out first.")
    return _PLANS[case.decision.remedy](case)


def _retry(case: Case) -> Plan:
    """Read back where all of it is in the books with our mark, the rest sent where they refused that, else checked again.

    What the feed said before is over then.
    """
    confirmed = case.evidence.told_before is not None
    if confirmed and case.evidence.living_receipts:
        return Plan(PaymentState.POSTED, Bucket.IN_FLIGHT, "the receipt in the books is checked", confirmed=True)
    return our_receipts.read_again(case) or our_receipts.rest(case) or Plan(
        PaymentState.RECEIVED, Bucket.TO_DO, "checked again, and posted when it fits", resolution="retried",
        bindings=_followed(case), superseded=gone(case), confirmed=confirmed)  # fmt: skip


def _no_correction(case: Case) -> Plan:
    raise CannotBeDone(f"The feed has brought no correction of payment {case.stored.number}.")


def _noted(case: Case) -> Plan:
    return Plan(case.stored.state, case.stored.bucket, "noted; nothing was changed")


def _wait(case: Case) -> Plan:
    """While a dispute is open the receipt stays, and the card is set aside until the feed says how it ended."""
    if case.diagnosis.primary.cause is not Cause.PAYMENT_CHARGED_BACK:
        return _noted(case)
    until = case.desk.clock.now() + DISPUTED_AT_MOST
    return replace(_noted(case), words="the receipt stays until the dispute is decided", aside_until=until)


def _followed(case: Case) -> tuple[tuple[int, str, str], ...]:
    """Where the books merged the customer into another, its invoices went there, and a person's retry follows them: those
    that were deleted or voided meanwhile too, so that what took their place is looked for at the customer that remains."""
    remaining = case.evidence.merged_into
    if remaining is None:
        return ()
    return tuple(
        (line.line, line.invoice_id, remaining.id)
        for line in case.evidence.lines
        if isinstance(line.invoice, Gone)
        or (
            isinstance(line.invoice, Invoice)
            and (line.invoice.customer_id == remaining.id or line.invoice.status is InvoiceStatus.VOIDED)
        )
    )


# --- recreate, keep on account ------------------------------------------------------------------------------------------


def _recreate(case: Case) -> Plan:
    """A new receipt on the successor of an invoice, or on what is there; what does not fit stays on account."""
    _no_receipt_of_ours(case)
    if case.diagnosis.primary.cause is Cause.UNIDENTIFIED and not case.evidence.isolated:
        raise CannotBeDone("Too many payments are failing for this remedy. Find the common cause first.")
    chosen = rules.successors(case.diagnosis, case.evidence, case.decision.options)
    lines_now = [
        replace(line, invoice=chosen[line.line], invoice_id=chosen[line.line].id) if line.line in chosen else line
        for line in case.evidence.lines
    ]
    evidence = replace(case.evidence, lines=tuple(lines_now))
    fits = rules.what_fits(evidence)
    _may_be_posted(case, evidence)
    bindings = tuple((line, invoice.id, invoice.customer_id) for line, invoice in sorted(chosen.items()))
    return _receipt_plan(case, evidence, fits, bindings)


def _keep_on_account(case: Case) -> Plan:
    """Accepts the living receipt as it is applied; without one, records a receipt and keeps what does not fit."""
    if case.evidence.living_receipts:
        return our_receipts.accepted(case)
    _no_receipt_of_ours(case)
    _may_be_posted(case, case.evidence)
    return _receipt_plan(case, case.evidence, rules.applied_to(case.evidence, case.decision.options))


def _post_on_open_day(case: Case) -> Plan:
    """The same as recreating the receipt, dated the first open day: the closed month is not touched."""
    day = rules.first_open_day(case.evidence)
    if day is None:
        raise CannotBeDone("The payment's own day is open by now, so it is posted on that. Retry instead.")
    return open_day.on_day(_recreate(open_day.opened(case)), day, case)


def _receipt_plan(
    case: Case, evidence: Evidence, fits: Sequence[rules.Taken], bindings: tuple[tuple[int, str, str], ...] = ()
) -> Plan:
    rest = case.stored.payment.amount_minor - rules.total_of(fits)
    if rest and evidence.takes_no_rest is not None:
        raise CannotBeDone(
            "The deposit account takes no money on account. Name a bank account for it in deposit_accounts, then retry."
        )
    lines = [(part.invoice.id, part.amount_minor) for part in fits]
    return Plan(
        PaymentState.POSTING,
        Bucket.IN_FLIGHT,
        "a receipt is posted" + (", with the rest on the customer's account" if rest else ""),
        effects=tuple(receipt_steps(case, evidence, lines, after=None)),
        bindings=bindings,
        superseded=gone(case),
        on_account_minor=rest,
    )


def _may_be_posted(case: Case, evidence: Evidence) -> None:
    """What no decision can overrule: a closed period, a customer the books do not take, a read that failed."""
    for obstacle in rules.obstacles(evidence):
        if obstacle.code in rules.NOBODY_DECIDES:
            raise CannotBeDone(f"Nothing was posted. {obstacle.sentence(case.desk.company.words)}")


def _no_receipt_of_ours(case: Case) -> None:
    if live := case.evidence.living_receipts:
        raise CannotBeDone(f"Receipt {live[0].number} of this payment is in the books. A second one would record it twice.")


# --- dismiss, not a duplicate -----------------------------------------------------------------------------------------


def _dismiss(case: Case) -> Plan:
    """Stops syncing: the proof ties the payment to the receipts that have its money, or to the payment that it is again.

    Nothing is written to the books, unless the person wants a receipt of the proof applied: the dismissal does not wait for it.
    """
    proof = rules.proof_of(case.diagnosis, case.evidence, case.decision.options)
    applied = rules.asked_to_apply(case.evidence, proof, case.decision.options)
    words = (
        f"dismissed: it is payment {proof.twin} again"
        if proof.twin
        else f"dismissed {'with' if proof.given else 'without'} proof"
    )
    return Plan(
        PaymentState.DISMISSED,
        Bucket.DISMISSED,
        words,
        effects=tuple(
            our_receipts.apply_step(case, part, proven.receipt, proven.lines, "proof") for part, proven in enumerate(applied, 1)
        ),
        proofs=proof.receipts,
        twin=(Settled.DISMISSED, proof.twin) if proof.twin else None,
        resolution="dismissed",
    )


def _not_duplicate(case: Case) -> Plan:
    """It is other money than the receipt named, or than the payment that came before: ours is recorded beside it."""
    words = "not a duplicate; it is checked again and posted if nothing else is in the way"
    again = Plan(PaymentState.RECEIVED, Bucket.TO_DO, words, resolution="retried")
    if rules.is_about_twin(case.evidence, case.decision.options):
        return replace(again, twin=(Settled.NOT_DUPLICATE, ""))
    said = rules.other_money(case.evidence, case.decision.options)
    other = (said.receipt, rules.cash_reference(case.evidence, case.decision.options))
    if rules.read(case.evidence).marked:
        return Plan(PaymentState.POSTED, Bucket.IN_FLIGHT, "not a duplicate; our receipt stays as it is", other_money=other)
    if said.recorded is None:
        return replace(again, other_money=other)
    _no_receipt_of_ours(case)
    return replace(_receipt_plan(case, said.evidence, said.recorded), other_money=other)


_PLANS: Mapping[Remedy, Callable[[Case], Plan]] = {
    Remedy.UNAPPLY_CREDIT_MEMO: unapply,
    Remedy.REVERSE_WRITE_OFF: reverse_write_off,
    Remedy.RECREATE_RECEIPT: _recreate,
    Remedy.DISMISS: _dismiss,
    Remedy.NOT_DUPLICATE: _not_duplicate,
    Remedy.MATCH: matching.plan,
    Remedy.RECORD_RETURN: taking_back.record_return,
    Remedy.VOID_RECEIPT: taking_back.void_receipt,
    Remedy.APPLY_RECEIPT: our_receipts.applied,
    Remedy.KEEP_ON_ACCOUNT: _keep_on_account,
    Remedy.POST_ON_OPEN_DAY: _post_on_open_day,
    Remedy.RETRY: _retry,
    Remedy.ACCEPT_CORRECTION: _no_correction,
    Remedy.WAIT: _wait,
    Remedy.RECONNECT: _noted,
    Remedy.ESCALATE: _noted,
}
