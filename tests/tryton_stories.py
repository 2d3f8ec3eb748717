"""Plays the stories of an accountant on a real Tryton, each with the trial balance of Tryton's own accounts.

Run as a program (`make stories`) it plays every one and prints them; TITLE chooses some by words in their titles.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from accounting_stories import NAMES, STORIES, Balances, play_all
from cause_worlds import TRYTON, TrytonHands, World, a_world
from tryton_ledger import TrytonLedger
from tryton_people import TrytonError

from accounting.embedded.ledger import Ledger


@contextmanager
def tryton_office(folder: Path) -> Iterator[World]:
    """A company in a real Tryton, whose bookkeeper does what the stories say."""
    with a_world(TRYTON, folder) as world:
        assert isinstance(world.hands, TrytonHands)
        before = world.scene.ledger
        world.scene.ledger = cast("Ledger", TrytonLedger(world.scene.desk.books, world.hands))
        try:
            yield world
        finally:
            world.scene.ledger = before


def _line(account: str, before: Balances, after: Balances) -> str:
    return f"  {account:<28}" + "".join(f"{balances.get(account, 0) / 100:>14,.2f}" for balances in (before, after))


def main() -> int:
    wanted = [word.casefold() for word in sys.argv[1:]]
    told = [story.title for story in STORIES if TRYTON in story.books]
    titles = [title for title in told if all(word in title.casefold() for word in wanted)]
    unfinished = 0
    with tempfile.TemporaryDirectory() as folder, tryton_office(Path(folder)) as world:
        for title in titles:
            print(f"\n{title}\n  {'account':<28}{'before':>14}{'after':>14}", flush=True)
            try:
                ((_, office),) = play_all(world, [title])
            except (AssertionError, TrytonError) as error:
                unfinished += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(f"  did not end: {where.line} (line {where.lineno}) {str(error)[:500]}", flush=True)
                continue
            for account in NAMES.values():
                if account in office.before or account in office.after:
                    print(_line(account, office.before, office.after), flush=True)
    print(f"\n{len(titles) - unfinished} of {len(titles)} stories ended on Tryton.")
    return 1 if unfinished else 0


if __name__ == "__main__":
    sys.exit(main())
