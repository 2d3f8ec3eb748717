"""Money that is in the books by other hands than ours, and money that only looks like it; as small stories.

Ten forms in which a bookkeeper enters a portal payment, what a bank feed makes of one, a second payment by check, a payment
that the feed tells twice; and the ordinary life of customers who pay the same amount every month.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from bench.accuracy.histories import LEFT_TO_PEOPLE, NOBODY_KNOWS, Story, Truth
from bench.accuracy.world import MADE, World
from receivables.books_records import Customer, Invoice
from receivables.diagnosis import Cause, Remedy

ENTERED, DIFFERS, NET = Cause.RECEIPT_ALREADY_ENTERED, Cause.AMOUNT_DIFFERS, Cause.ENTERED_NET_OF_FEE


@dataclass(frozen=True)
class Form:
    """How a bookkeeper enters a payment: in which shares of its amount, on what, and how long after it."""

    name: str
    shares: tuple[Fraction, ...] = (Fraction(1),)
    on: str = "its invoice"
    hours: tuple[int, int] = (1, 140)  # after it was paid, at least and at most
    cause: Cause = ENTERED
    certain: bool = True  # the number and the amount leave no doubt


FORMS = (
    Form("on its invoice"),
    Form("on account", on="account"),
    Form("net of a fee", (Fraction(97, 100),), "account", cause=NET, certain=False),
    Form("on another invoice", on="another invoice"),
    Form("on another customer", on="another customer"),
    Form("in two receipts", (Fraction(1, 4), Fraction(3, 4)), "account", certain=False),
    Form("with other money", (Fraction(2),), "account", certain=False),
    Form("before it was paid", hours=(-3, -1)),
    Form("a part of it", (Fraction(1, 3),), "account", cause=DIFFERS, certain=False),
    Form("a week later", hours=(8 * 24, 11 * 24)),
)


def entered_in_a_form(w: World, key: str) -> Story:
    """A bookkeeper entered the payment with its number, in one of the forms that are seen."""
    form, customer, at = w.random.choice(FORMS), w.customer(key), w.paid_moment()
    minor = 1_200 * w.random.randrange(1, 400)  # so that its shares are whole
    invoice, other = w.invoice(w.number(key), customer, minor), w.invoice(f"O-{key}", customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    holder = w.customer(f"stranger {key}") if form.on == "another customer" else customer
    taken = {"its invoice": invoice.id, "another invoice": other.id}.get(form.on)
    documents = set()
    for share in form.shares:
        part = int(minor * share)
        when = at + timedelta(hours=w.random.randrange(*form.hours))
        lines = {taken: part} if taken else {}
        reference, memo = _written(w, number)
        documents.add(w.receipt(holder, part, lines, when, reference=reference, memo=memo).id)
    return Truth(
        f"entered {form.name}",
        number,
        frozenset({form.cause}),
        frozenset({Remedy.DISMISS if form.cause is ENTERED else Remedy.ESCALATE}),
        frozenset(documents) if form.cause is ENTERED else frozenset(),
        decidable=form.certain,
        there=True,
    )


def _written(w: World, number: str) -> tuple[str, str]:
    """Reference and memo with the number as somebody types it in one of them."""
    typed = w.random.choice((number, number.lower(), f"{number[:2]}-{number[2:]}", f"{number[:2].lower()} {number[2:]}"))
    text = w.random.choice((typed, typed, f"portal {typed}", f"({typed}), thanks"))
    return (text, "") if w.chance(66) else ("", text)


def bank_feed_twin(w: World, key: str) -> Story:
    """The bank feed made a receipt of the deposit two days later; no text of it says which payment it is."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at, method="ach")
    yield
    lines = w.random.choice(({invoice.id: minor}, {}))
    receipt = w.receipt(customer, minor, lines, at + timedelta(days=2), reference=f"ACH {customer.name}"[:20])
    causes, remedies = frozenset({ENTERED}), frozenset({Remedy.DISMISS, Remedy.NOT_DUPLICATE})
    documents = frozenset({receipt.id})
    return Truth("bank feed twin", number, causes, remedies, documents, decidable=False, there=True)


def second_payment_by_check(w: World, key: str) -> Story:
    """The customer paid in the portal, and their check for the same invoice came as well: that is other money."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at, method=_electronic(w))
    yield
    _check(w, customer, minor, {invoice.id: minor}, at + timedelta(days=w.random.randrange(-3, 4), hours=1))
    return _second("second payment by check", number)


def _second(kind: str, number: str) -> Truth:
    remedies = (LEFT_TO_PEOPLE | {Remedy.NOT_DUPLICATE, Remedy.KEEP_ON_ACCOUNT}) - {Remedy.DISMISS}
    return Truth(kind, number, NOBODY_KNOWS | {ENTERED, DIFFERS, NET}, remedies, decidable=False, second=True)


def _check(w: World, customer: Customer, minor: int, lines: dict[str, int], at: datetime) -> None:
    check = w.random.randrange(1_000, 9_999)
    reference, method = w.random.choice(((f"check {check}", ""), (str(check), "check"), (f"CHK#{check}", "check")))
    memo = w.random.choice(("", "", "thank you", f"inv {w.random.randrange(1000, 1400)}"))
    w.receipt(customer, minor, lines, at, reference=reference, method=method, memo=memo)


def told_twice(w: World, key: str) -> Story:
    """The feed tells one payment twice, under two numbers; the first is posted."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.pay(key, customer, minor, {invoice.number: minor}, at)
    twin = f"CB{key}-2"
    w.paid.append(replace(w.paid[-1], transaction_number=twin))
    yield
    causes = frozenset({Cause.DUPLICATE_REFERENCE})
    return Truth("told twice", twin, causes, frozenset({Remedy.DISMISS, Remedy.NOT_DUPLICATE, Remedy.ESCALATE}), decidable=False)


def monthly(w: World, key: str) -> Story:
    """The same amount every month: earlier months by check, with invoice and check numbers in their texts; this one here."""
    customer, invoice, at = _months(w, key)
    number = w.pay(key, customer, invoice.total_minor, {invoice.number: invoice.total_minor}, at, method=_electronic(w))
    yield
    if w.chance(30):  # the next month's, already invoiced and paid by check soon after
        next_one = w.invoice(f"{invoice.number}-4", customer, invoice.total_minor, at=at + timedelta(hours=2))
        _check(w, customer, invoice.total_minor, {next_one.id: invoice.total_minor}, w.soon_after(at + timedelta(hours=3)))
    return _healthy("monthly", number)


def _electronic(w: World) -> str:
    return w.random.choice(("card", "ach"))


def _months(w: World, key: str) -> tuple[Customer, Invoice, datetime]:
    """A customer of equal monthly amounts, this month's invoice, and when they pay it."""
    customer, minor, at = w.customer(key), w.random.choice((50_000, 12_000, 99_000, 150_000)), w.paid_moment()
    number = w.number(key)
    earlier = [w.invoice(f"{number}-{month}", customer, minor) for month in (1, 2)]
    invoice = w.invoice(f"{number}-3", customer, minor)
    for place, paid in enumerate(earlier):
        when, check = MADE + timedelta(days=place * 28, hours=w.random.randrange(40)), w.random.randrange(1_000, 9_999)
        w.receipt(
            customer, minor, {paid.id: minor}, min(when, at - timedelta(days=1)), method="check",
            reference=w.random.choice((f"check {check}", paid.number, f"{paid.number} {check}", "")),
            memo=w.random.choice(("", f"inv {paid.number} check {check}", f"for {paid.number}, next {invoice.number}")),
        )  # fmt: skip
    return customer, invoice, at


def installments(w: World, key: str) -> Story:
    """One invoice in equal parts, a month apart: the earlier ones by check, this one here."""
    customer, part, at = w.customer(key), w.random.choice((20_000, 35_000)), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, 3 * part)
    _check(w, customer, part, {invoice.id: part}, at - timedelta(days=w.random.randrange(25, 33)))
    told = w.pay(key, customer, part, {invoice.number: part}, at)
    yield
    return _healthy("installments", told)


def twice_by_two_tenders(w: World, key: str) -> Story:
    """A customer of equal monthly amounts who sends a check for this month's invoice as well."""
    customer, invoice, at = _months(w, key)
    number = w.pay(key, customer, invoice.total_minor, {invoice.number: invoice.total_minor}, at, method=_electronic(w))
    yield
    lines = w.random.choice(({invoice.id: invoice.total_minor}, {}))
    _check(w, customer, invoice.total_minor, lines, at + timedelta(days=1))
    return _second("twice by two tenders", number)


def _healthy(kind: str, number: str) -> Truth:
    """Its invoice is open for the full amount, and nothing in the books is its money."""
    return Truth(kind, number, frozenset(), frozenset(), decidable=False, may_post=True, healthy=True)
