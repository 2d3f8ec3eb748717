"""What a remedy is planned from and what a plan says: the case, the plan, and the receipts both of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import rules
from receivables.books_records import CreditMemo, Receipt
from receivables.diagnosis import Diagnosis
from receivables.effects import EffectKind, Facts, Write, effect_key, marker
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.payment import Bucket, PaymentState
from receivables.twins import Settled
from storage.decisions import StoredDecision
from storage.effects import PlannedEffect, StoredEffect, next_generation, recorded
from storage.payments import StoredPayment
from sync import resting
from sync.desk import Desk
from sync.posting import receipt_effect

#: How the marker begins of what makes no document of its own in the books; it is followed by the beginning of the key.
_MARKS = {EffectKind.APPLY_RECEIPT: "ra", EffectKind.UNAPPLY_CREDIT: "ru", EffectKind.VOID_CREDIT: "rv"}


@dataclass(frozen=True)
class Plan:
    """What a decision leads to. `bindings` are (line, invoice id, customer id); no effects means it is done at once."""

    state: PaymentState
    bucket: Bucket
    words: str
    effects: tuple[PlannedEffect, ...] = ()
    bindings: tuple[tuple[int, str, str], ...] = ()
    proofs: tuple[rules.ProofOf, ...] = ()
    superseded: tuple[StoredEffect, ...] = ()
    other_money: tuple[Receipt, str] | None = None  # a receipt that is other money, and its cash reference
    twin: tuple[Settled, str] | None = None  # what is said of it as a twin, and of which other payment ("" is all)
    spellings: tuple[rules.Spelling, ...] = ()  # what a person's choice says that a name or a number means
    on_account_minor: int | None = None
    resolution: str = ""
    excluded_by: str | None = None  # the rule by which it is out of the journey from now on
    aside_until: datetime | None = None  # the card is set aside until then, or until the feed says more
    confirmed: bool = False  # a person says that what the feed says now is so


@dataclass(frozen=True)
class Case:
    """Everything a remedy is planned from."""

    desk: Desk
    decision: StoredDecision
    stored: StoredPayment
    diagnosis: Diagnosis
    evidence: Evidence
    chain: Sequence[StoredEffect]
    memos: Mapping[str, CreditMemo]

    @property
    def generation(self) -> int:
        """The next one, above that of unattended posting. Raises CannotBeDone while an earlier write of it may have left."""
        generation = next_generation(self.chain, self.stored.generation + 1)
        if generation is None:
            raise CannotBeDone("Nobody knows yet whether this payment is in the books; they are read until they answer.")
        return generation

    def effect(self, write: Write, what: str, expects: Mapping[str, Facts], *, part: int = 1) -> PlannedEffect:
        """The intent of one write of this decision that rests on these facts. `what` tells it from its siblings."""
        company, number, generation = self.desk.company.id, self.stored.number, self.generation
        key = effect_key(company, number, what, generation)
        short = _MARKS.get(write.kind)
        return PlannedEffect(
            id=self.desk.ids.new(),
            company=company,
            transaction_number=number,
            part=part,
            generation=generation,
            key=key,
            marker=f"{short}-{key[:16]}" if short else marker(company, number, part, generation),
            write=write,
            expects={**expects, **resting.feed(self.stored.payment)},
            attended=True,
            facts_read_at=self.evidence.taken_at,
            decision_id=self.decision.id,
        )


def receipt_steps(case: Case, evidence: Evidence, lines: Sequence[tuple[str, int]], *, after: str | None) -> list[PlannedEffect]:
    if evidence.customer is None:
        raise CannotBeDone("It is not certain which customer in the books this payment is from.")
    steps: list[PlannedEffect] = []
    for part in case.desk.books.parts(case.stored.payment, lines, case.desk.company, evidence.customer.id):
        steps.append(
            receipt_effect(
                case.desk,
                part,
                case.generation,
                evidence,
                decision_id=case.decision.id,
                after_id=steps[-1].id if steps else after,
            )
        )
    return steps


def gone(case: Case) -> tuple[StoredEffect, ...]:
    return gone_receipts(case.evidence, case.chain)


def gone_receipts(evidence: Evidence, chain: Sequence[StoredEffect]) -> tuple[StoredEffect, ...]:
    """Our own receipts that the books say are gone: their effects end superseded."""
    gone = {part.document_id for part in evidence.posted if part.receipt is not None and part.living is None}
    return tuple(effect for effect in recorded(chain) if effect.document_id in gone)
