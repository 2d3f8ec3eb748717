"""What of Slack works and what does not: tokens, scopes, each channel, who is told, the connection, and what waits to be sent.

Slack is only asked. Whether a channel takes a message cannot be known without posting one; what it refused last is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.findings import Finding, Verdict
from app.secrets import revealed
from app.settings import CompanySettings
from app.settings_slack import SlackAccess
from app.wiring import House
from receivables.words import counted, listed
from storage import letters, slack_places, slack_trouble, vitals
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

    if access.app is not None:
        yield from _installed(house)
        yield from _troubles(house)
        return
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
    yield from _troubles(house)


def _troubles(house: House) -> Iterator[Finding]:
    """What the running program was refused, of Slack itself and of each workspace."""
    from bot import checking  # noqa: PLC0415

    words = house.settings.companies[0].company.words
    with house.db.read() as connection:
        troubles = slack_trouble.standing(connection)
    for place, known in troubles.items():
        if place != LISTENING and place.partition(" ")[0] != SLACK:
            continue  # a channel: told with its company
        what = "No press in Slack reaches the running program" if place == LISTENING else "Slack takes no message"
        text = f"{what} since {words.moment(known.since_at)}. {checking.said(known.problem)}."
        yield Finding("", f"Slack {place}", Verdict.BROKEN, text, checking.remedy_of(known.problem))


def _installed(house: House) -> Iterator[Finding]:
    """Where workspaces install the app themselves: each that ever did."""
    words = house.settings.companies[0].company.words
    with house.db.read() as connection:
        places = slack_places.every(connection, house.connections.keys)
    for place in places:
        named = f"{place.name} ({place.id})"
        if place.token:
            yield Finding("", "Slack", Verdict.WORKS, f"The app is installed in {named}.")
        else:
            gone = f"it was removed there on {words.moment(place.removed_at)}" if place.removed_at else place.problem
            yield Finding("", "Slack", Verdict.BROKEN, f"The app cannot be used in {named}: {gone}.", _install_there(house))
    if not places:
        yield Finding("", "Slack", Verdict.BROKEN, "No workspace has installed the app.", _install_there(house))


def _install_there(house: House) -> str:
    return f"Open {house.settings.slack.address}/slack/install in a browser, and choose the workspace there."


def _token(house: House, access: SlackAccess, team: str) -> str:
    """With which a company's workspace is asked; "" where the app is not installed there."""
    if access.app is None:
        return revealed(access.bot_token)
    from bot.installing import chosen, installation_at  # noqa: PLC0415

    with house.db.read() as connection:
        places = slack_places.every(connection, house.connections.keys)
    found = chosen([installation_at(place) for place in places if place.token], team)
    return found.token if found is not None else ""


def slack_of(house: House, company: CompanySettings) -> Iterator[Finding]:
    """One company's channels, who is told there, and what waits."""
    access, places = house.settings.slack_access, company.slack
    if access is None or places is None:
        return
    from bot import checking  # noqa: PLC0415
    from bot.installations import client_of  # noqa: PLC0415

    with house.db.read() as connection:
        troubles, waiting = slack_trouble.standing(connection), vitals.undelivered(connection).get(company.id)
        unreached = letters.unreached(connection, [company.id]).get(company.id, {})
    token = _token(house, access, places.team or "")
    if not token:
        text = "Cards wait: the app is not installed in this company's workspace, or several have it and team names none."
        yield Finding(company.id, "channel", Verdict.BROKEN, text, _install_there(house))
        return
    client = client_of(token, access.base_url)
    for channel in dict.fromkeys((places.channel, places.escalations or places.channel)):
        name, word = checking.channel_trouble(client, channel)
        yield _channel(company, f"#{name} ({channel})" if name else channel, word, troubles.get(channel))
    for user in places.tell:
        if problem := checking.person_trouble(client, user):
            text = f"{user} in tell is not told of escalations: {problem}."
            yield Finding(company.id, "tell", Verdict.WARNING, text, "Copy the member ID again from the person's profile.")
    for person, many in unreached.items():
        known = house.people.get(person)
        text = f"{counted(many, 'direct message')} for {known.name if known else person}: Slack knows no account of theirs there."
        yield Finding(company.id, "direct messages", Verdict.WARNING, text, f'Correct slack or email of the person "{person}".')
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
        since = company.company.words.moment(refused.since_at)
        text = f"{shown} has taken no message since {since}. {checking.said(refused.problem)}."
        return Finding(company.id, "channel", Verdict.BROKEN, text, checking.remedy_of(refused.problem))
    return Finding(company.id, "channel", Verdict.WORKS, f"The app is a member of {shown}.")
