"""The command `resolve-now`: one command for each thing people do, `--json` wherever there is an answer.

Exit codes: 0 fine, 1 the answer is bad news, 2 wrong usage or configuration.

A command's file is imported when it is named, and the rooms that it needs when it is run: help and completion wait for none
of them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from receivables.errors import ConfigurationError, FeedError, ReceivablesError

#: Every command in the order of help: where it is (a function, or a group of commands), and its line of help.
COMMANDS = {
    "init": (
        "beginning:init",
        "Write a first configuration, with practice books to try it on, and check it. Overwrites nothing.",
    ),
    "import": ("importing:import_file", "Import payments from a file: the whole file, or nothing."),
    "maps": ("importing:maps", "List the maps that read portals' own exports, or print one to copy and change."),
    "sync": ("payments:sync", "Sync once, now: read the books, post what can be posted, diagnose the rest."),
    "failures": ("payments:list_failures", "List failed payments, why they failed, and what can be done."),
    "show": ("payments:show", "Show one payment's whole history."),
    "search": ("payments:find", "Find payments, invoices, customers, credit memos and receipts."),
    "hide": ("payments:hide", "Hide a payment from lists and search; totals, failure rate and proof still count it."),
    "unhide": ("payments:unhide", "Show a hidden payment in lists and search again."),
    "decide": (
        "deciding:decide",
        "Decide what happens to a failed payment, and carry it out now. Shows what would change, and asks first.",
    ),
    "reopen": (
        "deciding:reopen",
        "Undo a dismissal, a decision that waits for a second person, or match and not_duplicate before the payment is posted.",
    ),
    "assign": ("taking_care:assign", "Assign a failed payment to somebody, who is told in Slack; without --to, take it."),
    "snooze": (
        "taking_care:snooze",
        "Set a failed payment aside until the morning of a day or until its cause changes; without --until, bring it back.",
    ),
    "explain": (
        "explain:explain_payment",
        "Explain a diagnosis: the facts, the rules that fired, and the rules that nearly fired with what they lack.",
    ),
    "aliases": ("aliases:listed", "List the spellings of names and invoice numbers that people matched, or take one back."),
    "connect": ("connections:connect", "Connect a company to its books, for the first time or again."),
    "doctor": ("connections:doctor", "Check what works, what does not, and what to do about it; changes nothing."),
    "reconcile": ("proof:reconcile", "Prove that every portal payment we know of has exactly one receipt in the books."),
    "report": ("month_end:report", "Write the month-end package: a workbook to be signed, and a chart."),
    "run": ("service:run", "Sync every company on schedule and carry out decisions, until Ctrl-C."),
    "worker": (
        "service:worker",
        "Work for what `resolve-now run --workers` schedules, on any number of machines (PostgreSQL), until Ctrl-C.",
    ),
    "backup": (
        "keeping:backup",
        "Copy our database, embedded books and the configuration into a new folder, also during a sync.",
    ),
    "migrate": ("service:migrate", "Upgrade Resolve Now's own database to this version."),
    "demo": (
        "service:demo",
        "Play a small company with one failure of every kind, each resolved by a person's decision.",
    ),
    "books": (
        "books:books_app",
        "What a bookkeeper does by hand in the embedded books. Name documents by number, or exactly by #ID.",
    ),
    "audit": ("records:audit_app", "The record of every change: verify it or export it."),
}


@cache
def loaded(name: str) -> Any:
    """The command of this name as its file defines it, with everything that it takes."""
    file, _, what = COMMANDS[name][0].partition(":")
    found = getattr(import_module(f"app.commands.{file}"), what)
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


class OnDemand(TyperGroup):
    """The commands by name and line of help; the one that is run is loaded then."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, known, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name and known else None, rest


app = typer.Typer(
    name="resolve-now",
    cls=OnDemand,
    help="Post portal payments as receipts, exactly once each; diagnose and resolve those that fail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"resolve-now {version('resolve-now')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="The configuration file.", envvar="RESOLVE_NOW_CONFIG", show_default="resolve-now.toml")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Keeps which configuration the command uses."""
    context.obj = config


def _later() -> None:
    """What stands for a command until it is loaded."""


for _name, (_, _line) in COMMANDS.items():
    app.command(_name, help=_line)(_later)


@cache
def command() -> Callable[[], object]:
    """The command line, put together once in a process."""
    return get_command(app)


def collect_rarely() -> None:
    """A batch makes many objects that live as long as it does; Python unasked looks through them after each 700 new ones."""
    gc.set_threshold(20_000, 20, 20)


def main() -> None:
    """Runs the command line; what stops it is reported in one line that says what to do."""
    collect_rarely()
    try:
        _readable(sys.argv)
        command()()
    except FeedError as error:
        _stop(2, error.message, *(f"  {problem}" for problem in error.problems))
    except ConfigurationError as error:
        _stop(2, *error.message.split("\n"))  # our own message, and what to write, line by line
    except ReceivablesError as error:
        _stop(1 if error.code in _BAD_NEWS else 2, error.message)
    except Exception as error:
        from storage.troubles import trouble_of  # noqa: PLC0415  # the database's libraries; most errors are told above

        trouble = trouble_of(error)
        if trouble is None:
            raise
        _stop(1 if trouble.passes else 2, trouble.message)


def _stop(code: int, *lines: str) -> None:
    from app.output import print_error  # noqa: PLC0415  # it writes amounts and days too, which takes a moment to load

    for line in lines:
        print_error(line)
    sys.exit(code)


def _readable(words: list[str]) -> None:
    """Raises ConfigurationError when a word is not text: it could be neither kept nor shown."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise ConfigurationError(f"{word!a} is not UTF-8. Set the terminal to UTF-8 and type it again.") from None


#: The command was well formed; the answer to it is no.
_BAD_NEWS = frozenset(
    {
        "not_permitted",
        "stale_decision",
        "cannot_be_done",
        "not_found",
        "not_readable",
        "books_unavailable",
        "books_refused",
        "access_lost",
        "outcome_unknown",
    }
)

if __name__ == "__main__":
    main()
