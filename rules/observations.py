"""What was observed, each as one fact with its document, the person and the time, in a sentence for people.

Every cause rests on facts from here, and a payment whose cause nobody can name is shown with all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from receivables.books_records import CreditApplication, Gone, Invoice, Receipt, Stamp
from receivables.diagnosis import Fact
from receivables.evidence import BindingProblem
from rules.hand_receipts import ReceiptReading, Reference, Standing
from rules.invoice_lines import Flaw, LineReading
from rules.phrases import capitalised, credit_memo, day, invoice, listed, money, person, plain, receipt
from rules.posted_parts import PartReading
from rules.reading import Reading

_UNBOUND = {
    BindingProblem.NO_SUCH_INVOICE: "there is no {} in the books",
    BindingProblem.ONLY_NEWER: "{} was made after the client paid",
    BindingProblem.SEVERAL_INVOICES: "several invoices in the books answer to {}",
    BindingProblem.SEVERAL_CUSTOMERS: "several customers in the books could be meant for {}",
    BindingProblem.NO_SUCH_CUSTOMER: "no customer in the books could be found for {}",
    BindingProblem.NONE: "{} could not be read",
}


def _fact(fact: str, document: str, text: str, stamp: Stamp | None = None) -> Fact:
    if stamp is None:
        return Fact(fact, document, capitalised(text))
    return Fact(fact, document, capitalised(text), stamp.person, stamp.at)


def line(reading: Reading, of_line: LineReading) -> tuple[Fact, ...]:
    """What is so with one invoice: its state, the credits on it, and what may have taken its place."""
    facts = [_state(reading, of_line)]
    if of_line.flaw in (Flaw.SHORT, Flaw.FITS):
        facts += [*credits(reading, [of_line]), *_taken_by_ours(reading, of_line)]
    facts += [_replacement(of_line, replacement) for replacement in of_line.replacements]
    return tuple(facts)


def _state(reading: Reading, of_line: LineReading) -> Fact:
    found, label = of_line.source.invoice, invoice(of_line)
    if isinstance(found, Gone):
        return _fact("invoice_deleted", label, f"{label} was deleted{_when(found.deleted)}.", found.deleted)
    if found is None:
        text = _UNBOUND[of_line.source.problem].format(label) + "."
        return _fact(f"invoice_{of_line.source.problem or 'unread'}", label, text)
    return _living_state(reading, of_line, found, label)


def _when(stamp: Stamp | None) -> str:
    """The words that follow what was done: on which day and by whom, or what of it is known."""
    if stamp is None:
        return ""
    return f" on {day(stamp.at)}" + (f" by {person(stamp)}" if stamp.person else "")


def _living_state(reading: Reading, of_line: LineReading, found: Invoice, label: str) -> Fact:
    need = money(of_line.need_minor, reading.evidence.payment.currency)
    open_now = f"only {money(found.open_minor, found.currency)}" if found.open_minor else "nothing"
    whole = ", which is all of it" if of_line.over_minor and not of_line.ours_minor else ""
    name, text = {
        Flaw.FITS: ("invoice_open", f"{label} has {money(found.open_minor, found.currency)} open; the payment needs {need}."),
        Flaw.SHORT: ("invoice_short", f"{label} has {open_now} open{whole}; the payment needs {need}."),
        Flaw.NOT_READY: ("invoice_draft", f"{label} is still a draft."),
        Flaw.CURRENCY: (
            "invoice_currency",
            f"{label} is in {plain(found.currency)}, the payment in {reading.evidence.payment.currency}.",
        ),
        Flaw.MOVED: ("invoice_moved", f"{label} belongs to another customer now; last changed{_when(found.changed)}."),
    }.get(of_line.flaw, ("invoice_voided", f"{label} was voided{_when(found.changed)}."))
    return _fact(name, label, text, found.changed)


def credits(reading: Reading, lines: Iterable[LineReading]) -> tuple[Fact, ...]:
    """Every credit on these invoices, oldest first, and whether it came before or after the client paid."""
    found: dict[str, tuple[CreditApplication, str]] = {}
    for of_line in lines:
        for credit in of_line.source.credits:
            found.setdefault(credit.id, (credit, invoice(of_line)))
    facts = []
    for credit, label in sorted(found.values(), key=lambda pair: (pair[0].applied.at, pair[0].id)):
        amount = money(credit.amount_minor, reading.evidence.payment.currency)
        later = credit.applied.at > reading.evidence.payment.paid_at
        order = "after the client paid" if later else "before the client paid"
        text = f"{credit_memo(credit)} was applied to {label} for {amount}{_when(credit.applied)}, {order}."
        name = "credit_applied_after" if later else "credit_applied_before"
        facts.append(_fact(name, credit_memo(credit), text, credit.applied))
    return tuple(facts)


def _taken_by_ours(reading: Reading, of_line: LineReading) -> list[Fact]:
    """Our own receipts for other payments that stand on this invoice: the client may have paid it twice."""
    facts = []
    for found in reading.receipts:
        taken = found.receipt.applied_to(of_line.invoice_key) if found.of_other_payment else 0
        if taken:
            amount = money(taken, found.receipt.currency)
            text = f"our {receipt(found.receipt)} for another payment stands on {invoice(of_line)} with {amount}."
            facts.append(_fact("receipt_of_other_payment", receipt(found.receipt), text, found.receipt.created))
    return facts


def _replacement(of_line: LineReading, found: Invoice) -> Fact:
    same = "the same number" if found.number == of_line.number else "another number"
    label = f"invoice {plain(found.number) or plain(found.id)}"
    text = f"{label} ({same}) was made{_when(found.created)} and has {money(found.open_minor, found.currency)} open."
    return _fact("invoice_may_replace", label, text, found.created)


def hand_receipt(found: ReceiptReading) -> Fact:
    """A receipt in the books that may be this payment's money, and what ties it to the payment."""
    entered, ties = found.receipt, []
    if found.reference is Reference.EQUAL:
        ties.append("its reference is the transaction number")
    elif found.reference is Reference.CONTAINED:
        ties.append("its reference names the transaction number")
    if found.standing is Standing.EXACTLY:
        ties.append("it stands on exactly the payment's invoices")
    elif found.standing is Standing.PARTLY:
        ties.append("it stands on an invoice of the payment")
    if found.source.names_payment:
        ties.append(f"its reference is that of payment {plain(found.source.names_payment)}")
    if found.source.rivals:
        ties.append(f"it could be payment {listed([plain(one) for one in found.source.rivals[:3]])} as well")
    if entered.unapplied_minor > 0:
        ties.append(f"{money(entered.unapplied_minor, entered.currency)} of it is on account")
    if found.source.claimed_minor > 0:
        ties.append(f"{money(found.source.claimed_minor, entered.currency)} of it already proves another payment")
    text = (
        f"{receipt(entered)} for {money(entered.amount_minor, entered.currency)}, dated {day(entered.received_on)}, "
        f"was entered{_when(entered.created)}" + (f"; {listed(ties)}." if ties else ".")
    )
    return _fact("receipt_by_hand", receipt(entered), text, entered.created)


def several(count: int, what: str) -> Fact:
    """That there is more than one of something, which is a reason for doubt."""
    return Fact("several_candidates", "", f"{count} {what}; the first named fits best.")


def our_receipts(reading: Reading) -> tuple[Fact, ...]:
    """Every living receipt of ours for this payment."""
    facts = []
    for found in reading.marked:
        on_account = f", {money(found.unapplied_minor, found.currency)} of it on account" if found.unapplied_minor else ""
        text = f"{receipt(found)} for {money(found.amount_minor, found.currency)} is in the books with our mark{on_account}."
        facts.append(_fact("receipt_ours", receipt(found), text, found.changed))
    return tuple(facts)


def part(reading: Reading, found: PartReading) -> tuple[Fact, ...]:
    """What became of one receipt effect of ours, where it is not as it was meant."""
    source, currency = found.source, reading.evidence.payment.currency
    label = f"receipt {plain(source.document_id)}" if source.document_id else f"receipt part {source.part}"
    amount = money(source.amount_minor, currency)
    if found.unanswered:
        return (Fact("outcome_unknown", label, f"The books have not said whether our receipt for {amount} was recorded."),)
    if found.missing:
        stamp = _last_touch(source.receipt)
        name, what = ("deleted", "deleted from the books") if isinstance(source.receipt, Gone) else ("voided", "voided")
        return (_fact(f"receipt_{name}", label, f"our {label} for {amount} was {what}{_when(stamp)}.", stamp),)
    if found.live is None:
        return ()
    facts = []
    label, touched = receipt(found.live), found.live.changed
    if found.changed and source.verified:
        now = f"is for {money(found.live.amount_minor, found.live.currency)} now" if not found.intact else "lies otherwise now"
        text = f"our {label} was posted for {amount} and verified; it {now}, last changed{_when(touched)}."
        facts.append(_fact("receipt_changed", label, text, touched))
    elif found.swallowed:
        text = f"{money(found.excess_minor, currency)} of our {label} lies on account instead of on its invoices."
        facts.append(_fact("receipt_unapplied", label, text, touched))
    if found.frozen:
        state = "is in a bank deposit" if found.frozen == "deposited" else "is dated in a closed period"
        facts.append(_fact(f"receipt_{found.frozen}", label, f"our {label} {state}.", touched))
    return tuple(facts)


def _last_touch(found: Receipt | Gone | None) -> Stamp | None:
    if isinstance(found, Gone):
        return found.deleted
    return None if found is None else found.changed


def customer(reading: Reading) -> tuple[Fact, ...]:
    """What is wrong with the customer, if anything."""
    found = reading.evidence.customer
    if found is None:
        return (Fact("customer_unknown", "", "The customer of the payment was not found in the books."),)
    label = f"customer {plain(found.name)}"
    if found.merged_into:
        into = reading.evidence.merged_into
        other = f"customer {plain(into.name)}" if into is not None else "another customer"
        text = f"{label} was merged into {other}; last changed{_when(found.changed)}."
        return (_fact("customer_merged", label, text, found.changed),)
    if found.active:
        return ()
    return (_fact("customer_inactive", label, f"{label} is inactive; last changed{_when(found.changed)}.", found.changed),)


def period(reading: Reading) -> tuple[Fact, ...]:
    """That the books are closed for the receipt's day."""
    if not reading.evidence.received_on_closed:
        return ()
    return (_fact("period_closed", "", f"{closed(reading)}, and the receipt's day is not after that."),)


def closed(reading: Reading) -> str:
    """Through which day the books are closed, in words."""
    closed_through = reading.evidence.settings.closed_through
    return "the period is closed" if closed_through is None else f"the books are closed through {day(closed_through)}"


def money_back(reading: Reading) -> tuple[Fact, ...]:
    """That the feed reports the money as returned or refunded."""
    payment = reading.evidence.payment
    if reading.paid:
        return ()
    label = f"payment {plain(payment.transaction_number)}"
    return (_fact(f"payment_{payment.status}", label, f"{label} was {payment.status}, says the feed."),)


def refusal(reading: Reading) -> tuple[Fact, ...]:
    """What the books said when they refused."""
    found = reading.evidence.refusal
    if found is None:
        return ()
    text = f"The books refused on {day(found.at)}: {plain(found.message) or plain(found.code)}"
    return (Fact("books_refused", "", text, "", found.at),)


def unread(reading: Reading) -> tuple[Fact, ...]:
    return tuple(Fact("not_read", "", f"Could not be read: {plain(name)}.") for name in sorted(set(reading.evidence.unread)))


def everything(reading: Reading) -> tuple[Fact, ...]:
    """All that was observed; for a payment whose cause cannot be named, and so that nothing is hidden."""
    facts: list[Fact] = []
    if reading.fits_now:
        facts.append(Fact("fits_now", "", "Everything is open and the payment would fit as it is."))
    for of_line in reading.lines:
        facts += line(reading, of_line)
    facts += [hand_receipt(found) for found in reading.receipts if found.by_hand]
    facts += our_receipts(reading)
    for found in reading.parts:
        facts += part(reading, found)
    facts += [*money_back(reading), *customer(reading), *period(reading), *refusal(reading), *unread(reading)]
    return tuple(dict.fromkeys(facts))
