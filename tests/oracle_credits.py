"""The second opinion about credit memos: which come off, which stay, and where the payment belongs instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from oracle_money import Money, in_the_way

from receivables.books_records import CreditApplication, Invoice, InvoiceStatus
from receivables.diagnosis import Remedy
from receivables.effects import EffectKind
from receivables.evidence import LineEvidence

GRAVE = ("write_off", "rebill", "tax", "genuine")


@dataclass
class ShortLine:
    """An invoice with too little open, and what took from it."""

    line: LineEvidence
    missing: int
    on: list[CreditApplication]
    later: list[CreditApplication]
    ours: int

    @property
    def gap(self) -> int:
        return max(0, self.missing - worth(self.later))

    @property
    def sign(self) -> str:
        plain = [c for c in self.later if c.reason == "genuine"]
        if worth(plain) < self.missing <= worth(self.on):
            return min((c.reason.value for c in self.on), key=GRAVE.index)
        return "genuine"

    @property
    def comes_off(self) -> list[CreditApplication]:
        plain = [c for c in self.later if c.reason == "genuine"]
        piles = ([c for c in plain if not c.shared], plain, self.later)
        pile = next((some for some in piles if worth(some) >= self.missing), None)
        return [] if pile is None else just_enough(pile, self.missing)


@dataclass
class Credited:
    """What to do; `sure` where nothing in the evidence of the credits leaves a doubt."""

    remedy: Remedy
    sure: bool = False
    off: list[CreditApplication] = field(default_factory=list)
    instead: frozenset[tuple[int, str]] = frozenset()


def worth(credits: Iterable[CreditApplication]) -> int:
    return sum(c.amount_minor for c in credits)


def just_enough(later: list[CreditApplication], missing: int) -> list[CreditApplication]:
    """Back in time until it suffices; then the smallest go again, as long as it still does."""
    taken: list[CreditApplication] = []
    pile = sorted(later, key=lambda c: (c.applied.at, c.id))
    while missing > worth(taken):
        taken.append(pile.pop())
    spare = worth(taken) - missing
    for c in sorted(taken, key=lambda c: (c.amount_minor, c.applied.at, c.id)):
        if c.amount_minor <= spare:
            spare -= c.amount_minor
            taken.remove(c)
    return taken


def credited(short: list[ShortLine], o: Money) -> Credited | None:
    """What the credits on the short invoices explain, if anything."""
    sign = min((found.sign for found in short), key=GRAVE.index)
    if sign == "write_off":
        off = [c for found in short for c in found.line.credits if c.reason == "write_off"]
        if any(is_closed(o, c) or _memo_is_closed(o, c) for c in off):
            return Credited(Remedy.KEEP_ON_ACCOUNT)
        if may_be_reversed(o, short):
            return Credited(Remedy.REVERSE_WRITE_OFF, off=off)
        return Credited(Remedy.ESCALATE)
    if sign == "tax":
        return Credited(Remedy.KEEP_ON_ACCOUNT)
    if sign == "rebill":
        rebilled = [found.line for found in short if found.sign == "rebill" and found.line.successors]
        single = frozenset((line.line, line.successors[0].id) for line in rebilled if len(line.successors) == 1)
        if rebilled:
            return Credited(Remedy.RECREATE_RECEIPT, instead=single)
        return Credited(Remedy.KEEP_ON_ACCOUNT, off=_unless_kept(o, [c for found in short for c in found.comes_off]))
    if not any(found.gap for found in short):
        if any(c.shared for found in short for c in found.comes_off) and not any(
            is_closed(o, c) for found in short for c in found.comes_off
        ):
            return Credited(Remedy.KEEP_ON_ACCOUNT, sure=True)
        return Credited(Remedy.UNAPPLY_CREDIT_MEMO, sure=True, off=[c for found in short for c in found.comes_off])
    together = any(found.later and 0 < found.gap <= found.ours for found in short)
    if together and all(found.gap <= found.ours for found in short):
        return Credited(Remedy.KEEP_ON_ACCOUNT, off=_unless_kept(o, [c for found in short for c in found.later]))
    return None


def may_be_reversed(o: Money, short: list[ShortLine]) -> bool:
    """Whether the write-offs come off whole in these books, are of known days, and the payment may be posted then."""
    once = {c.id: c for found in short for c in found.line.credits if c.reason == "write_off"}
    if EffectKind.VOID_CREDIT not in o.e.able or any(c.shared or c.dated is None for c in once.values()):
        return False
    if any(worth(c for c in once.values() if c.credit_memo_id == memo.credit_memo_id) != memo.of_minor for memo in once.values()):
        return False
    lines = []
    for line in o.e.lines:
        more = worth(c for c in once.values() if c.invoice_id == line.invoice_id)
        if isinstance(line.invoice, Invoice) and more:
            reopened = replace(line.invoice, open_minor=line.invoice.open_minor + more, status=InvoiceStatus.OPEN)
            lines.append(replace(line, invoice=reopened))
        else:
            lines.append(line)
    then = replace(o.e, lines=tuple(lines))
    return not in_the_way(then) - {"unread"} and not then.twins


def _memo_is_closed(o: Money, c: CreditApplication) -> bool:
    through = o.e.settings.closed_through
    return through is not None and c.dated is not None and c.dated <= through


def _unless_kept(o: Money, off: list[CreditApplication]) -> list[CreditApplication]:
    """Nothing, where one of them is shared or in a closed period."""
    return [] if any(c.shared or is_closed(o, c) for c in off) else off


def is_closed(o: Money, c: CreditApplication) -> bool:
    through = o.e.settings.closed_through
    return through is not None and o.day(c.applied.at) <= through


def short_line(o: Money, line: LineEvidence, invoice: Invoice, same: list[LineEvidence], wanted: int, ours: int) -> ShortLine:
    once = {c.id: c for twin in same for c in twin.credits if c.invoice_id == invoice.id and c.amount_minor > 0}
    later = [c for c in once.values() if c.applied.at > o.paid_at]
    return ShortLine(line, wanted - invoice.open_minor, list(once.values()), later, ours)
