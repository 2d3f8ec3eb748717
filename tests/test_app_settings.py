"""The configuration is read whole, everything wrong is said at once, and no secret lives in it or leaves it."""

from __future__ import annotations

import copy
import pickle
import re
import tomllib
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounting.embedded.description import EmbeddedBooksSettings
from accounting.quickbooks.description import QuickBooksSettings
from accounting.tryton.description import TrytonSettings
from accounting.xero.description import XeroSettings
from app.secrets import Secret, has_password, read_secret, sounds_secret, variable_of
from app.settings import SMALLEST_FILE, Settings, load_settings
from app.settings_messages import KEYS
from receivables.authority import DayLimit, Right, decides_at, sees
from receivables.credit_reasons import CreditReason
from receivables.diagnosis import Remedy
from receivables.errors import ConfigurationError, NotFound

WHOLE = """\
[database]
url = "sqlite:///data/rn.sqlite"

[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
writes = "on"
sync_every_minutes = 15
large_percentage = 12
hand_receipt_days = 3
[company.books]
kind = "embedded"
file = "books/acme.sqlite"
temper = "swallowing"
one_invoice_per_receipt = true
[company.deposit_accounts]
default = "Undeposited Funds"
"card/USD" = "Card clearing"
EUR = "Euro account"

[[company]]
id = "beta"
name = "Beta GmbH"
time_zone = "Europe/Berlin"
start_on = 2026-02-01
books = { kind = "embedded", file = "/var/books/beta.sqlite" }

[[person]]
id = "dana"
name = "Dana Reyes"
books_names = ["dana", "Dana R."]
[[person.may]]
company = "acme"
remedies = ["unapply_credit_memo", "dismiss"]
limits = { USD = "5000.00", JPY = "700000" }
[[person.may]]
company = "beta"
remedies = ["dismiss"]
limits = { EUR = "0" }

[[person]]
id = "kim"
name = "Kim Lee"
active = false
"""


def a_file(folder: Path, text: str = SMALLEST_FILE) -> Path:
    path = folder / "resolve-now.toml"
    path.write_text(text)
    return path


def loaded(folder: Path, text: str = SMALLEST_FILE, **environment: str) -> Settings:
    return load_settings(a_file(folder, text), environment)


def refusal(folder: Path, text: str, **environment: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded(folder, text, **environment)
    assert str(folder / "resolve-now.toml") in refused.value.message or "RESOLVE_NOW_" in refused.value.message
    return refused.value.message


def test_every_key_reaches_its_place(tmp_path: Path) -> None:
    configured = loaded(tmp_path, WHOLE)
    acme, beta = configured.companies
    company = acme.company
    assert f"sqlite:///{tmp_path}/data/rn.sqlite" == configured.database_url
    assert ("acme", "Acme Networks", ZoneInfo("America/Chicago")) == (acme.id, company.name, acme.time_zone)
    assert (date(2026, 1, 1), True, 900) == (company.start_on, company.writes, company.sync_every_seconds)
    assert (12, 3) == (company.large_percentage, company.hand_receipt_days)
    assert ("Card clearing", "Undeposited Funds") == (
        company.deposit_account("card", "USD"),
        company.deposit_account("ach", "USD"),
    )
    assert "Euro account" == company.deposit_account("card", "EUR")
    assert (
        EmbeddedBooksSettings(
            kind="embedded", file=tmp_path / "books/acme.sqlite", temper="swallowing", one_invoice_per_receipt=True
        )
        == acme.books
    )
    assert EmbeddedBooksSettings(kind="embedded", file=Path("/var/books/beta.sqlite")) == beta.books
    assert tmp_path == configured.folder


def test_a_company_names_its_own_words_for_a_reason_and_keeps_the_others(tmp_path: Path) -> None:
    own = '[company.credit_reasons]\nwrite_off = ["Ausbuchung"]\n'
    words = loaded(tmp_path, SMALLEST_FILE + own).company(None).company.credit_words

    assert (CreditReason.WRITE_OFF, CreditReason.GENUINE) == (words.reason_of(["ausbuchung"]), words.reason_of(["bad debt"]))
    assert CreditReason.TAX is words.reason_of(["Sales tax"])
    assert "Did you mean write_off?" in refusal(tmp_path, SMALLEST_FILE + own.replace("write_off", "writeoff"))


def books(lines: str) -> str:
    """The smallest file with these lines under [company.books]."""
    return SMALLEST_FILE.partition("kind =")[0] + lines


TRYTON = """kind = "tryton"
url = "https://tryton.example/erp"
database = "acme"
login = "resolve-now"
statement_journal = "Portal"
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('kind = "quickbooks"', QuickBooksSettings(kind="quickbooks", environment="production")),
        ('kind = "quickbooks"\nenvironment = "sandbox"', QuickBooksSettings(kind="quickbooks", environment="sandbox")),
        ('kind = "xero"', XeroSettings(kind="xero", calls_per_day=5000)),
        ('kind = "xero"\ncalls_per_day = 1000', XeroSettings(kind="xero", calls_per_day=1000)),
        (
            TRYTON,
            TrytonSettings(
                kind="tryton", url="https://tryton.example/erp/", database="acme", login="resolve-now", statement_journal="Portal"
            ),
        ),
    ],
    ids=["quickbooks", "sandbox", "xero", "a small plan", "tryton"],
)
def test_books_outside_are_configured_without_any_secret(tmp_path: Path, lines: str, expected: object) -> None:
    assert expected == loaded(tmp_path, books(lines)).company(None).books


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('kind = "quickbooks"\nenvironment = "test"', 'environment: has an unknown value. Write "production" or "sandbox"'),
        ('kind = "quickbooks"\nrealm = "1"', "realm: is not a setting here"),
        ('kind = "quickbooks"\nclient_secret = "x"', "set RESOLVE_NOW_QUICKBOOKS_CLIENT_SECRET or"),
        (TRYTON + 'password = "x"', "set RESOLVE_NOW_ACME_TRYTON_PASSWORD or"),
        ('kind = "xero"\ncalls_per_day = 5', "calls_per_day: is out of range"),
        ('kind = "abacus"', '"embedded", "quickbooks", "xero", "tryton"'),
        (TRYTON.replace("https:", "http:"), "url: must begin with https://"),
        (TRYTON.replace("https://", "https://bot:pw@"), "url: must be an address without a user name"),
        (TRYTON.replace("https://tryton.example", "https://tryton.example:x"), "url: is not an address"),
        (TRYTON.replace('"acme"', '"../acme"'), "database: does not have the right form"),
        (TRYTON.replace('login = "resolve-now"', ""), "login: is missing"),
    ],
)
def test_what_is_wrong_with_books_outside_is_said_with_what_to_write(tmp_path: Path, lines: str, said: str) -> None:
    message = refusal(tmp_path, books(lines))
    assert said in message
    assert "pw@" not in message


def test_a_tryton_server_on_this_machine_needs_no_encryption(tmp_path: Path) -> None:
    at_home = loaded(tmp_path, books(TRYTON.replace("https://tryton.example/erp", "http://127.0.0.1:8000"))).company(None).books
    assert isinstance(at_home, TrytonSettings)
    assert "http://127.0.0.1:8000/" == at_home.url


def test_slack_sends_requests_where_the_mode_says_so(tmp_path: Path) -> None:
    over_http, listening = '[slack]\nmode = "http"\n', "[http]\nport = 0\n"
    tokens = {"RESOLVE_NOW_SLACK_BOT_TOKEN": "xoxb-1", "RESOLVE_NOW_SLACK_SIGNING_SECRET": "s"}
    access = loaded(tmp_path, over_http + listening + WHOLE, **tokens).slack_access
    assert access is not None
    assert access.signing_secret is not None
    assert ("s", None) == (access.signing_secret.reveal(), access.app_token)
    assert loaded(tmp_path, over_http + listening + WHOLE).slack_access is None
    assert "slack, mode: needs a table [http]" in refusal(tmp_path, over_http + WHOLE, **tokens)
    for name in tokens:
        missing = refusal(tmp_path, over_http + listening + WHOLE, **{name: "x"})
        assert next(other for other in tokens if other != name) in missing
    assert "APP_TOKEN is not set" in refusal(tmp_path, WHOLE, **tokens)


def test_workspaces_install_the_app_where_its_id_its_secret_and_an_address_are_set(tmp_path: Path) -> None:
    text = '[slack]\nmode = "http"\naddress = "https://rn.example.com/"\n[http]\nport = 0\n' + WHOLE
    ours = {"RESOLVE_NOW_SLACK_CLIENT_ID": "1.2", "RESOLVE_NOW_SLACK_CLIENT_SECRET": "hunter2"}
    signing = {"RESOLVE_NOW_SLACK_SIGNING_SECRET": "s"}
    access = loaded(tmp_path, text, **ours, **signing).slack_access
    assert access is not None
    assert access.app is not None
    assert ("1.2", "https://rn.example.com", None) == (access.app.client_id, access.app.address, access.bot_token)
    assert "hunter2" not in repr(access)
    assert "SIGNING_SECRET is not set" in refusal(tmp_path, text, **ours)
    assert "missing: [slack] address." in refusal(tmp_path, text.replace("address", "#"), **ours, **signing)
    assert "CLIENT_SECRET" in refusal(tmp_path, text, RESOLVE_NOW_SLACK_CLIENT_ID="1.2", **signing)
    assert "BOT_TOKEN for one workspace" in refusal(tmp_path, text, RESOLVE_NOW_SLACK_BOT_TOKEN="x", **ours, **signing)
    assert "slack, address" in refusal(tmp_path, text.replace("https://rn", "http://rn"), **ours, **signing)


def test_people_have_accounts_of_workspaces_and_organizations_or_an_address_of_their_own(tmp_path: Path) -> None:
    accounts = 'slack = ["T0123456789/U0123456789", "E0123456789/W0123456789"]'
    text = WHOLE.replace('id = "dana"', f'id = "dana"\n{accounts}').replace('id = "kim"', 'id = "kim"\nemail = "kim@example.com"')
    people = loaded(tmp_path, text).people
    assert {("T0123456789", "U0123456789"), ("E0123456789", "W0123456789")} == people["dana"].slack_accounts
    assert ("", "kim@example.com") == (people["dana"].email, people["kim"].email)
    again = text.replace('id = "dana"', 'id = "dana"\nemail = "Kim@example.com"')
    assert "appears twice. Give each person its own email address" in refusal(tmp_path, again)


def test_people_have_the_rights_written_and_no_others(tmp_path: Path) -> None:
    people = loaded(tmp_path, WHOLE).people
    assert {
        Right("acme", Remedy.UNAPPLY_CREDIT_MEMO, "USD", 500_000),
        Right("acme", Remedy.UNAPPLY_CREDIT_MEMO, "JPY", 700_000),
        Right("acme", Remedy.DISMISS, "USD", 500_000),
        Right("acme", Remedy.DISMISS, "JPY", 700_000),
        Right("beta", Remedy.DISMISS, "EUR", 0),
    } == set(people["dana"].rights)
    assert frozenset({"dana", "Dana R."}) == people["dana"].books_names
    assert (True, False, ()) == (people["dana"].active, people["kim"].active, people["kim"].rights)


def test_somebody_who_only_reads_decides_nothing(tmp_path: Path) -> None:
    text = WHOLE.replace('remedies = ["dismiss"]\nlimits = { EUR = "0" }', "reads = true")
    dana = loaded(tmp_path, text).people["dana"]
    assert (frozenset({"beta"}), {"acme"}) == (dana.reads, {right.company for right in dana.rights})
    assert (True, False, True) == (sees(dana, "beta"), decides_at(dana, "beta"), decides_at(dana, "acme"))


def test_a_limit_of_the_day_is_for_the_remedies_beside_it_together(tmp_path: Path) -> None:
    dana = loaded(tmp_path, WHOLE.replace('{ EUR = "0" }', '{ EUR = "0" }\nlimits_per_day = { EUR = "20.00" }')).people["dana"]
    assert (DayLimit("beta", frozenset({Remedy.DISMISS}), "EUR", 2_000),) == dana.day_limits


def test_defaults_are_the_safe_ones(tmp_path: Path) -> None:
    configured = loaded(tmp_path)
    (acme,) = configured.companies
    assert (False, 3600, 10, 7, {}) == (
        acme.company.writes,
        acme.company.sync_every_seconds,
        acme.company.large_percentage,
        acme.company.hand_receipt_days,
        dict(acme.company.deposit_accounts),
    )
    assert EmbeddedBooksSettings(kind="embedded", file=tmp_path / "acme-books.sqlite") == acme.books
    assert (f"sqlite:///{tmp_path}/resolve-now.sqlite", {}) == (configured.database_url, dict(configured.people))


def test_the_file_is_found_by_argument_then_environment_then_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("argument", "environment", "folder"):
        (tmp_path / name).mkdir()
        a_file(tmp_path / name, SMALLEST_FILE.replace("acme", name))
    monkeypatch.chdir(tmp_path / "folder")
    environment = {"RESOLVE_NOW_CONFIG": str(tmp_path / "environment" / "resolve-now.toml")}
    assert "argument" == load_settings(tmp_path / "argument" / "resolve-now.toml", environment).company(None).id
    assert "environment" == load_settings(None, environment).company(None).id
    configured = load_settings(None, {})
    assert ("folder", tmp_path / "folder") == (configured.company(None).id, configured.folder)


def test_a_missing_file_says_what_to_write_and_that_works(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist") as refused:
        load_settings(tmp_path / "resolve-now.toml", {})
    suggestion = refused.value.message.partition("\n\n")[2]
    assert "acme" == loaded(tmp_path, suggestion).company(None).id


def test_a_company_is_named_unless_it_is_the_only_one(tmp_path: Path) -> None:
    configured = loaded(tmp_path, WHOLE)
    assert "beta" == configured.company("beta").id
    with pytest.raises(ConfigurationError, match="acme, beta"):
        configured.company(None)
    with pytest.raises(NotFound, match="acme, beta"):
        configured.company("gamma")


SYNTAX = {
    "no value": ("name =\n", "line 1, column 7"),
    "a key twice": ("a = 1\nb = 2\na = 3\n", "line 3"),
    "a text left open": ('x = 1\n name = "Acme\n', "line 2"),
    "a table left open": ("[company", "its end"),
}


@pytest.mark.parametrize("what", SYNTAX)
def test_a_slip_in_the_syntax_is_named_with_its_line(tmp_path: Path, what: str) -> None:
    text, where = SYNTAX[what]
    assert f"resolve-now.toml, {where}" in refusal(tmp_path, text)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    a_file(tmp_path).write_bytes(b"# ok\nname = 'caf\xe9'\n")
    with pytest.raises(ConfigurationError, match="line 2: this is not UTF-8"):
        load_settings(tmp_path / "resolve-now.toml", {})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path, {})
    (tmp_path / "large.toml").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigurationError, match="right file"):
        load_settings(tmp_path / "large.toml", {})


#: What is written instead of what, the key that must be named, and words of the remedy.
WRONG = [
    ('id = "acme"', 'id = "Acme"', "company Acme, id", "lowercase letters"),
    ('id = "acme"', 'id = "acme\\n"', "company number 1, id", "lowercase letters"),
    ('id = "acme"', 'id = "-acme"', "company -acme, id", "lowercase letters"),
    ('id = "acme"', f'id = "{"a" * 41}"', "company number 1, id", "40"),
    ('id = "acme"', "id = 7", "company number 1, id", "double quotes"),
    ('name = "Acme Networks"', 'name = " "', "company acme, name", "1 to 200"),
    ('name = "Acme Networks"', 'name = "A\\u001b[0m"', "company acme, name", "one line"),
    ('"America/Chicago"', '"America/Chicgo"', "company acme, time_zone", "America/Chicago"),
    ('"America/Chicago"', '"America"', "company acme, time_zone", "IANA"),
    ('"America/Chicago"', '"../../etc/passwd"', "company acme, time_zone", "IANA"),
    ('"America/Chicago"', '""', "company acme, time_zone", "IANA"),
    ("start_on = 2026-01-01\n", "", "company acme, start_on", "is missing"),
    ("2026-01-01", '"2026-01-01"', "company acme, start_on", "without quotes"),
    ("2026-01-01", "2026-01-01T00:00:00", "company acme, start_on", "2026-01-01"),
    ('writes = "on"', "writes = true", "company acme, writes", 'Write "off" or "on"'),
    ('writes = "on"', 'wirtes = "on"', "company acme, wirtes", "Did you mean writes?"),
    ("sync_every_minutes = 15", "sync_every_minutes = 0", "company acme, sync_every_minutes", "from 1"),
    ("sync_every_minutes = 15", 'sync_every_minutes = "15"', "company acme, sync_every_minutes", "without quotes"),
    ("large_percentage = 12", "large_percentage = 101", "company acme, large_percentage", "to 100"),
    ("large_percentage = 12", "large_percentage = 10.5", "company acme, large_percentage", "whole number"),
    ("large_percentage = 12", "large_percentage = true", "company acme, large_percentage", "whole number"),
    ("hand_receipt_days = 3", "hand_receipt_days = -1", "company acme, hand_receipt_days", "from 0"),
    ('kind = "embedded"\n', 'kind = "ledgerly"\n', "company acme, books", 'Write one of "embedded"'),
    ('kind = "embedded"\n', "", "company acme, books", "kind is missing"),
    ('file = "books/acme.sqlite"', 'file = ""', "company acme, books, file", "path"),
    ('file = "books/acme.sqlite"', "file = 3", "company acme, books, file", "path"),
    ('file = "books/acme.sqlite"', 'file = "/var/books/beta.sqlite"', "company beta, books, file", "company acme"),
    ('file = "books/acme.sqlite"', 'file = "data/rn.sqlite"', "company acme, books, file", "our own database"),
    ('temper = "swallowing"', 'temper = "kind"', "company acme, books, temper", '"strict" or "swallowing"'),
    ("one_invoice_per_receipt = true", "one_invoice_per_receipt = 1", "one_invoice_per_receipt", "true or false"),
    ('"card/USD"', '"card/usd"', "deposit_accounts, card/usd", "METHOD/CURRENCY"),
    ('"card/USD"', '"card"', "deposit_accounts, card", "METHOD/CURRENCY"),
    ('"card/USD"', '"/USD"', "deposit_accounts, /USD", "METHOD/CURRENCY"),
    ('"Card clearing"', "5", "deposit_accounts, card/USD", "card"),
    ('id = "beta"', 'id = "acme"', "[[company]] id", "twice"),
    ('id = "kim"', 'id = "dana"', "[[person]] id", "twice"),
    ('company = "acme"', 'company = "acne"', "person dana, may number 1, company", "Did you mean acme?"),
    ('"dismiss"]\nlimits = { EUR', '"dismis"]\nlimits = { EUR', "may number 2, remedies number 1", "Did you mean dismiss?"),
    ('["dismiss"]', "[]", "may number 2, remedies", "is empty"),
    ('{ EUR = "0" }', "{}", "may number 2, limits", "is empty"),
    ('limits = { EUR = "0" }\n', "", "may number 2", "reads = true for somebody who decides nothing"),
    ('remedies = ["dismiss"]\nlimits = { EUR = "0" }\n', "", "may number 2", "gives no right"),
    ('remedies = ["dismiss"]\nlimits', "reads = 1\nlimits", "may number 2, reads", "true or false"),
    ('{ EUR = "0" }', '{ EUR = "0" }\nlimits_per_day = { USD = "1" }', "may number 2", "limits_per_day has USD"),
    ('{ EUR = "0" }', '{ EUR = "0" }\nlimits_per_day = { EUR = 1 }', "limits_per_day, EUR", "double quotes"),
    ('USD = "5000.00"', "USD = 5000.00", "person dana, may number 1, limits, USD", "double quotes"),
    ('USD = "5000.00"', "USD = 5000", "person dana, may number 1, limits, USD", "double quotes"),
    ('USD = "5000.00"', 'USD = "5,000"', "person dana, may number 1, limits", "plain digits"),
    ('USD = "5000.00"', 'USD = "-1"', "person dana, may number 1, limits", "plain digits"),
    ('USD = "5000.00"', 'USD = "1e400"', "person dana, may number 1, limits", "plain digits"),
    ('JPY = "700000"', 'JPY = "7.5"', "person dana, may number 1, limits", "no decimals"),
    ('USD = "5000.00"', 'usd = "5000.00"', "person dana, may number 1, limits, usd", "three capital letters"),
    ("active = false", 'active = "no"', "person kim, active", "true or false"),
    ('["dana", "Dana R."]', '"dana"', "person dana, books_names", "list"),
    (
        "start_on = 2026-01-01\nwrites",
        'start_on = 2026-01-01\nslack = { channel = "#payments" }\nwrites',
        "company acme, slack, channel",
        "Copy link",
    ),
    ('id = "dana"', 'id = "dana"\nemail = "Dana Reyes"', "person dana, email", "dana@example.com"),
    ('id = "dana"', 'id = "dana"\nslack = ["U0123456789"]', "person dana, slack number 1", "T0123456789/U0123456789"),
    ('[[person]]\nid = "kim"', '[[people]]\nid = "kim"', "people", "is not a setting here"),
    ('url = "sqlite:///data/rn.sqlite"', 'url = "mysql://host/db"', "database, url", "neither SQLite nor PostgreSQL"),
    ('url = "sqlite:///data/rn.sqlite"', 'url = "rn.sqlite"', "database, url", "neither SQLite nor PostgreSQL"),
    ('url = "sqlite:///data/rn.sqlite"', 'url = "sqlite://"', "database, url", "names no file"),
    ('url = "sqlite:///data/rn.sqlite"', 'url = "sqlite:///:memory:"', "database, url", "names no file"),
    ("[database]", "[datebase]", "datebase", "Did you mean database?"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "says"), WRONG)
def test_each_wrong_value_is_named_with_its_key_and_what_to_write(
    tmp_path: Path, right: str, wrong: str, key: str, says: str
) -> None:
    assert right in WHOLE
    message = refusal(tmp_path, WHOLE.replace(right, wrong, 1))
    assert f"{key}: " in message
    assert says in message


def test_two_limits_for_the_same_are_refused(tmp_path: Path) -> None:
    twice = WHOLE.replace('company = "beta"', 'company = "acme"').replace('EUR = "0"', 'USD = "9.00"')
    assert "two limits for dismiss at acme in USD" in refusal(tmp_path, twice)


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = WHOLE
    for right, wrong in (
        ("America/Chicago", "Chicago"),
        ('writes = "on"', "writes = 1"),
        ('id = "kim"', 'id = "dana"'),
        ("dismiss", "no"),
    ):
        text = text.replace(right, wrong)
    message = refusal(tmp_path, 'slack_token = "xoxb"\n' + text)
    assert "has 6 problems" in message
    assert all(
        key in message for key in ("slack_token", "time_zone", "writes", "[[person]] id", "remedies number 2", "may number 2")
    )


@pytest.mark.parametrize(
    "text", ["", "company = []", "company = 5", "[company]\nid = 'a'", "company = [3]", "[[company]]", "a.b.c = 1"]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    assert "company" in refusal(tmp_path, text)


SECRET_KEYS = (
    "token",
    "slack_bot_token",
    "client-secret",
    "clientSecret",
    "PASSWORD",
    "api_key",
    "keys",
    "db.passwd",
    "credentials",
)


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("table", ["", "[slack]\n", "[[company]]\nid = 'acme'\n", "[[company]]\nid='acme'\n[company.books]\n"])
def test_a_secret_in_the_file_is_refused_without_being_shown(tmp_path: Path, key: str, table: str) -> None:
    message = refusal(tmp_path, f"{table}{key} = 'hunter2'\n" if table or "." not in key else f"{key} = 'hunter2'\n")
    assert "hunter2" not in message
    assert "secrets do not belong in this file" in message
    assert "RESOLVE_NOW_" in message


def test_the_variable_of_a_misplaced_secret_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path, SMALLEST_FILE + 'client_secret = "x"\n')
    assert "company acme, books, client_secret: " in message
    assert "RESOLVE_NOW_ACME_BOOKS_CLIENT_SECRET or RESOLVE_NOW_ACME_BOOKS_CLIENT_SECRET_FILE" in message


def test_no_key_of_ours_sounds_like_a_secret() -> None:
    def keys(table: object) -> list[str]:
        if isinstance(table, dict):
            return [key for name, value in table.items() for key in (name, *keys(value))]
        return [key for item in table for key in keys(item)] if isinstance(table, list) else []

    assert [] == [key for key in keys(tomllib.loads(WHOLE)) if sounds_secret(key)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@host/db",
        "postgresql+psycopg://me:hunter2@host/db",
        "postgresql://me:hunter2/with@slash@host/db",
        "postgresql://host/db?user=me&password=hunter2",
        "mysql://me:hunter2@host/db",
    ],
)
def test_a_password_in_the_database_url_of_the_file_is_refused_without_being_shown(tmp_path: Path, url: str) -> None:
    message = refusal(tmp_path, f'database.url = "{url}"\n{SMALLEST_FILE}', RESOLVE_NOW_DATABASE_URL="postgresql://host/db")
    assert "database, url: contains a password" in message
    assert "RESOLVE_NOW_DATABASE_URL_FILE" in message
    assert "hunter2" not in message
    assert has_password(url)


def test_the_database_url_comes_from_the_environment_or_a_file_and_is_never_shown(tmp_path: Path) -> None:
    url = "postgresql://me:hunter2@host/db"
    configured = loaded(tmp_path, RESOLVE_NOW_DATABASE_URL=url)
    assert url == configured.database_url
    assert "hunter2" not in repr(configured)
    (tmp_path / "url").write_text(url + "\n")
    assert url == loaded(tmp_path, RESOLVE_NOW_DATABASE_URL_FILE=str(tmp_path / "url")).database_url
    relative = loaded(tmp_path, RESOLVE_NOW_DATABASE_URL="sqlite:///other.sqlite")
    assert f"sqlite:///{tmp_path}/other.sqlite" == relative.database_url


def test_a_database_without_a_password_may_stand_in_the_file(tmp_path: Path) -> None:
    url = "postgresql://resolve@db.example:5432/resolve?sslmode=require"
    assert url == loaded(tmp_path, f'database.url = "{url}"\n{SMALLEST_FILE}').database_url
    assert (
        "sqlite:////srv/a@b:c.sqlite"
        == loaded(tmp_path, f'database.url = "sqlite:////srv/a@b:c.sqlite"\n{SMALLEST_FILE}').database_url
    )


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"RESOLVE_NOW_DATABASE_URL": "mysql://me:hunter2@host"}, "neither SQLite nor PostgreSQL"),
        ({"RESOLVE_NOW_DATABASE_URL": " "}, "is empty"),
        ({"RESOLVE_NOW_DATABASE_URL_FILE": "/does/not/exist"}, "cannot be read"),
        ({"RESOLVE_NOW_DATABASE_URL_FILE": "/tmp\0"}, "cannot be read"),
        ({"RESOLVE_NOW_DATABASE_URL_FILE": "/dev/zero"}, "longer than"),
        ({"RESOLVE_NOW_DATABASE_URL": "a", "RESOLVE_NOW_DATABASE_URL_FILE": "b"}, "both set"),
    ],
)
def test_a_wrong_database_url_outside_the_file_is_named(tmp_path: Path, environment: dict[str, str], says: str) -> None:
    message = refusal(tmp_path, SMALLEST_FILE, **environment)
    assert "RESOLVE_NOW_DATABASE_URL" in message
    assert says in message
    assert "hunter2" not in message


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = read_secret("slack.bot-token", {"RESOLVE_NOW_SLACK_BOT_TOKEN": "hunter2"})
    assert secret is not None
    assert "RESOLVE_NOW_SLACK_BOT_TOKEN" == variable_of("slack.bot-token")
    assert ["***"] * 4 == [repr(secret), str(secret), f"{secret}", f"{secret!r:}"]
    assert "hunter2" == secret.reveal()
    for leak in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            leak(secret)
    assert read_secret("slack.bot-token", {}) is None
    assert "***" in repr([Secret("hunter2")])


DOCUMENT = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL))
def test_each_example_of_the_administrators_page_works(tmp_path: Path, example: str) -> None:
    assert "acme" == loaded(tmp_path, example).company(None).id


def test_the_administrators_page_explains_every_key_and_remedy() -> None:
    words = [*KEYS, *Remedy, "RESOLVE_NOW_CONFIG", "RESOLVE_NOW_DATABASE_URL", "RESOLVE_NOW_DATABASE_URL_FILE"]
    tables = ("database", "run", "http", "company", "books", "feed", "deposit_accounts", "credit_reasons", "person", "may")
    rows = [row for row in DOCUMENT.splitlines() if row.startswith(("| ", "#", "1. the file"))]
    missing = [word for word in words if word not in tables and not any(f"`{word}`" in row for row in rows)]
    assert [] == missing
    assert all(f"[{table}]" in DOCUMENT or f".{table}]" in DOCUMENT for table in tables)


def test_the_messages_on_the_administrators_page_are_those_that_are_given(tmp_path: Path) -> None:
    broken = WHOLE.replace('writes = "on"', "writes = true").replace('USD = "5000.00"', "USD = 5000.00", 1)
    shown, in_syntax = re.findall(r"```text\n(.*?)\n```", DOCUMENT, re.DOTALL)
    assert shown == refusal(tmp_path, broken).removeprefix(f"{tmp_path}/")
    assert in_syntax == refusal(tmp_path, SMALLEST_FILE + "name =\n").removeprefix(f"{tmp_path}/")


TOML_VALUE = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans() | st.floats(allow_nan=False) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "books", "may", "limits"]), inner),
    max_leaves=8,
)


def toml_of(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08X}" for character in value) + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first text of all loads the tables of Unicode
@given(document=st.dictionaries(st.sampled_from(["database", "company", "person", "x"]), TOML_VALUE))
def test_any_document_is_settings_or_a_configuration_error(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    text = "\n".join(f"{key} = {toml_of(value)}" for key, value in document.items())
    assert refusal(tmp_path_factory.getbasetemp(), text)
