"""In which order the tests are run: what takes long begins first, shared out among the workers, so that none of it begins last.

pytest-xdist gives each worker one run of tests that follow one another, and lets who is done take from the end of another's.
"""

from __future__ import annotations

import os

import pytest

LONGEST = (
    "test_causes_on_every_books.py", "test_app_demo_tryton.py", "test_accounting_contract.py", "test_sync_random.py",
    "test_accounting_tryton.py", "test_bot_incidents.py", "test_accounting_stories.py", "test_sync_receipts_by_words.py",
    "test_app_run.py", "test_bot_in_browser.py", "test_bot_crashes.py", "test_accounting_tryton_journey.py",
    "test_rules_oracle.py", "test_sync_chains.py", "test_workspace_page.py", "test_sync_ways_out.py",
    "test_accounting_tryton_money_back.py", "test_bench_accuracy.py", "test_app_workers.py", "test_workspace_installing.py",
)  # fmt: skip


def workers() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def ordered(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests; each worker's run begins with its share of the files that take long."""
    long: dict[str, list[pytest.Item]] = {name: [] for name in LONGEST}
    rest: list[pytest.Item] = []
    for item in items:
        long.get(item.path.name, rest).append(item)
    hands = [[item for name in LONGEST[worker::workers] for item in long[name]] for worker in range(workers)]
    made: list[pytest.Item] = []
    for at, hand in enumerate(hands):
        room = max(0, (len(items) - len(made)) // (workers - at) - len(hand))
        made += hand + rest[:room]
        rest = rest[room:]
    return made + rest
