"""The books hold one payment more than once."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.effects import EffectKind
from receivables.words import Words, capitalized, listed
from rules import fact_kinds, naming, observations, ours, phrases
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import other_money
from rules.voiding import second_payments, voidable


@rule(Cause.RECEIPT_DOUBLED, when=(a("payment", doubled=True),))
def receipt_doubled(reading: Reading, matched: Matched) -> Finding:
    """The books hold this payment more than once.

    Shows as: two or more living receipts with our mark for one payment, or more money in them than was paid.
    Happens when: a receipt was copied by hand with our mark in it, or a write was carried out twice.
    Remedy: void the second one, where no deposit and no closed month holds it: two people. The one that is deposited stays.
    Two that are deposited are two payments: say of the second one that it is other money, with its own cash reference.
    Otherwise a person removes one in the books, or dismisses. Nothing is ever posted again by itself.
    Prevention: do not copy receipts in the books; a copy takes our mark with it.
    Not to be confused with: a payment that needs several receipts in its books, one for each part.
    """
    because = ours.receipts(reading)
    if EffectKind.VOID_RECEIPT in reading.evidence.able and voidable(reading):
        return matched.finding(Remedy.VOID_RECEIPT, Remedy.ESCALATE, Remedy.DISMISS, because=because)
    if second_payments(reading) and not reading.evidence.unread:
        return matched.finding(Remedy.NOT_DUPLICATE, Remedy.ESCALATE, Remedy.DISMISS, because=because)
    return matched.finding(Remedy.ESCALATE, Remedy.DISMISS, because=(*because, *_closed(reading)))


def _closed(reading: Reading) -> list[Fact]:
    """The receipts that a closed month holds, so that nobody removes one before it is open again."""
    through = reading.evidence.settings.closed_through
    if through is None:
        return []
    held = [found for found in reading.marked if found.received_on <= through]
    return [fact_kinds.receipt_closed(naming.receipt(found), through=through) for found in held]


@rule(Cause.RECEIPT_DOUBLED, when=(a("payment", repeated=True),), certain=None)
def receipt_entered_again(reading: Reading, matched: Matched) -> Finding:
    """Somebody entered this payment in the books by hand although our receipt is there.

    Shows as: beside our receipt, one without our mark names the payment's transaction number, on whatever customer or
    invoice.
    Happens when: somebody entered the payment after the sync had posted it. Always only likely: the receipt may be other
    money.
    Remedy: escalate; a person removes one of the two in the books, or corrects the number on it. The payment is right again
    by itself after that. Where a short number is all that ties them, two people may say that the receipt is other money.
    Prevention: let the sync post portal payments, so that nobody enters them as well.
    Not to be confused with: a receipt of the same amount that does not name the payment; the proof lists it for review.
    """
    again = [observations.hand_receipt(found) for found in reading.repeated]
    other = other_money(reading, reading.repeated)
    return matched.finding(Remedy.ESCALATE, *other, because=[*again, *ours.receipts(reading)])


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    receipts = diagnosis.primary.facts("receipt_ours")
    if diagnosis.primary.rule == receipt_entered_again.name:
        again = diagnosis.primary.facts("receipt_by_hand")
        named = capitalized(listed([phrases.hand_receipt(fact, words) for fact in again[: phrases.NAMED_AT_MOST]]))
        name = "names" if len(again) == 1 else "name"
        return (
            f"{named} {name} this payment of {phrases.amount(diagnosis, words)}, which {phrases.documents(receipts)} records "
            "already."
        )
    return (
        f"This payment of {phrases.amount(diagnosis, words)} is recorded more than once: {phrases.documents(receipts)}, "
        f"{phrases.total(receipts, 'amount', words)} in total."
    )


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    receipts = diagnosis.primary.facts("receipt_ours")
    if diagnosis.primary.rule == receipt_entered_again.name:
        return "If it is the same money, void one of them."
    if diagnosis.primary.remedy is Remedy.NOT_DUPLICATE:
        return "They are in bank deposits, so the bank has the money twice: say which money the second one is."
    if diagnosis.primary.remedy is Remedy.VOID_RECEIPT and (kept := [fact for fact in receipts if fact.value("deposited")]):
        return f"{capitalized(phrases.documents(kept))} is in a bank deposit and stays; the other one is voided."
    if diagnosis.primary.facts("receipt_closed"):
        return "They are in a closed period: one of them can be voided once the controller reopens it."
    return "Void one of them in the books. Dismiss syncing voids none."


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"Recorded twice: {phrases.documents(diagnosis.primary.facts('receipt_ours', 'receipt_by_hand'))}"


CAUSE = CauseFile(
    Cause.RECEIPT_DOUBLED,
    title="Receipt recorded twice",
    rules=(receipt_doubled, receipt_entered_again),
    sentence=sentence,
    to_do=to_do,
    why=why,
    recorded=True,
)
