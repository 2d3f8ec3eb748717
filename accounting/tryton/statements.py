"""Receipts written into Tryton: a statement with one line for each allocation, created, validated and posted.

The statement's name carries our marker. The three calls can be cut anywhere: the next write of the same order finds
the statement by its name and goes on, so that there is never a second one. Tryton keeps no unique names, therefore
it is looked for before and after creating; of several drafts the oldest is used and the others are deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from accounting.tryton.matching import payable
from accounting.tryton.reads import Reader
from accounting.tryton.session import Record, Session
from accounting.tryton.values import decimal, number_of
from receivables.books_records import Gone, Receipt
from receivables.effects import Order, ReceiptWrite, Written, markers_in
from receivables.errors import BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.ports import Clock
from receivables.refusal import Refusal

FIELDS = ("name", "state", "total_amount", "lines.amount", "lines.related_to", "lines.move", "lines.date", "lines.party")
UNIQUE_FIELD = "external_ref"  # of our optional module
OUR_MARK = "[rn-"
FORGOTTEN = timedelta(minutes=15)  # far longer than any of us may take between creating and validating
FINISHED_AT_ONCE = 5  # each takes a call before the deadline of another order


@dataclass
class Statements:
    """Writes receipts for one company."""

    session: Session
    reader: Reader
    clock: Clock
    _has_unique_reference: bool | None = None

    def enter(self, order: Order, write: ReceiptWrite, deadline: float, check: Callable[[], None]) -> Written:
        """Carries the order out, or goes on where it was cut; `check` raises where what a new one rests on has changed.

        Raises BooksRefused, BooksUnavailable, OutcomeUnknown.
        """
        found = self._ours(order.marker)
        if not found:
            check()
            self._clear_away_older(order.marker, deadline)
            self._create(order, write, deadline)
            found = self._ours(order.marker)
        if not found:
            raise OutcomeUnknown("Tryton accepted the statement but does not show it.")
        statement = self._the_one(found, deadline)
        _same(statement, write)
        if statement["state"] == "draft":
            statement = self._validated(statement, order, write, deadline)
        return self._posted(order, statement["id"], deadline)

    def finish(self, deadline: float) -> None:
        """Ends what was cut off earlier: posts our validated statements, and deletes our drafts that nobody went on with.

        A validated one has applied its money already and only its move is a draft; a forgotten draft would stop others.
        """
        forgotten = ("create_date", "<", self.clock.now() - FORGOTTEN)
        ours = [("name", "ilike", f"%{OUR_MARK}%"), *self._made_by_us()]
        cut_off = ["OR", ("state", "=", "validated"), [("state", "=", "draft"), forgotten]]
        for statement in self.session.search_read(
            "account.statement", [*ours, cut_off], ["name", "state"], limit=FINISHED_AT_ONCE
        ):
            if not markers_in(statement["name"]):
                continue
            verb = "post" if statement["state"] == "validated" else "delete"
            try:
                self.session.write(f"account.statement.{verb}", [statement["id"]], deadline=deadline)
            except BooksRefused:
                continue  # somebody else was quicker, or a person must look: it stands in the books either way
            except OutcomeUnknown as error:
                raise BooksUnavailable(f"Tryton did not answer while an earlier receipt was ended: {error.message}") from error

    def _ours(self, marker: str) -> list[Record]:
        domain = [("name", "ilike", f"%{marker}]%"), ("state", "!=", "cancelled"), *self._made_by_us()]
        return [
            statement
            for statement in self.session.search_read("account.statement", domain, FIELDS)
            if marker in markers_in(statement["name"])
        ]

    def _made_by_us(self) -> list[object]:
        """A person's copy carries our marker too; it is neither gone on with nor deleted."""
        return [("company", "=", self.session.company), ("create_uid.name", "=", self.session.name)]

    def _clear_away_older(self, marker: str, deadline: float) -> None:
        """Deletes drafts of the same part in an earlier generation: it was given up, and its draft would be in the way."""
        part = marker.rpartition(".")[0]
        domain = [("name", "ilike", f"%[{part}.%"), ("state", "=", "draft"), *self._made_by_us()]
        for draft in self.session.search_read("account.statement", domain, ["name"]):
            if any(marker.rpartition(".")[0] == part for marker in markers_in(draft["name"])):
                self._delete(draft["id"], deadline)

    def _create(self, order: Order, write: ReceiptWrite, deadline: float) -> None:
        journal = self.reader.journal()
        party = self._customer(write)
        if journal["currency."]["code"] != write.currency:
            raise BooksRefused(
                f"The statement journal takes {journal['currency.']['code']}, not {write.currency}.", Refusal.CURRENCY_MISMATCH
            )
        accounts = self._accounts(write)
        lines = [
            self._line(order, write, party, accounts[line.invoice_id], line.amount_minor, f"account.invoice,{line.invoice_id}")
            for line in write.lines
        ]
        if write.on_account_minor:
            lines.append(self._line(order, write, party, self.reader.account_of(party), write.on_account_minor, None))
        values: Record = {
            "name": f"{write.reference} [{order.marker}]",
            "company": self.session.company,
            "journal": journal["id"],
            "date": write.received_on,
            "total_amount": decimal(write.amount_minor, write.currency),
            "lines": [["create", lines]],
        }
        if self._knows_unique_references():
            values[UNIQUE_FIELD] = order.marker
        try:
            self.session.write("account.statement.create", [values], deadline=deadline)
        except BooksRefused as refused:
            if refused.refusal is not Refusal.DUPLICATE_REQUEST:
                raise  # with that one, somebody else of us was quicker, and theirs is found next

    def _line(
        self, order: Order, write: ReceiptWrite, party: int, account: int, amount_minor: int, related: str | None
    ) -> Record:
        return {
            "number": write.reference,
            "date": write.received_on,
            "party": party,
            "account": account,
            "amount": decimal(amount_minor, write.currency),
            "related_to": related,
            "description": f"{write.memo} [{order.marker}]".lstrip(),
        }

    def _customer(self, write: ReceiptWrite) -> int:
        found = self.reader.customers([write.customer_id])[write.customer_id]
        number = number_of(write.customer_id)
        if isinstance(found, Gone) or number is None:
            raise BooksRefused("Tryton has no such customer.", Refusal.NOT_FOUND)
        if not found.active:
            raise BooksRefused(f"{found.name} is inactive in Tryton.", Refusal.CUSTOMER_INACTIVE)
        return number

    def _accounts(self, write: ReceiptWrite) -> dict[str, int]:
        """The account of each invoice, when all of them take what the receipt would apply."""
        rows = self.reader.invoice_rows([line.invoice_id for line in write.lines])
        for line in write.lines:
            row = rows.get(line.invoice_id)
            found = payable(
                Gone("invoice", line.invoice_id) if row is None else self.reader.invoice_of(row),
                line.amount_minor,
            )
            if found.customer_id != write.customer_id:
                raise BooksRefused(f"Invoice {found.number} belongs to another customer.", Refusal.CUSTOMER_MISMATCH)
            if found.currency != write.currency:
                raise BooksRefused(f"Invoice {found.number} is in {found.currency}.", Refusal.CURRENCY_MISMATCH)
        return {invoice_id: int(row["account"]) for invoice_id, row in rows.items()}

    def _the_one(self, found: list[Record], deadline: float) -> Record:
        """One that is validated or posted; else the oldest draft. Other drafts of ours are deleted, they would be in the way.

        Raises BooksRefused where none is left: another of us gave it up.
        """
        if not found:
            raise BooksRefused("The statement was deleted in Tryton since it was read.", Refusal.DOCUMENT_GONE)
        final = [statement for statement in found if statement["state"] != "draft"]
        kept = (final or found)[0]
        for other in found:
            if other["state"] == "draft" and other["id"] != kept["id"]:
                self._delete(other["id"], deadline)
        return kept

    def _delete(self, statement: int, deadline: float) -> None:
        with suppress(BooksRefused):  # deleted, or validated, by another of us meanwhile
            self.session.write("account.statement.delete", [statement], deadline=deadline)

    def _validated(self, statement: Record, order: Order, write: ReceiptWrite, deadline: float) -> Record:
        """Validates the draft if its invoices are as they were read, and returns it; what is refused leaves no draft behind.

        The draft in the way may be that of another of us for the same order: then one of the two is kept, and tried again.
        """
        try:
            try:
                self._validate_once(statement, write, deadline)
            except BooksRefused as refused:
                if refused.refusal is not Refusal.DRAFT_IN_THE_WAY:
                    raise
                statement = self._the_one(self._ours(order.marker), deadline)
                if statement["state"] == "draft":
                    self._validate_once(statement, write, deadline)
        except BooksRefused:
            state = self._state(statement["id"])
            if state == "draft":
                self._delete(statement["id"], deadline)
            if state not in ("validated", "posted"):  # in these another of us was quicker
                raise
        return statement

    def _validate_once(self, statement: Record, write: ReceiptWrite, deadline: float) -> None:
        stamps: dict[str, str] = {}
        invoices = self.reader.invoices([line.invoice_id for line in write.lines])
        for line in write.lines:
            found = payable(invoices[line.invoice_id], line.amount_minor)
            stamps[f"account.invoice,{found.id}"] = found.version.split(":")[1]
        self.session.write("account.statement.validate_statement", [statement["id"]], deadline=deadline, stamps=stamps)

    def _state(self, statement: int) -> str:
        found = self.session.search_read("account.statement", [("id", "=", statement)], ["state"])
        return str(found[0]["state"]) if found else ""

    def _posted(self, order: Order, statement: int, deadline: float) -> Written:
        """Posts a validated statement and reads the receipt. From here on the money is applied, so nothing is *not done*."""
        try:
            if self._state(statement) == "validated":
                self.session.write("account.statement.post", [statement], deadline=deadline)
        except BooksRefused as refused:
            if self._state(statement) != "posted":
                raise OutcomeUnknown(f"Tryton validated the statement but did not post it: {refused.message}") from refused
        except BooksError as error:
            raise OutcomeUnknown(
                f"Tryton validated the statement; we do not know whether it posted it: {error.message}"
            ) from error
        try:
            return _written(self.reader.receipts_with([order.marker]), order)
        except BooksError as error:
            raise OutcomeUnknown(f"Tryton posted the statement but could not be read afterward: {error.message}") from error

    def _knows_unique_references(self) -> bool:
        if self._has_unique_reference is None:
            domain = [("name", "=", UNIQUE_FIELD), ("model.name", "=", "account.statement")]
            try:
                found = self.session.search_read("ir.model.field", domain, ["name"])
            except BooksRefused:
                found = []
            self._has_unique_reference = bool(found)
        return self._has_unique_reference


def _same(statement: Mapping[str, object], write: ReceiptWrite) -> None:
    """Raises BooksRefused where the statement found under our marker is not what this order asks for."""
    total = statement["total_amount"]
    meant = decimal(write.amount_minor, write.currency)
    if not isinstance(total, Decimal) or total != meant:
        raise BooksRefused("Tryton has a statement with this marker and another amount.", Refusal.DUPLICATE_REQUEST)


def _written(found: list[Receipt], order: Order) -> Written:
    ours = [receipt for receipt in found if order.marker in markers_in(receipt.memo)]
    if not ours:
        raise OutcomeUnknown("Tryton posted the statement but does not show its receipt.")
    first = min(ours, key=lambda receipt: (receipt.created.at, receipt.id))
    return Written(first.id, first.version)
