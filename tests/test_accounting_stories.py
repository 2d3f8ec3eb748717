"""Every story of an accountant ends, on each of the books that can express it, and moves the trial balance as it should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from accounting_stories import CLEARING_IS, EVERY, STORIES, Office
from cause_worlds import a_world


@pytest.mark.parametrize("books", sorted(EVERY))
def test_every_story_ends_with_its_trial_balance(books: str, tmp_path: Path) -> None:
    with a_world(books, tmp_path) as world:
        desk = world.scene.desk
        company = replace(desk.company, deposit_accounts={"default": CLEARING_IS[books]}, large_percentage=100)
        world.scene.desk = replace(desk, company=company)
        for place, story in enumerate(STORIES, start=11):
            if books in story.books:
                story.play(Office(world, place))
