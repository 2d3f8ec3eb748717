"""Told to stop, or killed while it stops, in the middle of a write: the next process looks for it and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import private_postgres
import pytest
from machines import Machine, Machines, machines
from private_postgres import Cluster

PAYMENTS = 3
#: A minute later, as far as leases go that another process held.
A_MINUTE_LATER = "UPDATE effect SET lease_until = lease_until - interval '61 seconds', next_at = next_at - interval '61 seconds'"
STATES = "SELECT DISTINCT state FROM effect"


@pytest.fixture
def books_that_answer_late(tmp_path: Path, postgres: Cluster | None) -> Iterator[Machines]:
    if postgres is None:
        pytest.skip(private_postgres.HOW_TO_GET_IT)
    with postgres.cloned("migrated") as url, machines(tmp_path, url, ("acme",), PAYMENTS) as made:
        yield made


def told_to_stop(machine: Machine) -> None:
    """It ends by itself, within ten seconds, and says whose work it left."""
    told = monotonic()
    assert 0 == machine.stop(10)
    assert monotonic() - told < 10
    assert "handed_over" in machine.log.read_text(encoding="utf-8")


def killed_while_it_stops(machine: Machine) -> None:
    machine.terminate()
    sleep(0.5)
    machine.kill()


@pytest.mark.slow
@pytest.mark.parametrize(("role", "end"), [("alone", told_to_stop), ("worker", told_to_stop), ("alone", killed_while_it_stops)])
def test_a_stop_in_the_middle_of_a_write_leaves_it_to_the_next_process(
    books_that_answer_late: Machines, role: str, end: Callable[[Machine], None]
) -> None:
    several = books_that_answer_late
    if role == "worker":
        several.start("scheduler")
    stopped = several.start(role, "--late", "600")
    several.until(lambda: any(call["what"] == "written" for call in several.calls()), 60)

    end(stopped)

    assert {"sending"} == {state for (state,) in several.rows(STATES)}
    several.do(A_MINUTE_LATER)
    several.start(role)
    several.until(lambda: several.verified() == PAYMENTS, 60)
    assert (PAYMENTS, []) == (several.receipts(), several.doubled())
    assert 1 == sum(call["what"] == "written" for call in several.calls())
