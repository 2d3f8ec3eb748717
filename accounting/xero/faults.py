"""What Xero means when it refuses: one table from patterns of its messages to our refusals, with words for people.

Xero's own words go into `vendor_detail`, for the log. A message that nobody here knows is `INVALID`, a refusal without a
known meaning, which people read in Xero's words; never a success, and never unknown: Xero answers 400 before it writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accounting import meanings
from accounting.calling import Reply
from accounting.meanings import Meaning, Said, all_of, meaning_of
from accounting.xero.wire import Fields, elements, fields, text
from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.refusal import Refusal

PACKAGE = "Xero"
_ACCOUNT = "Xero does not accept payments into this company's deposit account."
_NAME = "Another record in Xero has the same name or number."

#: Patterns of its messages: Xero has no codes that tell one refusal from another.
FAULTS = (
    Meaning(Refusal.DUPLICATE_REQUEST, "This request ID was already used with different content.", r"idempotenc|idempotent"),
    Meaning(
        Refusal.PERIOD_CLOSED,
        "The date is in a period that is locked in Xero.",
        r"lock date|locked period|period is locked|period lock",
    ),
    Meaning(
        Refusal.INVOICE_NOT_OPEN,
        "The invoice cannot be paid: it is paid, voided or still a draft.",
        r"cannot be (edited|modified)|cannot be applied to the invoice",
    ),
    Meaning(
        Refusal.RECEIPT_DEPOSITED,
        "The payment is reconciled, or part of a batch deposit, and cannot be changed in Xero.",
        r"within a batch|batch payment|reconciled|matched to a",
    ),
    Meaning(
        Refusal.ACCOUNT_INACTIVE,
        _ACCOUNT,
        r"account .*(archived|deleted|not (enabled|valid)|cannot (be used|take|accept)|could not be found|does not exist)"
        r"|(archived|invalid) account|account code .* is not a valid|^account (code or id )?must be (valid|specified)"
        r"|^the account code or id must be specified|account (type|status) (is )?invalid|specify an?d? account",
    ),
    Meaning(
        Refusal.ACCOUNT_INACTIVE,
        "Xero accepts money on account only in a bank account. Set one as this company's deposit account.",
        r"type bank|bank ?account",
    ),
    Meaning(
        Refusal.CUSTOMER_INACTIVE,
        "The customer is archived in Xero.",
        rf"contact .*archived|archived contact|un-?archived|{all_of('contact', 'archived')}",
    ),
    Meaning(
        Refusal.DUPLICATE_NAME,
        _NAME,
        r"unique name|another contact|contact number|name (must be unique|already exists)|item with code .* exists",
    ),
    Meaning(
        Refusal.DUPLICATE_REFERENCE,
        "Xero already has this number.",
        r"must be unique|already (been )?(used|assigned|exists)|duplicate",
    ),
    Meaning(
        Refusal.CREDIT_EXHAUSTED,
        "The credit note has less left than the amount to apply.",
        r"exceeds? .*(remaining|available|unallocated) credit|remaining credit|credit .*exceed|not enough credit",
    ),
    Meaning(
        Refusal.INVOICE_NOT_OPEN,
        "The invoice cannot be paid: it is paid, voided or still a draft.",
        r"only be made against authorised|not of valid status|must be authorised"
        r"|invoice .*(fully paid|paid off|is paid|voided|deleted)|already been paid",
    ),
    Meaning(
        Refusal.OVER_APPLICATION,
        "The amount is more than the invoice's open balance.",
        r"exceeds? the (amount|balance|total) (outstanding|due|owing)|exceeds? .*(outstanding|amount due|balance)"
        r"|greater than .*(outstanding|due)",
    ),
    Meaning(Refusal.NOT_LINKABLE, "Xero will not apply this to the invoice.", r"cannot be allocated to"),
    Meaning(Refusal.CURRENCY_MISMATCH, "The currency is not the one Xero expects.", r"currency"),
    Meaning(
        Refusal.CUSTOMER_MISMATCH,
        "The documents belong to different customers.",
        r"(contact|contactid|customer)\b.*(match|differ|same)",
    ),
    Meaning(Refusal.PERMISSION_MISSING, "The company's Xero plan does not allow this.", r"reached the limit of"),
    Meaning(Refusal.NOT_FOUND, "Xero has no such document.", r"could not be found|does not exist|not found|invoice ?id .*valid"),
)
#: Statuses by which Xero refuses a request; 408 and the like come from whoever stands between, and tell nothing.
BEFORE_WRITING = frozenset({400, 402, 405, 406, 411, 412, 413, 414, 415, 422})
UNKNOWN = Meaning(Refusal.INVALID, "Xero refused it and did not say why.")


def refused(messages: Sequence[str], body: object = None, *, invoice: Invoice | Gone | None = None) -> BooksRefused:
    """A refusal for these messages of an answer with this body. `invoice`, read after it, makes the words exact.

    A paid invoice gets two messages; the one about its status tells more.
    """
    said = [Said("", message) for message in messages]
    refusal = meanings.refused(PACKAGE, meaning_of(FAULTS, said) or UNKNOWN, said, code=_number(body), detail="; ".join(messages))
    about_it = (Refusal.INVOICE_NOT_OPEN, Refusal.OVER_APPLICATION, Refusal.NOT_FOUND)
    if refusal.refusal not in about_it or invoice is None:
        return refusal
    exact, words = _about(invoice, refusal.refusal, refusal.message)
    return BooksRefused(words, exact, refusal.vendor_code, refusal.vendor_detail)


def _number(body: object) -> str:
    """Xero's own code: the number of its kind of exception, in answers that are refused as a whole."""
    number = fields(body).get("ErrorNumber")
    return str(number) if isinstance(number, int) else ""


def _about(invoice: Invoice | Gone, refusal: Refusal, words: str) -> tuple[Refusal, str]:
    if isinstance(invoice, Gone):
        return Refusal.DOCUMENT_GONE, f"Invoice {invoice.number or '#' + invoice.id} was deleted in Xero."
    name = f"Invoice {invoice.number}"
    match invoice.status:
        case InvoiceStatus.PAID:
            return Refusal.INVOICE_NOT_OPEN, f"{name} is already paid."
        case InvoiceStatus.VOIDED:
            return Refusal.INVOICE_NOT_OPEN, f"{name} was voided."
        case InvoiceStatus.DRAFT:
            return Refusal.INVOICE_NOT_OPEN, f"{name} is not approved yet."
        case InvoiceStatus.OPEN:
            return refusal, words


def messages_in(body: object) -> list[str]:
    """Every message of a refusal: of its elements first, of the whole where they say nothing."""
    whole = fields(body)
    found = [message for element in elements(whole.get("Elements")) for message in validation_messages(element)]
    found += validation_messages(whole)
    return found or [message for message in (text(whole, "Message"), text(whole, "Detail"), text(whole, "Title")) if message]


def validation_messages(of: Fields) -> list[str]:
    """What is wrong with one element; Xero may put it on the invoice or account inside."""
    found = [text(error, "Message") for error in elements(of.get("ValidationErrors"))]
    for inside in ("Invoice", "Account", "CreditNote", "Contact"):
        if isinstance(nested := of.get(inside), Mapping):
            found += [text(error, "Message") for error in elements(nested.get("ValidationErrors"))]
    return [message for message in found if message]


def is_refused(of: Fields) -> bool:
    """Whether this element of an answer was refused, though the answer itself is a 200."""
    return (
        of.get("HasValidationErrors") in (True, "true")
        or text(of, "StatusAttributeString") == "ERROR"
        or bool(validation_messages(of))
    )


def failed_read(reply: Reply) -> BooksError:
    """What a 4xx answer to a read means. Never that a document is gone: only a 404 for one id means that."""
    messages = messages_in(reply.body)
    if reply.status == 403:
        return AccessLost("Xero no longer accepts our access. Somebody must reconnect the company.")
    if reply.status == 400:
        said = [Said("", message) for message in messages]
        return meanings.refused(PACKAGE, UNKNOWN, said, code=_number(reply.body), detail="; ".join(messages))
    return BooksUnavailable(f"Xero answered {reply.status} to a read.")


def failed_write(reply: Reply) -> BooksError:
    """What a 4xx answer to a write means: nothing was written, where it is one that Xero gives before it writes."""
    messages = messages_in(reply.body)
    if reply.status == 403:
        return AccessLost("Xero no longer accepts our access. Somebody must reconnect the company.")
    if reply.status == 404:
        return BooksRefused("Xero has no such document.", Refusal.NOT_FOUND, _number(reply.body), "; ".join(messages)[:1000])
    if reply.status not in BEFORE_WRITING:
        return OutcomeUnknown(f"Xero answered {reply.status}: we cannot tell whether it was recorded.")
    return refused(messages, reply.body)
