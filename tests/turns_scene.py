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


def take_what_is_due(turns: Turns) -> list[Piece]:
    """One look, and all that it names; returns what that was."""
    found = turns.due()
    for piece in found:
        turns.take(piece.company, piece.piece)
    return [piece.piece for piece in found]
