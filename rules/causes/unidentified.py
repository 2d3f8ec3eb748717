"""What is said when no single cause explains a payment: all the facts, and a remedy that can do no harm."""

from __future__ import annotations

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import BindingProblem, Evidence
from receivables.words import Words, plain
from rules import fact_kinds, observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.kinds import kind
from rules.obstacles import obstacles
from rules.reading import CustomerState, Reading
from rules.rule import Matched, rule
from rules.situations import other_money

#: Problems of an allocation that leave open whose money it is.
NOBODY = (BindingProblem.SEVERAL_CUSTOMERS, BindingProblem.NO_SUCH_CUSTOMER)
WHY_AT_MOST = 500


@kind
def diagnosis_failed(fact: Fact, words: Words, *, why: str) -> str:
    return f"the diagnosis did not end: {plain(why, WHY_AT_MOST)}"


@rule(Cause.UNIDENTIFIED, when=(), certain=None)
def unidentified(reading: Reading, matched: Matched) -> Finding:
    """No rule explains the whole payment, or several things are wrong that no one remedy fixes.

    Shows as: a payment that does not fit, with facts that point in no or in several directions.
    Happens when: none of the causes above fits the whole payment.
    Remedy: recreate the receipt (apply what fits, keep the rest on account) while the failure is isolated, every read
    succeeded, nothing of ours is or may be in the books, and no receipt by hand may be this money; otherwise escalate.
    Where a receipt by hand is other money, say so; then ours is recorded. Retry where everything fits by now.
    Prevention: none that is known; where it happens again and again, tell us, because then it has a cause of its own.
    Not to be confused with: a certain cause. Whoever decides sees every fact.
    """
    because = observations.everything(reading)
    if not obstacles(reading):
        return matched.finding(Remedy.RETRY, Remedy.DISMISS, Remedy.ESCALATE, because=(fact_kinds.fits_now(), *because))
    if reading.evidence.isolated and _harmless(reading):
        return matched.finding(Remedy.RECREATE_RECEIPT, Remedy.DISMISS, Remedy.RETRY, Remedy.ESCALATE, because=because)
    other = other_money(reading, reading.suspects) if reading.may_post else ()
    return matched.finding(Remedy.ESCALATE, *other, Remedy.DISMISS, Remedy.RETRY, because=because)


def _harmless(reading: Reading) -> bool:
    """Recording a receipt now cannot double this payment, and it is clear for whom."""
    clear = all(line.flaw is not Flaw.UNREAD and line.source.problem not in NOBODY for line in reading.lines)
    evidence = reading.evidence
    doubled = evidence.unread or evidence.vanished or reading.suspects
    return clear and not doubled and reading.may_post and reading.customer is CustomerState.READY


def fits_again(evidence: Evidence) -> Diagnosis:
    """The payment fits again: somebody fixed it in the books."""
    finding = Finding(Cause.UNIDENTIFIED, "fits_now", Remedy.RETRY, Confidence.CERTAIN)
    return Diagnosis(finding, payment=observations.the_payment(evidence.payment))


def not_diagnosed(evidence: Evidence, why: str) -> Diagnosis:
    """The rules could not judge the payment, and a person must look."""
    label = f"payment {plain(evidence.payment.transaction_number)}"
    finding = Finding(
        Cause.UNIDENTIFIED,
        "diagnosis_failed",
        Remedy.ESCALATE,
        Confidence.UNIDENTIFIED,
        alternatives=(Remedy.DISMISS, Remedy.RETRY),
        because=(diagnosis_failed(label, Stamp("", evidence.taken_at), why=why),),
    )
    return Diagnosis(
        finding,
        not_checked=(fact_kinds.unchecked(what="everything: the rules engine did not finish"),),
        payment=observations.the_payment(evidence.payment),
    )


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding, number = diagnosis.primary, phrases.transaction(diagnosis)
    if finding.rule == "fits_now":
        return f"Payment {number} fits again; it was fixed in the books."
    if finding.rule == "diagnosis_failed":
        return f"Payment {number} could not be diagnosed by the rules; a person must look at it in the books."
    amount = phrases.amount(diagnosis, words)
    if finding.facts("fits_now"):
        return f"Everything is open now, and the payment of {amount} would fit as it is."
    not_all = " Not everything could be read." if finding.facts("not_read") else ""
    said = phrases.told(_wrong(finding), words) or "Nothing that was read explains it."
    return f"No single cause explains this payment of {amount}. {said}{not_all}"


def _wrong(finding: Finding) -> list[Fact]:
    """Our receipts, the customer, receipts that may be this money, and invoices that do not fit."""
    fits = {fact.document for fact in finding.facts("invoice_open")}
    entered = [fact for fact in finding.facts("receipt_by_hand") if fact.value("suspect")]
    ours = finding.facts("receipt_ours", "customer_unknown", "customer_unread", "customer_merged", "customer_inactive")
    invoices = [
        fact
        for fact in finding.because
        if fact.fact.startswith(("invoice_", "credit_applied_", "receipt_of_other_"))
        and fact.document not in fits
        and fact.text("invoice") not in fits
    ]
    return [*ours, *entered, *invoices]


CAUSE = CauseFile(Cause.UNIDENTIFIED, title="Not identified", rules=(unidentified,), sentence=sentence)
