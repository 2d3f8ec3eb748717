"""Commands that keep the house running: run, migrate, demo."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer

from app import demo as the_demo
from app.alarms import run_until_told_to_stop
from app.commands.payments import AsJson
from app.output import print_json, print_line
from app.settings import load_settings
from app.wiring import open_house
from storage.engine import Database
from storage.migrating import migrate as bring_up_to_date


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(run)
    app.command()(migrate)
    app.command()(demo)


def run(context: typer.Context) -> None:
    """Sync every company at its interval and carry out decisions, until Ctrl-C."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    run_until_told_to_stop(open_house(context.obj))


def migrate(context: typer.Context, as_json: AsJson = False) -> None:
    """Bring our own database to the shape this version needs."""
    before, now = bring_up_to_date(Database(load_settings(context.obj).database_url))
    if as_json:
        print_json({"before": before, "now": now})
    else:
        print_line(f"The database is at version {now}" + (f" (it was at {before})." if before != now else "; nothing to do."))


def demo(
    once: Annotated[bool, typer.Option(help="Play the story through and print the tally.")] = False,
    as_json: AsJson = False,
) -> None:
    """A small company with one failure of every kind, each put right by a person's decision."""
    tally = the_demo.play(quiet=as_json, once=once)
    if as_json:
        print_json(tally)
    if tally.lost or tally.doubled:
        sys.exit(1)
