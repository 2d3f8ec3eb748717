"""Every package that books can be kept in. A new connector is a folder of this room, and its name in `FOLDERS`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field

from accounting.description import Connector
from accounting.tables import BooksTable

#: In the order in which people read them. A folder is named by the kind that is written into the configuration.
FOLDERS = (
    "embedded",
    "quickbooks",
    "xero",
    "tryton",
)


def _described(folder: str) -> Connector[Any]:
    described: Connector[Any] = import_module(f"accounting.{folder}.description").CONNECTOR
    return described


CONNECTORS = {folder: _described(folder) for folder in FOLDERS}

if TYPE_CHECKING:
    AnyBooks = BooksTable
else:
    #: The table [company.books] of any kind.
    AnyBooks = Annotated[Union[tuple(known.table for known in CONNECTORS.values())], Field(discriminator="kind")]  # noqa: UP007
