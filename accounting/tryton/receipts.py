"""Receipts on their way into Tryton, many at once: created, validated and posted, each of the three in one call.

The calls can be cut anywhere: the next write of the same order finds its statement by our marker and goes on, so that
there is never a second one. What Tryton refuses is asked for again in halves, until the refused order stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from accounting.tryton.halving import in_halves
from accounting.tryton.matching import payable
from accounting.tryton.reads import Reader
from accounting.tryton.session import Record
from accounting.tryton.statements import Statements
from accounting.tryton.values import decimal
from receivables.books_records import Customer, Gone, Invoice
from receivables.effects import Answer, Order, ReceiptWrite, Written
from receivables.errors import BooksError, BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal

Failed = Iterable[tuple[Order, BooksError]]


@dataclass(frozen=True)
class Facts:
    """What receipts that are not validated yet rest on, as it is now."""

    journal: Record
    customers: Mapping[str, Customer | Gone]
    invoices: Mapping[str, Invoice | Gone]
    accounts: Mapping[str, int]  # of receivables, by invoice id
    on_account: Mapping[str, int]  # of receivables, by customer id


@dataclass
class Batch:
    """The receipts of one dispatch, with its deadline (monotonic seconds); every order ends with an answer."""

    reader: Reader
    statements: Statements
    writes: Mapping[str, ReceiptWrite]  # by marker
    orders: Sequence[Order]
    deadline: float
    answers: dict[str, Answer] = field(default_factory=dict)  # by marker
    _kept: dict[str, Record] = field(default_factory=dict)  # the statement of each order, by marker

    def carry_out(self, check: Callable[[Order], None]) -> Mapping[str, Answer]:
        """Goes on where each order was cut; `check` raises where what a new one rests on has changed."""
        try:
            standing = self.statements.standing(self.orders)
            self.statements.finish(standing, self.orders, self.deadline)
            self._kept = self.statements.kept(standing, self.orders, self.deadline)
            self._begin(check)
        except BooksError as error:  # nothing is validated yet, and a draft applies no money
            self._answer((order, error) for order in self._open())
        self._validate()
        self._post()
        self._read_back()
        return self.answers

    def _open(self, *states: str) -> list[Order]:
        """The orders without an answer; with states, those whose statement is in one of them."""
        still = [order for order in self.orders if order.marker not in self.answers]
        return [order for order in still if self._state(order) in states] if states else still

    def _state(self, order: Order) -> str:
        """The state of its statement when it was last read, "" where there is none."""
        return str(self._kept[order.marker]["state"]) if order.marker in self._kept else ""

    def _answer(self, failed: Failed) -> None:
        for order, error in failed:
            self.answers.setdefault(order.marker, error)

    def _ids(self, orders: Iterable[Order]) -> list[int]:
        return [self._kept[order.marker]["id"] for order in orders]

    # --- creating ---------------------------------------------------------------------------------------------------------

    def _begin(self, check: Callable[[Order], None]) -> None:
        """Creates the statements that are not there yet. What no longer fits is refused, and leaves no draft."""
        for order in self._open("draft", "validated", "posted"):
            self._must_be_the_same(order)
        waiting = self._open("", "draft")
        if not waiting:
            return
        facts, taken = self._facts(waiting), dict[str, int]()
        drafts: dict[str, Record] = {}
        refused: list[tuple[Order, BooksError]] = []
        for order in waiting:
            try:
                if not self._state(order):
                    check(order)
                    drafts[order.marker] = self._draft(order, facts)
                self._take(order, facts.invoices, taken)
            except BooksError as error:
                refused.append((order, error))
        self._refuse(refused)
        new = [order for order in self._open("") if order.marker in drafts]
        failed = in_halves(new, lambda some: self.statements.create([drafts[order.marker] for order in some], self.deadline))
        self._answer((order, error) for order, error in failed if not _is(error, Refusal.DUPLICATE_REQUEST))  # theirs is found
        if new := [order for order in new if order.marker not in self.answers]:
            self._kept |= self.statements.kept(self.statements.standing(new), new, self.deadline)
            shown = OutcomeUnknown("Tryton accepted the statement but does not show it.")
            self._answer((order, shown) for order in new if order.marker not in self._kept)

    def _must_be_the_same(self, order: Order) -> None:
        """Refuses an order under whose marker Tryton has another statement than it asks for."""
        write = self.writes[order.marker]
        if self._kept[order.marker]["total_amount"] != decimal(write.amount_minor, write.currency):
            words = "Tryton has a statement with this marker and another amount."
            self._answer([(order, BooksRefused(words, Refusal.DUPLICATE_REQUEST))])

    def _facts(self, orders: Sequence[Order]) -> Facts:
        writes = [self.writes[order.marker] for order in orders]
        rows = self.reader.invoice_rows({line.invoice_id for write in writes for line in write.lines})
        loose = {write.customer_id for write in writes if write.on_account_minor}
        return Facts(
            journal=self.reader.journal(),
            customers=self.reader.customers({write.customer_id for write in writes}),
            invoices={invoice_id: self.reader.invoice_of(row) for invoice_id, row in rows.items()},
            accounts={invoice_id: int(row["account"]) for invoice_id, row in rows.items()},
            on_account=self.reader.accounts_of(loose) if loose else {},
        )

    def _draft(self, order: Order, facts: Facts) -> Record:
        """The statement to create. Raises BooksRefused where journal, customer or an invoice does not take it."""
        write = self.writes[order.marker]
        customer = facts.customers[write.customer_id]
        if isinstance(customer, Gone):
            raise BooksRefused("Tryton has no such customer.", Refusal.NOT_FOUND)
        if not customer.active:
            raise BooksRefused(f"{customer.name} is inactive in Tryton.", Refusal.CUSTOMER_INACTIVE)
        currency = facts.journal["currency."]["code"]
        if currency != write.currency:
            raise BooksRefused(f"The statement journal takes {currency}, not {write.currency}.", Refusal.CURRENCY_MISMATCH)
        on_account = facts.on_account.get(write.customer_id)
        if write.on_account_minor and on_account is None:
            raise BooksRefused("Tryton has no account of receivables for this customer.", Refusal.ACCOUNT_INACTIVE)
        for line in write.lines:
            invoice = payable(_found(facts.invoices, line.invoice_id), line.amount_minor)
            if invoice.customer_id != write.customer_id:
                raise BooksRefused(f"Invoice {invoice.number} belongs to another customer.", Refusal.CUSTOMER_MISMATCH)
            if invoice.currency != write.currency:
                raise BooksRefused(f"Invoice {invoice.number} is in {invoice.currency}.", Refusal.CURRENCY_MISMATCH)
        return self.statements.draft(order, write, facts.journal["id"], facts.accounts, on_account)

    def _take(self, order: Order, invoices: Mapping[str, Invoice | Gone], taken: dict[str, int]) -> None:
        """Adds to what this batch takes of each invoice. Raises BooksRefused where one does not take that much."""
        wanted = [
            (line.invoice_id, taken.get(line.invoice_id, 0) + line.amount_minor) for line in self.writes[order.marker].lines
        ]
        for invoice_id, amount_minor in wanted:
            payable(_found(invoices, invoice_id), amount_minor)
        taken.update(wanted)

    # --- validating -------------------------------------------------------------------------------------------------------

    def _validate(self) -> None:
        """Validates the drafts whose invoices are as they were read; what is refused leaves no draft behind.

        The draft in the way may be one that was refused here, or that of another of us for the same order: what is left
        of the two is tried once more when the others are through.
        """
        failed = in_halves(self._open("draft"), self._validate_together)
        in_the_way = [order for order, error in failed if _is(error, Refusal.DRAFT_IN_THE_WAY)]
        self._refuse([(order, error) for order, error in failed if order not in in_the_way])
        if not in_the_way:
            return
        try:
            standing = self.statements.standing(in_the_way)
        except BooksError as error:
            self._answer((order, error) for order in in_the_way)
            return
        left = self.statements.kept(standing, in_the_way, self.deadline)
        gone = BooksRefused("The statement was deleted in Tryton since it was read.", Refusal.DOCUMENT_GONE)
        self._answer((order, gone) for order in in_the_way if order.marker not in left)  # another of us gave it up
        self._kept |= left
        drafts = [order for order in self._open("draft") if order in in_the_way]
        self._refuse(in_halves(drafts, self._validate_together))

    def _validate_together(self, orders: Sequence[Order]) -> None:
        invoices = self.reader.invoices({line.invoice_id for order in orders for line in self.writes[order.marker].lines})
        taken: dict[str, int] = {}
        for order in orders:
            self._take(order, invoices, taken)
        as_read = {
            f"account.invoice,{invoice.id}": invoice.version.split(":")[1]
            for invoice in invoices.values()
            if isinstance(invoice, Invoice)
        }
        self.statements.validate(self._ids(orders), as_read, self.deadline)

    def _refuse(self, failed: Failed) -> None:
        """Answers what failed before it was validated, and deletes the drafts of what was refused.

        What another of us validated meanwhile is not refused: it is gone on with.
        """
        drafted = []
        for order, error in failed:
            if isinstance(error, BooksRefused) and self._state(order):
                drafted.append((order, error))
            else:
                self._answer([(order, error)])
        if not drafted:
            return
        try:
            states = self.statements.states(self._ids(order for order, _ in drafted))
        except BooksError as error:
            self._answer((order, error) for order, _ in drafted)
            return
        for order, _ in drafted:
            statement = self._kept[order.marker]
            statement["state"] = states.get(statement["id"], "")
        self._answer((order, error) for order, error in drafted if self._state(order) in ("draft", ""))
        self.statements.delete(self._ids(order for order, _ in drafted if self._state(order) == "draft"), self.deadline)

    # --- posting ----------------------------------------------------------------------------------------------------------

    def _post(self) -> None:
        """Posts what is validated. From here on the money is applied, so nothing is *not done*."""
        validated = [order for order in self._open() if self._state(order) != "posted"]
        failed = in_halves(validated, lambda some: self.statements.post(self._ids(some), self.deadline))
        refused = [order for order, error in failed if isinstance(error, BooksRefused)]
        states: Mapping[int, str] = {}
        if refused:
            with suppress(BooksError):
                states = self.statements.states(self._ids(refused))
        for order, error in failed:
            if states.get(self._kept[order.marker]["id"]) != "posted":  # else another of us was quicker
                words = f"Tryton validated the statement; we do not know whether it posted it: {error.message}"
                self._answer([(order, OutcomeUnknown(words))])

    def _read_back(self) -> None:
        """Answers what is posted with the receipts that Tryton shows."""
        posted = self._open()
        if not posted:
            return
        try:
            found = self.reader.receipts_by(self._ids(posted))
        except BooksError as error:
            words = f"Tryton posted the statement but could not be read afterward: {error.message}"
            self._answer((order, OutcomeUnknown(words)) for order in posted)
            return
        for order in posted:
            receipt = found.get(self._kept[order.marker]["id"])
            if receipt is None or receipt.voided:
                self._answer([(order, OutcomeUnknown("Tryton posted the statement but does not show its receipt."))])
            else:
                self.answers[order.marker] = Written(receipt.id, receipt.version)


def _found(invoices: Mapping[str, Invoice | Gone], invoice_id: str) -> Invoice | Gone:
    return invoices.get(invoice_id) or Gone("invoice", invoice_id)


def _is(error: BooksError, refusal: Refusal) -> bool:
    return isinstance(error, BooksRefused) and error.refusal is refusal
