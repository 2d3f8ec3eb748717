"""What every connector asks of an order before it is sent and after it was answered, whatever the package.

An order leaves in time, and rests on documents that are as they were read. A refusal's own code and words go to the
log; people see our sentence.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

from receivables.books_records import Gone, Receipt, ReceiptLine, by_invoice
from receivables.effects import Answer, Dispatch, Order, Written, markers_in
from receivables.errors import BooksRefused, NotSent
from receivables.ports import Clock
from receivables.refusal import Refusal

log = logging.getLogger(__name__)


def must_be_in_time(dispatch: Dispatch, clock: Clock) -> None:
    """Raises BooksUnavailable once the deadline is over: nothing may be written after it."""
    if clock.monotonic() > dispatch.deadline:
        raise NotSent("The time for this write was over before it was sent; nothing was written.")


def changed_since(order: Order, version_now: Callable[[str], str | None]) -> BooksRefused | None:
    """The refusal where a document the order rests on was deleted (its version is None), or changed, since it was read."""
    for document_id, version in order.versions.items():
        now = version_now(document_id)
        if now is None:
            return BooksRefused(f"Document #{document_id} was deleted in the books since it was read.", Refusal.DOCUMENT_GONE)
        if now != version:
            return BooksRefused(f"Document #{document_id} was changed in the books since it was read.", Refusal.STALE)
    return None


def must_be_unchanged(order: Order, version_now: Callable[[str], str | None]) -> None:
    """Raises the refusal of `changed_since`."""
    if refused := changed_since(order, version_now):
        raise refused


def applied_as_ordered(receipt: Receipt | Gone, lines: Iterable[ReceiptLine]) -> tuple[Written, ...]:
    """The trace of a receipt that is applied to exactly these lines; none while it is not."""
    if isinstance(receipt, Gone) or receipt.voided or by_invoice(receipt.lines) != by_invoice(lines):
        return ()
    return (Written(receipt.id, receipt.version),)


def by_mark(marks: Collection[str], found: Iterable[Receipt], mark_of: Callable[[str], str]) -> dict[str, list[Receipt]]:
    """The receipts whose memo carries each mark; every mark is a key. `mark_of` makes a mark of a marker."""
    receipts: dict[str, list[Receipt]] = {mark: [] for mark in marks}
    for receipt in found:
        for mark in {mark_of(marker) for marker in markers_in(receipt.memo)} & receipts.keys():
            receipts[mark].append(receipt)
    return receipts


def noted(package: str, answers: Sequence[Answer]) -> Sequence[Answer]:
    """The same answers, after the log has what the package itself said of each that it refused."""
    for answer in answers:
        if isinstance(answer, BooksRefused) and (answer.vendor_code or answer.vendor_detail):
            log.info("%s refused (%s): %s %s", package, answer.refusal, answer.vendor_code, answer.vendor_detail)
    return answers


def not_able(package: str) -> BooksRefused:
    """The answer to an order that these books do not carry out for us; it is never offered (`BooksTraits.able`)."""
    return BooksRefused(f"Resolve Now does not do this in {package}.", Refusal.INVALID)
