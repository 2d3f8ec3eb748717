"""A payment of a closed month is posted on the first open day, by two people; nothing is offered that the month would refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from scene import Scene, a_person, a_scene

import rules
from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from receivables.two_people import TwoPeople
from storage import kept_evidence
from sync import journey, reconciliation, requests

CLOSED, OPEN = date(2026, 3, 31), date(2026, 4, 1)


@pytest.fixture
def scene(tmp_path: Path, migrated_sqlite: Path) -> Scene:
    (tmp_path / "resolve-now.sqlite").write_bytes(migrated_sqlite.read_bytes())
    made = a_scene(tmp_path)
    made.desk = replace(made.desk, people={person: a_person(person) for person in ("dana", "erin")})
    made.invoice("1042", made.customer(), 50_000)
    return made


def failed_in_a_closed_month(scene: Scene) -> Scene:
    scene.ledger.close_period(CLOSED, by="cora")
    scene.pay()
    scene.sync()
    assert Cause.PERIOD_CLOSED is scene.failing().cause
    return scene


def test_two_people_post_it_on_the_first_open_day_and_the_memo_has_the_true_date(scene: Scene) -> None:
    failed_in_a_closed_month(scene)
    assert (Remedy.POST_ON_OPEN_DAY, Remedy.RETRY, Remedy.DISMISS) == scene.failing().offered

    made = requests.request(scene.desk, "TXN-1", Remedy.POST_ON_OPEN_DAY, by="dana", channel="cli")
    assert ("waiting_approval", TwoPeople.OTHER_DAY.said) == (made.state, made.outcome)
    requests.approve(scene.desk, made.id, by="erin")
    journey.finish_once(scene.desk)

    (receipt,) = scene.ledger.receipts()
    assert (OPEN, 0) == (receipt.received_on, receipt.unapplied_minor)
    assert "paid Mar 3, 2026, which is in a closed period" in receipt.memo
    assert (PaymentState.VERIFIED, True) == (scene.payment().state, reconciliation.run_once(scene.desk).clean)


def test_reopening_is_recommended_above_the_materiality_only(scene: Scene) -> None:
    company = replace(scene.desk.company, materiality={"USD": 49_999})
    scene.desk = replace(scene.desk, company=company)
    assert Remedy.RETRY is failed_in_a_closed_month(scene).failing().remedy
    assert not company.is_material(49_999, "USD")
    assert not company.is_material(1_000_000, "EUR")


def test_period_that_was_reopened_lets_the_payment_land_by_itself(scene: Scene) -> None:
    failed_in_a_closed_month(scene)
    scene.ledger.reopen_period(by="cora")
    scene.sync()
    scene.sync()
    assert (PaymentState.VERIFIED, [date(2026, 3, 3)]) == (
        scene.payment().state,
        [receipt.received_on for receipt in scene.ledger.receipts()],
    )


def test_receipt_deleted_in_a_month_that_was_closed_since_is_not_recreated_in_it(scene: Scene) -> None:
    scene.pay()
    scene.sync()
    scene.ledger.delete_receipt(scene.ledger.receipts()[0].id, by="bea")
    scene.ledger.close_period(CLOSED, by="cora")
    reconciliation.run_once(scene.desk)
    assert (Cause.RECEIPT_DELETED, Remedy.POST_ON_OPEN_DAY) == (scene.failing().cause, scene.failing().offered[1])
    assert Remedy.RECREATE_RECEIPT not in scene.failing().offered


def test_voided_invoice_in_a_closed_month_leaves_the_payment_on_account_on_the_open_day(scene: Scene) -> None:
    scene.ledger.void_invoice(scene.ledger.invoices()[0].id, by="bea")
    offered = failed_in_a_closed_month(scene).failing().offered
    assert not {Remedy.KEEP_ON_ACCOUNT, Remedy.RECREATE_RECEIPT} & set(offered)
    assert Remedy.POST_ON_OPEN_DAY is offered[0]


def test_across_a_year_end_both_years_are_said_and_the_proof_lists_it(scene: Scene) -> None:
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, start_on=date(2025, 12, 1)))
    hooli, (in_march,) = scene.ledger.customers()[0], scene.ledger.invoices()
    scene.ledger.delete_invoice(in_march.id, by="bea", at=datetime(2025, 12, 2, tzinfo=UTC))
    scene.invoice("1043", hooli, 50_000, at=datetime(2025, 12, 3, tzinfo=UTC))
    scene.ledger.close_period(date(2025, 12, 31), by="cora")
    scene.pay(to={"1043": 50_000}, paid_at=datetime(2025, 12, 30, 16, tzinfo=UTC))
    scene.sync()
    found = scene.failing()
    with scene.db.read() as connection:
        evidence = kept_evidence.get(connection, "acme", found.evidence_id or "")
    assert found.diagnosis is not None
    said = rules.follows(Remedy.POST_ON_OPEN_DAY, found.diagnosis, evidence, {}, scene.desk.company.words)
    assert "on the cash basis the income is in 2026, although the customer paid in 2025" in said[-1]

    made = requests.request(scene.desk, "TXN-1", Remedy.POST_ON_OPEN_DAY, by="dana", channel="cli")
    requests.approve(scene.desk, made.id, by="erin")
    journey.finish_once(scene.desk)

    (receipt,) = scene.ledger.receipts()
    assert "paid Dec 30, 2025, which is in a closed period" in receipt.memo
    proven = reconciliation.run_once(scene.desk)
    listed = [(of.transaction, of.amount_minor, of.received_on) for of in proven.other_days]
    assert ([("TXN-1", 50_000, date(2026, 1, 1))], True) == (listed, proven.clean)
