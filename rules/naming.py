"""What documents are called in facts and sentences: by their kind and number, as people look for them."""

from __future__ import annotations

from receivables.books_records import CreditApplication, Receipt
from receivables.words import plain
from rules.invoice_lines import LineReading


def invoice(line: LineReading) -> str:
    """The word invoice and its number, as people look for it."""
    return f"invoice {plain(line.number) or plain(line.invoice_key.removeprefix('#'))}"


def credit_memo(credit: CreditApplication) -> str:
    return f"credit memo {plain(credit.credit_memo_number) or plain(credit.credit_memo_id)}"


def receipt(found: Receipt) -> str:
    return f"receipt {plain(found.number) or plain(found.id)}"
