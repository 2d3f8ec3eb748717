"""What recording a return, a refund or a chargeback would do, and what voiding a receipt of ours would: the one answer.

For whoever shows it and for the plan that does it. Pure; raises CannotBeDone, with words to show, where it does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from receivables.books_records import Invoice, MoneyOutKind, Receipt, ReceiptLine
from receivables.effects import EffectKind
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.two_people import TwoPeople
from receivables.words import listed, plain
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


def part_named(options: Options) -> TwoPeople:
    """Why naming the document of a part that was refunded takes two people: one that can be read ends it by itself."""
    if not named_entry(options):
        raise CannotBeDone("Record it in the books as a document of its own. If that is not found, name it.")
    return TwoPeople.UNREAD_ENTRY


def makes_returns(evidence: Evidence) -> bool:
    """Whether these books record returns at our order."""
    return EffectKind.RECORD_RETURN in evidence.able


def returns(evidence: Evidence, options: Options) -> Returns:
    """What recording the return of this payment means, with the entry that a person named."""
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
        return Returns(tuple(_return_of(receipt, out, evidence) for receipt in counted), named, evidence.went_back_on)
    if named:
        known = listed([entry.number or entry.id for entry in evidence.money_out]) or "none"
        raise CannotBeDone(
            f"{plain(named)} does not balance {listed([f'receipt {receipt.number}' for receipt in counted])}. Entries for it in "
            f"the books: {known}. One that balances it ends this by itself."
        )
    return Returns(tuple(_return_of(receipt, out, evidence) for receipt in counted), "", evidence.went_back_on)


def _return_of(receipt: Receipt, out: MoneyOutKind, evidence: Evidence) -> ReturnOf:
    through, amount_minor = evidence.settings.closed_through, counted_minor(receipt, evidence.money_out, evidence.payment)
    on = max(evidence.went_back_on or receipt.received_on, receipt.received_on)
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
