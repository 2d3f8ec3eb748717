"""What QuickBooks means when it says no: one table from its codes and phrases to ours, for reads and for writes.

A fault's detail may hold names and ids of a customer's records. It goes into `vendor_detail`, for the log, and is never
part of a message for people. Source of the codes: Intuit's list of common errors; where one code says several things,
the phrases seen in public error reports tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown, Throttled
from receivables.refusal import Refusal

THROTTLED_SECONDS = 60.0  # Intuit's own advice after "too many requests"
LONGEST_DETAIL = 2000


@dataclass(frozen=True)
class _Row:
    code: str
    phrase: str  # searched in message and detail, without regard to case
    refusal: Refusal
    words: str


_GONE = "A document this depends on was deleted in QuickBooks."
_CLOSED = "The books are closed for that day in QuickBooks."
_RECONNECT = "QuickBooks no longer accepts our access. Somebody must reconnect the company."

_TRY_AGAIN = r"unexpected (internal )?error|\(-30\d{3}\)|wait a (few|couple of) minutes|try again (later|in a)"
_PASSES = "QuickBooks had trouble of its own and asks for another try."
_NOT_SAVED = "QuickBooks is busy with the company's books for a while; nothing was saved."

#: The first row whose code and phrase both fit counts. Codes are compared without leading zeros.
TABLE: tuple[_Row, ...] = (
    _Row("610", "another user has deleted", Refusal.DOCUMENT_GONE, _GONE),
    _Row("610", "(made|been) inactive", Refusal.REFERENCE_INACTIVE, "The customer or an account is inactive in QuickBooks."),
    _Row("610", "", Refusal.REFERENCE_GONE, "Something this depends on is no longer in QuickBooks."),
    _Row("2500", "accounts? element", Refusal.ACCOUNT_INACTIVE, "The deposit account cannot be used in QuickBooks."),
    _Row("2500", "", Refusal.REFERENCE_INACTIVE, "The customer or an account cannot be used in QuickBooks."),
    _Row("620", "", Refusal.NOT_LINKABLE, "QuickBooks will not apply this to the invoice."),
    _Row("600", "", Refusal.DUPLICATE_REQUEST, "QuickBooks already has this request ID, with different content."),
    _Row("5010", "", Refusal.STALE, "Somebody has changed the document in QuickBooks since it was read."),
    _Row("10000", "", Refusal.OUTCOME_UNKNOWN, _PASSES),
    _Row("-30003", "", Refusal.OUTCOME_UNKNOWN, _PASSES),
    _Row("6000", "matched to a downloaded", Refusal.RECEIPT_DEPOSITED, "The receipt is matched to a bank transaction."),
    _Row("6000", "clos(ed|ing).*(period|date|book)|(period|date|book).*clos(ed|ing)", Refusal.PERIOD_CLOSED, _CLOSED),
    _Row("6000", "currenc", Refusal.CURRENCY_MISMATCH, "QuickBooks does not accept the currency."),
    _Row("6000", "account.*inactive|inactive.*account", Refusal.ACCOUNT_INACTIVE, "An account is inactive in QuickBooks."),
    _Row("6000", "customer.*inactive|inactive.*customer", Refusal.CUSTOMER_INACTIVE, "The customer is inactive in QuickBooks."),
    _Row(
        "6000",
        "(same|different|another) customer|customer.*match",
        Refusal.CUSTOMER_MISMATCH,
        "The documents belong to different customers.",
    ),
    # BOOKS_UNAVAILABLE: it says that nothing was saved, so the same write is sent again. OUTCOME_UNKNOWN: it leaves that open.
    _Row("6000", "(not|n't) (been )?saved|no changes were (made|saved)", Refusal.BOOKS_UNAVAILABLE, _NOT_SAVED),
    _Row("6000", "locked by|being (backed up|restored|imported|upgraded|updated)", Refusal.BOOKS_UNAVAILABLE, _NOT_SAVED),
    _Row("6000", _TRY_AGAIN, Refusal.OUTCOME_UNKNOWN, _PASSES),
    _Row("6000", "amount", Refusal.INVALID, "QuickBooks does not accept the amount."),
    _Row("6140", "", Refusal.DUPLICATE_REFERENCE, "QuickBooks already has a document with this reference number."),
    _Row("6190", "", Refusal.ACCESS_LOST, "The company's QuickBooks subscription is not active."),
    _Row(
        "6210",
        "number.*already (been )?used|duplicate document",
        Refusal.DUPLICATE_REFERENCE,
        "QuickBooks already has a document with this reference number.",
    ),
    _Row("6210", "", Refusal.PERIOD_CLOSED, _CLOSED),
    _Row("6240", "", Refusal.DUPLICATE_NAME, "Another record in QuickBooks has the same name."),
    _Row("6540", "", Refusal.RECEIPT_DEPOSITED, "The receipt is part of a bank deposit and cannot be changed."),
    _Row("5020", "", Refusal.PERMISSION_MISSING, "The person who connected QuickBooks is not allowed to do this."),
    _Row("5030", "", Refusal.PERMISSION_MISSING, "The company's QuickBooks plan does not include this feature."),
    _Row("120", "", Refusal.ACCESS_LOST, _RECONNECT),
    _Row("3100", "", Refusal.ACCESS_LOST, _RECONNECT),
    _Row("3200", "", Refusal.ACCESS_LOST, _RECONNECT),
    _Row("invalid_grant", "", Refusal.ACCESS_LOST, _RECONNECT),
    _Row("3001", "", Refusal.THROTTLED, "QuickBooks asks us to wait."),
    _Row("429", "", Refusal.THROTTLED, "QuickBooks asks us to wait."),
)

#: Kinds of fault by which QuickBooks says that it looked at the request and did nothing. Any other may be half done.
_NOTHING_DONE = frozenset({"validationfault", "validation", "authenticationfault", "authentication", "authorizationfault"})


@dataclass(frozen=True)
class Fault:
    """A fault as QuickBooks sent it: its kind, and (code, message and detail) of each error in it."""

    kind: str
    errors: tuple[tuple[str, str], ...]

    def not_found(self) -> bool:
        """Whether this is the plain answer that a document asked for by its id is not there (any text of code 610)."""
        return len(self.errors) == 1 and self.errors[0][0] == "610" and "object not found" in self.errors[0][1].lower()


def fault_in(body: object) -> Fault | None:
    """The fault in an answer or in one item of a batch. Refused access comes with the same words in lower case."""
    if not isinstance(body, Mapping):
        return None
    found = body.get("Fault", body.get("fault"))
    if not isinstance(found, Mapping):
        return None
    listed = found.get("Error", found.get("error"))
    errors = [error for error in listed if isinstance(error, Mapping)] if isinstance(listed, Sequence) else []
    return Fault(str(found.get("type", "")), tuple(_error(error) for error in errors))


def _error(error: Mapping[str, object]) -> tuple[str, str]:
    code = str(error.get("code", "")).strip()
    words = [str(error.get(name) or error.get(name.lower()) or "") for name in ("Message", "Detail")]
    element = f" [{error['element']}]" if error.get("element") else ""
    return code.lstrip("0") or code, " / ".join(word for word in words if word) + element


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
    row, detail = _row(fault), _detail(fault, trace)
    if row is not None:
        return otherwise(row.words) if row.refusal is Refusal.OUTCOME_UNKNOWN else _as_error(row, detail)
    if fault.kind.lower() in _NOTHING_DONE:
        return _other(fault, detail)
    return otherwise(f"QuickBooks answered with an error of its own ({fault.errors[0][0]}).")


def _row(fault: Fault) -> _Row | None:
    for code, text in fault.errors:
        for row in TABLE:
            if row.code == code and re.search(row.phrase, text, re.IGNORECASE | re.DOTALL):
                return row
    return None


def _as_error(row: _Row, detail: str) -> BooksError:
    match row.refusal:
        case Refusal.THROTTLED:
            return Throttled(row.words, THROTTLED_SECONDS)
        case Refusal.ACCESS_LOST:
            return AccessLost(row.words)
        case Refusal.BOOKS_UNAVAILABLE:
            return BooksUnavailable(row.words, THROTTLED_SECONDS)
        case _:
            return BooksRefused(row.words, row.refusal, row.code, detail)


def _other(fault: Fault, detail: str) -> BooksRefused:
    code = fault.errors[0][0]
    shown = re.sub(r"[^A-Za-z0-9_]", "", code)[:20]
    return BooksRefused(f"QuickBooks refused it for a reason we do not know (code {shown}).", Refusal.INVALID, code, detail)


def _detail(fault: Fault, trace: str) -> str:
    listed = "; ".join(f"{code}: {text}" for code, text in fault.errors)
    return f"{fault.kind} {listed} (intuit_tid {trace})"[:LONGEST_DETAIL]
