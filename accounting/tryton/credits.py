"""Credit memos put on invoices and taken off, in Tryton.

A credit is applied by dividing its claim: the part that is meant gets a move of its own with our marker, so that it
can be found again, and pays the invoice. Taking it off sets the part free; the credit is left on its memo. One of which
nothing may be spent is canceled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounting.tryton import documents
from accounting.tryton.entries import Entries, Line
from accounting.tryton.matching import Matching
from accounting.tryton.reads import Reader
from accounting.tryton.session import Session
from receivables.books_records import CreditApplication, CreditMemo, Gone
from receivables.effects import ApplyCredit, Order, UnapplyCredit, VoidCredit, Written
from receivables.errors import BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal

OUR_NAME = "Resolve Now"


@dataclass(frozen=True)
class Credits:
    """Changes what credits are applied to, for one company. Raises BooksError."""

    session: Session
    reader: Reader

    def apply(self, order: Order, write: ApplyCredit, deadline: float) -> Written:
        """Applies part of a credit memo. An order that was cut after dividing the claim goes on with that part."""
        done = self.applied(order, write)
        if done:
            return done[0]
        matching = Matching(self.session, self.reader, deadline)
        memo, entries, leaves = self._memo(write.credit_memo_id)
        free = [leaf for leaf in leaves if entries.is_free(leaf)]
        if sum(leaf.amount_minor for leaf in free) < write.amount_minor:
            raise BooksRefused(f"Credit memo {memo.number} has less left than the amount to apply.", Refusal.CREDIT_EXHAUSTED)
        invoice = matching.open_invoice(write.invoice_id, write.amount_minor)
        if (invoice.customer_id, invoice.currency) != (memo.customer_id, memo.currency):
            raise BooksRefused(
                f"Invoice {invoice.number} belongs to another customer, or is in another currency.", Refusal.CUSTOMER_MISMATCH
            )
        parts = [leaf for leaf in free if order.marker in leaf.move_description and leaf.amount_minor == write.amount_minor][:1]
        if not parts:
            text = f"{OUR_NAME}: credit memo {memo.number} on invoice {invoice.number} [{order.marker}]"
            parts = divided(free, write.amount_minor, matching, text)
        matching.put_on(parts, invoice)
        return self.applied(order, write, parts=[part.id for part in parts])[0]

    def applied(self, order: Order, write: ApplyCredit, parts: Sequence[int] = ()) -> list[Written]:
        """The application that this order made, if it stands."""
        found = self.reader.credit_memos([write.credit_memo_id])[write.credit_memo_id]
        if isinstance(found, Gone) or not found.applications:
            return []
        marked = [("move.description", "ilike", f"%{order.marker}]%"), ("credit", ">", 0)]
        ours = {line.id for line in self.reader.lines(marked)} | set(parts)
        return [
            Written(application.id, found.version)
            for application in found.applications
            if application.invoice_id == write.invoice_id and int(application.id.partition("-")[0]) in ours
        ][:1]

    def unapply(self, write: UnapplyCredit, deadline: float) -> Written:
        """Takes one application off. Raises BooksRefused (stale) where it has changed since it was read."""
        memo, entries, leaves = self._memo(write.credit_memo_id)
        standing = standing_application(memo, write.application_id)
        if standing is None:
            return Written(write.application_id, memo.version)
        if (standing.invoice_id, standing.amount_minor) != (write.invoice_id, write.amount_minor):
            raise BooksRefused(f"The application of credit memo {memo.number} has changed since it was read.", Refusal.STALE)
        leaf = next(leaf for leaf in leaves if str(leaf.id) == write.application_id.partition("-")[0])
        if leaf.reconciliation and entries.invoices_matched(leaf) != {int(write.invoice_id)}:
            raise BooksRefused("It is reconciled with several documents at once. Undo that in Tryton.", Refusal.INVALID)
        Matching(self.session, self.reader, deadline).set_free(leaf, entries)
        return Written(write.application_id, self._memo(write.credit_memo_id)[0].version)

    def voided(self, write: VoidCredit) -> tuple[Written, ...]:
        """That it is canceled, no matter by whom."""
        memo = self.reader.credit_memos([write.credit_memo_id])[write.credit_memo_id]
        return (Written(memo.id, memo.version),) if isinstance(memo, CreditMemo) and memo.voided else ()

    def void(self, write: VoidCredit, deadline: float) -> Written:
        """Cancels a credit memo that is applied to nothing, as Tryton does it: credited with a refund, by a document of today.

        To cancel it by a move alone takes a setting of the company that is off unless somebody turned it on.
        """
        memo, entries, leaves = self._memo(write.credit_memo_id)
        if sum(leaf.amount_minor for leaf in leaves if entries.is_free(leaf)) != memo.total_minor:
            raise BooksRefused(f"Credit memo {memo.number} is applied. Take it off its invoices first.", Refusal.WRONG_STATE)
        if any(leaf.of_invoice != int(memo.id) for leaf in leaves):
            raise BooksRefused(f"The claim of credit memo {memo.number} was divided. Cancel it in Tryton.", Refusal.INVALID)
        start = {"start": {"with_refund": True, "invoice_date": None}}
        name = "account.invoice.credit"
        self.session.wizard(name, "account.invoice", [int(memo.id)], "credit", start, deadline=deadline)
        if done := self.voided(write):
            return done[0]
        raise OutcomeUnknown("Tryton credited the credit memo but does not show it as canceled.")

    def _memo(self, memo_id: str) -> tuple[CreditMemo, Entries, list[Line]]:
        row = self.reader.invoice_rows([memo_id]).get(memo_id)
        if row is None or not documents.is_credit(row):
            raise BooksRefused("Tryton no longer has this credit memo.", Refusal.DOCUMENT_GONE)
        entries = self.reader.entries_of([("id", "in", row["lines_to_pay"])])
        return self.reader.credit_memos_of([row], entries)[0], entries, documents.credit_leaves(row, entries)


def standing_application(memo: CreditMemo, application_id: str) -> CreditApplication | None:
    """The application of that id, if the memo still has it."""
    return next((application for application in memo.applications if application.id == application_id), None)


def divided(free: Sequence[Line], amount_minor: int, matching: Matching, text: str, *, always: bool = True) -> list[Line]:
    """Free lines that add up to the amount; the last one is divided, and each gets a move with our text where asked."""
    taken: list[Line] = []
    left_minor = amount_minor
    for line in sorted(free, key=lambda leaf: (leaf.amount_minor != amount_minor, leaf.id)):
        use_minor = min(left_minor, line.amount_minor)
        if not use_minor:
            break
        rest_minor = line.amount_minor - use_minor
        if rest_minor or always:
            taken.append(matching.split(line, [use_minor, rest_minor] if rest_minor else [use_minor], text)[0])
        else:
            taken.append(line)
        left_minor -= use_minor
    return taken
