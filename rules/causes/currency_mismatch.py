"""The invoice, or something else the receipt names, is in another currency than the payment."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.refusal import Refusal
from receivables.words import Words, plain
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, nothing_but, refused


@rule(Cause.CURRENCY_MISMATCH, when=(UNPOSTED, a("line", flaw=Flaw.CURRENCY)), whole=(nothing_but(Flaw.CURRENCY),))
def currency_mismatch(reading: Reading, matched: Matched) -> Finding:
    """The invoice is in another currency than the payment.

    Shows as: an invoice that could take the amount, but not in this currency.
    Happens when: the invoice was created, or changed, in another currency. Nothing is ever converted.
    Remedy: correct the currency in the books, then retry. Where the processor converts, book its fee and the exchange gain or
    loss apart.
    Prevention: let the portal offer an invoice for payment in the invoice's own currency only.
    Not to be confused with: an amount that differs in the same currency.
    """
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=observations.lines_with(reading, Flaw.CURRENCY))


@rule(Cause.CURRENCY_MISMATCH, when=(refused(Refusal.CURRENCY_MISMATCH),), certain=None)
def currency_refused(reading: Reading, matched: Matched) -> Finding:
    """The books refused the receipt because of its currency, though its invoices are in that currency.

    Shows as: a refusal that says so.
    Happens when: the customer, the deposit account or the books as a whole keep another currency, or the books have no
    exchange rate for that day.
    Remedy: name a deposit account of the payment's currency, correct the customer's currency, or enter the rate, then retry.
    Prevention: give each currency a deposit account of its own in the company's settings.
    Not to be confused with: an invoice that is plainly in another currency.
    """
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    paid_in = diagnosis.payment.money("amount").currency
    if diagnosis.primary.rule == "currency_refused":
        return f"A receipt in {paid_in} was rejected, though the invoices are in {paid_in}."
    differ = [
        f"{fact.document} is in {plain(fact.text('currency'))}, but the customer paid in {paid_in}."
        for fact in diagnosis.primary.facts("invoice_currency")
    ]
    return phrases.all_of(differ)


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    paid_in = diagnosis.payment.money("amount").currency
    if diagnosis.primary.rule == "currency_refused":
        return (
            "Check the currency of the customer and of the deposit account, and that the books have an exchange rate "
            f"for {paid_in} on that day, then retry."
        )
    return "We do not convert currencies: correct the currency in the books, then retry."


CAUSE = CauseFile(
    Cause.CURRENCY_MISMATCH,
    title="Currency mismatch",
    rules=(currency_mismatch, currency_refused),
    sentence=sentence,
    to_do=to_do,
)
