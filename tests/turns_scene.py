"""The turns of a scene's company, as `resolve-now run` and a worker take them, with the scene's own clock."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from scene import Scene

from app.turns import Turns
from app.wiring import House
from sync.desk import Standing
from sync.due import Piece


def a_house_of(scene: Scene) -> House:
    """A house with one company, whose desk may be replaced."""
    company = scene.desk.company
    house = SimpleNamespace(
        db=scene.db,
        clock=scene.clock,
        watch=scene.desk.watch,
        settings=SimpleNamespace(companies=[SimpleNamespace(id=company.id, company=company)]),
        configured=SimpleNamespace(standing=lambda _: Standing(scene.desk.writes, scene.desk.stopped)),
        desk=lambda _: scene.desk,
        as_of_now=lambda _: scene.desk,
    )
    return cast("House", house)


def what_is_due(turns: Turns) -> list[Piece]:
    """One look. What search does not know yet is left out: nearly everything that happens adds to it."""
    return [found.piece for found in turns.due() if found.piece is not Piece.SEARCH]


def take_what_is_due(turns: Turns) -> list[Piece]:
    """The same, and does all of it."""
    found = what_is_due(turns)
    for piece in found:
        turns.take("acme", piece)
    return found
