"""`sync --dry-run` shows what a sync would do, in order: what one payment takes, the next finds taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from evidence_makers import WORDS
from scene import Scene, a_scene

import rules
from sync import preview


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = a_scene(tmp_path)
    hooli = made.customer()
    for number in ("1042", "1043"):
        made.invoice(number, hooli, 50_000)
    yield made
    made.db.close()
    made.ledger.close()


def shown(scene: Scene) -> dict[str, str]:
    """By number "post", or the cause that would be told."""
    return {of.stored.number: of.diagnosis.primary.cause.value if of.diagnosis else "post" for of in preview.run_once(scene.desk)}


def synced(scene: Scene, *numbers: str) -> dict[str, str]:
    """The same after a sync in truth."""
    scene.sync()
    found = {number: scene.failure(number) for number in numbers}
    return {number: str(failure.cause) if failure else "post" for number, failure in found.items()}


PAYMENTS = {
    "two for one": ({"T1": {"1042": 50_000}, "T2": {"1042": 50_000}}, {"T1": "post", "T2": "customer_paid_twice"}),
    "both fit": ({"T1": {"1042": 30_000}, "T2": {"1042": 20_000}}, {"T1": "post", "T2": "post"}),
    "the third still fits": (
        {"T1": {"1042": 30_000}, "T2": {"1042": 30_000}, "T3": {"1042": 20_000}},
        {"T1": "post", "T2": "customer_paid_twice", "T3": "post"},
    ),
    "of two invoices": (
        {"T1": {"1042": 50_000}, "T2": {"1042": 50_000, "1043": 50_000}, "T3": {"1043": 50_000}},
        {"T1": "post", "T2": "customer_paid_twice", "T3": "post"},
    ),
}


@pytest.mark.parametrize("name", PAYMENTS)
def test_the_preview_is_what_the_sync_then_does(scene: Scene, name: str) -> None:
    given, expected = PAYMENTS[name]
    for number, to in given.items():
        scene.pay(number, sum(to.values()), to)

    assert expected == shown(scene)
    assert expected == synced(scene, *given)


def test_the_second_is_told_by_the_number_of_the_first(scene: Scene) -> None:
    scene.pay("T1")
    scene.pay("T2")
    told = next(of.diagnosis for of in preview.run_once(scene.desk) if of.stored.number == "T2")
    assert "was already paid by T1 on Mar 3, 2026" in rules.sentence(told, WORDS)
    assert [] == scene.receipts()
