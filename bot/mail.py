"""One mail to a mail server: taken, certainly not taken, or nobody knows.

Plain text, without anything to open. Never: a password in a message of ours, or sent over a line that others can read.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

ANSWER_SECONDS = 30.0
WIDE = policy.SMTP.clone(max_line_length=500)  # a subject stays on one line; mail servers take 998 characters
OK = (250, 251)


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in, and as whom."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


class NotTaken(Exception):
    """The mail server certainly has nothing of the mail; the text is what it said."""


class Uncertain(Exception):
    """The connection broke when the mail was sent and not yet confirmed."""


def written(server: MailServer, *, id: str, at: datetime, to: Sequence[str], subject: str, body: str) -> EmailMessage:
    """The mail with its headers. Sent a second time it is the same, with the same Message-ID."""
    message = EmailMessage(policy=WIDE)
    message["From"] = server.sender
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{id}@resolve-now.{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def send(server: MailServer, message: EmailMessage, to: Sequence[str]) -> Sequence[str]:
    """Hands the mail in; returns the addresses that the server refused. Raises NotTaken or Uncertain."""
    smtp = connected(server)
    try:
        refused = _announced(server, smtp, to)
        try:
            code, said = smtp.data(message.as_bytes())
        except smtplib.SMTPDataError as error:  # it did not want to hear the mail
            raise NotTaken(_words(error)) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Uncertain(_words(error)) from None
        if code != OK[0]:
            raise NotTaken(f"{code} {_shown(said)}")
        return refused
    finally:
        closed(smtp)


def connected(server: MailServer) -> smtplib.SMTP:
    """A connection on which the server knows who we are. Raises NotTaken."""
    smtp: smtplib.SMTP | None = None
    try:
        if server.tls == "tls":
            smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=ANSWER_SECONDS, context=ssl.create_default_context())
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=ANSWER_SECONDS)
        if server.tls == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        if server.user:
            smtp.login(server.user, server.password)
    except (smtplib.SMTPException, OSError) as error:
        if smtp is not None:
            closed(smtp)
        raise NotTaken(_words(error)) from None
    return smtp


def closed(smtp: smtplib.SMTP) -> None:
    """Ends the connection; whatever goes wrong then changes nothing."""
    with suppress(smtplib.SMTPException, OSError):
        smtp.quit()
    smtp.close()


def _announced(server: MailServer, smtp: smtplib.SMTP, to: Sequence[str]) -> Sequence[str]:
    """Says from whom and to whom; returns the addresses that are refused. Raises NotTaken where nobody is left."""
    try:
        smtp.ehlo_or_helo_if_needed()
        code, said = smtp.mail(server.sender)
        if code not in OK:
            raise NotTaken(f"{code} {_shown(said)}")
        refused = {address: answer for address in to if (answer := smtp.rcpt(address))[0] not in OK}
    except (smtplib.SMTPException, OSError) as error:
        raise NotTaken(_words(error)) from None
    if len(refused) == len(to):
        code, said = next(iter(refused.values()))
        raise NotTaken(f"{code} {_shown(said)}")
    return list(refused)


def _words(error: Exception) -> str:
    """What went wrong, without what we had said."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_shown(error.smtp_error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return str(error)
    return getattr(error, "strerror", None) or type(error).__name__


def _shown(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
