"""What happened, in one or two sentences for a controller: from a finding and the evidence it rests on.

Rendering only: nothing is decided here. Where work must be done in the books first, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from receivables.books_records import Gone, Invoice
from receivables.diagnosis import Cause, Confidence, Finding, Remedy
from rules import observations, phrases
from rules.connection import PAUSES
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import Flaw, LineReading
from rules.phrases import capitalised, day, listed, money, person, plain
from rules.reading import Reading

MOST_NAMED = 3  # more invoices than this in one sentence cannot be read

Sentence = Callable[[Finding, Reading], str]


def sentence(finding: Finding, reading: Reading) -> str:
    """What happened, for people. Never empty."""
    return SENTENCES[finding.cause](finding, reading)


def not_checked(finding: Finding, reading: Reading) -> tuple[str, ...]:
    """What the diagnosis could not look at, in words, each once.

    How far receipts were searched for is said only where another receipt would change the finding.
    """
    said = {f"{plain(name)} could not be read" for name in reading.evidence.unread} | set(reading.evidence.not_checked)
    since, through = reading.evidence.searched_from, reading.evidence.searched_through
    searched = finding.confidence is not Confidence.CERTAIN and reading.may_post
    if searched and since is not None and through is not None:
        said.add(f"receipts dated before {day(since)}, and those after {day(through)} on other invoices")
    return tuple(sorted(said))


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


def _customer_name(reading: Reading) -> str:
    customer = reading.evidence.customer
    return plain(customer.name) if customer is not None else "of this payment"


def _inactive(finding: Finding, reading: Reading) -> str:
    name = _customer_name(reading)
    if finding.rule == "customer_inactive_refused":
        return f"The books refused because customer {name} was inactive. See that the customer is active, then retry."
    return f"Customer {name} is inactive in the books. Make the customer active again, then retry."


def _customer_changed(finding: Finding, reading: Reading) -> str:
    name = _customer_name(reading)
    if finding.rule == "customer_mismatch_refused":
        return f"The books refused because an invoice is not customer {name}'s. See whose it is, put it right, then retry."
    if finding.rule == "invoice_moved":
        moved = [phrases.invoice(line) for line in _with(reading, Flaw.MOVED)]
        verb = "belongs" if len(moved) == 1 else "belong"
        return (
            f"{capitalised(listed(moved[:MOST_NAMED]))} {verb} to another customer than {name} now. "
            "Put that right in the books, then retry; money is never put on another customer's invoice."
        )
    into = reading.evidence.merged_into
    other = f"customer {plain(into.name)}" if into is not None else "another customer"
    return (
        f"Customer {name} was merged into {other}, and the books take no receipt for a merged customer. "
        f"Enter the receipt there by hand with {plain(reading.evidence.payment.transaction_number)} as its reference; "
        "the next sync finds it as the proof to dismiss with."
    )


def _account(finding: Finding, reading: Reading) -> str:
    if finding.rule == "reference_inactive":
        return (
            f"The books refused this payment of {_whole(reading)} because something it names is inactive; the customer is "
            "active, so it is likely an account. See which one, then retry."
        )
    return (
        f"The books refused this payment of {_whole(reading)} because its deposit account is inactive. "
        "Make the account active, or name another in the settings, then retry."
    )


def _reference(_: Finding, reading: Reading) -> str:
    number = plain(reading.evidence.payment.transaction_number)
    return (
        f"The books say that {number} is used already, but no receipt of this customer shows it. "
        "Look for it in the books: dismiss with it as proof where it is this money, else free the number and retry."
    )


def _amount(finding: Finding, reading: Reading) -> str:
    currency = reading.evidence.payment.currency
    if finding.rule == "receipt_less_fee":
        found = next(receipt for receipt in reading.receipts if receipt.less_fee)
        difference = money(abs(found.receipt.amount_minor - reading.evidence.payment.amount_minor), currency)
        return (
            f"{capitalised(_receipt_in_words(found))} may be this payment of {_whole(reading)}, {difference} apart. Where it "
            "is, correct its amount and record the difference by itself; nothing is posted beside it."
        )
    over = {line.invoice_key: line for line in reading.lines if line.over_minor}
    return f"{_all(_overpaid(line, currency) for line in over.values())} The rest can stay on account."


def _overpaid(line: LineReading, currency: str) -> str:
    room_minor = line.need_minor - line.over_minor
    whole, paid = money(room_minor + line.ours_minor, currency), money(line.need_minor, currency)
    others = f" and other payments took {money(line.ours_minor, currency)} of it" if line.ours_minor else ""
    return (
        f"{phrases.invoice(line)} is for {whole}{others}; the client paid {paid} for it, {money(line.over_minor, currency)} more."
    )


def _money_back(_: Finding, reading: Reading) -> str:
    payment = reading.evidence.payment
    said = f"The feed says that payment {plain(payment.transaction_number)} of {_whole(reading)} was {payment.status}."
    entered = [*reading.marked, *(found.receipt for found in reading.suspects)]
    if not entered:
        return f"{said} Nothing of it is in the books; it can be dismissed."
    names = listed([phrases.receipt(found) for found in entered[:MOST_NAMED]])
    return f"{said} Take {names} out of the books by your own procedure; nothing is changed automatically."


def _pause(finding: Finding, reading: Reading) -> str:
    if finding.rule == "permission_missing":
        return (
            f"The books refused this payment of {_whole(reading)} because whoever connected us may not record receipts. "
            "Give the rights back, or reconnect with an account that has them; then retry."
        )
    return PAUSES[finding.cause][1]


def _currency(finding: Finding, reading: Reading) -> str:
    paid_in = reading.evidence.payment.currency
    if finding.rule == "currency_refused":
        return (
            f"The books refused a receipt in {paid_in}, though the invoices are in {paid_in}. "
            "See the currency of the customer and of the deposit account, then retry."
        )
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
    Cause.CUSTOMER_CHANGED: _customer_changed,
    Cause.ACCOUNT_INACTIVE: _account,
    Cause.DUPLICATE_REFERENCE: _reference,
    Cause.PAYMENT_RETURNED: _money_back,
    Cause.PAYMENT_REFUNDED: _money_back,
    Cause.ACCESS_LOST: _pause,
    Cause.THROTTLED: _pause,
    Cause.BOOKS_UNAVAILABLE: _pause,
    Cause.CURRENCY_MISMATCH: _currency,
    Cause.AMOUNT_DIFFERS: _amount,
    Cause.INVOICE_RECREATED: _recreated,
    Cause.CREDIT_MEMO_APPLIED: _credit,
    Cause.INVOICE_VOIDED: _voided,
    Cause.INVOICE_NOT_READY: _not_ready,
    Cause.UNIDENTIFIED: _unidentified,
}
