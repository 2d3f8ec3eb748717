"""What a remedy would change, in numbers: the figures a person sees before pressing. Pure; nothing is written.

What it would do is asked of `rules`, as the plan asks it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import rules
from receivables.books_records import Invoice, by_invoice
from receivables.company import Company
from receivables.diagnosis import Diagnosis, Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence, LineEvidence
from receivables.payment import Payment
from receivables.two_people import TwoPeople
from receivables.words import Words, capitalized, plain
from storage.cards import CardFacts

NUMBER_AT_MOST = 24  # of a document: longer ones would hide the amounts beside them
Options = Mapping[str, object]
NOTHING: Options = {}


@dataclass(frozen=True)
class Figure:
    """One amount before and after the remedy, in minor units of the payment's currency.

    Without `before_minor` nobody read what it is now: `after_minor` is by how much it changes.
    """

    label: str
    before_minor: int | None
    after_minor: int


def before_after(figure: Figure, currency: str, words: Words) -> str:
    """An amount as it is and as the remedy would leave it; of one that nobody read, by how much it changes."""
    if figure.before_minor is None:
        return f"{words.money(abs(figure.after_minor), currency)} {'less' if figure.after_minor < 0 else 'more'}"
    return f"{words.money(figure.before_minor, currency)} → {words.money(figure.after_minor, currency)}"


RECEIPT, BALANCE = "Our receipt", "Customer's balance"
UNAPPLIED = "Unapplied on our receipt"


def figures(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> tuple[Figure, ...]:
    """The figures of one remedy with what a person said so far; none where it changes no amount."""
    evidence, diagnosis = _evidence(facts), facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return ()
    if evidence.correction:
        return _corrected(evidence.payment, evidence.correction.payment) if remedy is Remedy.ACCEPT_CORRECTION else ()
    try:
        match remedy:
            case Remedy.UNAPPLY_CREDIT_MEMO | Remedy.REVERSE_WRITE_OFF:
                return _unapplied(evidence, remedy, rules.taken_off(remedy, diagnosis, evidence, options))
            case Remedy.RECREATE_RECEIPT | Remedy.POST_ON_OPEN_DAY:
                return _recreated(evidence, diagnosis, options)
            case Remedy.KEEP_ON_ACCOUNT:
                return _kept(evidence, options)
            case Remedy.NOT_DUPLICATE:
                return _beside(evidence, options)
            case Remedy.MATCH:
                return _matched(evidence, options)
            case Remedy.APPLY_RECEIPT:
                deposit = rules.deposit_applied(diagnosis, evidence, options)
                return _deposit(deposit) if deposit else _applied(evidence)
            case Remedy.RECORD_RETURN | Remedy.VOID_RECEIPT:
                return _gone_again(evidence, remedy, options)
            case Remedy.DISMISS:
                return _proven(evidence, rules.proof_of(diagnosis, evidence, options), bool(options.get("apply_proof")), words)
            case _:
                return ()
    except CannotBeDone:
        return ()  # what is missing is said beside it


def _corrected(held: Payment, newer: Payment) -> tuple[Figure, ...]:
    """The payment's amount, where the feed corrects it in the same currency."""
    if held.currency != newer.currency or held.amount_minor == newer.amount_minor:
        return ()
    return (Figure("Amount of the payment", held.amount_minor, newer.amount_minor),)


def follows(facts: CardFacts, remedy: Remedy, words: Words, options: Options = NOTHING) -> tuple[str, ...]:
    """What the remedy leads to, in sentences beside the figures."""
    evidence, diagnosis = _evidence(facts), facts.failure.diagnosis
    return () if evidence is None or diagnosis is None else rules.follows(remedy, diagnosis, evidence, options, words)


def _evidence(facts: CardFacts) -> Evidence | None:
    """What is known, with the invoices and customers that a person named beside it."""
    return facts.evidence and rules.with_named(facts.evidence, facts.named)


def proposed_proof(facts: CardFacts) -> rules.Proof:
    """What a dismissal rests on where nobody names another receipt; nothing where the books no longer hold it."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None or evidence.correction:
        return rules.Proof()
    try:
        return rules.proof_of(diagnosis, evidence, NOTHING)
    except CannotBeDone:
        return rules.Proof()


def takes_two(facts: CardFacts, remedy: Remedy, company: Company) -> TwoPeople | None:
    """Why the remedy takes two people whatever the amount, as far as was known when the books were read."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return None
    if remedy is Remedy.RECORD_RETURN and not rules.makes_returns(evidence):
        return TwoPeople.UNREAD_ENTRY  # whichever entry a person names
    try:
        return rules.two_people(remedy, diagnosis, evidence, NOTHING, company, evidence.taken_at)
    except CannotBeDone:
        return None  # it depends on what a person names


def headline_minor(facts: CardFacts, remedy: Remedy) -> int:
    """The one amount that stands on the button, in minor units: what the remedy moves."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    payment = facts.payment.payment
    if evidence is None or diagnosis is None:
        return payment.amount_minor
    match remedy:
        case Remedy.UNAPPLY_CREDIT_MEMO:
            return _unapplied_minor(evidence, diagnosis)
        case Remedy.APPLY_RECEIPT if evidence.living_receipts:
            return _applied_minor(evidence, diagnosis)
        case Remedy.KEEP_ON_ACCOUNT if evidence.living_receipts:
            return sum(receipt.unapplied_minor for receipt in evidence.living_receipts) or payment.amount_minor
        case Remedy.KEEP_ON_ACCOUNT:
            return payment.amount_minor - rules.total_of(rules.what_fits(evidence))
        case Remedy.RECORD_RETURN if evidence.beside is not None:
            return sum(of.amount_minor for of in rules.returns(evidence, NOTHING).of) if rules.makes_returns(evidence) else 0
        case _:
            return payment.amount_minor


def _applied_minor(evidence: Evidence, diagnosis: Diagnosis) -> int:
    """What comes onto invoices; of a customer deposit nothing yet where an invoice must still be chosen."""
    try:
        deposit = rules.deposit_applied(diagnosis, evidence, NOTHING)
    except CannotBeDone:
        return 0
    return rules.total_of(deposit.taken) if deposit else sum(of.added_minor for of in rules.reapplied(evidence))


# --- unapply ---------------------------------------------------------------------------------------------------------


def credit_that_fits_minor(facts: CardFacts) -> int:
    """What of the credit taken off the invoices they take again beside the receipt, in minor units."""
    evidence, diagnosis = facts.evidence, facts.failure.diagnosis
    if evidence is None or diagnosis is None:
        return 0
    try:
        return sum(amount for _, amount in rules.unapplied(diagnosis, evidence, NOTHING).again)
    except CannotBeDone:
        return 0


def _unapplied_minor(evidence: Evidence, diagnosis: Diagnosis) -> int:
    """What of credit memos stays off the payment's invoices, in minor units."""
    try:
        return rules.unapplied(diagnosis, evidence, NOTHING).freed_minor
    except CannotBeDone:
        return 0


def _unapplied(evidence: Evidence, remedy: Remedy, then: rules.Unapplied) -> tuple[Figure, ...]:
    """Each credit memo and invoice, our receipt, and where what came off is then: unapplied on its memo, or bad debt no more."""
    names, shown, freed = _names(evidence), list[Figure](), dict[str, int]()
    for credit in then.taken:
        memo = f"credit memo {_number(credit.credit_memo_number, credit.credit_memo_id)}"
        label = f"{capitalized(memo)} on {names.get(credit.invoice_id, 'its invoice')}"
        shown.append(Figure(label, credit.amount_minor, then.again_minor(credit)))
        freed[memo] = freed.get(memo, 0) + credit.amount_minor - then.again_minor(credit)
    left = {line.invoice_id: line.open_minor for line in then.evidence.lines}
    for part in then.fits:
        left[part.invoice.id] -= part.amount_minor
    for credit, amount in then.again:
        left[credit.invoice_id] -= amount
    for invoice_id, (line, _) in _by_invoice(evidence).items():
        shown.append(Figure(f"Open on {names[invoice_id]}", line.open_minor, left[invoice_id]))
    if remedy is Remedy.REVERSE_WRITE_OFF:  # nothing of the memo is left to use
        reversed_minor = then.freed_minor
        return (
            *shown,
            *_receipt_and_balance(evidence, then.rest_minor, reversed_minor),
            Figure("Bad debt", None, -reversed_minor),
        )
    unapplied = [Figure(f"Unapplied on {memo}", None, amount) for memo, amount in freed.items() if amount]
    receipt, *others = _receipt_and_balance(evidence, then.rest_minor)
    return (*shown, receipt, *unapplied, *others)


def _receipt_and_balance(evidence: Evidence, rest_minor: int, reversed_minor: int = 0) -> list[Figure]:
    """Our receipt, what of it stays unapplied, and what the customer owes less because of it."""
    paid = evidence.payment.amount_minor
    rest = [Figure(UNAPPLIED, 0, rest_minor)] if rest_minor else []
    return [Figure(RECEIPT, 0, paid), *rest, Figure(BALANCE, None, reversed_minor - paid)]


# --- record: recreate, keep on account, beside other money --------------------------------------------------------------


def rest_minor(figures_of_it: Sequence[Figure]) -> int:
    """What of the receipt that is recorded stays unapplied, in minor units."""
    return sum(figure.after_minor for figure in figures_of_it if figure.label == UNAPPLIED)


def _recreated(evidence: Evidence, diagnosis: Diagnosis, options: Options) -> tuple[Figure, ...]:
    """Lines for which a person must still choose an invoice have no figures yet."""
    proposed = rules.proposed_successors(diagnosis, evidence)
    chosen = rules.successors(diagnosis, evidence, options) if options.get("successor") else proposed
    waiting = [line for line in rules.undecided_lines(evidence, diagnosis) if line.line not in chosen]
    taken = [part for part in rules.what_fits(evidence, chosen) if part.line not in {line.line for line in waiting}]
    return _recorded(evidence, taken, new=set(chosen), waiting_minor=sum(line.amount_minor for line in waiting))


def _recorded(
    evidence: Evidence, taken: Sequence[rules.Taken], *, new: Collection[int] = (), waiting_minor: int = 0
) -> tuple[Figure, ...]:
    """What a receipt applied like this leaves open, and what of it stays unapplied."""
    together: dict[str, tuple[str, Invoice, int]] = {}
    for part in taken:
        label = f"Open on {'the new invoice' if part.line in new else 'invoice'} {_number(part.invoice.number, part.invoice.id)}"
        first, _, amount = together.get(part.invoice.id, (label, part.invoice, 0))
        together[part.invoice.id] = (first, part.invoice, amount + part.amount_minor)
    shown = [Figure(label, of.open_minor, of.open_minor - amount) for label, of, amount in together.values()]
    rest = evidence.payment.amount_minor - waiting_minor - rules.total_of(taken)
    if not shown and not rest:
        return ()  # a person must still choose
    return (*shown, *_receipt_and_balance(evidence, rest))


def _kept(evidence: Evidence, options: Options) -> tuple[Figure, ...]:
    if live := evidence.living_receipts:
        rest = sum(receipt.unapplied_minor for receipt in live)
        return (Figure("Accepted as unapplied credit", evidence.payment.on_account_minor, rest),)
    return _recorded(evidence, rules.applied_to(evidence, options))


def _beside(evidence: Evidence, options: Options) -> tuple[Figure, ...]:
    """Nothing where something else is in the way, so that nothing is recorded yet."""
    if rules.is_about_twin(evidence, options):
        return ()
    said = rules.other_money(evidence, options)
    return () if said.in_the_way else _recorded(evidence, said.recorded or rules.what_fits(evidence))


def _matched(evidence: Evidence, options: Options) -> tuple[Figure, ...]:
    """Nothing where it does not fit: then nothing is recorded yet."""
    then = rules.as_matched(evidence, rules.match(evidence, options))
    return () if rules.obstacles(then) else _recorded(then, rules.what_fits(then))


# --- the receipt that is there: apply, dismiss ------------------------------------------------------------------------


def _applied(evidence: Evidence) -> tuple[Figure, ...]:
    ours, names = rules.reapplied(evidence), _names(evidence)
    shown = [
        Figure(
            f"Unapplied on receipt {_number(of.receipt.number, of.receipt.id)}", of.receipt.unapplied_minor, of.unapplied_minor
        )
        for of in ours
        if of.receipt.unapplied_minor or of.unapplied_minor
    ]
    before = by_invoice(line for of in ours for line in of.receipt.lines)
    after = by_invoice(line for of in ours for line in of.lines)
    names = {of.id: f"invoice {_number(of.number, of.id)}" for of in evidence.other_invoices} | names
    elsewhere = [invoice for invoice in before if invoice not in names]
    if elsewhere:
        here, there = (sum(applied.get(invoice, 0) for invoice in elsewhere) for applied in (before, after))
        shown += [Figure("Applied to other invoices", here, there), Figure("Open on other invoices", None, here - there)]
    for other in evidence.other_invoices:
        if taken := before.get(other.id, 0) - after.get(other.id, 0):
            shown.append(Figure(f"Open on {names[other.id]}", other.open_minor, other.open_minor + taken))
    for invoice_id, (line, _) in _by_invoice(evidence).items():
        there, then = before.get(invoice_id, 0), after.get(invoice_id, 0)
        shown.append(Figure(f"Open on {names[invoice_id]}", line.open_minor, line.open_minor + there - then))
    return tuple(shown)


def _deposit(deposit: rules.DepositApplied) -> tuple[Figure, ...]:
    """A customer deposit that is applied: what each invoice takes, and what stays unapplied."""
    label = f"Unapplied on receipt {_number(deposit.receipt.number, deposit.receipt.id)}"
    taken: dict[str, tuple[Invoice, int]] = {}
    for part in deposit.taken:
        taken[part.invoice.id] = part.invoice, taken.get(part.invoice.id, (part.invoice, 0))[1] + part.amount_minor
    opened = [
        Figure(f"Open on invoice {_number(of.number, of.id)}", of.open_minor, of.open_minor - amount)
        for of, amount in taken.values()
    ]
    return (Figure(label, deposit.receipt.unapplied_minor, deposit.rest_minor), *opened)


def _proven(evidence: Evidence, proof: rules.Proof, apply_it: bool, words: Words) -> tuple[Figure, ...]:
    claimed = {found.receipt.id: found.claimed_minor for found in evidence.receipts}
    shown: list[Figure] = []
    for proven in proof.receipts:
        receipt, before = proven.receipt, claimed[proven.receipt.id]
        named = f"Receipt {_number(receipt.number, receipt.id)} ({words.money(receipt.amount_minor, receipt.currency)})"
        shown.append(Figure(f"{named} counted for payments", before, before + proven.amount_minor))
    if apply_it:
        lines = _by_invoice(evidence)
        for applied in rules.to_apply(evidence, proof):
            for part in applied.more:
                line, _ = lines[part.invoice_id]
                label = f"Open on invoice {_number(line.invoice_number, line.invoice_id)}"
                shown.append(Figure(label, line.open_minor, line.open_minor - part.amount_minor))
    return tuple(shown)


def _gone_again(evidence: Evidence, remedy: Remedy, options: Options) -> tuple[Figure, ...]:
    """The entry for each receipt, or the receipt that is voided; what is open again on each invoice, and what is owed more."""
    if remedy is Remedy.RECORD_RETURN:
        returned = rules.returns(evidence, options).of
        receipts = [(of.receipt, of.reopens) for of in returned]
        shown = [
            Figure(f"{capitalized(of.out)} of receipt {_number(of.receipt.number, of.receipt.id)}", 0, of.amount_minor)
            for of in returned
        ]
        owed_minor = sum(of.amount_minor for of in returned)
    else:
        voided = rules.to_void(evidence, options)
        receipts = [(receipt, receipt.lines) for receipt in voided]
        counted = [rules.counted_minor(receipt, evidence.money_out, evidence.payment) for receipt in voided]
        shown = [
            Figure(f"Receipt {_number(receipt.number, receipt.id)}", minor, 0)
            for receipt, minor in zip(voided, counted, strict=True)
        ]
        owed_minor = sum(counted)
    names = _names(evidence)
    open_minor = {line.invoice_id: line.open_minor for line in evidence.lines}
    for invoice_id, amount in by_invoice(line for _, lines in receipts for line in lines).items():
        if invoice_id in names:
            shown.append(Figure(f"Open on {names[invoice_id]}", open_minor[invoice_id], open_minor[invoice_id] + amount))
    return (*shown, Figure(BALANCE, None, owed_minor)) if shown else ()


# --- names ------------------------------------------------------------------------------------------------------------


def _by_invoice(evidence: Evidence) -> dict[str, tuple[LineEvidence, int]]:
    """Each bound invoice's first line, and what all its lines together need, in minor units."""
    found: dict[str, tuple[LineEvidence, int]] = {}
    for line in evidence.lines:
        if line.invoice_id:
            first, needed = found.get(line.invoice_id, (line, 0))
            found[line.invoice_id] = (first, needed + line.amount_minor)
    return found


def _names(evidence: Evidence) -> dict[str, str]:
    return {line.invoice_id: f"invoice {_number(line.invoice_number, line.invoice_id)}" for line in evidence.lines}


def _number(number: str, otherwise: str) -> str:
    return plain(number or otherwise, NUMBER_AT_MOST)
