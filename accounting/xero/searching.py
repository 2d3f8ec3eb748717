"""Our own marks in Xero, found again: how a write without an answer is looked for, and how doubles are noticed.

The search covers everything we can have written. A receipt on an invoice is a payment whose reference *begins* with its
marker, so that no shortening cuts it off; Xero is asked for all payments whose reference begins with the stem, of
whatever customer, day and status, and those that carry exactly the marker count. Money on account is an overpayment
with the same reference; Xero has no filter for the beginning of those, so every overpayment received is listed and
looked at, and one that the list shows without reference and lines is read by itself. Within seconds after a look at
the changes of both, our mirror holds them all, and is asked by key instead.

An applied credit has no field for a marker. What tells ours is the credit note, the invoice and the amount together:
an allocation like that, no matter who made it, is what was ordered, and sending a second one would take the credit twice.
Two alike are shown to a person. An application taken off leaves no trace but its absence from its credit note.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence

from accounting.calling import chunks
from accounting.orders import applied_as_ordered, by_mark
from accounting.xero.asking import IDS_PER_FILTER, Asking
from accounting.xero.documents import OVERPAYMENTS, OnAccount, note_of, written_on
from accounting.xero.reads import Reads
from accounting.xero.wire import Fields, any_of, elements, identity, text
from receivables.books_records import CreditMemo, Gone, Receipt
from receivables.effects import (
    ApplyCredit,
    ApplyReceipt,
    Order,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
    Written,
    markers_in,
    stem_of,
)
from receivables.errors import BooksUnavailable
from receivables.ports import MarkIndex

READ_SINGLY = 30  # overpayments or prepayments without anything written on them; what remains is read at the next search
REMEMBERED = 5000


class Searching:
    """Searches one organization's books for what we wrote."""

    def __init__(self, asking: Asking, reads: Reads, index: MarkIndex | None) -> None:
        self._asking = asking
        self._reads = reads
        self._index = index
        self._blank: OrderedDict[tuple[str, str], Fields] = OrderedDict()  # (id, version) of overpayments -> what is on them

    def receipts_marked(self, stems: Collection[str]) -> dict[str, list[Receipt]]:
        """The receipts, not voided, that carry a marker with one of these stems; every stem is a key."""
        wanted = sorted(set(stems))
        if self._index is not None and self._asking.was_read_through("Payments", "Overpayments"):
            return by_mark(wanted, self._mirrored(wanted, self._index), stem_of)
        return by_mark(wanted, [*self._payments(wanted), *self._overpayments(wanted)], stem_of)

    def _mirrored(self, stems: Sequence[str], index: MarkIndex) -> list[Receipt]:
        """Those that the mirror knows, as they are now."""
        ids = {receipt_id for of_stem in index.carrying(stems)[1].values() for receipt_id in of_stem}
        found = self._reads.receipts(ids) if ids else {}
        return [receipt for receipt in found.values() if isinstance(receipt, Receipt) and not receipt.voided]

    def look(self, orders: Sequence[Order]) -> list[list[Written]]:
        """For each order, every trace that it was carried out."""
        receipts = [order for order in orders if isinstance(order.write, ReceiptWrite)]
        on_invoices = [order.marker for order in receipts if isinstance(order.write, ReceiptWrite) and order.write.lines]
        on_account = [order.marker for order in receipts if isinstance(order.write, ReceiptWrite) and not order.write.lines]
        marked = [*self._payments(on_invoices), *self._overpayments(on_account)]
        memos = self._reads.credit_memos(
            {order.write.credit_memo_id for order in orders if isinstance(order.write, UnapplyCredit | ApplyCredit | VoidCredit)}
        )
        held = {order.write.receipt_id for order in orders if isinstance(order.write, ApplyReceipt | VoidReceipt)}
        changed = self._reads.receipts(held)
        return [_traces(order, marked, memos, changed) for order in orders]

    def _payments(self, beginnings: Sequence[str]) -> list[Receipt]:
        begin = [any_of(f'Reference.StartsWith("{stem}")' for stem in chunk) for chunk in chunks(beginnings, IDS_PER_FILTER)]
        listed = self._asking.lists("Payments", [{"where": f"Reference!=null AND ({begins})"} for begins in begin])
        found = {identity(of, "PaymentID"): of for of in listed}
        return [receipt for receipt in self._reads.payments(found.values()) if not receipt.voided]

    def _overpayments(self, beginnings: Sequence[str]) -> list[Receipt]:
        if not beginnings:
            return []
        known = self._asking.listed_whole("Overpayments")
        listed = self._asking.every("Overpayments", where='Type=="RECEIVE-OVERPAYMENT"') if known is None else known
        received = [of for of in listed if text(of, "Type") in OVERPAYMENTS.types]
        carrying = [
            of for of in self.with_notes(OVERPAYMENTS, received) if any(beginning in note_of(of) for beginning in beginnings)
        ]
        return [receipt for receipt in self._reads.held(OVERPAYMENTS, carrying) if not receipt.voided]

    def with_notes(self, kind: OnAccount, listed: Iterable[Fields]) -> list[Fields]:
        """The same documents with what is written on them. Raises BooksUnavailable while some of it is still unread."""
        noted, read = [], 0
        for of in listed:
            if text(of, "Reference") or elements(of.get("LineItems")) or text(of, "Status") == "VOIDED":
                noted.append(of)
                continue
            key = (identity(of, kind.id_name), text(of, "UpdatedDateUTC"))
            said = self._blank.get(key)
            if said is None:
                read += 1
                if read > READ_SINGLY:
                    raise BooksUnavailable(f"Xero has many {kind.kind} without a reference; the search will continue next time.")
                said = written_on(self._asking.one(kind.kind, key[0]) or {})
                self._blank[key] = said
                while len(self._blank) > REMEMBERED:
                    self._blank.popitem(last=False)
            noted.append({**of, **said})
        return noted


def _traces(
    order: Order,
    marked: Sequence[Receipt],
    memos: Mapping[str, CreditMemo | Gone],
    changed: Mapping[str, Receipt | Gone],
) -> list[Written]:
    match order.write:
        case ReceiptWrite():
            return [Written(receipt.id, receipt.version) for receipt in marked if order.marker in markers_in(receipt.memo)]
        case ApplyCredit(credit_memo_id=memo_id) as write:
            return applications_like(memos[memo_id], write)
        case UnapplyCredit(credit_memo_id=memo_id, application_id=application_id):
            memo = memos[memo_id]
            if not is_off(memo, application_id):
                return []
            return [Written(application_id, "" if isinstance(memo, Gone) else memo.version)]
        case ApplyReceipt(receipt_id=receipt_id, lines=lines):
            return list(applied_as_ordered(changed[receipt_id], lines))
        case VoidReceipt(receipt_id=receipt_id):
            receipt = changed[receipt_id]
            return [Written(receipt.id, receipt.version)] if isinstance(receipt, Receipt) and receipt.voided else []
        case VoidCredit(credit_memo_id=memo_id):
            memo = memos[memo_id]
            return [Written(memo.id, memo.version)] if isinstance(memo, CreditMemo) and memo.voided else []
        case RecordReturn():
            return []


def is_off(memo: CreditMemo | Gone, application_id: str) -> bool:
    """Whether an application is gone, no matter who removed it. A credit note that Xero never heard of proves nothing."""
    if isinstance(memo, Gone):
        return memo.deleted is not None
    return all(application.id != application_id for application in memo.applications)


def applications_like(memo: CreditMemo | Gone, write: ApplyCredit) -> list[Written]:
    """Every standing application of this credit memo to this invoice with exactly this amount."""
    if isinstance(memo, Gone):
        return []
    alike = [
        application
        for application in memo.applications
        if (application.invoice_id, application.amount_minor) == (write.invoice_id, write.amount_minor)
    ]
    return [Written(application.id, memo.version) for application in alike]
