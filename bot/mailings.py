"""What is worth a mail: what Slack cannot tell, escalations, and, where wanted, the summary of each morning.

Reads: where Slack takes nothing, whether the books can be reached, the escalation, what a company was told by mail before.
Leaves: a mail for each beginning and each end, once. Never: a mail about a single payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import rules
from bot.checking import REMEDIES, said
from bot.escalations import probable, rate_of
from bot.summary import heading, sentences
from receivables.company import Company
from receivables.diagnosis import Cause
from receivables.words import counted, plain
from storage import companies, escalations, mail, slack_trouble, summary, vitals
from storage.engine import Connection
from storage.escalations import StoredEscalation
from storage.mail import Key
from storage.slack_trouble import LISTENING, SLACK, SlackTrouble

PATIENCE = timedelta(minutes=15)  # what is over by itself sooner is no news
MORNING_HOUR = 8  # of the company's own day
SLACK_SILENT, BOOKS_AWAY, ESCALATION, SUMMARY = "slack", "books", "escalation", "summary"
OVER = {kind: f"{kind}_over" for kind in (SLACK_SILENT, BOOKS_AWAY, ESCALATION)}
FOOT = "This is an automatic message of Resolve Now. Who gets it is set in [company.email] of its configuration."


@dataclass(frozen=True)
class Mailing:
    """Who of a company gets mails, and the places of Slack whose trouble is its own."""

    company: Company
    to: tuple[str, ...]
    daily_summary: bool = False
    places: tuple[str, ...] = ()
    team: str = ""  # its workspace, where the configuration names it

    def concerns(self, place: str) -> bool:
        """Whether trouble there is the company's own: in a place of its, or in its workspace as a whole."""
        word, _, team = place.partition(" ")
        whole = bool(self.places) and word == SLACK and (not self.team or team in ("", self.team))
        return whole or place in self.places


@dataclass(frozen=True)
class News:
    """A mail to write: `subject` follows the company's name."""

    kind: str
    about: str
    subject: str
    lines: Sequence[str]


def news(connection: Connection, mailing: Mailing, now: datetime) -> list[News]:
    """What the company should be told by mail and was not."""
    told = mail.told(connection, mailing.company.id)
    standing = {(piece.kind, piece.about): piece for piece in _standing(connection, mailing, now)}
    fresh = [piece for key, piece in standing.items() if key not in told]
    fresh += [
        _over(mailing, kind, about, now)
        for kind, about in told
        if kind in OVER and (kind, about) not in standing and (OVER[kind], about) not in told
    ]
    return fresh + list(_summary(connection, mailing, told, now))


def body(piece: News) -> str:
    """The text of the mail."""
    return "\n".join([*piece.lines, "", FOOT, ""])


def subject(mailing: Mailing, piece: News) -> str:
    return f"{plain(mailing.company.name)}: {piece.subject}"


def _standing(connection: Connection, mailing: Mailing, now: datetime) -> Iterator[News]:
    company, words = mailing.company, mailing.company.words
    for place, known in slack_trouble.standing(connection).items():
        if mailing.concerns(place) and now - known.since_at >= PATIENCE:
            yield _slack_silent(connection, mailing, known)
    pause = companies.get(connection, company.id).pause
    if pause is not None and now - pause.since >= PATIENCE:
        since = words.moment(pause.since)
        lines = [
            f"The books of {plain(company.name)} have been out of reach since {since}.",
            plain(pause.message, 500),
            "Payments wait, and none is lost. " + ("Syncs resume automatically." if pause.until else "Syncs wait for a person."),
            f"resolve-now doctor --company {company.id} says what to do.",
        ]
        yield News(BOOKS_AWAY, pause.since.isoformat(), f"the books have been out of reach since {since}", lines)
    escalation = escalations.open_now(connection, company.id)
    if escalation is not None:
        yield _escalation(company, escalation)


def _slack_silent(connection: Connection, mailing: Mailing, known: SlackTrouble) -> News:
    since, deaf = mailing.company.words.moment(known.since_at), known.place == LISTENING
    where = "" if known.place.partition(" ")[0] == SLACK else f" in the channel {known.place}"
    what = "no button press in Slack has reached Resolve Now" if deaf else f"Slack has taken no message from Resolve Now{where}"
    lines = [f"Since {since}, {what}. {said(known.problem)}.", REMEDIES.get(known.problem, "resolve-now doctor says what to do.")]
    waiting = None if deaf else vitals.undelivered(connection).get(mailing.company.id)
    if waiting is not None:
        lines.append(
            f"Waiting: {counted(waiting.messages, 'message')}. Nothing is lost: all of it is posted in order once this is fixed."
        )
    lines.append("Until then, resolve-now failures lists what needs a decision, and resolve-now decide records it.")
    subject = f"button presses in Slack have not arrived since {since}" if deaf else f"no card has reached Slack since {since}"
    return News(SLACK_SILENT, f"{known.place} {known.since_at.isoformat()}", subject, lines)


def _escalation(company: Company, escalation: StoredEscalation) -> News:
    words, figures = company.words, escalation.figures
    lines = [f"{rate_of(figures)}; the limit is {figures['limit_percentage']}%."]
    lines += [f"Probable cause: {reason}." for reason in [probable(str(figures.get("setting") or ""), words)] if reason]
    counts = figures.get("causes")
    if isinstance(counts, list):
        lines += [f"  {rules.title(Cause(cause))}: {many:,} open" for cause, many in counts[:5]]
    lines += [f"Since {words.moment(escalation.opened_at)}. resolve-now failures lists them."]
    return News(ESCALATION, escalation.id, "too many payments are failing to sync", lines)


def _over(mailing: Mailing, kind: str, about: str, now: datetime) -> News:
    """What was told of before is over; noticed now."""
    at = mailing.company.words.moment(now)
    subject, line = {
        SLACK_SILENT: ("Slack is back", f"Slack works again as of {at}. What waited is being posted."),
        BOOKS_AWAY: ("the books are back", f"The books can be reached again as of {at}. Syncs have resumed."),
        ESCALATION: ("payments sync again", f"The failure rate is well under its limit again as of {at}."),
    }[kind]
    return News(OVER[kind], about, subject, [line])


def _summary(connection: Connection, mailing: Mailing, told: Mapping[Key, datetime], now: datetime) -> Iterator[News]:
    company, words = mailing.company, mailing.company.words
    morning = company.latest(MORNING_HOUR, now)
    about = company.day_of(morning).isoformat()
    if not mailing.daily_summary or (SUMMARY, about) in told or now - morning > summary.MORNING_LASTS:
        return
    day = summary.day(connection, company.id, morning - timedelta(days=1))
    yield News(SUMMARY, about, f"{heading(day, words)} ({words.day(morning)})", sentences(day, words))
