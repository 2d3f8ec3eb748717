"""Which words the command line takes: people and scripts rely on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.main import COMMANDS as LISTED
from app.main import loaded

BY_HAND = "--company --by --at --json"  # every `books` command has them, after its own

COMMANDS = {
    "init": "--name --time-zone --start-on --books --person",
    "import": "FILE --company --map --set --preview --partial --numbers-are-not-cards --as --json",
    "maps": "NAME --json",
    "sync": "--company --dry-run --wait --json",
    "failures": "--company --all --csv --xlsx --json",
    "show": "TRANSACTION --company --json",
    "decide": "TRANSACTION REMEDY --as --reason --successor --proof --apply-proof --receipt --cash-reference --to-invoice"
    " --to-customer --entry --reapply --seen --company --json",
    "search": "TEXT --company --kind --include-hidden --json",
    "hide": "TRANSACTION --company --json",
    "unhide": "TRANSACTION --company --json",
    "reopen": "TRANSACTION --as --company --json",
    "assign": "TRANSACTION --as --to --company --json",
    "snooze": "TRANSACTION --as --until --company --json",
    "aliases": "--take-back --as --company --json",
    "explain": "TRANSACTION --company --all --json",
    "connect": "COMPANY --no-browser --port --redirect --paste --organisation --other-books --new-key --rotate-keys --json",
    "doctor": "--company --json",
    "backup": "FOLDER --json",
    "reconcile": "--company --json",
    "report": "--month --company --out --overwrite --json",
    "run": "--workers",
    "worker": "--slots --port",
    "migrate": "--json",
    "demo": "--once --books --port --folder --json",
    "audit verify": "--company --json",
    "audit export": "--company --transaction",
    "books load": f"FILE --created-now {BY_HAND}",
    "books close-period": f"DAY {BY_HAND}",
    "books reopen-period": f"[DAY] {BY_HAND}",
    "books auto-apply-credits": f"on|off {BY_HAND}",
    "books deactivate-account": f"ACCOUNT {BY_HAND}",
    "books reactivate-account": f"ACCOUNT {BY_HAND}",
    "books list": f"WHAT {BY_HAND}",
    "books history": f"DOCUMENT {BY_HAND}",
    "books customer": f"NAME --parent {BY_HAND}",
    "books deactivate-customer": f"CUSTOMER {BY_HAND}",
    "books reactivate-customer": f"CUSTOMER {BY_HAND}",
    "books merge-customers": f"FROM INTO {BY_HAND}",
    "books invoice": f"NUMBER --customer --amount --currency --on --draft --item --due {BY_HAND}",
    "books issue-invoice": f"INVOICE {BY_HAND}",
    "books correct-invoice": f"INVOICE --amount {BY_HAND}",
    "books delete-invoice": f"INVOICE {BY_HAND}",
    "books recreate-invoice": f"INVOICE --amount {BY_HAND}",
    "books void-invoice": f"INVOICE {BY_HAND}",
    "books receipt": f"CUSTOMER AMOUNT --currency --on --reference --method --to --memo --account {BY_HAND}",
    "books apply-receipt": f"RECEIPT --to {BY_HAND}",
    "books correct-receipt": f"RECEIPT --amount --on --customer --account --reference {BY_HAND}",
    "books void-receipt": f"RECEIPT {BY_HAND}",
    "books delete-receipt": f"RECEIPT {BY_HAND}",
    "books deposit": f"RECEIPT --on --fee {BY_HAND}",
    "books undo-deposit": f"RECEIPT {BY_HAND}",
    "books credit-memo": f"NUMBER --customer --amount --currency --on --reason --memo {BY_HAND}",
    "books write-off": f"INVOICE --on --amount --memo {BY_HAND}",
    "books apply-credit": f"MEMO --to --amount {BY_HAND}",
    "books unapply-credit": f"MEMO --from {BY_HAND}",
    "books delete-credit-memo": f"MEMO {BY_HAND}",
    "books return": f"RECEIPT --on --fee --memo {BY_HAND}",
    "books chargeback": f"RECEIPT --on --amount --fee --memo {BY_HAND}",
    "books refund": f"RECEIPT|CUSTOMER AMOUNT --on --off --memo {BY_HAND}",
    "books trial-balance": f"--through {BY_HAND}",
    "books delete-money-out": f"ENTRY {BY_HAND}",
}


def leaves(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every command without commands of its own, by the words people type."""
    below = getattr(command, "commands", {})
    if not below:
        yield " ".join(path), command
    for name, child in below.items():
        yield from leaves(child, *path, name)


def word_of(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return str(max(parameter.opts, key=len))


FOUND = {words: found for name in LISTED for words, found in leaves(loaded(name), name)}


def test_no_command_is_missing_or_new() -> None:
    assert sorted(COMMANDS) == sorted(FOUND)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_same_words_as_ever_and_explains_each(name: str) -> None:
    command = FOUND[name]
    assert COMMANDS[name].split() == [word_of(parameter) for parameter in command.params]
    assert command.help
    assert all(parameter.help for parameter in command.params)
