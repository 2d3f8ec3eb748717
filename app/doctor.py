"""What works and what does not, with the remedy for each: the installation first, then every company.

The books are only read. Whether a write would be accepted cannot be known without one, so it is reported as not tried.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

from accounting.embedded.description import EmbeddedBooksSettings
from app.connections import limits_of
from app.doctor_mail import mails
from app.doctor_slack import slack, slack_of
from app.findings import Finding, Verdict
from app.settings import CompanySettings, Settings, load_settings
from app.wiring import House, open_house
from receivables import private_files
from receivables.authority import shared_names
from receivables.books_records import BooksSettings
from receivables.errors import AccessLost, BooksError, ConfigurationError, FeedError, NotFound, Throttled
from receivables.words import counted, listed
from storage import companies, decisions, feeds, periods, search, searchable
from storage.checking import check_database, last_feed
from storage.engine import sqlite_file
from storage.troubles import trouble_of

SIGN_IN_ENDS_SOON = timedelta(days=14)
CLOCKS_MAY_DIFFER = timedelta(seconds=60)
FEW_CALLS_PERCENT = 10
BY_MAKERS_SHOWN = 10  # the newest ones; all are in the record
NO_SUCH_NUMBER = "RN-0"  # any books can answer this, with nothing


def examine(config: Path | None, company_id: str | None, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Every finding, in the order to fix them in. Raises NotFound for a company that is not configured."""
    try:
        settings = load_settings(config, environment)
        database, version = check_database(settings.database_url)
    except ConfigurationError as error:
        check = "configuration" if "database" not in error.message else "database"
        return [Finding("", check, Verdict.BROKEN, error.message.split("\n")[0], "Fix this first; see docs/configuration.md.")]
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        return [Finding("", "database", Verdict.BROKEN, trouble.message, "Fix this first; see docs/operations.md.")]
    database.close()
    among = settings.companies if company_id is None else (settings.company(company_id),)
    house = open_house(config, environment)
    try:
        return [
            Finding("", "configuration", Verdict.WORKS, _how_many(settings)),
            Finding("", "database", Verdict.WORKS, f"{house.db.dialect}, version {version}."),
            *_search(house),
            _files(settings),
            *slack(house),
            *mails(house),
            *_people(house),
            *(finding for company in among for finding in _company(house, company)),
        ]
    finally:
        house.db.close()


def _search(house: House) -> Iterator[Finding]:
    """A PostgreSQL without the extensions that search needs."""
    with house.db.read() as connection:
        inside = searchable.finds_inside(connection)
    if not inside:
        yield Finding("", "search", Verdict.WARNING, search.ONLY_BEGINNINGS, search.LET_IT)


def _how_many(settings: Settings) -> str:
    companies = counted(len(settings.companies), "company", "companies")
    return f"{companies}, {counted(len(settings.people), 'person', 'people')}."


def _files(settings: Settings) -> Finding:
    """Who else on this machine may read what we keep. Made files are ours alone; what was there before keeps its rights."""
    ours = sqlite_file(settings.database_url)
    kept = [ours] if ours else []
    kept += [company.books.file for company in settings.companies if isinstance(company.books, EmbeddedBooksSettings)]
    beside = [Path(f"{path}{ending}") for path in kept for ending in ("", "-wal", "-shm")]
    loose = [path for path in beside if path.exists() and private_files.open_to_others(path)]
    if not loose:
        return Finding("", "files", Verdict.WORKS, "Our files can be read by this account alone.")
    text = f"Other accounts of this machine may read {counted(len(loose), 'file')} about your payments."
    named = " ".join(shlex.quote(str(path)) for path in loose)
    return Finding("", "files", Verdict.WARNING, text, f"Run: chmod 600 {named}")


def _people(house: House) -> Iterator[Finding]:
    """Two people who may be one: who decided what, and whether two agreed, is then not known."""
    people = house.people
    shared: list[str] = []
    for first, second in combinations(people.values(), 2):
        both = f"{first.name} and {second.name} share"
        shared += [f"{both} the Slack account {user}." for _, user in sorted(first.slack_accounts & second.slack_accounts)]
        shared += [f"{both} the name {name} in the books." for name in shared_names(first, second)]
    with house.db.read() as connection:
        for account, ids in decisions.shared_accounts(connection).items():
            names = listed([_name(house, id_) for id_ in ids])
            shared.append(f"{names} decided from the same account of the operating system, {account}.")
    if shared:
        remedy = "Give each person an account and a name of their own; see docs/configuration.md."
        yield Finding("", "people", Verdict.WARNING, " ".join(shared), remedy)


def _by_makers(house: House, company: CompanySettings) -> Iterator[Finding]:
    """What an office of one decided about its own documents: for the owner to look at."""
    with house.db.read() as connection:
        made = decisions.by_makers(connection, company.id)
    if not company.company.solo and not made:
        return
    text = "An office of one: whoever made a document may decide about it alone." if company.company.solo else ""
    if made:
        newest = [
            f"{decision.transaction_number} ({decision.remedy}, {_name(house, decision.requested_by)})"
            for decision in made[-BY_MAKERS_SHOWN:]
        ]
        text += f" {counted(len(made), 'decision')} by the person who made the document, the newest: {listed(newest)}."
    remedy = "The owner looks at each: resolve-now show TRANSACTION." if made else "Remove solo = true when there are two people."
    yield Finding(company.id, "makers", Verdict.WARNING, text.strip(), remedy)


def _name(house: House, person_id: str) -> str:
    return house.people[person_id].name if person_id in house.people else person_id


def _company(house: House, company: CompanySettings) -> Iterator[Finding]:
    yield from _journey(house, company)
    yield from _by_makers(house, company)
    yield from slack_of(house, company)
    if company.connector.provider or company.connector.access:
        yield _access(house, company)
    yield from _books(house, company)
    yield from _budget(house, company)


def _journey(house: House, company: CompanySettings) -> Iterator[Finding]:
    with house.db.work() as connection:
        companies.ensure(connection, company.id)
        row, feed = companies.get(connection, company.id), last_feed(connection, company.id)
    if company.company.writes:
        yield Finding(company.id, "posting", Verdict.WORKS, "Syncs write to the books.")
    else:
        text = "Syncs read and diagnose, but write nothing."
        yield Finding(company.id, "posting", Verdict.WARNING, text, 'Set writes = "on" when the dry run looks right.')
    if row.pause is not None:
        since = company.company.words.moment(row.pause.since)
        text = f"Paused since {since}: {row.pause.message}"
        yield Finding(company.id, "syncing", Verdict.WARNING, text, "It resumes at the next sync that reaches the books.")
    if feed is None:
        text = "No payments were ever imported."
        yield Finding(company.id, "feed", Verdict.WARNING, text, "Start with: resolve-now import FILE.")
    else:
        yield Finding(company.id, "feed", Verdict.WORKS, f"{feed.name} was read {_ago(feed.at, house.clock.now())}.")
    yield from _polled(house, company)


def _polled(house: House, company: CompanySettings) -> Iterator[Finding]:
    """The feed that is polled, and its records that cannot become payments until they are corrected there."""
    polled = house.feeds.polled(company.company, company.feed)
    if polled is None:
        return
    try:
        yield Finding(company.id, polled.kind, Verdict.WORKS, polled.check())
    except (FeedError, ConfigurationError) as error:
        text = error.message.split("\n")[0]
        yield Finding(company.id, polled.kind, Verdict.BROKEN, text, "Check the key and the network; see docs/feeds.md.")
    with house.db.read() as connection:
        refused = feeds.refused(connection, company.id)
    if refused:
        text = f"{counted(len(refused), 'record')} cannot become payments. The oldest: {refused[0].problem}"
        yield Finding(
            company.id, polled.kind, Verdict.WARNING, text, "Correct them at their source; they are read again automatically."
        )


def _access(house: House, company: CompanySettings) -> Finding:
    """The stored access: how old it is, and when a person must sign in again; or our password."""
    connect = f"Run: resolve-now connect {company.id}"
    try:
        if by_password := house.connections.password_access(company):
            by_password.authorization()
            return Finding(company.id, "access", Verdict.WORKS, f"{company.connector.package} accepts our login and password.")
        house.connections.oauth(company)
        token = house.connections.token(company)
        stored_at = house.connections.vault.age(company.id, company.books.kind).stored_at
    except NotFound:
        return Finding(company.id, "access", Verdict.BROKEN, "Not connected to its books.", connect)
    except ConfigurationError as error:
        return Finding(company.id, "access", Verdict.BROKEN, error.message)
    except BooksError as error:
        return Finding(company.id, "access", Verdict.BROKEN, error.message, _remedy(company, error))
    now = house.clock.now()
    left = token.refresh_expires_at - now
    text = f"Connected {_ago(token.connected_at, now)}, renewed {_ago(stored_at, now)}; "
    if left <= timedelta(0):
        return Finding(company.id, "access", Verdict.BROKEN, text + "the sign-in has expired.", connect)
    text += f"without a renewal the sign-in expires in {counted(left.days, 'day')}."
    if left <= SIGN_IN_ENDS_SOON:
        remedy = f"Run a sync, or sign in again: resolve-now connect {company.id}"
        return Finding(company.id, "access", Verdict.WARNING, text, remedy)
    return Finding(company.id, "access", Verdict.WORKS, text)


def _books(house: House, company: CompanySettings) -> Iterator[Finding]:
    books = house.books_of(company)
    try:
        package = books.traits.package
        settings = books.settings()
        yield Finding(company.id, "books", Verdict.WORKS, f"{package} answers; home currency {settings.home_currency}.")
        books.invoices_numbered([NO_SUCH_NUMBER])
        yield Finding(company.id, "reading", Verdict.WORKS, "Invoices can be read.")
    except BooksError as error:
        yield Finding(company.id, "books", Verdict.BROKEN, error.message, _remedy(company, error))
        return
    yield Finding(company.id, "writing", Verdict.NOT_TRIED, "Not tried: a write would change the books.")
    unapplying = f"Not tried: a write would change the books; {company.connector.unapplying}."
    yield Finding(company.id, "unapplying", Verdict.NOT_TRIED, unapplying)
    yield from _settings(house, company, settings)
    yield from _clocks(house, company)


def _remedy(company: CompanySettings, error: BooksError) -> str:
    if isinstance(error, Throttled):
        return "Wait; syncs resume automatically."
    if isinstance(error, AccessLost):
        return "" if "resolve-now connect" in error.message else f"Run: resolve-now connect {company.id}"
    return company.connector.when_down


def _settings(house: House, company: CompanySettings, settings: BooksSettings) -> Iterator[Finding]:
    closed, words = settings.closed_through, company.company.words
    yield Finding(
        company.id, "periods", Verdict.WORKS, f"Closed through {words.day(closed)}." if closed else "No period is closed."
    )
    with house.db.read() as connection:
        reopened = periods.reopened(connection, company.id)
    if reopened:
        yield Finding(company.id, "periods", Verdict.WARNING, reopened.sentence(words), "The controller closes it in the books.")
    if settings.auto_applies_credits:
        text = "The books apply credits automatically, which causes most failures with credit memos."
        yield Finding(company.id, "credits", Verdict.WARNING, text, "Turn the setting off in the books.")
    else:
        yield Finding(company.id, "credits", Verdict.WORKS, "The books do not report that they apply credits automatically.")


def _clocks(house: House, company: CompanySettings) -> Iterator[Finding]:
    calls = house.connections.opened(company).calls
    heard = calls.last_heard if calls else None
    if heard is None:
        return
    apart = abs(heard.ours - heard.theirs)
    text = f"This machine's clock and the books' differ by {counted(int(apart.total_seconds()), 'second')}."
    if apart > CLOCKS_MAY_DIFFER:
        yield Finding(company.id, "clock", Verdict.WARNING, text, "Synchronize this machine's clock with a time server.")
    else:
        yield Finding(company.id, "clock", Verdict.WORKS, text)


def _budget(house: House, company: CompanySettings) -> Iterator[Finding]:
    limits = {limit.name: limit.calls for limit in limits_of(company)}
    for name, left in house.connections.budget.left(company.id).items():
        text = f"{left:,} of {counted(limits[name], 'call')} left this {name}."
        if left * 100 < limits[name] * FEW_CALLS_PERCENT:
            yield Finding(company.id, "calls", Verdict.WARNING, text, "Sync less often (sync_every_minutes).")
        else:
            yield Finding(company.id, "calls", Verdict.WORKS, text)


def _ago(then: datetime, now: datetime) -> str:
    seconds = max(0, int((now - then).total_seconds()))
    for length, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            return f"{counted(seconds // length, name)} ago"
    return "just now"
