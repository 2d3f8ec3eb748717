"""The words by which a company's credit memos tell what they are for, as its configuration gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from app.settings_messages import nearest
from receivables.credit_reasons import DEFAULT_WORDS, CreditReason, CreditWords


def _reason(name: str) -> str:
    known = [reason for reason in CreditReason if reason is not CreditReason.GENUINE]
    if name not in known:
        raise ValueError(f"{name!r} is not a reason. {nearest(name, known)}")
    return name


Word = Annotated[str, StringConstraints(pattern=r"\w", max_length=100)]
CreditReasons = dict[Annotated[str, AfterValidator(_reason)], Annotated[tuple[Word, ...], Field(strict=False)]]


def words_of(given: Mapping[str, tuple[str, ...]]) -> CreditWords:
    """A reason that is given replaces the words that it has by default."""
    return CreditWords({**DEFAULT_WORDS, **{CreditReason(name): words for name, words in given.items()}})
