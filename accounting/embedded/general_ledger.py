"""The general ledger of the embedded books: what each document posts, added up to a trial balance.

No journal is stored: every figure is derived from the documents as they are now, so that it cannot disagree with them.
A receipt is a customer deposit until it is applied, dated by itself, its invoice and its application, whichever is last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pysqlite3.dbapi2 import Connection

from accounting.embedded import money_out, reading
from accounting.embedded.credits import BAD_DEBT
from receivables.books_records import Balances, CreditMemo, Invoice, InvoiceStatus, MoneyOut, MoneyOutKind, Receipt
from receivables.credit_reasons import CreditReason, CreditWords

BANK = "Bank"  # where a deposit goes, and what pays out, for receipts that name no account
UNDEPOSITED = "Undeposited funds"
RECEIVABLE = "Accounts receivable"
CUSTOMER_DEPOSITS = "Customer deposits"
SALES = "Sales"
CREDITS_ISSUED = "Credits issued"
PROCESSING_FEES = "Processing fees"
FEE_INCOME = "Fee income"
_IN_ORDER = (UNDEPOSITED, RECEIVABLE, CUSTOMER_DEPOSITS, SALES, FEE_INCOME, CREDITS_ISSUED, BAD_DEBT, PROCESSING_FEES)
_FEE_WORDS = {"fee", "fees", "surcharge", "surcharges"}


@dataclass(frozen=True)
class Posting:
    """One side of an entry: a debit in minor units, or a credit where it is negative."""

    on: date
    account: str
    currency: str
    debit_minor: int


@dataclass(frozen=True)
class Applied:
    """What of a receipt went to an invoice, and when; also what a return took off it again."""

    on: date
    amount_minor: int


@dataclass(frozen=True)
class BookedInvoice:
    """An invoice with the item that its own record does not tell."""

    invoice: Invoice
    item: str


@dataclass(frozen=True)
class BookedReceipt:
    """A receipt with the days that its own record does not tell."""

    receipt: Receipt
    deposited_on: date | None
    applied: tuple[Applied, ...]


@dataclass(frozen=True)
class BookedMoneyOut:
    """An entry with what it reopened and the account that it paid from."""

    entry: MoneyOut
    reopened_minor: int
    account: str


Posted = BookedInvoice | CreditMemo | BookedReceipt | BookedMoneyOut  # whatever posts to the general ledger


@dataclass(frozen=True)
class Balance:
    """What an account holds in one currency: a debit balance in minor units, or a credit balance where it is negative."""

    account: str
    currency: str
    debit_minor: int


@dataclass(frozen=True)
class TieOut:
    """Two accounts of one currency beside what the documents say: `difference_minor` must be nothing."""

    currency: str
    open_invoices_minor: int
    unapplied_credit_memos_minor: int
    unapplied_receipts_minor: int
    difference_minor: int


@dataclass(frozen=True)
class TrialBalance:
    """Every account with a posting, banks first, and whether receivables and customer deposits agree with the documents.

    With `through` only what is dated up to that day counts, and nothing is tied out: documents are known as they are now.
    """

    through: date | None
    balances: tuple[Balance, ...]
    tie_outs: tuple[TieOut, ...]

    def debit_minor(self, account: str, currency: str = "USD") -> int:
        """The balance of one account, nothing where it has none."""
        return sum(found.debit_minor for found in self.balances if (found.account, found.currency) == (account, currency))


def trial_balance(connection: Connection, through: date | None = None) -> TrialBalance:
    """The trial balance of the whole books, in each of their currencies."""
    invoices, memos, booked = reading.invoices(connection), reading.credit_memos(connection), list(_receipts(connection))
    totals: dict[tuple[str, str], int] = defaultdict(int)
    items = dict(connection.execute("SELECT id, item FROM invoices").fetchall())
    booked_invoices = [BookedInvoice(invoice, items[invoice.id]) for invoice in invoices]
    documents: list[Posted] = [*booked_invoices, *memos, *booked, *_money_out(connection, booked)]
    for document in documents:
        for posting in postings(document):
            if through is None or posting.on <= through:
                totals[posting.currency, posting.account] += posting.debit_minor
    in_order = sorted(totals, key=lambda key: (key[0], _IN_ORDER.index(key[1]) if key[1] in _IN_ORDER else -1, key[1]))
    balances = tuple(Balance(account, currency, totals[currency, account]) for currency, account in in_order)
    if through is not None:
        return TrialBalance(through, balances, ())
    receipts = [found.receipt for found in booked]
    return TrialBalance(None, balances, tuple(_tie_outs(totals, invoices, memos, receipts)))


def balances(connection: Connection, first: date, last: date) -> Balances:
    """What month end is held against; customer deposits are a liability apart, and receivables are told without them."""
    held = trial_balance(connection, last).balances
    owed: dict[str, int] = defaultdict(int)
    for found in held:
        if found.account in (RECEIVABLE, CUSTOMER_DEPOSITS):
            owed[found.currency] += found.debit_minor
    deposited = connection.execute("SELECT id, deposited_on FROM receipts WHERE deposited_on >= ?", (first.isoformat(),))
    return Balances(
        accounts={(found.currency, found.account): found.debit_minor for found in held},
        receivables=owed,
        deposited_on={row["id"]: date.fromisoformat(row["deposited_on"]) for row in deposited},
    )


def postings(document: Posted) -> list[Posting]:
    """What a document posts; debits and credits of each day are equal. Drafts and voided documents post nothing."""
    match document:
        case BookedInvoice(invoice=invoice):
            if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOIDED):
                return []
            earned = FEE_INCOME if _FEE_WORDS & set(document.item.casefold().split()) else _bad_debt_or(SALES, document.item)
            return _entry(invoice.issued_on, invoice.currency, RECEIVABLE, earned, invoice.total_minor)
        case CreditMemo(voided=True):
            return []
        case CreditMemo():
            credited = _bad_debt_or(CREDITS_ISSUED, document.reason)
            return _entry(document.issued_on, document.currency, credited, RECEIVABLE, document.total_minor)
        case BookedReceipt():
            return _receipt_postings(document)
        case BookedMoneyOut(entry=entry):
            amount_minor, day = entry.amount_minor, entry.on
            if entry.kind is MoneyOutKind.FEE:
                return _entry(day, entry.currency, PROCESSING_FEES, document.account, amount_minor)
            return [
                *_entry(day, entry.currency, RECEIVABLE, document.account, document.reopened_minor),
                *_entry(day, entry.currency, CUSTOMER_DEPOSITS, document.account, amount_minor - document.reopened_minor),
            ]


def _receipt_postings(booked: BookedReceipt) -> list[Posting]:
    receipt = booked.receipt
    taken_into = UNDEPOSITED if _goes_through_undeposited(receipt) else receipt.deposit_account
    found = _entry(receipt.received_on, receipt.currency, taken_into, CUSTOMER_DEPOSITS, receipt.amount_minor)
    for applied in booked.applied:
        on = max(applied.on, receipt.received_on)
        found += _entry(on, receipt.currency, CUSTOMER_DEPOSITS, RECEIVABLE, applied.amount_minor)
    if booked.deposited_on is not None and taken_into == UNDEPOSITED:
        found += _entry(booked.deposited_on, receipt.currency, BANK, UNDEPOSITED, receipt.amount_minor)
    return found


def _entry(on: date, currency: str, debited: str, credited: str, minor: int) -> list[Posting]:
    return [Posting(on, debited, currency, minor), Posting(on, credited, currency, -minor)] if minor else []


def _bad_debt_or(account: str, item: str) -> str:
    """A write-off is a bad debt, however its item is written, and so is an invoice for one that was recovered."""
    return BAD_DEBT if CreditWords().reason_of((item,)) is CreditReason.WRITE_OFF else account


def _goes_through_undeposited(receipt: Receipt) -> bool:
    """A receipt that names another account was taken straight into it, as with a processor's clearing account."""
    return receipt.deposit_account.casefold() in ("", UNDEPOSITED.casefold())


def _receipts(connection: Connection) -> Iterator[BookedReceipt]:
    days = dict(connection.execute("SELECT id, deposited_on FROM receipts").fetchall())
    applied: dict[str, list[Applied]] = defaultdict(list)
    for row in connection.execute(
        "SELECT l.receipt_id, l.amount_minor, max(coalesce(l.applied_on, ''), coalesce(i.issued_on, '')) AS applied_on"
        " FROM (SELECT receipt_id, invoice_id, amount_minor, applied_on FROM receipt_lines"
        " UNION ALL SELECT m.receipt_id, o.invoice_id, o.amount_minor, o.applied_on"
        " FROM reopened o JOIN money_out m ON m.id = o.money_out_id) l LEFT JOIN invoices i ON i.id = l.invoice_id"
    ):
        on = date.fromisoformat(row["applied_on"]) if row["applied_on"] else date.min
        applied[row["receipt_id"]].append(Applied(on, row["amount_minor"]))
    for receipt in reading.receipts(connection):
        if not receipt.voided:
            deposited_on = date.fromisoformat(days[receipt.id]) if days[receipt.id] else None
            yield BookedReceipt(receipt, deposited_on, tuple(applied[receipt.id]))


def _money_out(connection: Connection, booked: Iterable[BookedReceipt]) -> Iterator[BookedMoneyOut]:
    receipts = {found.receipt.id: found.receipt for found in booked}
    reopened = dict(connection.execute("SELECT money_out_id, sum(amount_minor) FROM reopened GROUP BY money_out_id").fetchall())
    for entry in money_out.every(connection):
        receipt = receipts[entry.receipt_id]
        account = BANK if _goes_through_undeposited(receipt) else receipt.deposit_account
        yield BookedMoneyOut(entry, reopened.get(entry.id, 0), account)


def _tie_outs(
    totals: dict[tuple[str, str], int], invoices: list[Invoice], memos: list[CreditMemo], receipts: list[Receipt]
) -> Iterator[TieOut]:
    for currency in sorted({currency for currency, _ in totals}):
        owed = sum(
            invoice.open_minor for invoice in invoices if invoice.currency == currency and invoice.status is InvoiceStatus.OPEN
        )
        credit = sum(memo.open_minor for memo in memos if memo.currency == currency)
        unapplied = sum(receipt.unapplied_minor for receipt in receipts if receipt.currency == currency)
        off = abs(totals.get((currency, RECEIVABLE), 0) - (owed - credit))
        off += abs(-totals.get((currency, CUSTOMER_DEPOSITS), 0) - unapplied)
        yield TieOut(currency, owed, credit, unapplied, off)
