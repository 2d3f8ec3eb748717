"""Many payments are taken in together, with the same few statements, and each becomes what it would have become alone."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from command_line import PAYMENT_COLUMNS
from makers import CHICAGO, a_company, a_payment
from scene import Payments, Scene, a_scene

from feeds.csv_file import CsvFile
from receivables.payment import Allocation, FeedStatus, Payment, PaymentState
from storage import alike, audit, schema
from storage.engine import Database
from sync import intake
from sync.intake import ROWS_OF_A_REPEAT, ROWS_PER_CHUNK, IntakeCounts
from sync.money_back import FEED

PAID = datetime(2026, 3, 3, 16, 15, 7, tzinfo=UTC)
FEW, MANY = 10, 300


def a_line(place: int, *, number: str = "TXN", days: int = 0, **changes: object) -> Payment:
    """A payment like those of a file: no two alike, one or three invoices, with a fee."""
    amounts = [1_000 + place, 50, 70][: 1 if place % 5 else 3]
    made = a_payment(
        transaction_number=f"{number}-{place}",
        customer=f"Customer {place % 7}",
        customer_id=f"{place % 7}" if place % 2 else "",
        amount_minor=sum(amounts),
        allocations=tuple(Allocation(minor, f"INV-{place}-{line}") for line, minor in enumerate(amounts)),
        paid_at=PAID + timedelta(days, place),
        has_time=True,
    )
    return replace(made, fee_minor=30, **changes)  # type: ignore[arg-type]


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = a_scene(tmp_path, url=database_url, company=a_company())
    made.feed()
    yield made
    made.db.close()
    made.ledger.close()


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """The statements that reach the driver meanwhile."""
    said: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    with db.work() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_cursor_execute", count)
    yield said
    sa.event.remove(engine, "before_cursor_execute", count)


def take(scene: Scene, given: Iterable[Payment]) -> IntakeCounts:
    """All of them in one transaction."""
    counts = IntakeCounts()
    arrivals = [intake.arriving(scene.desk, payment, "p.csv") for payment in given]
    with scene.desk.work("feed") as work:
        intake.take(work, scene.desk, arrivals, counts)
    return counts


def statements(scene: Scene, given: Iterable[Payment]) -> int:
    with counted(scene.db) as said:
        take(scene, given)
    return len(said)


def test_statements_do_not_grow_with_the_lines(opened: Scene) -> None:
    """New payments, the same again, twins of theirs, twins of one another, and some whose money is gone, told twice."""
    take(opened, [a_line(0, number="first")])
    made = []
    for days, count in ((10, FEW), (20, MANY)):
        new = [a_line(place, number=f"A{days}", days=days) for place in range(count)]
        twins = [replace(payment, transaction_number=f"again-{payment.transaction_number}") for payment in new]
        pairs = [a_line(place, number=f"{form}{days}", days=days + 1) for form in "BC" for place in range(count // 2)]
        gone = [a_line(place, number=f"D{days}", days=days + 2, status=FeedStatus.RETURNED) for place in range(count)]
        take(opened, gone)  # receipts of theirs are looked for in slices
        made.append([statements(opened, given) for given in (new, new, twins, pairs, gone)])
    assert made[0] == made[1]
    assert max(made[0]) <= 17


def test_the_record_holds_one_row_for_each_payment_and_is_whole(opened: Scene) -> None:
    take(opened, [a_line(place) for place in range(FEW)])
    with opened.db.read() as connection:
        received = sa.select(schema.audit.c.transaction_number).where(schema.audit.c.action == "payment.received")
        assert sorted(f"TXN-{place}" for place in range(FEW)) == sorted(connection.execute(received).scalars())
        assert audit.verify(connection, "acme") is None


def a_mix(seed: int) -> list[Payment]:
    """Payments of which many are probably others again, in all the ways that there are."""
    chance = random.Random(seed)
    numbers = [f"{zeros}{form}{place}" for place in range(4) for form in ("tx-", "TX", "ref ") for zeros in ("", "00")]
    chance.shuffle(numbers)
    made = []
    for number in numbers:
        line = a_line(
            chance.randrange(2), customer_id=chance.choice(["", "7"]), customer=chance.choice(["Hooli", "HOOLI", "Globex"])
        )
        at = chance.choice(
            [PAID, PAID + timedelta(microseconds=5), PAID + timedelta(seconds=1), datetime(2025, 5, 5, 9, tzinfo=UTC)]
        )
        method, status = chance.choice(["card", "Card", "ach"]), chance.choice([*[FeedStatus.PAID] * 5, FeedStatus.RETURNED])
        made.append(
            replace(line, transaction_number=number, paid_at=at, method=method, has_time=chance.random() < 0.8, status=status)
        )
    return made


def what_became(scene: Scene) -> tuple[object, ...]:
    with scene.db.read() as connection:
        table, twin, failure = schema.payment, schema.twin, schema.failure
        stood = connection.execute(
            sa.select(table.c.transaction_number, table.c.state, table.c.bucket, table.c.excluded_by).order_by(
                table.c.transaction_number
            )
        ).all()
        pairs = connection.execute(
            sa.select(twin.c.transaction_number, twin.c.other_number, twin.c.alike).order_by(*twin.primary_key)
        ).all()
        held = connection.execute(
            sa.select(failure.c.transaction_number, failure.c.opened_because, failure.c.held).order_by(
                failure.c.transaction_number
            )
        ).all()
        cards = connection.execute(sa.select(sa.func.count()).select_from(schema.outbox)).scalar_one()
    return stood, pairs, held, cards


@pytest.mark.parametrize("seed", range(3))
def test_together_or_one_by_one_they_become_the_same(seed: int, tmp_path: Path) -> None:
    became = []
    for name, at_once in (("together", None), ("alone", 1)):
        (tmp_path / name).mkdir()
        scene = a_scene(tmp_path / name, company=a_company())
        scene.feed()
        given = a_mix(seed)
        for start in range(0, len(given), at_once or len(given)):
            take(scene, given[start : start + (at_once or len(given))])
        became.append(what_became(scene))
        scene.db.close()
        scene.ledger.close()
    assert became[1] == became[0]
    assert became[0][1]


def test_what_a_feed_says_twice_of_one_payment_is_taken_in_its_order(scene: Scene) -> None:
    scene.feed()
    counts = take(scene, [a_line(1), a_line(2), a_line(1, status=FeedStatus.RETURNED), a_line(2)])
    assert (2, 1, 1) == (counts.new, counts.conflicts, counts.same)
    assert PaymentState.EXCLUDED is scene.payment("TXN-1").state


def test_of_two_imports_at_once_each_payment_is_taken_by_one(opened: Scene, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = a_scene(tmp_path / "other", url=opened.db.url.render_as_string(hide_password=False), company=a_company())
    lines = [a_line(place) for place in range(MANY)]

    def run(scene: Scene) -> IntakeCounts:
        return intake.run_once(scene.desk, Payments(tuple(lines), digest=f"of {id(scene)}"))

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(run, (opened, other)))
    other.db.close()
    other.ledger.close()
    assert (MANY, MANY, 0) == tuple(sum(getattr(counts, name) for counts in both) for name in ("new", "same", "twins"))


def test_a_chunk_is_what_one_transaction_may_write(scene: Scene) -> None:
    wide = [
        a_payment(transaction_number=f"W-{place}", amount_minor=200, allocations=tuple(Allocation(1, str(n)) for n in range(200)))
        for place in range(12)
    ]
    lines = [intake.arriving(scene.desk, payment, "p.csv") for payment in (*wide, *(a_line(place) for place in range(MANY)))]
    chunks = list(intake.chunks(iter(lines)))
    assert lines == [arrival for chunk in chunks for arrival in chunk]
    assert all(sum(2 + len(arrival.lines) for arrival in chunk) <= ROWS_PER_CHUNK for chunk in chunks)
    assert [4, 4] == [len(chunk) for chunk in chunks[:2]]


def test_a_number_that_a_file_repeats_is_judged_alone_and_few_times_in_a_transaction(opened: Scene) -> None:
    same = (intake.arriving(opened.desk, a_payment(), "p.csv") for _ in range(50))
    assert max(len(chunk) for chunk in intake.chunks(same)) == ROWS_PER_CHUNK // ROWS_OF_A_REPEAT


def living_payments() -> int:
    return sum(type(thing) is Payment for thing in gc.get_objects())


def test_a_long_file_is_never_in_memory(scene: Scene, tmp_path: Path) -> None:
    many = 1_200
    file = tmp_path / "long.csv"
    moments = ((PAID + timedelta(seconds=place)).isoformat() for place in range(many))
    lines = (f"TXN-{place},Hooli,5.00,USD,{moment},card," for place, moment in enumerate(moments))
    file.write_text("\n".join([",".join(PAYMENT_COLUMNS), *lines]), encoding="utf-8")
    seen: list[int] = []
    feed = CsvFile(file, scene.desk.company)
    before = living_payments()
    counts = intake.run_once(
        scene.desk, feed, lambda done: seen.append(living_payments() - before) if not seen and done > many // 2 else None
    )
    assert many == counts.new
    assert max(seen) <= ROWS_PER_CHUNK


def test_no_file_is_read_while_a_transaction_is_open(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "payments.csv"
    file.write_text("\n".join([",".join(PAYMENT_COLUMNS), f"TXN-1,Hooli,5.00,USD,{PAID.isoformat()},card,"]), encoding="utf-8")
    feed = CsvFile(file, scene.desk.company)
    with pytest.raises(AssertionError, match="reading payments"), scene.desk.work(FEED):
        _ = feed.digest
    assert intake.run_once(scene.desk, feed).new == 1


def test_the_payments_that_came_before_are_found_by_index(opened: Scene) -> None:
    take(opened, [a_line(place) for place in range(MANY)])
    asked = sorted({mark for place in range(FEW) for mark in alike.marks_of(a_line(place))}, key=str)
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if opened.db.dialect == "sqlite" else "EXPLAIN "
    with opened.db.work() as connection:
        if opened.db.dialect != "sqlite":
            columns = {column.name: column.name for column in schema.payment.columns}
            columns |= {"transaction_number": "transaction_number || '-' || n", "paid_at": "paid_at + n * interval '1 day'"}
            copies = f"SELECT {', '.join(columns.values())} FROM payment, generate_series(1, 30) AS n"
            connection.execute(sa.text(f"INSERT INTO payment ({', '.join(columns)}) {copies}"))
            connection.execute(sa.text("ANALYZE payment"))
            connection.execute(sa.text("SET LOCAL enable_hashjoin = off"))  # of a table as small as this it would read all

        def explained(connection: sa.Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            if not statement.startswith("EXPLAIN"):
                rows = connection.exec_driver_sql(explain + statement, parameters).all()  # type: ignore[arg-type]
                plans.append(" ".join(str(row) for row in rows))

        sa.event.listen(connection, "before_cursor_execute", explained)
        alike.stored_before(connection, "acme", asked, CHICAGO)
    by_key, by_second, *_ = plans
    assert "ix_payment_by_key" in by_key
    assert "ix_payment_by_moment" in by_second


def test_a_payment_of_another_company_is_refused(scene: Scene) -> None:
    with pytest.raises(AssertionError, match="work for acme cannot write for globex"):
        take(scene, [a_line(1, company="globex")])
