"""Which tests are slow, by what they are. `make test` leaves them to `make slow` and says so; together the two run every test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from receivables.words import counted

ON_TRYTON = "a real Tryton beyond the contract"
IN_CHROMIUM = "pages and stories in Chromium"
ON_POSTGRESQL = "the journey again on PostgreSQL"
WALKS = "random walks"
KILLED = "killed processes"
LARGE = "large samples"
#: The files that may mark a test as slow, and what those tests are.
FILES = {
    "test_accounting_embedded_random.py": WALKS,
    "test_accounting_stories.py": ON_TRYTON,
    "test_accounting_tryton.py": ON_TRYTON,
    "test_accounting_tryton_journey.py": ON_TRYTON,
    "test_accounting_tryton_money_back.py": ON_TRYTON,
    "test_app_crashes.py": KILLED,
    "test_app_demo_tryton.py": ON_TRYTON,
    "test_app_run.py": KILLED,
    "test_app_stopping_in_a_call.py": KILLED,
    "test_app_workers.py": KILLED,
    "test_bench_accuracy.py": LARGE,
    "test_bot_crashes.py": KILLED,
    "test_bot_in_browser.py": IN_CHROMIUM,
    "test_bot_incidents.py": LARGE,
    "test_causes_on_every_books.py": ON_TRYTON,
    "test_feeds_stripe_crashes.py": KILLED,
    "test_rules_cage.py": LARGE,
    "test_rules_oracle.py": LARGE,
    "test_stand_in_quickbooks_random.py": WALKS,
    "test_sync_random.py": WALKS,
    "test_sync_receipts_by_words.py": ON_TRYTON,
    "test_sync_ways_out.py": ON_TRYTON,
    "test_workspace_installing.py": IN_CHROMIUM,
    "test_workspace_page.py": IN_CHROMIUM,
}


def those(values: Iterable[Any], are_slow: Callable[[Any], bool]) -> list[pytest.ParameterSet]:
    """The values of a parametrized test, of which some make it slow."""
    given = [(value, value if isinstance(value, tuple) else (value,)) for value in values]
    return [pytest.param(*parts, marks=[pytest.mark.slow] if are_slow(value) else []) for value, parts in given]


def mark_the_journey_again_on_postgresql(items: Iterable[pytest.Item]) -> None:
    """Its steps are tried on SQLite; what they ask of a database is tried on both by the tests of the storage room."""
    for item in items:
        database = getattr(item, "callspec", None) and item.callspec.params.get("database_url")  # type: ignore[attr-defined]
        if database == "postgresql" and item.path.name.startswith("test_sync_"):
            item.add_marker("slow")


def left_out(count: int) -> str:
    """What a run that leaves slow tests out says in the end."""
    kinds = ", ".join(dict.fromkeys([*FILES.values(), ON_POSTGRESQL]))
    return f"{counted(count, 'slow test')} left out ({kinds}): make slow"
