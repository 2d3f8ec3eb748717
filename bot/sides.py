"""Two receipts side by side: the payment beside one that somebody entered by hand, or ours as posted beside what it is now.

Whether both are the same money, and what was changed, is told by how each was paid, its reference, and where it was deposited:
a person sees these before they decide. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.called import document
from bot.text import NUMBER_AT_MOST, Block, context, plain_text, row
from receivables.books_records import Receipt, by_invoice
from receivables.company import Company
from receivables.diagnosis import Cause, Fact
from receivables.evidence import Evidence, PostedPart
from receivables.words import Words, capitalized, listed, plain, tender
from storage.cards import CardFacts

RECEIPTS_AT_MOST = 2  # beside the payment; the facts in Resolve Now have the rest
ROWS_AT_MOST = 3  # on a card; the window has them all
Row = tuple[str, str, str]  # what it is, on the one side, on the other
UNKNOWN = "none"


def both_sides(facts: CardFacts, company: Company, at_most: int = RECEIPTS_AT_MOST) -> list[Block]:
    """A section for each of the first receipts in question; nothing where there is nothing to compare."""
    diagnosis, evidence = facts.failure.diagnosis, facts.evidence
    if diagnosis is None:
        return []
    if diagnosis.primary.cause is Cause.RECEIPT_CHANGED and evidence is not None:
        changed = [part for part in evidence.posted if part.living is not None]
        return [
            block for place, part in enumerate(changed[:at_most]) for block in _posted_and_now(evidence, company, part, place)
        ]
    entered = [fact for fact in diagnosis.primary.facts("receipt_by_hand") if fact.value("suspect")][:at_most]
    return [_payment_and_receipt(facts, company, fact, place) for place, fact in enumerate(entered)]


def unknown_makers(facts: CardFacts) -> list[Block]:
    """That the books do not say who entered a receipt in question."""
    diagnosis = facts.failure.diagnosis
    entered = [fact for fact in diagnosis.primary.facts("receipt_by_hand") if fact.value("suspect")] if diagnosis else []
    unknown = [fact.document for fact in entered[:RECEIPTS_AT_MOST] if not fact.person]
    return [context(f"The books do not say who entered {listed(unknown)}.")] if unknown else []


def _payment_and_receipt(facts: CardFacts, company: Company, fact: Fact, place: int) -> Block:
    payment = facts.payment.payment
    account, deposit = fact.text("deposit_account"), fact.text("deposit")
    theirs = f"{account} ({deposit})" if account and deposit else account or (f"deposit {deposit}" if deposit else "")
    rows = [
        ("Tender", capitalized(tender(payment.method)), capitalized(tender(fact.text("method")))),
        ("Reference", payment.transaction_number, fact.text("written")),
        ("Deposit to", company.deposit_account(payment.method, payment.currency) or "default account", theirs),
    ]
    return _section(
        place, "Payment", capitalized(fact.document), [of for of in rows if of[1] not in ("", "default account") or of[2]]
    )


def _posted_and_now(evidence: Evidence, company: Company, part: PostedPart, place: int) -> list[Block]:
    """What of our receipt is otherwise than it was posted."""
    receipt, words = part.living, company.words
    if receipt is None:
        return []
    currency, posted_on = evidence.payment.currency, part.received_on
    same_customer = part.customer_id in ("", receipt.customer_id)
    rows = [
        ("Amount", words.money(part.amount_minor, currency), words.money(receipt.amount_minor, receipt.currency)),
        ("Date", words.day(posted_on) if posted_on else "", words.day(receipt.received_on) if posted_on else ""),
        ("Customer", evidence.payment.customer, evidence.payment.customer if same_customer else "another customer"),
        ("Deposit to", part.deposit_account, receipt.deposit_account if part.deposit_account else ""),
        ("Exchange rate", receipt.rate_sent, receipt.rate_booked if receipt.rate_sent else ""),
        ("Applied to", _meant(evidence, part, words), _applied(evidence, receipt, words)),
    ]
    changed = [of for of in rows if of[1] != of[2]]
    name = document(f"Receipt {receipt.number or receipt.id}", company)
    return [_section(place, "As posted", f"{name} now", changed)] if changed else []


def _meant(evidence: Evidence, part: PostedPart, words: Words) -> str:
    """What our receipt was meant to be applied to."""
    return _on(evidence, dict(part.lines), part.on_account_minor, words)


def _applied(evidence: Evidence, receipt: Receipt, words: Words) -> str:
    return _on(evidence, by_invoice(receipt.lines), receipt.unapplied_minor, words)


def _on(evidence: Evidence, lines: dict[str, int], unapplied_minor: int, words: Words) -> str:
    """invoice 1042 $500.00, unapplied $20.00"""
    numbers, currency = {line.invoice_id: line.invoice_number for line in evidence.lines}, evidence.payment.currency
    said = [f"invoice {numbers[id_]} {words.money(minor, currency)}" for id_, minor in lines.items() if id_ in numbers]
    other_minor = sum(minor for id_, minor in lines.items() if id_ not in numbers)
    said += [f"other invoices {words.money(other_minor, currency)}"] if other_minor else []
    said += [f"unapplied {words.money(unapplied_minor, currency)}"] if unapplied_minor else []
    return ", ".join(said) or "nothing"


def _section(place: int, left: str, right: str, rows: Sequence[Row]) -> Block:
    """A heading for each side, and below it what each says of itself."""
    fields = row(left, plain(right, NUMBER_AT_MOST))
    for label, mine, theirs in rows[:ROWS_AT_MOST]:
        fields += [plain_text(f"{label}: {plain(said, NUMBER_AT_MOST) or UNKNOWN}") for said in (mine, theirs)]
    return {"type": "section", "block_id": f"sides{place or ''}", "fields": fields}
