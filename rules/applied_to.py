"""What a receipt of a payment is applied to beside its own invoices, where a person says so. Pure.

Raises CannotBeDone, with words to show, for an invoice that cannot take it.
"""

from __future__ import annotations

from collections.abc import Mapping

from receivables.books_records import Invoice
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.words import listed
from rules.consequences import Options, Taken, named_in, total_of, what_fits


def applied_to(evidence: Evidence, options: Options) -> list[Taken]:
    """What the payment's own invoices take, and of the rest what those take that a person named (`to_invoice`)."""
    taken = what_fits(evidence)
    invoices = [_named(evidence, name.removeprefix("#")) for name in named_in(options, "to_invoice")]
    for invoice in dict.fromkeys(invoices):
        rest = evidence.payment.amount_minor - total_of(taken)
        if amount := min(rest, invoice.open_minor):
            taken.append(Taken(0, invoice, amount))
    return taken


def _named(evidence: Evidence, named: str) -> Invoice:
    by_id: Mapping[str, Invoice] = {invoice.id: invoice for invoice in evidence.other_invoices}
    found = [by_id[named]] if named in by_id else [invoice for invoice in evidence.other_invoices if invoice.number == named]
    if len(found) == 1:
        return found[0]
    others = listed([f"{invoice.number} (#{invoice.id})" for invoice in evidence.other_invoices])
    choose = f" Choose one of: {others}." if others else " The customer has no other open invoice in the payment's currency."
    raise CannotBeDone(f"Invoice {named} is not another open invoice of the same customer and currency.{choose}")
