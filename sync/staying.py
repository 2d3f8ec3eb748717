"""Of a payment recorded twice one receipt stays. Where it is not the one that we recorded, it is ours from then on.

Reads: our receipts, and those with our mark where ours is voided or gone. Leaves: an effect that names the receipt that
stays. Never: a receipt of which a person said that it is other money, or one of several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from receivables.books_records import Gone, Receipt
from receivables.effects import ReceiptWrite, marker_stem, markers_in
from storage import effects, other_money
from storage.effects import StoredEffect
from storage.work import Work
from sync.desk import Desk


def receipts(
    desk: Desk, chains: Mapping[str, Sequence[StoredEffect]], read: Mapping[str, Receipt | Gone]
) -> Mapping[str, Receipt]:
    """By the id of its effect, the one living receipt with its mark and amount where ours is voided or gone."""
    lost = [effect for chain in chains.values() for effect in effects.recorded(chain) if not _stands(effect, read)]
    if not lost:
        return {}
    stems = {effect.transaction_number: marker_stem(desk.company.id, effect.transaction_number) for effect in lost}
    marked = desk.books.receipts_marked(list(stems.values()))
    with desk.db.read() as connection:
        said = other_money.said(connection, desk.company.id, stems)
    found: dict[str, Receipt] = {}
    for effect in lost:
        number = effect.transaction_number
        others = [other for other in marked[stems[number]] if _is_of(other, effect)]
        if len(others) == 1 and not any(other.holds_for(others[0]) for other in said.get(number, ())):
            found[effect.id] = others[0]
    return found


def adopted(work: Work, chain: Sequence[StoredEffect], instead: Mapping[str, Receipt]) -> Sequence[StoredEffect]:
    """The same effects, of which some name the receipt that stays."""
    return [effects.adopt(work, effect, instead[effect.id]) if effect.id in instead else effect for effect in chain]


def _stands(effect: StoredEffect, read: Mapping[str, Receipt | Gone]) -> bool:
    receipt = read.get(effect.document_id or "")
    return isinstance(receipt, Receipt) and not receipt.voided


def _is_of(receipt: Receipt, effect: StoredEffect) -> bool:
    meant = isinstance(effect.write, ReceiptWrite) and effect.write.amount_minor == receipt.amount_minor
    return meant and not receipt.voided and effect.marker in markers_in(receipt.memo)
