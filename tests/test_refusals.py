"""What vendors are publicly known to say when they refuse, and what the connectors make of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from accounting.quickbooks import faults as quickbooks
from accounting.xero import faults as xero
from receivables.errors import BooksError, BooksRefused

ROWS = [
    (file.stem, row)
    for file in sorted((Path(__file__).parent / "refusals").glob("*.yaml"))
    for row in yaml.safe_load(file.read_text())
]
WORDS_OF_A_PHRASE = 8


def answered(package: str, code: str, phrase: str) -> BooksError:
    """What the connector makes of a refused write with this code and phrase."""
    if package == "xero":
        return xero.refused([phrase])
    error = {"Message": phrase, "code": code}
    return quickbooks.of_write(quickbooks.fault_in({"Fault": {"type": "ValidationFault", "Error": [error]}}), 400, "")


@pytest.mark.parametrize(("package", "row"), ROWS, ids=[f"{package}-{row['phrase']}" for package, row in ROWS])
def test_a_refusal_is_read_as_what_it_means(package: str, row: dict[str, str]) -> None:
    error = answered(package, row.get("code", ""), row["phrase"])

    assert row.get("read_as", row["means"]) == (error.refusal if isinstance(error, BooksRefused) else error.code)
    assert len(row["phrase"].split()) <= WORDS_OF_A_PHRASE
    assert row["source"].startswith("http")
