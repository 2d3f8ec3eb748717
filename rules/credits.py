"""What the causes `credit_memo_applied` and `period_closed` share: invoices that are short by credits applied later."""

from __future__ import annotations

from receivables.diagnosis import Diagnosis, Fact
from receivables.words import Words, listed
from rules import telling
from rules.fact_kinds import by, money

CREDITS_AT_MOST = 3  # the latest; the facts beside the sentence have the rest


def short_by_credits(diagnosis: Diagnosis, words: Words) -> str:
    """For each short invoice: what was open, which credits took it since, and what is left."""
    credits = diagnosis.primary.facts("credit_applied_after")
    return telling.all_of(
        _short(diagnosis, invoice, [credit for credit in credits if credit.text("invoice") == invoice.document], words)
        for invoice in diagnosis.primary.facts("invoice_short")
    )


def _short(diagnosis: Diagnosis, invoice: Fact, credits: list[Fact], words: Words) -> str:
    open_now = invoice.money("open")
    left = f"only {money(words, open_now)}" if open_now.amount_minor else "nothing"
    taken = listed([_applied(credit, words) for credit in credits[-CREDITS_AT_MOST:]])
    paid_on = telling.paid_on(diagnosis, words)
    if invoice.value("open_when_paid") is None:
        return f"The customer paid {invoice.document} on {paid_on}; {taken}, so {left} is open."
    then = money(words, invoice.money("open_when_paid"))
    return f"{invoice.document} had {then} open when the customer paid on {paid_on}; {taken}, so {left} is open."


def _applied(credit: Fact, words: Words) -> str:
    on = f"on {words.day(credit.at)} " if credit.at else ""
    return f"{on}{by(credit.person)} applied {credit.document} ({money(words, credit.money('amount'))})"
