"""The books no longer let us in, or no longer let us record receipts."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.refusal import Refusal
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import CUSTOMER_READY, nothing_but, refused


@rule(
    Cause.ACCESS_LOST,
    when=(refused(Refusal.PERMISSION_MISSING),),
    certain=(CUSTOMER_READY, nothing_but(Flaw.FITS)),
)
def permission_missing(reading: Reading, matched: Matched) -> Finding:
    """The books let us in, but the person who connected us may not record a receipt.

    Shows as: payments that fit are refused, each with the same words.
    Happens when: that person's rights were reduced, or the company's plan with the package has no such feature.
    Remedy: give the rights back, or reconnect with an account that has them; then retry.
    Prevention: connect with an account of its own that may record receipts, and leave its rights alone.
    Not to be confused with: access that is lost altogether; then nothing can be read either.
    """
    return matched.finding(Remedy.RECONNECT, Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


@rule(Cause.ACCESS_LOST, when=(refused(Refusal.ACCESS_LOST),), certain=None)
def access_lost(reading: Reading, matched: Matched) -> Finding:
    """The books no longer let us in, so nothing can be read or posted for the company.

    Shows as: one notice for the company, whose sync pauses; its payments wait and none of them fails.
    Happens when: the connection was revoked, the administrator who made it left, or a subscription ended.
    Remedy: reconnect the company to its books; the next sync posts what waited.
    Prevention: connect with an account that stays when people leave, and renew before the connection expires.
    Not to be confused with: books that cannot be reached for a while and come back by themselves.
    """
    return matched.finding(Remedy.RECONNECT, Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule == "permission_missing":
        return f"{phrases.refused_it(diagnosis, words)} because the person who connected us may not record receipts."
    return "The connection to the books was lost. Until it is back, nothing is posted, and no payment is lost."


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule == "permission_missing":
        return "Give the rights back, or reconnect with an account that has them; then retry."
    return "Ask your administrator to connect the company to its books again."


CAUSE = CauseFile(
    Cause.ACCESS_LOST,
    title="Connection to the books lost",
    rules=(permission_missing, access_lost),
    sentence=sentence,
    to_do=to_do,
    incident="The connection to the books was lost. No payment is lost: they wait until the company is reconnected.",
    stops_company=True,
    reconnect=True,
)
