"""What is said of a diagnosis, a cause or an incident when it is shown, in the words of the cause's own file."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis
from receivables.evidence import Evidence, Refused
from receivables.words import Words
from rules import pauses
from rules.catalogue import CAUSES
from rules.kinds import KINDS


def title(cause: Cause) -> str:
    """The cause in a few words, as cards and lists name it."""
    return CAUSES[cause].title


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    """What happened, in one or two sentences; the one stored by version 0.1.0 as it stands. Never empty."""
    return diagnosis.said or CAUSES[diagnosis.primary.cause].sentence(diagnosis, words)


def not_checked(diagnosis: Diagnosis, words: Words) -> tuple[str, ...]:
    """What the diagnosis could not look at, in words that follow a colon."""
    return tuple(fact.said or KINDS[fact.fact].sentence(fact, words) for fact in diagnosis.not_checked)


def root(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """What this failure has in common with others of its cause, or "" where it stands alone."""
    return CAUSES[diagnosis.primary.cause].root(diagnosis.primary, evidence)


def incident(cause: Cause, about: str, words: Words) -> str:
    """What many failures of one cause and one root have in common, and what to do about it outside."""
    described = CAUSES[cause]
    return (described.incident or f"{described.title}.").format(about=described.about(about, words))


def setting(cause: Cause, about: str, words: Words) -> str:
    """What to look at first where most failures share this root; "" where nothing is known of it."""
    described = CAUSES[cause]
    return described.setting.format(about=described.about(about, words))


def stops_company(cause: Cause) -> bool:
    """Whether it stops a whole company instead of a payment: lost access, a pause, books that are away."""
    return CAUSES[cause].pause is not None


def paused(refused: Refused) -> Diagnosis:
    """The diagnosis of a company whose books cannot be asked. Pure.

    Raises ValueError for a code that stops no company: whatever else is wrong belongs to a payment.
    """
    cause = Cause(refused.code) if refused.code in list(Cause) else None
    pause = CAUSES[cause].pause if cause else None
    if cause is None or pause is None:
        raise ValueError(f"{refused.code!r} does not stop a company")
    return pauses.of_company(cause, pause, refused)
