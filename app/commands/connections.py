"""Commands about a company's connection to its books: connect, doctor."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.payments import AsJson, CompanyId
from app.output import print_error, print_json, print_line
from receivables.errors import ConfigurationError
from receivables.words import counted

if TYPE_CHECKING:
    from accounting.oauth import Consent
    from app.connecting import Redeem

PORT = 8765  # part of the address that is registered with the provider


def connect(
    context: typer.Context,
    company: Annotated[str | None, typer.Argument(help="Which company; needed only when several are configured.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only show the sign-in address.")] = False,
    port: Annotated[int, typer.Option(help="The port on this machine that the browser returns to.", min=1, max=65_535)] = PORT,
    redirect: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The registered redirect address, when it is not on this machine.")
    ] = "",
    paste: Annotated[bool, typer.Option("--paste", help="Do not listen: ask for the address the browser ended at.")] = False,
    organisation: Annotated[str, typer.Option(metavar="ID", help="Which one, when a sign-in opens several (Xero).")] = "",
    other_books: Annotated[bool, typer.Option("--other-books", help="Confirm that these are other books than before.")] = False,
    new_key: Annotated[bool, typer.Option("--new-key", help="Only print a new key for the vault.")] = False,
    rotate_keys: Annotated[bool, typer.Option("--rotate-keys", help="Only re-encrypt all tokens with the newest key.")] = False,
    as_json: AsJson = False,
) -> None:
    """Connect a company to its books, for the first time or again."""
    from app.connecting import connect_by_password, connect_by_sign_in
    from app.sign_in import PATH
    from app.wiring import open_house
    from storage.vault import Keyring

    if new_key:
        key = Keyring.new_key()
        _say(as_json, {"key": key}, key)
        return
    house = open_house(context.obj)
    if rotate_keys:
        count = house.connections.vault.rotate()
        _say(
            as_json,
            {"tokens": count},
            f"{counted(count, 'token')} encrypted with the newest key. The older keys can be removed now.",
        )
        return
    settings = house.settings.company(company)
    answer: dict[str, object] = {"company": settings.id, "kind": settings.books.kind}
    if settings.connector.provider is None:
        accepted = connect_by_password(house, settings)
        done = f"{settings.connector.package} accepted the login and password of {settings.id}."
        nothing = f"{settings.id} has {settings.books.kind} books: there is nothing to connect."
        _say(as_json, answer, done if accepted else nothing)
    else:
        shown = _Terminal(browser=not no_browser, port=port, paste=paste, organisation=organisation)
        token = connect_by_sign_in(
            house, settings, redirect or f"http://localhost:{port}{PATH}", shown.sign_in, shown.choose, other_books=other_books
        )
        answer |= {"organisation": token.organisation, "sign_in_ends_at": token.refresh_expires_at}
        _say(as_json, answer, f"{settings.id} is connected ({token.organisation}). Check it with: resolve-now doctor")


class _Terminal:
    """The person who connects, at the terminal; instructions go to standard error, apart from the answer."""

    def __init__(self, *, browser: bool, port: int, paste: bool, organisation: str) -> None:
        self._browser = browser
        self._port = port
        self._paste = paste
        self._organisation = organisation

    def sign_in(self, consent: Consent, redeem: Redeem) -> None:
        from app.connecting import listen, pasted

        if self._paste:
            pasted(consent, redeem, show=self._show, ask=lambda: str(typer.prompt("The address the browser ended at", err=True)))
        else:
            listen(consent, redeem, port=self._port, show=self._show)

    def _show(self, url: str) -> None:
        typer.echo(f"Sign in to the books here, as an administrator of them:\n\n{url}\n", err=True)
        if self._browser:
            webbrowser.open(url)

    def choose(self, organisations: Mapping[str, str]) -> str:
        """Which of several organizations, by --organisation or by asking. Raises ConfigurationError."""
        if self._organisation in organisations:
            return self._organisation
        listed = "\n".join(f"  {id_}  {name}" for id_, name in organisations.items())
        if self._organisation or not sys.stdin.isatty():
            raise ConfigurationError(f"Name the organization with --organisation ID:\n{listed}")
        print_error(f"The sign-in opened several organizations:\n{listed}")
        chosen = str(typer.prompt("Which organization (its id)", err=True)).strip()
        if chosen not in organisations:
            raise ConfigurationError(f"{chosen!r} is not one of these organizations. Nothing was changed.")
        return chosen


def doctor(context: typer.Context, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Check what works, what does not, and what to do about it; changes nothing."""
    from app.doctor import examine
    from app.findings import Verdict

    findings = examine(context.obj, company)
    broken = [finding for finding in findings if finding.verdict is Verdict.BROKEN]
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            mark = finding.verdict.value.replace("_", " ")
            remedy = f" {finding.remedy}" if finding.remedy else ""
            print_line(f"{mark:<9}  {finding.company or 'system'}: {finding.check}: {finding.text}{remedy}")
        warnings = sum(finding.verdict is Verdict.WARNING for finding in findings)
        fine = f"Nothing is broken; see {counted(warnings, 'warning')} above." if warnings else "Everything works."
        print_line(f"{len(broken)} of {counted(len(findings), 'check')} failed." if broken else fine)
    if broken:
        sys.exit(1)


def _say(as_json: bool, answer: Mapping[str, object], words: str) -> None:
    if as_json:
        print_json(answer)
    else:
        print_line(words)
