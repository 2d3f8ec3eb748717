"""What of a month a reviewer signs: decisions that need a second look, possible duplicates, other months, reopened periods."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from receivables.books_records import CreditMemo
from receivables.diagnosis import Remedy
from receivables.words import capitalized, counted, listed, plain
from storage import audit, decisions, mirror, month_end, other_money, receipt_claims
from storage.audit import AuditRow
from storage.decisions import StoredDecision
from storage.engine import Connection
from storage.month_end import LikeReceipt
from sync.control_totals import BUSINESS_DAYS, business_days_between
from sync.desk import Desk
from sync.month import Where
from sync.month_package import Detail, MonthEnd, Sign, ToSign, UnappliedCredit

_WEEK = timedelta(days=7)  # five business days are no more
_SIGNED = {
    Remedy.NOT_DUPLICATE: Sign.NOT_DUPLICATE,
    Remedy.VOID_RECEIPT: Sign.VOIDED,
    Remedy.MATCH: Sign.MATCHED,
}
_RECORD = (
    "period.reopened", "period.closed_again", "company.not_proven", "alias.remembered", "alias.taken_back", "payment.corrected",
)  # fmt: skip


def gather(desk: Desk, connection: Connection, found: MonthEnd) -> None:
    """Adds what was decided and recorded in the month, and the credits that were freed before its end."""
    company, month = desk.company, found.month
    begins, ends = company.start_of(month.first), company.start_of(month.last + timedelta(days=1))
    made = month_end.decided_between(connection, company.id, begins, ends)
    dismissed = {of.transaction_number for of in made if of.remedy is Remedy.DISMISS}
    bare = month_end.dismissed_without_receipt(connection, company.id, dismissed) if dismissed else frozenset()
    for decision in made:
        found.to_sign += _of_decision(desk, decision, without_receipt=decision.transaction_number in bare)
    rows = audit.between(connection, company.id, _RECORD, begins, ends)
    found.to_sign += [signed for row in rows for signed in _of_row(desk, row)]
    found.to_sign += _corrections(desk, connection, [row for row in rows if row.action == "payment.corrected"])
    _credits(desk, connection, found)
    order = list(Sign)
    found.to_sign.sort(key=lambda of: (order.index(of.sign), of.on, of.transaction))


def _of_decision(desk: Desk, decision: StoredDecision, *, without_receipt: bool) -> Iterator[ToSign]:
    signs = [_SIGNED[decision.remedy]] if decision.remedy in _SIGNED else []
    if decision.remedy is Remedy.DISMISS and without_receipt:
        signs.append(Sign.WITHOUT_RECEIPT)
    if decision.by_maker:
        signs.append(Sign.BY_MAKER)
    for sign in signs:
        yield ToSign(
            sign,
            desk.company.day_of(decision.changed_at),
            decision.transaction_number,
            capitalized(decision.outcome) or decision.remedy.label,
            decision.currency,
            decision.amount_minor,
            *people_of(desk, decision),
            decision.reason,
        )


def _of_row(desk: Desk, row: AuditRow) -> Iterator[ToSign]:
    body, on, words = json.loads(row.body), desk.company.day_of(row.at), desk.company.words
    number = row.transaction_number or ""
    match row.action:
        case "period.reopened":
            through = words.day(date.fromisoformat(body["through"]))
            what = f"The books were closed through {through} and were reopened"
            what += f" from {words.day(date.fromisoformat(body['from']))}" if body["from"] else ""
            yield ToSign(Sign.PERIOD, on, "", f"{what}.", by=body["by"])
        case "period.closed_again":
            yield ToSign(Sign.PERIOD, on, "", f"Closed again through {words.day(date.fromisoformat(body['closed_through']))}.")
        case "company.not_proven":
            yield ToSign(Sign.NOT_PROVEN, on, "", plain(str(body["problem"]), 300) or "No proof was made that night.")
        case "alias.remembered":
            meant = (
                f"invoice {plain(body['invoice_number'])}" if body.get("invoice_number") else f"customer #{body['customer_id']}"
            )
            what = f"“{plain(body['spelling'])}” means {meant} from now on."
            yield ToSign(Sign.MATCHED, on, number, what, by=desk.name_of(row.actor))
        case "alias.taken_back":
            yield ToSign(Sign.MATCHED, on, number, "A remembered spelling was taken back.", by=desk.name_of(body["person"]))


def _corrections(desk: Desk, connection: Connection, rows: Sequence[AuditRow]) -> Iterator[ToSign]:
    """The portal's corrections that were taken: what was, and what is now."""
    bodies = [json.loads(row.body) for row in rows]
    made = {of.id: of for of in decisions.by_ids(connection, desk.company.id, {body["decision"] for body in bodies})}
    for row, body in zip(rows, bodies, strict=True):
        before, after, decision = body["before"], body["after"], made.get(body["decision"])
        changed = [name for name in _CONTENT if before.get(name) != after.get(name)]
        told = [f"{_CONTENT[name]} {_told(desk, name, before)}, now {_told(desk, name, after)}" for name in changed]
        yield ToSign(
            Sign.CORRECTED,
            desk.company.day_of(row.at),
            row.transaction_number or "",
            f"{capitalized('; '.join(told) or 'the same content')}.",
            after["currency"],
            after["amount_minor"],
            *people_of(desk, decision),
            decision.reason if decision else "",
        )


_CONTENT = {
    "amount_minor": "amount", "currency": "currency", "customer": "customer", "customer_id": "customer ID", "paid_at": "paid",
    "method": "tender", "invoices": "invoices", "invoices_minor": "amounts by invoice",
}  # fmt: skip


def _told(desk: Desk, name: str, content: Mapping[str, Any]) -> str:
    """One thing that the feed said of a payment, in words."""
    words, value = desk.company.words, content.get(name)
    match name:
        case "amount_minor":
            return words.money(content["amount_minor"], content["currency"])
        case "invoices_minor":
            return listed([words.money(minor, content["currency"]) for minor in content["invoices_minor"]]) or "none"
        case "paid_at":
            return words.moment(datetime.fromisoformat(content["paid_at"]))
        case "invoices":
            return listed([plain(number) for number in content["invoices"]]) or "none"
    return plain(str(value or "")) or "none"


def _credits(desk: Desk, connection: Connection, found: MonthEnd) -> None:
    """Credit memos that were taken off invoices: in this month to be signed, and at any time where something of them is left."""
    ends = desk.company.start_of(found.month.last + timedelta(days=1))
    freed = month_end.credits_unapplied(connection, desk.company.id, ends)
    seen = mirror.documents(connection, desk.company.id, "credit_memo", {of.credit_memo_id for of in freed})
    memos = {of.document.id: of.document for of in seen if isinstance(of.document, CreditMemo) and of.deleted_at is None}
    made = {of.id: of for of in decisions.by_ids(connection, desk.company.id, {of.decision_id for of in freed if of.decision_id})}
    names = mirror.customers_and_heirs(connection, desk.company.id, {memo.customer_id for memo in memos.values()})
    listed: set[str] = set()
    for of in freed:
        memo, decision = memos.get(of.credit_memo_id), made.get(of.decision_id or "")
        on = desk.company.day_of(of.settled_at)
        left_minor, number = (memo.open_minor, plain(memo.number)) if memo else (0, f"#{of.credit_memo_id}")
        if on in found.month:
            currency = memo.currency if memo else ""
            left = f"{desk.company.words.money(left_minor, currency)} of it is unapplied now" if memo else "it is gone by now"
            by, approved = people_of(desk, decision)
            what = f"Credit memo {number} was taken off an invoice; {left}."
            found.to_sign.append(
                ToSign(Sign.CREDIT_UNAPPLIED, on, of.transaction_number, what, currency, of.amount_minor, by, approved,
                       decision.reason if decision else "")
            )  # fmt: skip
        if memo and left_minor and memo.id not in listed:
            listed.add(memo.id)
            name = names[memo.customer_id].name if memo.customer_id in names else f"#{memo.customer_id}"
            owner = people_of(desk, decision)[0]
            found.credits.append(
                UnappliedCredit("credit_memo", memo.number, of.transaction_number, name, memo.currency, left_minor, on, owner)
            )


def people_of(desk: Desk, decision: StoredDecision | None) -> tuple[str, str]:
    """Who asked for it and who approved, by name."""
    if decision is None:
        return "", ""
    return desk.name_of(decision.requested_by), desk.name_of(decision.approved_by) if decision.approved_by else ""


# --- of the payments themselves ---------------------------------------------------------------------------------------------


def other_months(found: MonthEnd, detail: Detail) -> Iterator[ToSign]:
    """Its receipts that are dated in another month than the customer paid, where one of the two is this month."""
    payment, words = detail.stored.payment, found.company.words
    for portion in detail.portions:
        if portion.where not in (Where.BY_US, Where.BY_HAND) or (portion.on in found.month) == (detail.paid_on in found.month):
            continue
        what = f"Paid {words.day(detail.paid_on)}, receipt dated {words.day(portion.on)}."
        yield ToSign(Sign.OTHER_PERIOD, portion.on, detail.stored.number, what, payment.currency, portion.amount_minor)


def possible_duplicates(connection: Connection, found: MonthEnd, page: Sequence[Detail]) -> list[ToSign]:
    """Receipts beside a payment that is recorded: the same customer and amount within five business days, and no word of it."""
    recorded = [detail for detail in page if detail.receipts]
    if not recorded:
        return []
    asked = {(detail.customer_id, detail.stored.payment.amount_minor) for detail in recorded}
    days = [receipt.received_on for detail in recorded for receipt in detail.receipts]
    like = month_end.receipts_of(connection, found.company.id, asked, min(days) - _WEEK, max(days) + _WEEK)
    ids = {receipt.id for receipts in like.values() for receipt in receipts}
    claimed = receipt_claims.claimed(connection, found.company.id, ids) if ids else {}
    said = other_money.said(connection, found.company.id, [detail.stored.number for detail in recorded]) if ids else {}
    return [
        _duplicate(found, detail, receipt)
        for detail in recorded
        for receipt in like.get((detail.customer_id, detail.stored.payment.amount_minor), ())
        if receipt.id not in claimed
        and receipt.id not in {of.receipt_id for of in said.get(detail.stored.number, ())}
        and _may_repeat(detail, receipt)
    ]


def _may_repeat(detail: Detail, receipt: LikeReceipt) -> bool:
    payment = detail.stored.payment
    near = any(business_days_between(of.received_on, receipt.received_on) <= BUSINESS_DAYS for of in detail.receipts)
    named = any(payment.transaction_number.casefold() in text.casefold() for text in receipt.texts)
    return near and not named and receipt.currency == payment.currency


def _duplicate(found: MonthEnd, detail: Detail, receipt: LikeReceipt) -> ToSign:
    payment, words = detail.stored.payment, found.company.words
    days = (receipt.received_on - detail.receipts[0].received_on).days
    apart = f"{counted(abs(days), 'day')} {'later' if days > 0 else 'earlier'}" if days else "on the same day"
    what = (
        f"Receipt {plain(receipt.number or receipt.id)} of {words.day(receipt.received_on)}: the same customer and amount, "
        f"{apart}, and it does not name the payment."
    )
    return ToSign(
        Sign.POSSIBLE_DUPLICATE, receipt.received_on, detail.stored.number, what, payment.currency, payment.amount_minor
    )
