"""Every cause as a scene, firing and narrowly missed, and what each kind of books cannot express and why.

A scene has a customer and an invoice of its own, so that one sync judges all of them at once; what concerns the whole
company (periods, the connection) is played after them, one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cause_worlds import QUICKBOOKS, STRICT, SWALLOWING, TRYTON, XERO, World
from makers import a_payment

from receivables.diagnosis import Cause, Remedy
from receivables.payment import Allocation, Dispute, FeedStatus, Payment, PaymentState

WHOLE, CREDIT = 50_000, 12_000

_REFUSES = "takes no receipt larger than what is open on its invoice, so none of ours can lie on account unmeant"
_FILE = "is a file on this machine: nobody signs in to it, and it counts nobody's calls"
#: What a package cannot express, and why, in words that end the sentence "This package ...".
EXPRESSIBLE: Mapping[Cause, Mapping[str, str]] = {
    Cause.ACCEPTED_UNAPPLIED: dict.fromkeys((STRICT, XERO, TRYTON), _REFUSES),
    Cause.RECEIPT_DEPOSITED: dict.fromkeys((STRICT, XERO, TRYTON), f"{_REFUSES}, and nothing else changes a receipt of ours"),
    Cause.INVOICE_LATE: {XERO: "does not tell when an invoice was made, so that it counts as made on its own day"},
    Cause.RECEIPT_CHANGED: {XERO: "leaves a payment on its invoice until it is deleted"},
    Cause.CUSTOMER_CHANGED: {
        TRYTON: "merges parties only where no posted move names them, which an invoice always does",
    },
    Cause.ACCOUNT_INACTIVE: {TRYTON: "keeps the account in its statement journal, which no receipt of ours names"},
    Cause.ACCESS_LOST: dict.fromkeys((STRICT, SWALLOWING), _FILE),
    Cause.THROTTLED: {**dict.fromkeys((STRICT, SWALLOWING), _FILE), TRYTON: "counts nobody's calls"},
}


def expressible(cause: Cause, books: str) -> bool:
    return books not in EXPRESSIBLE.get(cause, {})


@dataclass
class Case:
    """One payment of one scene in one world. `made` holds what Dana made on the way."""

    number: str
    customer: str
    invoice_number: str
    customer_id: str = ""
    invoice_id: str = ""
    made: dict[str, str] = field(default_factory=dict)
    payment: Payment | None = None


Step = Callable[[World, Case], None]


def _nothing(world: World, case: Case) -> None:
    del world, case


def _invoiced(amount_minor: int = WHOLE) -> Step:
    def step(world: World, case: Case) -> None:
        case.invoice_id = world.hands.invoice(case.invoice_number, case.customer_id, amount_minor)

    return step


@dataclass(frozen=True)
class Seen:
    """How a payment ended: its state, and what its failure, or the pause of its company, is put down to."""

    state: PaymentState | None
    cause: Cause | None
    remedy: Remedy | None = None
    refusal: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Play:
    """One scene. `ends` is the cause that is told, None where the payment ends verified."""

    cause: Cause
    ends: Cause | None
    owes_minor: int = WHOLE  # the invoice that stands there before anything else; none where nothing is owed
    before: Step = _nothing
    after: Step = _nothing
    posted_first: bool = False
    paid_minor: int = WHOLE
    to_invoice_minor: int = WHOLE
    method: str = "card"
    status: FeedStatus = FeedStatus.PAID
    ends_on: Mapping[str, Cause | None] = field(default_factory=dict)

    def expected(self, books: str) -> Cause | None:
        return self.ends_on.get(books, self.ends)


# --- what Dana does -----------------------------------------------------------------------------------------------------


def _credited(amount_minor: int = CREDIT) -> Step:
    def step(world: World, case: Case) -> None:
        case.made["credit"] = world.hands.credit_memo(f"8{case.invoice_number}", case.customer_id, amount_minor)
        case.made["application"] = world.hands.apply_credit(case.made["credit"], case.invoice_id, amount_minor)

    return step


def _one_after_the_other(*steps: Step) -> Step:
    def step(world: World, case: Case) -> None:
        for step in steps:
            step(world, case)

    return step


def _entered(amount_minor: int = WHOLE) -> Step:
    def step(world: World, case: Case) -> None:
        case.made["receipt"] = world.hands.enter(case.customer_id, amount_minor, case.invoice_id)

    return step


def _other_invoice(world: World, case: Case) -> None:
    case.made["other"] = world.hands.invoice(f"7{case.invoice_number}", case.customer_id, WHOLE)


def _entered_on_the_other(world: World, case: Case) -> None:
    case.made["receipt"] = world.hands.enter(case.customer_id, WHOLE, case.made["other"])


def _made_again(world: World, case: Case) -> None:
    case.made["successor"] = world.hands.make_again(case.invoice_id, case.invoice_number, case.customer_id, WHOLE)


def _made_again_for_somebody_else(world: World, case: Case) -> None:
    world.hands.make_again(case.invoice_id, case.invoice_number, world.hands.customer(f"Not {case.customer}"), WHOLE)


def _voided(world: World, case: Case) -> None:
    world.hands.void_invoice(case.invoice_id)


def _voided_and_made_again(world: World, case: Case) -> None:
    world.hands.void_invoice(case.invoice_id)
    case.made["successor"] = world.hands.invoice(f"6{case.invoice_number}", case.customer_id, WHOLE)


def _drafted(world: World, case: Case) -> None:
    """QuickBooks has no drafts: there the invoice is simply not there yet."""
    if world.name != QUICKBOOKS:
        case.invoice_id = world.hands.draft(case.invoice_number, case.customer_id, WHOLE)


def _issued(world: World, case: Case) -> None:
    if world.name == QUICKBOOKS:
        _invoiced()(world, case)
    else:
        world.hands.issue(case.invoice_id, case.invoice_number)


def _copied(world: World, case: Case) -> None:
    case.made["copy"] = world.hands.copy(case.number)


def _money_of_another_kind(world: World, case: Case) -> None:
    case.made["receipt"] = world.hands.enter(case.customer_id, WHOLE, "")


def _own_receipt_deleted(world: World, case: Case) -> None:
    world.hands.delete_receipt(case.made["receipt"])


def _ours_deleted(world: World, case: Case) -> None:
    world.hands.delete_receipt(world.hands.ours(case.number))


def _ours_put_on_an_invoice(world: World, case: Case) -> None:
    world.hands.put_on(world.hands.ours(case.number), case.invoice_id, WHOLE)


def _ours_taken_off(world: World, case: Case) -> None:
    world.hands.take_off(world.hands.ours(case.number))


def _foreign(world: World, case: Case) -> None:
    case.invoice_id = world.hands.foreign_invoice(case.invoice_number, case.customer_id, WHOLE)


def _foreign_beside(world: World, case: Case) -> None:
    case.made["other"] = world.hands.foreign_invoice(f"7{case.invoice_number}", case.customer_id, WHOLE)


def _deactivated(world: World, case: Case) -> None:
    world.hands.deactivate(case.customer_id)


def _reactivated(world: World, case: Case) -> None:
    world.hands.reactivate(case.customer_id)


def merged_away(world: World, case: Case) -> None:
    case.made["remaining"] = world.hands.customer(f"Remaining {case.customer}")
    world.hands.merge(case.customer_id, case.made["remaining"])


def _another_merged_in(world: World, case: Case) -> None:
    world.hands.merge(world.hands.customer(f"Old {case.customer}"), case.customer_id)


def _told_again(**changes: Any) -> Step:
    """The feed brings the payment again, with something changed."""

    def step(world: World, case: Case) -> None:
        assert case.payment is not None
        world.scene.feed(replace(case.payment, **changes))

    return step


def _paid_before(prefix: str = "") -> Step:
    """Another payment of the customer, for the invoice or for the other one, comes first and is posted."""

    def step(world: World, case: Case) -> None:
        number = f"{prefix}{case.invoice_number}"
        first = a_payment(
            transaction_number=f"FIRST-{case.number}", customer=case.customer, amount_minor=WHOLE, paid_at=world.later(0.1),
            allocations=(Allocation(WHOLE, number),),
        )  # fmt: skip
        world.scene.feed(first)

    return step


def _returned_and_paid_again(world: World, case: Case) -> None:
    """The customer pays a returned payment again, and that payment is looked at from now on."""
    _told_again(status=FeedStatus.RETURNED)(world, case)
    assert case.payment is not None
    case.number = f"{case.number}-2"
    world.scene.feed(replace(case.payment, transaction_number=case.number, paid_at=world.scene.clock.now()))


def _returned_and_the_other_paid(world: World, case: Case) -> None:
    assert case.payment is not None
    _told_again(status=FeedStatus.RETURNED)(world, case)
    case.number = f"{case.number}-2"
    allocations = (Allocation(WHOLE, f"7{case.invoice_number}"),)
    world.scene.feed(
        replace(case.payment, transaction_number=case.number, paid_at=world.scene.clock.now(), allocations=allocations)
    )


def _account_closed(world: World, case: Case) -> None:
    del case
    world.hands.close_account()


#: (firing, near miss) of every cause that is told of one payment alone.
PLAYS: Mapping[Cause, tuple[Play, Play]] = {
    Cause.RECEIPT_ALREADY_ENTERED: (
        Play(Cause.RECEIPT_ALREADY_ENTERED, Cause.RECEIPT_ALREADY_ENTERED, after=_entered()),
        # The same amount, entered for another invoice of the customer: that is other money.
        Play(
            Cause.RECEIPT_ALREADY_ENTERED, None, before=_other_invoice, after=_entered_on_the_other
        ),
    ),
    Cause.CREDIT_MEMO_APPLIED: (
        Play(Cause.CREDIT_MEMO_APPLIED, Cause.CREDIT_MEMO_APPLIED, after=_credited()),
        # The credit was there when the customer paid: it explains nothing.
        Play(Cause.CREDIT_MEMO_APPLIED, Cause.UNIDENTIFIED, before=_credited()),
    ),
    Cause.INVOICE_RECREATED: (
        Play(Cause.INVOICE_RECREATED, Cause.INVOICE_RECREATED, after=_made_again),
        # Another customer's invoice of the same number takes nobody's place.
        Play(
            Cause.INVOICE_RECREATED, Cause.UNIDENTIFIED, after=_made_again_for_somebody_else,
            ends_on={TRYTON: Cause.INVOICE_VOIDED},
        ),
    ),
    Cause.UNIDENTIFIED: (
        Play(Cause.UNIDENTIFIED, Cause.UNIDENTIFIED, before=_entered(20_000)),
        # The same receipt on the invoice, and the customer paid what was left.
        Play(
            Cause.UNIDENTIFIED, None, before=_entered(20_000), paid_minor=30_000, to_invoice_minor=30_000
        ),
    ),
    Cause.RECEIPT_DOUBLED: (
        Play(Cause.RECEIPT_DOUBLED, Cause.RECEIPT_DOUBLED, after=_copied, posted_first=True),
        # The same customer sends the same amount once more, and it is entered without our mark.
        Play(Cause.RECEIPT_DOUBLED, None, after=_money_of_another_kind, posted_first=True),
    ),
    Cause.RECEIPT_CHANGED: (
        Play(Cause.RECEIPT_CHANGED, Cause.RECEIPT_CHANGED, after=_ours_taken_off, posted_first=True),
        # Our receipt was on account, and the bookkeeper puts it on an invoice of the customer.
        Play(Cause.RECEIPT_CHANGED, None, after=_ours_put_on_an_invoice, posted_first=True, to_invoice_minor=0),
    ),
    Cause.RECEIPT_DELETED: (
        Play(Cause.RECEIPT_DELETED, Cause.RECEIPT_DELETED, after=_ours_deleted, posted_first=True),
        # Dana deletes a receipt of her own for the same customer.
        Play(
            Cause.RECEIPT_DELETED, None, before=_one_after_the_other(_other_invoice, _entered_on_the_other),
            after=_own_receipt_deleted, posted_first=True,
        ),
    ),
    Cause.INVOICE_VOIDED: (
        Play(Cause.INVOICE_VOIDED, Cause.INVOICE_VOIDED, after=_voided),
        # Voided and made again under another number.
        Play(Cause.INVOICE_VOIDED, Cause.INVOICE_RECREATED, after=_voided_and_made_again),
    ),
    Cause.INVOICE_NOT_READY: (
        Play(Cause.INVOICE_NOT_READY, Cause.INVOICE_NOT_READY, owes_minor=0, before=_drafted),
        # Issued before the sync. Where there are no drafts, it comes late, and is plainly what was paid.
        Play(Cause.INVOICE_NOT_READY, None, owes_minor=0, before=_drafted, after=_issued),
    ),
    Cause.INVOICE_LATE: (
        Play(Cause.INVOICE_LATE, Cause.INVOICE_LATE, owes_minor=0, after=_invoiced(40_000)),
        # For the amount that was paid, of the day or earlier, and the only one of its number.
        Play(Cause.INVOICE_LATE, None, owes_minor=0, after=_invoiced()),
    ),
    Cause.CUSTOMER_CHANGED: (
        Play(Cause.CUSTOMER_CHANGED, Cause.CUSTOMER_CHANGED, after=merged_away),
        # Another customer was merged into this one, who remains.
        Play(Cause.CUSTOMER_CHANGED, None, after=_another_merged_in),
    ),
    Cause.CUSTOMER_INACTIVE: (
        Play(Cause.CUSTOMER_INACTIVE, Cause.CUSTOMER_INACTIVE, after=_deactivated),
        Play(Cause.CUSTOMER_INACTIVE, None, after=_one_after_the_other(_deactivated, _reactivated)),
    ),
    Cause.ACCOUNT_INACTIVE: (
        Play(Cause.ACCOUNT_INACTIVE, Cause.ACCOUNT_INACTIVE, after=_account_closed, method="check"),
        # The account is closed all the same, and this payment goes to another one.
        Play(Cause.ACCOUNT_INACTIVE, None, method="card"),
    ),
    Cause.CURRENCY_MISMATCH: (
        Play(Cause.CURRENCY_MISMATCH, Cause.CURRENCY_MISMATCH, owes_minor=0, before=_foreign),
        # The customer has an invoice in another currency as well, and did not pay that one.
        Play(Cause.CURRENCY_MISMATCH, None, before=_foreign_beside),
    ),
    Cause.OVERPAYMENT: (
        Play(Cause.OVERPAYMENT, Cause.OVERPAYMENT, owes_minor=40_000),
        # As much too much, and the customer said what for: a rest on account is meant.
        Play(Cause.OVERPAYMENT, None, owes_minor=40_000, to_invoice_minor=40_000),
    ),
    Cause.SURCHARGE: (
        Play(Cause.SURCHARGE, Cause.SURCHARGE, owes_minor=48_500),
        # As much too much by check, which nobody surcharges.
        Play(Cause.SURCHARGE, Cause.OVERPAYMENT, owes_minor=48_500, method="check"),
    ),
    Cause.ENTERED_NET_OF_FEE: (
        Play(Cause.ENTERED_NET_OF_FEE, Cause.ENTERED_NET_OF_FEE, after=_entered(48_500)),
        # Entered by hand in full.
        Play(Cause.ENTERED_NET_OF_FEE, Cause.RECEIPT_ALREADY_ENTERED, after=_entered()),
    ),
    Cause.CUSTOMER_PAID_TWICE: (
        Play(Cause.CUSTOMER_PAID_TWICE, Cause.CUSTOMER_PAID_TWICE, before=_paid_before()),
        # What the customer paid before was another invoice.
        Play(Cause.CUSTOMER_PAID_TWICE, None, before=_one_after_the_other(_other_invoice, _paid_before("7"))),
    ),
    Cause.AMOUNT_DIFFERS: (
        Play(Cause.AMOUNT_DIFFERS, Cause.AMOUNT_DIFFERS, owes_minor=51_000, after=_entered(51_000)),
        # Entered as much too small.
        Play(Cause.AMOUNT_DIFFERS, Cause.ENTERED_NET_OF_FEE, owes_minor=51_000, after=_entered(49_000)),
    ),
    Cause.DUPLICATE_REFERENCE: (
        Play(
            Cause.DUPLICATE_REFERENCE, Cause.DUPLICATE_REFERENCE, after=_told_again(amount_minor=60_000), posted_first=True
        ),
        # The feed brings the same payment again, as feeds do.
        Play(Cause.DUPLICATE_REFERENCE, None, after=_told_again(), posted_first=True),
    ),
    Cause.PAYMENT_RETURNED: (
        Play(
            Cause.PAYMENT_RETURNED, Cause.PAYMENT_RETURNED, after=_told_again(status=FeedStatus.RETURNED), posted_first=True
        ),
        # Returned before we ever heard of it: nothing was posted and nothing has to be done.
        Play(Cause.PAYMENT_RETURNED, None, status=FeedStatus.RETURNED),
    ),
    Cause.PAYMENT_REFUNDED: (
        Play(
            Cause.PAYMENT_REFUNDED, Cause.PAYMENT_REFUNDED, after=_told_again(status=FeedStatus.REFUNDED), posted_first=True
        ),
        Play(Cause.PAYMENT_REFUNDED, None, status=FeedStatus.REFUNDED),
    ),
    Cause.PAYMENT_CHARGED_BACK: (
        Play(
            Cause.PAYMENT_CHARGED_BACK, Cause.PAYMENT_CHARGED_BACK, posted_first=True,
            after=_told_again(status=FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN),
        ),
        # The dispute was won before anybody heard of it: the money is there.
        Play(Cause.PAYMENT_CHARGED_BACK, None, after=_told_again(dispute=Dispute.WON), posted_first=True),
    ),
    Cause.PAYMENT_FAILED: (
        Play(Cause.PAYMENT_FAILED, Cause.PAYMENT_FAILED, after=_told_again(status=FeedStatus.FAILED), posted_first=True),
        Play(Cause.PAYMENT_FAILED, None, status=FeedStatus.FAILED),
    ),
    Cause.PAID_BY_RETURNED: (
        Play(Cause.PAID_BY_RETURNED, Cause.PAID_BY_RETURNED, after=_returned_and_paid_again, posted_first=True),
        # Returned as well, and the new payment is for another invoice.
        Play(
            Cause.PAID_BY_RETURNED, None, before=_other_invoice, after=_returned_and_the_other_paid,
            posted_first=True,
        ),
    ),
}  # fmt: skip
