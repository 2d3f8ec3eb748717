"""Gathers the package of month end: what payments became, what deposit accounts and receivables hold, what a reviewer signs.

Reads: the books' changes, our rows in pages, the entries by which money went out again. Leaves: the mirror, as a look at the
books leaves it. Never: a decision, or a write to the books; nothing but figures grows with the number of payments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from receivables.books_records import CreditMemo, Invoice, InvoiceStatus, MoneyOut, MoneyOutKind, Receipt
from receivables.effects import markers_in
from receivables.errors import BooksUnavailable
from receivables.month import Month
from storage import audit, mirror, nights, receipt_claims
from storage.engine import Connection
from sync import mirroring, month_payments, month_signing
from sync.desk import Desk
from sync.month import Clearing, Figure, account_named
from sync.month_package import Detail, MonthEnd

PAGE = 500
ENTRIES_AT_ONCE = 200  # receipts of which the books are asked for entries in one question


def gather(desk: Desk, month: Month, take: Callable[[Detail], None]) -> MonthEnd:
    """Reads it all; `take` gets each payment of the month as it is read. Raises BooksError: without the books nothing is said."""
    now, traits = desk.clock.now(), desk.books.traits
    month.must_have_begun(desk.company, now)
    if not mirroring.run_once(desk).whole:
        raise BooksUnavailable(
            "The books were not read to the end yet; a later sync goes on, and then the month can be reported."
        )
    balances = desk.books.balances(month.first, month.last)
    as_of = min(month.last, desk.company.day_of(now))
    found = MonthEnd(desk.company, month, now, as_of, traits, balances)
    with desk.db.read() as connection:  # one consistent view
        found.proven_at = nights.last_proven_at(connection, desk.company.id)
        paid_out = month_payments.walk(desk, connection, found, take)
        accounts = _receipts(connection, found)
        _open_documents(connection, found)
        month_signing.gather(desk, connection, found)
        found.head = audit.head(connection, desk.company.id)
    _entries(desk, found, paid_out)
    found.clearing = {key: found.clearing[key] for key in _in_order(found) if key[1] in accounts}
    _general_ledger(found)
    return found


def _general_ledger(found: MonthEnd) -> None:
    """Puts the balances of the general ledger beside ours, where they are of the same money."""
    told, currencies = found.balances, Counter(name for _, name in found.clearing)
    none = None if told.why_not else 0  # where all is told, an account without a posting holds nothing
    held = {(currency, account_named(name)): minor for (currency, name), minor in told.accounts.items()}
    for (currency, name), account in found.clearing.items():
        if not (told.in_home_currency and currencies[name] > 1):
            account.ledger_minor = held.get((currency, name), none)
    for currency, owed in found.receivables.items():
        if not (told.in_home_currency and len(found.receivables) > 1):
            owed.ledger_minor = told.receivables.get(currency, none)


def _in_order(found: MonthEnd) -> list[tuple[str, str]]:
    currencies = found.currencies_of({currency for currency, _ in found.clearing})
    return sorted(found.clearing, key=lambda key: (currencies.index(key[0]), key[1]))


def _receipts(connection: Connection, found: MonthEnd) -> set[str]:
    """Every living receipt, into its account and into receivables. Returns the accounts that hold the portal's money."""
    portals, after = set(found.company.deposit_accounts.values()), ""
    while page := mirror.receipts(connection, found.company.id, limit=PAGE, after=after):
        claimed = receipt_claims.claimed(connection, found.company.id, [receipt.id for receipt in page])
        for receipt in page:
            if not receipt.voided:
                is_ours, claimed_minor = bool(markers_in(receipt.memo)), claimed.get(receipt.id, 0)
                if is_ours or claimed_minor:
                    portals.add(found.account_name(receipt))
                _into_account(found, receipt, is_ours=is_ours, claimed_minor=claimed_minor)
                _into_receivables(found, receipt)
        after = page[-1].id
    return portals


def _into_account(found: MonthEnd, receipt: Receipt, *, is_ours: bool, claimed_minor: int) -> None:
    account = found.account(receipt)
    if receipt.received_on > found.month.last:
        return
    if receipt.deposited:
        _in_bank(found, account, receipt)
    if receipt.received_on < found.month.first:
        account.before.add(receipt.amount_minor)
    elif is_ours:
        found.roll_forward(receipt.currency)  # one of a currency in which there is no payment belongs to none
        account.ours.add(receipt.amount_minor)
    elif claimed_minor:
        account.by_hand.add(min(claimed_minor, receipt.amount_minor))
        if receipt.amount_minor > claimed_minor:
            account.others.add(receipt.amount_minor - claimed_minor, count=0)
    else:
        account.others.add(receipt.amount_minor)


def _in_bank(found: MonthEnd, account: Clearing, receipt: Receipt) -> None:
    """Into the figure of its day; where the books tell none, a deposit counts as it is now."""
    days = found.balances.deposited_on
    if days is None:
        account.deposited.add(receipt.amount_minor)
    elif receipt.id not in days:
        account.banked_before.add(receipt.amount_minor)
    elif days[receipt.id] in found.month:
        account.deposited.add(receipt.amount_minor)


def _into_receivables(found: MonthEnd, receipt: Receipt) -> None:
    owed = found.owed(receipt.currency)
    if receipt.unapplied_minor:
        owed.receipts.add(receipt.unapplied_minor)
    if receipt.received_on > found.month.last:
        owed.receipts_after.add(receipt.amount_minor)


def _open_documents(connection: Connection, found: MonthEnd) -> None:
    for kind in ("invoice", "credit_memo"):
        after = ""
        while page := mirror.living(connection, found.company.id, kind, limit=PAGE, after=after):
            for document in page:
                if isinstance(document, Invoice) and document.status not in (InvoiceStatus.DRAFT, InvoiceStatus.VOIDED):
                    owed = found.owed(document.currency)
                    _count(document, found.month.last, owed.invoices, owed.invoices_after)
                elif isinstance(document, CreditMemo) and not document.voided:
                    owed = found.owed(document.currency)
                    _count(document, found.month.last, owed.credit_memos, owed.credit_memos_after)
            after = page[-1].id


def _count(document: Invoice | CreditMemo, last: date, is_open: Figure, issued_after: Figure) -> None:
    if document.open_minor:
        is_open.add(document.open_minor)
    if document.issued_on > last:
        issued_after.add(document.total_minor)


def _entries(desk: Desk, found: MonthEnd, paid_out: Sequence[Receipt]) -> None:
    """The entries by which money went out again, of receipts of which the feed says that it did."""
    receipts = {receipt.id: receipt for receipt in paid_out}
    ids = sorted(receipts)
    for start in range(0, len(ids), ENTRIES_AT_ONCE):
        for receipt_id, entries in desk.books.money_out(ids[start : start + ENTRIES_AT_ONCE]).items():
            for entry in entries:
                _entry(found, receipts[receipt_id], entry)


def _entry(found: MonthEnd, receipt: Receipt, entry: MoneyOut) -> None:
    account = found.account(receipt)
    if entry.on > found.month.last:
        if entry.kind is not MoneyOutKind.FEE:
            found.owed(entry.currency).out_after.add(entry.amount_minor)
        return
    if entry.on < found.month.first:
        account.out_before.add(entry.amount_minor)
        return
    kinds = {
        MoneyOutKind.RETURN: account.returns,
        MoneyOutKind.CHARGEBACK: account.chargebacks,
        MoneyOutKind.REFUND: account.refunds,
        MoneyOutKind.FEE: account.fees,
    }
    kinds[entry.kind].add(entry.amount_minor)
