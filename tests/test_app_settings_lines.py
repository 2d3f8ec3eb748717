"""A problem in the configuration names its line: of the key, else of the table that lacks it."""

from __future__ import annotations

import pytest

from app.settings_lines import line_of

TEXT = """\
database.url = "sqlite:///x.sqlite"  # [[company]]

[[company]]
id = "acme"
name = "[[company]]"
[company.books]  # embedded
file = "acme.sqlite"
[company.deposit_accounts]
"card/USD" = "Card clearing"

[[company]]
id = "beta"
books = { file = "beta.sqlite" }

[[person]]
id = "dana"
[[person.may]]
companies = [
    "acme",
]
[[person.may]]
limits = { USD = "5.00" }
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("database", "url"), 1),
        (("company", 0, "name"), 5),
        (("company", 0, "books", "embedded", "file"), 7),  # the validator puts the kind of books between
        (("company", 0, "books", "embedded", "missing"), 6),
        (("company", 0, "deposit_accounts", "card/USD"), 9),
        (("company", 0, "writes"), 3),
        (("company", 1, "id"), 12),
        (("company", 1, "books", "embedded", "file"), 13),
        (("person", 0, "may", 0, "companies", 0), 18),
        (("person", 0, "may", 1, "limits", "USD"), 22),
        (("person", 0, "may", 1), 21),
        (("http", "port"), 0),
        ((), 0),
    ],
)
def test_the_line_of_what_is_wrong(place: tuple[str | int, ...], line: int) -> None:
    assert line == line_of(place, TEXT)
