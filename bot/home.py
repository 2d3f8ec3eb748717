"""The app's Home tab: how a company stands, what waits for the person who looks, and what is failing, a page at a time.

Pure: drawn from rows. It shows only companies that the person sees. Its buttons are those of the cards; what it shows next
(which company, which page, what was searched) is in the view itself, so nothing is remembered for anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rules
from bot import care, labels
from bot.escalations import probable
from bot.found import Results, buttons, cause_of, drawn
from bot.looking import AGAIN, CHOSEN, CLEAR, TURN, TYPED, Looking
from bot.people import Names, name_of, owner
from bot.text import (
    NUMBER_AT_MOST,
    Block,
    button,
    confirmation,
    context,
    cut,
    header,
    overflow,
    plain_text,
    resolve_now,
    row,
    section,
    take,
)
from receivables.authority import Person, Question, Ruling, may_approve
from receivables.company import Company
from receivables.diagnosis import Remedy
from receivables.words import Words, counted, listed, plain
from storage.overview import Failing, Listed, Measured, Overview, Standing, Waiting

WINDOW = "24 hours"  # of the rate that is shown with its course
AGES = (("today", timedelta(0)), ("1 to 7 days", timedelta(days=7)), ("8 to 30 days", timedelta(days=30)), ("over 30 days", None))
ROWS = 10  # of failures on a page, with two blocks each
CAUSES_AT_MOST, INCIDENTS_AT_MOST, APPROVALS_AT_MOST, COMPANIES_AT_MOST = 5, 5, 5, 100
COURSE_AT_MOST = 5
CURRENCIES_AT_MOST, UNREACHED_AT_MOST = 3, 3
PUBLISHED = "home"  # callback id of the view


@dataclass(frozen=True)
class HomeFacts:
    """What the page is drawn from."""

    looking: Looking
    person: Person
    companies: Sequence[Company]  # that the person sees; `company` is one of them
    company: Company
    overview: Overview
    people: Mapping[str, Person]
    now: datetime
    found: Results | None = None  # where something was searched
    problem: str = ""  # why that cannot be searched


def ages(company: Company, now: datetime) -> list[datetime]:
    """The moments that part the ages: each begins with a day of the company."""
    return [company.start_of(company.day_of(now) - length) for _, length in AGES if length is not None]


def pages(view: Overview) -> int:
    """How many pages of failing payments there are, at least one."""
    return max(1, -(-(view.open - view.snoozed_count) // ROWS))


def home(facts: HomeFacts) -> Block:
    """The whole view."""
    names = {person.id: person.name for person in facts.people.values()}
    blocks = _top(facts)
    if facts.found is not None:
        heading, found = drawn(facts.found, {of.id: of for of in facts.companies}.__getitem__, _searches)
        clear = button(CLEAR, "Clear search", "clear")
        blocks += [{"type": "divider"}, section(heading, accessory=clear), *found]
    elif facts.problem:
        blocks += [{"type": "divider"}, section(facts.problem, accessory=button(CLEAR, "Clear search", "clear"))]
    else:
        blocks += [*_figures(facts), *_alarms(facts, names), *_approvals(facts, names), *_failing(facts, names)]
    held = {"company": facts.company.id, "page": facts.looking.page, "search": facts.looking.search}
    return {"type": "home", "callback_id": PUBLISHED, "private_metadata": json.dumps(held), "blocks": blocks[:100]}


def nobody(message: str) -> Block:
    """The page of somebody who sees nothing here."""
    return {"type": "home", "callback_id": PUBLISHED, "blocks": [header("Resolve Now"), section(message)]}


def _searches(*said: tuple[str, str]) -> Block:
    """Buttons that search in the page itself; elsewhere they are answered with a message."""
    elements = [button(f"{TYPED}/{place}", label, text.removeprefix("search ")) for place, (label, text) in enumerate(said)]
    return {"type": "actions", "elements": elements}


# --- the head ---------------------------------------------------------------------------------------------------------


def _top(facts: HomeFacts) -> list[Block]:
    elements: list[Block] = []
    if len(facts.companies) > 1:
        others = [company for company in facts.companies if company is not facts.company]
        offered = [facts.company, *others][:COMPANIES_AT_MOST]  # Slack takes no choice that is not offered
        options = [_option(company) for company in sorted(offered, key=lambda of: of.name)]
        elements.append(
            {"type": "static_select", "action_id": CHOSEN, "options": options, "initial_option": _option(facts.company)}
        )
    export = "Export failing payments" if facts.looking.search else "Export"
    said = (("Sync now", "sync"), ("Month end", "report"), (export, f"export {facts.company.id}"))
    elements += [*(button(f"say/{text}", label, text) for label, text in said), button(AGAIN, "Refresh", "again")]
    entry: Block = {
        "type": "plain_text_input",
        "action_id": TYPED,
        "placeholder": plain_text("Number, customer, amount, or kind:invoice after:2026-03-01", 150),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if facts.looking.search:
        entry["initial_value"] = facts.looking.search
    return [
        header(plain(facts.company.name)),
        {"type": "actions", "block_id": "home_top", "elements": elements},
        {
            "type": "input",
            "block_id": "home_search",
            "dispatch_action": True,
            "label": plain_text("Search payments, invoices, customers, credit memos and receipts", 150),
            "element": entry,
        },
    ]


def _option(company: Company) -> Block:
    return {"text": plain_text(plain(company.name), 75), "value": company.id}


def _figures(facts: HomeFacts) -> list[Block]:
    """Money and count, the rate with its course, syncs, the proof, and how the connections are."""
    view, words, standing = facts.overview, facts.company.words, facts.overview.standing
    fields = [
        *row("Failing", _all_failing(view, words)),
        *row(f"Failure rate, last {WINDOW}", _rate(view.course)),
        *row("Last sync", _last_sync(facts)),
        *row("Last proof", _last_proof(standing, words)),
    ]
    connections = [*row("Books", _books(standing, words)), *row("Payment feed", _feed(standing, words))]
    connections += row("Slack", _slack(standing, facts))
    blocks: list[Block] = [
        {"type": "section", "block_id": "home_figures", "fields": fields},
        {"type": "section", "block_id": "home_connections", "fields": connections},
    ]
    return blocks + _by_cause_and_age(view.failing, words)


def _all_failing(view: Overview, words: Words) -> str:
    """How many and how much, and how many of them are snoozed."""
    if not view.open:
        return "No payment is failing."
    snoozed = f"\n{view.snoozed_count:,} of them snoozed" if view.snoozed_count else ""
    return _worth(view.failing, words) + snoozed


def _worth(failing: Iterable[Failing], words: Words) -> str:
    """How many and how much: "12 payments · $4,500.00"."""
    count, money = 0, dict[str, int]()
    for of in failing:
        count += of.count
        money[of.currency] = money.get(of.currency, 0) + of.money_minor
    amounts = [words.money(minor, currency) for currency, minor in sorted(money.items(), key=lambda item: -item[1])]
    return f"{counted(count, 'payment')} · {listed(amounts, CURRENCIES_AT_MOST)}"


def percent(failed: int, attempted: int) -> str:
    """A share in tenths of a percent, cut and never rounded up: nothing is shown at its limit that is under it."""
    tenths = failed * 1000 // attempted
    return f"{tenths // 10}.{tenths % 10}%"


def _rate(course: Sequence[Measured]) -> str:
    if not course:
        return "No payment was checked yet."
    now = course[-1]
    shown = " → ".join(percent(of.failed, of.attempted) for of in course[-COURSE_AT_MOST:])
    return f"{shown}\n{now.failed:,} of {counted(now.attempted, 'payment')}; the limit is {now.limit_percentage}%"


def _last_sync(facts: HomeFacts) -> str:
    standing, words = facts.overview.standing, facts.company.words
    ended = words.moment(standing.ended_at) if standing.ended_at else "None yet."
    return f"{ended}\nNext: {_next_sync(facts)}"


def _next_sync(facts: HomeFacts) -> str:
    held, words = facts.overview.standing.company, facts.company.words
    if held.pause is not None:
        return words.moment(held.pause.until) if held.pause.until else "when the books are connected again"
    due = held.synced_at + timedelta(seconds=facts.company.sync_every_seconds) if held.synced_at else facts.now
    return words.moment(due) if due > facts.now else "within seconds"


def _last_proof(standing: Standing, words: Words) -> str:
    missing = f"\nNo proof for the night of {words.day(standing.unproven_on)}." if standing.unproven_on else ""
    if standing.proven_at is None:
        return f"None yet.{missing}"
    found = counted(standing.discrepancies, "discrepancy", "discrepancies") if standing.discrepancies else "No discrepancy"
    return f"{words.moment(standing.proven_at)}\n{found}{missing}"


def _books(standing: Standing, words: Words) -> str:
    pause = standing.company.pause
    if pause is not None:
        return f"{rules.title(pause.cause)} since {words.moment(pause.since)}"
    if standing.problem:
        return f"The last sync ended early: {plain(standing.problem, 200)}"
    read_at = standing.company.mirrored_at
    return f"Connected, last read {words.moment(read_at)}" if read_at else "Not read yet."


def _feed(standing: Standing, words: Words) -> str:
    read = [f"{plain(feed, 40)}: last read {words.moment(at)}" for feed, at in standing.feeds.items()]
    return "\n".join(read) or "Payments come by import or webhook."


def _slack(standing: Standing, facts: HomeFacts) -> str:
    said = []
    if standing.undelivered and standing.undelivered_since is not None:
        wait, since = "waits" if standing.undelivered == 1 else "wait", facts.company.words.moment(standing.undelivered_since)
        said.append(f"{counted(standing.undelivered, 'message')} {wait} since {since}")
    if standing.unreached:
        names = {person.id: person.name for person in facts.people.values()}
        said.append(f"No direct message reaches {listed([name_of(names, of) for of in standing.unreached], UNREACHED_AT_MOST)}.")
    return "\n".join(said) or "Every message was delivered."


def _by_cause_and_age(failing: Sequence[Failing], words: Words) -> list[Block]:
    if not failing:
        return []
    causes: dict[str, list[Failing]] = {}
    for of in failing:
        causes.setdefault(rules.title(of.cause) if of.cause else "Being checked", []).append(of)
    most_first = sorted(causes.items(), key=lambda item: (-sum(of.count for of in item[1]), item[0]))
    fields = []
    for title, held in most_first[:CAUSES_AT_MOST]:
        fields += row(title, f"{_worth(held, words)}, oldest {words.day(min(of.oldest_at for of in held))}")
    more = len(most_first) - CAUSES_AT_MOST
    others = f"{counted(more, 'more cause')}. " if more > 0 else ""
    by_age = [
        f"{name} {_worth(held, words)}"
        for place, (name, _) in enumerate(AGES)
        if (held := [of for of in failing if of.age == place])
    ]
    return [
        header("By cause"),
        {"type": "section", "block_id": "home_causes", "fields": fields},
        context(f"{others}By age: {'; '.join(by_age)}."),
    ]


# --- what asks for somebody -------------------------------------------------------------------------------------------


def _alarms(facts: HomeFacts, names: Names) -> list[Block]:
    """The escalation and the incidents that are open, each with who took it."""
    words, view, blocks = facts.company.words, facts.overview, list[Block]()
    if view.escalation is not None:
        over = view.escalation
        rate = f"{over.figures['failed']:,} of {counted(over.figures['attempted'], 'payment')}"
        reason = probable(str(over.figures.get("setting") or ""), words)
        look = f" Probable cause: {reason}." if reason else ""
        text = f"Too many payments are failing since {words.moment(over.opened_at)}: {rate} in the last {_window(over.figures)}."
        blocks.append(_owned(f"{text}{look} {owner(over.taken_by, names)}", over.id, over.taken_by))
    for incident in view.incidents[:INCIDENTS_AT_MOST]:
        held = [of for of in view.failing if of.incident_id == incident.id]
        worth = f" {_worth(held, words)}." if held else ""
        text = f"Incident: {rules.incident(incident.cause, incident.about, words)}{worth} {owner(incident.taken_by, names)}"
        blocks.append(_owned(text, incident.id, incident.taken_by))
    if len(view.incidents) > INCIDENTS_AT_MOST:
        blocks.append(context(f"… and {counted(len(view.incidents) - INCIDENTS_AT_MOST, 'more incident')}"))
    return [header("Incidents"), *blocks] if blocks else []


def _window(figures: Mapping[str, Any]) -> str:
    return str(figures["window"]).removeprefix("last ")


def _owned(text: str, subject: str, taken_by: str | None) -> Block:
    return section(text) if taken_by else section(text, accessory=take(subject))


def _approvals(facts: HomeFacts, names: Names) -> list[Block]:
    """What waits for this person to approve; what waits for others is counted."""
    words, blocks, others = facts.company.words, list[Block](), 0
    for waiting in facts.overview.waiting:
        decision = waiting.decision
        if not _may_approve(facts, waiting) or len(blocks) >= 2 * APPROVALS_AT_MOST:
            others += 1
            continue
        at, by = words.moment(decision.requested_at), name_of(names, decision.requested_by)
        asked = f"{by} asked for “{decision.remedy.label}” on {at}"
        amount = words.money(decision.amount_minor, decision.currency)
        who = f"{plain(decision.transaction_number, NUMBER_AT_MOST)} · {plain(waiting.payment.payment.customer)} · {amount}"
        sure = confirmation(f"Approve: {decision.remedy.label}", f"{who}. {asked}.", "Yes, approve it")
        approve = button("approve", cut(f"Approve: {decision.remedy.label}", 75), decision.id, style="primary", confirm=sure)
        elements = [approve, button("withdraw", "Decline", decision.id)]
        elements += [resolve_now(decision.failure_id)] if decision.failure_id else []
        blocks += [section(f"{who}\n{asked}"), {"type": "actions", "elements": elements}]
    if not blocks and not others:
        return []
    more = f"{counted(others, 'more decision')} {'waits' if others == 1 else 'wait'} for a second person."
    waits = [context(more)] if others else []
    return [header("Waiting for your approval"), *(blocks or [section("Nothing waits for you.")]), *waits]


def _may_approve(facts: HomeFacts, waiting: Waiting) -> bool:
    """Whether it is for this person: whoever was asked, or, where nobody was, whoever has the right; asked again at the press."""
    decision = waiting.decision
    if waiting.asked:
        return facts.person.id in waiting.asked
    question = Question(facts.company.id, decision.remedy, decision.amount_minor, decision.currency)
    return may_approve(facts.person, facts.people.get(decision.requested_by), question).ruling is Ruling.ALLOWED


# --- what is failing --------------------------------------------------------------------------------------------------


def _failing(facts: HomeFacts, names: Names) -> list[Block]:
    """What is the person's own, a page of what is failing, the oldest first, and what is set aside or hidden."""
    view, blocks = facts.overview, list[Block]()
    if view.mine:
        blocks += [header("Assigned to you"), *(block for of in view.mine for block in _row(of, facts, names))]
        blocks += [buttons(("Show all of yours", "mine"))] if view.more_mine else []
    if view.page:
        rows = [block for of in view.page for block in _row(of, facts, names)]
        blocks += [header("Failing payments"), *rows, *_turning(facts)]
    if view.snoozed:
        blocks += [header(f"Snoozed: {counted(view.snoozed_count, 'payment')}")]
        blocks += [block for of in view.snoozed for block in _row(of, facts, names)]
        blocks += [buttons(("Show all snoozed", "snoozed"))] if view.snoozed_count > len(view.snoozed) else []
    if hidden := view.standing.hidden:
        show = button(f"{TYPED}/hidden", "Show hidden", "hidden:only")
        blocks.append(section(f"{counted(hidden, 'hidden payment')}", accessory=show))
    return blocks


def _row(of: Listed, facts: HomeFacts, names: Names) -> list[Block]:
    """A failing payment: who, how much, why, since when, who has it; with Resolve Now and the menu of its card."""
    failure, payment, words = of.failure, of.payment.payment, facts.company.words
    amount = words.money(payment.amount_minor, payment.currency)
    who = f"{plain(of.payment.number, NUMBER_AT_MOST)} · {plain(payment.customer)} · {amount}"
    cared = f" · assigned to {name_of(names, of.care.assignee)}" if of.care.assignee else ""
    cared += care.aside(of.care, failure, of.payment, words, facts.now)
    options = [("Dismiss Syncing", f"dismiss {failure.id}")] if Remedy.DISMISS in failure.offered else []
    if failure.about != "payment":
        options = [(labels.named(Remedy.DISMISS, failure.about), value) for _, value in options]
    options += [*care.options(failure), ("Show full history", f"story {failure.id}")]
    return [
        section(f"{who}\n{cause_of(failure)}, since {words.day(failure.opened_at)}{cared}"),
        {"type": "actions", "elements": [resolve_now(failure.id), overflow("more", options)]},
    ]


def _turning(facts: HomeFacts) -> list[Block]:
    last, page = pages(facts.overview), facts.looking.page
    turns = [("Previous", page - 1)] if page > 1 else []
    turns += [("Next", page + 1)] if page < last else []
    shown = [context(f"Page {page:,} of {last:,}")] if last > 1 else []
    elements = [button(f"{TURN}/{to}", label, str(to)) for label, to in turns]
    return [*shown, *([{"type": "actions", "elements": elements}] if elements else [])]
