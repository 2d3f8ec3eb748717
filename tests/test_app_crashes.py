"""kill -9 at every named failpoint, in real processes; afterwards each payment is in the books exactly once.

The process dies in the product's own code. What time must pass for its leases to end passes in `child.py`, whose
clock runs ahead. The tally is taken by plain SQL from the books' own file.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import CHECKOUT, CommandLine, Ran, load_books, read_rows, run_process, write_settings

from receivables.failpoints import ARMED_BY, NAMES
from storage import audit
from storage.engine import Database

FITTING = [f"TXN-{place}" for place in range(1, 7)]
CREDITED = "TXN-7"  # a credit memo makes it wait for a person
INVOICES = [(f"10{place}", "Hooli" if place % 2 else "Globex", f"{place}00.00") for place in range(1, 8)]
ENTERED_AT = "2026-03-04T11:30"

#: Where `import` and `sync` die, and at which passing. The second claim, sending and settling of a sync are those of
#: payments; its first claim finds nothing to do.
IMPORT_DIES = ["intake.after_chunk"]
SYNC_DIES = [
    "posting.after_reading",
    "posting.after_intent",
    "posting.after_reading:2",
    "effects.after_claim",
    "effects.after_claim:2",
    "effects.before_send",
    "books.inside_transaction",
    "effects.after_send",
    "effects.after_settle",
    "verification.after_reading",
    "diagnosis.after_attempt",
]
#: Where `decide unapply_credit_memo --reapply` dies: its chain unapplies, posts, and puts back what fits.
DECIDE_DIES = [
    "decisions.after_plan",
    *(f"effects.after_claim:{step}" for step in (1, 2, 3)),
    *(f"effects.before_send:{step}" for step in (1, 2, 3)),
    *(f"books.inside_transaction:{step}" for step in (1, 2, 3)),
    *(f"effects.after_send:{step}" for step in (1, 2, 3)),
    *(f"effects.after_settle:{step}" for step in (1, 2, 3)),
    "verification.after_reading",
]
#: Where `run` dies when it shows a card: in `test_bot_crashes.py`, which has a workspace.
IN_SLACK_DIES = ["outbox.after_post"]
#: Where feeds die: a message in `test_app_http.py`, a page in `test_feeds_stripe_crashes.py`.
IN_FEEDS_DIES = ["intake.after_message", "intake.after_page"]
#: Where the access to books outside is lost for a moment: in `test_accounting_oauth.py`, which has a provider.
AT_SIGN_IN_DIES = ["access.after_answer"]


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Seven invoices and a file of seven payments; a credit memo stands on the last invoice."""
    acme = write_settings(tmp_path_factory.mktemp("opened"))
    load_books(acme, {"H": "Hooli", "G": "Globex"}, INVOICES)
    number, customer, _ = INVOICES[-1]
    acme.books("credit-memo", "CM-77", "--customer", customer, "--amount", "80.00", "--on", "2026-03-04", at=ENTERED_AT)
    acme.books("apply-credit", "CM-77", "--to", number, "--amount", "80.00", at=ENTERED_AT)
    acme.payments_file(
        # The last one pays 50.00 less than its invoice, so that a part of the credit fits beside it.
        (f"TXN-{place}", customer, paid, f"{number}:{paid}")
        for place, (number, customer, amount) in enumerate(INVOICES, start=1)
        for paid in ("650.00" if place == 7 else amount,)
    )
    return acme


@pytest.fixture(scope="session")
def taken_in(opened: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The payments taken in, and nothing synced yet."""
    acme = copied(opened, tmp_path_factory.mktemp("taken_in"))
    acme.answer("import", str(acme.folder / "payments.csv"))
    return acme


@pytest.fixture(scope="session")
def synced(taken_in: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Six payments verified, the seventh waiting for a person."""
    acme = copied(taken_in, tmp_path_factory.mktemp("synced"))
    counts = acme.sync()
    assert (6, 1) == (counts["verified"], counts["failed"])
    return acme


def copied(original: CommandLine, folder: Path) -> CommandLine:
    shutil.copytree(original.folder, folder / "acme")
    return CommandLine(folder / "acme")


def killed(acme: CommandLine, failpoint: str, *words: str) -> None:
    """Runs a command that must die at this failpoint, as by kill -9, having said nothing."""
    ran = acme.run(*words, environment={ARMED_BY: failpoint})
    assert (-signal.SIGKILL, "") == (ran.code, ran.out), ran.err


def later(acme: CommandLine, *seconds: int) -> Ran:
    """Syncs in a process whose clock runs ahead: once for each number of seconds."""
    moments = [word for second in seconds for word in ("--later", str(second))]
    ran = run_process([sys.executable, str(CHECKOUT / "tests" / "child.py"), str(acme.config), *moments], {})
    assert (0, "") == (ran.code, ran.err)
    return ran


def settle(acme: CommandLine) -> None:
    """A sync right away, as the scheduler would, then past every lease and window, and once more."""
    acme.sync()
    receipts = acme.receipts()
    assert sorted({receipt[0] for receipt in receipts}) == [
        receipt[0] for receipt in receipts
    ]  # nothing doubled while leases held
    later(acme, 70, 140, 500)


def receipts_of(numbers: Sequence[str]) -> list[tuple[str, int, int]]:
    return [(number, int(number[-1]) * 10_000, 0) for number in numbers]


def assert_all_is_settled(acme: CommandLine) -> None:
    assert [] == acme.unsettled()
    assert [] == acme.rows("SELECT id FROM decision WHERE state IN ('waiting_approval', 'accepted', 'carrying_out')")
    database = Database(f"sqlite:///{acme.database}")
    with database.read() as connection:
        assert audit.verify(connection, "acme") is None
    database.close()


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", [*IMPORT_DIES, *SYNC_DIES])
def test_each_payment_is_posted_once_whatever_kills_the_sync(
    failpoint: str, opened: CommandLine, taken_in: CommandLine, tmp_path: Path
) -> None:
    if failpoint in IMPORT_DIES:
        acme = copied(opened, tmp_path)
        killed(acme, failpoint, "import", str(acme.folder / "payments.csv"))
        assert 7 == acme.answer("import", str(acme.folder / "payments.csv"))["same"]
    else:
        acme = copied(taken_in, tmp_path)
        killed(acme, failpoint, "sync")

    settle(acme)

    assert receipts_of(FITTING) == acme.receipts()
    states = dict(acme.rows("SELECT transaction_number, state FROM payment"))
    assert {CREDITED: "failed"} | dict.fromkeys(FITTING, "verified") == states
    assert_all_is_settled(acme)


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", DECIDE_DIES)
def test_chain_of_a_decision_is_carried_out_whole_whatever_kills_it(failpoint: str, synced: CommandLine, tmp_path: Path) -> None:
    acme = copied(synced, tmp_path)
    killed(acme, failpoint, "decide", CREDITED, "unapply_credit_memo", "--as", "dana", "--reapply")

    settle(acme)

    assert [*receipts_of(FITTING), (CREDITED, 65_000, 0)] == acme.receipts()
    assert [(5_000,)] == read_rows(acme.books_file, "SELECT amount_minor FROM credit_applications")
    assert [(3_000,)] == read_rows(acme.books_file, "SELECT open_minor FROM credit_memos")
    assert "verified" == acme.state(CREDITED)
    assert [("unapply_credit_memo", "done")] == acme.rows("SELECT remedy, state FROM decision")
    assert_all_is_settled(acme)


@pytest.mark.slow
@pytest.mark.parametrize("again", ["effects.after_claim", "effects.before_send", "effects.after_send", "effects.after_settle"])
def test_process_that_recovers_may_die_too(again: str, taken_in: CommandLine, tmp_path: Path) -> None:
    acme = copied(taken_in, tmp_path)
    killed(acme, "effects.before_send", "sync")
    ran = run_process(
        [sys.executable, str(CHECKOUT / "tests" / "child.py"), str(acme.config), "--later", "70", "--later", "140"],
        {ARMED_BY: again},
    )
    assert -signal.SIGKILL == ran.code

    later(acme, 210, 280, 600)

    assert receipts_of(FITTING) == acme.receipts()
    assert_all_is_settled(acme)


def test_every_failpoint_kills_somewhere() -> None:
    covered = {
        dies.partition(":")[0]
        for dies in (*IMPORT_DIES, *SYNC_DIES, *DECIDE_DIES, *IN_SLACK_DIES, *IN_FEEDS_DIES, *AT_SIGN_IN_DIES)
    }

    assert NAMES == covered
