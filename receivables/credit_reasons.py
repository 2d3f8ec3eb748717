"""Why a credit memo was made, as far as its words tell: only a genuine credit may be taken off and become spendable again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class CreditReason(StrEnum):
    """What a credit memo is for. A memo without a sign of another reason is a genuine credit."""

    GENUINE = "genuine"
    WRITE_OFF = "write_off"
    REBILL = "rebill"
    TAX = "tax"


#: Where several took from an invoice, the one that decides what may be done.
GRAVEST_FIRST = (CreditReason.WRITE_OFF, CreditReason.REBILL, CreditReason.TAX, CreditReason.GENUINE)

#: The words that name a reason where a company configures none, in any case, spacing and punctuation.
DEFAULT_WORDS: Mapping[CreditReason, tuple[str, ...]] = MappingProxyType(
    {
        CreditReason.WRITE_OFF: ("write off", "writeoff", "written off", "bad debt", "uncollectible", "charge off"),
        CreditReason.REBILL: ("rebill", "re bill", "rebilled", "re billed", "credit and rebill", "reissue", "reissued"),
        CreditReason.TAX: ("sales tax", "tax correction", "tax adjustment", "tax exempt", "tax exemption", "use tax", "VAT"),
    }
)


BETWEEN_LINES = " · "


def reasons_of(lines: Iterable[str]) -> str:
    """What the lines of a credit memo are for, each once, as one text."""
    return BETWEEN_LINES.join(dict.fromkeys(filter(None, lines)))


@dataclass(frozen=True)
class CreditWords:
    """The words by which a company's items and reasons are known, for each reason but a genuine credit."""

    words: Mapping[CreditReason, tuple[str, ...]] = field(default_factory=lambda: DEFAULT_WORDS)

    def of_memo(self, reason: str, *texts: str) -> CreditReason:
        """What a memo is for by what its lines are for, and its other texts; a line of tax beside others corrects nothing."""
        found = self.reason_of((reason, *texts))
        if found is not CreditReason.TAX or self.reason_of(texts) is CreditReason.TAX:
            return found
        lines = {self.reason_of((line,)) for line in reason.split(BETWEEN_LINES)}
        return CreditReason.TAX if lines == {CreditReason.TAX} else CreditReason.GENUINE

    def reason_of(self, texts: Iterable[str]) -> CreditReason:
        """The reason that one of these texts names as whole words, the gravest."""
        said = [f" {_plain(text)} " for text in texts]
        for reason in GRAVEST_FIRST:
            if any(f" {_plain(word)} " in text for word in self.words.get(reason, ()) for text in said):
                return reason
        return CreditReason.GENUINE


def _plain(text: str) -> str:
    """Letters and digits only, in one case, with single spaces between."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " ")))
