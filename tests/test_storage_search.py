"""Search finds what people remember, by index, on both kinds of database; and says what it does not know yet."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from makers import START, a_payment
from rows import a_company_row, a_payment_row, at_work
from scene import Scene, a_scene

from receivables.books_records import Gone
from receivables.payment import Allocation
from receivables.twins import folded
from storage import corrections, hiding, mirror, schema, search, searchable
from storage.engine import Database
from storage.schema import searching
from storage.search import DOCUMENTS, PAYMENTS, Found, Hidden, Looks, Wanted
from sync import searching as learning


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = a_scene(tmp_path, url=database_url)
    yield made
    made.db.close()


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
    yield database
    database.close()


def _find(db: Database, text: str, *companies: str, **narrowed: Any) -> list[Found]:
    with db.read() as connection:
        return search.find(connection, Wanted(companies or ("acme",), text, **narrowed))


def _numbers(db: Database, text: str, *companies: str, **narrowed: Any) -> list[str]:
    return [found.number or found.name for found in _find(db, text, *companies, **narrowed)]


def _learn(db: Database, *companies: str) -> None:
    for company in companies or ("acme",):
        while True:
            with db.read() as connection:
                noted = searchable.read(connection, company, lambda _day: START)
            if not noted.notes:
                break
            with at_work(db, company) as work:
                searchable.write(work, noted)


def _taken_in(scene: Scene) -> None:
    """Three payments of three customers, searchable."""
    hooli, ada = scene.customer("Hooli, Inc."), scene.customer("Ada MÜLLER GmbH")
    scene.invoice("INV-1042", hooli, 50_000)
    scene.invoice("77", ada, 12_345)
    scene.pay("TXN-1", 50_000, {"INV-1042": 50_000}, customer="Hooli, Inc.")
    scene.pay("TXN-12", 12_345, {"77": 12_345}, customer="Ada MÜLLER GmbH")
    scene.pay("p%y_3\\", 990, {"none": 990}, customer="Smith & Sons")
    scene.sync()
    scene.sync()  # reads what the first one wrote
    learning.run_once(scene.desk)


# --- what is found ----------------------------------------------------------------------------------------------------


def test_payments_are_found_by_what_people_remember_of_them(scene: Scene) -> None:
    _taken_in(scene)
    remembered = {
        "txn-1": ["TXN-1", "TXN-12"],  # what reads exactly so comes first
        "XN-12": ["TXN-12"],
        "hooli": ["TXN-1"],
        "ooli, in": ["TXN-1"],
        "müller": ["TXN-12"],
        "MÜLLER ada": ["TXN-12"],
        "hooli müller": [],
        "v-1042": ["TXN-1"],
        "inv-1042 hooli": ["TXN-1"],
        "123.45": ["TXN-12"],
        "$500": ["TXN-1"],
        "500.00": ["TXN-1"],
        "tx": ["TXN-1", "TXN-12"],
        "p%y_3\\": ["p%y_3\\"],
        "%": ["p%y_3\\"],
        "___": [],
        "%%%": [],
        '"tx" OR': [],
        "& s": ["p%y_3\\"],
        "nothing like it": [],
        "5.²": [],  # a digit that no amount has
        "hooli\0": ["TXN-1"],  # what no database takes in a text
        "\ud83d müller": ["TXN-12"],
        "x" * 10_000: [],
    }
    assert remembered == {text: sorted(_numbers(scene.db, text, kinds=PAYMENTS)) for text in remembered}
    assert "TXN-1" == _numbers(scene.db, "txn-1", kinds=PAYMENTS)[0]


def test_documents_of_the_books_are_found_by_number_name_id_and_amount(scene: Scene) -> None:
    _taken_in(scene)
    (invoice,) = [found for found in _find(scene.db, "inv-1042", kinds=DOCUMENTS) if found.kind == "invoice"]
    assert ("INV-1042", 50_000, "USD", "paid") == (invoice.number, invoice.amount_minor, invoice.currency, invoice.state)
    assert [invoice] == _find(scene.db, f"#{invoice.id}", kinds=DOCUMENTS)
    assert ["Ada MÜLLER GmbH"] == _numbers(scene.db, "ada mül", kinds=("customer",))
    assert {"invoice", "receipt"} == {found.kind for found in _find(scene.db, "123.45", kinds=DOCUMENTS)}


def test_what_is_wanted_narrows(scene: Scene) -> None:
    _taken_in(scene)
    narrowed: list[tuple[dict[str, Any], list[str]]] = [
        ({"kinds": PAYMENTS, "amounts_minor": [50_000]}, ["TXN-1"]),
        ({"kinds": PAYMENTS, "states": ["failed", "received"]}, ["p%y_3\\"]),
        ({"kinds": ("invoice",), "states": ["paid"]}, ["77", "INV-1042"]),
        ({"kinds": ("invoice",), "states": ["open"]}, []),
        ({"kinds": PAYMENTS, "after": {"acme": START + timedelta(days=900)}}, []),
        ({"kinds": ("invoice",), "before": {"acme": START - timedelta(days=900)}}, []),
        ({"kinds": ("customer",)}, ["Ada MÜLLER GmbH", "Hooli, Inc."]),
    ]
    assert [expected for _, expected in narrowed] == [sorted(_numbers(scene.db, "", **wanted)) for wanted, _ in narrowed]


def test_hidden_payments_are_found_only_when_asked_for(scene: Scene) -> None:
    _taken_in(scene)
    with scene.desk.work("dana") as work:
        hiding.hide(work, "TXN-1", hidden=True)
    assert ["TXN-12"] == _numbers(scene.db, "txn-1", kinds=PAYMENTS)
    shown = _find(scene.db, "txn-1", kinds=PAYMENTS, hidden=Hidden.YES)
    assert [("TXN-1", True), ("TXN-12", False)] == [(found.number, found.hidden) for found in shown]


def test_only_the_companies_that_are_asked_are_searched(db: Database) -> None:
    with db.work() as connection:
        a_payment_row(connection, "acme", "TXN-1")
        a_payment_row(connection, "globex", "TXN-1")
    _learn(db, "acme", "globex")
    assert [("globex", "TXN-1")] == [(found.company, found.number) for found in _find(db, "txn", "globex")]
    assert ["acme", "globex"] == sorted(found.company for found in _find(db, "hooli", "acme", "globex"))
    assert [] == _find(db, "hooli", "initech")


def test_the_newest_are_found_of_many_and_what_reads_exactly_so_before_them(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "NEWEST", 70)
    with db.work() as connection:
        for day in range(100):
            customer = "Initech" if day < 5 else "Hooli"
            a_payment_row(connection, number=f"T-{day}", customer=customer, paid_at=START + timedelta(days=day))
    _learn(db)
    newest = [f"T-{day}" for day in range(99, 49, -1)]
    assert newest == _numbers(db, "ooli")
    assert "T-1" == _numbers(db, "t-1")[0]
    assert [f"T-{day}" for day in range(4, -1, -1)] == _numbers(db, "nitec")  # none of them is among the newest


def test_what_is_found_is_what_holds_every_word(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NEWEST", 20)
    chance = random.Random(8)
    names = ["Ada Straße", "Smith & Sons", 'O"Neil', "50% Off_Ltd", "株式会社 東京", "Žižkov", "a", "ab", "Back\\slash"]
    with db.work() as connection:
        for number in range(300):
            a_payment_row(
                connection,
                number=f"pi_{chance.randrange(10**6)}-{number}",
                customer=chance.choice(names) + f" {chance.randrange(40)}",
                paid_at=START + timedelta(minutes=chance.randrange(10**5)),
            )
    _learn(db)
    with db.read() as connection:
        held = [(row.number, row.doc) for row in connection.execute(sa.select(schema.searchable))]
    for _ in range(120):
        doc = chance.choice(held)[1]
        at = chance.randrange(len(doc) - 3)
        text = doc[at : at + chance.randrange(3, 12)]
        words = folded(text).split()
        if not any(len(word) >= 3 for word in words):
            continue
        expected = {number for number, of in held if all(word in of for word in words)}
        found = {folded(number) for number in _numbers(db, text)}
        assert found == expected or (len(found) == search.FOUND_AT_MOST and found < expected), text


# --- what search knows ------------------------------------------------------------------------------------------------


def test_nothing_is_written_for_search_when_payments_come_in_and_they_are_found_all_the_same(scene: Scene) -> None:
    scene.feed(*(a_payment(transaction_number=f"TXN-{number}", customer="Hooli") for number in range(3)))
    with scene.desk.work("dana") as work:
        hiding.hide(work, "TXN-2", hidden=True)
    narrowed: list[dict[str, Any]] = [{}, {"hidden": Hidden.ONLY}, {"states": ["verified"]}, {"kinds": ("invoice",)}]
    found = [sorted(_numbers(scene.db, "hooli", **wanted)) for wanted in narrowed]
    with scene.db.read() as connection:
        assert 0 == connection.execute(sa.select(sa.func.count()).select_from(schema.searchable)).scalar_one()
        assert [] == search.caveats(connection, ["acme"])
    learning.run_once(scene.desk)
    assert [["TXN-0", "TXN-1"], ["TXN-2"], [], []] == found
    assert found == [sorted(_numbers(scene.db, "hooli", **wanted)) for wanted in narrowed]


def test_what_came_in_more_than_search_looks_through_is_counted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searchable, "AT_ONCE", 2)
    scene.feed(*(a_payment(transaction_number=f"TXN-{number}", customer="Hooli") for number in range(3)))
    with scene.db.read() as connection:
        assert ["3 of 3 payments are not searchable yet."] == search.caveats(connection, ["acme"])


def test_a_correction_is_found_by_its_new_words_and_not_by_its_old_ones(scene: Scene) -> None:
    scene.pay("TXN-1", customer="Hooli")
    learning.run_once(scene.desk)
    respelled = replace(scene.payment().payment, customer="Initech", allocations=(Allocation(50_000, "INV-9"),))
    with scene.desk.work() as work:
        assert corrections.respell(work, scene.payment(), respelled)
    assert ([], ["TXN-1"]) == (_numbers(scene.db, "hooli", kinds=PAYMENTS), _numbers(scene.db, "initech", kinds=PAYMENTS))
    learning.run_once(scene.desk)
    texts = ("hooli", "1042", "initech", "inv-9")
    assert [[], [], ["TXN-1"], ["TXN-1"]] == [_numbers(scene.db, text, kinds=PAYMENTS) for text in texts]


def test_what_the_books_rename_or_delete_is_found_as_it_is_now(scene: Scene) -> None:
    hooli = scene.customer("Hooli")
    invoice = scene.invoice("1042", hooli, 50_000)
    scene.sync()
    learning.run_once(scene.desk)
    with scene.desk.work() as work:
        mirror.take_over(work, [replace(hooli, name="Initech")], [Gone("invoice", invoice.id)])
    learning.run_once(scene.desk)
    assert [] == _find(scene.db, "hooli", kinds=DOCUMENTS)
    assert ["Initech"] == _numbers(scene.db, "initech", kinds=DOCUMENTS)
    assert ["deleted"] == [found.state for found in _find(scene.db, "1042", kinds=DOCUMENTS)]


def test_a_document_that_only_was_paid_is_not_learned_again(scene: Scene) -> None:
    _taken_in(scene)
    invoice = scene.ledger.invoices()[0]
    with scene.desk.work() as work:
        table = schema.mirror
        here = (table.c.kind == "invoice", table.c.document_id == invoice.id)
        body = work.connection.execute(sa.select(table.c.body).where(*here)).scalar_one()
        paid = {"body": body | {"open_minor": 1, "version": "99"}, "number": invoice.number, "name": "", "version": "99"}
        work.connection.execute(sa.update(table).where(*here).values(**paid))
    with scene.db.read() as connection:
        assert not searchable.read(connection, "acme", lambda _day: START).notes


def test_what_changes_between_reading_and_writing_is_learned_next(db: Database) -> None:
    with db.work() as connection:
        a_payment_row(connection)
    with db.read() as connection:
        before = searchable.read(connection, "acme", lambda _day: START)
    with db.work() as connection:
        connection.execute(sa.update(schema.payment).values(customer="Initech", content_hash="1" * 64))
    with at_work(db) as work:
        assert 1 == searchable.write(work, before)
    _learn(db)
    assert (["TXN-1"], []) == (_numbers(db, "initech"), _numbers(db, "hooli"))


def test_who_read_earlier_never_overwrites_what_another_process_learned_later(db: Database) -> None:
    with db.work() as connection:
        a_payment_row(connection)
    with db.read() as connection:
        early = searchable.read(connection, "acme", lambda _day: START)
    with db.work() as connection:
        connection.execute(sa.update(schema.payment).values(customer="Initech", content_hash="1" * 64))
    _learn(db)
    with at_work(db) as work:
        assert 0 == searchable.write(work, early)
    assert (["TXN-1"], []) == (_numbers(db, "initech"), _numbers(db, "hooli"))


def test_a_step_is_bounded_and_its_statements_do_not_grow_with_its_rows(scene: Scene) -> None:
    statements: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement))
    counted = []
    for count in (5, searchable.AT_ONCE + 5):
        scene.feed(*(a_payment(transaction_number=f"TXN-{count}-{number}", customer=f"C {number}") for number in range(count)))
        with scene.db.read() as connection:
            statements.clear()
            noted = searchable.read(connection, "acme", scene.desk.company.start_of)
        with scene.desk.work() as work:
            learned = searchable.write(work, noted)
        assert min(count, searchable.AT_ONCE) == learned
        counted.append(len([said for said in statements if said.lstrip().startswith(("SELECT", "INSERT", "DELETE", "UPDATE"))]))
    assert counted[0] == counted[1] <= 9


# --- by index ---------------------------------------------------------------------------------------------------------


MANY = """INSERT INTO searchable (company, kind, document_id, number, doc, amount_minor, at)
    SELECT CASE WHEN n % 5 = 0 THEN 'acme' ELSE 'globex' END, 'payment', 'P-' || n, number, number || ' c' || n % 997,
           n % 4999, timestamptz '2026-01-01' + n * interval '1 minute'
    FROM (SELECT n, CASE WHEN n % 100 = 0 THEN 'tx-' ELSE 'pi-' END || n AS number FROM generate_series(1, 20000) n) rows"""


@pytest.fixture
def many(db: Database) -> Database:
    """Enough rows for PostgreSQL, which reads a small table whole; SQLite plans without looking at them."""
    if db.dialect == "postgresql":
        with db.work() as connection:
            connection.execute(sa.text(MANY))
            connection.execute(sa.text("ANALYZE searchable"))
    return db


def _plan(db: Database, look: Callable[[Looks], sa.Select[Any]], text: str, *companies: str) -> str:
    with db.read() as connection:
        asked = look(Looks(connection, Wanted(companies or ("acme",), text))).compile(
            connection, compile_kwargs={"literal_binds": True}
        )
        how = "EXPLAIN " if db.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
        return "\n".join(str(row[-1]) for row in connection.execute(sa.text(how + str(asked).replace("%%", "%"))))


@pytest.mark.parametrize(
    ("look", "text", "index"),
    [
        (Looks.exactly, "txn-1", "ix_searchable_by_number"),
        (Looks.exactly, "txn-1", "uq_searchable_document"),
        (Looks.beginning, "pi-1234", "ix_searchable_by_number"),
        (Looks.among_newest, "hooli", "ix_searchable_newest"),  # of the company, or of all where most are its own
        (Looks.everywhere, "380.00", "ix_searchable_by_amount"),
        (Looks.everywhere, "tx", "ix_searchable_by_number"),
    ],
)
def test_each_look_goes_by_its_index(many: Database, look: Callable[[Looks], sa.Select[Any]], text: str, index: str) -> None:
    plan = _plan(many, look, text)
    assert index in plan, plan
    assert "SCAN searchable\n" not in plan + "\n", plan


def test_an_amount_goes_by_its_index_without_looking_at_other_rows(many: Database) -> None:
    with many.read() as connection:
        (asked,) = Looks(connection, Wanted(("acme",), amounts_minor=[38_000])).in_turn()
    plan = _plan(many, lambda _: asked, "")
    assert "ix_searchable_by_amount" in plan, plan
    assert "ix_searchable_newest" not in plan, plan


def test_the_inside_of_words_goes_by_what_three_characters_stand_where(many: Database) -> None:
    for text in ("hooli", "ooli 1042", "50% off"):
        plan = _plan(many, Looks.everywhere, text)
        assert {"sqlite": "VIRTUAL TABLE INDEX", "postgresql": searching.INSIDE_POSTGRESQL}[many.dialect] in plan, plan
        assert "SCAN searchable\n" not in plan + "\n", plan


def test_of_several_companies_the_newest_of_all_are_looked_through(many: Database) -> None:
    plan = _plan(many, Looks.among_newest, "hooli", "acme", "globex")
    assert "ix_searchable_newest" in plan, plan
    assert "ix_searchable_newest_of" not in plan, plan


# --- a PostgreSQL that does not let us --------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite always finds the inside of words
def test_without_the_extensions_beginnings_are_found_and_search_says_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NEWEST", 1)
    with db.work() as connection:
        connection.execute(sa.text("DROP EXTENSION pg_trgm CASCADE"))
        connection.execute(sa.text("CREATE ROLE nobody_special"))
        connection.execute(sa.text("GRANT USAGE ON SCHEMA public TO nobody_special"))
    try:
        with db.work() as connection:
            connection.execute(sa.text("SET LOCAL ROLE nobody_special"))
            searchable.make_inside(connection)
            assert not searchable.finds_inside(connection)
        with db.work() as connection:
            for number in ("TXN-1", "TXN-2"):
                a_payment_row(connection, number=number)
        _learn(db)
        assert ["TXN-1", "TXN-2"] == sorted(_numbers(db, "txn"))
        assert ["TXN-1"] == _numbers(db, "txn-1")
        with db.work() as connection:
            assert [search.ONLY_BEGINNINGS] == search.caveats(connection, ["acme"])
            searchable.make_inside(connection)
            assert [] == search.caveats(connection, ["acme"])
    finally:
        with db.work() as connection:
            connection.execute(sa.text("DROP OWNED BY nobody_special"))
            connection.execute(sa.text("DROP ROLE nobody_special"))
