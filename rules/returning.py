"""What recording a return, a refund or a chargeback would do, and what voiding a receipt of ours would: the one answer.

For whoever shows it and for the plan that does it. Pure; raises CannotBeDone, with words to show, where it does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from receivables.books_records import Invoice, MoneyOutKind, Receipt, ReceiptLine
from receivables.effects import EffectKind
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.payment import Payment
from receivables.reversals import Reversal
from receivables.two_people import TwoPeople
from receivables.words import day_of, listed, plain
from rules.money_gone import KINDS, counted_minor, is_shared, receipts_of, uncertain
from rules.reading import read
from rules.voiding import kept_by_the_books, voidable

Options = Mapping[str, object]


@dataclass(frozen=True)
class ReturnOf:
    """One receipt and the entry by which its money leaves the books again, dated `on`.

    `reopens` is what comes off its invoices; `stays` is why nothing does although it is applied, in words that follow "it is".
    `late` says that the day on which it went back is in a closed period.
    """

    receipt: Receipt
    out: MoneyOutKind
    amount_minor: int
    on: date
    reopens: tuple[ReceiptLine, ...]
    late: bool
    stays: str = ""


@dataclass(frozen=True)
class Returns:
    """What record_return would do. `named` is an entry that a person names in books whose entries are not read."""

    of: tuple[ReturnOf, ...]
    named: str = ""
    went_back_on: date | None = None

    @property
    def two_people(self) -> TwoPeople | None:
        """Why it takes two people whatever the amount; None where it does not."""
        if self.named:
            return TwoPeople.UNREAD_ENTRY
        if any(found.late for found in self.of):
            return TwoPeople.LATE_RETURN
        refund_reopens = any(found.out is MoneyOutKind.REFUND and found.reopens for found in self.of)
        return TwoPeople.REFUND_REOPENS if refund_reopens else None


def named_entry(options: Options) -> str:
    """The entry of the books that a person names, or ""."""
    return " ".join(str(options.get("entry") or "").split()).removeprefix("#")


def makes_returns(evidence: Evidence) -> bool:
    """Whether these books record at our order what went back of this payment."""
    able = EffectKind.RECORD_RETURN in evidence.able
    return able and (evidence.beside is None or bool(_beside(evidence)))


def returns(evidence: Evidence, options: Options) -> Returns:
    """What recording the return of this payment means, or of a part of it, with the entry that a person named."""
    if evidence.beside is not None:
        return _returns_beside(evidence, named_entry(options))
    if evidence.unread:
        raise CannotBeDone("Not everything could be read in the books. Decide when they answer again.")
    out = KINDS.get(evidence.payment.status)
    if out is None:
        raise CannotBeDone("The feed does not say that the money of this payment went back.")
    counted = [receipt for receipt in receipts_of(evidence) if counted_minor(receipt, evidence.money_out, evidence.payment) > 0]
    if not counted:
        raise CannotBeDone("The books count nothing of this payment; there is nothing to record.")
    if of_hand := [found.receipt.number for found in uncertain(read(evidence))]:
        raise CannotBeDone(f"It is not certain that {listed(of_hand)} is this payment. Say first whether it is other money.")
    named = named_entry(options)
    if not makes_returns(evidence):
        if not named:
            how = f": {evidence.return_by_hand}" if evidence.return_by_hand else ""
            raise CannotBeDone(f"Record the {out} in the books first, then name its entry{how}.")
        return Returns(tuple(_whole(receipt, out, evidence) for receipt in counted), named, evidence.went_back_on)
    if named:
        known = listed([entry.number or entry.id for entry in evidence.money_out]) or "none"
        raise CannotBeDone(
            f"{plain(named)} does not balance {listed([f'receipt {receipt.number}' for receipt in counted])}. Entries for it in "
            f"the books: {known}. One that balances it ends this by itself."
        )
    return Returns(tuple(_whole(receipt, out, evidence) for receipt in counted), "", evidence.went_back_on)


def _returns_beside(evidence: Evidence, named: str) -> Returns:
    """What went out beside the payment: one reversal after the other, each a document of its own; or the one that is named."""
    if named:
        return Returns((), named)
    found = _beside(evidence) if EffectKind.RECORD_RETURN in evidence.able else ()
    if not found:
        raise CannotBeDone("Record it in the books as a document of its own. If that is not found, name it.")
    return Returns(found, "", _day_of_next(evidence))


def asked_minor(payment: Payment, evidence: Evidence | None) -> int:
    """How much a decision is about, in minor units: the payment, or what went out beside it."""
    beside = evidence.beside if evidence else None
    return sum(reversal.amount_minor for reversal in beside) if beside else payment.amount_minor


def _beside(evidence: Evidence) -> tuple[ReturnOf, ...]:
    """The next reversal that no entry records yet, taken out of the payment's receipts; none where they do not hold as much."""
    if evidence.unread or (following := _next(evidence)) is None:
        return ()
    reversal, left_minor = following
    found = list[ReturnOf]()
    for receipt in receipts_of(evidence):
        taken_minor = 0 if is_shared(receipt, evidence.payment) else min(left_minor, _held_minor(receipt, evidence))
        if taken_minor > 0:
            found.append(_return_of(receipt, KINDS[reversal.status], taken_minor, _day_of_next(evidence), evidence))
            left_minor -= taken_minor
    return () if left_minor else tuple(found)


def _next(evidence: Evidence) -> tuple[Reversal, int] | None:
    """The newest reversal beside the payment that is not wholly recorded, and how much of it is not. An entry of its kind and
    amount is of it, of its own day first; any other counts for the oldest one of its kind, then for the oldest one.
    """
    beside, zone = evidence.beside or (), ZoneInfo(evidence.time_zone)
    entries = [entry for entry in evidence.money_out if entry.kind is not MoneyOutKind.FEE]
    left = [reversal.amount_minor for reversal in beside]
    for on_its_day in (True, False):
        for place, reversal in reversed([*enumerate(beside)]):
            exact = [of for of in entries if (of.kind, of.amount_minor) == (KINDS[reversal.status], left[place])]
            if found := next((of for of in exact if not on_its_day or of.on == day_of(reversal.at, zone)), None):
                entries.remove(found)
                left[place] = 0
    recorded = dict[MoneyOutKind, int]()
    for entry in entries:
        recorded[entry.kind] = recorded.get(entry.kind, 0) + entry.amount_minor
    for place, reversal in enumerate(beside):
        own_minor = min(left[place], recorded.get(KINDS[reversal.status], 0))
        recorded[KINDS[reversal.status]] = recorded.get(KINDS[reversal.status], 0) - own_minor
        left[place] -= own_minor
    others_minor = sum(recorded.values())
    for place, minor in enumerate(left):
        left[place] -= min(minor, others_minor)
        others_minor -= minor - left[place]
    return next(((reversal, minor) for reversal, minor in reversed([*zip(beside, left, strict=True)]) if minor), None)


def _day_of_next(evidence: Evidence) -> date | None:
    following = _next(evidence)
    return day_of(following[0].at, ZoneInfo(evidence.time_zone)) if following else None


def _held_minor(receipt: Receipt, evidence: Evidence) -> int:
    out = [entry for entry in evidence.money_out if entry.receipt_id == receipt.id and entry.kind is not MoneyOutKind.FEE]
    return 0 if receipt.voided else receipt.amount_minor - sum(entry.amount_minor for entry in out)


def _whole(receipt: Receipt, out: MoneyOutKind, evidence: Evidence) -> ReturnOf:
    """All that the books count of the payment on a receipt."""
    counted = counted_minor(receipt, evidence.money_out, evidence.payment)
    return _return_of(receipt, out, counted, evidence.went_back_on, evidence)


def _return_of(receipt: Receipt, out: MoneyOutKind, amount_minor: int, day: date | None, evidence: Evidence) -> ReturnOf:
    through, on = evidence.settings.closed_through, max(day or receipt.received_on, receipt.received_on)
    late = through is not None and on <= through
    if through is not None and late:
        on = through + timedelta(days=1)
    reopens = _reopens(receipt, amount_minor, evidence)
    stays = kept_by_the_books(receipt, evidence) if evidence.deposits_hold and reopens else ""
    return ReturnOf(receipt, out, amount_minor, on, () if stays else reopens, late, stays)


def _reopens(receipt: Receipt, amount_minor: int, evidence: Evidence) -> tuple[ReceiptLine, ...]:
    """What comes off invoices: of a receipt that holds other money too the payment's own first; then what unapplied money does
    not cover, the last invoice first.
    """
    off = dict[str, int]()
    if is_shared(receipt, evidence.payment):
        for of_payment in evidence.lines:
            left_minor = min(of_payment.amount_minor, amount_minor - sum(off.values()), receipt.applied_to(of_payment.invoice_id))
            off |= {of_payment.invoice_id: left_minor} if left_minor > 0 else {}
    missing_minor = amount_minor - receipt.unapplied_minor - sum(off.values())
    for line in reversed(receipt.lines):
        more_minor = min(line.amount_minor - off.get(line.invoice_id, 0), missing_minor)
        if more_minor > 0:
            off[line.invoice_id] = off.get(line.invoice_id, 0) + more_minor
            missing_minor -= more_minor
    return tuple(ReceiptLine(invoice_id, off_minor) for invoice_id, off_minor in off.items())


def to_void(evidence: Evidence, options: Options) -> tuple[Receipt, ...]:
    """Our receipts that void_receipt voids: those that a person named, or all that may be."""
    if evidence.unread:
        raise CannotBeDone("Not everything could be read in the books. Decide when they answer again.")
    reading = read(evidence)
    free = voidable(reading)
    if not free:
        why = {receipt.number: kept_by_the_books(receipt, evidence) for receipt in reading.marked}
        kept = [f"receipt {number} is {reason}" for number, reason in why.items() if reason]
        raise CannotBeDone(f"No receipt of ours may be voided: {listed(kept) or 'none of them is one too many'}.")
    asked = str(options.get("receipt") or "").removeprefix("#")
    named = [receipt for receipt in free if asked in (receipt.id, receipt.number)] if asked else list(free)
    if not named:
        raise CannotBeDone(
            f"Receipt {asked} may not be voided. Choose {listed([receipt.number for receipt in free], last='or')}."
        )
    return tuple(named)


def reopened(evidence: Evidence, lines: Mapping[str, int]) -> list[tuple[Invoice, int]]:
    """The payment's invoices that are open again by these amounts, in minor units."""
    invoices = {line.invoice.id: line.invoice for line in evidence.lines if isinstance(line.invoice, Invoice)}
    return [(invoices[invoice_id], amount) for invoice_id, amount in lines.items() if invoice_id in invoices]
