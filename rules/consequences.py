"""What a remedy would do with what the evidence shows: the one answer, for whoever shows it and for the plan that does it.

What invoices still take, which invoice takes the place of another, which receipts stand for a payment, and what follows when a
person says that a receipt is other money. Pure; raises CannotBeDone, with words to show, where a remedy does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from receivables.books_records import Invoice, InvoiceStatus, Receipt, ReceiptLine, by_invoice
from receivables.diagnosis import Cause, Diagnosis, Finding
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence, LineEvidence, ReceiptEvidence
from receivables.reference_keys import key_of
from receivables.words import capitalized, listed
from rules import matching
from rules.hand_receipts import Elsewhere, ReceiptReading
from rules.mergers import only_moved
from rules.obstacles import InTheWay, Obstacle, obstacles
from rules.posted_parts import marked_receipts
from rules.reading import Reading, read
from rules.ties import Reference
from rules.voiding import second_payments

Options = Mapping[str, object]
NAMED_AT_MOST = 5  # invoices in one sentence
#: Where the receipt is recreated on the invoice that is in the place of another, and a person says which if several could be.
REPLACED = (Cause.INVOICE_RECREATED, Cause.INVOICE_LATE, Cause.INVOICE_VOIDED, Cause.CREDIT_MEMO_APPLIED)
_NONE: Mapping[int, Invoice] = {}


def findings(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """What was found, the recommended first."""
    return (diagnosis.primary, *diagnosis.runners_up)


# --- what invoices take -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """What one allocation's invoice takes of the payment, in minor units."""

    line: int
    invoice: Invoice
    amount_minor: int


def what_fits(evidence: Evidence, chosen: Mapping[int, Invoice] = _NONE) -> list[Taken]:
    """What living invoices still take of this payment; `chosen` are invoices in the place of a line's own.

    Two allocations to one invoice share what is open.
    """
    room: dict[str, int] = {}
    found: list[Taken] = []
    for line in evidence.lines:
        invoice = chosen.get(line.line, line.invoice)
        if not isinstance(invoice, Invoice) or invoice.status is not InvoiceStatus.OPEN:
            continue
        if invoice.currency != evidence.payment.currency or (evidence.customer and invoice.customer_id != evidence.customer.id):
            continue
        amount = min(line.amount_minor, room.setdefault(invoice.id, invoice.open_minor))
        if amount > 0:
            room[invoice.id] -= amount
            found.append(Taken(line.line, invoice, amount))
    return found


def total_of(taken: Sequence[Taken]) -> int:
    """What they take together, in minor units."""
    return sum(part.amount_minor for part in taken)


def proposed_successors(diagnosis: Diagnosis, evidence: Evidence) -> dict[int, Invoice]:
    """By allocation line, the invoice that the diagnosis proposes in its place; without those that a person must choose."""
    ids = dict(next((finding.successors for finding in findings(diagnosis) if finding.successors), ()))
    return {line.line: invoice for line in evidence.lines for invoice in line.successors if invoice.id == ids.get(line.line)}


def undecided_lines(evidence: Evidence, diagnosis: Diagnosis) -> list[LineEvidence]:
    """The allocations for which a person must say which invoice takes the place of theirs: several may, or one that nobody
    proposes. Where the cause is another one, nobody must: what has no invoice then stays an unapplied credit.
    """
    if not any(finding.cause in REPLACED for finding in findings(diagnosis)):
        return []
    proposed = proposed_successors(diagnosis, evidence)
    return [line for line in evidence.lines if line.successors and line.line not in proposed]


def successors(diagnosis: Diagnosis, evidence: Evidence, options: Options) -> dict[int, Invoice]:
    """Which invoice takes the place of each broken line's: the one that the person named, else the one that is proposed.

    What is named settles the lines for which nothing is proposed; where each has its own, those that it could be for.
    """
    proposed, undecided = proposed_successors(diagnosis, evidence), undecided_lines(evidence, diagnosis)
    asked = str(options.get("successor") or "").removeprefix("#")
    named = _named(asked, undecided or [line for line in evidence.lines if line.successors]) if asked else {}
    if asked and not named:
        raise CannotBeDone(f"{asked} is not an open invoice of the same customer and currency that could replace it.")
    chosen = proposed | named
    for line in undecided:
        if line.line not in chosen:
            numbers = [f"{invoice.number} (#{invoice.id})" for invoice in line.successors]
            more = [f"{len(numbers) - NAMED_AT_MOST} more"] if len(numbers) > NAMED_AT_MOST else []
            which = listed([*numbers[:NAMED_AT_MOST], *more])
            raise CannotBeDone(f"Choose the invoice that replaces invoice {line.invoice_number}: {which}.")
    return chosen


def in_place_of(diagnosis: Diagnosis, evidence: Evidence, options: Options) -> list[str]:
    """The ids of the invoices that are taken in the place of lost ones; none as long as a person must still choose."""
    try:
        return [invoice.id for invoice in successors(diagnosis, evidence, options).values()]
    except CannotBeDone:
        return []


def _named(asked: str, lines: Sequence[LineEvidence]) -> dict[int, Invoice]:
    """By line, the only invoice with this number or id among those that could take the place of its own."""
    found: dict[int, Invoice] = {}
    for line in lines:
        issued = [invoice for invoice in line.successors if invoice.status is not InvoiceStatus.DRAFT]
        named = [invoice for invoice in issued if asked in (invoice.id, invoice.number)]
        if len(named) > 1:
            named = [invoice for invoice in named if invoice.id == asked]
        if len(named) == 1:
            found[line.line] = named[0]
    return found


# --- what proves a dismissal ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProofOf:
    """A receipt that stands for `amount_minor` of the payment."""

    receipt: Receipt
    amount_minor: int


@dataclass(frozen=True)
class Proof:
    """What a dismissal rests on: receipts, or the other payment `twin` that it is again, or nothing.

    `missing_minor` is what the receipts record less than the payment, at most a fee.
    """

    receipts: tuple[ProofOf, ...] = ()
    twin: str = ""
    missing_minor: int = 0

    @property
    def given(self) -> bool:
        return bool(self.receipts or self.twin)


def named_in(options: Options, name: str) -> tuple[str, ...]:
    """The documents that a person named under this option; a decision of version 0.1.0 holds one text."""
    given = options.get(name) or ()
    return (given,) if isinstance(given, str) else tuple(map(str, given)) if isinstance(given, list | tuple) else ()


def provable(evidence: Evidence) -> list[ReceiptEvidence]:
    """The receipts that a person may name as proof: in the payment's currency, with money left to claim, and not simply ours."""
    return [found for found in evidence.receipts if not _no_proof(found, evidence)]


def proof_of(diagnosis: Diagnosis, evidence: Evidence, options: Options) -> Proof:
    """What a dismissal would rest on: what the person named, else what the diagnosis found."""
    named = named_in(options, "proof")
    if not named:
        return _proposed(diagnosis, evidence)
    twins = {twin.number for twin in evidence.twins}
    if len(named) == 1 and named[0] in twins:
        return Proof(twin=named[0])
    left, proofs = evidence.payment.amount_minor, list[ProofOf]()
    for found in dict.fromkeys(_receipt_named(evidence, name) for name in named):
        if why := _no_proof(found, evidence):
            raise CannotBeDone(f"Receipt {found.receipt.number} cannot be the proof: {why}.")
        amount = min(found.free_minor, left)
        if not amount:
            raise CannotBeDone(f"Receipt {found.receipt.number} is not needed: the others named as proof are the whole payment.")
        left -= amount
        proofs.append(ProofOf(found.receipt, amount))
    paid = evidence.payment.amount_minor
    if left and not matching.is_near_amount(paid - left, paid):
        raise CannotBeDone(
            "The receipts named as proof do not add up to the payment. Name every receipt of it, or correct them in the books."
        )
    return Proof(tuple(proofs), missing_minor=left)


def _proposed(diagnosis: Diagnosis, evidence: Evidence) -> Proof:
    if evidence.twins and diagnosis.primary.cause is Cause.DUPLICATE_REFERENCE:
        return Proof(twin=evidence.twins[0].number)
    known = (*evidence.living_receipts, *(found.receipt for found in evidence.receipts))
    receipts = {receipt.id: receipt for receipt in known}
    proposed = next((finding.proof for finding in findings(diagnosis) if finding.proof), ())
    if any(receipt_id not in receipts for receipt_id, _ in proposed):
        raise CannotBeDone("The receipt that the card showed as proof is no longer in the books.")
    return Proof(tuple(ProofOf(receipts[receipt_id], amount) for receipt_id, amount in proposed))


def _receipt_named(evidence: Evidence, name: str) -> ReceiptEvidence:
    """The receipt of this id or number among those that were read about the payment."""
    ids = {found.receipt.id: found for found in evidence.receipts}
    numbers = {found.receipt.number: found for found in evidence.receipts}
    found = ids.get(name.removeprefix("#")) or numbers.get(name)
    if found is not None:
        return found
    others = listed([f"payment {twin.number}" for twin in evidence.twins])
    instead = f" {capitalized(others)} may be named as proof." if others else ""
    raise CannotBeDone(
        f"Receipt {name} is not one of this customer's receipts near the payment date, and does not name the payment.{instead}"
    )


def _no_proof(found: ReceiptEvidence, evidence: Evidence) -> str:
    """Why this receipt cannot stand for the payment, or ""."""
    if found.ours and not found.this_payment:
        return "it is our receipt of another payment"
    if found.ours and len(marked_receipts(evidence)) < 2 and found.receipt not in only_moved(read(evidence)):
        return "it is our own receipt of this payment"
    if found.receipt.voided:
        return "it is voided"
    if found.receipt.currency != evidence.payment.currency:
        return f"it is in {found.receipt.currency}"
    if found.other_money:
        return f"it was said to be other money ({found.other_money})"
    return "" if found.free_minor > 0 else "other dismissed payments already rest on its money"


@dataclass(frozen=True)
class Applied:
    """What of a receipt entered by hand would be applied to the payment's invoices, beside what it is applied to."""

    receipt: Receipt
    more: tuple[ReceiptLine, ...]

    @property
    def amount_minor(self) -> int:
        return sum(line.amount_minor for line in self.more)

    @property
    def lines(self) -> tuple[ReceiptLine, ...]:
        """All that it is applied to then."""
        return tuple(ReceiptLine(*line) for line in by_invoice((*self.receipt.lines, *self.more)).items())


def to_apply(evidence: Evidence, proof: Proof) -> list[Applied]:
    """The receipts of a proof with unapplied money for the payment's open invoices: the customer must get the credit.

    None for an invoice of another customer than the receipt's.
    """
    taken = what_fits(
        replace(evidence, customer=None)
    )  # whose they are by now: a merger takes the receipt and its invoices along
    customers = {part.invoice.id: part.invoice.customer_id for part in taken}
    left = by_invoice(ReceiptLine(part.invoice.id, part.amount_minor) for part in taken)
    found = []
    for proven in proof.receipts:
        receipt, unapplied = proven.receipt, min(proven.receipt.unapplied_minor, proven.amount_minor)
        more: list[ReceiptLine] = []
        for invoice_id, open_minor in left.items():
            amount = min(unapplied, open_minor) if customers[invoice_id] == receipt.customer_id else 0
            if amount > 0:
                more.append(ReceiptLine(invoice_id, amount))
                unapplied -= amount
                left[invoice_id] -= amount
        if more:
            found.append(Applied(receipt, tuple(more)))
    return found


def asked_to_apply(evidence: Evidence, proof: Proof, options: Options) -> list[Applied]:
    """What of the proof is applied, where the person asked for that (`apply_proof`)."""
    if not options.get("apply_proof"):
        return []
    if applied := to_apply(evidence, proof):
        for of in applied:
            if of.receipt.deposited:
                raise CannotBeDone(
                    f"Receipt {of.receipt.number} is in a bank deposit. Dismiss without applying, and apply it in the books."
                )
        return applied
    raise CannotBeDone(
        "The receipts named as proof have nothing unapplied for the open invoices of this payment. Dismiss without applying, "
        "or correct the receipt in the books first."
    )


# --- other money ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OtherMoney:
    """What follows when a person says that a receipt is other money.

    `evidence` is as it is once that was said. With `recorded`, ours is recorded at once: `recorded` is what its invoices
    take beside the other money, and the rest becomes an unapplied credit. Without, the payment is checked again: it is posted
    as usual, or `in_the_way` says what else keeps it.
    """

    receipt: Receipt
    two_people: bool
    evidence: Evidence
    recorded: tuple[Taken, ...] | None
    in_the_way: tuple[Obstacle, ...]

    @property
    def rest_minor(self) -> int:
        """What becomes an unapplied credit, in minor units."""
        return 0 if self.recorded is None else self.evidence.payment.amount_minor - total_of(self.recorded)


def may_be_other_money(evidence: Evidence) -> tuple[ReceiptReading, ...]:
    """The receipts of which a person may say that they are other money: in doubt, without its long number."""
    return tuple(found for found in _in_doubt(read(evidence)) if not found.named)


def _in_doubt(reading: Reading) -> list[ReceiptReading]:
    """The receipts in the way of posting, and copies of ours that are deposited as ours is."""
    second = {receipt.id for receipt in second_payments(reading)}
    return [found for found in reading.receipts if found.suspect or found.receipt.id in second]


def other_money(evidence: Evidence, options: Options) -> OtherMoney:
    """What follows when a person says that the receipt they named, or the only one in question, is other money."""
    if evidence.unread:
        raise CannotBeDone("Not everything could be read in the books. Decide when they answer again.")
    found = _in_question(evidence, options)
    if found.named:
        raise CannotBeDone(
            f"Receipt {found.receipt.number} has the number of this payment in a text, so it cannot be other money as it "
            "is. If somebody wrote the number on the wrong receipt, take it off there; the next sync then checks again."
        )
    said = tuple(
        replace(other, other_money="other money") if other.receipt.id == found.receipt.id else other
        for other in evidence.receipts
    )
    then = replace(evidence, receipts=said)
    in_the_way = obstacles(then)
    explained = bool(in_the_way) and all(obstacle.code is InTheWay.SHORT for obstacle in in_the_way) and _took_the_rest(then)
    return OtherMoney(
        receipt=found.receipt,
        two_people=_agrees(found) or found.source.this_payment,
        evidence=then,
        recorded=tuple(what_fits(then)) if explained else None,
        in_the_way=() if explained else in_the_way,
    )


def cash_reference(evidence: Evidence, options: Options) -> str:
    """The reference by which a person says which money a receipt is; it is asked for, and is not the payment's own."""
    given = " ".join(str(options.get("cash_reference") or "").split())
    if not key_of(given):
        raise CannotBeDone("Say which money the receipt is: its own cash reference, such as the number of the check.")
    if key_of(given) == key_of(evidence.payment.transaction_number):
        raise CannotBeDone(f"{given} is the number of this payment. Give the reference of the other money.")
    return given


def _in_question(evidence: Evidence, options: Options) -> ReceiptReading:
    reading = read(evidence)
    in_doubt = _in_doubt(reading)
    if named := named_in(options, "receipt"):
        asked = _receipt_named(evidence, named[0]).receipt
        (found,) = (of for of in reading.receipts if of.receipt.id == asked.id)
        if found.source.ours and found not in in_doubt:
            raise CannotBeDone(f"Receipt {found.receipt.number} is ours, not one that was entered by hand.")
        return found
    if len(in_doubt) != 1:
        which = listed([f"{found.receipt.number} (#{found.receipt.id})" for found in in_doubt])
        raise CannotBeDone(f"Name the receipt that is other money{': ' + which if which else ''}.")
    return in_doubt[0]


def _agrees(found: ReceiptReading) -> bool:
    """Whether amount and customer, or its short number, say that the receipt may well be this payment: that takes two people."""
    of_customer = found.elsewhere is not Elsewhere.CUSTOMER
    return (found.whole and of_customer) or found.covers or bool(found.alone_on) or found.tie.reference is not Reference.NONE


def _took_the_rest(evidence: Evidence) -> bool:
    """Whether what the payment's invoices lack is what other money, named as such, is applied to them."""
    for line in evidence.lines:
        other = sum(found.receipt.applied_to(line.invoice_id) for found in evidence.receipts if found.other_money)
        needed = sum(same.amount_minor for same in evidence.lines if same.invoice_id == line.invoice_id)
        if line.open_minor + other < needed:
            return False
    return True
