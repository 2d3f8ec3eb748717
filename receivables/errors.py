"""Everything that stops work, as one tree; findings about payments are values, never raised.

ReceivablesError             code for machines, message for people, cause chained
├─ BooksError                something about a call to the books
│  ├─ BooksUnavailable       not done; safe to try again
│  │  ├─ Throttled           not done; the books asked for a pause
│  │  └─ NotSent             not done, because we did not send it: its turn has not come, or its time was over
│  ├─ BooksRefused           not done; will not pass unchanged
│  ├─ AccessLost             not done; a person must reconnect
│  └─ OutcomeUnknown         may have been done; read back before any retry
├─ FeedError                 the payments could not be read
├─ NotPermitted              this person may not decide this
├─ StaleDecision             the facts changed since they were shown
│  └─ CannotBeDone           the remedy does not fit what the books hold
├─ NotFound                  nothing of that name is known here
├─ NotReadable               what we kept cannot be read by this version
└─ ConfigurationError        file, line, what to write instead
"""

from __future__ import annotations

from dataclasses import dataclass

from receivables.refusal import Refusal


class ReceivablesError(Exception):
    """Work cannot go on. `message` is shown to people, `code` is stable for machines."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BooksError(ReceivablesError):
    """A call to the books did not simply succeed."""

    code = "books_error"


class BooksUnavailable(BooksError):
    """Not done, and safe to try again (connection refused, 429, locked file)."""

    code = Refusal.BOOKS_UNAVAILABLE.value

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Throttled(BooksUnavailable):
    """Not done: the books allow no more calls for a while."""

    code = Refusal.THROTTLED.value


class NotSent(BooksUnavailable):
    """Not done, and no answer of the books: its turn comes after another write, or the time for it was over."""


class BooksRefused(BooksError):
    """Not done, and will not pass unchanged. The vendor's own code and words are kept as they came, never shown in Slack."""

    code = "books_refused"

    def __init__(self, message: str, refusal: Refusal, vendor_code: str = "", vendor_detail: str = "") -> None:
        super().__init__(message)
        self.refusal = refusal
        self.vendor_code = vendor_code
        self.vendor_detail = vendor_detail


class AccessLost(BooksError):
    """Not done; a person must connect the company to its books again."""

    code = Refusal.ACCESS_LOST.value


class OutcomeUnknown(BooksError):
    """The write may have been done. Only reading the books can tell."""

    code = Refusal.OUTCOME_UNKNOWN.value


@dataclass(frozen=True)
class FeedProblem:
    """One thing wrong in a feed, with where it stands and what to write instead (line 1 is the header)."""

    line: int
    column: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.message}. {self.remedy}"


class FeedError(ReceivablesError):
    """The payments could not be read; nothing was taken in. Carries every problem at once."""

    code = "feed_error"

    def __init__(self, message: str, problems: tuple[FeedProblem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class NotPermitted(ReceivablesError):
    """This person may not decide this. The message says what is missing, not what others may do."""

    code = "not_permitted"


class StaleDecision(ReceivablesError):
    """The facts changed since they were shown; nothing was written."""

    code = "stale_decision"


class CannotBeDone(StaleDecision):
    """The remedy does not fit what the books hold; nothing was written. The message says why and what to choose."""

    code = "cannot_be_done"


class NotFound(ReceivablesError):
    """Nothing of that name is known here."""

    code = "not_found"


class NotReadable(ReceivablesError):
    """What we kept ourselves is not in a form that this version reads. The message says what and where."""

    code = "not_readable"


class ConfigurationError(ReceivablesError):
    """The configuration cannot be used; the message names file, key and what to write instead."""

    code = "configuration_error"
