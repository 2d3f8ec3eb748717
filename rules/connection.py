"""Causes that lie between us and the books: an answer that never came, lost access, a pause they asked for.

The last three concern a whole company: the sync pauses it as one thing to be told, no payment fails for them and none
counts in the failure rate. `paused` says what is told then; the rules are for a payment whose refusal says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import Refused
from rules import observations
from rules.patterns import a, neither, no
from rules.phrases import day, plain
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule

#: What is told about a company whose books cannot be asked, and what helps.
PAUSES: Mapping[Cause, tuple[Remedy, str]] = {
    Cause.ACCESS_LOST: (
        Remedy.RECONNECT,
        "The books no longer let us in. A person must connect the company to its books again; until then nothing is posted "
        "and nothing is lost.",
    ),
    Cause.THROTTLED: (
        Remedy.WAIT,
        "The books take no more calls from us for a while. We wait as long as they ask and go on by ourselves.",
    ),
    Cause.BOOKS_UNAVAILABLE: (
        Remedy.WAIT,
        "The books cannot be reached. We try again by ourselves; nothing is posted until they answer.",
    ),
}


@rule(Cause.OUTCOME_UNKNOWN, when=(a("part", unanswered=True),))
def outcome_unknown(reading: Reading, matched: Matched) -> Conclusion:
    """A receipt was sent to the books and nobody knows yet whether it was recorded.

    Shows as: a payment on its way, without an answer.
    Happens when: the connection broke or timed out after the receipt was sent.
    Remedy: wait; the books are read until they answer. Nobody can hurry this, because posting again may double it.
    Prevention: none is needed; the books are asked before anything is ever sent a second time.
    Not to be confused with: a receipt that was found after all (then whatever is wrong with it counts), or two
    that were found for a part already left to a person (receipt_doubled).
    """
    because = tuple(fact for place in matched.places("part") for fact in observations.part(reading, reading.parts[place]))
    return Conclusion(Remedy.WAIT, because=because + observations.our_receipts(reading))


def _pause(reading: Reading, cause: Cause) -> Conclusion:
    return Conclusion(PAUSES[cause][0], (Remedy.RETRY, Remedy.DISMISS), observations.refusal(reading))


@rule(Cause.ACCESS_LOST, when=(a("payment", unposted=True, refusal="access_lost"),), certain=None)
def access_lost(reading: Reading, matched: Matched) -> Conclusion:
    """The books no longer let us in, so nothing can be read or posted for the company.

    Shows as: one notice for the company, whose sync pauses; its payments wait and none of them fails.
    Happens when: the connection was revoked, the administrator who made it left, or a subscription ended.
    Remedy: reconnect the company to its books; the next sync posts what waited.
    Prevention: connect with an account that stays when people leave, and renew before the connection expires.
    Not to be confused with: books that cannot be reached for a while and come back by themselves.
    """
    del matched
    return _pause(reading, Cause.ACCESS_LOST)


@rule(
    Cause.ACCESS_LOST,
    when=(a("payment", unposted=True, refusal="permission_missing"),),
    certain=(a("customer", active=True, merged=False), no("line", flaw=neither("fits"))),
)
def permission_missing(reading: Reading, matched: Matched) -> Conclusion:
    """The books let us in, but not the person who connected us record a receipt.

    Shows as: payments that fit are refused, each with the same words.
    Happens when: that person's rights were reduced, or the company's plan with the package has no such feature.
    Remedy: give the rights back, or reconnect with an account that has them; then retry.
    Prevention: connect with an account of its own that may record receipts, and leave its rights alone.
    Not to be confused with: access that is lost altogether; then nothing can be read either.
    """
    del matched
    return Conclusion(Remedy.RECONNECT, (Remedy.RETRY, Remedy.DISMISS), observations.refusal(reading))


@rule(Cause.THROTTLED, when=(a("payment", unposted=True, refusal="throttled"),), certain=None)
def throttled(reading: Reading, matched: Matched) -> Conclusion:
    """The books allow no more calls for a while.

    Shows as: one notice for the company; its payments wait a minute, or until tomorrow where a daily limit is used up.
    Happens when: we, or other programs on the same books, called more often than the package allows.
    Remedy: wait; we go on by ourselves as soon as the books allow it.
    Prevention: let the sync run less often, or see which other program uses up the calls.
    Not to be confused with: lost access, for which a person must do something.
    """
    del matched
    return _pause(reading, Cause.THROTTLED)


@rule(Cause.BOOKS_UNAVAILABLE, when=(a("payment", unposted=True, refusal="books_unavailable"),), certain=None)
def books_unavailable(reading: Reading, matched: Matched) -> Conclusion:
    """The books cannot be reached.

    Shows as: one notice for the company; its payments wait and are posted by a later sync.
    Happens when: the package or the network is down, or the books are locked for maintenance.
    Remedy: wait; every sync tries again.
    Prevention: none from our side; look at the package's own status page when it lasts.
    Not to be confused with: a receipt that was sent and not answered (outcome_unknown).
    """
    del matched
    return _pause(reading, Cause.BOOKS_UNAVAILABLE)


def paused(problem: Refused) -> Diagnosis:
    """The diagnosis of a company whose books cannot be asked. `problem.code` is one of the three causes in `PAUSES`.

    Raises ValueError for any other code: whatever else is wrong belongs to a payment. Pure; no rule is asked, because
    there is one fact and it says its own name.
    """
    cause = Cause(problem.code) if problem.code in PAUSES else None
    if cause is None:
        raise ValueError(f"{problem.code!r} does not stop a company")
    remedy, sentence = PAUSES[cause]
    fact = Fact(cause.value, "the books", f"Since {day(problem.at)}: {plain(problem.message)}", at=problem.at)
    finding = Finding(cause, cause.value, remedy, Confidence.CERTAIN, because=(fact,))
    return Diagnosis(finding, sentence, not_checked=("everything in these books, until they answer",))
