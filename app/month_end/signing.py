"""Part E: what a reviewer signs, one line each, with a place for initials."""

from __future__ import annotations

from app.month_end.paper import Blank, Money, Sheet
from sync.month_package import MonthEnd

COLUMNS = (
    ("Why it is listed", 32), ("Date", 11), ("Payment", 18), ("What", 60), ("Amount", 13), ("Asked by", 15), ("Approved by", 15),
    ("Reason", 34), ("Initials", 9),
)  # fmt: skip


def write(sheet: Sheet, found: MonthEnd) -> None:
    """Sorted by why; what nobody keeps is said below."""
    sheet.header(*(name for name, _ in COLUMNS))
    sheet.sheet.freeze_panes(1, 0)
    for listed in found.to_sign:
        amount = Money(listed.amount_minor, listed.currency) if listed.amount_minor is not None and listed.currency else None
        people = (listed.by, listed.approved_by, listed.reason)
        sheet.write(listed.sign.value, listed.on, listed.transaction, listed.what, amount, *people, Blank(), text_wrap=True)
    if found.to_sign:
        sheet.sheet.autofilter(0, 0, len(found.to_sign), len(COLUMNS) - 1)
    else:
        sheet.write("Nothing is to be signed.")
    sheet.skip()
    sheet.write("Changes of rights and settings are kept by whoever keeps the configuration file, not by Resolve Now.")
