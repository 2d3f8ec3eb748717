"""One seed of a random life: two workers, faulty books, a busy bookkeeper, people who press, and clocks that are set.

Each worker is a process on a machine of its own: its wall clock is set at points drawn in advance, and it knows of time
only what its own monotonic clock has counted. The books keep the right time.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import FrameType

import sqlalchemy as sa
from faulty_books import Fault, FaultyBooks, Killed
from makers import ManualClock, OwnClock
from scene import Scene

from receivables.books_records import InvoiceStatus, Receipt
from receivables.diagnosis import Remedy
from receivables.effects import EffectKind, EffectState, markers_in
from receivables.errors import (
    AccessLost,
    BooksError,
    BooksRefused,
    BooksUnavailable,
    CannotBeDone,
    NotFound,
    NotPermitted,
    StaleDecision,
)
from receivables.payment import Bucket
from storage import audit, bucket_counts, effects, failures, payments, schema
from storage.watch import Watch
from sync import effects as carrying_out
from sync import journey, requests

INVOICES = ("1001", "1002", "1003", "1004", "1005", "1006")
JUMPS = (1, 1, 2, 5, 20, 31, 33, 61, 65, 400, 3600)
STEPS_OF_CLOCKS = [timedelta(minutes=5), timedelta(days=2)]
#: Where a wall clock is set: within each kind of transaction of the journey, from planning to the read-back.
PIECES_OF_WORK = [
    "posting.run_once",
    "decisions._begin",
    "effects.run_once",
    "effects._look",
    "effects._after_absence",
    "effects._send",
    "effects._release",
    "effects._end",
    "verification.run_once",
]
RARE_PIECES_OF_WORK = ["effects._after_absence", "effects._release", "effects._end"]  # waited for whenever a clock is set
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
SETTLED = (Bucket.POSTED, Bucket.WAITING_PERSON, Bucket.DISMISSED, Bucket.EXCLUDED)
UNSETTLED = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)
ROUNDS_TO_SETTLE = 25


class ClockSetAtWork(OwnClock):
    """A process's clock that is set within the transaction of a certain piece of work, the next time that is done."""

    def __init__(self, shared: ManualClock, told: Callable[[str, timedelta], None]) -> None:
        super().__init__(shared)
        self.waiting: dict[str, timedelta] = {}
        self._tell = told

    def now(self) -> datetime:
        work = _piece_of_work() if self.waiting else ""
        if step := self.waiting.pop(work, None):
            self.off += step
            self._tell(work, step)
        return super().now()


def _piece_of_work() -> str:
    """The step of the journey that asks for the time, as file and function."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and Path(frame.f_code.co_filename).parent.name != "sync":
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}" if frame else ""


@dataclass
class Walk:
    """A scene, the dice, and what was done, for whoever must read a failing seed."""

    scene: Scene
    dice: random.Random
    said: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    fed_minor: dict[str, int] = field(default_factory=dict)
    copied: set[str] = field(default_factory=set)  # payments whose receipt a bookkeeper copied by hand
    dismissed: dict[str, set[str]] = field(default_factory=dict)  # payment to its receipts when it was dismissed
    watch: type[Watch] = Watch  # a broken one shows that the walk would find what it breaks

    def __post_init__(self) -> None:
        self.deck: list[Fault] = []
        self.books = FaultyBooks(self.scene.desk.books, self.scene.clock)
        self.scene.with_books(self.books)
        self.clocks = [ClockSetAtWork(self.scene.clock, self.clock_was_set) for _ in range(2)]
        self.desks = [
            replace(self.scene.desk, owner=owner, clock=clock, watch=self.watch(clock))
            for owner, clock in zip(("first", "second"), self.clocks, strict=True)
        ]
        self.scene.ledger.key_life *= self.dice.choice([0, 1])  # books that forget keys at once, or keep them a day
        self.rate = self.dice.choice([0.2, 0.5, 0.8])
        self.hooli = self.scene.customer()
        for number in INVOICES:
            self.scene.invoice(number, self.hooli, self.dice.choice([50_000, 100_000, 300_000]))

    # --- one step ---------------------------------------------------------------------------------------------------

    def step(self) -> None:
        steps: list[Callable[[], None]] = [self.effects] * 5 + [self.post] * 5 + [self.sync] * 2 + [self.jump] * 6
        steps += [self.decide] * 4 + [self.keep_books] * 3 + [self.finish] * 2 + [self.land_late] * 2
        self.dice.choice(steps)()
        self.books.arrive()

    def effects(self) -> None:
        desk = self.dice.choice(self.desks)
        self.at_risk(f"effects of {desk.owner}", lambda: carrying_out.run_once(desk))

    def sync(self) -> None:
        desk = self.dice.choice(self.desks)
        self.at_risk(f"sync by {desk.owner}", lambda: journey.run(desk))

    def post(self) -> None:
        """Payments come in, and the next sync takes them as far as it gets."""
        for _ in range(self.dice.choice([1, 1, 2, 3])):
            self.pay()
        self.sync()

    def finish(self) -> None:
        desk = self.dice.choice(self.desks)
        self.at_risk(f"finish by {desk.owner}", lambda: journey.finish_once(desk))

    def land_late(self) -> None:
        """A write lands when its window is nearly over; somebody asks for it before, and the answer travels."""
        window = carrying_out.SEND_SECONDS + self.books.traits.settle_seconds
        desk, clock = self.dice.choice(list(zip(self.desks, self.clocks, strict=True)))
        self.pay()
        self.books.late_seconds = window - self.dice.choice([1, 2, 12])
        self.books.faults = [Fault.LATE]
        self.reached["landed late"] += 1
        journey.run(desk)
        self.scene.clock.advance(self.books.late_seconds - self.dice.choice([2, 5]))
        kept, clock.waiting = clock.waiting, {}
        if self.dice.random() < 0.5:
            work = self.dice.choice(["effects._look", "effects._after_absence"])
            clock.waiting[work] = self.dice.choice(STEPS_OF_CLOCKS) * self.dice.choice([-1, 1])

        def travels() -> None:
            self.books.after_look = lambda: None
            self.scene.clock.advance(8)

        self.books.after_look = travels
        self.said.append(f"{desk.owner} asks early for what lands late")
        for _ in range(2):
            carrying_out.run_once(desk)
        clock.waiting = kept
        self.calm()

    def pay(self) -> None:
        number = f"TXN-{len(self.fed_minor) + 1}"
        chosen = self.dice.sample(INVOICES, self.dice.choice([1, 1, 2]))
        to = {invoice: self.dice.choice([5_000, 10_000, 25_000, 50_000]) for invoice in chosen}
        amount = sum(to.values()) + self.dice.choice([0, 0, 0, 500])
        self.said.append(f"pay {number} {amount} {to}")
        self.scene.pay(number, amount, to)
        self.fed_minor[number] = amount

    def jump(self) -> None:
        seconds = self.dice.choice(JUMPS)
        self.said.append(f"{seconds} s pass")
        self.scene.clock.advance(seconds)

    def set_a_clock(self) -> None:
        """Draws the piece of work in whose transaction a wall clock is set next, and by how much."""
        for work in [self.dice.choice(PIECES_OF_WORK), *RARE_PIECES_OF_WORK]:
            clock = self.dice.choice(self.clocks)
            step = self.dice.choice(STEPS_OF_CLOCKS) * self.dice.choice([-1, 1])
            clock.waiting[work] = -step if abs(clock.off + step) > timedelta(days=3) else step

    def clock_was_set(self, work: str, step: timedelta) -> None:
        self.said.append(f"... a clock is set by {step} in {work}")
        self.reached[f"set in: {work}"] += 1

    def decide(self) -> None:
        with self.scene.db.read() as connection:
            waiting = list(failures.open_ones(connection, "acme"))
        if not waiting:
            return
        found = self.dice.choice(waiting)
        offered = found.offered
        if not offered:
            return
        drawn = self.dice.random()
        remedy = offered[0] if drawn < 0.5 else self.dice.choice(offered)
        if (
            drawn > 0.8 and Remedy.DISMISS in offered
        ):  # seldom the first, and seldom among few: drawn more often than chance would
            remedy = Remedy.DISMISS
        options: dict[str, object] = {"no_reapply": True} if self.dice.random() < 0.5 else {}
        if remedy is Remedy.NOT_DUPLICATE:
            options["cash_reference"] = f"check {self.dice.randint(100, 999)}"
        self.said.append(f"decide {found.transaction_number} {remedy} {options}")
        first, second = self.dice.choice([("dana", "sam"), ("sam", "dana")])
        try:
            made = requests.request(self.scene.desk, found.transaction_number, remedy, by=first, channel="cli", options=options)
            if made.state == "waiting_approval" and self.dice.random() < 0.8:
                requests.approve(self.scene.desk, made.id, by=second)
        except (CannotBeDone, NotFound, NotPermitted, StaleDecision) as refusal:
            self.reached[f"refused: {type(refusal).__name__}"] += 1
        else:
            self.reached[f"decided: {remedy}"] += 1

    # --- the line to the books --------------------------------------------------------------------------------------

    def at_risk(self, what: str, work: Callable[[], object]) -> None:
        """One piece of work with whatever may go wrong on the way, the other worker in between included."""
        lucky = self.dice.random() >= self.rate
        self.books.faults = [] if lucky else self.deal(2)
        self.books.late_seconds = self.dice.choice([1.0, 8.0, 25.0, 31.0])
        self.books.reads_raise = None if self.dice.random() >= self.rate / 6 else BooksUnavailable("The books do not answer.")
        if self.dice.random() < (0.5 if self.books.waiting else 0.25):
            self.interrupt()
        if self.dice.random() < 0.5:
            self.set_a_clock()
        planned = list(self.books.faults)
        self.said.append(f"{what} with {[fault.value for fault in planned]}, reads {self.books.reads_raise!r}")
        try:
            work()
        except (AccessLost, BooksUnavailable) as error:
            self.reached[f"stopped: {type(error).__name__}"] += 1
        except Killed:
            self.reached["killed"] += 1
        happened = planned[: len(planned) - len(self.books.faults)]
        self.reached.update(f"fault: {fault}" for fault in happened)
        self.deck = [*planned[len(happened) :], *self.deck]
        self.calm()

    def deal(self, count: int) -> list[Fault]:
        """The next faults of a shuffled deck, so that none is left out for long; those that did not happen go back."""
        if len(self.deck) < count:
            self.deck += self.dice.sample(FAULTS, len(FAULTS))
        dealt, self.deck = self.deck[:count], self.deck[count:]
        return dealt

    def interrupt(self) -> None:
        """The process is frozen at its next call to the books, or while their answer travels; the other one works."""
        other, seconds = self.dice.choice(self.desks), self.dice.choice([0, 5, 31, 61, 100])

        def paused() -> None:
            self.books.before_read = self.books.before_write = self.books.after_look = lambda: None
            self.said.append(f"... paused for {seconds} s, {other.owner} works")
            self.reached["paused"] += 1
            self.scene.clock.advance(seconds)
            if self.dice.random() < 0.4:
                self.keep_books()
            kept, self.books.faults = self.books.faults, []
            try:
                carrying_out.run_once(other)
            except BooksError:
                self.reached["interrupter stopped"] += 1
            self.books.faults = kept

        points = ["before_read", "before_write", "after_look", *["after_look"] * 3 * self.books.waiting]
        setattr(self.books, self.dice.choice(points), paused)

    def calm(self) -> None:
        self.books.faults, self.books.reads_raise = [], None
        self.books.before_read = self.books.before_write = self.books.after_look = lambda: None

    # --- the bookkeeper ---------------------------------------------------------------------------------------------

    def keep_books(self) -> None:
        work: list[Callable[[], str]] = [self.enter, self.credit, self.un_credit, self.remake, self.delete, self.copy, self.void]
        try:
            self.said.append(f"bookkeeper: {self.dice.choice(work)()}")
        except BooksRefused as refusal:
            self.said.append(f"bookkeeper was refused: {refusal.message}")
        except IndexError:
            pass  # there is nothing of that kind

    def enter(self) -> str:
        invoice = self.dice.choice([invoice for invoice in self.scene.ledger.invoices() if invoice.status is InvoiceStatus.OPEN])
        amount = self.dice.choice([5_000, 10_000, 25_000])
        with self.scene.db.read() as connection:
            waiting = [found.transaction_number for found in failures.open_ones(connection, "acme")]
        reference = self.dice.choice(["", "", "", *self.fed_minor, *waiting * 2])
        if reference and self.dice.random() < 0.5:
            amount = min(self.fed_minor[reference], invoice.open_minor)
        made = self.scene.ledger.enter_receipt(
            self.hooli.id, amount, "USD", date(2026, 3, 3), by="bookkeeper", lines=[(invoice.id, amount)], reference=reference
        )
        return f"entered {made.number} of {amount} on {invoice.number} for {reference or 'nobody'}"

    def credit(self) -> str:
        ledger = self.scene.ledger
        invoice = self.dice.choice([invoice for invoice in ledger.invoices() if invoice.status is InvoiceStatus.OPEN])
        memo = ledger.add_credit_memo("CM", self.hooli.id, invoice.open_minor, "USD", date(2026, 3, 5), by="robin")
        ledger.apply_credit(memo.id, invoice.id, memo.total_minor, by="robin")
        return f"credited {invoice.number} with {memo.total_minor}"

    def un_credit(self) -> str:
        found = [application for memo in self.scene.ledger.credit_memos() for application in memo.applications]
        self.scene.ledger.unapply_credit(self.dice.choice(found).id, by="bookkeeper")
        return "took a credit off"

    def remake(self) -> str:
        made = self.scene.ledger.recreate_invoice(self.dice.choice(self.scene.ledger.invoices()).id, by="bookkeeper")
        return f"deleted and made {made.number} again"

    def delete(self) -> str:
        gone = self.scene.ledger.delete_receipt(self.dice.choice(self.scene.ledger.receipts()).id, by="bookkeeper")
        return f"deleted receipt {gone.number}"

    def copy(self) -> str:
        ours = [receipt for number in self.fed_minor for receipt in self.living()[number]]
        lost = [receipt for receipt in ours if self.scene.payment(receipt.reference).bucket is Bucket.UNKNOWN]
        if not lost and self.dice.random() < 0.7:
            raise IndexError
        original = self.dice.choice(lost or ours)
        self.copied.add(original.reference)
        made = self.scene.ledger.enter_receipt(
            self.hooli.id,
            original.amount_minor,
            "USD",
            original.received_on,
            by="bookkeeper",
            memo=original.memo,
            reference=original.reference,
        )
        return f"copied {original.number} of {original.reference} as {made.number}"

    def void(self) -> str:
        if self.dice.random() < 0.5:
            raise IndexError
        invoice = self.scene.ledger.void_invoice(self.dice.choice(self.scene.ledger.invoices()).id, by="bookkeeper")
        return f"voided {invoice.number}"

    # --- what must hold ---------------------------------------------------------------------------------------------

    def living(self) -> dict[str, list[Receipt]]:
        """Our receipts in the books, by payment."""
        found: dict[str, list[Receipt]] = {number: [] for number in self.fed_minor}
        for receipt in self.scene.ledger.receipts():
            if markers_in(receipt.memo) and not receipt.voided:
                found[receipt.reference].append(receipt)
        return found

    def check(self) -> None:
        """The promises, after every step."""
        living = self.living()
        for number, receipts in living.items():
            if number not in self.copied:
                parts = [markers_in(receipt.memo)[0].rpartition(".")[0] for receipt in receipts]
                assert len(parts) == len(set(parts)), f"{number} is in the books twice"
                assert sum(receipt.amount_minor for receipt in receipts) <= self.fed_minor[number], f"{number} has too much"
        with self.scene.db.read() as connection:
            buckets = payments.buckets(connection, "acme")
            counters = {bucket: many for (_, bucket), many in bucket_counts.read(connection).items() if many}
            held = payments.of_company(connection, "acme")
            chains = effects.of_payments(connection, "acme", list(self.fed_minor))
        assert len(self.fed_minor) == sum(count for count, _ in buckets.values())
        assert {bucket: count for (bucket, _), (count, _) in buckets.items()} == counters
        assert sum(self.fed_minor.values()) == sum(total for _, total in buckets.values())
        assert () == self.scene.ledger.check_books()
        for stored in held:
            states = {effect.state for effect in chains[stored.number]}
            unknown = [effect for effect in chains[stored.number] if effect.state is EffectState.UNKNOWN]
            if (
                any(effect.kind is not EffectKind.APPLY_CREDIT or effect.compensates_id for effect in unknown)
                and stored.bucket is not Bucket.UNKNOWN
            ):
                assert self._held(stored.number), f"{stored.number} is unknown and shown as {stored.bucket}"
            self.reached.update(f"effect: {state}" for state in states)
            self.reached[f"bucket: {stored.bucket}"] += 1
        now_dismissed = {stored.number for stored in held if stored.bucket is Bucket.DISMISSED}
        for number in now_dismissed:
            ids = {receipt.id for receipt in living[number]}
            assert number in self.copied or ids <= self.dismissed.setdefault(number, ids), f"{number} was posted after dismissal"
        self.dismissed = {number: ids for number, ids in self.dismissed.items() if number in now_dismissed}

    def _held(self, number: str) -> bool:
        """Whether a process that was killed or cut off still holds an unknown effect: the next look shows it."""
        table = schema.effect
        query = sa.select(table.c.id).where(
            table.c.transaction_number == number, table.c.state == EffectState.UNKNOWN, table.c.lease_until.is_not(None)
        )
        with self.scene.db.read() as connection:
            return connection.execute(query).first() is not None

    def settle(self) -> None:
        """Faults off: everything must come to an end by itself, within minutes."""
        self.calm()
        for _ in range(ROUNDS_TO_SETTLE):
            self.scene.clock.advance(61)
            for desk in self.desks:
                journey.run(desk)
            self.check()
            if self._settled():
                break
        with self.scene.db.read() as connection:
            chains = effects.of_payments(connection, "acme", list(self.fed_minor))
            held = payments.of_company(connection, "acme")
            assert audit.verify(connection, "acme") is None
        assert 0 == self.books.waiting
        assert [] == [
            (effect.transaction_number, effect.state)
            for chain in chains.values()
            for effect in chain
            if effect.state in UNSETTLED
        ]
        assert [] == [(stored.number, stored.bucket) for stored in held if stored.bucket not in SETTLED]

    def _settled(self) -> bool:
        with self.scene.db.read() as connection:
            chains = effects.of_payments(connection, "acme", list(self.fed_minor))
            held = payments.of_company(connection, "acme")
        return not any(effect.state in UNSETTLED for chain in chains.values() for effect in chain) and all(
            stored.bucket in SETTLED for stored in held
        )


def a_walk(scene: Scene, seed: int, watch: type[Watch] = Watch) -> Walk:
    return Walk(scene, random.Random(seed), watch=watch)
