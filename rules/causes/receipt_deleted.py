"""A receipt of the payment was in the books, and somebody deleted or voided it: ours, or one entered by hand."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words, capitalized
from rules import observations, ours, phrases
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule

ASK_FIRST = "Ask first why: the payment may have been returned, or moved to another receipt."


@rule(Cause.RECEIPT_DELETED, when=(a("part", missing=True),), certain=(a("payment", missing_was_verified=True),))
def receipt_deleted(reading: Reading, matched: Matched) -> Finding:
    """Our receipt was in the books, and somebody deleted or voided it.

    Shows as: a payment that was posted is no longer in the books.
    Happens when: the books plainly say that the receipt is deleted or voided. Certain once it had been verified.
    Remedy: ask first whether the payment was returned, moved or cleaned up. If the money is there and nobody recorded it
    otherwise, recreate the receipt; if another receipt has it, dismiss with that as proof. Where a copy of it with our mark is
    there for all of the payment, retry: that one is ours from then on.
    Prevention: ask before deleting a receipt with our mark; to move it, dismiss or reopen the payment here.
    Not to be confused with: a receipt that could not be read: a read that failed proves nothing.
    """
    gone = [fact for place in matched.places("part") for fact in ours.part(reading, reading.parts[place])]
    # Another part is there, or somebody entered it again by hand: recreating would double it.
    again = () if reading.marked or reading.suspects else (Remedy.RECREATE_RECEIPT,)
    because = (*gone, *ours.receipts(reading))
    if reading.complete and reading.paid and not reading.doubled and not reading.repeated:
        return matched.finding(Remedy.RETRY, Remedy.ESCALATE, Remedy.DISMISS, because=because)
    return matched.finding(Remedy.ESCALATE, *again, Remedy.DISMISS, because=because)


@rule(Cause.RECEIPT_DELETED, when=(a("payment", unposted=True, vanished=True),), certain=None)
def hand_receipt_vanished(reading: Reading, matched: Matched) -> Finding:
    """A receipt entered by hand for this payment was in the books, and somebody deleted or voided it.

    Shows as: a receipt with the payment's transaction number was there, and is gone or voided.
    Happens when: somebody entered the payment by hand and took it out again; the money may have bounced. Also after a restored
    backup, where our receipt of the payment was voided since. Always only likely.
    Remedy: escalate; nothing is posted until somebody says what became of the money. If it is there, recreate the receipt; if
    it went back, dismiss.
    Prevention: record a payment that bounced as a return of its own instead of deleting its receipt.
    Not to be confused with: a receipt that was entered again: then the new one is the proof.
    """
    gone = [observations.vanished(found) for found in reading.evidence.vanished]
    again = () if reading.suspects or reading.evidence.unread else (Remedy.RECREATE_RECEIPT,)
    return matched.finding(Remedy.ESCALATE, *again, Remedy.DISMISS, because=gone)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "hand_receipt_vanished":
        gone = phrases.told(finding.facts("receipt_by_hand_vanished"), words)
        paid = phrases.amount(diagnosis, words)
        return f"{gone} The payment of {paid} may have bounced; nothing is posted until a person decides."
    gone = phrases.told(finding.facts("receipt_deleted", "receipt_voided"), words)
    if finding.remedy is Remedy.RETRY:
        staying = phrases.documents(finding.facts("receipt_ours"))
        return f"{gone} {capitalized(staying)} has our mark and is the whole payment."
    return gone


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "hand_receipt_vanished":
        return ""
    if finding.remedy is Remedy.RETRY:
        return "Retry, and it is ours from then on."
    if merged := finding.facts("customer_merged"):
        return f"{ASK_FIRST} The customer was merged into {merged[0].text('into')}: a retry records it there."
    if finding.facts("customer_inactive"):
        return f"{ASK_FIRST} To recreate it, first make customer {phrases.customer(diagnosis)} active in the books."
    return ASK_FIRST


def why(diagnosis: Diagnosis, words: Words) -> str:
    for fact in diagnosis.primary.facts("receipt_deleted", "receipt_voided", "receipt_by_hand_vanished")[:1]:
        return f"{capitalized(fact.document)} {'voided' if fact.fact == 'receipt_voided' else 'deleted'} in the books"
    return CAUSE.title


CAUSE = CauseFile(
    Cause.RECEIPT_DELETED,
    title="Receipt was deleted in the books",
    rules=(receipt_deleted, hand_receipt_vanished),
    sentence=sentence,
    to_do=to_do,
    why=why,
    recorded=True,
)
