"""The page about all causes for the finance team, made of what each rule says about itself.

`docs/causes.py` writes it to `docs/causes.md`; a test asks that the file is what would be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from receivables.diagnosis import Cause
from rules import matching
from rules.catalogue import RULES, RuleDocumentation, documentation
from rules.connection import PAUSES
from rules.matching import WEIGHTS, Signal
from rules.phrases import capitalised

OPENING = """\
# Causes

For the finance team: why a payment may not be in the books as it should, what you see then, what we do, and how to keep it
from happening again. The causes stand in the order in which they take precedence where several fit.

*Certain* means that the facts leave no other explanation. *Likely* means that a person should look before deciding; the card
says what was not checked. Where nothing explains the whole payment the cause is *not identified*, and all facts are shown.
`resolve-now explain TRANSACTION` shows for one payment which rules fired, which nearly did, and what they lack.
"""
POINTS = """\
## How a receipt entered by hand is recognised

A receipt of the payment's customer and currency, without our mark and not yet the proof of another payment, gets points for
what agrees. From {certain} points it is certain, if nothing competes with it; from {likely} likely; from {possible} it is
shown as possible.

{receipts}
An invoice that may have taken the place of a deleted or voided one is judged in the same way: from {sure} points it is
certain, if it is the only one; from {candidate} it is a candidate. One of the same number comes before all others.

{successors}"""
PARTS = (
    ("What you see", "shows_as"),
    ("Why it happens", "happens_when"),
    ("What we do", "remedy"),
    ("How to prevent it", "prevention"),
    ("Not to be confused with", "not_to_be_confused_with"),
)
FIRST_OF_SUCCESSORS = Signal.NUMBER_EQUAL


def page(titles: Mapping[Cause, str]) -> str:
    """The page in Markdown. `titles` are the words for each cause on a card, which are the headings here."""
    by_cause: dict[Cause, list[RuleDocumentation]] = {}
    for one in documentation():
        by_cause.setdefault(one.cause, []).append(one)
    sections = [_section(titles[cause], cause, rules, titles) for cause, rules in by_cause.items()]
    return "\n".join([OPENING, *sections, _points()]).rstrip() + "\n"


def _section(title: str, cause: Cause, rules: Iterable[RuleDocumentation], titles: Mapping[Cause, str]) -> str:
    lines = [f"## {title}", "", f"`{cause}`", ""]
    for one in rules:
        lines += [f"**{one.summary}** {_how_sure(one.name)}".rstrip(), ""]
        for heading, part in PARTS:
            said: str = getattr(one, part)
            lines.append(f"* *{heading}:* {_linked(capitalised(said), titles)}")
        lines.append("")
    return "\n".join(lines)


def _how_sure(name: str) -> str:
    never = [rule.name for rule in RULES if rule.certain is None and rule.cause not in PAUSES]
    return "(Never more than likely.)" if name in never else ""


def _linked(text: str, titles: Mapping[Cause, str]) -> str:
    """The id of another cause in a text becomes its title, as a link to its section."""

    def link(found: re.Match[str]) -> str:
        title = titles[Cause(found[0])]
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        return f"[{title}](#{anchor})"

    return re.sub("|".join(rf"\b{cause}\b" for cause in titles if "_" in cause), link, text)


def _points() -> str:
    signals = list(WEIGHTS)
    half = signals.index(FIRST_OF_SUCCESSORS)
    return POINTS.format(
        certain=matching.RECEIPT_CERTAIN,
        likely=matching.RECEIPT_LIKELY,
        possible=matching.RECEIPT_POSSIBLE,
        sure=matching.SUCCESSOR_CERTAIN,
        candidate=matching.SUCCESSOR_POSSIBLE,
        receipts=_table(signals[:half]),
        successors=_table(signals[half:]),
    )


def _table(signals: Iterable[Signal]) -> str:
    rows = "".join(f"| {signal} | {WEIGHTS[signal]:+} |\n" for signal in signals)
    return f"| what is so | points |\n| --- | ---: |\n{rows}"
