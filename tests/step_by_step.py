"""Payments on their way into faulty books, step by step: for tests of what becomes of each write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from faulty_books import FaultyBooks
from scene import Scene, a_scene

from accounting.embedded.connector import EmbeddedBooks
from receivables.effects import EffectState
from receivables.payment import Bucket, PaymentState
from receivables.ports import BooksTraits
from storage import attempts, companies, decisions, effects
from storage.effects import StoredEffect
from sync import binding, mirroring, posting, verification
from sync import effects as carrying_out
from sync.effects import SEND_SECONDS, EffectCounts

WINDOW = SEND_SECONDS + 2.0  # the deadline, and the settle window of the embedded books


class OneByOne(EmbeddedBooks):
    """Books in which one receipt pays one invoice, and each is written by a call of its own."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.ledger, scene.clock, one_invoice_per_receipt=True)

    @property
    def traits(self) -> BooksTraits:
        return replace(super().traits, orders_per_dispatch=1)


def three_invoices(folder: Path, url: str | None = None, *, temper: str = "strict") -> Scene:
    """A scene in which Hooli owes 500.00 on each of the invoices 1042, 1043 and 1044."""
    made = a_scene(folder, url=url, temper=temper)
    hooli = made.customer()
    for number in ("1042", "1043", "1044"):
        made.invoice(number, hooli, 50_000)
    return made


def faulty(scene: Scene) -> FaultyBooks:
    """Puts faulty books between the scene and its real ones."""
    books = FaultyBooks(scene.desk.books, scene.clock)
    scene.with_books(books)
    return books


def promise(scene: Scene) -> None:
    """Everything of a sync before the effects."""
    run_id = scene.desk.ids.new()
    with scene.desk.work() as work:
        companies.begin_run(work, run_id)
    mirroring.run_once(scene.desk)
    binding.run_once(scene.desk)
    posting.run_once(scene.desk, run_id)


def carry_out(scene: Scene) -> EffectCounts:
    return carrying_out.run_until_idle(scene.desk)


def later(scene: Scene, seconds: float) -> EffectCounts:
    scene.clock.advance(seconds)
    return carry_out(scene)


def effects_of(scene: Scene, number: str = "TXN-1") -> list[StoredEffect]:
    with scene.db.read() as connection:
        return list(effects.of_payments(connection, scene.desk.company.id, [number])[number])


def states_of(scene: Scene, number: str = "TXN-1") -> list[EffectState]:
    return [effect.state for effect in effects_of(scene, number)]


def stands(scene: Scene, number: str = "TXN-1") -> tuple[PaymentState, Bucket]:
    stored = scene.payment(number)
    return stored.state, stored.bucket


def attempts_of(scene: Scene, number: str = "TXN-1") -> list[bool]:
    """Whether each judgement of the payment counts as failed."""
    with scene.db.read() as connection:
        return [attempt.failed for attempt in attempts.of_payment(connection, scene.desk.company.id, number)]


def verified_once(scene: Scene, number: str = "TXN-1", amount_minor: int = 50_000) -> None:
    verification.run_once(scene.desk)
    assert (PaymentState.VERIFIED, Bucket.POSTED) == stands(scene, number)
    assert [(number, amount_minor, 0)] == [receipt for receipt in scene.receipts() if receipt[0] == number]
    assert scene.failure(number) is None
    assert () == scene.ledger.check_books()


def invoice_id(scene: Scene, number: str) -> str:
    return next(invoice.id for invoice in scene.ledger.invoices() if invoice.number == number)


def decision_state(scene: Scene) -> str:
    with scene.db.read() as connection:
        return decisions.of_payment(connection, "acme", "TXN-1")[-1].state
