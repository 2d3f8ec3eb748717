"""What the documents of the embedded books post, and that a closed month's trial balance is never restated."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from makers import ManualClock

from accounting.embedded.general_ledger import TrialBalance
from accounting.embedded.ledger import Ledger
from accounting.embedded.money_out import NewMoneyOut
from accounting.embedded.receipts import Correction
from receivables.books_records import Invoice, MoneyOutKind, Receipt
from receivables.errors import BooksRefused

FEBRUARY, MARCH = date(2026, 2, 28), date(2026, 3, 31)
NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "books.sqlite", ManualClock(NOW))
    ledger.add_customer("Hooli", by="Dana", customer_id="H")
    return ledger


def invoice(ledger: Ledger, on: date = date(2026, 2, 1), *, draft: bool = False) -> Invoice:
    return ledger.add_invoice("1042", "H", 50_000, "USD", on, by="Dana", draft=draft)


def receipt(ledger: Ledger, *paying: Invoice, account: str = "") -> Receipt:
    lines = [(invoice.id, invoice.total_minor) for invoice in paying]
    return ledger.enter_receipt("H", 50_000, "USD", date(2026, 2, 10), by="Dana", at=FEB_10, lines=lines, deposit_account=account)


FEB_10 = datetime(2026, 2, 10, 16, tzinfo=UTC)


def told(balance: TrialBalance) -> dict[str, int]:
    assert 0 == sum(found.debit_minor for found in balance.balances)
    assert all(tied.difference_minor == 0 for tied in balance.tie_outs)
    return {found.account: found.debit_minor for found in balance.balances}


def test_receipt_waits_in_undeposited_funds_until_it_is_deposited(ledger: Ledger) -> None:
    paid = receipt(ledger, invoice(ledger))
    ledger.deposit_receipt(paid.id, by="Dana", deposited_on=date(2026, 3, 2))

    assert {"Undeposited funds": 50_000, **PAID} == told(ledger.trial_balance(FEBRUARY))
    assert {"Bank": 50_000, "Undeposited funds": 0, **PAID} == told(ledger.trial_balance())


PAID = {"Accounts receivable": 0, "Customer deposits": 0, "Sales": -50_000}


def test_receipt_that_names_an_account_is_in_it_at_once(ledger: Ledger) -> None:
    ledger.deposit_receipt(receipt(ledger, invoice(ledger), account="Stripe Clearing").id, by="Dana")

    assert {"Stripe Clearing": 50_000, **PAID} == told(ledger.trial_balance())


@pytest.mark.parametrize("kind", [MoneyOutKind.RETURN, MoneyOutKind.CHARGEBACK])
def test_return_leaves_the_month_of_the_receipt_as_it_was(ledger: Ledger, kind: MoneyOutKind) -> None:
    paid = receipt(ledger, invoice(ledger), account="Checking")
    before = told(ledger.trial_balance(FEBRUARY))

    ledger.pay_out(NewMoneyOut(kind, paid.id, date(2026, 3, 6)), by="Dana", fee_minor=1_200)

    assert before == told(ledger.trial_balance(FEBRUARY))
    assert {
        "Checking": -1_200,
        "Accounts receivable": 50_000,
        "Customer deposits": 0,
        "Sales": -50_000,
        "Processing fees": 1_200,
    } == told(ledger.trial_balance())


def test_refund_pays_out_a_customer_deposit(ledger: Ledger) -> None:
    paid = receipt(ledger)
    ledger.pay_out(NewMoneyOut(MoneyOutKind.REFUND, paid.id, date(2026, 3, 6), 20_000), by="Dana")

    assert {"Bank": -20_000, "Undeposited funds": 50_000, "Customer deposits": -30_000} == told(ledger.trial_balance())


def test_prepayment_is_a_customer_deposit_until_the_day_it_is_applied(ledger: Ledger) -> None:
    paid, owed = receipt(ledger), invoice(ledger)
    ledger.apply_receipt(paid.id, [(owed.id, 50_000)], by="Dana")
    later = ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, paid.id, date(2026, 3, 20)), by="Dana")

    february = told(ledger.trial_balance(FEBRUARY))
    assert {
        "Undeposited funds": 50_000,
        "Accounts receivable": 50_000,
        "Customer deposits": -50_000,
        "Sales": -50_000,
    } == february
    assert {"Undeposited funds": 50_000, **PAID} == told(ledger.trial_balance(date(2026, 3, 19)))
    assert (50_000, -50_000) == (
        ledger.trial_balance().debit_minor("Accounts receivable"),
        ledger.trial_balance().debit_minor("Bank"),
    )
    ledger.delete_money_out(later.id, by="Dana")
    assert -50_000 == ledger.trial_balance().debit_minor("Customer deposits")


REASONS = {
    "Bad debt": "Bad debt",
    "BAD DEBT 3/26": "Bad debt",
    "write-off": "Bad debt",
    "Rebill": "Credits issued",
    "": "Credits issued",
}


@pytest.mark.parametrize(("reason", "account"), REASONS.items())
def test_reason_of_a_credit_memo_decides_its_account(ledger: Ledger, reason: str, account: str) -> None:
    invoice(ledger)
    ledger.add_credit_memo("CM-1", "H", 20_000, "USD", date(2026, 3, 5), by="Dana", reason=reason)

    assert {"Accounts receivable": 30_000, "Sales": -50_000, account: 20_000} == told(ledger.trial_balance())


@pytest.mark.parametrize(
    ("item", "account"),
    [
        ("", "Sales"),
        ("Consulting", "Sales"),
        ("Card surcharge", "Fee income"),
        ("Late fee", "Fee income"),
        ("Bad debt", "Bad debt"),
    ],
)
def test_item_of_an_invoice_decides_its_account(ledger: Ledger, item: str, account: str) -> None:
    made = ledger.add_invoice("1042", "H", 1_500, "USD", MARCH, by="Dana", item=item)
    ledger.recreate_invoice(made.id, 2_000, by="Dana")

    assert {"Accounts receivable": 2_000, account: -2_000} == told(ledger.trial_balance())


def test_drafts_and_voided_documents_post_nothing(ledger: Ledger) -> None:
    invoice(ledger, draft=True)
    ledger.void_receipt(receipt(ledger).id, by="Dana")
    ledger.void_invoice(invoice(ledger).id, by="Dana")

    assert {} == told(ledger.trial_balance())


def test_each_currency_is_balanced_by_itself(ledger: Ledger) -> None:
    invoice(ledger)
    ledger.add_invoice("7", "H", 70, "JPY", MARCH, by="Dana")

    whole = ledger.trial_balance()

    assert [("JPY", 70), ("USD", 50_000)] == [(tied.currency, tied.open_invoices_minor) for tied in whole.tie_outs]
    assert (70, 50_000) == (whole.debit_minor("Accounts receivable", "JPY"), whole.debit_minor("Accounts receivable"))


def test_prepayment_of_a_closed_month_in_a_deposit_is_applied_today_and_the_month_stays(ledger: Ledger) -> None:
    paid = receipt(ledger)
    ledger.deposit_receipt(paid.id, by="Dana", deposited_on=FEBRUARY)
    ledger.close_period(FEBRUARY, by="Dana")
    february = told(ledger.trial_balance(FEBRUARY))
    owed = invoice(ledger, date(2026, 3, 1))

    applied = ledger.apply_receipt(paid.id, [(owed.id, 50_000)], by="Dana")

    assert (0, True) == (applied.unapplied_minor, applied.deposited)
    assert february == told(ledger.trial_balance(FEBRUARY))
    assert {"Bank": 50_000, "Undeposited funds": 0, **PAID} == told(ledger.trial_balance())
    ledger.close_period(MARCH, by="Dana")
    with pytest.raises(BooksRefused, match="the application of receipt"):
        ledger.apply_receipt(paid.id, [], by="Dana", at=datetime(2026, 4, 2, tzinfo=UTC))


def test_deposit_has_its_own_date_and_its_fee_a_line(ledger: Ledger) -> None:
    paid = receipt(ledger, invoice(ledger))
    ledger.close_period(FEBRUARY, by="Dana")
    february = told(ledger.trial_balance(FEBRUARY))

    ledger.deposit_receipt(paid.id, by="Dana", deposited_on=date(2026, 3, 2), fee_minor=1_500)

    assert february == told(ledger.trial_balance(FEBRUARY))
    assert {"Bank": 48_500, "Undeposited funds": 0, "Processing fees": 1_500, **PAID} == told(ledger.trial_balance())


def test_receipt_entered_net_of_a_fee_is_corrected_to_the_whole_amount(ledger: Ledger) -> None:
    owed = invoice(ledger)
    net = ledger.enter_receipt("H", 48_500, "USD", date(2026, 3, 2), by="Dana", lines=[(owed.id, 48_500)])

    ledger.correct_receipt(net.id, Correction(amount_minor=50_000), by="Dana")
    whole = ledger.apply_receipt(net.id, [(owed.id, 50_000)], by="Dana")
    ledger.deposit_receipt(whole.id, by="Dana", deposited_on=date(2026, 3, 3), fee_minor=1_500)

    assert {"Bank": 48_500, "Undeposited funds": 0, "Processing fees": 1_500, **PAID} == told(ledger.trial_balance())
    assert "corrected: 485.00 USD to 500.00 USD" in [entry.what for entry in ledger.history(net.number)]


def test_correction_moves_a_receipt_to_another_customer_unapplied_and_never_below_what_is_used(ledger: Ledger) -> None:
    other = ledger.add_customer("Initech", by="Dana")
    paid = receipt(ledger, invoice(ledger))
    with pytest.raises(BooksRefused, match="Unapply it first"):
        ledger.correct_receipt(paid.id, Correction(amount_minor=49_999), by="Dana")

    new = Correction(received_on=date(2026, 3, 2), customer_id=other.id, deposit_account="Checking", reference="CHK-7")
    moved = ledger.correct_receipt(paid.id, new, by="Dana")

    assert (other.id, date(2026, 3, 2), "Checking", "CHK-7") == (
        moved.customer_id,
        moved.received_on,
        moved.deposit_account,
        moved.reference,
    )
    assert (50_000, ()) == (moved.unapplied_minor, moved.lines)
    ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, paid.id, MARCH), by="Dana")
    with pytest.raises(BooksRefused, match="Delete that entry first"):
        ledger.correct_receipt(paid.id, Correction(customer_id="H"), by="Dana")
