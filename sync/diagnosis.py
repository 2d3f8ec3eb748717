"""New evidence is judged: the payment goes back to be posted, or a person is told why it failed and what may be done.

Reads: open failures with evidence that nobody judged yet. Leaves: cause, remedy, alternatives and the facts they rest
on; or the payment among the received again, when it was put right in the books. Never: the engine's error, or its
crash, as a diagnosis: such a payment is left to a person and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from receivables.books_records import Invoice, Receipt
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.effects import facts_of
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from receivables.payment import Bucket, PaymentState
from rules import EngineFailed
from storage import effects, failures, payments
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from sync import incidents, judging, verification
from sync.desk import Desk

FAILURES_PER_BATCH = 100
ABANDONED_AFTER = timedelta(seconds=60)  # a diagnosis takes milliseconds; one this old took its process with it


@dataclass
class DiagnosisCounts:
    put_right: int = 0
    diagnosed: int = 0
    left_to_person: int = 0


def run_once(desk: Desk) -> DiagnosisCounts:
    """Judges everything new, one failure at a time, each attempt committed before the engine runs."""
    counts = DiagnosisCounts()
    _leave_abandoned(desk, counts)
    while True:
        with desk.db.read() as connection:
            batch = failures.undiagnosed(connection, desk.company.id, limit=FAILURES_PER_BATCH)
        for found in batch:
            _judge(desk, found, counts)
        if len(batch) < FAILURES_PER_BATCH:
            return counts


def _judge(desk: Desk, found: StoredFailure, counts: DiagnosisCounts) -> None:
    with desk.db.work() as connection:
        evidence = failures.evidence(connection, desk.company.id, found.evidence_id or "")
        before = failures.evidence_before(connection, found, found.evidence_id or "")
        attempt = failures.begin_diagnosis(connection, desk.ids, found, desk.clock.now())
        put_right = _put_right(connection, desk, found, evidence, before, attempt)
    if put_right:
        counts.put_right += 1
        return
    failpoint("diagnosis.after_attempt")
    try:
        diagnosis, failed = desk.diagnose(evidence), False
    except EngineFailed as error:
        diagnosis, failed = _for_a_person(evidence, str(error)), True
    with desk.db.work() as connection:
        failures.end_diagnosis(
            connection,
            desk.ids,
            desk.company.id,
            attempt,
            found.id,
            diagnosis,
            at=desk.clock.now(),
            crashed=failed,
            root=incidents.root_of(diagnosis, evidence),
        )
    if failed:
        counts.left_to_person += 1
    else:
        counts.diagnosed += 1


def _put_right(
    connection: Connection, desk: Desk, found: StoredFailure, evidence: Evidence, before: Evidence | None, attempt: str
) -> bool:
    """Whether the books now take the payment, or already hold it, as meant; then nobody needs to decide."""
    stored = payments.find(connection, desk.company.id, found.transaction_number)
    if stored is None or stored.state is not PaymentState.FAILED or stored.bucket is Bucket.UNKNOWN or found.held:
        return False
    if evidence.posted:
        state, bucket = PaymentState.POSTED, Bucket.IN_FLIGHT
        if not _stands_as_meant(connection, desk, stored, evidence):
            return False
    else:
        state, bucket = PaymentState.RECEIVED, Bucket.TO_DO
        if judging.obstacles(evidence) or _refused_just_now(evidence, before):
            return False
    at, by = desk.clock.now(), _who_changed(evidence, before)
    if not failures.resolve(connection, desk.ids, found, resolution="put_right", by=by, at=at, actor="sync"):
        return False
    payments.move(connection, stored, state, bucket, at=at, actor="sync", action="payment.put_right", body={"by": by})
    failures.end_diagnosis(connection, desk.ids, desk.company.id, attempt, found.id, _fits(evidence), at=at)
    return True


def _stands_as_meant(connection: Connection, desk: Desk, stored: StoredPayment, evidence: Evidence) -> bool:
    chain = effects.of_payments(connection, desk.company.id, [stored.number])[stored.number]
    receipts = {part.document_id: part.receipt for part in evidence.posted if part.receipt is not None}
    code, _ = verification.difference(stored, chain, receipts)
    return not code and len(evidence.receipts) <= len(evidence.posted) + sum(
        1 for one in evidence.receipts if not one.this_payment
    )


def _refused_just_now(evidence: Evidence, before: Evidence | None) -> bool:
    """The books refused although nothing seems in the way: only a change since then is worth another try."""
    if evidence.refusal is None:
        return False
    return before is None or before.refusal is None or before.refusal.code != evidence.refusal.code


def _who_changed(evidence: Evidence, before: Evidence | None) -> str:
    """Whoever in the books last touched the documents that now look different; "" where the books do not tell."""
    old = {line.line: line.invoice for line in before.lines} if before else {}
    stamps = []
    for line in evidence.lines:
        earlier = old.get(line.line)
        if isinstance(line.invoice, Invoice) and (earlier is None or facts_of(earlier) != facts_of(line.invoice)):
            stamps.append(line.invoice.changed)
    stamps += [part.receipt.changed for part in evidence.posted if isinstance(part.receipt, Receipt)]
    return max(stamps, key=lambda stamp: stamp.at).person if stamps else ""


def _fits(evidence: Evidence) -> Diagnosis:
    sentence = f"Payment {evidence.payment.transaction_number} fits again; it was put right in the books."
    finding = Finding(Cause.UNIDENTIFIED, "fits_now", Remedy.RETRY, Confidence.CERTAIN)
    return Diagnosis(finding, sentence)


def _for_a_person(evidence: Evidence, why: str) -> Diagnosis:
    number = evidence.payment.transaction_number
    fact = Fact("diagnosis_failed", f"payment {number}", f"The diagnosis did not end: {why}"[:500], at=evidence.taken_at)
    finding = Finding(
        Cause.UNIDENTIFIED,
        "diagnosis_failed",
        Remedy.ESCALATE,
        Confidence.UNIDENTIFIED,
        alternatives=(Remedy.DISMISS, Remedy.RETRY),
        because=(fact,),
    )
    sentence = f"Payment {number} could not be diagnosed by the rules; a person must look at it in the books."
    return Diagnosis(finding, sentence, not_checked=("everything: the rules engine did not finish",))


def _leave_abandoned(desk: Desk, counts: DiagnosisCounts) -> None:
    """Diagnoses whose process died with them are not tried again: their evidence may be what killed it."""
    now = desk.clock.now()
    with desk.db.work() as connection:
        for attempt, failure_id in failures.begun_before(connection, desk.company.id, now - ABANDONED_AFTER):
            found = failures.get(connection, desk.company.id, failure_id)
            evidence = failures.evidence(connection, desk.company.id, found.evidence_id) if found.evidence_id else None
            if evidence is None:
                continue
            failures.end_diagnosis(
                connection,
                desk.ids,
                desk.company.id,
                attempt,
                failure_id,
                _for_a_person(evidence, "the process ended while it was running"),
                at=now,
                crashed=True,
            )
            counts.left_to_person += 1
