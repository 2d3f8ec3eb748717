"""What a write rests on besides the documents it changes: what the feed says of the money, and the entries that took it out.

Reads: payments, and the books' entries for returns about to be recorded. Leaves: why such a write is stale. Never: a
judgement; what changed since a person decided goes back to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from receivables.books_records import MoneyOut, Receipt
from receivables.effects import Facts, RecordReturn, markers_in
from receivables.payment import FeedStatus, Payment
from storage.effects import StoredEffect
from storage.payments import StoredPayment
from sync import entries_out
from sync.desk import Desk

_FEED, _ENTRIES = "feed:", "entries:"


def feed(payment: Payment) -> dict[str, Facts]:
    """What the feed says of the money, as a fact for `expects`."""
    return {_FEED + payment.transaction_number: {"status": payment.status.value}}


def entries(receipt: Receipt, money_out: Sequence[MoneyOut], marker: str) -> dict[str, Facts]:
    """The entries against a receipt, as a fact for `expects`; the one with this marker is what is written itself."""
    return {_ENTRIES + receipt.id: _of_others([entry for entry in money_out if entry.receipt_id == receipt.id], marker)}


def why_stale(desk: Desk, ready: Sequence[StoredEffect], stored: Mapping[str, StoredPayment]) -> Mapping[str, str]:
    """By effect, what of this changed; `stored` are their payments as they are now. Raises BooksError."""
    status = {number: found.payment.status for number, found in stored.items()}
    changed = {effect.id: _feed_changed(effect, status[effect.transaction_number]) for effect in ready}
    returns = {effect.id: effect.write.receipt_id for effect in ready if isinstance(effect.write, RecordReturn)}
    found = desk.books.money_out(set(returns.values())) if returns else {}
    with desk.db.read() as connection:
        own = entries_out.told_apart(connection, desk.company.id, list(stored.values()), found) if returns else None
    for effect in ready:
        if own and effect.id in returns and not changed[effect.id]:
            of_payment = own.of(effect.transaction_number, found[returns[effect.id]])
            changed[effect.id] = _entries_changed(effect, returns[effect.id], of_payment)
    return {effect_id: why for effect_id, why in changed.items() if why}


def _feed_changed(effect: StoredEffect, status: FeedStatus) -> str:
    """Nothing where the effect rests on nothing of it: a credit is put back whatever became of the money."""
    known = effect.expects.get(_FEED + effect.transaction_number)
    expected = known["status"] if known else status if effect.attended else FeedStatus.PAID
    return "" if status == expected else f"the payment is {status.replace('_', ' ')} by now, says the feed"


def _entries_changed(effect: StoredEffect, receipt_id: str, money_out: Sequence[MoneyOut]) -> str:
    expected = effect.expects.get(_ENTRIES + receipt_id)
    now = _of_others(money_out, effect.marker)
    return "" if expected in (None, now) else f"receipt:{receipt_id} has another entry by now"


def _of_others(money_out: Sequence[MoneyOut], marker: str) -> Facts:
    others = [entry for entry in money_out if marker not in markers_in(entry.memo)]
    return {"entries": sorted(f"{entry.id}:{entry.amount_minor}" for entry in others)}
