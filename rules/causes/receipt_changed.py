"""Our receipt was in the books as it should be, and somebody changed it."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words, capitalized
from rules import observations, ours, phrases
from rules.cause_file import CauseFile
from rules.causes import receipt_deposited
from rules.mergers import only_moved
from rules.patterns import a, no
from rules.reading import Reading
from rules.rule import Matched, rule

#: What of a receipt may be otherwise than meant, by the facts that say so.
CHANGES = (
    "receipt_changed",
    "receipt_of_other_customer",
    "receipt_redated",
    "receipt_in_other_account",
    "receipt_at_other_rate",
    "receipt_paid_out",
)
OFF = ("receipt_taken_off", "receipt_moved", "receipt_unapplied")


@rule(Cause.RECEIPT_CHANGED, when=(a("part", changed=True, off=False),))
def receipt_changed(reading: Reading, matched: Matched) -> Finding:
    """Somebody changed the amount, customer, date, deposit account or exchange rate of our receipt, or paid it out again.

    Shows as: reading it back, or the nightly proof, finds another one of these than was posted.
    Happens when: the receipt is in the books and differs now; or the books took another exchange rate than it was given; or
    an entry of a return or a refund took it although the feed has the money.
    Remedy: change it back in the books, then retry: the receipt is read again. Where the change is right, two people dismiss.
    Where the customer was merged into another, and the books do not tell, our receipt itself is the proof; what is unapplied of
    it may be applied with the dismissal.
    Prevention: leave receipts with our mark as they are; to correct one, let two people decide here.
    Not to be confused with: an unapplied credit that was applied to another invoice of the customer, which is expected.
    """
    changed = [fact for place in matched.places("part") for fact in ours.part(reading, reading.parts[place])]
    if moved := only_moved(reading):
        proof = tuple((receipt.id, receipt.amount_minor) for receipt in moved)
        return matched.finding(Remedy.DISMISS, Remedy.RETRY, Remedy.ESCALATE, because=changed, proof=proof)
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, Remedy.ESCALATE, because=changed)


@rule(Cause.RECEIPT_CHANGED, when=(a("part", changed=True, off=True), no("part", changed=True, off=False)))
def receipt_off_its_invoices(reading: Reading, matched: Matched) -> Finding:
    """Somebody took our receipt off its invoice, or applied it to another one.

    Shows as: the receipt is in the books for its amount, and the invoice that the customer paid is open again.
    Happens when: more of it is unapplied, or applied to other invoices, than was meant to stay on account.
    Remedy: apply it to its invoices again where they can take it; where the change is right, accept it as it is applied now. A
    receipt in a deposit or in a closed period is applied in the books; the next sync reads it.
    Prevention: ask before moving a receipt with our mark: the invoice that the customer paid is dunned.
    Not to be confused with: money on account that is applied to an invoice later, or a receipt that was unapplied from the
    beginning (accepted_unapplied).
    """
    off = [reading.parts[place] for place in matched.places("part")]
    because = [fact for part in off for fact in ours.part(reading, part)]
    frozen = any(part.frozen for part in off)
    because += receipt_deposited.by_hand(reading) if frozen else ()
    for line in reading.lines:
        because += observations.line(reading, line)
    otherwise = (Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS, Remedy.ESCALATE)
    if not all(part.fits for part in off):
        return matched.finding(*otherwise, because=because)
    back = Remedy.RETRY if frozen else Remedy.APPLY_RECEIPT
    return matched.finding(back, *otherwise, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    told = phrases.told(finding.facts(*CHANGES, *OFF), words)
    if finding.rule == "receipt_off_its_invoices" and finding.remedy is Remedy.RETRY:
        return f"{told} It is in a bank deposit or a closed period."
    if finding.rule == "receipt_changed" and finding.remedy is not Remedy.RETRY:
        return f"{told} Customer {phrases.customer(diagnosis)} is inactive."
    return told


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "receipt_off_its_invoices" and finding.remedy is Remedy.RETRY:
        return receipt_deposited.in_the_books(finding)
    if finding.facts("customer_inactive"):
        return f"Make customer {phrases.customer(diagnosis)} active in the books before it is applied again."
    if finding.rule == "receipt_changed" and finding.remedy is Remedy.RETRY:
        return "Change it back in the books, then check again; if the change is right, two people dismiss."
    if finding.rule == "receipt_changed":
        return (
            "If it was merged into that one, two people dismiss with our receipt as proof; otherwise change it back in the "
            "books, then check again."
        )
    return ""


def why(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    for fact in finding.facts(*CHANGES, *OFF)[:1]:
        return f"{capitalized(fact.document)} {_BECAME[fact.fact]}"
    return CAUSE.title


#: What became of our receipt, in the title of its card.
_BECAME = {
    "receipt_changed": "changed: amount",
    "receipt_of_other_customer": "changed: customer",
    "receipt_redated": "changed: date",
    "receipt_in_other_account": "changed: deposit account",
    "receipt_at_other_rate": "changed: exchange rate",
    "receipt_paid_out": "paid out again",
    "receipt_taken_off": "taken off its invoice",
    "receipt_moved": "moved to another invoice",
    "receipt_unapplied": "taken off its invoice",
}


CAUSE = CauseFile(
    Cause.RECEIPT_CHANGED,
    title="Receipt changed",
    rules=(receipt_changed, receipt_off_its_invoices),
    sentence=sentence,
    to_do=to_do,
    why=why,
    recorded=True,
)
