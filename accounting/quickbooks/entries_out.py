"""Money that went out again, as QuickBooks keeps it: journal entries, checks and expenses to A/R, and refund receipts.

An entry is one of a receipt where the receipt is applied to it, or where it names the receipt: its payment reference or
our marker in any of its texts. Only what leaves the bank counts: an entry that charges the customer and credits sales
is no return, and a fee to the bank is nobody's refund.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from accounting import paid_out
from accounting.quickbooks import documents, fields
from accounting.quickbooks.fields import Json, ref, text
from accounting.quickbooks.queries import Reading, quoted
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt

NAMED = ("RefundReceipt", "JournalEntry", "Purchase")  # where an entry is looked for that a receipt is not applied to
RECEIVABLE = "Accounts Receivable"
_CASH_TYPES, _CASH_SUB_TYPES = frozenset({"Bank", "Credit Card"}), frozenset({"UndepositedFunds"})


class EntriesOut:
    """Finds the entries against receipts. Raises as every read does."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def of(self, receipt_ids: Collection[str]) -> dict[str, list[MoneyOut]]:
        """By receipt id, its entries, oldest first; every id is a key."""
        found: dict[str, list[MoneyOut]] = {receipt_id: [] for receipt_id in receipt_ids}
        read = self._reading.by_ids("Payment", receipt_ids) if receipt_ids else {}
        living = {key: payment for key, payment in read.items() if payment is not None and documents.is_receipt(payment)}
        receipts = {key: documents.receipt(payment) for key, payment in living.items()}
        left = {key: receipt.amount_minor for key, receipt in receipts.items()}
        for entry in self._applied_to(receipts, {key: _linked(payment) for key, payment in living.items()}):
            found[entry.receipt_id].append(entry)
            left[entry.receipt_id] -= entry.amount_minor
        for entity in NAMED:
            counted = [receipt for key, receipt in receipts.items() if left[key] > 0]
            known = {entry.id for entries in found.values() for entry in entries}
            for entry in self._naming(entity, counted, known, left) if counted else ():
                found[entry.receipt_id].append(entry)
        return {receipt_id: sorted(entries, key=lambda entry: (entry.on, entry.id)) for receipt_id, entries in found.items()}

    def _applied_to(
        self, receipts: Mapping[str, Receipt], linked: Mapping[str, Mapping[tuple[str, str], int]]
    ) -> Iterator[MoneyOut]:
        """The entries that receipts are applied to, each for as much as is applied to it."""
        wanted: dict[str, set[str]] = {}
        for entity, entry_id in {key for of_receipt in linked.values() for key in of_receipt}:
            wanted.setdefault(entity, set()).add(entry_id)
        read = {entity: self._reading.by_ids(entity, ids) for entity, ids in wanted.items()}
        there = {(entity, key): entry for entity, some in read.items() for key, entry in some.items() if entry is not None}
        accounts = self._accounts(there.values())
        for receipt_id, of_receipt in linked.items():
            for (entity, key), minor in of_receipt.items():
                entry = there.get((entity, key))
                if entry is not None and _out_minor(entity, entry, receipts[receipt_id], accounts) > 0:
                    yield _entry(entity, entry, receipts[receipt_id], minor)

    def _naming(
        self, entity: str, counted: Sequence[Receipt], known: Collection[str], left: dict[str, int]
    ) -> Iterator[MoneyOut]:
        """The entries of one kind that name a receipt without its being applied to them; takes them off what is `left`."""
        conditions = [f"TxnDate >= '{min(receipt.received_on for receipt in counted).isoformat()}'"]
        if entity == "RefundReceipt":
            conditions.append(f"CustomerRef in ({quoted(sorted({receipt.customer_id for receipt in counted}))})")
        listed = [entry for entry in self._reading.everything(entity, conditions) if text(entry, "Id") not in known]
        naming = [entry for entry in listed if any(paid_out.names(_texts(entry), receipt) for receipt in counted)]
        accounts = self._accounts(naming) if entity != "RefundReceipt" else {}
        for entry in naming:
            paid = [(receipt, minor) for receipt in counted if (minor := _out_minor(entity, entry, receipt, accounts)) > 0]
            for receipt, minor in paid_out.shares(_texts(entry), paid[0][1], [of for of, _ in paid], left) if paid else ():
                left[receipt.id] -= minor
                yield _entry(entity, entry, receipt, minor)

    def _accounts(self, entries: Iterable[Json]) -> Mapping[str, Json]:
        """The accounts in the lines of these entries, by id."""
        ids = {account for entry in entries for line in fields.parts(entry, "Line") if (account := _account(line))}
        read = self._reading.by_ids("Account", ids) if ids else {}
        return {account_id: account for account_id, account in read.items() if account is not None}


def _linked(payment: Json) -> Mapping[tuple[str, str], int]:
    """The entries that a Payment is applied to, as (entity, id), in minor units."""
    linked: dict[tuple[str, str], int] = {}
    for line in fields.parts(payment, "Line"):
        for kind, entry_id in documents.linked(line):
            if kind in documents.ENTRIES:
                key = (documents.ENTRIES[kind], entry_id)
                linked[key] = linked.get(key, 0) + fields.minor(line, "Amount", fields.currency_of(payment))
    return linked


def _out_minor(entity: str, entry: Json, receipt: Receipt, accounts: Mapping[str, Json]) -> int:
    """How much left the bank by this entry and was charged to this customer, in minor units; 0 where it is no such entry."""
    customer, currency = receipt.customer_id, receipt.currency
    if fields.currency_of(entry) not in ("", currency) or fields.day(entry, "TxnDate") < receipt.received_on:
        return 0
    if entity == "RefundReceipt":
        return fields.minor(entry, "TotalAmt", currency) if ref(entry, "CustomerRef") == customer else 0
    if entity == "Purchase":
        if ref(entry, "EntityRef") != customer or entry.get("Credit") is True:
            return 0
        charged = [line for line in fields.parts(entry, "Line") if _type(accounts, _account(line)) == RECEIVABLE]
        return sum(fields.minor(line, "Amount", currency) for line in charged)
    charged_minor = paid_minor = 0
    for line in fields.parts(entry, "Line"):
        said, minor = fields.part(line, "JournalEntryLineDetail"), fields.minor(line, "Amount", currency)
        signed = minor if text(said, "PostingType") == "Debit" else -minor
        of_customer = ref(fields.part(said, "Entity"), "EntityRef") == customer
        if _type(accounts, _account(line)) == RECEIVABLE and of_customer:
            charged_minor += signed
        elif _is_cash(accounts.get(_account(line))):
            paid_minor -= signed
    return max(0, min(charged_minor, paid_minor))


def _type(accounts: Mapping[str, Json], account_id: str) -> str:
    return text(accounts.get(account_id, {}), "AccountType")


def _is_cash(account: Json | None) -> bool:
    found = account or {}
    return text(found, "AccountType") in _CASH_TYPES or text(found, "AccountSubType") in _CASH_SUB_TYPES


def _account(line: Json) -> str:
    """The account of a line of a journal entry or of an expense."""
    details = (fields.part(line, name) for name in ("JournalEntryLineDetail", "AccountBasedExpenseLineDetail"))
    return next((account for detail in details if (account := ref(detail, "AccountRef"))), "")


def _texts(entry: Json) -> list[str]:
    said = [text(entry, name) for name in ("DocNumber", "PaymentRefNum", "PrivateNote")]
    said.append(text(fields.part(entry, "CustomerMemo"), "value"))
    said += [text(line, "Description") for line in fields.parts(entry, "Line")]
    return [written for written in said if written]


def _entry(entity: str, entry: Json, receipt: Receipt, amount_minor: int) -> MoneyOut:
    other = MoneyOutKind.RETURN if entity == "JournalEntry" else MoneyOutKind.REFUND
    return MoneyOut(
        id=text(entry, "Id"),
        number=text(entry, "DocNumber") or text(entry, "Id"),
        kind=paid_out.kind_of(" ".join(_texts(entry)), other),
        customer_id=receipt.customer_id,
        currency=receipt.currency,
        amount_minor=amount_minor,
        on=fields.day(entry, "TxnDate"),
        receipt_id=receipt.id,
        version=text(entry, "SyncToken"),
        created=fields.stamps(entry)[0],
        memo=text(entry, "PrivateNote"),
    )
