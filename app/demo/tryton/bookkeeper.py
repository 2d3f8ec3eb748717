"""The demo's bookkeeper over a real Tryton: the same story, done as a person does it there.

Tryton stamps everything with the moment it is typed in, so what the story tells of earlier weeks is entered when the
books are opened, before we look at them for the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

from app.demo import company
from app.demo.bookkeeper import Bank, Say
from app.demo.company import Days
from app.demo.tally import Tally
from app.demo.tryton import tally as tryton_tally
from app.demo.tryton.by_hand import ByHand
from app.demo.tryton.signed_in import SignedIn

FIRST_FREE_NUMBER = "1025"
POSTED_AT_ONCE = 8  # invoices; posting one takes Tryton up to a second, and a call must be answered within 30


class TrytonBookkeeper:
    """Implements `app.demo.bookkeeper.Bookkeeper`. `set_back` gives what was entered so far the stamps of the story."""

    introduction = (
        f"Acme Networks keeps books in a real Tryton {version('trytond')}, unmodified. Tryton itself stamps when a document "
        "was entered; only what was there before this demo got stamps of three weeks ago from the demo."
    )
    left_out = (
        "Left out, because Tryton has neither: receipts that are too large but accepted (Tryton refuses them) and bank "
        "deposits. An invoice is canceled there instead of deleted, and keeps its number."
    )
    pace = "Tryton takes about a second per receipt, so the first sync takes about 30 seconds ..."
    counted_in = "Tryton's own moves, read by its auditor"
    swallows = False
    bank: Bank | None = None

    def __init__(self, hands: ByHand, auditor: SignedIn, say: Say, set_back: Callable[[Days], None]) -> None:
        self._hands = hands
        self._auditor = auditor
        self._say = say
        self._set_back = set_back
        self._invoices: dict[str, str] = {}
        self._applications: dict[str, str] = {}
        self._customers: dict[str, str] = {}

    def open_the_books(self, days: Days) -> None:
        hands, day = self._hands, company.day(days.invoiced)
        self._customers = {name: hands.customer(name) for name in company.CUSTOMERS}
        wanted = [(number, self._customers[customer], amount) for number, customer, amount in company.INVOICES]
        for start in range(0, len(wanted), POSTED_AT_ONCE):
            self._invoices |= hands.invoices(wanted[start : start + POSTED_AT_ONCE], on=day)
            self._say(f"  {len(self._invoices)} of {len(wanted)} invoices are posted ...")
        number, memo, amount = company.EARLY_CREDIT
        self.credit(number, memo, amount, days.credited)
        self._set_back(days)

    def credit(self, number: str, memo: str, amount_minor: int, at: datetime) -> None:
        if memo in self._applications:
            return
        day = company.day(at)
        made = self._hands.credit_memo(memo, self._customer(number), amount_minor, on=day)
        self._applications[memo] = self._hands.apply_credit(made, self._invoices[number], amount_minor, on=day)

    def unapply(self, memo: str) -> None:
        self._hands.unapply_credit(self._applications[memo])

    def receipt(self, number: str, reference: str, on: date, at: datetime) -> None:  # noqa: ARG002 (Tryton's own stamp)
        amount = _amount(number)
        lines = ((self._invoices[number], amount),)
        self._hands.receipt(self._customer(number), amount, lines, reference, on=on)

    def recreate(self, number: str, at: datetime) -> str:
        self._hands.void_invoice(self._invoices[number])
        self._hands.invoice(FIRST_FREE_NUMBER, self._customer(number), _amount(number), on=company.day(at))
        return f"canceled invoice {number} and recreated it, which gave it the number {FIRST_FREE_NUMBER}"

    def void(self, number: str, at: datetime) -> str:  # noqa: ARG002 (Tryton's own stamp)
        self._hands.void_invoice(self._invoices[number])
        return f"canceled invoice {number}"

    def close_period(self, through: date, at: datetime) -> None:  # noqa: ARG002 (Tryton's own stamp)
        self._hands.close_period(through)

    def reopen_period(self) -> None:
        self._hands.close_period(date.min)

    def _customer(self, number: str) -> str:
        return self._customers[next(customer for invoice, customer, _ in company.INVOICES if invoice == number)]

    def tally(self, payments_file: Path, start_on: date) -> Tally:
        return tryton_tally.count(payments_file, self._auditor, start_on)

    def adds_up(self) -> bool:
        return not tryton_tally.problems(self._auditor)


def _amount(number: str) -> int:
    return next(amount for invoice, _, amount in company.INVOICES if invoice == number)
