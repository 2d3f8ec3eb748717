"""Between the judgement and the sending somebody may enter a receipt by hand: the books' changes are read once more.

Reads: the receipts' changes, and what the mirror then finds for payments about to be sent. Leaves: the mirror. Never: a
judgement; what appeared or changed sends an unattended payment back to be checked, and a person's decision back to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from receivables.effects import Facts, ReceiptWrite, facts_of, stem_of
from receivables.evidence import Evidence
from storage import hand_receipts, marks
from storage.effects import StoredEffect
from storage.hand_receipts import Found
from storage.payments import StoredPayment
from sync import mirroring, receipts_found
from sync.desk import Desk

CANDIDATE = "candidate:"  # and the id of a receipt that may be the money and was known when the effect was planned
_GONE: Facts = {"gone": True}


def known(desk: Desk, evidence: Evidence, customer_id: str) -> dict[str, Facts]:
    """The receipts that may be the money and were judged, as facts for `expects` of the payment's effects."""
    asked = receipts_found.wanted(desk.company, evidence.payment, [customer_id])
    living = {
        CANDIDATE + found.receipt.id: facts_of(found.receipt)
        for found in evidence.receipts
        if not found.ours and hand_receipts.may_be(asked, found.receipt, evidence.longest_reference)
    }
    return living | {CANDIDATE + vanished.receipt.id: _GONE for vanished in evidence.vanished}


def read_changes(desk: Desk, ready: Sequence[StoredEffect]) -> None:
    """What changed among the books' receipts, where receipts are about to be sent. Raises BooksError."""
    if any(isinstance(effect.write, ReceiptWrite) for effect in ready):
        mirroring.run_once(desk, receipts_only=True)


def news(desk: Desk, ready: Sequence[StoredEffect], stored: Mapping[str, StoredPayment]) -> Mapping[str, str]:
    """By effect, what makes a receipt about to be sent stale: a candidate that nobody judged; `stored` are their payments."""
    writes = {effect.id: effect.write for effect in ready if isinstance(effect.write, ReceiptWrite)}
    if not writes:
        return {}
    asked = {
        effect.transaction_number: receipts_found.wanted(
            desk.company, stored[effect.transaction_number].payment, [writes[effect.id].customer_id]
        )
        for effect in ready
        if effect.id in writes
    }
    with desk.db.read() as connection:
        found = hand_receipts.find(connection, desk.company.id, list(asked.values()))
    why = {effect.id: _news(effect, found[effect.transaction_number]) for effect in ready if effect.id in writes}
    return {effect_id: what for effect_id, what in why.items() if what}


def marked(desk: Desk, ready: Sequence[StoredEffect]) -> list[StoredEffect]:
    """Receipts about to be sent whose own marks are on receipts that the books told of."""
    receipts = [effect for effect in ready if isinstance(effect.write, ReceiptWrite)]
    with desk.db.read() as connection:
        found = marks.living(connection, desk.company.id, {stem_of(effect.marker) for effect in receipts})
    return [effect for effect in receipts if effect.marker in found.get(stem_of(effect.marker), ())]


def _news(effect: StoredEffect, found: Sequence[Found]) -> str:
    for candidate in found:
        expected = effect.expects.get(CANDIDATE + candidate.id)
        if expected is None:
            return f"receipt {candidate.seen.number if candidate.seen else candidate.id} appeared meanwhile"
        if expected != (_GONE if candidate.gone else facts_of(candidate.seen) if candidate.seen else None):
            return f"receipt {candidate.seen.number if candidate.seen else candidate.id} changed meanwhile"
    return ""
