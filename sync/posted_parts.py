"""What our own rows and the books together say of the receipts that we recorded for a payment. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from receivables.books_records import Gone, Receipt
from receivables.effects import ReceiptWrite
from receivables.evidence import PostedPart
from storage import effects
from storage.effects import StoredEffect
from storage.payments import StoredPayment


def of(stored: StoredPayment, chain: Sequence[StoredEffect], receipts: Mapping[str, Receipt | Gone]) -> tuple[PostedPart, ...]:
    """Our own receipts of this payment that are, or may be, in the books."""
    parts, rearranged = effects.live(chain), effects.rearranged(chain)
    shown = []
    for part in parts:
        if not isinstance(part.write, ReceiptWrite):
            continue
        lines = rearranged.get(part.document_id or "", part.write.lines)
        settled, verified = part.settled_at, stored.verified_at
        shown.append(
            PostedPart(
                part=part.part,
                generation=part.generation,
                state=part.state,
                amount_minor=part.write.amount_minor,
                on_account_minor=stored.on_account_minor if len(parts) == 1 else part.write.on_account_minor,
                document_id=part.document_id or "",
                receipt=receipts.get(part.document_id or ""),
                verified=verified is not None and settled is not None and settled <= verified,
                lines=tuple((line.invoice_id, line.amount_minor) for line in lines),
                customer_id=part.write.customer_id,
                received_on=part.write.received_on,
                deposit_account=part.deposit_account,
            )
        )
    return tuple(shown)
