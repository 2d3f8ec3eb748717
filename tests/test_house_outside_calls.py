"""No database transaction is open across a call outside: whoever forgets that is stopped at the first try."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from scene import Scene

from receivables.effects import Dispatch
from receivables.ports import Books
from storage.engine import Connection, Database

#: What each method of `Books` that reaches the books' file is called with; the clock of a scene begins at 1000.
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "settings": (),
    "changes": ("",),
    "customers": (["1"],),
    "invoices": (["1"],),
    "invoices_numbered": (["1042"],),
    "credit_memos": (["1"],),
    "credit_memos_on": (["1"],),
    "receipts": (["1"],),
    "receipts_of": (["1"], date(2026, 1, 1)),
    "receipts_marked": (["stem"],),
    "money_out": (["1"],),
    "reconciled": ([],),
    "only_for_invoices": (["1"],),
    "balances": (date(2026, 3, 1), date(2026, 3, 31)),
    "look": ([],),
    "write": (Dispatch("key", (), deadline=2000),),
}
ASKS_NOBODY = {"parts", "traits"}
TRANSACTIONS: dict[str, Callable[[Database], AbstractContextManager[Connection]]] = {
    "read": Database.read,
    "acknowledge": Database.acknowledge,
    "work": Database.work,
}


def test_every_method_of_the_books_is_tried_here() -> None:
    assert {name for name in vars(Books) if not name.startswith("_")} == set(ARGUMENTS) | ASKS_NOBODY


@pytest.mark.parametrize("method", ARGUMENTS)
def test_a_call_to_the_books_works_while_no_transaction_is_open(scene: Scene, method: str) -> None:
    getattr(scene.desk.books, method)(*ARGUMENTS[method])


@pytest.mark.parametrize("kind", TRANSACTIONS)
@pytest.mark.parametrize("method", ARGUMENTS)
def test_a_call_to_the_books_inside_a_transaction_is_stopped(scene: Scene, method: str, kind: str) -> None:
    with TRANSACTIONS[kind](scene.db), pytest.raises(AssertionError, match="transaction is open across a call outside"):
        getattr(scene.desk.books, method)(*ARGUMENTS[method])
