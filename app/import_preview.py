"""An import as it would be read, before it is: what each row would become, with totals, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from app.output import print_line, print_table
from feeds.maps.map import ABOUT_ANOTHER, Means
from feeds.maps.mapped_file import Became
from receivables.errors import FeedProblem
from receivables.payment import Allocation, Payment
from receivables.words import Words, capitalized, counted

ROWS_SHOWN = 60
OF_THEIR_OWN = frozenset(Means) - ABOUT_ANOTHER - {Means.LEAVE_OUT}


@dataclass(frozen=True)
class PreviewRow:
    """A row with the payment that it would become, if it would."""

    line: int
    becomes: str
    transaction: str
    why: str
    customer: str = ""
    amount_minor: int = 0
    currency: str = ""
    paid_at: datetime | None = None
    method: str = ""
    invoices: tuple[Allocation, ...] = ()
    status: str = ""
    dispute: str = ""
    status_at: datetime | None = None
    refunded_minor: int = 0
    fee_minor: int = 0


def rows_of(became: Iterable[Became], payments: Iterable[Payment]) -> Iterator[PreviewRow]:
    """Every row of an export, in its order; each payment stands at the row that tells it."""
    of = {payment.transaction_number: payment for payment in payments}
    for row in became:
        if row.what not in OF_THEIR_OWN:
            yield PreviewRow(row.line, row.what, row.transaction_number, row.why)
        elif payment := of.get(row.transaction_number):  # without one, a row about it is wrong, and that is told
            yield row_of(payment, row.line, row.why)


def row_of(payment: Payment, line: int = 0, why: str = "") -> PreviewRow:
    """The row of a payment; 0 where its line is not known."""
    return PreviewRow(
        line=line,
        becomes="payment",
        transaction=payment.transaction_number,
        why=why,
        customer=payment.customer,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        paid_at=payment.paid_at,
        method=payment.method,
        invoices=payment.allocations,
        status=payment.status,
        dispute=payment.dispute,
        status_at=payment.status_at,
        refunded_minor=payment.refunded_minor,
        fee_minor=payment.fee_minor,
    )


def show(name: str, how: str, rows: Iterable[PreviewRow], problems: Sequence[FeedProblem], words: Words) -> None:
    """The preview for people. Of a long file only the first rows are kept."""
    print_line(f"{name}, {how}. Nothing is imported.")
    waiting = iter(rows)
    first = list(islice(waiting, ROWS_SHOWN))
    kinds: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for row in chain(first, waiting):
        kinds[row.becomes] += 1
        sums[row.currency] += row.amount_minor
    columns = ("Line", "Becomes", "Transaction", "Customer", "Amount", "Paid", "Method", "Invoices", "Note")
    print_table("As it would be read", columns, [_cells(row, words) for row in first], right=("Line", "Amount"))
    if (more := kinds.total() - len(first)) > 0:
        print_line(f"{more:,} more rows are not shown; --json shows all.")
    for kind, number in kinds.items():
        print_line(f"{capitalized(kind)}: {counted(number, 'line')}{_totals(sums, words) if kind == 'payment' else ''}")
    for problem in problems:
        print_line(f"wrong: {problem}")
    if problems:
        print_line(f"{counted(len(problems), 'problem')}: as it is, nothing of this file would be imported.")


def _cells(row: PreviewRow, words: Words) -> tuple[str, ...]:
    if row.paid_at is None:
        return (str(row.line), row.becomes, row.transaction, "", "", "", "", "", row.why)
    notes = [row.status.replace("_", " ")] if row.status != "paid" else []
    notes += [f"chargeback {row.dispute}"] if row.dispute else []
    notes += [f"refunded {words.money(row.refunded_minor, row.currency)}"] if row.refunded_minor else []
    notes += [f"fee {words.money(row.fee_minor, row.currency)}"] if row.fee_minor else []
    invoices = "; ".join(
        f"{allocation.invoice_number or '#' + allocation.invoice_id}: {words.money(allocation.amount_minor, row.currency)}"
        for allocation in row.invoices
    )
    amount, paid = words.money(row.amount_minor, row.currency), words.moment(row.paid_at)
    line = str(row.line or "")
    return (
        line,
        row.becomes,
        row.transaction,
        row.customer,
        amount,
        paid,
        row.method,
        invoices or "on account",
        ", ".join(notes),
    )


def _totals(sums: Counter[str], words: Words) -> str:
    return ", " + ", ".join(words.money(minor, currency) for currency, minor in sorted(sums.items()) if currency)
