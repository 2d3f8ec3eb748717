"""Receipts in the books that may be a payment's money or explain its invoices, and whose else they may be.

The mirror knows every receipt of the company, on any customer, and finds candidates by what is written on them; each is
read fresh before it counts. One receipt entered by hand cannot be two payments: where another payment of ours waits for
the same money, or the reference names it, that is said beside the receipt.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from receivables.books_records import Gone, Receipt, Stamp
from receivables.company import Company
from receivables.effects import facts_of, marker_stem, markers_in, stems_in
from receivables.errors import BooksRefused
from receivables.evidence import LineEvidence, OtherPayment, ReceiptEvidence, Vanished
from receivables.money import LARGEST_FEE_PERCENT
from receivables.payment import Payment
from receivables.ports import Books
from receivables.reference_keys import key_of
from receivables.twins import folded
from storage import hand_receipts, mirror, payments
from storage.engine import Connection
from storage.hand_receipts import Found, Wanted
from storage.other_money import OtherMoney
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from storage.work import Work

MOST_WAITING = 2_000  # payments of the same few amounts; beyond this many an amount tells nothing anyway


@dataclass(frozen=True)
class Candidates:
    """What the mirror finds for a batch, by transaction number, and those receipts as they are now.

    `unread` says of a receipt that the books do not give whole why not: it blocks what it may be.
    """

    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    found: Mapping[str, Sequence[Found]] = field(default_factory=dict)
    fresh: Mapping[str, Receipt | Gone] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)

    def unread_of(self, number: str) -> list[str]:
        return [f"receipt {found.id}: {self.unread[found.id]}" for found in self.found.get(number, ()) if found.id in self.unread]


@dataclass(frozen=True)
class Search:
    """Receipts of a batch's customers, with what our own rows say about them.

    `waiting` are payments not in the books that one entered by hand may be, `named` the numbers that its reference is, by key.
    """

    company: Company
    receipts: Sequence[Receipt]
    marked: Mapping[str, Sequence[Receipt]]  # by the stem of our markers
    claimed: Mapping[str, int]  # by receipt id: what dismissals rest on, in minor units
    candidates: Candidates = field(default_factory=Candidates)
    longest_reference: int = 0
    other_money: Mapping[str, Sequence[OtherMoney]] = field(default_factory=dict)  # by transaction number
    waiting: Sequence[StoredPayment] = ()
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recorded: Mapping[str, StoredPayment] = field(default_factory=dict)  # other payments of which receipts are ours, by number
    proofs: Mapping[str, Sequence[Proof]] = field(default_factory=dict)  # of the batch's own dismissals
    went_back: Mapping[str, OtherPayment] = field(default_factory=dict)  # by receipt id: our payments whose money went back


def wanted(company: Company, payment: Payment, customer_ids: Collection[str], *, at_least_days: int = 0) -> Wanted:
    """What a receipt of this payment would be like, where it is of one of these customers of the books.

    `at_least_days` widens the company's window where that is narrower.
    """
    amount_minor = payment.amount_minor
    least_minor = amount_minor - amount_minor * LARGEST_FEE_PERCENT // 100
    since, through = window(company, payment, at_least_days=at_least_days)
    return Wanted(
        payment.transaction_number, payment.currency, amount_minor, least_minor, frozenset(customer_ids), since, through
    )


def candidates(connection: Connection, company: Company, asked: Sequence[Wanted]) -> Candidates:
    """What the mirror finds; nothing of it was read fresh yet."""
    return Candidates({each.number: each for each in asked}, hand_receipts.find(connection, company.id, asked))


def only_for(held: Candidates, numbers: Collection[str]) -> Candidates:
    """The candidates of these payments."""
    return replace(held, found={number: found for number, found in held.found.items() if number in numbers})


def read_fresh(books: Books, held: Candidates, listed: Mapping[str, Receipt]) -> Candidates:
    """The candidates as the books hold them now; `listed` were read a moment ago, by their ids.

    One that cannot be read never hides the others. Raises BooksUnavailable and AccessLost as every read does.
    """
    living = {found.id: found for some in held.found.values() for found in some if not found.gone}
    fresh: dict[str, Receipt | Gone] = {receipt_id: listed[receipt_id] for receipt_id in living if receipt_id in listed}
    asked = sorted(set(living) - set(fresh))
    whole = [receipt_id for receipt_id in asked if not living[receipt_id].problem]
    singly = [receipt_id for receipt_id in asked if living[receipt_id].problem]
    unread: dict[str, str] = {}
    try:
        fresh.update(books.receipts(whole) if whole else {})
    except BooksRefused:
        singly = asked
    for receipt_id in singly:
        try:
            fresh.update(books.receipts([receipt_id]))
        except BooksRefused as error:
            unread[receipt_id] = error.message
    return replace(held, fresh=fresh, unread=unread)


def take_over(work: Work, held: Candidates, longest_reference: int) -> None:
    """What a fresh read says otherwise than the mirror is what the mirror says from now on."""
    seen = {found.id: found.seen for some in held.found.values() for found in some}
    mirror.take_over(
        work,
        [of for of in held.fresh.values() if isinstance(of, Receipt) and _differs(of, seen[of.id])],
        [of for of in held.fresh.values() if isinstance(of, Gone)],
        longest_reference=longest_reference,
    )


def _differs(now: Receipt, seen: Receipt | None) -> bool:
    return seen is None or (now.received_on, facts_of(now)) != (seen.received_on, facts_of(seen))


def with_others(
    connection: Connection, search: Search, batch: Sequence[StoredPayment], invoice_ids: Collection[str] = ()
) -> Search:
    """The same with the other payments that its hand-made receipts may be by their amount, or are by their reference, and with
    those of which our receipts on these invoices are.

    What is said of a receipt does not depend on the other payments of the batch: a decision reads its payment alone.
    """
    by_hand = [receipt for receipt in search.receipts if not markers_in(receipt.memo)]
    ours = [
        receipt
        for receipt in search.receipts
        if markers_in(receipt.memo) and any(line.invoice_id in invoice_ids for line in receipt.lines)
    ]
    amounts = {stored.payment.amount_minor for stored in batch} & {receipt.amount_minor for receipt in by_hand}
    keys = {key_of(receipt.reference) for receipt in (*by_hand, *ours)} - {""}
    company = search.company.id
    named = payments.numbers_by_key(connection, company, keys) if keys else {}
    of = {number for receipt in ours for number in named.get(key_of(receipt.reference), ())}
    return replace(
        search,
        waiting=payments.not_in_books(connection, company, amounts, limit=MOST_WAITING) if amounts else (),
        named=named,
        recorded=payments.by_numbers(connection, company, of) if of else {},
    )


def of_payment(
    search: Search, stored: StoredPayment, lines: Sequence[LineEvidence], customers: set[str]
) -> tuple[ReceiptEvidence, ...]:
    """Receipts that name the payment, near its day, on its invoices, or with its marker, in the order of their ids."""
    stem = marker_stem(search.company.id, stored.number)
    invoices = {line.invoice_id for line in lines if line.invoice_id}
    since, through = window(search.company, stored.payment)
    asked = search.candidates.wanted.get(stored.number)
    found = {receipt.id: receipt for receipt in search.marked.get(stem, ())}
    proofs = {proof.receipt_id for proof in search.proofs.get(stored.number, ())}
    for receipt in search.receipts:
        if receipt.voided:
            continue
        # One of ours for another payment is other money: it says something only where it stands on the same invoices.
        # An older one was read only if another payment of the batch was paid earlier.
        by_hand = not markers_in(receipt.memo)
        near = by_hand and receipt.received_on <= through
        on_its_invoices = any(line.invoice_id in invoices for line in receipt.lines)
        of_family = receipt.customer_id in customers or on_its_invoices  # a parent pays the invoice of its job or branch
        of_customer = of_family and since <= receipt.received_on and (near or on_its_invoices)
        named = by_hand and asked and hand_receipts.may_be(asked, receipt, search.longest_reference)
        gone = on_its_invoices and receipt.id in search.went_back
        if of_customer or named or gone or receipt.id in proofs:
            found[receipt.id] = receipt
    return tuple(
        ReceiptEvidence(
            receipt=receipt,
            ours=bool(markers_in(receipt.memo)),
            this_payment=stem in stems_in(receipt.memo),
            claimed_minor=search.claimed.get(receipt.id, 0),
            rivals=_rivals(search, stored, receipt),
            names_payment=_named(search, stored, receipt),
            other_money=_other_money(search, stored, receipt),
            proves=receipt.id in proofs,
            went_back=_gone(search, stored, receipt),
        )
        for _, receipt in sorted(found.items())
    )


def vanished(held: Candidates, number: str, longest_reference: int) -> tuple[Vanished, ...]:
    """Receipts that named the payment when they were last seen, and are deleted or voided now."""
    ended, asked = [], held.wanted.get(number)
    for found in held.found.get(number, ()):
        now = held.fresh.get(found.id)
        if asked and found.gone:
            ended.append(Vanished(found.seen or _as_far_as_known(found, asked), found.ended))
        elif asked and found.seen and _is_over(now) and hand_receipts.names_it(asked, found.seen, longest_reference):
            ended.append(Vanished(found.seen, now.deleted if isinstance(now, Gone) else now.changed if now else None))
    return tuple(ended)


def _as_far_as_known(found: Found, asked: Wanted) -> Receipt:
    """A receipt that went before it could be read whole: its texts named the payment, and nothing is known of its money."""
    at = found.ended or Stamp("", datetime.combine(asked.through, time(), UTC))
    return Receipt(
        id=found.id,
        number="",
        customer_id="",
        currency=asked.currency,
        amount_minor=0,
        unapplied_minor=0,
        received_on=asked.through,
        method="",
        reference="",
        memo="",
        deposit_account="",
        deposited=False,
        voided=True,
        version="",
        created=Stamp("", at.at),
        changed=at,
        texts=found.texts,
    )


def _is_over(now: Receipt | Gone | None) -> bool:
    return isinstance(now, Gone) or (isinstance(now, Receipt) and now.voided)


def window(company: Company, payment: Payment, *, at_least_days: int = 0) -> tuple[date, date]:
    """From which day through which day a receipt of this payment is searched for, whatever it stands on."""
    day, reach = company.day_of(payment.paid_at), timedelta(days=max(company.hand_receipt_days, at_least_days))
    return day - reach, day + reach


def _rivals(search: Search, stored: StoredPayment, receipt: Receipt) -> tuple[str, ...]:
    """Other payments of the same customer, currency and amount near the receipt's day that are not in the books."""
    if markers_in(receipt.memo) or receipt.amount_minor != stored.payment.amount_minor:
        return ()
    return tuple(
        other.number
        for other in search.waiting
        if other.number != stored.number
        and (other.payment.amount_minor, other.payment.currency) == (receipt.amount_minor, receipt.currency)
        and _same_customer(stored, other)
        and window(search.company, other.payment)[0] <= receipt.received_on <= window(search.company, other.payment)[1]
    )


def _same_customer(stored: StoredPayment, other: StoredPayment) -> bool:
    ids = {stored.payment.customer_id, other.payment.customer_id}
    if "" not in ids:
        return len(ids) == 1
    return folded(stored.payment.customer) == folded(other.payment.customer)


def _named(search: Search, stored: StoredPayment, receipt: Receipt) -> str:
    """The other payment whose transaction number the reference is, in whatever form, or ""."""
    if markers_in(receipt.memo):
        other = _recorded(search, receipt)
        return "" if other is None or other.number == stored.number else other.number
    numbers = search.named.get(key_of(receipt.reference), ())
    return "" if stored.number in numbers else next(iter(numbers), "")


def _recorded(search: Search, receipt: Receipt) -> StoredPayment | None:
    """The payment of which this receipt of ours is, by its mark, where it is among those that were looked up."""
    stems = stems_in(receipt.memo)
    of = (search.recorded.get(number) for number in search.named.get(key_of(receipt.reference), ()))
    return next((other for other in of if other and marker_stem(search.company.id, other.number) in stems), None)


def _gone(search: Search, stored: StoredPayment, receipt: Receipt) -> OtherPayment | None:
    """The other payment that the receipt records, where the money of that one went back."""
    other = search.went_back.get(receipt.id)
    return None if other is None or other.number == stored.number else other


def _other_money(search: Search, stored: StoredPayment, receipt: Receipt) -> str:
    """The cash reference of which a person said that this receipt is, as long as it stays as it was; or ""."""
    said = search.other_money.get(stored.number, ())
    return next((other.cash_reference for other in said if other.holds_for(receipt)), "")
