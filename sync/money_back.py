"""What becomes of a payment whose money went back, or of which the feed says that it is there after all.

Reads: what the feed says now. Leaves: a payment that nothing was recorded for *excluded*, its failure resolved; any other one
failed, for a person; one whose money went in and out again in the books *excluded* too, with both documents there. Never: a
write to the books, or a post by itself of money of which the feed said otherwise before.
"""

from __future__ import annotations

from collections.abc import Sequence

import rules
from receivables.payment import Bucket, Dispute, FeedStatus, Payment, PaymentState
from receivables.reversals import is_over
from storage import care, failures, payments, receipt_claims
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.taking_in import BEFORE_START_ON
from storage.work import Work
from sync import receipts_found
from sync.desk import Desk

FEED = "feed"  # who takes payments in, as the record names it
PAID_AFTER_ALL = "paid_after_all"
RETURN_RECORDED = "return_recorded"  # the rule by which a payment is excluded whose receipt and return both are in the books


def status_changed(work: Work, payment: Payment) -> None:
    """The feed says otherwise than before whether we have the money: nothing is posted by itself from now on."""
    number = payment.transaction_number
    stored = payments.find(work.connection, work.company, number)
    if stored is None:
        raise AssertionError(f"payment {number} changed its status and is not known")
    payments.set_status(work, payment, before=stored.payment.status)
    if payment.status is FeedStatus.PAID:
        _paid_after_all(work, stored, payment)
    elif stored.state is PaymentState.RECEIVED and is_over(payment):
        exclude_gone(work, stored, payment.status)
    elif stored.state is PaymentState.FAILED:
        failures.hold(work, number)
        care.come_back(work, number)
    elif stored.state in (PaymentState.RECEIVED, PaymentState.POSTED, PaymentState.VERIFIED) or _has_proof(work, stored):
        tell(work, stored, payment)


def came_gone(work: Work, desk: Desk, gone: Sequence[Payment]) -> None:
    """Payments whose money was gone when the feed first told of them are never posted. Where somebody entered a receipt with the
    number of one, a person is told; the record says in any case that it was excluded, and why.
    """
    if not gone:
        return
    asked = [receipts_found.wanted(desk.company, payment, ()) for payment in gone]
    found = receipts_found.candidates(work.connection, desk.company, asked).found
    entered = [
        payment for payment in gone if any(not receipt.gone for receipt in found.get(payment.transaction_number, ()))
    ]  # fmt: skip
    stored = payments.by_numbers(work.connection, work.company, [payment.transaction_number for payment in entered])
    for payment in entered:
        if stored[payment.transaction_number].excluded_by != BEFORE_START_ON:
            tell(work, stored[payment.transaction_number], payment)


def tell(work: Work, stored: StoredPayment, payment: Payment) -> None:
    """Gives the payment to a person: a receipt of it is in the books, or its money is held."""
    because = f"payment_{payment.status}"
    _fail(work, stored, because)
    failures.open_one(work, payment, because=because, held=is_over(payment))


def _paid_after_all(work: Work, stored: StoredPayment, payment: Payment) -> None:
    """A chargeback that was won, or lost for a part only, ends by itself; of anything else, and where the books let the money go
    already, a person says that it is there.
    """
    won = payment.dispute in (Dispute.WON, Dispute.LOST) and stored.excluded_by != RETURN_RECORDED
    if won:
        payments.confirm_status(work, stored.number)
    if stored.state is PaymentState.FAILED:
        found = failures.open_of(work.connection, work.company, stored.number)
        if found is not None:
            failures.open_one(work, payment, because=PAID_AFTER_ALL, held=not won)
        return
    if stored.state is PaymentState.EXCLUDED and stored.excluded_by != BEFORE_START_ON:
        _fail(work, stored, PAID_AFTER_ALL)
        failures.open_one(work, payment, because=PAID_AFTER_ALL, held=not won)


def _has_proof(work: Work, stored: StoredPayment) -> bool:
    """Whether it was dismissed because of receipts that somebody entered: they show money that is gone."""
    if stored.state is not PaymentState.DISMISSED:
        return False
    return bool(receipt_claims.standing(work.connection, work.company, [stored.number]).get(stored.number))


def _fail(work: Work, stored: StoredPayment, because: str) -> None:
    payments.move(
        work.acting_as(FEED),
        stored,
        PaymentState.FAILED,
        Bucket.WAITING_PERSON,
        action="payment.failed",
        body={"code": because},
    )


def exclude_gone(work: Work, stored: StoredPayment, status: FeedStatus) -> bool:
    """Keeps a payment whose money went back before it was posted from ever being posted. False when it was moved meanwhile."""
    if not _exclude(work.acting_as(FEED), stored, f"{status}_before_posting"):
        return False
    found = failures.open_of(work.connection, work.company, stored.number)
    if found is not None:  # the books had put it off, and nothing of it is there
        failures.resolve(work, found, resolution="excluded", by="")
    return True


def _exclude(work: Work, stored: StoredPayment, rule: str) -> bool:
    return payments.move(
        work,
        stored,
        PaymentState.EXCLUDED,
        Bucket.EXCLUDED,
        action="payment.excluded",
        body={"rule": rule},
        excluded_by=rule,
    )


def settle(work: Work, stored: StoredPayment, found: StoredFailure, gone: rules.MoneyGone) -> bool:
    """Ends the failure of money that went back, of which nothing is left in the books. False where it is only held, and nobody
    recorded the chargeback yet.
    """
    if not is_over(stored.payment) and not gone.offset:
        return False
    resolution = "put_right" if gone.offset or gone.taken_out else "excluded"
    if not failures.resolve(work, found, resolution=resolution, by=gone.last_person):
        return False
    return exclude_settled(work, stored, recorded=bool(gone.offset))


def exclude_settled(work: Work, stored: StoredPayment, *, recorded: bool) -> bool:
    """Ends the journey of a payment of which the books count nothing any more; `recorded`: receipt and return are there."""
    payments.confirm_status(work, stored.number)
    return _exclude(work, stored, RETURN_RECORDED if recorded else f"{stored.payment.status}_before_posting")
