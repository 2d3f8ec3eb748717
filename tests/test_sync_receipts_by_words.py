"""Receipts entered by hand reach the judgement through the mirror, in whatever form and field; and nothing is sent past them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import slow
from accounting_peers import DAY
from cause_worlds import QUICKBOOKS, STRICT, SWALLOWING, TRYTON, XERO, Standing, TrytonHands, World, a_world
from faulty_books import FaultyBooks
from scene import Scene, a_scene
from stand_ins.xero import Xero
from step_by_step import carry_out, promise, states_of

from receivables.books_records import Changes, Gone, Receipt, UnreadableReceipt
from receivables.diagnosis import Cause, Remedy
from receivables.effects import EffectState
from receivables.errors import BooksRefused
from receivables.evidence import Evidence
from receivables.payment import PaymentState
from receivables.refusal import Refusal
from storage import decisions as stored_decisions
from storage import hand_receipts
from sync import decisions, evidence, journey, mirroring, receipts_found, requests

FIELDS = [
    *((name, field) for name in (STRICT, SWALLOWING) for field in ("reference", "memo", "number")),
    (QUICKBOOKS, "reference"),
    (QUICKBOOKS, "memo"),
    (XERO, "reference"),
    (TRYTON, "memo"),
]
AMOUNT = 50_000
UNPAID = "4999"
Words = Mapping[str, Any]


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as running:
        yield running.enter_context(a_world(str(request.param), tmp_path))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = a_scene(tmp_path)
    yield made
    made.ledger.close()
    made.db.close()


def light(scene: Scene, *numbers: str) -> Mapping[str, Evidence]:
    """What posting reads about these payments."""
    return evidence.gather(scene.desk, [scene.payment(number) for number in numbers], isolated=True, full=False)


def naming(scene: Scene, read: Evidence) -> list[str]:
    """The receipts of an evidence, entered by hand, that name its payment."""
    wanted = receipts_found.wanted(scene.desk.company, read.payment, [read.customer.id] if read.customer else [])
    longest = scene.desk.books.traits.longest_reference
    by_hand = [found.receipt for found in read.receipts if not found.ours]
    return [receipt.id for receipt in by_hand if hand_receipts.names_it(wanted, receipt, longest)]


def enter(world: World, field: str, customer: str, amount_minor: int, on: str, text: str, *, days_before: int = 0) -> None:
    """Somebody enters a receipt with these words in one field, on an invoice or on account."""
    day = world.hands.today() - timedelta(days=days_before)
    lines = ((on, amount_minor),) if on else ()
    if world.name == TRYTON:
        world.hands.receipt(customer, amount_minor, lines, text, on=day)  # type: ignore[call-arg]
    else:
        words: dict[str, Any] = {field: text}
        world.scene.ledger.enter_receipt(customer, amount_minor, "USD", day, by="Dana", lines=lines, **words)


#: What each payment of the test below is held for: the cause, and of each receipt its form and what is wrong with its place.
HELD: tuple[tuple[Cause, list[tuple[str, str]]], ...] = (
    (Cause.RECEIPT_ALREADY_ENTERED, [("whole", "")]),
    (Cause.ENTERED_NET_OF_FEE, [("less_fee", "")]),
    (Cause.RECEIPT_ALREADY_ENTERED, [("whole", "invoice")]),
    (Cause.RECEIPT_ALREADY_ENTERED, [("whole", "customer")]),
    (Cause.RECEIPT_ALREADY_ENTERED, [("part", ""), ("part", "")]),
    (Cause.RECEIPT_ALREADY_ENTERED, [("several", "")]),
    (Cause.RECEIPT_ALREADY_ENTERED, [("whole", "")]),
    (Cause.AMOUNT_DIFFERS, [("part", "")]),
)


def held_for(scene: Scene, number: str) -> tuple[Cause, list[tuple[str, str]]]:
    """The cause of a payment's failure, with the form and place of the receipts that name it."""
    assert PaymentState.FAILED is scene.payment(number).state
    found = scene.failing(number)
    assert found.diagnosis is not None
    said = [dict(fact.values) for fact in found.diagnosis.primary.facts("receipt_by_hand")]
    named = [values for values in said if values["reference"] in ("equal", "contained")]
    return found.diagnosis.primary.cause, [(str(values["form"]), str(values["elsewhere"])) for values in named]


@pytest.mark.parametrize(("world", "field"), slow.those(FIELDS, lambda pair: pair[0] == TRYTON), indirect=["world"])
def test_every_form_reaches_the_judgement_through_the_mirror_and_is_held(world: World, field: str) -> None:
    hands, scene = world.hands, world.scene
    hooli, other = hands.customer("Hooli"), hands.customer("Other")
    numbers = [f"TX-90{place}1-AB" for place in range(10)]
    issued = issue(world, [(str(5000 + place), hooli, AMOUNT) for place in range(11)])
    *invoices, others = (issued[str(5000 + place)] for place in range(11))
    enter(world, field, hooli, AMOUNT, invoices[0], "tx 9001 ab")  # exact
    enter(world, field, hooli, 48_500, "", "Stripe TX-9011-AB")  # net of a fee
    enter(world, field, hooli, AMOUNT, others, "TX9021AB")  # on the wrong invoice
    enter(world, field, other, AMOUNT, "", "Tx-9031-Ab")  # on the wrong customer
    enter(world, field, hooli, 20_000, "", "TX-9041-AB 1/2")  # split
    enter(world, field, hooli, 30_000, "", "TX-9041-AB 2/2")
    enter(world, field, hooli, 2 * AMOUNT, "", "9051,TX-9051-AB")  # several together
    enter(world, field, hooli, AMOUNT, "", "(TX-9061-AB)", days_before=25)  # before the customer paid
    enter(world, field, hooli, 20_000, invoices[7], "TX_9071_AB")  # an installment
    by_hand = hands.standing(hooli)
    world.later()
    for place, number in enumerate(numbers):
        scene.pay(number, AMOUNT, {str(5000 + place): AMOUNT}, paid_at=world.later())

    scene.sync()

    assert mirroring.is_whole(scene.desk)
    read = light(scene, *numbers)
    named = {number: len(naming(scene, read[number])) for number in numbers}
    assert named == dict(zip(numbers, [1, 1, 1, 1, 2, 1, 1, 1, 0, 0], strict=True))
    assert not any(read[number].unread for number in numbers)
    assert list(HELD) == [held_for(scene, number) for number in numbers[:8]]
    ours: list[Standing] = [(hooli, AMOUNT, ((invoice, AMOUNT),)) for invoice in invoices[8:]]
    assert {PaymentState.VERIFIED} == {scene.payment(number).state for number in numbers[8:]}
    assert (sorted([*by_hand, *ours]), 1) == (hands.standing(hooli), len(hands.standing(other)))


#: Where else each package lets people write on a receipt: the fields with "?" for the text. On an invoice, except where
#: the name says what holds the money on account.
QUICKBOOKS_WORDS: Mapping[str, Words] = {
    "number": {"DocNumber": "?"},
    "line": {"Description": "?"},
    "check number": {"CheckPayment": {"CheckNum": "?"}},
    "name on check": {"CheckPayment": {"NameOnAcct": "?"}},
    "card transaction": {"CreditCardPayment": {"CreditChargeResponse": {"CCTransId": "?"}}},
    "card transaction of the client": {"CreditCardPayment": {"CreditChargeResponse": {"ClientTransID": "?"}}},
    "authorization": {"CreditCardPayment": {"CreditChargeResponse": {"AuthCode": "?"}}},
    "custom field": {"CustomField": [{"DefinitionId": "1", "Name": "Portal", "Type": "StringType", "StringValue": "?"}]},
}
BATCH = {"BatchPaymentID": "b54aa50c-794c-461b-89d1-846e1b84d9c0"}
XERO_WORDS: Mapping[str, Words] = {
    "details": {"Details": "?"},
    "particulars": {"Particulars": "?"},
    **{
        f"batch {name}": {"BatchPayment": {**BATCH, name: "?"}} for name in "Reference Details Narrative Particulars Code".split()
    },
    "overpayment": {"Description": "?"},
    "prepayment": {"Description": "?"},
    "prepayment number": {"InvoiceNumber": "?"},
}
TRYTON_FIELDS = ["pay wizard", "move line", "cash line", "statement name", "statement line number", "statement line description"]
TRYTON_FIELDS += ["bank's number", "bank's description", "bank's information"]
WORDS = {QUICKBOOKS: QUICKBOOKS_WORDS, XERO: XERO_WORDS, TRYTON: {field: {} for field in TRYTON_FIELDS}}


def issue(world: World, wanted: Sequence[tuple[str, str, int]]) -> dict[str, str]:
    """Issues invoices of (number, customer, amount); ids by number. Numbers follow one another."""
    if isinstance(world.hands, TrytonHands):
        return world.hands.invoices(wanted, on=DAY)  # at once, which is quicker
    return {number: world.hands.invoice(number, customer, amount) for number, customer, amount in wanted}


def enter_beside(world: World, field: str, text: str, customer: str, amount_minor: int, on: str) -> None:
    """Somebody enters a receipt with these words in a field that our ledger does not have."""
    if isinstance(world.hands, TrytonHands):
        world.hands.receipt_with(field, text, on, amount_minor, on=world.hands.today())
        return
    form = field.partition(" ")[0]
    lines = () if form in ("overpayment", "prepayment") else ((on, amount_minor),)
    made = world.scene.ledger.enter_receipt(customer, amount_minor, "USD", world.hands.today(), by="Dana", lines=lines)
    words = json.loads(json.dumps(WORDS[world.name][field]).replace("?", text))
    if isinstance(world.package, Xero):
        world.package.write_on(made.id, words, "" if lines else form)
    elif world.package is not None:
        world.package.write_on(made.id, words)


@pytest.mark.parametrize("world", slow.those([QUICKBOOKS, XERO, TRYTON], TRYTON.__eq__), indirect=True)
def test_a_number_in_any_field_that_the_package_has_is_read_on_whatever_customer(world: World) -> None:
    """No two amounts agree, so that on the wrong customer nothing but the words can tie a receipt to its payment."""
    hands, scene = world.hands, world.scene
    if isinstance(world.package, Xero):
        world.package.check_contract(True)
    hooli, other = hands.customer("Hooli"), hands.customer("Other")
    fields = [(field, wrong) for field in WORDS[world.name] for wrong in (False, True)]
    pays = {f"TX-9{at:02}1-AB": (AMOUNT + 1_100 * at, str(5000 + at)) for at in range(len(fields))}
    invoices = issue(world, [(UNPAID, hooli, 700), *((on, hooli, amount) for amount, on in pays.values())])
    invoices |= issue(world, [(str(6000 + at), other, amount) for at, (amount, _) in enumerate(pays.values())])
    for at, ((field, wrong), (amount, on)) in enumerate(zip(fields, pays.values(), strict=True)):
        customer, invoice = (other, invoices[str(6000 + at)]) if wrong else (hooli, invoices[on])
        enter_beside(world, field, f"tx 9{at:02}1 ab", customer, amount, invoice)
    by_hand = hands.standing(hooli), hands.standing(other)
    assert [len(WORDS[world.name])] * 2 == [len(standing) for standing in by_hand]
    world.later()
    for number, (amount, on) in pays.items():
        scene.pay(number, amount, {on: amount}, paid_at=world.later())
    scene.pay("TX-8001-AB", 700, {UNPAID: 700}, paid_at=world.later())

    scene.sync()

    whole = [(Cause.RECEIPT_ALREADY_ENTERED, [("whole", elsewhere)]) for elsewhere in ("", "customer")]
    held = {number: held_for(scene, number) for number in pays}
    assert dict(zip(pays, whole * (len(pays) // 2), strict=True)) == held
    assert PaymentState.VERIFIED is scene.payment("TX-8001-AB").state
    ours: Standing = (hooli, 700, ((invoices[UNPAID], 700),))
    assert (sorted([*by_hand[0], ours]), by_hand[1]) == (hands.standing(hooli), hands.standing(other))


def test_one_receipt_is_named_by_both_payments_it_holds_together(scene: Scene) -> None:
    customer = scene.customer()
    scene.ledger.enter_receipt(customer.id, 70_000, "USD", date(2026, 3, 4), by="Dana", memo="TXN-1001 and TXN-1002")
    for number, amount, invoice in (("TXN-1001", 50_000, "1042"), ("TXN-1002", 20_000, "1043")):
        scene.invoice(invoice, customer, amount)
        scene.pay(number, amount, {invoice: amount})
    scene.sync()
    read = light(scene, "TXN-1001", "TXN-1002")
    assert [1, 1] == [len(naming(scene, read[number])) for number in ("TXN-1001", "TXN-1002")]


@pytest.mark.parametrize("how", ["deleted", "voided"])
def test_one_that_named_the_payment_and_went_is_told(scene: Scene, how: str) -> None:
    customer = scene.customer()
    scene.invoice("1042", customer, AMOUNT)
    receipt = scene.ledger.enter_receipt(customer.id, AMOUNT, "USD", date(2026, 3, 4), by="Dana", reference="txn-9001")
    scene.sync()
    end = scene.ledger.delete_receipt if how == "deleted" else scene.ledger.void_receipt
    end(receipt.id, by="Erin")
    scene.pay("TXN-9001")
    scene.sync()
    for full in (False, True):
        (read,) = evidence.gather(scene.desk, [scene.payment("TXN-9001")], isolated=True, full=full).values()
        assert [(receipt.id, AMOUNT, "Erin")] == [
            (gone.receipt.id, gone.receipt.amount_minor, gone.gone.person if gone.gone else "") for gone in read.vanished
        ]
        assert [] == [found for found in read.receipts if not found.ours]


def test_one_that_goes_unseen_by_the_changes_is_told_by_the_fresh_read_and_from_then_on(scene: Scene) -> None:
    customer = scene.customer()
    receipt = scene.ledger.enter_receipt(customer.id, AMOUNT, "USD", date(2026, 3, 4), by="Dana", reference="TXN-9001")
    scene.pay("TXN-9001")
    mirroring.run_once(scene.desk)
    scene.ledger.delete_receipt(receipt.id, by="Erin")
    first, second = (light(scene, "TXN-9001")["TXN-9001"].vanished for _ in range(2))
    assert first == second
    assert [receipt.id] == [gone.receipt.id for gone in first]


def test_one_that_goes_before_it_could_be_read_whole_is_told_and_a_person_asked(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), AMOUNT)
    scene.sync()
    with scene.desk.work() as work:
        unreadable = UnreadableReceipt("R9", "C9", ("portal txn 9001",), "TotalAmt is 'abc'")
        hand_receipts.remember_unreadable(work, [unreadable])
        hand_receipts.bury(work, {"R9": None})
    scene.pay("TXN-9001")
    scene.sync()
    assert [] == scene.receipts()
    assert (Cause.RECEIPT_DELETED, PaymentState.FAILED) == (scene.failing("TXN-9001").cause, scene.payment("TXN-9001").state)
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT, "TXN-9001")
    scene.sync()
    assert [("TXN-9001", AMOUNT, 0)] == scene.receipts()


class Unreadable(FaultyBooks):
    """Books with one receipt whose figures cannot be read."""

    receipt_id = ""

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        found = self.inner.changes(cursor, receipts_only=receipts_only)
        broken = [document for document in found.documents if isinstance(document, Receipt) and document.id == self.receipt_id]
        in_part = tuple(
            UnreadableReceipt(receipt.id, receipt.customer_id, receipt.written, "TotalAmt is 'abc'") for receipt in broken
        )
        return replace(
            found, documents=tuple(document for document in found.documents if document not in broken), unreadable=in_part
        )

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        if self.receipt_id in ids:
            raise BooksRefused("Receipt cannot be read.", Refusal.UNREADABLE)
        return self.inner.receipts(ids)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        return [receipt for receipt in self.inner.receipts_of(customer_ids, received_from) if receipt.id != self.receipt_id]


def test_one_that_cannot_be_read_whole_blocks_what_it_may_be_and_nothing_else(scene: Scene) -> None:
    customer, other = scene.customer(), scene.customer("Other")
    for number in ("1042", "1043"):
        scene.invoice(number, customer, AMOUNT)
    broken = scene.ledger.enter_receipt(other.id, 700, "USD", date(2026, 3, 4), by="Dana", memo="TXN-9001")
    scene.ledger.enter_receipt(other.id, 700, "USD", date(2026, 3, 4), by="Dana", memo="TXN-9001 too")
    books = Unreadable(scene.desk.books, scene.clock)
    books.receipt_id = broken.id
    scene.with_books(books)
    scene.pay("TXN-9001", to={"1042": AMOUNT})
    scene.pay("TXN-9002", to={"1043": AMOUNT})

    counts = scene.sync()

    assert (1, PaymentState.VERIFIED) == (counts.posted, scene.payment("TXN-9002").state)
    assert scene.payment("TXN-9001").state in (PaymentState.RECEIVED, PaymentState.FAILED)
    read = light(scene, "TXN-9001", "TXN-9002")
    assert (f"receipt {broken.id}: Receipt cannot be read.",) == read["TXN-9001"].unread
    assert () == read["TXN-9002"].unread
    assert 1 == len(naming(scene, read["TXN-9001"]))


class Long(FaultyBooks):
    """Books whose changes go on for so many pages more."""

    pages_more = 0

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        found = self.inner.changes(cursor, receipts_only=receipts_only)
        self.pages_more -= 1
        return replace(found, more=found.more or self.pages_more > 0)


def test_nothing_is_sent_before_the_books_were_read_to_the_end_once(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), AMOUNT)
    books = Long(scene.desk.books, scene.clock)
    books.pages_more = mirroring.PAGES_PER_RUN + 10
    scene.with_books(books)
    scene.pay()

    first = scene.sync()
    assert (0, 0, journey.UNREAD, PaymentState.RECEIVED) == (
        first.posted, first.planned, first.problem, scene.payment().state,
    )  # fmt: skip
    assert [] == books.sent

    second = scene.sync()
    assert (1, "", PaymentState.VERIFIED) == (second.posted, second.problem, scene.payment().state)


# --- between the judgement and the sending --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["txn 9001", ""])
def test_a_receipt_entered_after_the_judgement_sends_the_payment_back(scene: Scene, text: str) -> None:
    customer = scene.customer()
    scene.invoice("1042", customer, AMOUNT)
    scene.pay("TXN-9001")
    promise(scene)
    scene.ledger.enter_receipt(customer.id, AMOUNT, "USD", date(2026, 3, 4), by="Dana", reference=text)

    counts = carry_out(scene)

    assert (0, 1) == (counts.done, counts.stale)
    assert PaymentState.RECEIVED is scene.payment("TXN-9001").state
    assert [(text, AMOUNT, AMOUNT)] == scene.receipts()


def test_one_judged_to_be_no_obstacle_is_no_news_until_it_changes(scene: Scene) -> None:
    """Of the customer and with the amount, but applied to another invoice, without a word."""
    customer = scene.customer()
    other = scene.invoice("1041", customer, 2 * AMOUNT)
    scene.invoice("1042", customer, AMOUNT)
    lines = [(other.id, AMOUNT)]
    beside = scene.ledger.enter_receipt(customer.id, AMOUNT, "USD", date(2026, 3, 4), by="Dana", lines=lines)
    scene.pay("TXN-9001")
    promise(scene)
    scene.ledger.apply_receipt(beside.id, [(other.id, AMOUNT - 1)], by="Dana")
    assert (0, 1) == (carry_out(scene).done, len(stale_of(scene, "TXN-9001")))
    scene.ledger.apply_receipt(beside.id, lines, by="Dana")
    promise(scene)
    assert 1 == carry_out(scene).done


def stale_of(scene: Scene, number: str) -> list[EffectState]:
    return [state for state in states_of(scene, number) if state is EffectState.REFUSED_STALE]


def test_a_receipt_entered_after_a_decision_is_shown_before_anything_is_sent(scene: Scene) -> None:
    customer = scene.customer()
    invoice = scene.invoice("1042", customer, AMOUNT)
    scene.sync()
    scene.ledger.recreate_invoice(invoice.id, by="bea")
    scene.pay("TXN-9001")
    scene.sync()
    made = requests.request(scene.desk, "TXN-9001", Remedy.RECREATE_RECEIPT, by="dana", channel="cli")
    assert 1 == decisions.run_once(scene.desk).carried_out
    scene.ledger.enter_receipt(customer.id, 700, "USD", date(2026, 3, 4), by="Dana", memo="txn-9001")

    assert (0, 1) == (carry_out(scene).done, len(stale_of(scene, "TXN-9001")))

    with scene.db.read() as connection:
        assert "stale" == stored_decisions.get(connection, scene.desk.company.id, made.id).state
    assert scene.failing("TXN-9001").state == "open"
    assert [("", 700, 700)] == scene.receipts()


def test_the_changes_are_read_again_once_for_a_batch(scene: Scene) -> None:
    customer = scene.customer()
    for number in range(40):
        scene.invoice(str(2000 + number), customer, 1_000)
        scene.pay(f"TXN-{9000 + number}", 1_000, {str(2000 + number): 1_000})
    promise(scene)
    books = Counting(scene.desk.books, scene.clock)
    scene.with_books(books)
    assert 40 == carry_out(scene).done
    assert 1 == books.asked


class Counting(FaultyBooks):
    """Books that count how often they are asked for what changed in receipts."""

    asked = 0

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        self.asked += receipts_only
        return self.inner.changes(cursor, receipts_only=receipts_only)
