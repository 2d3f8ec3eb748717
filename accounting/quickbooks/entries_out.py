"""Money that went out again, as QuickBooks keeps it: journal entries, checks and expenses to A/R, and refund receipts.

An entry is one of a receipt where the receipt is applied to it, or where it names the receipt: its payment reference or
our marker in any of its texts. Only what leaves the bank counts: an entry that charges the customer and credits sales
is no return, and a fee to the bank is nobody's refund.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounting import paid_out
from accounting.quickbooks import documents
from accounting.quickbooks.documents import Json, ref, text
from accounting.quickbooks.queries import Reading, quoted
from receivables.books_records import MoneyOut, MoneyOutKind

#: What QuickBooks calls these documents in a line of a Payment, and the entity that each is read as.
LINKED = {"JournalEntry": "JournalEntry", "Expense": "Purchase", "Check": "Purchase", "Purchase": "Purchase"}
NAMED = ("RefundReceipt", "JournalEntry", "Purchase")  # where an entry is looked for that a receipt is not applied to
RECEIVABLE = "Accounts Receivable"
_CASH_TYPES, _CASH_SUB_TYPES = frozenset({"Bank", "Credit Card"}), frozenset({"UndepositedFunds"})


@dataclass(frozen=True)
class _Paid:
    """A Payment whose money may have gone out again. `linked` are the entries that it is applied to, in minor units."""

    payment: Json
    linked: Mapping[tuple[str, str], int]

    @property
    def id(self) -> str:
        return text(self.payment, "Id")

    @property
    def currency(self) -> str:
        return documents.currency_of(self.payment)

    @property
    def amount_minor(self) -> int:
        return documents.minor(self.payment, "TotalAmt", self.currency)


class EntriesOut:
    """Finds the entries against receipts. Raises as every read does."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def of(self, receipt_ids: Collection[str]) -> dict[str, list[MoneyOut]]:
        """By receipt id, its entries, oldest first; every id is a key."""
        found: dict[str, list[MoneyOut]] = {receipt_id: [] for receipt_id in receipt_ids}
        read = self._reading.by_ids("Payment", receipt_ids) if receipt_ids else {}
        living = [_paid(payment) for payment in read.values() if payment is not None and documents.is_receipt(payment)]
        for paid, entries in self._applied_to(living):
            found[paid.id] += entries
        still_counted = [paid for paid in living if sum(entry.amount_minor for entry in found[paid.id]) < paid.amount_minor]
        for paid, entry in self._naming(still_counted, {entry.id for entries in found.values() for entry in entries}):
            found[paid.id].append(entry)
        return {receipt_id: sorted(entries, key=lambda entry: (entry.on, entry.id)) for receipt_id, entries in found.items()}

    def _applied_to(self, living: Sequence[_Paid]) -> Iterable[tuple[_Paid, list[MoneyOut]]]:
        """The entries that receipts are applied to, each for as much as is applied to it."""
        wanted: dict[str, set[str]] = {}
        for paid in living:
            for entity, entry_id in paid.linked:
                wanted.setdefault(entity, set()).add(entry_id)
        read = {entity: self._reading.by_ids(entity, ids) for entity, ids in wanted.items()}
        there = [(entity, entry) for entity, some in read.items() for entry in some.values() if entry is not None]
        accounts = self._accounts(entry for _, entry in there)
        for paid in living:
            out = {(entity, text(entry, "Id")): entry for entity, entry in there if _out_minor(entity, entry, paid, accounts) > 0}
            yield paid, [_entry(*key, out[key], paid, minor) for key, minor in paid.linked.items() if key in out]

    def _naming(self, living: Sequence[_Paid], known: Collection[str]) -> Iterable[tuple[_Paid, MoneyOut]]:
        """The entries that name a receipt without its being applied to them."""
        if not living:
            return
        since = min(text(paid.payment, "TxnDate")[:10] for paid in living)
        customers = quoted(sorted({ref(paid.payment, "CustomerRef") for paid in living}))
        for entity in NAMED:
            conditions = [f"TxnDate >= '{since}'"]
            conditions += [f"CustomerRef in ({customers})"] if entity == "RefundReceipt" else []
            listed = self._reading.everything(entity, conditions)
            naming = [
                (paid, entry) for entry in listed if text(entry, "Id") not in known for paid in living if _names(entry, paid)
            ]
            accounts = self._accounts(entry for _, entry in naming)
            for paid, entry in naming:
                minor = _out_minor(entity, entry, paid, accounts)
                if paid_out.is_telling(minor, paid.amount_minor, text(paid.payment, "PaymentRefNum")):
                    yield paid, _entry(entity, text(entry, "Id"), entry, paid, minor)

    def _accounts(self, entries: Iterable[Json]) -> Mapping[str, Json]:
        """The accounts in the lines of these entries, by id."""
        ids = {account for entry in entries for line in documents.parts(entry, "Line") if (account := _account(line))}
        read = self._reading.by_ids("Account", ids) if ids else {}
        return {account_id: account for account_id, account in read.items() if account is not None}


def _paid(payment: Json) -> _Paid:
    linked: dict[tuple[str, str], int] = {}
    for line in documents.parts(payment, "Line"):
        for kind, entry_id in documents.linked(line):
            if kind in LINKED:
                key = (LINKED[kind], entry_id)
                linked[key] = linked.get(key, 0) + documents.minor(line, "Amount", documents.currency_of(payment))
    return _Paid(payment, linked)


def _out_minor(entity: str, entry: Json, paid: _Paid, accounts: Mapping[str, Json]) -> int:
    """How much left the bank by this entry and was charged to this customer, in minor units; 0 where it is no such entry."""
    customer, currency = ref(paid.payment, "CustomerRef"), paid.currency
    if documents.currency_of(entry) not in ("", currency) or text(entry, "TxnDate")[:10] < text(paid.payment, "TxnDate")[:10]:
        return 0
    if entity == "RefundReceipt":
        return documents.minor(entry, "TotalAmt", currency) if ref(entry, "CustomerRef") == customer else 0
    if entity == "Purchase":
        if ref(entry, "EntityRef") != customer or entry.get("Credit") is True:
            return 0
        charged = [line for line in documents.parts(entry, "Line") if _type(accounts, _account(line)) == RECEIVABLE]
        return sum(documents.minor(line, "Amount", currency) for line in charged)
    charged_minor = paid_minor = 0
    for line in documents.parts(entry, "Line"):
        said, minor = documents.part(line, "JournalEntryLineDetail"), documents.minor(line, "Amount", currency)
        signed = minor if text(said, "PostingType") == "Debit" else -minor
        of_customer = ref(documents.part(said, "Entity"), "EntityRef") == customer
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
    details = (documents.part(line, name) for name in ("JournalEntryLineDetail", "AccountBasedExpenseLineDetail"))
    return next((account for detail in details if (account := ref(detail, "AccountRef"))), "")


def _names(entry: Json, paid: _Paid) -> bool:
    return paid_out.names(_texts(entry), text(paid.payment, "PaymentRefNum"), text(paid.payment, "PrivateNote"))


def _texts(entry: Json) -> list[str]:
    said = [text(entry, name) for name in ("DocNumber", "PaymentRefNum", "PrivateNote")]
    said.append(text(documents.part(entry, "CustomerMemo"), "value"))
    said += [text(line, "Description") for line in documents.parts(entry, "Line")]
    return [written for written in said if written]


def _entry(entity: str, entry_id: str, entry: Json, paid: _Paid, amount_minor: int) -> MoneyOut:
    said = " ".join(_texts(entry))
    other = MoneyOutKind.RETURN if entity == "JournalEntry" else MoneyOutKind.REFUND
    return MoneyOut(
        id=entry_id,
        number=text(entry, "DocNumber") or entry_id,
        kind=paid_out.kind_of(said, other),
        customer_id=ref(paid.payment, "CustomerRef"),
        currency=paid.currency,
        amount_minor=amount_minor,
        on=documents.day(entry, "TxnDate"),
        receipt_id=paid.id,
        version=text(entry, "SyncToken"),
        created=documents.stamps(entry)[0],
        memo=text(entry, "PrivateNote"),
    )
