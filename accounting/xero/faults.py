"""What Xero means when it refuses: one table from patterns of its messages to our refusals, with words for people.

Xero's own words go into `vendor_detail`, for logs only: they may hold a customer's data. A message that nobody here
knows is `INVALID`, a refusal without a known meaning; never a success, and never unknown: Xero answers 400 before it
writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounting.calling import Reply
from accounting.xero.wire import Fields, elements, fields, text
from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.refusal import Refusal


@dataclass(frozen=True)
class Fault:
    """One meaning: where the pattern is found in a message (upper and lower case alike), it means this."""

    pattern: str
    refusal: Refusal
    words: str


#: The first that is found in any of the messages counts, so what says more stands before what says less.
FAULTS = (
    Fault(r"idempotenc|idempotent", Refusal.DUPLICATE_REQUEST, "This request ID was already used with different content."),
    Fault(r"lock date|locked period|period is locked", Refusal.PERIOD_CLOSED, "The date is in a period that is locked in Xero."),
    Fault(
        r"within a batch|batch payment|reconciled|matched to a",
        Refusal.RECEIPT_DEPOSITED,
        "The payment is reconciled, or part of a batch deposit, and cannot be changed in Xero.",
    ),
    Fault(
        r"account .*(archived|deleted|not (enabled|valid)|cannot (be used|take|accept)|could not be found|does not exist)"
        r"|(archived|invalid) account|account code .* is not a valid|^account (code or id )?must be (valid|specified)"
        r"|^the account code or id must be specified",
        Refusal.ACCOUNT_INACTIVE,
        "Xero does not accept payments into this company's deposit account.",
    ),
    Fault(
        r"type bank|bank ?account",
        Refusal.ACCOUNT_INACTIVE,
        "Xero accepts money on account only in a bank account. Set one as this company's deposit account.",
    ),
    Fault(r"contact .*archived|archived contact", Refusal.CUSTOMER_INACTIVE, "The customer is archived in Xero."),
    Fault(
        r"must be unique|already (been )?(used|assigned|exists)|duplicate",
        Refusal.DUPLICATE_REFERENCE,
        "Xero already has this number.",
    ),
    Fault(
        r"exceeds? .*(remaining|available|unallocated) credit|remaining credit|credit .*exceed|not enough credit",
        Refusal.CREDIT_EXHAUSTED,
        "The credit note has less left than the amount to apply.",
    ),
    Fault(
        r"only be made against authorised|not of valid status|cannot be (edited|modified)|must be authorised"
        r"|invoice .*(fully paid|paid off|is paid|voided|deleted)|already been paid",
        Refusal.INVOICE_NOT_OPEN,
        "The invoice cannot be paid: it is paid, voided or still a draft.",
    ),
    Fault(
        r"exceeds? the (amount|balance|total) (outstanding|due|owing)|exceeds? .*(outstanding|amount due|balance)"
        r"|greater than .*(outstanding|due)",
        Refusal.OVER_APPLICATION,
        "The amount is more than the invoice's open balance.",
    ),
    Fault(r"currency", Refusal.CURRENCY_MISMATCH, "The currency is not the one Xero expects."),
    Fault(r"(contact|customer) .*(match|differ|same)", Refusal.CUSTOMER_MISMATCH, "The documents belong to different customers."),
    Fault(r"could not be found|does not exist|not found|invoice ?id .*valid", Refusal.NOT_FOUND, "Xero has no such document."),
)
#: Statuses by which Xero refuses a request; 408 and the like come from whoever stands between, and tell nothing.
BEFORE_WRITING = frozenset({400, 402, 405, 406, 411, 412, 413, 414, 415, 422})
UNKNOWN = Fault("", Refusal.INVALID, "Xero refused it for a reason we do not know; the log has its own words.")


def meaning_of(messages: Sequence[str]) -> Fault:
    """What these messages, all of one refusal, mean together. A paid invoice gets two; the one about its status tells more."""
    for fault in FAULTS:
        if any(re.search(fault.pattern, message, re.IGNORECASE) for message in messages):
            return fault
    return UNKNOWN


def refused(messages: Sequence[str], body: object = None, *, invoice: Invoice | Gone | None = None) -> BooksRefused:
    """A refusal for these messages of an answer with this body. `invoice`, read after it, makes the words exact."""
    meaning = meaning_of(messages)
    refusal, words = meaning.refusal, meaning.words
    if refusal in (Refusal.INVOICE_NOT_OPEN, Refusal.OVER_APPLICATION, Refusal.NOT_FOUND) and invoice is not None:
        refusal, words = _about(invoice, refusal, words)
    return BooksRefused(words, refusal, _number(body), "; ".join(messages)[:1000])


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
        return BooksRefused("Xero refused the request.", Refusal.INVALID, _number(reply.body), "; ".join(messages)[:1000])
    return BooksUnavailable(f"Xero answered {reply.status} to a read.")


def failed_write(reply: Reply) -> BooksError:
    """What a 4xx answer to a write means: nothing was written, where it is one that Xero gives before it writes."""
    messages = messages_in(reply.body)
    if reply.status == 403:
        return AccessLost("Xero no longer accepts our access. Somebody must reconnect the company.")
    if reply.status == 404:
        detail = "; ".join(messages)[:1000]
        return BooksRefused("Xero has no such document.", Refusal.NOT_FOUND, _number(reply.body), detail)
    if reply.status not in BEFORE_WRITING:
        return OutcomeUnknown(f"Xero answered {reply.status}: we cannot tell whether it was recorded.")
    return refused(messages or [f"status {reply.status}"], reply.body)
