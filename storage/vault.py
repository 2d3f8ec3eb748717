"""Where tokens are kept: encrypted, and bound to the company they were given for.

A row copied to another company, or made with another key, is refused. While a token is being renewed a lease row keeps
every other process away, with no transaction open, so that a refresh token is never used by two of them at once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection

from receivables.errors import BooksUnavailable, ConfigurationError, NotFound
from receivables.ports import Clock, Ids
from storage import companies, schema
from storage.engine import Database
from storage.watch import Watch, lease_end, lease_ended

LEASE = timedelta(seconds=90)  # longer than the time-outs of one renewal; a process that died holds it no longer
WAIT_SECONDS = 100.0  # for another process's renewal: just past its lease
LOOK_AGAIN_SECONDS = 0.1
LARGEST_TOKEN = 64 * 1024  # characters; access tokens are 1 to 4 thousand long


class Keyring:
    """The keys of the vault, newest first: the first encrypts, all of them decrypt. Never shows one."""

    def __init__(self, text: str) -> None:
        """`text` holds the keys, separated by commas. Raises ConfigurationError."""
        keys = [key.strip() for key in text.split(",") if key.strip()]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:  # its own message may repeat the key
            raise ConfigurationError(
                "The vault's keys are not usable: each is 44 characters that end in =. "
                "Make one with: resolve-now connect --new-key"
            ) from None

    @staticmethod
    def new_key() -> str:
        """A fresh key in the form in which keys are configured."""
        return Fernet.generate_key().decode()

    def closed(self, company: str, purpose: str, token: str) -> str:
        """The token as it is stored."""
        bound = json.dumps({"company": company, "purpose": purpose, "token": token})
        return self._fernet.encrypt(bound.encode()).decode()

    def opened(self, company: str, purpose: str, body: str) -> str:
        """The token in a stored row. Raises ConfigurationError where the row is not this company's, or made with another key."""
        try:
            bound = json.loads(self._fernet.decrypt(body))
            made_for, token = (bound["company"], bound["purpose"]), str(bound["token"])
        except (InvalidToken, ValueError, TypeError, KeyError):
            raise ConfigurationError(
                f"The access stored for {company} cannot be read with the vault's keys. "
                f"Put the key it was stored with behind the newest, or run: resolve-now connect {company}"
            ) from None
        if made_for != (company, purpose):
            raise ConfigurationError(f"The access stored for {company} was not given to it. Run: resolve-now connect {company}")
        return token

    def renewed(self, body: str) -> str:
        """The same content under the newest key. Raises InvalidToken."""
        return self._fernet.rotate(body.encode()).decode()


@dataclass(frozen=True)
class Age:
    """What may be known about a stored token without opening it."""

    stored_at: datetime
    version: int


@dataclass(frozen=True)
class _Row:
    body: str
    version: int
    held_by: str
    free: bool


class Vault:
    """Tokens by company and purpose. Implements `receivables.ports.TokenVault`."""

    def __init__(
        self,
        db: Database,
        keys: Keyring,
        clock: Clock,
        ids: Ids,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._db = db
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._pause = pause
        self._watch = Watch(clock)
        self._held = threading.local()  # (company, purpose) to the version this thread renews from

    def read(self, company: str, purpose: str) -> str:
        """The newest token. Raises NotFound, and ConfigurationError where it cannot be opened."""
        return self._keys.opened(company, purpose, self._row(company, purpose).body)

    def age(self, company: str, purpose: str) -> Age:
        """When the token was stored last, and how often. Raises NotFound."""
        with self._db.read() as connection:
            row = connection.execute(
                sa.select(schema.token.c.stored_at, schema.token.c.version).where(*_of(company, purpose))
            ).one_or_none()
        if row is None:
            raise _not_stored(company, purpose)
        return Age(row.stored_at, row.version)

    @contextmanager
    def exclusively(self, company: str, purpose: str) -> Iterator[str]:
        """The newest token, while no other process renews it; no transaction is open meanwhile.

        Raises NotFound, ConfigurationError, and BooksUnavailable where another process held it too long.
        """
        owner = self._ids.new()
        row = self._take_lease(company, purpose, owner)
        versions: dict[tuple[str, str], int] = vars(self._held).setdefault("versions", {})
        try:
            versions[company, purpose] = row.version
            yield self._keys.opened(company, purpose, row.body)
        finally:
            versions.pop((company, purpose), None)
            with self._db.work() as connection:
                table = schema.token
                connection.execute(
                    sa.update(table)
                    .where(*_of(company, purpose), table.c.lease_owner == owner)
                    .values(lease_owner="", lease_until=None)
                )

    def store(self, company: str, purpose: str, token: str) -> None:
        """Durable when it returns. Inside `exclusively`, a token that another process stored meanwhile is newer and stays."""
        if len(token) > LARGEST_TOKEN:
            raise ValueError(f"a token of {len(token):,} characters")
        values = {"body": self._keys.closed(company, purpose, token), "stored_at": self._clock.now()}
        table = schema.token
        changed = sa.update(table).where(*_of(company, purpose)).values(version=table.c.version + 1, **values)
        held: dict[tuple[str, str], int] = vars(self._held).get("versions", {})
        renewed_from = held.get((company, purpose))
        with self._db.work() as connection:
            if renewed_from is not None:
                held[company, purpose] += connection.execute(changed.where(table.c.version == renewed_from)).rowcount
            elif connection.execute(changed).rowcount == 0:
                companies.ensure(connection, company)
                connection.execute(sa.insert(table).values(company=company, purpose=purpose, version=1, **values))

    def rotate(self) -> int:
        """Encrypts every token anew with the newest key; returns how many. Raises ConfigurationError where one has no key."""
        with self._db.work() as connection:
            rows = connection.execute(sa.select(schema.token).with_for_update()).all()
            places = connection.execute(
                sa.select(schema.slack_place).where(schema.slack_place.c.body != "").with_for_update()
            ).all()
            try:
                bodies = [(row, self._keys.renewed(row.body)) for row in rows]
                of_slack = [(row, self._keys.renewed(row.body)) for row in places]
            except InvalidToken:
                raise ConfigurationError(
                    "A stored token was made with a key that is not set. Add that key behind the newest and try again."
                ) from None
            for row, body in bodies:
                connection.execute(sa.update(schema.token).where(*_of(row.company, row.purpose)).values(body=body))
            for row, body in of_slack:
                connection.execute(sa.update(schema.slack_place).where(schema.slack_place.c.id == row.id).values(body=body))
        return len(bodies) + len(of_slack)

    def _take_lease(self, company: str, purpose: str, owner: str) -> _Row:
        patience = self._clock.monotonic() + WAIT_SECONDS
        while True:
            asked, row, holder = self._watch.moment(), self._row(company, purpose), ("token", company, purpose)
            if row.free or self._watch.watched_seconds(holder, row.held_by, asked) >= LEASE.total_seconds():
                with self._db.work() as connection:
                    if _leased(connection, company, purpose, owner, row.held_by, self._clock.now()):
                        return self._read_row(connection, company, purpose)
            self._watch.saw(holder, row.held_by)
            if self._clock.monotonic() > patience:
                raise BooksUnavailable(f"Another process has been renewing the access of {company} for too long.")
            self._pause(LOOK_AGAIN_SECONDS)

    def _row(self, company: str, purpose: str) -> _Row:
        with self._db.read() as connection:
            return self._read_row(connection, company, purpose)

    def _read_row(self, connection: Connection, company: str, purpose: str) -> _Row:
        free = lease_ended(connection, schema.token.c.lease_until).label("free")
        row = connection.execute(sa.select(schema.token, free).where(*_of(company, purpose))).one_or_none()
        if row is None:
            raise _not_stored(company, purpose)
        return _Row(row.body, row.version, row.lease_owner, bool(row.free))


def _leased(connection: Connection, company: str, purpose: str, owner: str, before: str, now: datetime) -> bool:
    """Takes the lease from whoever held it before, or from nobody: true for exactly one of several that ask at the same time."""
    table = schema.token
    taken = connection.execute(
        sa.update(table)
        .where(*_of(company, purpose), table.c.lease_owner == before)
        .values(lease_owner=owner, lease_until=lease_end(connection, now, LEASE.total_seconds()))
    )
    return taken.rowcount == 1


def _of(company: str, purpose: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return schema.token.c.company == company, schema.token.c.purpose == purpose


def _not_stored(company: str, purpose: str) -> NotFound:
    return NotFound(f"{company} is not connected to its books ({purpose}). Run: resolve-now connect {company}")
