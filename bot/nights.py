"""The card of a night: what its proof found that is new or worse, or that the night has no proof."""

from __future__ import annotations

from dataclasses import replace

from bot.called import People, name_in_books
from bot.cards import Message
from bot.rooms import Channel
from bot.text import context, fallback, header, section
from receivables.reopened import Reopened
from receivables.words import Words, counted, plain
from storage.nights import StoredNight

NEWS_AT_MOST = 10  # the command line has them all
NEWS_LENGTH = 240
ALL_OF_IT = "Your administrator can print the whole comparison, with its control totals."


def night_card(night: StoredNight, channel: Channel, people: People) -> Message:
    """Only what is new or worse since the last proven night; what people know already is counted."""
    company, words = plain(channel.company.name), channel.company.words
    on = words.day(night.due_at)
    if night.proven_at is None:
        head = f"{company}: no proof for the night of {on}"
        text = f"{_since(night, words)} It is tried again every few minutes."
        why = f"The last try failed: {plain(night.problem, NEWS_LENGTH)}" if night.problem else "Is resolve-now running?"
        return Message(fallback(f"{head}. {why}"), [header(head), section(f"{text} {why}")])
    proven = f"Books and payments compared on {words.moment(night.proven_at)}."
    reopened = night.counts.get("reopened")
    open_again = _open_again(Reopened.of(reopened), people).sentence(words) if reopened else ""
    if not night.news and open_again:
        head = f"{company}: a closed period is open again"
        return Message(fallback(f"{head}. {open_again}"), [header(head), section(open_again), context(f"{proven} {ALL_OF_IT}")])
    if not night.news:
        head = f"{company}: the night of {on} was proven after all"
        return Message(fallback(head), [header(head), section(f"{proven} Nothing new was found."), context(ALL_OF_IT)])
    head = f"{company}: the proof found {counted(len(night.news), 'new discrepancy', 'new discrepancies')}"
    told = [plain(str(found["text"]), NEWS_LENGTH) for found in night.news[:NEWS_AT_MOST]]
    if len(night.news) > NEWS_AT_MOST:
        told.append(f"And {len(night.news) - NEWS_AT_MOST:,} more.")
    told += [open_again] if open_again else []
    known = len(night.found) - len(night.news)
    before = f"{counted(known, 'discrepancy', 'discrepancies')} from before. " if known > 0 else ""
    return Message(
        fallback(f"{head}. {told[0]}"), [header(head), section("\n".join(told)), context(f"{proven} {before}{ALL_OF_IT}")]
    )


def _open_again(reopened: Reopened, people: People) -> Reopened:
    return replace(reopened, by=name_in_books(reopened.by, people))


def _since(night: StoredNight, words: Words) -> str:
    if night.last_proven_at is None:
        return "Payments and books were not compared."
    return f"Payments and books were last compared on {words.moment(night.last_proven_at)}."
