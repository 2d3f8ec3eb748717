"""What Tryton holds, read in batches: rows, the lines they are matched with, and the documents made of them.

A read that fails raises; a document is gone only when an exact read says so. Drafts that Tryton deletes leave nothing
behind that our user may read, so a tombstone has no name and no time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from accounting.calling import chunks
from accounting.tryton import documents
from accounting.tryton.documents import CREDIT_FIELDS, CUSTOMER_FIELDS, INVOICE_FIELDS, STATEMENT_LINE_FIELDS, Root
from accounting.tryton.entries import FIELDS, NOT_RECEIPT_JOURNALS, Entries, Line, line_of
from accounting.tryton.session import Domain, Record, Session
from accounting.tryton.values import decimal, number_of, stamp_of
from receivables.books_records import BooksSettings, CreditMemo, Customer, Gone, Invoice, Receipt, Stamp
from receivables.errors import AccessLost, BooksRefused, BooksUnavailable
from receivables.refusal import Refusal

IDS_PER_CALL = 500  # Tryton reads 500 invoices with what is open in about a second and a half
TEXTS_PER_CALL = 20  # each is looked for in four places
SPLITS_FOLLOWED = 6  # a claim that was divided more often than this is read as far as that
T = TypeVar("T")
K = TypeVar("K", int, str)

RECEIVABLE = ("account.type.receivable", "=", True)
#: A receipt counts when its move is posted, or when its statement was validated: then its money is applied already.
VALID = ["OR", ("move_state", "=", "posted"), ("move.origin.state", "=", "validated", "account.statement")]


class Reader:
    """Reads one company's documents, with days of its calendar. Raises BooksUnavailable, AccessLost, BooksRefused."""

    def __init__(self, session: Session, statement_journal: str, time_zone: ZoneInfo) -> None:
        self._time_zone = time_zone
        self._session = session
        self._statement_journal = statement_journal
        self._own: Record = {}
        self._links_readable = True

    def settings(self) -> BooksSettings:
        """The company's currency, and the day up to which all accounting periods are closed."""
        periods = self._session.search_read(
            "account.period", [("company", "=", self._session.company), ("type", "=", "standard")], ["end_date", "state"]
        )
        closed_through = None
        for period in sorted(periods, key=lambda period: period["end_date"]):
            if period["state"] == "open":
                break
            closed_through = period["end_date"]
        return BooksSettings(self.home_currency(), closed_through)

    def home_currency(self) -> str:
        return str(self._company()["currency."]["code"])

    def own_party(self) -> int:
        """The company itself among Tryton's parties; every other one may be a customer."""
        return int(self._company()["party"])

    def _company(self) -> Record:
        if not self._own:
            (self._own,) = self._session.read("company.company.read", [self._session.company], ["currency.code", "party"])
        return self._own

    def currency_id(self, code: str) -> int:
        (found,) = self._session.search_read("currency.currency", [("code", "=", code)], ["code"], limit=1)
        return int(found["id"])

    def journal(self) -> Record:
        """The statement journal that receipts are entered in. Raises BooksRefused where the configured one is not there."""
        domain = [("name", "=", self._statement_journal), ("company", "=", self._session.company)]
        found = self._session.search_read("account.statement.journal", domain, ["currency.code", "account.closed"])
        if len(found) != 1:
            raise BooksRefused(
                f"Tryton has {len(found)} statement journals named {self._statement_journal}; one is needed.",
                Refusal.ACCOUNT_INACTIVE,
            )
        return found[0]

    def accounts_of(self, customer_ids: Collection[str]) -> dict[str, int]:
        """Each customer's account for money that is applied to no invoice; who has none, and no default, is left out."""
        parties = [number for customer_id in customer_ids if (number := number_of(customer_id)) is not None]
        domain = [("active", "in", [True, False]), ("id", "in", parties)]
        rows = self._session.search_read("party.party", domain, ["account_receivable"])
        accounts = {str(row["id"]): row["account_receivable"] for row in rows}
        if not all(accounts.values()):
            settings = self._session.search_read("account.configuration", [], ["default_account_receivable"], limit=1)
            default = settings[0]["default_account_receivable"] if settings else None
            accounts = {customer_id: account or default for customer_id, account in accounts.items()}
        return {customer_id: int(account) for customer_id, account in accounts.items() if account}

    # --- customers, invoices, credit memos --------------------------------------------------------------------------------

    def customers(self, ids: Collection[str]) -> dict[str, Customer | Gone]:
        rows = self._rows("party.party", ids, CUSTOMER_FIELDS, [("active", "in", [True, False])])
        return {
            customer_id: documents.customer(rows[customer_id]) if customer_id in rows else Gone("customer", customer_id)
            for customer_id in ids
        }

    def invoices(self, ids: Collection[str]) -> dict[str, Invoice | Gone]:
        rows = self.invoice_rows(ids)
        return {
            invoice_id: self.invoice_of(rows[invoice_id])
            if invoice_id in rows and not documents.is_credit(rows[invoice_id])
            else Gone("invoice", invoice_id)
            for invoice_id in ids
        }

    def invoice_rows(self, ids: Collection[str]) -> dict[str, Record]:
        rows = self._rows("account.invoice", ids, INVOICE_FIELDS, self.ours())
        self.reopen(rows.values())
        return rows

    def reopen(self, rows: Iterable[Record]) -> None:
        """Lets invoices show as open what receipts paid before somebody undid their reconciliation."""
        covered = [row for row in rows if row["state"] == "posted" and not row["amount_to_pay"] and row["total_amount"] > 0]
        for some in chunks(covered, IDS_PER_CALL):
            loose = self.lines([("invoice_payment", "in", [row["id"] for row in some]), ("reconciliation", "=", None)])
            for row in some:
                off_minor = sum(line.amount_minor for line in loose if line.unreconciled_from == row["id"])
                row["amount_to_pay"] = decimal(max(0, off_minor), row["currency."]["code"])

    def invoice_of(self, row: Record) -> Invoice:
        return documents.invoice(row, self._time_zone)

    def invoices_numbered(self, numbers: Collection[str]) -> list[Invoice]:
        rows = [
            row
            for some in chunks(sorted(set(numbers)), IDS_PER_CALL)
            for row in self._session.search_read("account.invoice", [*self.ours(), ("number", "in", some)], INVOICE_FIELDS)
        ]
        self.reopen(rows)
        return [self.invoice_of(row) for row in rows if not documents.is_credit(row)]

    def credit_memos(self, ids: Collection[str]) -> dict[str, CreditMemo | Gone]:
        rows = {memo_id: row for memo_id, row in self.invoice_rows(ids).items() if documents.is_credit(row)}
        made = {memo.id: memo for memo in self.credit_memos_of(list(rows.values()))}
        return {memo_id: made.get(memo_id, Gone("credit_memo", memo_id)) for memo_id in ids}

    def credit_memos_of(self, rows: Sequence[Record], entries: Entries | None = None) -> list[CreditMemo]:
        """The credit memos of these rows; `entries` are their lines where they were read already."""
        if not rows:
            return []
        if entries is None:
            entries = self.entries_of([("id", "in", [line for row in rows for line in row["lines_to_pay"]])])
        leaves = [leaf for row in rows for leaf in documents.credit_leaves(row, entries)]
        linked = self._linked([leaf.id for leaf in leaves if leaf.linked_invoice])
        said = self._session.read("account.invoice.read", [row["id"] for row in rows], list(CREDIT_FIELDS))
        words = {row["id"]: row for row in said}
        return [documents.credit_memo({**row, **words[row["id"]]}, entries, linked, self._time_zone) for row in rows]

    def credit_memos_on(self, invoice_ids: Collection[str]) -> list[CreditMemo]:
        """Through the lines that pay these invoices: those matched with them, and those that pay them in part."""
        wanted = {number for invoice_id in invoice_ids if (number := number_of(invoice_id)) is not None}
        found: set[str] = set()
        for some in chunks(sorted(wanted), IDS_PER_CALL):
            rows = self._session.read("account.invoice.read", self._existing(some), ["payment_lines", "reconciliation_lines"])
            lines = {line for row in rows for line in (*row["payment_lines"], *row["reconciliation_lines"])}
            found |= {
                str(line.of_invoice) for line in self.lines([("id", "in", sorted(lines))]) if line.of_invoice not in (0, *wanted)
            }
        memos = [memo for memo in self.credit_memos(found).values() if isinstance(memo, CreditMemo)]
        return [memo for memo in memos if any(application.invoice_id in invoice_ids for application in memo.applications)]

    def _existing(self, ids: Sequence[int]) -> list[int]:
        found: list[int] = self._session.read("account.invoice.search", [*self.ours(), ("id", "in", list(ids))], 0, None, None)
        return found

    # --- receipts ---------------------------------------------------------------------------------------------------------

    def receipts(self, ids: Collection[str]) -> dict[str, Receipt | Gone]:
        moves = {receipt_id: move for receipt_id in ids if (move := number_of(receipt_id.partition("-")[0])) is not None}
        living = {move for some in chunks(sorted(set(moves.values())), IDS_PER_CALL) for move in self._moves(some)}
        found = {receipt.id: receipt for receipt in self.receipts_in(sorted(living))}
        answered: dict[str, Receipt | Gone] = {}
        for receipt_id in ids:
            move = moves.get(receipt_id)
            if move is not None and move not in living:
                self._is_gone("account.move", move)
            answered[receipt_id] = found.get(receipt_id) or Gone("receipt", receipt_id)
        return answered

    def _moves(self, ids: Sequence[int]) -> list[int]:
        found: list[int] = self._session.read("account.move.search", [*self.ours(), ("id", "in", list(ids))], 0, None, None)
        return found

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> list[Receipt]:
        parties = [number for customer_id in customer_ids if (number := number_of(customer_id)) is not None]
        found = []
        for some in chunks(parties, IDS_PER_CALL):
            where = [("party", "in", list(some)), ("date", ">=", received_from), *self.credits()]
            found += self.receipts_in(sorted({line.move for line in self.lines(where)}))
        return [
            receipt
            for receipt in found
            if not receipt.voided and receipt.customer_id in customer_ids and receipt.received_on >= received_from
        ]

    def credits(self) -> list[object]:
        """What every line of a receipt is like."""
        return [*self.ours(), RECEIVABLE, ("credit", ">", 0), ("journal.type", "not in", list(NOT_RECEIPT_JOURNALS)), VALID]

    def receipts_with(self, texts: Collection[str]) -> list[Receipt]:
        """The receipts, not voided, whose memo holds one of these texts: our statements, and copies made by hand."""
        moves: set[int] = set()
        for some in chunks(sorted(set(texts)), TEXTS_PER_CALL):
            anywhere = ["OR", *(clause for text in some for clause in where_written(text))]
            moves |= {line.move for line in self.lines([*self.credits(), anywhere])}
        return [receipt for receipt in self.receipts_in(sorted(moves)) if not receipt.voided]

    def receipts_by(self, statements: Collection[int]) -> dict[int, Receipt]:
        """The receipt that each of these statements of ours made, by statement."""
        domain = [("statement", "in", sorted(statements)), ("move", "!=", None)]
        rows = self._session.search_read("account.statement.line", domain, [*STATEMENT_LINE_FIELDS, "statement", "move"])
        moves = {str(row["move"]): row["statement"] for row in rows}
        receipts = self.receipts_in(sorted({row["move"] for row in rows}), {row["id"]: row for row in rows})
        return {moves[receipt.id.partition("-")[0]]: receipt for receipt in receipts}

    def receipts_in(self, moves: Sequence[int], said: Mapping[int, Record] | None = None) -> list[Receipt]:
        """The receipts among these moves; `said` are the lines of their statements where they were read already."""
        found: list[Receipt] = []
        for some in chunks(moves, IDS_PER_CALL):
            entries = self.entries_of([("move", "in", list(some))])
            found += self.receipts_of_roots(documents.roots(entries, some), entries, said)
        return found

    def receipts_of_roots(
        self, roots: Sequence[Root], entries: Entries, said: Mapping[int, Record] | None = None
    ) -> list[Receipt]:
        """The same, where their lines were read already."""
        lines = self._statement_lines(line for root in roots for line in root.lines) if said is None else said
        by_hand = [root for root in roots if not any(documents.statement_line(line) for line in root.lines)]
        beside = self._beside({root.move for root in by_hand})
        return [documents.receipt(root, entries, lines, beside) for root in roots]

    def texts_of(self, lines: Sequence[Line]) -> dict[int, list[str]]:
        """What a bookkeeper wrote on these lines, on their moves and on the statements that they were made of, by line."""
        said = self._statement_lines(lines)
        beside = self._beside({line.move for line in lines if not documents.statement_line(line)})
        return {line.id: documents.texts(line, said, beside) for line in lines}

    def _beside(self, by_hand: Collection[int]) -> dict[int, list[str]]:
        """What is written on the other lines of moves that no statement made, such as the bank's, by move."""
        texts: dict[int, list[str]] = {}
        for some in chunks(sorted(by_hand), IDS_PER_CALL):
            for row in self._session.search_read("account.move.line", [("move", "in", list(some))], ["move", "description"]):
                texts.setdefault(row["move"], []).extend([row["description"]] if row["description"] else [])
        return texts

    def _statement_lines(self, lines: Iterable[Line]) -> dict[int, Record]:
        wanted = sorted({said_line for line in lines if (said_line := documents.statement_line(line))})
        return {
            row["id"]: row
            for some in chunks(wanted, IDS_PER_CALL)
            for row in self._session.read("account.statement.line.read", list(some), list(STATEMENT_LINE_FIELDS))
        }

    # --- lines ------------------------------------------------------------------------------------------------------------

    def lines(self, domain: Domain) -> list[Line]:
        home = self.home_currency()
        return [line_of(row, home) for row in self._session.search_read("account.move.line", domain, FIELDS)]

    def entries_of(self, domain: Domain) -> Entries:
        """The receivable lines asked for, everything they are matched with, and the parts of those that were split."""
        entries = Entries()
        entries.add(self.lines([RECEIVABLE, *domain]))
        seen_moves: set[int] = set()
        seen_matches: set[int] = set()
        for _ in range(SPLITS_FOLLOWED):
            matches = set(entries.of_match) - seen_matches
            if matches:
                seen_matches |= matches
                for some in chunks(sorted(matches), IDS_PER_CALL):
                    entries.add(self.lines([("reconciliation", "in", list(some))]))
            moves = {move for line in list(entries.lines.values()) for move in entries.splits(line)} - seen_moves
            if not moves:
                break
            seen_moves |= moves
            for some in chunks(sorted(moves), IDS_PER_CALL):
                entries.add(self.lines([RECEIVABLE, ("move", "in", list(some))]))
        return entries

    def _linked(self, lines: Sequence[int]) -> dict[int, Stamp]:
        """Since when, and by whose hand, these lines pay an invoice in part, where our user may see it."""
        if not lines or not self._links_readable:
            return {}
        try:
            rows = [
                row
                for some in chunks(lines, IDS_PER_CALL)
                for row in self._session.search_read(
                    "account.invoice-account.move.line", [("line", "in", list(some))], ["line", "create_date", "create_uid.name"]
                )
            ]
        except (AccessLost, BooksRefused):
            self._links_readable = False  # then the line's own last change stands in for it
            return {}
        return {row["line"]: stamp_of(row)[0] for row in rows}

    # --- rows -------------------------------------------------------------------------------------------------------------

    def ours(self) -> list[object]:
        return [("company", "=", self._session.company)]

    def _rows(self, model: str, ids: Collection[str], fields: Sequence[str], also: Domain) -> dict[str, Record]:
        """By id. One that a search does not find is asked for exactly: only Tryton's own "does not exist" makes it gone."""
        wanted = {number for record_id in ids if (number := number_of(record_id)) is not None}
        rows: dict[str, Record] = {}
        kind = [("type", "=", "out")] if model == "account.invoice" else []
        for some in chunks(sorted(wanted), IDS_PER_CALL):
            for row in self._session.search_read(model, [*also, *kind, ("id", "in", list(some))], fields):
                rows[str(row["id"])] = row
        for missing in sorted(wanted - {int(record_id) for record_id in rows}):
            self._is_gone(model, missing)
        return rows

    def _is_gone(self, model: str, record: int) -> None:
        """Returns where Tryton says plainly that the record does not exist, or that it is of another kind. Raises otherwise."""
        try:
            self._session.read(f"{model}.read", [record], ["id"])
        except BooksRefused as refused:
            if refused.refusal is Refusal.DOCUMENT_GONE:
                return
            raise BooksUnavailable(f"Tryton did not say what happened to {model} {record}.") from refused
        if model != "account.invoice":
            raise BooksUnavailable(f"Tryton has {model} {record} but did not show it; it may belong to another company.")


def where_written(text: str) -> Iterator[tuple[str, ...]]:
    """Every place where a receipt's memo may stand."""
    holds = f"%{text}%"
    yield ("description", "ilike", holds)
    yield ("move.description", "ilike", holds)
    yield ("origin.description", "ilike", holds, "account.statement.line")
    yield ("origin.statement.name", "ilike", holds, "account.statement.line")
