"""Somebody recorded the payment in the books by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from receivables.diagnosis import Cause, Confidence, Diagnosis, Finding, Remedy
from receivables.evidence import Evidence
from receivables.words import Words, capitalized, listed
from rules import hand_receipt_facts, observations, phrases
from rules.cause_file import CauseFile
from rules.hand_receipts import Form, ReceiptReading
from rules.matching import RECEIPT_LIKELY, RECEIPT_POSSIBLE
from rules.patterns import a, at_least, neither, no, of
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, other_money
from rules.ties import Reference


def _best_first(found: Iterable[ReceiptReading]) -> list[ReceiptReading]:
    return sorted(found, key=lambda entered: (-entered.score.points, entered.days_apart, entered.receipt.id))


def _already_there(
    reading: Reading, matched: Matched, found: Sequence[ReceiptReading], proof: tuple[tuple[str, int], ...]
) -> Finding:
    """Dismissing with this proof. Where there is doubt, a person may say that it is other money: that comes first where the
    receipt itself says so, or the invoice has room for both.
    """
    because = [observations.hand_receipt(entered) for entered in found]
    if len(found) > len(proof):
        because.append(hand_receipt_facts.several_candidates(count=len(found)))
    named = found[: len(proof)]
    other = () if matched.certain else other_money(reading, named)
    remedies = (Remedy.DISMISS, *other)
    if other and any(receipt.tie.against or receipt.form is Form.INSTALLMENT for receipt in named):
        remedies = (*other, Remedy.DISMISS)
    return matched.finding(*remedies, Remedy.ESCALATE, because=because, proof=proof)


def _best_of(reading: Reading, matched: Matched, competing: Iterable[ReceiptReading]) -> Finding:
    """The best of these receipts is the proof, with the payment's amount of it."""
    found = _best_first(competing)
    return _already_there(reading, matched, found, ((found[0].receipt.id, reading.evidence.payment.amount_minor),))


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(UNPOSTED, a("receipt", whole=True, score=at_least(RECEIPT_LIKELY))),
    certain=(
        no(
            "receipt",
            score=at_least(RECEIPT_POSSIBLE),
            number=neither(of("receipt", "number")),
            whole=of("receipt", "whole"),
        ),
        a("payment", receipts_telling=True),
    ),
)
def receipt_already_entered(reading: Reading, matched: Matched) -> Finding:
    """Somebody recorded this payment in the books by hand, as one receipt.

    Shows as: the invoice is paid or the books hold the money, before our receipt came.
    Happens when: a receipt without our mark has the payment's currency and amount, is not the proof of another payment, and
    names its transaction number in one of its texts, on whatever invoice or customer; or it is applied to exactly the
    payment's invoices. Certain only where it names the number, and its tender and its reference do not speak of other money.
    Remedy: dismiss, with that receipt as proof. Where its tender or reference is another one, or the invoice has room for
    both: say that it is other money, by its own cash reference; then ours is recorded.
    Prevention: let the sync post portal payments, or run it more often, so that nobody enters them first.
    Not to be confused with: a check of the same amount for the same invoice: the customer may have paid twice, so that stays
    likely and a person looks. A receipt of ours for another payment is never a candidate.
    """
    return _best_of(reading, matched, reading.competing)  # also those too weak to fire the rule on their own


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(
        a("payment", unposted=True, on_account_minor=0, invoices=at_least(2)),
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


@rule(Cause.RECEIPT_ALREADY_ENTERED, when=(a("payment", unposted=True, split=True),), certain=None)
def receipt_entered_in_parts(reading: Reading, matched: Matched) -> Finding:
    """Somebody recorded this payment by hand as several receipts that name its transaction number.

    Shows as: smaller receipts with the payment's number that together are exactly its amount.
    Happens when: the receipts are without our mark and are not the proof of other payments.
    Remedy: dismiss, with all of them as proof. Always only likely.
    Prevention: let the sync post portal payments, so that nobody enters them first.
    Not to be confused with: receipts with the number that are more or less than the payment; the amount differs then.
    """
    proof = tuple((entered.receipt.id, entered.receipt.amount_minor) for entered in reading.split)
    return _already_there(reading, matched, reading.split, proof)


@rule(Cause.RECEIPT_ALREADY_ENTERED, when=(UNPOSTED, a("receipt", covers=True)), certain=None)
def receipt_entered_together(reading: Reading, matched: Matched) -> Finding:
    """Somebody recorded this payment by hand together with others, as one larger receipt.

    Shows as: a receipt larger than the payment is applied to its invoices, or names its transaction number.
    Happens when: it names the number, or is applied to each invoice of the payment for exactly the allocated amount; and
    enough of it is not yet the proof of other payments.
    Remedy: dismiss, with our amount of that receipt as proof. Always only likely.
    Prevention: enter other checks apart from what came through the portal.
    Not to be confused with: a larger receipt that is applied to the invoices for other amounts.
    """
    return _best_of(reading, matched, (reading.receipts[place] for place in matched.places("receipt")))


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(UNPOSTED, a("receipt", whole=True, score=at_least(RECEIPT_POSSIBLE))),
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


def why(diagnosis: Diagnosis, words: Words) -> str:
    found = diagnosis.primary.facts("receipt_by_hand")[: len(diagnosis.primary.proof)]
    if diagnosis.primary.remedy is Remedy.NOT_DUPLICATE:
        return f"May be the same money as {phrases.documents(found)}"
    surely = "Already entered" if diagnosis.primary.confidence is Confidence.CERTAIN else "Probably already entered"
    return f"{surely} as {phrases.documents(found)}"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    found = finding.facts("receipt_by_hand")[: len(finding.proof)]
    what = capitalized(listed([phrases.hand_receipt(fact, words) for fact in found[: phrases.NAMED_AT_MOST]]))
    amount = phrases.amount(diagnosis, words)
    if finding.rule == "receipts_entered_apart":
        return f"{what} together record {amount} on exactly the invoices that the customer paid."
    if finding.rule == "receipt_entered_in_parts":
        return f"{what} name this payment and are together exactly its {amount}."
    if finding.rule == "receipt_entered_together" and found[0].text("reference") in ("", Reference.NONE):
        return f"{what} is applied to the invoices that the customer paid, together with other money."
    if finding.rule == "receipt_entered_together":
        return f"{what} names this payment of {amount}, and is larger: it holds other money as well."
    surely = "this payment" if finding.confidence is Confidence.CERTAIN else "what may be this payment"
    said = f"{what} already records {surely} of {phrases.paid_on(diagnosis, words)}; posting it again would count it twice."
    if finding.remedy is Remedy.NOT_DUPLICATE:
        said = f"{what} has the amount of this payment of {phrases.paid_on(diagnosis, words)}, but may be other money."
    elsewhere = found[0].text("elsewhere")
    return f"{said} It is recorded on another {elsewhere}." if elsewhere else said


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule in ("receipts_entered_apart", "receipt_entered_in_parts", "receipt_entered_together"):
        return ""
    (found,) = diagnosis.primary.facts("receipt_by_hand")[:1]
    return "Move it to the right one in the books." if found.text("elsewhere") else ""


def root(finding: Finding, evidence: Evidence) -> str:
    """Whoever entered all of its proof. Money that may be other money is never decided in bulk."""
    found = finding.facts("receipt_by_hand")[: len(finding.proof)]
    if finding.remedy is not Remedy.DISMISS or any(fact.value("against") for fact in found):
        return ""
    proof = {receipt_id for receipt_id, _ in finding.proof}
    people = {found.receipt.created.person for found in evidence.receipts if found.receipt.id in proof}
    return people.pop() if len(people) == 1 else ""


CAUSE = CauseFile(
    Cause.RECEIPT_ALREADY_ENTERED,
    title="Receipt already entered by hand",
    rules=(
        receipt_already_entered,
        receipts_entered_apart,
        receipt_entered_in_parts,
        receipt_entered_together,
        receipt_of_same_amount,
    ),
    sentence=sentence,
    to_do=to_do,
    why=why,
    root=root,
    incident="{about} entered these receipts by hand before the sync posted them. Agree on a waiting time, or sync more often.",
    setting="{about} enters receipts by hand before the sync posts them",
)
