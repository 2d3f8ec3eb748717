"""A payment of a closed month is posted on the first open day, with its true date in the memo. Decides; touches nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from receivables.effects import ReceiptWrite
from storage.effects import PlannedEffect
from sync.cases import Case, Plan


def opened(case: Case) -> Case:
    """The same as if the payment's day were open: nothing else that is in the way is set aside."""
    return replace(case, evidence=replace(case.evidence, received_on_closed=False))


def on_day(plan: Plan, day: date, case: Case) -> Plan:
    """The same plan with its receipts dated that day."""
    words = case.desk.company.words
    paid = words.day(case.stored.payment.paid_at)
    effects = tuple(_dated(effect, day, f"paid {paid}, which is in a closed period") for effect in plan.effects)
    return replace(plan, effects=effects, words=f"{plan.words}, dated {words.day(day)}")


def _dated(effect: PlannedEffect, day: date, why: str) -> PlannedEffect:
    if not isinstance(effect.write, ReceiptWrite):
        return effect
    return replace(effect, write=replace(effect.write, received_on=day, memo=f"{effect.write.memo}, {why}"))
