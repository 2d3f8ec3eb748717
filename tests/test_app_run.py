"""`resolve-now run`: two processes on one database for a minute, one of them killed; and books that cannot be reached."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from command_line import COMPANY, CommandLine, load_books, run_process, write_settings
from running import running, until

from receivables.failpoints import ARMED_BY

SYNC_SECONDS = 60  # the shortest interval there is
LEASE_SECONDS = 60  # and as long a dead process holds what it was sending
ENTERED_AT = "2026-03-04T11:30"


def states(acme: CommandLine) -> dict[str, str]:
    return dict(acme.rows("SELECT transaction_number, state FROM payment"))


def paying(first: int, last: int) -> list[tuple[str, str, str, str]]:
    """Payment TXN-n of n.00 for invoice 100n."""
    return [(f"TXN-{n}", "Hooli", f"{n}.00", f"{1000 + n}:{n}.00") for n in range(first, last + 1)]


@pytest.mark.slow
def test_two_processes_and_a_killed_one_lose_and_double_nothing(tmp_path: Path) -> None:
    """A sync dies after sending, its leases run out under two processes, and one of these is killed and started again."""
    acme = write_settings(tmp_path)
    load_books(acme, {"H": "Hooli"}, [(str(1000 + n), "Hooli", f"{n}.00") for n in range(1, 13)])
    acme.books("credit-memo", "CM-1", "--customer", "Hooli", "--amount", "0.50", "--on", "2026-03-04", at=ENTERED_AT)
    acme.books("apply-credit", "CM-1", "--to", "1001", "--amount", "0.50", at=ENTERED_AT)
    acme.take_in(*paying(1, 2), name="first.csv")
    assert (1, 1) == ((counts := acme.sync())["verified"], counts["failed"])
    acme.take_in(*paying(3, 6), name="second.csv")
    assert -signal.SIGKILL == acme.run("sync", environment={ARMED_BY: "effects.after_send"}).code
    assert {("sending",)} == set(acme.rows("SELECT state FROM effect WHERE state <> 'done'"))

    with running(acme, "one") as first, running(acme, "other") as other:
        assert "done" == acme.answer("decide", "TXN-1", "unapply_credit_memo", "--as", "dana")["state"]
        acme.take_in(*paying(7, 9), name="third.csv")
        first.kill_and_start_again()
        acme.take_in(*paying(10, 12), name="fourth.csv")
        wanted = {f"TXN-{n}": "verified" for n in range(1, 13)}
        until(lambda: states(acme) == wanted, SYNC_SECONDS + LEASE_SECONDS + 30, lambda: (states(acme), first.log, other.log))
        assert [0, 0] == [first.stop(), other.stop()]
        logs = first.log + other.log

    assert sorted((f"TXN-{n}", n * 100, 0) for n in range(1, 13)) == acme.receipts()
    assert [] == acme.unsettled()
    assert (3, 2) == (logs.count('"running"'), logs.count('"stopping"'))
    assert "Traceback" not in logs
    assert {"acme": {"unbroken": True, "break": None}} == acme.answer("audit", "verify")


def test_stop_is_clean_from_the_first_moment(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    with running(acme, "run") as process:
        until(lambda: '"running"' in process.log, 30, lambda: process.log)
        assert 0 == process.stop()
    assert "Traceback" not in process.log


STOPPED_FROM_ELSEWHERE = """
import signal, threading, time
from app.alarms import stop_asked

wait = stop_asked()
tell = lambda: (time.sleep(0.5), signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
threading.Thread(target=tell).start()
wait()
"""


def test_stop_is_noticed_whichever_thread_is_told(tmp_path: Path) -> None:
    """The main thread sleeps and is not woken by a signal to another one; it used to miss one as well while it fell asleep."""
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED_FROM_ELSEWHERE)
    assert (0, "", "") == astuple(run_process([sys.executable, str(script)], {}))


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Somebody else has the books' file to himself."""
    connection = sqlite.connect(str(file), isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE settings SET temper = temper")
    connection.execute("COMMIT")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def taken_away(file: Path) -> Iterator[None]:
    """The folder of the books is not there for a while, as when a network drive is not."""
    elsewhere = file.parent.rename(file.parent.with_name("elsewhere"))
    try:
        yield
    finally:
        elsewhere.rename(file.parent)


@pytest.mark.parametrize("unreachable", [held, taken_away])
def test_books_that_cannot_be_reached_pause_their_company_only(
    unreachable: Callable[[Path], AbstractContextManager[None]], tmp_path: Path
) -> None:
    birch = COMPANY.format(id="birch", name="Birch", writes="on", temper="strict").replace("birch-books", "birch/books")
    acme = write_settings(tmp_path, more=birch)
    for company in ("acme", "birch"):
        acme.books("customer", "Hooli", "--company", company, at="2026-02-01T09:00")
        acme.books("invoice", "1001", "--customer", "Hooli", "--amount", "1.00", "--company", company, at="2026-02-01T09:00")
        acme.answer("import", str(acme.payments_file(paying(1, 1))), "--company", company)

    with unreachable(tmp_path / "birch" / "books.sqlite"), running(acme, "run") as process:
        until(lambda: ("acme", "verified") in standing(acme), 30, lambda: process.log)
        until(lambda: bool(paused(acme)), 30, lambda: process.log)
        assert [("birch", "books_unavailable")] == paused(acme)
        assert [("acme", "verified"), ("birch", "received")] == standing(acme)
        assert 0 == process.stop()
        assert "books_unreachable" in process.log
        assert "Traceback" not in process.log

    assert "" == acme.answer("sync", "--company", "birch")[0]["problem"]
    assert ([], [("acme", "verified"), ("birch", "verified")]) == (paused(acme), standing(acme))
    assert [] == acme.rows("SELECT * FROM failure")  # an outage is no payment's failure


def standing(acme: CommandLine) -> list[tuple[str, str]]:
    return [(company, state) for company, state in acme.rows("SELECT company, state FROM payment ORDER BY company")]


def paused(acme: CommandLine) -> list[tuple[str, str]]:
    return [
        (company, cause)
        for company, cause in acme.rows("SELECT id, paused_cause FROM company WHERE paused_cause IS NOT NULL ORDER BY id")
    ]
