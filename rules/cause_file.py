"""What the file of a cause says: its title, its rules, its sentence, and the words for many payments with this cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from receivables.diagnosis import Cause, Diagnosis, Finding
from receivables.evidence import Evidence
from receivables.words import Words, plain
from rules.rule import Rule

ABOUT_AT_MOST = 200


def stands_alone(finding: Finding, evidence: Evidence) -> str:
    """A failure of this cause has nothing in common with others."""
    return ""


def nothing_to_do(diagnosis: Diagnosis, words: Words) -> str:
    """What happened says it all."""
    return ""


def about_as_it_is(about: str, words: Words) -> str:
    """A name or a message, without its full stop."""
    return plain(about, ABOUT_AT_MOST).rstrip(".")


@dataclass(frozen=True)
class CauseFile:
    """One cause. `sentence` says what happened to one payment, `to_do` what a person does about it, which no longer holds once
    somebody decided. `why` is the same in a few words, for the title of a card; without it that is the cause's own title.

    `root` says what a failure has in common with others of this cause ("" where it stands alone): many with one root are
    an incident, told by `incident`; where most failures of a company share it, `setting` names what to look at first. Both
    may name {about}, which is the root as `about` writes it.

    A cause that `stops_company` is told once, as the pause of a company: no payment fails for it and none counts in the
    failure rate. Its rules are for a payment whose refusal says so. Where `recorded`, the payment was in the books before:
    to say that it fails to sync would be wrong. Where `reconnect`, it ends only when a person connects the company again.
    """

    cause: Cause
    title: str
    rules: tuple[Rule, ...]
    sentence: Callable[[Diagnosis, Words], str]
    to_do: Callable[[Diagnosis, Words], str] = nothing_to_do
    why: Callable[[Diagnosis, Words], str] | None = None
    root: Callable[[Finding, Evidence], str] = stands_alone
    about: Callable[[str, Words], str] = about_as_it_is
    incident: str = ""
    setting: str = ""
    stops_company: bool = False
    reconnect: bool = False
    recorded: bool = False
