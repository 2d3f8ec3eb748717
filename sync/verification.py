"""Posted receipts are read back, and only what stands in the books as meant counts as posted.

Reads: posted payments and their receipts, in batches; receipts entered by hand that a dismissal wanted applied. Leaves:
payments *verified*, or a failure ("accepted but not applied"); such dismissals ended. Never: a second receipt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import rules
from receivables import as_meant
from receivables.books_records import Customer, Gone, MoneyOut, Receipt, by_invoice
from receivables.diagnosis import Remedy
from receivables.effects import OPEN_STATES, ApplyReceipt, EffectState, ReceiptWrite, RecordReturn, VoidReceipt
from receivables.failpoints import failpoint
from receivables.payment import Bucket, FeedStatus, PaymentState
from receivables.reversals import out_minor
from receivables.words import listed
from storage import attempts, decisions, effects, failures, mirror, outbox, payments
from storage.attempts import Attempted
from storage.effects import StoredEffect
from storage.engine import Connection
from storage.failures import Opening
from storage.payments import Move, StoredPayment
from storage.work import Work
from sync import entries_out, money_back, staying
from sync.desk import Desk

PAYMENTS_PER_READING = 270  # so that what each question asks for fills the package's answers
PAYMENTS_PER_BATCH = 90  # within a transaction of 500 rows
DISMISSALS_PER_RUN = 60
_NOBODY: Mapping[str, Customer] = {}


@dataclass(frozen=True)
class _ReadBack:
    """A payment with its receipts as the books hold them, by the ids of their effects, and what of them is not as meant."""

    stored: StoredPayment
    receipts: Mapping[str, Receipt]
    code: str
    words: str

    @classmethod
    def of(
        cls,
        stored: StoredPayment,
        chain: Sequence[StoredEffect],
        receipts: Mapping[str, Receipt | Gone],
        customers: Mapping[str, Customer],
    ) -> _ReadBack:
        code, words = difference(stored, chain, receipts, customers)
        return cls(stored, standing_receipts(chain, receipts), code, words)

    @property
    def move(self) -> Move:
        if self.code:
            body = {"code": self.code, "message": self.words}
            return Move(self.stored, PaymentState.FAILED, Bucket.WAITING_PERSON, "payment.failed", body)
        read_back = [
            {
                "receipt": receipt.number,
                "id": receipt.id,
                "amount_minor": receipt.amount_minor,
                "unapplied_minor": receipt.unapplied_minor,
                "lines": {line.invoice_id: line.amount_minor for line in receipt.lines},
                "version": receipt.version,
            }
            for receipt in self.receipts.values()
        ]
        return Move(self.stored, PaymentState.VERIFIED, Bucket.POSTED, "payment.verified", {"read_back": read_back})


@dataclass
class VerificationCounts:
    verified: int = 0
    differing: int = 0


def run_once(desk: Desk) -> VerificationCounts:
    """Reads back every posted payment. Raises BooksError when the books cannot be read: then nothing is verified."""
    counts, after = VerificationCounts(), ""
    _read_back_proofs(desk)
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(connection, desk.company.id, PaymentState.POSTED, limit=PAYMENTS_PER_READING, after=after)
            chains = effects.of_payments(connection, desk.company.id, [stored.number for stored in batch])
        if not batch:
            return counts
        wanted = {receipt_id for chain in chains.values() for receipt_id in _receipt_ids(chain)}
        receipts = desk.books.receipts(wanted)
        instead = staying.receipts(desk, chains, receipts)
        entries = _entries(desk, batch, chains)
        failpoint("verification.after_reading")
        receipts = {**receipts, **{receipt.id: receipt for receipt in instead.values()}}
        for begin in range(0, len(batch), PAYMENTS_PER_BATCH):
            some = batch[begin : begin + PAYMENTS_PER_BATCH]
            with desk.work() as work:
                theirs = {stored.number: staying.adopted(work, chains[stored.number], instead) for stored in some}
                customers = customers_of_moved(work.connection, desk.company.id, theirs.values(), receipts)
                paid = [stored for stored in some if stored.payment.status is FeedStatus.PAID]
                _compare(work, [_ReadBack.of(stored, theirs[stored.number], receipts, customers) for stored in paid], counts)
                for stored in some:
                    if stored.payment.status is not FeedStatus.PAID and stored.number in entries:
                        _read_back_gone(work, stored, theirs[stored.number], receipts, entries[stored.number])
        if len(batch) < PAYMENTS_PER_READING:
            return counts
        after = batch[-1].number


def _entries(
    desk: Desk, batch: Sequence[StoredPayment], chains: Mapping[str, Sequence[StoredEffect]]
) -> Mapping[str, Sequence[MoneyOut]]:
    """By transaction number, the entries by which the receipts of payments left the books whose money went back."""
    gone = [stored.number for stored in batch if stored.payment.status is not FeedStatus.PAID]
    ids = {number: _receipt_ids(chains[number]) for number in gone}
    asked = {receipt_id for of_payment in ids.values() for receipt_id in of_payment}
    found = desk.books.money_out(asked) if asked else {}
    with desk.db.read() as connection:
        own = entries_out.told_apart(connection, desk.company.id, batch, found)
    return {number: own.of(number, [entry for id_ in ids[number] for entry in found.get(id_, ())]) for number in gone}


def _receipt_ids(chain: Sequence[StoredEffect]) -> set[str]:
    """Our receipts of a payment, and whatever receipts a person had balanced or voided for it."""
    changed = {effect.write.receipt_id for effect in chain if isinstance(effect.write, RecordReturn | VoidReceipt)}
    return effects.recorded_ids(chain) | changed


def standing_receipts(chain: Sequence[StoredEffect], receipts: Mapping[str, Receipt | Gone]) -> dict[str, Receipt]:
    """The same as the books hold them, by the ids of their effects."""
    held = {effect.id: receipts.get(effect.document_id or "") for effect in effects.recorded(chain)}
    return {effect_id: receipt for effect_id, receipt in held.items() if isinstance(receipt, Receipt)}


def customers_of_moved(
    connection: Connection, company: str, chains: Iterable[Sequence[StoredEffect]], receipts: Mapping[str, Receipt | Gone]
) -> Mapping[str, Customer]:
    """The customers whose receipts are another's by now, with those that they were merged into, as last seen."""
    written = {part.document_id or "": part.write for chain in chains for part in effects.recorded(chain)}
    moved = {
        write.customer_id
        for id_, write in written.items()
        if isinstance(write, ReceiptWrite)
        and isinstance(receipt := receipts.get(id_), Receipt)
        and receipt.customer_id != write.customer_id
    }
    return mirror.customers_and_heirs(connection, company, moved) if moved else {}


def difference(
    stored: StoredPayment,
    chain: Sequence[StoredEffect],
    receipts: Mapping[str, Receipt | Gone],
    customers: Mapping[str, Customer] = _NOBODY,
) -> tuple[str, str]:
    """What of the receipts in the books is not as meant, as (code, words); ("", "") when all is. Pure.

    `customers` tell who took over the receipts of a customer that the books merged into another.
    """
    rearranged = effects.rearranged(chain)
    may_leave_minor = stored.on_account_minor + out_minor(stored.payment, stored.reversals)
    found: list[Receipt] = []
    off_minor = 0
    for part in effects.recorded(chain):
        receipt = receipts.get(part.document_id or "")
        if not isinstance(receipt, Receipt) or receipt.voided:
            return "receipt_deleted", "the receipt is not in the books"
        write = part.write
        if not isinstance(write, ReceiptWrite):
            raise AssertionError(f"effect {part.id} is no receipt")
        if changed := as_meant.changes(receipt, as_meant.meant_by(write, part.deposit_account, may_leave_minor), customers):
            return "receipt_changed", f"receipt {receipt.number} {changed[0]}"
        off_minor += as_meant.off_its_invoices_minor(receipt, by_invoice(rearranged.get(receipt.id, write.lines)))
        found.append(receipt)
    if not found or sum(receipt.amount_minor for receipt in found) != stored.payment.amount_minor:
        return "partly_posted", "the receipts do not add up to the payment"
    numbers = listed([f"receipt {receipt.number}" for receipt in found])
    if sum(receipt.unapplied_minor for receipt in found) > stored.on_account_minor:
        not_applied = "the books took the receipt but did not apply all of it"
        taken_off = f"not all of {numbers} is applied to its invoices any more"
        return "accepted_unapplied", taken_off if stored.verified_at else not_applied
    if off_minor > stored.on_account_minor:
        return "receipt_changed", f"a part of {numbers} is applied to something else"
    return "", ""


def _read_back_gone(
    work: Work,
    stored: StoredPayment,
    chain: Sequence[StoredEffect],
    receipts: Mapping[str, Receipt | Gone],
    entries: Sequence[MoneyOut],
) -> None:
    """Money that went back is settled where nothing of it is left in the books; otherwise a person is told."""
    known = [receipts.get(receipt_id) for receipt_id in _receipt_ids(chain)]
    standing = [receipt for receipt in known if isinstance(receipt, Receipt) and not receipt.voided]
    found = failures.open_of(work.connection, work.company, stored.number)
    by, resolution = _who_resolved(work, stored, found.id) if found else ("", "")
    if any(rules.counted_minor(receipt, entries, stored.payment) > 0 for receipt in standing) or not by:
        money_back.tell(work, stored, stored.payment)
    elif money_back.exclude_settled(work, stored, recorded=bool(standing)) and found:
        failures.resolve(work, found, resolution=resolution, by=by)


def _read_back_proofs(desk: Desk) -> None:
    """Ends dismissals whose proof was to be applied, by what the books hold now. The dismissal itself stands in any case."""
    with desk.db.read() as connection:
        company, remedy = desk.company.id, Remedy.DISMISS
        waiting = decisions.in_state(connection, company, "carrying_out", limit=DISMISSALS_PER_RUN, remedy=remedy)
        chains = {decision.id: effects.of_decision(connection, company, decision.id) for decision in waiting}
    settled = [decision for decision in waiting if not any(effect.state in OPEN_STATES for effect in chains[decision.id])]
    done = [effect for decision in settled for effect in chains[decision.id] if effect.state is EffectState.DONE]
    ids = {effect.write.receipt_id for effect in done if isinstance(effect.write, ApplyReceipt)}
    receipts = desk.books.receipts(ids) if ids else {}
    with desk.work() as work:
        for decision in settled:
            missing = [words for effect in chains[decision.id] if (words := _not_applied(effect, receipts))]
            outcome = f"the receipt was not applied: {missing[0]}" if missing else "the proof is applied to the invoices"
            if decisions.move(work, decision, "failed" if missing else "done", outcome=outcome) and decision.failure_id:
                outbox.want(work, "failure", decision.failure_id)


def _not_applied(effect: StoredEffect, receipts: Mapping[str, Receipt | Gone]) -> str:
    """Why a receipt is not applied as was wanted, or ""."""
    if not isinstance(effect.write, ApplyReceipt) or effect.state is not EffectState.DONE:
        return effect.outcome_message or "the books changed meanwhile"
    receipt = receipts.get(effect.write.receipt_id)
    if not isinstance(receipt, Receipt) or receipt.voided:
        return "it is no longer in the books"
    applied = all(receipt.applied_to(line.invoice_id) >= line.amount_minor for line in effect.write.lines)
    return "" if applied else "the books took it but did not apply all of it"


def _compare(work: Work, read: Sequence[_ReadBack], counts: VerificationCounts) -> None:
    """The payments verified, or failed; of those verified it is kept how their receipts were found."""
    moved = payments.move_many(work, [found.move for found in read])
    here = [found for found in read if found.stored.number in moved]
    verified, differing = [found for found in here if not found.code], [found for found in here if found.code]
    failures.open_many(work, [Opening(found.stored.payment, found.code, message=found.words) for found in differing])
    attempts.turned_out_failed(
        work, [Attempted(found.stored.payment, failed=True, code=found.code, message=found.words) for found in differing]
    )
    effects.take_up(work, {effect_id: receipt for found in verified for effect_id, receipt in found.receipts.items()})
    attempts.landed_after_all(work, [found.stored.number for found in verified])
    failed = failures.open_of_many(work.connection, work.company, [found.stored.number for found in verified])
    for found in verified:
        failure = failed.get(found.stored.number)
        if failure is not None:
            by, resolution = _who_resolved(work, found.stored, failure.id)
            failures.resolve(work, failure, resolution=resolution, by=by)
    counts.verified += len(verified)
    counts.differing += len(differing)


def _who_resolved(work: Work, stored: StoredPayment, failure_id: str) -> tuple[str, str]:
    """The person whose decision led here, or nobody when it landed after all."""
    for decision in reversed(decisions.of_payment(work.connection, work.company, stored.number)):
        if decision.failure_id == failure_id and decision.state in ("done", "carrying_out"):
            return decision.requested_by, "carried_out"
    return "", "landed"
