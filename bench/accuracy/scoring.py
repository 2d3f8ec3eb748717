"""What the diagnoses are worth against the truth: precision of *certain*, its coverage, recall, and what would move money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt

from bench.accuracy.histories import Truth
from receivables.diagnosis import Cause, Confidence, Diagnosis, Remedy

#: Everything but what only tells somebody, or asks the books again.
MOVES_MONEY = frozenset(Remedy) - {
    Remedy.ACCEPT_CORRECTION,
    Remedy.RETRY,
    Remedy.WAIT,
    Remedy.RECONNECT,
    Remedy.ESCALATE,
}
PRECISION_AT_LEAST, COVERAGE_AT_LEAST, RECALL_AT_LEAST = 0.995, 0.80, 0.97
OF_EACH_AT_LEAST = 1_000  # in the full measurement
FALSE_HOLDS_AT_MOST = 0.001  # of healthy payments
NINETY_FIVE_PER_CENT = 1.959964  # of a normal distribution, both sides


@dataclass(frozen=True)
class Judged:
    """One history: the truth, and what the product said of it (None: it posted the payment).

    `taken_back` are the receipts that it would void, or whose return it would record.
    """

    truth: Truth
    said: Diagnosis | None
    taken_back: frozenset[str] = frozenset()

    @property
    def cause(self) -> Cause | None:
        return self.said.primary.cause if self.said else None

    @property
    def certain(self) -> bool:
        return self.said is not None and self.said.primary.confidence is Confidence.CERTAIN

    @property
    def right(self) -> bool:
        """The cause, the remedy, and every document that the remedy would touch."""
        if self.said is None:
            return self.truth.may_post
        if self.cause not in self.truth.causes or self.said.primary.remedy not in self.truth.remedies:
            return False
        return not self.documents or self.documents == self.truth.documents

    @property
    def documents(self) -> frozenset[str]:
        if self.said is None:
            return frozenset()
        primary = self.said.primary
        match primary.remedy:
            case Remedy.UNAPPLY_CREDIT_MEMO:
                return frozenset(primary.applications)
            case Remedy.RECREATE_RECEIPT:
                return frozenset(invoice for _, invoice in primary.successors)
            case Remedy.DISMISS:
                return frozenset(receipt for receipt, _ in primary.proof)
            case Remedy.RECORD_RETURN | Remedy.VOID_RECEIPT:
                return self.taken_back
            case _:
                return frozenset()


@dataclass
class Score:
    """The figures of many histories."""

    judged: list[Judged] = field(default_factory=list)

    @property
    def certain(self) -> list[Judged]:
        return [history for history in self.judged if history.certain]

    @property
    def precision(self) -> tuple[int, int]:
        return sum(history.right for history in self.certain), len(self.certain)

    @property
    def coverage(self) -> tuple[int, int]:
        decidable = [
            history
            for history in self.judged
            if history.truth.decidable and not (history.said is None and history.truth.may_post)
        ]
        return sum(history.certain and history.right for history in decidable), len(decidable)

    @property
    def wrong_and_moving(self) -> list[Judged]:
        """A confident answer that would send money the wrong way."""
        return [
            history
            for history in self.certain
            if not history.right and history.said and history.said.primary.remedy in MOVES_MONEY
        ]

    @property
    def doubled(self) -> list[Judged]:
        """Posted although the money is in the books by other hands."""
        return [played for played in self.judged if played.truth.there and played.said is None]

    @property
    def false_holds(self) -> tuple[int, int]:
        """Healthy payments that were not posted, of all healthy ones."""
        healthy = [played for played in self.judged if played.truth.healthy]
        return sum(played.said is not None for played in healthy), len(healthy)

    @property
    def seconds(self) -> tuple[int, int]:
        """Second payments that were said to be certain, of all second payments."""
        second = [played for played in self.judged if played.truth.second]
        return sum(played.certain for played in second), len(second)

    def recall(self) -> dict[Cause, tuple[int, int]]:
        """Of the decidable histories of each cause, how many were named so."""
        found: dict[Cause, tuple[int, int]] = {}
        for history in self.judged:
            if history.truth.decidable and not (history.said is None and history.truth.may_post):
                right = history.truth.causes  # of several that are right alike, the one that was said
                cause = history.cause if history.cause in right else min(right)
                hit, all_ = found.get(cause, (0, 0))
                found[cause] = (hit + (history.cause is cause), all_ + 1)
        return dict(sorted(found.items()))

    def confusion(self) -> list[tuple[str, str, str, int]]:
        """(kind, cause said, confidence, count), the wrong ones first."""
        counted = Counter(
            (
                history.truth.kind,
                history.cause.value if history.cause else "posted",
                history.said.primary.confidence.value if history.said else "",
                history.right,
            )
            for history in self.judged
        )
        rows = sorted(counted.items(), key=lambda item: (item[0][3], item[0][0], -item[1]))
        return [(kind, f"{said}{'' if right else '  (wrong)'}", sure, count) for (kind, said, sure, right), count in rows]

    def shortcomings(self, *, of_each_at_least: int = 0) -> list[str]:
        """What is not reached, in words; nothing where all is."""
        found = []
        right, certain = self.precision
        if certain and lower_bound(right, certain) < PRECISION_AT_LEAST:
            bound = lower_bound(right, certain)
            found.append(f"precision of certain: {right} of {certain}, lower bound {bound:.4f} under {PRECISION_AT_LEAST}")
        covered, decidable = self.coverage
        if covered < COVERAGE_AT_LEAST * decidable:
            found.append(f"certain on {covered} of {decidable} decidable, under {COVERAGE_AT_LEAST:.0%}")
        for cause, (hit, all_) in self.recall().items():
            if hit < RECALL_AT_LEAST * all_:
                found.append(f"recall of {cause}: {hit} of {all_}, under {RECALL_AT_LEAST:.0%}")
            if all_ < of_each_at_least:
                found.append(f"only {all_} histories of {cause}, under {of_each_at_least}")
        held, healthy = self.false_holds
        if held > FALSE_HOLDS_AT_MOST * healthy:
            found.append(f"{held} of {healthy} healthy payments were held, over {FALSE_HOLDS_AT_MOST:.1%}")
        if self.seconds[0]:
            found.append(f"{self.seconds[0]} second payments were certain to be the first")
        if self.doubled:
            found.append(f"{len(self.doubled)} payments were posted beside a receipt that is their money")
        if self.wrong_and_moving:
            found.append(f"{len(self.wrong_and_moving)} wrong answers were certain and would move money")
        return found


def lower_bound(hits: int, of: int) -> float:
    """The lower end of Wilson's 95 % interval for a share (E. B. Wilson, 1927)."""
    if not of:
        return 0.0
    z, share = NINETY_FIVE_PER_CENT, hits / of
    middle = share + z * z / (2 * of)
    return (middle - z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))) / (1 + z * z / of)


def together(parts: Iterable[Sequence[Judged]]) -> Score:
    return Score([history for part in parts for history in part])
