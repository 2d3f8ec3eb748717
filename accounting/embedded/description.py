"""Books kept in a file of our own: where the file is, and how it behaves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from accounting.description import Connector, Opened, Premises
from accounting.tables import BooksTable, folder_of
from receivables.effects import EffectKind
from receivables.ports import BooksTraits

TRAITS = BooksTraits(
    package="Embedded books",
    orders_per_dispatch=90,
    settle_seconds=2.0,
    apply_by_hand="resolve-now books apply-receipt",
    write_off_by_hand="resolve-now books delete-credit-memo",
    able=(EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT, EffectKind.VOID_CREDIT),
)


def _inside(path: Path, info: ValidationInfo) -> Path:
    """A path as the file means it: relative to the folder of the file itself."""
    if not path.name or "\0" in str(path):
        raise ValueError("is not a file name. Write a path such as acme-books.sqlite")
    return Path(os.path.abspath(folder_of(info) / path))


class EmbeddedBooksSettings(BooksTable):
    """`file` is absolute."""

    kind: Literal["embedded"]
    file: Annotated[
        Path,
        Field(strict=False, description='Write a path in double quotes, such as "acme-books.sqlite"'),
        AfterValidator(_inside),
    ]
    temper: Literal["strict", "swallowing"] = "strict"
    one_invoice_per_receipt: Annotated[bool, Field(description="Write true or false, without quotes")] = False

    @property
    def own_file(self) -> Path:
        return self.file


def _open(books: EmbeddedBooksSettings, premises: Premises) -> Opened:
    from accounting.embedded.connector import EmbeddedBooks  # noqa: PLC0415  # only where a company needs it
    from accounting.embedded.ledger import Ledger  # noqa: PLC0415

    ledger = Ledger(books.file, premises.clock, temper=books.temper, time_zone=premises.company.time_zone, make=False)
    return Opened(EmbeddedBooks(ledger, premises.clock, one_invoice_per_receipt=books.one_invoice_per_receipt))


CONNECTOR = Connector(
    table=EmbeddedBooksSettings,
    traits=TRAITS,
    unapplying="these books support it",
    open=_open,
    when_down="Check the file that [company.books] names; resolve-now books creates it when there is none.",
)
