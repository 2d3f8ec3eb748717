"""What Xero's refusals mean, in one table: a pattern of its message, our code, and words for people.

The codes are those of the embedded books where one exists, because the rules tell causes apart by them. Xero's own
words go into `vendor_detail`, for logs only: they may hold a client's data. A message that nobody here knows is
`invalid`, a refusal without a known meaning; never a success, and never unknown: Xero answers 400 before it writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounting.calling import Reply
from accounting.xero.wire import Fields, elements, fields, text
from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown


@dataclass(frozen=True)
class Fault:
    """One meaning: where the pattern is found in a message (upper and lower case alike), this code and these words."""

    pattern: str
    code: str
    words: str


#: The first that is found in any of the messages counts, so what says more stands before what says less.
FAULTS = (
    Fault(r"idempotenc|idempotent", "duplicate_request", "This request was made before with another content."),
    Fault(r"lock date|locked period|period is locked", "period_closed", "The day lies in a period that is locked in Xero."),
    Fault(
        r"within a batch|batch payment|reconciled|matched to a",
        "receipt_deposited",
        "The payment is reconciled, or part of a batch deposit, and cannot be changed in Xero.",
    ),
    Fault(
        r"account .*(archived|deleted|not (enabled|valid)|cannot be used|could not be found|does not exist)"
        r"|(archived|invalid) account|account code .* is not a valid",
        "account_inactive",
        "Xero does not take payments into the deposit account that is set for this company.",
    ),
    Fault(
        r"type bank|bank ?account",
        "account_inactive",
        "Xero takes money on account only into an account of type bank; set one as deposit account of this company.",
    ),
    Fault(r"contact .*archived|archived contact", "customer_inactive", "The customer is archived in Xero."),
    Fault(r"must be unique|already (been )?(used|assigned|exists)|duplicate", "duplicate_reference", "Xero knows the number."),
    Fault(
        r"exceeds? .*(remaining|available|unallocated) credit|remaining credit|credit .*exceed|not enough credit",
        "credit_exhausted",
        "The credit note has less left than was to be applied.",
    ),
    Fault(
        r"only be made against authorised|not of valid status|cannot be (edited|modified)|must be authorised"
        r"|invoice .*(fully paid|paid off|is paid|voided|deleted)",
        "invoice_not_open",
        "The invoice takes no payment: it is paid, voided or still a draft.",
    ),
    Fault(
        r"exceeds? the (amount|balance|total) (outstanding|due|owing)|exceeds? .*(outstanding|amount due|balance)"
        r"|greater than .*(outstanding|due)",
        "over_application",
        "The amount is more than what is open on the invoice.",
    ),
    Fault(r"currency", "currency_mismatch", "The currency is not the one Xero expects."),
    Fault(r"(contact|customer) .*(match|differ|same)", "customer_mismatch", "The documents belong to different customers."),
    Fault(r"could not be found|does not exist|not found|invoice ?id .*valid", "not_found", "Xero does not know the document."),
)
#: Statuses by which Xero refuses a request; 408 and the like come from whoever stands between, and tell nothing.
BEFORE_WRITING = frozenset({400, 402, 405, 406, 411, 412, 413, 414, 415, 422})
UNKNOWN = Fault("", "invalid", "Xero refused it for a reason we do not know; the log has its own words.")


def meaning_of(messages: Iterable[str]) -> Fault:
    """What these messages, all of one refusal, mean together. A paid invoice gets two; the one about its status tells more."""
    written = list(messages)
    for fault in FAULTS:
        if any(re.search(fault.pattern, message, re.IGNORECASE) for message in written):
            return fault
    return UNKNOWN


def refusal(messages: Iterable[str], *, invoice: Invoice | Gone | None = None) -> BooksRefused:
    """A refusal for these messages. `invoice` is the one it was about, read after it, and makes the words exact."""
    written = list(messages)
    fault = meaning_of(written)
    code, words = fault.code, fault.words
    if code in ("invoice_not_open", "over_application", "not_found") and invoice is not None:
        code, words = _about(invoice, code, words)
    return BooksRefused(words, vendor_code=code, vendor_detail="; ".join(written)[:1000])


def _about(invoice: Invoice | Gone, code: str, words: str) -> tuple[str, str]:
    if isinstance(invoice, Gone):
        return "document_gone", f"Invoice {invoice.number or '#' + invoice.id} was deleted in Xero."
    name = f"Invoice {invoice.number}"
    match invoice.status:
        case InvoiceStatus.PAID:
            return "invoice_not_open", f"{name} is paid already."
        case InvoiceStatus.VOIDED:
            return "invoice_not_open", f"{name} was voided."
        case InvoiceStatus.DRAFT:
            return "invoice_not_open", f"{name} is not approved yet."
        case InvoiceStatus.OPEN:
            return code, words


def messages_in(body: object) -> list[str]:
    """Every message of a refusal: of its elements first, of the whole where they say nothing."""
    whole = fields(body)
    found = [message for one in elements(whole.get("Elements")) for message in validation_messages(one)]
    found += validation_messages(whole)
    return found or [one for one in (text(whole, "Message"), text(whole, "Detail"), text(whole, "Title")) if one]


def validation_messages(of: Fields) -> list[str]:
    """What is wrong with one element; Xero may put it on the invoice or account inside."""
    found = [text(one, "Message") for one in elements(of.get("ValidationErrors"))]
    for inside in ("Invoice", "Account", "CreditNote", "Contact"):
        if isinstance(nested := of.get(inside), Mapping):
            found += [text(one, "Message") for one in elements(nested.get("ValidationErrors"))]
    return [one for one in found if one]


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
        return AccessLost("Xero does not let us into these books any more; connect the company again.")
    if reply.status == 400:
        return BooksRefused("Xero refused the question.", "invalid", "; ".join(messages)[:1000])
    return BooksUnavailable(f"Xero answered {reply.status} to a read.")


def failed_write(reply: Reply) -> BooksError:
    """What a 4xx answer to a write means: nothing was written, where it is one that Xero gives before it writes."""
    messages = messages_in(reply.body)
    if reply.status == 403:
        return AccessLost("Xero does not let us into these books any more; connect the company again.")
    if reply.status == 404:
        return BooksRefused("Xero does not know the document.", "not_found", "; ".join(messages)[:1000])
    if reply.status not in BEFORE_WRITING:
        return OutcomeUnknown(f"Xero answered {reply.status}: whether it was written cannot be told from that.")
    return refusal(messages or [f"status {reply.status}"])
