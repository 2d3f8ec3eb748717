"""Plans for money that went back: the entry of a return, and a receipt of ours that is taken back. Decides; touches nothing."""

from __future__ import annotations

import rules
from receivables.books_records import Receipt
from receivables.effects import RecordReturn, VoidReceipt, facts_of
from receivables.payment import Bucket, PaymentState
from storage.effects import PlannedEffect
from sync.cases import Case, Plan
from sync.money_back import RETURN_RECORDED


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


def void_receipt(case: Case) -> Plan:
    """Our receipts that no cash stands behind are voided; the payment is read back afterward."""
    receipts = rules.to_void(case.evidence, case.decision.options)
    effects = tuple(_effect(case, part, receipt, VoidReceipt(receipt.id)) for part, receipt in enumerate(receipts, 1))
    return Plan(PaymentState.POSTING, Bucket.IN_FLIGHT, "our receipt is voided", effects=effects)


def _effect(case: Case, part: int, receipt: Receipt, write: RecordReturn | VoidReceipt) -> PlannedEffect:
    return case.effect(write, f"{write.kind}/{receipt.id}", {f"receipt:{receipt.id}": facts_of(receipt)}, part=part)
