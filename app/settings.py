"""What an administrator configured: the companies, their books, and who may decide what.

Reads all of `resolve-now.toml` and reports everything that is wrong with it at once, each with its key and what to
write instead. Secrets come from elsewhere (`app/secrets.py`). `docs/configuration.md` explains every key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo

from accounting.description import Connector
from accounting.registry import CONNECTORS, AnyBooks
from accounting.tables import BooksTable, Name, Table, folder_of
from app.secrets import Secret, has_password, read_secret, take_out_secrets, variable_of
from app.settings_credits import CreditReasons, words_of
from app.settings_feeds import HttpSettings, StripeFeedSettings
from app.settings_mail import CompanyEmail, EmailSettings
from app.settings_messages import Problem, nearest, problem_at, problems_of
from app.settings_people import Currency, Id, PersonTable, amounts
from app.settings_slack import SlackAccess, SlackSettings, SlackTable, slack_access
from app.toml_file import parsed, refused
from receivables.authority import Person
from receivables.company import Company
from receivables.errors import ConfigurationError, NotFound
from receivables.money import CURRENCIES, minor_by_currency
from receivables.words import LOCALES

CONFIG_VARIABLE = "RESOLVE_NOW_CONFIG"
DEFAULT_FILE = Path("resolve-now.toml")
SLOTS = 8  # what waits for the books costs nothing, and what computes shares the processors

SMALLEST_FILE = """\
[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
[company.books]
kind = "embedded"
file = "acme-books.sqlite"
"""


def valid_zone(name: str) -> str:
    """The name of a time zone. Raises ValueError with what to write."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a relative path, a folder such as "America"
        raise ValueError(f"{name!r} is not a time zone. Write an IANA name such as America/Chicago") from None
    return name


def _locale(name: str) -> str:
    if name not in LOCALES:
        raise ValueError(f"{name!r} is not a supported locale. {nearest(name, LOCALES)}")
    return name


def _deposit_key(key: str) -> str:
    method, slash, currency = key.rpartition("/")
    if key != "default" and (currency not in CURRENCIES or (slash and not method)):
        raise ValueError('is not a method and currency. Write METHOD/CURRENCY such as "card/USD", a currency, or default')
    return key


def _absolute_url(url: str, info: ValidationInfo) -> str:
    """The URL with an absolute path. No message shows it: it may carry a password."""
    return _database_url(url, folder_of(info), passwords=False)


def _database_url(url: str, folder: Path, *, passwords: bool) -> str:
    scheme, separator, rest = url.partition("://")
    dialect = scheme.partition("+")[0]
    if dialect != "sqlite" and has_password(url) and not passwords:
        variable = variable_of("database_url")
        raise ValueError(f"contains a password. Remove it, and set {variable} or {variable}_FILE to the whole URL")
    if not separator or dialect not in ("sqlite", "postgresql"):
        raise ValueError("is neither SQLite nor PostgreSQL. Write sqlite:///FILE or postgresql://HOST/DATABASE")
    if dialect == "postgresql":
        return url
    name = rest.removeprefix("/")
    if not rest.startswith("/") or not name or name.startswith(":memory:") or "\0" in name:
        raise ValueError("names no file. Write sqlite:///resolve-now.sqlite")
    return f"{scheme}:///{os.path.abspath(folder / name)}"


class _DatabaseTable(Table):
    url: Annotated[str, AfterValidator(_absolute_url)] = Field("sqlite:///resolve-now.sqlite", validate_default=True)


class _CompanyTable(Table):
    id: Id
    name: Name
    time_zone: Annotated[str, AfterValidator(valid_zone)]
    locale: Annotated[str, AfterValidator(_locale)] = "en_US"
    start_on: date
    books: AnyBooks
    feed: StripeFeedSettings | None = None
    slack: SlackSettings | None = None
    email: CompanyEmail | None = None
    writes: Literal["off", "on"] = "off"
    sync_every_minutes: int = Field(60, ge=1, le=10_080)
    large_percentage: int = Field(10, ge=1, le=100)
    close_day: int | None = Field(None, ge=1, le=28)
    hand_receipt_days: int = Field(7, ge=0, le=366)
    solo: bool = False
    small_credits: Annotated[dict[Currency, str], AfterValidator(amounts)] = Field(default_factory=dict)
    materiality: Annotated[dict[Currency, str], AfterValidator(amounts)] = Field(default_factory=dict)
    credit_reasons: CreditReasons = Field(default_factory=dict)
    deposit_accounts: dict[Annotated[str, AfterValidator(_deposit_key)], Name] = Field(default_factory=dict)


class _RunTable(Table):
    slots: int = Field(SLOTS, ge=1, le=64)


class _File(Table):
    run: _RunTable = Field(default_factory=dict, validate_default=True)
    database: _DatabaseTable = Field(default_factory=dict, validate_default=True)
    http: HttpSettings | None = None
    slack: SlackTable = Field(default_factory=dict, validate_default=True)
    email: EmailSettings | None = None
    company: Annotated[tuple[_CompanyTable, ...], Field(strict=False, min_length=1)]
    person: Annotated[tuple[PersonTable, ...], Field(strict=False)] = ()


@dataclass(frozen=True)
class CompanySettings:
    """One company and where its books are kept."""

    company: Company
    books: BooksTable
    slack: SlackSettings | None = None
    feed: StripeFeedSettings | None = None
    email: CompanyEmail | None = None

    @property
    def id(self) -> str:
        return self.company.id

    @property
    def time_zone(self) -> ZoneInfo:
        return self.company.time_zone

    @property
    def connector(self) -> Connector[Any]:
        """What its package says of itself."""
        return CONNECTORS[self.books.kind]


@dataclass(frozen=True)
class Settings:
    """Everything that was configured, validated. `folder` is that of the file, absolute."""

    folder: Path
    companies: tuple[CompanySettings, ...]
    people: Mapping[str, Person]
    database: Secret = field(repr=False)  # the URL may carry a password
    slack_access: SlackAccess | None = None
    http: HttpSettings | None = None
    slots: int = SLOTS  # pieces of work at once, before one of them turns out to be slow
    slack: SlackTable = field(default_factory=SlackTable)
    email: EmailSettings | None = None
    email_password: Secret | None = None

    @property
    def database_url(self) -> str:
        """Where our own database is; a path in it is absolute. May carry a password: hand it on, never show it."""
        return self.database.reveal()

    def company(self, id: str | None) -> CompanySettings:
        """The company of that id; None means the only one. Raises NotFound, or ConfigurationError where there are several."""
        if id is None and len(self.companies) == 1:
            return self.companies[0]
        for settings in self.companies:
            if settings.id == id:
                return settings
        known = ", ".join(settings.id for settings in self.companies)
        if id is None:
            raise ConfigurationError(f"Several companies are configured. Name one with --company: {known}.")
        raise NotFound(f"{id!r} is not a company. Configured: {known}.")


def config_file(path: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that holds the configuration."""
    return path or Path(environment.get(CONFIG_VARIABLE) or DEFAULT_FILE)


def load_settings(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in this file, else in the file RESOLVE_NOW_CONFIG names, else in ./resolve-now.toml.

    Raises ConfigurationError with everything that is wrong: file, key, and what to write instead.
    """
    path = config_file(path, environment)
    missing = f"Name another file with {CONFIG_VARIABLE}, or create it; this is enough to start with:\n\n{SMALLEST_FILE}"
    text, raw = parsed(path, missing)
    folder = Path(os.path.abspath(path.parent))
    secret = read_secret("database_url", environment)
    problems = [_misplaced(raw, place) for place in take_out_secrets(raw)]
    problems += _doubles(raw)
    companies = [table.get("id") for table in _tables(raw, "company")]
    try:
        file = _File.model_validate(raw, context={"folder": folder, "companies": [id for id in companies if isinstance(id, str)]})
    except ValidationError as error:
        problems += problems_of(error.errors(include_url=False), raw)
        raise refused(path, problems, text) from None
    url = file.database.url
    if secret:
        try:
            url = _database_url(secret.reveal(), folder, passwords=True)
        except ValueError as error:
            problems.append(Problem(variable_of("database_url"), str(error)))
    problems += _shared_files(file, url, raw)
    if file.slack.mode == "http" and file.http is None:
        problems.append(problem_at(("slack", "mode"), raw, "needs a table [http]: in HTTP mode Slack sends to this machine"))
    problems += _without_mail_server(file, raw)
    if problems:
        raise refused(path, problems, text)
    people = MappingProxyType({table.id: table.person() for table in file.person})
    return Settings(
        folder,
        tuple(_company(table) for table in file.company),
        people,
        Secret(url),
        slack_access(file.slack, environment),
        file.http,
        file.run.slots,
        file.slack,
        file.email,
        read_secret("email_password", environment),
    )


def _tables(raw: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    tables = raw.get(kind)
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []


def _misplaced(raw: Mapping[str, Any], place: tuple[str | int, ...]) -> Problem:
    names: list[str] = []
    table: Any = raw
    for step in place[:-1]:  # a company or person is named by its id, a section by its own name
        table = table[step]
        if isinstance(step, int):
            names[-1:] = [str(table.get("id", step + 1))]
        else:
            names.append(str(step))
    variable = variable_of(_secret_name(names, str(place[-1]), table))
    return problem_at(place, raw, f"secrets do not belong in this file. Remove it, and set {variable} or {variable}_FILE")


def _secret_name(names: list[str], key: str, table: Mapping[str, Any]) -> str:
    """The secret's name where it belongs: those of books have their own names."""
    connector = CONNECTORS.get(str(table.get("kind")))
    if names[1:] == ["books"] and connector and key in connector.secrets:
        return connector.secrets[key].format(company=names[0])
    return "_".join([*names, key])


def _doubles(raw: Mapping[str, Any]) -> Iterator[Problem]:
    for kind, key, named in (("company", "id", "id"), ("person", "id", "id"), ("person", "email", "email address")):
        seen: set[str] = set()
        for number, table in enumerate(_tables(raw, kind)):
            value = table.get(key)
            if isinstance(value, str):
                if value.casefold() in seen:
                    text = f"{value!r} appears twice. Give each {kind} its own {named}"
                    yield Problem(f"[[{kind}]] {key}", text, (kind, number, key))
                seen.add(value.casefold())


def _shared_files(file: _File, url: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Books that are another company's books, or our own database: each company has its own."""
    _, _, ours = url.partition("?")[0].partition(":///")
    taken = {os.path.realpath(ours): "our own database"} if ours else {}
    for place, table in enumerate(file.company):
        if table.books.own_file is None:
            continue
        name = os.path.realpath(table.books.own_file)
        if name in taken:
            yield problem_at(("company", place, "books", "file"), raw, f"is the file of {taken[name]}. Name another file")
        taken.setdefault(name, f"company {table.id}")


def _without_mail_server(file: _File, raw: Mapping[str, Any]) -> Iterator[Problem]:
    for place, table in enumerate(file.company):
        if table.email is not None and file.email is None:
            text = "needs a mail server. Write a table [email] with host and from"
            yield problem_at(("company", place, "email"), raw, text)


def _company(table: _CompanyTable) -> CompanySettings:
    traits = CONNECTORS[table.books.kind].traits
    company = Company(
        id=table.id,
        name=table.name,
        time_zone=ZoneInfo(table.time_zone),
        start_on=table.start_on,
        writes=table.writes == "on",
        sync_every_seconds=table.sync_every_minutes * 60,
        large_percentage=table.large_percentage,
        daily_summary=table.slack is not None and table.slack.daily_summary,
        close_day=table.close_day or 0,
        deposit_accounts=MappingProxyType(dict(table.deposit_accounts)),
        hand_receipt_days=table.hand_receipt_days,
        locale=table.locale,
        solo=table.solo,
        package=traits.package.removesuffix(" Online"),  # as people call it
        documents=MappingProxyType(dict(traits.documents)),
        materiality=minor_by_currency(table.materiality),
        small_credits=minor_by_currency(table.small_credits),
        credit_words=words_of(table.credit_reasons),
    )
    return CompanySettings(company, table.books, table.slack, table.feed, table.email)
