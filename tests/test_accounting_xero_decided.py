"""A decision on Xero rests on what Xero says when it is carried out, never on what it said to a sync just before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from accounting_stories import ERIN, Office
from cause_worlds import XERO, a_world

from accounting.calling import Calls, Reply
from receivables.diagnosis import Cause, Remedy


def test_what_was_entered_since_the_last_sync_makes_a_decision_stale_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    with a_world(XERO, tmp_path) as world:
        office = Office(world, 1)
        office.pay(30_000)
        office.credit(40_000)
        office.sync()
        office.shows(Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO)
        another = office.ledger.add_credit_memo("CM-X", office.hooli.id, 5_000, "USD", office.today, by=ERIN)
        office.ledger.apply_credit(another.id, office.invoice.id, 5_000, by=ERIN)
        write = Calls.write

        def noted(self: Calls, method: str, path: str, **more: Any) -> Reply:
            written.append(path)
            return write(self, method, path, **more)

        monkeypatch.setattr(Calls, "write", noted)

        ended = office.scene.decide(Remedy.UNAPPLY_CREDIT_MEMO, office.number)

    assert ("stale", []) == (ended, written)
