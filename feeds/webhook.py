"""Payments that a portal sends by itself: one signed message of JSON, refused whole or taken whole.

The sender signs "<timestamp>.<body>" with a secret that both sides hold (HMAC-SHA256, hexadecimal). A message is one
payment or a list of at most 100, each with exactly the fields of the CSV feed, whose rules `feeds/csv_line.py` keeps.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches

from feeds.csv_line import COLUMNS, REQUIRED_COLUMNS, read_line, shown
from receivables.company import Company
from receivables.errors import FeedError, FeedProblem
from receivables.payment import Payment
from receivables.words import counted

TIMESTAMP_HEADER = "Resolve-Now-Timestamp"
SIGNATURE_HEADER = "Resolve-Now-Signature"
TOLERANCE_SECONDS = 300  # clocks differ by seconds; an older message may be a captured one
MOST_BYTES = 1024 * 1024
MOST_PAYMENTS = 100  # as many as are taken in within one transaction
MOST_SIGNATURES = 4  # a sender that changes its secret signs with the old and the new one

_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})", re.ASCII)
_INVOICES_FORM = 'a list such as [["1042", "380.00"], ["1043", "120.00"]]; name an invoice whose number holds , or ; as "#ID"'
_WHOLE = "whole payment"
_MESSAGE = "message"


class BadSignature(Exception):
    """Nobody who holds a secret sent this just now. The message may be shown to the sender."""


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header. `timestamp` is in whole seconds since 1970."""
    return "v1=" + hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def verify(secrets: Sequence[str], timestamp: str, signature: str, body: bytes, *, now: datetime) -> None:
    """Raises BadSignature unless one of the secrets signed this body within the last (or next) five minutes."""
    if not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature(f"The header {TIMESTAMP_HEADER} must hold the seconds since 1970, in digits.")
    given = [part.strip(" ") for part in signature.split(",")]
    found = [match[1] for part in given if (match := _SIGNATURE.fullmatch(part))]
    if not found or len(given) > MOST_SIGNATURES:
        raise BadSignature(f"The header {SIGNATURE_HEADER} must hold v1= and 64 hexadecimal digits in small letters.")
    signed = timestamp.encode() + b"." + body
    right = False
    for secret in secrets:  # all of them, so that the time taken tells nothing
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        for candidate in found:
            right = hmac.compare_digest(expected, candidate) or right
    if not right:
        raise BadSignature("The signature does not fit the message; sign <timestamp>.<body> exactly as it is sent.")
    if abs(int(timestamp) - int(now.astimezone(UTC).timestamp())) > TOLERANCE_SECONDS:
        raise BadSignature("The message is more than five minutes old or ahead; set the clock, and sign it again.")


class Message:
    """A `Feed` of one message. Raises FeedError at once, with every problem: `line` is the payment's place from 1.

    `today` is the company's day: money that went back after it did not go back yet.
    """

    def __init__(self, body: bytes, company: Company, today: date) -> None:
        self._payments = tuple(_read(body, company, today))
        self._digest = hashlib.sha256(body).hexdigest()

    @property
    def name(self) -> str:
        """For people."""
        return "the webhook"

    @property
    def digest(self) -> str:
        """SHA-256 of the body: the same message sent again has the same."""
        return self._digest

    @property
    def count(self) -> int:
        """How many payments it holds."""
        return len(self._payments)

    def payments(self) -> Iterator[Payment]:
        """Every payment, in the message's order."""
        return iter(self._payments)


def _read(body: bytes, company: Company, today: date) -> list[Payment]:
    given = _parsed(body)
    entries = given if isinstance(given, list) else [given]
    if not entries or len(entries) > MOST_PAYMENTS:
        message = "it holds no payment" if not entries else f"it holds {len(entries):,} payments"
        raise _refused([FeedProblem(0, _MESSAGE, message, f"Send one payment, or a list of at most {MOST_PAYMENTS}")])
    payments: list[Payment] = []
    problems: list[FeedProblem] = []
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries, start=1):
        fields, wrong = _fields(place, entry)
        if isinstance(entry, dict):
            misshapen = {problem.column for problem in wrong}
            reading = read_line(place, {**dict.fromkeys(REQUIRED_COLUMNS, ""), **fields}, company, today=today)
            wrong += [problem for problem in reading.problems if problem.column not in misshapen]
            number = reading.transaction_number
            if number and (first := seen.setdefault(number, place)) != place:
                message = f"{shown(number)} is payment {first} of the message already"
                wrong.append(
                    FeedProblem(place, "transaction_number", message, "Each payment has a number of its own; leave one out")
                )
            if reading.payment is not None and not wrong:
                payments.append(reading.payment)
        problems += wrong
    if problems:
        raise _refused(problems)
    return payments


def _refused(problems: list[FeedProblem]) -> FeedError:
    return FeedError(f"The message has {counted(len(problems), 'problem')}; nothing was taken in.", tuple(problems))


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except _Unclear as error:
        raise _refused([FeedProblem(0, _MESSAGE, str(error), error.remedy)]) from None
    except (ValueError, RecursionError) as error:  # also where it is not UTF-8
        what = "it is not JSON in UTF-8" + (f" ({error})" if isinstance(error, json.JSONDecodeError) else "")
        raise _refused([FeedProblem(0, _MESSAGE, what, "Send one JSON object, or a list of them")]) from None


class _Unclear(Exception):
    """JSON that two readers may understand in two ways."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unclear(f"the field {shown(twice)} appears twice in one object", "Write each field once")
    return found


def _no_number(name: str) -> object:
    raise _Unclear(f"{name} is not a value of JSON", 'Write amounts as text, such as "500.00"')


def _fields(place: int, entry: object) -> tuple[Mapping[str, str], list[FeedProblem]]:
    """The fields of one payment as text, as a line of CSV has them, and what is wrong with their shape."""
    if not isinstance(entry, dict):
        return {}, [FeedProblem(place, _WHOLE, "it is not an object", "Write { } with the payment's fields")]
    problems: list[FeedProblem] = []
    fields: dict[str, str] = {}
    for name in entry:
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            remedy = f"Write {near[0]}" if near else "Take it out"
            problems.append(
                FeedProblem(place, shown(name)[1:-1], "the field means nothing here", f"{remedy}; known are {', '.join(COLUMNS)}")
            )
    for name in COLUMNS:
        if name not in entry:
            if name in REQUIRED_COLUMNS:
                problems.append(FeedProblem(place, name, "the field is missing", "Send it"))
            continue
        value = entry[name]
        text = _invoices(value) if name == "invoices" else value if isinstance(value, str) else None
        if text is None or not _is_text(text):
            form = _INVOICES_FORM if name == "invoices" else 'text in double quotes, such as "500.00"'
            problems.append(FeedProblem(place, name, "the value has the wrong form", f"Write {form}"))
        else:
            fields[name] = text
    return fields, problems


def _invoices(value: object) -> str | None:
    """The invoices in the form of the CSV feed; None where they have no form we know."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return None
    entries: list[str] = []
    for entry in value:
        if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(part, str) for part in entry):
            return None
        number, amount = entry
        if {";", ","} & {*number} or {":", ";"} & {*amount}:  # they would turn into other invoices
            return None
        entries.append(f"{number}:{amount}")
    return ";".join(entries)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can write and nobody can store
        return False
    return True
