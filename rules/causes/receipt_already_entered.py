"""Somebody recorded the payment in the books by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from receivables.diagnosis import Cause, Confidence, Diagnosis, Finding, Remedy
from receivables.evidence import Evidence
from receivables.words import Words, capitalized, listed
from rules import fact_kinds, observations, telling
from rules.cause_file import CauseFile
from rules.facts import Doubt
from rules.hand_receipts import ReceiptReading
from rules.matching import RECEIPT_LIKELY, RECEIPT_POSSIBLE
from rules.patterns import Wanted, a, at_least, neither, no, of
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED

#: A receipt entered by hand that could be the whole payment: same customer, currency and amount, and not claimed.
WHOLE_AMOUNT: dict[str, Wanted] = {
    "by_hand": True,
    "free_minor": at_least(of("payment", "amount_minor")),
    "customer": of("customer", "key"),
    "currency": of("payment", "currency"),
    "amount_minor": of("payment", "amount_minor"),
}


def _best_first(found: Iterable[ReceiptReading]) -> list[ReceiptReading]:
    return sorted(found, key=lambda entered: (-entered.score.points, entered.days_apart, entered.receipt.id))


def _already_there(
    reading: Reading, matched: Matched, found: Sequence[ReceiptReading], proof: tuple[tuple[str, int], ...]
) -> Finding:
    """Dismissing with this proof. Where there is doubt and all was read, a person may say that it is other money."""
    because = [observations.hand_receipt(entered) for entered in found]
    if len(found) > len(proof):
        because.append(fact_kinds.several_candidates(count=len(found)))
    other_money = () if matched.certain or reading.evidence.unread else (Remedy.RECREATE_RECEIPT,)
    return matched.finding(Remedy.DISMISS, *other_money, Remedy.ESCALATE, because=because, proof=proof)


def _best_of(reading: Reading, matched: Matched, competing: Iterable[ReceiptReading]) -> Finding:
    """The best of these receipts is the proof, with the payment's amount of it."""
    found = _best_first(competing)
    return _already_there(reading, matched, found, ((found[0].receipt.id, reading.evidence.payment.amount_minor),))


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(UNPOSTED, a("customer"), a("receipt", score=at_least(RECEIPT_LIKELY), **WHOLE_AMOUNT)),
    certain=(
        no("receipt", score=at_least(RECEIPT_POSSIBLE), number=neither(of("receipt", "number")), **WHOLE_AMOUNT),
        no("doubt", about=Doubt.RECEIPT),
    ),
)
def receipt_already_entered(reading: Reading, matched: Matched) -> Finding:
    """Somebody recorded this payment in the books by hand, as one receipt.

    Shows as: the invoice is paid or the books hold the money, before our receipt came.
    Happens when: a receipt without our mark has the payment's customer, currency and amount, is not the proof of another
    payment, and names its transaction number or is applied to exactly its invoices.
    Remedy: dismiss, with that receipt as proof.
    Prevention: let the sync post portal payments, or run it more often, so that nobody enters them first.
    Not to be confused with: another check of the same amount, entered before the customer paid or dated days away; that
    stays likely and a person looks. A receipt of ours for another payment is never a candidate.
    """
    return _best_of(reading, matched, reading.competing)  # also those too weak to fire the rule on their own


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(
        a("payment", unposted=True, on_account_minor=0, invoices=at_least(2)),
        a("customer"),
        a("line", hand_receipts=1),
        no("line", hand_receipts=neither(1)),
    ),
    certain=None,
)
def receipts_entered_apart(reading: Reading, matched: Matched) -> Finding:
    """Somebody recorded this payment by hand as several receipts, one for each invoice.

    Shows as: every invoice of the payment is paid by a receipt of its own.
    Happens when: for each invoice exactly one receipt without our mark is applied to it alone, for exactly the allocated
    amount.
    Remedy: dismiss, with all of them as proof. Always only likely: each could be other money.
    Prevention: let the sync post portal payments, so that nobody enters them first.
    Not to be confused with: receipts for some of the invoices only; the rest would then be lost, so the cause stays
    unidentified.
    """
    found = list({line.invoice_key: line.hand_receipts[0] for line in reading.lines}.values())
    proof = tuple((entered.receipt.id, entered.receipt.amount_minor) for entered in found)
    return _already_there(reading, matched, found, proof)


@rule(Cause.RECEIPT_ALREADY_ENTERED, when=(UNPOSTED, a("customer"), a("receipt", covers=True)), certain=None)
def receipt_entered_together(reading: Reading, matched: Matched) -> Finding:
    """Somebody recorded this payment by hand together with others, as one larger receipt.

    Shows as: a receipt larger than the payment is applied to its invoices.
    Happens when: it is applied to each invoice of the payment for exactly the allocated amount, and enough of it is not yet
    the proof of other payments.
    Remedy: dismiss, with our amount of that receipt as proof. Always only likely.
    Prevention: enter other checks apart from what came through the portal.
    Not to be confused with: a larger receipt that is applied to the invoices for other amounts.
    """
    return _best_of(reading, matched, (reading.receipts[place] for place in matched.places("receipt")))


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(UNPOSTED, a("customer"), a("receipt", score=at_least(RECEIPT_POSSIBLE), **WHOLE_AMOUNT)),
    certain=None,
)
def receipt_of_same_amount(reading: Reading, matched: Matched) -> Finding:
    """The books hold a receipt of the same customer and amount that somebody may have entered for this payment.

    Shows as: money of the same amount is unapplied, or partly applied to the payment's invoices.
    Happens when: nothing else ties the receipt to the payment, but nothing speaks against it either.
    Remedy: dismiss, with that receipt as proof, after a person looked. Always only likely.
    Prevention: write the transaction number into the reference of whatever is entered by hand.
    Not to be confused with: a receipt of the same amount that is applied wholly to other invoices: that is other money.
    """
    return _best_of(reading, matched, (reading.receipts[place] for place in matched.places("receipt")))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    found = finding.facts("receipt_by_hand")[: len(finding.proof)]
    what = capitalized(listed([telling.hand_receipt(fact, words) for fact in found[: telling.NAMED_AT_MOST]]))
    if finding.rule == "receipts_entered_apart":
        return f"{what} together record {telling.amount(diagnosis, words)} on exactly the invoices that the customer paid."
    if finding.rule == "receipt_entered_together":
        return f"{what} is applied to the invoices that the customer paid, together with other money."
    surely = "this payment" if finding.confidence is Confidence.CERTAIN else "what may be this payment"
    return f"{what} already records {surely} of {telling.paid_on(diagnosis, words)}; posting it again would count it twice."


def root(finding: Finding, evidence: Evidence) -> str:
    """Whoever entered all of its proof."""
    proof = {receipt_id for receipt_id, _ in finding.proof}
    people = {found.receipt.created.person for found in evidence.receipts if found.receipt.id in proof}
    return people.pop() if len(people) == 1 else ""


CAUSE = CauseFile(
    Cause.RECEIPT_ALREADY_ENTERED,
    title="Receipt already entered by hand",
    rules=(receipt_already_entered, receipts_entered_apart, receipt_entered_together, receipt_of_same_amount),
    sentence=sentence,
    root=root,
    incident="{about} entered these receipts by hand before the sync posted them. Agree on a waiting time, or sync more often.",
    setting="{about} enters receipts by hand before the sync posts them",
)
