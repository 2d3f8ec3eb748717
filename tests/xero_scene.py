"""The Xero connector with a stand-in behind it, and small makers that its tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from makers import CHICAGO, ManualClock
from stand_ins.xero import LINES, Xero, XeroBookkeeper, start_xero

from accounting.calling import Calls
from accounting.xero.connector import XeroBooks
from accounting.xero.description import CONNECTOR
from receivables.books_records import Receipt, ReceiptLine
from receivables.effects import (
    Answer,
    ApplyCredit,
    Dispatch,
    Order,
    ReceiptWrite,
    Write,
    Written,
    credit_marker,
    effect_key,
    marker,
)
from receivables.errors import BooksRefused

DAY = date(2026, 3, 10)
CHECKING = "090"


class UnlimitedCalls:
    """A budget that never makes anybody wait."""

    def take(self, company: str, calls: int) -> float:
        del company, calls
        return 0.0


class ByOurIds(XeroBookkeeper):
    """Dana, with receipts on account by the ids that the connector gives them."""

    def receipt(self, customer_id: str, amount_minor: int, lines: LINES, memo: str = "") -> str:
        made = super().receipt(customer_id, amount_minor, lines, memo)
        return made if lines else f"Overpayments/{made}"

    def delete_receipt(self, receipt_id: str) -> None:
        super().delete_receipt(receipt_id.rpartition("/")[2])


@dataclass(frozen=True)
class XeroScene:
    """One company's books in the stand-in. `calls.counts.made` counts what the connector asked and wrote."""

    xero: Xero
    calls: Calls
    books: XeroBooks
    dana: ByOurIds
    clock: ManualClock

    def send(self, *orders: Order, key: str = "dispatch-1", seconds: float = 30.0) -> list[Answer]:
        return list(self.books.write(Dispatch(key, orders, self.clock.monotonic() + seconds)))

    def receipt(self, receipt_id: str) -> Receipt:
        found = self.books.receipts([receipt_id])[receipt_id]
        assert isinstance(found, Receipt)
        return found

    def open_minor(self, invoice_id: str) -> int:
        return int(getattr(self.books.invoices([invoice_id])[invoice_id], "open_minor", -1))

    def customer_with_invoice(self, number: str = "1042", amount_minor: int = 50_000) -> tuple[str, str]:
        customer = self.dana.customer("Hooli")
        return customer, self.dana.invoice(number, customer, amount_minor)


@contextmanager
def xero_scene(folder: Path, *, check_contract: bool = True) -> Iterator[XeroScene]:
    """Serves until the end of the block, and fails if anything of it broke Xero's own description."""
    clock = ManualClock()
    with start_xero(folder, clock=clock) as xero:
        xero.check_contract(check_contract)
        calls = Calls(
            "acme",
            "Xero",
            xero.base_url,
            access=xero.access,
            budget=UnlimitedCalls(),
            clock=clock,
            trace_header="xero-correlation-id",
            pause=lambda _: None,
            at_once=CONNECTOR.traits.at_once,
        )
        books = XeroBooks(calls, clock, organisation=xero.organisation, time_zone=CHICAGO, deposit_account=CHECKING)
        yield XeroScene(xero, calls, books, ByOurIds(xero), clock)
        calls.close()
        assert [] == xero.violations


def a_receipt_write(
    customer_id: str,
    amount_minor: int = 50_000,
    invoice_id: str = "",
    *,
    reference: str = "TXN-1",
    currency: str = "USD",
    deposit_account: str = "",
) -> ReceiptWrite:
    """A receipt on one invoice, or without one on account."""
    return ReceiptWrite(
        customer_id=customer_id,
        currency=currency,
        amount_minor=amount_minor,
        received_on=DAY,
        method="card",
        reference=reference,
        memo=f"Portal payment {reference}",
        deposit_account=deposit_account,
        lines=(ReceiptLine(invoice_id, amount_minor),) if invoice_id else (),
    )


def an_order(write: Write, transaction: str = "TXN-1", generation: int = 0, versions: dict[str, str] | None = None) -> Order:
    key = effect_key("acme", transaction, f"{write.kind}/1", generation)
    mark = credit_marker(key) if isinstance(write, ApplyCredit) else marker("acme", transaction, 1, generation)
    return Order(f"effect-{key}", key, mark, write, versions or {})


def written(answer: Answer) -> Written:
    assert isinstance(answer, Written), answer
    return answer


def refusal(answer: Answer) -> BooksRefused:
    assert isinstance(answer, BooksRefused), answer
    return answer
