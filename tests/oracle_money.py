"""A second opinion on money entered by hand: which receipts may be the payment, and what stands in the way of posting.

Written in plain Python from the semantics alone; it knows only `receivables`, and nothing of `rules`. It has a normal form
of numbers of its own. A `Broken` reading makes one mistake on purpose: a comparison that does not notice it is worth nothing.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from receivables.books_records import Gone, Invoice, InvoiceStatus, MoneyOutKind, Receipt
from receivables.effects import EffectState
from receivables.evidence import BindingProblem, Evidence, LineEvidence, ReceiptEvidence
from receivables.payment import FeedStatus
from receivables.words import day_of

CERTAIN, LIKELY, POSSIBLE = 140, 95, 45


class Broken(StrEnum):
    """One mistake in reading receipts."""

    NONE = ""
    TEXT_IGNORED = "a text is ignored"
    CUSTOMER_COMPARED = "only the payment's customer is looked at"
    AMOUNT_COMPARED = "only the payment's amount is looked at"
    CASE_COMPARED = "case makes a difference"
    ZEROS_COMPARED = "leading zeros make a difference"
    SEPARATORS_COMPARED = "separators make a difference"
    CUT_IGNORED = "a number that the package cut is not recognized"
    SHORT_KEYS_COUNT = "a short number counts without its amount"
    VOIDED_COUNT = "a voided receipt counts"
    OTHER_MONEY_IGNORED = "what a person said of other money is forgotten"
    VANISHED_IGNORED = "a receipt that vanished is forgotten"


def where(lines: Iterable[tuple[str, int]]) -> Counter[str]:
    """Amounts by invoice, without zeros, so that two can be compared."""
    count: Counter[str] = Counter()
    for invoice_id, amount in lines:
        count[invoice_id] += amount
    return Counter({key: amount for key, amount in count.items() if amount != 0})


def stands(receipt: Receipt) -> Counter[str]:
    return where((line.invoice_id, line.amount_minor) for line in receipt.lines)


@dataclass(frozen=True)
class Spelling:
    """How numbers are compared: joined words of letters and digits, without leading zeros, in small letters."""

    broken: Broken = Broken.NONE

    def words(self, text: str) -> list[str]:
        text = unicodedata.normalize("NFKC", text)
        if self.broken is not Broken.CASE_COMPARED:
            text = unicodedata.normalize("NFKC", text.casefold())
        found, word = [], ""
        for character in text + " ":
            if character.isalnum() or (self.broken is Broken.SEPARATORS_COMPARED and character in "-_"):
                word += str(int(character)) if character.isdecimal() else character
            elif word:
                found.append(word)
                word = ""
        return found

    def bare(self, joined: str) -> str:
        if self.broken is Broken.ZEROS_COMPARED:
            return joined
        while len(joined) > 1 and joined[0] == "0":
            joined = joined[1:]
        return joined

    def key(self, text: str) -> str:
        return self.bare("".join(self.words(text)))

    def holds(self, text: str, key: str) -> bool:
        """Whether some neighboring words of the text are the number."""
        words = self.words(text)
        return bool(key) and any(
            self.bare("".join(words[start:end])) == key for start in range(len(words)) for end in range(start + 1, len(words) + 1)
        )

    def beginning(self, text: str, key: str) -> int:
        """How many characters of the number the end of a text holds that broke off there; 0 for none."""
        words = self.words(text)
        ends = [self.bare("".join(words[start:])) for start in range(len(words))]
        return max((len(end) for end in ends if 6 <= len(end) < len(key) and key.startswith(end)), default=0)


PLAIN = Spelling()
#: Words for how money came; the first that is found counts.
TENDERS = (
    ("echeck ach eft directdebit", "ach"),
    ("card creditcard debitcard visa mastercard amex discover", "card"),
    ("check checks cheque chk lockbox", "check"),
    ("cash", "cash"),
    ("wire", "wire"),
)


def tender(text: str) -> str:
    return next((kind for words, kind in TENDERS if any(PLAIN.holds(text, word) for word in words.split())), "")


class HandReceipt:
    """One receipt of the evidence, as far as somebody may have entered it for the payment."""

    def __init__(self, of: Money, source: ReceiptEvidence) -> None:
        self.of, self.source, self.receipt = of, source, source.receipt
        self.amount, self.free = source.receipt.amount_minor, source.free_minor
        self.stands = stands(source.receipt)
        on_its_invoices = any(of.line_key(line) in self.stands for line in of.e.lines)
        self.same_customer = of.is_customers(source.receipt.customer_id) or on_its_invoices
        self.same_currency = source.receipt.currency == of.e.payment.currency
        self.here = self.same_customer and self.same_currency

    @cached_property
    def counts(self) -> bool:
        if self.source.ours or self.source.this_payment:
            return False
        if self.receipt.voided and self.of.broken is not Broken.VOIDED_COUNT:
            return False
        if self.of.broken is Broken.CUSTOMER_COMPARED and not self.same_customer:
            return False
        if self.of.broken is Broken.AMOUNT_COMPARED and self.amount != self.of.amount:
            return False
        return not self.source.other_money or self.of.broken is Broken.OTHER_MONEY_IGNORED

    @property
    def texts(self) -> list[str]:
        entered = self.receipt
        memo = () if self.of.broken is Broken.TEXT_IGNORED else (entered.memo,)
        return [entered.number, entered.reference, *memo, entered.deposit, *entered.texts]

    @cached_property
    def says(self) -> str:
        """The word "all": a text is the number; "part": a text holds it; "cut": it broke off; or ""."""
        key = self.of.key
        if any(self.of.spelling.key(text) == key != "" for text in self.texts):
            return "all"
        if any(self.of.spelling.holds(text, key) for text in self.texts):
            return "part"
        return "cut" if self.cut else ""

    @cached_property
    def cut(self) -> int:
        limit = self.of.e.longest_reference
        if self.of.broken is Broken.CUT_IGNORED or not limit or len(self.receipt.reference) < limit:
            return 0
        return self.of.spelling.beginning(self.receipt.reference, self.of.key)

    @cached_property
    def long(self) -> bool:
        """It says so much of the number that nobody types it by chance."""
        if self.says == "cut":
            return self.cut >= 12
        return self.says != "" and len(self.of.key) >= 6

    @property
    def named(self) -> bool:
        return self.counts and self.long

    @property
    def mentioned(self) -> bool:
        return self.counts and self.same_currency and self.says != "" and self.free > 0

    @property
    def tells(self) -> bool:
        """Whoever pays an invoice writes its number: where the payment has the same one, it tells nothing."""
        invoice = any(PLAIN.holds(line.invoice_number, self.of.key) for line in self.of.e.lines)
        return not invoice and (self.long or self.says == "all")

    @cached_property
    def contested(self) -> bool:
        others = {PLAIN.key(number) for number in self.source.rivals}
        if any(PLAIN.holds(text, other) for text in self.texts for other in others):
            return True
        return self.says in ("", "cut") and bool(others)

    @cached_property
    def against(self) -> bool:
        paid = tender(self.of.e.payment.method)
        came = tender(self.receipt.method) or tender(self.receipt.reference)
        if paid in ("ach", "card") and came in ("check", "cash", "wire"):
            return True
        if self.says == "cut" or PLAIN.holds(self.receipt.reference, self.of.key):
            return False
        for word in PLAIN.words(self.receipt.reference):
            number = PLAIN.key(word)
            known = any(PLAIN.holds(line.invoice_number, number) for line in self.of.e.lines)
            if any(c.isdigit() for c in word) and not known and not (len(number) >= 4 and self.of.key.endswith(number)):
                return True
        return False

    @property
    def standing(self) -> int:
        if not set(self.stands) & set(self.of.wanted):
            return 0
        return 2 if self.stands == self.of.wanted else 1

    @property
    def later(self) -> bool:
        return self.receipt.created.at >= self.of.paid_at

    @property
    def days(self) -> int:
        return abs(self.receipt.received_on - self.of.day(self.of.paid_at)) // timedelta(days=1)

    @cached_property
    def points(self) -> int:
        """Nothing is taken off where the long number says whose money it is."""
        found = 20 if self.later else 0 if self.long else -20
        found += 40 if self.amount == self.of.amount else 0
        found += 0 if not self.says else 100 if self.tells else 30
        found -= 100 if not self.says and self.source.names_payment else 0
        beside = self.standing == 1 or self.receipt.unapplied_minor > 0
        found += 60 if self.standing == 2 else 5 if beside else 0 if self.long else -50
        found += 20 if self.days < 4 else -60 if self.days > 7 and not self.long else 0
        return found + (5 if self.receipt.method.lower() == self.of.e.payment.method.lower() else 0)

    @property
    def whole(self) -> bool:
        may = (self.counts and self.here) or self.named or self.mentioned
        return may and self.same_currency and self.amount == self.of.amount <= self.free

    @property
    def telling(self) -> bool:
        return self.whole and self.tells and self.points >= CERTAIN and not self.contested and not self.against

    @property
    def near(self) -> bool:
        apart = abs(self.amount - self.of.amount)
        return 0 < 100 * apart <= 6 * self.of.amount

    @property
    def near_here(self) -> bool:
        return self.counts and self.here and self.near and self.later and not self.source.claimed_minor and not (
            set(self.stands) - set(self.of.wanted)
        )  # fmt: skip

    @property
    def less_fee(self) -> bool:
        if not self.same_currency or not self.near or self.source.claimed_minor:
            return False
        return self.named or (self.mentioned and self.same_customer) or (self.near_here and not self.source.names_payment)

    @property
    def covers(self) -> bool:
        if not self.same_currency or not self.amount > self.of.amount <= self.free:
            return False
        if self.named and not self.near:
            return True
        on_all = bool(self.of.wanted) and all(self.stands[key] == amount for key, amount in self.of.wanted.items())
        return self.counts and self.here and on_all and self.receipt.unapplied_minor >= self.of.e.payment.on_account_minor

    @property
    def for_one(self) -> str:
        """The invoice for which this receipt alone was entered, or ""."""
        for key, amount in self.of.wanted.items():
            if self.counts and self.here and self.stands == Counter({key: amount}) and self.amount == amount <= self.free:
                return key
        return ""

    @property
    def piece(self) -> bool:
        """A part of the payment, by its number."""
        mine = self.named or (self.mentioned and self.same_customer)
        return mine and self.same_currency and not self.source.claimed_minor and self.amount < self.of.amount

    @property
    def installment(self) -> bool:
        return self.same_currency and self.amount == self.of.amount and self.same_customer and (
            self.standing > 0 and self.of.room and not self.tells
        )  # fmt: skip

    @property
    def may_be_it(self) -> bool:
        if self.named or self in self.of.pieces:
            return True
        equal = self.amount == self.of.amount
        if self.mentioned and (equal or (self.near and not self.source.claimed_minor and self.same_customer)):
            return True
        if self.counts and self.of.broken is Broken.SHORT_KEYS_COUNT and self.says:
            return True
        if not (self.counts and self.here and self.free > 0):
            return False
        if self.of.room and not self.later and self.days > 7:
            return False  # an earlier installment, and there is room for both
        if equal and (self.standing or self.receipt.unapplied_minor > 0):
            return True
        if self.standing and self.later and (self.near_here or not self.of.room):
            return True
        return self.covers or self.for_one != ""


class Money:
    """The payment, its invoices and every receipt, as raw evidence has them."""

    def __init__(self, evidence: Evidence, broken: Broken = Broken.NONE) -> None:
        self.e, self.broken = evidence, broken
        self.spelling = Spelling(broken)
        self.key = self.spelling.key(evidence.payment.transaction_number)
        self.amount, self.paid_at = evidence.payment.amount_minor, evidence.payment.paid_at
        self.wanted: Counter[str] = Counter()
        for line in evidence.lines:
            self.wanted[self.line_key(line)] += line.amount_minor
        ours = {p.receipt.id: p.receipt for p in evidence.posted if isinstance(p.receipt, Receipt) and not p.receipt.voided}
        ours |= {r.receipt.id: r.receipt for r in evidence.receipts if r.this_payment and not r.receipt.voided}
        self.ours = ours
        self.room = all(self.fits(line) for line in evidence.lines)
        self.receipts = [HandReceipt(self, receipt) for receipt in evidence.receipts]

    @cached_property
    def pieces(self) -> list[HandReceipt]:
        """Receipts with the number that together are the payment."""
        found = [receipt for receipt in self.receipts if receipt.piece]
        return found if len(found) >= 2 and sum(receipt.amount for receipt in found) == self.amount else []

    @property
    def suspects(self) -> list[HandReceipt]:
        return [receipt for receipt in self.receipts if receipt.may_be_it]

    def left(self, receipt: Receipt) -> int:
        """What the books still count of the payment on this receipt. Of a larger one only entries about the payment take from it;
        a fee takes nothing.
        """
        entries = [m for m in self.e.money_out if m.receipt_id == receipt.id and m.kind is not MoneyOutKind.FEE]
        whole = receipt.amount_minor - sum(m.amount_minor for m in entries)
        about = [
            m for m in entries if m.memo == self.e.payment.transaction_number or (m.amount_minor == self.amount and not m.memo)
        ]
        if receipt.amount_minor > self.amount:
            whole = min(whole, self.amount - sum(m.amount_minor for m in about))
        return 0 if receipt.voided else whole

    def counted(self) -> dict[str, Receipt]:
        """The receipts of the payment, or that may be it, whose money the books still count."""
        by_hand = [r.receipt for r in self.suspects] + [r.receipt for r in self.e.receipts if r.proves]
        found = {r.id: r for r in (*self.ours.values(), *by_hand)}
        return {id_: r for id_, r in found.items() if self.left(r) > 0}

    def unsaid_beside(self, counted: dict[str, Receipt]) -> list[HandReceipt]:
        """Of several that count, those by hand of which nobody said whether they are the payment."""
        return [r for r in self.suspects if not r.source.proves] if len(counted) > 1 else []

    @staticmethod
    def line_key(line: LineEvidence) -> str:
        if line.invoice_id:
            return line.invoice_id
        if line.invoice is not None:
            return line.invoice.id
        return "#" + line.invoice_number if line.invoice_number else f"line {line.line}"

    def day(self, moment: datetime) -> date:
        """The day on the company's calendar."""
        return day_of(moment, ZoneInfo(self.e.time_zone))

    def is_customers(self, customer_id: str) -> bool:
        customer, heir = self.e.customer, self.e.merged_into
        if customer is not None and heir is not None and customer_id == heir.id:
            return True
        return customer is not None and (customer_id == customer.id or (customer_id == customer.merged_into != ""))

    def fits(self, line: LineEvidence) -> bool:
        return not self.wrong(line)

    def wrong(self, line: LineEvidence) -> str:
        """What keeps this invoice from taking the payment, by the code under which it is stored; or ""."""
        invoice = line.invoice
        if invoice is None and line.problem is BindingProblem.ONLY_DRAFT:
            return "invoice_draft"
        if invoice is None:
            return line.problem.value if line.problem is not BindingProblem.NONE else "unread"
        if isinstance(invoice, Gone):
            return "invoice_gone"
        if invoice.status is InvoiceStatus.VOIDED:
            return "invoice_voided"
        if invoice.currency != self.e.payment.currency:
            return "currency_mismatch"
        if self.e.customer is not None and not self.is_customers(invoice.customer_id):
            return "customer_changed"
        if invoice.status is InvoiceStatus.DRAFT:
            return "invoice_draft"
        return "short" if invoice.open_minor < self.wanted[self.line_key(line)] else ""

    def in_the_way(self) -> frozenset[str]:
        """Why the payment may not be posted, by the codes under which it is stored; nothing where it may."""
        e, found = self.e, {self.wrong(line) for line in self.e.lines} - {""}
        planned = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN, EffectState.NEEDS_PERSON, EffectState.DONE)
        customer = e.customer
        asked = {
            "unread": bool(e.unread),
            "payment_returned": e.payment.status is FeedStatus.RETURNED,
            "payment_refunded": e.payment.status is FeedStatus.REFUNDED,
            "payment_charged_back": e.payment.status is FeedStatus.CHARGED_BACK,
            "payment_failed": e.payment.status is FeedStatus.FAILED,
            "already_posted": bool(self.ours) or any(p.receipt is None and p.state in planned for p in e.posted),
            "no_customer": customer is None and not any(line.problem for line in e.lines),
            "customer_changed": customer is not None and customer.merged_into != "",
            "customer_inactive": customer is not None and customer.merged_into == "" and not customer.active,
            "period_closed": e.received_on_closed,
            "receipt_found": bool(self.suspects),
            "receipt_vanished": bool(e.vanished) and self.broken is not Broken.VANISHED_IGNORED,
        }
        return frozenset(found | {code for code, so in asked.items() if so})


def same_origin(line: LineEvidence, invoice: Invoice) -> bool:
    """Whether an invoice was made from the same estimate or order as the one that the line lost."""
    lost = line.invoice.origin if isinstance(line.invoice, Invoice) else line.lost_origin
    return lost == invoice.origin != ""


def in_the_way(evidence: Evidence, broken: Broken = Broken.NONE) -> frozenset[str]:
    """The codes of everything in the way of posting; none means that it may be posted."""
    return Money(evidence, broken).in_the_way()
