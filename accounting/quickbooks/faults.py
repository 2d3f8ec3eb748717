"""What QuickBooks means when it says no: one table from its codes and phrases to ours, for reads and for writes.

A fault's detail may hold names and ids of a customer's records. It goes into `vendor_detail`, for the log; people read it,
made safe, where we know no meaning. Source of the codes: Intuit's list of errors; where one code says several things, the
phrases seen in public error reports tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from accounting.calling import Reply
from accounting.meanings import Meaning, Said, all_of, meaning_of, refused
from receivables.errors import AccessLost, BooksError, BooksUnavailable, OutcomeUnknown, Throttled
from receivables.quoting import quoted
from receivables.refusal import Refusal

THROTTLED_SECONDS = 60.0  # Intuit's own advice after "too many requests"
PACKAGE = "QuickBooks"

_GONE = "A document this depends on was deleted in QuickBooks."
_CLOSED = "The books are closed for that day in QuickBooks."
_RECONNECT = "QuickBooks no longer accepts our access. Somebody must reconnect the company."
_CUSTOMER = "The customer is inactive in QuickBooks."
_ACCOUNT = "QuickBooks does not take receipts into the deposit account: it is inactive, or of another type."
_NUMBER = "QuickBooks already has a document with this reference number."
_WAIT = "QuickBooks asks us to wait."
_PASSES = "QuickBooks had trouble of its own and asks for another try."
_NOT_SAVED = "QuickBooks is busy with the company's books for a while; nothing was saved."
_INVALID = Meaning(Refusal.INVALID, "QuickBooks refused it and did not say why.")

_TRY_AGAIN = r"unexpected (internal )?error|\(-30\d{3}\)|wait a (few|couple of) minutes|try again (later|in a)"
_MORE_THAN_OPEN = (
    r"(exceed|more than|greater than).*(open|balance|amount due|outstanding)|plus credits.*less than|pay more than the amount due"
)

#: Codes are compared without leading zeros.
TABLE: tuple[Meaning, ...] = (
    Meaning(Refusal.DOCUMENT_GONE, _GONE, "another user has deleted", "610"),
    Meaning(Refusal.REFERENCE_INACTIVE, "The customer or an account is inactive in QuickBooks.", "(made|been) inactive", "610"),
    Meaning(Refusal.REFERENCE_GONE, "Something this depends on is no longer in QuickBooks.", code="610"),
    Meaning(Refusal.ACCOUNT_INACTIVE, "The deposit account cannot be used in QuickBooks.", "accounts? element", "2500"),
    Meaning(Refusal.INVALID, "QuickBooks refused something this names.", "categor(y|ies)", "2500"),
    Meaning(Refusal.REFERENCE_INACTIVE, "The customer or an account cannot be used in QuickBooks.", code="2500"),
    Meaning(Refusal.NOT_LINKABLE, "QuickBooks will not apply this to the invoice.", code="620"),
    Meaning(Refusal.DUPLICATE_REQUEST, "QuickBooks already has this request ID, with different content.", code="600"),
    Meaning(Refusal.DUPLICATE_REFERENCE, _NUMBER, code="630"),
    Meaning(Refusal.STALE, "Somebody has changed the document in QuickBooks since it was read.", code="5010"),
    Meaning(Refusal.OUTCOME_UNKNOWN, _PASSES, code="10000"),
    Meaning(Refusal.OUTCOME_UNKNOWN, _PASSES, code="-30003"),
    Meaning(Refusal.CURRENCY_MISMATCH, "QuickBooks does not accept the currency.", code="2220"),
    Meaning(Refusal.RECEIPT_DEPOSITED, "The receipt is matched to a bank transaction.", "matched to a downloaded", "6000"),
    Meaning(Refusal.PERIOD_CLOSED, _CLOSED, all_of("clos(ed|ing)", "period|date|book"), "6000"),
    Meaning(Refusal.CURRENCY_MISMATCH, "QuickBooks does not accept the currency.", "currenc", "6000"),
    Meaning(Refusal.ACCOUNT_INACTIVE, _ACCOUNT, all_of("account", "inactive"), "6000"),
    Meaning(Refusal.ACCOUNT_INACTIVE, _ACCOUNT, "deposit[ -]to account|select a bank account", "6000"),
    Meaning(Refusal.CUSTOMER_INACTIVE, _CUSTOMER, all_of("customer", "inactive|deleted"), "6000"),
    Meaning(
        Refusal.CUSTOMER_MISMATCH,
        "The documents belong to different customers.",
        f"(same|different|another) customer|{all_of('customer', 'match')}",
        "6000",
    ),
    Meaning(Refusal.DUPLICATE_REFERENCE, _NUMBER, all_of("number", "already (been |being )?used|already being"), "6000"),
    # BOOKS_UNAVAILABLE: it says that nothing was saved, so the same write is sent again. OUTCOME_UNKNOWN: it leaves that open.
    Meaning(
        Refusal.BOOKS_UNAVAILABLE, _NOT_SAVED, "(not|n't) (been )?saved|no changes were (made|saved)|only .* one .* at a", "6000"
    ),
    Meaning(Refusal.BOOKS_UNAVAILABLE, _NOT_SAVED, "locked by|being (backed up|restored|imported|upgraded|updated)", "6000"),
    Meaning(Refusal.OUTCOME_UNKNOWN, _PASSES, _TRY_AGAIN, "6000"),
    Meaning(Refusal.OVER_APPLICATION, "The amount is more than what is open in QuickBooks.", _MORE_THAN_OPEN, "6000"),
    Meaning(Refusal.DUPLICATE_REFERENCE, _NUMBER, code="6140"),
    Meaning(Refusal.ACCESS_LOST, "The company's QuickBooks subscription is not active.", code="6190"),
    Meaning(Refusal.PERIOD_CLOSED, _CLOSED, code="6200"),
    Meaning(Refusal.DUPLICATE_REFERENCE, _NUMBER, "number.*already (been )?used|duplicate document", "6210"),
    Meaning(Refusal.PERIOD_CLOSED, _CLOSED, code="6210"),
    Meaning(Refusal.DUPLICATE_NAME, "Another record in QuickBooks has the same name.", code="6240"),
    Meaning(Refusal.CUSTOMER_INACTIVE, _CUSTOMER, code="6250"),
    Meaning(Refusal.INVALID, "QuickBooks refused a product or service.", "product or service", "6430"),
    Meaning(Refusal.ACCOUNT_INACTIVE, _ACCOUNT, code="6430"),
    Meaning(Refusal.RECEIPT_DEPOSITED, "The receipt is settled and cannot be changed.", code="6450"),
    Meaning(Refusal.RECEIPT_DEPOSITED, "The receipt is matched to a bank transaction and cannot be changed.", code="6480"),
    Meaning(Refusal.RECEIPT_DEPOSITED, "The receipt is part of a bank deposit and cannot be changed.", code="6540"),
    Meaning(Refusal.PERMISSION_MISSING, "The person who connected QuickBooks is not allowed to do this.", code="5020"),
    Meaning(Refusal.PERMISSION_MISSING, "The company's QuickBooks plan does not include this feature.", code="5030"),
    *(Meaning(Refusal.ACCESS_LOST, _RECONNECT, code=code) for code in ("100", "110", "120", "3100", "3200", "3202")),
    Meaning(Refusal.ACCESS_LOST, _RECONNECT, code="invalid_grant"),
    Meaning(Refusal.BOOKS_UNAVAILABLE, _NOT_SAVED, code="140"),
    Meaning(Refusal.BOOKS_UNAVAILABLE, "The company's QuickBooks is under maintenance; nothing was saved.", code="150"),
    *(Meaning(Refusal.THROTTLED, _WAIT, code=code) for code in ("3001", "429")),
)

#: Kinds of fault by which QuickBooks says that it looked at the request and did nothing. Any other may be half done.
_NOTHING_DONE = frozenset({"validationfault", "validation", "authenticationfault", "authentication", "authorizationfault"})

_XML_FAULT = re.compile(r'<Fault type="([^"<>]{0,40})"')
_XML_ERROR = re.compile(r'<Error code="([^"<>]{0,20})"[^<>]{0,80}>(.{0,1500}?)</Error>', re.DOTALL)
_XML_PARTS = (re.compile(r"<Message>([^<]*)</Message>"), re.compile(r"<Detail>([^<]*)</Detail>"))


@dataclass(frozen=True)
class Fault:
    """A fault as QuickBooks sent it: its kind, and each error in it."""

    kind: str
    errors: tuple[Said, ...]

    def not_found(self) -> bool:
        """Whether this is the plain answer that a document asked for by its id is not there (any text of code 610)."""
        return len(self.errors) == 1 and self.errors[0].code == "610" and "object not found" in self.errors[0].text.lower()


def fault_of(reply: Reply) -> Fault | None:
    """The fault in an answer. What stands before QuickBooks answers in XML, whatever was asked for."""
    return fault_in(reply.body) or _fault_in_xml(reply.unparsed)


def fault_in(body: object) -> Fault | None:
    """The fault in an answer or in one item of a batch. Refused access comes with the same words in lower case."""
    if not isinstance(body, Mapping):
        return None
    found = body.get("Fault", body.get("fault"))
    if not isinstance(found, Mapping):
        return None
    listed = found.get("Error", found.get("error"))
    errors = [error for error in listed if isinstance(error, Mapping)] if isinstance(listed, Sequence) else []
    return Fault(str(found.get("type", "")), tuple(_in_json(error) for error in errors))


def _in_json(error: Mapping[str, object]) -> Said:
    message, detail = (str(error.get(name) or error.get(name.lower()) or "") for name in ("Message", "Detail"))
    return _error(str(error.get("code", "")), message, detail, str(error.get("element") or ""))


def _error(code: str, message: str, detail: str, element: str = "") -> Said:
    words = " / ".join(word for word in (message, detail) if word)
    return Said(code.strip().lstrip("0") or code.strip(), f"{words} [{element}]" if element else words, detail or message)


def _fault_in_xml(text: str) -> Fault | None:
    """The fault that an XML answer names. Only its known parts are looked for; nothing of it is resolved or loaded."""
    kind = _XML_FAULT.search(text)
    if kind is None:
        return None
    errors = [
        _error(unescape(code), *(unescape(found[1]) if (found := part.search(inside)) else "" for part in _XML_PARTS))
        for code, inside in _XML_ERROR.findall(text)
    ]
    return Fault(unescape(kind[1]), tuple(errors))


def of_write(fault: Fault | None, status: int, trace: str) -> BooksError:
    """What a fault means for a write; without one, or with an unknown kind, nobody knows whether it was done."""
    return _meant(fault, status, trace, OutcomeUnknown)


def of_read(fault: Fault | None, status: int, trace: str) -> BooksError:
    """What a fault means for a read: nothing of it is ever taken for a document that is gone."""
    return _meant(fault, status, trace, BooksUnavailable)


def _meant(fault: Fault | None, status: int, trace: str, otherwise: Callable[[str], BooksError]) -> BooksError:
    """What the table says of it, and `otherwise` where the answer says nothing that we know."""
    if fault is None or not fault.errors:
        return otherwise(f"QuickBooks answered {status} without saying why.")
    meaning = meaning_of(TABLE, fault.errors)
    if meaning is None and fault.kind.lower() not in _NOTHING_DONE:
        return otherwise(f"QuickBooks answered with an error of its own ({fault.errors[0].code}).")
    return _as_error(meaning or _INVALID, fault, trace, otherwise)


def _as_error(meaning: Meaning, fault: Fault, trace: str, otherwise: Callable[[str], BooksError]) -> BooksError:
    match meaning.refusal:
        case Refusal.OUTCOME_UNKNOWN:
            return otherwise(meaning.words)
        case Refusal.THROTTLED:
            return Throttled(meaning.words, THROTTLED_SECONDS)
        case Refusal.ACCESS_LOST:
            return AccessLost(meaning.words)
        case Refusal.BOOKS_UNAVAILABLE:
            own = quoted(PACKAGE, " ".join(error.sentence or error.text for error in fault.errors))
            return BooksUnavailable(f"{meaning.words} {own}".rstrip(), THROTTLED_SECONDS)
        case _:
            listed = "; ".join(f"{error.code}: {error.text}" for error in fault.errors)
            detail = f"{fault.kind} {listed} (intuit_tid {trace})"
            return refused(PACKAGE, meaning, fault.errors, code=fault.errors[0].code, detail=detail)
