"""The amount paid is not the invoice's, or a receipt by hand is nearly the payment."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Money, Remedy
from receivables.words import Words, capitalized
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import money
from rules.hand_receipts import Form
from rules.invoice_lines import Flaw
from rules.patterns import a, neither, no, of
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST, UNPOSTED, nothing_but, other_money


@rule(
    Cause.AMOUNT_DIFFERS,
    when=(
        UNPOSTED,
        a("receipt", less_fee=True, suspect=True),
        no("receipt", number=neither(of("receipt", "number")), suspect=of("receipt", "suspect")),
        no("application"),
    ),
    certain=None,
)
def receipt_less_fee(reading: Reading, matched: Matched) -> Finding:
    """Somebody seems to have entered this payment by hand with a slightly different amount.

    Shows as: a receipt without our mark, within a few percent of the payment's amount, that names the transaction number or
    was entered after the customer paid on nothing but its invoices.
    Happens when: a fee was taken off, or an amount was rounded or mistyped, when the receipt was entered.
    Remedy: escalate; where it is this payment, correct the receipt to what the customer paid and record the fee by itself;
    the next sync then finds it. Nothing is posted beside it.
    Prevention: record what the customer paid, and fees as costs of their own.
    Not to be confused with: a smaller receipt beside a credit memo on the same invoice: then nothing tells which explains it.
    """
    entered = [reading.receipts[place] for place in matched.places("receipt")]
    because = (*(observations.hand_receipt(found) for found in entered), *observations.lines_with(reading, Flaw.SHORT))
    return matched.finding(Remedy.ESCALATE, *other_money(reading, entered), Remedy.DISMISS, Remedy.RETRY, because=because)


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
    when=(UNPOSTED, a("line", flaw=Flaw.SHORT, over=True)),
    whole=(nothing_but(Flaw.SHORT), no("line", flaw=Flaw.SHORT, over=False)),
    certain=SAFE_TO_POST,
)
def amount_over_invoice(reading: Reading, matched: Matched) -> Finding:
    """The customer paid more than the whole invoice is for, alone or together with other payments of theirs.

    Shows as: less is open than was paid, though nobody but other payments of the portal took anything from the invoice.
    Happens when: the customer paid twice, paid a fee or rounded up, or the invoice was changed to a smaller total after they
    paid.
    Remedy: apply what the invoice takes and keep the rest on account; nothing is rounded away silently.
    Prevention: show in the portal what is paid already, send a changed invoice there before the customer pays, and invoice
    fees as a line of their own.
    Not to be confused with: an invoice of the full amount of which something else took a part.
    """
    because = [fact for line in reading.lines if line.over_minor for fact in observations.line(reading, line)]
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule in ("receipt_less_fee", "receipt_for_other_amount"):
        return _entered(finding.facts("receipt_by_hand")[0], diagnosis.payment.money("amount"), words)
    over = [_overpaid(fact, words) for fact in finding.facts("invoice_short") if fact.value("over")]
    return f"{phrases.all_of(over)} The excess can be left as an unapplied credit."


def _entered(found: Fact, paid: Money, words: Words) -> str:
    """A receipt by hand that may be the payment, what is wrong with it, and what to correct."""
    entered, may = found.money("amount"), phrases.hand_receipt(found, words)
    elsewhere = phrases.wrong_place(found)
    if entered.currency != paid.currency:
        return (
            f"{capitalized(may)} names this payment of {money(words, paid)} in another currency. Correct it; nothing is posted."
        )
    apart = entered.amount_minor - paid.amount_minor
    differs = f"{words.money(abs(apart), paid.currency)} {'more' if apart > 0 else 'less'}"
    if found.text("form") in (Form.LESS_FEE, ""):
        return (
            f"{capitalized(may)} may be this payment of {money(words, paid)}, {differs}{elsewhere}. If it is, correct its "
            "amount and record the difference separately; until then, nothing is posted for this payment."
        )
    return (
        f"{capitalized(may)} names this payment of {money(words, paid)}, but is for {differs}{elsewhere}. Correct its amount, or "
        "remove the number from it if it is other money; until then, nothing is posted for this payment."
    )


def _overpaid(fact: Fact, words: Words) -> str:
    need, over = fact.money("need"), fact.money("over")
    ours = fact.money("ours") if fact.value("ours") else Money(0, need.currency)
    whole = words.money(need.amount_minor - over.amount_minor + ours.amount_minor, need.currency)
    others = f" and other payments took {money(words, ours)} of it" if ours.amount_minor else ""
    return f"{fact.document} is for {whole}{others}; the customer paid {money(words, need)} for it, {money(words, over)} more."


CAUSE = CauseFile(
    Cause.AMOUNT_DIFFERS,
    title="Amount differs",
    rules=(receipt_less_fee, receipt_for_other_amount, amount_over_invoice),
    sentence=sentence,
)
