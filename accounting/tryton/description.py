"""Tryton: the server, the user of ours that signs in there, and how a company's books are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from accounting.description import Connector, Opened, Premises
from accounting.tables import BooksTable, Name
from receivables.addresses import is_on_this_machine
from receivables.effects import EffectKind
from receivables.errors import AccessLost
from receivables.ports import BooksTraits

if TYPE_CHECKING:
    from accounting.calling import Access

TRAITS = BooksTraits(
    package="Tryton",
    orders_per_dispatch=12,  # under load each takes more than a second, and all must leave before the deadline
    settle_seconds=60.0,
    documents=(("credit memo", "credit note"),),
    apply_by_hand="Financial › Processing › Reconcile Accounts",
    write_off_by_hand="unreconcile the lines of the credit note, then Cancel it",
    not_read=("draft moves and draft statements",),
    able=(EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT, EffectKind.VOID_CREDIT),
)
PASSWORD = "{company}_tryton_password"  # noqa: S105  # where it is


def _server(url: str) -> str:
    """The address of a server, ending in a slash. A password is sent to it, so it must be encrypted or on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address. Write one like https://tryton.example") from None
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        raise ValueError("must be an address without a user name, password or query. Write one like https://tryton.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_on_this_machine(url)):
        raise ValueError("must begin with https://, unless it is on this machine. Write one like https://tryton.example")
    return url.rstrip("/") + "/"


class TrytonSettings(BooksTable):
    """A Tryton server. `url` ends in a slash; `statement_journal` names the journal that receipts are entered in."""

    kind: Literal["tryton"]
    url: Annotated[str, AfterValidator(_server), Field(examples=["https://tryton.example"])]
    database: Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\z"), Field(examples=["company"])]
    login: Name = Field(description="Write the login that Resolve Now signs in with, in double quotes", examples=["resolve-now"])
    web_url: Annotated[str, AfterValidator(_server), Field(examples=["https://tryton.example"])] | None = None
    statement_journal: Name = Field(
        description="Write the name of a statement journal, in double quotes", examples=["Portal payments"]
    )

    @property
    def organisation(self) -> str:
        return self.database


class WithRemedy:
    """An access that says what a person can do here when it is lost. Implements `accounting.calling.Access`."""

    def __init__(self, access: Access, remedy: str) -> None:
        self._access = access
        self._remedy = remedy

    def authorization(self) -> str:
        try:
            return self._access.authorization()
        except AccessLost as error:
            raise AccessLost(f"{error.message} {self._remedy}") from None

    def refused(self, authorization: str) -> None:
        self._access.refused(authorization)


def _access(books: TrytonSettings, premises: Premises) -> Access:
    """Our sign-in. It raises AccessLost when the password is not set, or not accepted."""
    from accounting.tryton.session import TrytonAccess  # noqa: PLC0415  # only where a company needs it

    company = premises.company.id
    name = PASSWORD.format(company=company)

    def password() -> str:
        return premises.secret(name, "it is the password that Resolve Now signs in to Tryton with")

    access = TrytonAccess(books.url, books.database, books.login, password, premises.clock)
    remedy = f"Correct {premises.variable(name)}, and test it with: resolve-now connect {company}"
    return WithRemedy(access, remedy)


def _open(books: TrytonSettings, premises: Premises) -> Opened:
    from accounting.tryton.connector import TrytonBooks  # noqa: PLC0415

    calls = premises.calls(f"{books.url}{books.database}/", _access(books, premises))
    time_zone = premises.company.time_zone
    opened = TrytonBooks(
        calls,
        premises.clock,
        statement_journal=books.statement_journal,
        time_zone=time_zone,
        addresses=addresses(books.web_url, books.database),
    )
    return Opened(opened, calls)


def addresses(web_url: str | None, database: str) -> tuple[tuple[str, str], ...]:
    """By kind of document, its page in Tryton's web client, with {id} where its id belongs; none without a web client."""
    page = f"{web_url}#{database}/model/account.invoice/{{id}}"  # a credit note is an invoice there
    return (("invoice", page), ("credit memo", page)) if web_url else ()


CONNECTOR = Connector(
    table=TrytonSettings,
    traits=TRAITS,
    unapplying="done with the wizard that unreconciles lines",  # in two steps where several credits are applied to the invoice
    open=_open,
    access=_access,
    secrets={"password": PASSWORD},
)
