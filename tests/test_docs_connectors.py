"""The page about connectors is what its tests and tables say."""

from __future__ import annotations

import runpy

from house import ROOT

from receivables.diagnosis import Cause


def test_the_page_in_docs_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "connectors.py"))
    committed = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    assert script["page"](committed) == committed, "run: PYTHONPATH=.:tests .venv/bin/python docs/connectors.py"


def test_the_tables_have_every_case_and_every_cause() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "connectors.py"))
    cases = (ROOT / "tests" / "test_accounting_contract.py").read_text(encoding="utf-8").count("\ndef test_")
    assert cases + 2 == len(script["contract_table"]().splitlines())
    assert len(Cause) + 2 == len(script["causes_table"]().splitlines())
