"""The books took our receipt and left it unapplied."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words, capitalized, listed
from rules import naming, observations, ours, phrases
from rules.cause_file import CauseFile
from rules.kinds import kind
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule

#: Our receipts must add up to the payment, or a remedy for one of them leaves the rest unposted.
ALL_POSTED = (a("payment", complete=True),)


@kind
def receipt_locked(fact: Fact, words: Words) -> str:
    return f"{fact.document} is in a bank deposit or a closed period and may not be changed."


@rule(Cause.ACCEPTED_UNAPPLIED, when=(a("part", swallowed=True),), whole=ALL_POSTED)
def accepted_unapplied(reading: Reading, matched: Matched) -> Finding:
    """The books took our receipt but left it unapplied instead of applying it to its invoices.

    Shows as: a receipt of ours with more unapplied than was meant; the invoices stay open.
    Happens when: less was open than the payment needs, and these books do not refuse then.
    Remedy: apply the receipt where its invoices can take it now, else keep it on account. Never a second receipt.
    Prevention: turn off the automatic application of credits, and post soon after the customer paid.
    Not to be confused with: a receipt that was applied, verified, and changed afterwards (receipt_changed).
    """
    swallowed = [part for part in reading.parts if part.swallowed]
    locked = [naming.receipt(part.live) for part in swallowed if part.frozen and part.live is not None]
    because = unapplied(reading)
    if not all(part.fits for part in swallowed):
        otherwise = () if locked else (Remedy.APPLY_RECEIPT,)
        return matched.finding(Remedy.KEEP_ON_ACCOUNT, *otherwise, because=because)
    blocked = receipt_locked(listed(locked)) if locked else None
    return matched.finding(Remedy.APPLY_RECEIPT, Remedy.KEEP_ON_ACCOUNT, because=because, blocked=blocked)


def unapplied(reading: Reading) -> tuple[Fact, ...]:
    """The receipts that are unapplied, and their invoices with the credits that may have been the reason."""
    swallowed = [part for part in reading.parts if part.swallowed]
    meant = {invoice_id for part in swallowed for invoice_id, _ in part.source.lines}
    facts = [fact for part in swallowed for fact in ours.part(reading, part)]
    for line in reading.lines:
        if line.invoice_key in meant:
            facts += observations.line(reading, line)
    return tuple(facts)


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"{capitalized(phrases.documents(diagnosis.primary.facts('receipt_unapplied')))} not fully applied"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    receipts = finding.facts("receipt_unapplied")
    now = "which can take it now" if finding.remedy is Remedy.APPLY_RECEIPT else "which cannot take all of it"
    were = "was" if len(receipts) == 1 else "were"
    credit = phrases.total(receipts, "unapplied", words)
    left = f"{credit} left unapplied instead of applied to the invoices"
    return f"Our {phrases.documents(receipts)} {were} recorded with {left}, {now}."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    return "On the cash basis, income moves to the day it is applied."


CAUSE = CauseFile(
    Cause.ACCEPTED_UNAPPLIED,
    title="Receipt not fully applied",
    rules=(accepted_unapplied,),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
