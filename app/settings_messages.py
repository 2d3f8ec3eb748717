"""What is wrong with the configuration, in words: each problem with its key and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from accounting.registry import CONNECTORS
from receivables.words import LOCALES

#: The keys of [company.books], whatever the kind, as each connector describes them.
_OF_BOOKS = {key: described for known in CONNECTORS.values() for key, described in known.table.model_fields.items()}

#: The keys of each kind of table, to guess what was meant by an unknown one.
KEYS = (
    "database url company id name time_zone locale start_on writes sync_every_minutes large_percentage hand_receipt_days books "
    "close_day "
    "deposit_accounts person active books_names may reads remedies limits limits_per_day solo materiality small_credits "
    "credit_reasons feed transaction_number customer customer_id invoices http host port slack channel escalations tell "
    "email mode address team tls user from to daily_summary"
).split() + list(_OF_BOOKS)

_ID = "Write 1 to 40 lowercase letters, digits and hyphens, beginning with a letter or digit, in double quotes"
_DATE = "Write a date without quotes, such as 2026-01-01"
_CHANNEL = 'Write the id at the end of "Copy link" in Slack, not the name, such as "C0123456789"'
_LIST = 'Write a list of names, such as ["a", "b"]'

#: What to write for a key whose value has the wrong form.
_REMEDIES = {
    "id": _ID,
    "name": "Write a name of 1 to 200 characters on one line, in double quotes",
    "time_zone": 'Write an IANA name in double quotes, such as "America/Chicago"',
    "locale": f'Write one of {", ".join(LOCALES)} in double quotes, such as "en_US"',
    "start_on": _DATE,
    "books": 'Write a table [company.books] with kind = "embedded" and file',
    "sync_every_minutes": "Write a whole number from 1 to 10080, without quotes",
    "close_day": "Write a whole number from 1 to 28, without quotes",
    "large_percentage": "Write a whole number from 1 to 100, without quotes",
    "hand_receipt_days": "Write a whole number from 0 to 366, without quotes",
    "deposit_accounts": 'Write a table [company.deposit_accounts] with lines such as "card/USD" = "Card clearing"',
    "credit_reasons": 'Write a table [company.credit_reasons] with lines such as write_off = ["bad debt"]',
    "small_credits": 'Write a table [company.small_credits] with lines such as USD = "50.00"',
    "materiality": 'Write a table [company.materiality] with lines such as USD = "5000.00"',
    "active": "Write true or false, without quotes",
    "solo": "Write true or false, without quotes",
    "reads": "Write true or false, without quotes",
    "books_names": _LIST,
    "remedies": 'Write a list of remedies, such as ["recreate_receipt", "dismiss"]',
    "limits": 'Write amounts in double quotes, such as { USD = "5000.00" }',
    "limits_per_day": 'Write amounts in double quotes, such as { USD = "20000.00" }',
    "url": 'Write a URL in double quotes, such as "sqlite:///resolve-now.sqlite"',
    "database": "Write a table [database] with url",
    "feed": 'Write a table [company.feed] with kind = "stripe"',
    "http": "Write a table [http] with host and port",
    "host": 'Write a name or an address in double quotes, such as "127.0.0.1"',
    "port": "Write a whole number from 0 to 65535, without quotes",
    "slack": "Write a person's accounts as [\"T0123456789/U0123456789\"], and a company's channel in a table [company.slack]",
    "mode": 'Write "socket", or "http" where Slack sends to an address of yours',
    "address": 'Write the address at which browsers reach this program, such as "https://resolve-now.example.com"',
    "team": 'Write the id of the workspace or organization, such as "T0123456789"',
    "channel": _CHANNEL,
    "escalations": _CHANNEL,
    "tell": 'Write Slack member ids, such as ["U0123456789"]',
    "email": (
        'Write the address by which Slack knows a person, such as "dana@example.com", and who of a company gets mails '
        "in a table [company.email]"
    ),
    "to": 'Write a list of addresses, such as ["controller@example.com"]',
    "from": 'Write the address that mails come from, such as "resolve-now@example.com"',
    "tls": 'Write "starttls", "tls" or "none"',
    "user": "Write the name to sign in with at the mail server, in double quotes",
    "daily_summary": "Write true or false, without quotes",
    "transaction_number": "Write the name of a field of metadata, in double quotes",
    "customer": "Write the name of a field of metadata, in double quotes",
    "customer_id": "Write the name of a field of metadata, in double quotes",
    "invoices": "Write the name of a field of metadata, in double quotes",
    "company": "Write one table [[company]], with two brackets on each side, for each company",
    "person": "Write one table [[person]], with two brackets on each side, for each person",
    "may": "Write one table [[person.may]], with two brackets on each side, for each company the person may decide for",
    **{key: described.description for key, described in _OF_BOOKS.items() if described.description},
}


@dataclass(frozen=True)
class Problem:
    """One problem. `text` says what is wrong, and after a period what to write instead; `place` is where in the file."""

    key: str
    text: str
    place: tuple[str | int, ...] = ()


def nearest(given: str, known: Iterable[str]) -> str:
    """A sentence that guesses what was meant, or lists what is configured."""
    names = [str(name) for name in known]
    near = get_close_matches(given, names, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Write one of: {', '.join(names)}" if names else "None is configured yet"


def key_of(place: Iterable[str | int], raw: Mapping[str, Any]) -> str:
    """Where a key is, as people look for it: ("company", 0, "books", "file") is "company acme, books, file"."""
    words: list[str] = []
    table: Any = raw
    steps = [step for step in place if step != "[key]"]  # the validator's mark that a key itself is wrong, not its value
    for position, step in enumerate(steps):
        if isinstance(step, str) and isinstance(table, dict) and step not in table and position + 1 < len(steps):
            continue  # the kind of a table, which the validator puts between
        table = _below(table, step)
        if not isinstance(step, int):
            words.append(step if step.isprintable() else ascii(step))
        elif isinstance(table, dict):
            id_ = table.get("id")
            named = isinstance(id_, str) and id_.isprintable() and len(id_) <= 40
            words[-1] += f" {id_}" if named else f" number {step + 1}"
        else:
            words[-1] += f" number {step + 1}"
    return ", ".join(words)


def problem_at(place: tuple[str | int, ...], raw: Mapping[str, Any], text: str) -> Problem:
    """A problem of what stands there in the file."""
    return Problem(key_of(place, raw), text, place)


def problems_of(errors: Iterable[ErrorDetails], raw: Mapping[str, Any]) -> list[Problem]:
    """The findings of the validator in our own words."""
    # A list counts as too short for the validator when its members are wrong; that has been said of each of them.
    return [_problem(error, raw) for error in errors if error["type"] != "too_short" or not error["input"]]


def _problem(error: ErrorDetails, raw: Mapping[str, Any]) -> Problem:
    names = [step for step in error["loc"] if isinstance(step, str) and step != "[key]"]
    last = names[-1] if names else ""
    remedy = _REMEDIES.get(last) or next((_REMEDIES[name] for name in reversed(names) if name in _REMEDIES), "")
    return problem_at(error["loc"], raw, _text(error, last, remedy))


def _text(error: ErrorDetails, last: str, remedy: str) -> str:
    match error["type"]:
        case "missing":
            return f"is missing. {remedy}"
        case "extra_forbidden":
            return f"is not a setting here. {_nearest_key(last)}"
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error":
            return f"has an unknown value. Write {error['ctx']['expected'].replace(chr(39), chr(34))}"
        case "union_tag_invalid" | "union_tag_not_found":
            known = error["ctx"].get("expected_tags", "")
            return "its kind is " + (f"unknown. Write one of {known}".replace("'", '"') if known else f"missing. {remedy}")
        case "too_short":
            return f"is empty. {remedy}"
        case "greater_than_equal" | "less_than_equal":
            return f"is out of range. {remedy}"
        case "string_pattern_mismatch" | "string_too_short" | "string_too_long":
            return f"does not have the right form. {remedy}"
        case _:
            return f"has the wrong type. {remedy or error['msg']}"


def _nearest_key(key: str) -> str:
    """What may have been meant by an unknown key."""
    near = get_close_matches(key, KEYS, n=1)
    return f"Did you mean {near[0]}?" if near and near[0] != key else "Remove it"


def _below(table: Any, step: str | int) -> Any:
    if isinstance(table, dict) and isinstance(step, str):
        return table.get(step)
    if isinstance(table, list) and isinstance(step, int) and step < len(table):
        return table[step]
    return None
