"""The customer paid a surcharge that no invoice has."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Money, Remedy
from receivables.words import Words
from rules import fact_kinds, overpaid, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Over
from rules.kinds import kind
from rules.reading import Reading
from rules.rule import Matched, rule


@kind
def fee_kept(fact: Fact, words: Words, *, amount: Money) -> str:
    return f"the processor kept a fee of {fact_kinds.money(words, amount)}, according to the portal."


@rule(Cause.SURCHARGE, when=overpaid.overpaid(Over.SURCHARGE), whole=overpaid.only_overpaid(Over.SURCHARGE), certain=None)
def surcharge_not_invoiced(reading: Reading, matched: Matched) -> Finding:
    """The customer paid as much more than the invoice as card surcharges are: it is likely a surcharge, and no credit.

    Shows as: two to four percent more was paid than is open, by card or by a method that does not say; or just as much more,
    by whatever method, as the feed says that the processor kept.
    Happens when: the portal adds a surcharge or convenience fee that the invoice does not have. Always only likely.
    Remedy: add the surcharge to the invoice as a line of its own, then retry: the payment fits and posts. Where the invoice may
    not be changed, keep the surcharge on account, invoice it as fee income, and apply the credit to that invoice.
    Prevention: let the portal add the surcharge to the invoice, or report the payment without it.
    Not to be confused with: an overpayment, which is the customer's money; a surcharge left as credit gives it back.
    """
    because, payment = overpaid.facts(reading), reading.evidence.payment
    if any(line.over_minor == payment.fee_minor for line in reading.lines if line.over_minor):
        because.append(fee_kept(amount=Money(payment.fee_minor, payment.currency)))
    return matched.finding(Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    over = phrases.all_of(overpaid.by_how_much(fact, words) for fact in overpaid.told(diagnosis))
    kept = diagnosis.primary.facts("fee_kept")
    as_much = "just what the processor kept as its fee, as a surcharge is" if kept else "as much as a card surcharge would be"
    return f"{over} That is {as_much}."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    return (
        f"If it is one, add {overpaid.excess(diagnosis, words)} to the invoice as a surcharge line first, then retry. Left as an "
        "unapplied credit, it would be owed back to the customer."
    )


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"{overpaid.excess(diagnosis, words)} surcharge not on the invoice"


CAUSE = CauseFile(
    Cause.SURCHARGE,
    title="Surcharge not on the invoice",
    rules=(surcharge_not_invoiced,),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
