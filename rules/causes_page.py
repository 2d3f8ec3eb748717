"""The page about all causes for the finance team, made of what the file of each cause says about it.

`docs/causes.py` writes it to `docs/causes.md`; a test asks that the file is what would be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from receivables.diagnosis import Cause
from receivables.words import capitalized
from rules import matching
from rules.catalogue import CAUSES, EVERY, LAST_RESORT
from rules.cause_file import CauseFile
from rules.matching import WEIGHTS, Signal
from rules.rule import Rule

OPENING = """\
# Causes

For the finance team: why a payment may not be in the books as it should, what you see then, what we do, and how to keep it
from happening again. The causes come in the order in which they take precedence where several fit.

*Certain* means that the facts leave no other explanation. *Likely* means that a person should look before deciding; the card
says what was not checked. Where nothing explains the whole payment the cause is *not identified*, and all facts are shown.
`resolve-now explain TRANSACTION` shows for one payment which rules fired, which nearly did, and what they lack.
"""
POINTS = """\
## How a receipt entered by hand is recognized

Whoever enters a payment by hand writes its transaction number where they like: the receipt's number, reference, memo, lines
and deposit are all read, whatever the case, the separators and the leading zeros. A number of six or more characters makes
the receipt a candidate whatever its amount, customer and invoice; nothing is posted beside it. A shorter number may be that
of an invoice or a check: it counts beside the same amount, or beside the amount less a fee on the same customer.

A receipt of the same amount and currency, without our mark and not yet the proof of another payment, gets points for what
agrees. From {likely} points it is likely, from {possible} it is shown as possible. From {certain} points it is certain, if
it has the number, nothing competes with it, and neither its tender nor another number in its reference (check 8841) says
that it is other money. Amount, customer and invoice alone are never certain: the customer may have paid twice.

{receipts}
An invoice that may have taken the place of a deleted or voided one is judged in the same way: from {sure} points it is
certain, if it is the only one; from {candidate} it is a candidate. One of the same number comes before all others.

{successors}"""
#: The five headings in the words of a rule, and on the page.
HEADINGS = {
    "Shows as": "What you see",
    "Happens when": "Why it happens",
    "Remedy": "What we do",
    "Prevention": "How to prevent it",
    "Not to be confused with": "Not to be confused with",
}
FIRST_OF_SUCCESSORS = Signal.NUMBER_EQUAL


def documentation(rule: Rule) -> dict[str, str]:
    """A rule's own words by heading, in their order. Raises ValueError where one is missing."""
    said, parts = " ".join(rule.explained.split()), dict.fromkeys(HEADINGS, "")
    for heading in reversed(HEADINGS):
        said, _, part = said.partition(f"{heading}: ")
        if not part.strip():
            raise ValueError(f"rule {rule.name} does not say: {heading}")
        parts[heading] = part.strip()
    return parts


def page() -> str:
    """The page in Markdown, under the titles that the cards use."""
    by_cause: dict[Cause, list[Rule]] = {}
    for rule in EVERY:
        by_cause.setdefault(rule.cause, []).append(rule)
    by_cause[LAST_RESORT.cause] = by_cause.pop(LAST_RESORT.cause)  # at the end, wherever a rule of it stands
    sections = [_section(CAUSES[cause], rules) for cause, rules in by_cause.items()]
    return "\n".join([OPENING, *sections, _points()]).rstrip() + "\n"


def _section(described: CauseFile, rules: Iterable[Rule]) -> str:
    lines = [f"## {described.title}", "", f"`{described.cause}`", ""]
    for rule in rules:
        never = rule.certain is None and not described.stops_company and rule.cause is not LAST_RESORT.cause
        lines += [f"**{rule.summary}**" + (" (Never more than likely.)" if never else ""), ""]
        for heading, said in documentation(rule).items():
            lines.append(f"* *{HEADINGS[heading]}:* {_linked(capitalized(said))}")
        lines.append("")
    return "\n".join(lines)


def _linked(text: str) -> str:
    """The id of another cause in a text becomes its title, as a link to its section."""

    def link(found: re.Match[str]) -> str:
        title = CAUSES[Cause(found[0])].title
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        return f"[{title}](#{anchor})"

    return re.sub("|".join(rf"\b{cause}\b" for cause in CAUSES if "_" in cause), link, text)


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
