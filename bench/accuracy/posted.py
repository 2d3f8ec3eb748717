"""Histories of payments that were posted, or were about to be: what became of their receipts, and of their money."""

from __future__ import annotations

from bench.accuracy.histories import INSTRUCTIONS, Story, truth
from bench.accuracy.world import NOW, World
from receivables.diagnosis import Cause, Remedy
from receivables.payment import FeedStatus


def _verified(w: World, key: str) -> tuple[str, int]:
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    return w.pay(key, customer, minor, {invoice.number: minor}, at), minor


def _ours(w: World, number: str) -> str:
    return next(receipt.id for receipt in w.ledger.receipts() if receipt.reference == number)


SHOWN = (Remedy.RECREATE_RECEIPT, Remedy.DISMISS, Remedy.RETRY, Remedy.ESCALATE)


def receipt_deleted(w: World, key: str) -> Story:
    number, _ = _verified(w, key)
    yield
    yield
    w.ledger.void_receipt(_ours(w, number), by=w.person()) if w.chance(50) else w.ledger.delete_receipt(
        _ours(w, number), by=w.person()
    )
    return truth("receipt deleted", number, Cause.RECEIPT_DELETED, *SHOWN)


def receipt_changed(w: World, key: str) -> Story:
    number, _ = _verified(w, key)
    yield
    yield
    w.ledger.apply_receipt(_ours(w, number), (), by=w.person())
    return truth("receipt changed", number, Cause.RECEIPT_CHANGED, *SHOWN, Remedy.APPLY_RECEIPT, Remedy.KEEP_ON_ACCOUNT)


def receipt_doubled(w: World, key: str) -> Story:
    number, minor = _verified(w, key)
    yield
    yield
    (ours,) = [receipt for receipt in w.ledger.receipts() if receipt.reference == number]
    copy = w.ledger.enter_receipt(
        ours.customer_id, minor, "USD", ours.received_on, by=w.person(), memo=ours.memo, reference=number
    )
    if stays := w.random.choice((None, None, ours, copy)):
        w.ledger.deposit_receipt(stays.id, by=w.person())
    remedies = (Remedy.VOID_RECEIPT, Remedy.ESCALATE) if stays is copy else (Remedy.VOID_RECEIPT,)
    documents = frozenset({ours.id if stays is copy else copy.id})  # whichever is deposited stays
    return truth("receipt doubled", number, Cause.RECEIPT_DOUBLED, *remedies, documents=documents)


def went_back(w: World, key: str) -> Story:
    """The bank or the company gave the money back after it was posted: an entry of its own day, and the receipt stays."""
    number, _ = _verified(w, key)
    yield
    yield
    status = w.random.choice((FeedStatus.RETURNED, FeedStatus.REFUNDED))
    w.told(number, status)
    cause = Cause.PAYMENT_RETURNED if status is FeedStatus.RETURNED else Cause.PAYMENT_REFUNDED
    documents = frozenset({_ours(w, number)})
    return truth(cause.value.replace("_", " "), number, cause, Remedy.RECORD_RETURN, documents=documents)


def swallowed(w: World, key: str) -> Story:
    """Somebody was quicker by a second, and the package took the receipt without applying it."""
    customer, minor, at = w.customer(key), max(2_000, w.amount()), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    yield
    part = w.random.randrange(100, minor)
    w.races[number] = [lambda: w.receipt(customer, part, {invoice.id: part}, NOW, reference="bank")]
    return truth("swallowed", number, Cause.ACCEPTED_UNAPPLIED, Remedy.APPLY_RECEIPT, Remedy.KEEP_ON_ACCOUNT)


def deposited(w: World, key: str) -> Story:
    """Swallowed as above; then the bank deposit was made, and only afterwards the invoice was free again."""
    customer, minor, at = w.customer(key), max(2_000, w.amount()), w.paid_moment()
    invoice = w.invoice(w.number(key), customer, minor)
    number = w.pay(key, customer, minor, {invoice.number: minor}, at)
    quicker: list[str] = []
    yield
    w.races[number] = [lambda: quicker.append(w.receipt(customer, minor, {invoice.id: minor}, NOW, reference="bank").id)]
    yield
    w.ledger.deposit_receipt(_ours(w, number), by=w.person())
    w.ledger.delete_receipt(quicker[0], by=w.person())
    return truth("deposited", number, Cause.RECEIPT_DEPOSITED, *INSTRUCTIONS, Remedy.KEEP_ON_ACCOUNT)


def contradicted(w: World, key: str) -> Story:
    """The feed brings the same number again with another amount."""
    number, minor = _verified(w, key)
    yield
    yield
    w.told_again(number, minor + 100)
    return truth("contradicted", number, Cause.DUPLICATE_REFERENCE, Remedy.ACCEPT_CORRECTION, Remedy.DISMISS)


def unknown(w: World, key: str) -> Story:
    """The line broke while the receipt was sent, and the books have not shown it yet."""
    number, _ = _verified(w, key)
    yield
    w.silent.add(number)
    return truth("outcome unknown", number, Cause.OUTCOME_UNKNOWN, *tuple(Remedy))


def of_a_closed_period(w: World, key: str) -> Story:
    """As `_verified`, in books that are closed meanwhile: nobody reopens a month for it, unless it were material."""
    number, _ = _verified(w, key)
    yield
    return truth("period closed", number, Cause.PERIOD_CLOSED, Remedy.POST_ON_OPEN_DAY)


def onto_an_inactive_account(w: World, key: str) -> Story:
    number, _ = _verified(w, key)
    yield
    return truth("account inactive", number, Cause.ACCOUNT_INACTIVE)
