"""The Home tab: how a company stands and what waits for the person who looks, and nothing of companies that they do not see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa
from bot_scene import BotScene, a_bot_scene, eventually
from card_answers import DANA, a_busy_scene, rooms_of
from home_states import facts_of, home_states, troubled
from makers import START, a_company
from rows import a_company_row, a_failure_row, a_payment_row
from scene import Scene, a_scene
from slack_sdk import WebClient

from bot.home import PUBLISHED, HomeFacts, home, percent
from bot.home_tab import AFTER_SECONDS, HomeTab
from bot.looking import Looking
from receivables.authority import Person
from receivables.diagnosis import Cause
from receivables.errors import NotPermitted
from storage import overview, schema
from storage.engine import Connection
from storage.overview import Asked
from workspace.blocks import view_problems

Json = dict[str, Any]
ROWS = (schema.payment, schema.failure)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = a_busy_scene(tmp_path_factory.mktemp("home"))
    yield made
    made.db.close()


def _text(view: Json) -> str:
    return json.dumps(view["blocks"], ensure_ascii=False)


# --- what it says -----------------------------------------------------------------------------------------------------


def test_it_says_how_the_company_stands_and_what_waits(busy: Scene) -> None:
    facts = facts_of(busy)
    shown = _text(home(replace(facts, overview=troubled(facts.overview), looking=Looking(page=2))))
    assert [] == [
        words
        for words in (
            "13 payments · $6,500.00\\n1 of them snoozed",
            "7.1% → 9.0% → 12.4%\\n124 of 1,000 payments; the limit is 10%",
            "Mar 10, 2026, 10:00 AM CDT\\nNext: Mar 10, 2026, 11:00 AM CDT",
            "1 discrepancy",
            "2 messages wait since",
            "By age: today 1 payment · $500.00; 8 to 30 days 12 payments · $6,000.00.",
            "31 of 120 payments in the last 24 hours",
            "12 payments · $6,000.00. Owner: Sam Okafor.",
            "Sam Okafor asked for “Unapply credit memo”",
            "Approve: Unapply credit memo",
            "TXN-92 · Vehement Capital Partners · $12,000.00",
            "Assigned to you",
            "since Mar 10, 2026 · assigned to Dana Reyes",
            "Snoozed: 1 payment",
            "snoozed until Mar 13, 2026",
            "Resolve Now",
            "Dismiss Syncing",
            "Page 2 of 24",
            "3 hidden payments",
        )
        if words not in shown
    ]


def test_what_the_person_asked_for_themselves_does_not_wait_for_them(busy: Scene) -> None:
    facts = facts_of(busy)
    sam = replace(facts, overview=troubled(facts.overview), person=facts.people["sam"])
    shown = _text(home(sam))
    assert ("Approve" in shown, "1 more decision waits for a second person." in shown) == (False, True)


@pytest.mark.parametrize("name", ["home", "home-calm", "home-search", "home-not-understood", "largest"])
def test_slack_takes_every_home_tab(busy: Scene, name: str) -> None:
    view = home(_largest(facts_of(busy))) if name == "largest" else home_states(busy)[name]
    assert [] == view_problems(view, "home")
    assert 100 >= len(view["blocks"])
    assert 3_000 >= len(view["private_metadata"])


def _largest(facts: HomeFacts) -> HomeFacts:
    """As much of everything as there may be, with names as long as they may be."""
    held, long = troubled(facts.overview), "Ü" * 200
    waiting, listed = held.waiting[0], held.page[0]
    longest = replace(listed.payment, payment=replace(listed.payment.payment, customer=long, transaction_number="T" * 64))
    row = replace(listed, payment=longest, care=replace(held.snoozed[0].care, assignee="dana"))
    failing = [replace(held.failing[0], cause=cause, age=place % 4) for place, cause in enumerate(Cause)]
    many = replace(
        held,
        failing=failing,
        incidents=[*held.incidents] * 20,
        waiting=[replace(waiting, payment=longest)] * 50,
        mine=[row] * 5,
        snoozed=[row] * 5,
        snoozed_count=70,
        more_mine=True,
        page=[row] * 10,
        open=1_000_000,
    )
    companies = [a_company(id=f"c{place}", name=f"{long} {place}") for place in range(120)]
    return replace(
        facts, overview=many, companies=[*companies, facts.company], looking=Looking(facts.company.id, 50_000, "x" * 200)
    )


def test_a_share_is_never_rounded_up_to_its_limit() -> None:
    assert ["9.9%", "10.0%", "0.0%", "100.0%"] == [percent(9_999, 100_000), percent(1, 10), percent(0, 7), percent(3, 3)]


@pytest.mark.parametrize("held", ["", "{}", "[1]", "null", '{"company": "a", "page": "x", "search": ""}', "no json"])
def test_a_view_that_says_nothing_is_looked_at_from_the_beginning(held: str) -> None:
    assert Looking() == Looking.read({"private_metadata": held})


def test_a_search_and_a_page_stay_in_the_view(busy: Scene) -> None:
    tab = HomeTab(rooms_of(busy))
    view = tab.view(DANA, Looking().after({"action_id": "home_search", "value": " hooli   kind:invoice "}))
    assert Looking("acme", 1, "hooli kind:invoice") == Looking.read(view)
    assert "Nothing found" not in _text(view)
    assert Looking("acme", 1, "") == Looking.read(view).after({"action_id": "home_search/clear", "value": "clear"})
    assert Looking("acme", 7, "") == Looking("acme").after({"action_id": "home_page/7", "value": "7"})
    assert Looking("globex") == Looking("acme", 7, "x").after(
        {"action_id": "home_company", "selected_option": {"value": "globex"}}
    )


def test_what_is_looked_at_is_remembered_for_the_person_of_one_workspace(busy: Scene) -> None:
    tab, client = HomeTab(rooms_of(busy)), cast("WebClient", SimpleNamespace(views_publish=lambda **_: None))
    bodies = [{"user": {"id": "U1", "team_id": team}, "team": {"id": team}} for team in ("T1", "T2")]
    for body, search in zip(bodies, ("hooli", "globex"), strict=True):
        tab.publish(body, client, Looking(search=search))
    assert ["hooli", "globex"] == [looking.search for looking in tab._looking.values()]


def test_a_page_that_is_there_no_more_is_the_last_one(busy: Scene) -> None:
    view = HomeTab(rooms_of(busy)).view(DANA, Looking("acme", 9))
    assert (1, True) == (Looking.read(view).page, "Failing payments" in _text(view))


def test_whoever_sees_no_company_sees_nothing(busy: Scene) -> None:
    with pytest.raises(NotPermitted):
        HomeTab(rooms_of(busy)).view(Person("sam", "Sam Okafor"), Looking("acme"))


# --- what it costs ----------------------------------------------------------------------------------------------------


class Counted:
    """A connection that counts the rows it hands out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements, self.rows = 0, 0

    def execute(self, *given: Any) -> Any:
        result = self._connection.execute(*given).freeze()
        self.statements, self.rows = self.statements + 1, self.rows + len(result.data)
        return result()


def test_it_reads_the_same_few_rows_and_statements_however_many_payments_fail(tmp_path: Path, database_url: str) -> None:
    scene = a_scene(tmp_path, url=database_url)
    day, costs = scene.desk.company.start_of(START.date()), []
    for company, count in (("few", 40), ("many", 10_000)):
        with scene.db.work() as connection:
            a_company_row(connection, company)
            _many_failing(connection, company, count)
        with scene.db.read() as connection:
            counted = Counted(connection)
            asked = Asked(company, "dana", day + timedelta(days=1), [day], "24 hours", 20, 10)
            read = overview.read(cast("Connection", counted), asked)
            costs.append((counted.statements, counted.rows))
        assert (count, count // 4, 10, 5, 5) == (
            read.open, read.snoozed_count, len(read.page), len(read.snoozed), len(read.mine)
        )  # fmt: skip
        assert count * 50_000 == sum(of.money_minor for of in read.failing)
    assert costs[0] == costs[1]
    statements, rows = costs[0]
    assert (statements <= 20, rows <= 100) == (True, True)
    scene.db.close()


def _many_failing(connection: Connection, company: str, count: int) -> None:
    """So many failures, one in four of them snoozed and the others dana's."""
    a_payment_row(connection, company, "TXN-0")
    a_failure_row(connection, f"{company}-0", company, "TXN-0")
    alike = [dict(connection.execute(sa.select(table).where(table.c.company == company)).one()._mapping) for table in ROWS]
    numbers = [{"transaction_number": f"TXN-{place}"} for place in range(1, count)]
    ids = [{"id": f"{company}-{place}", "opened_at": START + timedelta(minutes=place % 60)} for place in range(1, count)]
    connection.execute(sa.insert(schema.payment), [alike[0] | number for number in numbers])
    connection.exec_driver_sql("ANALYZE")  # as a server does by itself after a while; what it thinks are few rows it reads all
    connection.execute(sa.insert(schema.failure), [alike[1] | number | more for number, more in zip(numbers, ids, strict=True)])
    connection.exec_driver_sql("ANALYZE")
    until = {"snoozed_until": START + timedelta(days=9), "snoozed_by": "sam"}
    held = [
        {"company": company, "failure_id": f"{company}-{place}", "assignee": None if place % 4 == 0 else "dana"}
        | (until if place % 4 == 0 else dict.fromkeys(until))
        for place in range(count)
    ]
    connection.execute(sa.insert(schema.care), held)
    connection.exec_driver_sql("ANALYZE")


# --- in Slack ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def _home(acme: BotScene, person: str = "dana") -> Json:
    """The person's Home tab as it is now."""
    shown: Json = eventually(lambda: acme.workspace.snapshot()["homes"].get(acme.workspace.people[person]))
    return shown


def _press(acme: BotScene, action: str, *, choice: object = None, person: str = "dana") -> Json:
    view = _home(acme, person)
    block = next(
        block["block_id"]
        for block in view["blocks"]
        for element in (*block.get("elements", ()), block.get("accessory", {}), block.get("element", {}))
        if element.get("action_id") == action
    )
    return acme.workspace.press(acme.workspace.people[person], block, action, view_id=view["id"], choice=choice)


def test_it_is_published_when_it_is_opened_and_again_after_what_the_person_did(acme: BotScene) -> None:
    acme.credited()
    dana = acme.workspace.people["dana"]
    acme.workspace.open_home(dana)
    assert (PUBLISHED, True) == ((shown := _home(acme))["callback_id"], "1 payment · $500.00" in _text(shown))

    _press(acme, "resolve_now")
    eventually(lambda: acme.workspace.open_modal(dana))
    acme.press("dana", "choose", acme.card())
    acme.carry_out()
    eventually(lambda: "No payment is failing." in _text(_home(acme)))
    assert 1 + 2 * len(AFTER_SECONDS) >= len(acme.calls("views.publish"))  # of two presses

    _press(acme, "home_search", choice="txn-1")
    eventually(lambda: "1 payment found for “txn-1”" in _text(_home(acme)))

    rung = acme.bell.rung
    _press(acme, "say/sync")
    eventually(lambda: acme.bell.rung > rung)
    here = acme.workspace.snapshot()["channels"][dana]
    eventually(lambda: "A sync starts" in str(acme.workspace.messages(here)))

    bea = acme.workspace.people["bea"]
    acme.workspace.open_home(bea)
    assert "not linked to a person" in _text(_home(acme, "bea"))


def test_twenty_who_open_it_at_once_all_see_it_and_hold_up_no_press(acme: BotScene) -> None:
    acme.credited()
    dana = acme.workspace.people["dana"]
    with ThreadPoolExecutor(21) as at_once:
        opened = [at_once.submit(acme.workspace.open_home, dana) for _ in range(20)]
        pressed = at_once.submit(acme.press, "dana", "choose", acme.card())
        assert [True] * 21 == [done.result()["ok"] for done in (*opened, pressed)]
    acme.answered("dana", "Recorded.")
    eventually(lambda: len(acme.calls("views.publish")) >= 20)
    assert (1, {None}) == (len(acme.decisions()), {call["error"] or None for call in acme.calls("views.publish")})


def test_a_home_tab_that_slack_does_not_take_stops_nothing(acme: BotScene) -> None:
    acme.credited()
    dana = acme.workspace.people["dana"]
    acme.workspace.fault("error", "views.publish", error="not_enabled")
    acme.workspace.open_home(dana)
    eventually(lambda: [call for call in acme.calls("views.publish") if call["error"] == "not_enabled"])
    acme.workspace.open_home(dana)
    assert "1 payment · $500.00" in _text(_home(acme))
