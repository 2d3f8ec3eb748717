"""What an accountant would do, as stories: each is played to its end, with the trial balance before and after.

All stories of one kind of books are told in one company, each with a customer, an invoice and a payment of its own; what a
story changed is what the trial balance moved by. Erin keeps the books; Dana and Sam decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cause_worlds import QUICKBOOKS, STRICT, TRYTON, XERO, World
from makers import a_payment

from accounting.embedded.money_out import NewMoneyOut
from accounting.embedded.receipts import Correction
from receivables.books_records import Customer, Invoice, MoneyOutKind, Receipt
from receivables.diagnosis import Cause, Remedy
from receivables.effects import EffectKind
from receivables.payment import Allocation, Dispute, FeedStatus, PaymentState
from storage import decisions
from sync import journey, reconciliation, requests

WHOLE = 50_000
CLEARING, UNDEPOSITED, BANK = "Stripe Clearing", "Undeposited funds", "Bank"
OWED, ON_ACCOUNT, SALES = "Accounts receivable", "Customer deposits", "Sales"
CREDITS, BAD_DEBT, FEES, FEE_INCOME = "Credits issued", "Bad debt", "Processing fees", "Fee income"
ERIN = "Erin"
Balances = dict[str, int]
#: What each of the books calls the clearing account. All but Tryton's are kept in a ledger of ours.
CLEARING_IS = {STRICT: CLEARING, QUICKBOOKS: "36", XERO: "090", TRYTON: "Cash and Cash Equivalents"}
EVERY = frozenset(CLEARING_IS)
GOES_BACK = frozenset({STRICT, QUICKBOOKS, TRYTON})  # in Xero a return is coded to an account that the ledger here does not have
LEDGERS = EVERY - {TRYTON}  # where a receipt or an invoice that was recorded can still be changed


class Unfinished(AssertionError):
    """A story that did not end: its payment is still open, or the proof is not clean."""


@dataclass
class Office:
    """One story in progress. The customer owes 500.00 on one invoice, dated before the month of the payment."""

    world: World
    place: int
    before: Balances = field(default_factory=dict)
    after: Balances = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scene, self.ledger = self.world.scene, self.world.scene.ledger
        self.number, self.name, self.invoice_number = f"TXN-{self.place}", f"Hooli {self.place}", f"10{self.place}"
        self._opened = self._absolute()
        self.hooli: Customer = self.ledger.add_customer(self.name, by=ERIN)
        self.invoice: Invoice = self.bill(self.invoice_number, WHOLE, on=self.today - timedelta(days=40))

    @property
    def today(self) -> date:
        return self.scene.desk.company.day_of(self.scene.clock.now())

    @property
    def now(self) -> datetime:
        return self.scene.clock.now()

    # What Erin does

    def bill(self, number: str, amount_minor: int, *, on: date | None = None, item: str = "") -> Invoice:
        """An invoice, dated today unless a day is given."""
        return self.ledger.add_invoice(number, self.hooli.id, amount_minor, "USD", on or self.today, by=ERIN, item=item)

    def check(self, *, on: Invoice | None = None) -> Receipt:
        """A check of 500.00, entered by hand."""
        lines = [(on.id, WHOLE)] if on else []
        return self.ledger.enter_receipt(
            self.hooli.id, WHOLE, "USD", self.today, by=ERIN, lines=lines, reference=f"check {self.place}8", method="check"
        )

    def credit(self, amount_minor: int, reason: str = "") -> None:
        """A credit memo applied to the invoice."""
        number = f"CM-{self.place}"
        memo = self.ledger.add_credit_memo(number, self.hooli.id, amount_minor, "USD", self.today, by=ERIN, reason=reason)
        self.ledger.apply_credit(memo.id, self.invoice.id, amount_minor, by=ERIN)

    def apply(self, receipt: Receipt, invoice: Invoice) -> None:
        """All of a receipt to one invoice."""
        self.ledger.apply_receipt(receipt.id, [(invoice.id, receipt.amount_minor)], by=ERIN)

    def apply_what_is_left(self, invoice: Invoice) -> None:
        """The customer's unapplied money to one invoice more."""
        (found,) = [found for found in self.ledger.receipts() if found.customer_id == self.hooli.id and found.unapplied_minor]
        lines = [(line.invoice_id, line.amount_minor) for line in found.lines]
        self.ledger.apply_receipt(found.id, [*lines, (invoice.id, found.unapplied_minor)], by=ERIN)

    def ours(self) -> Receipt:
        """The only receipt of the payment."""
        (found,) = [found for found in self.ledger.receipts() if self.number in found.reference.split() and not found.voided]
        return found

    def pay_out(self, kind: MoneyOutKind, receipt: Receipt, amount_minor: int | None = None, fee_minor: int = 0) -> None:
        """Erin records that a receipt's money went out again today."""
        new = NewMoneyOut(kind, receipt.id, self.today, amount_minor)
        self.ledger.pay_out(new, by=ERIN, fee_minor=fee_minor)

    @property
    def clearing(self) -> str:
        return CLEARING_IS[self.world.name]

    def called(self, receipt: Receipt) -> str:
        """What the package calls a receipt: it has no numbers of its own in QuickBooks and Xero."""
        return receipt.number if self.world.name == STRICT else receipt.reference

    # What the customer and the portal do

    def pay_again(self) -> None:
        """The customer pays the invoice a second time: from here on the story is about that payment."""
        self.number += "-2"
        self.pay()

    def pay_before_the_month_is_closed(self) -> date:
        """The customer pays, and the month is closed before the payment is recorded. Returns the last day that is closed.

        Tryton closes whole months, and its clock is the machine's: there it was the month before.
        """
        if not self.world.real_time:
            paid_on = self.today
            self.pay()
            self.world.later(48.0)
        else:
            paid_on = self.today.replace(day=1) - timedelta(days=1)
            self.pay(at=datetime(paid_on.year, paid_on.month, paid_on.day - 5, 12, tzinfo=UTC))
        self.ledger.close_period(paid_on, by=ERIN)
        return paid_on

    def pay(
        self,
        amount_minor: int = WHOLE,
        *,
        to: Mapping[str, int] | None = None,
        method: str = "card",
        at: datetime | None = None,
    ) -> None:
        """The customer pays the invoice, or what is said; nothing is posted yet."""
        if self.world.real_time:
            self.world.later()
        allocated = {self.invoice_number: amount_minor} if to is None else to
        self.payment = a_payment(
            transaction_number=self.number, customer=self.name, amount_minor=amount_minor, paid_at=at or self.now,
            method=method,
            allocations=tuple(Allocation(amount, number) for number, amount in allocated.items()),
        )  # fmt: skip
        self.scene.feed(self.payment)
        self.world.later(1.0)

    def told(self, status: FeedStatus, **more: object) -> None:
        """The portal tells what became of the payment."""
        at = None if status is FeedStatus.PAID else self.now
        self.payment = replace(self.payment, status=status, status_at=at, **more)  # type: ignore[arg-type]
        self.world.later(1.0)
        self.scene.feed(self.payment)
        self.sync()

    def sync(self) -> None:
        self.world.later(1.0)
        self.scene.sync()

    # What Dana and Sam do

    def shows(self, cause: Cause, *remedies: Remedy) -> None:
        """The failure that is open, and some of what it offers, the recommended first."""
        found = self.scene.failing(self.number)
        assert (cause, remedies) == (found.cause, tuple(offer for offer in found.offered if offer in remedies))

    def decide(self, remedy: Remedy, **options: Any) -> None:
        """Dana decides alone, and it is carried out."""
        assert "done" == self.scene.decide(remedy, self.number, **options)

    def both_decide(self, remedy: Remedy, **options: object) -> None:
        """Dana asks, Sam agrees, and it is carried out."""
        asked = requests.request(self.scene.desk, self.number, remedy, by="dana", channel="cli", options=options)
        assert "waiting_approval" == asked.state, asked
        requests.approve(self.scene.desk, asked.id, by="sam")
        journey.finish_once(self.scene.desk)
        with self.scene.db.read() as connection:
            assert "done" == decisions.get(connection, "acme", asked.id).state

    # What the trial balance says

    def begins(self, **accounts: int) -> None:
        """What the books held before anybody decided."""
        self.before = self.moved()
        assert by_name(accounts) == self.before

    def ends(self, state: PaymentState = PaymentState.VERIFIED, **accounts: int) -> None:
        """What they hold after one more sync: no failure is open, and the proof is clean."""
        self.sync()
        self.after = self.moved()
        assert by_name(accounts) == self.after
        proven = reconciliation.run_once(self.scene.desk)
        if self.scene.failure(self.number) or not proven.clean:
            raise Unfinished(f"{self.scene.failure(self.number)}, {proven.discrepancies}")
        assert state is self.scene.payment(self.number).state

    def moved(self, through: date | None = None) -> Balances:
        """What this story changed; debits are credits, and the whole agrees with the documents."""
        now = self._absolute(through)
        moved = {account: now.get(account, 0) - self._opened.get(account, 0) for account in now}
        return {account: minor for account, minor in moved.items() if minor}

    def _absolute(self, through: date | None = None) -> Balances:
        whole = self.ledger.trial_balance(through)
        assert 0 == sum(found.debit_minor for found in whole.balances)
        assert all(tied.difference_minor == 0 for tied in whole.tie_outs)
        return {CLEARING if found.account == self.clearing else found.account: found.debit_minor for found in whole.balances}


#: Accounts as the stories write them.
NAMES = {
    "clearing": CLEARING, "undeposited": UNDEPOSITED, "bank": BANK, "owed": OWED, "on_account": ON_ACCOUNT, "sales": SALES,
    "credits": CREDITS, "bad_debt": BAD_DEBT, "fees": FEES, "fee_income": FEE_INCOME,
}  # fmt: skip


def by_name(accounts: Mapping[str, int]) -> Balances:
    return {NAMES[name]: minor for name, minor in accounts.items()}


@dataclass(frozen=True)
class Story:
    """A story, in a controller's words, and the books that can express it."""

    title: str
    told: str
    play: Callable[[Office], None]
    books: frozenset[str]


STORIES: list[Story] = []


def story(title: str, books: frozenset[str] = EVERY) -> Callable[[Callable[[Office], None]], Callable[[Office], None]]:
    """Adds a story; its docstring tells it."""

    def add(play: Callable[[Office], None]) -> Callable[[Office], None]:
        STORIES.append(Story(title, " ".join((play.__doc__ or "").split()), play, books))
        return play

    return add


def play_all(world: World, only: Collection[str] = ()) -> list[tuple[Story, Office]]:
    """Every story that these books can express, one after the other in one company; or `only` those of these titles."""
    desk = world.scene.desk
    company = replace(desk.company, deposit_accounts={"default": CLEARING_IS[world.name]}, large_percentage=100)
    world.scene.desk = replace(desk, company=company)
    played = []
    for place, told in enumerate(STORIES, start=11):
        if world.name in told.books and (not only or told.title in only):
            office = Office(world, place)
            told.play(office)
            played.append((told, office))
    return played


@story("A check beside an ACH payment")
def check_beside_ach(office: Office) -> None:
    """The customer pays by ACH and mails a check for the same invoice. Both are real money: two people say so, and ours is
    recorded as a customer deposit, which can be refunded or applied to another invoice."""
    check = office.check(on=office.invoice)
    office.pay(method="ach")
    office.sync()
    office.shows(Cause.RECEIPT_ALREADY_ENTERED, Remedy.NOT_DUPLICATE)
    office.begins(undeposited=WHOLE, sales=-WHOLE)
    office.both_decide(Remedy.NOT_DUPLICATE, cash_reference=check.reference)
    office.ends(clearing=WHOLE, undeposited=WHOLE, on_account=-WHOLE, sales=-WHOLE)


@story("A receipt entered by hand for the same money", LEDGERS)
def same_money(office: Office) -> None:
    """The receipt entered by hand is the payment: it is the proof, and nothing is posted. Erin moves it to the account that
    the money is in."""
    check = office.check(on=office.invoice)
    office.pay()
    office.sync()
    office.begins(undeposited=WHOLE, sales=-WHOLE)
    office.decide(Remedy.DISMISS, proof=office.called(check))
    office.ledger.correct_receipt(check.id, Correction(deposit_account=office.clearing), by=ERIN)
    office.ends(PaymentState.DISMISSED, clearing=WHOLE, sales=-WHOLE)


@story("A prepayment is applied when its invoice comes")
def prepayment(office: Office) -> None:
    """A payment that names no invoice is recorded as a customer deposit. Erin applies it to the next invoice: that is her
    ordinary work, taken up without an alarm."""
    office.ledger.void_invoice(office.invoice.id, by=ERIN)
    office.pay(to={})
    office.sync()
    later = office.bill(f"{office.invoice_number}B", WHOLE)
    office.begins(clearing=WHOLE, owed=WHOLE, on_account=-WHOLE, sales=-WHOLE)
    office.apply(office.ours(), later)
    office.ends(clearing=WHOLE, sales=-WHOLE)


@story("A genuine credit was applied to the paid invoice")
def genuine_credit(office: Office) -> None:
    """A credit of $400.00 leaves $100.00 open on the invoice, and the customer paid $300.00. Just enough comes off: the receipt
    is applied, and what is left of the credit is the customer's."""
    office.pay(30_000)
    office.credit(40_000)
    office.sync()
    office.shows(Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO)
    office.begins(owed=10_000, sales=-WHOLE, credits=40_000)
    office.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    office.ends(clearing=30_000, owed=-20_000, sales=-WHOLE, credits=40_000)


@story("Credit and rebill")
def rebill(office: Office) -> None:
    """The invoice was credited in full and billed anew for $480.00. The payment belongs on the new invoice; the credit memo
    stays where it is, and $20.00 is the customer's."""
    office.pay()
    office.bill(f"{office.invoice_number}R", 48_000)
    office.credit(WHOLE, "Rebill")
    office.sync()
    office.begins(owed=48_000, sales=-98_000, credits=WHOLE)
    office.decide(Remedy.RECREATE_RECEIPT)
    office.ends(clearing=WHOLE, on_account=-2_000, sales=-98_000, credits=WHOLE)


@story("The sales tax was corrected after the payment")
def corrected_tax(office: Office) -> None:
    """A credit memo of $40.00 takes sales tax off the invoice. It stays; what was paid too much is a customer deposit."""
    office.pay()
    office.credit(4_000, "Sales tax")
    office.sync()
    office.begins(owed=46_000, sales=-WHOLE, credits=4_000)
    office.decide(Remedy.KEEP_ON_ACCOUNT)
    office.ends(clearing=WHOLE, on_account=-4_000, sales=-WHOLE, credits=4_000)


@story("A write-off of this month")
def write_off(office: Office) -> None:
    """The invoice was written off after the customer paid. Two people reverse that: the credit memo is voided, and the payment
    posted. QuickBooks lets no program void a credit memo: there Erin does it, and the payment lands by itself."""
    office.pay()
    written_off = office.ledger.write_off(office.invoice.id, office.today, by=ERIN)
    office.sync()
    office.begins(sales=-WHOLE, bad_debt=WHOLE)
    if EffectKind.VOID_CREDIT in office.scene.desk.books.traits.able:
        office.both_decide(Remedy.REVERSE_WRITE_OFF)
    else:
        office.ledger.delete_credit_memo(written_off.id, by=ERIN)
    office.ends(clearing=WHOLE, sales=-WHOLE)


@story("A bad debt of a closed month is paid after all", LEDGERS)
def recovered(office: Office) -> None:
    """The loss stays in its closed month. The payment is recorded as a customer deposit and applied to an invoice for the
    recovered bad debt, dated today."""
    office.sync()  # the change feed would not tell of what is backdated below
    month_end = office.today - timedelta(days=5)
    office.ledger.write_off(office.invoice.id, month_end, by=ERIN, at=office.now - timedelta(days=5))
    office.ledger.close_period(month_end, by=ERIN)
    closed = office.moved(month_end)
    office.pay()
    office.sync()
    office.shows(Cause.CREDIT_MEMO_APPLIED, Remedy.KEEP_ON_ACCOUNT)
    office.begins(sales=-WHOLE, bad_debt=WHOLE)
    office.decide(Remedy.KEEP_ON_ACCOUNT)
    office.apply(office.ours(), office.bill(f"{office.invoice_number}R", WHOLE, item=BAD_DEBT))
    office.ends(clearing=WHOLE, sales=-WHOLE)
    assert closed == office.moved(month_end)
    office.ledger.reopen_period(by=ERIN)


# --- more than the invoice asks for -------------------------------------------------------------------------------------


@story("A customer paid twice, and another invoice takes it")
def paid_twice_and_applied(office: Office) -> None:
    """The second payment is applied to another open invoice of the customer."""
    office.pay()
    office.sync()
    other = office.bill(f"{office.invoice_number}B", WHOLE, on=office.today - timedelta(days=20))
    office.pay_again()
    office.sync()
    office.shows(Cause.CUSTOMER_PAID_TWICE, Remedy.KEEP_ON_ACCOUNT)
    office.begins(clearing=WHOLE, owed=WHOLE, sales=-2 * WHOLE)
    office.decide(Remedy.KEEP_ON_ACCOUNT, to_invoice=[other.number])
    office.ends(clearing=2 * WHOLE, sales=-2 * WHOLE)


@story("A card surcharge becomes a line of the invoice", LEDGERS)
def surcharge_on_the_invoice(office: Office) -> None:
    """The portal added 3 % to a card payment. Erin adds the surcharge to the invoice; the payment fits and lands by itself."""
    office.pay(51_500)
    office.sync()
    office.shows(Cause.SURCHARGE, Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT)
    office.begins(owed=WHOLE, sales=-WHOLE)
    office.ledger.correct_invoice(office.invoice.id, 51_500, by=ERIN)
    office.ends(clearing=51_500, sales=-51_500)


@story("A card surcharge becomes fee income")
def surcharge_as_fee_income(office: Office) -> None:
    """Where the invoice may not be changed, the surcharge stays on account until Erin bills it as fee income."""
    office.pay(51_500)
    office.sync()
    office.begins(owed=WHOLE, sales=-WHOLE)
    office.decide(Remedy.KEEP_ON_ACCOUNT)
    fee = office.bill(f"{office.invoice_number}F", 1_500, item="Card surcharge")
    office.apply_what_is_left(fee)
    office.ends(clearing=51_500, sales=-WHOLE, fee_income=-1_500)


@story("A receipt entered net of the processor's fee", LEDGERS)
def entered_net(office: Office) -> None:
    """Erin entered the payout of $485.00. She corrects the receipt to what the customer paid, and the fee becomes a line of the
    deposit, which equals what the bank received."""
    net = office.ledger.enter_receipt(
        office.hooli.id, 48_500, "USD", office.today, by=ERIN, lines=[(office.invoice.id, 48_500)], reference=office.number
    )
    office.pay()
    office.sync()
    office.shows(Cause.ENTERED_NET_OF_FEE, Remedy.ESCALATE)
    office.begins(undeposited=48_500, owed=1_500, sales=-WHOLE)
    office.ledger.correct_receipt(net.id, Correction(amount_minor=WHOLE), by=ERIN)
    office.ledger.apply_receipt(net.id, [(office.invoice.id, WHOLE)], by=ERIN)
    office.ledger.deposit_receipt(net.id, by=ERIN, fee_minor=1_500)
    office.sync()
    office.decide(Remedy.DISMISS, proof=office.called(net))
    office.ends(PaymentState.DISMISSED, bank=48_500, sales=-WHOLE, fees=1_500)


# --- months and deposits ------------------------------------------------------------------------------------------------


@story("The month of the payment was closed before it was recorded")
def closed_month(office: Office) -> None:
    """Nobody reopens a filed month for $500.00: two people post the receipt on the first open day, with the true date in its
    memo. The closed month stays as it was."""
    paid_on = office.pay_before_the_month_is_closed()
    closed = office.moved(paid_on)
    office.sync()
    office.shows(Cause.PERIOD_CLOSED, Remedy.POST_ON_OPEN_DAY, Remedy.RETRY)
    office.begins(owed=WHOLE, sales=-WHOLE)
    office.both_decide(Remedy.POST_ON_OPEN_DAY)
    office.ends(clearing=WHOLE, sales=-WHOLE)
    assert closed == office.moved(paid_on)
    office.ledger.reopen_period(by=ERIN)


@story("A receipt came off its invoice, and is applied again", frozenset({STRICT, QUICKBOOKS, TRYTON}))  # in Xero it is deleted
def came_off(office: Office) -> None:
    """Somebody took our receipt off the invoice that the customer paid, which would be dunned. The nightly proof sees it, and the
    receipt is applied again; there is never a second one."""
    office.pay()
    office.sync()
    office.ledger.apply_receipt(office.ours().id, [], by=ERIN)
    reconciliation.run_once(office.scene.desk)
    office.shows(Cause.RECEIPT_CHANGED, Remedy.APPLY_RECEIPT)
    office.begins(clearing=WHOLE, owed=WHOLE, on_account=-WHOLE, sales=-WHOLE)
    office.decide(Remedy.APPLY_RECEIPT)
    office.ends(clearing=WHOLE, sales=-WHOLE)


@story("A receipt in a bank deposit came off its invoice", frozenset({STRICT, QUICKBOOKS, TRYTON}))  # in Xero it goes with it
def deposited(office: Office) -> None:
    """The deposit is left alone: Erin applies the receipt in the books, which changes neither its amount nor its date, and the
    next sync reads it."""
    office.pay()
    office.sync()
    office.ledger.apply_receipt(office.ours().id, [], by=ERIN)
    office.ledger.deposit_receipt(office.ours().id, by=ERIN)
    reconciliation.run_once(office.scene.desk)
    office.shows(Cause.RECEIPT_CHANGED)
    office.begins(clearing=WHOLE, owed=WHOLE, on_account=-WHOLE, sales=-WHOLE)
    office.apply(office.ours(), office.invoice)
    office.ends(clearing=WHOLE, sales=-WHOLE)


# --- money that goes back -----------------------------------------------------------------------------------------------


@story("An ACH payment is returned, and the customer pays again", GOES_BACK)
def returned_and_paid_again(office: Office) -> None:
    """The bank returned the payment for insufficient funds. The return is recorded on its own day, the receipt stays in its
    month and deposit, and the invoice is open again; the bank's fee is apart. The next payment lands by itself."""
    office.pay(method="ach")
    office.sync()
    office.told(FeedStatus.RETURNED, reason_code="R01")
    office.shows(Cause.PAYMENT_RETURNED, Remedy.RECORD_RETURN)
    office.begins(clearing=WHOLE, sales=-WHOLE)
    office.decide(Remedy.RECORD_RETURN)
    assert by_name({"owed": WHOLE, "sales": -WHOLE}) == office.moved()
    office.pay_out(MoneyOutKind.FEE, office.ours(), 1_200)
    office.pay_again()
    office.ends(clearing=WHOLE - 1_200, sales=-WHOLE, fees=1_200)


@story("A bounced check, recorded by the bookkeeper", GOES_BACK)
def bounced_check(office: Office) -> None:
    """Erin recorded the return from the bank's notice before anybody decided: that ends it, and the invoice is dunned again."""
    office.pay(method="check")
    office.sync()
    office.begins(clearing=WHOLE, sales=-WHOLE)
    office.pay_out(MoneyOutKind.RETURN, office.ours())
    office.told(FeedStatus.RETURNED)
    office.ends(PaymentState.EXCLUDED, owed=WHOLE, sales=-WHOLE)


@story("A customer paid twice and is refunded")
def paid_twice_and_refunded(office: Office) -> None:
    """AutoPay and a payment by hand paid the same invoice. The second is recorded as a customer deposit, and paid back."""
    office.pay()
    office.sync()
    office.pay_again()
    office.sync()
    office.shows(Cause.CUSTOMER_PAID_TWICE, Remedy.KEEP_ON_ACCOUNT)
    office.begins(clearing=WHOLE, sales=-WHOLE)
    office.decide(Remedy.KEEP_ON_ACCOUNT)
    assert by_name({"clearing": 2 * WHOLE, "on_account": -WHOLE, "sales": -WHOLE}) == office.moved()
    office.pay_out(MoneyOutKind.REFUND, office.ours(), WHOLE)
    office.told(FeedStatus.REFUNDED)
    office.ends(PaymentState.EXCLUDED, clearing=WHOLE, sales=-WHOLE)


@story("A payment is refunded after it was recorded", GOES_BACK)
def refunded(office: Office) -> None:
    """The portal paid the customer back for returned goods. The refund is a document of its own, never a void, and two people
    record it, because it opens the invoice again; Erin credits the invoice, so that AutoPay does not charge it anew."""
    office.pay()
    office.sync()
    office.told(FeedStatus.REFUNDED)
    office.shows(Cause.PAYMENT_REFUNDED, Remedy.RECORD_RETURN)
    office.begins(clearing=WHOLE, sales=-WHOLE)
    office.both_decide(Remedy.RECORD_RETURN)
    assert by_name({"owed": WHOLE, "sales": -WHOLE}) == office.moved()
    office.credit(WHOLE, "Returned goods")
    office.ends(PaymentState.EXCLUDED, sales=-WHOLE, credits=WHOLE)


@story("A chargeback is lost", GOES_BACK)
def chargeback_lost(office: Office) -> None:
    """While the dispute is open the money is only held. Once it is lost, it is recorded on that day, with its fee apart."""
    office.pay()
    office.sync()
    office.told(FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    office.begins(clearing=WHOLE, sales=-WHOLE)
    office.told(FeedStatus.CHARGED_BACK, dispute=Dispute.LOST)
    office.shows(Cause.PAYMENT_CHARGED_BACK, Remedy.RECORD_RETURN)
    office.decide(Remedy.RECORD_RETURN)
    office.pay_out(MoneyOutKind.FEE, office.ours(), 1_500)
    office.ends(PaymentState.EXCLUDED, clearing=-1_500, owed=WHOLE, sales=-WHOLE, fees=1_500)


@story("A chargeback is won")
def chargeback_won(office: Office) -> None:
    """The money stayed: nothing is recorded, and nothing has to be taken back."""
    office.pay()
    office.sync()
    office.told(FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    office.begins(clearing=WHOLE, sales=-WHOLE)
    office.told(FeedStatus.PAID, dispute=Dispute.WON)
    office.ends(clearing=WHOLE, sales=-WHOLE)


@story("The second receipt of one payment is voided")
def second_receipt(office: Office) -> None:
    """A copy of our receipt stands beside it, and no cash stands behind it. Two people void the one that is not deposited."""
    office.pay()
    office.sync()
    first = office.ours()
    office.ledger.enter_receipt(
        office.hooli.id, WHOLE, "USD", first.received_on, by=ERIN, memo=first.memo, reference=first.reference
    )
    reconciliation.run_once(office.scene.desk)
    office.sync()
    office.shows(Cause.RECEIPT_DOUBLED, Remedy.VOID_RECEIPT)
    office.begins(clearing=WHOLE, undeposited=WHOLE, on_account=-WHOLE, sales=-WHOLE)
    office.both_decide(Remedy.VOID_RECEIPT)
    office.ends(clearing=WHOLE, sales=-WHOLE)
