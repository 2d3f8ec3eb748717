"""How the stand-in for Xero reads a condition: as Xero's own language where it is in the small part we know, else not at all."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins.xero_where import QueryRefused, where

INVOICE: dict[str, Any] = {
    "InvoiceNumber": "1042",
    "Total": Decimal("500.00"),
    "Date": "/Date(1773100800000+0000)/",  # 10 March 2026
    "Contact": {"ContactID": "dea3d72e-a1ec-5705-9615-8e6d2c19e0b9", "Name": "Hooli"},
    "SentToContact": True,
    "Reference": "",
}


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ('InvoiceNumber=="1042"', True),
        ('InvoiceNumber="1042" AND Total>500', False),
        ("Total>=500 && Total<=500.00", True),
        ('Total<1 OR InvoiceNumber.StartsWith("10")', True),
        ('(Total<1 || Total>1) AND InvoiceNumber.EndsWith("2")', True),
        ('Total>1 OR Total>2 AND InvoiceNumber=="no"', True),  # AND binds closer
        ('Contact.ContactID==guid("DEA3D72E-A1EC-5705-9615-8E6D2C19E0B9")', True),
        ('Contact.Name=="HOOLI"', True),
        ('Contact.Name.Contains("ool")', True),
        ("Date>=DateTime(2026,03,10) AND Date<DateTime(2026, 3, 11)", True),
        ('Date>DateTime.Parse("2026-03-10T00:00:00")', False),
        ("SentToContact==true AND SentToContact", True),
        ("FullyPaidOnDate==null AND Date!=null", True),
        ("FullyPaidOnDate>DateTime(2000,1,1)", False),
        (r'InvoiceNumber=="a\"b"', False),
    ],
)
def test_condition_fits_the_invoice_or_not(condition: str, fits: bool) -> None:
    assert fits == where(condition)(INVOICE)


@given(st.text(alphabet='Total.Date "=!<>&|()0123456789guidDateTime,-\\', max_size=40))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    item = {"Total": Decimal(1), "Date": "/Date(0+0000)/"}
    with suppress(QueryRefused):
        assert where(text)(item) in (True, False)
