"""How a table of the configuration is read: strictly, and relative to the folder of its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationInfo

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*\z")
]


class Table(BaseModel):
    """A table of the file: no unknown key, and no value of another type.

    The description of a field is what to write where its value has the wrong form.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BooksTable(Table):
    """The table [company.books] for one kind of books. Passwords, client secrets and tokens are never in it."""

    kind: str

    @property
    def own_file(self) -> Path | None:
        """The file on this machine that holds these books, which nothing else may use."""
        return None

    @property
    def organisation(self) -> str:
        """Which books these are at the package, where the table says it."""
        return ""


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the file; for a table that was built in code it is where the process runs."""
    context: dict[str, Any] = info.context or {}
    return Path(context.get("folder", ""))
