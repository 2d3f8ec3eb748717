"""Direct messages: to whom in Slack one goes, and what it says: who wants what, the card of the failure, and how it ended.

A message is drawn from the failure and the decision as they are now, so that one that is over says so. It carries only the
buttons that hold wherever they are pressed.
"""

from __future__ import annotations

from collections.abc import Collection

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.accounts import account_of
from bot.called import People, names_of
from bot.cards import Message, failure_card
from bot.choices import REVIEW, named_for
from bot.found import failure_row
from bot.installations import Installation
from bot.mornings import month_called
from bot.outcomes import not_carried_out
from bot.people import Names, name_of
from bot.rooms import Channel, Rooms
from bot.slack_errors import NoMember, Trouble, trouble_of
from bot.text import REASON_AT_MOST, Block, context, fallback, section
from receivables.authority import Person, sees
from receivables.closing import the_month_before
from receivables.words import capitalized, counted, plain
from storage import cards, care, decisions, failures, letters, payments, periods
from storage.cards import CardFacts
from storage.engine import Connection
from storage.letters import Letter
from storage.work import Work

LISTED_AT_MOST = 10  # payments of a month, with a button each
HOLDS_ANYWHERE = ("approve", "withdraw", REVIEW, "resolve_now", "more")  # pressed on any message; others only on the card itself


def address(client: WebClient, person: Person, team: str) -> str:
    """The direct conversation with a person, opened where there is none. Raises SlackClientError."""
    user = _by_account(client, person, team) if person.slack_accounts else _by_email(client, person.email)
    return str(client.conversations_open(users=user)["channel"]["id"])


def _by_account(client: WebClient, person: Person, team: str) -> str:
    """Their account in this workspace, or in its organization. One of another place counts for nothing: its id may be somebody
    else's here.
    """
    if here := sorted(user for place, user in person.slack_accounts if place == team):
        return here[0]
    organization = str(client.auth_test().get("enterprise_id") or "")
    for place, user in sorted(person.slack_accounts) if organization else ():
        if place in _places_of(client, user, Installation(team, organization, "")):
            return user
    raise NoMember(f"{person.id} has no account in this workspace")


def _places_of(client: WebClient, user: str, installation: Installation) -> Collection[str]:
    """The places of ours to which an account belongs; none where Slack knows none."""
    try:
        return account_of(client.users_info(user=user)["user"], installation).places
    except SlackApiError as error:
        if trouble_of(error).trouble is not Trouble.CHANNEL:
            raise
        return ()


def _by_email(client: WebClient, email: str) -> str:
    """Whose address it is, as for a press: a full member's who confirmed it. Anybody could have typed it otherwise."""
    user = client.users_lookupByEmail(email=email)["user"]
    account = account_of(user, Installation(str(user.get("team_id") or ""), "", ""))
    if not account.is_confirmed or account.is_guest or account.is_deactivated or account.is_bot:
        raise NoMember(f"no full member confirmed {email}")
    return str(user["id"])


def reader_of(rooms: Rooms, connection: Connection, company: str, letter_id: str) -> Person | None:
    """The person to whom it is written, where they may still see what is of the company."""
    person = rooms.people.get(letters.get(connection, company, letter_id).person)
    return person if person is not None and sees(person, company) else None


def message(work: Work, letter_id: str, channel: Channel, people: People) -> Message:
    """What it says now."""
    letter = letters.get(work.connection, work.company, letter_id)
    if letter.kind == letters.MONTH:
        return _of_month(work.connection, letter, channel)
    found = failures.get(work.connection, work.company, letter.failure_id)
    facts = cards.facts(work, found.id, found.offered)
    drawn = failure_card(facts, channel.company, people, to_approver=letter.kind == letters.APPROVAL)
    lead = _lead(work.connection, letter, facts, channel, names_of(people))
    blocks = [section(lead, "lead"), *(drawn.blocks[:1] if letter.ended_at else _everywhere(drawn.blocks))]
    return Message(fallback(f"{lead} {drawn.text}"), blocks)


def _of_month(connection: Connection, letter: Letter, channel: Channel) -> Message:
    """What the reader has of the month that was about to be closed when it was written, as it stands now."""
    company, words = channel.company, channel.company.words
    found, closed_through = the_month_before(company.day_of(letter.written_at)), periods.closed_through(connection, company.id)
    begins, ends, month = company.start_of(found.first), company.start_of(found.next_first), month_called(found, company)
    theirs = [failure for owner, failure in care.owned(connection, company.id, begins, ends) if owner == letter.person]
    if not theirs:
        lead = f"Nothing of {month} that was assigned to you is failing any more."
        return Message(fallback(lead), [section(lead, "lead")])
    stored = payments.by_numbers(connection, company.id, {failure.transaction_number for failure in theirs})
    are = "is" if len(theirs) == 1 else "are"
    if found.is_closed(closed_through):
        when = f"The books are closed for {month}"
    elif company.close_day:
        when = f"{month} is closed on {words.day(found.next_first.replace(day=company.close_day))}"
    else:
        when = f"The books are not closed for {month} yet"
    lead = f"{when}: {counted(len(theirs), 'payment')} of {month} assigned to you {are} not recorded."
    blocks = [section(lead, "lead")]
    for failure in theirs[:LISTED_AT_MOST]:
        blocks += failure_row(failure, stored[failure.transaction_number], company, (company.id,))
    if len(theirs) > LISTED_AT_MOST:
        blocks.append(context(f"{len(theirs) - LISTED_AT_MOST:,} more: /payments mine lists them."))
    return Message(fallback(lead), blocks)


def _everywhere(blocks: list[Block]) -> list[Block]:
    """A card's blocks without what may be pressed on the card alone."""
    kept = []
    for block in blocks:
        if block["type"] != "actions":
            kept.append(block)
        elif elements := [of for of in block["elements"] if of.get("action_id") in HOLDS_ANYWHERE or of.get("url")]:
            kept.append({**block, "elements": elements})
    return kept


def _lead(connection: Connection, letter: Letter, facts: CardFacts, channel: Channel, names: Names) -> str:
    """Who wants what of the reader, or how it ended."""
    if letter.kind == letters.APPROVAL:
        return _approval(connection, letter, facts, channel, names)
    if letter.ended_at is not None:
        held = care.of_failure(connection, letter.company, letter.failure_id).assignee
        if facts.failure.state != "open":
            return "This is settled. There is nothing left for you to do."
        if held not in (None, letter.person):
            return f"{name_of(names, held or '')} takes care of this now."
        return "This is no longer assigned to you."
    if letter.kind == letters.BACK:
        return "This payment was snoozed and is back."
    if letter.reminds_of is not None:
        return "Reminder: this payment is still failing, and it is assigned to you."
    note = f" “{plain(letter.note, REASON_AT_MOST)}”" if letter.note else ""
    return f"{name_of(names, letter.written_by)} assigned this payment to you.{note}"


def _approval(connection: Connection, letter: Letter, facts: CardFacts, channel: Channel, names: Names) -> str:
    made = decisions.get(connection, letter.company, letter.decision_id or "")
    who, asked = name_of(names, made.requested_by), f"“{named_for(facts, made.remedy)}”"
    if letter.ended_at is None and letter.reminds_of is not None:
        since = channel.company.words.moment(made.requested_at)
        return f"Reminder: {who} has been waiting for an approval of {asked} since {since}."
    if letter.ended_at is None:
        return f"{who} asks you to approve {asked}."
    if made.approved_by:
        by = "You" if made.approved_by == letter.person else name_of(names, made.approved_by)
        return f"{by} approved {asked}. There is nothing left for you to do."
    if made.outcome.startswith("declined by "):
        return f"{capitalized(not_carried_out(made.outcome, names))} There is nothing left for you to do."
    return f"{asked} no longer needs your approval."
