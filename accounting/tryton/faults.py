"""What Tryton means when it refuses: one table from its English words to our refusals.

Tryton has no codes of its own: an error is a kind, kept as the vendor's code, and a sentence. Whatever is raised
inside Tryton undoes the whole call, so every fault means *not done*; a sentence nobody foresaw is `INVALID`, and people
read it in Tryton's words.
"""

from __future__ import annotations

from collections.abc import Sequence

from accounting.meanings import Meaning, Said, meaning_of, refused
from receivables.errors import AccessLost, BooksError
from receivables.refusal import Refusal

PACKAGE = "Tryton"
_CLOSED = "The accounting period is closed in Tryton."
_SMALLER = "An invoice has a smaller open balance than the receipt would apply."
_PAID = "An invoice was paid or canceled in Tryton since it was read."
_POSTED = "Tryton does not change what is posted or reconciled."
_UNFIT = "Tryton will not reconcile these documents with each other."

#: The code is the kind of error; the phrase is searched in its sentence and in the name of a warning.
TABLE: tuple[Meaning, ...] = (
    Meaning(Refusal.STALE, "A document was changed in Tryton since it was read.", code="ConcurrencyException"),
    Meaning(
        Refusal.DUPLICATE_REQUEST, "Tryton already has a statement with this reference.", "external reference exists already"
    ),
    Meaning(Refusal.DOCUMENT_GONE, "A document was deleted in Tryton since it was read.", "don't exist"),
    Meaning(Refusal.INVOICE_NOT_OPEN, _PAID, "statement_paid_cancelled_invoice_lines|already paid or cancelled invoices"),
    Meaning(Refusal.OVER_APPLICATION, _SMALLER, "payment lines amount|greater than the (amount to pay|invoice amount)"),
    Meaning(
        Refusal.INVOICE_NOT_OPEN,
        "The invoice is already paid, or is not posted.",
        "payment lines on paid invoice|no more left to pay|cannot refund invoice",
    ),
    Meaning(Refusal.INVOICE_NOT_OPEN, "An invoice is not open in Tryton, or belongs to another customer.", 'field "related to"'),
    Meaning(Refusal.STALE, "It was reconciled with something else since it was read.", "already reconciled line"),
    Meaning(Refusal.WRONG_STATE, _POSTED, "posted move|the reconciled line|posted, paid or cancelled|cancel or reset to draft"),
    Meaning(Refusal.CUSTOMER_MISMATCH, "The documents belong to different parties.", "because its party .* is different"),
    Meaning(Refusal.NOT_LINKABLE, _UNFIT, "because its account .* is different|have the same debit|linked to only one"),
    Meaning(Refusal.ACCOUNT_INACTIVE, "An account that this needs is closed in Tryton.", "set a type or unclose"),
    Meaning(Refusal.CURRENCY_MISMATCH, "Tryton does not accept the currency.", "currency of bank account|no rate found for"),
    Meaning(Refusal.PERIOD_CLOSED, "The accounting period is closed in Tryton for this journal.", "closed journal-period"),
    Meaning(Refusal.PERIOD_CLOSED, _CLOSED, "reopen the period|the period of move|closed period"),
    Meaning(Refusal.PERIOD_CLOSED, "The fiscal year is closed in Tryton.", "reopen the fiscal year|fiscal year .* is closed"),
    Meaning(Refusal.PERIOD_CLOSED, "Tryton has no accounting period for this day.", "create a period for the date"),
    Meaning(Refusal.PERIOD_CLOSED, "Tryton has no fiscal year for this day.", "fiscal year for the date"),
    Meaning(Refusal.WRONG_STATE, "The document is no longer in a state in which this can be done.", "you can not call"),
    Meaning(
        Refusal.ACCESS_LOST,
        "Our user in Tryton is not allowed to do this. Give it the groups that the setup names.",
        "not allowed to|calling button .* is not allowed|button .* is not allowed",
    ),
    Meaning(Refusal.DUPLICATE_NAME, "Another record in Tryton has the same name or code.", "must be unique"),
    Meaning(
        Refusal.REFERENCE_GONE, "Something this depends on is no longer in Tryton.", 'for field "[^"]*" in .* does not exist'
    ),
    Meaning(
        Refusal.DRAFT_IN_THE_WAY,
        "A draft statement in Tryton names an invoice that this receipt pays. Post or delete that draft first.",
        "draft",
        "UserWarning",
    ),
    Meaning(Refusal.INVALID, "Tryton asks a person to confirm this, so it was not done.", code="UserWarning"),
)
UNKNOWN = Meaning(Refusal.INVALID, "Tryton did not accept this and did not say why.")


def raised(method: str, error: object) -> BooksError:
    """The error member of an answer as what to raise. Never a warning that is passed over: a person set it there."""
    kind, words, sentence = _parts(error)
    said = [Said(kind, words, sentence)]
    meaning = meaning_of(TABLE, said) or UNKNOWN
    if meaning.refusal is Refusal.ACCESS_LOST:
        return AccessLost(f"{meaning.words} It was {method}.")
    return refused(PACKAGE, meaning, said, code=kind, detail=f"{method}: {kind}: {words}")


def _parts(error: object) -> tuple[str, str, str]:
    """Kind, all words, and the sentence among them, of `["UserError", [message, description, domain]]`.

    A warning has its name before the sentence. Another error is a text and a traceback; nobody reads either.
    """
    if not isinstance(error, Sequence) or isinstance(error, str) or not error:
        return "Error", str(error), " "
    kind, rest = str(error[0]), error[1] if len(error) > 1 else ""
    if isinstance(rest, Sequence) and not isinstance(rest, str):
        words = [word for word in rest if isinstance(word, str) and word]
        return kind, " | ".join(words), " ".join(words[1:] if kind == "UserWarning" else words) or " "
    return kind, str(rest) if kind in {"UserError", "UserWarning", "ConcurrencyException"} else kind, " "
