"""An older copy of our database beside newer books: what was posted since is found by its marks and taken up as after a crash."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from quickbooks_scene import house_over_quickbooks
from scene import PAID, Scene, a_scene
from xero_house import a_house as house_over_xero

from accounting.embedded.change import Kind
from receivables.diagnosis import Cause, Remedy
from receivables.effects import EffectState, marker
from receivables.payment import Bucket, PaymentState
from storage import audit, companies, effects
from storage.watch import Watch
from sync import binding, journey, mirroring, posting, reconciliation
from sync.reconciliation import Proven

POSTED = (PaymentState.VERIFIED, Bucket.POSTED)


def copied(scene: Scene) -> Callable[[], None]:
    """A backup of our database as it is now; what is returned restores it."""
    live = Path(str(scene.db.url.database))
    kept = live.with_name("kept.sqlite")

    def copy(source: Path, target: Path) -> None:
        scene.db.close()
        with closing(sqlite.connect(str(source))) as original, closing(sqlite.connect(str(target))) as other:
            original.backup(other)

    def restore() -> None:
        copy(kept, live)
        scene.desk = replace(scene.desk, watch=Watch(scene.clock))  # another process, which saw nothing

    copy(live, kept)
    return restore


def prove(scene: Scene) -> Proven:
    return reconciliation.run_once(scene.desk)


def chain(scene: Scene, number: str = "TXN-1") -> list[tuple[EffectState, str, int]]:
    with scene.db.read() as connection:
        found = effects.of_payments(connection, "acme", [number])[number]
    return [(effect.state, effect.outcome_code, effect.generation) for effect in found]


def three_paid(scene: Scene) -> None:
    """One on an invoice, one on two, and one that leaves a rest on account."""
    scene.pay("TXN-1", 10_000, {"1001": 10_000})
    scene.pay("TXN-2", 30_000, {"1002": 20_000, "1003": 10_000})
    scene.pay("TXN-3", 9_000, {"1004": 4_000})


@pytest.fixture(params=[False, True], ids=["one receipt", "a receipt for each invoice"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    made = a_scene(tmp_path, one_invoice_per_receipt=request.param)
    hooli = made.customer()
    for number, amount_minor in {"1001": 10_000, "1002": 20_000, "1003": 10_000, "1004": 8_000}.items():
        made.invoice(number, hooli, amount_minor)
    made.sync()
    return made


@pytest.mark.parametrize("writes", [True, False], ids=["on", "off"])
def test_what_was_posted_after_the_backup_is_taken_up_each_once(scene: Scene, *, writes: bool) -> None:
    restore = copied(scene)
    three_paid(scene)
    assert 3 == scene.sync().verified
    before = scene.receipts()
    restore()
    three_paid(scene)
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, writes=writes))

    counts = scene.sync()

    assert (3, 0) == (counts.verified, counts.failed)
    assert before == scene.receipts()
    assert {POSTED} == {(paid.state, paid.bucket) for paid in (scene.payment(f"TXN-{number}") for number in (1, 2, 3))}
    assert {(EffectState.DONE, "found", 0)} == {row for number in (1, 2, 3) for row in chain(scene, f"TXN-{number}")}
    proven = prove(scene)
    assert (3, True) == (proven.exactly_once, proven.clean)
    with scene.db.read() as connection:
        actions = [row.action for row in audit.rows(connection, "acme", "TXN-1")]
    assert ["payment.taken_up", "effect.planned", "effect.done"] == [
        name for name in actions if "payment.t" in name or "effect" in name
    ]


def test_what_was_planned_when_the_backup_was_taken_is_found_and_not_sent(scene: Scene) -> None:
    scene.pay("TXN-1", 12_000, {"1001": 10_000})
    assert 1 == posting.run_once(scene.desk, bound(scene)).planned
    restore = copied(scene)
    journey.finish_once(scene.desk)
    before = scene.receipts()
    restore()

    journey.finish_once(scene.desk)

    assert before == scene.receipts()
    assert POSTED == (scene.payment().state, scene.payment().bucket)
    assert {(EffectState.DONE, "found", 0)} == set(chain(scene))


def bound(scene: Scene) -> str:
    """As far as a run comes before anything is posted; returns the run."""
    mirroring.run_once(scene.desk)
    binding.run_once(scene.desk)
    with scene.desk.work() as work:
        companies.begin_run(work, run := scene.desk.ids.new())
    return run


def test_a_failure_that_a_person_ended_after_the_backup_ends_by_itself(scene: Scene) -> None:
    hooli = scene.ledger.customers()[0]
    memo = scene.ledger.add_credit_memo("CM-1", hooli.id, 1_000, currency="USD", issued_on=date(2026, 2, 2), by="sam")
    scene.ledger.apply_credit(memo.id, scene.ledger.find(Kind.INVOICE, "1001"), 1_000, by="sam")
    scene.pay("TXN-1", 10_000, {"1001": 10_000})
    scene.sync()
    restore = copied(scene)
    assert "done" == scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    scene.sync()
    before = scene.receipts()
    restore()
    assert PaymentState.FAILED is scene.payment().state

    scene.clock.advance(3600)
    scene.sync()

    assert (before, POSTED, None) == (scene.receipts(), (scene.payment().state, scene.payment().bucket), scene.failure())
    assert prove(scene).clean


def test_a_receipt_that_a_bookkeeper_copied_with_its_mark_is_a_persons(scene: Scene) -> None:
    restore = copied(scene)
    scene.pay("TXN-1", 10_000, {"1001": 10_000})
    scene.sync()
    hooli, day = scene.ledger.customers()[0].id, scene.desk.company.day_of(PAID)
    scene.ledger.enter_receipt(hooli, 10_000, "USD", day, by="sam", memo=f"copied [{marker('acme', 'TXN-1', 1, 0)}]")
    before = scene.receipts()
    restore()
    scene.pay("TXN-1", 10_000, {"1001": 10_000})

    for _ in range(2):
        scene.sync()
        scene.clock.advance(3600)

    assert (before, PaymentState.FAILED, []) == (scene.receipts(), scene.payment().state, chain(scene))


def test_what_is_voided_before_it_is_looked_for_is_never_posted_anew_by_itself(scene: Scene) -> None:
    restore = copied(scene)
    scene.pay("TXN-1", 10_000, {"1001": 10_000})
    scene.sync()
    restore()
    scene.pay("TXN-1", 10_000, {"1001": 10_000})
    assert 1 == posting.run_once(scene.desk, bound(scene)).planned
    scene.ledger.void_receipt(scene.ledger.receipts()[0].id, by="sam")

    for _ in range(4):
        journey.finish_once(scene.desk)
        scene.clock.advance(20)

    assert ([], PaymentState.FAILED) == (scene.receipts(), scene.payment().state)
    assert [(EffectState.DONE, "", 0)] == chain(scene)


@pytest.mark.parametrize("house_over", [house_over_quickbooks, house_over_xero], ids=["QuickBooks", "Xero"])
def test_the_packages_tell_of_their_receipts_by_our_marks(
    house_over: Callable[[Path], AbstractContextManager[Any]], tmp_path: Path
) -> None:
    with house_over(tmp_path) as made:
        house: Scene = made[0] if isinstance(made, tuple) else made.scene
        house.invoice("1042", house.customer("Hooli"), 50_000)
        house.sync()
        restore = copied(house)
        house.clock.advance(3600)
        house.pay()
        house.sync()
        before = house.receipts()
        restore()
        house.clock.advance(3600)
        house.pay()
        house.sync()
        house.clock.advance(200)
        journey.finish_once(house.desk)
        assert (before, POSTED) == (house.receipts(), (house.payment().state, house.payment().bucket))
        assert {(EffectState.DONE, "found", 0)} == set(chain(house))
        assert 1 == len(before)


def test_what_was_voided_after_the_backup_is_never_posted_anew_by_itself(scene: Scene) -> None:
    scene.ledger.key_life *= 0  # the books forget keys at once: only the mark can tell
    restore = copied(scene)
    scene.pay("TXN-1", 10_000, {"1001": 10_000})
    scene.sync()
    scene.ledger.void_receipt(scene.ledger.receipts()[0].id, by="sam")
    restore()
    scene.pay("TXN-1", 10_000, {"1001": 10_000})

    for _ in range(2):
        scene.sync()
        scene.clock.advance(3600)

    assert ([], PaymentState.FAILED, Cause.RECEIPT_DELETED) == (scene.receipts(), scene.payment().state, scene.failing().cause)
    assert [] == chain(scene)
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)
    scene.sync()
    assert ([("TXN-1", 10_000, 0)], POSTED) == (scene.receipts(), (scene.payment().state, scene.payment().bucket))
    assert prove(scene).clean
