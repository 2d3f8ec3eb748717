"""The payments of a month, page by page: where the money of each is, what was decided, and what it leaves unapplied."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from receivables.books_records import Invoice, Receipt
from receivables.company import Company
from receivables.payment import NOT_SETTLED, FeedStatus
from storage import effects, mirror, month_end, payments, receipt_claims
from storage.decisions import StoredDecision
from storage.effects import StoredEffect
from storage.engine import Connection
from storage.month_end import Failed
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from sync.desk import Desk
from sync.entries_out import went_back_on
from sync.month import Figure, Portion, Sides, Where, placed
from sync.month_package import Detail, MonthEnd, UnappliedCredit
from sync.month_signing import other_months, people_of, possible_duplicates

PAGE = 300


@dataclass(frozen=True)
class _Page:
    """A page of payments with all that our rows say beside them, by transaction number or id."""

    stored: Sequence[StoredPayment]
    chains: Mapping[str, Sequence[StoredEffect]]
    proofs: Mapping[str, Sequence[Proof]]
    receipts: Mapping[str, Receipt]  # living ones
    invoices: Mapping[str, str]  # numbers by id
    failed: Mapping[str, Failed]
    decided: Mapping[str, StoredDecision]

    def ours(self, number: str) -> list[Receipt]:
        found = [self.receipts.get(effect.document_id or "") for effect in effects.recorded(self.chains[number])]
        return list({receipt.id: receipt for receipt in found if receipt}.values())

    def by_hand(self, number: str) -> dict[str, Receipt]:
        ids = [proof.receipt_id for proof in self.proofs.get(number, ())]
        return {receipt_id: self.receipts[receipt_id] for receipt_id in ids if receipt_id in self.receipts}


def walk(desk: Desk, connection: Connection, found: MonthEnd, take: Callable[[Detail], None]) -> Sequence[Receipt]:
    """Counts every payment where it belongs, and hands on those of the month. Returns the receipts of which the feed says that
    their money went out again, all of it or a part.
    """
    paid_out: list[Receipt] = []
    after = ""
    while stored := payments.walk(connection, desk.company.id, limit=PAGE, after=after):
        page, of_month = _read(connection, desk.company, stored), list[Detail]()
        for payment in stored:
            detail = _count(desk, page, payment, found)
            if payment.payment.status is not FeedStatus.PAID or payment.reversals or payment.payment.refunded_minor:
                paid_out += detail.receipts
            if _is_of(detail, found):
                of_month.append(detail)
                take(detail)
                found.payments += 1
                found.to_sign += other_months(found, detail)
        found.to_sign += possible_duplicates(connection, found, of_month)
        after = stored[-1].number
    return paid_out


def _read(connection: Connection, company: Company, stored: Sequence[StoredPayment]) -> _Page:
    numbers = [payment.number for payment in stored]
    chains = effects.of_payments(connection, company.id, numbers)
    proofs = receipt_claims.standing(connection, company.id, numbers)
    ids = {receipt_id for chain in chains.values() for receipt_id in effects.recorded_ids(chain)}
    ids |= {proof.receipt_id for given in proofs.values() for proof in given}
    receipts = _living(connection, company.id, ids)
    on = {line.invoice_id for receipt in receipts.values() for line in receipt.lines}
    return _Page(
        stored,
        chains,
        proofs,
        receipts,
        _invoice_numbers(connection, company.id, on),
        month_end.newest_failures(connection, company.id, numbers),
        month_end.newest_decisions(connection, company.id, numbers),
    )


def _living(connection: Connection, company: str, ids: Collection[str]) -> dict[str, Receipt]:
    seen = mirror.documents(connection, company, "receipt", ids)
    living = [of.document for of in seen if of.deleted_at is None]
    return {receipt.id: receipt for receipt in living if isinstance(receipt, Receipt) and not receipt.voided}


def _invoice_numbers(connection: Connection, company: str, ids: Collection[str]) -> dict[str, str]:
    seen = mirror.documents(connection, company, "invoice", ids)
    return {of.document.id: of.document.number for of in seen if isinstance(of.document, Invoice)}


def _count(desk: Desk, page: _Page, stored: StoredPayment, found: MonthEnd) -> Detail:
    company, decision = desk.company, page.decided.get(stored.number)
    sides = Sides(
        stored=stored,
        paid_on=company.day_of(stored.payment.paid_at),
        ours=page.ours(stored.number),
        proofs=page.proofs.get(stored.number, ()),
        by_hand=page.by_hand(stored.number),
        gone_on=went_back_on(company, stored) if stored.payment.status is not FeedStatus.PAID else None,
        settled_on=company.day_of(decision.changed_at) if decision else None,
    )
    detail = _detail(desk, page, sides, found)
    _add(found, detail)
    _unapplied(detail, found)
    return detail


def _detail(desk: Desk, page: _Page, sides: Sides, found: MonthEnd) -> Detail:
    number = sides.stored.number
    receipts = tuple({receipt.id: receipt for receipt in (*sides.ours, *sides.by_hand.values())}.values())
    lines = [line for receipt in receipts for line in receipt.lines]
    failed = page.failed.get(number)
    asked_by, approved_by = people_of(desk, page.decided.get(number))
    return Detail(
        stored=sides.stored,
        paid_on=sides.paid_on,
        customer_id=receipts[0].customer_id if receipts else sides.stored.payment.customer_id,
        portions=tuple(placed(sides)),
        receipts=receipts,
        accounts=tuple(dict.fromkeys(found.account_name(receipt) for receipt in receipts)),
        applied=tuple((page.invoices.get(line.invoice_id) or f"#{line.invoice_id}", line.amount_minor) for line in lines),
        cause=failed.cause if failed else None,
        failed=bool(failed and failed.state == "open"),
        decision=page.decided.get(number),
        asked_by=asked_by,
        approved_by=approved_by,
        days_open=_days_open(sides, failed, found),
    )


def _days_open(sides: Sides, failed: Failed | None, found: MonthEnd) -> int | None:
    """How long its failure was, or is, open; of one that waits, since it was paid."""
    day_of = found.company.day_of
    if failed and failed.resolved_at:
        return (day_of(failed.resolved_at) - day_of(failed.opened_at)).days
    waits = failed or sides.stored.state in NOT_SETTLED
    return max((found.as_of - sides.paid_on).days, 0) if waits else None


def _add(found: MonthEnd, detail: Detail) -> None:
    payment = detail.stored.payment
    rolled = found.roll_forward(payment.currency)
    by_us = [portion for portion in detail.portions if portion.where is Where.BY_US and portion.on in found.month]
    found.recorded_by_us[payment.currency].add(sum(portion.amount_minor for portion in by_us), len(by_us))
    if not rolled.add(detail.paid_on, payment.amount_minor, detail.portions):
        return
    missing_minor = sum(portion.amount_minor for portion in detail.portions if is_missing(portion, found.month.last))
    if missing_minor:
        found.causes.setdefault((payment.currency, detail.cause), Figure()).add(missing_minor)
    if payment.fee_minor and detail.paid_on in found.month and detail.receipts:
        found.account(detail.receipts[0]).fees_told.add(payment.fee_minor)


def is_missing(portion: Portion, last: date) -> bool:
    """Whether this was not recorded at the end of the month."""
    return portion.where is Where.OPEN or (portion.where is not Where.EXCLUDED and portion.on > last)


def _is_of(detail: Detail, found: MonthEnd) -> bool:
    """Whether it has a line of detail: paid in the month, recorded or settled in it or since, or open or unexplained."""
    month = found.month
    if detail.paid_on > month.last:
        return any(portion.on in month for portion in detail.portions if portion.where in (Where.BY_US, Where.BY_HAND))
    if detail.paid_on in month or sum(portion.amount_minor for portion in detail.portions) != detail.stored.payment.amount_minor:
        return True
    return any(portion.where is Where.OPEN or portion.on >= month.first for portion in detail.portions)


def _unapplied(detail: Detail, found: MonthEnd) -> None:
    """What our receipts, and those that payments were dismissed because of, leave on account."""
    if detail.paid_on > found.month.last:
        return
    for receipt in detail.receipts:
        if receipt.unapplied_minor:
            found.credits.append(
                UnappliedCredit(
                    "receipt",
                    receipt.number,
                    detail.stored.number,
                    detail.stored.payment.customer,
                    receipt.currency,
                    receipt.unapplied_minor,
                    receipt.received_on,
                    detail.asked_by,
                )
            )
