"""Causes that lie in the money itself: another currency, or an amount that is not the invoice's."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.credits import SAFE_TO_POST
from rules.invoice_lines import Flaw
from rules.patterns import a, neither, no, of
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(
    Cause.CURRENCY_MISMATCH,
    when=(a("payment", unposted=True), a("line", flaw="currency")),
    whole=(no("line", flaw=neither("fits", "currency")),),
)
def currency_mismatch(reading: Reading, matched: Matched) -> Conclusion:
    """The invoice is in another currency than the payment.

    Shows as: an invoice that could take the amount, but not in this currency.
    Happens when: the invoice was made, or changed, in another currency. Nothing is ever converted.
    Remedy: put the currency right in the books, then retry.
    Prevention: let the portal offer an invoice for payment in the invoice's own currency only.
    Not to be confused with: an amount that differs in the same currency.
    """
    del matched
    wrong = [line for line in reading.lines if line.flaw is Flaw.CURRENCY]
    because = tuple(dict.fromkeys(fact for line in wrong for fact in observations.line(reading, line)))
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), because)


@rule(Cause.CURRENCY_MISMATCH, when=(a("payment", unposted=True, refusal="currency_mismatch"),), certain=None)
def currency_refused(reading: Reading, matched: Matched) -> Conclusion:
    """The books refused the receipt because of its currency, though its invoices are in that currency.

    Shows as: a refusal that says so.
    Happens when: the customer, the deposit account or the books as a whole keep another currency.
    Remedy: name a deposit account of the payment's currency, or put the customer's currency right, then retry.
    Prevention: give each currency a deposit account of its own in the company's settings.
    Not to be confused with: an invoice that is plainly in another currency.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.DISMISS,), observations.refusal(reading))


@rule(
    Cause.AMOUNT_DIFFERS,
    when=(a("payment", unposted=True), a("line", flaw="short", over=True)),
    whole=(no("line", flaw=neither("fits", "short")), no("line", flaw="short", over=False)),
    certain=SAFE_TO_POST,
)
def amount_over_invoice(reading: Reading, matched: Matched) -> Conclusion:
    """The client paid more than the whole invoice is for, alone or together with other payments of theirs.

    Shows as: less is open than was paid, though nobody but other payments of the portal took anything from the invoice.
    Happens when: the client paid twice, paid a fee or rounded up, or the invoice was changed to a smaller total after they
    paid.
    Remedy: apply what the invoice takes and keep the rest on account; nothing is rounded away silently.
    Prevention: show in the portal what is paid already, send a changed invoice there before the client pays, and invoice fees
    as a line of their own.
    Not to be confused with: an invoice of the full amount of which something else took a part.
    """
    del matched
    over = [line for line in reading.lines if line.over_minor]
    because = tuple(dict.fromkeys(fact for line in over for fact in observations.line(reading, line)))
    return Conclusion(Remedy.KEEP_ON_ACCOUNT, (Remedy.RETRY, Remedy.DISMISS), because)


@rule(
    Cause.AMOUNT_DIFFERS,
    when=(
        a("payment", unposted=True),
        a("customer"),
        a("receipt", less_fee=True, suspect=True, customer=of("customer", "key")),
        no("receipt", suspect=True, number=neither(of("receipt", "number")), customer=of("customer", "key")),
        no("application"),
    ),
    certain=None,
)
def receipt_less_fee(reading: Reading, matched: Matched) -> Conclusion:
    """Somebody seems to have entered this payment by hand with a slightly different amount.

    Shows as: a receipt without our mark, entered after the client paid, within a few percent of the payment's amount.
    Happens when: a fee was taken off, or an amount was rounded or mistyped, when the receipt was entered.
    Remedy: escalate; where it is this payment, correct the receipt to what the client paid and record the fee by itself; the
    next sync then finds it. Nothing is posted beside it.
    Prevention: record what the client paid, and fees as costs of their own.
    Not to be confused with: a smaller receipt beside a credit memo on the same invoice: then nothing tells which explains it.
    """
    found = [reading.receipts[place] for place in matched.places("receipt")]
    because = tuple(observations.hand_receipt(entered) for entered in found)
    short = [line for line in reading.lines if line.flaw is Flaw.SHORT]
    because += tuple(dict.fromkeys(fact for line in short for fact in observations.line(reading, line)))
    return Conclusion(Remedy.ESCALATE, (Remedy.DISMISS, Remedy.RETRY), because)
