"""What the words of a card ask of the bookkeeper, done in the books, and what else happens to a payment that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cause_playing import ALL_OPEN
from cause_scenes import WHOLE, Case
from cause_worlds import QUICKBOOKS, TRYTON, World

from receivables.diagnosis import Diagnosis, Remedy
from receivables.payment import Dispute, FeedStatus
from sync import journey, requests

Step = Callable[[World, Case], None]


@dataclass(frozen=True)
class Work:
    """What a rule's words name. `company_wide` work also helps other payments, so it is done after everything else."""

    does: Step
    company_wide: bool = False


def _nothing(world: World, case: Case) -> None:
    del world, case


def _who_remains(case: Case) -> str:
    """Nobody can be invoiced who was merged into another."""
    return case.made.get("remaining", case.customer_id)


def _reactivate(world: World, case: Case) -> None:
    world.hands.reactivate(case.customer_id)


def _open_account(world: World, case: Case) -> None:
    del case
    world.hands.open_account()


def _name_a_bank_account(world: World, case: Case) -> None:
    """Then the package's own takes the money."""
    del case
    desk = world.scene.desk
    world.scene.desk = replace(desk, company=replace(desk.company, deposit_accounts={}))


def _reopen_period(world: World, case: Case) -> None:
    del case
    world.hands.close_period(ALL_OPEN)


def _invoice_in_the_currency_paid(world: World, case: Case) -> None:
    """No package changes the currency of an invoice that was issued: it is voided and made again."""
    world.hands.void_invoice(case.invoice_id)
    number = f"9{case.invoice_number}" if world.name == TRYTON else case.invoice_number
    case.invoice_id = world.hands.invoice(number, _who_remains(case), WHOLE)


def _apply_by_hand(world: World, case: Case) -> None:
    world.hands.put_on(world.hands.ours(case.number), case.invoice_id, WHOLE)


def _correct_the_amount(world: World, case: Case) -> None:
    """The receipt that was entered is taken out and entered as what the customer paid."""
    assert case.payment is not None
    world.hands.delete_receipt(case.made["receipt"])
    case.made["receipt"] = world.hands.enter(case.customer_id, case.payment.amount_minor, "")


def _issue(world: World, case: Case) -> None:
    """The invoice that was waited for comes."""
    if world.name != QUICKBOOKS and case.invoice_id:
        world.hands.issue(case.invoice_id, case.invoice_number)
    else:
        case.invoice_id = world.hands.invoice(case.invoice_number, _who_remains(case), WHOLE)


def _record_the_first_return(world: World, case: Case) -> None:
    """The payment that went back has a card of its own: its return is recorded there."""
    first = case.number.removesuffix("-2")
    found = world.scene.failing(first)
    evidence_takes_entry = Remedy.RECORD_RETURN in found.offered
    assert evidence_takes_entry, found.offered
    record_return(world, first)


def record_return(world: World, number: str) -> None:
    """Two people where two are needed; the entry is named where the package does not let us make it."""
    desk = world.scene.desk
    options = {} if "record_return" in desk.books.traits.able else {"entry": f"JE {number}"}
    asked = requests.request(desk, number, Remedy.RECORD_RETURN, by="dana", channel="cli", options=options)
    if asked.state == "waiting_approval":
        requests.approve(desk, asked.id, by="sam")
    journey.finish_once(desk)


def _remove_the_copy(world: World, case: Case) -> None:
    world.hands.delete_receipt(case.made["copy"])


def _void_ours(world: World, case: Case) -> None:
    world.hands.void_receipt(world.hands.ours(case.number))


def _won(world: World, case: Case) -> None:
    _told(world, case, status=FeedStatus.PAID, dispute=Dispute.WON)


def _told(world: World, case: Case, **changes: object) -> None:
    assert case.payment is not None
    case.payment = replace(case.payment, **changes)  # type: ignore[arg-type]
    world.scene.feed(case.payment)


def work_of(diagnosis: Diagnosis) -> Work | None:
    """What the words of this card ask to be done in the books; a payment that fits again, or whose customer was merged into
    another, asks for nothing but a retry."""
    finding = diagnosis.primary
    if finding.facts("account_takes_no_rest"):
        return Work(_name_a_bank_account, company_wide=True)
    if finding.rule == "receipt_changed" and finding.facts("receipt_taken_off", "receipt_moved"):
        return Work(_apply_by_hand)
    if finding.facts("receipt_closed"):
        return Work(_reopen_period, company_wide=True)
    if finding.rule not in WORK and finding.facts("customer_inactive"):
        return WORK["customer_inactive"]
    return Work(_nothing) if finding.facts("fits_now", "customer_merged") else WORK.get(finding.rule)


#: By the rule that told the cause: what its sentence says is to be done, where that is no remedy of the card.
WORK: Mapping[str, Work] = {
    "account_inactive": Work(_open_account, company_wide=True),
    "credit_in_closed_period": Work(_reopen_period, company_wide=True),
    "currency_mismatch": Work(_invoice_in_the_currency_paid),
    "customer_inactive": Work(_reactivate),
    "intake": Work(_void_ours),  # the feed has it with other content, and ours is in the books
    "invoice_not_ready": Work(_issue),
    "paid_by_returned": Work(_record_the_first_return),
    "payment_failed": Work(_void_ours),
    "period_closed": Work(_reopen_period, company_wide=True),
    "payment_charged_back": Work(_won),
    "receipt_deposited": Work(_apply_by_hand),
    "receipt_doubled": Work(_remove_the_copy),
    "receipt_less_fee": Work(_correct_the_amount),
    "receipt_for_nearly_the_amount": Work(_correct_the_amount),
    "receipt_off_its_invoices": Work(_apply_by_hand),
}


# --- what else happens to a payment that failed ---------------------------------------------------------------------------


def as_it_is(world: World, case: Case) -> None:
    del world, case


def month_closed(world: World, case: Case) -> None:
    del case
    world.hands.close_period(world.hands.today() + timedelta(days=31 if world.name == TRYTON else 0))


def returned(world: World, case: Case) -> None:
    if case.payment is not None and case.payment.status is FeedStatus.PAID:
        _told(world, case, status=FeedStatus.RETURNED, status_at=world.scene.clock.now())


def inactive(world: World, case: Case) -> None:
    world.hands.deactivate(case.customer_id)


def deposited(world: World, case: Case) -> None:
    if world.hands.marked_minor([case.number])[case.number]:
        copies = [case.made["copy"]] if "copy" in case.made else []
        for receipt_id in (world.hands.ours(case.number), *copies):
            world.hands.deposit(receipt_id)
