"""Real books behind a line that fails on purpose: lost, late, unanswered, throttled, or cut while somebody waits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import inf

from makers import ManualClock

from receivables.books_records import Balances, BooksSettings, Changes, CreditMemo, Customer, Gone, Invoice, MoneyOut, Receipt
from receivables.company import Company
from receivables.effects import Answer, Dispatch, Order, Part, Written
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.payment import Payment
from receivables.ports import Books, BooksTraits
from receivables.refusal import Refusal

RETRY_AFTER_SECONDS = 7.0


class Fault(StrEnum):
    """What happens to one write."""

    NONE = "none"
    REFUSED_CONNECTION = "refused_connection"  # certainly not done
    THROTTLED = "throttled"  # certainly not done, with a time to wait
    ACCESS_LOST = "access_lost"
    LOST = "lost"  # no answer, and it never arrived
    UNANSWERED = "unanswered"  # done, and the answer was lost
    LATE = "late"  # no answer, and it arrives some seconds later
    TOO_FEW_ANSWERS = "too_few_answers"  # done
    EMPTY_ANSWERS = "empty_answers"  # done, but the answers name no document
    MEMBER_REFUSED = "member_refused"  # the first order is refused, the others are done
    KILLED_BEFORE = "killed_before"  # our process dies before anything arrived
    KILLED_AFTER = "killed_after"  # our process dies when all was done


class Killed(BaseException):
    """Stands for the end of our own process: nothing of ours may catch it."""


class FaultyBooks:
    """Books around others. Each write takes the next fault of `faults`; without one left it simply works."""

    def __init__(self, inner: Books, clock: ManualClock) -> None:
        self.inner = inner
        self.faults: list[Fault] = []
        self.late_seconds = 5.0
        self.reads_raise: BooksError | None = None
        self.before_read: Callable[[], None] = lambda: None
        self.before_write: Callable[[], None] = lambda: None
        self.after_look: Callable[[], None] = lambda: None  # while the answer travels: it says how things were before
        self.sent: list[Dispatch] = []  # every write that left us, whatever became of it
        self._clock = clock
        self._under_way: list[tuple[datetime, Dispatch]] = []

    @property
    def orders(self) -> list[Order]:
        """Every order that left us, in order."""
        return [order for dispatch in self.sent for order in dispatch.orders]

    @property
    def waiting(self) -> int:
        """How many late writes have not arrived yet."""
        return len(self._under_way)

    def arrive(self) -> None:
        """Lets late writes whose time has come arrive."""
        now = self._clock.now()
        due = [dispatch for at, dispatch in self._under_way if at <= now]
        self._under_way = [(at, dispatch) for at, dispatch in self._under_way if at > now]
        for dispatch in due:
            self._carry_out(dispatch)

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        self.arrive()
        self.before_write()
        if self._clock.monotonic() > dispatch.deadline:
            raise BooksUnavailable("The time for this write had passed; nothing was sent.")  # as every connector must
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        self.sent.append(dispatch)
        if fault in _NOT_DONE:
            raise _NOT_DONE[fault]()
        if fault is Fault.LATE:
            self._under_way.append((self._clock.now() + timedelta(seconds=self.late_seconds), dispatch))
            raise OutcomeUnknown("the books did not answer in time")
        if fault is Fault.MEMBER_REFUSED:
            refusal = BooksRefused("The books refuse this one.", Refusal.INVALID)
            rest = dispatch.orders[1:]
            return [refusal, *(self.inner.write(replace(dispatch, orders=rest)) if rest else ())]
        answers = self.inner.write(dispatch)
        match fault:
            case Fault.UNANSWERED:
                raise OutcomeUnknown("the books did not answer in time")
            case Fault.KILLED_AFTER:
                raise Killed
            case Fault.TOO_FEW_ANSWERS:
                return answers[1:]
            case Fault.EMPTY_ANSWERS:
                return [Written("", "") for _ in answers]
        return answers

    def _carry_out(self, dispatch: Dispatch) -> None:
        """As the books would, long after we stopped waiting: our deadline is not theirs."""
        with suppress(BooksRefused):  # whatever they would have said, nobody waits for it any more
            self.inner.write(replace(dispatch, deadline=inf))

    def _reading(self) -> None:
        self.arrive()
        self.before_read()
        if self.reads_raise is not None:
            raise self.reads_raise

    # --- reads ------------------------------------------------------------------------------------------------------

    @property
    def traits(self) -> BooksTraits:
        return self.inner.traits

    def settings(self) -> BooksSettings:
        self._reading()
        return self.inner.settings()

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        self._reading()
        return self.inner.changes(cursor, receipts_only=receipts_only)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        self._reading()
        return self.inner.customers(ids)

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        self._reading()
        return self.inner.invoices(ids)

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        self._reading()
        return self.inner.invoices_numbered(numbers)

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]:
        self._reading()
        return self.inner.credit_memos(ids)

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        self._reading()
        return self.inner.credit_memos_on(invoice_ids)

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        self._reading()
        return self.inner.receipts(ids)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        self._reading()
        return self.inner.receipts_of(customer_ids, received_from)

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        self._reading()
        return self.inner.receipts_marked(stems)

    def reconciled(self, receipts: Collection[Receipt]) -> Collection[str]:
        self._reading()
        return self.inner.reconciled(receipts)

    def only_for_invoices(self, accounts: Collection[str]) -> Collection[str]:
        self._reading()
        return self.inner.only_for_invoices(accounts)

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        self._reading()
        return self.inner.money_out(receipt_ids)

    def balances(self, first: date, last: date) -> Balances:
        self._reading()
        return self.inner.balances(first, last)

    def parts(self, payment: Payment, lines: Sequence[tuple[str, int]], company: Company, customer_id: str) -> Sequence[Part]:
        return self.inner.parts(payment, lines, company, customer_id)

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        self._reading()
        found = self.inner.look(orders)
        self.after_look()
        return found


_NOT_DONE: Mapping[Fault, Callable[[], BaseException]] = {
    Fault.REFUSED_CONNECTION: lambda: BooksUnavailable("The books refused the connection."),
    Fault.THROTTLED: lambda: BooksUnavailable("Too many calls.", RETRY_AFTER_SECONDS),
    Fault.ACCESS_LOST: lambda: AccessLost("The connection to the books must be made again."),
    Fault.LOST: lambda: OutcomeUnknown("the books did not answer in time"),
    Fault.KILLED_BEFORE: Killed,
}
