"""The amount paid is not the invoice's, or a receipt by hand is for another amount, and no other cause says why."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Money, Remedy
from receivables.words import Words, capitalized
from rules import observations, overpaid, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import money
from rules.hand_receipts import Form
from rules.invoice_lines import Flaw
from rules.nearly_entered import entered_nearly, which_money
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, UNPOSTED, nothing_but


@rule(Cause.AMOUNT_DIFFERS, when=entered_nearly(less=False), certain=None)
def receipt_for_nearly_the_amount(reading: Reading, matched: Matched) -> Finding:
    """Somebody seems to have entered this payment by hand with a slightly larger amount, or with a cent less.

    Shows as: a receipt without our mark, a few percent more than the payment or a cent less, that names the transaction number
    or was entered after the customer paid on nothing but its invoices.
    Happens when: an amount was rounded up or mistyped, or a fee was added, when the receipt was entered.
    Remedy: escalate; where it is this payment, correct the receipt to what the customer paid and record the difference by
    itself; the next sync then finds it. Nothing is posted beside it.
    Prevention: record what the customer paid, and fees as costs of their own.
    Not to be confused with: a receipt that is a fee less than the payment (entered_net_of_fee).
    """
    return which_money(reading, matched)


@rule(Cause.AMOUNT_DIFFERS, when=(a("payment", unposted=True, split=False), a("receipt", otherwise=True)), certain=None)
def receipt_for_other_amount(reading: Reading, matched: Matched) -> Finding:
    """A receipt entered by hand names this payment, and is for another amount or in another currency.

    Shows as: a receipt with the payment's transaction number that is for a part of it, or is already the proof of another.
    Happens when: somebody entered an installment, a part of the payment, or the wrong amount.
    Remedy: escalate; correct the receipt in the books to what the customer paid, or remove the number from it if it is other
    money. The next sync then finds it. Nothing is posted beside it.
    Prevention: write the transaction number on the receipt of that payment only.
    Not to be confused with: several receipts with the number that add up to the payment, or a difference of a few percent.
    """
    because = [observations.hand_receipt(reading.receipts[place]) for place in matched.places("receipt")]
    return matched.finding(Remedy.ESCALATE, Remedy.DISMISS, Remedy.RETRY, because=because)


@rule(
    Cause.AMOUNT_DIFFERS,
    when=(UNPOSTED, a("payment", overpaid_severally=True)),
    whole=(nothing_but(Flaw.SHORT),),
    certain=SAFE_TO_POST,
)
def overpaid_for_several_reasons(reading: Reading, matched: Matched) -> Finding:
    """Several invoices are overpaid, each for another reason: paid before, by a surcharge, or by some excess.

    Shows as: less is open than was paid on several invoices, though nobody but other payments of the portal took from them.
    Happens when: the customer paid several invoices at once, one of which was paid already, say.
    Remedy: apply what the invoices take and leave the rest as an unapplied credit.
    Prevention: show in the portal what is paid already.
    Not to be confused with: invoices that are overpaid for one reason, each of which is a cause of its own.
    """
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=overpaid.facts(reading))


def why(diagnosis: Diagnosis, words: Words) -> str:
    for entered in diagnosis.primary.facts("receipt_by_hand")[:1]:
        return f"{capitalized(entered.document)} is for {money(words, entered.money('amount'))}"
    return "Paid too much"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if entered := finding.facts("receipt_by_hand"):
        return _entered(entered[0], diagnosis.payment.money("amount"), words)
    return overpaid.sentence(diagnosis, words)


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    for found in diagnosis.primary.facts("receipt_by_hand")[:1]:
        return _correct(found, diagnosis.payment.money("amount"))
    return overpaid.to_do(diagnosis, words)


def _entered(found: Fact, paid: Money, words: Words) -> str:
    """A receipt by hand that may be the payment, and what is wrong with it."""
    entered, may = found.money("amount"), phrases.hand_receipt(found, words)
    elsewhere = phrases.wrong_place(found)
    if entered.currency != paid.currency:
        return f"{capitalized(may)} refers to this payment of {money(words, paid)}, but is in another currency."
    apart = entered.amount_minor - paid.amount_minor
    differs = f"{words.money(abs(apart), paid.currency)} {'more' if apart > 0 else 'less'}"
    if found.text("form") in (Form.LESS_FEE, ""):
        return f"{capitalized(may)} may be this payment of {money(words, paid)}, {differs}{elsewhere}."
    return f"{capitalized(may)} refers to this payment of {money(words, paid)}, but is for {differs}{elsewhere}."


def _correct(found: Fact, paid: Money) -> str:
    """What to correct in a receipt by hand that may be the payment."""
    if found.money("amount").currency != paid.currency:
        return "Correct it; nothing is posted."
    if found.text("form") in (Form.LESS_FEE, ""):
        return (
            "If it is, correct its amount and record the difference separately; until then, nothing is posted for this payment."
        )
    return (
        "Correct its amount, or remove the number from it if it is other money; until then, nothing is posted for this payment."
    )


CAUSE = CauseFile(
    Cause.AMOUNT_DIFFERS,
    title="Amount differs",
    rules=(receipt_for_nearly_the_amount, receipt_for_other_amount, overpaid_for_several_reasons),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
