"""Where each document of a failure is opened in the books: a line of links in the small print. Pure.

Slack parses this line, so nothing in it is anybody else's text: an id is percent-encoded in its address, and a number is shown
only where it is made of letters, digits, dots, slashes and hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.text import Block
from receivables.books_records import Gone
from receivables.company import Company
from receivables.evidence import Evidence

LINKS_AT_MOST = 4
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,23}")


def in_the_books(evidence: Evidence | None, company: Company) -> list[Block]:
    """Open in the books: invoice 1042 · credit memo CM-77"""
    if evidence is None:
        return []
    links: Mapping[str, str] = dict(_links(evidence, company))  # each document once
    shown = [f"<{address.replace('&', '&amp;')}|{name}>" for address, name in list(links.items())[:LINKS_AT_MOST]]
    if not shown:
        return []
    return [{"type": "mrkdwn", "text": f"Open in {company.package or 'the books'}: {' · '.join(shown)}", "verbatim": True}]


def _links(evidence: Evidence, company: Company) -> Iterator[tuple[str, str]]:
    """(address, name) of the documents that are there, those that were named first before the others."""
    for kind, document_id, number in _documents(evidence):
        if address := evidence.settings.page_of(kind, document_id):
            word = company.documents.get(kind, kind)
            yield address, f"{word} {number}" if _HARMLESS.fullmatch(number) else word


def _documents(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """(our word, id, number) of each invoice, credit memo on it, invoice in its place, and receipt."""
    for line in evidence.lines:
        if line.invoice is not None and not isinstance(line.invoice, Gone):
            yield "invoice", line.invoice.id, line.invoice.number
        for credit in line.credits:
            yield "credit memo", credit.credit_memo_id, credit.credit_memo_number
        for invoice in line.successors:
            yield "invoice", invoice.id, invoice.number
    for receipt in (*evidence.living_receipts, *(found.receipt for found in evidence.receipts)):
        yield "receipt", receipt.id, receipt.number
