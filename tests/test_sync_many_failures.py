"""Of many open failures a sync reads again those that something may have changed for, and some by turns: counted, never timed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from faulty_books import FaultyBooks
from history import add_failures
from scene import Scene, a_scene

import rules
from receivables.diagnosis import Remedy
from receivables.effects import marker_stem
from receivables.payment import Bucket, PaymentState
from storage import escalations, looks
from storage.looks import Held, News
from sync import news
from sync.news import BY_TURNS, concern

SOME, MORE = BY_TURNS + 30, BY_TURNS + 60
FEW_MINUTES = 600.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """So many open failures of payments by customers that the books do not have; each test leaves as many."""
    made = a_scene(tmp_path_factory.mktemp("many"))
    made.with_rules(lambda evidence: rules.not_diagnosed(evidence, "the rules are not asked here"))
    made.customer("Hooli")
    made.pay(to={"N-0": 50_000}, customer="Nobody 0")
    made.sync()
    add_failures(_file(made), SOME - 1)
    yield made
    made.db.close()


@pytest.fixture
def scene(house: Scene) -> Scene:
    """The same when all of them were read about and nothing is new."""
    return settled(house)


def settled(scene: Scene) -> Scene:
    for _ in range(2):
        scene.sync()
        scene.clock.advance(FEW_MINUTES)
    return scene


def _file(scene: Scene) -> Path:
    return Path(str(scene.db.url.database))


def of_a_sync(scene: Scene) -> tuple[int, int]:
    """The statements that the database is handed, and the questions that the books are asked."""
    statements, questions = [], []
    books = FaultyBooks(scene.desk.books, scene.clock)
    books.before_read = lambda: questions.append(1)
    scene.with_books(books)

    def said(*_: object) -> None:
        statements.append(1)

    sa.event.listen(sa.Engine, "before_cursor_execute", said)
    try:
        counts = scene.sync()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", said)
        scene.with_books(books.inner)
    assert ("", 0) == (counts.problem, counts.diagnosed)
    return len(statements), len(questions)


def test_a_failure_is_read_again_when_its_customer_and_its_invoice_come(scene: Scene) -> None:
    last = _last_of_turns(scene)
    customer = scene.customer(f"Nobody {last}")
    scene.invoice(f"N-{last}", customer, 50_000)
    scene.sync()
    assert (PaymentState.VERIFIED, Bucket.POSTED) == (scene.payment(f"F-{last}").state, scene.payment(f"F-{last}").bucket)


def test_all_are_read_again_by_another_configuration_and_on_another_day(scene: Scene) -> None:
    assert len(news.due(scene.desk).numbers) == BY_TURNS
    desk, open_now = scene.desk, _open(scene)
    scene.desk = replace(desk, company=replace(desk.company, hand_receipt_days=9))
    assert open_now == set(news.due(scene.desk).numbers)
    scene.desk = desk
    scene.clock.advance(86_400)
    assert open_now == set(news.due(scene.desk).numbers)


def test_all_are_read_again_when_the_clock_was_set_back(scene: Scene) -> None:
    """What is new is asked for by the clock."""
    scene.clock.advance(-2 * FEW_MINUTES)
    assert _open(scene) == set(news.due(scene.desk).numbers)
    scene.clock.advance(2 * FEW_MINUTES)


def test_all_are_read_again_when_failures_become_many(scene: Scene) -> None:
    """The remedy of an unidentified failure rests on the rate of all."""
    (hooli,) = (customer for customer in scene.ledger.customers() if customer.name == "Hooli")
    for number in (f"G-{place}" for place in range(12)):
        scene.invoice(number, hooli, 100)
        scene.pay(number, 100, {number: 100})
    settled(scene)
    assert (True, BY_TURNS) == _of_next(scene)
    with scene.desk.work() as work:
        escalations.begin(work, {})
    assert (False, len(_open(scene))) == _of_next(scene)


def _of_next(scene: Scene) -> tuple[bool, int]:
    """Whether failures are few at the next look, and of how many it reads."""
    due = news.due(scene.desk)
    return due.isolated, len(due.numbers)


def test_by_turns_all_are_read_again_whatever_the_feeds_tell(scene: Scene) -> None:
    seen: set[str] = set()
    for _ in range(2):
        seen |= set(news.due(scene.desk).numbers)
        scene.sync()
        scene.clock.advance(FEW_MINUTES)
    assert _open(scene) == seen


def test_a_sync_that_finds_nothing_new_asks_the_same_however_many_failures_are_open(scene: Scene) -> None:
    few = of_a_sync(scene)
    add_failures(_file(scene), MORE - SOME, first=SOME)
    settled(scene)
    assert few == of_a_sync(settled(scene))


def test_a_receipt_that_a_dismissal_rests_on_is_news_for_other_payments(tmp_path: Path) -> None:
    made = a_scene(tmp_path)
    hooli = made.customer()
    made.invoice("1042", hooli, 50_000)
    receipt = made.ledger.enter_receipt(hooli.id, 70_000, "USD", date(2026, 3, 4), by="Erin", reference="TXN-9001, TXN-9002")
    made.pay("TXN-9001")
    made.sync()
    made.clock.advance(FEW_MINUTES)
    with made.db.read() as connection:
        look = looks.begun(connection, "acme", made.clock.now(), "")
    assert "done" == made.decide(Remedy.DISMISS, "TXN-9001", proof=[receipt.number])
    with made.db.read() as connection:
        assert (70_000, "USD") in looks.news(connection, "acme", look).amounts
    made.db.close()


def _open(scene: Scene) -> set[str]:
    with scene.db.read() as connection:
        return {number for _, number in looks.numbers(connection, "acme")}


def _last_of_turns(scene: Scene) -> str:
    """One that is not read by turns in the next look, by its number."""
    return min(_open(scene) - set(news.due(scene.desk).numbers) - {"TXN-1"}).removeprefix("F-")


FAILURE = Held("TX-000042", "tx000042", frozenset({"hooli"}), (50_000, "USD"), {"c1"}, {"i1"}, {"INV-7"}, {"r1"})


@pytest.mark.parametrize(
    ("what", "concerned"),
    [
        (News(), False),
        (News(payments=frozenset({"TX-000042"})), True),
        (News(customers=frozenset({"c2"}), names=frozenset({"globex"}), invoices=frozenset({"i2"})), False),
        (News(customers=frozenset({"c1"})), True),
        (News(names=frozenset({"hooli"})), True),
        (News(invoices=frozenset({"i1"})), True),
        (News(invoice_keys=frozenset({"inv7"})), True),
        (News(receipts=frozenset({"r1"}), customers=frozenset({"c2"})), True),
        (News(marks=frozenset({marker_stem("globex", "TX-000042")})), False),
        (News(marks=frozenset({marker_stem("acme", "TX-000042")})), True),
        (News(amounts=frozenset({(50_000, "EUR")})), False),
        (News(amounts=frozenset({(50_000, "USD")})), True),
        (News(starts=("a", "tx000042forinvoice7", "z")), True),
        (News(starts=("tx00004", "tx000043")), False),
        (News(starts=("tx00004",), cut=frozenset({"tx00004"})), True),
    ],
)
def test_news_concern_a_failure_by_whatever_its_evidence_may_rest_on(what: News, concerned: bool) -> None:
    assert concerned is concern("acme", what, FAILURE)
