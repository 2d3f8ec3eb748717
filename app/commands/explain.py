"""The command `explain`: the facts about a failed payment, the rules that fired, and those that nearly did.

It uses the evidence as it was last read; the books are not read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.payments import AsJson, CompanyId, Transaction
from app.output import print_json, print_line
from receivables.errors import NotFound
from receivables.evidence import Evidence
from receivables.words import Words, listed, plain

if TYPE_CHECKING:
    from rules import Condition, Explanation, RuleExplained
    from storage.failures import StoredFailure
    from sync.desk import Desk

_NOT_ABSENT = "what was not read is not taken for absent, and no rule is certain beside it."


def explain_payment(
    context: typer.Context,
    transaction: Transaction,
    company: CompanyId = None,
    every: Annotated[bool, typer.Option("--all", help="Show every rule, including those far from firing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Explain a diagnosis: the facts, the rules that fired, and the rules that nearly fired with what they lack."""
    from app.wiring import open_house
    from bot.called import called_failure
    from rules import explain

    desk = open_house(context.obj).desk_of(transaction, company)
    found, evidence = _last_evidence(desk, transaction)
    found = called_failure(found, desk.company, desk.people)
    explained = explain(evidence)
    if as_json:
        print_json(_as_json(desk, found, evidence, explained))
        return
    for line in _lines(found, evidence, explained, desk.company.words, every=every):
        print_line(line)


def _last_evidence(desk: Desk, transaction: str) -> tuple[StoredFailure, Evidence]:
    """The newest failure of the payment for which something was read. Raises NotFound with what to do, and NotReadable."""
    from storage import failures, kept_evidence

    with desk.db.read() as connection:
        of_payment = failures.of_payment(connection, desk.company.id, transaction)
        read = [failure for failure in of_payment if failure.about == "payment" and failure.evidence_id]
        if read:
            return read[-1], kept_evidence.get(connection, desk.company.id, read[-1].evidence_id or "")
    why = "Nothing was read about it yet; `resolve-now sync` reads the books." if of_payment else "It never failed."
    raise NotFound(f"There is nothing to explain about payment {transaction}. {why}")


def _as_json(desk: Desk, found: StoredFailure, evidence: Evidence, explained: Explanation) -> dict[str, Any]:
    from rules import not_checked

    primary = found.diagnosis.primary if found.diagnosis else None
    return {
        "transaction": found.transaction_number,
        "company": desk.company.id,
        "state": found.state,
        "cause": found.cause,
        "rule": primary.rule if primary else None,
        "confidence": primary.confidence if primary else None,
        "sentence": _conclusion(found, desk.company.words) if found.diagnosis else None,
        "unread": evidence.unread,
        "not_checked": not_checked(found.diagnosis, desk.company.words) if found.diagnosis else (),
        "read_at": evidence.taken_at,
        "facts": dict(explained.facts),
        "rules": [asdict(rule) for rule in explained.rules],
    }


def _lines(found: StoredFailure, evidence: Evidence, explained: Explanation, words: Words, *, every: bool) -> Iterator[str]:
    from rules import not_checked

    yield f"Payment {found.transaction_number}, as read on {words.moment(evidence.taken_at)}"
    if found.diagnosis is not None:
        primary = found.diagnosis.primary
        yield f"{primary.cause} ({primary.confidence}, by {primary.rule}): {_conclusion(found, words)}"
    if evidence.unread:
        yield f"The books did not give {listed([f'“{plain(what)}”' for what in evidence.unread])}; {_NOT_ABSENT}"
    if found.diagnosis is not None:
        yield from (f"Not checked: {what}." for what in not_checked(found.diagnosis, words))
    yield ""
    yield "Facts"
    for fact, fields in explained.facts:
        yield f"  {fact}: " + ", ".join(f"{name} {value!r}" for name, value in fields.items())
    yield ""
    yield "Rules that fired"
    yield from _rules(explained.fired, "none: no rule explains this payment")
    yield ""
    yield "Rules that nearly fired"
    yield from _rules(explained.nearly, "none")
    if every:
        yield ""
        yield "All other rules"
        yield from _rules(tuple(rule for rule in explained.rules if not rule.fired and not rule.nearly), "none")


def _conclusion(found: StoredFailure, words: Words) -> str:
    from rules import sentence

    return sentence(found.diagnosis, words, unread_since=found.unread_since)


def _rules(shown: tuple[RuleExplained, ...], otherwise: str) -> Iterator[str]:
    if not shown:
        yield f"  {otherwise}"
    for rule in shown:
        about = "the whole payment" if rule.is_whole else "a part of the payment"
        surely = "certain" if rule.is_certain else "likely"
        yield f"  {rule.rule} ({rule.cause})" + (f": about {about}, {surely}" if rule.fired else "")
        yield f"    {rule.summary}"
        yield from (f"      {_said(condition)}" for condition in rule.when)
        if rule.fired and rule.whole:
            yield "    to apply to the whole payment"
            yield from (f"      {_said(condition)}" for condition in rule.whole)
        if rule.is_whole:
            yield "    to be certain" + (": never; a person must look" if rule.certain is None else "")
            yield from (f"      {_said(condition)}" for condition in rule.certain or ())


def _said(condition: Condition) -> str:
    """One condition, whether it holds, and the facts it holds or fails by."""
    by = f" [{', '.join(condition.facts)}]" if condition.facts else ""
    but = f", but {' and '.join(condition.lacking)}" if condition.lacking else ""
    return f"{'yes' if condition.held else 'no '}  {condition.text}{but}{by}"
