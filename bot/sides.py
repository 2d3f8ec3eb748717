"""The payment beside a receipt that somebody entered by hand: how each was paid, its reference, and where it was deposited.

Whether both are the same money is told by these, so a person sees them before they decide. Pure.
"""

from __future__ import annotations

from bot.text import NUMBER_AT_MOST, Block, context, plain_text, row
from receivables.company import Company
from receivables.diagnosis import Fact
from receivables.words import capitalized, plain
from storage.cards import CardFacts

RECEIPTS_AT_MOST = 2  # beside the payment; the facts in Resolve Now have the rest


def both_sides(facts: CardFacts, company: Company) -> list[Block]:
    """A section for each of the first receipts in question; nothing where no receipt entered by hand is."""
    diagnosis = facts.failure.diagnosis
    if diagnosis is None:
        return []
    entered = [fact for fact in diagnosis.primary.facts("receipt_by_hand") if fact.value("suspect")]
    blocks = [_beside(facts, company, fact, place) for place, fact in enumerate(entered[:RECEIPTS_AT_MOST])]
    unknown = [fact.document for fact in entered[:RECEIPTS_AT_MOST] if not fact.person]
    return [*blocks, *([context(f"The books do not tell who made {' and '.join(unknown)}.")] if unknown else [])]


def _beside(facts: CardFacts, company: Company, fact: Fact, place: int) -> Block:
    payment = facts.payment.payment
    ours = (payment.method, payment.transaction_number, company.deposit_account(payment.method, payment.currency), "")
    theirs = tuple(fact.text(name) for name in ("method", "written", "deposit_account", "deposit"))
    fields = row("Payment", plain(capitalized(fact.document), NUMBER_AT_MOST))
    for label, mine, other in zip(("Tender", "Reference", "Deposit account", "Deposit"), ours, theirs, strict=True):
        fields += [plain_text(f"{label}: {plain(text, NUMBER_AT_MOST) or 'none'}") for text in (mine, other)]
    return {"type": "section", "block_id": f"sides{place or ''}", "fields": fields}
