"""The customer paid an invoice again that another payment had paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words, capitalized, listed, plain
from rules import overpaid, phrases
from rules.cause_file import CauseFile
from rules.fact_kinds import money
from rules.invoice_lines import Over
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import SAFE_TO_POST


@rule(
    Cause.CUSTOMER_PAID_TWICE,
    when=overpaid.overpaid(Over.TWICE),
    whole=overpaid.only_overpaid(Over.TWICE),
    certain=SAFE_TO_POST,
)
def invoice_paid_before(reading: Reading, matched: Matched) -> Finding:
    """Another payment of the portal had paid the whole invoice, and the customer paid it again.

    Shows as: nothing is open on the invoice, and our receipts for other payments are all that took anything from it.
    Happens when: the customer paid once by AutoPay and once by hand, or sent the form twice: the bank has the money twice.
    Remedy: leave it as an unapplied credit. Then refund it: record the refund in the books against that credit. Or apply it to
    another open invoice of the customer at once.
    Prevention: show in the portal what is paid already, and turn AutoPay off for an invoice that is being paid by hand.
    Not to be confused with: one payment that the feed brought twice (duplicate_reference), or two receipts of one payment
    (receipt_doubled): there the bank has the money once.
    """
    return matched.finding(Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.DISMISS, because=overpaid.facts(reading))


def payers(finding: Finding, invoice: str, words: Words) -> list[str]:
    """The other payments that are applied to this invoice, with their days."""
    taken = [fact for fact in finding.facts("receipt_of_other_payment") if fact.text("invoice") == invoice]
    return [_payer(fact, words) for fact in taken[: phrases.NAMED_AT_MOST]]


def _payer(fact: Fact, words: Words) -> str:
    named = plain(fact.text("payment")) or fact.document
    return f"{named} on {words.day(date.fromisoformat(fact.text('dated')))}" if fact.text("dated") else named


def why(diagnosis: Diagnosis, words: Words) -> str:
    return f"{capitalized(phrases.documents(overpaid.told(diagnosis)))} paid twice"


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return phrases.all_of(_again(diagnosis.primary, fact, words) for fact in overpaid.told(diagnosis))


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    return "Leave it as an unapplied credit, then refund it, or apply it to another open invoice of the customer."


def _again(finding: Finding, fact: Fact, words: Words) -> str:
    before: Sequence[str] = payers(finding, fact.document, words)
    by = f" by {listed(list(before))}" if before else ""
    return f"{fact.document} was already paid{by}; this is a second payment of {money(words, fact.money('need'))}."


CAUSE = CauseFile(
    Cause.CUSTOMER_PAID_TWICE,
    title="Customer paid twice",
    rules=(invoice_paid_before,),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
