"""Whoever the books know by a name of their own is called as on the cards: in histories, in answers, on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bot_scene import a_bot_scene

from app import failure_view, story_view
from bot import story, why


def test_one_name_for_a_person_in_histories_answers_and_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_bot_scene(tmp_path, listening=False) as acme:
        acme.credited()
        people = {**acme.house.people, "dana": replace(acme.house.people["dana"], books_names=frozenset({"Bea Bookkeeper"}))}
        rooms, desk = replace(acme.bot._rooms, people=people), replace(acme.books.desk, people=people)
        ((shown,),) = failure_view.pages(desk)
        story_view.print_story(story_view.gather(desk, "TXN-1"), desk)
        said = {
            "history": str(story.modal(rooms, "acme", "TXN-1")),
            "why": str(why.answer(rooms, "acme", "TXN-1")),
            "failures": shown.sentence,
            "show": capsys.readouterr().out,
        }
    assert dict.fromkeys(said, (True, False)) == {
        place: ("Dana Reyes" in text, "Bea Bookkeeper" in text) for place, text in said.items()
    }
