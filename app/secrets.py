"""Passwords and tokens: taken from the environment or from files, never from the configuration, never shown.

A secret NAME is the value of RESOLVE_NOW_NAME, or the content of the file that RESOLVE_NOW_NAME_FILE names
(as container platforms mount them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl

from receivables.addresses import is_on_this_machine
from receivables.errors import ConfigurationError

PREFIX = "RESOLVE_NOW_"
SLACK_WEB_API = "https://slack.com/api/"
LONGEST_SECRET_BYTES = 64 * 1024  # a private key takes 4 KiB; more is the wrong file

_SECRET_WORDS = frozenset(
    "token tokens secret secrets password passwords passwd pwd passphrase credential credentials key keys apikey".split()
)
#: Whose keys are names of the company's own choosing and so say nothing about their values.
_FREE_KEYS = frozenset({"deposit_accounts", "limits", "materiality", "small_credits"})


class Secret:
    """A text that is shown only by `reveal`; in messages, logs and tracebacks it is ***."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it where it is used and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never copied out of the process")


def revealed(secret: Secret | None) -> str:
    """The text of one that may not be set, else ""."""
    return secret.reveal() if secret is not None else ""


def variable_of(name: str) -> str:
    """The environment variable of a secret: "slack.bot-token" is RESOLVE_NOW_SLACK_BOT_TOKEN."""
    return PREFIX + re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")


def read_secret(name: str, environment: Mapping[str, str]) -> Secret | None:
    """The secret of that name, without the line end of its file; None where it is not set.

    Raises ConfigurationError when it is set twice, empty, or its file cannot be read.
    """
    variable = variable_of(name)
    in_file = environment.get(variable + "_FILE")
    text = environment.get(variable)
    if in_file is not None and text is not None:
        raise ConfigurationError(f"{variable} and {variable}_FILE are both set. Unset one of them.")
    if in_file is not None:
        variable += "_FILE"
        try:
            with Path(in_file).open("rb") as file:
                raw = file.read(LONGEST_SECRET_BYTES + 1)
            text = raw.decode().rstrip("\r\n")
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a NUL
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ConfigurationError(f"{variable}: the file cannot be read: {reason}. Check its path and permissions.") from None
        if len(raw) > LONGEST_SECRET_BYTES:
            raise ConfigurationError(f"{variable}: the file is longer than {LONGEST_SECRET_BYTES:,} bytes. Name another file.")
    if text is None:
        return None
    if not text.strip():
        raise ConfigurationError(f"{variable} is empty. Set it, or unset it.")
    return Secret(text)


def sounds_secret(key: str) -> bool:
    """Whether a key is named like something that does not belong in a shared file."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", key).lower())
    return not _SECRET_WORDS.isdisjoint(words)


def has_password(url: str) -> bool:
    """Whether a database URL contains a password, before the @ or among its parameters."""
    _, _, rest = url.partition("://")
    address, _, parameters = rest.partition("?")
    before, at, _ = address.rpartition("@")
    return bool(at and ":" in before) or any(sounds_secret(name) for name, _ in parse_qsl(parameters, keep_blank_values=True))


def take_out_secrets(table: dict[str, object], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Removes every key that is named like a secret from a parsed document, at any depth, and yields where it was."""
    for key, value in list(table.items()):
        here = (*path, key)
        if sounds_secret(key):
            del table[key]
            yield here
        elif isinstance(value, dict) and key not in _FREE_KEYS:
            yield from take_out_secrets(value, here)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, dict):
                    yield from take_out_secrets(item, (*here, place))


def practice_address(name: str, environment: Mapping[str, str]) -> str | None:
    """The address of a practice service on this machine in place of the real one. Raises ConfigurationError for any other."""
    address = environment.get(variable_of(name))
    if address is not None and address != SLACK_WEB_API and not is_on_this_machine(address):
        raise ConfigurationError(f"{variable_of(name)} can only name a practice service on this machine.")
    return address
