"""What was observed: the facts of a reading, each with its document, the person, the time and its figures.

Every cause rests on facts from here or from its own file, and a payment whose cause nobody can name is shown with all of
them. Their sentences are written later, when somebody looks (`rules/fact_kinds.py`).
"""

from __future__ import annotations

from receivables.books_records import Gone, Invoice, MoneyOut, Receipt, Stamp
from receivables.diagnosis import Fact, Money
from receivables.effects import markers_in
from receivables.evidence import BindingProblem, Vanished
from receivables.payment import Dispute, FeedStatus, Payment
from receivables.quoting import MESSAGE_AT_MOST
from receivables.refusal import UNEXPLAINED
from receivables.twins import Twin
from receivables.words import plain
from rules import credit_facts, gone_facts, hand_receipt_facts, naming, ours
from rules import fact_kinds as kinds
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import Flaw, LineReading, is_surcharged
from rules.reading import Reading
from rules.rest import rest_refused

BESIDE_AT_MOST = 5  # of the customer's other open invoices; the window lists more
RIVALS_AT_MOST = 3  # of payments that a receipt could be as well; more cannot be read


def the_payment(of: Payment, customer_name: str = "") -> Fact:
    """The payment itself, which no evidence lacks; its customer by the name in the books where that is known."""
    return kinds.payment(
        f"payment {plain(of.transaction_number)}",
        Stamp("", of.paid_at),
        number=of.transaction_number,
        customer=customer_name or of.customer,
        amount=Money(of.amount_minor, of.currency),
    )


def twin(before: Twin) -> Fact:
    """A payment that came before and is probably the same."""
    return kinds.twin_payment(
        f"payment {plain(before.number)}",
        Stamp("", before.paid_at),
        amount=Money(before.amount_minor, before.currency),
        customer=before.customer,
        timed=before.has_time,
        alike=before.alike.value,
    )


def held_as_twin(reading: Reading) -> Fact:
    """The payment itself, beside those that came before."""
    of = reading.evidence.payment
    return kinds.twin_payment(
        f"payment {plain(of.transaction_number)}",
        Stamp("", of.paid_at),
        amount=Money(of.amount_minor, of.currency),
        customer=of.customer,
        timed=of.has_time,
    )


def line(reading: Reading, of_line: LineReading) -> tuple[Fact, ...]:
    """What is so with one invoice: its state, the credits on it, and what may have taken its place."""
    facts = [state(reading, of_line)]
    if of_line.flaw in (Flaw.SHORT, Flaw.FITS):
        facts += [*credits(reading, of_line), *_taken_by_ours(reading, of_line)]
    facts += [_replacement(reading, of_line, replacement) for replacement in (*of_line.replacements, *of_line.rebills)]
    facts += [_beside(of_line, other) for other in of_line.beside[:BESIDE_AT_MOST]]
    return tuple(facts)


def lines_with(reading: Reading, flaw: Flaw) -> tuple[Fact, ...]:
    """The same of every invoice with this flaw."""
    return tuple(fact for found in reading.lines if found.flaw is flaw for fact in line(reading, found))


_UNBOUND = {
    BindingProblem.ONLY_NEWER: kinds.invoice_only_newer,
    BindingProblem.SEVERAL_INVOICES: kinds.invoice_several_invoices,
    BindingProblem.SEVERAL_CUSTOMERS: kinds.invoice_several_customers,
    BindingProblem.NO_SUCH_CUSTOMER: kinds.invoice_no_such_customer,
    BindingProblem.NONE: kinds.invoice_unread,
}


def state(reading: Reading, of_line: LineReading) -> Fact:
    """What is so with the invoice itself."""
    found, label, problem = of_line.source.invoice, naming.invoice(of_line), of_line.source.problem
    paid_in = reading.evidence.payment.currency
    need = Money(of_line.need_minor, paid_in)
    if found is None and problem is BindingProblem.NO_SUCH_INVOICE:
        return kinds.invoice_no_such_invoice(label, need=need)
    if found is None and problem is BindingProblem.ONLY_DRAFT:
        return kinds.invoice_draft(label, need=need)
    if found is None:
        return _UNBOUND[problem](label)
    if isinstance(found, Gone):
        return kinds.invoice_deleted(label, found.deleted)
    open_now = Money(found.open_minor, found.currency)
    match of_line.flaw:
        case Flaw.FITS:
            return kinds.invoice_open(label, found.changed, open=open_now, need=need)
        case Flaw.SHORT:
            then = _open_when_paid(reading, of_line, found)
            return kinds.invoice_short(
                label,
                found.changed,
                open=open_now,
                need=need,
                open_when_paid=None if then is None else Money(then, paid_in),
                over=Money(of_line.over_minor, paid_in) if of_line.over_minor else None,
                ours=Money(of_line.ours_minor, paid_in) if of_line.ours_minor else None,
            )
        case Flaw.NOT_READY:
            return kinds.invoice_draft(label, found.changed, need=need, bound=True)
        case Flaw.CURRENCY:
            return kinds.invoice_currency(label, found.changed, currency=found.currency, paid_in=paid_in)
        case Flaw.MOVED:
            return kinds.invoice_moved(label, found.changed)
    return kinds.invoice_voided(label, found.changed)


def _open_when_paid(reading: Reading, of_line: LineReading, found: Invoice) -> int | None:
    """What is open now and what was taken since, in minor units; None where that cannot have been so."""
    since = [entered for entered in reading.receipts if entered.entered_after and not entered.receipt.voided]
    then = of_line.restorable_minor + sum(entered.receipt.applied_to(found.id) for entered in since)
    return then if of_line.need_minor <= then <= found.total_minor else None


def credits(reading: Reading, of_line: LineReading) -> tuple[Fact, ...]:
    """Every credit on this invoice, oldest first, and whether it came before or after the customer paid."""
    once = {credit.id: credit for credit in reversed(of_line.source.credits)}.values()
    facts = []
    for credit in sorted(once, key=lambda credit: (credit.applied.at, credit.id)):
        amount = Money(credit.amount_minor, reading.evidence.payment.currency)
        applied = (
            credit_facts.credit_applied_after
            if credit.applied.at > reading.evidence.payment.paid_at
            else credit_facts.credit_applied_before
        )
        facts.append(
            applied(
                naming.credit_memo(credit),
                credit.applied,
                invoice=naming.invoice(of_line),
                amount=amount,
                total=Money(credit.of_minor, amount.currency) if credit.of_minor else None,
                said=credit.said,
                dated=credit.dated,
                made_by=credit.made.person if credit.made else "",
            )
        )
    return tuple(facts)


def _taken_by_ours(reading: Reading, of_line: LineReading) -> list[Fact]:
    """Our own receipts for other payments that are applied to this invoice: the customer may have paid it twice."""
    facts = []
    for found in reading.receipts:
        taken = found.receipt.applied_to(of_line.invoice_key) if found.of_other_payment else 0
        if taken:
            facts.append(
                kinds.receipt_of_other_payment(
                    naming.receipt(found.receipt),
                    found.receipt.created,
                    invoice=naming.invoice(of_line),
                    applied=Money(taken, found.receipt.currency),
                    payment=found.source.names_payment,
                    dated=found.receipt.received_on,
                    went_back=str(found.source.went_back.status) if found.source.went_back else "",
                )
            )
    return facts


def _replacement(reading: Reading, of_line: LineReading, found: Invoice) -> Fact:
    if of_line.flaw is Flaw.LATE:
        return entered_late(reading, of_line, found)
    return kinds.invoice_may_replace(
        f"invoice {plain(found.number) or plain(found.id)}",
        found.created,
        replaces=naming.invoice(of_line),
        same_number=found.number == of_line.number,
        open=Money(found.open_minor, found.currency),
        need=Money(of_line.need_minor, reading.evidence.payment.currency),
        same_lines=of_line.source.same_lines(found),
    )


def entered_late(reading: Reading, of_line: LineReading, found: Invoice) -> Fact:
    """An invoice that came into the books after the customer had paid, and may be what they paid."""
    label = naming.invoice(of_line) if found.number == of_line.number else f"invoice {plain(found.number) or plain(found.id)}"
    open_now, need = (Money(minor, found.currency) for minor in (found.open_minor, of_line.need_minor))
    over, at, on = is_surcharged(reading.evidence, of_line, found) or None, found.created, found.issued_on
    return kinds.invoice_entered_late(label, at, open=open_now, issued=on, need=need, surcharge=over)


def _beside(of_line: LineReading, found: Invoice) -> Fact:
    label, open_now = f"invoice {plain(found.number) or plain(found.id)}", Money(found.open_minor, found.currency)
    replaces, alike = naming.invoice(of_line), of_line.source.same_lines(found)
    return kinds.invoice_beside(label, replaces=replaces, open=open_now, issued=found.issued_on, same_lines=alike)


def hand_receipt(found: ReceiptReading) -> Fact:
    """A receipt in the books that may be this payment's money, what ties it to the payment, and what speaks against it."""
    entered = found.receipt
    return hand_receipt_facts.receipt_by_hand(
        naming.receipt(entered),
        entered.created,
        amount=Money(entered.amount_minor, entered.currency),
        dated=entered.received_on,
        reference=found.tie.reference.value,
        standing=found.standing.value,
        suspect=found.suspect,
        names_payment=found.source.names_payment,
        rivals=found.source.rivals[:RIVALS_AT_MOST],
        unapplied=Money(entered.unapplied_minor, entered.currency) if entered.unapplied_minor > 0 else None,
        claimed=Money(found.source.claimed_minor, entered.currency) if found.source.claimed_minor > 0 else None,
        form=found.form.value,
        elsewhere=found.elsewhere.value,
        before=not found.entered_after,
        against=found.tie.against,
        method=entered.method,
        written=entered.reference or entered.memo,
        deposit_account=entered.deposit_account,
        deposit=entered.deposit,
        deposited=entered.deposited,
    )


def vanished(gone: Vanished) -> Fact:
    """A receipt entered by hand that named the payment, or one of ours that our rows do not know, deleted or voided now."""
    seen = gone.receipt
    amount = Money(seen.amount_minor, seen.currency) if seen.amount_minor else None  # one that could never be read whole has none
    return hand_receipt_facts.receipt_by_hand_vanished(
        naming.receipt(seen), gone.gone, amount=amount, ours=bool(markers_in(seen.memo))
    )


def customer(reading: Reading) -> tuple[Fact, ...]:
    """What is wrong with the customer, if anything."""
    found, into = reading.evidence.customer, reading.evidence.merged_into
    if found is None:
        unread = any(what.startswith("customers") for what in reading.evidence.unread)
        return (kinds.customer_unread() if unread else kinds.customer_unknown(),)
    label = f"customer {plain(found.name)}"
    if found.merged_into:
        other = f"customer {plain(into.name)}" if into is not None else "another customer"
        return (kinds.customer_merged(label, found.changed, into=other),)
    return () if found.active else (kinds.customer_inactive(label, found.changed),)


def period(reading: Reading) -> tuple[Fact, ...]:
    """That the books are closed for the receipt's day."""
    closed_through = reading.evidence.settings.closed_through
    return (kinds.period_closed(through=closed_through),) if reading.evidence.received_on_closed else ()


def money_back(reading: Reading) -> tuple[Fact, ...]:
    """That the feed says that the money went back, or never came."""
    of = reading.evidence.payment
    if reading.paid:
        return ()
    label, reason = f"payment {plain(of.transaction_number)}", plain(of.reason_code)
    went_back = {
        FeedStatus.RETURNED: gone_facts.payment_returned,
        FeedStatus.REFUNDED: gone_facts.payment_refunded,
        FeedStatus.FAILED: gone_facts.payment_failed,
    }.get(of.status)
    if went_back is not None:
        return (went_back(label, on=reading.evidence.went_back_on, reason=reason),)
    on, lost = reading.evidence.went_back_on, of.dispute is Dispute.LOST
    return (gone_facts.payment_charged_back(label, on=on, reason=reason, lost=lost),)


def money_out(entry: MoneyOut, of: Receipt) -> Fact:
    """An entry by which money of a receipt left the books again."""
    return gone_facts.money_out(
        f"{entry.kind} {plain(entry.number) or plain(entry.id)}",
        entry.created,
        of=naming.receipt(of),
        amount=Money(entry.amount_minor, entry.currency),
        dated=entry.on,
    )


def refusal(reading: Reading) -> tuple[Fact, ...]:
    """What the books said when they refused."""
    if (found := reading.evidence.refusal) is None:
        return ()
    message = plain(found.message, MESSAGE_AT_MOST) or found.code
    refused = kinds.books_refused("", Stamp("", found.at), message=message, unexplained=found.code in UNEXPLAINED)
    return (refused, *ours.receipts(reading)) if rest_refused(reading) else (refused,)


def everything(reading: Reading) -> tuple[Fact, ...]:
    """All that was observed; for a payment whose cause cannot be named, and so that nothing is hidden."""
    facts: list[Fact] = []
    for of_line in reading.lines:
        facts += line(reading, of_line)
    facts += [hand_receipt(found) for found in reading.receipts if found.by_hand or found.suspect]
    facts += [vanished(gone) for gone in reading.evidence.vanished]
    facts += ours.receipts(reading)
    for found in reading.parts:
        facts += ours.part(reading, found)
    facts += [*money_back(reading), *customer(reading), *period(reading), *refusal(reading)]
    facts += [kinds.not_read(what=name) for name in sorted(set(reading.evidence.unread))]
    return tuple(dict.fromkeys(facts))
