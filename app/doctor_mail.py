"""Whether the mail server lets us hand in mails, and what it did not take yet; no mail is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.findings import Finding, Verdict
from app.wiring import House
from receivables.words import counted
from storage import mail

SOON = timedelta(minutes=5)  # what waits for less is on its way


def mails(house: House) -> Iterator[Finding]:
    """The mail server, where one is configured."""
    from app.mail import server_of  # noqa: PLC0415  # only where mails are sent
    from bot.mail import NotTaken, closed, connected  # noqa: PLC0415

    server = server_of(house.settings)
    if server is None:
        return
    try:
        closed(connected(server))
        yield Finding("", "email", Verdict.WORKS, f"{server.host} lets us send mails.")
    except NotTaken as error:
        text = f"{server.host} does not let us send mails: {error}."
        remedy = "Check [email] and RESOLVE_NOW_EMAIL_PASSWORD; see docs/configuration.md."
        yield Finding("", "email", Verdict.BROKEN, text, remedy)
    with house.db.read() as connection:
        unsent = mail.unsent(connection)
    if unsent is not None and unsent.oldest_at < house.clock.now() - SOON:
        since = house.settings.companies[0].company.words.moment(unsent.oldest_at)
        last = f" The server last said: {unsent.problem}." if unsent.problem else ""
        text = f"{counted(unsent.mails, 'mail')} not sent yet, the oldest since {since}.{last}"
        yield Finding("", "email", Verdict.WARNING, text, "They are sent when the server takes them.")
