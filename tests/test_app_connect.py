"""A company is connected by a person who signs in; whoever comes back with anything else is refused, and nothing is stored."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
import templates
import warm
from command_line import CHECKOUT, CommandLine, Ran, change_file, child_environment
from running import until
from stand_ins.oauth import Provider, an_oauth_provider
from stand_ins.quickbooks import start_quickbooks
from stand_ins.serving import Fault

from accounting.oauth import Consent, Token
from app.connecting import listen
from app.sign_in import Listener, came_back
from receivables.errors import AccessLost, ConfigurationError, NotPermitted
from storage.vault import Keyring

KEY = Keyring.new_key()
COMPANY = """\
[[company]]
id = "{id}"
name = "{id} Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
[company.books]
{books}
"""
QUICKBOOKS = 'kind = "quickbooks"'
XERO = 'kind = "xero"'
NORTH, SOUTH = "0c4b3a2e-1111-4b6e-9a57-000000000001", "0c4b3a2e-1111-4b6e-9a57-000000000002"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def listening() -> Iterator[Provider]:
    with an_oauth_provider() as made:
        yield made


@pytest.fixture
def provider(listening: Provider) -> Provider:
    listening.begin_anew()
    return listening


@dataclass(frozen=True)
class Connecting:
    """`resolve-now connect` while it waits, and the person's browser."""

    process: warm.Started
    out: Path
    err: Path

    @property
    def url(self) -> str:
        """Where the person is sent."""
        return next((line.strip() for line in self.err.read_text().splitlines() if line.startswith("http")), "")

    def browse(self, url: str) -> httpx2.Response:
        return httpx2.get(url, follow_redirects=True, trust_env=False, timeout=PATIENCE_SECONDS)

    def sign_in(self) -> httpx2.Response:
        return self.browse(self.url)

    @property
    def redirect(self) -> str:
        return redirect_of(self.url)

    def ended(self) -> Ran:
        return Ran(self.process.wait(PATIENCE_SECONDS), self.out.read_text(), self.err.read_text())


def redirect_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["redirect_uri"][0]


def a_folder(folder: Path, **books: str) -> CommandLine:
    """Companies by id, each with the lines of its [company.books]."""
    text = "".join(COMPANY.format(id=id_, books=lines) for id_, lines in books.items())
    (folder / "resolve-now.toml").write_text(text)
    templates.new_database(folder)
    return CommandLine(folder)


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def environment(provider: Provider, kind: str, **more: str) -> dict[str, str]:
    return provider.environment(kind) | {"RESOLVE_NOW_VAULT_KEYS": KEY} | more


@contextmanager
def connecting(at: CommandLine, provider: Provider, kind: str, *words: str) -> Iterator[Connecting]:
    """The command up to where it waits for the person, or has ended."""
    whole = at.words("connect", *words, "--no-browser", "--json", "--port", str(a_free_port()))
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = warm.Started(whole, child_environment(environment(provider, kind)), out, err)
        waiting = Connecting(process, out, err)
        try:
            until(lambda: bool(waiting.url) or process.returncode is not None, PATIENCE_SECONDS, err.read_text)
            yield waiting
        finally:
            process.kill()


def stored(at: CommandLine) -> dict[str, Token]:
    """What the vault holds, opened with the key."""
    rows = at.rows("SELECT company, purpose, body FROM token")
    return {company: Token.from_json(Keyring(KEY).opened(company, purpose, body)) for company, purpose, body in rows}


def connected(at: CommandLine, provider: Provider, kind: str, *words: str) -> Ran:
    with connecting(at, provider, kind, *words) as waiting:
        assert 200 == waiting.sign_in().status_code
        return waiting.ended()


# --- it works ---------------------------------------------------------------------------------------------------------


def test_quickbooks_is_connected_and_its_company_remembered(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    with connecting(acme, provider, "quickbooks", "acme") as waiting:
        page = waiting.sign_in()
        ran = waiting.ended()
    assert (200, 0) == (page.status_code, ran.code), ran.err
    assert "granted access" in page.text
    assert ("acme", "quickbooks", provider.realm) == tuple(ran.json[name] for name in ("company", "kind", "organisation"))
    assert provider.realm == stored(acme)["acme"].organisation
    assert "code_challenge" not in provider.asked[0]
    assert "http://localhost:" in provider.asked[0]["redirect_uri"]
    assert [("company.connected",)] == acme.rows("SELECT action FROM audit")


def test_xero_is_connected_with_a_proof_key_and_its_only_organisation(provider: Provider, tmp_path: Path) -> None:
    provider.realm, provider.organisations = "", {NORTH: "Acme North"}
    acme = a_folder(tmp_path, acme=XERO)
    ran = connected(acme, provider, "xero")
    assert (0, NORTH) == (ran.code, stored(acme)["acme"].organisation), ran.err
    assert "S256" == provider.asked[0]["code_challenge_method"]
    assert "offline_access" in provider.asked[0]["scope"].split()


def test_a_sign_in_to_several_organisations_asks_which(provider: Provider, tmp_path: Path) -> None:
    provider.realm, provider.organisations = "", {NORTH: "Acme North", SOUTH: "Acme South"}
    acme = a_folder(tmp_path, acme=XERO)
    undecided = connected(acme, provider, "xero")
    assert (2, {}) == (undecided.code, stored(acme))
    assert f"{SOUTH}  Acme South" in undecided.err
    decided = connected(acme, provider, "xero", "acme", "--organisation", SOUTH)
    assert (0, SOUTH) == (decided.code, stored(acme)["acme"].organisation)


def test_the_address_can_be_pasted_where_the_registered_one_leads_elsewhere(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    words = acme.words("connect", "acme", "--paste", "--redirect", "https://books.example/callback", "--no-browser", "--json")
    given, pipe = child_environment(environment(provider, "quickbooks")), subprocess.PIPE
    with subprocess.Popen(words, cwd=CHECKOUT, env=given, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr is not None
        url = next(line.strip() for line in iter(process.stderr.readline, "") if line.startswith("http"))
        assert "https://books.example/callback" == redirect_of(url)
        ended_at = httpx2.get(url, trust_env=False).headers["location"]
        out, err = process.communicate(ended_at + "\n", timeout=PATIENCE_SECONDS)
    assert (0, provider.realm) == (process.returncode, stored(acme)["acme"].organisation), err
    assert provider.realm in out


def test_embedded_books_need_no_connecting_and_no_key(tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme='kind = "embedded"\nfile = "books.sqlite"')
    assert "nothing to connect" in acme.run("connect").out


def test_a_new_key_works_and_needs_no_configuration(tmp_path: Path) -> None:
    printed = CommandLine(tmp_path).run("connect", "--new-key")
    assert (0, "") == (printed.code, printed.err)
    Keyring(printed.out.strip())


def test_keys_are_rotated_by_command(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    connected(acme, provider, "quickbooks")
    before, newer = stored(acme), Keyring.new_key()
    ran = acme.run("connect", "--rotate-keys", "--json", environment={"RESOLVE_NOW_VAULT_KEYS": f"{newer},{KEY}"})
    assert ({"tokens": 1}, 0) == (ran.json, ran.code)
    ((body,),) = acme.rows("SELECT body FROM token")
    assert before["acme"] == Token.from_json(Keyring(newer).opened("acme", "quickbooks", body))


# --- it is refused ----------------------------------------------------------------------------------------------------


def test_a_declined_sign_in_stores_nothing_and_says_so_in_both_places(provider: Provider, tmp_path: Path) -> None:
    provider.declines = True
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    with connecting(acme, provider, "quickbooks") as waiting:
        page, ran = waiting.sign_in(), waiting.ended()
    assert (400, 1, {}) == (page.status_code, ran.code, stored(acme))
    assert "declined" in page.text
    assert "declined" in ran.err


def test_an_answer_with_another_state_is_refused_and_the_true_one_still_counts(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    with connecting(acme, provider, "quickbooks") as waiting:
        for forged in ({"state": "guessed", "code": "x"}, {"code": "x"}, {"state": "guessed", "error": "access_denied"}):
            assert 400 == waiting.browse(f"{waiting.redirect}?{urlencode(forged)}").status_code
        assert 404 == waiting.browse(waiting.redirect.replace("/callback", "/favicon.ico")).status_code
        assert 200 == waiting.sign_in().status_code
        assert 0 == waiting.ended().code
    assert provider.realm == stored(acme)["acme"].organisation


def test_a_provider_that_fails_at_the_last_step_stores_nothing(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    provider.faults.order(Fault(status=503, path="/token"))
    with connecting(acme, provider, "quickbooks") as waiting:
        page, ran = waiting.sign_in(), waiting.ended()
    assert (502, 1, {}) == (page.status_code, ran.code, stored(acme))
    assert "503" in page.text
    assert "503" in ran.err


def test_other_books_than_before_are_refused_until_somebody_says_so(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    connected(acme, provider, "quickbooks")
    provider.realm = "999"
    refused = connected(acme, provider, "quickbooks")
    assert (2, "4620816365") == (refused.code, stored(acme)["acme"].organisation)
    assert "--other-books" in refused.err
    meant = connected(acme, provider, "quickbooks", "--other-books")
    assert (0, "999") == (meant.code, stored(acme)["acme"].organisation)


def test_the_books_of_another_company_are_refused_whatever_is_said(provider: Provider, tmp_path: Path) -> None:
    both = a_folder(tmp_path, acme=QUICKBOOKS, beta=QUICKBOOKS)
    connected(both, provider, "quickbooks", "acme")
    refused = connected(both, provider, "quickbooks", "beta", "--other-books")
    assert (2, {"acme"}) == (refused.code, set(stored(both)))
    assert "belong to acme" in refused.err


@pytest.mark.parametrize("realm", ["", "12/../../v3/company/7", "acme"])
def test_a_company_that_is_no_realm_is_refused(provider: Provider, tmp_path: Path, realm: str) -> None:
    provider.realm = realm
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    ran = connected(acme, provider, "quickbooks")
    assert (1, {}) == (ran.code, stored(acme))


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("RESOLVE_NOW_VAULT_KEYS", "connect --new-key"),
        ("RESOLVE_NOW_QUICKBOOKS_CLIENT_ID", "RESOLVE_NOW_QUICKBOOKS_CLIENT_ID must be set"),
        ("RESOLVE_NOW_QUICKBOOKS_CLIENT_SECRET", "RESOLVE_NOW_QUICKBOOKS_CLIENT_SECRET must be set"),
    ],
)
def test_what_is_not_configured_is_said_before_anybody_signs_in(
    provider: Provider, tmp_path: Path, missing: str, said: str
) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    given = {name: value for name, value in environment(provider, "quickbooks").items() if name != missing}
    ran = acme.run("connect", "acme", "--no-browser", environment=given)
    assert (2, []) == (ran.code, provider.asked)
    assert said in ran.err


@pytest.mark.parametrize("name", ["RESOLVE_NOW_QUICKBOOKS_SIGN_IN_URL", "RESOLVE_NOW_QUICKBOOKS_BASE_URL"])
def test_the_sign_in_can_be_sent_nowhere_but_this_machine(provider: Provider, tmp_path: Path, name: str) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    connected(acme, provider, "quickbooks")
    given = environment(provider, "quickbooks") | {name: "https://evil.example/"}
    ran = acme.run("connect", "acme", environment=given) if "SIGN_IN" in name else acme.run("sync", environment=given)
    assert 0 != ran.code or "practice service" in ran.out
    assert "can only name a practice service" in ran.err + ran.out


# --- the page, without a process --------------------------------------------------------------------------------------


def test_nobody_who_comes_in_time_ends_the_waiting() -> None:
    consent = Consent("http://127.0.0.1:9/", "http://localhost:9/callback", "state", "")
    with pytest.raises(AccessLost, match="in time"):
        listen(consent, lambda _: "", port=a_free_port(), show=lambda _: None, patience_seconds=0.05)


def test_an_answer_counts_once() -> None:
    with Listener(a_free_port(), "the-state") as listener:
        listener.tell(True, "let in")
        assert (200, "let in") == listener.answer("/callback?code=1&state=the-state")
        assert 400 == listener.answer("/callback?code=1&state=the-state")[0]
        assert "1" == listener.wait(1).code


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}"):
            Listener(port, "state")


@pytest.mark.parametrize(
    "query", ["", "state=s", "code=c", "state=s&state=s&code=c", "state=S&code=c", "state=s%00&code=c", "state=é&code=c"]
)
def test_only_our_own_question_is_answered(query: str) -> None:
    with pytest.raises(NotPermitted):
        came_back(f"/callback?{query}", "s")


def test_what_the_browser_brought_shows_no_code() -> None:
    brought = came_back("/callback?state=s&code=canary&realmId=7", "s")
    assert ("canary", "7") == (brought.code, brought.realm)
    assert "canary" not in repr(brought)


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_a_company_that_lost_its_access_pauses_and_goes_on_after_connecting_again(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    with start_quickbooks(tmp_path) as quickbooks:
        provider.realm = quickbooks.api.realm
        given = environment(provider, "quickbooks", RESOLVE_NOW_QUICKBOOKS_BASE_URL=quickbooks.origin)

        def sync_again() -> str:
            return str(acme.run("sync", "--json", environment=given).json[0]["problem"])

        def connect_again() -> None:
            assert 0 == connected(acme, provider, "quickbooks").code
            quickbooks.api.token = provider.given[-2]  # the access token of the pair that was given last

        connect_again()
        assert "" == sync_again()
        provider.revoke()
        quickbooks.api.token = "taken back"
        assert "resolve-now connect acme" in sync_again()
        assert [("access_lost", None)] == acme.rows("SELECT paused_cause, paused_until FROM company")
        connect_again()
        assert [("access_lost", None)] == acme.rows("SELECT paused_cause, synced_at FROM company")  # its next sync is due now
        assert "" == sync_again()
        assert [(None,)] == acme.rows("SELECT paused_cause FROM company")


# --- no secret in clear -----------------------------------------------------------------------------------------------


def test_no_secret_is_written_anywhere_from_connecting_to_losing_the_access(provider: Provider, tmp_path: Path) -> None:
    acme = a_folder(tmp_path, acme=QUICKBOOKS)
    provider.access_seconds = 1  # every command renews
    given = environment(provider, "quickbooks", RESOLVE_NOW_QUICKBOOKS_BASE_URL=f"{provider.url}/books/")
    said = [connected(acme, provider, "quickbooks"), acme.run("doctor", "--json", environment=given)]
    provider.faults.order(Fault(status=500, path="/token", body=f"trace {provider.client_secret}"))
    said.append(acme.run("sync", "--json", environment=given))
    provider.revoke()
    said.append(acme.run("sync", environment=given))
    change_file(acme.database, "UPDATE company SET synced_at = NULL")  # due again
    said.append(run_until_it_says(acme, "resolve-now connect acme", given))
    assert provider.renewals > 0
    assert "resolve-now connect acme" in said[-1].err
    text = "".join(ran.out + ran.err for ran in said).encode()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"company.connected" in files
    assert [] == [secret for secret in [*provider.secrets(), KEY] if secret.encode() in text + files]
    assert b"canary" not in text + files


def run_until_it_says(acme: CommandLine, words: str, given: Mapping[str, str]) -> Ran:
    """`resolve-now run`, stopped as soon as its log holds these words."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = warm.Started(acme.words("run"), child_environment(given), out, err)
        try:
            until(lambda: words in err.read_text(), PATIENCE_SECONDS, err.read_text)
            process.send_signal(signal.SIGTERM)
            return Ran(process.wait(PATIENCE_SECONDS), out.read_text(), err.read_text())
        finally:
            process.kill()
