"""What follows from a remedy, in sentences, before anybody decides: what becomes of the money, and what stays open."""

from __future__ import annotations

from receivables.books_records import Invoice
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence, Kin
from receivables.words import Words, capitalized, day_of, listed, plain
from rules import naming
from rules.applied_to import applied_to
from rules.consequences import (
    Applied,
    Options,
    OtherMoney,
    Proof,
    named_in,
    other_money,
    proof_of,
    successors,
    to_apply,
    total_of,
    what_fits,
)
from rules.corrections import correction_follows
from rules.credits_follow import credits_come_off
from rules.credits_off import TAKES_OFF, taken_off
from rules.deposits import DepositApplied, deposit_applied
from rules.near import SOMEBODY_ELSE, Match, as_matched, match
from rules.obstacles import obstacles
from rules.open_day import first_open_day
from rules.reading import read
from rules.return_follows import TAKES_BACK, taken_back


def follows(remedy: Remedy, diagnosis: Diagnosis, evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """What this remedy, with what the person said so far, leads to; none where its figures say it all."""
    if evidence.correction:
        return correction_follows(remedy)
    try:
        if remedy is Remedy.NOT_DUPLICATE and is_about_twin(evidence, options):
            return ("The payment is checked again, and posted if nothing else is in the way.",)
        if remedy is Remedy.NOT_DUPLICATE:
            return _other_money(other_money(evidence, options), words)
        if remedy in TAKES_OFF:
            return credits_come_off(remedy, taken_off(remedy, diagnosis, evidence, options), words)
        if remedy is Remedy.MATCH:
            return _matched(evidence, match(evidence, options), words)
        if remedy is Remedy.POST_ON_OPEN_DAY:
            return _later(evidence, words)
        if remedy is Remedy.KEEP_ON_ACCOUNT:
            return _kept(diagnosis, evidence, options, words)
        if remedy is Remedy.APPLY_RECEIPT:
            return _deposit_applied(deposit_applied(diagnosis, evidence, options), words)
        if remedy is Remedy.RECREATE_RECEIPT:
            return _recreated(diagnosis, evidence, options, words)
        if remedy in TAKES_BACK:
            return taken_back(remedy, evidence, options, words)
        if remedy is Remedy.DISMISS:
            return _dismissed(evidence, proof_of(diagnosis, evidence, options), bool(options.get("apply_proof")), words)
    except CannotBeDone as reason:
        return (reason.message,)
    return ()


def _matched(evidence: Evidence, matched: Match, words: Words) -> tuple[str, ...]:
    """What becomes of the payment, and what of the choice is remembered, or why nothing is."""
    customer, name = matched.customer, plain(evidence.payment.customer)
    in_the_way = obstacles(as_matched(evidence, matched))
    of = "" if customer.kin is Kin.SAME else f" as {plain(customer.customer.name)}'s"
    still = f"Still in the way: {in_the_way[0].sentence(words)}" if in_the_way else "Nothing else is in the way of posting it."
    said = [f"The payment is then checked again{of}. {still}"]
    if customer.kin in SOMEBODY_ELSE:
        said.append(f"Not remembered: {plain(customer.customer.name)} is another customer than {name}, so it is asked each time.")
    elif customer.kin is Kin.NAMESAKE:
        said.append(f"The customer is not remembered: {name} alone does not say which one is meant.")
    for spelling in matched.remembered:
        means = f"invoice {plain(spelling.invoice_number)} of {plain(customer.customer.name)}"
        meaning = means if spelling.invoice_number else f"customer {plain(customer.customer.name)}"
        said.append(f"Remembered: {plain(spelling.spelling)} means {meaning} for later payments, until it is taken back.")
    return tuple(said)


def _kept_as_deposit(evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """That the cash is recorded without its invoice, and what becomes of it when that comes."""
    rest = words.money(evidence.payment.amount_minor - total_of(applied_to(evidence, options)), evidence.payment.currency)
    return (
        f"{rest} is recorded as a customer deposit: an unapplied credit of the customer, dated the day of the payment.",
        "When the invoice is there, the sync applies the receipt to it if it would have posted the payment to it; otherwise you "
        "are asked. If the receipt is in a bank deposit or a closed period by then, apply it in the books; the next sync takes "
        "that up.",
    )


def _deposit_applied(deposit: DepositApplied | None, words: Words) -> tuple[str, ...]:
    """What of a customer deposit is applied to which invoice, and what stays unapplied; nothing where it is about none."""
    if deposit is None:
        return ()
    numbers = listed(list(dict.fromkeys(f"invoice {plain(part.invoice.number)}" for part in deposit.taken)))
    currency = deposit.receipt.currency
    applied, left = words.money(total_of(deposit.taken), currency), words.money(deposit.rest_minor, currency)
    return (f"{applied} of the deposit is applied to {numbers}; {left} stays an unapplied credit.",)


def _recreated(diagnosis: Diagnosis, evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """What of the payment is applied and what is left over, where an invoice cannot take all that was meant for it."""
    taken = what_fits(evidence, successors(diagnosis, evidence, options))
    rest, currency = evidence.payment.amount_minor - total_of(taken), evidence.payment.currency
    if not taken or rest <= evidence.payment.on_account_minor:
        return ()
    numbers = listed([f"invoice {plain(part.invoice.number)}" for part in {part.invoice.id: part for part in taken}.values()])
    applied, left = words.money(total_of(taken), currency), words.money(rest, currency)
    return (f"{applied} of the payment is applied to {numbers}; {left} becomes an unapplied credit.",)


def is_about_twin(evidence: Evidence, options: Options) -> bool:
    """Whether not_duplicate is said of the payments that it probably is again, and not of a receipt that was named."""
    return bool(evidence.twins) and not named_in(options, "receipt")


def _other_money(said: OtherMoney, words: Words) -> tuple[str, ...]:
    currency, lines = said.evidence.payment.currency, said.evidence.lines
    if read(said.evidence).marked:
        return ("Our receipt stays as it is; the other one is other money.",)
    if said.in_the_way:
        return (f"The payment is checked again. Still in the way: {said.in_the_way[0].sentence(words)}",)
    if said.recorded is None:
        invoices = listed([f"invoice {plain(number)}" for number in dict.fromkeys(line.invoice_number for line in lines)])
        return (f"The payment is then posted as usual and applied to {invoices}.",)
    short = [
        _open(line.invoice, line.invoice_number, words)
        for line in {line.invoice_id: line for line in lines}.values()
        if isinstance(line.invoice, Invoice)
    ]
    rest = words.money(said.rest_minor, currency)
    return (f"{capitalized(listed(short))}: {rest} becomes an unapplied credit.",)


def _later(evidence: Evidence, words: Words) -> tuple[str, ...]:
    """On which day the receipt is dated, and that the closed month stays as it is."""
    day = first_open_day(evidence)
    if day is None:
        return ()
    paid = words.day(evidence.payment.paid_at)
    said = f"The receipt is dated {words.day(day)}, the first open day; its memo says that the customer paid on {paid}."
    paid_in = day_of(evidence.payment.paid_at, words.time_zone).year
    other_year = f"That is another year: on the cash basis the income is in {day.year}, although the customer paid in {paid_in}."
    return (said, other_year) if paid_in != day.year else (said,)


def _kept(diagnosis: Diagnosis, evidence: Evidence, options: Options, words: Words) -> tuple[str, ...]:
    """What is to be done with what becomes an unapplied credit."""
    if diagnosis.primary.cause is Cause.INVOICE_NOT_READY:
        return _kept_as_deposit(evidence, options, words)
    if evidence.living_receipts:
        return ()
    rest = evidence.payment.amount_minor - total_of(applied_to(evidence, options))
    credit = words.money(rest, evidence.payment.currency)
    match diagnosis.primary.cause:
        case Cause.CUSTOMER_PAID_TWICE | Cause.OVERPAYMENT if rest:
            return (
                f"To refund the {credit}, record the refund in the books against the unapplied credit; do not void the receipt.",
            )
        case Cause.SURCHARGE if rest:
            return (f"Then invoice the surcharge of {credit} as fee income, and apply the credit to that invoice.",)
    return ()


def _open(invoice: Invoice, number: str, words: Words) -> str:
    if not invoice.open_minor:
        return f"invoice {plain(number)} is already paid"
    return f"invoice {plain(number)} has {words.money(invoice.open_minor, invoice.currency)} open"


def _dismissed(evidence: Evidence, proof: Proof, apply_it: bool, words: Words) -> tuple[str, ...]:
    if evidence.beside is not None:
        return ()
    said = [_applied(evidence, applied, apply_it, words) for applied in to_apply(evidence, proof)]
    if proof.missing_minor:
        currency = evidence.payment.currency
        there = words.money(evidence.payment.amount_minor - proof.missing_minor, currency)
        missing = words.money(proof.missing_minor, currency)
        said.append(
            f"The proof records {there} of the payment. The other {missing} stays unrecorded: if it is a fee, record the "
            "payment in full and the fee by itself in the books."
        )
    return tuple(said)


def _applied(evidence: Evidence, applied: Applied, apply_it: bool, words: Words) -> str:
    numbers = {line.invoice_id: line.invoice_number for line in evidence.lines}
    invoices = listed([f"invoice {plain(numbers[line.invoice_id])}" for line in applied.more])
    receipt, amount = naming.receipt(applied.receipt), words.money(applied.amount_minor, applied.receipt.currency)
    if apply_it:
        return f"{capitalized(receipt)} is then applied to {invoices} for {amount}."
    return (
        f"{capitalized(receipt)} has {amount} unapplied and {invoices} stays open. Apply the receipt with the dismissal, or "
        "in the books, so that the customer gets the credit."
    )
