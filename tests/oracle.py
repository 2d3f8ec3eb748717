"""A second opinion: the same diagnosis in plain Python, written from the semantics alone.

It knows only `receivables`, and of `rules` nothing but the table of weights, which are data. It is one long list of
questions in the order of precedence, so that a slip in the rules, in the engine or in what is computed for it shows as a
disagreement.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from receivables.books_records import CreditApplication, Gone, Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Cause, Confidence, Remedy
from receivables.effects import EffectState
from receivables.evidence import BindingProblem, Evidence, LineEvidence, PostedPart, ReceiptEvidence
from receivables.payment import FeedStatus
from receivables.words import day_of
from rules import matching
from rules.matching import WEIGHTS, Signal


@dataclass(frozen=True)
class Opinion:
    """What a diagnosis must say first."""

    cause: Cause
    remedy: Remedy
    confidence: Confidence
    applications: frozenset[str] = frozenset()
    successors: frozenset[tuple[int, str]] = frozenset()
    proof: frozenset[tuple[str, int]] = frozenset()


MAYBE_IN_BOOKS = {EffectState.SENDING, EffectState.UNKNOWN, EffectState.NEEDS_PERSON, EffectState.DONE}


def opinion(evidence: Evidence) -> Opinion:
    return _Oracle(evidence).opinion()


def _where(lines: Iterable[tuple[str, int]]) -> Counter[str]:
    """Amounts by invoice, without zeros, so that two can be compared."""
    count: Counter[str] = Counter()
    for invoice_id, amount in lines:
        count[invoice_id] += amount
    return Counter({key: amount for key, amount in count.items() if amount != 0})


def _stands(receipt: Receipt) -> Counter[str]:
    return _where((line.invoice_id, line.amount_minor) for line in receipt.lines)


class _Oracle:
    def __init__(self, evidence: Evidence) -> None:
        self.e = evidence
        self.amount = evidence.payment.amount_minor
        self.paid_at = evidence.payment.paid_at
        self.wanted: Counter[str] = Counter()
        for line in evidence.lines:
            self.wanted[self.key(line)] += line.amount_minor
        live = {p.receipt.id: p.receipt for p in evidence.posted if isinstance(p.receipt, Receipt) and not p.receipt.voided}
        live |= {r.receipt.id: r.receipt for r in evidence.receipts if r.this_payment and not r.receipt.voided}
        self.ours = live

    # --- small questions

    @staticmethod
    def key(line: LineEvidence) -> str:
        if line.invoice_id:
            return line.invoice_id
        if line.invoice is not None:
            return line.invoice.id
        return "#" + line.invoice_number if line.invoice_number else f"line {line.line}"

    def sure(self, certain: bool) -> Confidence:
        return Confidence.CERTAIN if certain and not self.e.unread else Confidence.LIKELY

    def day_of(self, moment: datetime) -> date:
        """The day on the company's calendar."""
        return day_of(moment, ZoneInfo(self.e.time_zone))

    def closed(self, day: object) -> bool:
        through = self.e.settings.closed_through
        return through is not None and day <= through  # type: ignore[operator]

    def doubled(self) -> bool:
        expected = len({part.part for part in self.e.posted if part.state in MAYBE_IN_BOOKS})
        too_many = len(self.ours) > max(expected, 1)
        too_much = len(self.ours) >= 2 and sum(r.amount_minor for r in self.ours.values()) > self.amount
        return too_many or too_much

    def waiting(self) -> bool:
        for part in self.e.posted:
            if isinstance(part.receipt, Receipt):
                continue
            if part.state in (EffectState.SENDING, EffectState.UNKNOWN):
                return True
            if part.state is EffectState.NEEDS_PERSON and not self.doubled():
                return True
        return False

    # --- our own receipts

    def opinion(self) -> Opinion:
        if self.waiting():
            return Opinion(Cause.OUTCOME_UNKNOWN, Remedy.WAIT, self.sure(True))
        if self.e.payment.status is not FeedStatus.PAID:
            return self.went_back()
        if self.doubled():
            return Opinion(Cause.RECEIPT_DOUBLED, Remedy.ESCALATE, self.sure(True))
        parts = [part for part in self.e.posted if part.state in MAYBE_IN_BOOKS]
        deleted = [
            p
            for p in parts
            if (isinstance(p.receipt, Receipt) and p.receipt.voided)
            or (isinstance(p.receipt, Gone) and p.state is EffectState.DONE)
        ]
        if deleted:
            return Opinion(Cause.RECEIPT_DELETED, Remedy.ESCALATE, self.sure(all(p.verified for p in deleted)))
        if any(self.was_changed(part) for part in parts):
            return Opinion(Cause.RECEIPT_CHANGED, Remedy.ESCALATE, self.sure(True))
        refused_deposit = self.e.refusal is not None and self.e.refusal.code == "receipt_deposited"
        on_account = self.on_account(parts)
        if on_account is not None and on_account.cause is Cause.RECEIPT_DEPOSITED:
            return on_account
        if refused_deposit:
            return Opinion(Cause.RECEIPT_DEPOSITED, Remedy.RETRY, Confidence.LIKELY)
        if on_account is not None:
            return on_account
        if self.ours or self.not_read():
            return self.nothing_fits(may_post=False)
        found = self.by_hand() or self.nearly_by_hand() or self.gates() or self.invoices() or self.not_asked()
        return found or self.nothing_fits(may_post=True)

    def not_read(self) -> bool:
        return any(part.state is EffectState.DONE and part.receipt is None for part in self.e.posted)

    def went_back(self) -> Opinion:
        status = self.e.payment.status
        cause = Cause.PAYMENT_RETURNED if status is FeedStatus.RETURNED else Cause.PAYMENT_REFUNDED
        there = self.ours or self.not_read() or self.suspects()
        return Opinion(cause, Remedy.ESCALATE if there else Remedy.DISMISS, self.sure(True))

    def refused(self, code: str) -> bool:
        return self.e.refusal is not None and self.e.refusal.code == code

    def not_asked(self) -> Opinion | None:
        """At the last try the books could not be asked, and nothing else is wrong now."""
        if self.refused("access_lost"):
            return Opinion(Cause.ACCESS_LOST, Remedy.RECONNECT, Confidence.LIKELY)
        if self.refused("throttled"):
            return Opinion(Cause.THROTTLED, Remedy.WAIT, Confidence.LIKELY)
        if self.refused("books_unavailable"):
            return Opinion(Cause.BOOKS_UNAVAILABLE, Remedy.WAIT, Confidence.LIKELY)
        return None

    def was_changed(self, part: PostedPart) -> bool:
        receipt = part.receipt
        if not part.verified or not isinstance(receipt, Receipt) or receipt.voided:
            return False
        same_money = receipt.amount_minor == part.amount_minor and receipt.currency == self.e.payment.currency
        return not same_money or _stands(receipt) != _where(part.lines)

    def on_account(self, parts: list[PostedPart]) -> Opinion | None:
        stuck: list[tuple[PostedPart, Receipt]] = []
        for part in parts:
            receipt = part.receipt
            if part.verified or not isinstance(receipt, Receipt) or receipt.voided:
                continue
            if receipt.amount_minor != part.amount_minor or receipt.currency != self.e.payment.currency:
                continue
            if receipt.unapplied_minor > part.on_account_minor:
                stuck.append((part, receipt))
        if not stuck or sum(r.amount_minor for r in self.ours.values()) != self.amount:
            return None
        lacking: Counter[str] = Counter()
        for part, receipt in stuck:
            for invoice_id, meant in _where(part.lines).items():
                lacking[invoice_id] += max(meant - _stands(receipt)[invoice_id], 0)
        room = {}
        for line in self.e.lines:
            if isinstance(line.invoice, Invoice) and self.trouble(line) in ("", "short"):
                room[line.invoice.id] = line.invoice.open_minor
        fits = all(_where(part.lines) for part, _ in stuck)
        fits = fits and all(key in room and room[key] >= missing for key, missing in lacking.items())
        if not fits:
            return Opinion(Cause.ACCEPTED_UNAPPLIED, Remedy.KEEP_ON_ACCOUNT, self.sure(True))
        if any(receipt.deposited or self.closed(receipt.received_on) for _, receipt in stuck):
            return Opinion(Cause.RECEIPT_DEPOSITED, Remedy.RETRY, self.sure(True))
        return Opinion(Cause.ACCEPTED_UNAPPLIED, Remedy.APPLY_RECEIPT, self.sure(True))

    # --- receipts entered by hand

    def hand_receipts(self) -> list[ReceiptEvidence]:
        customer = self.e.customer
        return [
            r
            for r in self.e.receipts
            if customer is not None
            and not r.ours
            and not r.this_payment
            and not r.receipt.voided
            and self.of_customer(r.receipt.customer_id)
            and r.receipt.currency == self.e.payment.currency
        ]

    def of_customer(self, customer_id: str) -> bool:
        customer = self.e.customer
        return customer is not None and (customer_id == customer.id or (customer_id == customer.merged_into != ""))

    def reference_rank(self, receipt: Receipt) -> int:
        number = self.e.payment.transaction_number.strip().casefold()
        reference = receipt.reference.strip().casefold()
        if not number:
            return 0
        if reference == number:
            return 2
        return 1 if re.search(rf"(?<![^\W_]){re.escape(number)}(?![^\W_])", reference) else 0

    def standing_rank(self, receipt: Receipt) -> int:
        stands = _stands(receipt)
        if not set(stands) & set(self.wanted):
            return 0
        return 2 if stands == self.wanted else 1

    def days(self, receipt: Receipt) -> int:
        return abs(receipt.received_on - self.day_of(self.paid_at)) // timedelta(days=1)

    def points(self, r: ReceiptEvidence) -> int:
        receipt = r.receipt
        rank, stands, days = self.reference_rank(receipt), self.standing_rank(receipt), self.days(receipt)
        beside = stands == 1 or (stands == 0 and receipt.unapplied_minor > 0)
        asked = {
            Signal.AMOUNT_EQUAL: receipt.amount_minor == self.amount,
            Signal.REFERENCE_EQUAL: rank == 2,
            Signal.REFERENCE_CONTAINED: rank == 1,
            Signal.REFERENCE_OF_ANOTHER: rank == 0 and r.names_payment != "",
            Signal.STANDS_EXACTLY: stands == 2,
            Signal.STANDS_BESIDE: beside,
            Signal.STANDS_ELSEWHERE: stands == 0 and not beside,
            Signal.ENTERED_AFTER: not receipt.created.at < self.paid_at,
            Signal.ENTERED_BEFORE: receipt.created.at < self.paid_at,
            Signal.DATED_NEAR: days < 4,
            Signal.DATED_FAR: days >= 8,
            Signal.METHOD_EQUAL: receipt.method.lower() == self.e.payment.method.lower(),
        }
        return sum(WEIGHTS[signal] for signal, so in asked.items() if so)

    def telling(self, r: ReceiptEvidence) -> bool:
        return self.points(r) >= matching.RECEIPT_CERTAIN and not (r.rivals and self.reference_rank(r.receipt) < 2)

    def ordered(self, found: list[ReceiptEvidence]) -> list[ReceiptEvidence]:
        return sorted(found, key=lambda r: (-self.points(r), self.days(r.receipt), r.receipt.id))

    def by_hand(self) -> Opinion | None:
        everything = self.hand_receipts()
        same = [r for r in everything if r.receipt.amount_minor == self.amount and r.free_minor >= self.amount]
        same = [r for r in same if self.points(r) >= matching.RECEIPT_POSSIBLE]
        if any(self.points(r) >= matching.RECEIPT_LIKELY for r in same):
            best = self.ordered(same)[0]
            confidence = self.sure(len(same) == 1 and self.telling(best))
            return self.dismissed(confidence, (best.receipt.id, self.amount))
        apart = self.apart(everything)
        if apart:
            return self.dismissed(Confidence.LIKELY, *apart)
        together = [r for r in everything if self.covers(r)]
        weaker = together or same
        if weaker:
            return self.dismissed(Confidence.LIKELY, (self.ordered(weaker)[0].receipt.id, self.amount))
        return None

    @staticmethod
    def dismissed(confidence: Confidence, *proof: tuple[str, int]) -> Opinion:
        return Opinion(Cause.RECEIPT_ALREADY_ENTERED, Remedy.DISMISS, confidence, proof=frozenset(proof))

    def covers(self, r: ReceiptEvidence) -> bool:
        stands = _stands(r.receipt)
        return (
            bool(self.wanted)
            and r.receipt.amount_minor > self.amount
            and r.free_minor >= self.amount
            and r.receipt.unapplied_minor >= self.e.payment.on_account_minor
            and all(stands[key] == amount for key, amount in self.wanted.items())
        )

    def for_one(self, r: ReceiptEvidence) -> str:
        """The invoice for which this receipt alone was entered, or ""."""
        for key, amount in self.wanted.items():
            if _stands(r.receipt) == Counter({key: amount}) and r.receipt.amount_minor == amount <= r.free_minor:
                return key
        return ""

    def apart(self, hand: list[ReceiptEvidence]) -> list[tuple[str, int]]:
        if len(self.wanted) < 2 or self.e.payment.on_account_minor:
            return []
        proof = []
        for key, amount in self.wanted.items():
            exact = [r for r in hand if self.for_one(r) == key]
            if len(exact) != 1:
                return []
            proof.append((exact[0].receipt.id, amount))
        return proof

    def nearly_by_hand(self) -> Opinion | None:
        suspects = self.suspects()
        later = [
            c
            for line in self.e.lines
            if isinstance(line.invoice, Invoice)
            for c in line.credits
            if c.applied.at > self.paid_at and c.amount_minor > 0 and c.invoice_id == line.invoice.id
        ]
        if len(suspects) == 1 and not later and self.less_fee(suspects[0]):
            return Opinion(Cause.AMOUNT_DIFFERS, Remedy.ESCALATE, Confidence.LIKELY)
        if self.refused("duplicate_reference"):
            return Opinion(Cause.DUPLICATE_REFERENCE, Remedy.ESCALATE, Confidence.LIKELY)
        return None

    def less_fee(self, r: ReceiptEvidence) -> bool:
        apart = abs(r.receipt.amount_minor - self.amount)
        small = 0 < apart and 100 * apart <= matching.FEE_PERCENT * self.amount
        free = r.claimed_minor == 0 and not r.names_payment
        return small and free and r.receipt.created.at >= self.paid_at and not set(_stands(r.receipt)) - set(self.wanted)

    def may_be_this_money(self) -> bool:
        return bool(self.suspects())

    def suspects(self) -> list[ReceiptEvidence]:
        found = []
        for r in self.hand_receipts():
            receipt = r.receipt
            tied = self.reference_rank(receipt) or self.standing_rank(receipt) or receipt.unapplied_minor > 0
            if r.free_minor > 0 and (
                self.reference_rank(receipt)
                or (receipt.amount_minor == self.amount and tied)
                or (self.standing_rank(receipt) and receipt.created.at >= self.paid_at)
                or self.covers(r)
                or self.for_one(r)
            ):
                found.append(r)
        return found

    # --- the period, the customer, the invoices

    def gates(self) -> Opinion | None:
        if self.e.received_on_closed:
            return Opinion(Cause.PERIOD_CLOSED, Remedy.RETRY, self.sure(True))
        if self.refused("period_closed"):
            return Opinion(Cause.PERIOD_CLOSED, Remedy.RETRY, Confidence.LIKELY)
        customer = self.e.customer
        if customer is not None and customer.merged_into:
            return Opinion(Cause.CUSTOMER_CHANGED, Remedy.RETRY, self.sure(True))
        if customer is not None and not customer.active and all(self.trouble(line) != "moved" for line in self.e.lines):
            return Opinion(Cause.CUSTOMER_INACTIVE, Remedy.RETRY, self.sure(True))
        if self.refused("customer_inactive"):
            return Opinion(Cause.CUSTOMER_INACTIVE, Remedy.RETRY, Confidence.LIKELY)
        only = self.can_post() and not any(self.trouble(line) for line in self.e.lines)
        if self.refused("account_inactive"):
            return Opinion(Cause.ACCOUNT_INACTIVE, Remedy.RETRY, self.sure(only))
        if self.refused("reference_inactive") and self.can_post():
            return Opinion(Cause.ACCOUNT_INACTIVE, Remedy.RETRY, Confidence.LIKELY)
        if self.refused("permission_missing"):
            return Opinion(Cause.ACCESS_LOST, Remedy.RECONNECT, self.sure(only))
        return None

    def can_post(self) -> bool:
        customer = self.e.customer
        return customer is not None and customer.active and not customer.merged_into

    def trouble(self, line: LineEvidence) -> str:
        invoice, customer = line.invoice, self.e.customer
        replaced = bool(self.replacements(line))
        if isinstance(invoice, Gone):
            return "lost" if replaced else "gone"
        if invoice is None:
            if line.problem is BindingProblem.ONLY_NEWER:
                return "lost" if replaced else "newer"
            return "not ready" if line.problem is BindingProblem.NO_SUCH_INVOICE else f"unbound {line.problem}"
        if invoice.status is InvoiceStatus.VOIDED:
            return "lost" if replaced else "voided"
        if invoice.status is InvoiceStatus.DRAFT:
            return "not ready"
        if invoice.currency != self.e.payment.currency:
            return "currency"
        if customer is not None and not self.of_customer(invoice.customer_id):
            return "moved"
        return "" if invoice.open_minor >= self.wanted[self.key(line)] else "short"

    def number(self, line: LineEvidence) -> str:
        return line.invoice_number or (line.invoice.number if line.invoice is not None else "")

    def after(self, line: LineEvidence, invoice: Invoice) -> bool:
        moments = [self.paid_at]
        if isinstance(line.invoice, Gone) and line.invoice.deleted is not None:
            moments.append(line.invoice.deleted.at)
        return invoice.created.at >= min(moments)

    def replacements(self, line: LineEvidence) -> dict[str, Invoice]:
        needed_elsewhere = {other.invoice.id for other in self.e.lines if isinstance(other.invoice, Invoice)}
        fit = {
            i.id: i
            for i in line.successors
            if i.status is not InvoiceStatus.VOIDED
            and i.currency == self.e.payment.currency
            and (self.e.customer is None or self.of_customer(i.customer_id))
            and i.id not in needed_elsewhere
            and i.id != self.key(line)
        }
        number = self.number(line)
        same = {key: i for key, i in fit.items() if number and i.number == number}
        return same or {key: i for key, i in fit.items() if self.fitness(line, i) >= matching.SUCCESSOR_POSSIBLE}

    def fitness(self, line: LineEvidence, invoice: Invoice) -> int:
        """The points of an invoice that may stand in for the one that the line lost."""
        after = self.after(line, invoice)
        lost_at = self.paid_at
        if isinstance(line.invoice, Gone) and line.invoice.deleted is not None:
            lost_at = line.invoice.deleted.at
        elif isinstance(line.invoice, Invoice) and line.invoice.status is InvoiceStatus.VOIDED:
            lost_at = line.invoice.changed.at
        days = abs((invoice.created.at - lost_at).days)
        asked = {
            Signal.NUMBER_EQUAL: self.number(line) == invoice.number != "",
            Signal.TOTAL_EQUAL: line.amount_minor == invoice.total_minor,
            Signal.MADE_AFTER: after,
            Signal.MADE_BEFORE: not after,
            Signal.MADE_SOON: after and days <= matching.SOON_DAYS,
            Signal.MADE_LATE: after and days > matching.LATE_DAYS,
            Signal.FIRST_DELETED: isinstance(line.invoice, Gone),
        }
        return sum(WEIGHTS[signal] for signal, so in asked.items() if so)

    def invoices(self) -> Opinion | None:
        """What is wrong with the invoices, or what the books said of them when they refused; the plainer first."""
        troubles = {self.trouble(line) for line in self.e.lines} - {""}
        only = troubles.pop() if len(troubles) == 1 else ""
        if only == "moved":
            return Opinion(Cause.CUSTOMER_CHANGED, Remedy.RETRY, self.sure(True))
        if self.refused("customer_mismatch"):
            return Opinion(Cause.CUSTOMER_CHANGED, Remedy.RETRY, Confidence.LIKELY)
        if self.refused("currency_mismatch") and only != "currency":
            return Opinion(Cause.CURRENCY_MISMATCH, Remedy.RETRY, Confidence.LIKELY)
        match only:
            case "currency":
                return Opinion(Cause.CURRENCY_MISMATCH, Remedy.RETRY, self.sure(True))
            case "lost":
                return self.recreated()
            case "short":
                return self.credited() or self.overpaid()
            case "voided":
                certain = self.can_post() and not self.may_be_this_money()
                return Opinion(Cause.INVOICE_VOIDED, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))
            case "not ready":
                here = all(line.invoice is not None for line in self.e.lines if self.trouble(line))
                return Opinion(Cause.INVOICE_NOT_READY, Remedy.WAIT, self.sure(here))
        return None

    def recreated(self) -> Opinion | None:
        lost = [line for line in self.e.lines if self.trouble(line) == "lost"]
        load: Counter[str] = Counter()
        for line in self.e.lines:  # also where the pool belongs to an invoice that is not lost
            pool = self.replacements(line)
            if len(pool) == 1:
                load[next(iter(pool))] += line.amount_minor
        successors, certain = set(), True
        for line in lost:
            pool = self.replacements(line)
            single = len(pool) == 1
            extra = 0 if single else self.wanted[self.key(line)]
            points = [self.fitness(line, i) for i in pool.values()]
            open_ones = [i for i in pool.values() if i.status is InvoiceStatus.OPEN and i.open_minor >= load[i.id] + extra]
            if not open_ones:
                return None
            if single:
                successors.add((line.line, open_ones[0].id))
            certain = certain and single and points[0] >= matching.SUCCESSOR_CERTAIN
        certain = certain and self.can_post() and not self.may_be_this_money()
        return Opinion(Cause.INVOICE_RECREATED, Remedy.RECREATE_RECEIPT, self.sure(certain), successors=frozenset(successors))

    def credited(self) -> Opinion | None:
        chosen: dict[str, CreditApplication] = {}
        for line in self.e.lines:
            invoice = line.invoice
            if self.trouble(line) != "short" or not isinstance(invoice, Invoice):
                continue
            missing = self.wanted[self.key(line)] - invoice.open_minor
            later: dict[str, CreditApplication] = {}
            for twin in self.e.lines:
                if self.key(twin) == self.key(line):
                    for c in twin.credits:
                        if c.applied.at > self.paid_at and c.invoice_id == invoice.id and c.amount_minor > 0:
                            later[c.id] = c
            if sum(c.amount_minor for c in later.values()) < missing:
                return None
            chosen |= {c.id: c for c in self.just_enough(list(later.values()), missing)}
        certain = self.can_post() and not self.may_be_this_money()
        if any(self.closed(self.day_of(c.applied.at)) for c in chosen.values()):
            return Opinion(Cause.PERIOD_CLOSED, Remedy.RETRY, self.sure(certain))
        return Opinion(Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO, self.sure(certain), applications=frozenset(chosen))

    def overpaid(self) -> Opinion | None:
        for line in self.e.lines:
            if self.trouble(line) == "short" and isinstance(line.invoice, Invoice):
                ours = {
                    r.receipt.id: r.receipt
                    for r in self.e.receipts
                    if r.ours and not r.this_payment and not r.receipt.voided and r.receipt.applied_to(line.invoice.id)
                }
                taken = sum(receipt.applied_to(line.invoice.id) for receipt in ours.values())
                memos = [receipt.memo for receipt in ours.values() if receipt.memo]
                if len(memos) > len(set(memos)):
                    return None  # our mark was copied by hand
                if line.invoice.total_minor <= 0 or line.invoice.total_minor - taken != line.invoice.open_minor:
                    return None
        certain = self.can_post() and not self.may_be_this_money()
        return Opinion(Cause.AMOUNT_DIFFERS, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))

    @staticmethod
    def just_enough(later: list[CreditApplication], missing: int) -> list[CreditApplication]:
        """Back in time until it suffices; then the smallest go again, as long as it still does."""
        taken: list[CreditApplication] = []
        pile = sorted(later, key=lambda c: (c.applied.at, c.id))
        while missing > sum(c.amount_minor for c in taken):
            taken.append(pile.pop())
        spare = sum(c.amount_minor for c in taken) - missing
        for c in sorted(taken, key=lambda c: (c.amount_minor, c.applied.at, c.id)):
            if c.amount_minor <= spare:
                spare -= c.amount_minor
                taken.remove(c)
        return taken

    # --- none of these

    def nothing_fits(self, may_post: bool) -> Opinion:
        troubles = [self.trouble(line) for line in self.e.lines]
        suspicious = self.may_be_this_money()
        safe = may_post and self.can_post() and not self.e.unread and not suspicious
        remedy = Remedy.ESCALATE
        if safe and not any(troubles) and not self.e.received_on_closed:
            remedy = Remedy.RETRY
        elif safe and self.e.isolated:
            unknown = {f"unbound {p}" for p in (BindingProblem.NONE,)}
            nobody = {BindingProblem.SEVERAL_CUSTOMERS, BindingProblem.NO_SUCH_CUSTOMER}
            if not set(troubles) & unknown and not {line.problem for line in self.e.lines} & nobody:
                remedy = Remedy.RECREATE_RECEIPT
        return Opinion(Cause.UNIDENTIFIED, remedy, Confidence.UNIDENTIFIED)
