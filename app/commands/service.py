"""Commands that run the service: run, worker, migrate, demo."""

from __future__ import annotations

import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.payments import AsJson
from app.output import json_value, print_json, print_line
from receivables import private_files
from receivables.errors import ConfigurationError

if TYPE_CHECKING:
    from app.demo.tally import Tally


class DemoBooks(StrEnum):
    """Where the demo company can keep its books."""

    EMBEDDED = "embedded"
    TRYTON = "tryton"


def run(
    context: typer.Context,
    workers: Annotated[
        bool, typer.Option(help="Leave the work to `resolve-now worker` processes (PostgreSQL): schedule it, and talk to Slack.")
    ] = False,
) -> None:
    """Sync every company on schedule and carry out decisions, until Ctrl-C."""
    from app.alarms import run_until_told_to_stop  # Slack and the scheduler: no other command waits for them
    from app.wiring import open_house

    _serve()
    house = open_house(context.obj)
    if not workers:
        run_until_told_to_stop(house)
        return
    from app.worker import Workers  # the queue: only where there are workers

    run_until_told_to_stop(house, Workers(house))


def worker(
    context: typer.Context,
    slots: Annotated[int | None, typer.Option(min=1, max=64, help="Pieces of work at once. Default: those configured.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Answer /health and /metrics on this port; 0 picks a free one.")
    ] = None,
) -> None:
    """Work for what `resolve-now run --workers` schedules, on any number of machines (PostgreSQL), until Ctrl-C."""
    from app.wiring import open_house
    from app.worker import work_until_told_to_stop

    _serve()
    work_until_told_to_stop(open_house(context.obj), slots=slots, port=port)


def _serve() -> None:
    """What a process begins with that runs until it is told to stop."""
    from app import logs, memory

    memory.share_what_is_freed()
    logs.set_up()


def migrate(context: typer.Context, as_json: AsJson = False) -> None:
    """Upgrade Resolve Now's own database to this version."""
    from app.settings import load_settings
    from storage import search, searchable
    from storage.engine import Database
    from storage.migrating import migrate as bring_up_to_date

    database = Database(load_settings(context.obj).database_url)
    before, now = bring_up_to_date(database)
    with database.read() as connection:
        inside = searchable.finds_inside(connection)
    if as_json:
        print_json({"before": before, "now": now, "search_inside": inside})
        return
    print_line(f"The database is at version {now}" + (f" (it was at {before})." if before != now else "; nothing to do."))
    if not inside:
        print_line(f"{search.ONLY_BEGINNINGS} {search.LET_IT}")


def demo(
    once: Annotated[bool, typer.Option(help="Play the whole story without a workspace, and print the tally.")] = False,
    books: Annotated[DemoBooks, typer.Option(help="Where the company keeps its books; tryton plays the story once.")] = (
        DemoBooks.EMBEDDED
    ),
    port: Annotated[int, typer.Option(help="The port of the workspace's page on this machine; 0 picks a free one.")] = 0,
    folder: Annotated[Path | None, typer.Option(help="The folder for its files. Without it: a new temporary folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Play a small company with one failure of every kind, each resolved by a person's decision."""
    from app.demo.live import play_live  # the practice workspace: no other command waits for it
    from app.demo.story import play

    place = folder or Path(tempfile.mkdtemp(prefix="resolve-now-demo-"))
    private_files.make_folder(place)
    if (place / "resolve-now.toml").exists():
        raise ConfigurationError(f"{place} already has a configuration. Name an empty folder with --folder.")
    if books is DemoBooks.TRYTON:
        tally = _played_on_tryton(place, once=once, quiet=as_json)
    elif once:
        tally = play(place, quiet=as_json)
    else:
        play_live(place, port)
        return
    if as_json:
        print_json(
            {
                "lost": tally.lost,
                "doubled": tally.doubled,
                "payments": [json_value(line) | {"verdict": line.verdict} for line in tally.payments],
            }
        )
    if tally.lost or tally.doubled:
        sys.exit(1)


def _played_on_tryton(place: Path, *, once: bool, quiet: bool) -> Tally:
    from app.demo.story import play
    from app.demo.tryton.practice import TrytonPractice

    say = _say_nothing if quiet else print_line
    if not once:
        say("On Tryton the demo has no workspace: it plays the story once.")
    return play(place, quiet=quiet, practice=TrytonPractice(say))


def _say_nothing(text: str) -> None:
    """For --json, where nothing but the answer is printed."""
