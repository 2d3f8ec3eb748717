"""What was read about one failed payment, with where it comes from; gathered by `sync`, judged by `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from receivables.books_records import BooksSettings, CreditApplication, Customer, Gone, Invoice, MoneyOut, Receipt, Stamp
from receivables.corrections import Correction
from receivables.effects import EffectKind, EffectState
from receivables.payment import FeedStatus, Payment
from receivables.reversals import Reversal
from receivables.twins import Twin


class BindingProblem(StrEnum):
    """Why an allocation names no invoice of the books yet."""

    NONE = ""
    NO_SUCH_INVOICE = "no_such_invoice"
    ONLY_NEWER = "only_newer"  # what has that number was made after the customer paid, and is not plainly what they paid
    ONLY_DRAFT = "only_draft"  # the same, and a draft
    SEVERAL_INVOICES = "several_invoices"
    SEVERAL_CUSTOMERS = "several_customers"
    NO_SUCH_CUSTOMER = "no_such_customer"


class Kin(StrEnum):
    """How a customer of the books stands to the one that a payment names."""

    SAME = "same"
    NAMESAKE = "namesake"  # one of several of exactly that name, or of that name under another id
    SPELLING = "spelling"  # nobody has that name, and this is another spelling of it
    FAMILY = "family"  # a parent, a job or a sister of the payment's own
    OTHER = "other"


@dataclass(frozen=True)
class NearCustomer:
    """A customer that a payment may be of, where its name alone does not say it."""

    customer: Customer
    kin: Kin


@dataclass(frozen=True)
class NearInvoice:
    """An invoice that an allocation may mean, where its number and the customer's name alone do not say it."""

    invoice: Invoice
    customer: Customer
    kin: Kin


@dataclass(frozen=True)
class LineEvidence:
    """One allocation and everything read about the invoice it is meant for.

    `invoice` is as read a moment ago, `Gone` when the books say it was deleted, None when unbound.
    `credits` are the credit memo applications on it; `successors` are living invoices of the same customer
    and currency that may take its place: those of its number, and of the others the nearest. `lost_minor` is what a
    deleted one was for, in minor units, where it was seen before.
    """

    line: int
    amount_minor: int
    invoice_number: str
    problem: BindingProblem
    invoice_id: str = ""
    invoice: Invoice | Gone | None = None
    credits: tuple[CreditApplication, ...] = ()
    successors: tuple[Invoice, ...] = ()
    near: tuple[NearInvoice, ...] = ()  # for an unbound line, the nearest first
    lost_minor: int | None = None
    lost_items: tuple[str, ...] = ()  # what the lines of a deleted one were for, where it was seen before
    lost_origin: str = ""  # what a deleted one was made from, where it was seen before
    never_seen: bool = False  # it was deleted before it was ever read: nobody knows whose it was

    @property
    def items(self) -> tuple[str, ...]:
        """What the lines of its invoice are for, also of one that was deleted; () where that is not known."""
        return self.invoice.items if isinstance(self.invoice, Invoice) else self.lost_items

    def same_lines(self, other: Invoice) -> int:
        """How many lines another invoice has, where they are for the same as those of its own: a sign, and no more."""
        return len(other.items) if other.items == self.items else 0

    @property
    def open_minor(self) -> int:
        """What is open on the invoice now, in minor units; nothing where there is no living invoice."""
        return self.invoice.open_minor if isinstance(self.invoice, Invoice) else 0


@dataclass(frozen=True)
class OtherPayment:
    """Another payment of ours whose money went back, says the feed, and on which day of the company."""

    number: str
    status: FeedStatus
    on: date | None = None
    recorded: bool = False  # its return is in the books, although a receipt of it may still be on its invoice


@dataclass(frozen=True)
class ReceiptEvidence:
    """A receipt that may be this payment's money. `claimed_minor` is what dismissals already rest on it.

    `rivals` are other payments that are not in the books and could be it as well: same customer, currency and amount.
    `names_payment` is the transaction number of another payment of ours that its reference is, or that we recorded it for.
    """

    receipt: Receipt
    ours: bool  # it carries a marker of ours, of whatever payment
    this_payment: bool  # the marker is this payment's
    claimed_minor: int = 0
    rivals: tuple[str, ...] = ()
    names_payment: str = ""
    other_money: str = ""  # the cash reference of which a person said that this receipt is; "" where nobody did
    proves: bool = False  # the payment's own dismissal rests on it
    went_back: OtherPayment | None = None  # the payment that it records, where the money of that one went back

    @property
    def free_minor(self) -> int:
        return self.receipt.amount_minor - self.claimed_minor


@dataclass(frozen=True)
class Vanished:
    """A receipt that named this payment when it was last seen, and is deleted or voided now: entered by hand, or ours where our
    rows do not know it.
    """

    receipt: Receipt  # as last seen
    gone: Stamp | None = None  # by whom and when, where the books tell


@dataclass(frozen=True)
class PostedPart:
    """What we know of one receipt effect of this payment, and the receipt as the books hold it now."""

    part: int
    generation: int
    state: EffectState
    amount_minor: int
    on_account_minor: int  # the intended rest
    document_id: str = ""
    receipt: Receipt | Gone | None = None
    verified: bool = False
    lines: tuple[tuple[str, int], ...] = ()  # what it was meant to be applied to
    customer_id: str = ""  # "" and None where it is not known what was meant
    received_on: date | None = None
    deposit_account: str = ""

    @property
    def living(self) -> Receipt | None:
        """The receipt, where it is in the books and not voided."""
        return self.receipt if isinstance(self.receipt, Receipt) and not self.receipt.voided else None


@dataclass(frozen=True)
class Refused:
    """That the books refused, and what they said: our code (`receivables.refusal.Refusal`) and a sentence for people."""

    code: str
    message: str
    at: datetime


@dataclass(frozen=True)
class Evidence:
    """Everything a diagnosis may rest on. `unread` names reads that failed: never evidence that a document is gone.

    `merged_into` is the customer that took over the documents of a merged one. Receipts were searched for from
    `searched_from` through `searched_through`, the books' own days; None where nothing is known of the search.
    """

    payment: Payment
    generation: int
    taken_at: datetime
    settings: BooksSettings
    received_on_closed: bool  # the receipt's own date lies in a closed period
    isolated: bool  # the failure rate is under the company's limit
    customer: Customer | None = None
    lines: tuple[LineEvidence, ...] = ()
    receipts: tuple[ReceiptEvidence, ...] = ()
    posted: tuple[PostedPart, ...] = ()
    refusal: Refused | None = None
    unread: tuple[str, ...] = ()
    cut_short: bool = False  # a read failed for now, such as by throttling: such evidence is not kept, but read again
    not_checked: tuple[str, ...] = ()
    merged_into: Customer | None = None
    searched_from: date | None = None
    searched_through: date | None = None
    vanished: tuple[Vanished, ...] = ()
    near_customers: tuple[NearCustomer, ...] = ()  # where the payment's name does not say which one it is of
    other_invoices: tuple[Invoice, ...] = ()  # what else is open of the customer in its currency, oldest first
    material: bool = False  # so large that the company would reopen a closed month for it
    twins: tuple[Twin, ...] = ()  # the payments it probably is again, as long as no person has said what is so
    apply_by_hand: str = ""  # where in the package an unapplied receipt is applied; "" where that is not known
    longest_reference: int = 0  # at how many characters these books cut a receipt's reference; 0 where they never do
    awaited_long: bool = False  # paid more than three days ago, or before a month end that has come
    is_deposit: bool = False  # recorded as a customer deposit, because its invoice was not there
    money_out: tuple[MoneyOut, ...] = ()  # the entries by which its receipts' money left again, where the money went back
    went_back_on: date | None = None  # the company's day on which it went back, as the feed says, or told us
    told_before: FeedStatus | None = None  # what the feed had said of it, as long as nobody confirmed what it says now
    write_off_by_hand: str = ""  # how the package takes the credit memo of a write-off back; "" where that is not known
    return_by_hand: str = ""  # how the package records by hand that a receipt's money went back; "" where that is not known
    deposits_hold: bool = False  # a receipt in a deposit or a closed month stays on its invoice whatever became of its money
    merges_untold: bool = False  # a customer that was merged into another reads as inactive, and nothing says into whom
    takes_no_rest: str | None = None  # the deposit account of the payment, where it takes what is on invoices and no rest
    reconciled: tuple[
        str, ...
    ] = ()  # of receipts of one payment recorded twice, those that the bank has though they do not show it
    took_over: tuple[Customer, ...] = ()  # then: who has documents of an inactive customer by now
    able: tuple[EffectKind, ...] = ()  # what these books write at our order beyond receipts and their applications
    time_zone: str = "UTC"  # the company's calendar, by its IANA name; of no weight in what a person decides upon
    correction: Correction | None = None  # only where it is about the feed's newer record of the payment
    beside: tuple[Reversal, ...] | None = None  # only where it is about what went out beside the payment: each part

    def is_banked(self, receipt: Receipt) -> bool:
        """Whether the bank has its money, in a deposit or reconciled: nobody takes it back."""
        return receipt.deposited or receipt.id in self.reconciled

    @property
    def living_receipts(self) -> list[Receipt]:
        """Our own receipts of this payment that are in the books and not voided, a receipt for each part."""
        return [receipt for part in self.posted if (receipt := part.living)]
