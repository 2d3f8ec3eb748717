"""What rows of their own say about payments: refunds, fees, returns and chargebacks, brought to the payments they name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds.csv_line import shown
from feeds.findings import Findings
from feeds.maps.amounts import exact
from feeds.maps.map import Means
from receivables.card_numbers import holds_one
from receivables.errors import FeedProblem
from receivables.money import minor_from_text, text_from_minor
from receivables.payment import Dispute, FeedStatus, Payment


@dataclass(frozen=True)
class Change:
    """One row about the payment `number`. `digits` are plain, without a sign; what the row means says where the money went.

    `own` is the row's own number, where the portal gives it one.
    """

    line: int
    column: str
    means: Means
    number: str
    digits: str
    currency: str
    fee_minor: int
    at: datetime | None
    own: str = ""


class _Refused(Exception):
    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass
class Changes:
    """All changes of a file, by the payment they are about."""

    _of: dict[str, list[Change]] = field(default_factory=dict)
    _fees: dict[str, int] = field(default_factory=dict)

    def add(self, change: Change) -> None:
        self._of.setdefault(change.number, []).append(change)

    def fee(self, number: str, fee_minor: int) -> None:
        """What the payment's own row says was kept."""
        self._fees[number] = fee_minor

    def applied(
        self, read: Mapping[str, tuple[int, Payment]], known: Callable[[str], Payment | None], findings: Findings
    ) -> list[Payment]:
        """The payments with all that the file says of them, in its order, then those imported before.

        A payment about which a row is wrong is left out with it: what is known of it would be half of the truth.
        """
        payments = []
        for number, (line, payment) in read.items():
            changes = self._of.get(number, [])
            try:
                payments.append(_with(payment, changes, self._fees.get(number, 0)))
            except _Refused as reason:
                place = changes[0] if changes else None
                self._refuse(place.line if place else line, place.column if place else "fee", reason, findings)
        for number, changes in self._of.items():
            if number in read:
                continue
            first = changes[0]
            try:
                ended = _ended(first, changes, known)
            except _Refused as reason:
                self._refuse(first.line, first.column, reason, findings)
            else:
                payments += [ended] if ended else []
        return payments

    def _refuse(self, line: int, column: str, reason: _Refused, findings: Findings) -> None:
        findings.wrong_lines += 1
        findings.add(FeedProblem(line, column, reason.message, reason.remedy))


def _with(payment: Payment, changes: list[Change], fee_minor: int) -> Payment:
    """A payment of this file with what its other rows say."""
    refunded_minor = payment.refunded_minor + sum(_refund(payment, change) for change in changes)
    fee_minor += sum(change.fee_minor for change in changes)
    if fee_minor < 0:
        name = shown(payment.transaction_number)
        raise _Refused(f"more of the fee of {name} was given back than kept", "Export from the day of the payment on")
    payment = _told(payment, changes)
    _must_be_part(payment, refunded_minor)
    if refunded_minor and refunded_minor == payment.amount_minor:
        payment = _refunded(payment, changes)
    left_minor = refunded_minor if payment.status is not FeedStatus.REFUNDED else 0
    return replace(payment, fee_minor=fee_minor, refunded_minor=left_minor, refunds=tuple(_rows(changes)) if left_minor else ())


def _must_be_part(payment: Payment, refunded_minor: int) -> None:
    """Refuses refunds that are more than was paid, or less than nothing."""
    if not 0 <= refunded_minor <= payment.amount_minor:
        given, paid = (text_from_minor(minor, payment.currency) for minor in (refunded_minor, payment.amount_minor))
        name = shown(payment.transaction_number)
        raise _Refused(f"the refunds of {name} add up to {given}, of {paid} that were paid", "Correct the export, or the map")


def _refunded(payment: Payment, changes: list[Change]) -> Payment:
    """The payment, all of which was given back."""
    if payment.status is not FeedStatus.PAID:
        return payment
    return replace(payment, status=FeedStatus.REFUNDED, dispute=Dispute.NONE, status_at=_at(payment, changes, Means.REFUND))


def _ended(first: Change, changes: list[Change], known: Callable[[str], Payment | None]) -> Payment | None:
    """A payment imported before, as these rows say it ended; None where they only tell a fee."""
    number = first.number
    changes = [change for change in changes if change.means is not Means.FEE]
    if not changes:
        return None
    name = shown(number)
    payment = None if holds_one(number) else known(number)
    if payment is None:
        raise _Refused(
            f"payment {name} is neither in this file nor imported before",
            "Export from the day of that payment on, or leave it out with --partial",
        )
    new = {row: change for row, change in _rows(changes).items() if row not in payment.refunds}
    refunded_minor = sum(_refund(payment, change) for change in new.values())
    told = _told(payment, changes)
    if not refunded_minor:
        return told
    if payment.refunded_minor and not payment.refunds and refunded_minor != payment.amount_minor:
        raise _Refused(
            f"a part of payment {name} was refunded, of which a part was told before without its rows",
            "Export from the day of that payment on, so that all of its refunds are known",
        )
    refunded_minor += payment.refunded_minor if payment.refunds else 0
    _must_be_part(payment, refunded_minor)
    if refunded_minor == payment.amount_minor:
        return _refunded(told, changes)
    return replace(told, refunded_minor=refunded_minor, refunds=(*payment.refunds, *new))


def _rows(changes: list[Change]) -> dict[str, Change]:
    """The refunds by what tells one from another in this and in later files: number, moment, amount, and which of equal ones."""
    found, seen = dict[str, Change](), Counter[str]()
    for change in changes:
        if change.means in (Means.REFUND, Means.REFUND_FAILED):
            at = change.at.isoformat() if change.at else ""
            row = " ".join((change.means, change.own, at, change.digits))
            seen[row] += 1
            found[hashlib.sha256(f"{row} #{seen[row]}".encode()).hexdigest()[:16]] = change
    return found


def _refund(payment: Payment, change: Change) -> int:
    """What a row gave back of the payment, negative where the refund failed."""
    if change.means not in (Means.REFUND, Means.REFUND_FAILED):
        return 0
    if change.currency != payment.currency:
        name = shown(payment.transaction_number)
        raise _Refused(f"the refund is in {shown(change.currency)}, payment {name} in {payment.currency}", "Correct the export")
    try:
        minor = minor_from_text(exact(change.digits, change.currency), change.currency)
    except ValueError:
        raise _Refused(
            f"{shown(change.digits)} is not an amount in {change.currency}", "Correct the export, or the map"
        ) from None
    return -minor if change.means is Means.REFUND_FAILED else minor


def _told(payment: Payment, changes: list[Change]) -> Payment:
    """The payment with how its money ended, and when. A chargeback that was won is none, in whatever order the rows stand."""
    said = [change.means for change in changes]
    if Means.RETURN in said:
        at, minor = _at(payment, changes, Means.RETURN), _gone_minor(payment, changes, Means.RETURN)
        return replace(payment, status=FeedStatus.RETURNED, status_at=at, status_minor=minor)
    if said.count(Means.CHARGEBACK) > said.count(Means.CHARGEBACK_WON):
        at, minor = _at(payment, changes, Means.CHARGEBACK), _gone_minor(payment, changes, Means.CHARGEBACK)
        return replace(payment, status=FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN, status_at=at, status_minor=minor)
    if Means.CHARGEBACK_WON in said and payment.status in (FeedStatus.PAID, FeedStatus.CHARGED_BACK):
        at = _at(payment, changes, Means.CHARGEBACK_WON)
        return replace(payment, status=FeedStatus.PAID, dispute=Dispute.WON, status_at=at)
    return payment


def _gone_minor(payment: Payment, changes: list[Change], means: Means) -> int:
    """How much the last row of this kind took of the payment; 0 where that is all of it, or not told in its currency."""
    last = [change for change in changes if change.means is means][-1]
    if not last.digits or last.currency != payment.currency:
        return 0
    try:
        minor = minor_from_text(exact(last.digits, last.currency), last.currency)
    except ValueError:
        return 0
    return minor if minor != payment.amount_minor else 0


def _at(payment: Payment, changes: list[Change], means: Means) -> datetime | None:
    """When the last row of this kind was; where the feed gave a day, its noon in the time zone of the company is meant."""
    moments = [change.at for change in changes if change.means is means and change.at is not None]
    return max(moments, default=payment.status_at)
