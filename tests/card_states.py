"""Makers of every state of a card: what each message and modal is drawn from, without a database or Slack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from card_people import PEOPLE
from evidence_makers import LATER, a_credit, a_customer, a_line, a_receipt, an_evidence, an_invoice, cases, evidence_of
from makers import a_company

import rules
from accounting.quickbooks.description import addresses
from bot.called import called, names_of
from bot.cards import Message, failure_card
from bot.modals import Shown, resolve_modal
from bot.presses import CHANGED
from bot.several import choosing, preview
from bot.text import Block
from receivables.books_records import Gone, InvoiceStatus, ReceiptLine, Stamp
from receivables.corrections import Correction
from receivables.diagnosis import Diagnosis, Fact, Remedy
from receivables.effects import EffectKind, EffectState, ReceiptWrite
from receivables.evidence import BindingProblem, Evidence, Kin, NearCustomer, NearInvoice, PostedPart, ReceiptEvidence
from receivables.payment import Allocation, Bucket, FeedStatus, Payment, PaymentState
from receivables.reversals import Reversal
from receivables.two_people import TwoPeople
from storage.cards import CardFacts
from storage.care import Care
from storage.decisions import StoredDecision
from storage.effects import StoredEffect
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.receipt_claims import Proof

COMPANY = a_company()
WORDS = COMPANY.words
#: A company whose books are in QuickBooks; the others keep theirs where documents have no page of their own.
QUICKBOOKS = replace(COMPANY, package="QuickBooks", documents={"receipt": "QuickBooks payment"})
COMPANIES = {"in-quickbooks": QUICKBOOKS}  # by state
NAMES = names_of(PEOPLE)
FOUND_AT = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
DECIDED_AT = FOUND_AT + timedelta(hours=1)
FAILURE_ID = "f" * 26
STAMPED = Stamp("dana", LATER)  # who did it, and when
DECISION_ID = "d" * 26
EVIDENCE_ID = "e" * 26
NOTHING = an_evidence(lines=(a_line(invoice=an_invoice()),))


def an_offer_id(remedy: Remedy) -> str:
    """26 characters that name nothing, another one for each remedy."""
    return chr(ord("a") + list(Remedy).index(remedy)) * 26


def a_stored_payment(payment: Payment, *, bucket: Bucket = Bucket.WAITING_PERSON, hidden_by: str | None = None) -> StoredPayment:
    return StoredPayment(payment, PaymentState.FAILED, bucket, 1, 3, 0, FOUND_AT, "payments.csv", hidden_by=hidden_by)


def a_failure(
    payment: Payment,
    diagnosis: Diagnosis | None,
    *,
    about: str = "payment",
    resolution: str | None = None,
    resolved_by: str = "",
    evidence_id: str | None = EVIDENCE_ID,
) -> StoredFailure:
    primary = diagnosis.primary if diagnosis else None
    return StoredFailure(
        company="acme",
        id=FAILURE_ID,
        transaction_number=payment.transaction_number,
        about=about,
        state="resolved" if resolution else "open",
        cause=primary.cause if primary else None,
        remedy=primary.remedy if primary else None,
        diagnosis=diagnosis,
        opened_because="does_not_fit",
        refusal_code="",
        refusal_message="",
        evidence_id=evidence_id,
        held=False,
        opened_at=FOUND_AT,
        changed_at=FOUND_AT,
        resolved_at=DECIDED_AT if resolution else None,
        resolution=resolution,
        resolved_by=resolved_by,
        incident_id=None,
        version=2,
    )


def a_decision(
    remedy: Remedy,
    state: str,
    *,
    outcome: str = "",
    reason: str = "",
    approved_by: str | None = None,
    by: str = "sam",
    **options: object,
) -> StoredDecision:
    return StoredDecision(
        company="acme",
        id=DECISION_ID,
        failure_id=FAILURE_ID,
        transaction_number="TXN-1",
        remedy=remedy,
        requested_by=by,
        requested_at=DECIDED_AT,
        approved_by=approved_by,
        approved_at=DECIDED_AT if approved_by else None,
        channel="slack",
        os_account="",
        reason=reason,
        options=options,
        amount_minor=50_000,
        currency="USD",
        evidence_id=EVIDENCE_ID,
        state=state,
        outcome=outcome,
        changed_at=DECIDED_AT,
    )


def a_done_receipt(payment: Payment, *, on_account_minor: int = 0, invoice_id: str = "i-1042") -> StoredEffect:
    line = ReceiptLine(invoice_id, payment.amount_minor - on_account_minor)
    write = ReceiptWrite("c-hooli", payment.currency, payment.amount_minor, date(2026, 3, 3), "card", "TXN-1", "", "", (line,))
    return StoredEffect(
        id="g" * 26,
        company="acme",
        transaction_number=payment.transaction_number,
        kind=EffectKind.RECEIPT,
        part=1,
        generation=1,
        key="k",
        marker="m",
        write=write,
        expects={},
        attended=True,
        facts_read_at=FOUND_AT,
        state=EffectState.DONE,
        fence=1,
        sendings=1,
        deadline_at=None,
        next_at=FOUND_AT,
        after_id=None,
        compensates_id=None,
        decision_id=DECISION_ID,
        dispatch_id=None,
        document_id="R1057",
        document_version="1",
        outcome_code="",
        outcome_message="",
        planned_at=DECIDED_AT,
        settled_at=DECIDED_AT,
    )


def a_card(
    evidence: Evidence,
    *,
    diagnosis: Diagnosis | None = None,
    decision: StoredDecision | None = None,
    resolution: str | None = None,
    resolved_by: str = "",
    receipts: Sequence[StoredEffect] = (),
    proofs: Sequence[Proof] = (),
    bucket: Bucket = Bucket.WAITING_PERSON,
    hidden_by: str | None = None,
) -> CardFacts:
    """The card of a payment with this evidence, diagnosed by the rules unless a diagnosis is given."""
    failure = a_failure(evidence.payment, diagnosis or rules.diagnose(evidence), resolution=resolution, resolved_by=resolved_by)
    offers = {remedy: an_offer_id(remedy) for remedy in failure.offered}
    stored = a_stored_payment(evidence.payment, bucket=bucket, hidden_by=hidden_by)
    return CardFacts(failure, stored, evidence, decision, receipts, proofs, offers, 1)


# --- evidence whose figures are known ---------------------------------------------------------------------------------


def credited() -> Evidence:
    """$500.00 paid on an invoice that a credit memo of $120.00 left with $380.00 open."""
    return an_evidence(lines=(a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(applied=Stamp("erin", LATER)),)),))


def credited_twice_paid_twice() -> Evidence:
    """Two allocations, $300.00 and $100.00, on one invoice of $450.00 with two credit memos: $200.00 is open."""
    credits = (a_credit(id="a-1", amount_minor=15_000), a_credit(id="a-2", memo="CM-78", amount_minor=10_000))
    invoice = an_invoice(total_minor=45_000, open_minor=20_000)
    lines = tuple(
        a_line(line=place, amount_minor=amount, invoice=invoice, credits=credits) for place, amount in enumerate((30_000, 10_000))
    )
    return an_evidence(lines=lines)


def recreated(*, made_again: int = 1) -> Evidence:
    """An invoice deleted and recreated with $620.00 open, once or several times."""
    gone = Gone("invoice", "i-1042", Stamp("dana", LATER), "1042")
    new = tuple(
        an_invoice(id=f"i-new-{place}", open_minor=62_000, total_minor=62_000, created=Stamp("frank", LATER))
        for place in range(made_again)
    )
    return an_evidence(lines=(a_line(invoice=gone, successors=new),))


def in_quickbooks(evidence: Evidence) -> Evidence:
    """The same, read in QuickBooks, where each document has its page."""
    return replace(evidence, settings=replace(evidence.settings, addresses=addresses("production", "9341")))


def short() -> Evidence:
    """$500.00 paid on an invoice with $400.00 open, for no reason that can be read."""
    return an_evidence(lines=(a_line(invoice=an_invoice(open_minor=40_000)),))


def half_voided() -> Evidence:
    """$500.00 paid: $300.00 on an invoice that was voided, $200.00 on one that is open with $250.00."""
    voided = a_line(amount_minor=30_000, invoice=an_invoice(open_minor=0, status=InvoiceStatus.VOIDED))
    opened = an_invoice(id="i-1043", number="1043", open_minor=25_000)
    return an_evidence(lines=(voided, a_line(line=1, amount_minor=20_000, invoice=opened, number="1043")))


def entered_by_hand() -> Evidence:
    """The receipt is already there, with the transaction number."""
    receipt = a_receipt(reference="TXN-1001", lines=(("i-1042", 50_000),))
    line = a_line(invoice=an_invoice(open_minor=0, status=InvoiceStatus.PAID))
    return an_evidence(lines=(line,), receipts=(ReceiptEvidence(receipt, ours=False, this_payment=False),))


def paid_by_check_as_well() -> Evidence:
    """A check of the same amount is applied to the invoice: the customer may have paid twice."""
    lines = (("i-1042", 50_000),)
    check = replace(a_receipt(method="Check", reference="8841", lines=lines, deposit="D-12"), deposit_account="Undeposited Funds")
    line = a_line(invoice=an_invoice(open_minor=0, status=InvoiceStatus.PAID))
    return an_evidence(lines=(line,), receipts=(ReceiptEvidence(check, ours=False, this_payment=False),))


def entered_in_two() -> Evidence:
    """Two receipts with the number, $200.00 and $300.00, both unapplied; nobody knows who made the second."""
    first = a_receipt(id="r-70", amount_minor=20_000, reference="TXN-1001 1/2")
    second = a_receipt(id="r-71", amount_minor=30_000, reference="TXN-1001 2/2", created=Stamp("", LATER))
    receipts = tuple(ReceiptEvidence(receipt, ours=False, this_payment=False) for receipt in (first, second))
    return an_evidence(lines=(a_line(invoice=an_invoice()),), receipts=receipts)


def spelled_otherwise(*, candidates: int = 1) -> Evidence:
    """The books have the invoice with leading zeros, once or several times."""
    near = [an_invoice(number=f"{'0' * more}1042", id=f"i-{more}") for more in range(1, candidates + 1)]
    found = tuple(NearInvoice(invoice, a_customer(), Kin.SAME) for invoice in near)
    return an_evidence(lines=(a_line(problem=BindingProblem.NO_SUCH_INVOICE, near=found),))


def of_two_of_one_name() -> Evidence:
    """Two customers are called as the payment says, and neither has the invoice."""
    two = tuple(NearCustomer(a_customer(id=id), Kin.NAMESAKE) for id in ("c-1", "c-2"))
    evidence = an_evidence(lines=(a_line(problem=BindingProblem.SEVERAL_CUSTOMERS),), without_customer=True)
    return replace(evidence, near_customers=two)


def named_by_a_person() -> CardFacts:
    """Another customer's invoice that nothing led to, named by a person: a second one must agree."""
    evidence = an_evidence(lines=(a_line(problem=BindingProblem.NO_SUCH_INVOICE),))
    initech, invoice = a_customer(id="c-9", name="Initech"), an_invoice(number="7001", customer_id="c-9")
    two = "It is another customer's money then, so it takes two people."
    asked = a_decision(Remedy.MATCH, "waiting_approval", outcome=two, to_invoice=["7001"])
    return replace(a_card(evidence, decision=asked), named=(invoice, initech))


def swallowed(
    *, open_minor: int, applied_minor: int = 38_000, on_account_minor: int = 0, elsewhere: tuple[tuple[str, int], ...] = ()
) -> Evidence:
    """Our receipt of $500.00 applied by `applied_minor` only; `on_account_minor` of it was meant to stay on account."""
    here = (("i-1042", applied_minor),) if applied_minor else ()
    receipt = a_receipt(id="r-9", lines=(*here, *elsewhere))
    meant = 50_000 - on_account_minor
    part = PostedPart(1, 1, EffectState.DONE, 50_000, on_account_minor, "r-9", receipt, lines=(("i-1042", meant),))
    line = a_line(amount_minor=meant, invoice=an_invoice(open_minor=open_minor))
    ours = ReceiptEvidence(receipt, ours=True, this_payment=True)
    return an_evidence(lines=(line,), posted=(part,), receipts=(ours,), amount_minor=50_000)


def blocked() -> CardFacts:
    """The diagnosis knows the remedy, but the books would not let it be carried out."""
    facts = a_card(credited())
    assert facts.failure.diagnosis is not None
    primary = replace(
        facts.failure.diagnosis.primary,
        blocked=Fact("said", said="The period of the credit memo is closed."),
        alternatives=(Remedy.RETRY, Remedy.DISMISS),
    )
    return a_card(credited(), diagnosis=replace(facts.failure.diagnosis, primary=primary))


def contradicted(resolution: str | None = None, state: PaymentState = PaymentState.FAILED) -> CardFacts:
    """The feed brings a known transaction number again, of another customer and amount."""
    again = replace(NOTHING.payment, customer="Hooli Group", amount_minor=55_000, allocations=(Allocation(55_000, "1043"),))
    sent = (PostedPart(1, 1, EffectState.DONE, 50_000, 0, "r-9"),) if state is PaymentState.VERIFIED else ()
    evidence = replace(NOTHING, correction=Correction(again, "payments.csv", "sam"), posted=sent)
    failure = a_failure(
        NOTHING.payment, rules.corrected(evidence, state), about="correction", resolution=resolution,
        resolved_by="dana" if resolution else "",
    )  # fmt: skip
    offers = {remedy: an_offer_id(remedy) for remedy in failure.offered}
    held = again if resolution == "carried_out" else NOTHING.payment
    return CardFacts(failure, a_stored_payment(held), evidence, None, (), (), offers, 1)


def given_back(resolution: str | None = None, decision: StoredDecision | None = None, *, able: bool = True) -> CardFacts:
    """A part of our receipt was refunded; these books record it at our order where they are `able`."""
    evidence = swallowed(open_minor=0, applied_minor=50_000)
    refunded = replace(evidence.payment, refunded_minor=5_000)
    evidence = replace(
        evidence,
        payment=refunded,
        able=(EffectKind.RECORD_RETURN,) if able else (),
        beside=(Reversal(FeedStatus.REFUNDED, FOUND_AT, 5_000),),
    )
    return _of_the_feed(evidence, rules.gave_back_partly(refunded, (), FOUND_AT, WORDS, posted=True), resolution, decision)


def out_twice() -> CardFacts:
    """A payment that was refunded is charged back as well."""
    twice = (Reversal(FeedStatus.REFUNDED, FOUND_AT, 50_000), Reversal(FeedStatus.CHARGED_BACK, DECIDED_AT, 50_000))
    evidence = replace(NOTHING, beside=())
    return _of_the_feed(evidence, rules.went_out_twice(NOTHING.payment, twice, FOUND_AT, WORDS))


def waiting_for_a_dispute() -> CardFacts:
    """Dana left the receipt in place while the dispute is open."""
    facts = a_card(of_case("the dispute is open"), decision=a_decision(Remedy.WAIT, "done", by="dana"))
    until = FOUND_AT + timedelta(days=90)
    held = Care("acme", FAILURE_ID, snoozed_until=until, snoozed_by="dana", snoozed_cause=facts.failure.cause)
    return replace(facts, care=held, is_snoozed=True)


def _of_the_feed(
    evidence: Evidence, diagnosis: Diagnosis, resolution: str | None = None, decision: StoredDecision | None = None
) -> CardFacts:
    by = "dana" if resolution else ""
    failure = a_failure(evidence.payment, diagnosis, about="intake", resolution=resolution, resolved_by=by)
    offers = {remedy: an_offer_id(remedy) for remedy in failure.offered}
    return CardFacts(failure, a_stored_payment(evidence.payment), evidence, decision, (), (), offers, 1)


def of_every_cause() -> dict[str, Evidence]:
    """For each cause that the rules diagnose, the first case of its file that fires it."""
    found: dict[str, Evidence] = {}
    for file, case in cases():
        if case.get("fires") and file not in found:
            found[file] = evidence_of(case)
    return found


# --- every state ------------------------------------------------------------------------------------------------------


def card_states() -> dict[str, CardFacts]:
    """What a failure's card can look like, by name."""
    states = {"found": just_found()}
    states |= {
        f"cause-{name.replace('_', '-')}": a_card(evidence)
        for name, evidence in of_every_cause().items()
        if name != "outcome_unknown"
    }
    states |= {
        "blocked": blocked(),
        "several-successors": a_card(recreated(made_again=3)),
        "in-an-incident": in_an_incident(),
        "reverse-write-off": a_card(of_case("a write-off is reversed where the books let us")),
        "in-quickbooks": a_card(in_quickbooks(swallowed(open_minor=12_000))),
        "not-isolated": a_card(replace(short(), isolated=False)),
        "cause-outcome-unknown": a_card(NOTHING, diagnosis=unknown_outcome(), bucket=Bucket.UNKNOWN),
        "paid-by-check-as-well": a_card(paid_by_check_as_well()),
        "feed-corrects": contradicted(),
        "feed-corrects-what-is-posted": contradicted(state=PaymentState.VERIFIED),
        "correction-taken": contradicted("carried_out"),
        "correction-dismissed": contradicted("dismissed"),
        "partly-refunded": given_back(),
        "partly-refunded-to-name": given_back(able=False),
        "partly-refunded-waiting": given_back(
            decision=a_decision(Remedy.RECORD_RETURN, "waiting_approval", outcome=TwoPeople.REFUND_REOPENS.said)
        ),
        "partly-refunded-recorded": given_back("carried_out", a_decision(Remedy.RECORD_RETURN, "done", approved_by="dana")),
        "out-twice": out_twice(),
        "waiting-for-a-dispute": waiting_for_a_dispute(),
        "feed-settled": given_back("dismissed"),
    }
    return states | _decided() | _resolved()


def unknown_outcome() -> Diagnosis:
    """The diagnosis of a payment whose answer was lost, from its own case."""
    return rules.diagnose(of_every_cause()["outcome_unknown"])


def in_an_incident() -> CardFacts:
    """A card that stood before others failed for the same reason."""
    alone = a_card(credited())
    return replace(alone, failure=replace(alone.failure, incident_id="i" * 26))


def _decided() -> dict[str, CardFacts]:
    unapply, limit = Remedy.UNAPPLY_CREDIT_MEMO, "The amount is above the limit of Sam Okafor; it takes a second person."
    waiting = a_decision(unapply, "waiting_approval", outcome=limit, reason="agreed with the customer")
    why = {
        "stale": "the books changed since then",
        "refused": "declined by dana",
        "failed": "It was rejected in the books: the period is closed.",
    }
    return {
        "waiting-for-approval": a_card(credited(), decision=waiting),
        "waiting-match": named_by_a_person(),
        "waiting-not-duplicate": a_card(
            paid_by_check_as_well(),
            decision=a_decision(
                Remedy.NOT_DUPLICATE, "waiting_approval", outcome="It takes two people.", cash_reference="check 8841"
            ),
        ),
        "accepted": a_card(credited(), decision=a_decision(unapply, "accepted", by="dana")),
        "carrying-out": a_card(credited(), decision=a_decision(unapply, "carrying_out", approved_by="dana")),
    } | {
        f"decision-{state}": a_card(credited(), decision=a_decision(unapply, state, outcome=words))
        for state, words in why.items()
    }


def _resolved() -> dict[str, CardFacts]:
    done = {
        Remedy.UNAPPLY_CREDIT_MEMO: credited(),
        Remedy.RECREATE_RECEIPT: recreated(),
        Remedy.APPLY_RECEIPT: swallowed(open_minor=12_000),
        Remedy.KEEP_ON_ACCOUNT: half_voided(),
    }
    kept = a_done_receipt(half_voided().payment, on_account_minor=30_000, invoice_id="i-1043")
    carried_out = {
        f"done-{remedy.value.replace('_', '-')}": a_card(
            evidence,
            decision=a_decision(remedy, "done", by="dana"),
            resolution="carried_out",
            resolved_by="dana",
            receipts=(kept if remedy is Remedy.KEEP_ON_ACCOUNT else a_done_receipt(evidence.payment),),
        )
        for remedy, evidence in done.items()
    }
    dismissal = a_decision(Remedy.DISMISS, "done", by="dana", reason="entered by hand on Friday")
    proof = Proof("TXN-1", "r-1", 50_000, DECIDED_AT, None)
    not_applied = replace(
        dismissal, state="failed", outcome="the receipt was not applied: the period is closed.", options={"apply_proof": True}
    )
    by_two = replace(dismissal, approved_by="sam", reason="test charge of the portal, no money came")
    receipts = (a_done_receipt(credited().payment),)
    return carried_out | {
        "put-right-by-somebody": a_card(credited(), resolution="put_right", resolved_by="erin", receipts=receipts),
        "put-right": a_card(credited(), resolution="put_right", receipts=receipts),
        "dismissed-with-proof": a_card(
            entered_by_hand(), decision=dismissal, resolution="dismissed", resolved_by="dana", proofs=(proof,)
        ),
        "dismissed-not-applied": a_card(
            entered_by_hand(), decision=not_applied, resolution="dismissed", resolved_by="dana", proofs=(proof,)
        ),
        "dismissed-by-two": a_card(short(), decision=by_two, resolution="dismissed", resolved_by="dana"),
        "retried": a_card(
            short(), decision=a_decision(Remedy.RETRY, "done", by="dana"), resolution="retried", resolved_by="dana"
        ),
        "landed": a_card(NOTHING, diagnosis=unknown_outcome(), resolution="landed", receipts=receipts),
        "hidden": a_card(
            entered_by_hand(), decision=dismissal, resolution="dismissed", resolved_by="dana", proofs=(proof,), hidden_by="dana"
        ),
    }


def drawn(states: Mapping[str, CardFacts]) -> dict[str, Message]:
    return {name: failure_card(facts, COMPANIES.get(name, COMPANY), PEOPLE) for name, facts in states.items()}


def modal_states() -> dict[str, Block]:
    """The Resolve Now modal with each remedy chosen, and with nothing to decide."""
    found = {
        "unapply-credit-memo": (a_card(credited()), Remedy.UNAPPLY_CREDIT_MEMO),
        "unapply-and-put-back": (a_card(credited_twice_paid_twice()), Remedy.UNAPPLY_CREDIT_MEMO),
        "recreate-receipt": (a_card(recreated()), Remedy.RECREATE_RECEIPT),
        "several-successors": (a_card(recreated(made_again=3)), Remedy.RECREATE_RECEIPT),
        "unidentified": (a_card(short()), Remedy.RECREATE_RECEIPT),
        "dismiss-with-proof": (a_card(entered_by_hand()), Remedy.DISMISS),
        "dismiss-without-proof": (a_card(short()), Remedy.DISMISS),
        "dismiss-with-two-and-apply": (a_card(entered_in_two()), Remedy.DISMISS),
        "not-duplicate": (a_card(paid_by_check_as_well()), Remedy.NOT_DUPLICATE),
        "match": (a_card(spelled_otherwise()), Remedy.MATCH),
        "match-to-one-of-several": (a_card(spelled_otherwise(candidates=3)), Remedy.MATCH),
        "match-to-a-customer": (a_card(of_two_of_one_name()), Remedy.MATCH),
        "apply-receipt": (a_card(swallowed(open_minor=12_000)), Remedy.APPLY_RECEIPT),
        "keep-on-account": (a_card(half_voided()), Remedy.KEEP_ON_ACCOUNT),
        "void-receipt": (a_card(of_case("the copy is deposited and ours is not")), Remedy.VOID_RECEIPT),
        "not-duplicate-of-a-deposit": (a_card(of_case("both are deposited")), Remedy.NOT_DUPLICATE),
        "record-part": (given_back(), Remedy.RECORD_RETURN),
        "name-part": (given_back(able=False), Remedy.RECORD_RETURN),
        "name-second": (out_twice(), Remedy.RECORD_RETURN),
        "dismiss-second": (out_twice(), Remedy.DISMISS),
        "record-return": (a_card(of_case("refunded, with our receipt in the books")), Remedy.RECORD_RETURN),
        "reverse-write-off": (a_card(of_case("a write-off is reversed where the books let us")), Remedy.REVERSE_WRITE_OFF),
        "post-on-open-day": (a_card(of_case("the receipt's day is closed")), Remedy.POST_ON_OPEN_DAY),
        "retry": (blocked(), Remedy.RETRY),
        "nothing-to-decide": (a_card(NOTHING, diagnosis=unknown_outcome(), bucket=Bucket.UNKNOWN), None),
        "not-diagnosed": (just_found(), None),
    }
    first, remedy = a_card(credited()), Remedy.UNAPPLY_CREDIT_MEMO
    several = [first, replace(first, failure=replace(first.failure, id="g" * 26))]
    others = {
        "only-read": resolve_modal(a_card(credited()), COMPANY, ask=["Dana Reyes", "Sam Okafor"]),
        "changed-meanwhile": resolve_modal(a_card(credited()), COMPANY, chosen=Remedy.DISMISS, shown=Shown(notice=CHANGED)),
        "choose-several": choosing(several, remedy, WORDS, ""),
        "preview-of-several": preview(several, remedy, COMPANY, ""),
    }
    shown = {name: (called(facts, COMPANY, PEOPLE), remedy) for name, (facts, remedy) in found.items()}
    return {name: resolve_modal(facts, COMPANY, chosen=remedy) for name, (facts, remedy) in shown.items()} | others


def of_case(name: str) -> Evidence:
    """The evidence of the case of that name in tests/cases."""
    return next(evidence_of(case) for _, case in cases() if case["name"] == name)


def just_found() -> CardFacts:
    payment = NOTHING.payment
    return CardFacts(a_failure(payment, None, evidence_id=None), a_stored_payment(payment), None, None, (), (), {}, 0)
