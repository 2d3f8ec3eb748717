"""Every kind of fact that more than one cause may rest on: what it holds, and its sentence.

A kind that only one cause knows stands in the file of that cause.
"""

from __future__ import annotations

from datetime import date
from typing import TypedDict, Unpack

from receivables.diagnosis import Fact, Money
from receivables.quoting import MESSAGE_AT_MOST, ended
from receivables.words import Words, listed, plain
from rules.kinds import kind


def money(words: Words, amount: Money) -> str:
    return words.money(amount.amount_minor, amount.currency)


def by(person: str) -> str:
    """The books' own name for whoever did something, or "somebody"."""
    return plain(person) or "somebody"


def when(fact: Fact, words: Words) -> str:
    """The words that follow what was done: on which day and by whom, or what of it is known."""
    if fact.at is None:
        return ""
    return f" on {words.day(fact.at)}" + (f" by {plain(fact.person)}" if fact.person else "")


def closed(through: date | None, words: Words) -> str:
    """Through which day the books are closed, in words."""
    return "the period is closed" if through is None else f"the books are closed through {words.day(through)}"


# --- the payment and what the feed says ----------------------------------------------------------------------


@kind
def payment(fact: Fact, words: Words, *, number: str, customer: str, amount: Money) -> str:
    taken = f" on {words.day(fact.at)}" if fact.at else ""
    return f"payment {plain(number)} of {money(words, amount)} was taken from {plain(customer)}{taken}."


@kind
def twin_payment(fact: Fact, words: Words, *, amount: Money, customer: str, timed: bool, alike: str = "") -> str:
    """`alike` is there for a payment that came before, and says what makes both alike."""
    paid = f", paid {paid_at(fact, words)}," if fact.at else ""
    came = "came before" if alike else "was not posted"
    return f"{fact.document} of {money(words, amount)} from {plain(customer)}{paid} {came}."


def paid_at(fact: Fact, words: Words) -> str:
    """The moment of such a payment, or its day where no time was given."""
    if fact.at is None:
        return "on an unknown day"
    return words.moment(fact.at) if fact.value("timed") else words.day(fact.at)


# --- invoices ------------------------------------------------------------------------------------------------


@kind
def invoice_open(fact: Fact, words: Words, *, open: Money, need: Money) -> str:
    return f"{fact.document} has {money(words, open)} open; the payment needs {money(words, need)}."


class _Short(TypedDict):
    open: Money
    need: Money


class InvoiceShort(_Short, total=False):
    """`over` is what was paid beyond the whole invoice, `ours` what our receipts for other payments took of it."""

    open_when_paid: Money | None
    over: Money | None
    ours: Money | None


@kind
def invoice_short(fact: Fact, words: Words, **figures: Unpack[InvoiceShort]) -> str:
    open_now = f"only {money(words, figures['open'])}" if figures["open"].amount_minor else "nothing"
    whole = ", which is all of it" if figures.get("over") and not figures.get("ours") else ""
    return f"{fact.document} has {open_now} open{whole}; the payment needs {money(words, figures['need'])}."


@kind
def invoice_deleted(fact: Fact, words: Words) -> str:
    return f"{fact.document} was deleted{when(fact, words)}."


@kind
def invoice_voided(fact: Fact, words: Words) -> str:
    return f"{fact.document} was voided{when(fact, words)}."


@kind
def invoice_draft(fact: Fact, words: Words, *, need: Money | None = None, bound: bool = False) -> str:
    """`bound` says that it was there when the customer paid, and `need` what the payment means for it."""
    return f"{fact.document} is still a draft."


@kind
def invoice_currency(fact: Fact, words: Words, *, currency: str, paid_in: str) -> str:
    return f"{fact.document} is in {plain(currency)}, the payment in {plain(paid_in)}."


@kind
def invoice_moved(fact: Fact, words: Words) -> str:
    return f"{fact.document} belongs to another customer now; last changed{when(fact, words)}."


@kind
def invoice_no_such_invoice(fact: Fact, words: Words, *, need: Money | None = None) -> str:
    return f"there is no {fact.document} of this customer in the books."


@kind
def invoice_only_newer(fact: Fact, words: Words) -> str:
    return f"{fact.document} was created after the customer paid."


@kind
def invoice_several_invoices(fact: Fact, words: Words) -> str:
    return f"several invoices in the books match {fact.document}."


@kind
def invoice_several_customers(fact: Fact, words: Words) -> str:
    return f"several customers in the books could be meant for {fact.document}."


@kind
def invoice_no_such_customer(fact: Fact, words: Words) -> str:
    return f"no customer in the books has exactly the name or id that the payment gives ({fact.document})."


@kind
def invoice_unread(fact: Fact, words: Words) -> str:
    return f"{fact.document} could not be read."


@kind
def invoice_may_replace(
    fact: Fact, words: Words, *, replaces: str, same_number: bool, open: Money, need: Money | None = None, same_lines: int = 0
) -> str:
    """`need` is what the payment means for the invoice whose place it may take; `same_lines` how many lines both have alike."""
    same = "the same number" if same_number else "another number"
    return f"{fact.document} ({same}{lines_alike(same_lines)}) was created{when(fact, words)} and has {money(words, open)} open."


@kind
def invoice_entered_late(
    fact: Fact, words: Words, *, open: Money, issued: date, need: Money | None = None, surcharge: bool | None = None
) -> str:
    """`need` is what the payment means for it, and `surcharge` says that this is more by as much as surcharges are."""
    return f"{fact.document}, dated {words.day(issued)}, was created{when(fact, words)} and has {money(words, open)} open."


@kind
def invoice_beside(fact: Fact, words: Words, *, replaces: str, open: Money, issued: date, same_lines: int = 0) -> str:
    alike = lines_alike(same_lines)
    return f"{fact.document} of the same customer{alike}, dated {words.day(issued)}, has {money(words, open)} open."


def lines_alike(same_lines: int) -> str:
    """That two invoices are for the same, in words that follow a comma."""
    if not same_lines:
        return ""
    return f", the same {same_lines} lines" if same_lines > 1 else ", the same line"


# --- receipts ------------------------------------------------------------------------------------------------


@kind
def receipt_of_other_payment(
    fact: Fact,
    words: Words,
    *,
    invoice: str,
    applied: Money,
    payment: str = "",
    dated: date | None = None,
    went_back: str = "",
) -> str:
    """`payment` is the number of the payment that it records, where our own rows tell it."""
    of = f"payment {plain(payment)}" if payment else "another payment"
    back = f", which was {went_back}," if went_back else ""
    return f"our {fact.document} for {of}{back} is applied to {invoice} for {money(words, applied)}."


@kind
def receipt_ours(
    fact: Fact, words: Words, *, amount: Money, unapplied: Money | None = None, deposited: bool | None = None
) -> str:
    rest = f", {money(words, unapplied)} of it unapplied" if unapplied else ""
    deposit = ", and in a bank deposit" if deposited else ""
    return f"{fact.document} for {money(words, amount)} is in the books with our mark{rest}{deposit}."


@kind
def outcome_unknown(fact: Fact, words: Words, *, amount: Money) -> str:
    return f"it is not confirmed yet whether our receipt for {money(words, amount)} was recorded."


@kind
def receipt_deleted(fact: Fact, words: Words, *, amount: Money) -> str:
    return f"our {fact.document} for {money(words, amount)} was deleted from the books{when(fact, words)}."


@kind
def receipt_voided(fact: Fact, words: Words, *, amount: Money) -> str:
    return f"our {fact.document} for {money(words, amount)} was voided{when(fact, words)}."


@kind
def receipt_changed(fact: Fact, words: Words, *, posted: Money, now: Money | None = None) -> str:
    """Without `now` its amount is as posted, and its applications are not."""
    state = f"it is for {money(words, now)}" if now else "it is applied differently"
    return f"our {fact.document} was posted for {money(words, posted)}; now {state}{last_changed(fact, words)}."


@kind
def receipt_taken_off(fact: Fact, words: Words, *, invoices: tuple[str, ...], meant: Money, unapplied: Money) -> str:
    was = f"was applied to {listed(list(invoices))} for {money(words, meant)}"
    return f"our {fact.document} {was}; now {money(words, unapplied)} of it is unapplied{last_changed(fact, words)}."


@kind
def receipt_moved(fact: Fact, words: Words, *, invoices: tuple[str, ...], meant: Money, moved: Money) -> str:
    now = f"now {money(words, moved)} of it is applied elsewhere"
    was = f"was applied to {listed(list(invoices))} for {money(words, meant)}" if invoices else "was left unapplied"
    return f"our {fact.document} {was}; {now}{last_changed(fact, words)}."


@kind
def receipt_of_other_customer(fact: Fact, words: Words) -> str:
    return f"our {fact.document} is another customer's now{last_changed(fact, words)}."


@kind
def receipt_redated(fact: Fact, words: Words, *, was: date, now: date) -> str:
    return f"our {fact.document} was dated {words.day(was)}; now it is dated {words.day(now)}{last_changed(fact, words)}."


@kind
def receipt_in_other_account(fact: Fact, words: Words, *, was: str, now: str) -> str:
    moved = f"was deposited to {plain(was)}; now it is in {plain(now) or 'no account'}"
    return f"our {fact.document} {moved}{last_changed(fact, words)}."


@kind
def receipt_paid_out(fact: Fact, words: Words, *, whole: Money, paid_out: Money) -> str:
    entry = f"{money(words, paid_out)} of it is applied to an entry that is no invoice, such as a return or a refund"
    had = f"was posted for {money(words, whole)}, and the portal still reports it as paid"
    return f"our {fact.document} {had}; now {entry}{last_changed(fact, words)}."


@kind
def receipt_at_other_rate(fact: Fact, words: Words, *, was: str, now: str) -> str:
    booked = f"was sent with an exchange rate of {plain(was)} and is booked at {plain(now)}"
    return f"our {fact.document} {booked}{last_changed(fact, words)}."


def last_changed(fact: Fact, words: Words) -> str:
    return f", last changed{when(fact, words)}" if fact.at else ""


@kind
def receipt_unapplied(fact: Fact, words: Words, *, unapplied: Money) -> str:
    return f"{money(words, unapplied)} of our {fact.document} is unapplied instead of applied to its invoices."


@kind
def receipt_deposited(fact: Fact, words: Words) -> str:
    return f"our {fact.document} is in a bank deposit."


@kind
def receipt_closed(fact: Fact, words: Words, *, through: date) -> str:
    return f"our {fact.document} is dated in a closed period; {closed(through, words)}."


# --- customer, period, refusal, reads ------------------------------------------------------------------------


@kind
def customer_unknown(fact: Fact, words: Words) -> str:
    return "the customer of the payment was not found in the books."


@kind
def customer_unread(fact: Fact, words: Words) -> str:
    return "the customer of the payment could not be read in the books."


@kind
def customer_merged(fact: Fact, words: Words, *, into: str) -> str:
    return f"{fact.document} was merged into {into}; last changed{when(fact, words)}."


@kind
def customer_inactive(fact: Fact, words: Words) -> str:
    return f"{fact.document} is inactive; last changed{when(fact, words)}."


@kind
def period_closed(fact: Fact, words: Words, *, through: date | None = None) -> str:
    return f"{closed(through, words)}, and the receipt's day is not after that."


@kind
def books_refused(fact: Fact, words: Words, *, message: str, unexplained: bool = False) -> str:
    """`unexplained` where none of our causes is what they mean."""
    on = f" on {words.day(fact.at)}" if fact.at else ""
    return f"rejected in the books{on}: {ended(plain(message, MESSAGE_AT_MOST))}"


@kind
def not_read(fact: Fact, words: Words, *, what: str) -> str:
    return f"could not be read: {plain(what)}."


@kind
def fits_now(fact: Fact, words: Words) -> str:
    return "everything is open and the payment would fit as it is."


# --- what was not checked, in words that follow a colon --------------------------------------------------------


@kind
def unread(fact: Fact, words: Words, *, what: str) -> str:
    return f"{plain(what)} could not be read"


@kind
def unchecked(fact: Fact, words: Words, *, what: str) -> str:
    return what


@kind
def not_searched(fact: Fact, words: Words, *, since: date, through: date) -> str:
    return f"receipts dated before {words.day(since)}, and those after {words.day(through)} on other invoices"
