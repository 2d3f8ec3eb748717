"""The order in which causes take precedence, and why. Everything else about a cause stands in its own file.

The order is a statement about harm. The first finding that is about the whole payment is shown; the others follow.

1. *Nobody knows whether it is posted*: any remedy could double it, so nothing else counts until the books answer.
2. *The money went back*, says the feed: then nothing is posted, and what is in the books must be balanced there.
3. *It is in the books twice*, was *deleted* or was *changed* there: somebody's work is undone by posting again.
4. *Our receipt is in the books* but locked, or unapplied: then that one is corrected, there is never a second one.
5. *The feed brought it before* under another number, *somebody entered it by hand*, or the books know its number: before
   anything that posts, because money counted twice is worse than money late. So too where one that named the payment
   vanished again.
6. *The period is closed*, *the customer or the account is inactive*: whatever else is wrong, the books would refuse a
   correction.
7. *One thing is wrong with the invoices* and one remedy fixes all of it. What explains most plainly comes first; no two of
   these can be about the whole payment at once, because each allows only invoices that fit beside it.
8. *The books could not be asked* at the last try: last, because they answered since, or nothing could have been read.
9. *Not identified*: what is said where nothing else explains the whole payment.

How a cause is added is written in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from receivables.diagnosis import Cause
from rules.cause_file import CauseFile
from rules.rule import Rule

#: A cause stands for the rules of its file rules/causes/<cause>.py, without those that have a place of their own here.
ORDER = (
    "outcome_unknown",
    "payment_returned",
    "payment_refunded",
    "payment_charged_back",
    "payment_failed",
    "receipt_doubled",
    "receipt_deleted",
    "receipt_changed",
    "receipt_deposited",  # before accepted_unapplied, whose remedy it blocks
    "accepted_unapplied",
    "duplicate_reference.twin_of_another_payment",
    "receipt_already_entered",
    "entered_net_of_fee",
    "amount_differs.receipt_for_nearly_the_amount",
    "amount_differs.receipt_for_other_amount",
    "receipt_deleted.hand_receipt_vanished",
    "duplicate_reference",
    "period_closed",
    "customer_changed.customer_merged",
    "customer_inactive",
    "account_inactive",
    "access_lost.permission_missing",
    "unidentified.near_match",  # before invoice_not_ready: what is near is likelier than what may still come
    "customer_changed",
    "currency_mismatch",
    "paid_by_returned",  # before credit_memo_applied and amount_differs: the customer pays a returned payment again
    "invoice_recreated",
    "invoice_late",
    "period_closed.credit_in_closed_period",  # before credit_memo_applied, whose remedy it blocks
    "credit_memo_applied",
    "customer_paid_twice",
    "surcharge",
    "overpayment",
    "amount_differs",
    "invoice_voided",
    "invoice_not_ready",
    "access_lost",
    "throttled",
    "books_unavailable",
    "unidentified",
)


def _file(name: str) -> CauseFile:
    described: CauseFile = import_module(f"rules.causes.{name}").CAUSE
    if described.cause != name or {rule.cause for rule in described.rules} != {described.cause}:
        raise ValueError(f"rules/causes/{name}.py speaks of another cause")
    return described


CAUSES: Mapping[Cause, CauseFile] = {Cause(name): _file(name) for name in ORDER if "." not in name}


def _rules_of(place: str) -> tuple[Rule, ...]:
    """The rules that stand at one place of the order."""
    cause, _, name = place.partition(".")
    rules = CAUSES[Cause(cause)].rules
    found = [rule for rule in rules if (rule.name == name if name else f"{cause}.{rule.name}" not in ORDER)]
    if not found:
        raise ValueError(f"there is no rule {place}")
    return tuple(found)


#: Every rule in its order; that of `unidentified` is the last, and is not asked of the engine.
EVERY = tuple(rule for place in ORDER for rule in _rules_of(place))
RULES, LAST_RESORT = EVERY[:-1], EVERY[-1]
#: What the engine is asked, each once: the conditions of one rule may be those of another as well.
ENGINE_RULES = tuple(dict.fromkeys(engine_rule for rule in RULES for engine_rule in rule.engine_rules()))
