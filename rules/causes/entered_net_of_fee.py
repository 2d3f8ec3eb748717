"""Somebody entered the payment by hand as what the bank received: less a fee."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding
from receivables.words import Words, capitalized
from rules import phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import money
from rules.nearly_entered import entered_nearly, which_money
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.ENTERED_NET_OF_FEE, when=entered_nearly(less=True), certain=None)
def receipt_less_fee(reading: Reading, matched: Matched) -> Finding:
    """Somebody seems to have entered this payment by hand less the fee that the processor kept.

    Shows as: a receipt without our mark, a few percent less than the payment, that names the transaction number or was entered
    after the customer paid on nothing but its invoices.
    Happens when: the receipt was entered from the bank statement, where the payout is net of fees.
    Remedy: escalate; where it is this payment, change the receipt to what the customer paid and put the fee on the bank deposit,
    or record it as an expense from clearing, so that the deposit still equals the bank. The next sync then finds it.
    Prevention: record what the customer paid, and fees as costs of their own.
    Not to be confused with: a smaller receipt beside a credit memo on the same invoice: then nothing tells which explains it.
    """
    return which_money(reading, matched)


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"{capitalized(diagnosis.primary.facts('receipt_by_hand')[0].document)} entered net of fee"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    found, paid = diagnosis.primary.facts("receipt_by_hand")[0], diagnosis.payment.money("amount")
    fee = words.money(paid.amount_minor - found.money("amount").amount_minor, paid.currency)
    return (
        f"{capitalized(phrases.hand_receipt(found, words))} may be this payment of {money(words, paid)} less a fee of {fee}"
        f"{phrases.wrong_place(found)}."
    )


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    found, paid = diagnosis.primary.facts("receipt_by_hand")[0], diagnosis.payment.money("amount")
    fee = words.money(paid.amount_minor - found.money("amount").amount_minor, paid.currency)
    where = f"add a line of −{fee} for the fee to the deposit, whose total must not change" if found.value("deposited") else (
        f"put the −{fee} fee on the bank deposit (or record it as an expense from clearing), so that the deposit still equals "
        "the bank"
    )  # fmt: skip
    return f"If it is, change the receipt to {money(words, paid)} and {where}. Until then, nothing is posted for this payment."


CAUSE = CauseFile(
    Cause.ENTERED_NET_OF_FEE,
    title="Entered net of fee",
    rules=(receipt_less_fee,),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
