"""What is said where the feed brings a payment again with other content: each difference in money and words, and the way out.

Told when it comes in, and again when a receipt of ours comes into the books or leaves them. What really differs is decided
in `receivables/corrections.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from receivables.books_records import Stamp
from receivables.corrections import Correction, Differs, invoice_name, other_period, whole_invoice
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Money, Remedy
from receivables.evidence import Evidence
from receivables.payment import FeedStatus, Payment, PaymentState
from receivables.words import Words, capitalized, day_of, listed, plain, tender
from rules import fact_kinds, naming, observations
from rules.kinds import fact_sentence, kind
from rules.money_back import INTAKE
from rules.reading import is_day_closed, read

INVOICES_AT_MOST = 6
_SUBSTANCE = frozenset({Differs.AMOUNT, Differs.CURRENCY, Differs.CUSTOMER})


@kind
def feed_corrects(fact: Fact, words: Words, *, source: str) -> str:
    return f"in {plain(source)}, {fact.document} appears again with other content."


@kind
def corrected_amount(fact: Fact, words: Words, *, held: Money, newer: Money) -> str:
    return f"amount {fact_kinds.money(words, held)} → {fact_kinds.money(words, newer)}."


@kind
def corrected_text(fact: Fact, words: Words, *, field: str, held: str, newer: str) -> str:
    shown = tender if field == "method" else plain
    return f"{field} {shown(held) or 'none'} → {shown(newer) or 'none'}."


@kind
def corrected_moment(fact: Fact, words: Words, *, held: str, newer: str, timed: bool) -> str:
    """Two moments as ISO text; `timed` where only the time of one day tells them apart."""
    shown = words.moment if timed else words.day
    return f"paid {shown(datetime.fromisoformat(held))} → {shown(datetime.fromisoformat(newer))}."


@kind
def corrected_invoices(
    fact: Fact,
    words: Words,
    *,
    held: tuple[str, ...],
    newer: tuple[str, ...],
    held_for: tuple[str, ...],
    newer_for: tuple[str, ...],
) -> str:
    """Invoices as the feed names them. Beside them the amounts (minor units and currency), or nothing where the whole
    payment is for one invoice."""
    return f"invoices {_invoices(held, held_for, words)} → {_invoices(newer, newer_for, words)}."


@kind
def correction_waits(fact: Fact, words: Words, *, why: str) -> str:
    return _WHY[why].format(receipt=fact.document)


_IN_BOOKS, _POSTING, _UNKNOWN, _DISMISSED, _WENT_BACK = "in_books", "posting", "unknown", "dismissed", "went_back"
_WHY = {
    _IN_BOOKS: "{receipt} of this payment is in the books. If the feed is right, void that receipt there, unless it is "
    "deposited; then accept the change.",
    _WENT_BACK: "{receipt} of this payment is in the books, and its money went back. That receipt stays, with the entry that "
    "balances it; dismiss the change.",
    _POSTING: "the payment is being posted to the books.",
    _UNKNOWN: "it is not confirmed yet whether this payment is in the books; we keep checking.",
    _DISMISSED: "the payment was dismissed. Reopen it; then accept the change.",
}
_DIFFERENCES = ("corrected_amount", "corrected_text", "corrected_moment", "corrected_invoices")


def corrected(evidence: Evidence, state: PaymentState) -> Diagnosis:
    """What the feed's newer record says of a payment in this state. It can be taken while nothing of ours is in the books."""
    held, correction = evidence.payment, evidence.correction
    if correction is None:
        raise ValueError("there is no correction in this evidence")
    document = f"payment {plain(held.transaction_number)}"
    told = feed_corrects(document, Stamp("", evidence.taken_at), source=correction.source)
    finding = Finding(
        Cause.DUPLICATE_REFERENCE,
        INTAKE,
        Remedy.ACCEPT_CORRECTION,
        Confidence.CERTAIN,
        alternatives=(Remedy.DISMISS, Remedy.ESCALATE),
        because=(told, *_differing(held, correction, ZoneInfo(evidence.time_zone))),
        blocked=_waits(evidence, state),
    )
    return Diagnosis(finding, payment=observations.the_payment(held))


def is_of_substance(evidence: Evidence) -> bool:
    """Whether the correction is of amount, currency, customer or period."""
    if evidence.correction is None:
        return False
    held, newer, time_zone = evidence.payment, evidence.correction.payment, ZoneInfo(evidence.time_zone)
    differing = evidence.correction.differs_from(held, time_zone)
    moved = Differs.PAID_AT in differing
    closed = moved and any(is_day_closed(evidence, payment.paid_at) for payment in (held, newer))
    return bool(_SUBSTANCE & {*differing}) or closed or other_period(held, newer, time_zone)


def correction_sentence(diagnosis: Diagnosis, words: Words) -> str:
    """What the feed says otherwise."""
    finding = diagnosis.primary
    differing = "; ".join(_within(fact_sentence(fact, words)) for fact in finding.facts(*_DIFFERENCES))
    told = fact_sentence(finding.facts("feed_corrects")[0], words).rstrip(".")
    return f"{told}: {differing}."


def correction_to_do(diagnosis: Diagnosis, words: Words) -> str:
    """What may be done about it, and when."""
    if blocked := diagnosis.primary.blocked:
        return f"Our record was kept. {capitalized(fact_sentence(blocked, words))}"
    return "Nothing of it is in the books, and nothing is posted before a person decides: accept the change, or keep our record."


def _within(sentence: str) -> str:
    """A sentence as a part of another."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def correction_follows(remedy: Remedy) -> tuple[str, ...]:
    """What deciding about a correction leads to."""
    if remedy is Remedy.ACCEPT_CORRECTION:
        return ("The payment is matched to its invoices and checked again, and posted when nothing is in the way.",)
    return ("Our record stays as it is, and the same record of the feed is not told again.",) if remedy is Remedy.DISMISS else ()


def _waits(evidence: Evidence, state: PaymentState) -> Fact | None:
    """Why it cannot be taken now; None where it can."""
    if state is PaymentState.DISMISSED:
        return correction_waits(why=_DISMISSED)
    living = evidence.living_receipts
    went_back = evidence.payment.status is not FeedStatus.PAID or evidence.told_before or evidence.money_out
    in_books = _WENT_BACK if went_back else _IN_BOOKS
    if living:
        return correction_waits(naming.receipt(living[0]), why=in_books)
    if state is PaymentState.POSTING:
        return correction_waits(why=_POSTING)
    if read(evidence).unposted and not (evidence.posted and evidence.unread):
        return None
    landed = state in (PaymentState.POSTED, PaymentState.VERIFIED) or (went_back and evidence.posted)
    return correction_waits("a receipt", why=in_books) if landed else correction_waits(why=_UNKNOWN)


def _differing(held: Payment, correction: Correction, time_zone: ZoneInfo) -> Iterator[Fact]:
    """A fact for each difference; a currency is told with its amount."""
    newer, differing = correction.payment, correction.differs_from(held, time_zone)
    document = f"payment {plain(held.transaction_number)}"
    if {Differs.AMOUNT, Differs.CURRENCY} & {*differing}:
        amounts = Money(held.amount_minor, held.currency), Money(newer.amount_minor, newer.currency)
        yield corrected_amount(document, held=amounts[0], newer=amounts[1])
    if Differs.CUSTOMER in differing:
        by_id = bool(held.customer_id and newer.customer_id)
        yield corrected_text(document, field="customer", held=_customer(held, by_id), newer=_customer(newer, by_id))
    if Differs.PAID_AT in differing:
        timed = day_of(held.paid_at, time_zone) == day_of(newer.paid_at, time_zone)
        yield corrected_moment(document, held=held.paid_at.isoformat(), newer=newer.paid_at.isoformat(), timed=timed)
    if Differs.METHOD in differing:
        yield corrected_text(document, field="method", held=held.method, newer=newer.method)
    if Differs.INVOICES in differing:
        yield corrected_invoices(
            document, held=_named(held), newer=_named(newer), held_for=_amounts(held), newer_for=_amounts(newer)
        )


def _customer(payment: Payment, by_id: bool) -> str:
    return f"{payment.customer} ({payment.customer_id})" if by_id else payment.customer


def _named(payment: Payment) -> tuple[str, ...]:
    return tuple(map(invoice_name, payment.allocations))


def _amounts(payment: Payment) -> tuple[str, ...]:
    if whole_invoice(payment):
        return ()
    return tuple(f"{allocation.amount_minor} {payment.currency}" for allocation in payment.allocations)


def _invoices(named: tuple[str, ...], amounts: tuple[str, ...], words: Words) -> str:
    shown = [plain(name, 24) for name in named]
    for place, amount in enumerate(amounts):
        minor, _, currency = amount.partition(" ")
        shown[place] += f" ({words.money(int(minor), currency)})"
    return listed(shown, INVOICES_AT_MOST) or "none"
