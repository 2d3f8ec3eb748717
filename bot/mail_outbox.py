"""Mails leave here: what is worth one is noted, then each is handed to the mail server, by one process, until it is taken.

Reads: the state of each company, mails that wait. Leaves: mails sent. Never: one sent again that was certainly taken; where
nobody knows, it is sent once more with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.mail import MailServer, NotTaken, Uncertain, send, written
from bot.mailings import Mailing, body, news, subject
from receivables.ports import Clock, Ids
from storage import mail
from storage.engine import Database
from storage.mail import Mail
from storage.watch import Watch
from storage.work import working

LEASE_SECONDS = 300.0  # a mail server that answers each word after half a minute
AGAIN_SECONDS, AGAIN_AT_MOST_SECONDS = 60.0, 900.0
MAILS_AT_ONCE = 10  # of one company in one run

log = structlog.get_logger()


@dataclass
class MailOutbox:
    """The sender of one process; `mailings` are those of now, by company."""

    db: Database
    clock: Clock
    ids: Ids
    server: MailServer
    mailings: Mapping[str, Mailing]

    def __post_init__(self) -> None:
        self.watch = Watch(self.clock)

    def run_once(self) -> int:
        """Notes what is new and sends what waits; returns how many mails left."""
        for mailing in self.mailings.values():
            self._note(mailing)
        with self.db.read() as connection:
            companies = mail.due(connection, list(self.mailings), self.clock.now())
        return sum(self._send_those_of(self.mailings[company]) for company in companies)

    def _note(self, mailing: Mailing) -> None:
        with self.db.read() as connection:
            fresh = news(connection, mailing, self.clock.now())
        if fresh:
            with working(self.db.work(), mailing.company.id, self.clock, self.ids, "mail") as work:
                for piece in fresh:
                    mail.want(work, piece.kind, piece.about, subject=subject(mailing, piece), body=body(piece))

    def _send_those_of(self, mailing: Mailing) -> int:
        sent = 0
        for _ in range(MAILS_AT_ONCE):
            with working(self.db.work(), mailing.company.id, self.clock, self.ids, "mail") as work:
                held = mail.claim(work, self.watch, lease_seconds=LEASE_SECONDS)
            if held is None or not self._send(held, mailing):
                break
            sent += 1
        return sent

    def _send(self, held: Mail, mailing: Mailing) -> bool:
        message = written(self.server, id=held.id, at=held.wanted_at, to=mailing.to, subject=held.subject, body=held.body)
        try:
            refused = send(self.server, message, mailing.to)
        except (NotTaken, Uncertain) as error:
            self._put_back(held, str(error), never_left=isinstance(error, NotTaken))
            return False
        if refused:
            log.warning("mail_refused_for", company=held.company, addresses=len(refused))
        with working(self.db.work(), held.company, self.clock, self.ids, "mail") as work:
            mail.sent(work, held, note=f"refused for {', '.join(refused)}" if refused else "")
        return True

    def _put_back(self, held: Mail, words: str, *, never_left: bool) -> None:
        log.warning("mail_not_sent", company=held.company, kind=held.kind, error=words, may_have_arrived=not never_left)
        with working(self.db.work(), held.company, self.clock, self.ids, "mail") as work:
            waited = (work.at - held.wanted_at).total_seconds()
            seconds = min(max(AGAIN_SECONDS, waited), AGAIN_AT_MOST_SECONDS)
            mail.put_back(work, held, next_at=work.at + timedelta(seconds=seconds), problem=words, never_left=never_left)
