"""Says why a payment failed: facts in, diagnosis out, and nothing else. The same evidence always gives the same answer."""

from __future__ import annotations

from collections.abc import Iterable

from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding
from receivables.evidence import Evidence
from rules import fact_kinds, observations
from rules.cage import Cage, Match
from rules.catalogue import ENGINE_RULES, LAST_RESORT, RULES
from rules.offers import Offers
from rules.reading import Reading, read
from rules.rows import SCHEMA, rows_of
from rules.rule import Matched

_cage = Cage(SCHEMA, ENGINE_RULES)


def diagnose(evidence: Evidence) -> Diagnosis:
    """The cause, the recommended remedy, the runners-up and what was not checked. Pure.

    Raises `rules.EngineFailed` when the rules engine could not judge the facts; the next call gets a new engine.
    """
    reading = read(evidence)
    whole, partly = _findings(reading, _cage.run(rows_of(reading)))
    # A remedy that would fix only a part of the payment is never recommended: a person sees all the facts instead.
    offers = Offers(reading)
    primary, *runners_up = [offers.of(finding) for finding in whole or [_unidentified(reading)]]
    name = evidence.customer.name if evidence.customer is not None else ""
    return Diagnosis(
        primary,
        runners_up=(*runners_up, *map(offers.of, partly)),
        not_checked=_not_checked(primary, reading),
        payment=observations.the_payment(evidence.payment, name),
    )


def _findings(reading: Reading, matches: tuple[Match, ...]) -> tuple[list[Finding], list[Finding]]:
    """Those about the whole payment and those about a part, each cause once, in the order of the catalogue."""
    by_rule: dict[str, list[Match]] = {}
    for match in matches:
        by_rule.setdefault(match.rule, []).append(match)
    found = [rule.finding(reading, by_rule) for rule in RULES if rule.name in by_rule]
    whole = _each_cause_once(finding for finding, is_whole in found if is_whole)
    partly = _each_cause_once(finding for finding, is_whole in found if not is_whole)
    return list(whole.values()), [finding for cause, finding in partly.items() if cause not in whole]


def _each_cause_once(findings: Iterable[Finding]) -> dict[Cause, Finding]:
    first: dict[Cause, Finding] = {}
    for finding in findings:
        first.setdefault(finding.cause, finding)
    return first


def _unidentified(reading: Reading) -> Finding:
    return LAST_RESORT.conclude(reading, Matched(LAST_RESORT.cause, LAST_RESORT.name, (), Confidence.UNIDENTIFIED))


def _not_checked(finding: Finding, reading: Reading) -> tuple[Fact, ...]:
    """What the diagnosis could not look at, each once.

    Where receipts were not searched for is said only where another receipt would change the finding.
    """
    evidence = reading.evidence
    said = [fact_kinds.unread(what=name) for name in sorted(set(evidence.unread))]
    if finding.confidence is Confidence.CERTAIN or not reading.may_post:
        return tuple(said)
    said += [fact_kinds.unchecked(what=what) for what in sorted(set(evidence.not_checked))]
    since, through = evidence.searched_from, evidence.searched_through
    if since is not None and through is not None:
        said.append(fact_kinds.not_searched(since=since, through=through))
    return tuple(said)
