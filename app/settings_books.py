"""Which accounting package a company's books are kept in, and what must be known to reach them.

Passwords, client secrets and tokens are not settings: they come from the environment or from the vault.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo

from app.secrets import ON_THIS_MACHINE

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*\z")
]


class Table(BaseModel):
    """A table of the file: no unknown key, and no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the file; for a table that was built in code it is where the process runs."""
    context: dict[str, Any] = info.context or {}
    return Path(context.get("folder", ""))


def _inside(path: Path, info: ValidationInfo) -> Path:
    """A path as the file means it: relative to the folder of the file itself."""
    if not path.name or "\0" in str(path):
        raise ValueError("is not a file name. Write a path such as acme-books.sqlite")
    return Path(os.path.abspath(folder_of(info) / path))


def _server(url: str) -> str:
    """The address of a server, ending in a slash. A password is sent to it, so it must be encrypted or on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address. Write one like https://tryton.example") from None
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        raise ValueError("must be an address without a user name, password or query. Write one like https://tryton.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ON_THIS_MACHINE):
        raise ValueError("must begin with https://, unless it is on this machine. Write one like https://tryton.example")
    return url.rstrip("/") + "/"


FilePath = Annotated[Path, Field(strict=False), AfterValidator(_inside)]


class EmbeddedBooksSettings(Table):
    """Books kept in a file of our own. `file` is absolute."""

    kind: Literal["embedded"]
    file: FilePath
    temper: Literal["strict", "swallowing"] = "strict"
    one_invoice_per_receipt: bool = False


class QuickBooksSettings(Table):
    """QuickBooks Online; its company is chosen when it is connected."""

    kind: Literal["quickbooks"]
    environment: Literal["production", "sandbox"] = "production"


class XeroSettings(Table):
    """Xero; its organization is chosen when it is connected. `calls_per_day` is what the app's plan allows."""

    kind: Literal["xero"]
    calls_per_day: int = Field(5000, ge=100, le=100_000)


class TrytonSettings(Table):
    """A Tryton server. `url` ends in a slash; `statement_journal` names the journal that receipts are entered in."""

    kind: Literal["tryton"]
    url: Annotated[str, AfterValidator(_server)]
    database: Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\z")]
    login: Name
    statement_journal: Name


#: Which package a company's books are kept in; another kind gets its own class.
AnyBooksSettings = Annotated[
    EmbeddedBooksSettings | QuickBooksSettings | XeroSettings | TrytonSettings, Field(discriminator="kind")
]
