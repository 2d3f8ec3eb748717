"""What is said of a diagnosis, a cause or an incident when it is shown, in the words of the cause's own file."""

from __future__ import annotations

from datetime import datetime

from receivables.diagnosis import Cause, Diagnosis
from receivables.evidence import Evidence
from receivables.words import Words, capitalized
from rules.catalogue import CAUSES
from rules.kinds import KINDS, fact_sentence


def title(cause: Cause) -> str:
    """The cause in a few words, as cards and lists name it."""
    return CAUSES[cause].title


def why(diagnosis: Diagnosis, words: Words) -> str:
    """Why the payment failed, in a few words that name the document: the end of its card's title."""
    described = CAUSES[diagnosis.primary.cause]
    return described.title if diagnosis.said or described.why is None else described.why(diagnosis, words)


def sentence(diagnosis: Diagnosis | None, words: Words, *, unread_since: datetime | None = None) -> str:
    """What happened, in one or two sentences; the one stored by version 0.1.0 as it stands. Never empty.

    With `unread_since` it is as of that moment, because the books could not be read to the end since.
    """
    if diagnosis is None:
        said = "Not diagnosed yet; the next sync reads the books."
    else:
        to_do = "" if diagnosis.said else CAUSES[diagnosis.primary.cause].to_do(diagnosis, words)
        said = " ".join(filter(None, (happened(diagnosis, words), to_do)))
        account = "" if diagnosis.said else _account_takes_no_rest(diagnosis, words)
        said = f"{said} {account}" if account else said
    if unread_since is None:
        return said
    return f"{said} As of {words.moment(unread_since)}; the books could not be read to the end since."


def happened(diagnosis: Diagnosis, words: Words) -> str:
    """The same without what to do about it, which no longer holds once somebody decided."""
    return diagnosis.said or CAUSES[diagnosis.primary.cause].sentence(diagnosis, words)


def _account_takes_no_rest(diagnosis: Diagnosis, words: Words) -> str:
    facts = diagnosis.primary.facts("account_takes_no_rest")
    return " ".join(capitalized(fact_sentence(fact, words)) for fact in facts)


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


def was_recorded(cause: Cause) -> bool:
    """Whether the payment was in the books before it failed: "failing to sync" would be wrong."""
    return CAUSES[cause].recorded


def stops_company(cause: Cause) -> bool:
    """Whether it stops a whole company instead of a payment: lost access, a pause, books that are away."""
    return CAUSES[cause].stops_company


def needs_reconnecting(cause: Cause) -> bool:
    """Whether it ends only when a person connects the company to its books again."""
    return CAUSES[cause].reconnect
