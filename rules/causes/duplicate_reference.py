"""The transaction number was used before: by a receipt that we do not recognize, or by the feed for something else.

Or the payment came in before, under another number: then both are shown, and a person says whether they are one.
"""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.refusal import Refusal
from receivables.twins import Alike
from receivables.words import Words, capitalized
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.corrections import correction_sentence, correction_to_do
from rules.fact_kinds import money, paid_at
from rules.money_back import INTAKE
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, refused


@rule(Cause.DUPLICATE_REFERENCE, when=(refused(Refusal.DUPLICATE_REFERENCE),), certain=None)
def duplicate_reference(reading: Reading, matched: Matched) -> Finding:
    """The books say that a receipt of this number is there already, and it is none that we can recognize.

    Shows as: a refusal that says so, though no receipt of the customer carries this payment's mark or its money.
    Happens when: the payment was recorded under another customer, or long ago, or the number was used for other money.
    Remedy: look for the number in the books. If it is this money, dismiss with it as proof. If not, change the number there, then
    retry.
    Prevention: enter the portal's transaction number only on the receipt of that transaction.
    Not to be confused with: a receipt entered by hand that is found (receipt_already_entered), or a feed that brings the same
    transaction number with other content, which is told when it comes in.
    """
    return matched.finding(Remedy.ESCALATE, Remedy.DISMISS, Remedy.RETRY, because=observations.refusal(reading))


@rule(Cause.DUPLICATE_REFERENCE, when=(UNPOSTED, a("twin")), certain=None)
def twin_of_another_payment(reading: Reading, matched: Matched) -> Finding:
    """The feed has probably brought a payment again under another number.

    Shows as: an earlier payment of the same customer and amount whose number differs only in form on the same day, or
    that agrees in everything else down to the second.
    Happens when: a spreadsheet dropped the zeros of the numbers, or the same payments come from two feeds.
    Remedy: dismiss it with the earlier payment as proof; or two people say that the customer paid twice, and it is posted.
    Prevention: keep transaction numbers as text in spreadsheets, and let each payment come from one feed.
    Not to be confused with: a transaction number that comes again with other content (told when it comes in), or a receipt
    entered by hand (receipt_already_entered).
    """
    before = map(observations.twin, reading.evidence.twins)
    because = (*before, observations.held_as_twin(reading))
    return matched.finding(Remedy.DISMISS, Remedy.NOT_DUPLICATE, Remedy.ESCALATE, because=because)


_ALIKE = {
    Alike.NUMBER: "their numbers differ only in form",
    Alike.MOMENT: "customer, amount, method, invoices and time of payment (to the second) are the same",
}


def _twin(before: Fact, held: Fact, words: Words) -> str:
    return (
        f"{capitalized(_shown(held, words))} is probably {_shown(before, words)} again: {_ALIKE[Alike(before.text('alike'))]}. "
        "It was not posted."
    )


def _shown(fact: Fact, words: Words) -> str:
    return f"{fact.document} ({money(words, fact.money('amount'))}, {paid_at(fact, words)})"


def why(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.facts("feed_corrects"):
        return "Changed in the feed"
    if both := finding.facts("twin_payment"):
        return f"May be {both[0].document} again"
    return f"Reference {phrases.transaction(diagnosis)} already used" if diagnosis.primary.rule != INTAKE else CAUSE.title


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.facts("feed_corrects"):
        return correction_sentence(diagnosis, words)
    if diagnosis.primary.rule == INTAKE:
        return phrases.told(diagnosis.primary.because, words)
    if both := diagnosis.primary.facts("twin_payment"):
        return _twin(both[0], both[-1], words)
    return f"Reference {phrases.transaction(diagnosis)} is already used in the books, but on no receipt of this customer."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.facts("feed_corrects"):
        return correction_to_do(diagnosis, words)
    if finding.rule == INTAKE:
        return ""
    if both := finding.facts("twin_payment"):
        return (
            f"If it is the same money, dismiss it with {both[0].document} as proof. If the customer paid twice, two people must "
            "say that it is not a duplicate; then it is posted."
        )
    return (
        "Look for it in the books. If it is the same payment, dismiss with that receipt as proof; if not, change the reference "
        "of that receipt, then retry."
    )


CAUSE = CauseFile(
    Cause.DUPLICATE_REFERENCE,
    title="Transaction number used twice",
    rules=(twin_of_another_payment, duplicate_reference),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
