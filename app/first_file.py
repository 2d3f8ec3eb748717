"""The first configuration of an administrator: five answers become a commented `resolve-now.toml`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounting.registry import CONNECTORS

FILE = """\
# Written by `resolve-now init`. docs/configuration.md explains every key; passwords and tokens are never in this file.
# `resolve-now doctor` says what works and what does not, and checks every change that you make here.

[database]
# What Resolve Now remembers: a file for one machine, or PostgreSQL for several.
url = "sqlite:///resolve-now.sqlite"

[[company]]
# How commands name the company. Never change it after payments were imported.
id = {id}
name = {name}
# Its calendar: on which day a payment was received.
time_zone = {time_zone}
# Nothing paid before this day is ever posted, because it is in the books already.
start_on = {start_on}
# "on" lets syncs post. While it is "off" they read and diagnose, and `resolve-now sync --dry-run` shows what they would post.
writes = "off"
# How often it is synced, in minutes.
sync_every_minutes = 60

# Where its books are kept (docs/connecting.md).
[company.books]
kind = {kind}
{books}

# Which account receipts are deposited to, by method and currency. Without it: the default of the books.
# [company.deposit_accounts]
# default = "Undeposited Funds"

# Where its cards go (docs/slack.md).
# [company.slack]
# channel = "C0123456789"

# Who may decide about failed payments, each up to an amount. Nobody else can; some remedies take two people.
[[person]]
id = {person_id}
name = {person}
# books_names = ["how the books call them"]
# slack = ["T0123456789/U0123456789"]

[[person.may]]
company = {id}
remedies = ["retry", "match", "apply_receipt", "unapply_credit_memo", "recreate_receipt", "dismiss"]
limits = {{ USD = "1000.00" }}
"""
LONGEST_ID = 40


@dataclass(frozen=True)
class Answers:
    """What `init` asked. `kind` is that of a connector."""

    name: str
    time_zone: str
    start_on: date
    kind: str
    person: str

    @property
    def id(self) -> str:
        return _id(self.name, "company")

    @property
    def books_file(self) -> str:
        """The file of the practice books, beside the configuration."""
        return f"{self.id}-books.sqlite"

    def text(self) -> str:
        """The whole file."""
        words = {
            "id": self.id,
            "name": self.name,
            "time_zone": self.time_zone,
            "kind": self.kind,
            "person_id": _id(self.person, "person"),
            "person": self.person,
        }
        quoted = {key: _quoted(value) for key, value in words.items()}
        return FILE.format(**quoted, start_on=self.start_on.isoformat(), books="\n".join(self._books()))

    def _books(self) -> Iterator[str]:
        """The table of the package as its connector describes it: what it needs, and beside it what may be changed."""
        for key, field in CONNECTORS[self.kind].table.model_fields.items():
            if key == "kind":
                continue
            if field.is_required():
                value = self.books_file if key == "file" else (field.examples or [""])[0]
                yield f"{key} = {_value(value)}" + ("" if key == "file" else "  # change it")
            else:
                yield f"# {key} = {_value(field.default)}"


def _id(name: str, otherwise: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_ID].rstrip("-") or otherwise


def _quoted(text: str) -> str:
    """As TOML writes text; JSON's form of it is one of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    return _quoted(value) if isinstance(value, str) else str(value).lower()
