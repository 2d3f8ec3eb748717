"""The invoice is still paid by an earlier payment whose money went back: the customer pays it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from receivables.diagnosis import Cause, Diagnosis, Fact, Finding, Remedy
from receivables.words import Words, listed
from rules import gone_facts, naming, observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import LineReading
from rules.money_gone import held_by
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED


@rule(Cause.PAID_BY_RETURNED, when=(UNPOSTED, a("payment", paid_by_returned=True)))
def paid_by_returned(reading: Reading, matched: Matched) -> Finding:
    """The invoice has nothing open, because the receipt of an earlier payment that was returned is still applied to it.

    Shows as: what the invoice lacks is applied from a receipt of a payment that was returned, refunded or charged back.
    Happens when: the customer pays a returned payment again before its return is in the books.
    Remedy: wait: record the return of the first payment on its own card; the invoice is open again then, and this payment
    is posted by itself. Where the return is recorded and the books keep the old receipt on the invoice, take it off there.
    Until then the payment can be recorded as an unapplied credit.
    Prevention: record returns on the day they are told.
    Not to be confused with: a customer who paid twice (customer_paid_twice); there is no second payment here.
    """
    because = [fact for line in reading.lines for fact in _held(reading, line)]
    because += [observations.state(reading, line) for line in reading.lines if held_by(line, reading)]
    return matched.finding(Remedy.WAIT, Remedy.KEEP_ON_ACCOUNT, because=because)


def _held(reading: Reading, line: LineReading) -> list[Fact]:
    return [
        (gone_facts.receipt_of_recorded if other.recorded else gone_facts.receipt_of_returned)(
            naming.receipt(receipt),
            receipt.created,
            invoice=naming.invoice(line),
            payment=other.number,
            status=other.status.value,
            on=other.on,
        )
        for receipt, other in held_by(line, reading)
    ]


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    held = _gone_back(diagnosis)
    said = []
    for fact in held:
        day = fact.text("on")
        on = f" on {words.day(date.fromisoformat(day))}" if day else ""
        went = fact.text("status").replace("_", " ")
        said.append(f"{fact.text('invoice')} was paid by {fact.text('payment')}, which was {went}{on}.")
    return phrases.all_of(said)


def why(diagnosis: Diagnosis, words: Words) -> str:
    held = _gone_back(diagnosis)
    invoices = listed(list(dict.fromkeys(fact.text("invoice") for fact in held)))
    return f"Earlier payment on {invoices} was {held[0].text('status').replace('_', ' ')}"


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    return " ".join(_what_then(_gone_back(diagnosis)))


def _gone_back(diagnosis: Diagnosis) -> Sequence[Fact]:
    """The receipts that are on the invoices although their money went back."""
    return diagnosis.primary.facts("receipt_of_returned", "receipt_of_recorded")


def _what_then(held: Sequence[Fact]) -> list[str]:
    """What lets the payment be posted: the return, or, where that is recorded, that the old receipt gives the invoice free."""
    missing = list(dict.fromkeys(fact.text("payment") for fact in held if fact.fact != "receipt_of_recorded"))
    kept = [fact for fact in held if fact.fact == "receipt_of_recorded"]
    said = [f"Once that is recorded for {listed(missing)}, this payment posts automatically."] if missing else []
    if kept:
        said.append(
            f"That is recorded. Take {phrases.documents(kept)} off the invoice in the books, and this payment posts "
            "automatically; or leave this one as an unapplied credit, and apply it to what the customer owes for the return."
        )
    return said


CAUSE = CauseFile(
    Cause.PAID_BY_RETURNED,
    title="Earlier payment on the invoice went back",
    rules=(paid_by_returned,),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
