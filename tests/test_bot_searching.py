"""What /payments search says of how many it found: never fewer than there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from card_answers import asked, rooms_of
from makers import a_payment
from scene import a_scene

from storage import search
from sync import searching


@pytest.mark.parametrize(
    ("there", "said", "narrowing"),
    [
        (30, "30 payments found for “hooli”", "18 more payments"),
        (search.FOUND_AT_MOST + 9, f"At least {search.FOUND_AT_MOST} payments found for “hooli”", search.NOT_ALL),
    ],
)
def test_it_counts_what_there_is_or_says_that_there_may_be_more(tmp_path: Path, there: int, said: str, narrowing: str) -> None:
    scene = a_scene(tmp_path)
    scene.feed(
        *(a_payment(transaction_number=f"T-{place}", amount_minor=500 + place, customer="Hooli") for place in range(there))
    )
    searching.run_once(scene.desk)
    answer = asked(rooms_of(scene), "search hooli")
    assert (said, True) == (answer["text"], narrowing in str(answer["blocks"]))
    scene.db.close()
