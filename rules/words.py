"""What happened, in one or two sentences for a controller: from a finding and the evidence it rests on.

Rendering only: nothing is decided here. Where work must be done in the books first, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from receivables.books_records import Gone, Invoice
from receivables.diagnosis import Cause, Confidence, Finding, Remedy
from rules import observations, phrases
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import Flaw, LineReading
from rules.phrases import capitalised, day, listed, money, person, plain
from rules.reading import Reading

MOST_NAMED = 3  # more invoices than this in one sentence cannot be read

Sentence = Callable[[Finding, Reading], str]


def sentence(finding: Finding, reading: Reading) -> str:
    """What happened, for people. Never empty."""
    return SENTENCES[finding.cause](finding, reading)


def not_checked(reading: Reading) -> tuple[str, ...]:
    """What the diagnosis could not look at, in words, each once."""
    unread = {f"{plain(name)} could not be read" for name in reading.evidence.unread}
    return tuple(sorted(unread | set(reading.evidence.not_checked)))


def _paid_on(reading: Reading) -> str:
    return day(reading.evidence.payment.paid_at)


def _whole(reading: Reading) -> str:
    return money(reading.evidence.payment.amount_minor, reading.evidence.payment.currency)


def _all(texts: Iterable[str]) -> str:
    """One sentence each, the first few; the facts beside the sentence have the rest."""
    said = list(dict.fromkeys(texts))
    more = f" And {len(said) - MOST_NAMED} more." if len(said) > MOST_NAMED else ""
    return " ".join(capitalised(text) for text in said[:MOST_NAMED]) + more


def _with(reading: Reading, flaw: Flaw) -> list[LineReading]:
    return [line for line in reading.lines if line.flaw is flaw]


# --- receipts -----------------------------------------------------------------------------------------------------


def _already_entered(finding: Finding, reading: Reading) -> str:
    entered = {found.receipt.id: found for found in reading.receipts}
    found = [entered[receipt_id] for receipt_id, _ in finding.proof]
    what = listed([_receipt_in_words(receipt) for receipt in found[:MOST_NAMED]])
    if finding.rule == "receipts_entered_apart":
        return f"{capitalised(what)} together record {_whole(reading)} on exactly the invoices that the client paid."
    if finding.rule == "receipt_entered_together":
        return f"{capitalised(what)} stands on the invoices that the client paid, together with other money."
    surely = "this payment" if finding.confidence is Confidence.CERTAIN else "what may be this payment"
    return f"{capitalised(what)} already records {surely} of {_paid_on(reading)}; posting it again would count it twice."


def _receipt_in_words(found: ReceiptReading) -> str:
    receipt = found.receipt
    amount = money(receipt.amount_minor, receipt.currency)
    return f"{phrases.receipt(receipt)} ({amount}), entered by {person(receipt.created)} on {day(receipt.created.at)},"


def _doubled(_: Finding, reading: Reading) -> str:
    receipts = listed([phrases.receipt(found) for found in reading.marked])
    total = money(sum(found.amount_minor for found in reading.marked), reading.evidence.payment.currency)
    return f"The books hold this payment of {_whole(reading)} more than once: {receipts}, {total} together. One must go."


def _deleted(finding: Finding, _: Reading) -> str:
    return _all(fact.text for fact in finding.because if fact.fact in ("receipt_deleted", "receipt_voided"))


def _changed(finding: Finding, _: Reading) -> str:
    return _all(fact.text for fact in finding.because if fact.fact == "receipt_changed")


def _deposited(finding: Finding, reading: Reading) -> str:
    if finding.rule == "receipt_deposited_refused":
        return "The books refused to change a receipt that is in a bank deposit. Take it out of the deposit, then retry."
    locked = [part for part in reading.parts if part.swallowed and part.frozen]
    names = listed([phrases.receipt(part.live) for part in locked if part.live is not None])
    state = (
        "is in a bank deposit"
        if locked[0].frozen == "deposited"
        else f"is dated in a closed period ({observations.closed(reading)})"
    )
    way_out = "Take it out of the deposit" if locked[0].frozen == "deposited" else "Open the period"
    return f"Our {names} lies on account and should be applied, but {state}. {way_out} in the books, then retry."


def _unapplied(finding: Finding, reading: Reading) -> str:
    excess = money(sum(part.excess_minor for part in reading.parts if part.swallowed), reading.evidence.payment.currency)
    names = listed([phrases.receipt(part.live) for part in reading.parts if part.swallowed and part.live is not None])
    now = "its invoices can take it now" if finding.remedy is Remedy.APPLY_RECEIPT else "its invoices cannot take all of it"
    return f"The books took our {names} but put {excess} on account instead of on its invoices; {now}."


# --- credits and invoices -----------------------------------------------------------------------------------------


def _credit(_: Finding, reading: Reading) -> str:
    return _all(_credit_on(reading, line) for line in _with(reading, Flaw.SHORT))


def _credit_on(reading: Reading, line: LineReading) -> str:
    currency, label = reading.evidence.payment.currency, phrases.invoice(line)
    open_now = f"only {money(line.source.open_minor, currency)}" if line.source.open_minor else "nothing"
    taken = listed(
        [
            f"on {day(c.applied.at)} {person(c.applied)} applied {phrases.credit_memo(c)} ({money(c.amount_minor, currency)})"
            for c in reversed(line.later_credits[:MOST_NAMED])
        ]
    )
    then = _open_when_paid(reading, line)
    if then is None:
        return f"The client paid {label} on {_paid_on(reading)}; {taken}, so {open_now} is open."
    before = f"{label} had {money(then, currency)} open when the client paid on {_paid_on(reading)}"
    return f"{before}; {taken}, so {open_now} is open."


def _open_when_paid(reading: Reading, line: LineReading) -> int | None:
    """What is open now and what was taken since, in minor units; None where that cannot have been so."""
    invoice = line.source.invoice
    if not isinstance(invoice, Invoice):
        return None
    since = [found for found in reading.receipts if found.entered_after and not found.receipt.voided]
    then = line.restorable_minor + sum(found.receipt.applied_to(invoice.id) for found in since)
    return then if line.need_minor <= then <= invoice.total_minor else None


def _credit_in_closed_period(finding: Finding, reading: Reading) -> str:
    return f"{_credit(finding, reading)} {capitalised(observations.closed(reading))}. Open the period in the books, then retry."


def _recreated(_: Finding, reading: Reading) -> str:
    return _all(_recreated_line(reading, line) for line in _with(reading, Flaw.LOST))


def _recreated_line(reading: Reading, line: LineReading) -> str:
    lost = _lost_in_words(reading, line)
    if line.replacement is None:
        return f"{lost}; {len(line.replacements)} invoices may have taken its place, and a person must choose."
    new = line.replacement
    number = "of the same number" if new.number == line.number else f"number {plain(new.number) or plain(new.id)}"
    made = f"{person(new.created)} made one {number} on {day(new.created.at)}"
    return f"{lost}; {made}, with {money(new.open_minor, new.currency)} open."


def _lost_in_words(reading: Reading, line: LineReading) -> str:
    label, invoice = phrases.invoice(line), line.source.invoice
    if isinstance(invoice, Gone):
        stamp = invoice.deleted
        return f"{person(stamp)} deleted {label} on {day(stamp.at)}" if stamp else f"{label} was deleted"
    if isinstance(invoice, Invoice):
        return f"{person(invoice.changed)} voided {label} on {day(invoice.changed.at)}"
    return f"The {label} that the client paid on {_paid_on(reading)} is not in the books"


def _voided(_: Finding, reading: Reading) -> str:
    texts = [f"{_lost_in_words(reading, line)}; nothing took its place." for line in _with(reading, Flaw.VOIDED)]
    return f"{_all(texts)} The money can stay on account until the client says what it is for."


def _not_ready(_: Finding, reading: Reading) -> str:
    texts = [
        f"{phrases.invoice(line)} is still a draft."
        if line.source.invoice
        else f"{phrases.invoice(line)} is not in the books yet."
        for line in _with(reading, Flaw.NOT_READY)
    ]
    return f"{_all(texts)} The payment is posted once it is there."


# --- period, customer, money, connection --------------------------------------------------------------------------


def _period(finding: Finding, reading: Reading) -> str:
    if finding.rule == "credit_in_closed_period":
        return _credit_in_closed_period(finding, reading)
    if finding.rule == "period_closed_refused":
        return "The books refused because a document lies in a closed period. Open the period in the books, then retry."
    closed = observations.closed(reading)
    return f"The client paid on {_paid_on(reading)}, but {closed}. Open the period in the books, then retry."


def _inactive(_: Finding, reading: Reading) -> str:
    customer = reading.evidence.customer
    name = plain(customer.name) if customer is not None else "of this payment"
    return f"Customer {name} is inactive in the books. Make the customer active again, then retry."


def _currency(_: Finding, reading: Reading) -> str:
    paid_in = reading.evidence.payment.currency
    texts = [
        f"{phrases.invoice(line)} is in {plain(line.source.invoice.currency)}, but the client paid in {paid_in}."
        for line in _with(reading, Flaw.CURRENCY)
        if isinstance(line.source.invoice, Invoice)
    ]
    return f"{_all(texts)} Nothing is converted; put the currency right in the books, then retry."


def _outcome(_: Finding, reading: Reading) -> str:
    return (
        f"A receipt for this payment of {_whole(reading)} was sent and the books have not said whether they recorded it. "
        "They are asked until they answer; nothing is sent again before that."
    )


def _unidentified(_: Finding, reading: Reading) -> str:
    if reading.fits_now:
        return f"Everything is open now, and the payment of {_whole(reading)} would fit as it is."
    unread = " Not everything could be read." if reading.evidence.unread else ""
    wrong = [fact for line in reading.lines if line.flaw is not Flaw.FITS for fact in observations.line(reading, line)]
    ours = observations.our_receipts(reading) + observations.customer(reading)
    entered = [observations.hand_receipt(found) for found in reading.suspects]
    said = _all(fact.text for fact in (*ours, *entered, *wrong)) or "Nothing that was read explains it."
    return f"No single cause explains this payment of {_whole(reading)}. {said}{unread}"


SENTENCES: Mapping[Cause, Sentence] = {
    Cause.OUTCOME_UNKNOWN: _outcome,
    Cause.RECEIPT_DOUBLED: _doubled,
    Cause.RECEIPT_DELETED: _deleted,
    Cause.RECEIPT_CHANGED: _changed,
    Cause.RECEIPT_DEPOSITED: _deposited,
    Cause.ACCEPTED_UNAPPLIED: _unapplied,
    Cause.RECEIPT_ALREADY_ENTERED: _already_entered,
    Cause.PERIOD_CLOSED: _period,
    Cause.CUSTOMER_INACTIVE: _inactive,
    Cause.CURRENCY_MISMATCH: _currency,
    Cause.INVOICE_RECREATED: _recreated,
    Cause.CREDIT_MEMO_APPLIED: _credit,
    Cause.INVOICE_VOIDED: _voided,
    Cause.INVOICE_NOT_READY: _not_ready,
    Cause.UNIDENTIFIED: _unidentified,
}
