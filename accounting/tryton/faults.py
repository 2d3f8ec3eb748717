"""What Tryton says when it refuses, as the codes our rules know: one table, told apart by Tryton's English words.

Tryton has no codes of its own: an error is a kind and a sentence. Whatever is raised inside Tryton undoes the whole
call, so every fault means *not done*; a sentence nobody foresaw is "invalid" and keeps its words for the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from receivables.errors import AccessLost, BooksError, BooksRefused

OVER_APPLICATION = "over_application"
INVOICE_NOT_OPEN = "invoice_not_open"
DOCUMENT_GONE = "document_gone"
NOT_FOUND = "not_found"
PERIOD_CLOSED = "period_closed"
CUSTOMER_INACTIVE = "customer_inactive"
CUSTOMER_MISMATCH = "customer_mismatch"
CURRENCY_MISMATCH = "currency_mismatch"
ACCOUNT_INACTIVE = "account_inactive"
CREDIT_EXHAUSTED = "credit_exhausted"
RECEIPT_VOIDED = "receipt_voided"
STALE = "stale"
DUPLICATE_REQUEST = "duplicate_request"
DRAFT_IN_THE_WAY = "draft_in_the_way"  # a draft statement of somebody else names an invoice that is paid by now
WRONG_STATE = "wrong_state"  # the button cannot be pressed any more: the state must be read
INVALID = "invalid"

#: (what the sentence or the warning's name contains, our code, words for people); the first that fits counts.
TABLE: tuple[tuple[str, str, str], ...] = (
    ("external reference exists already", DUPLICATE_REQUEST, "A statement with this reference is in Tryton already."),
    ("don't exist", DOCUMENT_GONE, "A document was deleted in Tryton meanwhile."),
    ("statement_paid_cancelled_invoice_lines", INVOICE_NOT_OPEN, "An invoice was paid or cancelled in Tryton meanwhile."),
    ("payment lines amount", OVER_APPLICATION, "An invoice has less open than the receipt would apply."),
    ("greater than the amount to pay", OVER_APPLICATION, "An invoice has less open than the receipt would apply."),
    ("payment lines on paid invoice", INVOICE_NOT_OPEN, "The invoice is paid already."),
    ('field "related to"', INVOICE_NOT_OPEN, "An invoice is not open in Tryton, or belongs to another customer."),
    ("already reconciled line", STALE, "What was to be matched has been matched with something else meanwhile."),
    ("reopen the period", PERIOD_CLOSED, "The accounting period is closed in Tryton."),
    ("the period of move", PERIOD_CLOSED, "The accounting period is closed in Tryton."),
    ("closed journal-period", PERIOD_CLOSED, "The accounting period is closed in Tryton for this journal."),
    ("closed period", PERIOD_CLOSED, "The accounting period is closed in Tryton."),
    ("reopen the fiscal year", PERIOD_CLOSED, "The fiscal year is closed in Tryton."),
    ("create a period for the date", PERIOD_CLOSED, "Tryton has no accounting period for this day."),
    ("fiscal year for the date", PERIOD_CLOSED, "Tryton has no fiscal year for this day."),
    ("you can not call", WRONG_STATE, "The document is no longer in a state in which this can be done."),
    ("not allowed to", "", "Our user in Tryton has no right to do this. Give it the groups that the setup names."),
)


def raised(method: str, error: object) -> BooksError:
    """The error member of an answer as what to raise. Never a warning that is passed over: a person set it there."""
    kind, words = _parts(error)
    detail = f"{method}: {kind}: {words}"[:1000]
    if kind == "ConcurrencyException":
        return BooksRefused("A document was changed in Tryton meanwhile.", STALE, detail)
    text = words.casefold()
    for contained, code, message in TABLE:
        if contained in text:
            return BooksRefused(message, code, detail) if code else AccessLost(f"{message} It was {method}.")
    if kind == "UserWarning" and "draft" in text:
        message = "A draft statement in Tryton names an invoice that this receipt pays. Post or delete that draft first."
        return BooksRefused(message, DRAFT_IN_THE_WAY, detail)
    if kind == "UserWarning":
        return BooksRefused("Tryton asks a person to confirm this, so it was not done.", INVALID, detail)
    return BooksRefused("Tryton did not accept this.", INVALID, detail)


def refused(code: str, message: str) -> BooksRefused:
    """A refusal of our own, made before anything was sent; the message is for people."""
    return BooksRefused(message, vendor_code=code)


def _parts(error: object) -> tuple[str, str]:
    """(kind, all words): `["UserError", [message, description, domain]]`, or, for other errors, text and traceback."""
    if not isinstance(error, Sequence) or isinstance(error, str) or not error:
        return "Error", str(error)
    kind, rest = str(error[0]), error[1] if len(error) > 1 else ""
    if isinstance(rest, Sequence) and not isinstance(rest, str):
        return kind, " | ".join(one for one in rest if isinstance(one, str))
    return kind, str(rest) if kind in {"UserError", "UserWarning", "ConcurrencyException"} else kind
