"""Receipts that somebody entered by hand: each form is ended by a remedy, and the money is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from faulty_books import Fault, FaultyBooks
from scene import CREATED, Scene, a_person, a_scene

from receivables.books_records import Customer, Invoice, Receipt
from receivables.diagnosis import Cause, Confidence, Remedy
from receivables.errors import CannotBeDone, NotPermitted, StaleDecision
from receivables.payment import PaymentState
from receivables.two_people import TwoPeople
from storage import decisions, other_money, receipt_claims
from sync import journey, reconciliation, requests

AMOUNT = 50_000
NUMBER = "TXN-9001"
DAY = date(2026, 3, 4)
CHECK = "check 8841"


class Books:
    """The scene with one customer, their invoice 1042 of 500.00, and a payment of it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hooli: Customer = scene.customer()
        self.invoice: Invoice = scene.invoice("1042", self.hooli, AMOUNT)

    def enter(
        self,
        amount_minor: int = AMOUNT,
        on: Invoice | None = None,
        *,
        customer: Customer | None = None,
        reference: str = "",
        memo: str = "",
        method: str = "",
    ) -> Receipt:
        lines = ((on.id, amount_minor),) if on else ()
        owner = (customer or self.hooli).id
        return self.scene.ledger.enter_receipt(
            owner, amount_minor, "USD", DAY, by="Erin", lines=lines, reference=reference, memo=memo, method=method
        )

    def pay(self, number: str = NUMBER, amount_minor: int = AMOUNT) -> None:
        self.scene.pay(number, amount_minor)
        self.scene.sync()

    def ask(self, remedy: Remedy, number: str = NUMBER, *, by: str = "dana", **options: object) -> decisions.StoredDecision:
        return requests.request(self.scene.desk, number, remedy, by=by, channel="cli", options=options)

    def agree(self, made: decisions.StoredDecision, *, by: str = "sam") -> str:
        """A second person agrees; what was decided is carried out. Returns the decision's state."""
        requests.approve(self.scene.desk, made.id, by=by)
        journey.finish_once(self.scene.desk)
        return self.state_of(made)

    def state_of(self, made: decisions.StoredDecision) -> str:
        with self.scene.db.read() as connection:
            return decisions.get(connection, "acme", made.id).state

    def proofs(self, number: str = NUMBER) -> Sequence[receipt_claims.Proof]:
        with self.scene.db.read() as connection:
            return receipt_claims.every(connection, "acme", number)

    def said(self, number: str = NUMBER) -> list[tuple[str, str]]:
        with self.scene.db.read() as connection:
            said = other_money.said(connection, "acme", [number]).get(number, ())
            return [(other.receipt_id, other.cash_reference) for other in said]

    def total(self) -> int:
        """All living money in the books, in minor units."""
        return sum(receipt.amount_minor for receipt in self.scene.ledger.receipts() if not receipt.voided)

    def is_over(self, number: str = NUMBER) -> bool:
        """No failure is left, and the proof finds nothing."""
        return self.scene.failure(number) is None and reconciliation.run_once(self.scene.desk).clean


@pytest.fixture
def books(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Books]:
    (tmp_path / "resolve-now.sqlite").write_bytes(migrated_sqlite.read_bytes())
    erin = a_person("erin", books_name="Erin")
    scene = a_scene(tmp_path, people=(a_person("dana"), a_person("sam"), erin))
    yield Books(scene)
    scene.ledger.close()
    scene.db.close()


# --- other money --------------------------------------------------------------------------------------------------------


def test_a_second_payment_by_check_takes_two_people_and_becomes_a_credit(books: Books) -> None:
    check = books.enter(on=books.invoice, reference=CHECK, method="check")
    books.pay()
    found = books.scene.failing(NUMBER)
    assert found.diagnosis is not None
    assert (Cause.RECEIPT_ALREADY_ENTERED, Remedy.NOT_DUPLICATE) == (found.cause, found.remedy)
    assert Confidence.LIKELY is found.diagnosis.primary.confidence
    made = books.ask(Remedy.NOT_DUPLICATE, cash_reference=f" {CHECK} ")
    assert "waiting_approval" == made.state
    assert "done" == books.agree(made)
    assert [("TXN-9001", AMOUNT, AMOUNT), (CHECK, AMOUNT, 0)] == books.scene.receipts()
    assert [(check.id, CHECK)] == books.said()
    assert PaymentState.VERIFIED is books.scene.payment(NUMBER).state
    assert books.is_over()


def test_an_installment_is_posted_as_usual_once_a_person_said_that_the_other_is_other_money(books: Books) -> None:
    plan = books.scene.invoice("2000", books.hooli, 2 * AMOUNT)
    books.enter(on=plan, reference="wire 77")
    books.scene.pay(NUMBER, AMOUNT, {"2000": AMOUNT})
    books.scene.sync()
    assert Remedy.NOT_DUPLICATE is books.scene.failing(NUMBER).remedy
    assert "done" == books.agree(books.ask(Remedy.NOT_DUPLICATE, cash_reference="wire 77"))
    assert PaymentState.RECEIVED is books.scene.payment(NUMBER).state
    books.scene.sync()
    assert [(NUMBER, AMOUNT, 0), ("wire 77", AMOUNT, 0)] == books.scene.receipts()
    assert books.is_over()


def test_a_check_that_took_a_part_of_the_invoice_is_other_money_by_one_person(books: Books) -> None:
    """The amounts differ, so one person is enough; what the invoice does not take becomes a credit."""
    books.enter(20_000, on=books.invoice, reference=CHECK)
    books.pay()
    assert Remedy.NOT_DUPLICATE in books.scene.failing(NUMBER).offered
    assert "done" == books.scene.decide(Remedy.NOT_DUPLICATE, NUMBER, cash_reference=CHECK)
    assert [(NUMBER, AMOUNT, 20_000), (CHECK, 20_000, 0)] == books.scene.receipts()
    assert books.is_over()


def test_one_with_the_long_number_of_the_payment_is_never_other_money(books: Books) -> None:
    books.enter(48_500, memo="portal txn 9001")
    books.pay()
    assert Remedy.NOT_DUPLICATE not in books.scene.failing(NUMBER).offered
    other = books.enter(AMOUNT, on=books.invoice, reference=CHECK)
    books.scene.sync()
    assert Remedy.NOT_DUPLICATE in books.scene.failing(NUMBER).offered
    named = books.scene.ledger.receipts()[0].number
    with pytest.raises(CannotBeDone, match=f"Receipt {named} has the number of this payment"):
        books.ask(Remedy.NOT_DUPLICATE, receipt=named, cash_reference=CHECK)
    assert "waiting_approval" == books.ask(Remedy.NOT_DUPLICATE, receipt=f"#{other.id}", cash_reference=CHECK).state


def test_a_short_number_is_other_money_when_two_people_say_so(books: Books) -> None:
    books.enter(48_500, reference="1050")
    books.pay("1050")
    made = books.ask(Remedy.NOT_DUPLICATE, "1050", cash_reference="invoice 1050 by wire 77")
    assert "waiting_approval" == made.state
    assert "done" == books.agree(made)
    books.scene.sync()
    assert [("1050", 48_500, 48_500), ("1050", AMOUNT, 0)] == books.scene.receipts()


@pytest.mark.parametrize(
    ("given", "why"),
    [("", "its own cash reference"), (" -- ", "its own cash reference"), ("txn 9001", "is the number of this payment")],
)
def test_which_money_it_is_must_be_said(books: Books, given: str, why: str) -> None:
    books.enter(on=books.invoice, reference=CHECK)
    books.pay()
    with pytest.raises(CannotBeDone, match=why):
        books.ask(Remedy.NOT_DUPLICATE, cash_reference=given)
    assert [] == books.said()


def test_of_several_receipts_each_is_named_and_ours_is_posted_after_the_last(books: Books) -> None:
    first, second = (books.enter(on=None, reference=text) for text in (CHECK, "check 8842"))
    books.pay()
    with pytest.raises(CannotBeDone, match=f"{first.number} .*{second.number}"):
        books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK)
    for receipt in (first, second):
        assert "done" == books.agree(books.ask(Remedy.NOT_DUPLICATE, receipt=receipt.number, cash_reference=receipt.reference))
        books.scene.sync()
    assert [(NUMBER, AMOUNT, 0), (CHECK, AMOUNT, AMOUNT), ("check 8842", AMOUNT, AMOUNT)] == books.scene.receipts()


CHANGES = {"deposited": "deposit_receipt", "voided and entered again": "void_receipt"}


@pytest.mark.parametrize("how", ["applied", *CHANGES])
def test_it_ends_when_that_receipt_changes(books: Books, how: str) -> None:
    check = books.enter(reference=CHECK)
    books.pay()
    books.agree(books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK))
    if how == "applied":
        books.scene.ledger.apply_receipt(check.id, [(books.invoice.id, AMOUNT)], by="Erin")
    else:
        getattr(books.scene.ledger, CHANGES[how])(check.id, by="Erin")
    if how == "voided and entered again":
        books.enter(reference=CHECK)
    books.scene.sync()
    assert Cause.RECEIPT_ALREADY_ENTERED is books.scene.failing(NUMBER).cause
    assert [CHECK] == [reference for reference, _, _ in books.scene.receipts()]


def test_it_is_said_of_that_payment_alone(books: Books) -> None:
    books.enter(reference=CHECK)
    books.pay()
    books.agree(books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK))
    books.scene.sync()
    books.pay("TXN-9002")
    assert Cause.RECEIPT_ALREADY_ENTERED is books.scene.failing("TXN-9002").cause


def test_whoever_entered_the_receipt_may_ask_and_never_decides(books: Books) -> None:
    books.enter(on=books.invoice, reference=CHECK)
    books.pay()
    with pytest.raises(NotPermitted, match="Erin made a document in question"):
        books.ask(Remedy.NOT_DUPLICATE, by="erin", cash_reference=CHECK)
    made = books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK)
    with pytest.raises(NotPermitted, match="Erin made a document in question"):
        requests.approve(books.scene.desk, made.id, by="erin")


def test_what_was_said_is_taken_back_until_ours_is_in_the_books(books: Books) -> None:
    books.enter(reference=CHECK)
    books.pay()
    books.agree(books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK))
    requests.reopen(books.scene.desk, NUMBER, by="dana")
    books.scene.sync()
    assert [] == books.said()
    assert Cause.RECEIPT_ALREADY_ENTERED is books.scene.failing(NUMBER).cause
    assert [(CHECK, AMOUNT, AMOUNT)] == books.scene.receipts()
    books.agree(books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK))
    books.scene.sync()
    with pytest.raises(StaleDecision, match="verified"):
        requests.reopen(books.scene.desk, NUMBER, by="dana")


# --- proof ----------------------------------------------------------------------------------------------------------------


def exact(books: Books) -> None:
    books.enter(on=books.invoice, reference=NUMBER)


def unapplied(books: Books) -> None:
    books.enter(memo=f"portal {NUMBER}")


def on_the_wrong_invoice(books: Books) -> None:
    books.enter(on=books.scene.invoice("1043", books.hooli, AMOUNT), reference=NUMBER.lower())


def on_the_wrong_customer(books: Books) -> None:
    books.enter(customer=books.scene.customer("Globex"), reference=NUMBER)


def split(books: Books) -> None:
    books.enter(20_000, on=books.invoice, reference=f"{NUMBER} 1/2")
    books.enter(30_000, on=books.invoice, reference=f"{NUMBER} 2/2")


def before_the_customer_paid(books: Books) -> None:
    day = date(2026, 2, 10)
    books.scene.ledger.enter_receipt(books.hooli.id, AMOUNT, "USD", day, by="Erin", reference=NUMBER, at=CREATED)


def together_with_others(books: Books) -> None:
    books.enter(70_000, reference=f"{NUMBER}, TXN-9002")


@pytest.mark.parametrize(
    "form",
    [exact, unapplied, on_the_wrong_invoice, on_the_wrong_customer, split, before_the_customer_paid, together_with_others],
)
def test_one_person_dismisses_each_form_that_has_the_whole_payment(books: Books, form: Callable[[Books], None]) -> None:
    form(books)
    entered = books.total()
    books.pay()
    assert Cause.RECEIPT_ALREADY_ENTERED is books.scene.failing(NUMBER).cause
    assert "done" == books.scene.decide(Remedy.DISMISS, NUMBER)
    books.scene.sync()
    assert entered == books.total()
    assert AMOUNT == sum(proof.amount_minor for proof in books.proofs())
    assert books.is_over()


def test_a_short_number_beside_the_amount_on_the_wrong_invoice_is_dismissed(books: Books) -> None:
    books.enter(on=books.scene.invoice("1043", books.hooli, AMOUNT), reference="Stripe 55012")
    books.pay("55012")
    assert Cause.RECEIPT_ALREADY_ENTERED is books.scene.failing("55012").cause
    assert "done" == books.scene.decide(Remedy.DISMISS, "55012")
    assert AMOUNT == books.total()
    assert books.is_over("55012")


def test_one_receipt_stands_for_both_payments_in_it_and_for_no_third(books: Books) -> None:
    receipt = books.enter(70_000, reference=f"{NUMBER}, TXN-9002, TXN-9003")
    books.pay()
    for number, amount in (("TXN-9002", 20_000), ("TXN-9003", 100)):
        books.scene.invoice(number, books.hooli, amount)
        books.scene.pay(number, amount, {number: amount})
    books.scene.sync()
    for number in (NUMBER, "TXN-9002"):
        assert "done" == books.scene.decide(Remedy.DISMISS, number, proof=[receipt.number])
    with pytest.raises(CannotBeDone, match="already rest on its money"):
        books.ask(Remedy.DISMISS, "TXN-9003", proof=[receipt.number])
    assert 70_000 == books.total()


def test_less_a_fee_is_proof_when_two_people_say_so(books: Books) -> None:
    receipt = books.enter(48_500, on=books.invoice, reference=NUMBER)
    books.pay()
    assert Cause.ENTERED_NET_OF_FEE is books.scene.failing(NUMBER).cause
    made = books.ask(Remedy.DISMISS, proof=[receipt.number])
    assert ("waiting_approval", TwoPeople.SHORT_PROOF.said) == (made.state, made.outcome)
    assert "done" == books.agree(made)
    assert [(receipt.id, 48_500)] == [(proof.receipt_id, proof.amount_minor) for proof in books.proofs()]
    assert 48_500 == books.total()
    assert books.is_over()


def test_less_a_fee_and_corrected_in_the_books_is_certain(books: Books) -> None:
    receipt = books.enter(48_500, on=books.invoice, reference=NUMBER)
    books.pay()
    books.scene.ledger.void_receipt(receipt.id, by="Erin")
    books.enter(on=books.invoice, reference=NUMBER)
    books.scene.sync()
    assert Cause.RECEIPT_ALREADY_ENTERED is books.scene.failing(NUMBER).cause
    assert "done" == books.scene.decide(Remedy.DISMISS, NUMBER)
    assert AMOUNT == books.total()
    assert books.is_over()


def test_several_receipts_are_named_as_proof(books: Books) -> None:
    """300.00 and 200.00 on one invoice without a word: no rule puts them together, a person does."""
    parts = [books.enter(amount, on=books.invoice, reference=text) for amount, text in ((30_000, "wire 1"), (20_000, "wire 2"))]
    books.pay()
    assert Remedy.DISMISS in books.scene.failing(NUMBER).offered
    with pytest.raises(CannotBeDone, match="do not add up"):
        books.ask(Remedy.DISMISS, proof=[parts[0].number])
    assert "done" == books.scene.decide(Remedy.DISMISS, NUMBER, proof=[parts[0].number, f"#{parts[1].id}"])
    assert [30_000, 20_000] == [proof.amount_minor for proof in books.proofs()]
    assert books.is_over()


def test_what_is_no_proof_is_said(books: Books) -> None:
    books.pay()
    (ours,) = books.scene.ledger.receipts()
    check, _ = books.enter(reference=CHECK), books.enter(reference="wire 77")
    books.pay("TXN-9002")
    books.agree(books.ask(Remedy.NOT_DUPLICATE, "TXN-9002", receipt=check.number, cash_reference=CHECK))
    books.scene.sync()
    for named, why in (
        (ours.number, "our receipt of another payment"),
        (check.number, f"other money .{CHECK}"),
        ("R9", "not one of"),
    ):
        with pytest.raises(CannotBeDone, match=why):
            books.ask(Remedy.DISMISS, "TXN-9002", proof=[named])


# --- the customer gets the credit -----------------------------------------------------------------------------------------


def test_a_proof_that_is_unapplied_is_applied_to_the_invoice(books: Books) -> None:
    receipt = books.enter(reference=NUMBER)
    books.pay()
    assert "done" == books.scene.decide(Remedy.DISMISS, NUMBER, apply_proof=True)
    assert [(NUMBER, AMOUNT, 0)] == books.scene.receipts()
    (applied,) = [found for found in books.scene.ledger.receipts() if found.id == receipt.id]
    assert (AMOUNT, receipt.memo) == (applied.applied_to(books.invoice.id), applied.memo)
    assert PaymentState.DISMISSED is books.scene.payment(NUMBER).state
    assert books.is_over()


def test_what_it_is_applied_to_already_stays(books: Books) -> None:
    other = books.scene.invoice("1043", books.hooli, AMOUNT)
    receipt = books.scene.ledger.enter_receipt(
        books.hooli.id, 2 * AMOUNT, "USD", DAY, by="Erin", lines=[(other.id, AMOUNT)], reference=f"{NUMBER} and more"
    )
    books.pay()
    assert "done" == books.scene.decide(Remedy.DISMISS, NUMBER, proof=[receipt.number], apply_proof=True)
    (applied,) = books.scene.ledger.receipts()
    assert [AMOUNT, AMOUNT, 0] == [applied.applied_to(books.invoice.id), applied.applied_to(other.id), applied.unapplied_minor]


def test_nothing_to_apply_is_said_and_nothing_is_dismissed(books: Books) -> None:
    exact(books)
    books.pay()
    with pytest.raises(CannotBeDone, match="have nothing unapplied"):  # before anything is written down
        books.scene.decide(Remedy.DISMISS, NUMBER, apply_proof=True)
    assert PaymentState.FAILED is books.scene.payment(NUMBER).state


@pytest.mark.parametrize(
    ("fault", "state", "left"),
    [(Fault.MEMBER_REFUSED, "failed", AMOUNT), (Fault.UNANSWERED, "done", 0), (Fault.LATE, "done", 0)],
)
def test_the_dismissal_stands_whatever_becomes_of_applying(books: Books, fault: Fault, state: str, left: int) -> None:
    books.enter(reference=NUMBER)
    books.pay()
    faulty = FaultyBooks(books.scene.desk.books, books.scene.clock)
    faulty.faults.append(fault)
    books.scene.with_books(faulty)
    made = books.ask(Remedy.DISMISS, apply_proof=True)
    for _ in range(3):
        journey.finish_once(books.scene.desk)
        books.scene.clock.advance(10)
    assert state == books.state_of(made)
    assert [(NUMBER, AMOUNT, left)] == books.scene.receipts()
    assert PaymentState.DISMISSED is books.scene.payment(NUMBER).state
    assert 1 == len(faulty.sent)
    assert books.is_over()


def test_a_payment_is_not_reopened_while_its_proof_is_being_applied(books: Books) -> None:
    unapplied(books)
    books.pay()
    faulty = FaultyBooks(books.scene.desk.books, books.scene.clock)
    faulty.faults.append(Fault.LATE)
    books.scene.with_books(faulty)
    books.ask(Remedy.DISMISS, apply_proof=True)
    journey.finish_once(books.scene.desk)
    with pytest.raises(StaleDecision, match="still being carried out"):
        requests.reopen(books.scene.desk, NUMBER, by="dana")


# --- recorded beside it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", [NUMBER, CHECK])
def test_ours_that_was_deleted_is_not_recreated_beside_one_that_was_entered_instead(books: Books, reference: str) -> None:
    books.pay()
    books.scene.ledger.delete_receipt(books.scene.ledger.receipts()[0].id, by="Erin")
    books.scene.sync()
    reconciliation.run_once(books.scene.desk)
    made = books.ask(Remedy.RECREATE_RECEIPT)
    books.enter(on=books.invoice, reference=reference)
    journey.finish_once(books.scene.desk)
    books.scene.sync()
    assert ("stale", AMOUNT) == (books.state_of(made), books.total())
    assert Remedy.RECREATE_RECEIPT not in books.scene.failing(NUMBER).offered
    assert "done" == books.scene.decide(Remedy.DISMISS, NUMBER, proof=[books.scene.ledger.receipts()[0].number])
    assert books.is_over()


def test_a_payment_is_not_kept_on_account_beside_one_that_may_be_it(books: Books) -> None:
    books.enter(reference=CHECK)
    books.scene.ledger.void_invoice(books.invoice.id, by="Erin")
    books.pay()
    assert Remedy.KEEP_ON_ACCOUNT not in books.scene.failing(NUMBER).offered
    assert "done" == books.agree(books.ask(Remedy.NOT_DUPLICATE, cash_reference=CHECK))
    books.scene.sync()
    assert "done" == books.scene.decide(Remedy.KEEP_ON_ACCOUNT, NUMBER)
    books.scene.sync()
    assert 2 * AMOUNT == books.total()
    assert books.is_over()


@pytest.mark.parametrize(("number", "invoice"), [("1042", "1042"), ("inv 100042", "INV-100042"), ("001042", "1042")])
def test_a_receipt_with_the_number_of_the_invoice_is_never_certain(books: Books, number: str, invoice: str) -> None:
    """Some portals number payments as their invoices, and every check for an invoice names that."""
    paid = books.invoice if invoice == "1042" else books.scene.invoice(invoice, books.hooli, AMOUNT)
    books.enter(on=paid, reference=invoice)
    books.scene.pay(number, AMOUNT, {invoice: AMOUNT})
    books.scene.sync()
    found = books.scene.failing(number)
    assert found.diagnosis is not None
    assert (Cause.RECEIPT_ALREADY_ENTERED, Confidence.LIKELY) == (found.cause, found.diagnosis.primary.confidence)


# --- a receipt that went --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("remedy", [Remedy.RECREATE_RECEIPT, Remedy.DISMISS])
def test_a_hand_receipt_that_was_voided_is_ended_by_a_person(books: Books, remedy: Remedy) -> None:
    receipt = books.enter(on=books.invoice, reference=NUMBER)
    books.pay()
    books.scene.ledger.void_receipt(receipt.id, by="Erin")
    for _ in range(2):
        books.scene.sync()
    assert (Cause.RECEIPT_DELETED, 0) == (books.scene.failing(NUMBER).cause, books.total())
    made = books.ask(remedy)
    if remedy is Remedy.DISMISS:
        assert ("waiting_approval", "done") == (made.state, books.agree(made))
    journey.finish_once(books.scene.desk)
    books.scene.sync()
    assert (AMOUNT if remedy is Remedy.RECREATE_RECEIPT else 0) == books.total()
    assert books.is_over()
