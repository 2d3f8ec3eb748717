"""What a company is told each working morning in the channel of its cards, and what of a month is missing before it is closed."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.cards import Message
from bot.rooms import Channel
from bot.summary import heading, sentences
from bot.text import context, fallback, header, section
from receivables.closing import Closing, closing
from receivables.company import Company
from receivables.words import counted, listed, plain
from storage import periods, summary
from storage.engine import Connection
from storage.summary import Day

CURRENCIES_AT_MOST = 3
MORE = "Type /payments failing to see them, /payments mine for what waits for you."


def this_morning(connection: Connection, channel: Channel, now: datetime) -> Message:
    """The message of this moment."""
    day = summary.day(connection, channel.company.id, now - timedelta(days=1))
    return morning_message(day, closing_month(connection, channel.company, now), channel)


def morning_message(day: Day, of_month: str, channel: Channel) -> Message:
    """How the company stands, after what is said of the month that is about to be closed. Pure."""
    company, words = channel.company, channel.company.words
    head = f"{plain(company.name)}: {heading(day, words)}"
    told = "\n".join([*([of_month] if of_month else []), *sentences(day, words)])
    return Message(fallback(f"{head}. {of_month}"), [header(head), section(told), context(MORE)])


def closing_month(connection: Connection, company: Company, now: datetime) -> str:
    """What of the last month is not recorded, some days before it is closed; "" at other times, or where nothing tells of it."""
    found = closing(company, company.day_of(now), periods.closed_through(connection, company.id))
    if found is None:
        return ""
    month, words = month_called(found, company), company.words
    missing = summary.not_recorded(connection, company.id, company.start_of(found.first), company.start_of(found.next_first))
    if not missing:
        return (
            f"{_close_of(found, month)}: every payment of {month} that we know of is settled." if found.days is not None else ""
        )
    money = listed([words.money(total, currency) for currency, (_, total) in list(missing.items())[:CURRENCIES_AT_MOST]])
    many = sum(many for many, _ in missing.values())
    are = "is" if many == 1 else "are"
    return f"{_close_of(found, month)}: {counted(many, 'payment')} of {month} ({money}) {are} not recorded."


def _close_of(found: Closing, month: str) -> str:
    """When the month is closed, as the beginning of a sentence: "Close of March in 3 days"."""
    if found.days is None:
        return f"The books are not closed for {month} yet"
    when = f"in {counted(found.days, 'day')}" if found.days else "today"
    return f"Close of {month} {when}"


def month_called(found: Closing, company: Company) -> str:
    return company.words.month(found.first).partition(" ")[0]
