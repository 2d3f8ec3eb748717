"""The command `resolve-now`: one command for each thing people do, `--json` wherever there is an answer.

Exit codes: 0 fine, 1 the answer is bad news, 2 wrong usage or configuration.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from app.commands import aliases as alias_commands
from app.commands import connections as connection_commands
from app.commands import deciding as deciding_commands
from app.commands import explain as explain_commands
from app.commands import importing as import_commands
from app.commands import payments as payment_commands
from app.commands import proof as proof_commands
from app.commands import records as record_commands
from app.commands import service as service_commands
from app.commands.books import books_app
from app.output import print_error
from receivables.errors import ConfigurationError, FeedError, ReceivablesError

app = typer.Typer(
    name="resolve-now",
    help="Post portal payments as receipts, exactly once each; diagnose and resolve those that fail.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="The configuration file.", envvar="RESOLVE_NOW_CONFIG", show_default="resolve-now.toml")
    ] = None,
) -> None:
    """Keeps which configuration the command uses."""
    context.obj = config


app.add_typer(books_app, name="books")
import_commands.register(app)
payment_commands.register(app)
deciding_commands.register(app)
explain_commands.register(app)
alias_commands.register(app)
connection_commands.register(app)
proof_commands.register(app)
record_commands.register(app)
service_commands.register(app)


@cache
def command() -> Callable[[], object]:
    """All commands, put together once in a process; that takes longer than many of them."""
    return get_command(app)


def main() -> None:
    """Runs the command line; what stops it is reported in one line that says what to do."""
    try:
        _readable(sys.argv)
        command()()
    except FeedError as error:
        print_error(error.message)
        for problem in error.problems:
            print_error(f"  {problem}")
        sys.exit(2)
    except ConfigurationError as error:
        for line in error.message.split("\n"):  # our own message, and what to write, line by line
            print_error(line)
        sys.exit(2)
    except ReceivablesError as error:
        print_error(error.message)
        sys.exit(1 if error.code in _BAD_NEWS else 2)


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
