"""The invoice is a draft, or has not reached the books yet."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words, capitalized, listed, plain
from rules import naming, observations, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import money, when
from rules.invoice_lines import Flaw
from rules.kinds import kind
from rules.near import may_match
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, can_be_recorded, nothing_but


@rule(
    Cause.INVOICE_NOT_READY,
    when=(UNPOSTED, a("line", flaw=Flaw.NOT_READY)),
    whole=(nothing_but(Flaw.NOT_READY),),
    certain=(a("payment", drafts_seen=True),),
)
def invoice_not_ready(reading: Reading, matched: Matched) -> Finding:
    """The invoice is still a draft, or has not reached the books yet.

    Shows as: the books have no such invoice, or only a draft of it.
    Happens when: the invoice is exported to the books later than the payment. Certain when the draft is there.
    Remedy: wait. Once the invoice is there, dated by the day of the payment and large enough, the payment is posted by itself;
    any other is offered. After three days, or over a month end, record the payment as a customer deposit, so that the cash is
    in the books; it is applied when the invoice comes. Where the invoice is in the books under a number that has nothing in
    common with this one, match the payment to it.
    Prevention: export invoices to the books before they can be paid, and approve drafts daily.
    Not to be confused with: an invoice that was there and is deleted.
    """
    because = observations.lines_with(reading, Flaw.NOT_READY)
    otherwise = (Remedy.MATCH,) if may_match(reading.evidence) else ()
    return matched.finding(*_until_then(reading), Remedy.RETRY, *otherwise, because=because)


@kind
def invoice_drafted(fact: Fact, words: Words, *, replaces: str) -> str:
    return f"{fact.document} was created{when(fact, words)} in the place of {replaces} and is still a draft."


@rule(
    Cause.INVOICE_NOT_READY,
    when=(UNPOSTED, a("line", flaw=Flaw.REDRAFTED)),
    whole=(nothing_but(Flaw.REDRAFTED),),
    certain=None,
)
def invoice_drafted_again(reading: Reading, matched: Matched) -> Finding:
    """The invoice was deleted or voided, and what has its number now is still a draft.

    Shows as: the invoice that was paid is gone or voided, beside a draft of the same number and customer.
    Happens when: somebody corrects an invoice and has not issued the new one yet. Always only likely.
    Remedy: wait until the draft is issued; then the payment is offered to it. After three days, or over a month end, record
    the payment as a customer deposit.
    Prevention: issue the new invoice when the old one is voided.
    Not to be confused with: an invoice that was voided for good, or one that is recreated and open (invoice_recreated).
    """
    lost = [line for line in reading.lines if line.flaw is Flaw.REDRAFTED]
    drafts = [
        invoice_drafted(f"invoice {plain(of.number)}", of.created, replaces=naming.invoice(line))
        for line in lost
        for of in line.drafts
    ]
    because = [*observations.lines_with(reading, Flaw.REDRAFTED), *drafts]
    return matched.finding(*_until_then(reading), Remedy.RETRY, because=because)


def _until_then(reading: Reading) -> tuple[Remedy, ...]:
    """The invoice is waited for; after a while the cash is recorded meanwhile."""
    deposit = reading.evidence.awaited_long and can_be_recorded(reading)
    return (Remedy.KEEP_ON_ACCOUNT, Remedy.WAIT) if deposit else (Remedy.WAIT,)


def _drafted_again(diagnosis: Diagnosis, words: Words) -> str:
    lost = diagnosis.primary.facts("invoice_deleted", "invoice_voided")
    said = phrases.all_of(f"{phrases.lost_invoice(diagnosis, fact, words)}, and a draft has its number now." for fact in lost)
    return f"{said} When the draft is issued, the payment is offered to it."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.remedy is not Remedy.KEEP_ON_ACCOUNT:
        return ""
    return "Until then the cash is not in the books: record it as a customer deposit."


def why(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if drafted := finding.facts("invoice_draft"):
        return f"{capitalized(phrases.documents(drafted))} still a draft"
    if missing := finding.facts("invoice_no_such_invoice"):
        return f"{capitalized(phrases.documents(missing))} not in the books yet"
    return f"{capitalized(phrases.documents(finding.facts('invoice_deleted', 'invoice_voided')))} is a draft again"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "invoice_drafted_again":
        return _drafted_again(diagnosis, words)
    facts = finding.facts("invoice_draft", "invoice_no_such_invoice")
    texts = [
        f"{fact.document} is {'still a draft' if fact.fact == 'invoice_draft' else 'not in the books yet'}." for fact in facts
    ]
    alone = len({fact.document for fact in facts}) == 1
    posted = listed(list(dict.fromkeys(_posted_once(diagnosis, fact, alone, words) for fact in facts)))
    return f"{phrases.all_of(texts)} The payment posts automatically once {posted}."


def _posted_once(diagnosis: Diagnosis, fact: Fact, alone: bool, words: Words) -> str:
    """What must be so with one of the invoices, in the words of the rule that binds it."""
    name, is_there = "it" if alone else fact.document, "is issued" if fact.fact == "invoice_draft" else "is there"
    dated = f", dated {phrases.paid_on(diagnosis, words)} or earlier," if not fact.value("bound") else ""
    need = f" with {money(words, fact.money('need'))} open" if fact.value("need") else ""
    return f"{name} {is_there}{dated}{need}"


CAUSE = CauseFile(
    Cause.INVOICE_NOT_READY,
    title="Invoice not in the books yet",
    rules=(invoice_not_ready, invoice_drafted_again),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
