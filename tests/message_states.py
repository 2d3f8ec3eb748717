"""Makers of the messages that are no card of one failure: escalations, incidents, mornings and nights."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from card_people import PEOPLE
from card_states import DECIDED_AT, FOUND_AT, NAMES, NOTHING, a_card, a_failure, credited, drawn
from evidence_makers import LATER
from makers import a_company

from bot.cards import Message
from bot.escalations import digest_card, escalation_card
from bot.incidents import IncidentFacts, incident_card
from bot.mornings import morning_message
from bot.nights import night_card
from bot.rooms import Channel
from bot.which_company import naming_its_company
from receivables.diagnosis import Cause, Remedy
from receivables.reopened import Reopened
from storage.companies import Pause
from storage.escalations import StoredEscalation
from storage.incidents import IncidentFigures, StoredIncident, root
from storage.nights import StoredNight
from storage.summary import Day


def an_escalation(*, cleared: bool = False) -> StoredEscalation:
    causes = [[cause.value, 9 - place] for place, cause in enumerate(list(Cause)[:7])]
    figures = {
        "window": "24 hours",
        "attempted": 120,
        "failed": 31,
        "limit_percentage": 10,
        "causes": causes,
        "causes_money": {cause.value: {"USD": 123_456_78, "JPY": 5_000} for cause in Cause},
        "money": {"USD": [1_000_000_00, 251_000_00], "JPY": [50_000, 5_000]},
        "since": FOUND_AT.isoformat(),
        "setting": root(Cause.CREDIT_MEMO_APPLIED, "auto_apply"),
    }
    state, cleared_at = ("cleared", DECIDED_AT) if cleared else ("open", None)
    return StoredEscalation("acme", "h" * 26, state, FOUND_AT, cleared_at, None, figures)


def an_incident(
    cause: Cause,
    about: str,
    *,
    open_count: int = 12,
    remedy: Remedy = Remedy.RETRY,
    over: bool = False,
    chosen: bool = False,
    frozen: bool = False,
) -> IncidentFacts:
    """An incident of twelve payments, open or over, perhaps with a remedy for all of it under way."""
    state, closed_at = ("closed", DECIDED_AT) if over else ("open", None)
    bulk = (remedy, "dana", DECIDED_AT) if chosen else (None, None, None)
    stored = StoredIncident("acme", "i" * 26, cause, about, state, FOUND_AT, closed_at, "sam" if chosen else None, *bulk)
    first = [
        replace(a_failure(NOTHING.payment, None, evidence_id=None), transaction_number=f"TXN-{place}")
        for place in range(1, min(5, open_count) + 1)
    ]
    money = {"USD": 50_000 * open_count} if open_count else {}
    figures = IncidentFigures(open_count, 12, money, first, {remedy: open_count} if open_count else {})
    return IncidentFacts(stored, figures, frozen, Pause(cause, "The refresh token is no longer valid.", FOUND_AT, None))


def incident_states() -> dict[str, IncidentFacts]:
    return {
        "incident": an_incident(Cause.PERIOD_CLOSED, "2026-02-28", remedy=Remedy.POST_ON_OPEN_DAY),
        "incident-by-hand": an_incident(Cause.RECEIPT_ALREADY_ENTERED, "Bea Bookkeeper", remedy=Remedy.DISMISS),
        "incident-frozen": an_incident(Cause.RECEIPT_ALREADY_ENTERED, "Bea Bookkeeper", remedy=Remedy.DISMISS, frozen=True),
        "incident-chosen": an_incident(Cause.CREDIT_MEMO_APPLIED, "auto_apply", remedy=Remedy.UNAPPLY_CREDIT_MEMO, chosen=True),
        "incident-over": an_incident(Cause.ACCOUNT_INACTIVE, "Clearing", open_count=0, over=True),
        "incident-access-lost": an_incident(Cause.ACCESS_LOST, "books", open_count=0),
        "incident-access-again": an_incident(Cause.ACCESS_LOST, "books", open_count=0, over=True),
    }


def in_a_shared_channel(company_name: str) -> Message:
    """The card of a failure where two companies have the channel."""
    shared = Channel(a_company(name=company_name), "C1", "C2", is_shared=True)
    return naming_its_company(drawn({"": a_card(credited())})[""], shared)


def other_messages(company_name: str = "Acme Networks") -> dict[str, Message]:
    """The messages that are no card of one failure."""
    channel = Channel(a_company(name=company_name), "C1", "C2", ("U0DANA",))
    counts = [("credit_memo_applied", 21), ("unidentified", 7), ("", 2)]
    return {
        "escalation": escalation_card(an_escalation(), channel, NAMES),
        "escalation-over": escalation_card(an_escalation(cleared=True), channel, NAMES),
        "digest": digest_card(company_name, counts),
        "in-a-shared-channel": in_a_shared_channel(company_name),
        "morning": morning_message(
            a_day(), "Close of February in 3 days: 4 payments of February ($2,310.00) are not recorded.", channel
        ),
        "night-with-news": night_card(a_night(), channel, PEOPLE),
        "night-reopened": night_card(replace(a_night(), found=[], news=[], counts={"reopened": REOPENED}), channel, PEOPLE),
        "night-without-proof": night_card(
            replace(a_night(), proven_at=None, problem="The books cannot be reached."), channel, PEOPLE
        ),
        **{name: incident_card(facts, channel, NAMES) for name, facts in incident_states().items()},
    }


#: As the proof keeps it: what somebody opened again, and what was posted into it.
REOPENED = Reopened(date(2026, 2, 1), date(2026, 2, 28), LATER, "erin", ("TXN-1001", "TXN-1002")).told()


def a_day() -> Day:
    """Four payments fail, for two reasons."""
    causes = [("credit_memo_applied", 3), ("period_closed", 1)]
    money = {"credit_memo_applied": {"USD": 181_000}, "period_closed": {"USD": 50_000}}
    return Day(4, {"USD": 231_000}, causes, money, FOUND_AT - timedelta(days=3), 2, 5, 1, FOUND_AT, None, a_night())


def a_night() -> StoredNight:
    """A proven night that found one thing, and one that was known."""
    due = datetime(2026, 3, 5, 9, tzinfo=UTC)
    text = "Payment TXN-1001 of $500.00 is not posted, and receipt 70 is in the books and may be it; this is not settled yet."
    new = {"transaction": "TXN-1001", "problem": "may_be_in_books", "text": text}
    known = new | {"transaction": "TXN-1002"}
    day, later = timedelta(days=1), timedelta(minutes=1)
    return StoredNight("acme", "night-1", due, "proven", due - day, due + later, "", {}, [known, new], [new])
