"""Escalation: opened at exactly the limit with enough payments, cleared well under it, said again until somebody takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from makers import CHICAGO, a_company, a_payment
from scene import Scene, a_scene

from receivables.errors import StaleDecision
from storage import attempts, companies, escalations
from storage.attempts import Attempted
from storage.escalations import StoredEscalation
from storage.taking_in import arrival, take_in
from storage.work import working
from sync import escalation, journey, ownership
from sync.escalation import Rate, is_isolated, probable_setting


@pytest.mark.parametrize(
    ("failed", "attempted", "expected"),
    [
        (999, 10_000, False),  # 9.99 %
        (1_000, 10_000, True),  # 10.00 %
        (1_001, 10_000, True),
        (3, 30, True),
        (3, 31, False),
        (2, 2, False),  # too few failures
        (2, 20, False),
        (9, 9, False),  # too few attempted
        (10, 10, True),
        (0, 10_000, False),
    ],
)
def test_limit_is_inclusive_and_needs_enough_payments(failed: int, attempted: int, expected: bool) -> None:
    assert expected is Rate("24 hours", attempted, failed, 10).over


@pytest.mark.parametrize(
    ("failed", "attempted", "expected"),
    [(699, 10_000, True), (700, 10_000, False), (999, 10_000, False), (2, 10, True), (9, 9, True)],
)
def test_cleared_only_well_under_the_limit(failed: int, attempted: int, expected: bool) -> None:
    assert expected is Rate("24 hours", attempted, failed, 10).calm


@pytest.mark.parametrize("percentage", [1, 7, 10, 25, 100])
def test_no_rate_is_over_and_calm_at_once_whatever_the_limit(percentage: int) -> None:
    found = [
        (failed, attempted)
        for attempted in range(10, 120, 7)
        for failed in range(attempted + 1)
        if (rate := Rate("24 hours", attempted, failed, percentage)).over and rate.calm
    ]
    assert [] == found


def judged(scene: Scene, company: str, *, attempted: int, failed: int, first: int = 0, run: str = "run") -> None:
    """First checks, as posting leaves them."""
    with working(scene.db.work(), company, scene.clock, scene.desk.ids, "sync") as work:
        companies.ensure(work.connection, company)
        run_id = f"{run}-{company}"
        companies.begin_run(work, run_id)
        for number in range(first, first + attempted):
            payment = a_payment(company=company, transaction_number=f"TXN-{number}", amount_minor=1_000)
            take_in(work, [arrival(payment, source="test", excluded_by=None)], CHICAGO)
            attempts.record_many(work, run_id, [Attempted(payment, number - first < failed, "short", "")])


def current(scene: Scene, company: str = "acme") -> StoredEscalation | None:
    with scene.db.read() as connection:
        return escalations.open_now(connection, company)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return a_scene(tmp_path)


def test_opened_at_ten_per_cent_kept_at_eight_and_cleared_under_seven(scene: Scene) -> None:
    judged(scene, "acme", attempted=100, failed=9)
    assert ("", None) == (escalation.run_once(scene.desk)[0], current(scene))
    judged(scene, "acme", attempted=10, failed=2, first=100, run="second")  # 11 of 110 is 10.00 %
    assert "opened" == escalation.run_once(scene.desk)[0]
    judged(scene, "acme", attempted=27, failed=0, first=110, run="third")  # 11 of 137 is 8.03 %
    assert ("", True) == (escalation.run_once(scene.desk)[0], current(scene) is not None)
    judged(scene, "acme", attempted=30, failed=0, first=137, run="fourth")  # 11 of 167 is 6.59 %
    assert ("cleared", None) == (escalation.run_once(scene.desk)[0], current(scene))


def test_one_company_s_failures_are_not_another_s(scene: Scene) -> None:
    judged(scene, "acme", attempted=20, failed=10)
    judged(scene, "globex", attempted=20, failed=0)
    globex = replace(scene.desk, company=a_company(id="globex"))

    assert ("opened", "") == (escalation.run_once(scene.desk)[0], escalation.run_once(globex)[0])
    with scene.db.read() as connection:
        now = scene.clock.now()
        assert (False, True) == (is_isolated(connection, scene.desk.company, now), is_isolated(connection, globex.company, now))


def test_while_it_is_open_nothing_unidentified_counts_as_isolated(scene: Scene) -> None:
    judged(scene, "acme", attempted=20, failed=2, run="before")
    judged(scene, "acme", attempted=10, failed=1, first=20, run="after")  # 3 of 30
    assert "opened" == escalation.run_once(scene.desk)[0]
    judged(scene, "acme", attempted=5, failed=0, first=30, run="later")  # 3 of 35: under the limit, and not yet calm

    with scene.db.read() as connection:
        under = not any(rate.over for rate in escalation.rates(connection, scene.desk.company, scene.clock.now()))
        assert (True, False) == (under, is_isolated(connection, scene.desk.company, scene.clock.now()))


def test_said_again_with_growing_pauses_until_somebody_takes_it(scene: Scene) -> None:
    judged(scene, "acme", attempted=20, failed=10)
    escalation.run_once(scene.desk)
    told = []
    for hour in range(1, 60):
        scene.clock.advance(3600)
        if escalation.remind(scene.desk):
            told.append(hour)
    opened = current(scene)
    assert opened is not None
    ownership.take(scene.desk, "escalation", opened.id, by="dana")
    scene.clock.advance(48 * 3600)

    assert ([1, 3, 7, 15, 39], False) == (told, escalation.remind(scene.desk))
    with pytest.raises(StaleDecision, match="Dana already"):
        ownership.take(scene.desk, "escalation", opened.id, by="sam")


def test_message_names_money_causes_since_when_and_the_probable_setting(scene: Scene) -> None:
    customer = scene.customer()
    for number in range(12):
        scene.invoice(f"{number}", customer, 10_000)
    scene.ledger.close_period(date(2026, 3, 31), by="controller")
    for number in range(12):
        scene.pay(f"TXN-{number}", 10_000, {f"{number}": 10_000})
    journey.run(scene.desk)

    opened = current(scene)

    assert opened is not None
    assert {"USD": [120_000, 120_000]} == opened.figures["money"]
    assert [["period_closed", 12]] == opened.figures["causes"]
    assert {"period_closed": {"USD": 120_000}} == opened.figures["causes_money"]
    assert ("period_closed 2026-03-31", 12, 12) == (
        opened.figures["setting"],
        opened.figures["failed"],
        opened.figures["attempted"],
    )
    assert opened.figures["since"] == scene.failing("TXN-0").opened_at.isoformat()


@pytest.mark.parametrize(
    ("roots", "expected"),
    [
        ([("period_closed 2026-03-31", 5), ("", 5)], "period_closed 2026-03-31"),
        ([("", 6), ("period_closed 2026-03-31", 5)], ""),
        ([("period_closed 2026-03-31", 2), ("account_inactive Bank", 2), ("", 1)], ""),
        ([("", 3)], ""),
        ([], ""),
    ],
)
def test_setting_is_named_only_where_it_explains_half_of_it(roots: list[tuple[str, int]], expected: str) -> None:
    assert expected == probable_setting(roots)


def test_time_out_that_landed_after_all_is_no_failure_of_the_rate(scene: Scene) -> None:
    judged(scene, "acme", attempted=10, failed=0)
    with scene.desk.work() as work:
        for number, code in (("TXN-1", "outcome_unknown"), ("TXN-2", "short")):
            attempts.turned_out_failed(work, [Attempted(a_payment(transaction_number=number), True, code, "")])
        attempts.landed_after_all(work, ["TXN-1", "TXN-2"])
        tally = attempts.tally_since(work.connection, "acme", work.at)

    assert (10, 1, {"USD": (10_000, 1_000)}) == (tally.attempted, tally.failed, tally.money)
