"""What happened to a payment, as small stories: each does it in the books, and so knows the truth.

A story is a generator. Up to its first `yield` the books are as they were when the customer paid; then it breaks
something. One that yields again goes on after the payment was posted and verified. What it returns is the truth:
which causes a careful person could name, what the remedy may be, which documents are meant, and whether the books
hold enough to decide it at all.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import timedelta

from bench.accuracy.world import World
from receivables.diagnosis import Cause, Remedy


@dataclass(frozen=True)
class Truth:
    """What was done. `causes` are the right answers; `documents` those that the remedy may touch; `kind` names the story."""

    kind: str
    number: str
    causes: frozenset[Cause]
    remedies: frozenset[Remedy]
    documents: frozenset[str] = frozenset()
    decidable: bool = True
    may_post: bool = False  # the books may also take the payment as it is, and then nothing needs a name
    there: bool = False  # its money is in the books by other hands, so posting it would count it twice
    second: bool = False  # the customer paid the same once more in another way: both are money
    healthy: bool = False  # nothing is wrong, its invoice is open for all of it, and the books hold nothing of it


Story = Generator[None, None, Truth]
NOBODY_KNOWS = frozenset({Cause.UNIDENTIFIED})
LEFT_TO_PEOPLE = frozenset({Remedy.ESCALATE, Remedy.RECREATE_RECEIPT, Remedy.RETRY, Remedy.WAIT})
INSTRUCTIONS = frozenset({Remedy.RETRY, Remedy.WAIT, Remedy.ESCALATE})


def truth(kind: str, number: str, cause: Cause, *remedies: Remedy, documents: frozenset[str] = frozenset()) -> Truth:
    return Truth(kind, number, frozenset({cause}), frozenset(remedies) or INSTRUCTIONS, documents)


def _unclear(kind: str, number: str, *causes: Cause) -> Truth:
    """No careful person could tell from the books alone."""
    return Truth(kind, number, NOBODY_KNOWS | frozenset(causes), LEFT_TO_PEOPLE | {Remedy.KEEP_ON_ACCOUNT}, decidable=False)


def entered_by_hand(w: World, key: str) -> Story:
    """A bookkeeper saw the money at the bank and recorded it before we came."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.noise(key, customer, besides=minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    entered = w.soon_after(at)
    dated = at + timedelta(days=w.random.choice((0, 0, 0, 1, 1, 2, 3)))
    reference = w.random.choice((number, number, "", f"bank {w.random.randrange(999)}", number[-6:]))
    method = w.random.choice(("card", "card", ""))
    receipt = w.receipt(
        customer, minor, {invoice.id: minor}, max(entered, dated), on=dated.date(), reference=reference, method=method
    )
    return Truth(
        "entered by hand",
        number,
        frozenset({Cause.RECEIPT_ALREADY_ENTERED}),
        frozenset({Remedy.DISMISS} if number in reference else {Remedy.DISMISS, Remedy.NOT_DUPLICATE}),
        frozenset({receipt.id}),
        decidable=number in reference,  # otherwise it may be a second payment
        there=True,
    )


def paid_twice_on_purpose(w: World, key: str) -> Story:
    """The customer had sent a check long before, for the same invoice; the portal's money is other money."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    came = at - timedelta(days=w.random.randrange(10, 20))
    w.receipt(customer, minor, {invoice.id: minor}, came, reference=f"check {w.random.randrange(9_999)}", method="check")
    return replace(_unclear("paid twice on purpose", number, Cause.AMOUNT_DIFFERS), second=True)


def one_receipt_for_several(w: World, key: str) -> Story:
    """One receipt by hand holds this payment's money and another's."""
    customer, at = w.customer(key), w.paid_moment()
    mine, theirs = w.amount(), w.amount()
    ours, other = w.invoice(f"A{key}", customer, mine), w.invoice(f"B{key}", customer, theirs)
    number = w.pay(key, customer, mine, {ours.number: mine}, at)
    yield
    receipt = w.receipt(customer, mine + theirs, {ours.id: mine, other.id: theirs}, w.soon_after(at))
    return Truth(
        "one receipt for several", number, NOBODY_KNOWS | {Cause.RECEIPT_ALREADY_ENTERED}, LEFT_TO_PEOPLE | {Remedy.DISMISS},
        frozenset({receipt.id}), decidable=False,
    )  # fmt: skip


def installment(w: World, key: str) -> Story:
    """The customer pays in parts; somebody entered another part by hand, which is not this one."""
    customer, at = w.customer(key), w.paid_moment()
    minor = max(3_000, w.amount())
    part = minor // 3
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor - part, {invoice.number: minor - part}, at)
    yield
    w.receipt(customer, minor - part - 1, {invoice.id: minor - part - 1}, at - timedelta(days=9), reference="first part")
    return _unclear("installment", number, Cause.AMOUNT_DIFFERS)


def credited(w: World, key: str) -> Story:
    """One or several credit memos were applied after the customer paid."""
    customer, minor, at = w.customer(key), max(2_000, w.amount()), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.noise(key, customer, besides=minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    left, applied = minor, []
    for place in range(w.random.choice((1, 1, 1, 2, 3))):
        part = w.random.randrange(100, max(101, left // 2))
        left -= part
        applied.append(
            w.credit(f"{place}-{key}", invoice, part, w.soon_after(at), total_minor=part + w.random.choice((0, 5_000)))
        )
    return truth("credited", number, Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO, documents=frozenset(applied))


def credited_before(w: World, key: str) -> Story:
    """The credit stood already when the customer paid the full amount all the same."""
    customer, minor, at = w.customer(key), max(2_000, w.amount()), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.credit(key, invoice, w.random.randrange(100, minor), at - timedelta(days=w.random.randrange(2, 20)))
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    return Truth(
        "credited before",
        number,
        NOBODY_KNOWS | {Cause.AMOUNT_DIFFERS},
        LEFT_TO_PEOPLE | {Remedy.KEEP_ON_ACCOUNT},
        decidable=False,
    )


def credited_and_entered(w: World, key: str) -> Story:
    """A credit memo, and then a receipt by hand: of all the money with a rest on account, or only of what was still open."""
    customer, minor, at = w.customer(key), max(2_000, w.amount()), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    part = w.random.randrange(100, minor // 2)
    w.credit(key, invoice, part, at + timedelta(hours=3))
    whole = w.chance(50)
    when, reference = w.soon_after(at + timedelta(hours=4)), w.random.choice((number, ""))
    receipt = w.receipt(customer, minor if whole else minor - part, {invoice.id: minor - part}, when, reference=reference)
    if not whole:  # a part of the money is nowhere: to stop syncing would lose it
        return _unclear("credited, and a part entered", number)
    causes = NOBODY_KNOWS | {Cause.RECEIPT_ALREADY_ENTERED}
    remedies = LEFT_TO_PEOPLE | {Remedy.DISMISS}
    return Truth("credited, and all of it entered", number, causes, remedies, frozenset({receipt.id}), decidable=False)


def credit_explains_a_part(w: World, key: str) -> Story:
    """A small credit came after the payment, but an older receipt had eaten more: unapplying alone would not do."""
    customer, minor, at = w.customer(key), max(5_000, w.amount()), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.receipt(customer, minor // 2, {invoice.id: minor // 2}, at - timedelta(days=15), reference="part", method="check")
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    w.credit(key, invoice, minor // 10, w.soon_after(at))
    return _unclear("credit explains a part", number, Cause.AMOUNT_DIFFERS)


def recreated(w: World, key: str) -> Story:
    """The invoice was deleted and recreated, mostly with its number and amount."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.noise(key, customer, besides=minor)
    if w.chance(15):
        w.invoice(invoice.number, w.customer(f"other {key}"), w.amount())  # another customer's identical number
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    when = w.soon_after(at)
    again = w.ledger.recreate_invoice(invoice.id, minor + w.random.choice((0, 0, 0, 500)), by=w.person(), at=when)
    return truth("recreated", number, Cause.INVOICE_RECREATED, Remedy.RECREATE_RECEIPT, documents=frozenset({again.id}))


def recreated_under_another_number(w: World, key: str) -> Story:
    """Deleted, and recreated as 1042-1 on the same day for the same amount."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    when = w.soon_after(at)
    w.ledger.delete_invoice(invoice.id, by=w.person(), at=when)
    again = w.invoice(f"{invoice.number}-1", customer, minor, at=when + timedelta(minutes=20))
    return Truth(
        "recreated under another number", number, NOBODY_KNOWS | {Cause.INVOICE_RECREATED}, LEFT_TO_PEOPLE, frozenset({again.id}),
        decidable=False,
    )  # fmt: skip


def recreated_twice(w: World, key: str) -> Story:
    """Two invoices may have taken its place: which one only a person knows."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    when = w.soon_after(at)
    first = w.ledger.recreate_invoice(invoice.id, by=w.person(), at=when)
    w.invoice(first.number, customer, minor, at=when + timedelta(hours=1))
    return Truth(
        "recreated twice",
        number,
        NOBODY_KNOWS | {Cause.INVOICE_RECREATED},
        LEFT_TO_PEOPLE,
        frozenset({"nobody knows"}),
        decidable=False,
    )


def deleted(w: World, key: str) -> Story:
    """Deleted, and nothing in its place; an invoice of next month has the same amount."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    w.ledger.delete_invoice(invoice.id, by=w.person(), at=w.soon_after(at))
    if w.chance(30):
        w.invoice(f"NEXT-{key}", customer, minor, at=at + timedelta(days=9))
    return _unclear("deleted", number)


def voided(w: World, key: str) -> Story:
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.noise(key, customer, besides=minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    w.ledger.void_invoice(invoice.id, by=w.person(), at=w.soon_after(at))
    return truth("voided", number, Cause.INVOICE_VOIDED, Remedy.KEEP_ON_ACCOUNT, Remedy.ESCALATE, Remedy.RETRY)


def not_ready(w: World, key: str) -> Story:
    """The invoice is a draft still, or was never exported; after days the cash is a customer deposit."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    name = w.number(key)
    if w.chance(60):
        w.invoice(name, customer, minor, draft=True)
    number = w.pay(key, customer, minor, {name: minor}, at)
    yield
    return truth("not ready", number, Cause.INVOICE_NOT_READY, Remedy.WAIT, Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT)


def merged(w: World, key: str) -> Story:
    """The customer became part of another; where the payment was already bound, the old one cannot take it any more."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    into = w.customer(f"into {key}")
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    w.ledger.merge_customers(customer.id, into.id, by=w.person(), at=w.soon_after(at))
    return Truth("merged", number, frozenset({Cause.CUSTOMER_CHANGED}), INSTRUCTIONS, may_post=True)


def inactive(w: World, key: str) -> Story:
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    w.ledger.deactivate_customer(customer.id, by=w.person(), at=w.soon_after(at))
    return truth("inactive customer", number, Cause.CUSTOMER_INACTIVE)


def other_currency(w: World, key: str) -> Story:
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor, currency="EUR", draft=w.chance(25))
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    return truth("other currency", number, Cause.CURRENCY_MISMATCH)


def paid_too_much(w: World, key: str) -> Story:
    """A fee, or a slip: the payment was more than the invoice from the first day."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    over = minor + max(1, minor * w.random.choice((1, 3, 30)) // 100)
    number = w.pay(key, customer, over, {invoice.number: over}, at)
    yield
    cause = Cause.SURCHARGE if 2 * minor <= 100 * (over - minor) <= 4 * minor else Cause.OVERPAYMENT
    return truth("paid too much", number, cause, Remedy.KEEP_ON_ACCOUNT, Remedy.RETRY, Remedy.ESCALATE)
