"""Our receipt should be changed, but it is locked in a bank deposit or in a closed period."""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.refusal import Refusal
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.causes.accepted_unapplied import ALL_POSTED, unapplied
from rules.fact_kinds import closed
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
    Remedy: the controller takes it out of the deposit or reopens the period, then retry; or it stays on account.
    Prevention: deposit receipts after they are verified, or undo the deposit before correcting them.
    Not to be confused with: a locked receipt whose invoices cannot take it anyway; keeping that on account needs no change.
    """
    return matched.finding(Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT, because=unapplied(reading))


@rule(Cause.RECEIPT_DEPOSITED, when=(a("payment", refusal=Refusal.RECEIPT_DEPOSITED),), certain=None)
def receipt_deposited_refused(reading: Reading, matched: Matched) -> Finding:
    """The books refused a change because the receipt is in a bank deposit.

    Shows as: a refusal that says so.
    Happens when: a receipt was deposited, or reconciled with the bank, before it was changed.
    Remedy: the controller takes it out of the deposit, then retry.
    Prevention: deposit receipts after they are verified.
    Not to be confused with: a refusal because the period is closed.
    """
    otherwise = (Remedy.KEEP_ON_ACCOUNT,) if reading.marked else (Remedy.DISMISS, Remedy.ESCALATE)
    because = (*observations.refusal(reading), *observations.our_receipts(reading))
    return matched.finding(Remedy.RETRY, *otherwise, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "receipt_deposited_refused":
        return "The books refused to change a receipt that is in a bank deposit. Take it out of the deposit, then retry."
    locked = finding.facts("receipt_deposited", "receipt_closed")
    if locked[0].fact == "receipt_deposited":
        state, way_out = "is in a bank deposit", "Take it out of the deposit"
    else:
        through = closed(date.fromisoformat(locked[0].text("through")), words)
        state, way_out = f"is dated in a closed period ({through})", "Reopen the period"
    return f"Our {phrases.documents(locked)} is unapplied and should be applied, but {state}. {way_out} in the books, then retry."


CAUSE = CauseFile(
    Cause.RECEIPT_DEPOSITED,
    title="Receipt is in a bank deposit",
    rules=(receipt_deposited, receipt_deposited_refused),
    sentence=sentence,
    recorded=True,
)
