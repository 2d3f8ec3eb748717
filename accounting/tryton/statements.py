"""Our statements in Tryton: found by the marker in their names, made, and cleared away.

A receipt is a statement with one line for each allocation. Tryton keeps no unique names, so our statements are looked
for before and after creating: of several drafts of one order the oldest is used and the others are deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounting.tryton.halving import in_halves
from accounting.tryton.reads import Reader
from accounting.tryton.session import Record, Session
from accounting.tryton.values import decimal
from receivables.effects import Order, ReceiptWrite, markers_in
from receivables.errors import BooksRefused
from receivables.ports import Clock

FIELDS = ("name", "state", "total_amount", "create_date")
UNIQUE_FIELD = "external_ref"  # of our optional module
OUR_MARK = "[rn-"
FORGOTTEN = timedelta(minutes=15)  # far longer than any of us may take between creating and validating
FINISHED_AT_ONCE = 5  # each may take a call before the deadline of other orders


@dataclass
class Statements:
    """Our statements in one company's books. Raises BooksError where they cannot be read."""

    session: Session
    reader: Reader
    clock: Clock
    _has_unique_reference: bool | None = None

    def standing(self, orders: Iterable[Order]) -> list[Record]:
        """Our statements of these orders, and all of ours that are not ended yet, oldest first.

        A person's copy carries our marker too; it is neither gone on with nor deleted.
        """
        marked = [("name", "ilike", f"%{order.marker}]%") for order in orders]
        unended = [("name", "ilike", f"%{OUR_MARK}%"), ("state", "in", ["draft", "validated"])]
        ours = [("company", "=", self.session.company), ("create_uid.name", "=", self.session.name)]
        domain = [*ours, ("state", "!=", "cancelled"), ["OR", unended, *marked]]
        return self.session.search_read("account.statement", domain, FIELDS)

    def states(self, statements: Collection[int]) -> dict[int, str]:
        """The state of each; one that was deleted is left out."""
        rows = self.session.search_read("account.statement", [("id", "in", sorted(statements))], ["state"])
        return {row["id"]: row["state"] for row in rows}

    def kept(self, standing: Iterable[Record], orders: Iterable[Order], deadline: float) -> dict[str, Record]:
        """The statement to go on with, by marker: one that is validated or posted, else the oldest draft. Other drafts go."""
        found: dict[str, list[Record]] = {order.marker: [] for order in orders}
        for statement in standing:
            for marker in found.keys() & set(markers_in(statement["name"])):
                found[marker].append(statement)
        kept: dict[str, Record] = {}
        for marker, statements in found.items():
            if statements:
                kept[marker] = next((final for final in statements if final["state"] != "draft"), statements[0])
        drafts = {draft["id"] for statements in found.values() for draft in statements if draft["state"] == "draft"}
        self.delete(drafts - {statement["id"] for statement in kept.values()}, deadline)
        return kept

    def finish(self, standing: Iterable[Record], orders: Iterable[Order], deadline: float) -> None:
        """Ends what was cut off earlier: posts validated statements, deletes drafts that nobody goes on with.

        A validated one has applied its money already and only its move is a draft. A draft that is forgotten, or of a
        generation of these orders that was given up, would be in the way. What Tryton refuses stands in the books either way.
        """
        wanted = {order.marker for order in orders}
        parts = {_part(marker) for marker in wanted}
        validated, given_up, forgotten = [], [], []
        for statement in standing:
            markers = set(markers_in(statement["name"]))
            if not markers or markers & wanted:
                continue
            if statement["state"] == "validated":
                validated.append(statement["id"])
            elif statement["state"] == "draft" and {_part(marker) for marker in markers} & parts:
                given_up.append(statement["id"])
            elif statement["state"] == "draft" and statement["create_date"] < self.clock.now() - FORGOTTEN:
                forgotten.append(statement["id"])
        in_halves(validated[:FINISHED_AT_ONCE], lambda some: self.post(some, deadline))
        self.delete([*given_up, *forgotten[:FINISHED_AT_ONCE]], deadline)

    def create(self, drafts: Sequence[Mapping[str, object]], deadline: float) -> None:
        self.session.write("account.statement.create", list(drafts), deadline=deadline)

    def validate(self, statements: Sequence[int], stamps: Mapping[str, str], deadline: float) -> None:
        self.session.write("account.statement.validate_statement", list(statements), deadline=deadline, stamps=stamps)

    def post(self, statements: Sequence[int], deadline: float) -> None:
        self.session.write("account.statement.post", list(statements), deadline=deadline)

    def delete(self, drafts: Collection[int], deadline: float) -> None:
        """Deletes drafts; one that another of us deleted or validated meanwhile is left as it is."""
        in_halves(sorted(drafts), lambda some: self.session.write("account.statement.delete", list(some), deadline=deadline))

    def draft(
        self, order: Order, write: ReceiptWrite, journal: int, accounts: Mapping[str, int], on_account: int | None
    ) -> Record:
        """A statement as it is created; `accounts` by invoice id, `on_account` for money that is applied to no invoice."""
        lines = [_line(order, write, line.amount_minor, accounts[line.invoice_id], line.invoice_id) for line in write.lines]
        if write.on_account_minor:
            lines.append(_line(order, write, write.on_account_minor, on_account))
        values: Record = {
            "name": f"{write.reference} [{order.marker}]",
            "company": self.session.company,
            "journal": journal,
            "date": write.received_on,
            "total_amount": decimal(write.amount_minor, write.currency),
            "lines": [["create", lines]],
        }
        if self._knows_unique_references():
            values[UNIQUE_FIELD] = order.marker
        return values

    def _knows_unique_references(self) -> bool:
        if self._has_unique_reference is None:
            domain = [("name", "=", UNIQUE_FIELD), ("model.name", "=", "account.statement")]
            try:
                found = self.session.search_read("ir.model.field", domain, ["name"])
            except BooksRefused:
                found = []
            self._has_unique_reference = bool(found)
        return self._has_unique_reference


def _line(order: Order, write: ReceiptWrite, amount_minor: int, account: int | None, invoice_id: str = "") -> Record:
    return {
        "number": write.reference,
        "date": write.received_on,
        "party": int(write.customer_id),
        "account": account,
        "amount": decimal(amount_minor, write.currency),
        "related_to": f"account.invoice,{invoice_id}" if invoice_id else None,
        "description": f"{write.memo} [{order.marker}]".lstrip(),
    }


def _part(marker: str) -> str:
    """What the markers of one part have in common, whatever its generation."""
    return marker.rpartition(".")[0]
