"""Plays histories in companies of a few hundred payments and lets the product judge them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import Random

from bench.accuracy.histories import Story, Truth
from bench.accuracy.kinds import ACCOUNT, BROKEN, CLOSED, HEALTHY, ORDINARY, SWALLOWING, Kind
from bench.accuracy.scoring import Judged
from bench.accuracy.world import FIRST_PAID, NOW, ZONES, World
from receivables.diagnosis import Diagnosis, Remedy
from receivables.evidence import Evidence
from rules import diagnose, returns, to_void
from storage import failures, kept_evidence
from sync import binding, journey, mirroring, reconciliation

COMPANIES: Mapping[str, Mapping[Kind, int]] = {
    "ordinary": ORDINARY,
    "healthy": HEALTHY,
    "swallowing": SWALLOWING,
    "closed": CLOSED,
    "account": ACCOUNT,
    "broken": BROKEN,
}
#: Of a hundred companies; the special ones have one cause each.
SHARES = {"ordinary": 76, "healthy": 6, "swallowing": 8, "closed": 4, "account": 3, "broken": 3}


def play(seed: int, which: str, histories: int) -> list[Judged]:
    """One company's histories from one seed: the same seed gives the same histories."""
    with tempfile.TemporaryDirectory(prefix="resolve-now-accuracy-") as folder:
        temper = "swallowing" if which == "swallowing" else "strict"
        world = World(Path(folder), Random(seed), diagnose, ZONES[seed % len(ZONES)], temper)
        try:
            return play_in(world, which, histories)
        finally:
            world.close()


def play_in(world: World, which: str, histories: int) -> list[Judged]:
    """The histories in a company that stays open, so that more can be asked of it."""
    kinds = COMPANIES[which]
    chosen = world.random.choices(list(kinds), weights=list(kinds.values()), k=histories)
    stories = [kind(world, f"{place:04}") for place, kind in enumerate(chosen)]
    truths: list[Truth] = []
    waiting = _go_on(stories, truths)
    world.clock.set(FIRST_PAID - timedelta(hours=1))
    mirroring.run_once(world.desk)
    if world.chance(50):  # some companies sync between the payments and what breaks them
        world.feed(world.paid)
        binding.run_once(world.desk)
    waiting = _go_on(waiting, truths)
    if which == "closed":
        world.ledger.close_period(world.company.day_of(NOW), by="Controller")
    if which == "account":
        for account in ("Bank", "Clearing"):
            world.ledger.set_account_active(account, False, by="Controller")
    world.clock.set(NOW)
    world.feed(world.paid)
    journey.run(world.desk)
    if which == "broken":  # after an answer that was lost nothing more is sent in that sync: it takes several for all of them
        for _ in range(histories // 60):
            journey.run(world.desk)
    world.clock.set(NOW + timedelta(hours=1))
    while waiting:
        waiting = _go_on(waiting, truths)
        reconciliation.run_once(world.desk)
        world.clock.set(world.clock.now() + timedelta(hours=1))
        journey.run(world.desk)
    return [_judged(world, truth) for truth in truths]


def _go_on(stories: list[Story], truths: list[Truth]) -> list[Story]:
    """Each story up to its next pause; those that ended leave their truth."""
    waiting = []
    for story in stories:
        try:
            next(story)
            waiting.append(story)
        except StopIteration as ended:
            truths.append(ended.value)
    return waiting


def _judged(world: World, truth: Truth) -> Judged:
    company = world.company.id
    with world.db.read() as connection:
        told = (failures.open_of(connection, company, truth.number, about) for about in ("payment", "correction", "intake"))
        found = next((failure for failure in told if failure is not None), None)
        evidence = kept_evidence.find(connection, company, found.evidence_id) if found else None
    said = found.diagnosis if found else None
    return Judged(truth, said, _taken_back(said, evidence) if said and evidence else frozenset())


def _taken_back(said: Diagnosis, evidence: Evidence) -> frozenset[str]:
    """The receipts that the proposed remedy voids, or whose return it records."""
    match said.primary.remedy:
        case Remedy.RECORD_RETURN:
            return frozenset(found.receipt.id for found in returns(evidence, {}).of)
        case Remedy.VOID_RECEIPT:
            return frozenset(receipt.id for receipt in to_void(evidence, {}))
        case _:
            return frozenset()
