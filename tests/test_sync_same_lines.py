"""Invoices whose lines are for the same stand first among what may replace a lost one, say so, and are never bound for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from scene import CREATED, PAID, Scene, a_scene

import rules
from accounting.quickbooks import documents as quickbooks
from accounting.xero import documents as xero
from receivables.books_records import Invoice
from storage import kept_evidence
from sync import binding

LATER = PAID + timedelta(hours=2)


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return a_scene(tmp_path)


def _add(scene: Scene, number: str, item: str, *, minor: int = 50_000, hours: int = 0) -> Invoice:
    at = LATER + timedelta(hours=hours) if hours else CREATED
    (hooli,) = scene.ledger.customers() or [scene.customer()]
    return scene.ledger.add_invoice(
        number, hooli.id, minor, currency="USD", issued_on=date(2026, 2, 1), by="bea", at=at, item=item
    )


def _lost(scene: Scene, *, void: bool, others: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Invoice 1042 for hosting was seen, then lost: the numbers offered in its place in their order, and what is said of each."""
    lost = _add(scene, "1042", "Hosting")
    scene.sync()
    scene.pay()
    binding.run_once(scene.desk)
    (scene.ledger.void_invoice if void else scene.ledger.delete_invoice)(lost.id, by="bea", at=LATER)
    for hours, (number, item) in enumerate(others.items(), start=1):
        _add(scene, number, item, minor=51_000, hours=hours)
    scene.sync()
    found = scene.failing()
    assert found.diagnosis is not None
    with scene.db.read() as connection:
        evidence = kept_evidence.get(connection, "acme", found.evidence_id or "")
    told = [rules.fact_sentence(fact, scene.desk.company.words) for fact in found.diagnosis.primary.because]
    assert scene.receipts() == []
    return [invoice.number for invoice in evidence.lines[0].successors], told


@pytest.mark.parametrize("void", [False, True])
def test_same_lines_stand_first_and_say_so(scene: Scene, void: bool) -> None:
    offered, told = _lost(scene, void=void, others={"2001": "Support", "2002": "Hosting"})
    assert ["2002", "2001"] == offered
    assert 1 == sum("the same line" in said for said in told)
    assert "2002" in next(said for said in told if "the same line" in said)


def test_an_invoice_that_says_nothing_has_no_line_in_common(scene: Scene) -> None:
    _, told = _lost(scene, void=False, others={"2001": "", "2002": "Support"})
    assert not [said for said in told if "the same line" in said]


def test_the_same_number_comes_before_the_same_lines(scene: Scene) -> None:
    offered, _ = _lost(scene, void=False, others={"2001": "Hosting", "1042": "Support"})
    assert ["1042", "2001"] == offered


def test_lines_are_read_from_quickbooks() -> None:
    sold = {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1", "name": "Hosting"}}}
    lines = [{**sold, "Description": "March"}, {"DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}]
    stamps = {"CreateTime": "2026-02-01T00:00:00Z", "LastUpdatedTime": "2026-02-01T00:00:00Z"}
    found = quickbooks.invoice(
        {"Id": "1", "SyncToken": "0", "TxnDate": "2026-02-01", "CurrencyRef": {"value": "USD"}, "TotalAmt": Decimal(5),
         "Balance": Decimal(5), "MetaData": stamps, "CustomerRef": {"value": "7"}, "Line": lines}
    )  # fmt: skip
    assert ("Hosting March",) == found.items


def test_lines_are_read_from_xero() -> None:
    id_ = "3138ad2d-8a9b-4b3b-9a53-0b1f4bb55d35"
    found = xero.invoice(
        {"Status": "AUTHORISED", "InvoiceID": id_, "InvoiceNumber": "1", "Contact": {"ContactID": id_}, "CurrencyCode": "USD",
         "Total": Decimal(5), "AmountDue": Decimal(5), "DateString": "2026-02-01T00:00:00", "Date": "/Date(1769904000000+0000)/",
         "UpdatedDateUTC": "/Date(1769904000000+0000)/", "LineItems": [{"ItemCode": "H1", "Description": "Hosting"}, {}]}
    )  # fmt: skip
    assert isinstance(found, Invoice)
    assert ("H1 Hosting",) == found.items
