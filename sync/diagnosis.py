"""New evidence is diagnosed: the payment goes back to be posted, or a person is told why it failed and what may be done.

Reads: open failures with evidence that was not diagnosed yet. Leaves: cause, remedy, alternatives and the facts they rest
on; or the payment among the received again, when it was fixed in the books. Never: the engine's error, or its
crash, as a diagnosis: such a payment is left to a person and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import rules
from receivables.books_records import Invoice, Receipt
from receivables.diagnosis import Diagnosis
from receivables.effects import facts_of
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from receivables.payment import Bucket, FeedStatus, PaymentState
from storage import diagnoses, effects, failures, kept_evidence, payments
from storage.diagnoses import Begun
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.work import Work
from sync import incidents, money_back, taking_up, verification
from sync.desk import Desk

FAILURES_PER_BATCH = 100
ABANDONED_AFTER = timedelta(seconds=60)  # a diagnosis takes milliseconds; one this old took its process with it


@dataclass
class DiagnosisCounts:
    put_right: int = 0
    diagnosed: int = 0
    left_to_person: int = 0


def run_once(desk: Desk) -> DiagnosisCounts:
    """Diagnoses everything new, one failure at a time, each attempt committed before the engine runs."""
    counts = DiagnosisCounts()
    _leave_abandoned(desk, counts)
    while True:
        with desk.db.read() as connection:
            batch = diagnoses.wanted(connection, desk.company.id, limit=FAILURES_PER_BATCH)
            evidence = kept_evidence.by_ids(connection, desk.company.id, [found.evidence_id or "" for found in batch])
            stored = payments.by_numbers(connection, desk.company.id, failures.transaction_numbers(batch))
        ended: _Ended | None = None
        for found in batch:
            of_it = _Read(found, stored[found.transaction_number], evidence[found.evidence_id or ""])
            ended = _diagnose(desk, of_it, ended, counts)
        if ended is not None:
            with desk.work() as work:
                ended.keep(work)
        if len(batch) < FAILURES_PER_BATCH:
            return counts


@dataclass(frozen=True)
class _Read:
    """A failure with its payment and the evidence to diagnose."""

    found: StoredFailure
    stored: StoredPayment
    evidence: Evidence


@dataclass(frozen=True)
class _Ended:
    """A diagnosis that the engine ended, and that is not kept yet."""

    attempt: Begun
    diagnosis: Diagnosis
    sentence: str
    root: str
    crashed: bool

    def keep(self, work: Work) -> None:
        diagnoses.end(work, self.attempt, self.diagnosis, sentence=self.sentence, root=self.root, crashed=self.crashed)


def _diagnose(desk: Desk, read: _Read, before: _Ended | None, counts: DiagnosisCounts) -> _Ended | None:
    """Diagnoses one failure; what ended before it is kept with its beginning. Returns what is to be kept next."""
    evidence, fits = read.evidence, _fits(read)
    with desk.work() as work:
        if before is not None:
            before.keep(work)
        attempt = diagnoses.begin(work, read.found)
        put_right = fits and _put_right(work, read, attempt)
    if put_right:
        counts.put_right += 1
        return None
    failpoint("diagnosis.after_attempt")
    try:
        diagnosis, failed = desk.diagnose(evidence), False
    except rules.EngineFailed as error:
        diagnosis, failed = rules.not_diagnosed(evidence, str(error)), True
    if failed:
        counts.left_to_person += 1
    else:
        counts.diagnosed += 1
    sentence, root = rules.sentence(diagnosis, desk.company.words), incidents.root_of(diagnosis, evidence)
    return _Ended(attempt, diagnosis, sentence, root, failed)


def _fits(read: _Read) -> bool:
    """Whether the books may hold the payment as meant by now, or take it; the database is not asked."""
    stored, evidence = read.stored, read.evidence
    if stored.state is not PaymentState.FAILED or stored.bucket is Bucket.UNKNOWN:
        return False
    if evidence.payment.status is not FeedStatus.PAID:
        return rules.money_gone(evidence).settled
    if read.found.held:
        return False
    if evidence.posted:
        return not rules.awaits_decision(evidence)
    return _can_be_taken_up(read) or not rules.obstacles(evidence)


def _can_be_taken_up(read: _Read) -> bool:
    """Whether our receipt is there and unknown to our rows. What could not be taken up when it was checked is a person's."""
    found, evidence = read.found, read.evidence
    return found.opened_because != rules.InTheWay.ALREADY_POSTED and taking_up.generation_in_books(evidence) is not None


def _put_right(work: Work, read: _Read, attempt: Begun) -> bool:
    """Whether the books now take the payment, or already hold it, as meant; then nobody needs to decide."""
    found, stored, evidence = read.found, read.stored, read.evidence
    if evidence.payment.status is not FeedStatus.PAID:
        if not money_back.settle(work, stored, found, rules.money_gone(evidence)):
            return False
        diagnoses.end(work, attempt, rules.settled(evidence))
        return True
    before = kept_evidence.before(work.connection, found, found.evidence_id or "")
    if evidence.posted:
        state, bucket = PaymentState.POSTED, Bucket.IN_FLIGHT
        if not _stands_as_meant(work, stored, evidence):
            return False
    else:
        state, bucket = PaymentState.RECEIVED, Bucket.TO_DO
        if not _can_be_taken_up(read) and _refused_just_now(evidence, before):
            return False
    by = _who_changed(evidence, before)
    if not failures.resolve(work, found, resolution="put_right", by=by):
        return False
    payments.move(work, stored, state, bucket, action="payment.put_right", body={"by": by})
    diagnoses.end(work, attempt, rules.fits_again(evidence))
    return True


def _stands_as_meant(work: Work, stored: StoredPayment, evidence: Evidence) -> bool:
    chain = effects.of_payments(work.connection, work.company, [stored.number])[stored.number]
    receipts = {part.document_id: part.receipt for part in evidence.posted if part.receipt is not None}
    customers = verification.customers_of_moved(work.connection, work.company, [chain], receipts)
    code, _ = verification.difference(stored, chain, receipts, customers)
    reading = rules.read(evidence)
    return not (code or reading.doubled or reading.repeated)


def _refused_just_now(evidence: Evidence, before: Evidence | None) -> bool:
    """The books refused although nothing seems in the way: only a change since then is worth another try."""
    if evidence.refusal is None:
        return False
    return before is None or before.refusal is None or before.refusal.code != evidence.refusal.code


def _who_changed(evidence: Evidence, before: Evidence | None) -> str:
    """The person who last changed, in the books, the documents that now look different; "" where the books do not tell."""
    old = {line.line: line.invoice for line in before.lines} if before else {}
    stamps = []
    for line in evidence.lines:
        earlier = old.get(line.line)
        if isinstance(line.invoice, Invoice) and (earlier is None or facts_of(earlier) != facts_of(line.invoice)):
            stamps.append(line.invoice.changed)
    stamps += [part.receipt.changed for part in evidence.posted if isinstance(part.receipt, Receipt)]
    return max(stamps, key=lambda stamp: stamp.at).person if stamps else ""


def _leave_abandoned(desk: Desk, counts: DiagnosisCounts) -> None:
    """Diagnoses whose process died with them are not tried again: their evidence may be what killed it."""
    with desk.work() as work:
        connection, company = work.connection, work.company
        for attempt in diagnoses.begun_before(connection, company, work.at - ABANDONED_AFTER):
            found = failures.get(connection, company, attempt.failure_id)
            if found.evidence_id is None:
                continue
            evidence = kept_evidence.get(connection, company, found.evidence_id)
            left = rules.not_diagnosed(evidence, "the process ended while it was running")
            sentence = rules.sentence(left, desk.company.words)
            diagnoses.end(work, attempt, left, sentence=sentence, crashed=True)
            counts.left_to_person += 1
