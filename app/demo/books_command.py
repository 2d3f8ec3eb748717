"""A slash command for the demo's visitors: /books does by hand what a bookkeeper does, to break and to mend things."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from slack_bolt import Ack, App, Respond

from accounting.embedded.change import Kind
from accounting.embedded.ledger import Ledger
from receivables.books_records import CreditMemo, Invoice
from receivables.errors import ReceivablesError
from receivables.money import minor_from_text
from receivables.words import Words, counted, day_of

HELP = """What the bookkeeper can do in the practice books:
/books list                                what is open
/books receipt 1005 333.00                 enter a receipt by hand
/books credit 1017 90.00                   make a credit memo and apply it
/books unapply CM-1017                     unapply a credit memo
/books recreate 1006                       delete an invoice and recreate it
/books void 1014                           void an invoice
/books reopen-period                       reopen the closed period
/books undo-deposit R1055                  remove a receipt from its deposit"""
CURRENCY = "USD"
LISTED_AT_MOST = 30


class BooksCommand:
    """The verbs of /books on the embedded books; each records the person who typed it."""

    def __init__(self, ledger: Ledger, words: Words) -> None:
        self._ledger = ledger
        self._words = words
        self._verbs: Mapping[str, Callable[[Sequence[str], str], str]] = {
            "list": self._list,
            "receipt": self._receipt,
            "credit": self._credit,
            "unapply": self._unapply,
            "recreate": self._recreate,
            "void": self._void,
            "reopen-period": self._reopen_period,
            "undo-deposit": self._undo_deposit,
        }

    def register(self, app: App) -> None:
        """Adds /books to the demo's bot; the product's own bot never has it."""
        app.command("/books")(self._asked)

    def _asked(self, ack: Ack, body: Mapping[str, Any], respond: Respond) -> None:
        ack()
        words = shlex.split(str(body.get("text") or ""))
        verb = self._verbs.get(words[0] if words else "help")
        try:
            answer = HELP if verb is None else verb(words[1:], str(body.get("user_name") or "bookkeeper"))
        except (ReceivablesError, ValueError, IndexError) as error:
            answer = f"Not done: {error or 'something is missing'}. /books help shows how."
        text = {"type": "section", "text": {"type": "plain_text", "text": answer[:3000], "emoji": False}}
        respond(text=answer[:3000], blocks=[text], response_type="ephemeral", replace_original=False)

    def _invoice(self, number: str) -> Invoice:
        wanted = self._ledger.find(Kind.INVOICE, number)
        return next(invoice for invoice in self._ledger.invoices() if invoice.id == wanted)

    def _memo(self, number: str) -> CreditMemo:
        wanted = self._ledger.find(Kind.CREDIT_MEMO, number)
        return next(memo for memo in self._ledger.credit_memos() if memo.id == wanted)

    def _today(self) -> date:
        return day_of(self._ledger.clock.now(), self._words.time_zone)

    def _money(self, amount_minor: int) -> str:
        return self._words.money(amount_minor, CURRENCY)

    def _list(self, _words: Sequence[str], _by: str) -> str:
        invoices = [invoice for invoice in self._ledger.invoices() if invoice.open_minor]
        lines = [f"invoice {invoice.number}: {self._money(invoice.open_minor)} open" for invoice in invoices]
        lines += [
            f"credit memo {memo.number}: applied to {counted(len(memo.applications), 'invoice')}"
            for memo in self._ledger.credit_memos()
        ]
        return "\n".join(lines[:LISTED_AT_MOST]) or "Nothing is open."

    def _receipt(self, words: Sequence[str], by: str) -> str:
        invoice, amount = self._invoice(words[0]), minor_from_text(words[1], CURRENCY)
        made = self._ledger.enter_receipt(
            invoice.customer_id, amount, CURRENCY, self._today(), by=by, lines=[(invoice.id, amount)], method="check"
        )
        return f"Receipt {made.number} for {self._money(amount)} is applied to invoice {invoice.number}."

    def _credit(self, words: Sequence[str], by: str) -> str:
        invoice, amount = self._invoice(words[0]), minor_from_text(words[1], CURRENCY)
        memo = self._ledger.add_credit_memo(f"CM-{invoice.number}", invoice.customer_id, amount, CURRENCY, self._today(), by=by)
        self._ledger.apply_credit(memo.id, invoice.id, amount, by=by)
        return f"Credit memo {memo.number} ({self._money(amount)}) is applied to invoice {invoice.number}."

    def _unapply(self, words: Sequence[str], by: str) -> str:
        memo = self._memo(words[0])
        for application in memo.applications:
            self._ledger.unapply_credit(application.id, by=by)
        return f"Credit memo {memo.number} is unapplied from {counted(len(memo.applications), 'invoice')}."

    def _recreate(self, words: Sequence[str], by: str) -> str:
        made = self._ledger.recreate_invoice(self._invoice(words[0]).id, by=by)
        return f"Invoice {made.number} was deleted and recreated."

    def _void(self, words: Sequence[str], by: str) -> str:
        return f"Invoice {self._ledger.void_invoice(self._invoice(words[0]).id, by=by).number} is voided."

    def _reopen_period(self, _words: Sequence[str], by: str) -> str:
        self._ledger.reopen_period(by=by)
        return "The closed period is open again."

    def _undo_deposit(self, words: Sequence[str], by: str) -> str:
        made = self._ledger.undo_deposit(self._ledger.find(Kind.RECEIPT, words[0]), by=by)
        return f"Receipt {made.number} is no longer in the deposit."
