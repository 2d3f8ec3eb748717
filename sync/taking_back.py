"""Plans for money that went back: the entry of a return, and a receipt of ours that is taken back. Decides; touches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import rules
from receivables.books_records import MoneyOutKind, Receipt
from receivables.diagnosis import Remedy
from receivables.effects import RecordReturn, VoidReceipt, facts_of
from receivables.payment import Bucket, PaymentState
from storage.effects import PlannedEffect
from sync import resting
from sync.cases import Case, Plan
from sync.money_back import RETURN_RECORDED

_WENT = {MoneyOutKind.RETURN: "returned", MoneyOutKind.REFUND: "refunded", MoneyOutKind.CHARGEBACK: "charged back"}


def record_return(case: Case) -> Plan:
    """An entry dated the day the money went back for each receipt of it; or the one that a person names, which is there."""
    found = rules.returns(case.evidence, case.decision.options)
    if found.named:
        return Plan(
            PaymentState.EXCLUDED,
            Bucket.EXCLUDED,
            f"recorded in the books as {found.named}",
            resolution="carried_out",
            excluded_by=RETURN_RECORDED,
        )
    day = case.desk.company.words.day(found.went_back_on) if found.went_back_on else ""
    went = case.stored.payment.status.value.replace("_", " ")
    memo = f"Payment {case.stored.number} was {went}{f' on {day}' if day else ''}"
    effects = [
        _effect(case, part, of.receipt, RecordReturn(of.receipt.id, of.out, of.amount_minor, of.on, memo, of.reopens))
        for part, of in enumerate(found.of, 1)
    ]
    return Plan(PaymentState.POSTING, Bucket.IN_FLIGHT, f"the {found.of[0].out} is recorded", effects=tuple(effects))


def record_beside(case: Case) -> Plan:
    """An entry for what went out beside the payment, which stays as it is; or the one that people name, which is there."""
    state, bucket = case.stored.state, case.stored.bucket
    if case.decision.remedy is Remedy.DISMISS:
        return Plan(state, bucket, "nothing more is recorded", resolution="dismissed")
    found = rules.returns(case.evidence, case.decision.options)
    if found.named:
        return Plan(state, bucket, f"recorded in the books as {found.named}", resolution="carried_out")
    out = found.of[0].out
    day = f" on {case.desk.company.words.day(found.went_back_on)}" if found.went_back_on else ""
    memo = f"A part of payment {case.stored.number} was {_WENT[out]}{day}"
    effects = [
        _effect(case, part, of.receipt, RecordReturn(of.receipt.id, of.out, of.amount_minor, of.on, memo, of.reopens))
        for part, of in enumerate(found.of, 1)
    ]
    return Plan(state, bucket, f"the {out} is recorded", effects=tuple(effects))


def void_receipt(case: Case) -> Plan:
    """Our receipts that no cash stands behind are voided, while those that stay are there; the payment is read back afterward."""
    receipts = rules.to_void(case.evidence, case.decision.options)
    staying = [receipt for receipt in rules.receipts_of(case.evidence) if receipt not in receipts]
    effects = tuple(_effect(case, part, receipt, VoidReceipt(receipt.id), staying) for part, receipt in enumerate(receipts, 1))
    return Plan(PaymentState.POSTING, Bucket.IN_FLIGHT, "our receipt is voided", effects=effects)


def _effect(
    case: Case, part: int, receipt: Receipt, write: RecordReturn | VoidReceipt, beside: Sequence[Receipt] = ()
) -> PlannedEffect:
    expects = {f"receipt:{found.id}": facts_of(found) for found in (receipt, *beside)}
    planned = case.effect(write, f"{write.kind}/{receipt.id}", expects, part=part)
    if isinstance(write, VoidReceipt):
        return planned
    return replace(planned, expects={**planned.expects, **resting.entries(receipt, case.evidence.money_out, planned.marker)})
