"""Writes docs/stories.md: the stories of an accountant, each with the trial balance before and after it was settled.

Run from the checkout: `PYTHONPATH=.:tests .venv/bin/python docs/stories.py`. The test that plays the stories fails where
the page is not up to date. The text before the stories is written by hand.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from accounting_stories import CLEARING_IS, NAMES, Balances, Office, Story, play_all
from cause_worlds import QUICKBOOKS, STRICT, TRYTON, XERO, a_world
from evidence_makers import WORDS

PAGE = Path(__file__).with_suffix(".md")
BEGIN = "<!-- what follows is written by docs/stories.py -->\n"
BOOKS = {
    STRICT: "the embedded books",
    QUICKBOOKS: "QuickBooks Online (practice books)",
    XERO: "Xero (practice books)",
    TRYTON: "Tryton (a real server)",
}


def page(committed: str, played: Sequence[tuple[Story, Office]]) -> str:
    """The page with its stories written anew; `committed` gives the text before them."""
    by_hand, _, _ = committed.partition(BEGIN)
    return by_hand + BEGIN + "\n".join(line for story, office in played for line in _told(story, office))


def _told(story: Story, office: Office) -> Iterator[str]:
    yield f"\n## {story.title}\n"
    yield f"{story.told}\n"
    yield "| account | before | after |"
    yield "| --- | ---: | ---: |"
    for account in NAMES.values():
        if account in office.before or account in office.after:
            yield f"| {account} | {_amount(office.before, account)} | {_amount(office.after, account)} |"
    yield f"\nPlayed on {', '.join(BOOKS[books] for books in CLEARING_IS if books in story.books)}."


def _amount(balances: Balances, account: str) -> str:
    """A debit as it is, a credit in parentheses, nothing where the account holds nothing."""
    minor = balances.get(account, 0)
    written = WORDS.money(abs(minor), "USD")
    return "" if not minor else f"({written})" if minor < 0 else written


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, a_world(STRICT, Path(folder)) as world:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), play_all(world)), encoding="utf-8")
