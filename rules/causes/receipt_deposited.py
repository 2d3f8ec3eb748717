"""Our receipt should be changed, but it is locked in a bank deposit or in a closed period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.refusal import Refusal
from receivables.words import Words, capitalized
from rules import observations, ours, phrases
from rules.cause_file import CauseFile
from rules.causes.accepted_unapplied import ALL_POSTED, unapplied
from rules.fact_kinds import closed
from rules.kinds import kind
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(
    Cause.RECEIPT_DEPOSITED,
    when=(a("part", swallowed=True, frozen=True), a("payment", unapplied_fits=True)),
    whole=ALL_POSTED,
)
def receipt_deposited(reading: Reading, matched: Matched) -> Finding:
    """Our receipt should be applied to its invoices, but it is locked: in a bank deposit, or in a closed period.

    Shows as: our receipt is unapplied, and its invoices could take it now.
    Happens when: somebody deposited it, or closed the period of its date, before it was applied.
    Remedy: leave the deposit as it is and apply the receipt to its invoice in the books; the next sync reads it. Or keep it on
    account. A deposit that was reconciled with the bank is never opened for this.
    Prevention: deposit receipts after they are verified.
    Not to be confused with: a locked receipt whose invoices cannot take it anyway; keeping that on account needs no change.
    """
    because = (*unapplied(reading), *by_hand(reading))
    return matched.finding(Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT, because=because)


@rule(Cause.RECEIPT_DEPOSITED, when=(a("payment", refusal=Refusal.RECEIPT_DEPOSITED),), certain=None)
def receipt_deposited_refused(reading: Reading, matched: Matched) -> Finding:
    """The books refused a change because the receipt is in a bank deposit.

    Shows as: a refusal that says so.
    Happens when: a receipt was deposited, or reconciled with the bank, before it was changed.
    Remedy: leave the deposit as it is. Apply the receipt in the books where that is what was wanted; the next sync reads it.
    Prevention: deposit receipts after they are verified.
    Not to be confused with: a refusal because the period is closed.
    """
    otherwise = (Remedy.KEEP_ON_ACCOUNT,) if reading.marked else (Remedy.DISMISS, Remedy.ESCALATE)
    because = (*observations.refusal(reading), *ours.receipts(reading), *by_hand(reading))
    return matched.finding(Remedy.RETRY, *otherwise, because=because)


@kind
def applied_by_hand(fact: Fact, words: Words, *, how: str) -> str:
    return f"an unapplied receipt is applied in the books under {how}."


def by_hand(reading: Reading) -> tuple[Fact, ...]:
    """Where in the package somebody applies a receipt that we may not change."""
    how = reading.evidence.apply_by_hand
    return (applied_by_hand(how=how),) if how else ()


def in_the_books(finding: Finding) -> str:
    """What to do with a receipt that we may not change, in a sentence."""
    how = "".join(f" ({fact.text('how')})" for fact in finding.facts("applied_by_hand"))
    return f"Apply the receipt to its invoice in the books{how}; the next sync picks it up."


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "receipt_deposited_refused":
        return "A receipt that is in a bank deposit cannot be changed."
    locked = _locked(finding)
    if locked[0].fact == "receipt_deposited":
        state = "is in a bank deposit"
    else:
        state = f"is dated in a closed period ({closed(date.fromisoformat(locked[0].text('through')), words)})"
    return f"Our {phrases.documents(locked)} is unapplied and should be applied, but {state}."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    leave = "" if [fact for fact in _locked(finding)[:1] if fact.fact == "receipt_closed"] else "Leave the deposit as it is. "
    return f"{leave}{in_the_books(finding)}"


def why(diagnosis: Diagnosis, words: Words) -> str:
    locked = _locked(diagnosis.primary)
    closed_month = bool(locked) and locked[0].fact == "receipt_closed"
    receipts = capitalized(phrases.documents(locked)) or "Receipt"
    return f"{receipts} unapplied, in a {'closed period' if closed_month else 'bank deposit'}"


def _locked(finding: Finding) -> Sequence[Fact]:
    """The receipts that may not be changed."""
    return finding.facts("receipt_deposited", "receipt_closed")


CAUSE = CauseFile(
    Cause.RECEIPT_DEPOSITED,
    title="Receipt is in a bank deposit",
    rules=(receipt_deposited, receipt_deposited_refused),
    sentence=sentence,
    to_do=to_do,
    why=why,
    recorded=True,
)
