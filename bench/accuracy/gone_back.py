"""Histories of money that went back after it was posted, or never came: chargebacks, failed payments, and what is paid again."""

from __future__ import annotations

from dataclasses import replace

from bench.accuracy.histories import INSTRUCTIONS, Story, truth
from bench.accuracy.world import World
from receivables.diagnosis import Cause, Remedy
from receivables.payment import Dispute, FeedStatus


def _posted(w: World, key: str) -> str:
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    w.noise(key, customer, besides=minor)
    return w.pay(key, customer, minor, {invoice.number: minor}, at)


def _ours(w: World, number: str) -> str:
    return next(receipt.id for receipt in w.ledger.receipts() if receipt.reference == number)


def dispute_open(w: World, key: str) -> Story:
    """The cardholder disputes it: the money is held, and nothing is recorded yet."""
    number = _posted(w, key)
    yield
    yield
    w.told(number, FeedStatus.CHARGED_BACK, Dispute.OPEN)
    return truth("chargeback open", number, Cause.PAYMENT_CHARGED_BACK, Remedy.WAIT)


def dispute_lost(w: World, key: str) -> Story:
    """The money is gone, sometimes after it was held for a while; some receipts are in a bank deposit by then."""
    number = _posted(w, key)
    yield
    yield
    if w.chance(50):
        w.told(number, FeedStatus.CHARGED_BACK, Dispute.OPEN)
        yield
    ours = _ours(w, number)
    if w.chance(30):
        w.ledger.deposit_receipt(ours, by=w.person())
    w.told(number, FeedStatus.CHARGED_BACK, Dispute.LOST)
    documents = frozenset({ours})
    return truth("chargeback lost", number, Cause.PAYMENT_CHARGED_BACK, Remedy.RECORD_RETURN, documents=documents)


def dispute_won(w: World, key: str) -> Story:
    """The money is ours again, and its receipt was never touched: it ends by itself."""
    number = _posted(w, key)
    yield
    yield
    w.told(number, FeedStatus.CHARGED_BACK, Dispute.OPEN)
    yield
    w.told(number, FeedStatus.PAID, Dispute.WON)
    return replace(truth("chargeback won", number, Cause.PAYMENT_CHARGED_BACK, *INSTRUCTIONS), may_post=True)


def failed(w: World, key: str) -> Story:
    """The portal took it back: its money never came. What a bank deposit holds is no receipt of nothing, and not voided."""
    number = _posted(w, key)
    yield
    yield
    ours = _ours(w, number)
    if banked := w.chance(25):
        w.ledger.deposit_receipt(ours, by=w.person())
    w.told(number, FeedStatus.FAILED)
    remedy = Remedy.RECORD_RETURN if banked else Remedy.VOID_RECEIPT
    return truth("failed", number, Cause.PAYMENT_FAILED, remedy, documents=frozenset({ours}))


def returned_and_paid_again(w: World, key: str) -> Story:
    """The bank returned it and the customer paid once more, before anybody recorded the return."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    first = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    yield
    w.told(first, FeedStatus.RETURNED)
    again = w.pay(f"{key}-again", customer, minor, {invoice.number: minor}, w.clock.now())
    w.feed(w.paid[-1:])
    return truth("returned and paid again", again, Cause.PAID_BY_RETURNED, Remedy.WAIT)
