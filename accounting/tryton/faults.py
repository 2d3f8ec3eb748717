"""What Tryton means when it refuses: one table from its English words to our refusals.

Tryton has no codes of its own: an error is a kind, kept as the vendor's code, and a sentence. Whatever is raised
inside Tryton undoes the whole call, so every fault means *not done*; a sentence nobody foresaw is `INVALID` and keeps
its words for the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from receivables.errors import AccessLost, BooksError, BooksRefused
from receivables.refusal import Refusal

#: (what the sentence or the warning's name contains, our word for it, words for people); the first that fits counts.
TABLE: tuple[tuple[str, Refusal, str], ...] = (
    ("external reference exists already", Refusal.DUPLICATE_REQUEST, "Tryton already has a statement with this reference."),
    ("don't exist", Refusal.DOCUMENT_GONE, "A document was deleted in Tryton since it was read."),
    (
        "statement_paid_cancelled_invoice_lines",
        Refusal.INVOICE_NOT_OPEN,
        "An invoice was paid or canceled in Tryton since it was read.",
    ),
    ("payment lines amount", Refusal.OVER_APPLICATION, "An invoice has a smaller open balance than the receipt would apply."),
    (
        "greater than the amount to pay",
        Refusal.OVER_APPLICATION,
        "An invoice has a smaller open balance than the receipt would apply.",
    ),
    ("payment lines on paid invoice", Refusal.INVOICE_NOT_OPEN, "The invoice is already paid."),
    ('field "related to"', Refusal.INVOICE_NOT_OPEN, "An invoice is not open in Tryton, or belongs to another customer."),
    ("already reconciled line", Refusal.STALE, "It was reconciled with something else since it was read."),
    ("reopen the period", Refusal.PERIOD_CLOSED, "The accounting period is closed in Tryton."),
    ("the period of move", Refusal.PERIOD_CLOSED, "The accounting period is closed in Tryton."),
    ("closed journal-period", Refusal.PERIOD_CLOSED, "The accounting period is closed in Tryton for this journal."),
    ("closed period", Refusal.PERIOD_CLOSED, "The accounting period is closed in Tryton."),
    ("reopen the fiscal year", Refusal.PERIOD_CLOSED, "The fiscal year is closed in Tryton."),
    ("create a period for the date", Refusal.PERIOD_CLOSED, "Tryton has no accounting period for this day."),
    ("fiscal year for the date", Refusal.PERIOD_CLOSED, "Tryton has no fiscal year for this day."),
    ("you can not call", Refusal.WRONG_STATE, "The document is no longer in a state in which this can be done."),
    (
        "not allowed to",
        Refusal.ACCESS_LOST,
        "Our user in Tryton is not allowed to do this. Give it the groups that the setup names.",
    ),
)


def raised(method: str, error: object) -> BooksError:
    """The error member of an answer as what to raise. Never a warning that is passed over: a person set it there."""
    kind, words = _parts(error)
    if kind == "ConcurrencyException":
        refusal, message = Refusal.STALE, "A document was changed in Tryton since it was read."
    else:
        refusal, message = _meaning(kind, words.casefold())
    if refusal is Refusal.ACCESS_LOST:
        return AccessLost(f"{message} It was {method}.")
    return BooksRefused(message, refusal, kind, f"{method}: {kind}: {words}"[:1000])


def _meaning(kind: str, text: str) -> tuple[Refusal, str]:
    for contained, refusal, message in TABLE:
        if contained in text:
            return refusal, message
    if kind == "UserWarning" and "draft" in text:
        message = "A draft statement in Tryton names an invoice that this receipt pays. Post or delete that draft first."
        return Refusal.DRAFT_IN_THE_WAY, message
    if kind == "UserWarning":
        return Refusal.INVALID, "Tryton asks a person to confirm this, so it was not done."
    return Refusal.INVALID, "Tryton did not accept this."


def _parts(error: object) -> tuple[str, str]:
    """(kind, all words): `["UserError", [message, description, domain]]`, or, for other errors, text and traceback."""
    if not isinstance(error, Sequence) or isinstance(error, str) or not error:
        return "Error", str(error)
    kind, rest = str(error[0]), error[1] if len(error) > 1 else ""
    if isinstance(rest, Sequence) and not isinstance(rest, str):
        return kind, " | ".join(word for word in rest if isinstance(word, str))
    return kind, str(rest) if kind in {"UserError", "UserWarning", "ConcurrencyException"} else kind
