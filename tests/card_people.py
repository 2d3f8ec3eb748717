"""The people of the cards: who may decide what, and by which names the books know them."""

from __future__ import annotations

from receivables.authority import Person, Right
from receivables.diagnosis import Remedy


def a_person(id: str, name: str, limit_minor: int) -> Person:
    """Somebody who may choose every remedy up to this, and whom the books know by their id."""
    rights = tuple(Right("acme", remedy, "USD", limit_minor) for remedy in Remedy)
    return Person(id, name, rights=rights, books_names=frozenset({id}))


PEOPLE = {
    "dana": a_person("dana", "Dana Reyes", 10_000_00),
    "sam": a_person("sam", "Sam Okafor", 100_00),
    "lee": a_person("lee", "Lee Chen", 10_000_00),
    "frank": Person("frank", "Frank Ito", books_names=frozenset({"frank"})),
    "erin": Person("erin", "Erin Walsh", books_names=frozenset({"erin"})),
}
