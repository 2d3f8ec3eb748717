"""What `resolve-now doctor` finds: each check with its verdict, a sentence, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    WORKS = "works"
    WARNING = "warning"
    BROKEN = "broken"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True)
class Finding:
    """One check. `company` is "" for the installation itself; `remedy` is "" when none is needed."""

    company: str
    check: str
    verdict: Verdict
    text: str
    remedy: str = ""
