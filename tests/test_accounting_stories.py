"""What an accountant would do, played to its end: the trial balance before and after says what each remedy changed.

Money of card payments is taken straight into the clearing account, checks into undeposited funds. Every story ends with
no failure open and a clean proof: each payment is in the books exactly once, or settled by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from makers import a_company
from scene import Scene, a_person, a_scene

from accounting.embedded.receipts import Correction
from receivables.books_records import Customer, Invoice, Receipt
from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from storage import decisions
from sync import journey, reconciliation, requests

WHOLE = 50_000
CLEARING, UNDEPOSITED, BANK = "Stripe Clearing", "Undeposited funds", "Bank"
OWED, ON_ACCOUNT, SALES = "Accounts receivable", "Customer deposits", "Sales"
CREDITS, BAD_DEBT = "Credits issued", "Bad debt"
DAY_AFTER = date(2026, 3, 4)
CREDITED = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
ERIN = "Erin"


class Office:
    """Hooli owes 500.00 on invoice 1042. Dana and Sam decide; Erin keeps the books."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ledger = scene.ledger
        self.hooli: Customer = scene.customer()
        self.invoice: Invoice = scene.invoice("1042", self.hooli, WHOLE)

    def balance(self) -> dict[str, int]:
        """The trial balance without accounts that hold nothing; debits are credits, and it agrees with the documents."""
        whole = self.ledger.trial_balance()
        assert 0 == sum(found.debit_minor for found in whole.balances)
        assert [0] == [tied.difference_minor for tied in whole.tie_outs]
        return {found.account: found.debit_minor for found in whole.balances if found.debit_minor}

    def check(self, *, on: Invoice | None = None) -> Receipt:
        """Erin enters check 8841 for 500.00, the day after."""
        lines = [(on.id, WHOLE)] if on else []
        return self.ledger.enter_receipt(
            self.hooli.id, WHOLE, "USD", DAY_AFTER, by=ERIN, lines=lines, reference="check 8841", method="check"
        )

    def paid(self, **options: object) -> None:
        self.scene.pay(**options)  # type: ignore[arg-type]
        self.scene.sync()

    def both_decide(self, remedy: Remedy, **options: object) -> str:
        """Dana asks, Sam agrees, and it is carried out. Returns the decision's state."""
        asked = requests.request(self.scene.desk, "TXN-1", remedy, by="dana", channel="cli", options=options)
        assert "waiting_approval" == asked.state
        requests.approve(self.scene.desk, asked.id, by="sam")
        journey.finish_once(self.scene.desk)
        with self.scene.db.read() as connection:
            return decisions.get(connection, "acme", asked.id).state

    def is_over(self) -> bool:
        """After one more sync no failure is open, and the proof finds nothing."""
        self.scene.sync()
        return self.scene.failure() is None and reconciliation.run_once(self.scene.desk).clean


@pytest.fixture
def office(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Office]:
    (tmp_path / "resolve-now.sqlite").write_bytes(migrated_sqlite.read_bytes())
    company = a_company(deposit_accounts={"default": CLEARING})
    scene = a_scene(tmp_path, company=company, people=(a_person("dana"), a_person("sam")))
    yield Office(scene)
    scene.ledger.close()
    scene.db.close()


# --- a check beside an ACH payment --------------------------------------------------------------------------------------


def test_check_beside_an_ach_payment_is_other_money_and_ours_becomes_a_customer_deposit(office: Office) -> None:
    office.check(on=office.invoice)
    before = office.balance()
    office.paid()
    assert (Cause.RECEIPT_ALREADY_ENTERED, before) == (office.scene.failing().cause, office.balance())

    assert "done" == office.both_decide(Remedy.NOT_DUPLICATE, cash_reference="check 8841")

    assert {UNDEPOSITED: WHOLE, SALES: -WHOLE} == before
    assert {CLEARING: WHOLE, UNDEPOSITED: WHOLE, ON_ACCOUNT: -WHOLE, SALES: -WHOLE} == office.balance()
    assert office.is_over()


def test_check_that_is_the_same_money_is_the_proof_and_nothing_is_posted(office: Office) -> None:
    check = office.check(on=office.invoice)
    before = office.balance()
    office.paid()

    office.scene.decide(Remedy.DISMISS, proof=check.number)

    assert (PaymentState.DISMISSED, before) == (office.scene.payment().state, office.balance())
    assert office.is_over()


def test_check_that_was_the_ach_payment_is_moved_to_the_account_that_the_money_is_in(office: Office) -> None:
    check = office.check(on=office.invoice)
    office.paid()
    office.scene.decide(Remedy.DISMISS, proof=check.number)

    office.ledger.correct_receipt(check.id, Correction(deposit_account=CLEARING), by=ERIN)

    assert {CLEARING: WHOLE, SALES: -WHOLE} == office.balance()
    assert office.is_over()


# --- a prepayment -------------------------------------------------------------------------------------------------------


def test_prepayment_applied_when_its_invoice_comes_moves_from_deposits_to_receivables(office: Office) -> None:
    office.ledger.void_invoice(office.invoice.id, by=ERIN)
    office.paid(to={})
    (ours,) = office.ledger.receipts()
    office.ledger.deposit_receipt(ours.id, by=ERIN)
    later = office.ledger.add_invoice("1050", office.hooli.id, WHOLE, "USD", date(2026, 3, 9), by=ERIN)
    assert {CLEARING: WHOLE, OWED: WHOLE, ON_ACCOUNT: -WHOLE, SALES: -WHOLE} == office.balance()

    office.ledger.apply_receipt(ours.id, [(later.id, WHOLE)], by=ERIN)

    assert {CLEARING: WHOLE, SALES: -WHOLE} == office.balance()
    assert {CLEARING: WHOLE, ON_ACCOUNT: -WHOLE} == {
        found.account: found.debit_minor for found in office.ledger.trial_balance(date(2026, 3, 8)).balances
    }
    assert office.is_over()


# --- credit memos with a reason -----------------------------------------------------------------------------------------


def test_rebilled_invoice_is_paid_by_the_new_one_and_no_credit_is_set_free(office: Office) -> None:
    office.scene.pay()
    office.ledger.add_invoice("1042R", office.hooli.id, 48_000, "USD", CREDITED.date(), by=ERIN, at=CREDITED)
    memo = office.ledger.add_credit_memo(
        "CM-77", office.hooli.id, WHOLE, "USD", CREDITED.date(), by=ERIN, at=CREDITED, reason="Rebill"
    )
    office.ledger.apply_credit(memo.id, office.invoice.id, WHOLE, by=ERIN, at=CREDITED)
    assert {OWED: 48_000, SALES: -98_000, CREDITS: WHOLE} == office.balance()
    office.scene.sync()

    assert "done" == office.scene.decide(Remedy.RECREATE_RECEIPT)

    assert {CLEARING: WHOLE, ON_ACCOUNT: -2_000, SALES: -98_000, CREDITS: WHOLE} == office.balance()
    assert office.is_over()


def test_write_off_is_reversed_in_the_books_and_the_payment_lands(office: Office) -> None:
    office.scene.pay()
    written_off = office.ledger.write_off(office.invoice.id, CREDITED.date(), by=ERIN, at=CREDITED)
    assert {SALES: -WHOLE, BAD_DEBT: WHOLE} == office.balance()
    office.scene.sync()
    assert Remedy.UNAPPLY_CREDIT_MEMO not in office.scene.failing().offered

    office.ledger.delete_credit_memo(written_off.id, by=ERIN)

    assert office.is_over()
    assert {CLEARING: WHOLE, SALES: -WHOLE} == office.balance()


def test_bad_debt_of_a_closed_month_is_recovered_by_an_invoice_that_the_payment_is_applied_to(office: Office) -> None:
    """February is closed with its loss; what comes in after all is dated in March."""
    february, on = date(2026, 2, 28), datetime(2026, 2, 20, tzinfo=UTC)
    office.ledger.write_off(office.invoice.id, on.date(), by=ERIN, at=on)
    office.ledger.close_period(february, by=ERIN)
    office.paid()
    assert Remedy.KEEP_ON_ACCOUNT is office.scene.failing().remedy
    closed = office.ledger.trial_balance(february)

    assert "done" == office.scene.decide(Remedy.KEEP_ON_ACCOUNT)
    assert {CLEARING: WHOLE, ON_ACCOUNT: -WHOLE, SALES: -WHOLE, BAD_DEBT: WHOLE} == office.balance()
    (ours,) = office.ledger.receipts()
    recovered = office.ledger.add_invoice("1042-R", office.hooli.id, WHOLE, "USD", DAY_AFTER, by=ERIN, item=BAD_DEBT)
    office.ledger.apply_receipt(ours.id, [(recovered.id, WHOLE)], by=ERIN)

    assert {CLEARING: WHOLE, SALES: -WHOLE} == office.balance()
    assert closed == office.ledger.trial_balance(february)
    assert office.is_over()


def test_corrected_sales_tax_stays_and_what_was_paid_too_much_is_a_customer_deposit(office: Office) -> None:
    office.scene.pay()
    memo = office.ledger.add_credit_memo(
        "CM-77", office.hooli.id, 4_000, "USD", CREDITED.date(), by=ERIN, at=CREDITED, reason="Sales tax"
    )
    office.ledger.apply_credit(memo.id, office.invoice.id, 4_000, by=ERIN, at=CREDITED)
    assert {OWED: 46_000, SALES: -WHOLE, CREDITS: 4_000} == office.balance()
    office.scene.sync()
    assert Remedy.UNAPPLY_CREDIT_MEMO not in office.scene.failing().offered

    assert "done" == office.scene.decide(Remedy.KEEP_ON_ACCOUNT)

    assert {CLEARING: WHOLE, ON_ACCOUNT: -4_000, SALES: -WHOLE, CREDITS: 4_000} == office.balance()
    assert office.is_over()


def test_genuine_credit_comes_off_just_enough_and_what_is_left_is_the_customers(office: Office) -> None:
    office.scene.pay(amount_minor=30_000)
    memo = office.ledger.add_credit_memo("CM-77", office.hooli.id, 40_000, "USD", CREDITED.date(), by=ERIN, at=CREDITED)
    office.ledger.apply_credit(memo.id, office.invoice.id, 40_000, by=ERIN, at=CREDITED)
    assert {OWED: 10_000, SALES: -WHOLE, CREDITS: 40_000} == office.balance()
    office.scene.sync()

    assert "done" == office.scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)

    assert {CLEARING: 30_000, OWED: -20_000, SALES: -WHOLE, CREDITS: 40_000} == office.balance()
    assert office.is_over()
