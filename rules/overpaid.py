"""What the causes of paying too much have in common: what asks for them, and how the figures are told."""

from __future__ import annotations

from receivables.diagnosis import Diagnosis, Fact, Money
from receivables.words import Words
from rules import observations, phrases
from rules.fact_kinds import money
from rules.invoice_lines import Flaw, Over
from rules.patterns import Pattern, a, neither, no
from rules.reading import Reading
from rules.situations import UNPOSTED, nothing_but


def overpaid(why: Over) -> tuple[Pattern, ...]:
    """An invoice is overpaid for this reason, and nothing of ours is there."""
    return (UNPOSTED, a("line", flaw=Flaw.SHORT, over=why))


def only_overpaid(why: Over) -> tuple[Pattern, ...]:
    """Every invoice fits, or is overpaid for this reason."""
    return (nothing_but(Flaw.SHORT), no("line", flaw=Flaw.SHORT, over=neither(why)))


def facts(reading: Reading) -> list[Fact]:
    """The invoices that were overpaid, with what other payments of ours took of them."""
    return [fact for line in reading.lines if line.over_minor for fact in observations.line(reading, line)]


def told(diagnosis: Diagnosis) -> list[Fact]:
    """The invoices that the customer paid too much for."""
    return [fact for fact in diagnosis.primary.facts("invoice_short") if fact.value("over")]


def by_how_much(fact: Fact, words: Words) -> str:
    """What an invoice is for, what was paid for it, and how much more that is."""
    need, over = fact.money("need"), fact.money("over")
    ours = fact.money("ours") if fact.value("ours") else Money(0, need.currency)
    whole = words.money(need.amount_minor - over.amount_minor + ours.amount_minor, need.currency)
    others = f" and other payments took {money(words, ours)} of it" if ours.amount_minor else ""
    return f"{fact.document} is for {whole}{others}; the customer paid {money(words, need)} for it, {money(words, over)} more."


def excess(diagnosis: Diagnosis, words: Words) -> str:
    """All that was paid too much."""
    return phrases.total(told(diagnosis), "over", words)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    """Paid too much, for no reason that the figures tell."""
    return phrases.all_of(by_how_much(fact, words) for fact in told(diagnosis))


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    return f"Leave {excess(diagnosis, words)} as an unapplied credit."
