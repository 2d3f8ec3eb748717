"""What `run` writes to standard error: one JSON object a line, without secrets and without e-mail addresses.

Our own lines and those of libraries go the same way. A key that sounds like a secret keeps its name and loses its value;
inside texts, what looks like a token, a password in an address or an e-mail address is replaced.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from app.secrets import sounds_secret
from receivables.card_numbers import masked

HIDDEN = "***"
LONGEST_TEXT = 4_000  # characters of one value; a body or a page that got into a message is cut
_PATTERNS = (
    (re.compile(r"\bxox[a-z]-[\w-]+|\bxapp-[\w-]+"), HIDDEN),  # Slack
    (re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_\w+|\bwhsec_\w+"), HIDDEN),  # Stripe
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a signed token (JWT)
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"(?i)((?:access_|refresh_|id_)?token|secret|password|passwd|api[_-]?key|client_secret|signature)"
            r"([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+"
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "***@***"),
)
_FREE = frozenset({"event", "level", "timestamp", "logger"})


def set_up(stream: Any = None) -> None:
    """From now on everything that is logged in this process is written so."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
    )
    of_libraries = logging.StreamHandler(stream or sys.stderr)
    of_libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redacted,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [of_libraries]
    root.setLevel(logging.WARNING)
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a ring that finds the one before at work is no news


def redacted(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step before a line is written."""
    for key, value in event.items():
        event[key] = HIDDEN if key not in _FREE and sounds_secret(key) and value else _clean(value)
    return event


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, Mapping):
        return {str(key): HIDDEN if sounds_secret(str(key)) and item else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return masked(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} ...")
