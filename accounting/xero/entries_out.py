"""Money that went out again, as Xero keeps it: refunds of an overpayment or prepayment, spend money, refunds of credit notes.

A refund of money on account belongs to it without a doubt. A payment that is applied to an invoice cannot be moved in Xero,
so its return is a document of its own, and is found by its words: the customer as its contact, and the receipt's reference
or our marker in its own reference or in one of its lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import partial

from accounting import paid_out
from accounting.calling import chunks
from accounting.xero import documents
from accounting.xero.asking import CUSTOMERS_PER_FILTER, Asking
from accounting.xero.reads import Reads, readable
from accounting.xero.wire import Fields, any_of, day, day_in_filter, elements, fields, identity, is_guid, minor, text
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt, Stamp

_Listed = tuple[Fields, str, str]  # a document, with the names of its id and of its amount


class EntriesOut:
    """Finds the entries against receipts. Raises as every read does."""

    def __init__(self, asking: Asking, reads: Reads) -> None:
        self._asking = asking
        self._reads = reads

    def of(self, receipt_ids: Collection[str]) -> dict[str, list[MoneyOut]]:
        """By receipt id, its entries, oldest first; every id is a key."""
        found: dict[str, list[MoneyOut]] = {receipt_id: [] for receipt_id in receipt_ids}
        read = self._reads.receipts(receipt_ids) if receipt_ids else {}
        living = [receipt for receipt in read.values() if isinstance(receipt, Receipt) and not receipt.voided]
        for receipt in living:
            found[receipt.id] += self._refunds(receipt)
        left = {receipt.id: receipt.amount_minor - sum(entry.amount_minor for entry in found[receipt.id]) for receipt in living}
        for listed in (self._spent, self._refunded_credits):
            counted = [receipt for receipt in living if left[receipt.id] > 0]
            for of, id_name, amount in listed(counted) if counted else ():
                for entry in _of_receipts(of, id_name, amount, counted, left):
                    left[entry.receipt_id] -= entry.amount_minor
                    found[entry.receipt_id].append(entry)
        return {receipt_id: sorted(entries, key=lambda entry: (entry.on, entry.id)) for receipt_id, entries in found.items()}

    def _refunds(self, receipt: Receipt) -> list[MoneyOut]:
        """What was refunded of money on account; it is asked for only where some of it is neither applied nor left."""
        kept = receipt.unapplied_minor + sum(line.amount_minor for line in receipt.lines)
        held = documents.on_account_of(receipt.id)
        if held is None or kept >= receipt.amount_minor:
            return []
        of = self._asking.one(held[0].kind, held[1]) or {}
        return [
            readable(partial(_refund, receipt=receipt), refund)
            for refund in elements(of.get("Payments"))
            if text(refund, "Status") != "DELETED"
        ]

    def _spent(self, counted: Sequence[Receipt]) -> Iterator[_Listed]:
        """The money spent on the customers of these receipts since the first of them."""
        for chunk in chunks(sorted({receipt.customer_id for receipt in counted}), CUSTOMERS_PER_FILTER):
            theirs = any_of(is_guid("Contact.ContactID", customer_id) for customer_id in chunk)
            where = f'Type=="SPEND" AND Status=="AUTHORISED" AND {_since(counted)} AND ({theirs})'
            for of in self._asking.every("BankTransactions", where=where):
                yield of, "BankTransactionID", "Total"

    def _refunded_credits(self, counted: Sequence[Receipt]) -> Iterator[_Listed]:
        """The cash refunds of credit notes since the first of these receipts, of whatever customer."""
        where = f'PaymentType=="ARCREDITPAYMENT" AND Status=="AUTHORISED" AND {_since(counted)}'
        for of in self._asking.every("Payments", where=where):
            yield of, "PaymentID", "Amount"


def _since(counted: Sequence[Receipt]) -> str:
    return f"Date>={day_in_filter(min(receipt.received_on for receipt in counted))}"


def _of_receipts(of: Fields, id_name: str, amount: str, counted: Sequence[Receipt], left: Mapping[str, int]) -> list[MoneyOut]:
    """The entry for each receipt of the one payment of its customer and currency that it names."""
    note = fields(of.get("CreditNote"))
    contact = identity(fields((note or of).get("Contact")), "ContactID")
    currency = text(of, "CurrencyCode") or text(note, "CurrencyCode")
    theirs = [
        receipt
        for receipt in counted
        if (contact == receipt.customer_id or (note and not contact)) and currency in ("", receipt.currency)
    ]
    dated = [receipt for receipt in theirs if receipt.received_on <= readable(lambda entry: day(entry, "Date"), of)]
    if not dated:
        return []
    out_minor = readable(lambda entry: minor(entry, amount, dated[0].currency), of)
    texts = [*_texts(of), text(note, "CreditNoteNumber", "Reference")]
    return [
        readable(partial(_entry, id_name=id_name, receipt=receipt, amount_minor=share_minor), of)
        for receipt, share_minor in paid_out.shares(texts, out_minor, dated, left)
    ]


def _texts(of: Fields) -> list[str]:
    return [text(of, "Reference"), *(text(line, "Description") for line in elements(of.get("LineItems")))]


def _refund(of: Fields, receipt: Receipt) -> MoneyOut:
    return _entry(of, "PaymentID", receipt, minor(of, "Amount", receipt.currency))


def _entry(of: Fields, id_name: str, receipt: Receipt, amount_minor: int) -> MoneyOut:
    said, entry_id, on = " ".join(filter(None, _texts(of))), identity(of, id_name), day(of, "Date")
    other = MoneyOutKind.RETURN if id_name == "BankTransactionID" else MoneyOutKind.REFUND
    told = "UpdatedDateUTC" in of
    return MoneyOut(
        id=entry_id,
        number=text(of, "Reference") or entry_id[:8],
        kind=paid_out.kind_of(said, other),
        customer_id=receipt.customer_id,
        currency=receipt.currency,
        amount_minor=amount_minor,
        on=on,
        receipt_id=receipt.id,
        version=documents.version(of) if told else "",
        created=Stamp("", datetime.combine(on, time.min, UTC)),
        memo=said,
    )
