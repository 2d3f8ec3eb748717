"""A credit memo took what the payment was meant for."""

from __future__ import annotations

from collections.abc import Iterable

from receivables.books_records import CreditApplication
from receivables.credit_reasons import CreditReason
from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import Evidence
from receivables.words import Words, capitalized, listed, plain
from rules import credit_facts, naming, observations, phrases
from rules.cause_file import CauseFile
from rules.credits_off import reversed_write_off
from rules.fact_kinds import by, money
from rules.invoice_lines import Flaw
from rules.patterns import a, above, no
from rules.reading import Reading, is_day_closed
from rules.rule import Matched, rule
from rules.situations import GENUINE_CREDITS, SAFE_TO_POST, SHORT_BY_CREDITS, UNPOSTED, nothing_but

AUTO_APPLY = "auto_apply"  # the root where the books apply credits by themselves
SAID_AT_MOST = 60  # characters of a memo's words in a sentence
CREDITS_AT_MOST = 3  # the latest; the facts beside the sentence have the rest


@rule(Cause.CREDIT_MEMO_APPLIED, when=SHORT_BY_CREDITS, whole=(nothing_but(Flaw.SHORT),), certain=SAFE_TO_POST)
def credit_memo_applied(reading: Reading, matched: Matched) -> Finding:
    """A credit memo was applied to the invoice after the customer paid it, so the payment no longer fits.

    Shows as: less is open on the invoice than the payment needs.
    Happens when: credits applied after the payment explain all that is missing, on every invoice that is short.
    Remedy: take the latest of these credits off, just enough, then post. What the invoice still takes is reapplied; the rest
    of the credit stays open for another invoice.
    Prevention: turn off the automatic application of credits, and apply credits only to invoices that no customer is paying.
    Not to be confused with: a write-off, a rebill or a correction of the tax, which stay on; a credit that was there when the
    customer paid, or one that explains only a part.
    """
    chosen = _newest_first(credit for line in reading.lines if line.flaw is Flaw.SHORT for credit in line.chosen_credits)
    return matched.finding(
        Remedy.UNAPPLY_CREDIT_MEMO,
        Remedy.KEEP_ON_ACCOUNT,
        Remedy.RETRY,
        Remedy.DISMISS,
        because=observations.lines_with(reading, Flaw.SHORT),
        applications=tuple(credit.id for credit in chosen),
        blocked=_blocked(reading, chosen),
    )


@rule(
    Cause.CREDIT_MEMO_APPLIED,
    when=(*SHORT_BY_CREDITS, a("application", chosen=True, shared=True)),
    whole=(nothing_but(Flaw.SHORT),),
    certain=SAFE_TO_POST,
)
def credit_memo_shared(reading: Reading, matched: Matched) -> Finding:
    """A credit memo took what the payment was meant for, and cannot be taken off this invoice alone.

    Shows as: less is open on the invoice than the payment needs; the memo is reconciled with several invoices at once.
    Happens when: credits applied after the payment explain all that is missing, and those that come off by themselves do not.
    Remedy: keep on account what the invoice does not take. Or undo the reconciliation in the books, and the payment is posted.
    Prevention: reconcile a credit memo with one invoice at a time.
    Not to be confused with: a credit memo applied to several invoices one by one.
    """
    chosen = _newest_first(credit for line in reading.lines if line.flaw is Flaw.SHORT for credit in line.chosen_credits)
    shared = [credit_facts.credit_shared(naming.credit_memo(credit)) for credit in chosen if credit.shared]
    because = (*observations.lines_with(reading, Flaw.SHORT), *shared)
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=because)


@rule(
    Cause.CREDIT_MEMO_APPLIED,
    when=(
        UNPOSTED,
        GENUINE_CREDITS,
        a("line", flaw=Flaw.SHORT, beside_ours=True, beyond_ours_minor=0),
        no("line", flaw=Flaw.SHORT, beyond_ours_minor=above(0)),
    ),
    whole=(nothing_but(Flaw.SHORT),),
    certain=None,
)
def credit_beside_other_payment(reading: Reading, matched: Matched) -> Finding:
    """A credit memo and another payment of the portal took what this payment was meant for.

    Shows as: less is open on the invoice than the payment needs, though the credit memo alone did not take that much.
    Happens when: credits applied after the customer paid, and our receipts for other payments, explain all that is missing.
    Remedy: apply what the invoices still take and leave the rest as an unapplied credit: the customer paid more than they owe.
    Taking the credit memo off makes room for the payment and leaves the credit open instead; the balance is the same.
    Prevention: apply credits only to invoices that no customer is paying, and show in the portal what is paid already.
    Not to be confused with: a credit memo that explains all that is missing.
    """
    taken = _newest_first(credit for line in reading.lines if line.flaw is Flaw.SHORT for credit in line.later_credits)
    unapply = () if _blocked(reading, taken) else (Remedy.UNAPPLY_CREDIT_MEMO,)
    return matched.finding(
        Remedy.KEEP_ON_ACCOUNT,
        *unapply,
        Remedy.RETRY,
        Remedy.DISMISS,
        because=observations.lines_with(reading, Flaw.SHORT),
        applications=tuple(credit.id for credit in taken) if unapply else (),
    )


@rule(
    Cause.CREDIT_MEMO_APPLIED,
    when=(UNPOSTED, a("payment", credits=CreditReason.WRITE_OFF)),
    whole=(nothing_but(Flaw.SHORT),),
    certain=None,
)
def invoice_written_off(reading: Reading, matched: Matched) -> Finding:
    """The invoice was written off, and the customer paid it after all.

    Shows as: less is open on the invoice than the payment needs; a credit memo on it says that it is a write-off.
    Happens when: the memo's item, reason, text or number names bad debt or a write-off, before or after the customer paid.
    Remedy: reverse the write-off: its credit memo comes off the invoice and is voided, because what was written off must not
    become a credit to spend, and the payment is posted. In the books where they do not let us, or where the memo is applied
    elsewhere as well; the next sync then posts the payment. Or keep the cash on account, as where the write-off is in a closed
    period: then record there that the debt was recovered.
    Prevention: check the portal for payments before an invoice is written off.
    Not to be confused with: a genuine credit, which may be taken off and used for another invoice.
    """
    because = observations.lines_with(reading, Flaw.SHORT)
    if locked := _locked_write_off(reading):
        return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.ESCALATE, Remedy.DISMISS, because=(*because, locked))
    if reversal := reversed_write_off(reading.evidence):
        return matched.finding(
            Remedy.REVERSE_WRITE_OFF,
            Remedy.KEEP_ON_ACCOUNT,
            Remedy.RETRY,
            Remedy.DISMISS,
            because=because,
            applications=tuple(credit.id for credit in reversal.taken),
        )
    if how := reading.evidence.write_off_by_hand:
        because = (*because, credit_facts.write_off_reversed_by_hand(how=how))
    return matched.finding(Remedy.ESCALATE, Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS, because=because)


@rule(
    Cause.CREDIT_MEMO_APPLIED,
    when=(UNPOSTED, a("payment", credits=CreditReason.REBILL)),
    whole=(nothing_but(Flaw.SHORT),),
    certain=None,
)
def invoice_rebilled(reading: Reading, matched: Matched) -> Finding:
    """The invoice was credited and rebilled, so the payment belongs on the new invoice.

    Shows as: less is open on the invoice than the payment needs; a credit memo of its whole amount, or one that says rebill.
    Happens when: a credit memo of the invoice's total was made with a new invoice of the same customer on the same day, or its
    item, reason or text names a rebill.
    Remedy: record the payment on the new invoice and leave the credit memo where it is; what the new invoice does not take
    stays on account. Without a new invoice, keep the payment on account until it is there.
    Prevention: send the new invoice to the portal, so that customers pay that one.
    Not to be confused with: a genuine credit. Taking a rebill's memo off would pay the superseded invoice and leave the new one
    open and dunned.
    """
    rebilled = [line for line in reading.lines if line.rebills]
    because = [fact for line in reading.lines if line.flaw is Flaw.SHORT for fact in observations.line(reading, line)]
    if not rebilled:
        taken = _newest_first(credit for line in reading.lines if line.flaw is Flaw.SHORT for credit in line.chosen_credits)
        unapply = (Remedy.UNAPPLY_CREDIT_MEMO,) if taken and not _blocked(reading, taken) else ()
        return matched.finding(
            Remedy.KEEP_ON_ACCOUNT,
            *unapply,
            Remedy.RETRY,
            Remedy.DISMISS,
            because=because,
            applications=tuple(credit.id for credit in taken) if unapply else (),
        )
    return matched.finding(
        Remedy.RECREATE_RECEIPT,
        Remedy.KEEP_ON_ACCOUNT,
        Remedy.RETRY,
        Remedy.DISMISS,
        because=because,
        successors=tuple((line.source.line, line.rebills[0].id) for line in rebilled if len(line.rebills) == 1),
    )


@rule(
    Cause.CREDIT_MEMO_APPLIED,
    when=(UNPOSTED, a("payment", credits=CreditReason.TAX)),
    whole=(nothing_but(Flaw.SHORT),),
    certain=None,
)
def tax_corrected(reading: Reading, matched: Matched) -> Finding:
    """The sales tax of the invoice was corrected by a credit memo, so the customer paid too much.

    Shows as: less is open on the invoice than the payment needs; a credit memo on it names sales tax.
    Happens when: the memo's item, reason or text names a correction of the tax, before or after the customer paid.
    Remedy: apply what the invoice takes and leave the rest as a credit of the customer. The credit memo stays: the tax is right.
    Prevention: check the tax of an invoice before it is sent to the portal.
    Not to be confused with: a genuine credit, which may be taken off and used for another invoice.
    """
    because = observations.lines_with(reading, Flaw.SHORT)
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=because)


def _locked_write_off(reading: Reading) -> Fact | None:
    """A write-off that a closed period keeps on an invoice of the payment, if there is one."""
    through = reading.evidence.settings.closed_through
    for line in reading.lines:
        for credit in line.source.credits if line.flaw is Flaw.SHORT else ():
            dated_closed = through is not None and credit.dated is not None and credit.dated <= through
            if credit.reason is CreditReason.WRITE_OFF and (dated_closed or is_day_closed(reading.evidence, credit.applied.at)):
                return credit_facts.credit_locked(naming.credit_memo(credit), credit.applied, through=through)
    return None


def _newest_first(credits: Iterable[CreditApplication]) -> list[CreditApplication]:
    """Each application once, the newest first."""
    once = {credit.id: credit for credit in credits}
    return sorted(once.values(), key=lambda credit: (credit.applied.at, credit.id), reverse=True)


def _blocked(reading: Reading, taken: Iterable[CreditApplication]) -> Fact | None:
    """Why these cannot all be taken off: one that the books have in a closed period, or share with another invoice."""
    through = reading.evidence.settings.closed_through
    for credit in taken:
        if is_day_closed(reading.evidence, credit.applied.at):
            return credit_facts.credit_locked(naming.credit_memo(credit), credit.applied, through=through)
        if credit.shared:
            return credit_facts.credit_shared(naming.credit_memo(credit))
    return None


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    """For each short invoice: what was open, which credits took it since, what is left, and what kind of credit it is."""
    short = diagnosis.primary.facts("invoice_short")
    told = phrases.all_of(_short(diagnosis, invoice, words) for invoice in short)
    return " ".join(filter(None, (told, _kind_of_credit(diagnosis.primary, words))))


def _kind_of_credit(finding: Finding, words: Words) -> str:
    """What the memo is where it does not simply come off."""
    match finding.rule:
        case "credit_memo_shared":
            return phrases.told(finding.facts("credit_shared"), words)
        case "credit_beside_other_payment":
            return "Other payments took the rest, so the customer paid more than they owe."
        case "invoice_written_off":
            return " ".join(filter(None, ("It is a write-off.", phrases.told(finding.facts("credit_locked"), words))))
        case "invoice_rebilled":
            rebills = finding.facts("invoice_may_replace")
            if not rebills:
                return "It says that the invoice was rebilled, but no new invoice was found."
            instead = "is" if len(rebills) == 1 else "are"
            return f"It was rebilled: {phrases.documents(rebills)} {instead} what the customer owes now."
        case "tax_corrected":
            return "It corrects the sales tax and stays: what was paid too much is a credit of the customer."
    return ""


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    """What follows where the memo does not simply come off."""
    finding = diagnosis.primary
    match finding.rule:
        case "credit_memo_shared":
            return "Undo that there, or leave the rest as an unapplied credit."
        case "invoice_written_off" if finding.facts("credit_locked"):
            return "Leave the payment as an unapplied credit, and record in the books that the debt was recovered."
        case "invoice_written_off" if finding.remedy is Remedy.REVERSE_WRITE_OFF:
            return "Reverse it, and the payment fits. Its credit memo is voided, so that nobody spends it."
        case "invoice_written_off":
            how = "".join(f" ({fact.text('how')})" for fact in finding.facts("write_off_reversed_by_hand"))
            return (
                f"Take that credit memo off the invoice in the books and void or delete it{how}, so that it does not become a "
                "credit to spend. The next sync then posts the payment."
            )
    return ""


def why(diagnosis: Diagnosis, words: Words) -> str:
    """Credit memo CM-77 applied after payment"""
    finding = diagnosis.primary
    invoices = capitalized(phrases.documents(finding.facts("invoice_short")))
    match finding.rule:
        case "invoice_written_off":
            return f"{invoices} was written off"
        case "invoice_rebilled":
            return f"{invoices} was rebilled"
        case "tax_corrected":
            return f"Sales tax of {phrases.documents(finding.facts('invoice_short'))} corrected"
    memos = list(dict.fromkeys(fact.document for fact in finding.facts("credit_applied_after")))
    if len(memos) == 1:
        return f"{capitalized(memos[0])} applied after payment"
    return f"{len(memos)} credit memos applied after payment" if memos else "Credit memo applied"


def _short(diagnosis: Diagnosis, invoice: Fact, words: Words) -> str:
    finding = diagnosis.primary
    later = ("credit_memo_applied", "credit_memo_shared", "credit_in_closed_period")
    kinds = ["credit_applied_after"] if finding.rule in later else [
        "credit_applied_before", "credit_applied_after"
    ]  # fmt: skip
    credits = [credit for credit in finding.facts(*kinds) if credit.text("invoice") == invoice.document]
    open_now = invoice.money("open")
    left = f"only {money(words, open_now)}" if open_now.amount_minor else "nothing"
    paid_on = phrases.paid_on(diagnosis, words)
    if not credits:
        return f"{invoice.document} has {left} open."
    taken = listed([_applied(credit, words) for credit in credits[-CREDITS_AT_MOST:]])
    if credits[0].fact == "credit_applied_before":
        return f"{taken} to {invoice.document}; the customer paid it on {paid_on}, and {left} is open."
    if invoice.value("open_when_paid") is None:
        return f"The customer paid {invoice.document} on {paid_on}; {taken}, so {left} is open."
    then = money(words, invoice.money("open_when_paid"))
    return f"{invoice.document} had {then} open when the customer paid on {paid_on}; {taken}, so {left} is open."


def _applied(credit: Fact, words: Words) -> str:
    on = f"on {words.day(credit.at)} " if credit.at else ""
    said = f"“{plain(credit.text('said'), SAID_AT_MOST)}”, " if credit.text("said") else ""
    return f"{on}{by(credit.person)} applied {credit.document} ({said}{money(words, credit.money('amount'))})"


def root(finding: Finding, evidence: Evidence) -> str:
    """The setting of the books that applies credits by itself, where it is on."""
    return AUTO_APPLY if evidence.settings.auto_applies_credits and finding.rule == "credit_memo_applied" else ""


CAUSE = CauseFile(
    Cause.CREDIT_MEMO_APPLIED,
    title="Credit memo applied",
    rules=(
        invoice_written_off,
        invoice_rebilled,
        tax_corrected,
        credit_memo_shared,
        credit_memo_applied,
        credit_beside_other_payment,
    ),
    sentence=sentence,
    to_do=to_do,
    why=why,
    root=root,
    incident="“Automatically apply credits” is on in the books: credit memos use up invoices before portal payments are posted. "
    "Turn it off in the books; until then this will keep happening.",
    setting="“Automatically apply credits” is on and uses up invoices first",
)
