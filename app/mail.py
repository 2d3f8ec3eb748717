"""The mails of this installation: the server as configured, and who of each company gets them now."""

from __future__ import annotations

from app.settings import CompanySettings, Settings
from app.settings_now import AsOfNow
from app.wiring import House
from bot.mail import MailServer
from bot.mail_outbox import MailOutbox
from bot.mailings import Mailing
from storage.slack_trouble import LISTENING


def server_of(settings: Settings) -> MailServer | None:
    """Where mails are handed in; None where nowhere is configured."""
    email, password = settings.email, settings.email_password
    if email is None:
        return None
    return MailServer(email.host, email.port, email.tls, email.sender, email.user, password.reveal() if password else "")


def open_mail(house: House) -> MailOutbox | None:
    """The sender of mails, where a mail server is configured."""
    server = server_of(house.settings)
    if server is None:
        return None
    mailings = AsOfNow(lambda: {company.id: _mailing(company) for company in house.settings.companies if company.email})
    return MailOutbox(house.db, house.clock, house.ids, server, mailings)


def _mailing(company: CompanySettings) -> Mailing:
    email, slack = company.email, company.slack
    places = (slack.channel, slack.escalations or slack.channel, LISTENING) if slack else ()
    return Mailing(
        company.company, email.to if email else (), bool(email and email.daily_summary), places, (slack and slack.team) or ""
    )
