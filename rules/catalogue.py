"""All rules in one place, in the order in which they take precedence, and what each says about itself.

The order is a statement about harm. The first finding that is about the whole payment is shown; the others follow.

1. *Nobody knows whether it is posted*: any remedy could double it, so nothing else counts until the books answer.
2. *The money went back*, says the feed: then nothing is posted, and what is in the books must come out.
3. *It is in the books twice*, was *deleted* or was *changed* there: somebody's work is undone by posting again.
4. *Our receipt is in the books* but locked, or lies on account: then that one is mended, there is never a second one.
5. *Somebody entered it by hand*, or the books know its number: before anything that posts, because money counted twice is
   worse than money late.
6. *The period is closed*, *the customer or the account is inactive*: whatever else is wrong, the books would refuse to be
   mended.
7. *One thing is wrong with the invoices* and one remedy mends all of it. What explains most plainly comes first; no two of
   these can be about the whole payment at once, because each allows only invoices that fit beside it.
8. *The books could not be asked* at the last try: last, because they answered since, or nothing could have been read.

How a cause is added is written in CONTRIBUTING.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from receivables.diagnosis import Cause
from rules import amounts, connection, credits, customers, feed, invoices, periods, receipts, refusals
from rules.rule import Rule
from rules.unidentified import EXPLAINED

RULES: tuple[Rule, ...] = (
    connection.outcome_unknown,
    feed.payment_returned,
    feed.payment_refunded,
    receipts.receipt_doubled,
    receipts.receipt_deleted,
    receipts.receipt_changed,
    receipts.receipt_deposited,  # before accepted_unapplied, whose remedy it blocks
    receipts.receipt_deposited_refused,
    receipts.accepted_unapplied,
    receipts.receipt_already_entered,
    receipts.receipts_entered_apart,
    receipts.receipt_entered_together,
    receipts.receipt_of_same_amount,  # the weakest tie last
    amounts.receipt_less_fee,
    refusals.duplicate_reference,
    periods.period_closed,
    periods.period_closed_refused,
    customers.customer_merged,
    customers.customer_inactive,
    customers.customer_inactive_refused,
    refusals.account_inactive,
    refusals.reference_inactive,
    connection.permission_missing,
    customers.invoice_moved,
    customers.customer_mismatch_refused,
    amounts.currency_mismatch,
    amounts.currency_refused,
    invoices.invoice_recreated,
    periods.credit_in_closed_period,  # before credit_memo_applied, whose remedy it blocks
    credits.credit_memo_applied,
    amounts.amount_over_invoice,
    invoices.invoice_voided,
    invoices.invoice_not_ready,
    connection.access_lost,
    connection.throttled,
    connection.books_unavailable,
)

HEADINGS = ("Shows as", "Happens when", "Remedy", "Prevention", "Not to be confused with")


@dataclass(frozen=True)
class RuleDocumentation:
    """What a rule says about itself, ready for a page of documentation."""

    name: str
    cause: Cause
    summary: str
    shows_as: str
    happens_when: str
    remedy: str
    prevention: str
    not_to_be_confused_with: str


def documentation() -> tuple[RuleDocumentation, ...]:
    """Every rule's own words in the order of precedence, `unidentified` last. Raises ValueError where a part is missing."""
    explained = [(rule.name, rule.cause, rule.explained) for rule in RULES]
    explained.append((Cause.UNIDENTIFIED.value, Cause.UNIDENTIFIED, EXPLAINED))
    return tuple(_documentation(*one) for one in explained)


def summary_of(rule: Rule) -> str:
    """What the rule finds, in one sentence."""
    return " ".join(rule.explained.split()).partition(f" {HEADINGS[0]}: ")[0]


def _documentation(name: str, cause: Cause, explained: str) -> RuleDocumentation:
    said = " ".join(explained.split())
    parts = []
    for heading in reversed(HEADINGS):
        said, found, part = said.partition(f"{heading}: ")
        if not found or not part.strip():
            raise ValueError(f"rule {name} does not say: {heading}")
        parts.append(part.strip())
    return RuleDocumentation(name, cause, said.strip(), *reversed(parts))
