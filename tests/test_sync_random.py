"""Hundreds of random lives: no payment is doubled, lost, or shown as something it is not, and all of them come to rest."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from broken_watches import AfterTheAnswer, ByTheWallClock
from random_walk import FAULTS, PIECES_OF_WORK, a_walk
from scene import a_scene

from receivables.effects import EffectState
from receivables.payment import Bucket
from storage.watch import Watch
from sync import receipts_again

GROUPS = 4  # so that pytest-xdist can share them out
SEEDS = int(os.environ.get("RANDOM_WALK_SEEDS", "40"))  # a longer proof takes thousands
FEW = 1_000_000  # the first of the few
STEPS = 60
AT_LEAST = 3  # a state that was hardly ever reached was hardly ever tried
CLOCKS_SET_AT_LEAST = 20
LIVES_TO_FIND_IT = 12


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_whatever_happens_each_payment_is_in_the_books_at_most_once_and_comes_to_rest(
    tmp_path: Path, migrated_sqlite: Path, group: int, run_folder: Path
) -> None:
    reached: Counter[str] = Counter()
    _lives(tmp_path, migrated_sqlite, range(group, SEEDS, GROUPS), reached)
    (run_folder / f"lives-{group}.part").write_text(json.dumps(reached))
    (run_folder / f"lives-{group}.part").rename(run_folder / f"lives-{group}.json")
    _everything_was_reached(run_folder)


@pytest.mark.parametrize("seed", range(FEW, FEW + 3))
def test_a_few_lives_come_to_rest_too(tmp_path: Path, migrated_sqlite: Path, seed: int) -> None:
    """Other lives than the many: of every kind of books, as the remainders of their seeds say."""
    _lives(tmp_path, migrated_sqlite, [seed], Counter())


def _everything_was_reached(run_folder: Path) -> None:
    """Whichever group ends last asks whether the lives together were as eventful as they should be."""
    parts = list(run_folder.glob("lives-*.json"))
    if len(parts) < GROUPS:
        return
    reached: Counter[str] = Counter()
    for part in parts:
        reached.update(json.loads(part.read_text()))
    wanted = [f"fault: {fault}" for fault in FAULTS] + ["killed", "paused"]
    wanted += [f"effect: {state}" for state in EffectState if state is not EffectState.SUPERSEDED]
    wanted += [f"bucket: {bucket}" for bucket in Bucket if bucket is not Bucket.EXCLUDED]
    assert {} == {name: reached[name] for name in wanted if reached[name] < AT_LEAST}, dict(reached)
    clocks = {work: reached[f"set in: {work}"] for work in PIECES_OF_WORK}
    assert {} == {work: times for work, times in clocks.items() if times < CLOCKS_SET_AT_LEAST}, dict(reached)


@pytest.mark.parametrize(("watch", "first_seed"), [(ByTheWallClock, 0), (AfterTheAnswer, 3)])
def test_the_same_lives_double_a_payment_where_time_is_told_as_it_was(
    tmp_path: Path, migrated_sqlite: Path, watch: type[Watch], first_seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks alone: books that tell of our mark before the second sending would keep it from being sent, so they do not."""
    monkeypatch.setattr(receipts_again, "marked", lambda *_: [])
    with pytest.raises(AssertionError, match="is in the books twice"):
        _lives(tmp_path, migrated_sqlite, range(first_seed, first_seed + LIVES_TO_FIND_IT), Counter(), watch)


def _lives(
    tmp_path: Path, migrated_sqlite: Path, seeds: Iterable[int], reached: Counter[str], watch: type[Watch] = Watch
) -> None:
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        shutil.copyfile(migrated_sqlite, folder / "resolve-now.sqlite")
        _one_life(folder, seed, reached, watch)
        shutil.rmtree(folder)


def _one_life(folder: Path, seed: int, reached: Counter[str], watch: type[Watch] = Watch) -> None:
    scene = a_scene(folder, one_invoice_per_receipt=seed % 3 == 0, temper="swallowing" if seed % 5 == 0 else "strict")
    walk = a_walk(scene, seed, watch)
    try:
        for _ in range(STEPS):
            walk.step()
            walk.check()
        walk.said.append("--- faults off ---")
        walk.settle()
    except BaseException:
        print(f"seed {seed}:", *walk.said, sep="\n  ")
        raise
    finally:
        reached.update(walk.reached)
        scene.db.close()
        scene.ledger.close()
