"""The page for the finance team stays as short as it was measured, and that of the remedies names each as Slack does."""

from __future__ import annotations

import re

from house import ROOT

from receivables.diagnosis import Remedy

WORDS_AT_MOST = 870  # with 850 words and two pictures Chromium prints two pages of letter paper
PAGE = ROOT / "docs" / "finance-team.md"


def test_page_of_the_finance_team_is_two_pages_with_pictures_that_are_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert len(page.split()) <= WORDS_AT_MOST
    assert (2, []) == (len(pictures), [name for name in pictures if not (PAGE.parent / name).is_file()])


def test_links_of_the_page_lead_to_pages_and_headings_that_are_there() -> None:
    links = re.findall(r"[^!]\[[^]]+\]\(([^)#]+)(?:#([^)]+))?\)", PAGE.read_text(encoding="utf-8"))
    assert links
    for name, heading in links:
        headings = re.findall(r"^#+ (.+)$", (PAGE.parent / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert not heading or heading in {text.casefold().replace(" ", "-") for text in headings}


def test_page_of_the_remedies_has_each_with_its_name_in_slack() -> None:
    page = (ROOT / "docs" / "remedies.md").read_text(encoding="utf-8")
    there = dict(re.findall(r"(?m)^\| `(\w+)` \| ([^|]+) \| [^|]+ \| [^|]+ \|$", page))
    assert {remedy.value: remedy.label for remedy in Remedy if remedy is not Remedy.RECONNECT} == there
