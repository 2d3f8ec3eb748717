"""What a company is told each working morning in the channel of its cards, and what of a month is missing before it is closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.cards import Message
from bot.rooms import Channel
from bot.summary import heading, sentences
from bot.text import context, fallback, header, section
from receivables.company import Company
from receivables.words import counted, listed, plain
from storage import summary
from storage.engine import Connection
from storage.summary import Day

WARNED_DAYS = 3  # before the day on which a month is closed
CURRENCIES_AT_MOST = 3
MORE = "Type /payments failing to see them, /payments mine for what waits for you."


def this_morning(connection: Connection, channel: Channel, now: datetime) -> Message:
    """The message of this moment."""
    day = summary.day(connection, channel.company.id, now - timedelta(days=1))
    return morning_message(day, closing_month(connection, channel.company, now), channel)


def morning_message(day: Day, closing: str, channel: Channel) -> Message:
    """How the company stands, after what is said of the month that is about to be closed. Pure."""
    company, words = channel.company, channel.company.words
    head = f"{plain(company.name)}: {heading(day, words)}"
    told = "\n".join([*([closing] if closing else []), *sentences(day, words)])
    return Message(fallback(f"{head}. {closing}"), [header(head), section(told), context(MORE)])


def closing_month(connection: Connection, company: Company, now: datetime) -> str:
    """What of the last month is not recorded, some days before it is closed; "" at other times, or where no day is configured."""
    today = company.day_of(now)
    days = company.close_day - today.day
    if not company.close_day or not 0 <= days <= WARNED_DAYS:
        return ""
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    month, words = _called(first, company), company.words
    missing = summary.not_recorded(connection, company.id, company.start_of(first), company.start_of(today.replace(day=1)))
    when = "today" if days == 0 else f"in {counted(days, 'day')}"
    if not missing:
        return f"Close of {month} {when}: every payment of {month} that we know of is settled."
    money = listed([words.money(total, currency) for currency, (_, total) in list(missing.items())[:CURRENCIES_AT_MOST]])
    many = sum(many for many, _ in missing.values())
    are = "is" if many == 1 else "are"
    return f"Close of {month} {when}: {counted(many, 'payment')} of {month} ({money}) {are} not recorded."


def _called(first: date, company: Company) -> str:
    return company.words.month(first).partition(" ")[0]
