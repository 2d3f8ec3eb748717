"""A known transaction number comes again, written differently: the spelling is taken, or a person is told what really differs.

Reads: the payment that we hold, and the mirror. Leaves: the newer spelling while nothing of ours is in the books, with its
lines to be bound anew; or a failure with both records. Never: an overwrite of what really differs, or a second question
about a record that a person was asked about already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import rules
from receivables.books_records import Invoice
from receivables.corrections import Correction, Differs, differences, respelled
from receivables.effects import ReceiptWrite
from receivables.evidence import Evidence, PostedPart
from receivables.payment import Bucket, FeedStatus, Payment, PaymentState
from storage import corrections, effects, failures, payments
from storage.engine import Connection
from storage.payments import StoredPayment
from storage.taking_in import Intake, hold_if_twin
from storage.work import Work
from sync import binding
from sync.batch_reading import NO_SETTINGS
from sync.desk import Desk


def came_again(work: Work, desk: Desk, newer: Payment, source: str, *, by: str = "") -> Intake:
    """What a known number with other content is: the same, with another status, or a correction that a person is told of now.

    What became of the money counts first: a correction is told of money that we have.
    """
    stored = payments.find(work.connection, work.company, newer.transaction_number)
    if stored is None:
        raise AssertionError(f"payment {newer.transaction_number} came again and is not known")
    correction = Correction(newer, source, by, tuple(_apart(work.connection, stored.payment, newer)))
    if not correction.differs_from(stored.payment, desk.company.time_zone):
        taken_back(work, [stored.number])
        _take_spelling(work, desk, stored, newer)
        return Intake.SAME if stored.payment.status == newer.status else Intake.STATUS_CHANGED
    told = newer.status is not FeedStatus.PAID or _told_before(work, desk, stored, newer)
    if not told:  # also where its money is there after all
        ask(work, desk, stored, correction)
    if stored.payment.status != newer.status:
        return Intake.STATUS_CHANGED
    return Intake.SAME if told else Intake.OTHER_CONTENT


def ask(work: Work, desk: Desk, stored: StoredPayment, correction: Correction) -> str:
    """Asks a person which record holds. Returns the id of the failure."""
    evidence = about(desk, stored, correction, _sent(work.connection, stored))
    return corrections.tell(work, stored.payment, evidence, rules.corrected(evidence, stored.state))


def about(desk: Desk, stored: StoredPayment, correction: Correction, posted: tuple[PostedPart, ...] = ()) -> Evidence:
    """What a correction rests on, as far as our own rows tell."""
    return Evidence(
        payment=stored.payment,
        generation=stored.generation,
        taken_at=desk.clock.now(),
        settings=NO_SETTINGS,
        received_on_closed=False,
        isolated=True,
        posted=posted,
        time_zone=desk.company.time_zone.key,
        correction=correction,
    )


def taken_back(work: Work, numbers: Collection[str]) -> None:
    """The feed says again what we hold, so that open corrections of it are over: nobody may take what it says no longer."""
    for number in sorted(corrections.waiting(work.connection, work.company, numbers)):
        found = failures.open_of(work.connection, work.company, number, corrections.CORRECTION)
        if found is not None:
            failures.resolve(work, found, resolution="put_right", by="")


def _take_spelling(work: Work, desk: Desk, stored: StoredPayment, newer: Payment) -> None:
    spelled = respelled(stored.payment, newer)
    if spelled == stored.payment or not stored.nothing_sent:
        return
    if _sent(work.connection, stored) or not corrections.respell(work, stored, spelled):
        return
    if hold_if_twin(work, spelled, desk.company.time_zone) and stored.state is PaymentState.RECEIVED:
        hold_as_failed(work, stored.number)


def hold_as_failed(work: Work, number: str) -> None:
    """A received payment that is probably another one again waits for a person."""
    stored = payments.find(work.connection, work.company, number)
    if stored is not None and stored.state is not PaymentState.FAILED:
        payments.move(work, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.held", body={"because": "twin"})


def _told_before(work: Work, desk: Desk, stored: StoredPayment, newer: Payment) -> bool:
    told = corrections.told_of(work.connection, work.company, stored.number)
    return any(not differences(correction.payment, newer, desk.company.time_zone) for correction in told)


def _sent(connection: Connection, stored: StoredPayment) -> tuple[PostedPart, ...]:
    """Our receipts of a payment that are, or may be, in the books; they are not read here."""
    chain = effects.of_payments(connection, stored.payment.company, [stored.number])[stored.number]
    return tuple(
        PostedPart(effect.part, effect.generation, effect.state, effect.write.amount_minor, 0, effect.document_id or "")
        for effect in effects.live(chain)
        if isinstance(effect.write, ReceiptWrite)
    )


def _apart(connection: Connection, held: Payment, newer: Payment) -> Iterator[Differs]:
    """What is only spelled differently, but names different documents of the books in each spelling."""
    known = binding.look_up(connection, held.company, [held, newer])
    before, after = ({*binding.customer_ids_of(payment, known)} for payment in (held, newer))
    if before and after and not before & after:
        yield Differs.CUSTOMER
    spelled = respelled(held, newer)
    for mine, other in zip(held.allocations, spelled.allocations, strict=True):
        if mine.invoice_number != other.invoice_number:
            first, second = (_numbered(known, name, before | after) for name in (mine.invoice_number, other.invoice_number))
            if first and second and not first & second:
                yield Differs.INVOICES


def _numbered(known: binding.Known, number: str, customers: set[str]) -> set[str]:
    invoices = [seen.document for seen in known.invoices if isinstance(seen.document, Invoice) and seen.deleted_at is None]
    return {invoice.id for invoice in invoices if invoice.number == number and invoice.customer_id in customers}
