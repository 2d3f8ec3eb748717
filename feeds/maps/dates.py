"""Dates and times as exports write them: by a form such as "MM/DD/YYYY hh:mm AM", never by what looks likely."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from feeds.csv_line import Wrong, in_zone, shown

FORM_EXAMPLES = 'YYYY-MM-DD, M/D/YYYY, DD.MM.YYYY, "YYYY-MM-DD HH:mm[:ss]", "DD-Mon-YYYY hh:mm:ss AM ZONE"'
OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>0\d|1[0-4]):(?P<minutes>[0-5]\d)", re.ASCII)

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
#: Each token with what it matches. MM and DD are two digits, M and D one or two; HH counts to 23, hh to 12 with AM.
_TOKENS = {
    "YYYY": r"(?P<year>\d{4})",
    "Mon": rf"(?P<name>{'|'.join(_MONTHS)})",
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d\d)",
    "D": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d\d)",
    "H": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<half>\d\d)",
    "h": r"(?P<half>\d{1,2})",
    "mm": r"(?P<minute>\d\d)",
    "ss": r"(?P<second>\d\d(?:\.\d{1,6})?)",
    "AM": r"(?P<noon>AM|PM)",
    "ZONE": r"(?P<zone>\S+)",
    "[": "(?:",
    "]": ")?",
}
_TOKEN = re.compile("|".join(re.escape(token) for token in _TOKENS))
ISO = "YYYY-MM-DD[ HH:mm[:ss]]"  # how a workbook's own days and moments are handed on
_CHOOSE_UTC = 'Export the file with its times in UTC, if the portal offers it, and state zone = "UTC" in the map'


@dataclass(frozen=True)
class _Read:
    local: datetime
    zone: str  # as written, or ""
    has_time: bool


@lru_cache(maxsize=64)
def pattern_of(form: str) -> re.Pattern[str]:
    """What texts of this form look like. Raises ValueError where the form is none."""
    text, rest = "", 0
    for token in _TOKEN.finditer(form):
        text += re.escape(form[rest : token.start()]) + _TOKENS[token[0]]
        rest = token.end()
    if re.search(r"[A-Za-z]", re.sub(r"T", "", "".join(_TOKEN.split(form)))):
        raise ValueError(f"{form!r} is not a form of dates. Write one such as {FORM_EXAMPLES}")
    try:
        pattern = re.compile(text + re.escape(form[rest:]), re.ASCII | re.IGNORECASE)
    except re.error:
        raise ValueError(f"{form!r} says something twice, or opens [ and does not close it. Write {FORM_EXAMPLES}") from None
    groups = pattern.groupindex
    if "year" not in groups or "day" not in groups or not {"month", "name"} & set(groups):
        raise ValueError(f"{form!r} names no year, month and day. Write one such as {FORM_EXAMPLES}")
    if "half" in groups and "noon" not in groups:
        raise ValueError(f"{form!r} counts hours to 12 without AM. Write HH for hours to 23, or add AM")
    return pattern


def moment_text(text: str, form: str, zone: str, written_zone: str, zones: Mapping[str, str], company_zone: ZoneInfo) -> str:
    """The moment as Resolve Now's own files write it: a day, or a moment with its offset from UTC. Raises Wrong."""
    read = _read(text, form)
    if not read.has_time:
        return read.local.date().isoformat()
    place = _place(zone, read.zone or written_zone, zones)
    if offset := OFFSET.fullmatch(place):
        away = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"]))
        return read.local.replace(tzinfo=timezone(-away if offset["sign"] == "-" else away)).isoformat()
    chosen = company_zone if place == "company" else ZoneInfo(place)
    try:
        in_zone(read.local, chosen, text)
    except Wrong as reason:
        raise Wrong(reason.message, _CHOOSE_UTC) from None
    return read.local.replace(tzinfo=chosen).isoformat()


def _place(zone: str, written: str, zones: Mapping[str, str]) -> str:
    if zone != "written":
        return zone
    if written not in zones:
        message = f"the time zone {shown(written)} is not in the map" if written else "no time zone is written here"
        raise Wrong(message, 'Add it to [dates.zones] of the map, such as PST = "-08:00"')
    return zones[written]


def _read(text: str, form: str) -> _Read:
    found = pattern_of(form).fullmatch(text.strip())
    if not found:
        raise Wrong(f"{shown(text)} is not a moment written as {form}", "State how the file writes dates, with --set dates=FORM")
    part = found.groupdict()
    month = _MONTHS.index(part["name"].lower()) + 1 if part.get("name") else int(part.get("month") or 0)
    hour = int(part.get("hour") or 0)
    if part.get("half"):
        half = int(part["half"])
        if not 1 <= half <= 12:
            raise Wrong(f"{shown(text)} has no hour from 1 to 12", "Correct it in the portal, and export the file again")
        hour = half % 12 + (12 if part["noon"].upper() == "PM" else 0)
    second, _, fraction = (part.get("second") or "0").partition(".")
    try:
        day = datetime(int(part["year"]), month, int(part["day"]))  # noqa: DTZ001  # its zone is said apart
        local = datetime.combine(day, time(hour, int(part.get("minute") or 0), int(second), int(fraction.ljust(6, "0") or 0)))
    except ValueError as error:
        order = "State how the file writes dates, with --set dates=FORM"
        raise Wrong(f"{shown(text)} read as {form} is not in the calendar ({error})", order) from None
    return _Read(local, part.get("zone") or "", bool(part.get("hour") or part.get("half")))
