"""The proof looks for money, not for marks: each way to disagree is found, and is over when it was settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from makers import a_company, a_payment
from scene import PAID, Scene, a_scene

from accounting.embedded.change import Kind
from receivables.books_records import Customer, Invoice, Receipt
from receivables.diagnosis import Remedy
from receivables.effects import marker
from receivables.payment import Allocation, FeedStatus, PaymentState
from sync import reconciliation, requests
from sync.control_totals import business_days_between
from sync.reconciliation import Proven
from sync.standings import AMISS, Standing

T = "TX-9001-AB"
DAY = date(2026, 3, 4)
CLEARING = "Card clearing"


@dataclass
class House:
    """A scene with two customers; Ada has two open invoices, and one payment for the first of them."""

    scene: Scene
    ada: Customer
    dora: Customer
    invoice: Invoice
    other: Invoice

    def by_hand(
        self,
        amount_minor: int = 50_000,
        *,
        to: Invoice | None = None,
        customer: Customer | None = None,
        reference: str = "",
        memo: str = "",
        account: str = "",
    ) -> Receipt:
        return self.scene.ledger.enter_receipt(
            (customer or self.ada).id,
            amount_minor,
            "USD",
            DAY,
            by="bea",
            lines=((to.id, amount_minor),) if to else (),
            reference=reference,
            memo=memo,
            deposit_account=account,
        )

    def void(self, receipt: Receipt) -> None:
        self.scene.ledger.void_receipt(receipt.id, by="bea")

    def ours(self) -> Receipt:
        (receipt,) = [receipt for receipt in self.scene.ledger.receipts() if receipt.reference == T and not receipt.voided]
        return receipt

    def pay(self, number: str = T) -> None:
        self.scene.pay(number, 50_000, {"Ada-1": 50_000}, customer="Ada")

    def returned(self) -> None:
        allocations = (Allocation(50_000, "Ada-1"),)
        paid = a_payment(transaction_number=T, customer="Ada", paid_at=PAID, allocations=allocations)
        self.scene.feed(replace(paid, status=FeedStatus.RETURNED))

    def later(self) -> None:
        """The next sync, a day later."""
        self.scene.clock.advance(24 * 3600)
        self.scene.sync()

    def prove(self) -> Proven:
        return reconciliation.run_once(self.scene.desk)


@pytest.fixture
def house(tmp_path: Path, migrated_sqlite: Path) -> House:
    (tmp_path / "resolve-now.sqlite").write_bytes(migrated_sqlite.read_bytes())
    scene = a_scene(tmp_path, company=a_company(deposit_accounts={"USD": CLEARING}))
    ada, dora = scene.customer("Ada"), scene.customer("Dora")
    return House(scene, ada, dora, scene.invoice("Ada-1", ada, 50_000), scene.invoice("Ada-2", ada, 50_000))


def posted(house: House) -> House:
    house.pay()
    house.scene.sync()
    assert PaymentState.VERIFIED is house.scene.payment(T).state
    return house


def held(house: House) -> House:
    """It was paid, and something in the books keeps it from being posted."""
    house.pay()
    house.scene.sync()
    assert PaymentState.FAILED is house.scene.payment(T).state
    house.scene.clock.advance(24 * 3600)
    return house


def standing_of(proven: Proven) -> Standing:
    (found,) = [standing for standing, tally in proven.standings.items() if tally.count]
    return found


def problems(proven: Proven) -> list[str]:
    return [found.problem for found in proven.discrepancies]


# --- twelve ways to disagree, and how each ends ---------------------------------------------------------------------------


def marked_twice(house: House) -> Callable[[], None]:
    ours = posted(house).ours()
    copy = house.by_hand(memo=ours.memo)
    return lambda: house.void(copy)


def entered_again_by_text(house: House) -> Callable[[], None]:
    """A7: after ours was verified somebody enters another amount on another customer, with the number in the memo."""
    posted(house)
    again = house.by_hand(48_500, customer=house.dora, memo=f"portal {T.lower()}, net of fee")
    return lambda: house.void(again)


def entered_twice_by_hand(house: House) -> Callable[[], None]:
    first, second = house.by_hand(to=house.invoice, reference=T), house.by_hand(memo=f"card {T}")
    held(house)

    def settle() -> None:
        house.void(second)
        house.scene.sync()
        assert "done" == house.scene.decide(Remedy.DISMISS, T, proof=first.id)

    return settle


def entered_after_a_dismissal(house: House) -> Callable[[], None]:
    house.by_hand(to=house.invoice, reference=T)
    held(house)
    assert "done" == house.scene.decide(Remedy.DISMISS, T)
    again = house.by_hand(customer=house.dora, memo=f"ach {T}")
    return lambda: house.void(again)


def entered_on_another_customer(house: House) -> Callable[[], None]:
    """A6"""
    entered = house.by_hand(customer=house.dora, memo=f"portal {T}")
    held(house)

    def settle() -> None:
        assert "done" == house.scene.decide(Remedy.DISMISS, T, proof=entered.id)

    return settle


def entered_net_of_a_fee(house: House) -> Callable[[], None]:
    """A1; the person who had entered it takes it out, and asks for ours to be posted."""
    entered = house.by_hand(48_500, reference=T)
    held(house)

    def settle() -> None:
        house.void(entered)
        house.scene.sync()
        assert Standing.MISSING_WITH_FAILURE is standing_of(house.prove())  # it may have bounced: a person is asked
        assert "done" == house.scene.decide(Remedy.RECREATE_RECEIPT, T)
        house.later()

    return settle


def deleted(house: House) -> Callable[[], None]:
    house.scene.ledger.delete_receipt(posted(house).ours().id, by="bea")

    def settle() -> None:
        found = house.prove()
        assert ([], 50_000) == (problems(found), found.standings[Standing.MISSING_WITH_FAILURE].money["USD"])
        assert "done" == house.scene.decide(Remedy.RECREATE_RECEIPT, T)
        house.later()

    return settle


def taken_off_its_invoice(house: House) -> Callable[[], None]:
    """A14"""
    ours = posted(house).ours()
    house.scene.ledger.apply_receipt(ours.id, (), by="bea")
    return lambda: _apply(house, ours, house.invoice)


def moved_to_another_invoice(house: House) -> Callable[[], None]:
    """A14"""
    ours = posted(house).ours()
    _apply(house, ours, house.other)
    return lambda: _apply(house, ours, house.invoice)


def moved_to_another_customer(house: House) -> Callable[[], None]:
    """The payment names no invoice, so that only the customer tells whose money it is."""
    house.scene.pay(T, 50_000, {}, customer="Ada")
    house.scene.sync()
    return _changed_by_hand(house, "customer_id", house.dora.id)


def dated_otherwise(house: House) -> Callable[[], None]:
    return _changed_by_hand(posted(house), "received_on", "2026-03-20")


def put_into_another_account(house: House) -> Callable[[], None]:
    return _changed_by_hand(posted(house), "deposit_account", "Petty cash")


def _changed_by_hand(house: House, column: str, value: str) -> Callable[[], None]:
    """Somebody edits our receipt in the package itself."""
    ours = house.ours()

    def put(of: str) -> None:
        with house.scene.ledger.changing("bea", None) as change:
            change.connection.execute(f"UPDATE receipts SET {column} = ? WHERE id = ?", (of, ours.id))
            change.changed(Kind.RECEIPT, ours.id, f"{column} edited")

    before = str(getattr(ours, column))
    put(value)
    return lambda: put(before)


def _apply(house: House, receipt: Receipt, invoice: Invoice) -> None:
    house.scene.ledger.apply_receipt(receipt.id, ((invoice.id, 50_000),), by="bea")


def returned_but_in_books(house: House) -> Callable[[], None]:
    """A11"""
    ours = posted(house).ours()
    house.returned()
    return lambda: house.void(ours)


def returned_before_posting_but_entered_by_hand(house: House) -> Callable[[], None]:
    house.pay()
    house.returned()
    entered = house.by_hand(memo=f"{T} card")
    return lambda: house.void(entered)


def proof_taken_away(house: House) -> Callable[[], None]:
    entered = house.by_hand(to=house.invoice, reference=T)
    held(house)
    assert "done" == house.scene.decide(Remedy.DISMISS, T)
    house.void(entered)

    def settle() -> None:
        house.scene.sync()
        assert "done" == house.scene.decide(Remedy.RECREATE_RECEIPT, T)
        house.later()

    return settle


def marked_and_never_posted(house: House) -> Callable[[], None]:
    """As from an older copy of our database."""
    house.pay()
    found = house.by_hand(memo=f"[{marker('acme', T, 1, 0)}]")

    def settle() -> None:
        house.void(found)
        house.scene.sync()
        assert Standing.MISSING_WITH_FAILURE is standing_of(house.prove())
        assert "done" == house.scene.decide(Remedy.RECREATE_RECEIPT, T)  # somebody voided it, so a person decides
        house.later()

    return settle


def never_looked_at(house: House) -> Callable[[], None]:
    """A14: writes are off, no failure says anything, and more than one sync interval has passed."""
    house.scene.desk = replace(house.scene.desk, company=replace(house.scene.desk.company, writes=False))
    house.pay()
    assert Standing.IN_PROGRESS is standing_of(house.prove())
    house.scene.clock.advance(2 * 3600)
    house.scene.sync()

    def settle() -> None:
        house.scene.desk = replace(house.scene.desk, company=replace(house.scene.desk.company, writes=True))
        house.scene.sync()

    return settle


DISAGREEMENTS: list[tuple[Callable[[House], Callable[[], None]], str, Standing, Standing]] = [
    (marked_twice, "receipt_doubled", Standing.DOUBLED, Standing.EXACTLY_ONCE),
    (entered_again_by_text, "receipt_doubled", Standing.DOUBLED, Standing.EXACTLY_ONCE),
    (entered_twice_by_hand, "receipt_doubled", Standing.DOUBLED, Standing.DISMISSED_WITH_PROOF),
    (entered_after_a_dismissal, "receipt_doubled", Standing.DOUBLED, Standing.DISMISSED_WITH_PROOF),
    (entered_on_another_customer, "may_be_in_books", Standing.MAY_BE_IN_BOOKS, Standing.DISMISSED_WITH_PROOF),
    (entered_net_of_a_fee, "may_be_in_books", Standing.MAY_BE_IN_BOOKS, Standing.EXACTLY_ONCE),
    (deleted, "receipt_deleted", Standing.MISSING, Standing.EXACTLY_ONCE),
    (taken_off_its_invoice, "accepted_unapplied", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (moved_to_another_invoice, "receipt_changed", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (moved_to_another_customer, "receipt_changed", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (dated_otherwise, "receipt_changed", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (put_into_another_account, "receipt_changed", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (returned_but_in_books, "returned_but_in_books", Standing.WENT_BACK_BUT_IN_BOOKS, Standing.WENT_BACK),
    (
        returned_before_posting_but_entered_by_hand,
        "returned_but_in_books",
        Standing.WENT_BACK_BUT_IN_BOOKS,
        Standing.WENT_BACK,
    ),
    (proof_taken_away, "proof_gone", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (marked_and_never_posted, "receipt_unexpected", Standing.DIFFERENT, Standing.EXACTLY_ONCE),
    (never_looked_at, "not_in_books", Standing.MISSING, Standing.EXACTLY_ONCE),
]


#: Nothing is in the books, and from then on an open failure says so.
SHOWN_TO_A_PERSON = (deleted, proof_taken_away)


@pytest.mark.parametrize(
    ("disagree", "problem", "standing", "settled"), DISAGREEMENTS, ids=[row[0].__name__ for row in DISAGREEMENTS]
)
def test_disagreement_is_found_and_is_over_when_it_was_settled(
    house: House, disagree: Callable[[House], Callable[[], None]], problem: str, standing: Standing, settled: Standing
) -> None:
    settle = disagree(house)

    found = house.prove()
    assert ([problem], standing, False) == (problems(found), standing_of(found), found.clean)
    assert (1, 1, {"USD": 50_000}) == (found.payments, found.differing, dict(found.standings[standing].money))
    assert standing in AMISS
    assert house.prove().clean is (disagree in SHOWN_TO_A_PERSON)

    settle()
    house.scene.sync()
    after = house.prove()
    assert ([], settled, True) == (problems(after), standing_of(after), after.clean)


def test_the_sentence_names_every_receipt_and_never_says_more_than_that(house: House) -> None:
    posted(house)
    again = house.by_hand(48_500, memo=T)

    (found,) = house.prove().discrepancies

    assert {house.ours().id, again.id} == set(found.receipts)
    assert (
        f"Payment {T} of $500.00 is in the books more than once: "
        f"receipts {house.ours().number} and {again.number} are there." == found.text
    )


def test_two_people_say_that_a_receipt_with_a_short_number_is_other_money(house: House) -> None:
    """Payment 7 and a receipt "invoice 7": the number is too short to say which money it is."""
    house.pay("7")
    house.scene.sync()
    other = house.by_hand(reference="check 8841", memo="for 7")
    assert ["receipt_doubled"] == problems(house.prove())
    house.scene.sync()

    made = requests.request(
        house.scene.desk,
        "7",
        Remedy.NOT_DUPLICATE,
        by="dana",
        channel="cli",
        options={"receipt": other.id, "cash_reference": "check 8841"},
    )
    assert "waiting_approval" == made.state
    requests.approve(house.scene.desk, made.id, by="sam")
    house.scene.sync()

    found = house.prove()
    assert (True, Standing.EXACTLY_ONCE, PaymentState.VERIFIED) == (
        found.clean,
        standing_of(found),
        house.scene.payment("7").state,
    )
    assert [] == found.totals.review
    house.scene.ledger.apply_receipt(other.id, ((house.other.id, 50_000),), by="bea")  # what was said ends when it changes
    assert ["receipt_doubled"] == problems(house.prove())


def test_a_receipt_whose_money_stands_for_another_payment_is_not_counted_twice(house: House) -> None:
    posted(house)
    house.scene.pay("OTHER-77", 50_000, {"Ada-2": 50_000}, customer="Ada")
    entered = house.by_hand(to=house.other, reference="OTHER-77", memo=f"not {T}, which is posted")
    house.scene.sync()
    assert "done" == house.scene.decide(Remedy.DISMISS, "OTHER-77", proof=entered.id)

    found = house.prove()

    assert (True, 1, 1) == (found.clean, found.exactly_once, found.dismissed_with_proof)


# --- what only informs ------------------------------------------------------------------------------------------------


def test_a_bank_feed_twin_without_a_common_text_is_listed_and_the_totals_differ(house: House) -> None:
    posted(house)
    twin = house.by_hand(reference="ACH ADA LTD", account=CLEARING)

    found = house.prove()

    assert (True, 1) == (found.clean, found.exactly_once)
    assert [(twin.id, (T,))] == [(row.receipt, row.transactions) for row in found.totals.review]
    assert [twin.id] == [row.receipt for row in found.totals.others]
    (total,) = found.totals.rows
    assert ("Ada", "USD", 2, 100_000, 50_000, 0, 50_000) == (
        total.customer,
        total.currency,
        total.receipts,
        total.receipts_minor,
        total.recorded_minor,
        total.other_money_minor,
        total.others_minor,
    )


@pytest.mark.parametrize("received_on", [date(2026, 2, 20), date(2026, 3, 11)])
def test_other_money_of_that_amount_is_not_listed(house: House, received_on: date) -> None:
    posted(house)
    house.scene.ledger.enter_receipt(house.ada.id, 50_000, "USD", received_on, by="bea", reference="check 8841")
    house.by_hand(to=house.other)
    house.by_hand(customer=house.dora)

    assert [] == house.prove().totals.review


def test_totals_leave_out_what_is_not_recorded_and_what_is_recorded_elsewhere(house: House) -> None:
    posted(house)
    entered = house.by_hand(to=house.other, reference="OTHER-77", account="Undeposited funds")
    house.scene.pay("OTHER-77", 50_000, {"Ada-2": 50_000}, customer="Ada")
    house.scene.pay("OTHER-88", 7_000, {"no such invoice": 7_000}, customer="Ada")
    house.scene.sync()
    assert "done" == house.scene.decide(Remedy.DISMISS, "OTHER-77", proof=entered.id)

    (total,) = house.prove().totals.rows

    figures = (total.receipts_minor, total.payments_minor, total.not_recorded_minor, total.elsewhere_minor, total.others_minor)
    assert (50_000, 107_000, 7_000, 50_000, 0) == figures


def test_without_configured_accounts_there_are_no_totals(house: House) -> None:
    house.scene.desk = replace(house.scene.desk, company=a_company())
    posted(house)
    house.by_hand(reference="ACH ADA LTD")

    totals = house.prove().totals

    assert ([], frozenset(), 1) == (totals.rows, totals.accounts, len(totals.review))


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        (date(2026, 3, 3), date(2026, 3, 3), 0),
        (date(2026, 3, 6), date(2026, 3, 9), 1),  # Friday, Monday
        (date(2026, 3, 9), date(2026, 3, 6), 1),
        (date(2026, 3, 3), date(2026, 3, 10), 5),
        (date(2026, 3, 3), date(2026, 3, 11), 6),
    ],
)
def test_business_days(first: date, second: date, days: int) -> None:
    assert days == business_days_between(first, second)
    assert timedelta(days=7) >= abs(second - first) or days > 5
