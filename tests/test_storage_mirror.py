"""What is remembered of the books, also of an invoice that was gone before anybody saw it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from scene import Scene

from receivables.books_records import Changes, Gone, Invoice, Stamp
from storage import companies, mirror

LATE = datetime(2026, 3, 5, 2, tzinfo=UTC)  # still the 4th in Chicago


def remembered(scene: Scene, zone: str, *gone: Gone) -> dict[str, Invoice]:
    """The invoices numbered 1042 after these tombstones came in a page of changes, by id."""
    with scene.desk.work() as work:
        companies.ensure(work.connection, work.company)
        mirror.remember(work, Changes((), gone, "1", more=False), time_zone=ZoneInfo(zone))
        found = mirror.invoices_numbered(work.connection, work.company, ["1042"])
    return {seen.document.id: seen.document for seen in found if isinstance(seen.document, Invoice)}


@pytest.mark.parametrize(
    ("zone", "day"), [("America/Chicago", date(2026, 3, 4)), ("UTC", date(2026, 3, 5)), ("Asia/Kolkata", date(2026, 3, 5))]
)
def test_an_invoice_deleted_before_it_was_read_has_the_companys_day(scene: Scene, zone: str, day: date) -> None:
    assert day == remembered(scene, zone, Gone("invoice", "i-1", Stamp("dana", LATE), "1042"))["i-1"].issued_on


def test_one_whose_deletion_has_no_moment_has_the_day_on_which_it_was_noticed(scene: Scene) -> None:
    assert (
        scene.desk.company.day_of(scene.clock.now())
        == remembered(scene, "America/Chicago", Gone("invoice", "i-1", None, "1042"))["i-1"].issued_on
    )


def test_an_invoice_that_was_seen_keeps_what_was_seen_of_it(scene: Scene) -> None:
    seen = Gone("invoice", "i-1", Stamp("dana", LATE), "1042")
    first = remembered(scene, "America/Chicago", seen)
    assert first == remembered(scene, "Asia/Kolkata", seen, Gone("receipt", "i-2", Stamp("dana", LATE), "1042"))
