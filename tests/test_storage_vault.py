"""Tokens are kept encrypted, for the company they were given for, and renewed by one process at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from makers import CountingIds, ManualClock
from scripts import script

from receivables import boundary
from receivables.errors import BooksUnavailable, ConfigurationError, NotFound
from storage import companies, schema
from storage.engine import Database
from storage.vault import LEASE, WAIT_SECONDS, Keyring, Vault

FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)  # a database's own clock does not say that it is over
KEY, OTHER_KEY = Keyring.new_key(), Keyring.new_key()
TOKEN = "canary-token-0123456789"


@dataclass
class Kept:
    """A vault with the tools to look behind it."""

    vault: Vault
    db: Database
    clock: ManualClock

    def with_keys(self, keys: str) -> Vault:
        return Vault(self.db, Keyring(keys), self.clock, CountingIds(), pause=self.clock.advance)

    def bodies(self) -> dict[tuple[str, str], str]:
        with self.db.read() as connection:
            rows = connection.execute(sa.select(schema.token)).all()
        return {(row.company, row.purpose): row.body for row in rows}

    def change(self, company: str, purpose: str, **values: object) -> None:
        """Changes a row behind the vault's back."""
        with self.db.work() as connection:
            table = schema.token
            here = (table.c.company == company, table.c.purpose == purpose)
            connection.execute(sa.update(table).where(*here).values(**values))


@pytest.fixture
def kept(database_url: str) -> Iterator[Kept]:
    db, clock = Database(database_url), ManualClock()
    yield Kept(Vault(db, Keyring(KEY), clock, CountingIds(), pause=clock.advance), db, clock)
    db.close()


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_what_is_stored_is_read_again_and_the_newest_counts(kept: Kept) -> None:
    kept.vault.store("acme", "xero", "first")
    kept.clock.advance(60)
    kept.vault.store("acme", "xero", TOKEN)
    kept.vault.store("beta", "xero", "another")
    assert (TOKEN, "another") == (kept.vault.read("acme", "xero"), kept.vault.read("beta", "xero"))
    age = kept.vault.age("acme", "xero")
    assert (kept.clock.now(), 2) == (age.stored_at, age.version)


def test_the_stored_row_does_not_hold_the_token(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    assert TOKEN not in kept.bodies()["acme", "xero"]
    assert TOKEN not in repr(kept.vault) + repr(vars(kept.vault))


def test_what_was_never_stored_is_not_found_and_the_message_names_the_command(kept: Kept) -> None:
    with pytest.raises(NotFound, match="resolve-now connect acme"):
        kept.vault.read("acme", "xero")
    with pytest.raises(NotFound), kept.vault.exclusively("acme", "xero"):
        pass


def test_a_row_copied_to_another_company_or_purpose_is_refused(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    kept.vault.store("beta", "xero", "another")
    kept.vault.store("acme", "quickbooks", "a third")
    stolen = kept.bodies()["acme", "xero"]
    kept.change("beta", "xero", body=stolen)
    kept.change("acme", "quickbooks", body=stolen)
    for company, purpose in (("beta", "xero"), ("acme", "quickbooks")):
        with pytest.raises(ConfigurationError, match="not given to it") as caught:
            kept.vault.read(company, purpose)
        assert TOKEN not in str(caught.value)
        with pytest.raises(ConfigurationError), kept.vault.exclusively(company, purpose):
            pass
    assert TOKEN == kept.vault.read("acme", "xero")


@pytest.mark.parametrize(
    "damage",
    ["", "x", "gAAAA", "é", Fernet(KEY).encrypt(b"not ours").decode(), Fernet(KEY).encrypt(b"{}").decode()],
    ids=["empty", "short", "cut", "not ASCII", "not JSON", "not bound"],
)
def test_a_damaged_row_is_refused_with_a_remedy(kept: Kept, damage: str) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    kept.change("acme", "xero", body=damage)
    with pytest.raises(ConfigurationError, match="resolve-now connect acme"):
        kept.vault.read("acme", "xero")


def test_a_token_that_is_no_token_is_a_bug(kept: Kept) -> None:
    with pytest.raises(ValueError, match="characters"):
        kept.vault.store("acme", "xero", "x" * 100_000)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    ["", " , ", "too-short", KEY[:-2], f"{KEY},nonsense", "é" * 44],
    ids=["none", "a comma", "short", "cut", "one of two", "not ASCII"],
)
def test_keys_that_are_none_are_refused_without_showing_them(keys: str) -> None:
    with pytest.raises(ConfigurationError, match="connect --new-key") as caught:
        Keyring(keys)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_every_new_key_is_another_and_usable() -> None:
    assert 5 == len({Keyring.new_key() for _ in range(5)})
    Keyring(Keyring.new_key())


def test_another_key_opens_nothing(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    with pytest.raises(ConfigurationError, match="vault's keys"):
        kept.with_keys(OTHER_KEY).read("acme", "xero")


def test_a_key_is_rotated_in_three_steps_and_nothing_is_lost(kept: Kept) -> None:
    for company in ("acme", "beta"):
        kept.vault.store(company, "xero", TOKEN + company)
    both = kept.with_keys(f"{OTHER_KEY}, {KEY}")
    assert TOKEN + "acme" == both.read("acme", "xero")
    assert 2 == both.rotate()
    only_new = kept.with_keys(OTHER_KEY)
    assert [TOKEN + "acme", TOKEN + "beta"] == [only_new.read(company, "xero") for company in ("acme", "beta")]
    with pytest.raises(ConfigurationError):
        kept.vault.read("acme", "xero")


def test_rotating_without_the_key_of_one_row_changes_no_row(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    kept.with_keys(OTHER_KEY).store("beta", "xero", "another")
    before = kept.bodies()
    with pytest.raises(ConfigurationError, match="a key that is not set"):
        kept.vault.rotate()
    assert before == kept.bodies()


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_no_transaction_is_open_while_the_token_is_held(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    with kept.vault.exclusively("acme", "xero") as token:
        boundary.leaving("the provider")
        kept.vault.store("acme", "xero", "renewed")
    assert (TOKEN, "renewed") == (token, kept.vault.read("acme", "xero"))


def test_one_company_does_not_wait_for_another(kept: Kept) -> None:
    for company in ("acme", "beta"):
        kept.vault.store(company, "xero", company)
    with kept.vault.exclusively("acme", "xero") as first, kept.vault.exclusively("beta", "xero") as second:
        assert ("acme", "beta") == (first, second)


def test_whoever_waits_gives_up_in_the_end_and_nothing_was_done(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)

    def another_takes_it(seconds: float) -> None:
        kept.clock.advance(seconds)
        kept.change("acme", "xero", lease_owner=f"holder {kept.clock.monotonic() // 50}", lease_until=FAR_AHEAD)

    another_takes_it(0)
    before = kept.clock.monotonic()
    waiting = Vault(kept.db, Keyring(KEY), kept.clock, CountingIds(), pause=another_takes_it)
    with pytest.raises(BooksUnavailable), waiting.exclusively("acme", "xero"):
        pass
    assert WAIT_SECONDS <= kept.clock.monotonic() - before < WAIT_SECONDS + 1


@pytest.mark.parametrize("written", [-timedelta(days=2), timedelta(0), timedelta(days=2)])
def test_a_process_that_died_holds_the_token_until_its_lease_was_watched(kept: Kept, written: timedelta) -> None:
    """Whatever its wall clock said when it wrote down until when it holds it."""
    kept.vault.store("acme", "xero", TOKEN)
    kept.change("acme", "xero", lease_owner="dead", lease_until=FAR_AHEAD + written)
    began = kept.clock.now()
    with kept.vault.exclusively("acme", "xero") as token:
        assert TOKEN == token
    assert LEASE <= kept.clock.now() - began < LEASE + timedelta(seconds=1)


def test_an_error_inside_gives_the_token_back_at_once(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    began = kept.clock.now()
    with pytest.raises(RuntimeError), kept.vault.exclusively("acme", "xero"):
        raise RuntimeError
    with kept.vault.exclusively("acme", "xero"):
        pass
    assert began == kept.clock.now()


def test_a_holder_that_slept_past_its_lease_does_not_overwrite_what_came_later(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    other = kept.with_keys(KEY)
    with kept.vault.exclusively("acme", "xero"):
        kept.clock.advance(LEASE.total_seconds() + 1)
        with other.exclusively("acme", "xero"):
            other.store("acme", "xero", "the newest")
        kept.vault.store("acme", "xero", "from before")
    assert "the newest" == kept.vault.read("acme", "xero")


def test_a_holder_that_slept_past_its_lease_still_stores_where_nobody_came(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    with kept.vault.exclusively("acme", "xero"):
        kept.clock.advance(LEASE.total_seconds() + 1)
        kept.vault.store("acme", "xero", "late")
        kept.vault.store("acme", "xero", "later")
    assert "later" == kept.vault.read("acme", "xero")


def test_connecting_again_while_somebody_renews_wins(kept: Kept) -> None:
    kept.vault.store("acme", "xero", TOKEN)
    with kept.vault.exclusively("acme", "xero"):
        kept.with_keys(KEY).store("acme", "xero", "connected again")
        kept.vault.store("acme", "xero", "renewed from the old one")
    assert "connected again" == kept.vault.read("acme", "xero")


COUNT = """
import sys, time
from app.clock import RandomIds, SystemClock
from storage.engine import Database
from storage.vault import Keyring, Vault
db, keys = Database(sys.argv[1]), Keyring(sys.argv[2])
vault = Vault(db, keys, SystemClock(), RandomIds(), pause=lambda _: time.sleep(0.01))
for _ in range(int(sys.argv[3])):
    with vault.exclusively("acme", "xero") as token:
        vault.store("acme", "xero", str(int(token) + 1))
"""


def test_three_processes_that_count_in_the_token_lose_no_step(kept: Kept, database_url: str, tmp_path: Path) -> None:
    kept.vault.store("acme", "xero", "0")
    running = [script(tmp_path, COUNT, database_url, KEY, "15") for _ in range(3)]
    assert [0, 0, 0] == [process.ended().code for process in running]
    assert ("45", 46) == (kept.vault.read("acme", "xero"), kept.vault.age("acme", "xero").version)


def test_threads_of_one_process_wait_for_each_other_too(database_url: str) -> None:
    db = Database(database_url)
    vault = Vault(db, Keyring(KEY), ManualClock(), _SafeIds(), pause=lambda _: time.sleep(0.01))
    vault.store("acme", "xero", "0")

    def count() -> None:
        for _ in range(10):
            with vault.exclusively("acme", "xero") as token:
                vault.store("acme", "xero", str(int(token) + 1))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "30" == vault.read("acme", "xero")
    db.close()


class _SafeIds(CountingIds):
    """Ids that count, for several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def new(self) -> str:
        with self._lock:
            return super().new()


def test_storing_makes_the_row_of_a_company_that_never_synced(kept: Kept) -> None:
    kept.vault.store("gamma", "xero", TOKEN)
    with kept.db.read() as connection:
        assert "gamma" == companies.get(connection, "gamma").id
