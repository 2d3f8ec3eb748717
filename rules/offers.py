"""Which remedies can be carried out on the evidence: what the plan would refuse is never offered. The one place that knows."""

from __future__ import annotations

from dataclasses import replace

from receivables.diagnosis import Fact, Finding, Remedy
from receivables.refusal import Refusal
from rules import no_rest
from rules.obstacles import NOBODY_DECIDES, InTheWay, in_the_way, obstacles
from rules.open_day import first_open_day
from rules.reading import Reading
from rules.situations import other_money

#: What is no reason against an offer: by the time somebody decides it was read, or the facts are others.
PASSING = frozenset({InTheWay.UNREAD})
#: Remedies that record a receipt on the payment's own day; in a closed month it is posted on the first open day instead.
RECORD = frozenset({Remedy.UNAPPLY_CREDIT_MEMO, Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT})
#: And those that leave on account what no invoice takes.
LEAVE_REST = frozenset({Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT, Remedy.POST_ON_OPEN_DAY})
#: Where the payment may be posted to another invoice than its own: whoever made that one does not decide alone.
POST_ANEW = (Remedy.RECREATE_RECEIPT, Remedy.POST_ON_OPEN_DAY, Remedy.APPLY_RECEIPT)
#: What the customer must be before ours is recorded or applied.
OF_CUSTOMER = frozenset({InTheWay.CUSTOMER_INACTIVE, InTheWay.CUSTOMER_CHANGED})
#: The books take nothing on the account of which they said this.
NO_ACCOUNT = frozenset({Refusal.ACCOUNT_INACTIVE, Refusal.REFERENCE_INACTIVE})
#: What each remedy that writes to the books leaves as it is there.
_UNCHANGED = {
    **dict.fromkeys((*RECORD, *POST_ANEW), "Not changed: bank, revenue, sales tax (accrual basis)."),
    Remedy.REVERSE_WRITE_OFF: "Not changed: bank, revenue, sales tax.",
    Remedy.VOID_RECEIPT: "Not changed: bank, revenue, sales tax (accrual basis).",
    Remedy.RECORD_RETURN: "Not changed: the receipt and its deposit, revenue, sales tax.",
    Remedy.DISMISS: "Nothing in the books is changed.",
}


def unchanged(remedy: Remedy) -> str:
    """What of the books it does not change, in a sentence; "" where that is not said."""
    return _UNCHANGED.get(remedy, "")


class Offers:
    """What may be offered on one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._in_the_way = in_the_way(reading) - PASSING
        self._living = any(part.live is not None for part in reading.parts)
        refusal = reading.evidence.refusal
        self._no_rest = no_rest.told(reading.evidence)
        self._no_account = refusal is not None and refusal.code in NO_ACCOUNT

    def possible(self, remedy: Remedy) -> bool:
        """Whether the plan of this remedy would not be refused."""
        if remedy is Remedy.APPLY_RECEIPT:
            return self._living and self._reading.paid and InTheWay.CUSTOMER_INACTIVE not in self._in_the_way
        if remedy is Remedy.KEEP_ON_ACCOUNT and self._living:
            return self._reading.paid
        if remedy in (*RECORD, Remedy.POST_ON_OPEN_DAY) and self._no_account:
            return False
        if remedy in LEAVE_REST and self._no_rest:
            return False
        if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
            return self._in_the_way <= {InTheWay.SHORT}
        if remedy in RECORD:
            return not self._in_the_way & NOBODY_DECIDES
        if remedy is Remedy.POST_ON_OPEN_DAY:
            others = self._in_the_way - {InTheWay.PERIOD_CLOSED}
            return first_open_day(self._reading.evidence) is not None and not others & NOBODY_DECIDES
        return True

    def of(self, finding: Finding) -> Finding:
        """The finding with what can be carried out, in the order in which it is recommended."""
        wanted = (finding.remedy, *finding.alternatives)
        offered = [remedy for remedy in map(self._instead, wanted) if self.possible(remedy)]
        if not offered or offered[0] is not self._instead(finding.remedy):
            again = finding.remedy is Remedy.POST_ON_OPEN_DAY or (finding.remedy in LEAVE_REST and bool(self._no_rest))
            otherwise = Remedy.RETRY if again else Remedy.ESCALATE
            offered = [otherwise, *self._other_money(), *offered]
        first, *others = dict.fromkeys(offered)
        because = finding.because
        if not all(self.possible(remedy) for remedy in wanted):  # what must change of the customer before it can be
            because = tuple(dict.fromkeys((*because, *self._of_customer(), *self._no_rest)))
        if (first, *others) == wanted and because is finding.because:
            return finding
        return replace(finding, remedy=first, alternatives=tuple(others), because=because)

    def _of_customer(self) -> tuple[Fact, ...]:
        if not self._in_the_way & OF_CUSTOMER:
            return ()
        return tuple(obstacle.fact for obstacle in obstacles(self._reading) if obstacle.code in OF_CUSTOMER)

    def _instead(self, remedy: Remedy) -> Remedy:
        """What a remedy becomes that the closed month alone would refuse, or alone that the customer was merged into another:
        a retry follows to the one that remains."""
        if remedy not in RECORD or self.possible(remedy):
            return remedy
        if self.possible(Remedy.POST_ON_OPEN_DAY):
            return Remedy.POST_ON_OPEN_DAY
        follows = self._reading.evidence.merged_into is not None and self._in_the_way & NOBODY_DECIDES == {
            InTheWay.CUSTOMER_CHANGED
        }
        return Remedy.RETRY if follows and remedy is Remedy.RECREATE_RECEIPT else remedy

    def _other_money(self) -> list[Remedy]:
        """What else may be said where a receipt entered by hand is in the way: that it is other money."""
        return [*other_money(self._reading, self._reading.suspects)] if InTheWay.RECEIPT_FOUND in self._in_the_way else []
