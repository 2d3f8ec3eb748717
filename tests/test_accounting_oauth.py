"""An access to books is renewed by one process at a time, stored before it is used, and lost only when it is truly lost."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command_line import CHECKOUT
from makers import START, CountingIds, ManualClock
from scripts import Script, script, together
from stand_ins.oauth import CLIENT_ID, Provider, an_oauth_provider
from stand_ins.serving import Fault

from accounting.calling import Calls
from accounting.oauth import Credentials, OAuthAccess, OAuthClient, Token
from accounting.quickbooks.description import SIGN_IN as QUICKBOOKS
from accounting.registry import CONNECTORS
from accounting.xero.description import SIGN_IN as XERO
from app.clock import SystemClock
from receivables.errors import AccessLost, BooksError, BooksUnavailable, Throttled
from receivables.failpoints import ARMED_BY
from storage.engine import Database
from storage.vault import LEASE, Keyring, Vault

REDIRECT = "http://localhost:8765/callback"
KEY = Keyring.new_key()
AN_HOUR = 3600.0
LONG_AGO = START  # for the clock of a real process every token of then has ended


@dataclass
class House:
    """A company connected to the stand-in."""

    provider: Provider
    client: OAuthClient
    vault: Vault
    clock: ManualClock
    ids: CountingIds

    def access(self) -> OAuthAccess:
        """The access as another process would have it."""
        return OAuthAccess("acme", self.client, self.vault, self.clock)

    def stored(self) -> Token:
        return Token.from_json(self.vault.read("acme", "quickbooks"))

    def calls(self, access: OAuthAccess) -> Calls:
        return Calls(
            "acme", "QuickBooks Online", f"{self.provider.url}/books/", access=access, budget=Unlimited(), clock=self.clock,
            pause=self.clock.advance,
        )  # fmt: skip


class Unlimited:
    def take(self, company: str, calls: int) -> float:  # noqa: ARG002
        return 0.0


@pytest.fixture(scope="module")
def listening() -> Iterator[Provider]:
    with an_oauth_provider() as made:
        yield made


@pytest.fixture
def provider(listening: Provider) -> Provider:
    listening.begin_anew()
    return listening


@pytest.fixture
def house(provider: Provider, migrated_sqlite: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copyfile(migrated_sqlite, tmp_path / "resolve-now.sqlite")
    with a_house(provider, f"sqlite:///{tmp_path}/resolve-now.sqlite", START) as made:
        yield made


@contextmanager
def a_house(provider: Provider, database_url: str, start: datetime) -> Iterator[House]:
    """A company that was connected at that moment."""
    clock, ids = ManualClock(start), CountingIds()
    db = Database(database_url)
    vault = Vault(db, Keyring(KEY), clock, ids, pause=clock.advance)
    client = OAuthClient(QUICKBOOKS.at(provider.url), Credentials(CLIENT_ID, provider.client_secret), clock)
    made = House(provider, client, vault, clock, ids)
    vault.store("acme", "quickbooks", a_token(made).to_json())
    yield made
    db.close()


def a_token(house: House) -> Token:
    access, refresh = house.provider.new_tokens()
    now = house.clock.now()
    return Token(access, refresh, "4620816365", now, now + timedelta(hours=1), now + timedelta(days=100), now)


# --- renewing ---------------------------------------------------------------------------------------------------------


def test_an_access_that_has_time_left_is_used_as_it_is(house: House) -> None:
    assert house.stored().authorization == house.access().authorization()
    assert 0 == house.provider.renewals


def test_an_access_is_renewed_before_it_ends_and_the_new_one_is_stored(house: House) -> None:
    before = house.stored()
    house.clock.advance(AN_HOUR - 200)
    header = house.access().authorization()
    after = house.stored()
    assert (header, 1) == (after.authorization, house.provider.renewals)
    assert before.refresh_token != after.refresh_token
    assert (before.connected_at, before.organisation) == (after.connected_at, after.organisation)
    assert house.clock.now() + timedelta(hours=1) == after.expires_at
    assert house.clock.now() + timedelta(days=100) == after.refresh_expires_at


def test_books_that_answer_401_get_a_renewed_access_and_the_read_succeeds(house: House) -> None:
    house.clock.advance(120)
    house.provider.end_access()
    reply = house.calls(house.access()).read("GET", "invoices")
    assert ({"open": True}, 1) == (reply.body, house.provider.renewals)


def test_a_write_that_is_refused_for_its_access_leaves_with_another_in_the_same_call(house: House) -> None:
    house.clock.advance(120)
    house.provider.end_access()
    calls = house.calls(house.access())
    assert calls.write("POST", "payments", deadline=house.clock.monotonic() + 30, body={}).ok


def test_a_refusal_that_somebody_else_already_put_right_renews_nothing(house: House) -> None:
    first, second = house.access(), house.access()
    old = first.authorization()
    assert old == second.authorization()
    house.clock.advance(120)
    first.refused(old)
    second.refused(old)
    first.refused(old)
    assert (1, first.authorization()) == (house.provider.renewals, second.authorization())


def test_books_that_refuse_what_was_given_a_moment_ago_are_lost_instead_of_asked_for_ever(house: House) -> None:
    house.clock.advance(120)
    access = house.access()
    access.refused(access.authorization())
    with pytest.raises(AccessLost, match="resolve-now connect acme"):
        access.refused(access.authorization())
    assert 1 == house.provider.renewals


# --- what can go wrong ------------------------------------------------------------------------------------------------


def test_a_revoked_access_is_lost_with_the_command_to_run_and_asked_for_only_once(house: House) -> None:
    house.provider.revoke()
    house.clock.advance(AN_HOUR)
    access = house.access()
    for _ in range(3):
        with pytest.raises(AccessLost, match="resolve-now connect acme"):
            access.authorization()
    assert 1 == house.provider.refused


def test_after_connecting_again_the_same_process_goes_on(house: House) -> None:
    house.provider.revoke()
    house.clock.advance(AN_HOUR)
    access = house.access()
    with pytest.raises(AccessLost):
        access.authorization()
    house.vault.store("acme", "quickbooks", a_token(house).to_json())
    assert house.stored().authorization == access.authorization()


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault(status=500), BooksUnavailable),
        (Fault(status=503, body="<html>down</html>"), BooksUnavailable),
        (Fault(status=429, body="slow down"), Throttled),
        (Fault(status=200, body="[]"), BooksUnavailable),
        (Fault(status=200, body="not JSON"), BooksUnavailable),
        (Fault(status=200, body='{"access_token": "a"}'), None),  # no new refresh token: the one before stays
        (Fault(status=200, body='{"refresh_token": "r"}'), BooksUnavailable),
        (Fault(status=200, body='{"access_token": 7, "refresh_token": "r"}'), BooksUnavailable),
        (Fault(status=200, body='{"access_token": "a", "refresh_token": "r", "expires_in": "soon"}'), BooksUnavailable),
        (Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}), BooksUnavailable),
        (Fault(status=400, body='{"error": "temporarily_unavailable"}'), BooksUnavailable),
        (Fault(status=400, body='{"error": "invalid_grant"}'), AccessLost),
        (Fault(status=401, body='{"error": "invalid_client"}'), AccessLost),
        (Fault(cut="before"), BooksUnavailable),
        (Fault(cut="after"), BooksUnavailable),
    ],
)
def test_every_answer_of_the_token_endpoint_means_something(house: House, fault: Fault, raised: type[BooksError] | None) -> None:
    house.clock.advance(AN_HOUR)
    before = house.stored()
    house.provider.faults.order(fault)
    if raised is None:
        assert "Bearer a" == house.access().authorization()
        assert before.refresh_token == house.stored().refresh_token
        return
    with pytest.raises(raised) as caught:
        house.access().authorization()
    assert raised is type(caught.value)
    assert before == house.stored()
    assert not [secret for secret in house.provider.secrets() if secret in f"{caught.value!r} {caught.value.__cause__!r}"]


def test_a_renewal_without_an_answer_is_asked_again_with_the_token_before(house: House) -> None:
    house.provider.honours_the_one_before = True
    house.clock.advance(AN_HOUR)
    house.provider.faults.order(Fault(cut="after"))
    access = house.access()
    with pytest.raises(BooksUnavailable):
        access.authorization()
    header = access.authorization()
    assert (house.stored().authorization, 2) == (header, house.provider.renewals)


def test_while_there_is_time_left_a_provider_that_does_not_answer_stops_nothing(house: House) -> None:
    house.clock.advance(AN_HOUR - 200)
    house.provider.faults.order(Fault(status=503))
    access = house.access()
    assert house.stored().authorization == access.authorization()
    house.clock.advance(180)
    house.provider.faults.order(Fault(status=503))
    with pytest.raises(BooksUnavailable):
        access.authorization()


def test_a_company_that_was_never_connected_is_lost_with_the_command_to_run(house: House) -> None:
    access = OAuthAccess("beta", house.client, house.vault, house.clock)
    with pytest.raises(AccessLost, match="resolve-now connect beta"):
        access.authorization()


# --- several at once, and crashes -------------------------------------------------------------------------------------


def test_eight_threads_with_an_ended_access_renew_it_once(house: House) -> None:
    house.clock.advance(AN_HOUR)
    access, together, headers = house.access(), threading.Barrier(8), set()

    def ask() -> None:
        together.wait()
        headers.add(access.authorization())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (1, {house.stored().authorization}) == (house.provider.renewals, headers)


RENEW = """
import sys
from app.clock import RandomIds, SystemClock
from accounting.oauth import Credentials, OAuthAccess, OAuthClient
from accounting.quickbooks.description import SIGN_IN as QUICKBOOKS
from storage.engine import Database
from storage.vault import Keyring, Vault
url, provider, secret, key = sys.argv[1:]
clock = SystemClock()
client = OAuthClient(QUICKBOOKS.at(provider), Credentials("resolve-now-tests", secret), clock)
access = OAuthAccess("acme", client, Vault(Database(url), Keyring(key), clock, RandomIds()), clock)
print("ready", flush=True)
sys.stdin.readline()
print(access.authorization(), flush=True)
"""


def a_process(folder: Path, house: House, url: str, **environment: str) -> Script:
    words = (RENEW, url, house.provider.url, house.provider.client_secret, KEY)
    return script(folder, *words, environment=environment)


def test_two_processes_at_once_renew_once_and_both_go_on_with_the_same(
    provider: Provider, database_url: str, tmp_path: Path
) -> None:
    with a_house(provider, database_url, LONG_AGO) as house:
        both = [a_process(tmp_path, house, database_url) for _ in range(2)]
        provider.faults.order(Fault(path="/token", wait_seconds=0.5))  # long enough for the other to come along
        answers = {ran.out.strip() for ran in together(both)}
        assert ({house.stored().authorization}, 1, 0) == (answers, provider.renewals, provider.refused)


def test_killed_between_the_answer_and_the_store_the_next_process_renews_again(
    provider: Provider, database_url: str, tmp_path: Path
) -> None:
    provider.honours_the_one_before = True
    with a_house(provider, database_url, LONG_AGO) as house:
        before = house.stored()
        (dies,) = together([a_process(tmp_path, house, database_url, **{ARMED_BY: "access.after_answer"})])
        assert (-signal.SIGKILL, 1, before) == (dies.code, provider.renewals, house.stored())
        house.clock.advance((SystemClock().now() - house.clock.now()).total_seconds())
        began = house.clock.now()
        header = house.access().authorization()
        assert (house.stored().authorization, 2) == (header, provider.renewals)
        assert LEASE - timedelta(seconds=30) < house.clock.now() - began < LEASE + timedelta(seconds=1)  # waited for its lease


# --- signing in -------------------------------------------------------------------------------------------------------


def test_the_consent_asks_for_exactly_the_scopes_in_the_table(house: House) -> None:
    providers = [known.provider for known in CONNECTORS.values() if known.provider]
    for provider in providers:
        url = OAuthClient(provider, Credentials(CLIENT_ID), house.clock).ask(REDIRECT, house.ids.new).url
        assert url.startswith(f"{provider.authorize_url}?")
        assert ("code_challenge_method=S256" in url) == provider.proof_key
    assert ("com.intuit.quickbooks.accounting",) == QUICKBOOKS.scopes
    assert {
        "offline_access",
        "accounting.invoices",
        "accounting.payments",
        "accounting.banktransactions",
        "accounting.contacts.read",
        "accounting.settings.read",
    } == set(XERO.scopes)
    page = (CHECKOUT / "docs" / "connecting.md").read_text()
    assert [] == [scope for provider in providers for scope in provider.scopes if f"`{scope}`" not in page]


def test_a_token_shows_nothing_secret_and_survives_being_written_down(house: House) -> None:
    token = house.stored()
    assert not [
        secret for secret in house.provider.secrets() if secret in repr(token) + repr(house.client) + repr(house.access())
    ]
    assert token == Token.from_json(token.to_json())


def test_the_renewal_leaves_no_secret_in_the_database_file(house: House, tmp_path: Path) -> None:
    house.clock.advance(AN_HOUR)
    house.access().authorization()
    written = b"".join(file.read_bytes() for file in tmp_path.glob("resolve-now.sqlite*"))
    assert len(written) > 0
    assert not [secret for secret in house.provider.secrets() if secret.encode() in written]
