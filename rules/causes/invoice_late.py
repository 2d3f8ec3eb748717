"""The invoice came into the books after the customer paid, and is not plainly what they paid."""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Money, Remedy
from receivables.words import Words, capitalized
from rules import observations, ours, phrases
from rules.cause_file import CauseFile
from rules.causes import receipt_deposited
from rules.deposits import come
from rules.fact_kinds import by, money
from rules.invoice_lines import Flaw
from rules.kinds import fact_sentence, kind
from rules.patterns import a, no
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, nothing_but


@rule(
    Cause.INVOICE_LATE,
    when=(UNPOSTED, a("line", flaw=Flaw.LATE, mendable=True)),
    whole=(nothing_but(Flaw.LATE), no("line", flaw=Flaw.LATE, mendable=False)),
    certain=None,
)
def invoice_late(reading: Reading, matched: Matched) -> Finding:
    """The invoice was entered in the books after the customer paid, and may be another one than they paid.

    Shows as: the books had no invoice of that number when the customer paid, and have one now.
    Happens when: the late invoice is dated after the payment, is smaller than what was paid for it, or there are several.
    One that is dated by the day of the payment, large enough and the only one is posted by itself, with a record of it.
    Remedy: a person recreates the receipt on it, or keeps the money on account.
    Prevention: export invoices to the books before they can be paid, with the date on which they were issued.
    Not to be confused with: an invoice that was deleted or voided before (invoice_recreated).
    """
    late = [line for line in reading.lines if line.flaw is Flaw.LATE]
    return matched.finding(
        Remedy.RECREATE_RECEIPT,
        Remedy.KEEP_ON_ACCOUNT,
        Remedy.DISMISS,
        because=observations.lines_with(reading, Flaw.LATE),
        successors=tuple((line.source.line, line.replacement.id) for line in late if line.replacement is not None),
    )


@rule(Cause.INVOICE_LATE, when=(a("payment", deposit_come=True),), certain=None)
def deposit_awaits_invoice(reading: Reading, matched: Matched) -> Finding:
    """A payment is recorded as a customer deposit, and an invoice came that may be its own but is not plainly so.

    Shows as: our receipt is an unapplied credit, and the books have an open invoice of the number that the customer paid.
    Happens when: that invoice is dated after the payment, takes only a part of it, is one of several, or took the place of one
    that was deleted or voided; or the receipt is in a bank deposit or a closed period by now. What is plainly the one that was
    paid is applied by itself.
    Remedy: apply the receipt to it: what fits, and the rest stays an unapplied credit. Or keep it on account. A receipt in a
    deposit or a closed period is applied in the books; the next sync reads it.
    Prevention: export invoices to the books before they can be paid, with the date on which they were issued.
    Not to be confused with: an unapplied credit that was meant to stay one.
    """
    candidates = come(reading)
    because = list(ours.receipts(reading))
    for line in reading.lines:
        because += [observations.entered_late(reading, line, found) for found in candidates.get(line.source.line, ())]
    chosen = [
        (line.source.line, candidates[line.source.line][0].id)
        for line in reading.lines
        if len(candidates.get(line.source.line, ())) == 1 and candidates[line.source.line][0].id != line.source.invoice_id
    ]
    locked = [part.frozen for part in reading.parts if part.live is not None and part.frozen]
    if locked:
        because += [deposit_locked(deposited=locked[0] == "deposited"), *receipt_deposited.by_hand(reading)]
    return matched.finding(
        Remedy.RETRY if locked else Remedy.APPLY_RECEIPT, Remedy.KEEP_ON_ACCOUNT, because=because, successors=tuple(chosen)
    )


@kind
def deposit_locked(fact: Fact, words: Words, *, deposited: bool) -> str:
    return f"the receipt is {'in a bank deposit' if deposited else 'dated in a closed period'} and is not changed by us."


def why(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule == "deposit_awaits_invoice":
        return f"{capitalized(phrases.documents(diagnosis.primary.facts('invoice_entered_late')))} came for its customer deposit"
    return f"{capitalized(phrases.documents(diagnosis.primary.facts('invoice_only_newer')))} entered after payment"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule == "deposit_awaits_invoice":
        return _come(diagnosis, words)
    return phrases.all_of(_late(diagnosis, fact, words) for fact in diagnosis.primary.facts("invoice_only_newer"))


def _come(diagnosis: Diagnosis, words: Words) -> str:
    """What is recorded, and which invoices came."""
    finding = diagnosis.primary
    (ours,), entered = finding.facts("receipt_ours"), finding.facts("invoice_entered_late")
    told = f"The payment is recorded as a customer deposit ({ours.document}, {money(words, ours.money('unapplied'))} unapplied)."
    here = phrases.all_of(fact_sentence(fact, words) for fact in entered)
    locked = phrases.told(finding.facts("deposit_locked"), words)
    return " ".join(filter(None, (told, here, locked)))


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule != "deposit_awaits_invoice":
        return ""
    if finding.facts("deposit_locked"):
        return receipt_deposited.in_the_books(finding)
    return "" if len(finding.facts("invoice_entered_late")) == 1 else "Choose one."


def _late(diagnosis: Diagnosis, late: Fact, words: Words) -> str:
    entered = [fact for fact in diagnosis.primary.facts("invoice_entered_late") if fact.document == late.document]
    paid_on = phrases.paid_on(diagnosis, words)
    if len(entered) != 1:
        return f"Several invoices match {late.document}, all entered after the customer paid on {paid_on}. Choose one."
    (invoice,) = entered
    on = f" on {words.day(invoice.at)}" if invoice.at else ""
    dated = words.day(date.fromisoformat(invoice.text("issued")))
    doubt = f"it is dated {dated} and has {money(words, invoice.money('open'))} open.{_rest(invoice, words)}"
    return f"{by(invoice.person)} entered {late.document}{on}, after the customer paid on {paid_on}; {doubt}"


def _rest(invoice: Fact, words: Words) -> str:
    """What was paid beyond the late invoice, as sentences that follow; "" where it takes all of the payment."""
    if not invoice.value("surcharge"):
        return phrases.what_is_left(invoice, words)
    need, open_now = invoice.money("need"), invoice.money("open")
    over = money(words, Money(need.amount_minor - open_now.amount_minor, need.currency))
    return (
        f" The customer paid {money(words, need)}, {over} more, as much as a surcharge. If it is one, add {over} to the "
        "invoice as a surcharge line first. Left as an unapplied credit, it would be owed back to the customer."
    )


CAUSE = CauseFile(
    Cause.INVOICE_LATE,
    title="Invoice entered after the payment",
    rules=(invoice_late, deposit_awaits_invoice),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
