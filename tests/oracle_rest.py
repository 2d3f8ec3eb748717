"""The second opinion about a payment that is in the books in part: they refused a receipt, or it awaits its invoice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from oracle_money import stands

from receivables.books_records import Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Remedy
from receivables.evidence import Evidence, LineEvidence, PostedPart


class Oracle(Protocol):
    """What is asked of the one who has the opinions."""

    e: Evidence
    ours: dict[str, Receipt]
    amount: int
    wanted: Counter[str]

    def may_be_this_money(self) -> bool: ...
    def can_post(self) -> bool: ...
    def trouble(self, line: LineEvidence) -> str: ...
    def closed(self, day: object) -> bool: ...
    def number(self, line: LineEvidence) -> str: ...
    def line_key(self, line: LineEvidence) -> str: ...
    def replacements(self, line: LineEvidence) -> dict[str, Invoice]: ...
    def is_other(self, part: PostedPart, receipt: Receipt) -> bool: ...
    def off(self, part: PostedPart, receipt: Receipt) -> int: ...


def refused(oracle: Oracle) -> bool:
    """Some of the payment is in the books as meant, they refused what is missing, and that would fit now."""
    e = oracle.e
    held = [part.receipt for part in e.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]
    whole = len(held) == len(e.posted) and {receipt.id for receipt in held} == set(oracle.ours)
    whole = whole and all(
        not oracle.is_other(part, receipt) and max(receipt.unapplied_minor, oracle.off(part, receipt)) <= part.on_account_minor
        for part, receipt in zip(e.posted, held, strict=True)
    )
    unclear = e.unread or e.twins or e.received_on_closed or oracle.may_be_this_money()
    if e.refusal is None or unclear or not whole or not 0 < sum(receipt.amount_minor for receipt in held) < oracle.amount:
        return False
    missing: Counter[str] = Counter()
    for line in e.lines:
        missing[line.invoice_id] += line.amount_minor
    for receipt in held:
        missing.subtract(stands(receipt))
    return oracle.can_post() and all(
        isinstance(line.invoice, Invoice)
        and oracle.trouble(line) in ("", "short")
        and line.invoice.open_minor >= missing[line.invoice_id]
        for line in e.lines
        if missing[line.invoice_id] > 0
    )


@dataclass(frozen=True)
class Deposit:
    """What is said of a customer deposit whose invoice came."""

    remedy: Remedy
    chosen: frozenset[tuple[int, str]]


def deposit(oracle: Oracle) -> Deposit | None:
    """The whole payment is one receipt of ours as meant, not all of it applied, and an open invoice may be its own."""
    e, ours = oracle.e, list(oracle.ours.values())
    held = [part for part in e.posted if isinstance(part.receipt, Receipt) and part.receipt.id in oracle.ours]
    if not e.is_deposit or len(ours) != 1 or ours[0].amount_minor != oracle.amount or len(held) != 1:
        return None
    (receipt,), (part,) = ours, held
    if not receipt.unapplied_minor:
        return None
    if oracle.is_other(part, receipt) or oracle.off(part, receipt) > part.on_account_minor:
        return None
    others = {line.invoice.id for line in e.lines if isinstance(line.invoice, Invoice)}
    candidates: dict[int, list[str]] = {}
    chosen = set()
    for line in e.lines:
        own = line.invoice if oracle.trouble(line) in ("", "short") else None
        if isinstance(own, Invoice):
            lacks = receipt.applied_to(own.id) < oracle.wanted[oracle.line_key(line)]
            candidates[line.line] = [own.id] if lacks and _takes(own, receipt) else []
            continue
        lost = oracle.trouble(line) == "lost"
        of_number = [i for i in line.successors if i.number == oracle.number(line) != ""]
        found = list(oracle.replacements(line).values()) if lost else of_number
        ids = {i.id for i in found if i.id not in others and _takes(i, receipt) and oracle.number(line)}
        candidates[line.line] = sorted(ids)
        if len(ids) == 1:
            chosen.add((line.line, candidates[line.line][0]))
    if not any(candidates.values()):
        return None
    locked = receipt.deposited or oracle.closed(receipt.received_on)
    return Deposit(Remedy.RETRY if locked else Remedy.APPLY_RECEIPT, frozenset(chosen))


def _takes(invoice: Invoice, receipt: Receipt) -> bool:
    usable = invoice.status is InvoiceStatus.OPEN and invoice.open_minor > 0
    return usable and (invoice.currency, invoice.customer_id) == (receipt.currency, receipt.customer_id)
