"""Words that the sentences of several causes share: the payment, the customer, a few facts in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from receivables.diagnosis import Diagnosis, Fact, Money
from receivables.words import TENDER_AT_MOST, Words, capitalized, listed, plain, tender
from rules.fact_kinds import by, money
from rules.kinds import fact_sentence

NAMED_AT_MOST = 3  # more documents than this in one sentence cannot be read


def amount(diagnosis: Diagnosis, words: Words) -> str:
    """The payment's amount."""
    return money(words, diagnosis.payment.money("amount"))


def refused_it(diagnosis: Diagnosis, words: Words) -> str:
    """What was rejected in the books: the payment, or what of it is not in them."""
    ours = list(dict.fromkeys(diagnosis.primary.facts("receipt_ours")))
    if not ours:
        return f"This payment of {amount(diagnosis, words)} was rejected"
    whole = diagnosis.payment.money("amount")
    rest = Money(whole.amount_minor - sum(fact.money("amount").amount_minor for fact in ours), whole.currency)
    there = f"{capitalized(documents(ours))} {'is' if len(ours) == 1 else 'are'} in the books"
    return f"{there}; the remaining {money(words, rest)} of this payment was rejected"


def paid_on(diagnosis: Diagnosis, words: Words) -> str:
    """The company's day on which the customer paid."""
    return words.day(diagnosis.payment.at) if diagnosis.payment.at else "an unknown day"


def transaction(diagnosis: Diagnosis) -> str:
    return plain(diagnosis.payment.text("number"))


def customer(diagnosis: Diagnosis) -> str:
    return plain(diagnosis.payment.text("customer"))


def documents(facts: Sequence[Fact]) -> str:
    """The documents of these facts in a row, the first few, each once."""
    return listed(list(dict.fromkeys(fact.document for fact in facts))[:NAMED_AT_MOST])


def total(facts: Iterable[Fact], name: str, words: Words) -> str:
    """The amounts of that name together; they are of one currency."""
    amounts = [fact.money(name) for fact in facts]
    return money(words, Money(sum(found.amount_minor for found in amounts), amounts[0].currency))


def hand_receipt(fact: Fact, words: Words) -> str:
    """Receipt 70 ($500.00, check 8841), entered by erin on Mar 4, 2026,"""
    on = f" on {words.day(fact.at)}" if fact.at else ""
    what = ", ".join(said for said in (money(words, fact.money("amount")), _handed_over(fact)) if said)
    return f"{fact.document} ({what}), entered by {by(fact.person)}{on},"


def _handed_over(receipt: Fact) -> str:
    """How a receipt's money was handed over and its reference, as the books write them: "check 8841"; "" for neither."""
    method, written = tender(receipt.text("method")), plain(receipt.text("written"), TENDER_AT_MOST)
    if not method or not written:
        return method or (written and f"reference {written}")
    return written if method.casefold() in written.casefold() else f"{method} {written}"


def wrong_place(fact: Fact) -> str:
    """Where a receipt by hand is recorded instead of where it belongs, in words that follow it; or ""."""
    elsewhere = fact.text("elsewhere")
    return f", on another {elsewhere}" if elsewhere else ""


def told(facts: Iterable[Fact], words: Words) -> str:
    """The sentences of these facts, the first few."""
    return all_of(fact_sentence(fact, words) for fact in facts)


def all_of(sentences: Iterable[str]) -> str:
    """One sentence each, the first few; the facts beside them have the rest."""
    said = list(dict.fromkeys(sentences))
    more = f" And {len(said) - NAMED_AT_MOST} more." if len(said) > NAMED_AT_MOST else ""
    return " ".join(capitalized(text) for text in said[:NAMED_AT_MOST]) + more


def lost_invoice(diagnosis: Diagnosis, invoice: Fact, words: Words) -> str:
    """Who deleted or voided an invoice, and when; or that the one which the customer paid is not there."""
    did = "deleted" if invoice.fact == "invoice_deleted" else "voided"
    if invoice.at is None:
        return f"{invoice.document} was {did}"
    return f"{by(invoice.person)} {did} {invoice.document} on {words.day(invoice.at)}"


def what_is_left(candidate: Fact, words: Words) -> str:
    """What of the payment an invoice in the place of another cannot take, as a sentence that follows; "" where it takes all."""
    if candidate.value("need") is None:
        return ""
    need, open_now = candidate.money("need"), candidate.money("open")
    rest = need.amount_minor - open_now.amount_minor
    if rest <= 0:
        return ""
    return f" The payment is {money(words, need)}, so {money(words, Money(rest, need.currency))} would be left unapplied."
