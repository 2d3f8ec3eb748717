"""What of Slack works and what does not: tokens, scopes, each channel, who is told, the connection, and what waits to be sent.

Slack is only asked. Whether a channel takes a message cannot be known without posting one; what it refused last is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.findings import Finding, Verdict
from app.secrets import revealed
from app.settings import CompanySettings
from app.wiring import House
from receivables.words import counted, listed
from storage import slack_trouble, vitals
from storage.slack_trouble import LISTENING, SLACK, SlackTrouble

SOON = timedelta(minutes=5)  # what waits for less is on its way
NO_TOKENS = "No tokens are set, so no cards are sent, and nobody can approve what takes two people."


def slack(house: House) -> Iterator[Finding]:
    """The installation itself."""
    access = house.settings.slack_access
    if access is None:
        yield Finding("", "Slack", Verdict.WARNING, NO_TOKENS, "See docs/slack.md.")
        return
    from bot import checking  # noqa: PLC0415  # Slack's libraries take a moment to load
    from bot.installations import client_of  # noqa: PLC0415

    bot, app = revealed(access.bot_token), revealed(access.app_token)
    refused = checking.refusal(bot, app, access.base_url)
    if refused:
        remedy = "Copy the token again from the app's settings in Slack; see docs/slack.md."
        yield Finding("", "Slack", Verdict.BROKEN, f"Slack does not accept them: {refused}.", remedy)
    else:
        accepted = "Both tokens are accepted." if app else "The bot token is accepted; Slack sends requests to /slack/events."
        yield Finding("", "Slack", Verdict.WORKS, accepted)
        missing = checking.missing_scopes(client_of(bot, access.base_url))
        if missing:
            text = f"The app was not granted {counted(len(missing), 'scope')} that its manifest asks for: {listed(missing)}."
            yield Finding("", "Slack scopes", Verdict.WARNING, text, checking.remedy_of("missing_scope"))
    words = house.settings.companies[0].company.words
    with house.db.read() as connection:
        troubles = slack_trouble.standing(connection)
    for place, what in ((LISTENING, "No press in Slack reaches the running program"), (SLACK, "Slack takes no message")):
        if place in troubles:
            text = f"{what} since {words.moment(troubles[place].since_at)}: {troubles[place].problem}."
            yield Finding("", f"Slack {place}", Verdict.BROKEN, text, checking.remedy_of(troubles[place].problem))


def slack_of(house: House, company: CompanySettings) -> Iterator[Finding]:
    """One company's channels, who is told there, and what waits."""
    access, places = house.settings.slack_access, company.slack
    if access is None or places is None:
        return
    from bot import checking  # noqa: PLC0415
    from bot.installations import client_of  # noqa: PLC0415

    with house.db.read() as connection:
        troubles, waiting = slack_trouble.standing(connection), vitals.undelivered(connection).get(company.id)
    client = client_of(revealed(access.bot_token), access.base_url)
    for channel in dict.fromkeys((places.channel, places.escalations or places.channel)):
        name, word = checking.channel_trouble(client, channel)
        yield _channel(company, f"#{name} ({channel})" if name else channel, word, troubles.get(channel))
    for user in places.tell:
        if problem := checking.person_trouble(client, user):
            text = f"{user} in tell is not told of escalations: {problem}."
            yield Finding(company.id, "tell", Verdict.WARNING, text, "Copy the member ID again from the person's profile.")
    if waiting is not None and waiting.oldest_at < house.clock.now() - SOON:
        since = company.company.words.moment(waiting.oldest_at)
        text = f"{counted(waiting.messages, 'message')} not delivered yet, the oldest since {since}."
        yield Finding(company.id, "cards", Verdict.WARNING, text, "They are sent when what is broken above is mended.")


def _channel(company: CompanySettings, shown: str, word: str, refused: SlackTrouble | None) -> Finding:
    from bot import checking  # noqa: PLC0415

    if word == "missing_scope":
        text = f"{shown} could not be looked at: the app may not."
        return Finding(company.id, "channel", Verdict.NOT_TRIED, text, checking.remedy_of(word))
    if word.startswith(checking.AWAY):
        return Finding(company.id, "channel", Verdict.NOT_TRIED, f"{shown} could not be looked at: {word}.")
    if word:
        return Finding(company.id, "channel", Verdict.BROKEN, f"{shown} takes no cards: {word}.", checking.remedy_of(word))
    if refused is not None:
        text = f"{shown} has taken no message since {company.company.words.moment(refused.since_at)}: {refused.problem}."
        return Finding(company.id, "channel", Verdict.BROKEN, text, checking.remedy_of(refused.problem))
    return Finding(company.id, "channel", Verdict.WORKS, f"The app is a member of {shown}.")
