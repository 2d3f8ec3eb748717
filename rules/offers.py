"""Which remedies can be carried out on the evidence: what the plan would refuse is never offered. The one place that knows."""

from __future__ import annotations

from dataclasses import replace

from receivables.diagnosis import Finding, Remedy
from rules.obstacles import NOBODY_DECIDES, InTheWay, obstacles
from rules.reading import Reading

#: What is no reason against an offer: by the time somebody decides it was read, or the facts are others.
PASSING = frozenset({InTheWay.UNREAD})


class Offers:
    """What may be offered on one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._in_the_way = {obstacle.code for obstacle in obstacles(reading)} - PASSING

    def possible(self, remedy: Remedy) -> bool:
        """Whether the plan of this remedy would not be refused."""
        living = [part for part in self._reading.parts if part.live is not None]
        if remedy is Remedy.APPLY_RECEIPT:
            return bool(living) and self._reading.paid
        if remedy is Remedy.KEEP_ON_ACCOUNT and living:
            return self._reading.paid
        if remedy is Remedy.UNAPPLY_CREDIT_MEMO:
            return self._in_the_way <= {InTheWay.SHORT}
        if remedy in (Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT):
            return not self._in_the_way & NOBODY_DECIDES
        return True

    def of(self, finding: Finding) -> Finding:
        """The finding with what can be carried out. Where its own remedy cannot, a person looks into it."""
        others = [remedy for remedy in finding.alternatives if self.possible(remedy)]
        first = finding.remedy
        if not self.possible(first):
            may_be_other = self._reading.suspects and not self._reading.evidence.unread and not all(
                found.named for found in self._reading.suspects
            )  # fmt: skip
            if InTheWay.RECEIPT_FOUND in self._in_the_way and may_be_other:
                others.insert(0, Remedy.NOT_DUPLICATE)
            first = Remedy.ESCALATE
        return replace(finding, remedy=first, alternatives=tuple(dict.fromkeys(other for other in others if other is not first)))
