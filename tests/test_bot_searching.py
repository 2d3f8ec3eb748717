"""What /payments says of what it found, and of a number: never fewer than there are, never nothing where something is near."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from card_answers import DANA, a_busy_scene, asked, rooms_of
from makers import a_company, a_payment
from rows import a_company_row, a_payment_row
from scene import Scene, a_scene

from bot.rooms import Channel, Rooms
from receivables.authority import Right
from receivables.diagnosis import Remedy
from storage import hiding, search
from sync import searching


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """TXN-1 fails on a credit memo, TXN-2 was dismissed, TXN-3 is in the books; nothing here changes them."""
    made = a_busy_scene(tmp_path_factory.mktemp("busy"))
    yield made
    made.db.close()


def _labels(answer: dict[str, Any]) -> list[str]:
    """What its buttons say for the person."""
    elements = [element for block in answer["blocks"] for element in (*block.get("elements", ()), block.get("accessory", {}))]
    return [element["value"] for element in elements if str(element.get("action_id")).startswith("say/")]


def _said(answer: dict[str, Any]) -> str:
    return "\n".join(str(block["text"]["text"]) for block in answer["blocks"] if "text" in block)


# --- what nobody types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["page:" + 5_000 * "9", "\ud800 hooli", "\x00hooli", 700 * "a b ", '"%_\\ OR NEAR('])
def test_what_no_database_takes_is_answered_all_the_same(tmp_path: Path, typed: str) -> None:
    assert "found" in asked(rooms_of(a_scene(tmp_path)), f"search {typed}")["text"].lower()


# --- how many ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "said", "pages", "narrowing"),
    [
        (30, "30 payments found for “hooli”", "Page 1 of 3", False),
        (search.FOUND_AT_MOST + 9, f"At least {search.FOUND_AT_MOST} payments found for “hooli”", "Page 1 of 5", True),
    ],
)
def test_it_counts_what_there_is_or_says_that_there_may_be_more(
    tmp_path: Path, there: int, said: str, pages: str, narrowing: bool
) -> None:
    scene = a_scene(tmp_path)
    scene.feed(
        *(a_payment(transaction_number=f"T-{place}", amount_minor=500 + place, customer="Hooli") for place in range(there))
    )
    searching.run_once(scene.desk)
    answer = asked(rooms_of(scene), "search hooli")
    assert (said, True, narrowing) == (answer["text"], pages in str(answer["blocks"]), search.NOT_ALL in str(answer["blocks"]))
    assert ["search hooli page:2"] == _labels(answer)
    second = asked(rooms_of(scene), "search hooli page:2")
    assert ["search hooli page:1", "search hooli page:3"] == _labels(second)
    assert set(_said(answer).splitlines()) & set(_said(second).splitlines()) == {_said(answer).splitlines()[0]}
    scene.db.close()


def test_hidden_payments_are_said_and_listed(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    scene.feed(*(a_payment(transaction_number=f"T-{place}", customer="Hooli") for place in range(3)))
    with scene.desk.work("dana") as work:
        for number in ("T-0", "T-1"):
            hiding.hide(work, number, hidden=True)
    rooms = rooms_of(scene)
    answer = asked(rooms, "search hooli")
    assert "1 payment found for “hooli”" == answer["text"]
    assert "2 hidden payments match" in str(answer["blocks"])
    assert ["search hooli hidden:only"] == _labels(answer)
    hidden = asked(rooms, _labels(answer)[0])
    assert ["T-0", "T-1"] == sorted(line.partition(" ")[0] for line in _said(hidden).splitlines() if "(hidden)" in line)
    assert "payment-unhide acme T-0" in str(hidden["blocks"])
    assert "Nothing found for “globex”" == asked(rooms, "search globex")["text"]
    scene.db.close()


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("search kind:invoice 1042", "1 document found for “kind:invoice 1042”"),
        ("search kind: credit-memo", "1 document found for “kind: credit-memo”"),
        ("search kind:receipts", "2 documents found for “kind:receipts”"),
        ("search 120.00", "1 document found for “120.00”"),
        ("search amount:$500.00 kind:payment,invoice", "3 payments and 3 documents found for"),
        ("search amount:5 hooli", "Nothing found for “amount:5 hooli”"),  # $5.00 is not ¥500
        ("search hooli status:failing", "1 payment found for “hooli status:failing”"),
        ("search hooli after:2026-03-03 before:2026-03-04 kind:payment", "3 payments found for"),
        ("search hooli before:2026-03-03 kind:payment", "Nothing found for"),
        ("search hooli company:ACME kind:customer", "1 document found for"),
        ("search hooli kind:invoice", "3 documents found for"),  # by whose they are
        ("search nobody kind:invoice", "Nothing found for"),
        ("search INV:1042", "Nothing found for “INV:1042”"),  # no filter of ours: a text
    ],
)
def test_filters_narrow(busy: Scene, typed: str, found: str) -> None:
    assert found in asked(rooms_of(busy), typed)["text"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("kind:check", "“check” is not a kind. Kinds: payment, invoice, customer, credit-memo, receipt."),
        ("amount:much", "Write an amount in digits, such as amount:500 or amount:1,250.00."),
        ("after:3/1/2026", "Write the day as year, month, day, such as after:2026-03-01."),
        ("before:tomorrow", "Write the day as year, month, day, such as before:2026-03-01."),
        ("status:lost", "“lost” is not a status. Statuses: received, posting, posted, verified, failed, dismissed, excluded, "),
        ("company:globex", "“globex” is not a company that you can see. Write company:acme."),
        ("hidden:maybe", "Write hidden:yes to search hidden payments too, or hidden:only for nothing else."),
    ],
)
def test_a_filter_that_says_nothing_is_answered_with_what_to_write(busy: Scene, typed: str, told: str) -> None:
    assert asked(rooms_of(busy), f"search hooli {typed}")["text"].startswith(told)


# --- a number ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["TXN-3", "txn-3", "Txn 3", "show txn-3", "SHOW TXN-3"])
def test_a_number_in_any_case_and_form_shows_the_payment(busy: Scene, typed: str) -> None:
    assert ("Payment TXN-3", True) == ((told := asked(rooms_of(busy), typed))["text"], "Record receipt" in str(told["blocks"]))


@pytest.mark.parametrize(
    ("typed", "told", "offered"),
    [
        ("1042", "1 payment and 1 document found for “1042”", []),
        ("hooli", "3 payments and 1 document found for “hooli”", []),
        ("TXN-11", "Nothing here is called “TXN-11”. Did you mean TXN-1?", ["TXN-1"]),
        ("show TXN-11", "Payment TXN-11 is not known here. Did you mean TXN-1?", ["show TXN-1"]),
        ("why does TXN-33 fail?", "Payment TXN-33 is not known here. Did you mean TXN-3?", ["why TXN-3"]),
        ("search Holi", "Nothing found for “Holi”. Did you mean Hooli?", ["search Hooli"]),
        ("serach TXN-x", "Nothing here is called “serach TXN-x”. Did you mean search TXN-x?", ["search TXN-x"]),
        ("failng", "Nothing here is called “failng”. Did you mean failing?", ["failing"]),
        ("zebra", "Nothing here is called “zebra”.", []),
        ("show zebra", "Payment zebra is not known here. Use /payments search with part of its number.", []),
    ],
)
def test_what_is_found_or_near_is_told(busy: Scene, typed: str, told: str, offered: list[str]) -> None:
    answer = asked(rooms_of(busy), typed)
    assert (told, offered) == (answer["text"], _labels(answer))


def test_a_payment_that_just_came_in_is_known_by_its_number(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    scene.pay("TXN-77")
    assert "Payment TXN-77" == asked(rooms_of(scene), "txn-77")["text"]
    scene.db.close()


@pytest.fixture
def two_companies(tmp_path: Path) -> Iterator[Rooms]:
    """Acme and Globex, each with a TXN-1; Dana belongs to both."""
    scene = a_scene(tmp_path)
    with scene.db.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
            a_payment_row(connection, company, number_key="txn1")
    rooms, globex = rooms_of(scene), a_company(id="globex", name="Globex")
    dana = replace(DANA, rights=(*DANA.rights, Right("globex", Remedy.RETRY, "USD", 100)))
    yield replace(rooms, channels={**rooms.channels, "globex": Channel(globex, "C1", "C2")}, people={"dana": dana})
    scene.db.close()


@pytest.mark.parametrize("verb", ["show", "why", "hide", "unhide"])
def test_a_number_that_two_companies_have_asks_which(two_companies: Rooms, verb: str) -> None:
    answer = asked(two_companies, f"{verb} TXN-1")
    assert "Payment TXN-1 is in 2 companies. Which one: Acme Networks or Globex?" == answer["text"]
    (asking,) = answer["blocks"][1:]
    assert [f"{verb} acme TXN-1", f"{verb} globex TXN-1"] == [element["value"] for element in asking["elements"]]
    assert "Which one?" not in asked(two_companies, f"{verb} TXN-1 company:globex")["text"]


def test_whoever_sees_several_companies_reads_in_lists_and_windows_which_it_is(two_companies: Rooms) -> None:
    listed = [block["text"]["text"] for block in asked(two_companies, "search txn-1")["blocks"] if block["type"] == "section"]
    assert ["Acme Networks", "Globex"] == sorted(line.rpartition(" · ")[2] for line in listed[1:])
    window = asked(two_companies, "show TXN-1 company:globex")["blocks"]
    of_acme = replace(two_companies, people={"dana": DANA})
    alone = [str(asked(of_acme, said)["blocks"]) for said in ("search txn-1", "show TXN-1")]
    assert ("Company: Globex" in str(window), False) == (True, any("Acme Networks" in shown for shown in alone))


def test_two_numbers_that_differ_in_form_only_ask_which(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    scene.feed(a_payment(transaction_number="TX-7"), a_payment(transaction_number="tx7", customer="Globex"))
    answer = asked(rooms_of(scene), "why TX 7")
    assert "Several payments are called so. Which one?" == answer["text"]
    assert ["why TX-7 company:acme", "why tx7 company:acme"] == sorted(_labels(answer))
    assert "Payment tx7 is not failing. It waits for the next sync, which posts it." == asked(rooms_of(scene), "why tx7")["text"]
    scene.db.close()


def test_a_company_of_others_is_not_found(two_companies: Rooms) -> None:
    of_acme = replace(two_companies, people={"dana": DANA})
    assert "1 payment found for “txn-1”" == asked(of_acme, "search txn-1")["text"]
    assert "Payment TXN-1" == asked(of_acme, "TXN-1")["text"]
    assert "is not a company that you can see" in asked(of_acme, "show TXN-1 company:globex")["text"]


# --- why --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["why TXN-1", "why did txn-1 fail?", "Why is payment “TXN-1” failing"])
def test_why_says_what_was_found_what_was_checked_and_what_would_end_it(busy: Scene, typed: str) -> None:
    answer = asked(rooms_of(busy), typed)
    assert answer["text"].startswith("Payment TXN-1: ")
    told = _said(answer)
    assert "Credit memo CM-77 was applied to invoice 1042 for $120.00" in told
    assert "customer Hooli, invoice 1042 with its credits and receipts from" in told
    assert "What would end it: Unapply credit memo." in told
    assert "Resolve Now" in str(answer["blocks"][-1])


def test_why_of_a_payment_that_is_not_failing_says_where_it_stands(busy: Scene) -> None:
    stands = {number: asked(rooms_of(busy), f"why {number}")["text"] for number in ("TXN-2", "TXN-3")}
    assert stands["TXN-2"].startswith("Payment TXN-2 is not failing. It was dismissed: nothing is posted for it. It failed on")
    assert stands["TXN-3"].startswith("Payment TXN-3 is not failing. It is in the books, as receipt ")
