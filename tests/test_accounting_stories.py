"""Every story of an accountant ends, on each of the books that can express it, and moves the trial balance as it should."""

from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path

import pytest
from accounting_stories import LEDGERS, STORIES, play_all
from cause_worlds import STRICT, a_world
from house import ROOT
from tryton_ledger import CLEARING, OWED
from tryton_stories import tryton_office

MARCH = date(2026, 3, 31)
#: Those played on a real Tryton here, which takes seconds for each; `make stories` plays all.
ON_TRYTON = (
    "A receipt came off its invoice, and is applied again",
    "An ACH payment is returned, and the customer pays again",
)


@pytest.mark.parametrize("books", sorted(LEDGERS))
def test_every_story_ends_with_its_trial_balance(books: str, tmp_path: Path) -> None:
    with a_world(books, tmp_path) as world:
        played = play_all(world)

    assert [story.title for story in STORIES if books in story.books] == [story.title for story, _ in played]
    if books == STRICT:
        script = runpy.run_path(str(ROOT / "docs" / "stories.py"))
        committed = (ROOT / "docs" / "stories.md").read_text(encoding="utf-8")
        assert script["page"](committed, played) == committed, "run: PYTHONPATH=.:tests .venv/bin/python docs/stories.py"


@pytest.mark.slow
def test_some_stories_end_on_a_real_tryton(tmp_path: Path) -> None:
    with tryton_office(tmp_path) as world:
        assert ON_TRYTON == tuple(story.title for story, _ in play_all(world, ON_TRYTON))
        held, told = world.scene.ledger.trial_balance(MARCH), world.scene.desk.books.balances(MARCH, MARCH)
        assert [held.debit_minor(CLEARING)] == list(told.accounts.values())
        assert {"USD": held.debit_minor(OWED)} == told.receivables
