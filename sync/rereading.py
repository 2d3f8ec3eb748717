"""Whether effects may still be sent: what they rest on is read again, fresh, right before.

Reads: the documents that claimed effects change or rest on. Leaves: why each stale one may not be sent. Never: a write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from receivables.books_records import CreditMemo, Customer, Gone, Invoice, InvoiceStatus, Receipt
from receivables.effects import (
    ApplyCredit,
    ApplyReceipt,
    EffectState,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
    facts_of,
)
from storage import effects, payments
from storage.effects import StoredEffect
from sync import receipts_again, resting
from sync.at_once import asking
from sync.desk import Desk

_KINDS = ("invoice", "credit_memo", "receipt", "customer")  # of documents; what else an effect expects is asked elsewhere
JUDGED_SECONDS = 900.0  # what nobody decided and was judged longer ago is checked again as a whole instead of sent
NOT_TAKEN = "another part of the payment was not taken"
_NOT_TAKEN = (EffectState.FAILED, EffectState.REFUSED_STALE, EffectState.CANCELLED)
Document = Customer | Invoice | CreditMemo | Receipt | Gone


@dataclass
class Documents:
    """The documents that claimed effects rest on, as the books hold them now."""

    by_name: dict[str, Document] = field(default_factory=dict)

    def versions(self, effect: StoredEffect) -> Mapping[str, str]:
        """Versions of the documents this effect changes, for books that ask for them."""
        document = self.by_name.get(_changed_by(effect))
        return {} if document is None or isinstance(document, Gone) else {document.id: document.version}


def why_stale(desk: Desk, ready: Sequence[StoredEffect], documents: Documents) -> Mapping[str, str]:
    """Effect ids to the reason why they may no longer be sent; a payment is sent whole or not at all."""
    now = desk.clock.now()
    numbers = {effect.transaction_number for effect in ready}
    with desk.db.read() as connection:
        parts = _other_parts(ready, effects.beside(connection, desk.company.id, ready))
        stored = payments.by_numbers(connection, desk.company.id, numbers)
    rests = resting.why_stale(desk, ready, stored)
    appeared = receipts_again.news(desk, ready, stored)
    stale: dict[str, str] = {}
    taken: dict[str, int] = {}
    for effect in ready:
        why = (
            rests.get(effect.id, "")
            or _stale(effect, documents, taken)
            or _stale_beside(effect, parts[effect.id], now)
            or appeared.get(effect.id, "")
        )
        if why:
            stale[effect.id] = why
    for effect in ready:
        if effect.id not in stale and any(other.id in stale for other in parts[effect.id]):
            stale[effect.id] = "another part of the payment no longer fits"
    return stale


def another_not_taken(desk: Desk, ready: Sequence[StoredEffect]) -> Mapping[str, str]:
    """Effect ids to the reason why they may not follow the dispatch that just left: another part was refused. Asks no books."""
    with desk.db.read() as connection:
        parts = _other_parts(ready, effects.beside(connection, desk.company.id, ready))
    unattended = [effect for effect in ready if not effect.attended]
    return {effect.id: NOT_TAKEN for effect in unattended if any(other.state in _NOT_TAKEN for other in parts[effect.id])}


def _other_parts(
    ready: Sequence[StoredEffect], chains: Mapping[str, Sequence[StoredEffect]]
) -> Mapping[str, Sequence[StoredEffect]]:
    """For each unattended receipt the other parts of its payment in the same generation; a decision's parts are a chain."""
    return {
        effect.id: []
        if effect.attended
        else [
            other
            for other in chains[effect.transaction_number]
            if other.id != effect.id and (other.kind, other.generation) == (effect.kind, effect.generation)
        ]
        for effect in ready
    }


def _stale_beside(effect: StoredEffect, others: Sequence[StoredEffect], now: datetime) -> str:
    """Why an unattended effect may not be sent for its age or its other parts, or ""."""
    if effect.attended:
        return ""
    if any(other.state in _NOT_TAKEN for other in others):
        return NOT_TAKEN
    half_posted = any(other.state is EffectState.DONE for other in others)  # then it is resumed, however long it took
    age_seconds = (now - effect.facts_read_at).total_seconds()  # facts from the future were read before a clock was set
    if not half_posted and not 0 <= age_seconds <= JUDGED_SECONDS:
        return "its facts were read too long ago"
    return ""


def read_documents(desk: Desk, ready: Sequence[StoredEffect]) -> Documents:
    """The documents of these effects as the books hold them now. Raises BooksError."""
    wanted: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for effect in ready:
        for name in {*effect.expects, _changed_by(effect)} - {""}:
            kind, _, document_id = name.partition(":")
            if kind in wanted:
                wanted[kind].add(document_id)
    reads: Mapping[str, Callable[[Collection[str]], Mapping[str, Document]]] = {
        "invoice": desk.books.invoices,
        "credit_memo": desk.books.credit_memos,
        "receipt": desk.books.receipts,
        "customer": desk.books.customers,
    }
    with asking(desk.books) as ask:
        found = {kind: ask(partial(read, wanted[kind])) for kind, read in reads.items() if wanted[kind]}
    return Documents({f"{kind}:{id_}": document for kind, of in found.items() for id_, document in of().items()})


def _changed_by(effect: StoredEffect) -> str:
    """The existing document that an effect changes, as "kind:id"; a new receipt changes none."""
    match effect.write:
        case UnapplyCredit() | ApplyCredit() | VoidCredit():
            return f"credit_memo:{effect.write.credit_memo_id}"
        case ApplyReceipt() | RecordReturn() | VoidReceipt():
            return f"receipt:{effect.write.receipt_id}"
        case ReceiptWrite():
            return ""


def _stale(effect: StoredEffect, documents: Documents, taken: dict[str, int]) -> str:
    """Why an effect may no longer be sent, or "". `taken` collects what this batch takes of each invoice."""
    for name, expected in effect.expects.items():
        if name.partition(":")[0] not in _KINDS:
            continue
        document = documents.by_name.get(name)
        if document is None:
            return f"{name} could not be read"
        if effect.attended and facts_of(document) != expected:
            return f"{name} is no longer as it was when this was decided"
    if effect.attended or not isinstance(effect.write, ReceiptWrite):
        return ""
    for line in effect.write.lines:
        document = documents.by_name.get(f"invoice:{line.invoice_id}")
        already = taken.get(line.invoice_id, 0)
        if not _still_takes(document, effect, line.amount_minor + already):
            return f"invoice:{line.invoice_id} no longer takes it"
    for line in effect.write.lines:
        taken[line.invoice_id] = taken.get(line.invoice_id, 0) + line.amount_minor
    return ""


def _still_takes(document: Document | None, effect: StoredEffect, amount_minor: int) -> bool:
    return (
        isinstance(document, Invoice)
        and isinstance(effect.write, ReceiptWrite)
        and document.status is InvoiceStatus.OPEN
        and document.currency == effect.write.currency
        and document.customer_id == effect.write.customer_id
        and document.open_minor >= amount_minor
    )
