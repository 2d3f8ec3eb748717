"""A finance team at work in the browser: from a card to proof, alone and in two, pressed as people press."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bot_scene import BotScene, a_bot_scene
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.slow
PATIENCE_MILLISECONDS = 30_000  # a busy machine takes long to open a page
expect.set_options(timeout=PATIENCE_MILLISECONDS)

OVER_HTTP = "STORIES_OVER_HTTP"  # 1 plays every story with signed requests, 0 none; else a few, the others over Socket Mode
ACME, BIRCH = "Acme Networks", "Birch Supply"


@dataclass(frozen=True)
class Played:
    """How a story is played: over HTTP or Socket Mode, and with a second company whose cards go to a channel."""

    over_http: bool = False
    second: str = ""


def played(**how: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("acme", [Played(**how)], indirect=True, ids=[""])


@pytest.fixture
def acme(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[BotScene]:
    how: Played = getattr(request, "param", Played())
    said = os.environ.get(OVER_HTTP)
    with a_bot_scene(tmp_path, over_http=said == "1" if said else how.over_http, second=how.second) as made:
        yield made


@pytest.fixture
def birch(acme: BotScene) -> BotScene:
    """The second company of the same house."""
    assert acme.second is not None
    return acme.second


class Seat:
    """One person before the page."""

    def __init__(self, browser: Browser, acme: BotScene, person: str, channel: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MILLISECONDS)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        place = f"as={acme.workspace.people[person]}&channel={acme.workspace.channels[channel]}"
        self.page.goto(f"{acme.workspace.url}/?{place}")
        expect(self.page.get_by_role("status")).to_contain_text("connected")

    def card(self, number: str = "TXN-1", company: str = "") -> Locator:
        found = self.page.get_by_role("article").filter(has_text=f"Payment {number}, paid")
        return found.filter(has_text=f"Company: {company}") if company else found

    @property
    def told(self) -> Locator:
        """The newest answer that only this person sees."""
        return self.page.get_by_role("article").filter(has_text="Only visible to you").last

    @property
    def modal(self) -> Locator:
        return self.page.locator("dialog#modal")

    @property
    def home(self) -> Locator:
        return self.page.locator(".home")

    def open_home(self) -> None:
        self.page.get_by_role("button", name="Resolve Now home").click()

    def row(self, number: str) -> Locator:
        """What may be pressed about a payment on Home."""
        return self.home.locator(".section").filter(has_text=f"{number} · ").locator("xpath=following-sibling::*[1]")

    def press(self, name: str, within: Locator | None = None) -> None:
        """Presses a button of the card, and says yes where it asks."""
        (within or self.card()).get_by_role("button", name=name).first.click()

    def say_yes(self, word: str = "Yes, do it") -> None:
        self.page.get_by_role("alertdialog").get_by_role("button", name=word).click()
        expect(self.page.get_by_role("alertdialog")).to_be_hidden()

    def pick(self, item: str, within: Locator | None = None) -> None:
        """Picks an entry of the three-dot menu."""
        (within or self.card()).get_by_role("button", name="More actions").first.click()
        self.page.get_by_role("menuitem", name=item).click()

    def type(self, text: str) -> None:
        """Says something in the channel."""
        area = self.page.get_by_label("Message", exact=True)
        area.fill(text)
        area.press("Enter")

    def wrong_beside(self, block: str) -> Locator:
        return self.modal.locator(f"[data-block={block}] .wrong")

    def leave(self) -> None:
        self.context.close()
        assert [] == self.wrong


@pytest.fixture
def seats(browser: Browser, acme: BotScene) -> Iterator[dict[str, Seat]]:
    """People, each before a page of their own once they `sit`."""
    taken: dict[str, Seat] = {}
    yield taken
    for seat in taken.values():
        seat.leave()


@pytest.fixture
def sit(browser: Browser, acme: BotScene, seats: dict[str, Seat]) -> _Sit:
    return _Sit(browser, acme, seats)


class _Sit:
    def __init__(self, browser: Browser, acme: BotScene, seats: dict[str, Seat]) -> None:
        self._browser, self._acme, self._seats = browser, acme, seats

    def __call__(self, person: str, channel: str = "payments-sync") -> Seat:
        seat = Seat(self._browser, self._acme, person, channel)
        self._seats[person] = seat
        return seat


def test_unapply_from_card_to_proof(acme: BotScene, sit: _Sit) -> None:
    acme.credited()
    dana = sit("dana")
    ts = dana.card().get_attribute("data-ts")
    dana.press("Unapply credit memo ($120.00)")
    dana.page.get_by_role("alertdialog").get_by_role("button", name="Not now").click()
    expect(dana.page.get_by_role("alertdialog")).to_be_hidden()
    assert ([], 0) == (acme.told, len(acme.decisions()))
    dana.press("Unapply credit memo ($120.00)")
    expect(dana.page.get_by_role("alertdialog")).to_contain_text("$380.00")
    dana.say_yes()
    expect(dana.told).to_contain_text("Recorded.")

    acme.carry_out()

    expect(dana.card()).to_contain_text("· Recorded")
    expect(dana.card()).to_contain_text("Dana Reyes")
    expect(dana.card()).to_contain_text(re.compile(r"Mar 10, 2026, 10:00 AM C[DS]T"))
    assert (1, ts) == (dana.card().count(), dana.card().get_attribute("data-ts"))
    dana.press("1 reply", dana.card())
    thread = dana.page.get_by_label("Thread", exact=True)
    expect(thread).to_contain_text("Dana Reyes chose “Unapply credit memo”")
    expect(thread).to_contain_text("read back and is in the books as intended")
    assert [("TXN-1", 50_000, 0)] == acme.books.receipts()
    assert [12_000] == [memo.open_minor for memo in acme.books.ledger.credit_memos()]
    assert ({"exactly_once": 1}, []) == (acme.proof(), list(acme.books.ledger.check_books()))


def test_home_is_paged_and_searched_and_decided_from_to_proof(acme: BotScene, sit: _Sit) -> None:
    acme.credited(*[9_000] * 11, credit_minor=2_000)
    dana, sam = sit("dana"), sit("sam")
    for seat in (dana, sam):
        seat.open_home()
        expect(seat.home).to_contain_text("11 payments · $990.00")
    dana.press("Next", dana.home)
    expect(dana.home).to_contain_text("Page 2 of 2")
    dana.press("Resolve Now", dana.row("TXN-9"))
    dana.press("Unapply credit memo", dana.modal.locator("footer"))
    expect(dana.modal).to_be_hidden()
    acme.carry_out()
    dana.press("Refresh", dana.home)
    expect(dana.home).to_contain_text("10 payments · $900.00")
    expect(dana.row("TXN-3")).to_be_visible()  # of the only page that is left

    search = dana.home.get_by_label(re.compile("^Search payments"))
    search.fill("txn-2")
    search.press("Enter")
    expect(dana.home).to_contain_text("1 payment found for “txn-2”")
    expect(dana.row("TXN-2").get_by_role("button", name="Resolve Now")).to_be_visible()
    dana.press("Clear search", dana.home)
    expect(dana.home).to_contain_text("Failing payments")
    dana.pick("Dismiss Syncing", dana.row("TXN-2"))
    dana.modal.get_by_label("Reason").fill("Settled between the companies")
    dana.press("Dismiss syncing", dana.modal.locator("footer"))
    expect(dana.modal).to_be_hidden()
    sam.press("Refresh", sam.home)
    expect(sam.home).to_contain_text("Waiting for your approval")
    sam.press("Approve", sam.home)
    sam.say_yes("Yes, approve it")
    acme.carry_out()
    sam.press("Refresh", sam.home)
    expect(sam.home).to_contain_text("9 payments · $810.00")
    assert {"exactly_once": 1, "dismissed_by_two_people": 1, "missing_with_failure": 9} == acme.proof()


# --- with a second company --------------------------------------------------------------------------------------------


@played(second="payments-sync")
def test_two_companies_in_one_channel_are_told_apart_from_card_to_proof(acme: BotScene, birch: BotScene, sit: _Sit) -> None:
    acme.credited()
    birch.credited()
    rosa, dana = sit("rosa"), sit("dana")
    expect(rosa.card()).to_have_count(2)
    expect(rosa.card(company=ACME)).to_have_count(1)

    dana.press("Unapply credit memo", dana.card(company=BIRCH))
    dana.say_yes()
    expect(dana.told).to_contain_text("Dana Reyes has no right to choose")
    rosa.type("/payments show TXN-1")
    expect(rosa.told).to_contain_text("Payment TXN-1 is in 2 companies. Which one: Acme Networks or Birch Supply?")
    rosa.press(BIRCH, rosa.told)
    expect(rosa.modal).to_contain_text("Credit memo applied")
    rosa.press("Close", rosa.modal)
    rosa.press("Unapply credit memo", rosa.card(company=BIRCH))
    rosa.say_yes()
    expect(rosa.told).to_contain_text("Recorded.")
    acme.carry_out()
    birch.carry_out()

    expect(rosa.card(company=BIRCH)).to_contain_text("· Recorded")
    expect(rosa.card(company=ACME).get_by_role("button", name="Resolve Now")).to_be_visible()
    assert ([("TXN-1", 50_000, 0)], []) == (birch.books.receipts(), acme.books.receipts())
    assert ({"exactly_once": 1}, {"missing_with_failure": 1}) == (birch.proof(), acme.proof())


@played(second="birch-payments", over_http=True)
def test_people_of_one_company_decide_nothing_of_another_from_card_to_proof(acme: BotScene, birch: BotScene, sit: _Sit) -> None:
    acme.credited()
    birch.credited()
    before = birch.audit_actions()
    rosa, dana = sit("rosa", "birch-payments"), sit("dana", "birch-payments")
    expect(rosa.card()).not_to_contain_text("Company:")
    dana.press("Unapply credit memo")
    dana.say_yes()
    expect(dana.told).to_contain_text("Dana Reyes has no right to choose")
    dana.press("Resolve Now")
    expect(dana.page.get_by_role("article").filter(has_text="Only visible to you")).to_have_count(2)
    expect(dana.modal).to_be_hidden()
    dana.type("/payments failing")
    expect(dana.told).to_contain_text("1 payment is failing")  # her own company's
    assert ([*before, "decision.not_permitted"], 0) == (birch.audit_actions(), len(birch.decisions()))

    rosa.press("Unapply credit memo")
    rosa.say_yes()
    expect(rosa.told).to_contain_text("Recorded.")
    acme.carry_out()
    birch.carry_out()
    expect(rosa.card()).to_contain_text("· Recorded")
    expect(rosa.card()).to_contain_text("Rosa Lind")
    assert (["TXN-1"], ["TXN-1"]) == (acme.numbers(), birch.numbers())  # each in its own channel
    assert ({"exactly_once": 1}, {"missing_with_failure": 1}) == (birch.proof(), acme.proof())


# --- windows, limits, and two at once ---------------------------------------------------------------------------------


@played(over_http=True)
def test_dismissal_with_reason_and_proof_through_the_modal(acme: BotScene, sit: _Sit) -> None:
    acme.entered_by_hand()
    dana = sit("dana")
    dana.pick("Dismiss Syncing")
    reason = dana.modal.get_by_label("Reason")
    reason.fill("x")
    dana.press("Dismiss syncing", dana.modal.locator("footer"))
    expect(dana.wrong_beside("reason")).to_contain_text("Say in a few words")
    assert 0 == len(acme.decisions())
    reason.fill("Bea entered it by hand")
    dana.press("Dismiss syncing", dana.modal.locator("footer"))
    expect(dana.modal).to_be_hidden()

    acme.carry_out()

    expect(dana.card()).to_contain_text("· Dismissed")
    expect(dana.card()).to_contain_text("Bea entered it by hand")
    expect(dana.card()).to_contain_text(re.compile(r"Already recorded: \$500\.00 on receipt"))
    assert ("dismissed", [("TXN-1", 50_000, 0)]) == (acme.books.payment().state, acme.books.receipts())
    assert {"dismissed_with_proof": 1} == acme.proof()


def test_receipt_is_recreated_on_the_successor_that_was_chosen(acme: BotScene, sit: _Sit) -> None:
    _, second = acme.recreated_twice()
    dana = sit("dana")
    expect(dana.card().get_by_role("button", name="Record receipt")).to_have_count(0)  # it needs a choice first
    dana.press("Resolve Now")
    choice = dana.modal.locator("[data-block=successor] select")
    expect(choice).to_have_value("")
    dana.press("Record receipt", dana.modal.locator("footer"))
    expect(dana.wrong_beside("successor")).not_to_be_empty()
    choice.select_option(second.id)
    dana.press("Record receipt", dana.modal.locator("footer"))
    expect(dana.modal).to_be_hidden()

    acme.carry_out()

    expect(dana.card()).to_contain_text("· Recorded")
    (receipt,) = acme.books.ledger.receipts()
    assert [(second.id, 50_000)] == [(line.invoice_id, line.amount_minor) for line in receipt.lines]
    assert {"exactly_once": 1} == acme.proof()


def test_person_without_authority_is_told_so_alone_and_nothing_is_written(acme: BotScene, sit: _Sit) -> None:
    acme.credited()
    before = acme.audit_actions()
    bea, dana = sit("bea"), sit("dana")
    bea.press("Unapply credit memo")
    bea.say_yes()
    expect(bea.told).to_contain_text("not linked to a person")
    bea.press("Resolve Now")
    expect(bea.page.get_by_role("article").filter(has_text="Only visible to you")).to_have_count(2)
    bea.type("/payments failing")
    expect(bea.page.get_by_role("article").filter(has_text="Only visible to you")).to_have_count(3)
    expect(bea.modal).to_be_hidden()

    expect(dana.page.get_by_text("Only visible to you")).to_have_count(0)
    assert (before, 0) == (acme.audit_actions(), len(acme.decisions()))
    assert "TXN-1" not in "".join(acme.answers("bea"))
    assert {"missing_with_failure": 1} == acme.proof()


def test_amount_above_the_limit_takes_two_people(acme: BotScene, sit: _Sit) -> None:
    acme.credited()
    sam, dana = sit("sam"), sit("dana")
    sam.press("Unapply credit memo")
    sam.say_yes()
    expect(sam.told).to_contain_text("second person")
    acme.carry_out()
    expect(dana.card()).to_contain_text("Sam Okafor requested")
    assert [] == acme.books.receipts()

    sam.press("Review")
    expect(sam.modal).to_contain_text("Withdraw it, and nothing is changed.")
    expect(sam.modal).not_to_contain_text("Approve")
    dana.press("Review")
    dana.modal.get_by_label("Approve: Unapply credit memo").check()
    dana.press("Confirm", dana.modal.locator("footer"))
    expect(dana.told).to_contain_text("Recorded.")
    acme.carry_out()

    expect(dana.card()).to_contain_text("· Recorded")
    expect(dana.card()).to_contain_text("Sam Okafor")
    expect(dana.card()).to_contain_text("pproved by Dana Reyes")
    assert ([("TXN-1", 50_000, 0)], {"exactly_once": 1}) == (acme.books.receipts(), acme.proof())


def test_two_people_at_the_same_card_and_one_of_them_wins(acme: BotScene, sit: _Sit) -> None:
    acme.credited(9_000, credit_minor=2_000)
    sam, dana = sit("sam"), sit("dana")
    for seat in (sam, dana):
        seat.press("Unapply credit memo")
    sam.say_yes()
    expect(sam.told).to_contain_text("Recorded.")
    dana.say_yes()
    expect(dana.told).to_contain_text("Sam Okafor already chose")

    acme.carry_out()

    assert [("sam", "done")] == [(decision.requested_by, decision.state) for decision in acme.decisions()]
    assert ([("TXN-1", 9_000, 0)], {"exactly_once": 1}) == (acme.books.receipts(), acme.proof())


def test_two_people_with_different_remedies_and_one_of_them_wins(acme: BotScene, sit: _Sit) -> None:
    acme.credited(9_000, credit_minor=2_000)
    sam, dana = sit("sam"), sit("dana")
    dana.press("Resolve Now")
    dana.modal.get_by_label(re.compile("^Dismiss syncing")).check()
    expect(dana.modal.locator("footer").get_by_role("button", name="Dismiss syncing")).to_be_visible()
    dana.modal.get_by_label("Reason").fill("not needed")
    sam.press("Unapply credit memo")
    sam.say_yes()
    expect(sam.told).to_contain_text("Recorded.")
    dana.press("Dismiss syncing", dana.modal.locator("footer"))
    expect(dana.wrong_beside("remedy")).to_contain_text("Sam Okafor already chose")

    acme.carry_out()

    assert [("sam", "done")] == [(decision.requested_by, decision.state) for decision in acme.decisions()]
    assert {"exactly_once": 1} == acme.proof()


def test_payment_is_found_by_what_people_remember_from_card_to_proof(acme: BotScene, sit: _Sit) -> None:
    acme.credited()
    dana = sit("dana")
    for place, remembered in enumerate(("XN-1", "hool", "104", "500.00"), start=1):
        dana.type(f"/payments search {remembered}")
        expect(dana.page.get_by_role("article").filter(has_text=f"found for “{remembered}”")).to_have_count(1)
        expect(dana.page.get_by_role("article").filter(has_text="Only visible to you")).to_have_count(place)
        expect(dana.told).to_contain_text("TXN-1")
        expect(dana.told).to_contain_text("failing")
    dana.pick("Show full history", dana.told)
    expect(dana.modal).to_contain_text("Payment TXN-1")
    expect(dana.modal).to_contain_text("Credit memo applied")
    dana.press("Close", dana.modal)
    dana.press("Resolve Now", dana.told)
    dana.press("Unapply credit memo", dana.modal.locator("footer"))
    expect(dana.modal).to_be_hidden()
    acme.carry_out()
    expect(dana.card()).to_contain_text("· Recorded")
    assert {"exactly_once": 1} == acme.proof()


def test_hiding_is_refused_while_failing_works_after_it_and_is_undone(acme: BotScene, sit: _Sit) -> None:
    acme.credited()
    dana = sit("dana")
    dana.type("/payments hide TXN-1")
    expect(dana.told).to_contain_text("before hiding it")
    acme.press("dana", "choose", acme.card())
    acme.carry_out()

    dana.type("/payments search XN-1")
    expect(dana.told).to_contain_text("verified")
    dana.pick("Hide", dana.told)
    expect(dana.told).to_contain_text("TXN-1 is hidden")
    dana.type("/payments search Hooli 104")
    expect(dana.told).to_contain_text("Nothing found for “Hooli 104”")
    dana.type("/payments search XN-1")
    expect(dana.told).to_contain_text("Nothing found for “XN-1”")
    dana.type("/payments unhide TXN-1")
    expect(dana.told).to_contain_text("TXN-1 is shown again")
    dana.type("/payments search XN-1")
    expect(dana.told).to_contain_text("verified")
    assert {"exactly_once": 1} == acme.proof()


def test_escalation_is_opened_with_a_mention_and_cleared_in_place(acme: BotScene, sit: _Sit) -> None:
    acme.many_failing(12)
    acme.sync()
    dana = sit("dana", "finance-leads")
    message = dana.page.get_by_role("article")
    expect(message).to_contain_text("too many payments are failing to sync")
    expect(message).to_contain_text("12 of 12 payments failed")
    expect(message.locator(".mention")).to_have_text("@Dana Reyes")
    ts = message.get_attribute("data-ts")

    acme.clock.advance(8 * 24 * 3600)
    acme.fitting(12)
    acme.sync()

    expect(message).to_contain_text("payments sync again")
    assert (1, ts) == (message.count(), message.get_attribute("data-ts"))
    assert {"exactly_once": 12, "missing_with_failure": 12} == acme.proof()
