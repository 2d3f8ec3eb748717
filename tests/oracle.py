"""A second opinion: the same diagnosis in plain Python, written from the semantics alone.

It knows only `receivables`, and nothing of `rules`. It is one long list of questions in the order of precedence, so that a
slip in the rules or the engine shows as a disagreement. Receipts by hand, and what keeps from posting, are in `oracle_money`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import oracle_credits
import oracle_mergers
import oracle_rest
from oracle_money import LIKELY, POSSIBLE, Broken, HandReceipt, Money, same_origin, stands, tender, where

from receivables.books_records import Gone, Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Cause, Confidence, Remedy
from receivables.effects import EffectKind, EffectState
from receivables.evidence import BindingProblem, Evidence, LineEvidence, PostedPart
from receivables.payment import Dispute, FeedStatus


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


#: What is in the way of every receipt, whoever decides.
NOBODY = frozenset(
    "payment_returned payment_refunded already_posted no_customer customer_changed customer_inactive currency_mismatch "
    "period_closed receipt_found".split()
)
#: Points of an invoice that may have taken another's place: from here sure, or a candidate.
SUCCESSOR_SURE, SUCCESSOR_POSSIBLE = 120, 40


def opinion(evidence: Evidence) -> Opinion:
    return _Oracle(evidence).opinion()


class _Oracle(Money):
    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence, Broken.NONE)

    # --- small questions

    def sure(self, certain: bool) -> Confidence:
        return Confidence.CERTAIN if certain and not self.e.unread else Confidence.LIKELY

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
        """What fits, with a remedy that could be carried out; where it could not, somebody must look into it."""
        found, codes = self.diagnosed(), self.in_the_way() - {"unread"}
        records = found.remedy in (Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT) and not self.ours
        no_account = self.refused("account_inactive") or self.refused("reference_inactive")
        alone = {Remedy.UNAPPLY_CREDIT_MEMO: codes - {"short"}, Remedy.APPLY_RECEIPT: codes & {"customer_inactive"}}
        refused = bool(codes & NOBODY or no_account) if records else bool(alone.get(found.remedy))
        closed = self.e.received_on_closed and self.e.settings.closed_through
        later = closed and not no_account and not (codes - {"period_closed"}) & NOBODY
        if found.remedy is Remedy.POST_ON_OPEN_DAY:
            return found if later else replace(found, remedy=Remedy.RETRY)
        return replace(found, remedy=Remedy.POST_ON_OPEN_DAY if later else Remedy.ESCALATE) if refused else found

    def diagnosed(self) -> Opinion:
        if self.waiting():
            return Opinion(Cause.OUTCOME_UNKNOWN, Remedy.WAIT, self.sure(True))
        if self.e.payment.status is not FeedStatus.PAID:
            return self.went_back()
        if self.e.told_before:
            return self.came_after_all()
        if self.doubled():
            return Opinion(Cause.RECEIPT_DOUBLED, self.doubled_remedy(), self.sure(True))
        if self.ours and any(r.says and r.free > 0 for r in self.suspects):
            return Opinion(Cause.RECEIPT_DOUBLED, Remedy.ESCALATE, Confidence.LIKELY)
        parts = [part for part in self.e.posted if part.state in MAYBE_IN_BOOKS]
        deleted = [
            p
            for p in parts
            if (isinstance(p.receipt, Receipt) and p.receipt.voided)
            or (isinstance(p.receipt, Gone) and p.state is EffectState.DONE)
        ]
        if deleted:
            remedy = Remedy.RETRY if sum(r.amount_minor for r in self.ours.values()) == self.amount else Remedy.ESCALATE
            return Opinion(Cause.RECEIPT_DELETED, remedy, self.sure(all(p.verified for p in deleted)))
        if changed := self.changed(parts):
            return changed
        on_account = self.on_account(parts)
        if on_account is not None and on_account.cause is Cause.RECEIPT_DEPOSITED:
            return on_account
        if self.refused("receipt_deposited"):
            return Opinion(Cause.RECEIPT_DEPOSITED, Remedy.RETRY, Confidence.LIKELY)
        if on_account is not None:
            return on_account
        if oracle_rest.refused(self):
            return self.rest()
        if self.ours or self.not_read():
            came = oracle_rest.deposit(self)
            late = came and Opinion(Cause.INVOICE_LATE, came.remedy, Confidence.LIKELY, successors=came.chosen)
            return late or self.nothing_fits(may_post=False)
        found = self.by_hand() or self.nearly_by_hand() or self.gates() or self.near() or self.invoices() or self.not_asked()
        return found or self.nothing_fits(may_post=True)

    def not_read(self) -> bool:
        return any(part.state is EffectState.DONE and part.receipt is None for part in self.e.posted)

    def went_back(self) -> Opinion:
        payment = self.e.payment
        cause = Cause(f"payment_{payment.status}")
        if payment.status is FeedStatus.CHARGED_BACK and payment.dispute is not Dispute.LOST:
            return Opinion(cause, Remedy.WAIT, self.sure(True))
        counted = self.counted()
        if not counted:
            nothing = not self.ours and not self.not_read()
            return Opinion(cause, Remedy.DISMISS if nothing else Remedy.ESCALATE, self.sure(True))
        unsaid = self.unsaid_beside(counted)
        said = Remedy.NOT_DUPLICATE if not self.e.unread and any(not r.named for r in unsaid) else Remedy.ESCALATE
        recorded = said if unsaid else Remedy.RECORD_RETURN
        if payment.status is not FeedStatus.FAILED:
            return Opinion(cause, recorded, self.sure(True))
        kept = [r for r in self.ours.values() if r.deposited or self.closed(r.received_on)]
        voids = EffectKind.VOID_RECEIPT in self.e.able and self.ours and not kept
        return Opinion(cause, Remedy.VOID_RECEIPT if voids else recorded if kept else Remedy.ESCALATE, self.sure(True))

    def came_after_all(self) -> Opinion:
        cause = Cause(f"payment_{self.e.told_before}")
        balanced = [r for r in self.ours.values() if self.left(r) <= 0]
        return Opinion(cause, Remedy.ESCALATE if balanced else Remedy.RETRY, self.sure(True))

    def doubled_remedy(self) -> Remedy:
        """Void what is one too many, where no deposit and no closed month holds it and the rest is the whole payment."""
        if any(part.state in MAYBE_IN_BOOKS - {EffectState.DONE} | {EffectState.PLANNED} for part in self.e.posted):
            return Remedy.ESCALATE
        recorded = {part.document_id for part in self.e.posted}
        free = [r for r in self.ours.values() if not r.deposited and not self.closed(r.received_on)]
        whole = sum(r.amount_minor for r in self.ours.values())
        going = [sum(r.amount_minor for r in free if r.id not in recorded), sum(r.amount_minor for r in free)]
        if EffectKind.VOID_RECEIPT in self.e.able and any(minor and whole - minor == self.amount for minor in going):
            return Remedy.VOID_RECEIPT
        twice = sum(r.deposited for r in self.ours.values()) > 1 and not self.e.unread
        return Remedy.NOT_DUPLICATE if twice else Remedy.ESCALATE

    def paid_by_returned(self) -> Opinion | None:
        """The customer pays again what a payment had paid whose money went back."""
        short = [line for line in self.e.lines if self.trouble(line)]
        if not short:
            return None
        for line in short:
            if self.trouble(line) != "short" or not isinstance(line.invoice, Invoice):
                return None
            held = {r.receipt.id: r.receipt for r in self.e.receipts if r.went_back}
            on_it = sum(receipt.applied_to(line.invoice.id) for receipt in held.values())
            if not on_it or line.invoice.open_minor + on_it < self.wanted[self.line_key(line)]:
                return None
        return Opinion(Cause.PAID_BY_RETURNED, Remedy.WAIT, self.sure(True))

    def refused(self, code: str) -> bool:
        return self.e.refusal is not None and self.e.refusal.code == code

    def rest(self) -> Opinion:
        """What the books said when they refused what is missing of the payment."""
        if self.refused("duplicate_reference"):
            return Opinion(Cause.DUPLICATE_REFERENCE, Remedy.ESCALATE, Confidence.LIKELY)
        for code, cause in (("customer_mismatch", Cause.CUSTOMER_CHANGED), ("currency_mismatch", Cause.CURRENCY_MISMATCH)):
            if self.refused(code):
                return Opinion(cause, Remedy.RETRY, Confidence.LIKELY)
        return self.gates() or self.not_asked() or Opinion(Cause.UNIDENTIFIED, Remedy.RETRY, Confidence.UNIDENTIFIED)

    def not_asked(self) -> Opinion | None:
        """At the last try the books could not be asked, and nothing else is wrong now."""
        if self.refused("access_lost"):
            return Opinion(Cause.ACCESS_LOST, Remedy.RECONNECT, Confidence.LIKELY)
        if self.refused("throttled"):
            return Opinion(Cause.THROTTLED, Remedy.WAIT, Confidence.LIKELY)
        if self.refused("books_unavailable"):
            return Opinion(Cause.BOOKS_UNAVAILABLE, Remedy.WAIT, Confidence.LIKELY)
        return None

    def changed(self, parts: list[PostedPart]) -> Opinion | None:
        """The worst of our receipts that somebody changed, or that are not on their invoices any more."""
        living = [(part, part.receipt) for part in parts if isinstance(part.receipt, Receipt) and not part.receipt.voided]
        if any(self.is_other(part, receipt) for part, receipt in living):
            proof = oracle_mergers.went_along(self, living)
            return Opinion(Cause.RECEIPT_CHANGED, Remedy.DISMISS if proof else Remedy.RETRY, self.sure(True), proof=proof)
        off = [
            (part, receipt)
            for part, receipt in living
            if self.off(part, receipt) > part.on_account_minor
            and (part.verified or receipt.unapplied_minor <= part.on_account_minor)
        ]
        if not off:
            return None
        if not self.could_be_applied(off, living):
            return Opinion(Cause.RECEIPT_CHANGED, Remedy.KEEP_ON_ACCOUNT, self.sure(True))
        locked = any(receipt.deposited or self.closed(receipt.received_on) for _, receipt in off)
        return Opinion(Cause.RECEIPT_CHANGED, Remedy.RETRY if locked else Remedy.APPLY_RECEIPT, self.sure(True))

    def is_other(self, part: PostedPart, receipt: Receipt) -> bool:
        if (receipt.amount_minor, receipt.currency) != (part.amount_minor, self.e.payment.currency):
            return True
        if part.received_on not in (None, receipt.received_on):
            return True
        if part.deposit_account not in ("", receipt.deposit_account):
            return True
        heirs = {c.id: c.merged_into for c in (self.e.customer, self.e.merged_into) if c is not None and c.merged_into}
        owner = part.customer_id
        for _ in heirs:
            owner = heirs.get(owner, owner)
        return owner not in ("", receipt.customer_id)

    @staticmethod
    def off(part: PostedPart, receipt: Receipt) -> int:
        """What is not on the invoices that it was meant for."""
        on_them = sum(min(amount, where(part.lines)[key]) for key, amount in stands(receipt).items())
        return receipt.unapplied_minor + sum(stands(receipt).values()) - on_them

    def could_be_applied(self, wanted: list[tuple[PostedPart, Receipt]], all_off: list[tuple[PostedPart, Receipt]]) -> bool:
        lacking: Counter[str] = Counter()
        for part, receipt in all_off:
            if not self.is_other(part, receipt) and self.off(part, receipt) > part.on_account_minor:
                for invoice_id, meant in where(part.lines).items():
                    lacking[invoice_id] += max(meant - stands(receipt)[invoice_id], 0)
        room = {}
        for line in self.e.lines:
            if isinstance(line.invoice, Invoice) and self.trouble(line) in ("", "short"):
                room[line.invoice.id] = line.invoice.open_minor
        keys = {key for part, _ in wanted for key in where(part.lines)}
        return all(where(part.lines) for part, _ in wanted) and all(key in room and room[key] >= lacking[key] for key in keys)

    def on_account(self, parts: list[PostedPart]) -> Opinion | None:
        stuck: list[tuple[PostedPart, Receipt]] = []
        for part in parts:
            receipt = part.receipt
            if part.verified or not isinstance(receipt, Receipt) or receipt.voided or self.is_other(part, receipt):
                continue
            if receipt.unapplied_minor > part.on_account_minor:
                stuck.append((part, receipt))
        if not stuck or sum(r.amount_minor for r in self.ours.values()) != self.amount:
            return None
        living = [(part, part.receipt) for part in parts if isinstance(part.receipt, Receipt) and not part.receipt.voided]
        if not self.could_be_applied(stuck, living):
            return Opinion(Cause.ACCEPTED_UNAPPLIED, Remedy.KEEP_ON_ACCOUNT, self.sure(True))
        if any(receipt.deposited or self.closed(receipt.received_on) for _, receipt in stuck):
            return Opinion(Cause.RECEIPT_DEPOSITED, Remedy.RETRY, self.sure(True))
        return Opinion(Cause.ACCEPTED_UNAPPLIED, Remedy.APPLY_RECEIPT, self.sure(True))

    # --- receipts entered by hand

    @staticmethod
    def ordered(found: list[HandReceipt]) -> list[HandReceipt]:
        return sorted(found, key=lambda r: (-r.points, r.days, r.receipt.id))

    def by_hand(self) -> Opinion | None:
        same = self.ordered([r for r in self.receipts if r.whole and r.points >= POSSIBLE])
        if any(r.points >= LIKELY for r in same):
            return self.dismissed([(same[0], self.amount)], certain=len(same) == 1 and same[0].telling)
        apart = self.apart()
        if apart:
            return self.dismissed(apart)
        if self.pieces:
            return self.dismissed([(r, r.amount) for r in self.pieces])
        together = self.ordered([r for r in self.receipts if r.covers])
        weaker = together or same
        return self.dismissed([(weaker[0], self.amount)]) if weaker else None

    def dismissed(self, found: list[tuple[HandReceipt, int]], *, certain: bool = False) -> Opinion:
        confidence, proven = self.sure(certain), [receipt for receipt, _ in found]
        may_say = confidence is not Confidence.CERTAIN and not self.e.unread and not all(r.named for r in proven)
        first = may_say and any(r.against or r.installment for r in proven)
        remedy = Remedy.NOT_DUPLICATE if first else Remedy.DISMISS
        proof = frozenset((receipt.receipt.id, amount) for receipt, amount in found)
        return Opinion(Cause.RECEIPT_ALREADY_ENTERED, remedy, confidence, proof=proof)

    def apart(self) -> list[tuple[HandReceipt, int]]:
        if len(self.wanted) < 2 or self.e.payment.on_account_minor:
            return []
        proof = []
        for key, amount in self.wanted.items():
            exact = [r for r in self.receipts if r.for_one == key]
            if len(exact) != 1:
                return []
            proof.append((exact[0], amount))
        return proof

    def nearly_by_hand(self) -> Opinion | None:
        later = [
            c
            for line in self.e.lines
            if isinstance(line.invoice, Invoice)
            for c in line.credits
            if c.applied.at > self.paid_at and c.amount_minor > 0 and c.invoice_id == line.invoice.id
        ]
        suspects = self.suspects
        if len(suspects) == 1 and not later and suspects[0].less_fee:
            net = self.amount - suspects[0].amount > 1  # a cent is no fee
            return Opinion(Cause.ENTERED_NET_OF_FEE if net else Cause.AMOUNT_DIFFERS, Remedy.ESCALATE, Confidence.LIKELY)
        if not self.pieces and any(r.named and not (r.whole or r.less_fee or r.covers) for r in self.receipts):
            return Opinion(Cause.AMOUNT_DIFFERS, Remedy.ESCALATE, Confidence.LIKELY)
        if self.e.vanished:
            return Opinion(Cause.RECEIPT_DELETED, Remedy.ESCALATE, Confidence.LIKELY)
        if self.refused("duplicate_reference"):
            return Opinion(Cause.DUPLICATE_REFERENCE, Remedy.ESCALATE, Confidence.LIKELY)
        return None

    def may_be_this_money(self) -> bool:
        """A receipt by hand is this money, or was."""
        return bool(self.suspects) or bool(self.e.vanished)

    # --- the period, the customer, the invoices

    def gates(self) -> Opinion | None:
        if self.e.received_on_closed:
            later = Remedy.RETRY if self.e.material else Remedy.POST_ON_OPEN_DAY
            return Opinion(Cause.PERIOD_CLOSED, later, self.sure(True))
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
        """What is wrong with this invoice, and whether another may have taken its place."""
        wrong = self.wrong(line)
        pool = self.replacements(line)
        if wrong in ("invoice_gone", "invoice_voided") and pool and {i.status for i in pool.values()} == {InvoiceStatus.DRAFT}:
            return "redrafted"
        if wrong in ("invoice_gone", "invoice_voided", "only_newer") and pool:
            return "late" if wrong == "only_newer" else "lost"
        plainly = {
            "invoice_gone": "gone",
            "only_newer": "newer",
            "invoice_voided": "voided",
            "invoice_draft": "not ready",
            "no_such_invoice": "not ready",
            "currency_mismatch": "currency",
            "customer_changed": "moved",
        }
        return plainly.get(wrong, wrong)

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
            and (self.e.customer is None or self.is_customers(i.customer_id))
            and i.id not in needed_elsewhere
            and i.id != self.line_key(line)
        }
        number = self.number(line)
        same = {key: i for key, i in fit.items() if number and i.number == number}
        return same or {key: i for key, i in fit.items() if self.may_replace(line, i)}

    def may_replace(self, line: LineEvidence, invoice: Invoice) -> bool:
        """One of another number: made afterwards, for the same amount or within three days."""
        alike = invoice.total_minor in {line.amount_minor, line.lost_minor} or same_origin(line, invoice)
        soon = self.after(line, invoice) and self.days_from_loss(line, invoice) <= 3
        return (alike or soon) and self.fitness(line, invoice) >= SUCCESSOR_POSSIBLE

    def beside(self, line: LineEvidence) -> list[Invoice]:
        """The customer's other open invoices, where this one is voided for good."""
        needed_elsewhere = {other.invoice.id for other in self.e.lines if isinstance(other.invoice, Invoice)}
        return [
            i
            for i in {i.id: i for i in line.successors}.values()
            if i.status is InvoiceStatus.OPEN
            and i.open_minor > 0
            and i.currency == self.e.payment.currency
            and (self.e.customer is None or self.is_customers(i.customer_id))
            and i.id not in needed_elsewhere
        ]

    def fitness(self, line: LineEvidence, invoice: Invoice) -> int:
        """The points of an invoice that may stand in for the one that the line lost."""
        after, days = self.after(line, invoice), self.days_from_loss(line, invoice)
        found = (60 if self.number(line) == invoice.number != "" else 0) + (30 if same_origin(line, invoice) else 0)
        found += 10 if invoice.total_minor in {line.amount_minor, line.lost_minor} else 0
        found += (40 + (5 if days <= 3 else -35 if days > 14 else 0)) if after else -20
        return found + (20 if isinstance(line.invoice, Gone) else 0)

    def days_from_loss(self, line: LineEvidence, invoice: Invoice) -> int:
        lost_at = self.paid_at
        if isinstance(line.invoice, Gone) and line.invoice.deleted is not None:
            lost_at = line.invoice.deleted.at
        elif isinstance(line.invoice, Invoice) and line.invoice.status is InvoiceStatus.VOIDED:
            lost_at = line.invoice.changed.at
        return abs((invoice.created.at - lost_at).days)

    def near(self) -> Opinion | None:
        """Nothing is called as the payment says, and something near it is there."""
        if self.e.near_customers or any(line.near for line in self.e.lines):
            return Opinion(Cause.UNIDENTIFIED, Remedy.MATCH, Confidence.UNIDENTIFIED)
        return None

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
            case "late":
                return self.late()
            case "short":
                return self.paid_by_returned() or self.credited() or self.overpaid()
            case "voided":
                return self.voided()
            case "not ready" | "redrafted":
                here = only != "redrafted" and all(line.invoice is not None for line in self.e.lines if self.trouble(line))
                deposit = self.e.awaited_long and self.can_post() and not self.may_be_this_money() and not self.e.unread
                remedy = Remedy.KEEP_ON_ACCOUNT if deposit else Remedy.WAIT
                return Opinion(Cause.INVOICE_NOT_READY, remedy, self.sure(here))
        return None

    def voided(self) -> Opinion:
        """For good; where the customer has just one other invoice open for that amount, the money may be for it."""
        lines = [line for line in self.e.lines if self.trouble(line) == "voided"]
        certain = self.can_post() and not self.may_be_this_money() and not any(self.beside(line) for line in lines)
        chosen: list[tuple[int, str]] = []
        for line in lines:
            needed = self.wanted[self.line_key(line)]
            equal = [i for i in self.beside(line) if i.open_minor == needed and needed == line.amount_minor]
            chosen += [(line.line, equal[0].id)] if len(equal) == 1 else []
        if len(chosen) == len(lines) == len({invoice_id for _, invoice_id in chosen}):
            return Opinion(Cause.INVOICE_VOIDED, Remedy.RECREATE_RECEIPT, Confidence.LIKELY, successors=frozenset(chosen))
        return Opinion(Cause.INVOICE_VOIDED, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))

    def late(self) -> Opinion | None:
        """Came after the customer paid, and replaces nothing: never certain."""
        pools = {line.line: self.replacements(line) for line in self.e.lines if self.trouble(line) == "late"}
        if not all(any(i.status is InvoiceStatus.OPEN and i.open_minor > 0 for i in pool.values()) for pool in pools.values()):
            return None
        only = frozenset((line, next(iter(pool))) for line, pool in pools.items() if len(pool) == 1)
        return Opinion(Cause.INVOICE_LATE, Remedy.RECREATE_RECEIPT, Confidence.LIKELY, successors=only)

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
            open_ones = [i for i in pool.values() if i.status is InvoiceStatus.OPEN and i.open_minor > 0]
            if not open_ones:
                return None
            certain = certain and len(pool) == 1 and not line.never_seen
            if len(pool) == 1:
                (invoice,) = open_ones
                successors.add((line.line, invoice.id))
                certain = certain and self.fitness(line, invoice) >= SUCCESSOR_SURE and invoice.open_minor >= load[invoice.id]
        certain = certain and self.can_post() and not self.may_be_this_money()
        return Opinion(Cause.INVOICE_RECREATED, Remedy.RECREATE_RECEIPT, self.sure(certain), successors=frozenset(successors))

    def credited(self) -> Opinion | None:
        short = [
            oracle_credits.short_line(
                self,
                line,
                line.invoice,
                [twin for twin in self.e.lines if self.line_key(twin) == self.line_key(line)],
                self.wanted[self.line_key(line)],
                self.taken_by_ours(line.invoice) or 0,
            )
            for line in self.e.lines
            if self.trouble(line) == "short" and isinstance(line.invoice, Invoice)
        ]
        found = oracle_credits.credited(short, self)
        if found is None:
            return None
        certain = found.sure and self.can_post() and not self.may_be_this_money()
        if found.remedy is Remedy.UNAPPLY_CREDIT_MEMO and any(oracle_credits.is_closed(self, c) for c in found.off):
            way = Remedy.RETRY if self.e.material else Remedy.KEEP_ON_ACCOUNT
            return Opinion(Cause.PERIOD_CLOSED, way, self.sure(certain))
        off = frozenset(c.id for c in found.off)
        return Opinion(Cause.CREDIT_MEMO_APPLIED, found.remedy, self.sure(certain), applications=off, successors=found.instead)

    def taken_by_ours(self, invoice: Invoice) -> int | None:
        """What our receipts for other payments took of an invoice; None where our mark was copied by hand."""
        ours = {
            r.receipt.id: r.receipt
            for r in self.e.receipts
            if r.ours and not r.this_payment and not r.receipt.voided and r.receipt.applied_to(invoice.id)
        }
        memos = [receipt.memo for receipt in ours.values() if receipt.memo]
        return None if len(memos) > len(set(memos)) else sum(r.applied_to(invoice.id) for r in ours.values())

    def overpaid(self) -> Opinion | None:
        reasons = set()
        for line in self.e.lines:
            if self.trouble(line) == "short" and isinstance(line.invoice, Invoice):
                taken = self.taken_by_ours(line.invoice)
                if taken is None or line.invoice.total_minor <= 0 or line.invoice.total_minor - taken != line.invoice.open_minor:
                    return None
                reasons.add(self.reason(line, line.invoice))
        certain = self.can_post() and not self.may_be_this_money()
        if len(reasons) > 1:
            return Opinion(Cause.AMOUNT_DIFFERS, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))
        match reasons.pop():
            case "went back":
                return None  # and something else is missing as well
            case "twice":
                return Opinion(Cause.CUSTOMER_PAID_TWICE, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))
            case "surcharge":
                return Opinion(Cause.SURCHARGE, Remedy.RETRY, Confidence.LIKELY)
        return Opinion(Cause.OVERPAYMENT, Remedy.KEEP_ON_ACCOUNT, self.sure(certain))

    def reason(self, line: LineEvidence, invoice: Invoice) -> str:
        """Why more was paid for this invoice than it is for."""
        others = [r for r in self.e.receipts if r.ours and not r.this_payment and not r.receipt.voided]
        if any(r.went_back for r in others if r.receipt.applied_to(invoice.id)):
            return "went back"
        if invoice.open_minor == 0:
            return "twice"
        percent = 100 * (self.wanted[self.line_key(line)] - invoice.open_minor) / invoice.open_minor
        if self.wanted[self.line_key(line)] - invoice.open_minor == self.e.payment.fee_minor:
            return "surcharge"
        return "surcharge" if 2 <= percent <= 4 and tender(self.e.payment.method) in ("card", "") else "excess"

    # --- none of these

    def nothing_fits(self, may_post: bool) -> Opinion:
        troubles = [self.trouble(line) for line in self.e.lines]
        suspicious = self.may_be_this_money()
        safe = may_post and self.can_post() and not self.e.unread and not suspicious
        remedy = Remedy.ESCALATE
        if not self.in_the_way():
            remedy = Remedy.RETRY
        elif safe and self.e.isolated:
            nobody = {BindingProblem.SEVERAL_CUSTOMERS, BindingProblem.NO_SUCH_CUSTOMER}
            if "unread" not in troubles and not {line.problem for line in self.e.lines} & nobody:
                remedy = Remedy.RECREATE_RECEIPT
        return Opinion(Cause.UNIDENTIFIED, remedy, Confidence.UNIDENTIFIED)
