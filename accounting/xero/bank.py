"""What only the bank's side of Xero shows: which overpayments are reconciled, and which accounts are bank accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from accounting.xero.asking import Asking
from accounting.xero.documents import OVERPAYMENTS, on_account_of
from accounting.xero.wire import Fields, day_in_filter, identity, text
from receivables.books_records import Receipt
from receivables.ports import Clock

KNOWN_FOR_SECONDS = 3600.0


def received_by(asking: Asking, receipts: Iterable[Receipt]) -> dict[str, Fields]:
    """By receipt id, the bank transaction that an overpayment was received by; payments have none."""
    held = {on[1]: receipt for receipt in receipts if (on := on_account_of(receipt.id)) and on[0] is OVERPAYMENTS}
    if not held:
        return {}
    days = sorted(receipt.received_on for receipt in held.values())
    where = f'Type=="RECEIVE-OVERPAYMENT" AND Date>={day_in_filter(days[0])} AND Date<={day_in_filter(days[-1])}'
    listed = asking.every("BankTransactions", where=where)
    return {held[id_].id: of for of in listed if (id_ := identity(of, OVERPAYMENTS.id_name)) in held}


def is_reconciled(transaction: Fields) -> bool:
    return transaction.get("IsReconciled") in (True, "true")


def reconciled(asking: Asking, receipts: Collection[Receipt]) -> set[str]:
    """The ids of those that the bank statement is reconciled with."""
    return {receipt_id for receipt_id, of in received_by(asking, receipts).items() if is_reconciled(of)}


class BankAccounts:
    """The codes and ids of an organization's bank accounts. They hardly change, so they are asked for once in an hour."""

    def __init__(self, asking: Asking, clock: Clock) -> None:
        self._asking = asking
        self._clock = clock
        self._known: tuple[float, set[str]] | None = None

    def without(self, accounts: Collection[str]) -> set[str]:
        """Those of these accounts that are no bank accounts: Xero takes payments of invoices there, and no money on account."""
        now = self._clock.monotonic()
        if self._known is None or now - self._known[0] > KNOWN_FOR_SECONDS:
            banks = [of for of in self._asking.whole("Accounts") if text(of, "Type") == "BANK"]
            names = {name.lower() for of in banks for name in (text(of, "Code"), identity(of, "AccountID")) if name}
            self._known = (now, names)
        return {account for account in accounts if account.lower() not in self._known[1]}
