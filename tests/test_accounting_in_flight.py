"""Calls that are on their way together: as many as the package takes, in their order, each counted, none after an error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from loopback import answered, serving
from makers import ManualClock
from quickbooks_scene import house_over_quickbooks
from scene import Scene
from stand_ins.serving import Faults
from xero_house import a_house

from accounting.calling import Calls
from accounting.quickbooks.description import CONNECTOR as QUICKBOOKS
from accounting.recent import Recent
from accounting.registry import CONNECTORS
from accounting.xero.description import CONNECTOR as XERO
from receivables import boundary
from receivables.errors import BooksUnavailable, Throttled

AT_ONCE = 5
PATIENCE_SECONDS = 20.0


class Letting:
    def authorization(self) -> str:
        return "Bearer made-up"

    def refused(self, authorization: str) -> None:
        raise AssertionError(authorization)


class SoMany:
    """A budget of so many calls; one more waits for an hour."""

    def __init__(self, left: int) -> None:
        self.left = left
        self._turn = threading.Lock()

    def take(self, company: str, calls: int) -> float:  # noqa: ARG002 (the words of the protocol)
        with self._turn:
            self.left -= 1
            return 0.0 if self.left >= 0 else 3600.0


class Books:
    """A server that notes what is asked, and how much of it at once."""

    def __init__(self, answer: Callable[[str, BaseHTTPRequestHandler], None]) -> None:
        self.asked: list[str] = []
        self.most = self._now = 0
        self._answer = answer
        self._turn = threading.Lock()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self._turn:
            self.asked.append(handler.path.rpartition("/")[2])
            self._now += 1
            self.most = max(self.most, self._now)
        self._answer(self.asked[-1], handler)
        with self._turn:
            self._now -= 1


@contextmanager
def calls_to(books: Books, *, budget: int = 1000, at_once: int = AT_ONCE) -> Iterator[Calls]:
    with serving(books) as port:
        calls = Calls(
            "acme",
            "The books",
            f"http://127.0.0.1:{port}/",
            access=Letting(),
            budget=SoMany(budget),
            clock=ManualClock(),
            pause=lambda _: None,
            at_once=at_once,
        )
        yield calls
        calls.close()


def asked_of(calls: Calls, places: int) -> list[object]:
    return calls.each(lambda place: calls.read("GET", str(place)).body, range(places))


def test_as_many_are_on_their_way_as_the_package_takes_and_answers_keep_their_order() -> None:
    together = threading.Barrier(AT_ONCE)

    def answer(path: str, handler: BaseHTTPRequestHandler) -> None:
        together.wait(PATIENCE_SECONDS)  # nobody is answered before so many are there
        answered(handler, 200, path.encode())

    books = Books(answer)
    with calls_to(books) as calls:
        assert [*range(3 * AT_ONCE)] == asked_of(calls, 3 * AT_ONCE)

    assert AT_ONCE == books.most
    assert {"read": 3 * AT_ONCE} == calls.counts.made


def test_threads_that_ask_by_themselves_keep_to_the_same_limit() -> None:
    books = Books(lambda path, handler: answered(handler, 200, path.encode()))
    with calls_to(books, at_once=2) as calls:
        threads = [threading.Thread(target=asked_of, args=(calls, 6)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert (18, True) == (len(books.asked), books.most <= 2)


def test_budget_left_for_three_makes_exactly_three_calls() -> None:
    books = Books(lambda path, handler: answered(handler, 200, path.encode()))
    with calls_to(books, budget=3) as calls, pytest.raises(Throttled):
        asked_of(calls, 20)

    assert 3 == len(books.asked)


@pytest.mark.parametrize(("status", "expected"), [(429, Throttled), (500, BooksUnavailable)])
def test_first_that_is_not_answered_ends_the_rest(status: int, expected: type[Exception]) -> None:
    failing = threading.Event()

    def answer(path: str, handler: BaseHTTPRequestHandler) -> None:
        if path == "0":
            failing.set()
            answered(handler, status, b"{}")
        else:
            failing.wait(PATIENCE_SECONDS)
            answered(handler, 200, b"{}")

    books = Books(answer)
    with calls_to(books, at_once=2) as calls, pytest.raises(expected):
        asked_of(calls, 200)

    assert len(set(books.asked)) < 200


def test_no_transaction_is_open_across_any_of_them_and_what_is_asked_afresh_stays_so() -> None:
    recent = Recent(ManualClock())
    recent.begin()
    recent.read_through("cdc")
    books = Books(lambda path, handler: answered(handler, 200, path.encode()))
    with calls_to(books) as calls:
        assert [True] * 3 == calls.each(lambda _: recent.was_read_through("cdc"), range(3))
        with recent.afresh():
            assert [False] * 3 == calls.each(lambda _: recent.was_read_through("cdc"), range(3))
        assert recent.was_read_through("cdc")
        with boundary.transaction(), pytest.raises(AssertionError, match="transaction is open"):
            asked_of(calls, 3)

    assert [] == books.asked


def test_only_xero_and_quickbooks_are_asked_several_things_at_once() -> None:
    several = {connector.package: connector.traits.at_once for connector in CONNECTORS.values() if connector.traits.at_once > 1}

    assert {XERO.package: 5, QUICKBOOKS.package: 10} == several


@pytest.mark.parametrize(("package", "numbers"), [("xero", 2_000), ("quickbooks", 600)])
def test_stand_in_sees_as_many_reads_at_once_as_the_package_takes(package: str, numbers: int, tmp_path: Path) -> None:
    with over(package, tmp_path) as (scene, faults):
        faults.slow_seconds = 0.3

        assert [] == scene.desk.books.invoices_numbered([f"{number:06}" for number in range(numbers)])

    assert Counter(reads=CONNECTORS[package].traits.at_once) == faults.most


@pytest.mark.parametrize("package", ["xero", "quickbooks"])
def test_a_sync_writes_one_by_one(package: str, tmp_path: Path) -> None:
    with over(package, tmp_path) as (scene, faults):
        customer = scene.customer()
        for number in range(3):
            scene.invoice(str(number), customer, 50_000)
            scene.pay(f"TXN-{number}", to={str(number): 50_000})
            scene.pay(f"TXN-ON-ACCOUNT-{number}", to={}, amount_minor=10_000 + number)
        faults.slow_seconds = 0.01

        counts = scene.sync()

    assert (6, 6, 1) == (counts.posted, counts.verified, faults.most["writes"])
    assert faults.most["reads"] > 1 or package == "quickbooks"


@pytest.mark.parametrize(
    ("package", "together"),
    [
        # the changes; settings, invoices, customers and their receipts; invoices and receipts once more; two writes; read back
        ("quickbooks", [1, 4, 2, 1, 1, 1]),
        # six lists, of which five fit; settings and the customers' receipts; receipts once more; two writes; read back
        ("xero", [5, 1, 2, 3, 1, 1, 4]),
    ],
)
def test_only_what_rests_on_an_answer_waits_for_it(package: str, together: list[int], tmp_path: Path) -> None:
    invoices, on_account = range(31), range(2)
    with over(package, tmp_path) as (scene, faults):
        customer = scene.customer()
        for number in invoices:
            scene.invoice(str(number), customer, 50_000)
        scene.sync()
        scene.clock.advance(3600)
        for number in invoices:
            scene.pay(f"TXN-{number}", to={str(number): 50_000})
        for number in on_account:
            scene.pay(f"TXN-ON-ACCOUNT-{number}", to={}, amount_minor=10_000 + number)
        faults.in_a_row, faults.together = 0, [*together]

        counts = scene.sync()

    assert (33, 33) == (counts.posted, counts.verified)
    assert (len(together), []) == (faults.in_a_row, faults.together)


@contextmanager
def over(package: str, folder: Path) -> Iterator[tuple[Scene, Faults]]:
    if package == "xero":
        with a_house(folder, check_contract=False) as house:
            yield house.scene, house.behind.xero.faults
    else:
        with house_over_quickbooks(folder) as (scene, quickbooks):
            yield scene, quickbooks.faults
