"""What the books still count of money that went back: its receipts, against the entries by which it left again.

One answer for the rules, for whoever ends such a failure and for the proof. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from receivables.books_records import Invoice, MoneyOut, MoneyOutKind, Receipt
from receivables.effects import markers_in
from receivables.evidence import Evidence, OtherPayment
from receivables.payment import FeedStatus, Payment
from receivables.reference_keys import key_of, keys_in
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import Flaw, LineReading
from rules.reading import Reading, read

#: What the entry is called by which money of this status leaves the books.
KINDS: Mapping[FeedStatus, MoneyOutKind] = {
    FeedStatus.RETURNED: MoneyOutKind.RETURN,
    FeedStatus.REFUNDED: MoneyOutKind.REFUND,
    FeedStatus.CHARGED_BACK: MoneyOutKind.CHARGEBACK,
    FeedStatus.FAILED: MoneyOutKind.RETURN,  # where the books must keep the receipt of money that never came
}


def counted_minor(receipt: Receipt, entries: Iterable[MoneyOut], payment: Payment) -> int:
    """What the books still count of a payment on this receipt, in minor units: zero where it and its entries add up to nothing.

    A fee is no part of it. A receipt that is larger than the payment holds other money as well: of that nothing counts, and
    only entries that are about this payment take from it.
    """
    if receipt.voided:
        return 0
    out = [entry for entry in entries if entry.receipt_id == receipt.id and entry.kind is not MoneyOutKind.FEE]
    left_minor = receipt.amount_minor - sum(entry.amount_minor for entry in out)
    if not is_shared(receipt, payment):
        return left_minor
    its_own_minor = sum(entry.amount_minor for entry in out if _is_about(entry, payment))
    return max(0, min(left_minor, payment.amount_minor - its_own_minor))


def is_shared(receipt: Receipt, payment: Payment) -> bool:
    """Whether it holds other money beside the payment."""
    return receipt.amount_minor > payment.amount_minor


def _is_about(entry: MoneyOut, payment: Payment) -> bool:
    """Whether it names the payment; one of its amount without any mark of ours is taken for it."""
    named = key_of(payment.transaction_number) in keys_in(entry.memo)
    return named or (entry.amount_minor == payment.amount_minor and not markers_in(entry.memo))


@dataclass(frozen=True)
class MoneyGone:
    """The receipts of a payment whose money went back.

    The books still count those in `stands`; those in `offset` left them again by `entries`. `taken_out`: one of ours was
    voided or deleted. `sure`: everything about it could be read.
    """

    stands: tuple[Receipt, ...]
    offset: tuple[Receipt, ...]
    entries: tuple[MoneyOut, ...]
    taken_out: bool
    sure: bool

    @property
    def settled(self) -> bool:
        """Nothing is left of it in the books, certainly."""
        return self.sure and not self.stands

    @property
    def last_person(self) -> str:
        """Who recorded the last entry, where the books tell."""
        return max(self.entries, key=lambda entry: entry.created.at).created.person if self.entries else ""


def money_gone(of: Evidence | Reading) -> MoneyGone:
    """What is left in the books of a payment whose money went back."""
    reading = of if isinstance(of, Reading) else read(of)
    evidence = reading.evidence
    receipts = {receipt.id: receipt for receipt in receipts_of(reading)}
    entries = tuple(entry for entry in evidence.money_out if entry.receipt_id in receipts and entry.kind is not MoneyOutKind.FEE)
    stands = tuple(receipt for receipt in receipts.values() if counted_minor(receipt, entries, evidence.payment) > 0)
    answered = all(part.receipt is not None for part in evidence.posted) and not any(part.unanswered for part in reading.parts)
    return MoneyGone(
        stands,
        tuple(receipt for receipt in receipts.values() if receipt not in stands),
        entries,
        taken_out=any(part.missing for part in reading.parts) or bool(evidence.vanished),
        sure=answered and not evidence.unread and not evidence.twins,
    )


def receipts_of(of: Evidence | Reading) -> Sequence[Receipt]:
    """Our receipts of the payment, and those by hand that are its proof or may be it; each once."""
    reading = of if isinstance(of, Reading) else read(of)
    living = [of for of in (*reading.marked, *(found.receipt for found in by_hand(reading))) if not of.voided]
    return tuple({receipt.id: receipt for receipt in living}.values())


def by_hand(reading: Reading) -> list[ReceiptReading]:
    """The receipts entered by hand that are the payment's proof or may be it."""
    return [found for found in reading.receipts if found.suspect or found.source.proves]


def uncertain(reading: Reading) -> tuple[ReceiptReading, ...]:
    """Receipts entered by hand that may be this money beside another that counts: first somebody says what they are."""
    entries, payment = reading.evidence.money_out, reading.evidence.payment
    counted = [receipt for receipt in receipts_of(reading) if counted_minor(receipt, entries, payment) > 0]
    unsaid = tuple(found for found in reading.suspects if not found.source.proves)
    return unsaid if len(counted) > 1 else ()


def held_by(line: LineReading, reading: Reading) -> tuple[tuple[Receipt, OtherPayment], ...]:
    """The receipts on this invoice of payments whose money went back, where they are all that the payment lacks."""
    if line.flaw is not Flaw.SHORT or not isinstance(line.source.invoice, Invoice):
        return ()
    found = [
        (entry.receipt, entry.source.went_back)
        for entry in reading.receipts
        if entry.source.went_back is not None and entry.receipt.applied_to(line.invoice_key)
    ]
    held_minor = sum(receipt.applied_to(line.invoice_key) for receipt, _ in found)
    return tuple(found) if line.source.invoice.open_minor + held_minor >= line.need_minor else ()


def paid_by_returned(reading: Reading) -> bool:
    """Whether whatever the payment's invoices lack is held by receipts of payments whose money went back."""
    short = [line for line in reading.lines if line.flaw is not Flaw.FITS]
    return bool(short) and all(held_by(line, reading) for line in short)
